//! The words of all language files, found while a text is read.

use std::{collections::HashMap, hash::BuildHasherDefault, ops::Range, sync::LazyLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};
use sha2::{Digest as _, Sha256};

use super::{category::Category, tokens};

mod files;

/// Words of one phrase; also how many readings a token can have.
const DEEPEST: usize = 8;
/// Tokens of one phrase in a script whose characters are tokens.
const LONGEST: usize = 40;
pub(super) const READINGS: usize = 4;

/// Keys are hashes already.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Spread(u64);

impl std::hash::Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 29;
    }
}

pub(super) type Map<K, V> = HashMap<K, V, BuildHasherDefault<Spread>>;

/// One bit a hash: says "no" for nearly every prefix that begins no entry, from the fastest memory.
#[derive(Debug)]
pub(super) struct Sieve(Box<[u64]>);

impl Sieve {
    const BITS: u32 = 1 << 17;

    pub(super) fn new() -> Self {
        Self(vec![0; (Self::BITS / 64) as usize].into())
    }

    const fn place(hash: u32) -> (usize, u64) {
        let bit = (hash ^ (hash >> 15)) % Self::BITS;
        ((bit / 64) as usize, 1 << (bit % 64))
    }

    pub(super) fn insert(&mut self, hash: u32) {
        let (word, bit) = Self::place(hash);
        self.0[word] |= bit;
    }

    pub(super) fn holds(&self, hash: u32) -> bool {
        let (word, bit) = Self::place(hash);
        self.0[word] & bit != 0
    }
}

/// A word or a stem of the files, by its number.
type Word = u32;

/// A place in the trie of phrases; 0 is the root.
type Node = u32;

/// The bit of a node that has others behind it, beside those of the categories: most have none, and nothing is looked up.
const GOES_ON: u64 = 1 << 63;

#[derive(Debug)]
pub struct Lexicon {
    whole: Map<u32, Word>,
    stems: Map<u32, Word>,
    sieve: Sieve,
    stem_sieve: Sieve,
    /// What begins with each word; 0 for nothing.
    first: Vec<Node>,
    next: Map<(Node, Word), Node>,
    /// The categories of what ends at each node, and [`GOES_ON`].
    ends: Vec<u64>,
    markers: Option<Markers>,
}

/// A word or phrase of the lexicon in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    pub category: Category,
    /// Numbers of its first token and of the token after its last.
    pub first: u32,
    pub end: u32,
}

static BUILT_IN: LazyLock<Result<Lexicon, String>> = LazyLock::new(|| Lexicon::parse(files::ALL));

/// The embedded files, compiled once in the life of the process.
pub fn built_in() -> Result<&'static Lexicon, String> {
    BUILT_IN.as_ref().map_err(Clone::clone)
}

/// SHA-256 of the embedded files.
pub fn digest() -> String {
    let mut digest = Sha256::new();
    for (name, text) in files::ALL {
        digest.update(name);
        digest.update(text);
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Lexicon {
    /// `files` are names and texts.
    pub fn parse(files: &[(&str, &str)]) -> Result<Self, String> {
        let mut lexicon = Self {
            whole: Map::default(),
            stems: Map::default(),
            sieve: Sieve::new(),
            stem_sieve: Sieve::new(),
            first: vec![0],
            next: Map::default(),
            ends: vec![0],
            markers: None,
        };
        let mut words = 0;
        let mut markers = Vec::new();
        for (file, text) in files {
            let mut category = None;
            for (number, line) in (1..).zip(text.lines()) {
                // `#` begins a comment only before a space: `### instruction` is an entry.
                let line = line.trim();
                if line.is_empty() || line == "#" || line.starts_with("# ") {
                    continue;
                }
                if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'))
                    && let Some(named) = Category::named(name)
                {
                    category = Some(named);
                    continue;
                }
                let Some(category) = category else { return Err(format!("{file}:{number}: no such category")) };
                if category == Category::Marker && line.chars().any(is_sign) {
                    markers.push(line);
                    continue;
                }
                lexicon.insert(line, category, &mut words).map_err(|why| format!("{file}:{number}: {why}"))?;
            }
        }
        if !markers.is_empty() {
            lexicon.markers = Some(Markers::new(&markers)?);
        }
        Ok(lexicon)
    }

    fn insert(&mut self, line: &str, category: Category, words: &mut Word) -> Result<(), String> {
        let (phrase, stem) = line.strip_suffix('*').map_or((line, false), |phrase| (phrase, true));
        let entry = tokens::hashes(phrase);
        // Markers of punctuation alone have no words.
        let Some(last) = entry.len().checked_sub(1) else { return Ok(()) };
        let limit = if phrase.chars().any(|c| c > '\u{7ff}') { LONGEST } else { DEEPEST };
        if entry.len() > limit {
            return Err(format!("more than {limit} words"));
        }
        let mut node = 0;
        for (index, &hash) in entry.iter().enumerate() {
            let (map, sieve) = if stem && index == last {
                (&mut self.stems, &mut self.stem_sieve)
            } else {
                (&mut self.whole, &mut self.sieve)
            };
            sieve.insert(hash);
            let word = *map.entry(hash).or_insert_with(|| {
                *words += 1;
                *words
            });
            self.first.resize(*words as usize + 1, 0);
            let fresh = self.ends.len() as Node;
            let next = if node == 0 {
                &mut self.first[word as usize]
            } else {
                self.ends[node as usize] |= GOES_ON;
                self.next.entry((node, word)).or_default()
            };
            if *next == 0 {
                *next = fresh;
                self.ends.push(0);
            }
            node = *next;
        }
        self.ends[node as usize] |= category.bit();
        Ok(())
    }

    /// Bytes of the fake turn and role markers in a text.
    pub(super) fn markers(&self, text: &str, mut found: impl FnMut(Range<usize>)) {
        let Some(markers) = &self.markers else { return };
        markers.find(text, |range| {
            let letter = |c: char| c.is_alphanumeric();
            let begins_inside = text[range.start..].starts_with(letter) && text[..range.start].ends_with(letter);
            if !begins_inside {
                found(range);
            }
        });
    }

    pub(super) fn prefix(&self, hash: u32, found: &mut Readings) {
        if self.stem_sieve.holds(hash)
            && let Some(&word) = self.stems.get(&hash)
        {
            found.push(word);
        }
    }

    pub(super) fn word(&self, hash: u32, found: &mut Readings) {
        if self.sieve.holds(hash)
            && let Some(&word) = self.whole.get(&hash)
        {
            found.push(word);
        }
    }

    /// The entries that begin at token `first`, at most one a category, the longest.
    pub(super) fn hits(&self, readings: &[Readings], first: usize, mut found: impl FnMut(Hit)) {
        // What was read of a phrase so far, for each reading of its words, and what ends with its last word.
        let mut reached = Reached::default();
        for word in readings[first].iter() {
            reached.add(self.first[word as usize], &self.ends);
        }
        if reached.width == 0 && reached.ends == 0 {
            return;
        }
        let mut ends = [0_u64; LONGEST];
        let mut words = 0;
        loop {
            ends[words] = reached.ends;
            words += 1;
            let Some(readings) = readings.get(first + words).filter(|_| reached.width > 0 && words < ends.len()) else {
                break;
            };
            let mut after = Reached::default();
            for &node in &reached.nodes[..reached.width] {
                for word in readings.iter() {
                    after.add(self.next.get(&(node, word)).copied().unwrap_or_default(), &self.ends);
                }
            }
            reached = after;
        }
        let mut seen = 0;
        for length in (1..=words).rev() {
            let mut new = ends[length - 1] & !seen;
            seen |= new;
            while new != 0 {
                let index = new.trailing_zeros() as usize;
                new &= new - 1;
                found(Hit { category: Category::ALL[index], first: first as u32, end: (first + length) as u32 });
            }
        }
    }
}

/// Nodes after so many words of a phrase.
#[derive(Debug, Default)]
struct Reached {
    /// Those that go on.
    nodes: [Node; 8],
    width: usize,
    /// The categories of all.
    ends: u64,
}

impl Reached {
    /// 0 is no node.
    fn add(&mut self, node: Node, ends: &[u64]) {
        let of = ends[node as usize];
        self.ends |= of & !GOES_ON;
        if of & GOES_ON != 0 && self.width < self.nodes.len() {
            self.nodes[self.width] = node;
            self.width += 1;
        }
    }
}

/// Turn and role markers that are told by their punctuation.
#[derive(Debug)]
struct Markers {
    automaton: AhoCorasick,
    /// Whether a byte is the first sign of a marker. A text is read around those alone.
    signs: [bool; 256],
    /// Bytes of the longest.
    longest: usize,
}

impl Markers {
    fn new(markers: &[&str]) -> Result<Self, String> {
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .kind(Some(AhoCorasickKind::DFA))
            .build(markers)
            .map_err(|error| error.to_string())?;
        let mut signs = [false; 256];
        for sign in markers.iter().filter_map(|marker| marker.bytes().find(|byte| is_sign((*byte).into()))) {
            signs[usize::from(sign)] = true;
        }
        Ok(Self { automaton, signs, longest: markers.iter().map(|marker| marker.len()).max().unwrap_or_default() })
    }

    fn find(&self, text: &str, mut found: impl FnMut(Range<usize>)) {
        let mut read = |around: Range<usize>| {
            self.automaton.find_iter(Input::new(text).range(around)).for_each(|hit| found(hit.range()));
        };
        let mut around = 0..0;
        for (at, _) in text.bytes().enumerate().filter(|(_, byte)| self.signs[usize::from(*byte)]) {
            let (start, end) = (at.saturating_sub(self.longest), text.len().min(at + self.longest));
            if start > around.end {
                read(std::mem::replace(&mut around, start..end));
            }
            around.end = end;
        }
        read(around);
    }
}

const fn is_sign(c: char) -> bool {
    c.is_ascii_punctuation() && !matches!(c, '\'' | '-' | '*')
}

/// The words of the lexicon that a token can be: itself and stems of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Readings {
    words: [Word; READINGS],
    count: u8,
}

impl Readings {
    fn push(&mut self, word: Word) {
        if usize::from(self.count) == READINGS {
            // The longest stems say most.
            self.words.rotate_left(1);
            self.count -= 1;
        }
        self.words[usize::from(self.count)] = word;
        self.count += 1;
    }

    fn iter(&self) -> impl Iterator<Item = Word> {
        self.words.into_iter().take(self.count.into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Reader<'l> {
        lexicon: &'l Lexicon,
        current: Readings,
        readings: Vec<Readings>,
    }

    impl tokens::Visit for Reader<'_> {
        fn prefix(&mut self, hash: u32) {
            self.lexicon.prefix(hash, &mut self.current);
        }

        fn word(&mut self, token: tokens::Token) {
            self.lexicon.word(token.hash, &mut self.current);
            self.readings.push(std::mem::take(&mut self.current));
        }
    }

    fn hits(file: &str, text: &str) -> Vec<(Category, u32, u32)> {
        let lexicon = Lexicon::parse(&[("test", file)]).unwrap();
        let mut reader = Reader { lexicon: &lexicon, current: Readings::default(), readings: Vec::new() };
        tokens::read(text, &mut reader);
        let mut found = Vec::new();
        for first in 0..reader.readings.len() {
            lexicon.hits(&reader.readings, first, |hit| found.push((hit.category, hit.first, hit.end)));
        }
        found
    }

    #[test]
    fn of_each_class_the_longest_phrase_is_told() {
        use Category::{Discard, Instruction, Prior};
        const FILE: &str =
            "[discard]\nset aside\nset\n[instruction]\nrule*\nset aside all rules\n[prior]\nset aside all";
        assert_eq!(hits(FILE, "they set aside all ruler"), [(Prior, 1, 4), (Discard, 1, 3), (Instruction, 4, 5)]);
        assert_eq!(
            hits(FILE, "set aside all rules"),
            [(Instruction, 0, 4), (Prior, 0, 3), (Discard, 0, 2), (Instruction, 3, 4)]
        );
        assert_eq!(hits(FILE, "set to set"), [(Discard, 0, 1), (Discard, 2, 3)]);
        assert_eq!(hits(FILE, "aside all"), []);
    }

    proptest! {
        #[test]
        fn markers_are_where_a_reading_of_the_whole_text_finds_them(text in "(system:|\\[INST\\]|### правила| |\\PC|[a-z]{1,40})*") {
            let markers = Markers::new(&["system:", "[inst]", "### правила", "m:a", "#", "a note to: "]).unwrap();
            let mut found = Vec::new();
            markers.find(&text, |range| found.push(range));
            let whole: Vec<_> = markers.automaton.find_iter(&text).map(|hit| hit.range()).collect();
            prop_assert_eq!(found, whole);
        }
    }
}
