//! What a pattern cannot say: checksums, randomness, placeholders, context.

pub mod assignment;
pub mod check_digit;
pub mod checksum;
pub mod hashes;
pub mod national;
pub mod placeholder;
pub mod randomness;
pub mod token;

/// A match in its text.
#[derive(Clone, Copy)]
pub struct Candidate<'a> {
    pub text: &'a str,
    pub start: usize,
    pub end: usize,
}

/// Shows where, never what.
impl std::fmt::Debug for Candidate<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Candidate({}..{} of {} bytes)", self.start, self.end, self.text.len())
    }
}

impl<'a> Candidate<'a> {
    pub fn hit(&self) -> &'a str {
        &self.text[self.start..self.end]
    }

    /// Up to `bytes` bytes before the match, cut at a character.
    pub fn before(&self, bytes: usize) -> &'a str {
        &self.text[self.text.floor_char_boundary(self.start.saturating_sub(bytes))..self.start]
    }

    /// Up to `bytes` bytes after the match, cut at a character.
    pub fn after(&self, bytes: usize) -> &'a str {
        &self.text[self.end..self.text.ceil_char_boundary((self.end + bytes).min(self.text.len()))]
    }
}
