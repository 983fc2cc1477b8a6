//! A text as words, folded so that spelling says nothing: case, accents, width and ligatures go.

use unicode_normalization::char::decompose_compatible;

/// FNV-1a: a prefix of a word has the hash that the word had on the way to it.
const OFFSET: u32 = 0x811c_9dc5;
const PRIME: u32 = 0x0100_0193;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    pub hash: u32,
    /// Bytes of the text.
    pub start: u32,
    pub end: u32,
}

/// What is told about a word while it is read.
pub trait Visit {
    /// After each character of a word: the hash of the word so far.
    fn prefix(&mut self, hash: u32);
    fn word(&mut self, token: Token);
}

const fn step(hash: u32, byte: u8) -> u32 {
    (hash ^ byte as u32).wrapping_mul(PRIME)
}

fn step_char(hash: u32, c: char) -> u32 {
    u32::from(c).to_le_bytes().into_iter().take(3).fold(hash, step)
}

/// Scripts that put no spaces between words: each character is a token.
const fn stands_alone(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3134f}')
}

/// Marks above and below letters that people leave out, and what nobody sees.
const fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{64b}'..='\u{655}' | '\u{670}' | '\u{640}' | '\u{200b}'..='\u{200f}' | '\u{ad}' | '\u{2060}' | '\u{feff}')
}

/// Numbers are all one: which of them stands there says nothing, and each would be a word of its own with a weight that
/// another word left in its place.
const fn plain_byte(byte: u8) -> u8 {
    if byte.is_ascii_digit() { b'0' } else { byte.to_ascii_lowercase() }
}

/// Letters that Unicode does not take apart and people do.
const fn plain(c: char) -> char {
    match c {
        'ı' => 'i',
        'ł' => 'l',
        'ø' => 'o',
        'đ' => 'd',
        'ی' | 'ى' => 'ي',
        'ک' => 'ك',
        'ς' => 'σ',
        _ => c,
    }
}

/// The hashes of a text's words, for what is read once: the lists of words.
pub fn hashes(text: &str) -> Vec<u32> {
    struct Words(Vec<u32>);

    impl Visit for Words {
        fn prefix(&mut self, _: u32) {}

        fn word(&mut self, token: Token) {
            self.0.push(token.hash);
        }
    }

    let mut words = Words(Vec::new());
    read(text, &mut words);
    words.0
}

/// Reads a text; linear, without memory of its own.
pub fn read(text: &str, visit: &mut impl Visit) {
    let bytes = text.as_bytes();
    let mut word: Option<(u32, usize)> = None;
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte.is_ascii() {
            if byte.is_ascii_alphanumeric() {
                let within_number = byte.is_ascii_digit() && at > 0 && bytes[at - 1].is_ascii_digit();
                match word {
                    Some(_) if within_number => {}
                    begun => {
                        let (hash, start) = begun.unwrap_or((OFFSET, at));
                        let hash = step(hash, plain_byte(byte));
                        visit.prefix(hash);
                        word = Some((hash, start));
                    }
                }
            } else {
                close(&mut word, at, visit);
            }
            at += 1;
            continue;
        }
        let Some(c) = text[at..].chars().next() else { break };
        let next = at + c.len_utf8();
        if stands_alone(c) {
            close(&mut word, at, visit);
            if c.is_alphanumeric() || !c.is_ascii_punctuation() {
                let hash = fold(OFFSET, c, &mut |_| {});
                visit.prefix(hash);
                word = Some((hash, at));
                close(&mut word, next, visit);
            }
        } else if c.is_alphanumeric() || is_accent(c) || is_joiner(c) {
            // An accent alone begins no word.
            if word.is_some() || c.is_alphanumeric() {
                let (hash, start) = word.unwrap_or((OFFSET, at));
                let hash = fold(hash, c, &mut |hash| visit.prefix(hash));
                word = Some((hash, start));
            }
        } else {
            close(&mut word, at, visit);
        }
        at = next;
    }
    close(&mut word, bytes.len(), visit);
}

/// Marks inside the words of Indic scripts that are no letters by themselves.
const fn is_joiner(c: char) -> bool {
    matches!(c, '\u{900}'..='\u{d7f}')
}

fn fold(mut hash: u32, c: char, prefix: &mut impl FnMut(u32)) -> u32 {
    decompose_compatible(c, |part| {
        for lower in part.to_lowercase().map(plain) {
            if is_accent(lower) {
                continue;
            }
            hash = match u8::try_from(lower) {
                Ok(byte) if byte.is_ascii() => step(hash, plain_byte(byte)),
                _ => step_char(hash, lower),
            };
            prefix(hash);
        }
    });
    hash
}

fn close(word: &mut Option<(u32, usize)>, end: usize, visit: &mut impl Visit) {
    if let Some((hash, start)) = word.take() {
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        visit.word(Token { hash, start: narrow(start), end: narrow(end) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_all_one() {
        assert_eq!(hashes("message 7"), hashes("message 56991"));
        assert_eq!(hashes("v2.0 \u{ff15}"), hashes("v31.7 9"));
        assert_ne!(hashes("b4"), hashes("b"));
    }

    #[derive(Default)]
    struct Words(Vec<Token>, Vec<u32>);

    impl Visit for Words {
        fn prefix(&mut self, hash: u32) {
            self.1.push(hash);
        }

        fn word(&mut self, token: Token) {
            self.0.push(token);
        }
    }

    #[test]
    fn spelling_says_nothing() {
        for (a, b) in [
            ("Ignoré ALL", "ignore all"),
            ("Ｉｇｎｏｒｅ", "ignore"),
            ("İPTAL ı", "iptal i"),
            ("don't", "don t"),
            ("ig\u{ad}nore", "ignore"),
            ("system_prompt", "System-Prompt"),
        ] {
            assert_eq!(hashes(a), hashes(b), "{a} {b}");
        }
        assert_ne!(hashes("ignore"), hashes("ignored"));
    }

    #[test]
    fn scripts_without_spaces_are_read_by_character() {
        assert_eq!(hashes("忽略指令。").len(), 4);
        assert_eq!(hashes("これ abc").len(), 3);
        assert_eq!(hashes("निर्देश अनदेखा").len(), 2);
    }

    #[test]
    fn tokens_stand_where_the_words_stand() {
        let mut words = Words::default();
        read("¡Olvidé 字!", &mut words);
        let places: Vec<_> = words.0.iter().map(|token| (token.start, token.end)).collect();
        assert_eq!(places, [(2, 9), (10, 13)]);
        assert!(words.1.contains(&hashes("olvi")[0]));
    }
}
