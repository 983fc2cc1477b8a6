//! Where decoders put what they made.

use std::ops::Range;

use super::{Decoder, MAX_MARKS, Mark, origins::Origins};

/// Unchanged text kept on each side of a change; rules look about this far around a hit.
const CONTEXT: usize = 256;
/// How much farther a cut may move to fall between words: half a number can look like another number.
const CUT_SLACK: usize = 1024;
/// Marks of one kind closer than this are one mark.
const MARK_GAP: usize = 16;

/// A view before its map was led back to the original.
pub(super) struct Draft {
    pub(super) text: String,
    pub(super) origins: Origins,
    /// Holds all of its parent's text, changed or not.
    pub(super) complete: bool,
}

pub(super) struct Sheet {
    pub(super) drafts: Vec<(Decoder, Draft)>,
    pub(super) marks: Vec<(Mark, Range<usize>)>,
    /// Bytes that further drafts may hold.
    pub(super) room: usize,
    pub(super) overflow: bool,
}

impl Sheet {
    pub(super) fn new(room: usize) -> Self {
        Self { drafts: Vec::new(), marks: Vec::new(), room, overflow: false }
    }

    pub(super) fn add(&mut self, decoder: Decoder, writer: Writer<'_>) {
        let Writer { text, origins, cut, overflow, .. } = writer;
        self.overflow |= overflow;
        self.room = self.room.saturating_sub(text.len());
        self.drafts.push((decoder, Draft { text, origins, complete: !cut && !overflow }));
    }

    pub(super) fn mark(&mut self, mark: Mark, range: Range<usize>) {
        if let Some((last, before)) = self.marks.last_mut()
            && *last == mark
            && range.start <= before.end + MARK_GAP
        {
            before.end = before.end.max(range.end);
        } else if self.marks.len() < MAX_MARKS {
            self.marks.push((mark, range));
        }
    }
}

/// Writes a view from left to right. Allocates with the first change; stops, and says so, where the room ends.
pub(super) struct Writer<'a> {
    source: &'a str,
    text: String,
    origins: Origins,
    /// Up to where the source has been written or passed over.
    read: usize,
    room: usize,
    cut: bool,
    overflow: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(source: &'a str, room: usize) -> Self {
        Self { source, text: String::new(), origins: Origins::default(), read: 0, room, cut: false, overflow: false }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.read == 0 && !self.overflow
    }

    pub(super) fn is_full(&self) -> bool {
        self.overflow
    }

    /// Writes `with` where `range` stood, after the text since the last change. Changes come in order.
    pub(super) fn replace(&mut self, range: Range<usize>, with: &str) {
        self.catch_up(range.start);
        self.put(with, range.clone());
        self.read = range.end;
    }

    pub(super) fn replace_char(&mut self, range: Range<usize>, with: char) {
        self.replace(range, with.encode_utf8(&mut [0; 4]));
    }

    /// Writes `with` without what stands before `range`.
    pub(super) fn put(&mut self, with: &str, from: Range<usize>) {
        let fits = self.fitting(with);
        self.text.push_str(fits);
        self.origins.push(fits.len(), from);
    }

    /// Writes `with`, byte for byte what stood from `from` on, without what stands before it.
    pub(super) fn put_aligned(&mut self, with: &str, from: usize) {
        let fits = self.fitting(with);
        self.text.push_str(fits);
        self.origins.copy(fits.len(), from);
    }

    pub(super) fn replace_aligned(&mut self, range: Range<usize>, with: &str) {
        self.catch_up(range.start);
        self.put_aligned(with, range.start);
        self.read = range.end;
    }

    /// Writes a piece of the source as it is, without what stands before it.
    pub(super) fn keep(&mut self, range: Range<usize>) {
        let fits = self.fitting(&self.source[range.clone()]).len();
        self.text.push_str(&self.source[range.start..range.start + fits]);
        self.origins.copy(fits, range.start);
    }

    fn fitting<'b>(&mut self, text: &'b str) -> &'b str {
        let left = if self.overflow { 0 } else { self.room - self.text.len() };
        if text.len() <= left {
            return text;
        }
        self.overflow = true;
        &text[..text.floor_char_boundary(left)]
    }

    /// Decoded pieces stand apart, so that nothing is read across them.
    pub(super) fn part(&mut self, place: usize) {
        self.cut = true;
        self.read = self.source.len();
        if !self.text.is_empty() {
            self.put("\n\n", place..place);
        }
    }

    /// Passes over what stands between the last change and `at`.
    pub(super) fn skip_to(&mut self, at: usize) {
        self.read = at;
    }

    fn catch_up(&mut self, to: usize) {
        if to - self.read <= 2 * (CONTEXT + CUT_SLACK) {
            self.keep(self.read..to);
            return;
        }
        if self.read > 0 || !self.text.is_empty() {
            let stop = self.cut_after(self.read + CONTEXT);
            self.keep(self.read..stop);
            self.put("\n", stop..stop);
        }
        let start = self.cut_before(to - CONTEXT);
        self.keep(start..to);
        self.cut = true;
    }

    pub(super) fn finish(&mut self) {
        if self.source.len() - self.read <= CONTEXT + CUT_SLACK {
            self.keep(self.read..self.source.len());
        } else {
            let stop = self.cut_after(self.read + CONTEXT);
            self.keep(self.read..stop);
            self.cut = true;
        }
        self.read = self.source.len();
    }

    fn cut_after(&self, at: usize) -> usize {
        let bytes = self.source.as_bytes();
        let blank = bytes[at..bytes.len().min(at + CUT_SLACK)].iter().position(u8::is_ascii_whitespace);
        blank.map_or_else(|| self.source.floor_char_boundary(at), |blank| at + blank)
    }

    fn cut_before(&self, at: usize) -> usize {
        let low = at.saturating_sub(CUT_SLACK);
        let blank = self.source.as_bytes()[low..at].iter().rposition(u8::is_ascii_whitespace);
        blank.map_or_else(|| self.source.floor_char_boundary(at), |blank| low + blank + 1)
    }
}
