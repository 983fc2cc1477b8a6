//! Both sides of an assignment: what the name says, and whether the value is a value at all.

use super::{Candidate, placeholder::is_placeholder, randomness::looks_random};

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
    const PARTS: &[&str] = &[
        "public",
        "pub",
        "cache",
        "primary",
        "foreign",
        "partition",
        "sort",
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
        "object",
        "s3",
        "row",
        "range",
        "index",
        "lookup",
        "dedup",
        "dedupe",
        "i18n",
        "translation",
        "publishable",
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
        "etag",
        "trace",
        "react",
        "resume",
        "mon",
        "tur",
        "don",
        "hot",
        "tokenizer",
        "change",
        "artifact",
        "storage_key",
        "restore",
        "ssh-rsa",
    ];
    let lower = name.to_ascii_lowercase();
    let stem = lower.trim_end_matches("key").trim_end_matches("token").trim_end_matches(['_', '-', '.']);
    PARTS.iter().any(|part| stem.ends_with(part))
}

pub fn is_filled_later(value: &str) -> bool {
    is_placeholder(value) || is_code(value) || is_reference(value)
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
        || value.starts_with("~/")
        || SCHEMES.iter().any(|scheme| value.starts_with(scheme))
        || FILES.iter().any(|file| value.ends_with(file))
}
