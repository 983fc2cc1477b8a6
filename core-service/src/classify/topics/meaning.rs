//! Topics by meaning: vectors of sentences that say the same lie near each other, whatever the words.
//!
//! Only what the words leave open is compared, and only where a model gives vectors: it takes thousands of times as long.

use std::{sync::Arc, time::Instant};

use super::profile::Profile;
use crate::classify::second::{Missed, SecondStage};

/// Scores of the words alone between which a window is compared: below there is nothing of the topic in it.
const OPEN: std::ops::RangeInclusive<f32> = 0.03..=0.85;

/// Makes a vector of length one of each text.
pub trait Encoder {
    /// A text as it is read.
    type Pieces;

    /// None of what cannot be read.
    fn pieces(&self, text: &str) -> Result<Option<Self::Pieces>, Missed>;

    /// In their order. Waits for its turn, but not past the deadline.
    fn embed(&self, texts: &[Self::Pieces], deadline: Option<Instant>) -> Result<Vec<Vec<f32>>, Missed>;

    /// What the cosine of two vectors adds to the log-odds that they are about the same.
    fn shift(&self, cosine: f32) -> f32;
}

pub(super) fn leaves_open(score: f32) -> bool {
    OPEN.contains(&score)
}

/// Of a topic's phrases, those that the encoder can read.
#[derive(Debug, Default)]
pub(super) struct Meanings {
    phrases: Vec<Vec<f32>>,
    against: Vec<Vec<f32>>,
}

impl Meanings {
    pub(super) fn of(phrases: &[String], against: &[String], encoder: &impl Encoder) -> Self {
        let embed = |texts: &[String]| {
            let mut vectors = Vec::new();
            // No more at once than a check has, so that checks wait no longer for their turn than for each other.
            for some in texts.chunks(SecondStage::WINDOWS) {
                let readable: Result<Vec<_>, _> =
                    some.iter().filter_map(|text| encoder.pieces(text).transpose()).collect();
                match readable.and_then(|readable| encoder.embed(&readable, None)) {
                    Ok(some) => vectors.extend(some),
                    Err(missed) => tracing::warn!(why = missed.as_str(), "phrases of a denied topic are not encoded"),
                }
            }
            vectors
        };
        Self { phrases: embed(phrases), against: embed(against) }
    }

    /// The cosine with the nearest phrase, less what a counter sample is nearer.
    fn closeness(&self, vector: &[f32]) -> Option<f32> {
        let nearest = |phrases: &[Vec<f32>]| phrases.iter().map(|phrase| dot(phrase, vector)).max_by(f32::total_cmp);
        let near = nearest(&self.phrases)?;
        Some(near - nearest(&self.against).map_or(0.0, |against| (against - near).max(0.0)))
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// A window that the words leave open, and the topic that it may be about.
#[derive(Debug, Clone, Copy)]
pub struct Window<'t> {
    pub topic: usize,
    pub margin: f32,
    pub text: &'t str,
}

/// What the meaning of a window says of a topic.
#[derive(Debug, Clone, Copy)]
pub struct Meaning {
    pub topic: usize,
    /// Added to the log-odds.
    pub shift: f32,
}

/// Compares the windows that are nearest by their words, each read once for all topics. None: the encoder can read none of them.
/// The number is that of the windows read.
pub fn compare<E: Encoder>(
    windows: &[Window<'_>],
    profiles: &[Arc<Profile>],
    encoder: &E,
    deadline: Option<Instant>,
) -> Option<Result<(Vec<Meaning>, usize), Missed>> {
    let (mut texts, mut pieces): (Vec<&str>, Vec<E::Pieces>) = Default::default();
    for window in windows {
        if texts.len() < SecondStage::WINDOWS && !texts.contains(&window.text) {
            match encoder.pieces(window.text) {
                Ok(Some(of)) => {
                    texts.push(window.text);
                    pieces.push(of);
                }
                Ok(None) => {}
                Err(missed) => return Some(Err(missed)),
            }
        }
    }
    if texts.is_empty() {
        return None;
    }
    let vectors = match encoder.embed(&pieces, deadline) {
        Ok(vectors) => vectors,
        Err(missed) => return Some(Err(missed)),
    };
    let meaning = |window: &Window<'_>| {
        let vector = texts.iter().zip(&vectors).find(|(text, _)| **text == window.text)?.1;
        let closeness = profiles.get(window.topic)?.meanings(encoder).closeness(vector)?;
        Some(Meaning { topic: window.topic, shift: encoder.shift(closeness) })
    };
    Some(Ok((windows.iter().filter_map(meaning).collect(), texts.len())))
}
