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
pub const FEWEST_WORDS: usize = 3;

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

impl Kind {
    pub const COUNT: usize = Self::Stem as usize + 1;
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
    /// A feature, and the number of its last token among those of all texts, counted from one.
    slots: Box<[(u32, u32)]>,
    /// Tokens of the texts before this one.
    earlier: u32,
    /// And with those of this one.
    last: u32,
}

impl Default for Recent {
    fn default() -> Self {
        Self { slots: vec![(0, 0); Self::SIZE].into(), earlier: 0, last: 0 }
    }
}

impl Recent {
    const SIZE: usize = 1 << 12;

    pub(super) fn begin(&mut self) {
        self.earlier = self.last;
        // No text has as many tokens as there is room for behind this.
        if self.earlier > u32::MAX / 2 {
            self.slots.fill((0, 0));
            (self.earlier, self.last) = (0, 0);
        }
    }

    /// The token where the feature was before, plus one. Tokens come in their order.
    pub(super) fn see(&mut self, hash: u32, at: u32) -> u32 {
        let slot = &mut self.slots[(hash ^ (hash >> 16)) as usize % Self::SIZE];
        let before = if slot.0 == hash { slot.1.saturating_sub(self.earlier) } else { 0 };
        self.last = self.earlier.saturating_add(at + 1);
        *slot = (hash, self.last);
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

const fn then(hash: u32, part: u32) -> u32 {
    mix(hash ^ part.wrapping_mul(0x9e37_79b9))
}

const fn join(salt: u32, parts: [u32; 3]) -> u32 {
    then(then(then(mix(salt), parts[0]), parts[1]), parts[2])
}

/// A class as a part of a hash.
const fn part(category: Category) -> u32 {
    category as u32 + 1
}

const CLASSES: usize = Category::ALL.len();

/// Hashes of two classes so far apart, and beginnings of those of three: most features are of classes, and their words are few.
struct Together {
    two: [[[u32; 2]; CLASSES]; CLASSES],
    three: [[u32; CLASSES]; CLASSES],
}

static TOGETHER: Together = {
    let mut together = Together { two: [[[0; 2]; CLASSES]; CLASSES], three: [[0; CLASSES]; CLASSES] };
    let mut first = 0;
    while first < CLASSES {
        let mut second = 0;
        while second < CLASSES {
            let (a, b) = (part(Category::ALL[first]), part(Category::ALL[second]));
            together.two[first][second] = [join(4, [a, b, 1]), join(4, [a, b, 2])];
            together.three[first][second] = then(then(mix(5), a), b);
            second += 1;
        }
        first += 1;
    }
    together
};

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
    see(join(3, [part(hit.category), 0, 0]), at, Kind::Class);
    let earlier = hits[..index].iter().rev().take_while(|other| at - other.first <= REACH);
    let mut near = [hit; BEFORE];
    let mut count = 0;
    for other in earlier.filter(|other| other.first < at).take(BEFORE) {
        near[count] = *other;
        count += 1;
    }
    for (number, one) in near[..count].iter().enumerate() {
        let together = &TOGETHER.two[one.category as usize][hit.category as usize];
        match at + 1 - one.end.min(at + 1) {
            0..=2 => see(together[0], at, Kind::Class),
            3..=5 => see(together[1], at, Kind::Class),
            _ => {}
        }
        for two in near[number + 1..count].iter().filter(|two| two.first < one.first) {
            let begun = TOGETHER.three[two.category as usize][one.category as usize];
            see(then(begun, part(hit.category)), at, Kind::Class);
        }
    }
}

/// A word that harms, with those before it, and with whom it is said to or of.
fn harm(harms: &[Hit], index: usize, others: &[Hit], see: &mut impl FnMut(u32, u32, Kind)) {
    let hit = harms[index];
    let at = hit.first;
    see(join(6, [part(hit.category), 0, 0]), at, Kind::Harm);
    let near = |others: &[Hit], reach: u32, see: &mut dyn FnMut(u32, u32, Kind)| {
        let earlier = others.iter().rev().take_while(|other| at - other.first.min(at) <= reach);
        for other in earlier.filter(|other| other.first <= at && other.category != hit.category).take(BEFORE) {
            see(join(7, [part(other.category), part(hit.category), 0]), at, Kind::Harm);
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
