//! Tokens of chat, mail and telephony services.

use super::SECRET;
use crate::detect::{
    rule::{Rule, Wake},
    validate::token,
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "slack_bot",
        entity: "slack_bot",
        wake: Wake::Keywords(&["xoxb-"]),
        pattern: r"xoxb-[0-9]{8,15}-(?:[0-9]{8,15}-)?[A-Za-z0-9]{18,34}",
        validate: Some(token::prefixed),
        matches: &[
            concat!("xoxb-", "384950172634-7061539284601-t4Yk81bQmZ0sLr7NvDp2GhJc"),
            concat!("(xoxb-", "384950172634-t4Yk81bQmZ0sLr7NvDp2GhJc)"),
            concat!("_xoxb-", "384950172634-t4Yk81bQmZ0sLr7NvDp2GhJc_"),
        ],
        misses: &[
            "xoxb-your-bot-token",
            "xoxb-xxxxxxxxxxxx-xxxxxxxxxxxx-xxxxxxxxxxxxxxxxxxxxxxxx",
            concat!("xoxb-", "17653672481-19874698323-pdFZKVeTuE8sk7oOcBrzbqgy"),
        ],
        ..SECRET
    },
    Rule {
        id: "slack_user",
        entity: "slack_user",
        wake: Wake::Keywords(&["xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxo-", "xoxe-", "xoxe.", "xoxc-", "xoxd-"]),
        pattern: r"(?:(?:xoxe\.xox[bp]|xox[paresocd])-(?:[0-9]{1,15}-){0,3}[A-Za-z0-9%/+=]{20,}|xox[os]-(?:[0-9]{6,15}-){3}[0-9a-f]{10,})",
        validate: Some(token::prefixed),
        matches: &[
            concat!("xoxp-", "384950172634-706153928460-1506274938251-5f0c9be1d27a48e3b6c10f9ad2e87b43"),
            concat!("xoxe.xoxp-", "1-t4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8Nx1KzVm"),
            concat!("xoxe.xoxb-", "1-t4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8Nx1KzVm"),
            concat!("xoxs-", "384950172634-706153928460-1506274938251-5f0c9be1d2"),
        ],
        misses: &["xoxp-your-user-token", "xoxp-xxxxxxxxxxxxxxxxxxxxxxxxxxxx"],
        ..SECRET
    },
    Rule {
        id: "slack_app",
        entity: "slack_app",
        wake: Wake::Keywords(&["xapp-"]),
        pattern: r"xapp-[0-9]-[A-Z0-9]{8,14}-[0-9]{8,15}-[A-Za-z0-9]{30,}",
        validate: Some(token::prefixed),
        matches: &[concat!(
            "xapp-1-A",
            "04QZ7KMRTB-5028371946052-5f0c9be1d27a48e3b6c10f9ad2e87b43e61a7c05d9f2483b0c6e1fa87d24b395"
        )],
        misses: &["xapp-your-app-level-token", "xapp-1-A00000000-..."],
        ..SECRET
    },
    Rule {
        id: "slack_webhook",
        entity: "slack_webhook",
        wake: Wake::Keywords(&["hooks.slack.com", "hooks.slack-gov.com"]),
        pattern: r"(?i:https?://)?hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/[A-Za-z0-9]{8,14}/[A-Za-z0-9]{8,24}/[A-Za-z0-9]{16,}",
        validate: Some(token::prefixed),
        matches: &[concat!("https://hooks.slack.com/services/", "T04QZ7KMRTB/B05XW2NHPLC/t4Yk81bQmZ0sLr7NvDp2GhJc")],
        misses: &[
            "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
            "https://hooks.slack.com/services/...",
        ],
        ..SECRET
    },
    Rule {
        id: "sendgrid",
        entity: "sendgrid",
        wake: Wake::Keywords(&["SG."]),
        pattern: r"(?-u:\b)SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64}",
        validate: Some(token::prefixed),
        matches: &[concat!("SG.", "t4Yk81bQmZ0sLr7NvDp2Gh.Jc6UeA5WfXo9Ri3TqBw8Nx1KzVm4CyHs6PgEd0JuFaL")],
        misses: &["SG.xxxxxxxxxxxxxxxxxxxxxx.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "MSG.length"],
        ..SECRET
    },
    Rule {
        id: "twilio_api_key",
        entity: "twilio_api_key",
        // "SK" alone would wake it at every "task".
        wake: Wake::Keywords(&[
            "SK0", "SK1", "SK2", "SK3", "SK4", "SK5", "SK6", "SK7", "SK8", "SK9", "SKa", "SKb", "SKc", "SKd", "SKe",
            "SKf",
        ]),
        pattern: r"(?-u:\b)SK[0-9a-f]{32}(?-u:\b)",
        validate: Some(token::prefixed),
        matches: &[
            concat!("SK", "5f0c9be1d27a48e3b6c10f9ad2e87b43"),
            concat!("twilio (SK", "e61a7c05d9f2483b0c6e1fa87d24b395)"),
        ],
        misses: &["SK00000000000000000000000000000000", "SKU 5f0c9be1d27a48e3b6c10f9ad2e87b43"],
        ..SECRET
    },
    Rule {
        id: "discord_bot",
        entity: "discord_bot",
        // Begins with a user's number in base64: no letters that a keyword could wait for, but never without digits.
        wake: Wake::Figures(|figure| figure.word.dots >= 2 && figure.word.len() >= 59),
        reach: 80,
        pattern: r"(?-u:\b)[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}(?-u:\b)",
        validate: Some(token::prefixed),
        matches: &[
            concat!("MTA0NzY2ODM1NDQ2", "MTc2NTQzMg.GkW1bQ.mZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8Nx1K"),
            concat!("(ODc1NjQzMjEwOTg3", "NjU0MzIx.Yk81bQ.kW1bQmZ0sLr7NvDp2GhJc6UeA5W)"),
        ],
        misses: &[
            "MTA0NzY2ODM1NDQ2MTc2NTQzMg.GkW1bQ.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "Main.method.call with 123",
        ],
        ..SECRET
    },
];
