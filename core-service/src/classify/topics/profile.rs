//! A topic, made ready once when its policy is loaded.

use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
};

use super::{
    background,
    fields::{self, Membership},
    index::{self, PAIR_WORTH},
    meaning::{Encoder, Meanings},
};
use crate::classify::{
    lexicon::Map,
    tokens::{self, Token, Visit},
};

/// A topic in words.
#[derive(Debug, Clone, Copy)]
pub struct Definition<'a> {
    pub name: &'a str,
    pub description: &'a str,
    pub samples: &'a [String],
    /// Near the topic, and fine.
    pub counter_samples: &'a [String],
}

/// A word of a topic.
#[derive(Debug, Clone)]
pub(super) struct Term {
    /// The hash of each beginning of it, the whole word last.
    pub(super) beginnings: Vec<u32>,
    /// How telling it is, 0 to 1.
    pub(super) worth: f32,
    /// The same times how much of the topic says it, less where counter samples say it too.
    pub(super) weight: f32,
    /// A name, as far as can be told: written large, known to nobody else, and said more than once. Of scripts without
    /// spaces, a pair of the topic's own name that a sample has, too.
    pub(super) is_name: bool,
}

#[derive(Debug)]
pub struct Profile {
    pub(super) terms: Vec<Term>,
    /// Words of counter samples that the topic has not.
    pub(super) counters: Vec<Term>,
    /// The fields that its samples keep using, and how much each is the topic's.
    pub(super) field_weights: Vec<(usize, f32)>,
    pub(super) field_set: u128,
    by_words: Arc<str>,
    by_both: Arc<str>,
    phrases: Vec<String>,
    against: Vec<String>,
    meanings: OnceLock<Meanings>,
}

/// What counts beside samples: the name as two of them, the description as one.
const NAME: u16 = 2;
const DESCRIPTION: u16 = 1;
/// A field that fewer of them have is chance.
const FIELD_LEAST: u16 = 2;
/// A word in so many of them has its full weight.
const SAID: u16 = 5;
const SAID_MORE: f32 = 0.25;
const SHARED: f32 = 0.6;
/// Words that nobody knows are worth more than this.
const UNKNOWN: f32 = 0.9;

/// A word of a phrase.
struct Said {
    beginnings: Vec<u32>,
    worth: f32,
    fields: Membership,
    count: u16,
    is_capital: bool,
    /// Two characters of a script that puts no spaces between words.
    is_pair: bool,
}

impl Said {
    fn hash(&self) -> u32 {
        self.beginnings.last().copied().unwrap_or_default()
    }
}

struct Reader<'a> {
    phrase: &'a str,
    words: Vec<Said>,
    beginnings: Vec<u32>,
    fields: Membership,
    last: Option<(Token, usize)>,
}

impl<'a> Reader<'a> {
    const fn new(phrase: &'a str) -> Self {
        Self {
            phrase,
            words: Vec::new(),
            beginnings: Vec::new(),
            fields: Membership { strong: 0, weak: 0 },
            last: None,
        }
    }

    /// Whether a word is written large where it need not be.
    fn is_capital(&self, token: Token) -> bool {
        let (before, word) = self.phrase.split_at_checked(token.start as usize).unwrap_or_default();
        let begins = before.trim_end().chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != ',');
        !begins && word.starts_with(char::is_uppercase)
    }
}

impl Visit for Reader<'_> {
    fn prefix(&mut self, hash: u32) {
        self.beginnings.push(hash);
        if let Ok(fields) = fields::built_in() {
            self.fields.join(fields.begins(hash));
        }
    }

    fn word(&mut self, token: Token) {
        let beginnings = std::mem::take(&mut self.beginnings);
        let mut membership = std::mem::take(&mut self.fields);
        if let Ok(fields) = fields::built_in() {
            membership.join(fields.whole(token.hash));
        }
        let letters = beginnings.len();
        let worth = if letters < 2 { 0.0 } else { background::built_in().word(token.hash) };
        let is_capital = self.is_capital(token);
        self.words.push(Said { beginnings, worth, fields: membership, count: 0, is_capital, is_pair: false });
        if let Some(pair) = index::pair(self.last, (token, letters)) {
            let beginnings = vec![token.hash, pair];
            let fields = Membership::default();
            self.words.push(Said { beginnings, worth: PAIR_WORTH, fields, count: 0, is_capital: false, is_pair: true });
        }
        self.last = Some((token, letters));
    }
}

/// The words of several phrases, each with in how many of them it is, and the same of fields.
#[derive(Default)]
struct Gathered {
    words: Vec<Said>,
    /// Of each word, by its hash.
    places: Map<u32, usize>,
    fields: Vec<(usize, u16)>,
}

impl Gathered {
    fn add(&mut self, phrase: &str, times: u16) {
        let mut reader = Reader::new(phrase);
        tokens::read(phrase, &mut reader);
        let mut seen = BTreeSet::new();
        let mut set = 0;
        for word in reader.words {
            set |= word.fields.any();
            if !seen.insert(word.hash()) {
                continue;
            }
            match self.places.get(&word.hash()).and_then(|&place| self.words.get_mut(place)) {
                Some(known) => {
                    known.count = known.count.saturating_add(times);
                    known.is_capital |= word.is_capital;
                }
                None => {
                    self.places.insert(word.hash(), self.words.len());
                    self.words.push(Said { count: times, ..word });
                }
            }
        }
        for field in fields::each(set) {
            match self.fields.iter_mut().find(|(known, _)| *known == field) {
                Some((_, count)) => *count = count.saturating_add(times),
                None => self.fields.push((field, times)),
            }
        }
    }

    fn says(&self, word: &Said) -> bool {
        self.places.contains_key(&word.hash())
    }
}

impl Profile {
    /// None of its words says anything when the error says so.
    pub fn new(definition: &Definition<'_>) -> Result<Self, String> {
        let Definition { name, description, samples, counter_samples } = *definition;
        let (mut topic, mut counter) = (Gathered::default(), Gathered::default());
        samples.iter().for_each(|sample| topic.add(sample, 1));
        topic.add(name, NAME);
        topic.add(description, DESCRIPTION);
        counter_samples.iter().for_each(|sample| counter.add(sample, 1));
        let mut own_name = Gathered::default();
        own_name.add(name, NAME);
        let term = |word: &Said, shared: bool| {
            let more = f32::from(word.count.clamp(1, SAID) - 1);
            let weight = word.worth * (1.0 + SAID_MORE * more) * if shared { SHARED } else { 1.0 };
            let unknown = word.is_capital && word.fields.any() == 0 && word.worth > UNKNOWN && word.count > 1;
            // No letter is large there, and no field has them: what the topic is called has to do.
            let is_name = unknown || word.is_pair && own_name.says(word) && word.count > NAME;
            Term { beginnings: word.beginnings.clone(), worth: word.worth, weight, is_name }
        };
        let telling = |word: &&Said| word.worth > 0.0 && word.beginnings.len() <= index::LONGEST;
        let terms: Vec<Term> = topic.words.iter().filter(telling).map(|word| term(word, counter.says(word))).collect();
        if terms.is_empty() {
            return Err("no word of it says what it is about".to_owned());
        }
        let counters = counter.words.iter().filter(telling).filter(|word| !topic.says(word));
        let counters = counters.map(|word| term(word, false)).collect();
        let known = fields::built_in()?;
        let all = f32::from(u16::try_from(samples.len()).unwrap_or(u16::MAX)) + f32::from(NAME + DESCRIPTION);
        let field_weights: Vec<(usize, f32)> = topic
            .fields
            .iter()
            .filter(|(_, count)| *count >= FIELD_LEAST)
            .map(|&(field, count)| (field, (f32::from(count) / all).min(1.0).sqrt() * known.worth(field)))
            .collect();
        let field_set = field_weights.iter().fold(0, |set, (field, _)| set | 1 << field);
        let mut phrases: Vec<String> = samples.to_vec();
        phrases.extend([name, description].into_iter().filter(|text| !text.trim().is_empty()).map(str::to_owned));
        Ok(Self {
            terms,
            counters,
            field_weights,
            field_set,
            by_words: format!("about the topic `{name}`: lexical similarity").into(),
            by_both: format!("about the topic `{name}`: lexical and encoder similarity").into(),
            phrases,
            against: counter_samples.to_vec(),
            meanings: OnceLock::new(),
        })
    }

    pub(super) const fn explanation(&self, with_meaning: bool) -> &Arc<str> {
        if with_meaning { &self.by_both } else { &self.by_words }
    }

    /// Encodes what it was described by, once; whoever is first pays.
    pub fn encode(&self, encoder: &impl Encoder) {
        self.meanings(encoder);
    }

    pub(super) fn meanings(&self, encoder: &impl Encoder) -> &Meanings {
        self.meanings.get_or_init(|| Meanings::of(&self.phrases, &self.against, encoder))
    }

    /// How much a field is the topic's.
    pub(super) fn field(&self, field: usize) -> f32 {
        self.field_weights.iter().find(|(known, _)| *known == field).map_or(0.0, |(_, weight)| *weight)
    }
}
