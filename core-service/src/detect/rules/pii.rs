//! Personal data that has a form: what has none (names, street addresses) is not for patterns.

mod financial;
mod identity;
mod network;
mod phone;

use super::super::rule::Rule;
use crate::domain::finding::{Detector, Severity};

/// What rules for personal data share.
const PII: Rule = Rule { detector: Detector::Pii, severity: Severity::Medium, ..Rule::BASE };

pub(super) const FAMILIES: &[&[Rule]] = &[financial::RULES, identity::RULES, network::RULES, phone::RULES];

/// Whether one of the words stands in the text, ignoring the case of ASCII letters. The words are lower case.
fn mentions(text: &str, words: &[&str]) -> bool {
    let lower = text.to_ascii_lowercase();
    words.iter().any(|word| {
        lower.match_indices(word).any(|(at, _)| {
            let letter = |c: char| c.is_ascii_alphabetic();
            !lower[..at].chars().next_back().is_some_and(letter)
                && !lower[at + word.len()..].chars().next().is_some_and(letter)
        })
    })
}
