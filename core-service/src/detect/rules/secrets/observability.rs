//! Tokens of monitoring, analytics and error tracking.

use super::{padded, prefixed};
use crate::detect::rule::Rule;

pub(super) const RULES: &[Rule] = &[
    prefixed(
        "newrelic",
        &["NRAK-", "NRAA-", "NRIQ-", "NRSP-"],
        r"(?-u:\b)NR(?:AK|AA|IQ|SP)-[A-Z0-9]{24,}",
        &[concat!("NRAK-VTBOA", "63GDDHRLIREZSB3ZVJZ23I"), concat!("<NRAK-YLZVT", "2WL7LCK8GEXP15BPQYH3RY>")],
        &["NRAK-XXXXXXXXXXXXXXXXXXXXXXXXXXX", "NRAK-<token>"],
    ),
    prefixed(
        "newrelic_license",
        &["NRAL"],
        r"(?-u:\b)[0-9a-fA-F]{32,36}(?:FFFF)?NRAL(?-u:\b)",
        &[
            concat!("97491017ae3ed", "361cdb3686d97ffebd72841NRAL"),
            concat!("2a41818a477fa", "91d605f02c9887153a1549cNRAL;"),
        ],
        &["000000000000000000000000000000000000NRAL", "a token of newrelic_license"],
    ),
    prefixed(
        "newrelic_insert",
        &["NRII-"],
        r"(?-u:\b)NRII-[A-Za-z0-9_-]{24,}",
        &[concat!("NRII-1LDHSO-", "_Z1wRJRU83ocxnAN4c6OsZpcy"), concat!("NRII-zqRj68P", "oG46BCylAoOazij2QnW2l-flk;")],
        &["NRII-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "NRII-<token>"],
    ),
    prefixed(
        "sentry",
        &["sntryu_"],
        r"(?-u:\b)sntryu_[0-9a-f]{60,}",
        &[
            concat!("sntryu_d3089a3d7e129b6f", "11f094c069ba481d175f27d6530bbf39958f55af6a4c9195"),
            concat!("'sntryu_f25e780c631b0c2d", "6e8b813b06082a189773cb4be5cafa18b55823c4e6d2f8b2'"),
        ],
        &["sntryu_0000000000000000000000000000000000000000000000000000000000000000", "sntryu_<token>"],
    ),
    padded(
        "sentry_org",
        &["sntrys_"],
        r"(?-u:\b)sntrys_[A-Za-z0-9+/=_]{60,}",
        &[
            concat!(
                "sntrys_eyJLnY4wMv3WC8C3OITpCtLPVVqo9BCyJIN56n84Z",
                "LuTjOY8c6yPe9X5v7Y0WTrKlHYZap70nO1DO89PckbMRKzKIhMO9_zRoS1rcEemWmsVhePemR1ZriHG3Lxk5dxEJvfQFQqsG"
            ),
            concat!(
                "[sntrys_eyJG9VKBj0SnW5yQjPXkxptsHG0UjVdpjdF5CK5v",
                "dqLAy6efXjhnjn78TPAAP71kgGbj50w4NlLXQ5qOlT5n8hgIZtm0l_kwrXacJpQkRr0iYstXuwR3ULuveRbzFa8HIGArNkzxc]"
            ),
        ],
        &[
            "sntrys_eyJxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "sntrys_eyJ<token>",
        ],
    ),
    prefixed(
        "grafana_sa",
        &["glsa_"],
        r"(?-u:\b)glsa_[A-Za-z0-9]{30,}_[0-9a-fA-F]{8}(?-u:\b)",
        &[
            concat!("glsa_xgjm9fsIQl", "Iv8XJzcmBlVzpSOBoaIieF_0be732cd"),
            concat!("glsa_sKz5k8dNViRgz", "0BpO0zWcEKhZX3RNwq5_741fc386, thanks"),
        ],
        &["glsa_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx_00000000", "glsa_<token>"],
    ),
    padded(
        "grafana_cloud",
        &["glc_"],
        r"(?-u:\b)glc_[A-Za-z0-9+/=]{32,}",
        &[
            concat!(
                "glc_eyJcGGDQoXK9QOIaa9m762KuqHT0N7c",
                "7zMjPnuUVWloWTLfImpsZEgaUUJLgbmXfWCug9YtQl9Xeru8OGreBv1LK1weSmX2VN0ZMKZu"
            ),
            concat!(
                "`glc_eyJnsIzRTFs1i5cXTWwouwRfv86cdwe",
                "321RcLh78Zao0lJp8pFDdWDG8zLZeif8iJIRqrOYSXDHc1GF29hWY2r723M5qcO4McqzuuGn`"
            ),
        ],
        &[
            "glc_eyJxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "glc_eyJ<token>",
        ],
    ),
    padded(
        "grafana_api_key",
        &["eyJrIjoi"],
        r"(?-u:\b)eyJrIjoi[A-Za-z0-9]{60,}={0,3}",
        &[
            concat!(
                "eyJrIjoiu6qLVKEwFq59lVJqXQz7l6aR",
                "GmefPA5v1Cs8hbvvDCcGBwvUZtndwDhScTQ0c1NbsBwu5LOChKCGE8WB9foaf6hKol"
            ),
            concat!(
                "'eyJrIjoiP9k09fxASohxyWqCS6h9D779",
                "gHJcOqrX7RwRzL93VHfvTaNm93SH1Mofbpr0Ea8mZnaihEe6Y5HV0MZu3dz2u710LL'"
            ),
        ],
        &[
            "eyJrIjoixxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "eyJrIjoi<token>",
        ],
    ),
    prefixed(
        "dynatrace",
        &["dt0c01.", "dt0s01.", "dt0s16."],
        r"(?-u:\b)dt0(?:c01|s01|s16)\.[A-Z0-9]{24}\.[A-Z0-9]{64}(?-u:\b)",
        &[
            concat!(
                "dt0c01.7JAENWM41C6DVZ67SFDW1XKW.",
                "8TAGPMSJRDCMGE32HTSN11NPJCK7J163WQVRY5438QZ6B9XYMB3HAEG8S3W3J68L"
            ),
            concat!(
                "dt0c01.C4IJD06WN3O9RPIVWCOUPNVJ.",
                "44KZL6B8OTXK8S7CDL4MEZ0XY54W5U7X7ANHGMRG3VCAED3ME86I2ZH18MDH7SSI;"
            ),
        ],
        &[
            "dt0c01.XXXXXXXXXXXXXXXXXXXXXXXX.XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
            "dt0c01.<token>",
        ],
    ),
    prefixed(
        "honeycomb",
        &["hcaik_", "hcbik_", "hcxik_", "hcalk_", "hcxlk_", "hcxmk_"],
        r"(?-u:\b)hc(?:aik|bik|xik|alk|xlk|xmk)_[a-z0-9]{40,}",
        &[
            concat!("hcaik_u3384h0sjr8uarz", "frqs3j5w0dfbpxc2h8curm5dynxcoouwqc68iucph9b"),
            concat!("key: hcaik_r9ycbh1cgnp3", "k438uue3g7xu5wcthswp5pamqgov0fehq22cp4c9zxuk2i"),
        ],
        &["hcaik_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "hcaik_<token>"],
    ),
    prefixed(
        "posthog",
        &["phx_", "phs_"],
        r"(?-u:\b)ph[xs]_[A-Za-z0-9]{36,}",
        &[
            concat!("phx_pFIgxmEF6N9", "Sbp5YAjSDEn9l3Sa9N1dB9iyaefKpNFR"),
            concat!("token phx_jLy1ipVM", "v6b31Tc3ZB0rJIatHxXF9k3xkr8sB84Au04."),
        ],
        &["phx_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "phx_<token>"],
    ),
    prefixed(
        "axiom",
        &["xaat-", "xapt-"],
        r"(?-u:\b)xa[ap]t-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?-u:\b)",
        &[
            concat!("xaat-c5c1deaf", "-280f-439e-9332-f8bc413387df"),
            concat!("(xaat-2f9c475b", "-5866-43c2-b73e-57225671d11d)"),
        ],
        &["xaat-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "xaat-<token>"],
    ),
    prefixed(
        "splunk_observability",
        &["splunk "],
        r"(?i)splunk (?P<hit>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?-u:\b)",
        &[
            concat!("Authorization: Splu", "nk 4e6c1cc4-4c71-4ce2-8cac-1e6b76004a0f"),
            concat!("`Authorization: Splu", "nk e8c294b1-29d6-4856-b5ec-a689d4364151`"),
        ],
        &["Authorization: Splunk xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "Authorization: Splunk <token>"],
    ),
    prefixed(
        "pagerduty",
        &["u+"],
        r"(?:^|[^A-Za-z0-9])(?P<hit>u\+[A-Za-z0-9_-]{18})(?-u:\b)",
        &[concat!("Token toke", "n=u+cd3GkRLAuBdftlCY5r"), concat!("token Token t", "oken=u+Gl74h5SX4LvhEyR0QK.")],
        &["Token token=u+xxxxxxxxxxxxxxxxxx", "Token token=u+<token>"],
    ),
    prefixed(
        "checkly",
        &["cu_"],
        r"(?-u:\b)cu_[0-9a-f]{32}(?-u:\b)",
        &[concat!("cu_c5cfb77f", "61a85d259afeb7fa87f37dbc"), concat!("<cu_d507ea87", "46a94f850f47bbdc8fa83cb5>")],
        &["cu_00000000000000000000000000000000", "cu_<token>"],
    ),
    prefixed(
        "statsig",
        &["secret-", "console-"],
        r"(?-u:\b)(?:secret|console)-[A-Za-z0-9]{32,50}(?-u:\b)",
        &[
            concat!("secret-GTcxbO9bI", "uJf4nQurBO9yIqwMDHu70Ao23srUT3MUpL"),
            concat!("'secret-0IvkYszi0", "qm1G0UR6YT28xXivklh6AOadxJ1fSrCfIx'"),
        ],
        &["secret-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "secret-<token>"],
    ),
    prefixed(
        "k6_cloud",
        &["k6_cloud_"],
        r"(?-u:\b)k6_cloud_[A-Za-z0-9]{32,}",
        &[
            concat!("k6_cloud_CvLyKlB", "pE75V89frDEX9o3zmI6onYCmuK9iN1a2u"),
            concat!("token k6_cloud_bYy", "nGH4JCtJbgaWy9Xq7g0M04QAu6Mqf00V4kJGu."),
        ],
        &["k6_cloud_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "k6_cloud_<token>"],
    ),
    prefixed(
        "segment",
        &["sgp_"],
        r"(?-u:\b)sgp_[A-Za-z0-9]{64}(?-u:\b)",
        &[
            concat!("sgp_GLogVAUJP5jsUWKg7z", "zY9uuz95TzBM9mI3sbDoMLo2FqxHsppAHelJURKAT9ZbsU"),
            concat!("[sgp_Fe3GBf2Ncy8RFVVmkc", "pRVrSDveCpaZJzNH1iOEj6JXqyqmAap1NYyMK7H7bcYTmT]"),
        ],
        &["sgp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "sgp_<token>"],
    ),
    prefixed(
        "signoz",
        &["SIGNOZ-API-KEY", "signoz-access-token", "signoz-ingestion-key"],
        r#"(?i)signoz-(?:api-key|access-token|ingestion-key)["'\s:=]{1,6}(?P<hit>[A-Za-z0-9=+/-]{24,})"#,
        &[
            concat!("SIGNOZ-API-KEY: a0C1", "VmZdldAhyY7Sq3FKLP9tuvOfeU8hbed7uZtRm0RC"),
            concat!("<SIGNOZ-API-KEY: yZl", "IvUX9BfRHW5BCmCO39iak02KXWCP2udEj3Qto3hWl>"),
        ],
        &["SIGNOZ-API-KEY: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "SIGNOZ-API-KEY: <token>"],
    ),
];
