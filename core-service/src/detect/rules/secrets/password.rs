//! Passwords: believed for the word before them, since people choose them and they need not look drawn by lot.

use super::SECRET;
use crate::{
    detect::{
        rule::{Rule, Wake},
        validate::{
            Candidate,
            assignment::{is_code, is_reference, judged},
            placeholder::is_placeholder_password,
            randomness::looks_random,
        },
    },
    domain::finding::Severity,
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "generic_password",
        yields: true,
        entity: "generic_password",
        severity: Severity::High,
        wake: Wake::Keywords(&[
            "pass",
            "pwd",
            "contrase",
            "senha",
            "парол",
            "Парол",
            "ПАРОЛ",
            "密码",
            "密碼",
            "パスワード",
            "비밀번호",
        ]),
        pattern: r#"(?i)(?:pass(?:word|wd|phrase|code|wort)|(?-u:\b|_)(?:pass|pwd)|(?-i:Pass|Pwd)|contrase(?:ña|na)|senha|пароль|密码|密碼|パスワード|비밀번호)(?:[_-]?(?:\d{1,2}|prod|production|dev|test|staging|live|value|new|old|root|admin))?\\?["'`]?\]?[ \t]{0,8}(?:=>|:=|={1,3}|:|：|->|>)[ \t]{0,8}(?:(?:String::from)?\(?[brfu]?\\?["'`])?(?P<hit>[^\s"'`<>]{5,}[^\s"'`<>,;.\\])"#,
        validate: Some(password),
        matches: &[
            "DB_PASSWORD=k4Wz81-bQm",
            r#"{"user": "alder", "password": "9Xq2-tTvLm7z"}"#,
            "password: Hk3!nczSgb",
            "<password>9Xq2tTvLm7z</password>",
            r#"spring.datasource.password=w(8k#t2)vz!x"#,
        ],
        misses: &[
            "password=********",
            "DB_PASSWORD=<password>",
            r#"password = os.environ["DB_PASSWORD"]"#,
            "password: vault.read(\"secret/data/db\").password",
            "passwords: at least 8 characters",
            "const password = getPassword2(user1)",
            "password: changeme",
            "pub const LOCALBYPASS: bindgen_ty_24 = 3;",
            "\"password\": \"Enter your password\"",
        ],
        ..SECRET
    },
    Rule {
        id: "generic_password_prose",
        yields: true,
        entity: "generic_password",
        severity: Severity::High,
        wake: Wake::Keywords(&["pass", "pwd"]),
        pattern: r#"(?i)(?-u:\b)(?:pass(?:word|wd|phrase|code)?|pwd)(?: for [A-Za-z0-9 ._-]{1,40}?)?\s(?:is|was|to|set to|changed to)(?: now| still)?:?\s{1,3}["'`]?(?P<hit>[^\s"'`<>]{5,}[^\s"'`<>,;.?\\])"#,
        validate: Some(spoken_password),
        matches: &["The password is 9Xq2-tTvLm7z, use it.", "My password for the server was `k4Wz81bQm`."],
        misses: &[
            "The password is case-sensitive",
            "a password is 8-16 characters long",
            "the password is stored in Vault",
        ],
        ..SECRET
    },
    Rule {
        id: "generic_password_option",
        yields: true,
        entity: "generic_password",
        severity: Severity::High,
        wake: Wake::Keywords(&[
            "-pass",
            "sshpass",
            "identified ",
            "password '",
            "password \"",
            "login ",
            "--user",
            "curl",
        ]),
        pattern: r#"(?i)(?:(?:^|\s)--?pass(?:word|wd|phrase|code)?[ =]|sshpass -p ?|identified (?:with [a-z0-9_]{1,40} )?by |(?-u:\b)password (?:'|")|login \S+\s+password |(?:--user|curl (?:[ -{}~]{0,120} )?-u)[ =]["']?[^\s:"']+:)["']?(?P<hit>[^\s"'`<>]{5,}[^\s"'`<>,;\\)])"#,
        validate: Some(password),
        matches: &[
            "mysql --password=9Xq2-tTvLm7z shop",
            "CREATE USER alder IDENTIFIED BY '9Xq2tTvLm7z';",
            "machine api.alder.dev login bob password k4Wz81-bQm",
            "curl -s -u alder:k4Wz81-bQm https://api.alder.dev",
        ],
        misses: &[
            "mysql --password=$MYSQL_PASSWORD shop",
            "IDENTIFIED BY 'password'",
            "curl -u user:password https://api.alder.dev",
        ],
        ..SECRET
    },
    Rule {
        id: "generic_password_near",
        yields: true,
        entity: "generic_password",
        severity: Severity::High,
        wake: Wake::Keywords(&["pass", "pwd"]),
        // A table's next cell, the next argument, the "value" or "default" that follows a name, Docker's ENV.
        pattern: r#"(?i)(?:pass(?:word|wd|phrase)|(?-u:\b|_)(?:pass|pwd))(?:["'`]?[ \t]{0,8}[|,][ \t]{0,8}["'`]?|["'`]?[,\s{]{1,12}["']?(?:value|default)["']?\s{0,4}[:=]\s{0,4}["']?|[ \t]{1,4}["'`])(?P<hit>[^\s"'`<>|]{5,}[^\s"'`<>|,;.\\)])"#,
        validate: Some(near_password),
        matches: &[
            "| admin password | 9Xq2-tTvLm7z |",
            "define('DB_PASSWORD', 'k4Wz81-bQm');",
            "- name: DB_PASSWORD\n  value: \"9Xq2tTvLm7z\"",
        ],
        misses: &[
            "| password | string |",
            "(user, password, options2)",
            "'crc-16-buypass', 'Crc16Buypass'",
            "password 'must have 8 characters'",
        ],
        ..SECRET
    },
];

fn password(candidate: &Candidate<'_>) -> Option<f32> {
    let value = judged(candidate);
    // `<password>@host`: the tag was a placeholder.
    let behind_placeholder = value.starts_with('@') && candidate.before(1) == ">";
    if behind_placeholder || is_placeholder_password(value) || is_code(value) || is_reference(value) || is_hash(value) {
        return None;
    }
    let has = |class: fn(&u8) -> bool| value.bytes().any(|byte| class(&byte));
    let symbol = has(|byte| b"!@#$%^&*+=?~".contains(byte));
    let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let digit = has(u8::is_ascii_digit);
    let letter = has(u8::is_ascii_alphabetic);
    let dates_and_numbers = value.bytes().all(|byte| byte.is_ascii_digit() || b"-/.:,%".contains(&byte));
    match () {
        () if dates_and_numbers => None,
        () if looks_random(value) => Some(0.85),
        () if letter && digit => Some(0.7),
        () if mixed && symbol && value.len() >= 8 => Some(0.6),
        () => None,
    }
}

/// In a sentence the next word may be anything: it has to mix letters and digits or symbols.
fn spoken_password(candidate: &Candidate<'_>) -> Option<f32> {
    let value = candidate.hit();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let words = value.contains('-') && value.len() - digits > 12;
    (digits > 0 && !words || looks_random(value)).then(|| password(candidate)).flatten().map(|score| score.min(0.7))
}

/// Without an assignment letters and digits do not suffice: `(user, password, base64)`.
fn near_password(candidate: &Candidate<'_>) -> Option<f32> {
    let value = candidate.hit();
    let symbol =
        value.bytes().any(|byte| b"!@#$%^&*+=?~-".contains(&byte)) && value.bytes().any(|byte| byte.is_ascii_digit());
    (symbol || looks_random(value)).then(|| password(candidate)).flatten().map(|score| score.min(0.6))
}

/// What a password was turned into.
fn is_hash(value: &str) -> bool {
    ["$2a$", "$2b$", "$2y$", "$argon2", "$6$", "$5$", "$1$", "{SSHA}", "pbkdf2"]
        .iter()
        .any(|prefix| value.starts_with(prefix))
}
