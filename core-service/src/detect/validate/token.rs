//! Validators that the rules for secrets share.

use super::{
    Candidate,
    placeholder::{is_placeholder, is_published},
    randomness::{entropy, is_no_phrase, looks_random},
};

/// A documented prefix with random characters behind it.
pub fn prefixed(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    (!is_placeholder(hit) && is_no_phrase(hit)).then_some(0.95)
}

/// The same where letters of one case may be all there is (base32): entropy has to do.
pub fn uniform(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    (!is_placeholder(hit) && entropy(hit) >= 2.75).then_some(0.95)
}

/// The same where a run of one letter is part of the format, so that the usual signs of a sample mislead.
pub fn padded(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    (!is_published(hit) && is_no_phrase(hit)).then_some(0.95)
}

/// A shape that others share (hex, UUID), believed for the name that stands before it.
pub fn keyed(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    (!is_placeholder(hit) && looks_random(hit)).then_some(0.85)
}

/// A digest or a UUID behind a few letters, which names of files and objects are too: a token stands alone on its line,
/// or near the name of its provider or a word for a key.
pub fn beside(candidate: &Candidate<'_>, provider: &str) -> Option<f32> {
    let told = || {
        let before = candidate.before(128).to_ascii_lowercase();
        let near = &before[before.ceil_char_boundary(before.len().saturating_sub(40))..];
        ["key", "token", "secret", "auth", "credential"].iter().any(|word| near.contains(word))
            || before.contains(provider)
            || candidate.after(128).to_ascii_lowercase().contains(provider)
    };
    let inside = candidate.before(1).ends_with(['-', '_', '.', '/']) || goes_on(candidate);
    if inside || !is_alone(candidate) && !told() { None } else { prefixed(candidate) }
}

/// Whether a name goes on behind it: `….tar`, `…-2024`.
pub fn goes_on(candidate: &Candidate<'_>) -> bool {
    match candidate.after(2).as_bytes() {
        [b'-' | b'_' | b'/', ..] => true,
        [b'.', next, ..] => next.is_ascii_alphanumeric(),
        _ => false,
    }
}

/// Whether its line says nothing else.
fn is_alone(candidate: &Candidate<'_>) -> bool {
    let before = candidate.before(64).rsplit('\n').next().unwrap_or_default();
    let after = candidate.after(64).split('\n').next().unwrap_or_default();
    !before.contains(char::is_alphanumeric) && !after.contains(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_behind_a_prefix_is_a_token_where_something_says_so() {
        let token = concat!("key-", "39449aa98d3fe4dd27598a6872f96954");
        let score = |text: &str| {
            let start = text.find(token).unwrap();
            beside(&Candidate { text, start, end: start + token.len() }, "mailgun")
        };
        for text in ["{}", "see:\n`{}`,\nthanks", "MAILGUN={}", "token: {}", "user api:{} at api.mailgun.net"] {
            assert!(score(&text.replace("{}", token)).is_some(), "{text}");
        }
        for text in ["obj {}", "see {}.png", "a token in {}-2024", "token/{}"] {
            assert_eq!(score(&text.replace("{}", token)), None, "{text}");
        }
    }
}
