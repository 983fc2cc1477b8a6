use super::*;
use crate::domain::{
    coverage::{Coverage, CoverageStatus},
    exchange::{CallContext, Payloads},
};
use crate::guardrail::service::Operation;

fn check(text: &str, recording: Recording) -> Check {
    Check {
        request_id: Uuid::nil(),
        operation: Operation::Validate,
        payloads: Payloads::Request(Payload::Text(text.to_owned())),
        side: None,
        context: CallContext::default(),
        policies: Vec::new(),
        recording,
        status: 200,
        deadline: Instant::now(),
    }
}

fn recognised(runs: &Runs, text: &str) -> Option<Probe> {
    runs.recognise(&mut check(text, Recording::Always))
}

fn marker(name: &str, probe: &str) -> String {
    format!("Reference: {PREFIX}{name}-{probe}.")
}

fn checked(decision: Decision) -> Checked {
    Checked {
        request_id: Uuid::nil(),
        decision,
        coverage: Coverage::none(CoverageStatus::NotChecked, ""),
        masked: Masked::default(),
        shed: false,
    }
}

#[test]
fn a_probe_is_known_again_and_what_is_staged_is_no_traffic() {
    let runs = Runs::default();
    let name = runs.begin();
    for probe in Probe::ALL {
        let mut question = check(&marker(&name, probe.word()), Recording::Always);
        assert_eq!(runs.recognise(&mut question), Some(probe));
        assert_eq!(question.recording == Recording::IfViolated, probe.is_staged());
        let mut question = check(&marker(&name, probe.word()), Recording::Never);
        assert_eq!((runs.recognise(&mut question), question.recording), (Some(probe), Recording::Never));
    }
    assert_eq!(runs.seen(&name).unwrap(), Probe::ALL);
    let json = Payload::Json(format!(r#"{{"content": "{}"}}"#, marker(&name, "good")).into());
    let mut question = Check { payloads: Payloads::Request(json), ..check("", Recording::Always) };
    assert_eq!(runs.recognise(&mut question), Some(Probe::Good));
}

#[test]
fn a_name_that_was_not_issued_changes_nothing() {
    let runs = Runs::default();
    let name = runs.begin();
    let foreign = "0".repeat(NAME_BYTES);
    for text in [
        marker(&foreign, "status"),
        marker(&name[1..], "status"),
        marker(&name.to_uppercase().replace(char::is_numeric, "A"), "status"),
        marker(&name, "statuses"),
        marker(&name, ""),
        format!("{PREFIX}{name}"),
        PREFIX.repeat(10_000),
        // Behind more prefixes than are looked at.
        format!("{}{}", PREFIX.repeat(MAX_PLACES), marker(&name, "status")),
    ] {
        assert_eq!(recognised(&runs, &text), None);
    }
    assert_eq!(runs.seen(&name), Some(Vec::new()));
    assert_eq!(runs.seen(&foreign), None);
}

#[test]
fn a_run_ends_once_and_the_oldest_when_there_are_too_many() {
    let runs = Runs::default();
    let first = runs.begin();
    assert!(runs.end(&first).is_some() && runs.end(&first).is_none());
    assert_eq!(recognised(&runs, &marker(&first, "status")), None);
    let oldest = runs.begin();
    for _ in 0..MAX_RUNS {
        runs.begin();
    }
    assert_eq!((recognised(&runs, &marker(&oldest, "status")), runs.seen(&oldest)), (None, None));
}

#[test]
fn a_run_that_is_put_back_goes_on_in_its_old_place() {
    let runs = Runs::default();
    let names: Vec<_> = (0..MAX_RUNS).map(|_| runs.begin()).collect();
    recognised(&runs, &marker(&names[0], "good"));
    let ended = runs.end(&names[0]).unwrap();
    runs.put_back(ended);
    assert_eq!(runs.seen(&names[0]), Some(vec![Probe::Good]));
    assert_eq!(recognised(&runs, &marker(&names[0], "status")), Some(Probe::Status));
    // It is the oldest as before: a new one has its place.
    let ended = runs.end(&names[0]).unwrap();
    let newest = runs.begin();
    runs.put_back(ended);
    assert_eq!((runs.seen(&names[0]), runs.seen(&newest)), (None, Some(Vec::new())));
}

#[test]
fn what_is_let_pass_is_answered_as_the_probe_asks() {
    let staged = |probe: Probe| probe.stage(checked(Decision::fold(Vec::new())));
    for probe in [Probe::Attack, Probe::Good] {
        assert_eq!(staged(probe).unwrap().decision.action, Action::Allow);
    }
    for probe in [Probe::Status, Probe::Verdict] {
        let decision = staged(probe).unwrap().decision;
        assert_eq!((decision.action, decision.verdict), (Action::Block, Verdict::Fail));
        let [violation] = &decision.violations[..] else { panic!("{decision:?}") };
        assert_eq!((violation.category, &*violation.rule), (Category::Canary, probe.word()));
    }
    assert!(matches!(staged(Probe::Outage), Err(GuardrailError::StagedOutage)));
}

/// The one thing that must hold whatever a caller writes: a marker opens nothing.
#[test]
fn what_the_policies_block_is_answered_as_ever() {
    let Ok(Checked { decision: mut blocked, .. }) = Probe::Status.stage(checked(Decision::fold(Vec::new()))) else {
        panic!("not staged")
    };
    blocked.violations[0].rule = Arc::from("a policy's");
    for probe in Probe::ALL {
        assert_eq!(probe.stage(checked(blocked.clone())).unwrap().decision, blocked);
    }
}
