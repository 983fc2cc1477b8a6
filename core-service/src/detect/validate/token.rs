//! Validators that the rules for secrets share.

use super::{
    Candidate,
    placeholder::is_placeholder,
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
    is_no_phrase(candidate.hit()).then_some(0.95)
}

/// A shape that others share (hex, UUID), believed for the name that stands before it.
pub fn keyed(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    (!is_placeholder(hit) && looks_random(hit)).then_some(0.85)
}
