//! Telling random characters from words, names and code. Entropy alone does not: `configuration_key_name`
//! has more of it than many a password. What separates them is how often the kind of character changes.

/// Bits a character, from 0 to 8.
pub fn entropy(value: &str) -> f32 {
    let mut counts = [0_u16; 256];
    for byte in value.bytes() {
        counts[usize::from(byte)] = counts[usize::from(byte)].saturating_add(1);
    }
    let total = value.len() as f32;
    counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| f32::from(count) / total)
        .map(|share| -share * share.log2())
        .sum()
}

/// Whether some unbroken run of letters and digits looks drawn by lot.
pub fn looks_random(value: &str) -> bool {
    value.split(|c: char| !c.is_ascii_alphanumeric()).any(is_random_run) || is_random_with_symbols(value)
}

/// Eight or more characters, a digit among them, that change between letters and digits, or leave lower case, in at least a quarter of the
/// steps (a fifth in a long run). Random base62 does so in 44 %, hex in 47 %, base36 in 40 %; camel case with its numbers in under 20 %.
fn is_random_run(run: &str) -> bool {
    let bytes = run.as_bytes();
    if bytes.len() < 8 {
        return false;
    }
    let digits = bytes.iter().any(u8::is_ascii_digit);
    let changes = bytes.windows(2).filter(|pair| is_change(pair[0], pair[1])).count();
    // The longer the run, the less chance plays in.
    let share = if bytes.len() < 16 { 4 } else { 5 };
    digits && changes >= 3 && changes * share >= bytes.len() - 1
}

/// What separates random characters from words where a documented prefix has settled the rest: separators aside, three
/// changes, in a seventh of the steps. Letters alone, drawn from both cases, change less than [`looks_random`] asks for.
pub fn is_no_phrase(value: &str) -> bool {
    let mut previous = b'a';
    let (mut length, mut changes) = (0, 0);
    for byte in value.bytes().filter(u8::is_ascii_alphanumeric) {
        length += 1;
        changes += usize::from(is_change(previous, byte));
        previous = byte;
    }
    changes >= 3 && changes * 7 >= length
}

fn is_change(from: u8, to: u8) -> bool {
    from.is_ascii_digit() != to.is_ascii_digit() || from.is_ascii_lowercase() && to.is_ascii_uppercase()
}

/// Generators that draw from punctuation too leave no long run: many symbols, of many kinds, between letters and digits.
fn is_random_with_symbols(value: &str) -> bool {
    const SYMBOLS: &str = "!@#$%^&*()+=~?";
    let kinds = SYMBOLS.chars().filter(|&symbol| value.contains(symbol)).count();
    value.len() >= 12 && kinds >= 3 && value.bytes().filter(u8::is_ascii_digit).count() >= 2
}

pub fn is_uuid(value: &str) -> bool {
    value.len() == 36
        && value.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The shape of digests and commit ids, which are everywhere and no secrets.
pub fn is_hex(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What looks drawn by lot in it is hex, so that all of it names a thing: `Linux-node-5f0c9b…`, `uploads/<uuid>/report`.
pub fn is_digest(value: &str) -> bool {
    let mut random = value.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| is_random_run(part)).peekable();
    random.peek().is_some() && random.all(is_hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_code_are_not_random() {
        for value in [
            "AbstractSingletonProxyFactoryBean",
            "how-we-cut-our-costs-by-40-percent",
            "base64DecodeString",
            "settings.API_KEY_V2",
            "oauth2ClientSecret",
            "MY_SECRET_TOKEN_2024",
            "arn:aws:iam::794661915316:role/deploy",
            "generateToken32",
            "xmlSecKeysMngrGetKey",
        ] {
            assert!(!looks_random(value), "{value}");
        }
    }

    #[test]
    fn a_digest_among_words_is_a_name() {
        let digest = "5f0c9be1d27a48e3b6c10f9ad2e87b43";
        assert!(is_digest(digest) && is_digest(&format!("Linux-node-{digest}")));
        assert!(is_digest("uploads/7f0c9be1-d27a-48e3-b6c1-0f9ad2e87b43/report.pdf"));
        for value in ["q8Zt1LmN4vXw7RkB2cYh", "x)7(q!m#2v^t8*=z", "Linux-node", &format!("k3j9x0w2m5q8r1t7-{digest}")] {
            assert!(!is_digest(value), "{value}");
        }
    }

    #[test]
    fn drawn_characters_are() {
        for value in
            ["5f0c9be1d27a48e3b6c10f9ad2e87b43", "q8Zt1LmN4vXw7RkB2cYh", "k3j9x0w2m5q8r1t7", "x)7(q!m#2v^t8*=z"]
        {
            assert!(looks_random(value), "{value}");
        }
        assert!(entropy("aaaa") < 0.1 && entropy("abcd") > 1.9);
    }
}
