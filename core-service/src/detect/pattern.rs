//! The one place where a pattern is compiled, with the limits that make a hostile one harmless.

mod lean;

use std::sync::LazyLock;

use regex_automata::{meta, nfa::thompson::WhichCaptures, util::syntax};
use regex_syntax::hir::{ClassUnicode, Hir};

/// Bytes that one compiled pattern may take. `\w{1000}` alone is over it.
const NFA_BYTES: usize = 2 << 20;
/// Bytes of the transition cache of one pattern and thread. Too small for what a large pattern needs at least, and
/// the search falls back to an engine ten times slower.
const CACHE_BYTES: usize = 2 << 20;

/// A policy's pattern. Matching is linear in the text for every pattern (finite automata: no look-around, no back
/// references).
pub fn compile(pattern: &str) -> Result<meta::Regex, String> {
    build(pattern, &parse(pattern)?)
}

/// A built-in rule's pattern, read as [`lean`] says.
pub fn compile_built_in(pattern: &str) -> Result<meta::Regex, String> {
    static FOREIGN_DIGITS: LazyLock<Result<ClassUnicode, String>> = LazyLock::new(lean::foreign_digits);
    let digits = FOREIGN_DIGITS.as_ref().map_err(Clone::clone)?;
    build(pattern, &lean::lean(&parse(pattern)?, digits))
}

fn parse(pattern: &str) -> Result<Hir, String> {
    let syntax = syntax::Config::new().nest_limit(50);
    // The last line says what is wrong; those before it draw an arrow under the pattern.
    syntax::parse_with(pattern, &syntax)
        .map_err(|error| error.to_string().lines().last().unwrap_or("not a pattern").trim().to_owned())
}

fn build(pattern: &str, hir: &Hir) -> Result<meta::Regex, String> {
    // Groups cost memory in every state, and no rule asks for any but this one.
    let captures = if pattern.contains("<hit>") { WhichCaptures::All } else { WhichCaptures::Implicit };
    let config = meta::Config::new()
        .nfa_size_limit(Some(NFA_BYTES))
        .hybrid_cache_capacity(CACHE_BYTES)
        .which_captures(captures)
        .onepass(false);
    meta::Regex::builder().configure(config).build_from_hir(hir).map_err(|error| {
        if error.size_limit().is_some() {
            format!("the compiled pattern is larger than {NFA_BYTES} bytes")
        } else {
            error.to_string()
        }
    })
}
