//! Pieces in base64, base32 and hex. A piece counts only when it decodes to text, which chance does not do: digests, keys,
//! identifiers and pictures decode to bytes.

use std::ops::Range;

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::{
    Decoder, Mark,
    letters::is_invisible,
    sheet::{Sheet, Writer},
};

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Shorter decoded pieces are words that happen to decode.
const SHORTEST: usize = 8;
/// Base64 digits of `SHORTEST` bytes.
const SHORTEST_BASE64: usize = 11;
/// Base32 digits of `SHORTEST` bytes.
const SHORTEST_BASE32: usize = 13;
/// Decoded first, to turn away what is not text before all of it is copied.
const SAMPLE: usize = 64;
/// Lines of wrapped base64 are at least this long, and all but the last of one length.
const SHORTEST_LINE: usize = 16;

pub(super) fn base64(text: &str, sheet: &mut Sheet) {
    let bytes = text.as_bytes();
    let mut writer = Writer::new(text, sheet.room);
    let mut behind = 0;
    while !writer.is_full()
        && let Some(Range { start: at, end }) = run(bytes, behind, SHORTEST_BASE64, is_base64)
    {
        let (last_line, end) = wrapped(bytes, at, end - at);
        // A word on the line below looks like a last, shorter line.
        let found = [end, last_line].into_iter().find(|end| piece(text, at..*end, &mut writer, sheet));
        if found.is_none() {
            // Lines of their own, or something stands glued to it: `path/aWdub3Jl…`, `id-aWdub3Jl…`.
            for line in split(bytes, at..end, |byte| matches!(byte, b'\r' | b'\n')) {
                if !piece(text, line.clone(), &mut writer, sheet) {
                    for part in split(bytes, line, |byte| !byte.is_ascii_alphanumeric()) {
                        piece(text, part, &mut writer, sheet);
                    }
                }
            }
        }
        behind = found.unwrap_or(end);
    }
    if !writer.is_empty() {
        sheet.add(Decoder::Base64, writer);
    }
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// The next row of so many digits or more. It holds each byte that comes as many behind one that it may begin at: of what is too
/// short, most bytes are not looked at.
fn run(bytes: &[u8], from: usize, shortest: usize, is_digit: impl Fn(u8) -> bool) -> Option<Range<usize>> {
    let mut start = from;
    while let Some(last) = bytes.get(start..start + shortest)?.iter().rposition(|byte| !is_digit(*byte)) {
        start += last + 1;
    }
    let more = bytes[start + shortest..].iter().take_while(|byte| is_digit(**byte)).count();
    Some(start..start + shortest + more)
}

/// Where the last line of a run starts to be another line, and where the run ends. Its first line is `len` long.
fn wrapped(bytes: &[u8], start: usize, len: usize) -> (usize, usize) {
    let mut end = start + len;
    let mut last_line = end;
    if len < SHORTEST_LINE {
        return (last_line, end);
    }
    while let [b'\r', b'\n', line @ ..] | [b'\n', line @ ..] = &bytes[end..] {
        let more = line.iter().take_while(|byte| is_base64(**byte)).count();
        if more == 0 || more > len {
            break;
        }
        last_line = end;
        end = bytes.len() - line.len() + more;
        if more < len {
            break;
        }
    }
    (last_line, end)
}

fn split(bytes: &[u8], run: Range<usize>, at: impl Fn(&u8) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut start = run.start;
    bytes[run].split(at).map(move |part| {
        let range = start..start + part.len();
        start = range.end + 1;
        range
    })
}

/// Writes the piece if it is text.
fn piece(text: &str, run: Range<usize>, writer: &mut Writer<'_>, sheet: &mut Sheet) -> bool {
    let bytes = &text.as_bytes()[run.clone()];
    let sample = clean(&bytes[..bytes.len().min(SAMPLE)]);
    if bytes.len() < SHORTEST_BASE64
        || sample.iter().all(u8::is_ascii_lowercase)
        || !decode(&sample).is_ok_and(|b| may_be_text(&b))
    {
        return false;
    }
    let Some(decoded) = decode(&clean(bytes)).ok().and_then(readable) else { return false };
    let padding = text.as_bytes()[run.end..].iter().take(2).take_while(|byte| **byte == b'=').count();
    write(&decoded, run.start..run.end + padding, writer, sheet);
    true
}

/// In the standard alphabet and without line breaks, up to the last full group.
fn clean(bytes: &[u8]) -> Vec<u8> {
    let mut clean: Vec<u8> = bytes.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    for byte in &mut clean {
        match byte {
            b'-' => *byte = b'+',
            b'_' => *byte = b'/',
            _ => {}
        }
    }
    if clean.len() % 4 == 1 {
        clean.pop();
    }
    clean
}

fn decode(digits: &[u8]) -> Result<Vec<u8>, base64::DecodeError> {
    LENIENT.decode(digits)
}

/// In the alphabet of RFC 4648, section 6.
pub(super) fn base32(text: &str, sheet: &mut Sheet) {
    let bytes = text.as_bytes();
    let is_digit = |byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7');
    let mut writer = Writer::new(text, sheet.room);
    let mut behind = 0;
    while let Some(Range { start, end }) = run(bytes, behind, SHORTEST_BASE32, is_digit) {
        behind = end;
        let glued = |at: Option<&u8>| at.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        if glued(bytes.get(end)) || glued(start.checked_sub(1).and_then(|before| bytes.get(before))) {
            continue;
        }
        let sample = five_bits(&bytes[start..end.min(start + SAMPLE)]);
        if may_be_text(&sample)
            && let Some(decoded) = readable(five_bits(&bytes[start..end]))
        {
            let padding = bytes[end..].iter().take(6).take_while(|byte| **byte == b'=').count();
            write(&decoded, start..end + padding, &mut writer, sheet);
            if writer.is_full() {
                break;
            }
        }
    }
    if !writer.is_empty() {
        sheet.add(Decoder::Base32, writer);
    }
}

/// The whole bytes that digits of five bits make.
fn five_bits(digits: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(digits.len() * 5 / 8);
    let (mut value, mut bits) = (0_u32, 0);
    for digit in digits {
        let five = if digit.is_ascii_digit() { digit - b'2' + 26 } else { digit - b'A' };
        value = value << 5 | u32::from(five);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((value >> bits) as u8);
            value &= (1 << bits) - 1;
        }
    }
    bytes
}

pub(super) fn hex(text: &str, sheet: &mut Sheet) {
    let bytes = text.as_bytes();
    let mut writer = Writer::new(text, sheet.room);
    let mut decoded = Vec::new();
    let mut groups: Vec<(usize, Range<usize>)> = Vec::new();
    let mut at = 0;
    while at < bytes.len() && !writer.is_full() {
        let Some(group) = group(bytes, at) else {
            // To the next place where a group can start.
            at += bytes[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count().max(1);
            continue;
        };
        groups.clear();
        decoded.clear();
        let mut next = Some(group);
        while let Some(range) = next {
            groups.push((decoded.len(), at..range.end));
            decoded.extend(bytes[range.clone()].chunks_exact(2).map(|pair| nibble(pair[0]) << 4 | nibble(pair[1])));
            let gap = bytes[range.end..].iter().take(3).take_while(|byte| b" :-,;\r\n".contains(byte)).count();
            at = range.end + gap;
            next = if gap == 0 { None } else { self::group(bytes, at) };
        }
        if decoded.len() >= SHORTEST {
            hex_pieces(&decoded, &groups, &mut writer, sheet);
        }
    }
    if !writer.is_empty() {
        sheet.add(Decoder::Hex, writer);
    }
}

/// Pairs of hex digits that stand alone, with or without `0x`.
fn group(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let start = match &bytes[at..] {
        [b'0', b'x' | b'X', ..] => at + 2,
        _ => at,
    };
    let len = bytes[start..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let end = start + len;
    let alone = bytes.get(end).is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
    (len >= 2 && len.is_multiple_of(2) && alone).then_some(start..end)
}

fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

/// All groups in a row as one piece; or those runs of them that are ASCII, for words like `be` or years before them.
fn hex_pieces(decoded: &[u8], groups: &[(usize, Range<usize>)], writer: &mut Writer<'_>, sheet: &mut Sheet) {
    if let ([(_, first), ..], [.., (_, last)]) = (groups, groups)
        && let Some(text) = readable(decoded.to_vec())
    {
        write(&text, first.start..last.end, writer, sheet);
        return;
    }
    let end_of = |index: usize| groups.get(index + 1).map_or(decoded.len(), |(next, _)| *next);
    let printable = |index: usize| {
        decoded[groups[index].0..end_of(index)].iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r'))
    };
    let mut index = 0;
    while index < groups.len() {
        let count = (index..groups.len()).take_while(|group| printable(*group)).count();
        if count > 0 {
            let last = index + count - 1;
            if let Some(text) = readable(decoded[groups[index].0..end_of(last)].to_vec()) {
                write(&text, groups[index].1.start..groups[last].1.end, writer, sheet);
            }
        }
        index += count + 1;
    }
}

pub(super) fn write(decoded: &str, from: Range<usize>, writer: &mut Writer<'_>, sheet: &mut Sheet) {
    writer.part(from.start);
    writer.put(decoded, from.clone());
    let spaces = decoded.bytes().filter(|byte| *byte == b' ').count();
    let letters = decoded.chars().filter(|c| c.is_alphabetic()).count();
    if spaces >= 2 && letters * 10 >= decoded.chars().count() * 7 {
        sheet.mark(Mark::Encoded, from);
    }
}

/// Cheap, and never wrong about what `readable` takes.
fn may_be_text(sample: &[u8]) -> bool {
    let control = |byte: &u8| matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 127);
    !sample.iter().any(control)
        && std::str::from_utf8(sample).map_or_else(|error| error.error_len().is_none(), |_| true)
}

pub(super) fn readable(bytes: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(bytes).ok()?;
    let mut all = 0;
    let mut wordlike = 0;
    for c in text.chars() {
        if c.is_control() && !matches!(c, '\n' | '\r' | '\t') {
            return None;
        }
        all += 1;
        // What hides text between its letters belongs to the text.
        let hides = is_invisible(c) || matches!(c, '\u{300}'..='\u{36f}' | '\u{2801}'..='\u{283f}');
        wordlike += usize::from(c.is_alphanumeric() || hides);
    }
    // Layers of escapes (`%41`, `&#65;`, `\u0041`) are up to two thirds signs.
    // Morse is all signs.
    let signals = all > 2 * SHORTEST && text.bytes().all(|byte| b".-/ ".contains(&byte));
    (all >= SHORTEST && (wordlike * 10 >= all * 3 || signals)).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_run_is_the_first_that_is_long_enough(text in "[01 ]{0,60}", from in 0..70_usize, shortest in 1..8_usize) {
            let bytes = text.as_bytes();
            let is_digit = |byte: u8| byte != b' ';
            let begins = |at: &usize| *at == from || bytes.get(at.wrapping_sub(1)) == Some(&b' ');
            let len = |at: usize| bytes[at..].iter().take_while(|byte| is_digit(**byte)).count();
            let first = (from..bytes.len()).filter(begins).find(|at| len(*at) >= shortest);
            prop_assert_eq!(run(bytes, from, shortest, is_digit), first.map(|at| at..at + len(at)));
        }
    }
}
