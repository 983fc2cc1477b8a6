//! The one place where a pattern is compiled, with the limits that make a hostile one harmless.

use regex_automata::{meta, nfa::thompson::WhichCaptures, util::syntax};

/// Bytes that one compiled pattern may take. `\w{1000}` alone is over it.
const NFA_BYTES: usize = 2 << 20;
/// Bytes of the transition cache of one pattern and thread. Too small for what a large pattern needs at least, and
/// the search falls back to an engine ten times slower.
const CACHE_BYTES: usize = 2 << 20;

/// Matching is linear in the text for every pattern (finite automata: no look-around, no back references).
pub fn compile(pattern: &str) -> Result<meta::Regex, String> {
    // Groups cost memory in every state, and no rule asks for any but this one.
    let captures = if pattern.contains("<hit>") { WhichCaptures::All } else { WhichCaptures::Implicit };
    let config = meta::Config::new()
        .nfa_size_limit(Some(NFA_BYTES))
        .hybrid_cache_capacity(CACHE_BYTES)
        .which_captures(captures)
        .onepass(false);
    meta::Regex::builder().configure(config).syntax(syntax::Config::new().nest_limit(50)).build(pattern).map_err(
        |error| match error.syntax_error() {
            // The last line says what is wrong; those before it draw an arrow under the pattern.
            Some(syntax) => syntax.to_string().lines().last().unwrap_or("not a pattern").trim().to_owned(),
            None if error.size_limit().is_some() => format!("the compiled pattern is larger than {NFA_BYTES} bytes"),
            None => error.to_string(),
        },
    )
}
