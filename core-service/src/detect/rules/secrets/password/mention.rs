//! What stands where a password goes and is none: code, the verdicts of tests, what is said of its length or its kind.

use crate::detect::validate::{Candidate, assignment::name, randomness::looks_random};

/// What code has in place of a value: `user.password2`, `models.CharField(max_length=128)`, `"$db_password_1"`, the
/// `Uint8Array` of `password: Uint8Array = …`.
pub(super) fn is_expression(candidate: &Candidate<'_>, value: &str) -> bool {
    // A hit ends before `->`.
    let bare = value.trim_end_matches([')', ':', '?', ',', ']', '}', '-']);
    if candidate.before(1).ends_with(['"', '\'', '`']) && !bare.starts_with('$') {
        return false;
    }
    let lower = bare.to_ascii_lowercase();
    let says = ["password", "passwd", "_pass", "_pw", "pw_"].iter().any(|word| lower.contains(word));
    // `TempPassword1` is what people choose.
    let variable = is_name(bare) && (bare.contains('_') || !bare.starts_with(|c: char| c.is_ascii_uppercase()));
    let annotation = is_name(bare) && candidate.after(3).trim_start().starts_with('=');
    let computed = (is_member(bare) || is_argument(bare)) && !looks_random(bare);
    computed || variable && says || annotation || is_call(bare)
}

/// `config.password2`, `Config::PASSWORD_2`, `$user->password2`.
fn is_member(value: &str) -> bool {
    let path = value.replace("::", ".").replace("->", ".");
    path.contains('.') && path.split('.').all(is_name)
}

/// `Field(min_length=8`: a name, and arguments by name.
fn is_call(value: &str) -> bool {
    value.split_once('(').is_some_and(|(head, arguments)| {
        (is_name(head) || is_member(head)) && arguments.split([',', '(']).any(is_argument)
    })
}

/// `exitcode=0`
fn is_argument(value: &str) -> bool {
    value
        .split_once('=')
        .is_some_and(|(name, _)| name.len() >= 3 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
}

pub(super) fn is_name(part: &str) -> bool {
    let name = part.trim_start_matches(['$', '@']).trim_end_matches('?');
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// `PASS: TestParseV2`, as those who run tests print it; behind a user's name it is a password.
pub(super) fn is_verdict(candidate: &Candidate<'_>, value: &str) -> bool {
    let tested = match name(candidate) {
        "PASS" => true,
        "Pass" => value.contains(['/', '.', '_']) || value.to_ascii_lowercase().contains("test"),
        _ => false,
    };
    if !tested || !candidate.before(3).trim_end().ends_with(':') {
        return false;
    }
    let before = candidate.before(64).to_ascii_lowercase();
    let user = ["user", "login", "mail", "account", "ssid"].iter().any(|word| before.contains(word));
    let listed = before.contains("--- pass") || before.matches("pass:").count() + before.matches("fail:").count() > 1;
    let plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_./:-[](),".contains(&byte));
    plain && (listed || !user)
}

/// The shell's own variable.
pub(super) fn is_directory(candidate: &Candidate<'_>, value: &str) -> bool {
    value.starts_with('/') && name(candidate) == "PWD"
}

/// `12-stellig`, `16-character`.
pub(super) fn is_length(value: &str) -> bool {
    value.split_once('-').is_some_and(|(count, unit)| {
        (1..=3).contains(&count.len())
            && count.bytes().all(|byte| byte.is_ascii_digit())
            && unit.len() >= 4
            && unit.chars().skip(1).all(char::is_lowercase)
    })
}

/// How it is stored or made: `SHA-256`, `base64-encoded`, `RSA2048-verschlüsselt`.
pub(super) fn is_property(value: &str) -> bool {
    const KINDS: &[&str] =
        &["sha", "md5", "base64", "aes", "rsa", "hmac", "bcrypt", "argon2", "pbkdf2", "utf", "oauth"];
    let lower = value.to_ascii_lowercase();
    let described =
        value.rsplit_once('-').is_some_and(|(_, tail)| tail.len() >= 5 && tail.chars().all(char::is_lowercase));
    described || KINDS.iter().any(|kind| lower.starts_with(kind))
}
