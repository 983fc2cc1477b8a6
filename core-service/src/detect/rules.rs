//! The built-in rules, one file a family. Each is proven by its own samples in the tests of this module.

mod code_safety;
mod pii;
mod prompt_injection;
mod secrets;

#[cfg(test)]
mod proof;

use super::rule::Rule;

pub fn all() -> impl Iterator<Item = &'static Rule> {
    [prompt_injection::RULES]
        .iter()
        .chain(secrets::FAMILIES)
        .chain(pii::FAMILIES)
        .chain(code_safety::FAMILIES)
        .copied()
        .flatten()
}
