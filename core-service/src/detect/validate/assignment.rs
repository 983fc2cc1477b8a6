//! Both sides of an assignment: what the name says, and whether the value is a value at all.

use super::{
    Candidate,
    placeholder::is_placeholder,
    randomness::{is_hex, looks_random},
};

/// The hit up to the next parameter of a query or connection string: `key=value&other=…`, `Password=value;Encrypt=…`.
pub fn judged<'a>(candidate: &Candidate<'a>) -> &'a str {
    let hit = candidate.hit();
    let next = hit.match_indices(['&', ';']).map(|(at, _)| at).find(|&at| {
        let rest = hit[at + 1..].trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        rest.starts_with('=') && rest.len() < hit.len() - at - 1
    });
    next.map_or(hit, |at| &hit[..at])
}

/// The identifier that the value is assigned to.
pub fn name<'a>(candidate: &Candidate<'a>) -> &'a str {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let before = candidate.before(96).trim_end_matches(|c: char| !is_name(c));
    // Behind "is" of a sentence the name is the word before it.
    let before = before.strip_suffix(" is").or_else(|| before.strip_suffix(" was")).unwrap_or(before);
    let start =
        before.rfind(|c: char| !is_name(c)).map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    &before[start..]
}

/// Names that end in "key" or "token" and hold nothing to hide.
pub fn is_harmless_name(name: &str) -> bool {
    const OF_BOTH: &[&str] = &[
        "public",
        "cache",
        "idempotency",
        "idempotent",
        "next",
        "page",
        "continuation",
        "pagination",
        "cursor",
        "sync",
        "eos",
        "bos",
        "pad",
        "unk",
        "cancellation",
        "cancel",
        "lookup",
        "dedup",
        "dedupe",
        "translation",
        "publishable",
        "etag",
        "trace",
        "resume",
        "tokenizer",
        "change",
        "ssh-rsa",
    ];
    // Before "token" these name whose token it is.
    const OF_KEYS: &[&str] = &[
        "pub",
        "primary",
        "foreign",
        "partition",
        "sort",
        "object",
        "s3",
        "row",
        "range",
        "index",
        "i18n",
        "site",
        "issue",
        "jira",
        "project",
        "routing",
        "host",
        "known",
        "group",
        "hash",
        "map",
        "dict",
        "registry",
        "lock",
        "react",
        "mon",
        "tur",
        "don",
        "hot",
        "artifact",
        "storage_key",
        "restore",
        "kms",
    ];
    let lower = name.to_ascii_lowercase();
    let stem = lower.trim_end_matches("key").trim_end_matches("token").trim_end_matches(['_', '-', '.']);
    let ends = |parts: &[&str]| parts.iter().any(|part| stem.ends_with(part));
    ends(OF_BOTH) || lower.ends_with("key") && ends(OF_KEYS)
}

pub fn is_filled_later(value: &str) -> bool {
    is_placeholder(value) || is_code(value) || is_reference(value) || is_hash(value)
}

/// A call, an index, an environment look-up: `os.environ[`, `getToken(`, `process.env.TOKEN`, `self.token2`.
pub fn is_code(value: &str) -> bool {
    const LOOKUPS: &[&str] = &[
        "process.env",
        "os.environ",
        "os.getenv",
        "getenv",
        "env::",
        "env.",
        "import.meta",
        "secrets.",
        "vault:",
        "ENC[",
        "self.",
        "this.",
        "config.",
        "settings.",
    ];
    let name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '>' | '-' | '$');
    let head = value.trim_start_matches(name);
    let call = head.len() < value.len()
        && head.starts_with(['(', '['])
        && head.chars().all(|c| name(c) || "()[],&".contains(c));
    call && !looks_random(value)
        || value.ends_with(['(', '[', '{'])
        || LOOKUPS.iter().any(|lookup| value.starts_with(lookup))
}

/// An address, a path, a digest with its algorithm: where a secret may be, not what it is.
pub fn is_reference(value: &str) -> bool {
    const SCHEMES: &[&str] = &[
        "sha1",
        "sha256",
        "sha384",
        "sha512",
        "md5:",
        "arn:",
        "urn:",
        "file:",
        "data:",
        "ssh-rsa",
        "projects/",
        "op://",
        "0x",
    ];
    const FILES: &[&str] = &[
        ".pem", ".key", ".json", ".txt", ".crt", ".yaml", ".yml", ".toml", ".env", ".html", ".js", ".py", ".md",
        ".com", ".org",
    ];
    value.contains("://")
        || value.starts_with(':')
        || value.starts_with("./")
        || value.starts_with("../")
        || value.starts_with("~/")
        || is_path(value)
        || SCHEMES.iter().any(|scheme| value.starts_with(scheme))
        || FILES.iter().any(|file| value.ends_with(file))
}

/// `/srv/app/v2/current`, `C:\\srv\\app`.
fn is_path(value: &str) -> bool {
    let drive = matches!(value.as_bytes(), [letter, b':', b'\\', ..] if letter.is_ascii_alphabetic());
    let parts = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"./_-".contains(&byte));
    drive || value.starts_with('/') && value[1..].contains('/') && parts && !looks_random(value)
}

/// Whether the last part of it has an extension: `report.pdf`, `a/b/c.tar.gz`, at the end of a sentence as well.
pub fn is_file(value: &str) -> bool {
    let known = ["mp3", "mp4", "m4a", "7z", "bz2"];
    let name = value.trim_end_matches('.');
    name.rsplit_once('.').is_some_and(|(_, extension)| {
        (1..=5).contains(&extension.len()) && extension.bytes().all(|byte| byte.is_ascii_alphabetic())
            || known.contains(&extension)
    })
}

/// What a password was turned into: hashes as they are stored, and what only its owner can decipher.
pub fn is_hash(value: &str) -> bool {
    const PREFIXES: &[&str] = &[
        "$2a$",
        "$2b$",
        "$2x$",
        "$2y$",
        "$argon2",
        "$scrypt$",
        "$pbkdf2",
        "$apr1$",
        "$sha1$",
        "$gy$",
        "$y$",
        "$7$",
        "$6$",
        "$5$",
        "$1$",
        "argon2$",
        "pbkdf2",
        "bcrypt$",
        "bcrypt_sha256$",
        "scrypt:",
        "sha1$",
        "md5$",
        "SCRAM-SHA-",
        "{SSHA",
        "{SHA",
        "{SMD5}",
        "{MD5}",
        "{CRYPT}",
        "{bcrypt}",
        "{scrypt}",
        "{argon2",
        "{pbkdf2",
        "{cipher}",
        "ENC(",
    ];
    let begins = |prefix: &str| {
        value.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
            && value.len() > prefix.len() + 8
    };
    // MySQL's, and what a Sealed Secret or a key of AWS encrypted.
    let mysql = value.strip_prefix('*').is_some_and(|hex| hex.len() == 40 && is_hex(hex));
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let sealed =
        (value.starts_with("Ag") || value.starts_with("AQICAH")) && value.len() > 200 && value.bytes().all(base64);
    PREFIXES.iter().any(|prefix| begins(prefix)) || mysql || sealed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_for_keys_says_nothing_of_tokens() {
        for name in ["public_key", "kms_key", "jira-key", "hotkey", "monkey", "nextPageToken", "CACHE_KEY"] {
            assert!(is_harmless_name(name), "{name}");
        }
        for name in ["JIRA_TOKEN", "SNAPSHOT_TOKEN", "registry_token", "api_key", "secret"] {
            assert!(!is_harmless_name(name), "{name}");
        }
    }

    #[test]
    fn places_are_references_and_passwords_are_none() {
        for value in ["/srv/app/v2/current", "../keys/id_2", "C:\\srv\\app2", "~/keys2"] {
            assert!(is_reference(value), "{value}");
        }
        for value in ["/k4Wz81bQm", "/a/k4Wz81bQm9Xq2", "C:k4Wz81", "k4/Wz81/bQm"] {
            assert!(!is_reference(value), "{value}");
        }
        assert!(is_file("a/report-2024.pdf") && is_file("clip.mp4.") && !is_file("a.b/c") && !is_file("v1.2"));
    }

    #[test]
    fn hashes_are_no_passwords() {
        let body = "k4Wz81bQm9Xq2tTvLm7z";
        for prefix in ["$y$j9T$", "$7$", "$apr1$", "scrypt:32768:8:1$", "SCRAM-SHA-256$4096:", "{SHA}", "{bcrypt}$2a$"]
        {
            assert!(is_hash(&format!("{prefix}{body}")), "{prefix}");
        }
        assert!(is_hash("*5F0C9BE1D27A48E3B6C10F9AD2E87B43E61A7C05") && !is_hash("*5F0C9BE1D27A48E3"));
        assert!(is_hash(&format!("AgB{}", body.repeat(11))) && !is_hash(&format!("AgB{body}")));
        assert!(!is_hash(body) && !is_hash("$2pQ!z81Lm") && !is_hash("md5$x"));
    }
}
