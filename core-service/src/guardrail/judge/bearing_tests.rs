//! What a session has to bear, and what it takes for known.

use serde_json::json;

use super::{
    session_tests::{Talk, WORDS, chat},
    tests::set,
    *,
};
use crate::domain::coverage::CoverageStatus;

#[test]
fn an_answer_that_nobody_judged_is_late_all_the_same() {
    let (set, talk) = (set(&[WORDS]), Talk::new());
    let memory = Memory { sessions: &talk.sessions, key: talk.sessions.key(&talk.context).unwrap() };
    let response = json!({"choices": [{"message": {"content": "an almond", "role": "assistant"}}]});
    let both = Payloads::Both {
        request: Payload::Text("what?".to_owned()),
        response: Payload::Json(response.to_string().into()),
    };
    let side = Some(Direction::Request);
    let judgement = judge_in_session(&set, &[], &both, side, &talk.context, None, Some(memory)).unwrap();
    assert_eq!(judgement.decision.action, Action::Allow);
    let next = chat(&[("user", "what?"), ("assistant", "an almond"), ("user", "ok")]);
    assert_eq!(talk.judge(&set, &next).late.len(), 1);
}

#[test]
fn a_late_answer_that_was_not_read_is_not_taken_for_clean() {
    let (set, talk) = (set(&[&format!("{WORDS}on_failure: allow\n")]), Talk::new());
    let memory = Memory { sessions: &talk.sessions, key: talk.sessions.key(&talk.context).unwrap() };
    // Long enough that the clock is looked at.
    let answer = format!("{} almond", "so it is ".repeat(10_000));
    let turns = chat(&[("user", "what?"), ("assistant", answer.as_str()), ("user", "ok")]);
    let segments = read(&turns, None).unwrap().segments;
    let chosen = set.resolve(&[], &talk.context, "m", |_| true).unwrap();
    let recalled = memory.recall(&chosen, &segments);
    let scan = Scan::run(&set, None, &chosen, &segments, None, Some(&recalled), None);
    let (request, deadline) = (turns.request().unwrap(), Some(Instant::now()));
    let call = late::Call { set: &set, names: &[], context: &talk.context, model: "m", request, deadline };
    let answers = late::judge(&call, memory, &recalled, &segments, &mut Verdicts::default());
    assert!(answers.objected_to.is_empty() && answers.is_unread);
    assert!(memory.conclude(recalled, &scan, (Action::Allow, CoverageStatus::Complete), &answers).is_none());
    assert_eq!(talk.judge(&set, &turns).late.len(), 1, "read the next time");
}

#[test]
fn a_hundred_violations_of_one_policy_hide_no_quarantine_of_another() {
    let flood = WORDS.replace("words: [banana]", "severity: critical, words: [banana]");
    let other = "
name: zealous
rules: [{name: fruit, detector: keywords, words: [cherry], action: block, severity: low}]
session: {quarantine: {minutes: 5, on: [block]}}
";
    let (set, talk) = (set(&[flood.as_str(), other]), Talk::new());
    let said = format!("{}cherry", "banana ".repeat(Decision::MAX_VIOLATIONS));
    let judgement = talk.judge(&set, &chat(&[("user", said.as_str())]));
    assert!(judgement.decision.violations.iter().all(|violation| &*violation.policy == "words"));
    assert_eq!(talk.quarantine(), Some("block"));
}

#[test]
fn a_turn_is_scored_once_whatever_judges_it_besides() {
    let source = "
name: hints
rules: [{detector: obfuscation, threshold: 1.0, action: alert, only: [zero_width]}]
session: {score: {limit: 1.0, action: block, detectors: [obfuscation]}}
";
    let talk = Talk::new();
    let turns = chat(&[("user", "ab\u{200b}cd ef\u{200b}gh ij\u{200b}kl")]);
    // Others beside it, a reload, and back.
    let reloaded = source.replace("limit: 1.0", "limit: 1.1");
    for set in [set(&[source]), set(&[source, WORDS]), set(&[reloaded.as_str()]), set(&[source])] {
        assert_eq!(talk.judge(&set, &turns).decision.action, Action::Allow);
    }
}
