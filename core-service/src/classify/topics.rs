//! What a text is about: whether a sentence of it comes near a topic that a policy names, described and sampled in words.
//!
//! Words are compared three ways. Alike in spelling: a word of the text with those of the topic, by their common beginning and
//! by how telling they are ([`background`]). Alike in meaning: words of six languages stand in fields ([`fields`]), and a topic
//! has the fields that its samples keep using, so that other words of them are found too. And by a vector of each sentence, where
//! the model of the second stage gives one ([`meaning`]), for what the words leave open.
//!
//! All topics of a generation share one index of beginnings: a text is read once, and what it costs grows with what is found
//! in it and not with the number of topics.

mod background;
mod evidence;
mod fields;
mod index;
pub mod meaning;
pub mod profile;
mod sentences;

use std::{ops::Range, sync::Arc};

use self::{
    evidence::Evidence,
    index::{Index, Word},
    meaning::{Meaning, Window},
    profile::Profile,
    sentences::Sentences,
};
use crate::classify::weights::Calibration;

/// The least score that is told.
pub const LEAST: f32 = 0.2;

/// Taken off the best margin of a text, times the natural logarithm of the windows in it: of many one is near by chance.
const TRIES: f32 = 0.3;

const SCORE: Calibration = Calibration { slope: 1.0, offset: 0.0 };

/// The topics of one scanner.
#[derive(Debug)]
pub struct Topics {
    profiles: Vec<Arc<Profile>>,
    index: Index,
    /// The topics that have each field.
    by_field: Vec<Vec<u16>>,
}

/// The window of a text that is nearest to a topic.
#[derive(Debug, Clone, Copy)]
struct Nearest {
    margin: f32,
    reading: usize,
    start: u32,
    end: u32,
}

/// Buffers of one text, used again for the next.
#[derive(Debug, Default)]
pub struct Scratch {
    words: index::Scratch,
    evidence: evidence::Scratch,
    nearest: Vec<Option<Nearest>>,
    /// Whose findings somebody asked for.
    wanted: Vec<bool>,
    windows: usize,
}

/// What is said of a text and a topic that it comes near.
#[derive(Debug, Clone)]
pub struct Likeness {
    /// Number of the topic.
    pub topic: usize,
    pub score: f32,
    /// By the words alone.
    pub lexical: f32,
    /// Names the topic and the kinds of similarity.
    pub explanation: Arc<str>,
    /// Which reading of the text it is in, and the sentences there.
    pub reading: usize,
    pub span: Range<usize>,
}

impl Topics {
    /// More would need wider numbers; a policy has at most 64.
    const MOST: usize = u16::MAX as usize;

    pub fn new(profiles: Vec<Arc<Profile>>) -> Result<Self, String> {
        if profiles.len() > Self::MOST {
            return Err(format!("more than {} topics", Self::MOST));
        }
        let mut by_field = vec![Vec::new(); fields::MOST];
        for (topic, profile) in (0..).zip(&profiles) {
            for field in fields::each(profile.field_set) {
                by_field[field].push(topic);
            }
        }
        let index = Index::new(&profiles)?;
        Ok(Self { profiles, index, by_field })
    }

    pub const fn is_empty(&self) -> bool {
        self.profiles.is_empty()
    }

    /// Begins a text, for the topics that are wanted, by their numbers.
    pub fn begin(&self, scratch: &mut Scratch, wanted: impl Fn(usize) -> bool) {
        scratch.wanted.clear();
        scratch.wanted.extend((0..self.profiles.len()).map(wanted));
        scratch.nearest.clear();
        scratch.nearest.resize(self.profiles.len(), None);
        scratch.windows = 0;
    }

    /// Takes in one reading of the text: as it stands, or as it reads when something was undone.
    pub fn read(&self, reading: usize, text: &str, scratch: &mut Scratch) {
        let Scratch { words, evidence, nearest, wanted, windows } = scratch;
        self.index.read(text, words);
        for Range { start: from, end: to } in Sentences::new(text, &words.words) {
            *windows += 1;
            let window = &words.words[from..to];
            let (Some(first), Some(last)) = (window.first(), window.last()) else { continue };
            evidence.begin(from, window);
            self.touched(window, &words.hits, wanted, &mut evidence.touched);
            for number in 0..evidence.touched.len() {
                let topic = evidence.touched[number];
                let found = Evidence::of(&self.profiles[usize::from(topic)], topic, window, &words.hits, evidence);
                let margin = found.margin();
                let best = &mut nearest[usize::from(topic)];
                if best.is_none_or(|best| margin > best.margin) {
                    *best = Some(Nearest { margin, reading, start: first.start, end: last.end });
                }
            }
        }
    }

    /// The topics with which a window has a word or a field in common.
    fn touched(&self, window: &[Word], hits: &[index::Hit], wanted: &[bool], touched: &mut Vec<u16>) {
        touched.clear();
        let mut fields_seen = 0;
        let mut add = |topic: u16| {
            if wanted[usize::from(topic)] && !touched.contains(&topic) {
                touched.push(topic);
            }
        };
        for word in window {
            fields_seen |= word.fields.any();
            hits[word.hits.start as usize..word.hits.end as usize].iter().for_each(|hit| add(hit.topic));
        }
        for field in fields::each(fields_seen) {
            self.by_field[field].iter().for_each(|&topic| add(topic));
        }
    }

    /// What the text is near to. `meaning` compares the windows that the words leave open by what they mean, when it can.
    pub fn conclude<'t>(
        &self,
        scratch: &Scratch,
        text: impl Fn(usize) -> Option<&'t str>,
        meaning: impl FnOnce(&[Window<'t>], &[Arc<Profile>]) -> Option<Vec<Meaning>>,
        mut tell: impl FnMut(Likeness),
    ) {
        #[allow(clippy::cast_precision_loss, reason = "a count of windows")]
        let tries = TRIES * (scratch.windows.max(1) as f32).ln();
        let near = |(topic, nearest): (usize, &Option<Nearest>)| {
            let nearest = (*nearest)?;
            Some((topic, nearest, nearest.margin - tries))
        };
        let near: Vec<_> = scratch.nearest.iter().enumerate().filter_map(near).collect();
        let open = near.iter().filter(|(.., margin)| meaning::leaves_open(SCORE.probability(*margin)));
        let open = open.filter_map(|(topic, nearest, margin)| {
            let text = text(nearest.reading)?.get(nearest.start as usize..nearest.end as usize)?;
            Some(Window { topic: *topic, margin: *margin, text })
        });
        let mut open: Vec<Window<'_>> = open.collect();
        open.sort_by(|a, b| b.margin.total_cmp(&a.margin));
        let meanings = if open.is_empty() { None } else { meaning(&open, &self.profiles) };
        for (topic, nearest, margin) in near {
            let lexical = SCORE.probability(margin);
            let meant = meanings.iter().flatten().find(|meaning| meaning.topic == topic);
            let score = meant.map_or(lexical, |meant| SCORE.probability(margin + meant.shift));
            if score < LEAST {
                continue;
            }
            let span = nearest.start as usize..nearest.end as usize;
            let explanation = Arc::clone(self.profiles[topic].explanation(meant.is_some()));
            tell(Likeness { topic, score, lexical, explanation, reading: nearest.reading, span });
        }
    }
}

#[cfg(test)]
mod tests;
