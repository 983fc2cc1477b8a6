//! Commands, queries, code and markup that destroy, leak or take over.
//!
//! Developers talk about all of this all day. What is ordinary in their talk scores below one half and counts
//! only for a policy that asks for it; what is hardly ever written in good faith scores above.

mod exfiltration;
mod markdown;
mod markup;
mod reverse_shell;
mod shell;
mod shell_run;
mod sql;
mod sql_injection;
mod ssrf;
mod unsafe_code;

use super::super::{rule::Rule, validate::Candidate};
use crate::domain::finding::Detector;

/// What rules for code safety share.
const CODE: Rule = Rule { detector: Detector::CodeSafety, score: 0.8, ..Rule::BASE };

/// The most that something scores which good and bad texts share.
const ORDINARY: f32 = 0.45;

pub(super) const FAMILIES: &[&[Rule]] = &[
    exfiltration::RULES,
    markdown::RULES,
    markup::RULES,
    reverse_shell::RULES,
    shell::RULES,
    shell_run::RULES,
    sql::RULES,
    sql_injection::RULES,
    ssrf::RULES,
    unsafe_code::RULES,
];

/// Whether the line asks about the match or warns of it, and so does not order it.
fn is_discussed(candidate: &Candidate<'_>) -> bool {
    const WORDS: [&str; 13] = [
        "what does",
        "what is",
        "what's",
        "what happens",
        "explain",
        "never ",
        "don't",
        "do not",
        "avoid",
        "why is",
        "why does",
        "difference between",
        "dangerous",
    ];
    let before = candidate.before(60);
    let line = before.rsplit('\n').next().unwrap_or(before);
    has_any(line, &WORDS)
}

/// `score`, or less where the match is only talked about.
fn unless_discussed(candidate: &Candidate<'_>, score: f32) -> f32 {
    if is_discussed(candidate) { score.min(ORDINARY) } else { score }
}

/// Whether one of the texts, which are lower case, is in the text in either case.
fn has_any(text: &str, parts: &[&str]) -> bool {
    let lower = text.to_ascii_lowercase();
    parts.iter().any(|part| lower.contains(part))
}

/// The rest of the line after the match, up to `bytes`.
fn rest_of_line<'a>(candidate: &Candidate<'a>, bytes: usize) -> &'a str {
    let after = candidate.after(bytes);
    after.split('\n').next().unwrap_or(after)
}
