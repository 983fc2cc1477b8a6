//! What an operator chooses for the log.

use std::{fmt, sync::Arc, time::Duration};

use clap::ValueEnum;
use serde::Deserialize;

use super::vault::MasterKeys;
use crate::domain::exchange::Payloads;

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

/// Until when records are kept. What waits for analysis is kept in any case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retention {
    /// None: whatever their age.
    pub keep: Option<Duration>,
    /// That all of it takes in the file; none: whatever its size.
    pub bytes: Option<u64>,
    /// Also what a sink has not got yet.
    pub undelivered: bool,
    /// That are waited for, by name: those that are served. One that is served no more must hold nothing back for ever.
    pub sinks: Vec<Arc<str>>,
}

/// What a commit takes besides its records' own bytes, and what a probe of the disk writes: 64 pages.
const BESIDE_A_COMMIT: u64 = 512 << 10;

/// Of [`LogSettings::max_bytes`], what no record gets: cursors, verdicts and what retention notes need pages too, and
/// without them a log that is full never lets a record go.
const RESERVE: u64 = 1 << 20;

impl Retention {
    /// The least that [`LogSettings::max_bytes`] must be beside what is kept. Records go between commits, once they take more
    /// than is kept: a file that may not grow so far never lets one go, and is full for good. So a commit finds room above
    /// what is kept, and a sixteenth of the file is free for what comes until the next step.
    pub fn least_file(keep: u64, commit: CommitBounds) -> u64 {
        let for_a_commit = keep.saturating_add(commit.bytes as u64).saturating_add(BESIDE_A_COMMIT + RESERVE);
        for_a_commit.max(keep.saturating_mul(16).div_ceil(15))
    }

    pub(super) const fn is_on(&self) -> bool {
        self.keep.is_some() || self.bytes.is_some()
    }
}

/// What is kept of a caller's payloads once they are judged. Until then all of it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum KeepPayloads {
    #[default]
    Full,
    /// With labels in place of secrets and personal data; nothing of what cannot be read whole.
    Masked,
    /// Nothing: who called, when, and what was decided.
    Metadata,
}

/// Makes payloads fit to be kept; none where that cannot be done.
#[derive(Clone)]
pub struct Masking(Arc<Mask>);

type Mask = dyn Fn(&Payloads) -> Option<Payloads> + Send + Sync;

impl Masking {
    pub fn new(mask: impl Fn(&Payloads) -> Option<Payloads> + Send + Sync + 'static) -> Self {
        Self(Arc::new(mask))
    }

    pub fn mask(&self, payloads: &Payloads) -> Option<Payloads> {
        (self.0)(payloads)
    }
}

impl fmt::Debug for Masking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masking")
    }
}

#[derive(Debug, Clone, Default)]
pub struct LogSettings {
    pub on_full: OnFull,
    /// Bytes that the file may take; none: as many as the disk has. What is beside the file, some 16 MiB, is not
    /// counted. The last MiB, or a sixteenth where that is less, is for what no record is.
    pub max_bytes: Option<u64>,
    pub commit: CommitBounds,
    pub retention: Retention,
    /// None: payloads are stored as they are.
    pub keys: Option<MasterKeys>,
    pub payloads: KeepPayloads,
    /// For [`KeepPayloads::Masked`]. Without it nothing is kept then.
    pub masking: Option<Masking>,
}

impl LogSettings {
    /// Bytes that all of it may take once records were added; none: as many as the disk has. A small file has a small
    /// reserve.
    pub(super) fn record_bytes(&self) -> Option<u64> {
        self.max_bytes.map(|bytes| bytes - RESERVE.min(bytes / 16))
    }
}
