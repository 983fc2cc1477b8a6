//! Tokens of shops, payments, operations and data platforms in formats of their own.

use super::{prefixed, uniform};
use crate::detect::rule::Rule;

pub(super) const RULES: &[Rule] = &[
    prefixed(
        "alibaba_sts",
        &["STS.", "CAIS"],
        r"(?-u:\b)(?:STS\.[A-Za-z0-9]{16,}|CAIS[A-Za-z0-9+/]{96,}={0,2})",
        &[
            concat!("STS.", "NqVwYS81VP7Hb1DX8pPd"),
            concat!(
                "\"CAIS",
                "uoV8FWnFbB0JxXujr4qqaaABvvLOzAxzXMcU1vsHiQMaRiNTN9Ox98whGcTZc1UWb5fxzpF7STG7nVLe3lARUsRJlNONwktN9ugkZeESG61she\""
            ),
        ],
        &["STS.AssumeRole", "CAIS stands for an institute", "STS.XXXXXXXXXXXXXXXXXXXX"],
    ),
    prefixed(
        "asaas",
        &["$aact_"],
        r"\$aact_(?:prod_|hmlg_)?[A-Za-z0-9+/:=]{40,}",
        &[concat!("$aact_prod_", "jd2AsjD7N2kHD9FSUuErsEz5jhy0I9lO7F3vlfFrGYJ3GxeYYXwSLQcWtxJTQr1FqX")],
        &["$aact_prod_<key>"],
    ),
    prefixed(
        "cockroachdb_cloud",
        &["CCDB1_"],
        r"(?-u:\b)CCDB1_[A-Za-z0-9]{22}_[A-Za-z0-9]{40}(?-u:\b)",
        &[concat!("CCDB1_", "STs98vPlL2aEJXquQrDs0G_PRZwwrPwV81Aw71l33SCx9vHjHkm1x72EsSfUQUA")],
        &["CCDB1_xxxxxxxxxxxxxxxxxxxxxx_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"],
    ),
    prefixed(
        "configcat",
        &["configcat-sdk-", "configcat-proxy/"],
        r"(?-u:\b)configcat-(?:sdk-\d|proxy)/[A-Za-z0-9_-]{22}/[A-Za-z0-9_-]{22}",
        &[concat!("configcat-sdk-1/", "v1MIdzu4xCxf8CvgroOx9y/e17SWjAEVaSZJ0oVeMmLRL")],
        &["configcat-sdk-1/YOUR-SDK-KEY"],
    ),
    prefixed(
        "infracost",
        &["ico-"],
        r"(?-u:\b)ico-[A-Za-z0-9]{32}(?-u:\b)",
        &[concat!("INFRACOST_API_KEY=ico-", "t4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfX")],
        &["ico-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "ico-<key>"],
    ),
    prefixed(
        "intra_42",
        &["s-s4t2ud-", "s-s4t2af-"],
        r"(?-u:\b)s-s4t2(?:ud|af)-[0-9a-f]{64}",
        &[concat!("s-s4t2ud-", "5f0c9be1d27a48e3b6c10f9ad2e87b43e61a7c05d9f2483b0c6e1fa87d24b395")],
        &["s-s4t2ud-<secret>", "s-s4t2ud-0000000000000000000000000000000000000000000000000000000000000000"],
    ),
    prefixed(
        "maxmind",
        &["_mmk"],
        r"(?-u:\b)[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk(?-u:\b)",
        &[
            concat!("t4Yk81_", "bQmZ0sLr7NvDp2GhJc6UeA5WfXo9R_mmk"),
            concat!("key: kW1bQm_", "Z0sLr7NvDp2GhJc6UeA5WfXo9Ri3T_mmk;"),
        ],
        &["xxxxxx_xxxxxxxxxxxxxxxxxxxxxxxxxxxxx_mmk", "paid_amount_mmk"],
    ),
    prefixed(
        "openshift",
        &["sha256~"],
        r"(?-u:\b)sha256~[A-Za-z0-9_-]{43}",
        &[concat!("oc login --token=sha256~", "Tq10V7suW9zrlSaWnPsPW23C-L9WXuHM-G1cON_Ks9d")],
        &["sha256~<token>", "sha256~xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"],
    ),
    prefixed(
        "paypal",
        &["A21AA"],
        r"(?-u:\b)A21AA[A-Za-z0-9_-]{80,}",
        &[concat!(
            "Authorization: Bearer A21AA",
            "Lt4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8Nx1KzVm4CyHs6PgEd0JuFaLo2-kW1bQmZ0sLr7NvDp2GhJc6_eA5WfX"
        )],
        &["A21AA...", "revision: cd96f55e94c3695d225752db329a21aa"],
    ),
    prefixed(
        "rootly",
        &["rootly_"],
        r"(?-u:\b)rootly_[0-9a-f]{64}(?-u:\b)",
        &[concat!("rootly_", "3e7914c0f87f17f8499ff30499a90ebb4108e360ddfcfc69e290d9f945ffa4d1")],
        &["rootly_api_token", "rootly_0000000000000000000000000000000000000000000000000000000000000000"],
    ),
    prefixed(
        "settlemint",
        &["sm_pat_", "sm_aat_", "sm_sat_"],
        r"(?-u:\b)sm_(?:pat|aat|sat)_[A-Za-z0-9]{16,}",
        &[concat!("sm_pat_", "eUor0fYeQ8bvUBez"), concat!("(sm_sat_", "SFdh1hoNP08hT5is)")],
        &["sm_pat_your_token_comes_here", "sm_aat_xxxxxxxxxxxxxxxx"],
    ),
    prefixed(
        "scalingo",
        &["tk-us-"],
        r"(?-u:\b)tk-us-[A-Za-z0-9_-]{48}",
        &[concat!("tk-us-", "4txx0uiBfnWjJhpZrb3lO__TVhrLtLCHiEGKrEV6XwqcRkel")],
        &["tk-us-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"],
    ),
    uniform(
        "woocommerce",
        &["ck_", "cs_"],
        r"(?-u:\b)c[ks]_[0-9a-f]{40}(?-u:\b)",
        &[
            concat!("cs_", "3e7cefa30c14d732f64cb79abcc4b9db165c2311"),
            concat!("ck_", "61d80e1ed511b327f2f171fc118de91165c672a3:"),
        ],
        &["ck_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "cs_0000000000000000000000000000000000000000"],
    ),
    uniform(
        "zoho",
        &["1000."],
        r"(?-u:\b)1000\.[0-9a-f]{32}\.[0-9a-f]{32}(?-u:\b)",
        &[concat!("Zoho-oauthtoken 1000.", "5661ffb0df9daee36452bcf48385971f.1bba10ef43a9e7516072cb95eb92e575")],
        &["1000.00000000000000000000000000000000.00000000000000000000000000000000", "costs 1000.50"],
    ),
];
