//! Full-text search over what the log holds: an index of words, made of masked text alone.
//!
//! **Beside the log.** `search.db` in the data folder holds nothing that cannot be made again from the log. It is a file of
//! its own so that the log's one writer never waits for its lock, so that its size does not count as the log's, and so that
//! damage there costs no record: it is removed and made anew, as it is when it belongs to another log or another version.
//!
//! **Filling.** [`fill::run`] follows the log by a cursor of its own, which is committed with the words: after a crash it goes
//! on where it was. It reads what was judged, in order, and stops before the first record that still waits for its
//! judgement, because it is then that a payload is reduced. While records wait for the disk it rests as long as it works.
//!
//! **Masking.** Words are those of the texts as people are shown them: what is starred there has no word here, so that
//! nobody finds out by trying. Of one record at most [`MOST_TEXT`] bytes are taken.
//!
//! **Parts.** Words of [`PART_RECORDS`] records, or of a day, are one table of FTS5, without the text. A part is dropped when
//! the last of its records is gone: until then words of removed records are in the file, and are found by nobody. A query
//! goes from the newest part to the oldest, so that what a call costs is bounded by time.

mod file;
mod fill;
mod find;
mod query;
mod within;
mod words;

#[cfg(test)]
mod tests;

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use clap::ValueEnum;
use jiff::Timestamp;
use rusqlite::Connection;
use serde::Deserialize;
use tokio::sync::watch;

use crate::record::{KeepPayloads, Log, LogError, PayloadFault, StorageFault, remove_search_index};
use file::Writer;
pub use fill::{Mask, Said, run};
pub use query::{InvalidQuery, Query};
pub use within::Within;

/// Bytes of one record whose words are indexed.
pub const MOST_TEXT: usize = 64 << 10;
/// Records of one part.
const PART_RECORDS: i64 = if cfg!(test) { 100 } else { 1 << 17 };

/// Whether there is an index.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum SearchMode {
    /// Unless payloads are encrypted, or not kept.
    #[default]
    Auto,
    /// Also of encrypted payloads: their words, masked, are then in a file that is not encrypted.
    On,
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SearchOff {
    #[error("text search is off: `log.search` is `off`")]
    Chosen,
    #[error(
        "text search is off: payloads are encrypted, and an index of their words would not be (`log.search = \"on\"` allows it)"
    )]
    Encrypted,
    #[error("text search is off: payloads are not kept")]
    NotKept,
    #[error("text search is off: it was not started")]
    NotStarted,
    /// Texts are looked through instead, so far at each call.
    #[error("the shared store has no index of words: its texts are looked through")]
    Shared,
}

/// Why a record's words are not in the index, or not all of them. The numbers stand in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Missing {
    NotKept = 0,
    Erased = 1,
    Locked = 2,
    Damaged = 3,
    /// What cannot be read, and so not be masked.
    Unmasked = 4,
    /// Longer than [`MOST_TEXT`]: only its beginning is there.
    Cut = 5,
}

impl Missing {
    const ALL: [Self; 6] = [Self::NotKept, Self::Erased, Self::Locked, Self::Damaged, Self::Unmasked, Self::Cut];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotKept => "not_kept",
            Self::Erased => "erased",
            Self::Locked => "locked",
            Self::Damaged => "damaged",
            Self::Unmasked => "unmasked",
            Self::Cut => "cut",
        }
    }

    fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| *reason as i64 == code)
    }
}

impl From<PayloadFault> for Missing {
    fn from(fault: PayloadFault) -> Self {
        match fault {
            PayloadFault::Damaged => Self::Damaged,
            PayloadFault::Erased => Self::Erased,
            PayloadFault::Locked => Self::Locked,
            PayloadFault::NotKept | PayloadFault::Elsewhere => Self::NotKept,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchState {
    On,
    /// The index cannot be filled; what is in it is still searched.
    Failing(StorageFault),
    Off(SearchOff),
}

/// How much of the log a search sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchStatus {
    pub state: SearchState,
    /// Up to this sequence.
    pub indexed: u64,
    /// When that one was recorded; none before the first.
    pub indexed_time: Option<Timestamp>,
    /// Sequences after it.
    pub waiting: u64,
    /// Records up to there that cannot be found by their words, or not by all of them.
    pub missing: Vec<(Missing, u64)>,
    pub bytes: u64,
}

/// How far the index came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Progress {
    cursor: u64,
    time: Option<Timestamp>,
    missing: Vec<(Missing, u64)>,
}

/// The index of a log, or why there is none.
#[derive(Debug, Clone)]
pub struct Search(Result<Arc<Index>, SearchOff>);

impl Search {
    /// Opens or makes the index of a log, or removes the one that is not to be there. Blocks for as long as the disk does.
    pub fn open(log: &Log, mode: SearchMode, encrypted: bool, keep: KeepPayloads) -> Result<Self, LogError> {
        let off = match mode {
            SearchMode::Off => Some(SearchOff::Chosen),
            SearchMode::Auto if encrypted => Some(SearchOff::Encrypted),
            SearchMode::Auto if keep == KeepPayloads::Metadata => Some(SearchOff::NotKept),
            SearchMode::Auto | SearchMode::On => None,
        };
        match off {
            Some(off) => {
                remove_search_index(log.dir())?;
                Ok(Self(Err(off)))
            }
            None => Ok(Self(Ok(Arc::new(Index::open(log)?)))),
        }
    }

    pub const fn none() -> Self {
        Self(Err(SearchOff::NotStarted))
    }

    /// Of a store that is not the log's own.
    pub const fn shared() -> Self {
        Self(Err(SearchOff::Shared))
    }

    pub fn index(&self) -> Result<&Arc<Index>, SearchOff> {
        self.0.as_ref().map_err(|off| *off)
    }

    pub fn status(&self) -> SearchStatus {
        match &self.0 {
            Ok(index) => index.status(),
            Err(off) => SearchStatus {
                state: SearchState::Off(*off),
                indexed: 0,
                indexed_time: None,
                waiting: 0,
                missing: Vec::new(),
                bytes: 0,
            },
        }
    }
}

/// The file, its one writer and its readers. The order of the fields is the order in which they are dropped: the last
/// connection folds the write-ahead log into the file, which one that only reads cannot.
#[derive(Debug)]
pub struct Index {
    dir: PathBuf,
    node: Arc<str>,
    /// With the number of the file that they read: a new one takes the place of one that is damaged.
    idle: Mutex<Vec<(u64, Connection)>>,
    writer: Mutex<Option<Writer>>,
    generation: AtomicU64,
    progress: Mutex<Progress>,
    fault: Mutex<Option<StorageFault>>,
    tip: watch::Receiver<u64>,
}

impl Index {
    fn open(log: &Log) -> Result<Self, LogError> {
        let (dir, node): (PathBuf, Arc<str>) = (log.dir().to_path_buf(), log.node().into());
        let tip = log.tip();
        let highest = *tip.borrow();
        let writer = Writer::open(&dir, &node, highest)?;
        let progress = writer.progress()?;
        Ok(Self {
            dir,
            node,
            idle: Mutex::default(),
            writer: Mutex::new(Some(writer)),
            generation: AtomicU64::new(0),
            progress: Mutex::new(progress),
            fault: Mutex::new(None),
            tip,
        })
    }

    fn status(&self) -> SearchStatus {
        let Progress { cursor, time, missing } = self.progress();
        let fault = *self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        SearchStatus {
            state: fault.map_or(SearchState::On, SearchState::Failing),
            indexed: cursor,
            indexed_time: time,
            waiting: self.tip.borrow().saturating_sub(cursor),
            missing,
            bytes: file::bytes(&self.dir),
        }
    }

    fn progress(&self) -> Progress {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, fault: Option<StorageFault>) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }

    /// Works on the file, and tells how far it is. One that is damaged is made anew: `false` is that this was done instead,
    /// and that the work was for the one before.
    fn write(&self, work: impl FnOnce(&mut Writer) -> rusqlite::Result<Progress>) -> Result<bool, LogError> {
        let mut held = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = held.is_none();
        if is_new {
            let highest = *self.tip.borrow();
            let writer = Writer::open_or_make(&self.dir, &self.node, highest)?;
            *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = writer.progress()?;
            *held = Some(writer);
        }
        // What was read for the file before does not fit the new one.
        let Some(writer) = held.as_mut().filter(|_| !is_new) else { return Ok(false) };
        match work(writer) {
            Ok(progress) => {
                *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = progress;
                Ok(true)
            }
            Err(error) => {
                let fault = StorageFault::from(error);
                if fault == StorageFault::Corrupt {
                    *held = None;
                    self.begin_anew()?;
                }
                Err(fault.into())
            }
        }
    }

    /// The file is damaged.
    fn begin_anew(&self) -> Result<(), LogError> {
        tracing::warn!("the index of words is damaged: it is made anew");
        remove_search_index(&self.dir)?;
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = Progress::default();
        Ok(())
    }

    /// Runs a query over a connection that only reads.
    fn read<T>(&self, query: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T, StorageFault> {
        let generation = self.generation.load(Ordering::Acquire);
        let taken = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match taken {
            Some((of, connection)) if of == generation => connection,
            Some(_) | None => file::reader(&self.dir)?,
        };
        let answer = query(&mut connection).map_err(StorageFault::from);
        match &answer {
            Ok(_) => self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((generation, connection)),
            Err(StorageFault::Corrupt) if generation == self.generation.load(Ordering::Acquire) => {
                let mut held = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
                // Its filler makes the next one.
                if held.take().is_some() {
                    let _ = self.begin_anew();
                }
            }
            Err(_) => {}
        }
        answer
    }
}
