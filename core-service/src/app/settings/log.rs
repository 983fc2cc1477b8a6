//! The log of records, and the form of the service's own log lines.

use std::time::Duration;

use clap::Args;
use portcullis_api::log::LogLevel;
use serde::{Deserialize, Deserializer, de::Error as _};

use super::{LogFormat, SettingsError};
use crate::record::{CommitBounds, LogSettings, OnFull};

#[derive(Debug, Clone, Default, Args)]
pub struct LogOverrides {
    /// What becomes of records that the disk does not take: `refuse` or `shed`.
    #[arg(long, env = "PORTCULLIS_LOG_ON_FULL", value_name = "CHOICE")]
    pub log_on_full: Option<OnFull>,
    /// `error`, `warn`, `info`, `debug` or `trace`; `RUST_LOG` wins over it.
    #[arg(long, env = "PORTCULLIS_LOG_LEVEL", value_name = "LEVEL")]
    pub log_level: Option<LogLevel>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogFile {
    pub format: Option<LogFormat>,
    #[serde(deserialize_with = "level")]
    pub level: Option<LogLevel>,
    pub on_full: Option<OnFull>,
    /// Of the log's file; 0 for no bound.
    pub max_bytes: Option<u64>,
    /// Of one transaction.
    pub commit_records: Option<usize>,
    pub commit_bytes: Option<usize>,
    /// Milliseconds that records gather which nobody waits for.
    pub gather_ms: Option<u64>,
}

fn level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<LogLevel>, D::Error> {
    String::deserialize(deserializer)?.parse().map(Some).map_err(D::Error::custom)
}

/// The smallest log that is any use.
const LEAST_BYTES: u64 = 16 << 20;

pub(super) fn log(overrides: &LogOverrides, file: &LogFile) -> Result<LogSettings, SettingsError> {
    let invalid = |name, message: &str| SettingsError::Invalid { name, message: message.to_owned() };
    let max_bytes = file.max_bytes.filter(|&bytes| bytes > 0);
    if max_bytes.is_some_and(|bytes| bytes < LEAST_BYTES) {
        return Err(invalid("log.max_bytes", "at least 16777216, or 0 for no bound"));
    }
    let default = CommitBounds::default();
    let commit = CommitBounds {
        records: file.commit_records.unwrap_or(default.records),
        bytes: file.commit_bytes.unwrap_or(default.bytes),
        gather: file.gather_ms.map_or(default.gather, Duration::from_millis),
    };
    if !(1..=100_000).contains(&commit.records) {
        return Err(invalid("log.commit_records", "1 to 100000"));
    }
    if !(1024..=1 << 30).contains(&commit.bytes) {
        return Err(invalid("log.commit_bytes", "1024 to 1073741824"));
    }
    if commit.gather > Duration::from_secs(1) {
        return Err(invalid("log.gather_ms", "0 to 1000"));
    }
    Ok(LogSettings { on_full: overrides.log_on_full.or(file.on_full).unwrap_or_default(), max_bytes, commit })
}
