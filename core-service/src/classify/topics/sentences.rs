//! The windows of a text: its sentences, and short ones with those that follow.

use std::ops::Range;

use super::index::Word;

/// Words that a window has at least, when the text goes on, and at most.
const LEAST: usize = 16;
const MOST: usize = 48;
/// A sentence that is longer is read in pieces that begin so many words apart.
const STEP: usize = MOST / 2;

/// Ranges of words. A word lies in at most [`LEAST`] windows.
pub(super) struct Sentences<'a> {
    text: &'a str,
    words: &'a [Word],
    /// Where the next window begins, and the end of its sentence.
    next: usize,
    end: usize,
}

impl<'a> Sentences<'a> {
    pub(super) fn new(text: &'a str, words: &'a [Word]) -> Self {
        let mut sentences = Self { text, words, next: 0, end: 0 };
        sentences.end = sentences.end_of(0);
        sentences
    }

    /// The end of the sentence that a word is in, looked for no further than a window reaches.
    fn end_of(&self, word: usize) -> usize {
        let last = (word + MOST).min(self.words.len());
        (word + 1..last).find(|&next| self.parts(next)).unwrap_or(last)
    }

    /// Whether a sentence ends before this word.
    fn parts(&self, word: usize) -> bool {
        let (Some(before), Some(after)) = (self.words.get(word - 1), self.words.get(word)) else { return true };
        let between = self.text.get(before.end as usize..after.start as usize).unwrap_or_default();
        let mut chars = between.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\n' | '。' | '！' | '？' | '।' | '؟' | '!' | '?' => return true,
                // Of abbreviations, numbers and names of files there is no space behind it.
                '.' | ';' if chars.peek().is_some_and(|next| next.is_whitespace()) => return true,
                _ => {}
            }
        }
        false
    }
}

impl Iterator for Sentences<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let from = self.next;
        if from >= self.words.len() {
            return None;
        }
        let sentence = self.end;
        let mut to = sentence;
        while to - from < LEAST && to < self.words.len() {
            to = self.end_of(to).min(from + MOST);
        }
        if sentence < self.words.len() && sentence - from == MOST && !self.parts(sentence) {
            self.next = from + STEP;
        } else {
            self.next = sentence;
        }
        self.end = self.end_of(self.next);
        Some(from..to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::topics::{Index, index};

    fn windows(text: &str) -> Vec<(usize, usize)> {
        let (index, mut scratch) = (Index::new(&[]).unwrap(), index::Scratch::default());
        index.read(text, &mut scratch);
        Sentences::new(text, &scratch.words).map(|range| (range.start, range.end)).collect()
    }

    #[test]
    fn short_sentences_are_read_with_those_that_follow() {
        assert_eq!(windows(""), []);
        assert_eq!(windows("One two. Three four!"), [(0, 4), (2, 4)]);
        let long = "word ".repeat(20);
        assert_eq!(windows(&format!("{long}. Two words. {long}")), [(0, 20), (20, 42), (22, 42)]);
        assert_eq!(windows("see file.txt or 3.5 of it"), [(0, 8)]);
    }

    #[test]
    fn a_sentence_without_end_is_read_in_pieces() {
        let found = windows(&"word ".repeat(100));
        assert_eq!(found[..3], [(0, 48), (24, 72), (48, 96)]);
        assert_eq!(found.last().unwrap().1, 100);
    }

    #[test]
    fn no_text_makes_more_windows_than_words() {
        let text = "a. b? ".repeat(1000);
        let found = windows(&text);
        assert!(found.len() <= 2000 && found.iter().all(|(from, to)| from < to && to - from <= MOST));
    }
}
