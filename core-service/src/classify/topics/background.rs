//! How telling words are: what everybody says says nothing of what a text is about.
//!
//! `background.txt` is made by `core-service/training/background/background.py`.

use std::sync::LazyLock;

use crate::classify::{lexicon::Map, tokens};

static FILE: &str = include_str!("background.txt");

static BUILT_IN: LazyLock<Background> = LazyLock::new(|| Background::read(FILE));

#[derive(Debug, Default)]
pub(super) struct Background {
    words: Map<u32, f32>,
    fields: Vec<(&'static str, f32)>,
}

fn hash(word: &str) -> Option<u32> {
    tokens::hashes(word).first().copied()
}

pub(super) fn built_in() -> &'static Background {
    &BUILT_IN
}

impl Background {
    fn read(file: &'static str) -> Self {
        let mut background = Self::default();
        for line in file.lines() {
            let mut parts = line.split(' ');
            match parts.next() {
                Some("field") => {
                    if let (Some(name), Some(Ok(worth))) = (parts.next(), parts.next().map(str::parse)) {
                        background.fields.push((name, worth));
                    }
                }
                Some(tenth) => {
                    let worth = tenth.parse().unwrap_or(10.0) / 10.0;
                    background.words.extend(parts.filter_map(hash).map(|hash| (hash, worth)));
                }
                None => {}
            }
        }
        background
    }

    /// 0 to 1: 1 for what is not known to be common.
    pub(super) fn word(&self, hash: u32) -> f32 {
        self.words.get(&hash).copied().unwrap_or(1.0)
    }

    /// 0 to 1.
    pub(super) fn field(&self, name: &str) -> f32 {
        self.fields.iter().find(|(known, _)| *known == name).map_or(1.0, |(_, worth)| *worth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_words_say_less_than_rare_ones() {
        let worth = |word| built_in().word(hash(word).unwrap());
        assert!(worth("the") < 0.05 && worth("nicht") < 0.05 && worth("une") < 0.05);
        assert!(worth("next") < worth("election"));
        assert!(worth("roulette") > 0.8);
        assert!(built_in().field("casino") > built_in().field("software"));
    }

    #[test]
    fn every_line_is_read() {
        let words: usize =
            FILE.lines().filter(|line| !line.starts_with("field")).map(|line| line.split(' ').count() - 1).sum();
        // Some words are one when they are folded.
        assert!(built_in().words.len() * 100 > words * 98, "{} of {words}", built_in().words.len());
    }
}
