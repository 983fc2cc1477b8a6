//! The words of all language files, found while a text is read.

use std::{collections::HashMap, hash::BuildHasherDefault, ops::Range, sync::LazyLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
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

#[derive(Debug)]
pub struct Lexicon {
    whole: Map<u32, Word>,
    stems: Map<u32, Word>,
    sieve: Sieve,
    stem_sieve: Sieve,
    next: Map<(Node, Word), Node>,
    /// The categories of what ends at each node.
    ends: Vec<u64>,
    /// Turn and role markers that are told by their punctuation.
    markers: Option<AhoCorasick>,
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
            let built = AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::LeftmostLongest)
                .kind(Some(AhoCorasickKind::DFA))
                .build(&markers);
            lexicon.markers = Some(built.map_err(|error| error.to_string())?);
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
            let fresh = self.ends.len() as Node;
            let next = *self.next.entry((node, word)).or_insert(fresh);
            if next == fresh {
                self.ends.push(0);
            }
            node = next;
        }
        self.ends[node as usize] |= category.bit();
        Ok(())
    }

    /// Bytes of the fake turn and role markers in a text.
    pub(super) fn markers(&self, text: &str, mut found: impl FnMut(Range<usize>)) {
        let Some(markers) = &self.markers else { return };
        for hit in markers.find_iter(text) {
            let letter = |c: char| c.is_alphanumeric();
            let begins_inside = text[hit.start()..].starts_with(letter) && text[..hit.start()].ends_with(letter);
            if !begins_inside {
                found(hit.range());
            }
        }
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
        if readings[first].is_empty() {
            return;
        }
        // Depth first over the readings; what is seen later at the same depth adds categories.
        let mut ends = [0_u64; LONGEST + 1];
        let mut frontier = [0 as Node; 8];
        let mut width = 1;
        let deepest = (readings.len() - first).min(ends.len() - 1);
        for depth in 0..deepest {
            let mut after = [0 as Node; 8];
            let mut reached = 0;
            for &node in &frontier[..width] {
                for word in readings[first + depth].iter() {
                    if let Some(&next) = self.next.get(&(node, word))
                        && reached < after.len()
                    {
                        after[reached] = next;
                        reached += 1;
                        ends[depth + 1] |= self.ends[next as usize];
                    }
                }
            }
            (frontier, width) = (after, reached);
            if width == 0 {
                break;
            }
        }
        let mut seen = 0;
        for length in (1..=deepest).rev() {
            let mut new = ends[length] & !seen;
            seen |= new;
            while new != 0 {
                let index = new.trailing_zeros() as usize;
                new &= new - 1;
                found(Hit { category: Category::ALL[index], first: first as u32, end: (first + length) as u32 });
            }
        }
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

    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn iter(&self) -> impl Iterator<Item = Word> {
        self.words.into_iter().take(self.count.into())
    }
}
