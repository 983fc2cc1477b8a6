//! Undoes what hides a text from detectors: views in which it can be read, each with a map back to the original.
//!
//! Detectors scan the original and every view. A view made in place (leetspeak, escapes, …) holds the changed
//! stretches with some text around them, not the whole: a long document with one odd word costs one short view.
//! Decoded pieces share one view a decoder, apart by an empty line, so that a thousand of them cost one view too.
//!
//! Every decoder is linear, views are read again to a fixed depth, and their bytes are charged to a budget: what an
//! attacker can make this cost is a small multiple of the text. What was left out is told by `exhausted`.

mod cipher;
mod codes;
pub mod disguise;
mod encoded;
mod escapes;
mod leet;
mod letters;
mod mirror;
mod origins;
mod sheet;
mod spaced;
mod survey;
mod unicode;
mod words;

use std::{fmt, ops::Range};

pub(crate) use self::letters::is_invisible;
use self::{
    origins::Origins,
    sheet::{Draft, Sheet},
    survey::Survey,
};

/// Decodings on top of each other; `Decoder::Unicode` cleans rather than decodes and is not counted.
pub const MAX_DEPTH: usize = 3;
pub const MAX_VIEWS: usize = 64;
/// Of one text; more of them say nothing new.
pub const MAX_MARKS: usize = 128;

/// What was undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Decoder {
    Unicode,
    Leetspeak,
    Spaced,
    Reversed,
    Rot13,
    Caesar,
    Atbash,
    Base64,
    Base32,
    Hex,
    Numbers,
    Morse,
    Braille,
    Url,
    Html,
    Escapes,
    QuotedPrintable,
}

impl Decoder {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unicode => "unicode",
            Self::Leetspeak => "leetspeak",
            Self::Spaced => "spaced",
            Self::Reversed => "reversed",
            Self::Rot13 => "rot13",
            Self::Caesar => "caesar",
            Self::Atbash => "atbash",
            Self::Base64 => "base64",
            Self::Base32 => "base32",
            Self::Hex => "hex",
            Self::Numbers => "numbers",
            Self::Morse => "morse",
            Self::Braille => "braille",
            Self::Url => "url",
            Self::Html => "html",
            Self::Escapes => "escapes",
            Self::QuotedPrintable => "quoted_printable",
        }
    }
}

/// What is suspicious in itself, whatever the text says once it can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mark {
    /// Invisible characters inside words of a script that has no use for them.
    ZeroWidth,
    /// A forced writing direction, or direction marks inside Latin words.
    Bidi,
    /// Text written in invisible tag characters.
    TagCharacters,
    /// Bytes written in variation selectors.
    VariationSelectors,
    /// Words with letters of another script or shape that pass for Latin.
    Homoglyphs,
    /// More combining marks on a letter than any language puts there.
    StackedMarks,
    /// Words spelled letter by letter.
    SpacedLetters,
    /// Prose in an encoding, or plain letters written as escapes.
    Encoded,
}

impl Mark {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ZeroWidth => "zero_width",
            Self::Bidi => "bidi",
            Self::TagCharacters => "tag_characters",
            Self::VariationSelectors => "variation_selectors",
            Self::Homoglyphs => "homoglyphs",
            Self::StackedMarks => "stacked_marks",
            Self::SpacedLetters => "spaced_letters",
            Self::Encoded => "encoded",
        }
    }
}

/// The text, or pieces of it, as a reader would understand it.
pub struct View {
    pub text: String,
    /// In the order in which they were undone, the outermost first.
    pub decoders: Vec<Decoder>,
    origins: Origins,
}

impl View {
    /// The smallest range of the original that produced `range` of this view; of a decoded piece, all of the piece.
    pub fn origin(&self, range: Range<usize>) -> Range<usize> {
        let start = self.text.floor_char_boundary(range.start);
        let end = self.text.ceil_char_boundary(range.end);
        self.origins.origin(start..end)
    }
}

/// Without the text: nothing that a user wrote is ever printed.
impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View")
            .field("bytes", &self.text.len())
            .field("decoders", &self.decoders)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
pub struct Normalized {
    pub views: Vec<View>,
    /// In the order of the text; neighbours of one kind are one mark.
    pub marks: Vec<(Mark, Range<usize>)>,
    /// Something was left out: a limit was reached, so "nothing found" does not mean "nothing there".
    pub exhausted: bool,
}

/// `budget` is the bytes that all views together may hold. Twice the text and a few kilobytes is enough for
/// everything but a text that was made to exceed it.
pub fn normalize(text: &str, budget: usize) -> Normalized {
    let mut out = Normalized::default();
    // Offsets are kept in 32 bits; no caller lets such a text in.
    if i32::try_from(text.len()).is_err() {
        out.exhausted = true;
        return out;
    }
    let mut room = budget;
    read(text, None, &mut room, &mut out);
    // Breadth first: under a limit the deepest views are those that are left out.
    let mut next = 0;
    while next < out.views.len() {
        // Taken out while it is read, so that `out` can grow.
        let text = std::mem::take(&mut out.views[next].text);
        read(&text, Some(next), &mut room, &mut out);
        out.views[next].text = text;
        next += 1;
    }
    out.marks.sort_unstable_by_key(|(mark, range)| (range.start, *mark, range.end));
    out.marks.dedup();
    out
}

/// Adds the views of one text: the original's (`parent` is none) or an earlier view's.
fn read(text: &str, parent: Option<usize>, room: &mut usize, out: &mut Normalized) {
    let chain = parent.map_or(&[][..], |parent| &out.views[parent].decoders);
    let depth = chain.iter().filter(|decoder| **decoder != Decoder::Unicode).count();
    let mut sheet = Sheet::new(*room);
    let survey = Survey::of(text);
    // What was hidden in invisible characters can be in need of cleaning itself.
    if !survey.ascii && !chain.ends_with(&[Decoder::Unicode; MAX_DEPTH]) {
        unicode::decode(text, &mut sheet);
    }
    // A clean copy of the whole text replaces it for the other decoders.
    let replaced = sheet.drafts.first().is_some_and(|(_, draft)| draft.complete);
    if !replaced {
        // At the last level nothing more fits: a decoder that finds something still tells that it was left out.
        let kept = if depth == MAX_DEPTH { std::mem::take(&mut sheet.room) } else { 0 };
        decode(text, &survey, chain, &mut sheet);
        sheet.room += kept;
    }
    let chain = chain.to_vec();
    for (mark, range) in sheet.marks {
        if out.marks.len() < MAX_MARKS {
            out.marks.push((mark, parent.map_or(range.clone(), |parent| out.views[parent].origins.origin(range))));
        }
    }
    out.exhausted |= sheet.overflow;
    *room = sheet.room;
    for (decoder, draft) in sheet.drafts {
        if draft.text.is_empty() {
            continue;
        }
        if out.views.len() == MAX_VIEWS {
            out.exhausted = true;
            return;
        }
        if out.views.iter().any(|view| view.text == draft.text) {
            *room += draft.text.len();
            continue;
        }
        let Draft { text, origins, .. } = draft;
        let origins = match parent {
            Some(parent) => origins.after(&out.views[parent].origins),
            None => origins,
        };
        let mut decoders = chain.clone();
        decoders.push(decoder);
        out.views.push(View { text, decoders, origins });
    }
}

/// Every decoder but `Unicode`, each only where the survey saw what it lives on.
fn decode(text: &str, survey: &Survey, chain: &[Decoder], sheet: &mut Sheet) {
    if survey.percent {
        escapes::url(text, sheet);
    }
    if survey.ampersand {
        escapes::html(text, sheet);
    }
    if survey.backslash {
        escapes::backslash(text, sheet);
    }
    if survey.equals {
        escapes::quoted_printable(text, sheet);
    }
    if survey.digit || survey.camel {
        encoded::base64(text, sheet);
    }
    if survey.capitals {
        encoded::base32(text, sheet);
    }
    if survey.digit {
        encoded::hex(text, sheet);
        codes::numbers(text, sheet);
    }
    if survey.signals || !survey.ascii {
        codes::morse(text, sheet);
    }
    if !survey.ascii {
        codes::braille(text, sheet);
    }
    if survey.mixed {
        leet::decode(text, sheet);
    }
    if survey.isolated || !survey.ascii {
        spaced::decode(text, sheet);
    }
    mirror::decode(text, chain, sheet);
    cipher::decode(text, chain, sheet);
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
