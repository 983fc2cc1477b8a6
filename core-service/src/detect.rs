//! From segments to findings: one prefilter pass over the text, then only the rules that it woke, then
//! their validators. Synchronous, no I/O, linear in the text.

mod caches;
pub mod compiled;
pub mod figures;
mod findings;
mod heads;
pub mod known;
pub mod pattern;
pub mod rule;
mod rule_mask;
pub mod rules;
pub mod scanner;
mod topics;
pub mod validate;
