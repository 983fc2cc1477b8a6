//! One index of all topics' words, and a text read with it.

use std::{ops::Range, sync::Arc};

use super::{
    background::{self, Background},
    fields::{self, Fields, Membership},
    profile::{Profile, Term},
};
use crate::classify::{
    features::{self, Recent},
    lexicon::{Map, Sieve},
    tokens::{self, Token, Visit},
};

/// Letters of a word; longer ones are compared no further.
pub(super) const LONGEST: usize = 40;
/// Two words are alike when the beginning that they share is so much of both, and so many letters at least.
const ALIKE: f32 = 0.66;
const SHARED_LETTERS: usize = 4;
/// Terms that one word is compared with: more share a beginning in no policy that says something.
const MOST: usize = 256;
/// Of two characters that stand beside each other, in scripts that put no spaces between words.
pub(super) const PAIR_WORTH: f32 = 0.6;

/// A term's place behind a beginning of it.
#[derive(Debug, Clone, Copy)]
struct Posting {
    topic: u16,
    term: u16,
    is_counter: bool,
    /// Letters of the term.
    letters: u16,
    worth: f32,
    weight: f32,
    is_name: bool,
}

#[derive(Debug)]
pub(super) struct Index {
    postings: Vec<Posting>,
    places: Map<u32, Range<u32>>,
    sieve: Sieve,
    background: &'static Background,
    fields: &'static Fields,
}

/// A word of a text that is like a term of a topic.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub(super) topic: u16,
    pub(super) term: u16,
    pub(super) is_counter: bool,
    /// It is the topic's own name for something.
    pub(super) is_name: bool,
    pub(super) value: f32,
}

/// A word of a text.
#[derive(Debug, Clone)]
pub(super) struct Word {
    /// The same word before it, plus one; 0 for none.
    pub(super) before: u32,
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) worth: f32,
    pub(super) fields: Membership,
    pub(super) hits: Range<u32>,
}

/// What was read of one text.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) words: Vec<Word>,
    pub(super) hits: Vec<Hit>,
    /// Places and letters of the beginnings of the word under way that terms have.
    begun: Vec<(Range<u32>, u16)>,
    recent: Recent,
}

/// Two characters that stand beside each other as one word, where characters are words.
pub(super) fn pair(last: Option<(Token, usize)>, (token, letters): (Token, usize)) -> Option<u32> {
    let (before, its_letters) = last?;
    let alone = letters == 1 && its_letters == 1 && before.end == token.start;
    alone.then(|| features::mix(before.hash ^ token.hash.rotate_left(13)))
}

const fn narrow(number: usize) -> u32 {
    // Texts are far below 4 GiB.
    number as u32
}

impl Index {
    pub(super) fn new(profiles: &[Arc<Profile>]) -> Result<Self, String> {
        let mut lists: Map<u32, Vec<Posting>> = Map::default();
        for (topic, profile) in (0..).zip(profiles) {
            for (terms, is_counter) in [(&profile.terms, false), (&profile.counters, true)] {
                for (number, term) in (0..).zip(terms) {
                    let Term { beginnings, worth, weight, is_name } = term;
                    let letters = beginnings.len();
                    let posting = Posting {
                        topic,
                        term: number,
                        is_counter,
                        letters: u16::try_from(letters).unwrap_or(u16::MAX),
                        worth: *worth,
                        weight: *weight,
                        is_name: *is_name,
                    };
                    for (shared, hash) in (1..).zip(beginnings) {
                        // A word that is all of this beginning is the most alike that shares no more.
                        if alike(shared, letters, shared).is_some() {
                            lists.entry(*hash).or_default().push(posting);
                        }
                    }
                }
            }
        }
        let (mut postings, mut places, mut sieve) = (Vec::new(), Map::default(), Sieve::new());
        let mut lists: Vec<_> = lists.into_iter().collect();
        lists.sort_by_key(|(hash, _)| *hash);
        for (hash, list) in lists {
            let start = narrow(postings.len());
            postings.extend(list);
            places.insert(hash, start..narrow(postings.len()));
            sieve.insert(hash);
        }
        Ok(Self { postings, places, sieve, background: background::built_in(), fields: fields::built_in()? })
    }

    pub(super) fn read(&self, text: &str, scratch: &mut Scratch) {
        scratch.words.clear();
        scratch.hits.clear();
        scratch.begun.clear();
        scratch.recent.begin();
        tokens::read(text, &mut Reader { index: self, scratch, fields: Membership::default(), letters: 0, last: None });
    }

    fn push(&self, scratch: &mut Scratch, token: Token, letters: usize, worth: f32, membership: Membership) {
        let Scratch { words, hits, begun, recent } = scratch;
        let first = hits.len();
        if worth > 0.0 {
            let mut compared = 0;
            // The longest beginning first: what it shares with a term is what counts.
            for (range, shared) in begun.iter().rev() {
                for posting in &self.postings[range.start as usize..range.end as usize] {
                    compared += 1;
                    if compared > MOST {
                        break;
                    }
                    let Some(alike) = alike((*shared).into(), posting.letters.into(), letters) else { continue };
                    let Posting { topic, term, is_counter, .. } = *posting;
                    let known = |hit: &Hit| (hit.topic, hit.term, hit.is_counter) == (topic, term, is_counter);
                    if hits[first..].iter().any(known) {
                        continue;
                    }
                    // As telling as the less telling of both.
                    let value = posting.weight * (worth / posting.worth).min(1.0) * alike * alike;
                    let is_name = posting.is_name && alike >= 1.0 && worth >= posting.worth;
                    hits.push(Hit { topic, term, is_counter, is_name, value });
                }
            }
        }
        begun.clear();
        let before = recent.see(token.hash, narrow(words.len()));
        let hits = narrow(first)..narrow(hits.len());
        words.push(Word { before, start: token.start, end: token.end, worth, fields: membership, hits });
    }
}

/// How alike two words of so many letters are that share so many at their beginning: 1 for the same word.
fn alike(shared: usize, one: usize, other: usize) -> Option<f32> {
    if shared == one && shared == other {
        return Some(1.0);
    }
    #[allow(clippy::cast_precision_loss, reason = "letters of words")]
    let share = 2.0 * shared as f32 / (one + other) as f32;
    (shared >= SHARED_LETTERS && share >= ALIKE).then_some(share)
}

struct Reader<'a> {
    index: &'a Index,
    scratch: &'a mut Scratch,
    fields: Membership,
    letters: usize,
    last: Option<(Token, usize)>,
}

impl Visit for Reader<'_> {
    fn prefix(&mut self, hash: u32) {
        self.letters += 1;
        self.fields.join(self.index.fields.begins(hash));
        if self.letters <= LONGEST
            && self.index.sieve.holds(hash)
            && let Some(range) = self.index.places.get(&hash)
        {
            self.scratch.begun.push((range.clone(), self.letters as u16));
        }
    }

    fn word(&mut self, token: Token) {
        let Self { index, .. } = *self;
        let mut membership = std::mem::take(&mut self.fields);
        membership.join(index.fields.whole(token.hash));
        let letters = std::mem::take(&mut self.letters);
        // Single letters are what is left of spelled words, tables and sums.
        let worth = if letters < 2 { 0.0 } else { index.background.word(token.hash) };
        index.push(self.scratch, token, letters, worth, membership);
        if let Some(hash) = pair(self.last, (token, letters))
            && let Some((before, _)) = self.last
        {
            if let Some(range) = index.places.get(&hash) {
                self.scratch.begun.push((range.clone(), 2));
            }
            let both = Token { hash, start: before.start, end: token.end };
            index.push(self.scratch, both, 2, PAIR_WORTH, Membership::default());
        }
        self.last = Some((token, letters));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_alike_by_their_common_beginning() {
        let close = |a: Option<f32>, b: f32| assert!(a.is_some_and(|a| (a - b).abs() < 0.01), "{a:?} {b}");
        close(alike(5, 5, 5), 1.0);
        // invest, investment
        close(alike(6, 6, 10), 0.75);
        // bond, bonds
        close(alike(4, 4, 5), 0.89);
        // car, card; election, electric
        assert_eq!(alike(3, 3, 4), None);
        assert_eq!(alike(5, 8, 8), None);
    }
}
