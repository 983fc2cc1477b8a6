//! Text that is whole but turned: written backwards, or in rot13.

use std::ops::Range;

use super::{
    Decoder,
    sheet::{Sheet, Writer},
    words,
};

pub(super) fn decode(text: &str, chain: &[Decoder], sheet: &mut Sheet) {
    let found = words::disguised(text);
    if let Some(place) = found.reversed
        && !chain.contains(&Decoder::Reversed)
    {
        let block = lines(text, place);
        let mut all = Writer::new(text, sheet.room);
        all.part(block.start);
        backwards(&text[block.clone()], block.start, &mut all);
        sheet.add(Decoder::Reversed, all);
        // Each word turned in its place: the order of the words is the reader's.
        let mut each = Writer::new(text, sheet.room);
        each.part(block.start);
        let mut start = block.start;
        for (at, part) in text[block.clone()].match_indices(|c: char| !c.is_alphanumeric()) {
            let at = block.start + at;
            backwards(&text[start..at], start, &mut each);
            each.keep(at..at + part.len());
            start = at + part.len();
        }
        backwards(&text[start..block.end], start, &mut each);
        sheet.add(Decoder::Reversed, each);
    }
    if let Some(place) = found.rotated
        && !chain.contains(&Decoder::Rot13)
    {
        each_letter(text, place, words::rot13, Decoder::Rot13, sheet);
    }
}

fn backwards(text: &str, from: usize, writer: &mut Writer<'_>) {
    for (at, c) in text.char_indices().rev() {
        if writer.is_full() {
            return;
        }
        let at = from + at;
        writer.put(c.encode_utf8(&mut [0; 4]), at..at + c.len_utf8());
    }
}

/// Writes the lines around `place` with another letter for each of ASCII's.
pub(super) fn each_letter(
    text: &str,
    place: Range<usize>,
    read: impl Fn(u8) -> u8,
    decoder: Decoder,
    sheet: &mut Sheet,
) {
    let block = lines(text, place);
    let mut writer = Writer::new(text, sheet.room);
    writer.part(block.start);
    let letters = text[block.clone()].chars();
    let read: String = letters.map(|c| if c.is_ascii() { char::from(read(c as u8)) } else { c }).collect();
    writer.put_aligned(&read, block.start);
    sheet.add(decoder, writer);
}

/// From the line of the first disguised word to the line of the last.
fn lines(text: &str, place: Range<usize>) -> Range<usize> {
    let bytes = text.as_bytes();
    let start = memchr::memrchr(b'\n', &bytes[..place.start]).map_or(0, |at| at + 1);
    let end = memchr::memchr(b'\n', &bytes[place.end..]).map_or(bytes.len(), |at| place.end + at);
    start..end
}
