use super::*;
use crate::policy::{compile, load::BUILT_IN};

/// One text a line: words, half sentences, addresses, names of models, arguments of tools. A classifier has little to go by in them, and it
/// is what health checks and impatient people send.
const ORDINARY: &str = include_str!("ordinary.txt");

#[test]
fn a_few_words_are_no_attack() {
    let set = PolicySet::new(vec![Arc::new(compile::compile(BUILT_IN).unwrap())]).unwrap();
    let action = |text: &str| {
        let payloads = Payloads::Request(Payload::Text(text.to_owned()));
        judge(&set, &[], &payloads, None, &CallContext::default(), None).unwrap().decision.action
    };
    let found = |least: Action| ORDINARY.lines().filter(|text| action(text) >= least).collect::<Vec<_>>();
    let blocked = found(Action::Block);
    assert!(blocked.is_empty(), "blocked: {blocked:?}");
    let alerts = found(Action::Alert);
    assert!(alerts.len() * 20 <= ORDINARY.lines().count(), "{} alerts: {alerts:?}", alerts.len());
}
