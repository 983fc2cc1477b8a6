//! Credentials of cloud platforms.

use super::SECRET;
use crate::detect::{
    rule::{Rule, Wake},
    validate::{Candidate, randomness::is_hex, token},
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "aws_access_key",
        entity: "aws_access_key",
        wake: Wake::Keywords(&["AKIA"]),
        pattern: r"(?:(?-u:\b)|_)(?P<hit>AKIA[A-Z0-9]{16})(?:(?-u:\b)|_)",
        validate: Some(token::uniform),
        matches: &[
            concat!("AKIA", "3QW7PLZTRN5MXV2C"),
            concat!("(AKIA", "Z5HTUYRMVB6KWQPD), and"),
            concat!("_AKIA", "Z5HTUYRMVB6KWQPD_"),
            concat!(r"log: line1\nAKIA", "Z5HTUYRMVB6KWQPD"),
            concat!("\u{1b}[32mAKIA", "Z5HTUYRMVB6KWQPD\u{1b}[0m"),
        ],
        misses: &["AKIAXXXXXXXXXXXXXXXX", "AKIAIOSFODNN7EXAMPLE", "what does AKIA mean?"],
        ..SECRET
    },
    Rule {
        id: "aws_sts_key",
        entity: "aws_sts_key",
        wake: Wake::Keywords(&["ASIA"]),
        pattern: r"(?-u:\b)ASIA[A-Z0-9]{16}(?-u:\b)",
        validate: Some(token::uniform),
        matches: &[concat!("ASIA", "3QW7PLZTRN5MXV2C"), concat!("key=ASIA", "Z5HTUYRMVB6KWQPD")],
        misses: &["ASIAXXXXXXXXXXXXXXXX", "FANTASIALANDTICKETS2024"],
        ..SECRET
    },
    Rule {
        id: "aws_secret",
        entity: "aws_secret",
        wake: Wake::Keywords(&["secret", "aws", "amazon"]),
        pattern: r#"(?i)(?:aws|amazon|secret)[A-Za-z0-9_ .-]{0,40}(?:key|secret|token)["']?(?: \[[^\]\n]{0,24}\])?[ \t]{0,3}(?:=>|:=|[=:]|\bis\b|,)[ \t]{0,3}["']?(?P<hit>(?-i:[A-Za-z0-9/+]{40}))(?:[^A-Za-z0-9/+=]|$)"#,
        validate: Some(token::keyed),
        matches: &[
            concat!("aws_secret_access_key = h7Gq2LmXv9", "/TzRk4+WbYc0NdEpUs6AjF1oQi8H3k"),
            concat!(r#""SecretAccessKey": "h7Gq2LmXv9"#, r#"/TzRk4+WbYc0NdEpUs6AjF1oQi8H3k""#),
            concat!("AWS Secret Access Key [None]: h7Gq2LmXv9", "/TzRk4+WbYc0NdEpUs6AjF1oQi8H3k"),
            concat!("AWS Secret Access Key [****************F1oQ]: h7Gq2LmXv9", "/TzRk4+WbYc0NdEpUs6AjF1oQi8H3k"),
        ],
        misses: &[
            "aws_secret_access_key = ${AWS_SECRET_ACCESS_KEY}",
            "secret_key: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        ],
        ..SECRET
    },
    Rule {
        id: "aws_secret_beside",
        entity: "aws_secret",
        wake: Wake::Keywords(&["AKIA", "ASIA"]),
        // Behind the id that it belongs to: in a call, a file of IAM, a line of a table.
        pattern: r#"(?-u:\b)A(?:KIA|SIA)[A-Z0-9]{16}["'`\s,:;|]{1,6}(?P<hit>[A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)"#,
        validate: Some(beside_id),
        matches: &[
            concat!(
                "new BasicAWSCredentials(\"AKIA",
                "3QW7PLZTRN5MXV2C\", \"h7Gq2LmXv9",
                "/TzRk4+WbYc0NdEpUs6AjF1oQi8H3k\")"
            ),
            concat!(
                "Access key ID,Secret access key\nAKIA",
                "3QW7PLZTRN5MXV2C,h7Gq2LmXv9",
                "/TzRk4+WbYc0NdEpUs6AjF1oQi8H3k"
            ),
            concat!("ASIA", "Z5HTUYRMVB6KWQPD:h7Gq2LmXv9", "/TzRk4+WbYc0NdEpUs6AjF1oQi8H3k"),
        ],
        misses: &[
            concat!("AKIAIOSFODNN7EXAMPLE, ", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            "AKIAXXXXXXXXXXXXXXXX: 5f0c9be1d27a48e3b6c10f9ad2e87b43e61a7c05",
        ],
        ..SECRET
    },
    Rule {
        id: "google_api",
        entity: "google_api",
        wake: Wake::Keywords(&["AIza"]),
        pattern: r"(?-u:\b)AIza[A-Za-z0-9_-]{33,40}",
        validate: Some(token::prefixed),
        matches: &[
            concat!("AIza", "Ty4kXw81bQmZ0sLr7NvDp2GhJc6UeA5WfYo"),
            concat!("key=AIza", "8rT-kW1bQmZ0sLr7NvDp2GhJc6UeA5Wf_Yo&q=1"),
        ],
        misses: &["AIzaXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", "AIza is how it starts"],
        ..SECRET
    },
    Rule {
        id: "google_oauth_secret",
        entity: "google_oauth_secret",
        wake: Wake::Keywords(&["GOCSPX-"]),
        pattern: r"(?-u:\b)GOCSPX-[A-Za-z0-9_-]{20,40}",
        validate: Some(token::prefixed),
        matches: &[
            concat!("GOCSPX-", "t4Yk81bQmZ0sLr7NvDp2GhJc6UeA"),
            concat!("'GOCSPX-", "8rTkW1bQmZ0_Lr7NvDp2-hJc6UeA'"),
        ],
        misses: &["GOCSPX-your-client-secret-goes-here", "GOCSPX-<secret>"],
        ..SECRET
    },
    Rule {
        id: "google_oauth_token",
        entity: "google_oauth_token",
        wake: Wake::Keywords(&["ya29."]),
        pattern: r"(?-u:\b)ya29\.[A-Za-z0-9_-]{20,}",
        reach: 2048,
        validate: Some(token::prefixed),
        matches: &[
            concat!("ya29.a0", "Ty4kXw81bQmZ0sLr7NvDp2GhJc6UeA5WfYo"),
            concat!("Bearer ya29.", "c8rTkW1bQmZ0_Lr7NvDp2-hJc6UeA."),
        ],
        misses: &["ya29.a0example_token_value_goes_in_here", "ya29.xxxxxxxxxxxxxxxxxxxxxxxxxxxx"],
        ..SECRET
    },
    Rule {
        id: "azure_storage",
        entity: "azure_storage",
        wake: Wake::Keywords(&["AccountKey", "SharedAccessKey"]),
        pattern: r"(?i)(?:DefaultEndpointsProtocol=[a-z]+;[^\s;]*;|Endpoint=[^\s;]+;[^\s;]*;)?(?:AccountKey|SharedAccessKey)[ \t]{0,3}[=:][ \t]{0,3}[A-Za-z0-9+/]{42,88}={0,2}",
        validate: Some(token::padded),
        matches: &[
            concat!(
                "AccountName=alder;AccountKey=h7Gq2LmXv9TzRk4+WbYc0NdEpUs6AjF1oQi8H3",
                "mK5xP/7ZtBnSw2VgLd9CyRfEq0JuTa4XhMk1OiDb6NpWs8=="
            ),
            concat!(
                "Endpoint=sb://alder.servicebus.windows.net/;SharedAccessKeyName=root;SharedAccessKey=",
                "h7Gq2LmXv9TzRk4+WbYc0NdEpUs6AjF1oQi8H3mK5xP="
            ),
        ],
        misses: &[
            "AccountName=alder;AccountKey=<account key>;",
            "AccountKey=your-key",
            concat!(
                "AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6",
                "tq/K1SZFPTOtr/KBHBeksoGMGw==;"
            ),
        ],
        ..SECRET
    },
    Rule {
        id: "azure_ad_secret",
        entity: "azure_ad_secret",
        wake: Wake::Keywords(&["Q~"]),
        pattern: r"(?-u:\b)[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}",
        validate: Some(token::prefixed),
        matches: &[
            concat!("aB38Q~", "mZ0sLr7NvDp2GhJc6UeA5WfYoT4kXw81bQ"),
            concat!("'7.t8Q~", "mZ0sLr7NvDp2GhJc6UeA5WfYoT4kXw~1b_'"),
        ],
        misses: &["aB38Q~short", "what does 8Q~ mean in a client secret of Entra ID?"],
        ..SECRET
    },
];

/// Forty hex digits are a digest there as well.
fn beside_id(candidate: &Candidate<'_>) -> Option<f32> {
    if is_hex(candidate.hit()) { None } else { token::keyed(candidate) }
}
