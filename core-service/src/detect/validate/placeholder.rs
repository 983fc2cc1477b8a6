//! Values that stand for a secret and are none: redacted, a template, a sample from documentation.

/// Found anywhere in a value, ignoring case. Long or punctuated enough that chance does not spell them.
const WORDS: &[&str] = &[
    "example",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "redacted",
    "replace",
    "insert",
    "your_",
    "your-",
    "yourkey",
    "yourtoken",
    "yoursecret",
    "yourpass",
    "yourapi",
    "dummy",
    "sample",
    "xxxx",
    "_here",
    "-here",
    "censored",
    "removed",
    "not-a-real",
    "notreal",
    "fake_",
    "fake-",
    "mysecret",
    "my_secret",
    "my-secret",
    "my_token",
    "my-token",
    "my_api",
    "my-api",
    "mypassword",
    "my_password",
    "my-password",
    "notasecret",
    "undefined",
];

/// Whole values that people write where a password goes, ignoring case and what follows the letters.
const PASSWORDS: &[&str] = &[
    "password",
    "passwd",
    "passwort",
    "pass",
    "pwd",
    "secret",
    "token",
    "admin",
    "root",
    "guest",
    "user",
    "username",
    "test",
    "testing",
    "postgres",
    "mysql",
    "redis",
    "string",
    "null",
    "none",
    "true",
    "false",
    "foo",
    "bar",
    "foobar",
    "hello",
    "value",
    "default",
    "somepassword",
    "mypass",
    "hidden",
    "masked",
    "demo",
    "key",
    "apikey",
    "todo",
    "required",
    "optional",
    "abc",
    "xyz",
    "open sesame",
    "opensesame",
    "pw",
    "p",
    // The password of half of all tutorials.
    "passw0rd!",
    "p@ssw0rd!",
    "pa$$w0rd",
];

/// Parts of secrets that documentation and emulators have made known to everybody.
const PUBLISHED: &[&str] = &[
    // jwt.io: number 1234567890, John Doe.
    "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9l",
    // Azure's emulators of storage and of Cosmos DB.
    "Eby8vdM02xNOcqFlqUwJ",
    "C2y6yDjf5/R+ob0N8A7C",
    // Stripe's documentation.
    "4eC39HqLyjWDarjtT1",
    "BQokikJOvBiI2HlWgH",
    // Slack's.
    "17653672481-19874698323",
    // The key of one-time passwords in the description of their address.
    "JBSWY3DPEHPK3PXP",
];

/// Bytes of a value in which the words are looked for, some forty passes: what stands for a secret says so early.
const HEAD: usize = 1024;

pub fn is_placeholder(value: &str) -> bool {
    let bytes = &value.as_bytes()[..value.len().min(HEAD)];
    is_template(value)
        || is_elided(value)
        || is_monotonous(bytes)
        || is_sequence(bytes)
        || WORDS.iter().any(|word| contains(bytes, word))
        || is_published(value)
}

/// A secret that everybody knows keeps nothing.
pub fn is_published(value: &str) -> bool {
    let head = &value[..value.floor_char_boundary(HEAD)];
    PUBLISHED.iter().any(|part| head.contains(part))
}

/// What stands in for a password in an URL or an assignment: a word, perhaps with digits behind it.
pub fn is_placeholder_password(value: &str) -> bool {
    let word = value.trim_end_matches(|c: char| c.is_ascii_digit());
    let identifier = value.contains('_') && value.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    identifier || is_placeholder(value) || PASSWORDS.iter().any(|dummy| word.eq_ignore_ascii_case(dummy))
}

/// `<token>`, `${TOKEN}`, `$TOKEN`, `{{ token }}`, `%TOKEN%`, `%s`, `[token]`.
pub fn is_template(value: &str) -> bool {
    let shell_variable = |rest: &str| {
        !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_uppercase() || b == b'_') || rest.starts_with(['{', '('])
    };
    value.starts_with(['<', '['])
        || value.starts_with("&#")
        || value.starts_with("&lt;")
        || value.contains("{{")
        || value.contains("${")
        || value.contains("<%")
        || value.strip_prefix('$').is_some_and(shell_variable)
        || value.len() > 2 && value.starts_with('%') && value.ends_with('%')
        || matches!(value, "%s" | "%v" | "{}" | "?" | "%d")
        || value.starts_with('{') && value.ends_with('}')
}

fn is_elided(value: &str) -> bool {
    value.contains("...") || value.contains("***") || value.contains(['…', '•', '●', '█'])
}

/// One letter again and again, or hardly more than a few different ones.
fn is_monotonous(bytes: &[u8]) -> bool {
    let repeated = bytes.chunk_by(|a, b| a == b).any(|run| run.len() >= 6);
    let mut seen = [false; 256];
    for &byte in bytes {
        seen[usize::from(byte)] = true;
    }
    repeated || bytes.len() >= 16 && seen.iter().filter(|&&seen| seen).count() < 7
}

/// At least half of it counts up or down, in either case: `1234567890abcdef`, `aBcDeFgHiJ`.
fn is_sequence(bytes: &[u8]) -> bool {
    let place = |byte: u8| i16::from(byte.to_ascii_lowercase());
    let runs = |step: i16| -> usize {
        bytes
            .chunk_by(|&a, &b| place(b) - place(a) == step && a.is_ascii_alphanumeric())
            .map(<[u8]>::len)
            .filter(|&length| length >= 4)
            .sum()
    };
    bytes.len() >= 6 && (runs(1) * 2 >= bytes.len() || runs(-1) * 2 >= bytes.len())
}

fn contains(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_and_templates_are_placeholders() {
        for value in [
            "AKIAXXXXXXXXXXXXXXXX",
            "AKIAIOSFODNN7EXAMPLE",
            "sk-...",
            "<your-key>",
            "${TOKEN}",
            "$DB_PASSWORD",
            "****",
            "{{ token }}",
            "sk-1234567890abcdef1234567890abcdef",
            "YOUR_API_KEY",
            "0000000000000000",
            "%PASSWORD%",
            "abababababababab",
            "hf_xxxxxxxx",
            concat!("ghp_", "aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789"),
            concat!("sk_test_", "4eC39HqLyjWDarjtT1zdp7dc"),
        ] {
            assert!(is_placeholder(value), "{value}");
        }
        for value in ["password", "password123", "secret_access_key", "Secret", "changeme", "test1234", "Passw0rd!"] {
            assert!(is_placeholder_password(value), "{value}");
        }
    }

    #[test]
    fn random_values_are_none() {
        for value in
            ["q8Zt1LmN4vXw7RkB2cYh", "5f0c9be1d27a48e3b6c10f9ad2e87b43", "Tr0ub4dor&3", "$2pQ!z81Lm", "Passw0rd-42"]
        {
            assert!(!is_placeholder_password(value), "{value}");
        }
    }
}
