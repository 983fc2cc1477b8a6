//! The log of records, and the form of the service's own log lines.

use std::{fs, path::PathBuf, time::Duration};

use clap::Args;
use portcullis_api::log::LogLevel;
use serde::{Deserialize, Deserializer, de::Error as _};

use super::{LogFormat, Secret, SettingsError};
use crate::{
    record::{CommitBounds, KeepPayloads, LogSettings, MasterKeys, OnFull, Retention},
    search::SearchMode,
};

#[derive(Debug, Clone, Default, Args)]
pub struct LogOverrides {
    /// What becomes of records that the disk does not take: `refuse` or `shed`.
    #[arg(long, env = "PORTCULLIS_LOG_ON_FULL", value_name = "CHOICE")]
    pub log_on_full: Option<OnFull>,
    /// `error`, `warn`, `info`, `debug` or `trace`; `RUST_LOG` wins over it.
    #[arg(long, env = "PORTCULLIS_LOG_LEVEL", value_name = "LEVEL")]
    pub log_level: Option<LogLevel>,
    /// What is kept of payloads once they are judged: `full`, `masked` or `metadata`.
    #[arg(long, env = "PORTCULLIS_LOG_PAYLOADS", value_name = "CHOICE")]
    pub log_payloads: Option<KeepPayloads>,
    /// Whether there is an index of words for text search: `auto`, `on` or `off`.
    #[arg(long, env = "PORTCULLIS_LOG_SEARCH", value_name = "CHOICE")]
    pub log_search: Option<SearchMode>,
    #[command(flatten)]
    pub keys: KeyOverrides,
}

/// Where master keys come from.
#[derive(Debug, Clone, Default, Args)]
pub struct KeyOverrides {
    /// Master keys of the payloads, 32 bytes each in hexadecimal or base64: the first encrypts, all decrypt.
    #[arg(long, env = "PORTCULLIS_LOG_KEY", value_name = "KEYS", hide_env_values = true)]
    pub log_key: Option<Secret>,
    /// A file of them, one a line.
    #[arg(long, env = "PORTCULLIS_LOG_KEY_FILE", value_name = "FILE")]
    pub log_key_file: Option<PathBuf>,
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
    /// Records older than this are removed; 0 for never.
    pub keep_days: Option<u32>,
    /// The oldest are removed when all take more than this; 0 for never.
    pub keep_bytes: Option<u64>,
    /// Whether what a sink has not got is kept in any case.
    pub keep_undelivered: Option<bool>,
    pub payloads: Option<KeepPayloads>,
    /// Whether there is an index of words: `auto` is unless payloads are encrypted or not kept.
    pub search: Option<SearchMode>,
    /// Master keys of the payloads, one a line.
    pub key_file: Option<PathBuf>,
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
    let bytes = file.keep_bytes.filter(|&bytes| bytes > 0);
    if bytes.is_some_and(|bytes| bytes < LEAST_BYTES / 2) {
        return Err(invalid("log.keep_bytes", "at least 8388608, or 0 for all"));
    }
    if max_bytes.zip(bytes).is_some_and(|(max, keep)| keep > max) {
        return Err(invalid("log.keep_bytes", "at most log.max_bytes"));
    }
    let days = file.keep_days.filter(|&days| days > 0);
    let retention = Retention {
        keep: days.map(|days| Duration::from_secs(24 * 3600 * u64::from(days))),
        bytes,
        undelivered: !file.keep_undelivered.unwrap_or(true),
        sinks: Vec::new(),
    };
    let on_full = overrides.log_on_full.or(file.on_full).unwrap_or_default();
    let payloads = overrides.log_payloads.or(file.payloads).unwrap_or_default();
    let keys = keys(&overrides.keys, file.key_file.as_ref())?;
    Ok(LogSettings { on_full, max_bytes, commit, retention, keys, payloads, masking: None })
}

/// The master keys that are given; none when none are.
pub fn keys(overrides: &KeyOverrides, file: Option<&PathBuf>) -> Result<Option<MasterKeys>, SettingsError> {
    let invalid = |name, error: &dyn std::fmt::Display| SettingsError::Invalid { name, message: error.to_string() };
    if let Some(key) = overrides.log_key.as_ref().filter(|key| !key.expose().trim().is_empty()) {
        return MasterKeys::parse(key.expose()).map(Some).map_err(|error| invalid("PORTCULLIS_LOG_KEY", &error));
    }
    let named = overrides.log_key_file.as_ref().filter(|path| !path.as_os_str().is_empty());
    let Some(path) = named.or(file) else { return Ok(None) };
    let text = fs::read_to_string(path).map_err(|source| SettingsError::Read { file: path.clone(), source })?;
    MasterKeys::parse(&text).map(Some).map_err(|error| invalid("log.key_file", &error))
}
