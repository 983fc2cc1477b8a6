//! The metrics of this process, and their text.

mod checks;
mod second;

use std::{
    sync::{LazyLock, atomic::AtomicU64},
    time::Duration,
};

use portcullis_api::error::ErrorCode;
use prometheus_client::{
    encoding::text,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Metric, Registry},
};

use self::{checks::Checks, second::Second};
use super::{
    labels::{
        BuildLabels, CanaryProblem, DeliveryFailure, FateLabel, MetricsFate, MetricsFateLabel, PolicyReload,
        PolicyState, ProblemLabel, RefusedLabels, ResultLabel, SinkFailureLabels, SinkLabel, SpanFate, StateLabel, Via,
    },
    name::Name,
};

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

#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Of what only a core has: its log, its index of words, its policies. An adapter that showed a log that is not up
    /// would raise an alert for ever.
    of_core: Registry,
    checks: Checks,
    refused_calls: Family<RefusedLabels, Counter>,
    read_bytes: Counter,
    known_bytes: Counter,
    second_stage: Second,
    analysis_age: Gauge<f64, AtomicU64>,
    large_waiting: Gauge,
    policies: Family<StateLabel, Gauge>,
    policy_reloads: Family<ResultLabel, Counter>,
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
    trace_spans: Family<FateLabel, Counter>,
    metric_exports: Family<MetricsFateLabel, Counter>,
}

/// See [`Metrics::large_waits`].
#[derive(Debug)]
pub struct Waiting(Gauge);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.dec();
    }
}

static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::default);

/// Those of this process.
pub fn metrics() -> &'static Metrics {
    &METRICS
}

impl Default for Metrics {
    fn default() -> Self {
        let (mut registry, mut of_core) = (Registry::default(), Registry::default());
        let made = Self {
            checks: Checks::new(&mut registry),
            refused_calls: add(&mut registry, Name::RefusedCalls, Family::default()),
            analysis_age: add(&mut registry, Name::AnalysisAge, Gauge::default()),
            large_waiting: add(&mut registry, Name::LargeWaiting, Gauge::default()),
            policies: add(&mut of_core, Name::Policies, Family::default()),
            policy_reloads: add(&mut of_core, Name::PolicyReloads, Family::default()),
            read_bytes: add(&mut registry, Name::ReadBytes, Counter::default()),
            known_bytes: add(&mut registry, Name::KnownBytes, Counter::default()),
            second_stage: Second::new(&mut registry),
            log_lost: add(&mut of_core, Name::LogLost, Counter::default()),
            log_shed: add(&mut of_core, Name::LogShed, Counter::default()),
            log_queue: add(&mut of_core, Name::LogQueue, Gauge::default()),
            log_up: add(&mut of_core, Name::LogUp, Gauge::default()),
            log_bytes: add(&mut of_core, Name::LogBytes, Gauge::default()),
            log_damaged_files: add(&mut of_core, Name::LogDamagedFiles, Gauge::default()),
            search_lag: add(&mut of_core, Name::SearchLag, Gauge::default()),
            search_bytes: add(&mut of_core, Name::SearchBytes, Gauge::default()),
            delivered: add(&mut registry, Name::Delivered, Family::default()),
            delivery_attempts: add(&mut registry, Name::DeliveryAttempts, Family::default()),
            delivery_retries: add(&mut registry, Name::DeliveryRetries, Family::default()),
            delivery_dead_letters: add(&mut registry, Name::DeliveryDeadLetters, Family::default()),
            delivery_lag: add(&mut registry, Name::DeliveryLag, Family::default()),
            delivery_age: add(&mut registry, Name::DeliveryAge, Family::default()),
            canary_runs: add(&mut registry, Name::CanaryRuns, Counter::default()),
            canary_problems: add(&mut registry, Name::CanaryProblems, Family::default()),
            canary_last_run: add(&mut registry, Name::CanaryLastRun, Gauge::default()),
            trace_spans: add(&mut registry, Name::TraceSpans, Family::default()),
            metric_exports: add(&mut registry, Name::MetricExports, Family::default()),
            registry: Registry::default(),
            of_core: Registry::default(),
        };
        let build: Family<BuildLabels, Gauge> = add(&mut registry, Name::BuildInfo, Family::default());
        build.get_or_create(&BuildLabels { version: env!("CARGO_PKG_VERSION") }).set(1);
        // There from the start: what has no series yet cannot be told from what is not measured, and an alert on a
        // rise would miss the first one.
        for &via in Via::ALL {
            for &error in ErrorCode::ALL {
                drop(made.refused_calls.get_or_create(&RefusedLabels::of(via, error)));
            }
        }
        for &problem in CanaryProblem::ALL {
            drop(made.canary_problems.get_or_create(&ProblemLabel { problem }));
        }
        for &fate in SpanFate::ALL {
            drop(made.trace_spans.get_or_create(&FateLabel { fate }));
        }
        for &result in PolicyReload::ALL {
            drop(made.policy_reloads.get_or_create(&ResultLabel { result }));
        }
        for &state in PolicyState::ALL {
            drop(made.policies.get_or_create(&StateLabel { state }));
        }
        for &fate in MetricsFate::ALL {
            drop(made.metric_exports.get_or_create(&MetricsFateLabel { fate }));
        }
        Self { registry, of_core, ..made }
    }
}

fn add<M: Metric + Clone>(registry: &mut Registry, name: Name, metric: M) -> M {
    registry.register(name.stem(), name.help(), metric.clone());
    metric
}

impl Metrics {
    pub(super) const fn checks(&self) -> &Checks {
        &self.checks
    }

    pub(super) fn refused(&self, via: Via, error: ErrorCode) {
        self.refused_calls.get_or_create(&RefusedLabels::of(via, error)).inc();
    }

    /// Of the record that the background analysis takes up now; zero: none waits.
    pub fn analysis_age(&self, age: Duration) {
        self.analysis_age.set(age.as_secs_f64());
    }

    /// One more check of a large payload waits for a thread, until what is returned is dropped.
    pub fn large_waits(&self) -> Waiting {
        self.large_waiting.inc();
        Waiting(self.large_waiting.clone())
    }

    pub(super) fn policies(&self, result: Option<PolicyReload>, counts: [(PolicyState, usize); 3]) {
        if let Some(result) = result {
            self.policy_reloads.get_or_create(&ResultLabel { result }).inc();
        }
        for (state, count) in counts {
            self.policies.get_or_create(&StateLabel { state }).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    pub(super) fn policies_failed(&self) {
        self.policy_reloads.get_or_create(&ResultLabel { result: PolicyReload::Failed }).inc();
    }

    /// What became of a push of metrics.
    pub fn metrics_exported(&self, fate: MetricsFate) {
        self.metric_exports.get_or_create(&MetricsFateLabel { fate }).inc();
    }

    /// What became of so many spans.
    pub fn spans(&self, fate: SpanFate, count: u64) {
        self.trace_spans.get_or_create(&FateLabel { fate }).inc_by(count);
    }

    /// Bytes of text that a check read, and those that it knew.
    pub fn scanned(&self, read: u64, known: u64) {
        self.read_bytes.inc_by(read);
        self.known_bytes.inc_by(known);
    }

    pub(super) const fn second_stage(&self) -> &Second {
        &self.second_stage
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

    pub(super) fn dead_letters(&self, sink: &str, reason: DeliveryFailure, records: u64) {
        self.delivery_dead_letters.get_or_create(&SinkFailureLabels { sink: sink.to_owned(), reason }).inc_by(records);
    }

    pub(super) fn canary(&self, problems: &[CanaryProblem], at: f64) {
        self.canary_runs.inc();
        self.canary_last_run.set(at);
        for &problem in problems {
            self.canary_problems.get_or_create(&ProblemLabel { problem }).inc();
        }
    }

    /// OpenMetrics text (`application/openmetrics-text; version=1.0.0`), which Prometheus reads. `log` is that of this
    /// process; without one, what only a core has is left out.
    pub fn render(&self, log: Option<LogState>) -> String {
        let mut page = String::new();
        // Writing to a String cannot fail, and no label here refuses to be written.
        let _ = text::encode_registry(&mut page, &self.registry);
        if let Some(LogState { up, queued, bytes, damaged_files, search_lag, search_bytes }) = log {
            self.log_up.set(up.into());
            self.log_queue.set(i64::try_from(queued).unwrap_or(i64::MAX));
            self.log_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
            self.log_damaged_files.set(i64::try_from(damaged_files).unwrap_or(i64::MAX));
            self.search_lag.set(i64::try_from(search_lag).unwrap_or(i64::MAX));
            self.search_bytes.set(i64::try_from(search_bytes).unwrap_or(i64::MAX));
            let _ = text::encode_registry(&mut page, &self.of_core);
        }
        let _ = text::encode_eof(&mut page);
        page
    }
}

#[cfg(test)]
mod tests;
