//! What speaks for a window being about a topic, and the margin that follows from it.

use super::{
    fields,
    index::{Hit, Word},
    profile::Profile,
};

/// Fitted by logistic regression on the even lines of `core-service/training/topics`, and rounded.
const BIAS: f32 = -4.4;
const WORDS: f32 = 1.6;
const COUNTERS: f32 = -1.3;
const FIELDS: f32 = 2.1;
const BEST_FIELD: f32 = 3.8;
const ON_TOPIC: f32 = 3.5;
const ELSEWHERE: f32 = -4.5;
const NAMED: f32 = 4.5;

/// A word with a field of this weight is wholly on the topic.
const FULL: f32 = 0.5;
/// Worth from which on a word is more than grammar.
const CONTENT: f32 = 0.3;

/// Of a window and a topic.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Evidence {
    /// The topic's words, by how telling they are, over the size of the window.
    words: f32,
    /// What counter samples say and the topic does not.
    counters: f32,
    /// The topic's fields, all and the best.
    fields: f32,
    best_field: f32,
    /// The share of words in the topic's fields, and in others.
    on_topic: f32,
    elsewhere: f32,
    /// The topic's own name for something.
    named: bool,
}

/// What is the same for all topics of a window, and buffers.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Numbers in the window of the words that are said for the first time.
    distinct: Vec<usize>,
    worth: f32,
    content: f32,
    /// The topics to look at.
    pub(super) touched: Vec<u16>,
    fields: Vec<(usize, f32)>,
    used: Vec<(u16, f32)>,
}

impl Scratch {
    /// `from` is the number of the window's first word in the text.
    pub(super) fn begin(&mut self, from: usize, window: &[Word]) {
        self.distinct.clear();
        (self.worth, self.content) = (0.0, 0.0);
        for (number, word) in window.iter().enumerate().filter(|(_, word)| word.before as usize <= from) {
            self.distinct.push(number);
            self.worth += word.worth;
            if word.fields.any() != 0 || word.worth > CONTENT {
                self.content += 1.0;
            }
        }
    }
}

impl Evidence {
    pub(super) fn of(profile: &Profile, topic: u16, window: &[Word], hits: &[Hit], scratch: &mut Scratch) -> Self {
        let Scratch { distinct, worth, content, fields, used, .. } = scratch;
        fields.clear();
        used.clear();
        let mut evidence = Self::default();
        for word in distinct.iter().map(|&number| &window[number]) {
            let all = &hits[word.hits.start as usize..word.hits.end as usize];
            let best = |counter: bool| {
                let of = all.iter().filter(|hit| hit.topic == topic && hit.is_counter == counter);
                of.max_by(|a, b| a.value.total_cmp(&b.value))
            };
            let (hit, counter) = (best(false), best(true));
            if let Some(hit) = hit {
                evidence.named |= hit.is_name;
                match used.iter_mut().find(|(term, _)| *term == hit.term) {
                    Some((_, value)) => *value = value.max(hit.value),
                    None => used.push((hit.term, hit.value)),
                }
            }
            if let Some(counter) = counter.filter(|counter| hit.is_none_or(|hit| counter.value > hit.value)) {
                evidence.counters += counter.value;
            }
            let mut nearest = 0.0;
            for field in fields::each(word.fields.any() & profile.field_set) {
                let share = word.fields.share(field);
                nearest = f32::max(nearest, profile.field(field) * share);
                match fields.iter_mut().find(|(known, _)| *known == field) {
                    Some((_, said)) => *said += share,
                    None => fields.push((field, share)),
                }
            }
            if nearest > 0.0 {
                evidence.on_topic += (nearest / FULL).min(1.0);
            } else if word.fields.any() != 0 && hit.is_none() {
                evidence.elsewhere += 1.0;
            }
        }
        evidence.on_topic /= *content + 1.0;
        evidence.elsewhere /= *content + 1.0;
        evidence.words = used.iter().map(|(_, value)| value).sum::<f32>() / (*worth + 1.0).sqrt();
        for &(field, said) in fields.iter() {
            // The second word of a field says half of what the first did.
            let value = profile.field(field) * 2.0 * (1.0 - (-said).exp2());
            evidence.fields += value;
            evidence.best_field = evidence.best_field.max(value);
        }
        evidence
    }

    /// The log-odds that the window is about the topic.
    pub(super) fn margin(&self) -> f32 {
        BIAS + WORDS * self.words
            + COUNTERS * self.counters
            + FIELDS * self.fields
            + BEST_FIELD * self.best_field
            + ON_TOPIC * self.on_topic
            + ELSEWHERE * self.elsewhere
            + if self.named { NAMED } else { 0.0 }
    }
}
