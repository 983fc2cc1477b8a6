//! Leetspeak: words in which digits and signs stand for the letters they resemble.
//!
//! One such word alone may as well be an identifier (`log4j`, `x86`): a view is made when a listed word shows up, or
//! when there are two words with a digit *inside*. Then the weaker cases (`4ll`, `th3`) are read as words as well.

use super::{
    Decoder,
    sheet::{Sheet, Writer},
    words,
};

/// Longer ones are identifiers.
const LONGEST: usize = 24;
/// In a row; words with more of them are rare.
const MOST_CONSONANTS: usize = 4;
/// After a number these are units.
const UNITS: &[&str] = &[
    "am", "bit", "cm", "d", "db", "em", "fps", "ft", "g", "gb", "ghz", "h", "hz", "in", "k", "kb", "kbps", "kg", "khz",
    "km", "kw", "kwh", "l", "m", "mb", "mbps", "mg", "mhz", "min", "ml", "mm", "ms", "nm", "ns", "pm", "pt", "px",
    "rem", "s", "sec", "tb", "us", "v", "w", "x",
];

enum Reading {
    /// Not a word, or nothing stands for a letter.
    Plain,
    /// A word only among others.
    Weak,
    Strong,
    Known,
}

pub(super) fn decode(text: &str, sheet: &mut Sheet) {
    let bytes = text.as_bytes();
    let mut writer = Writer::new(text, sheet.room);
    let mut weight = 0_usize;
    let mut at = 0;
    while at < bytes.len() && !writer.is_full() {
        let len = bytes[at..].iter().take_while(|byte| in_word(**byte)).count();
        if len == 0 {
            at += 1;
            continue;
        }
        let end = at + len;
        let word = trim(&bytes[at..end]);
        if (2..=LONGEST).contains(&word.len()) && !is_address(bytes, at, end) {
            let mut folded = [0; LONGEST];
            let folded = &mut folded[..word.len()];
            weight += match read(word, folded) {
                Reading::Plain => {
                    at = end;
                    continue;
                }
                Reading::Weak => 0,
                Reading::Strong => 1,
                Reading::Known => 2,
            };
            if let Ok(folded) = std::str::from_utf8(folded) {
                writer.replace_aligned(at..at + word.len(), folded);
            }
        }
        at = end;
    }
    if weight >= 2 {
        writer.finish();
        sheet.add(Decoder::Leetspeak, writer);
    }
}

fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'$' | b'@' | b'!' | b'|' | b'+')
}

/// Without the signs at its end, which punctuate there.
fn trim(word: &[u8]) -> &[u8] {
    let end = word.iter().rposition(|byte| !matches!(byte, b'!' | b'|' | b'+')).map_or(0, |last| last + 1);
    &word[..end]
}

/// `name@host.tld`: a sign that belongs there.
fn is_address(bytes: &[u8], start: usize, end: usize) -> bool {
    bytes[start..end].contains(&b'@')
        && bytes.get(end) == Some(&b'.')
        && bytes.get(end + 1).is_some_and(u8::is_ascii_alphanumeric)
}

fn letter(byte: u8) -> Option<u8> {
    Some(match byte {
        b'0' => b'o',
        b'1' | b'!' | b'|' => b'i',
        b'2' => b'z',
        b'3' => b'e',
        b'4' | b'@' => b'a',
        b'5' | b'$' => b's',
        b'6' | b'9' => b'g',
        b'7' | b'+' => b't',
        b'8' => b'b',
        _ => return None,
    })
}

fn read(word: &[u8], folded: &mut [u8]) -> Reading {
    let mut letters = 0;
    let mut digits = 0;
    let mut inside = 0;
    let mut longest_number = 0;
    let mut number = 0;
    let mut hex = 0;
    let mut camel = false;
    for (index, &byte) in word.iter().enumerate() {
        let folded_to = letter(byte);
        folded[index] = folded_to.unwrap_or(byte).to_ascii_lowercase();
        hex += usize::from(byte.is_ascii_hexdigit());
        if folded_to.is_none() {
            letters += 1;
            number = 0;
            camel |= byte.is_ascii_uppercase() && index > 0 && word[index - 1].is_ascii_lowercase();
            continue;
        }
        digits += 1;
        number += 1;
        longest_number = number.max(longest_number);
        let sign = matches!(byte, b'!' | b'|' | b'+');
        let next_to_letters = index > 0
            && word[..index].iter().any(u8::is_ascii_alphabetic)
            && word[index + 1..].iter().any(u8::is_ascii_alphabetic);
        inside += usize::from(next_to_letters && !sign);
    }
    if digits == 0 || letters == 0 {
        return Reading::Plain;
    }
    if folded.len() >= 5 && (words::is_known(folded) || is_known_with_l(word, folded)) {
        return Reading::Known;
    }
    let is_id = camel || longest_number > 2 || digits > letters + 2 || (hex == word.len() && hex > 8);
    if is_id || !is_pronounceable(folded) {
        return Reading::Plain;
    }
    let is_measure = inside == 0 && is_measure(word);
    match () {
        () if is_measure => Reading::Plain,
        () if inside > 0 && word.len() >= 4 && hex < word.len() => Reading::Strong,
        () => Reading::Weak,
    }
}

/// Digits of base64 and identifiers fold to letters as well, but not to words.
fn is_pronounceable(folded: &[u8]) -> bool {
    let mut syllables = folded.split(|byte| b"aeiouy".contains(byte));
    let first = syllables.next().map_or(0, <[u8]>::len);
    first < folded.len() && first <= MOST_CONSONANTS && syllables.all(|consonants| consonants.len() <= MOST_CONSONANTS)
}

/// `5km`, `2nd`; `4nd` is neither.
fn is_measure(word: &[u8]) -> bool {
    let number = word.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let unit = word[number..].to_ascii_lowercase();
    let ordinal: &[u8] =
        match (number.checked_sub(2).map(|tens| word[tens]), number.checked_sub(1).map(|ones| word[ones])) {
            (_, None) => return false,
            (Some(b'1'), _) => b"th",
            (_, Some(b'1')) => b"st",
            (_, Some(b'2')) => b"nd",
            (_, Some(b'3')) => b"rd",
            _ => b"th",
        };
    unit == ordinal || UNITS.binary_search_by(|known| known.as_bytes().cmp(&unit)).is_ok()
}

/// `1` and `|` stand for `l` as well; the list decides.
fn is_known_with_l(word: &[u8], folded: &mut [u8]) -> bool {
    let mut other = [0; LONGEST];
    let other = &mut other[..folded.len()];
    other.copy_from_slice(folded);
    for (to, from) in other.iter_mut().zip(word) {
        if matches!(from, b'1' | b'|') {
            *to = b'l';
        }
    }
    let known = words::is_known(other);
    if known {
        folded.copy_from_slice(other);
    }
    known
}
