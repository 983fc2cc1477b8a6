//! What stands in place of a value. Made of brackets, capitals, digits and stars: nothing in it needs an escape in
//! JSON, and no detector takes it for an address, a card or a secret.

use std::{collections::HashMap, fmt, fmt::Write as _};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::Style;

/// Characters that stay readable under [`Style::Partial`], of a value with at least `PARTIAL_FROM`.
const PARTIAL_KEEPS: usize = 4;
const PARTIAL_FROM: usize = 8;
/// Of a label: it is repeated at each finding.
const MAX_LABEL: usize = 40;
/// Hexadecimal digits of a hash, and most digits of a number.
const DIGITS: usize = 8;

pub(super) struct Replacement {
    pub(super) with: String,
    /// Bytes at the end of the value that stay.
    pub(super) keep: usize,
}

/// Of one exchange. Values are remembered by their keyed hash: what was masked is not kept.
pub(super) struct Placeholders {
    hash: Hmac<Sha256>,
    numbers: HashMap<String, HashMap<[u8; 32], usize>>,
}

/// Shows how many, never of what.
impl fmt::Debug for Placeholders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Placeholders({} values)", self.numbers.values().map(HashMap::len).sum::<usize>())
    }
}

impl Placeholders {
    pub(super) fn new(key: [u8; 32]) -> Self {
        // HMAC fills a key up with zeros to the hash's block.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&key);
        Self { hash: Hmac::new(&block.into()), numbers: HashMap::new() }
    }

    /// None when `value` is a placeholder of that entity.
    pub(super) fn replace(&mut self, value: &str, entity: &str, style: Style) -> Option<Replacement> {
        let label = label(entity);
        if is_placeholder(value, &label) {
            return None;
        }
        let whole = |with| Some(Replacement { with, keep: 0 });
        match style {
            Style::Remove => whole(String::new()),
            Style::Label => whole(self.numbered(value, &label)),
            Style::Hash => {
                let mut with = format!("[{label}:");
                for byte in &self.hash(value)[..DIGITS / 2] {
                    // Writing to a String cannot fail.
                    let _ = write!(with, "{byte:02x}");
                }
                with.push(']');
                whole(with)
            }
            Style::Partial => {
                let characters = value.chars().count();
                let kept = if characters < PARTIAL_FROM { 0 } else { PARTIAL_KEEPS };
                let keep = value.chars().rev().take(kept).map(char::len_utf8).sum();
                Some(Replacement { with: "*".repeat(characters - kept), keep })
            }
        }
    }

    fn numbered(&mut self, value: &str, label: &str) -> String {
        let hash = self.hash(value);
        let numbers = self.numbers.entry(label.to_owned()).or_default();
        let next = numbers.len() + 1;
        let number = numbers.entry(hash).or_insert(next);
        format!("[{label}_{number}]")
    }

    fn hash(&self, value: &str) -> [u8; 32] {
        self.hash.clone().chain_update(value).finalize().into_bytes().into()
    }
}

/// An entity's name as a placeholder shows it. Names of a policy's own rules are free text.
fn label(entity: &str) -> String {
    if entity.is_empty() {
        return "MASKED".to_owned();
    }
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    entity.chars().take(MAX_LABEL).map(plain).collect()
}

/// A rule such as "what follows `password =`" finds a placeholder like any other value. Only one of the very entity
/// is left as it is, so that brackets around a value do not save it from being masked.
fn is_placeholder(value: &str, label: &str) -> bool {
    let within = || value.strip_prefix('[')?.strip_suffix(']')?.strip_prefix(label);
    let Some(rest) = within() else { return false };
    if let Some(number) = rest.strip_prefix('_') {
        (1..=DIGITS).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit())
    } else if let Some(hash) = rest.strip_prefix(':') {
        hash.len() == DIGITS && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    } else {
        false
    }
}
