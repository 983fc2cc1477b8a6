//! Every metric by its name.

/// How a value behaves over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only rises; begins at 0 with the process.
    Counter,
    Gauge,
    Histogram,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Name {
    Checks,
    CheckFailures,
    RefusedCalls,
    CheckSeconds,
    StageSeconds,
    DetectorSeconds,
    DetectorFailures,
    Violations,
    AnalysisAge,
    LargeWaiting,
    Policies,
    PolicyReloads,
    ReadBytes,
    KnownBytes,
    SecondStageTexts,
    SecondStageWindows,
    SecondStageSeconds,
    LogLost,
    LogShed,
    LogQueue,
    LogUp,
    LogBytes,
    LogDamagedFiles,
    SearchLag,
    SearchBytes,
    Delivered,
    DeliveryAttempts,
    DeliveryRetries,
    DeliveryDeadLetters,
    DeliveryLag,
    DeliveryAge,
    CanaryRuns,
    CanaryProblems,
    CanaryLastRun,
    TraceSpans,
    MetricExports,
    BuildInfo,
}

impl Name {
    pub const ALL: &[Self] = &[
        Self::Checks,
        Self::CheckFailures,
        Self::RefusedCalls,
        Self::CheckSeconds,
        Self::StageSeconds,
        Self::DetectorSeconds,
        Self::DetectorFailures,
        Self::Violations,
        Self::AnalysisAge,
        Self::LargeWaiting,
        Self::Policies,
        Self::PolicyReloads,
        Self::ReadBytes,
        Self::KnownBytes,
        Self::SecondStageTexts,
        Self::SecondStageWindows,
        Self::SecondStageSeconds,
        Self::LogLost,
        Self::LogShed,
        Self::LogQueue,
        Self::LogUp,
        Self::LogBytes,
        Self::LogDamagedFiles,
        Self::SearchLag,
        Self::SearchBytes,
        Self::Delivered,
        Self::DeliveryAttempts,
        Self::DeliveryRetries,
        Self::DeliveryDeadLetters,
        Self::DeliveryLag,
        Self::DeliveryAge,
        Self::CanaryRuns,
        Self::CanaryProblems,
        Self::CanaryLastRun,
        Self::TraceSpans,
        Self::MetricExports,
        Self::BuildInfo,
    ];

    /// As it is registered: the text format adds `_total` to a counter.
    pub const fn stem(self) -> &'static str {
        match self {
            Self::Checks => "portcullis_checks",
            Self::CheckFailures => "portcullis_check_failures",
            Self::RefusedCalls => "portcullis_refused_calls",
            Self::CheckSeconds => "portcullis_check_duration_seconds",
            Self::StageSeconds => "portcullis_stage_duration_seconds",
            Self::DetectorSeconds => "portcullis_detector_duration_seconds",
            Self::DetectorFailures => "portcullis_detector_failures",
            Self::Violations => "portcullis_violations",
            Self::AnalysisAge => "portcullis_analysis_oldest_age_seconds",
            Self::LargeWaiting => "portcullis_large_waiting_checks",
            Self::Policies => "portcullis_policies",
            Self::PolicyReloads => "portcullis_policy_reloads",
            Self::ReadBytes => "portcullis_read_bytes",
            Self::KnownBytes => "portcullis_known_bytes",
            Self::SecondStageTexts => "portcullis_second_stage_texts",
            Self::SecondStageWindows => "portcullis_second_stage_windows",
            Self::SecondStageSeconds => "portcullis_second_stage_duration_seconds",
            Self::LogLost => "portcullis_log_lost_records",
            Self::LogShed => "portcullis_log_shed_records",
            Self::LogQueue => "portcullis_log_queue_records",
            Self::LogUp => "portcullis_log_up",
            Self::LogBytes => "portcullis_log_bytes",
            Self::LogDamagedFiles => "portcullis_log_damaged_files",
            Self::SearchLag => "portcullis_search_lag_records",
            Self::SearchBytes => "portcullis_search_bytes",
            Self::Delivered => "portcullis_delivery_records",
            Self::DeliveryAttempts => "portcullis_delivery_attempts",
            Self::DeliveryRetries => "portcullis_delivery_retries",
            Self::DeliveryDeadLetters => "portcullis_delivery_dead_letters",
            Self::DeliveryLag => "portcullis_delivery_lag_records",
            Self::DeliveryAge => "portcullis_delivery_oldest_age_seconds",
            Self::CanaryRuns => "portcullis_canary_runs",
            Self::CanaryProblems => "portcullis_canary_problems",
            Self::CanaryLastRun => "portcullis_canary_last_run_timestamp_seconds",
            Self::TraceSpans => "portcullis_trace_spans",
            Self::MetricExports => "portcullis_metric_exports",
            Self::BuildInfo => "portcullis_build_info",
        }
    }

    pub const fn kind(self) -> Kind {
        match self {
            Self::Checks
            | Self::MetricExports
            | Self::PolicyReloads
            | Self::Violations
            | Self::DetectorFailures
            | Self::TraceSpans
            | Self::CheckFailures
            | Self::RefusedCalls
            | Self::ReadBytes
            | Self::KnownBytes
            | Self::SecondStageTexts
            | Self::SecondStageWindows
            | Self::LogLost
            | Self::LogShed
            | Self::Delivered
            | Self::DeliveryAttempts
            | Self::DeliveryRetries
            | Self::DeliveryDeadLetters
            | Self::CanaryRuns
            | Self::CanaryProblems => Kind::Counter,
            Self::CheckSeconds | Self::StageSeconds | Self::DetectorSeconds | Self::SecondStageSeconds => {
                Kind::Histogram
            }
            Self::LogQueue
            | Self::Policies
            | Self::LargeWaiting
            | Self::AnalysisAge
            | Self::LogUp
            | Self::LogBytes
            | Self::LogDamagedFiles
            | Self::SearchLag
            | Self::SearchBytes
            | Self::DeliveryLag
            | Self::DeliveryAge
            | Self::CanaryLastRun
            | Self::BuildInfo => Kind::Gauge,
        }
    }

    /// As it is read.
    pub fn exposed(self) -> String {
        let total = if self.kind() == Kind::Counter { "_total" } else { "" };
        format!("{}{total}", self.stem())
    }

    /// Without the full stop, which the text format adds.
    pub const fn help(self) -> &'static str {
        match self {
            Self::Checks => "Checks that were decided, by what the policies ask for",
            Self::CheckFailures => "Checks that ended in an error and not in a decision",
            Self::RefusedCalls => {
                "Calls that were answered with an error, by the port that they came by; probes are not among them"
            }
            Self::CheckSeconds => "Time of a decided check in the core, with its record where it is waited for",
            Self::StageSeconds => {
                "Time of a stage of a check or of a background analysis; normalise is a part of detect"
            }
            Self::DetectorSeconds => {
                "Time that the rules of a detector took in a check, and the prefilter, the classifier and its second stage, which all share"
            }
            Self::DetectorFailures => "Checks and analyses in which a detector failed or ran out of time",
            Self::Violations => "Violations that decisions list, by rule; rules beyond 500 are counted as other",
            Self::AnalysisAge => {
                "How old the oldest record was that the background analysis took up last; 0 when none waits"
            }
            Self::LargeWaiting => "Checks of payloads of 64 KiB and more that wait for a thread",
            Self::Policies => {
                "Policy files: in force as they are, or broken with an earlier version in force (stale) or with none"
            }
            Self::PolicyReloads => {
                "Changes of the policies folder: all of it in force, some file broken, or none of it in force"
            }
            Self::ReadBytes => "Bytes of text that rules read",
            Self::KnownBytes => "Bytes of text that were not read again because the same text was clean before",
            Self::SecondStageTexts => {
                "Texts of which the first stage of the classifiers was unsure, by what became of them"
            }
            Self::SecondStageWindows => "Windows of them that the second stage read",
            Self::SecondStageSeconds => "Time of a text in the second stage, with its wait for a core",
            Self::LogLost => "Decisions to let pass that were answered and could then not be written",
            Self::LogShed => "Records that were dropped because the log could not take them, under on_full = shed",
            Self::LogQueue => "Records that wait for the disk",
            Self::LogUp => "1 while records reach the disk, 0 while they do not",
            Self::LogBytes => "Bytes that the log takes on disk",
            Self::SearchLag => "Records of the log whose words are not in the index yet",
            Self::SearchBytes => "Bytes that the index of words takes on disk",
            Self::LogDamagedFiles => "Damaged log files that were moved aside and are still in the data folder",
            Self::Delivered => "Records that a sink acknowledged",
            Self::DeliveryAttempts => "Records that were handed to a sink, whatever became of them",
            Self::DeliveryRetries => "Records that a sink did not take and that are tried again",
            Self::DeliveryDeadLetters => "Records that a sink refused for good",
            Self::DeliveryLag => "Records of the log that a sink has still to look at or to take",
            Self::DeliveryAge => "How old the oldest record is that a sink has still to take; 0 when there is none",
            Self::CanaryRuns => "Canary runs that were reported",
            Self::CanaryProblems => "Problems that canary runs found",
            Self::CanaryLastRun => "When the last canary run was reported, in seconds since 1970; 0 before the first",
            Self::TraceSpans => "Spans of traces that were exported, dropped for want of room, or not taken",
            Self::MetricExports => "Pushes of these metrics to a collector",
            Self::BuildInfo => "Always 1: which build runs",
        }
    }

    pub const fn labels(self) -> &'static [&'static str] {
        match self {
            Self::Checks => &["source", "direction", "action"],
            Self::CheckFailures => &["reason"],
            Self::RefusedCalls => &["via", "error"],
            Self::CheckSeconds => &["direction"],
            Self::MetricExports => &["fate"],
            Self::PolicyReloads => &["result"],
            Self::Policies => &["state"],
            Self::Violations => &["category", "policy", "rule"],
            Self::DetectorFailures => &["detector", "outcome"],
            Self::DetectorSeconds => &["detector"],
            Self::StageSeconds => &["stage"],
            Self::SecondStageTexts => &["outcome"],
            Self::Delivered | Self::DeliveryAttempts | Self::DeliveryLag | Self::DeliveryAge => &["sink"],
            Self::DeliveryRetries | Self::DeliveryDeadLetters => &["sink", "reason"],
            Self::CanaryProblems => &["problem"],
            Self::TraceSpans => &["fate"],
            Self::BuildInfo => &["version"],
            Self::ReadBytes
            | Self::KnownBytes
            | Self::SecondStageWindows
            | Self::SecondStageSeconds
            | Self::LogLost
            | Self::LogShed
            | Self::LogQueue
            | Self::LogUp
            | Self::LogBytes
            | Self::LogDamagedFiles
            | Self::SearchLag
            | Self::SearchBytes
            | Self::CanaryRuns
            | Self::CanaryLastRun
            | Self::AnalysisAge
            | Self::LargeWaiting => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn the_table_in_the_readme_is_made_of_these() {
        let mut table = "| metric | labels | |\n| --- | --- | --- |\n".to_owned();
        for name in Name::ALL {
            let labels: Vec<_> = name.labels().iter().map(|label| format!("`{label}`")).collect();
            let labels = format!(" {} ", labels.join(", ")).replace("  ", " ");
            writeln!(table, "| `{}` |{labels}| {} |", name.exposed(), name.help()).unwrap();
        }
        let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
        let (_, rest) = readme.split_once("<!-- metrics -->\n").unwrap();
        let printed = rest.split_once("<!-- end -->").unwrap().0;
        assert_eq!(printed, table, "README must print between its marks:\n{table}");
    }
}
