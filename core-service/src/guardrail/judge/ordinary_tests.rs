use super::{
    tests::{judged, set, text},
    *,
};
use crate::policy::load::BUILT_IN;

/// One text a line: words, half sentences, addresses, names of models, arguments of tools. A classifier has little to go by in them, and it
/// is what health checks and impatient people send.
const ORDINARY: &str = include_str!("ordinary.txt");

#[test]
fn a_few_words_are_no_attack() {
    let set = set(&[BUILT_IN]);
    let action = |line: &str| judged(&set, &text(line)).decision.action;
    let found = |least: Action| ORDINARY.lines().filter(|line| action(line) >= least).collect::<Vec<_>>();
    let blocked = found(Action::Block);
    assert!(blocked.is_empty(), "blocked: {blocked:?}");
    let alerts = found(Action::Alert);
    assert!(alerts.len() * 20 <= ORDINARY.lines().count(), "{} alerts: {alerts:?}", alerts.len());
}
