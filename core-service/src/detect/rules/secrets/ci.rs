//! Tokens of build, release and infrastructure tools.

use super::{padded, prefixed, uniform};
use crate::detect::{rule::Rule, validate::token};

pub(super) const RULES: &[Rule] = &[
    prefixed(
        "gitlab_deploy",
        &["gldt-"],
        r"(?-u:\b)gldt-[A-Za-z0-9_-]{20,}",
        &[concat!("gldt-3Xm", "aZQqp3h8bGkKTI4QK"), concat!("`gldt-us9", "VCxi7W24TxlxIji3A`")],
        &["gldt-xxxxxxxxxxxxxxxxxxxx", "gldt-<token>"],
    ),
    prefixed(
        "gitlab_ci_job",
        &["glcbt-"],
        r"(?-u:\b)glcbt-(?:[0-9a-zA-Z]{1,5}_)?[A-Za-z0-9_-]{20,}",
        &[concat!("glcbt-8tE", "mjnXK0NF06YXd2739_S"), concat!("\"glcbt-Z9s", "XPvxY3eU6uhnYvFNy9O\",")],
        &["glcbt-xxxxxxxxxxxxxxxxxxxxxx", "glcbt-<token>"],
    ),
    prefixed(
        "gitlab_trigger",
        &["glptt-"],
        r"(?-u:\b)glptt-[A-Za-z0-9_-]{20,}",
        &[
            concat!("glptt-7acec72c6", "7b0f96522ba017de0d288221a8972eb"),
            concat!("token glptt-bc847", "0c5c0350fc4412b1f6b438c6a0e9c8b7083."),
        ],
        &["glptt-0000000000000000000000000000000000000000", "glptt-<token>"],
    ),
    prefixed(
        "gitlab_feed",
        &["glft-"],
        r"(?-u:\b)glft-[A-Za-z0-9_-]{20,}",
        &[concat!("glft-Dw9", "3kLCL6lESE148cB3Q"), concat!("[glft-HT5", "P-vpDXqLQ6GU1xFa7]")],
        &["glft-xxxxxxxxxxxxxxxxxxxx", "glft-<token>"],
    ),
    prefixed(
        "gitlab_mail",
        &["glimt-"],
        r"(?-u:\b)glimt-[A-Za-z0-9_-]{20,}",
        &[concat!("glimt-Eomw", "YjM_Xsjd92QToXWAHbTK1"), concat!("(glimt-lRmZ", "nZ--V5opImnsiSFRcm4oG)")],
        &["glimt-xxxxxxxxxxxxxxxxxxxxxxxxx", "glimt-<token>"],
    ),
    prefixed(
        "gitlab_agent",
        &["glagent-"],
        r"(?-u:\b)glagent-[A-Za-z0-9_-]{40,}",
        &[
            concat!("glagent-LM-Mocsfn8z", "Rjv1M75ojeyFySodUYIACZtjLc2zf2GSeh9YCIp"),
            concat!("<glagent-i6Hnhwaq8Py", "jIzpfS7_Icb0iwwI8wtLmmJyYrC7fHPg3BRjRzw>"),
        ],
        &["glagent-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "glagent-<token>"],
    ),
    prefixed(
        "gitlab_oauth",
        &["gloas-"],
        r"(?-u:\b)gloas-[A-Za-z0-9_-]{40,}",
        &[
            concat!("gloas-LMr1q8z6rShKXsDjx", "ZOLd_B5otgr_dJTVspX1cnYFoxteaod-Wlx2-b-wdhlppf0"),
            concat!("key: gloas-22bpxUOtvvu3To", "XmXAm3TxZUXDIt6K0q5YqO5S8XB2gtyK405VBNUtJZIo9KnTA9"),
        ],
        &["gloas-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "gloas-<token>"],
    ),
    prefixed(
        "gitlab_scim",
        &["glsoat-"],
        r"(?-u:\b)glsoat-[A-Za-z0-9_-]{20,}",
        &[concat!("glsoat-oB", "XtyjAqxkmKXka4I501"), concat!("token glsoa", "t-uvA5ahilNwW2JXgRJqoC.")],
        &["glsoat-xxxxxxxxxxxxxxxxxxxx", "glsoat-<token>"],
    ),
    prefixed(
        "gitlab_feature_flags",
        &["glffct-"],
        r"(?-u:\b)glffct-[A-Za-z0-9_-]{20,}",
        &[concat!("glffct-JN", "TVVt9EE98blgpsOKG6"), concat!("key: glffc", "t-J1sBE1ezAslCIyDHMf77")],
        &["glffct-xxxxxxxxxxxxxxxxxxxx", "glffct-<token>"],
    ),
    prefixed(
        "atlassian",
        &["ATATT3", "ATCTT3"],
        r"(?-u:\b)AT(?:A|C)TT3[A-Za-z0-9_=-]{60,}",
        &[
            concat!(
                "ATATT3xFfY41pbFw5JTtxOCV5gQJ4FK1zMxhKT24j1B_7opzfBiMjlYDvom9P73V",
                "9UEHL6vRLIbDkerUNzm9Ewoicq8dHty2y2Ks78e9YBqfOD0RZZ2oMvk3l-U2lKk42QryzK0qWI-i5e2J7rUKkhLQo2jX5LGZRwYVz2qg1cWZOVL5D5a-B1ect=20FFD280"
            ),
            concat!(
                "key: ATATT3xFfGPbI2KGBmrvuV6Enm64BIJ-lib0gtxj0Ew74cZYgZjLKsobo69y_",
                "cKsSlwGCY5gR9lbCjfoOozp_NqdiSy-mzXzRYcLcWwMpklV1xCD1s7J0cESDrpyVLbwc3iM9HXhUaXYTTzI_B-_FzVI0sXDaQarDjKklnAQKvnrqXSf19zxQK9YH=5C82B20E"
            ),
        ],
        &[
            "ATATT3xFfxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=00000000",
            "ATATT3xFf<token>",
        ],
    ),
    prefixed(
        "bitbucket_app",
        &["ATBB"],
        r"(?-u:\b)ATBB[A-Za-z0-9]{28,}(?-u:\b)",
        &[
            concat!("ATBBbWBRo85I", "OTaroNgqZCtPpSHbDlCYHWye"),
            concat!("ATBBHALJvIg4mG", "b2oer4FufTeEf9xEz532pd, thanks"),
        ],
        &["ATBBxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "ATBB<token>"],
    ),
    prefixed(
        "trello",
        &["ATTA"],
        r"(?-u:\b)ATTA[0-9a-fA-F]{60,76}(?-u:\b)",
        &[
            concat!("ATTAbfbe8c82b30c6b4bd7728", "d051528438ce706fd2605e73d9ba47ba6bfb4d01f9a1918b15e"),
            concat!("'ATTA6b8d750078f88d831ef47", "deae15b66931dca455ac3c3c48c0f946d70dd1be1d69339476c'"),
        ],
        &["ATTA000000000000000000000000000000000000000000000000000000000000000000000000", "ATTA<token>"],
    ),
    prefixed(
        "rubygems",
        &["rubygems_"],
        r"(?-u:\b)rubygems_[0-9a-f]{40,}",
        &[
            concat!("rubygems_f814ab8154", "2ece5a0bf3f65d0828825e18559bd377c30861"),
            concat!("token rubygems_0301d0", "a98b0adcc9644704c72e077d5dd535d2129c91f7dd."),
        ],
        &["rubygems_000000000000000000000000000000000000000000000000", "rubygems_<token>"],
    ),
    prefixed(
        "dockerhub",
        &["dckr_pat_", "dckr_oat_"],
        r"(?-u:\b)dckr_[po]at_[A-Za-z0-9_-]{24,}",
        &[
            concat!("dckr_pat_NZ1", "9t9FZS3wxlonTlE-XkYKiGuz"),
            concat!("token dckr_pat", "_7sZQqZ4gj6exDeIFJUYCIU33VJp."),
        ],
        &["dckr_pat_xxxxxxxxxxxxxxxxxxxxxxxxxxx", "dckr_pat_<token>"],
    ),
    prefixed(
        "nuget",
        &["oy2"],
        r"(?-u:\b)oy2[a-z0-9]{43}(?-u:\b)",
        &[
            concat!("oy2h3kum733camd", "bskmgaa5yqyjy6a2mkrs8c1rhes34nf"),
            concat!("\"oy2ozvmpf9kn98k", "isnr4ew0hjf6gmxphzd1s1vp2012p7f\","),
        ],
        &["oy2xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "oy2<token>"],
    ),
    prefixed(
        "crates_io",
        &["cio"],
        r"(?-u:\b)cio[A-Za-z0-9]{32}(?-u:\b)",
        &[concat!("ciobgBbyPWu", "u3vhKc4SMUOhz0XtRhn8iqOR"), concat!("[cio7YCsHwtb", "J8KMDAh1qldFX9kG8Fllkx5L]")],
        &["cioxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "cio<token>"],
    ),
    prefixed(
        "clojars",
        &["CLOJARS_"],
        r"(?i)(?-u:\b)CLOJARS_[a-z0-9]{60}(?-u:\b)",
        &[
            concat!("CLOJARS_jcxn8m97ekxrvi", "akm9833diq1b4400h94v1m93190s6wvb3kwyrt4dneo8jx"),
            concat!("[CLOJARS_okr17r9r0avar9", "57mwtq2ldhqijwrl0gg0qrdwm2udbaani2j2hbx7ah4s6n]"),
        ],
        &["CLOJARS_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "CLOJARS_<token>"],
    ),
    prefixed(
        "jfrog",
        &["AKCp", "cmVmdGtu"],
        r"(?-u:\b)(?:AKCp[A-Za-z0-9]{60,}|cmVmdGtu[A-Za-z0-9]{50,})",
        &[
            concat!("AKCpue7LTdtRTMVGbm7lQHeg", "VVkVDdLP4M4wu18gG8EyS5BKQW0rUkbkupA0SIFfEjwujNLnM"),
            concat!("cmVmdGtu6YWWA1gwT71l1", "gq1MEbMp0q8CsOBxcKLsh4t2sT4JuENxRYUw7rH2LX9"),
            concat!("`AKCpi83x40JWaURbrx77I5rc", "kQHsoerv6e8ASF3e32Wb6g9OEGc9M67plNG51bOdK7ODZ4zdi`"),
        ],
        &["AKCpxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "AKCp<token>"],
    ),
    prefixed(
        "packagist",
        &["packagist_"],
        r"(?-u:\b)packagist_[a-z]{2,3}t_[0-9a-f]{60,}",
        &[
            concat!("packagist_ort_a38225eeb6c9", "2921578491d59c5b0f50042c59eafc28306075ba26be72ce630d"),
            concat!("`packagist_ort_4173c29323b", "4f229ac4c59f0b56ce83e120347b9b7b9e44a321e66bc261fe05f`"),
        ],
        &["packagist_ort_0000000000000000000000000000000000000000000000000000000000000000", "packagist_ort_<token>"],
    ),
    prefixed(
        "circleci",
        &["CCIPAT_", "CCIPRJ_"],
        r"(?-u:\b)CCIP(?:AT|RJ)_[A-Za-z0-9]{20,24}_[0-9a-f]{40}(?-u:\b)",
        &[
            concat!("CCIPAT_LhiAmK8kgE6XK25O", "1ErpXY_7c9adc4464b20703d180659fe7041512a9ae9d1c"),
            concat!("CCIPAT_mKXnnwZTpZlolLrn", "M21gTJ_0a8d120f26f72f3959e5a9b54ea26dda38f15d84;"),
        ],
        &["CCIPAT_xxxxxxxxxxxxxxxxxxxxxx_0000000000000000000000000000000000000000", "CCIPAT_<token>"],
    ),
    prefixed(
        "buildkite",
        &["bkua_", "bkpt_", "bkct_", "bkaj_", "bkpi_"],
        r"(?-u:\b)bk(?:ua|pt|ct|aj|pi)_[A-Za-z0-9]{36,}",
        &[
            concat!("bkua_795cf69c87", "bab415bd0283d0656860851cba64ba"),
            concat!("(bkua_92b91eefc", "90410ae709720535973e00f4268e476)"),
        ],
        &["bkua_0000000000000000000000000000000000000000", "bkua_<token>"],
    ),
    prefixed(
        "sonarqube",
        &["sqp_", "squ_", "sqa_"],
        r"(?-u:\b)sq[pua]_[0-9a-f]{40}(?-u:\b)",
        &[
            concat!("squ_52d33ad7b5", "432f7ab644f896b53f741c2bdfcaaf"),
            concat!("[squ_c7d806262d", "b0e8e741a4eacdf7052011d7c1c2c6]"),
        ],
        &["squ_0000000000000000000000000000000000000000", "squ_<token>"],
    ),
    prefixed(
        "sourcegraph",
        &["sgp_", "slk_"],
        r"(?-u:\b)(?:sgp_(?:[0-9a-f]{16}_|local_)?|slk_)[0-9a-f]{40,64}(?-u:\b)",
        &[
            concat!("sgp_7f908196a43d7cb4", "_854ac8e0a6f1c2f4383180676b30c8e403ee7cbc"),
            concat!("sgp_c1b5e0335f", "a750e5a9f7c3ee28f5efb72ec1f401"),
            concat!("<sgp_0323dd9e2664d729", "_77d88ab364e616e594d8c71d90c7c67710fa6dbd>"),
        ],
        &["sgp_0000000000000000_0000000000000000000000000000000000000000", "sgp_<token>"],
    ),
    prefixed(
        "postman",
        &["PMAK-"],
        r"(?-u:\b)PMAK-[0-9a-f]{24}-[0-9a-f]{34}(?-u:\b)",
        &[
            concat!("PMAK-08f53462c403cda5", "d3f9b032-678efbeaa930336180d46524a33734eff4"),
            concat!("key: PMAK-5547b8335a1e9", "77a70e8d1e8-7611883da4e64125c4f3aa4c792fba6d79"),
        ],
        &["PMAK-000000000000000000000000-0000000000000000000000000000000000", "PMAK-<token>"],
    ),
    Rule {
        validate: Some(|c| token::beside(c, "launchdarkly")),
        ..prefixed(
            "launchdarkly",
            &["api-", "sdk-"],
            r"(?-u:\b)(?:api|sdk)-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}(?-u:\b)",
            &[
                concat!("sdk-599c242f-", "e3dd-4ee6-b618-508abda728ff"),
                concat!("token sdk-5a5c0", "625-b01e-4f4d-a716-f671e8717297."),
            ],
            &[
                "sdk-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
                "sdk-<token>",
                "logs/api-599c242f-e3dd-4ee6-b618-508abda728ff.log",
                "worker api-599c242f-e3dd-4ee6-b618-508abda728ff restarted",
            ],
        )
    },
    prefixed(
        "terraform",
        &[".atlasv1."],
        r"(?-u:\b)[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,}",
        &[
            concat!("BzOcL94YM7BbVS.atlasv1.Ac93L1s", "tAXY9nVaV8Lvw2JKRjnjJwvrw9NiNkZNRmnamxdPtzmvtdLEkcuZ6TnBqLZs"),
            concat!(
                "token E44KJQWwMwDPvD.atlasv1.BHA",
                "FkxD3DUFsKfYMKy6EEvbuobVfIZgDUwsLHLwsKtdvwzuMwKnPqzYHvwwas2jXGuM."
            ),
        ],
        &[
            "xxxxxxxxxxxxxx.atlasv1.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "a token of terraform",
        ],
    ),
    prefixed(
        "vault",
        &["hvs.", "hvb.", "hvr."],
        r"(?-u:\b)hv[sbr]\.[A-Za-z0-9_-]{24,}",
        &[
            concat!(
                "hvs.CAESIHA8qmIeWOJGrkXsgi67iuSVk",
                "HyIodSPtqxWNaRRVkfsATg0btDDjakRoWjSOKctzclFlU01fMJteT21HfiGpTkF-x6"
            ),
            concat!(
                "[hvs.CAESIts44DFbA1V30E5kEhImpfCs",
                "jgYgI4EcYXaX0i6vzLsKXHpEkFQvCBVkNUqoaVMKhMIrq5tg_VxvNQN8HtuZpp_5rVi]"
            ),
        ],
        &[
            "hvs.CAESIxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "hvs.CAESI<token>",
        ],
    ),
    prefixed(
        "vault_legacy",
        &["vault-token", "vault_token"],
        r#"(?i)vault[_-]token["'\s:=]{1,6}(?P<hit>s\.[A-Za-z0-9]{24})(?-u:\b)"#,
        &[
            concat!("X-Vault-Token", ": s.iJ6EUn2cUkOaamcWmtSkibhT"),
            concat!("key: X-Vault-To", "ken: s.bkEV3M6YvtiTrrlXHcAHFpGR"),
        ],
        &["X-Vault-Token: s.xxxxxxxxxxxxxxxxxxxxxxxx", "X-Vault-Token: s.<token>"],
    ),
    prefixed(
        "pulumi",
        &["pul-"],
        r"(?-u:\b)pul-[0-9a-f]{40}(?-u:\b)",
        &[
            concat!("pul-22968e1155", "149b673b627e7eb86fb840a51769ae"),
            concat!("key: pul-b5ff615", "a823620aedccfe00d397c5e45bd0b3153"),
        ],
        &["pul-0000000000000000000000000000000000000000", "pul-<token>"],
    ),
    prefixed(
        "doppler",
        &["dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit."],
        r"(?-u:\b)dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]{1,35}\.)?[A-Za-z0-9]{36,}",
        &[
            concat!("dp.pt.vWvUu1ectK", "vD2LYNEQ3VyxNDeyws8h0BuHIVPOIJA2g"),
            concat!("<dp.pt.VuhDEqLygg", "PkPxmVzn9bpz8pRhskU9YZnpWo4n0fMqt>"),
        ],
        &["dp.pt.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "dp.pt.<token>"],
    ),
    padded(
        "onepassword",
        &["ops_eyJ"],
        r"(?-u:\b)ops_eyJ[A-Za-z0-9+/]{200,}={0,3}",
        &[
            concat!(
                "ops_eyJ0kiP80x9ZKE7sxHHwNzQjmnKNgwnmQRRE4K4MAAkUSLkvrZmWc3m3eaOD3mWO5lobLrP3ZtW6BI43e19fsIpef61",
                "jiNKElxshx4FPpahOu8cG7WHTGb3aAVNSJeZfdyimX1eVBYkq4PVZXeTED66d4LNXxRWjbReNJpKoMH4dXUO9ccW0uFALzYPo7Uob14qQeR77iTtivKFVpiGDNEri2kj2S4yfXhyH66At3pwtXtT1kM3vFZHVdfIOTQLr7XdWv4NaqjzjQJgx6f0X95J4qoh"
            ),
            concat!(
                "key: ops_eyJt5ZmqOuHYSEFurCZVruSdo3782vgsbj0rXgRj83foaf7wyNkUmSqBq2ShGHo63tgPhg18p1uP7D7gvMWAKmf1",
                "ycHhEGTjCZhONwLo4IY9IuToiFNtGtafTIpZxsRa8lqCEg3bRIR58wvB1dhDVFlrulyv8iFqusDrLYHdBnpYeqrqswJS7betAQ10LF6OwKkrVYn70JBOQo6WyXr4HNqDheUlEqhArNRH7A6PAv2XHL1NODtLvD4NGghqJCyhhZplDiO2AuxpKFCFBb9ppIGPYqz"
            ),
        ],
        &[
            "ops_eyJxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "ops_eyJ<token>",
        ],
    ),
    uniform(
        "onepassword_secret_key",
        &["A3-"],
        r"(?-u:\b)A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}(?-u:\b)",
        &[
            concat!("A3-T1NT1O-GI4", "CJK0EGAU-UNBFQ-JDDR1-AMDIC"),
            concat!("A3-F5SJ2M-OE8J4", "FXORDA-0YQWB-RUJ7Q-8BMS7, thanks"),
        ],
        &["A3-XXXXXX-XXXXXXXXXXX-XXXXX-XXXXX-XXXXX", "A3-<token>"],
    ),
    uniform(
        "octopus_deploy",
        &["API-"],
        r"(?-u:\b)API-[A-Z0-9]{26,32}(?-u:\b)",
        &[concat!("API-AX2WH2Q", "Z6FLKEHH0NVN3O3XS7Y3GN0"), concat!("API-6F16XVZGK7", "11U0OTGUENTDUMYPQEHK, thanks")],
        &["API-XXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", "API-<token>"],
    ),
    prefixed(
        "chromatic",
        &["chpt_"],
        r"(?-u:\b)chpt_[0-9a-f]{12,}",
        &[concat!("chpt_0", "70b6f2ba68f753"), concat!("<chpt_7", "586df354aa52b9>")],
        &["chpt_000000000000000", "chpt_<token>"],
    ),
    prefixed(
        "depot",
        &["depot_"],
        r"(?-u:\b)depot_(?:org|project|user)_[0-9a-f]{40,}",
        &[
            concat!("depot_org_07e6e517fa4c77", "57110dd0dbf26ec3605ce2b725b27f3931af656bf1b263c226"),
            concat!("depot_org_11daf5240121475ea", "1dbaa997f6968160335215f8e163691b80f07300a565aa2, thanks"),
        ],
        &["depot_org_0000000000000000000000000000000000000000000000000000000000000000", "depot_org_<token>"],
    ),
    prefixed(
        "harness",
        &["pat.", "sat."],
        r"(?-u:\b)[ps]at\.[A-Za-z0-9_-]{22}\.[0-9a-f]{24}\.[A-Za-z0-9]{20}(?-u:\b)",
        &[
            concat!("pat.DRy3MlfLw5PiUsDh1s2g", "Uj.9379eebb5fd76bb4f7414d81.uO3amQNHgpfjGwsCY6tn"),
            concat!("<pat.KPanSeERW0aEHzWCTe6", "Cof.d6314a45dd297ef2a0b5e932.O9RpuyalcXlE2pHgJS49>"),
        ],
        &["pat.xxxxxxxxxxxxxxxxxxxxxx.000000000000000000000000.xxxxxxxxxxxxxxxxxxxx", "pat.<token>"],
    ),
    prefixed(
        "snyk_service",
        &["snyk_uat.", "snyk_sat."],
        r"(?-u:\b)snyk_[us]at\.[0-9a-f]{8}\.[A-Za-z0-9_-]{40,}(?:\.[A-Za-z0-9_-]{10,}){0,2}",
        &[
            concat!(
                "snyk_uat.8ee0d0f0.ylp-X5xOIkcMKf",
                "cujk-vu73qTrchxJWrOb20GFqxatLGdRi7QqW-3ZxlRfZ10BkCrFdHLQgfZfjnC37Q"
            ),
            concat!(
                "\"snyk_uat.03822b55.f1wUmy8BGM0z_q",
                "tccQH1uxogsJ50GWxGAsLN_1w3lbj1c5BiKzqmRtK1tCGZBIHhAfBJzdSQTB05xLPr\","
            ),
        ],
        &[
            "snyk_uat.00000000.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "snyk_uat.<token>",
        ],
    ),
    prefixed(
        "scalr",
        &["at-"],
        r"(?-u:\b)at-[a-z0-9]{15}\.[A-Za-z0-9]{40,}",
        &[
            concat!("at-7ztpfh8qtzqc18p.JO", "vKUpG5osajGN1Kqgj51raVB6qxdg7ttaXLVHfYFGiV"),
            concat!("'at-bahskd65ob82k8s.K", "1Yb3CzFNZkrwvzmJ0JvwMTBvyg0OQx9EroGPbcRgjXB'"),
        ],
        &["at-xxxxxxxxxxxxxxx.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "at-<token>"],
    ),
    prefixed(
        "prefect",
        &["pnu_", "pnb_"],
        r"(?-u:\b)pn[ub]_[A-Za-z0-9]{36}(?-u:\b)",
        &[
            concat!("pnu_zyfVwruFS", "fHqpkE5IQW0ZxcrO1kfMIwCHXlF"),
            concat!("<pnu_r0QYDMfuQ", "xj4i0sfzIAtZcG51ceR2qN6awuH>"),
        ],
        &["pnu_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "pnu_<token>"],
    ),
    prefixed(
        "dbt",
        &["dbtc_", "dbtu_"],
        r"(?-u:\b)dbt[cu]_[A-Za-z0-9_=-]{36,}",
        &[
            concat!("dbtc_B-6tahc9vRu", "FjtpIeVNtFe0jIqeGN6WFatLNPBLx5oy"),
            concat!("[dbtc_7Ek1mM72pP", "lflp30wCnnFk6U22fcFfNMVV95NwQWpuc]"),
        ],
        &["dbtc_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "dbtc_<token>"],
    ),
    padded(
        "teamcity",
        &["eyJ0eXAiOiAiVENWMiJ9"],
        r"(?-u:\b)eyJ0eXAiOiAiVENWMiJ9\.[A-Za-z0-9_-]{30,}\.[A-Za-z0-9_-]{36,}",
        &[
            concat!(
                "eyJ0eXAiOiAiVENWMiJ9.2OsDJBOUhdbLnw",
                "KUOWcu4uQzQQhK1PMuBNN3.Ivhllt8BXkxyaeaDmTn5AAaFA0zUzGF3YfBYsRS198qRCwVO"
            ),
            concat!(
                "<eyJ0eXAiOiAiVENWMiJ9.qgcwBtolt1IES1",
                "B6Yrp9T71DbkpUOOq9ecoY.T9BsLp1yw8NJ0KxmdjeqfGyY9KN1r8Gv7PQHnBKljCcI1Ki2>"
            ),
        ],
        &[
            "eyJ0eXAiOiAiVENWMiJ9.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "eyJ0eXAiOiAiVENWMiJ9.<token>",
        ],
    ),
];
