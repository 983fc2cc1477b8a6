//! The metrics of this process, and their text.

use std::{
    array,
    sync::{LazyLock, OnceLock, atomic::AtomicU64},
    time::Duration,
};

use prometheus_client::{
    encoding::text,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Metric, Registry},
};

use super::{
    labels::{
        BuildLabels, CanaryProblem, CheckFailure, CheckLabels, DeliveryFailure, DirectionLabel, ProblemLabel,
        ReasonLabel, SinkFailureLabels, SinkLabel, Source,
    },
    name::Name,
};
use crate::domain::{decision::Action, exchange::Direction};

/// In seconds, from what a short prompt takes to where a gateway gives up.
const CHECK_BUCKETS: [f64; 14] =
    [10e-6, 25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 50e-3, 250e-3, 1.0, 5.0];

/// What is looked up when the metrics are read, and counted by nobody in between.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogState {
    pub up: bool,
    pub queued: usize,
    pub bytes: u64,
    pub damaged_files: usize,
    pub search_lag: u64,
    pub search_bytes: u64,
}

/// Series of the hot path, looked up once each: by the labels' numbers, without hashing them.
const CHECK_SERIES: usize = Source::ALL.len() * DIRECTIONS * ACTIONS;
const DIRECTIONS: usize = 2;
const ACTIONS: usize = 4;

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    checks: Family<CheckLabels, Counter>,
    check_failures: Family<ReasonLabel, Counter>,
    check_seconds: Histograms<DirectionLabel>,
    check_series: [OnceLock<Counter>; CHECK_SERIES],
    check_seconds_series: [OnceLock<Histogram>; DIRECTIONS],
    log_lost: Counter,
    log_shed: Counter,
    log_queue: Gauge,
    log_up: Gauge,
    log_bytes: Gauge,
    log_damaged_files: Gauge,
    search_lag: Gauge,
    search_bytes: Gauge,
    delivered: Family<SinkLabel, Counter>,
    delivery_attempts: Family<SinkLabel, Counter>,
    delivery_retries: Family<SinkFailureLabels, Counter>,
    delivery_dead_letters: Family<SinkFailureLabels, Counter>,
    delivery_lag: Family<SinkLabel, Gauge>,
    delivery_age: Family<SinkLabel, Gauge<f64, AtomicU64>>,
    canary_runs: Counter,
    canary_problems: Family<ProblemLabel, Counter>,
    canary_last_run: Gauge<f64, AtomicU64>,
}

static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::default);

/// Those of this process.
pub fn metrics() -> &'static Metrics {
    &METRICS
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let seconds: fn() -> Histogram = || Histogram::new(CHECK_BUCKETS);
        let made = Self {
            checks: add(&mut registry, Name::Checks, Family::default()),
            check_failures: add(&mut registry, Name::CheckFailures, Family::default()),
            check_seconds: add(&mut registry, Name::CheckSeconds, Family::new_with_constructor(seconds)),
            check_series: array::from_fn(|_| OnceLock::new()),
            check_seconds_series: array::from_fn(|_| OnceLock::new()),
            log_lost: add(&mut registry, Name::LogLost, Counter::default()),
            log_shed: add(&mut registry, Name::LogShed, Counter::default()),
            log_queue: add(&mut registry, Name::LogQueue, Gauge::default()),
            log_up: add(&mut registry, Name::LogUp, Gauge::default()),
            log_bytes: add(&mut registry, Name::LogBytes, Gauge::default()),
            log_damaged_files: add(&mut registry, Name::LogDamagedFiles, Gauge::default()),
            search_lag: add(&mut registry, Name::SearchLag, Gauge::default()),
            search_bytes: add(&mut registry, Name::SearchBytes, Gauge::default()),
            delivered: add(&mut registry, Name::Delivered, Family::default()),
            delivery_attempts: add(&mut registry, Name::DeliveryAttempts, Family::default()),
            delivery_retries: add(&mut registry, Name::DeliveryRetries, Family::default()),
            delivery_dead_letters: add(&mut registry, Name::DeliveryDeadLetters, Family::default()),
            delivery_lag: add(&mut registry, Name::DeliveryLag, Family::default()),
            delivery_age: add(&mut registry, Name::DeliveryAge, Family::default()),
            canary_runs: add(&mut registry, Name::CanaryRuns, Counter::default()),
            canary_problems: add(&mut registry, Name::CanaryProblems, Family::default()),
            canary_last_run: add(&mut registry, Name::CanaryLastRun, Gauge::default()),
            registry: Registry::default(),
        };
        let build: Family<BuildLabels, Gauge> = add(&mut registry, Name::BuildInfo, Family::default());
        build.get_or_create(&BuildLabels { version: env!("CARGO_PKG_VERSION") }).set(1);
        // There from the start: what has no series yet cannot be told from what is not measured, and an alert on a
        // rise would miss the first one.
        for &problem in CanaryProblem::ALL {
            drop(made.canary_problems.get_or_create(&ProblemLabel { problem }));
        }
        for &reason in CheckFailure::ALL {
            drop(made.check_failures.get_or_create(&ReasonLabel { reason }));
        }
        Self { registry, ..made }
    }
}

fn add<M: Metric + Clone>(registry: &mut Registry, name: Name, metric: M) -> M {
    registry.register(name.stem(), name.help(), metric.clone());
    metric
}

impl Metrics {
    pub(super) fn check(&self, source: Source, direction: Direction, action: Action, elapsed: Duration) {
        let count = || self.checks.get_or_create(&CheckLabels { source, direction, action }).clone();
        let place = (source as usize * DIRECTIONS + direction as usize) * ACTIONS + action as usize;
        self.check_series[place].get_or_init(count).inc();
        let time = || self.check_seconds.get_or_create(&DirectionLabel { direction }).clone();
        self.check_seconds_series[direction as usize].get_or_init(time).observe(elapsed.as_secs_f64());
    }

    pub(super) fn check_failed(&self, reason: CheckFailure) {
        self.check_failures.get_or_create(&ReasonLabel { reason }).inc();
    }

    pub(super) fn lost(&self, lost: u64, shed: u64) {
        self.log_lost.inc_by(lost);
        self.log_shed.inc_by(shed);
    }

    /// A sink's series are there from its start, so that an alert on a rise does not miss the first.
    pub fn sink(&self, sink: &str) {
        self.delivered(sink, 0, 0, None);
        self.sink_state(sink, 0, 0.0);
        for &reason in DeliveryFailure::ALL {
            let labels = SinkFailureLabels { sink: sink.to_owned(), reason };
            drop(self.delivery_retries.get_or_create(&labels));
            drop(self.delivery_dead_letters.get_or_create(&labels));
        }
    }

    /// What is looked up when the metrics are read.
    pub fn sink_state(&self, sink: &str, lag: u64, age_seconds: f64) {
        let label = SinkLabel { sink: sink.to_owned() };
        self.delivery_lag.get_or_create(&label).set(i64::try_from(lag).unwrap_or(i64::MAX));
        self.delivery_age.get_or_create(&label).set(age_seconds);
    }

    pub(super) fn delivered(&self, sink: &str, records: u64, delivered: u64, again: Option<(u64, DeliveryFailure)>) {
        let label = SinkLabel { sink: sink.to_owned() };
        self.delivered.get_or_create(&label).inc_by(delivered);
        self.delivery_attempts.get_or_create(&label).inc_by(records);
        if let Some((again, reason)) = again {
            let labels = SinkFailureLabels { sink: label.sink, reason };
            self.delivery_retries.get_or_create(&labels).inc_by(again);
        }
    }

    pub(super) fn dead_letter(&self, sink: &str, reason: DeliveryFailure) {
        self.delivery_dead_letters.get_or_create(&SinkFailureLabels { sink: sink.to_owned(), reason }).inc();
    }

    pub(super) fn canary(&self, problems: &[CanaryProblem], at: f64) {
        self.canary_runs.inc();
        self.canary_last_run.set(at);
        for &problem in problems {
            self.canary_problems.get_or_create(&ProblemLabel { problem }).inc();
        }
    }

    /// OpenMetrics text (`application/openmetrics-text; version=1.0.0`), which Prometheus reads. `log` is that of this
    /// process, when it has one.
    pub fn render(&self, log: Option<LogState>) -> String {
        let LogState { up, queued, bytes, damaged_files, search_lag, search_bytes } = log.unwrap_or_default();
        self.log_up.set(up.into());
        self.log_queue.set(i64::try_from(queued).unwrap_or(i64::MAX));
        self.log_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        self.log_damaged_files.set(i64::try_from(damaged_files).unwrap_or(i64::MAX));
        self.search_lag.set(i64::try_from(search_lag).unwrap_or(i64::MAX));
        self.search_bytes.set(i64::try_from(search_bytes).unwrap_or(i64::MAX));
        let mut page = String::new();
        // Writing to a String cannot fail, and no label here refuses to be written.
        let _ = text::encode(&mut page, &self.registry);
        page
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        domain::{
            coverage::{Coverage, CoverageStatus},
            decision::Decision,
        },
        telemetry::{BatchSettled, CanaryRan, CheckEnded, DeadLetter, Event as _, Kind, RecordsLost, Verdict},
    };

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
        let metrics = Metrics::default();
        // What has labels of its own to come has no line before the first.
        ended("grpc", Ok(Action::Allow)).count(&metrics);
        metrics.sink("ingest");
        let page = metrics.render(None);
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

    #[test]
    fn what_happened_is_counted_under_the_labels_that_the_name_has() {
        let metrics = Metrics::default();
        ended("truefoundry", Ok(Action::Block)).count(&metrics);
        ended("truefoundry", Ok(Action::Block)).count(&metrics);
        ended("a name of its own", Ok(Action::Allow)).count(&metrics);
        ended("grpc", Err(CheckFailure::Storage)).count(&metrics);
        RecordsLost { lost: 3, shed: 2, records: 5, fault: "the disk is full" }.count(&metrics);
        CanaryRan { gateway: "gw.example:443", problems: &[CanaryProblem::BlockDidNotBlock] }.count(&metrics);
        metrics.sink("ingest");
        let again = Some((4, DeliveryFailure::TimedOut));
        BatchSettled { sink: "ingest", records: 10, delivered: 5, again, known: false }.count(&metrics);
        DeadLetter { sink: "ingest", sequence: 9, reason: DeliveryFailure::Rejected }.count(&metrics);
        metrics.sink_state("ingest", 17, 2.5);
        let state = LogState { up: true, queued: 7, bytes: 9, damaged_files: 1, search_lag: 11, search_bytes: 13 };
        let page = metrics.render(Some(state));
        for line in [
            r#"portcullis_checks_total{source="truefoundry",direction="request",action="block"} 2"#,
            r#"portcullis_checks_total{source="other",direction="request",action="allow"} 1"#,
            r#"portcullis_check_failures_total{reason="storage"} 1"#,
            r#"portcullis_check_failures_total{reason="overloaded"} 0"#,
            r#"portcullis_check_duration_seconds_bucket{le="0.00005",direction="request"} 3"#,
            r#"portcullis_check_duration_seconds_count{direction="request"} 3"#,
            "portcullis_log_lost_records_total 3",
            "portcullis_log_shed_records_total 2",
            "portcullis_log_queue_records 7",
            "portcullis_log_bytes 9",
            "portcullis_log_damaged_files 1",
            "portcullis_search_lag_records 11",
            "portcullis_search_bytes 13",
            "portcullis_log_up 1",
            r#"portcullis_delivery_records_total{sink="ingest"} 5"#,
            r#"portcullis_delivery_attempts_total{sink="ingest"} 10"#,
            r#"portcullis_delivery_retries_total{sink="ingest",reason="timed_out"} 4"#,
            r#"portcullis_delivery_retries_total{sink="ingest",reason="throttled"} 0"#,
            r#"portcullis_delivery_dead_letters_total{sink="ingest",reason="rejected"} 1"#,
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

    /// A series that is looked up by its number must be the one that has these labels.
    #[test]
    fn every_combination_of_labels_is_a_series_of_its_own() {
        let metrics = Metrics::default();
        let mut lines = Vec::new();
        for &source in Source::ALL {
            for direction in [Direction::Request, Direction::Response] {
                for action in [Action::Allow, Action::Alert, Action::Mask, Action::Block] {
                    metrics.check(source, direction, action, Duration::ZERO);
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
}
