//! Fields of words: those that people use when they talk about the same, in English, German, French, Spanish, Italian and
//! Portuguese.
//!
//! A file has sections by name. `word*` stands for all words that begin so; `~` marks a word that has other meanings as often, and
//! counts half.

use std::sync::LazyLock;

use super::background;
use crate::classify::{
    lexicon::{Map, Sieve},
    tokens,
};

/// A set of fields is a number of so many bits.
pub(super) const MOST: usize = 128;

static FILES: [(&str, &str); 7] = [
    ("body.txt", include_str!("fields/body.txt")),
    ("everyday.txt", include_str!("fields/everyday.txt")),
    ("games.txt", include_str!("fields/games.txt")),
    ("money.txt", include_str!("fields/money.txt")),
    ("state.txt", include_str!("fields/state.txt")),
    ("vice.txt", include_str!("fields/vice.txt")),
    ("work.txt", include_str!("fields/work.txt")),
];

static BUILT_IN: LazyLock<Result<Fields, String>> = LazyLock::new(|| Fields::parse(&FILES));

/// The fields of a word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Membership {
    pub(super) strong: u128,
    /// May be strong as well.
    pub(super) weak: u128,
}

impl Membership {
    pub(super) const fn any(self) -> u128 {
        self.strong | self.weak
    }

    /// How much the word is one of the field's.
    pub(super) const fn share(self, field: usize) -> f32 {
        if self.strong >> field & 1 == 1 { 1.0 } else { 0.5 }
    }

    pub(super) const fn join(&mut self, other: Self) {
        self.strong |= other.strong;
        self.weak |= other.weak;
    }
}

/// The numbers of the fields in a set.
pub(super) fn each(mut set: u128) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let next = set.trailing_zeros();
        set &= set.wrapping_sub(1);
        (next < u128::BITS).then_some(next as usize)
    })
}

#[derive(Debug)]
pub(super) struct Fields {
    /// How telling each is, by its number.
    worth: Vec<f32>,
    whole: Map<u32, Membership>,
    stems: Map<u32, Membership>,
    sieve: Sieve,
}

pub(super) fn built_in() -> Result<&'static Fields, String> {
    BUILT_IN.as_ref().map_err(Clone::clone)
}

impl Fields {
    fn parse(files: &[(&str, &str)]) -> Result<Self, String> {
        let mut fields = Self { worth: Vec::new(), whole: Map::default(), stems: Map::default(), sieve: Sieve::new() };
        for (file, text) in files {
            for line in text.lines() {
                if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                    fields.worth.push(background::built_in().field(name));
                    continue;
                }
                let field = fields.worth.len().checked_sub(1).filter(|field| *field < MOST);
                let field = field.ok_or_else(|| format!("{file}: words outside of {MOST} fields"))?;
                line.split_whitespace().for_each(|entry| fields.add(entry, field));
            }
        }
        Ok(fields)
    }

    fn add(&mut self, entry: &str, field: usize) {
        let (entry, weak) = entry.strip_prefix('~').map_or((entry, false), |entry| (entry, true));
        let bit = 1_u128 << field;
        let membership = if weak { Membership { strong: 0, weak: bit } } else { Membership { strong: bit, weak: 0 } };
        let stem = entry.ends_with('*');
        for hash in tokens::hashes(entry) {
            if stem {
                self.sieve.insert(hash);
                self.stems.entry(hash).or_default().join(membership);
            } else {
                self.whole.entry(hash).or_default().join(membership);
            }
        }
    }

    /// What a word is that begins so.
    pub(super) fn begins(&self, hash: u32) -> Membership {
        if self.sieve.holds(hash) { self.stems.get(&hash).copied().unwrap_or_default() } else { Membership::default() }
    }

    pub(super) fn whole(&self, hash: u32) -> Membership {
        self.whole.get(&hash).copied().unwrap_or_default()
    }

    /// How telling a field is, 0 to 1.
    pub(super) fn worth(&self, field: usize) -> f32 {
        self.worth.get(field).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_read_and_every_field_has_a_worth() {
        let fields = built_in().unwrap();
        assert!(fields.worth.len() > 60 && fields.worth.len() <= MOST);
        let names: Vec<&str> =
            FILES.iter().flat_map(|(_, text)| text.lines()).filter(|line| line.starts_with('[')).collect();
        let mut once = names.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), names.len(), "a field is named once");
    }

    #[test]
    fn a_stem_is_long_enough_to_mean_something() {
        for entry in FILES.iter().flat_map(|(_, text)| text.lines()).flat_map(str::split_whitespace) {
            let stem = entry.trim_start_matches('~').strip_suffix('*');
            assert!(stem.is_none_or(|stem| stem.chars().count() >= 3), "{entry}");
        }
    }

    #[test]
    fn a_set_is_walked() {
        assert_eq!(each(0).count(), 0);
        assert_eq!(each(1 | 1 << 5 | 1 << 127).collect::<Vec<_>>(), [0, 5, 127]);
    }
}
