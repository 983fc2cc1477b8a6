//! Why a payload could not be masked: where, never what stands there.

use std::fmt;

use super::Spot;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MaskError {
    #[error("not readable as JSON at byte {offset}")]
    NotJson { offset: usize },
    #[error("at {place} there is no text that has what is to be masked")]
    Unfit { place: String },
}

impl MaskError {
    pub(super) fn unfit(spot: &Spot<'_>) -> Self {
        Self::Unfit { place: Shown { pointer: spot.pointer, inner_pointer: spot.inner_pointer }.to_string() }
    }
}

/// A place as errors name it. The keys in a pointer are the caller's text: one that is no plain name, or that has
/// digits enough for a telephone number, is shown as `…`.
pub(super) struct Shown<'a> {
    pub(super) pointer: &'a str,
    pub(super) inner_pointer: &'a str,
}

impl Shown<'_> {
    const MAX_STEPS: usize = 32;
    const MAX_NAME: usize = 40;
    const MAX_DIGITS: usize = 6;

    fn is_plain(name: &str) -> bool {
        name.len() <= Self::MAX_NAME
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'$'))
            && name.bytes().filter(u8::is_ascii_digit).count() <= Self::MAX_DIGITS
    }

    fn write(pointer: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut steps = pointer.split('/').skip(1);
        for step in steps.by_ref().take(Self::MAX_STEPS) {
            write!(f, "/{}", if Self::is_plain(step) { step } else { "…" })?;
        }
        if steps.next().is_some() { f.write_str("/…") } else { Ok(()) }
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        Self::write(self.pointer, f)?;
        if !self.inner_pointer.is_empty() {
            f.write_str("#")?;
            Self::write(self.inner_pointer, f)?;
        }
        f.write_str("\"")
    }
}
