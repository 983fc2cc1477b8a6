//! Tokens of databases and data platforms with an interface over HTTP.

use super::{keyed, padded, prefixed};
use crate::detect::rule::Rule;

pub(super) const RULES: &[Rule] = &[
    prefixed(
        "supabase",
        &["sbp_", "sb_secret_"],
        r"(?-u:\b)(?:sbp_(?:oauth_|v\d_)?[0-9a-f]{40}|sb_secret_[A-Za-z0-9_-]{24,})",
        &[
            concat!("sbp_c1f0a6d0bd", "e4947ac43aa3f7c93b121e1c6b781b"),
            concat!("sb_secret_Mje", "bF6TneZtVTkCf1auf4BcnKIjp__7"),
            concat!("(sbp_23677c4d85", "2360b6062f26cdeaeebf6ce368677d)"),
        ],
        &["sbp_0000000000000000000000000000000000000000", "sbp_<token>"],
    ),
    prefixed(
        "planetscale",
        &["pscale_tkn_", "pscale_pw_", "pscale_oauth_"],
        r"(?-u:\b)pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{32,}",
        &[
            concat!("pscale_pw_FehOAuW", "Gkie7smPv5hLTq1loj4XOc6JqIic1bD5OkRf"),
            concat!("`pscale_pw_Q05RjmN", "zb4Zh4g0Gdapf7sghKoUJRoO7ZSXsErLAuKy`"),
        ],
        &["pscale_pw_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "pscale_pw_<token>"],
    ),
    prefixed(
        "neon",
        &["napi_"],
        r"(?-u:\b)napi_[a-z0-9]{48,}",
        &[
            concat!("napi_cjg3qxkytq1k75egf6", "uwknlmonw637cxwf870la2kzmzbeo1q1d23s97b4ycso8l"),
            concat!("napi_v3fg9p7f78tje5ovs7ju", "24nx9uz8zcd94t5hmm45pr94jwxka8g8zysv1797mqwz, thanks"),
        ],
        &["napi_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "napi_<token>"],
    ),
    prefixed(
        "fauna",
        &["fnA"],
        r"(?-u:\b)fnA[A-Za-z0-9_-]{37,}",
        &[
            concat!("fnAu5-WEDLwuP", "SJ-PWEWwE18Qqf65XIPti-f9Bwz"),
            concat!("(fnAt3cqfZcFY3", "DTSNqUkCYnLnpJRB_1I-07N23gi)"),
        ],
        &["fnAxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "fnA<token>"],
    ),
    prefixed(
        "airtable",
        &["pat"],
        r"(?-u:\b)pat[A-Za-z0-9]{14}\.[0-9a-f]{64}(?-u:\b)",
        &[
            concat!("patECvkss76os4kY6.ae3e3ac84", "486d6db80b6a7c419430cbb435d23e67a4e5efacd902f85bd0caa2c"),
            concat!("<pat0K7gkPs661rxpX.9eb56303c", "46df95ddb197d4d8a6a3a7a1e6ccedfd489a64725babc4a4fb5a4bd>"),
        ],
        &["patxxxxxxxxxxxxxx.0000000000000000000000000000000000000000000000000000000000000000", "pat<token>"],
    ),
    prefixed(
        "notion",
        &["ntn_", "secret_"],
        r"(?-u:\b)(?:ntn_[A-Za-z0-9]{40,}|secret_[A-Za-z0-9]{43})(?-u:\b)",
        &[
            concat!("ntn_948439418116", "ddpHy4wHFenjJlDUw58cg73GLuNIcVgR4c"),
            concat!("secret_sdM1Af1SU", "j8yoNSMY1INSDNGKxydqP3przL5wD3XSQL"),
            concat!("(ntn_92918763736E", "5jINFMeeQseLpnDuEi2KmP58RuIu6Wh7X3)"),
        ],
        &["ntn_00000000000xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "ntn_<token>"],
    ),
    keyed(
        "algolia_admin",
        &["algolia"],
        r#"(?i)algolia[A-Za-z0-9_ .-]{0,32}["'\s:=>]{1,6}(?P<hit>[0-9a-f]{32})(?-u:\b)"#,
        &[
            concat!("ALGOLIA_ADMIN_API_", "KEY=ab286af9d0412c8d0b936ce67ed976d2"),
            concat!("token ALGOLIA_ADMIN_", "API_KEY=c1391db6e1a6a6ff9a1ae8a1c868ff96."),
        ],
        &["ALGOLIA_ADMIN_API_KEY=00000000000000000000000000000000", "ALGOLIA_ADMIN_API_KEY=<token>"],
    ),
    prefixed(
        "elastic_cloud",
        &["essu_"],
        r"(?-u:\b)essu_[A-Za-z0-9=+/]{40,}",
        &[
            concat!("essu_qIJfduqFpviCVVr63l8qOgW", "yntbiudwWl88EpLdV7Q7b30ElfOoDBdgUyyuUlDbR3t4EZUBW02RTR9Fh"),
            concat!("(essu_BVvAQLSrsS09Q28GJZTR2E8", "8TYoAlNpgZSX4b1Adi5aVqlaAO5rRbNxr7FVEZetGgVshjWaHT5lfFXJ5)"),
        ],
        &["essu_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "essu_<token>"],
    ),
    prefixed(
        "typesense",
        &["TYPESENSE_"],
        r#"(?i)typesense_[A-Za-z0-9_]{0,24}key["'\s:=]{1,6}(?P<hit>[A-Za-z0-9]{32,})"#,
        &[
            concat!("TYPESENSE_API_KEY=g6vJ", "2ywRtEpEQJKGKkQAJXGfFJpwV9fmxBoW61XRpBrCMLqd"),
            concat!("token TYPESENSE_API_KEY=", "udoONccvbz1sL7naZgTmcJdK3sCl1pxt08KdqVOWHYchcM1J."),
        ],
        &["TYPESENSE_API_KEY=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "TYPESENSE_API_KEY=<token>"],
    ),
    padded(
        "tinybird",
        &["p.eyJ"],
        r"(?-u:\b)p\.eyJ[A-Za-z0-9_-]{30,}\.[A-Za-z0-9_-]{24,}",
        &[
            concat!(
                "p.eyJ0VcCKINUilgUq48Yc15GTBldCj8vHnJZW",
                "fmQ5AqcxaV1j0OaiFq9qFieGxqYjaVOLK.IgsqMQICUgRrkmP79j1sn0sjxyGhj1BluSadWH1HcRN"
            ),
            concat!(
                "`p.eyJ2kC66kYQFQC2vLU6ruGE8btR1wHOG3FRU",
                "E6v02XhS9uJHge57rnBCWJqZgF9bjQjfO.GrBoZL1AyojelyVSTW9tvemCfJifQSK0HuDkxUugo3z`"
            ),
        ],
        &[
            "p.eyJxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "p.eyJ<token>",
        ],
    ),
    prefixed(
        "clickhouse_cloud",
        &["4b1d"],
        r"(?-u:\b)4b1d[A-Za-z0-9]{38}(?-u:\b)",
        &[
            concat!("4b1dNcR5NaojFO", "De6XAq4gizR5lFMjTIo8jxTHxDYL"),
            concat!("'4b1dyOHA6bdjy", "0AdoYdsci43HiH7tJN3nkvdu1DdPE'"),
        ],
        &["4b1dxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "4b1d<token>"],
    ),
    prefixed(
        "mongodb_atlas",
        &["mdb_sa_sk_"],
        r"(?-u:\b)mdb_sa_sk_[A-Za-z0-9_-]{36,}",
        &[
            concat!("mdb_sa_sk_ZGNhjw", "a3IsWkCahTHBrR8W44ooKH-dLmZbXdOQUv"),
            concat!("mdb_sa_sk_Pn34VK_", "6Uk_eGd08ffwZpgSOeMV9PCTF8HcFR0xI;"),
        ],
        &["mdb_sa_sk_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "mdb_sa_sk_<token>"],
    ),
    prefixed(
        "confluent",
        &["cflt"],
        r"(?-u:\b)cflt[A-Za-z0-9+/]{56,}",
        &[
            concat!("cfltIGtAsFAjR5G18VisN", "1sPRIOJQpksImWLkk3QvnYB2WFaBu1C9yZcG0TIx4ky"),
            concat!("token cfltjxKKfDlNboL2r", "3nupPCTU9fsuBSQMs9r87NObmOokHP50s8ecfFfFWuAUmKl."),
        ],
        &["cfltxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "cflt<token>"],
    ),
    prefixed(
        "convex",
        &["prod:", "dev:", "preview:"],
        r"(?-u:\b)(?:prod|dev|preview):[a-z]+-[a-z]+-\d{1,4}\|(?P<hit>[A-Za-z0-9+/=]{40,})",
        &[
            concat!(
                "prod:brave-otter-123|Dk9dIjRhAK",
                "EfbUeIlLOXsbDgWtm7p7fANpuLzWfgeOjQqdq0LCWFQTLeLEK165YUFLX1nBOs"
            ),
            concat!(
                "[prod:brave-otter-123|JkrfDR6s4",
                "BKLHcKMTjo8m94unoveB343Qt53Ne4zGAcsQWkmfFHAEn9gXDCx2IdGIAMfkj5n]"
            ),
        ],
        &[
            "prod:brave-otter-123|xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "prod:brave-otter-123|<token>",
        ],
    ),
    prefixed(
        "secret_token_uri",
        &["secret-token:"],
        r"(?-u:\b)secret-token:(?P<hit>[A-Za-z0-9._~%-]{20,})",
        &[
            concat!("secret-token", ":KbH2A9iNRf5lUw6rnzq3EC8i"),
            concat!("\"secret-token", ":6m5yq3SsZAYCAlPugWLiGOyV\","),
        ],
        &["secret-token:xxxxxxxxxxxxxxxxxxxxxxxx", "secret-token:<token>"],
    ),
];
