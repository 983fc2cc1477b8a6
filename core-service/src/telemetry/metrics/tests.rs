use std::sync::Arc;

use uuid::Uuid;

use super::{
    checks::{CHECK_SERIES, RULES},
    *,
};
use crate::{
    domain::{
        coverage::{Coverage, CoverageStatus, Outcome},
        decision::{Action, Category, Decision, Violation},
        exchange::Direction,
        finding::{Detector, Severity},
        timing::{Lap, Reader, Stage, Timings},
    },
    telemetry::{
        BatchSettled, CallRefused, CanaryRan, CheckEnded, CheckFailure, DeadLetter, Event as _, Kind, RecordsLost,
        RecordsRemoved, Source, Verdict,
    },
};

impl Metrics {
    /// One that has a line of every name: what has labels of its own to come has none before the first.
    pub(crate) fn full() -> Self {
        let metrics = Self::default();
        ended("grpc", Ok(Action::Allow)).count(&metrics);
        metrics.sink("ingest");
        let mut timings = Timings::default();
        timings.ended(Stage::Extract, &mut Lap::start());
        timings.scan.add(Reader::Prefilter, Duration::from_micros(3));
        metrics.checks().took(&timings);
        let decision = Decision { violations: vec![violation("rule")], ..Decision::undecided() };
        metrics.checks().judged(&decision, &Coverage::none(CoverageStatus::Complete, ""));
        metrics
    }
}

fn violation(rule: &str) -> Violation {
    Violation {
        policy: Arc::from("default"),
        rule: Arc::from(rule),
        category: Category::Detector(Detector::Secrets),
        severity: Severity::Low,
        action: Action::Alert,
        score: 1.0,
        base_score: 1.0,
        decoded_from: Vec::new(),
        explanation: "".into(),
        detector_rule: String::new(),
        entity: String::new(),
        location: None,
        message: Arc::from(""),
    }
}

struct Ended(Source, Result<Decision, CheckFailure>);

impl Ended {
    fn count(&self, metrics: &Metrics) {
        let coverage = Coverage::none(CoverageStatus::Complete, "");
        let outcome = self.1.as_ref().map(|decision| Verdict { decision, coverage: &coverage });
        CheckEnded {
            request_id: Uuid::nil(),
            source: self.0,
            direction: Direction::Request,
            elapsed: Duration::from_micros(30),
            timings: None,
            outcome: outcome.map_err(|&failure| failure),
        }
        .count(metrics);
    }
}

fn ended(source: &str, outcome: Result<Action, CheckFailure>) -> Ended {
    let decision = |action| Decision { action, ..Decision::undecided() };
    Ended(Source::of(source).unwrap_or(Source::Other), outcome.map(decision))
}

#[test]
fn every_name_is_on_the_page_with_its_kind_and_its_help() {
    let metrics = Metrics::full();
    let page = metrics.render(Some(LogState::default()));
    for name in Name::ALL {
        let kind = match name.kind() {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        assert!(page.contains(&format!("# TYPE {} {kind}\n", name.stem())), "{name:?}: {page}");
        assert!(page.contains(&format!("# HELP {} {}.\n", name.stem(), name.help())), "{name:?}: {page}");
    }
    assert_eq!(page.matches("# TYPE").count(), Name::ALL.len(), "and nothing else: {page}");
}

/// An adapter whose core is elsewhere has no log that could be up.
#[test]
fn what_only_a_core_has_is_left_out_without_one() {
    let metrics = Metrics::full();
    let page = metrics.render(None);
    for of_core in ["portcullis_log_", "portcullis_search_", "portcullis_polic"] {
        assert!(!page.contains(of_core), "{of_core} in\n{page}");
        assert!(metrics.render(Some(LogState::default())).contains(of_core), "{of_core}");
    }
    assert!(page.contains("portcullis_build_info{") && page.ends_with("\n# EOF\n"), "{page}");
    assert!(!Metrics::default().render(None).contains("portcullis_delivery_records_total{"), "there is no sink");
}

#[test]
fn what_happened_is_counted_under_the_labels_that_the_name_has() {
    let metrics = Metrics::default();
    ended("truefoundry", Ok(Action::Block)).count(&metrics);
    ended("truefoundry", Ok(Action::Block)).count(&metrics);
    ended("a name of its own", Ok(Action::Allow)).count(&metrics);
    ended("grpc", Err(CheckFailure::Storage)).count(&metrics);
    for error in [ErrorCode::Unauthenticated, ErrorCode::PayloadTooLarge, ErrorCode::Unauthenticated] {
        CallRefused { via: Via::Http, error }.count(&metrics);
    }
    RecordsLost { lost: 3, shed: 2, records: 5, fault: "the disk is full" }.count(&metrics);
    CanaryRan { gateway: "gw.example:443", problems: &[CanaryProblem::BlockDidNotBlock] }.count(&metrics);
    metrics.sink("ingest");
    let again = Some((4, DeliveryFailure::TimedOut));
    BatchSettled { sink: "ingest", records: 10, delivered: 5, again, known: false }.count(&metrics);
    DeadLetter { sink: "ingest", sequence: 9, reason: DeliveryFailure::Rejected }.count(&metrics);
    DeadLetter { sink: "ingest", sequence: 10, reason: DeliveryFailure::Gone }.count(&metrics);
    RecordsRemoved { sink: "ingest", records: 6, after: 10 }.count(&metrics);
    metrics.sink_state("ingest", 17, 2.5);
    let page = metrics.render(Some(LogState {
        up: true,
        queued: 7,
        bytes: 9,
        damaged_files: 1,
        search_lag: 11,
        search_bytes: 13,
    }));
    for line in [
        r#"portcullis_checks_total{source="truefoundry",direction="request",action="block"} 2"#,
        r#"portcullis_checks_total{source="other",direction="request",action="allow"} 1"#,
        r#"portcullis_check_failures_total{reason="storage"} 1"#,
        r#"portcullis_check_failures_total{reason="overloaded"} 0"#,
        r#"portcullis_check_failures_total{reason="abandoned"} 0"#,
        r#"portcullis_refused_calls_total{via="http",error="unauthenticated"} 2"#,
        r#"portcullis_refused_calls_total{via="http",error="payload_too_large"} 1"#,
        r#"portcullis_refused_calls_total{via="grpc",error="unauthenticated"} 0"#,
        r#"portcullis_check_duration_seconds_bucket{le="0.00005",direction="request"} 3"#,
        r#"portcullis_check_duration_seconds_count{direction="request"} 3"#,
        "portcullis_log_lost_records_total 3",
        "portcullis_log_shed_records_total 2",
        "portcullis_log_queue_records 7",
        "portcullis_log_bytes 9",
        "portcullis_log_damaged_files 1",
        "portcullis_log_up 1",
        r#"portcullis_delivery_records_total{sink="ingest"} 5"#,
        r#"portcullis_delivery_attempts_total{sink="ingest"} 10"#,
        r#"portcullis_delivery_retries_total{sink="ingest",reason="timed_out"} 4"#,
        r#"portcullis_delivery_retries_total{sink="ingest",reason="throttled"} 0"#,
        r#"portcullis_delivery_dead_letters_total{sink="ingest",reason="rejected"} 1"#,
        r#"portcullis_delivery_dead_letters_total{sink="ingest",reason="gone"} 7"#,
        r#"portcullis_delivery_lag_records{sink="ingest"} 17"#,
        r#"portcullis_delivery_oldest_age_seconds{sink="ingest"} 2.5"#,
        "portcullis_canary_runs_total 1",
        r#"portcullis_canary_problems_total{problem="block_did_not_block"} 1"#,
        r#"portcullis_canary_problems_total{problem="good_blocked"} 0"#,
        concat!(r#"portcullis_build_info{version=""#, env!("CARGO_PKG_VERSION"), r#""} 1"#),
    ] {
        assert!(page.lines().any(|found| found == line), "{line} in\n{page}");
    }
    assert!(!page.contains("name of its own"));
}

/// Rules are as many as somebody writes, and each name that a policy ever had would stay.
#[test]
fn so_many_rules_have_a_series_and_the_others_are_one() {
    let metrics = Metrics::default();
    let judged = |rule: &str, count| {
        let decision = Decision { violations: vec![violation(rule); count], ..Decision::undecided() };
        metrics.checks().judged(&decision, &Coverage::none(CoverageStatus::Complete, ""));
    };
    for number in 0..RULES + 7 {
        judged(&format!("rule-{number}"), 2);
    }
    judged("rule-0", 3);
    let page = metrics.render(None);
    let series: Vec<_> = page.lines().filter(|line| line.starts_with("portcullis_violations_total{")).collect();
    assert_eq!(series.len(), RULES + 1);
    for line in [
        r#"portcullis_violations_total{category="secrets",policy="default",rule="rule-0"} 5"#,
        r#"portcullis_violations_total{category="secrets",policy="other",rule="other"} 14"#,
    ] {
        assert!(series.contains(&line), "{line}");
    }
}

#[test]
fn where_the_time_went_is_told_by_stage_and_by_detector() {
    let metrics = Metrics::default();
    let mut timings = Timings::default();
    timings.ended(Stage::Extract, &mut Lap::start());
    timings.scan.add(Reader::Prefilter, Duration::from_micros(3));
    timings.scan.add(Reader::Rules(Detector::Pii), Duration::from_micros(7));
    metrics.checks().took(&timings);
    let coverage = Coverage {
        detectors: vec![
            (Detector::Pii, Outcome::TimedOut),
            (Detector::Secrets, Outcome::Failed("more than can be listed".into())),
            (Detector::Harm, Outcome::Ran),
        ],
        ..Coverage::none(CoverageStatus::Partial, "")
    };
    metrics.checks().judged(&Decision::undecided(), &coverage);
    let page = metrics.render(None);
    for line in [
        r#"portcullis_stage_duration_seconds_count{stage="extract"} 1"#,
        r#"portcullis_detector_duration_seconds_count{detector="prefilter"} 1"#,
        r#"portcullis_detector_duration_seconds_bucket{le="0.00001",detector="pii"} 1"#,
        r#"portcullis_detector_failures_total{detector="pii",outcome="timed_out"} 1"#,
        r#"portcullis_detector_failures_total{detector="secrets",outcome="failed"} 1"#,
        r#"portcullis_detector_failures_total{detector="harm",outcome="failed"} 0"#,
    ] {
        assert!(page.lines().any(|found| found == line), "{line} in\n{page}");
    }
    assert!(!page.contains(r#"stage="decide""#) && !page.contains(r#"duration_seconds_count{detector="harm"#));
}

#[test]
fn who_waits_is_counted_until_they_wait_no_more() {
    let metrics = Metrics::default();
    let waiting = metrics.large_waits();
    assert!(metrics.render(None).contains("portcullis_large_waiting_checks 1\n"));
    drop(waiting);
    assert!(metrics.render(None).contains("portcullis_large_waiting_checks 0\n"));
}

/// A series that is looked up by its number must be the one that has these labels.
#[test]
fn every_combination_of_labels_is_a_series_of_its_own() {
    let metrics = Metrics::default();
    let mut lines = Vec::new();
    for &source in Source::ALL {
        for direction in [Direction::Request, Direction::Response] {
            for action in [Action::Allow, Action::Alert, Action::Mask, Action::Block] {
                metrics.checks().decided(source, direction, action, Duration::ZERO);
                let (source, direction, action) = (source.as_str(), direction.as_str(), action.as_str());
                lines.push(format!(
                    "portcullis_checks_total{{source=\"{source}\",direction=\"{direction}\",action=\"{action}\"}} 1"
                ));
            }
        }
    }
    assert_eq!(lines.len(), CHECK_SERIES);
    let page = metrics.render(None);
    for line in lines {
        assert!(page.lines().any(|found| found == line), "{line} in\n{page}");
    }
}

/// Whatever a caller calls itself, there are so many series and no more.
#[test]
fn no_caller_can_add_a_label() {
    let metrics = Metrics::default();
    for number in 0..10_000 {
        ended(&format!("source-{number}"), Ok(Action::Allow)).count(&metrics);
    }
    let series = metrics.render(None).lines().filter(|line| line.starts_with("portcullis_checks_total{")).count();
    assert_eq!(series, 1);
}
