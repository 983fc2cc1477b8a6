//! Tokens of chat, mail and notification services beyond the best known.

use super::{keyed, padded, prefixed, uniform};
use crate::detect::{rule::Rule, validate::token};

pub(super) const RULES: &[Rule] = &[
    prefixed(
        "discord_webhook",
        &["/api/webhooks/"],
        r"(?:https?://)?(?:ptb\.|canary\.)?discord(?:app)?\.com/api/webhooks/\d{15,22}/[A-Za-z0-9_-]{50,}",
        &[
            concat!(
                "https://discord.com/api/webhooks/9555484",
                "781429654741/MMz-fZCymcZOA6_90wisgi54RPn_PO_0dkuW0zB7wmXf6zv9OPdtvcn3FF9Zpid-BbPz"
            ),
            concat!(
                "https://discord.com/api/webhooks/9126187",
                "567361955285/JKRwy9TSSuaorsn7_uZ6HHy8SzDwlWzW5O7hgt25I3eokn1mLs9gQyPC4dkDQ-tis4t2;"
            ),
        ],
        &[
            "https://discord.com/api/webhooks/0000000000000000000/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "https://discord.com/api/webhooks/<token>",
        ],
    ),
    prefixed(
        "teams_webhook",
        &["webhook.office.com"],
        r"https://[a-z0-9-]+\.webhook\.office\.com/webhookb2/[0-9a-f-]{36}@[0-9a-f-]{36}/IncomingWebhook/[0-9a-f]{32}/[0-9a-f-]{36}",
        &[
            concat!(
                "https://alder.webhook.office.com/webhookb2/90beef2d-0ccf-4390-810d-",
                "65fa71f0e8f3@6fd0174e-f05e-4717-ba45-653eb69913f3/IncomingWebhook/afd11c1eeb85b9725cefc20995f31e6d/6b5b5f49-1f55-4c49-83b8-d02b12e3ffa4"
            ),
            concat!(
                "<https://alder.webhook.office.com/webhookb2/bd9908b2-5c42-4742-9efb-",
                "79faec29ea7b@20d686f1-3d1b-4f21-87ee-2aaba78afad1/IncomingWebhook/0384ab3b4bb6ca79151d16e63952d431/d24a35e1-d5b2-400d-b805-90ca0553d0c1>"
            ),
        ],
        &[
            "https://alder.webhook.office.com/webhookb2/xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx@xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx/IncomingWebhook/00000000000000000000000000000000/xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
            "https://alder.webhook.office.com/webhookb2/<token>",
        ],
    ),
    prefixed(
        "telegram",
        &[":AA"],
        r"(?:(?-u:\b)|/bot)(?P<hit>\d{8,10}:AA[A-Za-z0-9_-]{32,35})",
        &[
            concat!("1412543517:AAmB", "C5DICDsd60zMpnYEJ4TxXHBq5tmeIGK"),
            concat!("`6524683865:AA8A", "7NGTGUi4QMgaoHfc84L9Tt2Mml8PuUL`"),
            concat!("https://api.telegram.org/bot6524683865:AA8A", "7NGTGUi4QMgaoHfc84L9Tt2Mml8PuUL/sendMessage"),
        ],
        &["0000000000:AAxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "a token of telegram"],
    ),
    Rule {
        validate: Some(|c| token::beside(c, "mailgun")),
        ..prefixed(
            "mailgun",
            &["key-"],
            r"(?-u:\b)key-[0-9a-f]{32}(?-u:\b)",
            &[
                concat!("key-39449aa9", "8d3fe4dd27598a6872f96954"),
                concat!("\"key-a4f5b7c2", "9dea57ed9817e842217191e0\","),
                concat!("curl -u api:key-a4f5b7c2", "9dea57ed9817e842217191e0 https://api.mailgun.net/v3"),
            ],
            &[
                "key-00000000000000000000000000000000",
                "key-<token>",
                "put obj key-a4f5b7c29dea57ed9817e842217191e0 to the bucket",
            ],
        )
    },
    Rule {
        reach: 256,
        ..prefixed(
            "mailgun_sending",
            &["mailgun"],
            r"(?-u:\b)[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}(?-u:\b)",
            &[
                concat!("MAILGUN_API_KEY=8acdfd", "9a31106a900a19231b66024357-71ae0fe9-87e3e7e7"),
                concat!("MAILGUN_API_KEY=33f566", "daca82212537c7aac029ac0264-ee267ed1-0b093739;"),
                concat!("-u api:33f566", "daca82212537c7aac029ac0264-ee267ed1-0b093739 https://api.mailgun.net/v3"),
            ],
            &["MAILGUN_API_KEY=00000000000000000000000000000000-00000000-00000000", "MAILGUN_API_KEY=<token>"],
        )
    },
    Rule {
        validate: Some(|c| token::beside(c, "mailchimp")),
        ..prefixed(
            "mailchimp",
            &["-us"],
            r"(?-u:\b)[0-9a-f]{32}-us\d{1,2}(?-u:\b)",
            &[
                concat!("ea929e6dd576", "bd10e3a516e093a004cb-us14"),
                concat!("[3e8f8793d45e", "4dd39c42e3adc6be4507-us14]"),
                concat!("Mailchimp wants 3e8f8793d45e", "4dd39c42e3adc6be4507-us14 there"),
            ],
            &[
                "00000000000000000000000000000000-us14",
                "a token of mailchimp",
                "backup-3e8f8793d45e4dd39c42e3adc6be4507-us12.tar",
                "the folder 3e8f8793d45e4dd39c42e3adc6be4507-us12 is full",
            ],
        )
    },
    prefixed(
        "sendinblue",
        &["xkeysib-", "xsmtpsib-"],
        r"(?-u:\b)x(?:key|smtp)sib-[0-9a-f]{64}-[A-Za-z0-9]{14,20}(?-u:\b)",
        &[
            concat!("xkeysib-3d8ce6546a4c79856b4ee", "27e1c5d27d16da064b9d7bde2a762dedb9d8bcf9fa2-1d7DBmXVYxMYvLQt"),
            concat!("xkeysib-511dc8586e9a8c5a6ac889", "d0c98195d3f6e3781e04a2161fa0d7abd0e1cbc434-bS1zVRMTxQvKXJu6;"),
        ],
        &[
            "xkeysib-0000000000000000000000000000000000000000000000000000000000000000-xxxxxxxxxxxxxxxx",
            "xkeysib-<token>",
        ],
    ),
    prefixed(
        "mailersend",
        &["mlsn."],
        r"(?-u:\b)mlsn\.[0-9a-f]{64}(?-u:\b)",
        &[
            concat!("mlsn.a641e51a0fd24f1c7e", "f616dd7f509ba0633b1ceb91e4a95f7b1484d46ce6a6b6"),
            concat!("mlsn.2996347a4d24849d41", "af1b69b3e23e66331c104a9dcd7e3fab0329b596ba20e2;"),
        ],
        &["mlsn.0000000000000000000000000000000000000000000000000000000000000000", "mlsn.<token>"],
    ),
    prefixed(
        "resend",
        &["re_"],
        r"(?-u:\b)re_[A-Za-z0-9]{8,10}_[A-Za-z0-9]{22,26}(?-u:\b)",
        &[
            concat!("re_UQ8UP1xq_", "lV3Q2OczhsDq8JlIFu7mRkH7"),
            concat!("re_AYQ1w6LG_Qp", "6622rIIYwQFolLT3m6Bjo2, thanks"),
        ],
        &["re_xxxxxxxx_xxxxxxxxxxxxxxxxxxxxxxxx", "re_<token>"],
    ),
    prefixed(
        "onesignal",
        &["os_v2_"],
        r"(?-u:\b)os_v2_(?:app|org)_[a-z0-9]{60,}",
        &[
            concat!(
                "os_v2_app_wac1rc2bugb4gqhapqwed9cx7p",
                "lrbh1elm6o17tioai7ga3kr552fqemcf2pa58v56csnartt66c8e1b7wxyy9g963p19qctvkwj"
            ),
            concat!(
                "os_v2_app_39b22ddj08x2i3stw6d9lxx3x2lls",
                "v3qsnwjp4u6o27at9a4bd58sgbscypsiwy3xm3uqm3q63ypomkplxyupile7xbibgzi9lzx, thanks"
            ),
        ],
        &[
            "os_v2_app_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "os_v2_app_<token>",
        ],
    ),
    prefixed(
        "hubspot",
        &["pat-na", "pat-eu"],
        r"(?-u:\b)pat-(?:na|eu)\d-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?-u:\b)",
        &[
            concat!("pat-na1-aa123d", "4c-9238-477e-83f2-983c43f5b3cb"),
            concat!("pat-na1-6ca8a449-", "7418-4ab4-8d81-0ae1927c4b26, thanks"),
        ],
        &["pat-na1-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "pat-na1-<token>"],
    ),
    prefixed(
        "salesforce",
        &["!AQ", "!AR"],
        r"(?-u:\b)00D[A-Za-z0-9]{12,15}!A[QR][A-Za-z0-9._]{60,}",
        &[
            concat!(
                "00D2ucbvCU5p3fj!AQikSyOJ9lFgO865tq1U",
                "iC4QfM6Z5tlvPBPCsdfKzSNE366RRKhGSrsE532B3d5mJPiHTCKwyUEjHHsbGgeRjseAZnlYsm"
            ),
            concat!(
                "key: 00Dk9Erg2K70TZc!AQ8k43zGUnOWypttD",
                "kozJB8dDJe1loYx7lPG6LF2oiHDgkHP9udECMFcu9LC00CLZGeu3D5ToHW9SEElqAZTxtu2GUpWpe"
            ),
        ],
        &[
            "00Dxxxxxxxxxxxx!AQxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "00D<token>",
        ],
    ),
    prefixed(
        "klaviyo",
        &["pk_"],
        r"(?-u:\b)pk_[0-9a-f]{34}(?-u:\b)",
        &[
            concat!("Klaviyo-API-Key p", "k_74fe247def4b195c7311694b61a4d0ffd3"),
            concat!("Klaviyo-API-Key pk", "_54fb0391e97cd94cbc80b3d1215c326a73;"),
            concat!("(pk", "_54fb0391e97cd94cbc80b3d1215c326a73)"),
        ],
        &["Klaviyo-API-Key pk_0000000000000000000000000000000000", "Klaviyo-API-Key pk_<token>"],
    ),
    uniform(
        "zapier_hook",
        &["hooks.zapier.com"],
        r"hooks\.zapier\.com/hooks/(?:catch|standard)/\d{4,12}/[A-Za-z0-9]{6,}",
        &[
            concat!("hooks.zapier.co", "m/hooks/catch/17918782/w6eqxpp"),
            concat!("hooks.zapier.com/", "hooks/catch/44137449/9dlmdru, thanks"),
        ],
        &["hooks.zapier.com/hooks/catch/00000000/xxxxxxx", "hooks.zapier.com/hooks/catch/<token>"],
    ),
    uniform(
        "courier",
        &["pk_prod_", "pk_test_"],
        r"(?-u:\b)pk_(?:prod|test)_[A-Z0-9]{28}(?-u:\b)",
        &[concat!("pk_prod_EGUG", "NZCAKB0SD341L36449ZWSKPO"), concat!("[pk_prod_BLW", "4DBJ4YRZZA7V5WDZ7361TTUM3]")],
        &["pk_prod_XXXXXXXXXXXXXXXXXXXXXXXXXXXX", "pk_prod_<token>"],
    ),
    keyed(
        "twilio_auth_token",
        &["twilio"],
        r#"(?i)twilio[A-Za-z0-9_ .-]{0,24}["'\s:=>]{1,6}(?P<hit>[0-9a-f]{32})(?-u:\b)"#,
        &[
            concat!("TWILIO_AUTH_TOKE", "N=8a0dc6e03b58c458d8f0935e4973601a"),
            concat!("[TWILIO_AUTH_TOKE", "N=2455c7f58facad32958a37ff8cad3eb2]"),
        ],
        &["TWILIO_AUTH_TOKEN=00000000000000000000000000000000", "TWILIO_AUTH_TOKEN=<token>"],
    ),
    padded(
        "intercom",
        &["dG9rO"],
        r"(?-u:\b)dG9rO[A-Za-z0-9+/_=-]{50,}",
        &[
            concat!("dG9rOTBtLY636QWTLD7L", "XNKemr2sqI0XuHgU3wtcKtPvWwu8Db50uKQBuK0n="),
            concat!("(dG9rOQyqTqJ6NNOZtvrb", "bKDORfVzpCErXeJmqyuYMVHaSMhr8j2NtmhRKbsR=)"),
        ],
        &["dG9rOxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=", "dG9rO<token>"],
    ),
    prefixed(
        "line",
        &["LINE_CHANNEL_ACCESS_TOKEN", "LINE_NOTIFY_TOKEN"],
        r#"LINE_(?:CHANNEL_ACCESS|NOTIFY)_TOKEN["'\s:=]{1,6}(?P<hit>[A-Za-z0-9+/=]{40,})"#,
        &[
            concat!("LINE_NOTIFY_TOKEN=gf", "biY2zUxOqmniH5i29aYLjuaUhMzWK4QXojGlHUIrN"),
            concat!("token LINE_NOTIFY_TOKE", "N=qlUZVI5tt1E6hhBHXC2zx6IBiQaPUqgeAfyKLVj3d1W."),
        ],
        &["LINE_NOTIFY_TOKEN=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "LINE_NOTIFY_TOKEN=<token>"],
    ),
    keyed(
        "novu",
        &["NOVU_SECRET_KEY", "NOVU_API_KEY"],
        r#"NOVU_(?:SECRET|API)_KEY["'\s:=]{1,6}(?P<hit>[0-9a-f]{32})(?-u:\b)"#,
        &[
            concat!("NOVU_API_KEY=48", "46a908c351e14877a51e88fbd12716"),
            concat!("[NOVU_API_KEY=1", "fa1f57d534ba627db9654ddaf7499c3]"),
        ],
        &["NOVU_API_KEY=00000000000000000000000000000000", "NOVU_API_KEY=<token>"],
    ),
];
