//! Characters written as their numbers, in the signals of Morse or in the cells of Braille.

use std::ops::Range;

use super::{
    Decoder,
    encoded::{readable, write},
    sheet::{Sheet, Writer},
};

/// Characters; fewer are dots that lead to a page number, a spinner or a few figures.
const FEWEST: usize = 8;
/// Different letters among them: rules and tables of dots and dashes have two or three.
const FEWEST_KINDS: usize = 5;
/// Between two numbers or two signals, in bytes.
const WIDEST_GAP: usize = 3;

/// How a number says bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Base {
    Binary,
    Octal,
    Decimal,
}

impl Base {
    /// Whether the digits are of this base.
    fn read(self, digits: &[u8], decoded: &mut Vec<u8>) -> bool {
        match self {
            Self::Binary => binary(digits, decoded),
            Self::Octal => value(digits, 8, decoded),
            Self::Decimal => (digits.len() == 1 || digits[0] != b'0') && value(digits, 10, decoded),
        }
    }
}

pub(super) fn numbers(text: &str, sheet: &mut Sheet) {
    let bytes = text.as_bytes();
    let mut writer = Writer::new(text, sheet.room);
    let mut row: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while let Some(found) = bytes[at..].iter().position(u8::is_ascii_digit) {
        at += found;
        row.clear();
        while let Some(number) = number(bytes, at) {
            at = number.end;
            row.push(number);
            let gap = bytes[at..].iter().take(WIDEST_GAP).take_while(|byte| b" ,;-|\r\n".contains(byte)).count();
            at += gap;
            if gap == 0 {
                break;
            }
        }
        if row.is_empty() {
            at += bytes[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        }
        let digits: usize = row.iter().map(ExactSizeIterator::len).sum();
        if row.len() >= FEWEST || digits >= FEWEST * 8 {
            // Decimal numbers of as many characters have nines among them, or a space of two digits.
            let octals =
                row.iter().all(|number| matches!(bytes[number.clone()], [b'0' | b'1', b'0'..=b'7', b'0'..=b'7']));
            let first = if octals { Base::Octal } else { Base::Binary };
            let bases = [first, Base::Decimal, if octals { Base::Binary } else { Base::Octal }];
            // The first that makes a text of it is it.
            let _ = bases.iter().any(|base| stretches(bytes, &row, *base, &mut writer, sheet));
        }
        if writer.is_full() {
            break;
        }
    }
    if !writer.is_empty() {
        sheet.add(Decoder::Numbers, writer);
    }
}

/// Digits that stand alone.
fn number(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let len = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let glued = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let before = match &bytes[..at] {
        [.., b'0'..=b'9', b'.'] => true,
        [.., before] => glued(before),
        [] => false,
    };
    let after = bytes.get(at + len).is_some_and(glued);
    (len > 0 && !before && !after).then_some(at..at + len)
}

/// Writes the longest stretches of `row` that are text in `base`; says whether there was one.
fn stretches(bytes: &[u8], row: &[Range<usize>], base: Base, writer: &mut Writer<'_>, sheet: &mut Sheet) -> bool {
    let mut wrote = false;
    let mut decoded = Vec::new();
    let mut start = 0;
    for (index, number) in row.iter().enumerate() {
        let reads = base.read(&bytes[number.clone()], &mut decoded);
        let end = if reads { index + 1 } else { index };
        if reads && end < row.len() {
            continue;
        }
        if start < end
            && let Some(text) = readable(std::mem::take(&mut decoded))
            && (base == Base::Binary || has_words(&text))
        {
            write(&text, row[start].start..row[end - 1].end, writer, sheet);
            wrote = true;
        }
        decoded.clear();
        start = index + 1;
    }
    wrote
}

/// Marks, ages and pixels read as capitals and signs: text has small letters in a row, or blanks between its words.
fn has_words(text: &str) -> bool {
    let small = |window: &[u8]| window.iter().all(u8::is_ascii_lowercase);
    let is_word = |word: &&str| !word.is_empty() && word.chars().all(char::is_alphanumeric);
    text.as_bytes().windows(4).any(small) || text.split(' ').filter(is_word).count() > 2
}

/// Bytes of eight digits each, or a character of seven.
fn binary(digits: &[u8], decoded: &mut Vec<u8>) -> bool {
    let size = if digits.len() == 7 { 7 } else { 8 };
    if !digits.len().is_multiple_of(size) || digits.iter().any(|digit| !matches!(digit, b'0' | b'1')) {
        return false;
    }
    decoded.extend(digits.chunks_exact(size).map(|eight| eight.iter().fold(0, |byte, digit| byte << 1 | (digit & 1))));
    true
}

fn value(digits: &[u8], base: u32, decoded: &mut Vec<u8>) -> bool {
    let add = |value: u32, digit: &u8| Some(value * base + char::from(*digit).to_digit(base)?);
    let value = if digits.len() <= 3 { digits.iter().try_fold(0, add) } else { None };
    match value.and_then(|value| u8::try_from(value).ok()) {
        Some(byte @ (b'\t' | b'\n' | b'\r' | b' '..)) => {
            decoded.push(byte);
            true
        }
        _ => false,
    }
}

/// International Morse code (ITU-R M.1677-1), letters and digits; a long signal is a set bit, after a leading one.
const MORSE: &[(u8, char)] = &[
    (0b101, 'a'),
    (0b11000, 'b'),
    (0b11010, 'c'),
    (0b1100, 'd'),
    (0b10, 'e'),
    (0b10010, 'f'),
    (0b1110, 'g'),
    (0b10000, 'h'),
    (0b100, 'i'),
    (0b10111, 'j'),
    (0b1101, 'k'),
    (0b10100, 'l'),
    (0b111, 'm'),
    (0b110, 'n'),
    (0b1111, 'o'),
    (0b10110, 'p'),
    (0b11101, 'q'),
    (0b1010, 'r'),
    (0b1000, 's'),
    (0b11, 't'),
    (0b1001, 'u'),
    (0b10001, 'v'),
    (0b1011, 'w'),
    (0b11001, 'x'),
    (0b11011, 'y'),
    (0b11100, 'z'),
    (0b11_1111, '0'),
    (0b10_1111, '1'),
    (0b10_0111, '2'),
    (0b10_0011, '3'),
    (0b10_0001, '4'),
    (0b10_0000, '5'),
    (0b11_0000, '6'),
    (0b11_1000, '7'),
    (0b11_1100, '8'),
    (0b11_1110, '9'),
    (0b101_0101, '.'),
    (0b111_0011, ','),
    (0b100_1100, '?'),
];
/// Signals of a character.
const LONGEST_SIGNAL: u32 = 6;

/// The dots and dashes of a character, for those who disguise a text.
pub(super) fn signals(c: char) -> Option<String> {
    let (code, _) = MORSE.iter().find(|(_, known)| *known == c)?;
    let bits = 7 - code.leading_zeros();
    Some((0..bits).rev().map(|bit| if code >> bit & 1 == 1 { '-' } else { '.' }).collect())
}

/// What was read of a row of signals or cells.
#[derive(Default)]
struct Letters {
    text: String,
    count: usize,
    range: Range<usize>,
}

impl Letters {
    fn push(&mut self, c: char, from: Range<usize>) {
        if self.text.is_empty() {
            self.range.start = from.start;
        }
        self.text.push(c);
        self.count += usize::from(c.is_alphanumeric());
        self.range.end = from.end;
    }

    /// Apart from the word before, if there is one.
    fn space(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
    }

    fn close(&mut self, writer: &mut Writer<'_>, sheet: &mut Sheet) {
        let mut kinds: Vec<char> = self.text.chars().filter(|c| c.is_alphanumeric()).take(64).collect();
        kinds.sort_unstable();
        kinds.dedup();
        if self.count >= FEWEST && kinds.len() >= FEWEST_KINDS {
            write(self.text.trim_end(), self.range.clone(), writer, sheet);
        }
        self.text.clear();
        self.count = 0;
    }
}

pub(super) fn morse(text: &str, sheet: &mut Sheet) {
    let mut writer = Writer::new(text, sheet.room);
    let mut letters = Letters::default();
    // The signals of a character that are read so far, after a leading one, and where they began.
    let mut signal = (1_u32, 0);
    let mut blanks = 0;
    for (at, c) in text.char_indices().chain([(text.len(), '\n')]) {
        let long = match c {
            '.' | '·' | '•' => Some(0),
            '-' | '_' | '−' | '–' | '—' => Some(1),
            _ => None,
        };
        if let Some(long) = long {
            if blanks >= WIDEST_GAP {
                letters.space();
            }
            blanks = 0;
            if signal.0 == 1 {
                signal.1 = at;
            }
            signal.0 = (signal.0 << 1 | long).min(1 << (LONGEST_SIGNAL + 1));
            continue;
        }
        let read = if signal.0 == 1 { None } else { MORSE.iter().find(|(code, _)| u32::from(*code) == signal.0) };
        let between = matches!(c, ' ' | '/' | '\n' | '\r' | '\t');
        match (signal.0, read) {
            (1, _) => {}
            (_, Some((_, letter))) if between => letters.push(*letter, signal.1..at),
            _ => letters.close(&mut writer, sheet),
        }
        signal.0 = 1;
        match c {
            ' ' => blanks += 1,
            '/' | '\n' | '\r' | '\t' => letters.space(),
            _ => letters.close(&mut writer, sheet),
        }
        if writer.is_full() {
            break;
        }
    }
    letters.close(&mut writer, sheet);
    if !writer.is_empty() {
        sheet.add(Decoder::Morse, writer);
    }
}

/// The cells of the letters a to z, as Unicode counts their dots from U+2800 on (Unicode, Braille Patterns).
const CELLS: [u8; 26] = [
    0x01, 0x03, 0x09, 0x19, 0x11, 0x0b, 0x1b, 0x13, 0x0a, 0x1a, 0x05, 0x07, 0x0d, 0x1d, 0x15, 0x0f, 0x1f, 0x17, 0x0e,
    0x1e, 0x25, 0x27, 0x3a, 0x2d, 0x3d, 0x35,
];

/// The cell of a small letter, for those who disguise a text.
pub(super) fn cell(c: char) -> Option<char> {
    let letter = u8::try_from(c).ok().filter(u8::is_ascii_lowercase)? - b'a';
    char::from_u32(0x2800 + u32::from(CELLS[usize::from(letter)]))
}

/// Uncontracted Braille; a sign that is no letter leaves its place empty.
pub(super) fn braille(text: &str, sheet: &mut Sheet) {
    let mut writer = Writer::new(text, sheet.room);
    let mut letters = Letters::default();
    for (at, c) in text.char_indices() {
        let range = at..at + c.len_utf8();
        match c {
            '\u{2801}'..='\u{283f}' => {
                let cell = (u32::from(c) - 0x2800) as u8;
                // The sign that the next letter is a capital stands within a word.
                match CELLS.iter().position(|known| *known == cell) {
                    Some(letter) => letters.push(char::from(b'a' + letter as u8), range),
                    None if cell == 0x20 => {}
                    None => letters.space(),
                }
            }
            ' ' | '\n' | '\u{2800}' => letters.space(),
            _ => letters.close(&mut writer, sheet),
        }
        if writer.is_full() {
            break;
        }
    }
    letters.close(&mut writer, sheet);
    if !writer.is_empty() {
        sheet.add(Decoder::Braille, writer);
    }
}
