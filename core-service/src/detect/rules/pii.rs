//! Personal data: numbers by their checksums, the rest by its form and by the words around it.

mod address;
mod context;
mod crypto;
mod device;
mod financial;
mod labelled;
mod national_americas;
mod national_asia;
mod national_europe;
mod national_oceania_africa;
mod national_us;
mod network;
mod person;
mod phone;
mod web;

use super::super::{rule::Rule, validate::Candidate};
use crate::domain::finding::{Detector, Severity};

/// What rules for personal data share.
const PII: Rule = Rule { detector: Detector::Pii, severity: Severity::Medium, ..Rule::BASE };

/// What rules share that wake on a word which must stand near.
const NEAR_WORD: Rule = Rule { reach: 128, ..PII };

/// The same for numbers that a state gives out.
const NATIONAL: Rule = Rule { severity: Severity::High, ..NEAR_WORD };

/// A digit behind a hyphen: rarer than digits, and what many forms have.
const DASHED: &[&str] = &["-0", "-1", "-2", "-3", "-4", "-5", "-6", "-7", "-8", "-9"];

pub(super) const FAMILIES: &[&[Rule]] = &[
    address::RULES,
    context::RULES,
    crypto::RULES,
    device::RULES,
    financial::RULES,
    labelled::RULES,
    national_americas::RULES,
    national_asia::RULES,
    national_europe::RULES,
    national_oceania_africa::RULES,
    national_us::RULES,
    network::RULES,
    person::RULES,
    phone::RULES,
    web::RULES,
];

/// Whether one of the words stands in the text, ignoring the case of ASCII letters. The words are lower case.
/// `passportNumber` holds the word passport, `import` does not hold port. They begin with a letter.
fn mentions(text: &str, words: &[&str]) -> bool {
    let bytes = text.as_bytes();
    let joined = |at: usize| match (at.checked_sub(1).and_then(|before| bytes.get(before)), bytes.get(at)) {
        (Some(a), Some(b)) => {
            let hump = a.is_ascii_lowercase() && b.is_ascii_uppercase();
            a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && !hump
        }
        _ => false,
    };
    let letter = |byte: u8| byte.is_ascii_alphabetic() || !byte.is_ascii();
    // Words begin with letters, and most of a text is no beginning of a word.
    let begins = |at: usize| letter(bytes[at]) && !joined(at);
    (0..bytes.len()).filter(|at| begins(*at)).any(|at| {
        let first = bytes[at].to_ascii_lowercase();
        words.iter().map(|word| word.as_bytes()).any(|word| {
            let end = at + word.len();
            word.first() == Some(&first)
                && bytes.get(at..end).is_some_and(|found| found.eq_ignore_ascii_case(word))
                && !joined(end)
        })
    })
}

/// Bytes before and after a match in which a word speaks for it.
const BEFORE: usize = 60;
const AFTER: usize = 30;

fn is_near(candidate: &Candidate<'_>, words: &[&str]) -> bool {
    mentions(candidate.before(BEFORE), words) || mentions(candidate.after(AFTER), words)
}

/// Letters and digits of a match, in capitals.
fn compact(candidate: &Candidate<'_>) -> String {
    candidate.hit().chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// Whether the match is no part of a longer number or identifier.
fn stands_alone(candidate: &Candidate<'_>) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let joins = |c: char| matches!(c, '-' | '.' | '/' | ',' | ':' | '+' | '=');
    let (before, after) = (candidate.before(8), candidate.after(8));
    let goes_on_before = before
        .strip_suffix(|c: char| joins(c) && c != '=' && c != ':' && c != ',')
        .is_some_and(|rest| rest.ends_with(word));
    let goes_on_after = after.strip_prefix(joins).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    !before.ends_with(word) && !after.starts_with(word) && !goes_on_before && !goes_on_after
}

/// A number that is nothing without a word near it.
fn named(candidate: &Candidate<'_>, words: &[&str], is_valid: fn(&str) -> bool) -> Option<f32> {
    (stands_alone(candidate) && is_valid(&compact(candidate)) && is_near(candidate, words)).then_some(0.9)
}

/// A number whose form and sum say what it is: `alone` is its score where no word does.
fn formed(candidate: &Candidate<'_>, words: &[&str], alone: f32, is_valid: fn(&str) -> bool) -> Option<f32> {
    let number = compact(candidate);
    (stands_alone(candidate) && is_valid(&number)).then(|| if is_near(candidate, words) { 0.95 } else { alone })
}

/// Whether the match stands right behind one of the words: no more than `is` and punctuation between.
fn follows(candidate: &Candidate<'_>, words: &[&str]) -> bool {
    const LINKS: &[&str] =
        &["", "is", "was", "code", "code is", "number", "number is", "no", "es", "est", "ist", "é", "è"];
    let before = candidate.before(40).to_ascii_lowercase();
    words.iter().any(|word| {
        before
            .rfind(word)
            .and_then(|at| before.get(at + word.len()..))
            .is_some_and(|between| LINKS.contains(&between.trim_matches(|c: char| !c.is_alphanumeric())))
    })
}
