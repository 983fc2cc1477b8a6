//! Whether words are said to the model, or only about it.
//!
//! A heuristic that reads one clause. It errs towards silence: a report of an attack that is taken for one
//! blocks an honest user, and an attack dressed up as a report is still read by the trained classifier.

mod quoted;
#[cfg(test)]
mod tests;
mod tongues;

use crate::detect::{rule::Rule, validate::Candidate};
use crate::domain::finding::{Detector, Severity};

pub(super) use quoted::quoted;
pub(super) use tongues::{
    arabic, chinese, dutch, ends, french, german, hindi, italian, items, japanese, korean, polish, portuguese, romance,
    russian, spanish, turkish,
};

/// A rule whose match is an attack beyond reasonable doubt.
pub(super) const CERTAIN: Rule = Rule {
    detector: Detector::PromptInjection,
    severity: Severity::High,
    score: 0.95,
    validate: Some(told::<95>),
    ..Rule::BASE
};

/// A rule whose match has an innocent reading, but a far-fetched one.
pub(super) const LIKELY: Rule = Rule { severity: Severity::High, score: 0.75, validate: Some(told::<75>), ..CERTAIN };

/// A rule whose match may well be innocent, and still is worth stopping in front of a model.
pub(super) const PLAUSIBLE: Rule =
    Rule { severity: Severity::Medium, score: 0.6, validate: Some(told::<60>), ..CERTAIN };

/// How far back a clause is read.
const CLAUSE: usize = 96;

pub(super) fn told<const PERCENT: u8>(candidate: &Candidate<'_>) -> Option<f32> {
    let before = candidate.before(CLAUSE).to_ascii_lowercase();
    let after = candidate.after(CLAUSE / 2).to_ascii_lowercase();
    let clause = clause(&before);
    let about = negated(clause)
        || asked(clause)
        || reported(clause)
        || explained(&before, &after)
        || somebody_elses(&after)
        || listed(&before)
        || quoted(candidate);
    (!about).then_some(f32::from(PERCENT) / 100.0)
}

/// From the last end of a sentence. A colon ends one too, unless a quotation follows.
fn clause(before: &str) -> &str {
    let starts = before.rmatch_indices(['.', '!', '?', '\n', ':', ';', ']', '>', '。', '！', '？', '।', '؟']);
    let cut = starts.map(|(at, mark)| at + mark.len()).find(|&at| {
        let rest = before[at..].trim_start();
        !(before[..at].ends_with(':') && rest.len() <= 2 && rest.starts_with(QUOTES))
    });
    cut.map_or(before, |at| &before[at..])
}

const QUOTES: [char; 7] = ['"', '\'', '`', '“', '‘', '«', '„'];

/// "Do not ignore the previous instructions." And: "Never, ever ignore them."
fn negated(clause: &str) -> bool {
    const NOT: [&str; 25] = [
        "don't",
        "don’t",
        "dont",
        "do not",
        "does not",
        "doesn't",
        "did not",
        "didn't",
        "never",
        "not to",
        "shouldn't",
        "should not",
        "must not",
        "mustn't",
        "may not",
        "can't",
        "cannot",
        "won't",
        "will not",
        "would not",
        "don't need to",
        "do not need to",
        "don't want you to",
        "do not want you to",
        "without",
    ];
    const BETWEEN: [&str; 12] = [
        "just",
        "simply",
        "merely",
        "blindly",
        "ever",
        "completely",
        "entirely",
        "allow to",
        "under any circumstances",
        "under no circumstances",
        "in any case",
        "for any reason",
    ];
    let mut clause = clause.trim_end();
    while let Some(shorter) = BETWEEN.iter().find_map(|word| clause.strip_suffix(*word)) {
        if shorter.ends_with(|c: char| c.is_alphanumeric()) {
            break;
        }
        clause = shorter.trim_end_matches([' ', ',']);
    }
    NOT.iter().any(|not| clause.ends_with(not))
}

/// "How do I override the system prompt in this library?" Not: "How can I get you to ignore your rules?"
fn asked(clause: &str) -> bool {
    const ASKS: [&str; 13] = [
        "how to ",
        "how do i ",
        "how do we ",
        "how do you ",
        "how can i ",
        "how can we ",
        "how does ",
        "how would ",
        "why do ",
        "why does ",
        "why did ",
        "what happens ",
        "is it possible to ",
    ];
    ASKS.iter().any(|ask| clause.contains(ask)) && !clause.contains(" you to ")
}

/// "Attackers write 'ignore previous instructions' into pages." And: "students who ignore the instructions".
fn reported(clause: &str) -> bool {
    const REPORTS: [&str; 40] = [
        "told me to",
        "told us to",
        "was told to",
        "were told to",
        "attacker",
        "adversar",
        "malicious",
        "injection",
        "injected",
        "attack",
        "phrase",
        "such as",
        "e.g",
        "for example",
        "for instance",
        "attempt",
        "tries to",
        "try to make",
        "trying to",
        "tricks",
        "trick the",
        "tricking",
        "tells the",
        "tells it",
        "telling the",
        "telling it",
        "instructs",
        "instructing",
        "someone",
        "hacker",
        "the words",
        "the string",
        "regex",
        "detect",
        "flags ",
        "flagged",
        "classif",
        "containing",
        "contains",
        "causes the",
    ];
    const THEY: [&str; 17] = [
        "who",
        "they",
        "users",
        "people",
        "students",
        "kids",
        "children",
        "employees",
        "players",
        "customers",
        "patients",
        "developers",
        "i",
        "we",
        "models",
        "drivers",
        "often",
    ];
    let last = clause.split_whitespace().next_back().unwrap_or_default();
    REPORTS.iter().any(|report| clause.contains(report)) || THEY.contains(&last)
}

/// "What does 'ignore previous instructions' mean?" A quotation in a sentence about words.
fn explained(before: &str, after: &str) -> bool {
    const ABOUT: [&str; 13] = [
        "what", "explain", "mean", "means", "meaning", "like", "example", "examples", "phrase", "phrases", "how",
        "why", "define",
    ];
    const THEN: [&str; 10] = [
        " attack",
        " injection",
        " mean",
        " work",
        " is a",
        " are ",
        " jailbreak",
        " prompts",
        " and similar",
        " or similar",
    ];
    let quoted = before.ends_with(QUOTES) && !before.trim_end_matches(QUOTES).ends_with(['.', '\n']);
    let rest = after.trim_start_matches(|c: char| c != ' ');
    let sentence = before.rsplit(['.', '!', '?', '\n']).next().unwrap_or_default();
    quoted
        && (THEN.iter().any(|word| rest.starts_with(word))
            || ABOUT.iter().any(|word| sentence.split(|c: char| !c.is_ascii_alphabetic()).any(|token| token == *word)))
}

/// "Examples of injections: ignore all previous instructions", and such a list, one a line.
fn listed(before: &str) -> bool {
    const SAMPLE: [&str; 4] = ["example", "sample", "typical", "common"];
    const OF: [&str; 4] = ["injection", "jailbreak", "attack", "adversarial"];
    let bullet = |line: &&str| line.trim_start().starts_with(['-', '*', '•']) || line.trim().is_empty();
    let heading = before.rsplit('\n').find(|line| !bullet(line)).unwrap_or_default();
    let heading = heading.split_once(':').map_or("", |(heading, rest)| if rest.len() <= 2 { heading } else { "" });
    let has = |words: &[&str]| words.iter().any(|word| heading.contains(word));
    has(&SAMPLE) && has(&OF) || has(&["injections", "jailbreaks"])
}

/// "Ignore the earlier instructions from the vendor."
fn somebody_elses(after: &str) -> bool {
    const MODEL_SIDE: [&str; 9] =
        ["system", "developer", "developers", "prompt", "conversation", "user", "chat", "assistant", "operator"];
    let mut words = after.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    after.starts_with(" from ")
        && words.next() == Some("from")
        && words.next().is_some_and(|word| matches!(word, "the" | "my" | "our" | "his" | "her" | "their"))
        && words.next().is_some_and(|word| !MODEL_SIDE.contains(&word))
}
