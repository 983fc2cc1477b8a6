//! Secrets of no known format, believed for the name before them and for looking drawn by lot.
//!
//! Precision comes from three questions in turn: does the name end in a word for a secret (`token_url` does not),
//! is the value something that a program would compute or a person would fill in later, and is it random enough.

use super::SECRET;
use crate::{
    detect::{
        rule::{Rule, Wake},
        validate::{
            Candidate,
            assignment::{is_file, is_filled_later, is_harmless_name, judged, name},
            randomness::{entropy, is_digest, is_hex, is_uuid, looks_random},
        },
    },
    domain::finding::Severity,
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "generic_secret",
        yields: true,
        entity: "generic_secret",
        severity: Severity::High,
        wake: Wake::Keywords(&[
            "secret",
            "token",
            "apikey",
            "api_key",
            "api-key",
            "api.key",
            "api key",
            "credential",
            "passkey",
        ]),
        pattern: r#"(?i)(?:[A-Za-z0-9_.-]{0,48}(?:secret|token|api[ _.-]?key|credentials?|passkey)(?:[_.-]?key)?(?:[_-]?(?:\d{1,2}|prod|production|dev|test|staging|live|value|primary|secondary|base64|b64|base))?)\\?["'`]?\]?[ \t]{0,8}(?:=>|:=|={1,3}|:|：|->|,[ \t]|>|(?-u:\b)is(?-u:\b))[ \t]{0,8}(?:(?:String::from)?\(?[brfu]?\\?["'`])?(?P<hit>[^\s"'`<>]{11,}[^\s"'`<>,;.\\])"#,
        reach: 1024,
        validate: Some(secret),
        matches: &[
            "CLIENT_SECRET=t4Yk81bQmZ0sLr7NvDp2GhJc",
            r#"{"dd_api_key": "5f0c9be1d27a48e3b6c10f9ad2e87b43"}"#,
            "alder_token: 7f0c9be1-d27a-48e3-b6c1-0f9ad2e87b43",
            "const apiKey = 't4Yk81bQmZ0sLr7NvDp2';",
            "my api key is t4Yk81bQmZ0sLr7NvDp2, help",
            "JIRA_TOKEN=t4Yk81bQmZ0sLr7NvDp2GhJc",
            "SNAPSHOT_TOKEN: 5f0c9be1d27a48e3b6c10f9ad2e87b43",
            concat!(
                "secret_key_base: 5f0c9be1d27a48e3b6c10f9ad2e87b43e61a7c05d9f2483b0c6e1fa87d24b395",
                "e61a7c05d9f2483b0c6e1fa87d24b3955f0c9be1d27a48e3b6c10f9ad2e87b43"
            ),
        ],
        misses: &[
            r#"api_key="YOUR_API_KEY""#,
            "token: ${{ secrets.DEPLOY_TOKEN }}",
            "let token = std::env::var(\"ALDER_TOKEN\")?;",
            "next_page_token: t4Yk81bQmZ0sLr7NvDp2",
            "token_url: https://login.alder.dev/9f8e7d6c5b4a3f2e1d/token",
            "The secret is to keep stirring",
            "max_tokens: 4096, temperature: 0.7",
            "client_secret: $2b$12$t4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfX",
        ],
        ..SECRET
    },
    Rule {
        id: "generic_key",
        yields: true,
        entity: "generic_key",
        severity: Severity::High,
        wake: Wake::Keywords(&["key"]),
        pattern: r#"(?i)(?:[A-Za-z0-9_.-]{0,48}key)\\?["'`]?\]?[ \t]{0,8}(?:=>|:=|={1,3}|:|：|->|>|(?-u:\b)is(?-u:\b)|(?-u:\b)was(?-u:\b))[ \t]{0,8}(?:(?:String::from)?\(?[brfu]?\\?["'`])?(?P<hit>[^\s"'`<>]{15,}[^\s"'`<>,;.\\])"#,
        reach: 1024,
        validate: Some(key),
        matches: &[
            "SECRET_KEY=x7)2m!q#v^t8*=z(4k&w",
            "My key is t4Yk81bQmZ0sLr7NvDp2GhJc, why do I get 401?",
            "encryptionKey: t4Yk81bQmZ0sLr7NvDp2GhJc=",
        ],
        misses: &[
            "public_key: t4Yk81bQmZ0sLr7NvDp2GhJc",
            "cache-key: 5f0c9be1d27a48e3b6c10f9ad2e87b43e61a7c05",
            "the primary key is customer_identifier",
            "key: 7f0c9be1-d27a-48e3-b6c1-0f9ad2e87b43",
            "Cache restored from key: Linux-node-5f0c9be1d27a48e3b6c10f9ad2e87b43e61a7c05d9f2483b0c6e1fa87d24b395",
            r#"{"Bucket":"alder","Key":"uploads/7f0c9be1-d27a-48e3-b6c1-0f9ad2e87b43/report.pdf"}"#,
            r#"{"Key": "incoming/t4Yk81bQmZ0s/report.pdf"}"#,
            "key: session:t4Yk81bQmZ0sLr7NvDp2",
            "kms_key: 7f0c9be1-d27a-48e3-b6c1-0f9ad2e87b43",
        ],
        ..SECRET
    },
    Rule {
        id: "generic_secret_near",
        yields: true,
        entity: "generic_secret",
        severity: Severity::High,
        wake: Wake::Keywords(&["secret", "token", "api", "access", "auth", "private", "license", "_key", "credential"]),
        // No assignment between: a table's next cell, the next argument, the next line, a flag, brackets, Docker's ENV, or
        // the "value" or "default" that follows a name.
        pattern: r#"(?i)(?:secret|token|(?:api|access|auth|secret|private|license)[ _.-]?key|[a-z0-9]_key|credentials?)[ \t]?["'`]?(?:[\s|,:(\[{]{1,12}["'`]{0,3}(?:(?:value|default)["']?\s{0,4}[:=]\s{0,4}["']?)?)(?P<hit>[A-Za-z0-9_.~+/=-]{16,})"#,
        reach: 1024,
        validate: Some(near),
        matches: &[
            "| Alder API key | `t4Yk81bQmZ0sLr7NvDp2GhJc` |",
            "define('ALDER_KEY', 't4Yk81bQmZ0sLr7NvDp2GhJc');",
            "ENV ALDER_TOKEN t4Yk81bQmZ0sLr7NvDp2GhJc",
            "alder login --token 5f0c9be1d27a48e3b6c10f9ad2e87b43",
            "- name: ALDER_API_KEY\n  value: \"5f0c9be1d27a48e3b6c10f9ad2e87b43\"",
            "use this api key (t4Yk81bQmZ0sLr7NvDp2GhJc) for now",
        ],
        misses: &[
            "the token 5f0c9be1d27a48e3b6c10f9ad2e87b43e61a7c05 of the commit",
            "| token | string_identifier_of_session_v2 |",
            "secret_key, AbstractSingletonProxyFactoryBean",
            "public_key (t4Yk81bQmZ0sLr7NvDp2GhJc)",
        ],
        ..SECRET
    },
    Rule {
        id: "wordpress_salt",
        entity: "wordpress_salt",
        severity: Severity::High,
        wake: Wake::Keywords(&["AUTH_KEY", "AUTH_SALT", "LOGGED_IN_", "NONCE_KEY", "NONCE_SALT"]),
        pattern: r#"(?-u:\b)(?:AUTH|SECURE_AUTH|LOGGED_IN|NONCE)_(?:KEY|SALT)["']?\s{0,3}[,=:]\s{0,16}["'](?P<hit>[^\r\n"']{60,72})["']"#,
        // Of ninety characters; no phrase of that length has so many.
        validate: Some(|c| (entropy(c.hit()) >= 4.75).then_some(0.9)),
        matches: &[
            "define('AUTH_KEY',         'x7)2m!q#v^t8*=z(4k&w |Lr7N+vDp2~GhJc6[Ue-A5Wf;Xo9Ri3?TqBw8N_x1Kz');",
            "NONCE_SALT=\"x7)2m!q#v^t8*=z(4k&w |Lr7N+vDp2~GhJc6[Ue-A5Wf;Xo9Ri3?TqBw8N_x1Kz\"",
        ],
        misses: &[
            "define('AUTH_KEY', 'put your unique phrase here');",
            "define('AUTH_KEY', 'put your unique phrase here, of sixty characters or more, please');",
        ],
        ..SECRET
    },
    Rule {
        id: "leaked_value",
        yields: true,
        entity: "generic_secret",
        severity: Severity::High,
        score: 0.6,
        wake: Wake::Keywords(&["pasted", "leaked", "committed", "exposed", "posted", "shared", "revoke", "rotate"]),
        pattern: r#"(?i)(?-u:\b)(?:pasted|leaked|committed|exposed|posted|shared|revoked?|rotated?)(?-u:\b)[ -~]{0,24}?[\s:("'`](?P<hit>[A-Za-z0-9_.~+/=-]{20,})"#,
        reach: 1024,
        validate: Some(unnamed),
        matches: &[
            "I accidentally pasted t4Yk81bQmZ0sLr7NvDp2GhJc into a ticket.",
            "please revoke `zzk-t4Yk81bQmZ0sLr7NvDp2GhJc`",
            "we shared the key of the file t4Yk81bQmZ0sLr7NvDp2GhJc",
        ],
        misses: &[
            "I accidentally committed 5f0c9be1d27a48e3b6c10f9ad2e87b43e61a7c05",
            "someone posted https://www.youtube.com/watch?v=8oO5KqjTYsj",
            "we shared 7f0c9be1-d27a-48e3-b6c1-0f9ad2e87b43",
            "I shared https://www.figma.com/file/t4Yk81bQmZ0sLr7NvDp2Gh/Design with you",
            "she shared docs.google.com/document/d/t4Yk81bQmZ0sLr7NvDp2GhJc/edit yesterday",
            "someone posted exports/t4Yk81bQmZ0sLr7NvDp2GhJc.tar.gz",
            "he committed t4Yk81bQmZ0sLr7NvDp2GhJc.png.",
            "they shared the document t4Yk81bQmZ0sLr7NvDp2GhJc",
        ],
        ..SECRET
    },
];

fn secret(candidate: &Candidate<'_>) -> Option<f32> {
    let value = judged(candidate);
    let strong = value.len() >= 16 && (looks_random(value) || is_uuid(value));
    (strong && !is_harmless_name(name(candidate)) && !is_filled_later(value)).then_some(0.75)
}

/// `key` alone names half of what programs store: digests, identifiers, files and names of several parts behind it are
/// believed for "my key is" only.
fn key(candidate: &Candidate<'_>) -> Option<f32> {
    let value = judged(candidate);
    let name = name(candidate);
    let plain = name.len() <= 3;
    let mine = candidate.before(24).to_ascii_lowercase().ends_with("my key is ");
    let address = is_uuid(value)
        || value.contains('/') && is_file(value)
        || plain && (is_digest(value) || value.contains(':') && !value.contains(['!', '#', '$', '%', '^', '&', '*']));
    let shape = looks_random(value) && (mine || !address) || mine && is_uuid(value);
    (shape && !is_harmless_name(name) && !is_filled_later(value)).then_some(0.65)
}

/// In running text a digest may stand next to the word by chance; in a table, a call, a variable or a flag it does not.
fn near(candidate: &Candidate<'_>) -> Option<f32> {
    let value = candidate.hit();
    let before = candidate.before(96);
    let name = name_near(candidate);
    let (lead, gap) = before.rsplit_once(name).unwrap_or((before, ""));
    let variable = name.contains('_') && !name.bytes().any(|byte| byte.is_ascii_lowercase());
    let assigned =
        gap.contains(['|', '"', '\'', '`', ':']) || name.starts_with("--") || lead.ends_with("--") || variable;
    let opaque = value.bytes().any(|b| b.is_ascii_uppercase()) && value.bytes().any(|b| b.is_ascii_lowercase());
    let digest = is_hex(value) || is_uuid(value);
    let shape = (looks_random(value) || is_uuid(value)) && (assigned || (opaque || has_prefix(value)) && !digest);
    (shape && !is_harmless_name(name) && !is_filled_later(value)).then_some(0.6)
}

/// The name that a value stands near to, across "value:" and the like.
fn name_near<'a>(candidate: &Candidate<'a>) -> &'a str {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut words = candidate.before(96).split(|c: char| !is_name(c)).filter(|word| !word.is_empty()).rev();
    words.find(|word| !matches!(word.to_ascii_lowercase().as_str(), "value" | "default")).unwrap_or("")
}

/// Letters, an underscore, then random characters: `zzk_0f9ad2…` is a token, a bare digest or an image tag is not.
fn has_prefix(value: &str) -> bool {
    value
        .split_once('_')
        .is_some_and(|(prefix, body)| prefix.bytes().all(|b| b.is_ascii_alphabetic()) && looks_random(body))
}

/// Nobody pastes a digest by accident: with that word even the shapes of digests are believed.
fn unnamed(candidate: &Candidate<'_>) -> Option<f32> {
    let value = candidate.hit();
    let before = candidate.before(64).to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| before.contains(word));
    let accident = says(&["accident", "mistake", "leaked"]) && !before.contains("commit");
    let has = |class: fn(&u8) -> bool| value.bytes().any(|byte| class(&byte));
    let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit);
    let shape = accident && value.len() >= 24 || (mixed || has_prefix(value)) && !is_hex(value) && !is_uuid(value);
    let document =
        says(&[" doc", " file", " folder", " sheet", " slide", " image", " video", " page", " board", " link"])
            && !says(&["key", "token", "secret", "password", "credential"]);
    let address = is_address(candidate) || document && !accident;
    (shape && (looks_random(value) || is_uuid(value)) && !address && !is_filled_later(value)).then_some(0.6)
}

/// A link with its scheme or without one, or a file: people share these all day.
fn is_address(candidate: &Candidate<'_>) -> bool {
    let value = candidate.hit();
    let inside_url = candidate.before(256).rsplit(char::is_whitespace).next().is_some_and(|word| word.contains("://"));
    let host = value.split_once('/').is_some_and(|(host, _)| host.contains('.'));
    // The scheme's colon may be what the hit stands behind.
    inside_url || host || value.starts_with("//") || is_file(value)
}
