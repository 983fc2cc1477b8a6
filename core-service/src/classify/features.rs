//! What is counted in a text: words, and how the classes of words stand together.

use super::{
    category::Category,
    lexicon::{Hit, Lexicon, Readings},
    tokens::{self, Token, Visit},
};

/// Tokens of a window for attacks: about two sentences.
pub const WINDOW: usize = 48;
/// Of one for harm, which is seldom in one sentence.
pub const WIDE: usize = 192;

/// A window is scaled as if it held at least so much: a few words say too little to be sure of.
pub const LEAST_SIZE: f32 = 6.0;
/// Of fewer words no attack is told, whatever they are.
pub const FEWEST_WORDS: u32 = 3;

/// Letters of a word's stem: what is left of it when endings and compounds differ.
const STEM: u8 = 4;

/// Tokens between the first and the last of three classes that are counted together.
const REACH: u32 = 10;
/// Classes before one that are counted with it.
const BEFORE: usize = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Word,
    Pair,
    Class,
    /// A class of words that harm.
    Harm,
    /// How a longer word begins. For harm alone.
    Stem,
}

/// A feature at a token.
#[derive(Debug, Clone, Copy)]
pub struct Instance {
    pub hash: u32,
    pub at: u32,
    /// The token where it was seen before, plus one; 0 for nowhere. In a window it counts once.
    pub before: u32,
    pub kind: Kind,
}

/// Buffers of one text, used again for the next.
#[derive(Debug, Default)]
pub struct Scratch {
    pub tokens: Vec<Token>,
    /// Of each token; None: it is no longer than its stem.
    stems: Vec<Option<u32>>,
    readings: Vec<Readings>,
    hits: Vec<Hit>,
    harms: Vec<Hit>,
    /// In the order of the text.
    pub instances: Vec<Instance>,
    recent: Recent,
}

/// Where features were seen last: a small table in which a newer one takes the place of an older.
#[derive(Debug)]
pub(super) struct Recent {
    slots: Box<[(u32, u32, u32)]>,
    text: u32,
}

impl Default for Recent {
    fn default() -> Self {
        Self { slots: vec![(0, 0, 0); Self::SIZE].into(), text: 0 }
    }
}

impl Recent {
    const SIZE: usize = 1 << 12;

    pub(super) fn begin(&mut self) {
        self.text = self.text.wrapping_add(1);
        if self.text == 0 {
            self.slots.fill((0, 0, 0));
            self.text = 1;
        }
    }

    /// The token where the feature was before, plus one.
    pub(super) fn see(&mut self, hash: u32, at: u32) -> u32 {
        let slot = &mut self.slots[(hash ^ (hash >> 16)) as usize % Self::SIZE];
        let before = if slot.0 == hash && slot.1 == self.text { slot.2 } else { 0 };
        *slot = (hash, self.text, at + 1);
        before
    }
}

/// So that neighbouring inputs land far apart.
pub const fn mix(mut hash: u32) -> u32 {
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

const fn join(salt: u32, parts: [u32; 3]) -> u32 {
    let mut hash = mix(salt);
    let mut index = 0;
    while index < parts.len() {
        hash = mix(hash ^ parts[index].wrapping_mul(0x9e37_79b9));
        index += 1;
    }
    hash
}

struct Reader<'a> {
    lexicon: &'a Lexicon,
    tokens: &'a mut Vec<Token>,
    stems: &'a mut Vec<Option<u32>>,
    readings: &'a mut Vec<Readings>,
    current: Readings,
    letters: u8,
    stem: u32,
}

impl Visit for Reader<'_> {
    fn prefix(&mut self, hash: u32) {
        self.lexicon.prefix(hash, &mut self.current);
        self.letters = self.letters.saturating_add(1);
        if self.letters == STEM {
            self.stem = hash;
        }
    }

    fn word(&mut self, token: Token) {
        self.lexicon.word(token.hash, &mut self.current);
        self.tokens.push(token);
        self.stems.push((self.letters > STEM).then_some(self.stem));
        self.letters = 0;
        self.readings.push(std::mem::take(&mut self.current));
    }
}

impl Scratch {
    /// Reads a text; what is found lies in `tokens` and `instances` until the next.
    pub fn read(&mut self, lexicon: &Lexicon, text: &str) {
        let Self { tokens, stems, readings, hits, harms, instances, recent } = self;
        tokens.clear();
        stems.clear();
        readings.clear();
        hits.clear();
        harms.clear();
        instances.clear();
        recent.begin();
        let current = Readings::default();
        tokens::read(text, &mut Reader { lexicon, tokens, stems, readings, current, letters: 0, stem: 0 });
        let mut ends = [0_u32; Category::ALL.len()];
        for first in 0..readings.len() {
            lexicon.hits(readings, first, |hit| {
                let end = &mut ends[hit.category as usize];
                // Inside a longer one of its own class it says nothing new.
                if hit.first >= *end {
                    *end = hit.end;
                    if hit.category.is_harm() {
                        harms.push(hit);
                    } else {
                        hits.push(hit);
                    }
                }
            });
        }
        lexicon.markers(text, |range| {
            let first = tokens.partition_point(|token| (token.start as usize) < range.start);
            let first = first.min(tokens.len().saturating_sub(1)) as u32;
            hits.push(Hit { category: Category::Marker, first, end: first + 1 });
        });
        hits.sort_by_key(|hit| (hit.first, hit.category));
        let mut see = |hash, at, kind| {
            let before = recent.see(hash, at);
            instances.push(Instance { hash, at, before, kind });
        };
        let (mut next, mut next_harm) = (0, 0);
        let mut last = 0;
        for (at, (token, stem)) in (0..).zip(tokens.iter().zip(stems.iter())) {
            // Single letters are what is left of spelled words, tables and sums.
            if token.end - token.start > 1 {
                see(join(1, [token.hash, 0, 0]), at, Kind::Word);
                if at > 0 {
                    see(join(2, [last, token.hash, 0]), at, Kind::Pair);
                }
                last = token.hash;
            }
            if let Some(stem) = *stem {
                see(join(8, [stem, 0, 0]), at, Kind::Stem);
            }
            while next < hits.len() && hits[next].first == at {
                classes(hits, next, &mut see);
                next += 1;
            }
            while next_harm < harms.len() && harms[next_harm].first == at {
                harm(harms, next_harm, &hits[..next], &mut see);
                next_harm += 1;
            }
        }
    }
}

/// A class, and those before it together with it.
fn classes(hits: &[Hit], index: usize, see: &mut impl FnMut(u32, u32, Kind)) {
    let hit = hits[index];
    let at = hit.first;
    let class = |hit: &Hit| hit.category as u32 + 1;
    see(join(3, [class(&hit), 0, 0]), at, Kind::Class);
    let earlier = hits[..index].iter().rev().take_while(|other| at - other.first <= REACH);
    let mut near = [hit; BEFORE];
    let mut count = 0;
    for other in earlier.filter(|other| other.first < at).take(BEFORE) {
        near[count] = *other;
        count += 1;
    }
    for (number, one) in near[..count].iter().enumerate() {
        let apart = at + 1 - one.end.min(at + 1);
        let distance = match apart {
            0..=2 => 1,
            3..=5 => 2,
            _ => 3,
        };
        if distance < 3 {
            see(join(4, [class(one), class(&hit), distance]), at, Kind::Class);
        }
        for two in near[number + 1..count].iter().filter(|two| two.first < one.first) {
            see(join(5, [class(two), class(one), class(&hit)]), at, Kind::Class);
        }
    }
}

/// A word that harms, with those before it, and with whom it is said to or of.
fn harm(harms: &[Hit], index: usize, others: &[Hit], see: &mut impl FnMut(u32, u32, Kind)) {
    let hit = harms[index];
    let at = hit.first;
    let class = |hit: &Hit| hit.category as u32 + 1;
    see(join(6, [class(&hit), 0, 0]), at, Kind::Harm);
    let near = |others: &[Hit], reach: u32, see: &mut dyn FnMut(u32, u32, Kind)| {
        let earlier = others.iter().rev().take_while(|other| at - other.first.min(at) <= reach);
        for other in earlier.filter(|other| other.first <= at && other.category != hit.category).take(BEFORE) {
            see(join(7, [class(other), class(&hit), 0]), at, Kind::Harm);
        }
    };
    near(&harms[..index], REACH, see);
    near(others, 3, see);
}

/// Ranges of so many tokens, half over each other; at least one.
pub fn windows(tokens: usize, size: usize) -> impl Iterator<Item = (u32, u32)> {
    let step = size / 2;
    let count = tokens.saturating_sub(step).div_ceil(step).max(1);
    (0..count).map(move |number| {
        let start = number * step;
        (start as u32, (start + size).min(tokens) as u32)
    })
}
