//! What an operator chooses for the log.

use std::time::Duration;

use clap::ValueEnum;
use serde::Deserialize;

/// What becomes of a record that the disk does not take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum OnFull {
    /// Its caller is refused, and knows that nothing was recorded.
    #[default]
    Refuse,
    /// Its caller is answered, the record is dropped and counted, and an event shows the gap.
    Shed,
}

/// Bounds of one transaction, so that a flood does not keep the first of its callers waiting. One piece of work is
/// never divided: it may be larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitBounds {
    pub records: usize,
    pub bytes: usize,
    /// How long records that nobody waits for may gather. Under light load it makes one commit of many.
    pub gather: Duration,
}

impl Default for CommitBounds {
    fn default() -> Self {
        Self { records: 1000, bytes: 8 << 20, gather: Duration::from_millis(5) }
    }
}

#[derive(Debug, Clone, Default)]
pub struct LogSettings {
    pub on_full: OnFull,
    /// Bytes that the file may take; none: as many as the disk has. What is beside the file, some 16 MiB, is not
    /// counted.
    pub max_bytes: Option<u64>,
    pub commit: CommitBounds,
}
