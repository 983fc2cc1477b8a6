//! Clean Unicode: what is invisible is taken out or decoded, what only looks like a Latin letter becomes one.
//!
//! Genuine text of any language keeps its letters. Lookalikes are folded only in words that mix scripts, or in words
//! made of nothing else within a text that is mostly ASCII; accents are taken off only where that uncovers a listed
//! word. Changes that merely tidy (typographic quotes, no-break spaces, accented capitals) are made along the way but
//! are no reason for a view, unless they stand within a number.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

use super::{
    Decoder, Mark,
    letters::{Class, class, is_invisible, is_western, needs_no_joiner, unaccented},
    sheet::{Sheet, Writer},
    words,
};

/// A longer word is read in pieces: it bounds what is remembered of it.
const LONGEST: usize = 256;
/// Marks on one letter; no language that is written with these marks needs more.
const MOST_ACCENTS: usize = 2;

pub(super) fn decode(text: &str, sheet: &mut Sheet) {
    let bytes = text.as_bytes();
    let foreign = bytes.iter().filter(|byte| **byte >= 0x80).count();
    let mut scan = Scan {
        text,
        writer: Writer::new(text, sheet.room),
        worth: false,
        mostly_ascii: foreign * 2 < text.len(),
        strip: None,
        word: Vec::new(),
        regional: 0,
    };
    let mut at = 0;
    while at < bytes.len() && !scan.writer.is_full() {
        let Some(found) = bytes[at..].iter().position(|byte| *byte >= 0x80) else { break };
        let letters = bytes[at..at + found].iter().rev().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        at = scan.word(at + found - letters.min(LONGEST), sheet);
    }
    if scan.worth {
        scan.writer.finish();
        sheet.add(Decoder::Unicode, scan.writer);
    }
}

/// Kana of half the width, which take their mark of voicing as a letter of its own.
fn is_half_width(c: char) -> bool {
    matches!(c, '\u{ff66}'..='\u{ff9d}')
}

fn is_voicing(c: char) -> bool {
    matches!(c, '\u{ff9e}' | '\u{ff9f}')
}

/// A character of a word that is not ASCII, or what stands between such.
struct Part {
    range: Range<usize>,
    kind: Kind,
}

impl Part {
    fn is_letter(&self) -> bool {
        match self.kind {
            Kind::Ascii(byte) => byte.is_ascii_alphabetic(),
            Kind::Class(..) => true,
            Kind::Accents(_) | Kind::Hidden(..) => false,
        }
    }
}

/// What is done to a word as a whole.
#[derive(Clone, Copy)]
struct Applied {
    fold: bool,
    styled: bool,
    accented: bool,
}

enum Kind {
    Ascii(u8),
    Class(char, Class),
    /// Marks after the letter before.
    Accents(usize),
    /// Invisible; what is read in its place, and whether that is worth a view.
    Hidden(String, bool),
}

struct Scan<'a> {
    text: &'a str,
    writer: Writer<'a>,
    worth: bool,
    mostly_ascii: bool,
    /// Whether the text hides listed words under accents; asked once, when the first accent is met.
    strip: Option<bool>,
    word: Vec<Part>,
    /// Regional indicators in the row that ends here: flags come in pairs.
    regional: usize,
}

impl Scan<'_> {
    /// Reads one word from `start` on, or one character that belongs to none, and says where it ends.
    fn word(&mut self, start: usize, sheet: &mut Sheet) -> usize {
        let mut at = start;
        while let Some(c) = self.text[at..].chars().next() {
            let end = at + c.len_utf8();
            if c.is_ascii() {
                if !c.is_ascii_alphanumeric() {
                    break;
                }
                self.word.push(Part { range: at..end, kind: Kind::Ascii(c as u8) });
            } else {
                match class(c) {
                    Class::Invisible => {
                        at = self.hidden(at, sheet);
                        continue;
                    }
                    Class::Accent => {
                        let len =
                            self.text[at..].chars().take_while(|c| class(*c) == Class::Accent).map(char::len_utf8);
                        let (count, len) = len.fold((0, 0), |(count, sum), len| (count + 1, sum + len));
                        self.word.push(Part { range: at..at + len, kind: Kind::Accents(count) });
                        at += len;
                        continue;
                    }
                    kind @ (Class::Plain(_) | Class::Other) => {
                        self.flush(sheet);
                        if let Class::Plain(plain) = kind {
                            self.worth |= self.is_inside(at..end, plain);
                            self.writer.replace_char(at..end, plain);
                        }
                        return end;
                    }
                    kind => self.word.push(Part { range: at..end, kind: Kind::Class(c, kind) }),
                }
            }
            at = end;
            if self.word.len() >= LONGEST {
                break;
            }
        }
        self.flush(sheet);
        at
    }

    /// Whether a character is written for a plain one within a number or an address of mail: pages keep the groups of
    /// a number together with spaces and hyphens that do not break.
    fn is_inside(&self, range: Range<usize>, plain: char) -> bool {
        let bytes = self.text.as_bytes();
        let (before, after) = (range.start.checked_sub(1).and_then(|before| bytes.get(before)), bytes.get(range.end));
        let both = |test: fn(&u8) -> bool| before.is_some_and(test) && after.is_some_and(test);
        match plain {
            ' ' => both(u8::is_ascii_digit),
            '@' => both(u8::is_ascii_alphanumeric),
            '-' => matches!(&self.text[range], "\u{2010}" | "\u{2011}") && both(u8::is_ascii_digit),
            _ => false,
        }
    }

    /// A row of invisible characters: decoded, dropped, or left where a script or an emoji needs them.
    fn hidden(&mut self, start: usize, sheet: &mut Sheet) -> usize {
        let row_len: usize = self.text[start..].chars().take_while(|c| is_invisible(*c)).map(char::len_utf8).sum();
        let row = &self.text[start..start + row_len];
        let range = start..start + row_len;
        let before = self.text[..start].chars().next_back();
        let after = self.text[range.end..].chars().next();
        let tags = row.chars().any(|c| matches!(c, '\u{e0020}'..='\u{e007e}'));
        let selectors = row.chars().filter(|c| selector(*c).is_some()).count();
        if tags && !(before == Some('\u{1f3f4}') && row.ends_with('\u{e007f}') && row.chars().count() <= 8) {
            let read = row.chars().filter_map(|c| match c {
                '\u{e0020}'..='\u{e007e}' => char::from_u32(u32::from(c) - 0xe0000),
                _ => None,
            });
            self.word.push(Part { range: range.clone(), kind: Kind::Hidden(read.collect(), true) });
            sheet.mark(Mark::TagCharacters, range.clone());
            return range.end;
        }
        if selectors >= 2 {
            let read = String::from_utf8(row.chars().filter_map(selector).collect()).unwrap_or_default();
            self.word.push(Part { range: range.clone(), kind: Kind::Hidden(read, true) });
            sheet.mark(Mark::VariationSelectors, range.clone());
            return range.end;
        }
        let sides = [before, after].map(|side| side.is_some_and(is_western));
        let inside = sides == [true, true];
        // Keys and sentences are cut up there as well. But web pages put line breaks after slashes and between kana
        // this way, so it is no more than a reason to read on.
        let between = [before, after].iter().all(|side| side.is_some_and(needs_no_joiner));
        let forced = row.chars().any(|c| matches!(c, '\u{202d}' | '\u{202e}'));
        if forced || inside {
            let is_direction = |c: char| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            if forced || row.chars().any(is_direction) {
                sheet.mark(Mark::Bidi, range.clone());
            }
            if selectors == 1 {
                sheet.mark(Mark::VariationSelectors, range.clone());
            }
            // A soft hyphen is what typesetters put inside words.
            if row.chars().any(|c| c != '\u{ad}' && !is_direction(c) && selector(c).is_none()) {
                sheet.mark(Mark::ZeroWidth, range.clone());
            }
        }
        if forced || between || sides.contains(&true) {
            self.word.push(Part { range: range.clone(), kind: Kind::Hidden(String::new(), forced || between) });
        } else {
            // Nothing before this place is changed any more, nothing after it belongs to the same word.
            self.flush(sheet);
        }
        range.end
    }

    fn flush(&mut self, sheet: &mut Sheet) {
        let parts = std::mem::take(&mut self.word);
        let count = Counts::of(&parts);
        let fold = count.mixes() || (self.mostly_ascii && count.only_lookalikes());
        let styled = count.styled >= 3 || (count.styled > 0 && count.latin > 0 && count.letters() >= 4);
        if let (Some(first), Some(last)) = (parts.first(), parts.last()) {
            let shown = count.styled - count.fullwidth - count.regional;
            let odd_flags = count.regional > 0 && count.regional % 2 == 1;
            // In other languages a Latin name may take one of their endings.
            let mixed = count.mixes() && count.letters() >= 3 && (self.mostly_ascii || count.switches >= 2);
            if mixed || shown >= 3 || odd_flags && count.regional + self.regional >= 3 {
                sheet.mark(Mark::Homoglyphs, first.range.start..last.range.end);
            }
            // Flags one by one, apart, spell.
            self.regional = if count.regional == 1 { self.regional + 1 } else { 0 };
        }
        let accented = count.accented && self.strips();
        for (index, part) in parts.iter().enumerate() {
            let range = part.range.clone();
            match &part.kind {
                Kind::Ascii(_) => {}
                Kind::Hidden(read, worth) => {
                    self.writer.replace(range, read);
                    self.worth |= worth;
                }
                Kind::Accents(count) => self.accents(index, &parts, *count, accented || fold, sheet),
                // Where it composes with its marks, that is done when they are met.
                Kind::Class(c, class) => {
                    if accented || fold || self.composed(&parts, index + 1).is_none() {
                        self.letter(range, *c, *class, Applied { fold, styled, accented });
                    }
                }
            }
        }
        // Its memory serves the next word.
        self.word = parts;
        self.word.clear();
    }

    fn letter(&mut self, range: Range<usize>, c: char, class: Class, apply: Applied) {
        match class {
            Class::Lookalike(latin) | Class::Accented(latin) if apply.fold => {
                self.writer.replace_char(range, latin);
                self.worth = true;
            }
            Class::Styled(latin) => {
                self.writer.replace_char(range, latin);
                self.worth |= apply.styled;
            }
            // The mark of a half-width kana was read with it.
            Class::Ligature if is_voicing(c) && self.text[..range.start].ends_with(is_half_width) => {
                self.writer.replace(range, "");
            }
            Class::Ligature => {
                let mark = self.text[range.end..].chars().next().filter(|mark| is_half_width(c) && is_voicing(*mark));
                let end = range.end + mark.map_or(0, char::len_utf8);
                let read: String = self.text[range.start..end].nfkc().collect();
                self.writer.replace(range, &read);
                self.worth = true;
            }
            Class::Latin
                if apply.accented
                    && let Some(base) = unaccented(c) =>
            {
                self.writer.replace_char(range, base);
                self.worth = true;
            }
            Class::Lookalike(_) | Class::Accented(_) | Class::Cased | Class::Latin if c.is_uppercase() => {
                let lower: String = c.to_lowercase().collect();
                self.writer.replace(range, &lower);
                self.worth |= !matches!(class, Class::Latin);
            }
            _ => {}
        }
    }

    /// Marks that compose with their letter are spelling; the others, and more than a letter can carry, are noise.
    fn accents(&mut self, index: usize, parts: &[Part], count: usize, strip: bool, sheet: &mut Sheet) {
        let range = parts[index].range.clone();
        let Some(base) = index.checked_sub(1).map(|before| &parts[before]).filter(|base| base.is_letter()) else {
            return;
        };
        let cluster = base.range.start..range.end;
        if count > MOST_ACCENTS {
            sheet.mark(Mark::StackedMarks, cluster.clone());
        }
        match self.composed(parts, index) {
            Some(composed) if !strip => {
                let lower: String = composed.to_lowercase().collect();
                self.writer.replace(cluster, &lower);
            }
            _ => self.writer.replace(range, ""),
        }
        self.worth = true;
    }

    /// The one character that the marks at `index` make of the letter before them.
    fn composed(&self, parts: &[Part], index: usize) -> Option<char> {
        let Part { range, kind: Kind::Accents(1..=MOST_ACCENTS) } = parts.get(index)? else { return None };
        let base = &parts[index.checked_sub(1)?];
        let mut composed = self.text[base.range.start..range.end].nfc();
        composed.next().filter(|_| base.is_letter() && composed.next().is_none())
    }

    fn strips(&mut self) -> bool {
        *self.strip.get_or_insert_with(|| hides_words(self.text))
    }
}

/// Whether taking accents off uncovers a listed word.
fn hides_words(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphabetic() || matches!(class(c), Class::Latin | Class::Accent);
    let mut word = [0_u8; words::LONGEST];
    let mut len = 0;
    let mut accented = false;
    for c in text.chars().chain([' ']) {
        if !is_part(c) {
            if accented && len <= words::LONGEST && words::is_known(&word[..len]) {
                return true;
            }
            (len, accented) = (0, false);
            continue;
        }
        accented |= !c.is_ascii();
        if let Some(base) = if c.is_ascii() { Some(c) } else { unaccented(c) } {
            if let Some(slot) = word.get_mut(len) {
                *slot = (base as u8).to_ascii_lowercase();
            }
            len += 1;
        } else if class(c) != Class::Accent {
            len = words::LONGEST + 1;
        }
    }
    false
}

/// The byte that a variation selector can be made to carry.
fn selector(c: char) -> Option<u8> {
    match c {
        '\u{fe00}'..='\u{fe0f}' => Some((u32::from(c) - 0xfe00) as u8),
        '\u{e0100}'..='\u{e01ef}' => Some((u32::from(c) - 0xe0100 + 16) as u8),
        _ => None,
    }
}

#[derive(Default)]
struct Counts {
    latin: usize,
    lookalikes: usize,
    styled: usize,
    fullwidth: usize,
    regional: usize,
    genuine: usize,
    accented: bool,
    /// An accent of another script; in a word of that script alone it is spelling.
    foreign_accent: bool,
    /// From Latin to another script and back.
    switches: usize,
}

impl Counts {
    fn of(parts: &[Part]) -> Self {
        let mut count = Self::default();
        let mut latin_before = None;
        for part in parts {
            let latin = match part.kind {
                Kind::Ascii(byte) if byte.is_ascii_alphabetic() => Some(true),
                Kind::Class(_, Class::Latin) => Some(true),
                Kind::Class(_, Class::Lookalike(_) | Class::Accented(_)) => Some(false),
                _ => None,
            };
            if latin.is_some() {
                count.switches += usize::from(latin_before.is_some() && latin_before != latin);
                latin_before = latin;
            }
            match part.kind {
                Kind::Ascii(byte) => count.latin += usize::from(byte.is_ascii_alphabetic()),
                Kind::Accents(_) => count.accented = true,
                Kind::Class(_, Class::Latin) => {
                    count.latin += 1;
                    count.accented = true;
                }
                Kind::Class(_, Class::Lookalike(_)) => count.lookalikes += 1,
                Kind::Class(_, Class::Accented(_)) => {
                    count.lookalikes += 1;
                    count.foreign_accent = true;
                }
                Kind::Class(c, Class::Styled(_)) => {
                    count.styled += 1;
                    count.fullwidth += usize::from(matches!(c, '\u{ff00}'..='\u{ffef}'));
                    count.regional += usize::from(matches!(c, '\u{1f1e6}'..='\u{1f1ff}'));
                }
                Kind::Class(..) => count.genuine += 1,
                Kind::Hidden(..) => {}
            }
        }
        count
    }

    fn letters(&self) -> usize {
        self.latin + self.lookalikes + self.styled
    }

    fn mixes(&self) -> bool {
        self.lookalikes > 0 && self.latin + self.styled > 0 && self.genuine == 0
    }

    fn only_lookalikes(&self) -> bool {
        self.lookalikes > 0 && self.genuine == 0 && !self.foreign_accent
    }
}

#[cfg(test)]
mod tests {
    use super::super::normalize;

    #[test]
    fn spaces_that_do_not_break_are_read_within_a_number() {
        let reads =
            |text: &str, wanted: &str| normalize(text, 4096).views.iter().any(|view| view.text.contains(wanted));
        assert!(reads("ref 1\u{a0}84\u{a0}06\u{202f}75\u{2011}112", "1 84 06 75-112"));
        assert!(reads("to ann\u{ff20}alder.dev now", "ann@alder.dev"));
        for text in ["10\u{202f}€ «\u{a0}oui\u{a0}»", "2010\u{2013}2015", "page\u{a0}12"] {
            assert!(normalize(text, 4096).views.is_empty(), "{text}");
        }
    }
}
