//! The log of records, and the form of the service's own log lines.

use std::{fs, path::PathBuf, time::Duration};

use clap::Args;
use portcullis_api::log::LogLevel;
use serde::{Deserialize, Deserializer, de::Error as _};

use super::{LogFormat, Secret, SettingsError};
use crate::{
    record::{CommitBounds, InvalidKey, KeepPayloads, LogSettings, MasterKeys, OnFull, Retention},
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
    if let Some((max, keep)) = max_bytes.zip(bytes) {
        let least = Retention::least_file(keep, commit);
        if max < least {
            let message = format!(
                "beside it log.max_bytes must be at least {least}: above what is kept there is to be room for one commit \
                 (log.commit_bytes and 1572864 more), and a sixteenth of the file, or it is full before anything goes"
            );
            return Err(invalid("log.keep_bytes", &message));
        }
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

/// The master keys that are given; none when nothing asks for any. A setting that is there and holds no key is an error: a
/// variable that came out empty would otherwise turn encryption off, and nobody would see it.
pub fn keys(overrides: &KeyOverrides, file: Option<&PathBuf>) -> Result<Option<MasterKeys>, SettingsError> {
    let invalid = |name, error: &dyn std::fmt::Display| SettingsError::Invalid { name, message: error.to_string() };
    if let Some(key) = &overrides.log_key {
        return MasterKeys::parse(key.expose()).map(Some).map_err(|error| invalid("PORTCULLIS_LOG_KEY", &error));
    }
    let Some(path) = overrides.log_key_file.as_ref().or(file) else { return Ok(None) };
    if path.as_os_str().is_empty() {
        return Err(invalid("log.key_file", &InvalidKey::None));
    }
    let text = fs::read_to_string(path).map_err(|source| SettingsError::Read { file: path.clone(), source })?;
    MasterKeys::parse(&text).map(Some).map_err(|error| invalid("log.key_file", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> Result<LogSettings, SettingsError> {
        log(&LogOverrides::default(), &toml::from_str(toml).unwrap())
    }

    fn refused<T: std::fmt::Debug>(read: Result<T, SettingsError>) -> (&'static str, String) {
        match read.unwrap_err() {
            SettingsError::Invalid { name, message } => (name, message),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_kept_leaves_room_in_the_file_for_what_comes() {
        // The sixteenth decides, or the commit does.
        for (keep, commit) in [(1_u64 << 30, 8_usize << 20), (16 << 20, 8 << 20), (16 << 20, 64 << 20)] {
            let with = |max: u64| read(&format!("max_bytes = {max}\nkeep_bytes = {keep}\ncommit_bytes = {commit}"));
            let least = Retention::least_file(keep, CommitBounds { bytes: commit, ..CommitBounds::default() });
            assert!(least - keep >= least / 16 && least - keep > commit as u64, "{keep} {commit}: {least}");
            assert_eq!(with(least).unwrap().retention.bytes, Some(keep));
            for max in [keep, least - 1] {
                let (name, message) = refused(with(max));
                assert!(name == "log.keep_bytes" && message.contains(&least.to_string()), "{name}: {message}");
            }
        }
        assert!(read("keep_bytes = 8388608").is_ok(), "the disk is the only bound then");
    }

    #[test]
    fn a_key_that_is_set_to_nothing_is_an_error_and_not_a_log_in_the_clear() {
        let none = InvalidKey::None.to_string();
        for nothing in ["", " ", "\n# the key\n"] {
            let set = KeyOverrides { log_key: Some(nothing.into()), log_key_file: None };
            assert_eq!(refused(keys(&set, None)), ("PORTCULLIS_LOG_KEY", none.clone()));
        }
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("keys");
        fs::write(&empty, "\n").unwrap();
        for nothing in [PathBuf::new(), empty] {
            let named = KeyOverrides { log_key: None, log_key_file: Some(nothing.clone()) };
            assert_eq!(refused(keys(&named, None)), ("log.key_file", none.clone()));
            assert_eq!(refused(keys(&KeyOverrides::default(), Some(&nothing))), ("log.key_file", none.clone()));
        }
        assert!(keys(&KeyOverrides::default(), None).unwrap().is_none());
        let key = KeyOverrides { log_key: Some(Secret::from("ab".repeat(32).as_str())), log_key_file: None };
        assert!(keys(&key, None).unwrap().is_some());
    }
}
