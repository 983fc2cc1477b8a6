//! What the compiled set may cost.

use super::*;

const SET_BYTES: usize = 40 << 20;
/// No rule is worth more.
const RULE_BYTES: usize = 1 << 20;

#[test]
fn the_compiled_set_stays_small() {
    let scanner = Scanner::new([]).unwrap();
    assert!(scanner.memory() <= SET_BYTES, "{} bytes", scanner.memory());
    let large = scanner.rules.iter().filter(|rule| rule.memory() > RULE_BYTES);
    let names: Vec<_> = large.map(|rule| format!("{}: {} bytes", rule.identity.id, rule.memory())).collect();
    assert!(names.is_empty(), "{names:?}");
}
