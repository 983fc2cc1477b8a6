//! Follows the log and puts words into the index.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{Index, MOST_TEXT, Missing};
use crate::{
    domain::exchange::Payloads,
    foreground,
    record::{Log, LogError, Searchable, SearchableBatch, StorageFault, read_searchable, step_over},
};

/// Records of one turn, and bytes of their payloads.
const BATCH: usize = 500;
const BYTES: usize = 8 << 20;
/// New records gather for so long: a commit of one record costs as much as one of a hundred.
const GATHER: Duration = Duration::from_millis(if cfg!(test) { 5 } else { 250 });
/// Parts whose records are gone are looked for at least so often.
const REST: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 60 });
/// Between two tries after the disk failed.
const PAUSE: Duration = Duration::from_millis(if cfg!(test) { 20 } else { 1000 });
/// Records that wait for the disk while the index does not have to hurry.
const BUSY: usize = 64;
/// Times what it worked that the index rests while verdicts are waited for, and with them all deliveries: to look for a
/// record's words costs as much as to judge it.
const YIELD: u32 = 8;
/// The longest such rest: by then the verdicts may have caught up.
const LONGEST_YIELD: Duration = Duration::from_secs(2);

/// What may be indexed of payloads.
pub struct Said {
    /// Masked.
    pub text: String,
    /// Whether that is all of it.
    pub whole: bool,
}

/// Shows how much, never what.
impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Said({} bytes)", self.text.len())
    }
}

/// Makes payloads words that may be indexed, of at most so many bytes; none when they cannot be masked.
pub type Mask = dyn Fn(&Payloads, usize) -> Option<Said> + Send + Sync;

/// A record, as the index takes it.
pub(super) struct Entry {
    pub(super) sequence: i64,
    /// Microseconds since 1970.
    pub(super) time: i64,
    pub(super) text: Option<String>,
    pub(super) missing: Option<Missing>,
}

impl Entry {
    pub(super) fn age(&self) -> Duration {
        let age = Timestamp::now().as_microsecond() - self.time;
        Duration::from_micros(u64::try_from(age).unwrap_or_default())
    }

    fn new(record: &Searchable, said: Result<Said, Missing>) -> Self {
        let Searchable { sequence, time, .. } = *record;
        match said {
            Ok(Said { text, whole }) => {
                Self { sequence, time, text: Some(text), missing: (!whole).then_some(Missing::Cut) }
            }
            Err(missing) => Self { sequence, time, text: None, missing: Some(missing) },
        }
    }

    fn of(record: &Searchable, mask: &Mask) -> Self {
        let said = match &record.payloads {
            Err(fault) => Err(Missing::from(*fault)),
            Ok(None) => Ok(Said { text: String::new(), whole: true }),
            Ok(Some(payloads)) => mask(payloads, MOST_TEXT).ok_or(Missing::Unmasked),
        };
        Self::new(record, said)
    }
}

/// Runs until it is told to stop; what is not done by then is done after the next start.
pub async fn run(log: Arc<Log>, index: Arc<Index>, mask: Arc<Mask>, stop: CancellationToken) {
    let mut tip = log.tip();
    loop {
        tip.mark_unchanged();
        let begun = Instant::now();
        let turn = turn(&log, &index, &mask).await;
        let wait = async {
            match turn {
                Ok(Turn { is_done: true, .. }) => {
                    let _ = tokio::time::timeout(REST, tip.changed()).await;
                    tokio::time::sleep(GATHER).await;
                }
                Ok(Turn { behind, .. }) if log.is_analysis_behind() && !foreground::is_too_far(behind) => {
                    tokio::time::sleep((begun.elapsed() * YIELD).min(LONGEST_YIELD)).await;
                }
                Ok(_) if log.queued() > BUSY => tokio::time::sleep(begun.elapsed()).await,
                Ok(_) => {}
                Err(error) => {
                    note(&index, &error);
                    tokio::time::sleep(PAUSE).await;
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = wait => {}
        }
    }
}

/// Says it once.
fn note(index: &Index, error: &LogError) {
    let fault = match error {
        LogError::Storage(fault) => *fault,
        _ => StorageFault::Other(0),
    };
    let before = index.fault.lock().unwrap_or_else(std::sync::PoisonError::into_inner).replace(fault);
    if before != Some(fault) {
        tracing::error!(%error, "the index of words cannot be filled; trying again");
    }
}

struct Turn {
    /// Whether nothing is left.
    is_done: bool,
    /// How old the oldest of its records is.
    behind: Duration,
}

async fn turn(log: &Arc<Log>, index: &Arc<Index>, mask: &Arc<Mask>) -> Result<Turn, LogError> {
    let after = index.progress().cursor;
    let SearchableBatch { records, reached, oldest, more } = read(log, after).await?;
    let records = Arc::new(records);
    let entries = match masked(&records, mask, 0..records.len()).await {
        Some(entries) => entries,
        None => one_by_one(&records, mask).await,
    };
    let behind = entries.first().map_or(Duration::ZERO, Entry::age);
    let index = Arc::clone(index);
    let written = tokio::task::spawn_blocking(move || {
        let is_done = index.write(|writer| writer.add(&entries, reached, oldest))?;
        index.note(None);
        Ok::<_, LogError>(is_done)
    });
    let is_done = written.await.map_err(|_| LogError::Closed)??;
    Ok(Turn { is_done: is_done && !more, behind })
}

/// A record that cannot be read is stepped over: it must not hold up all that come after it.
async fn read(log: &Arc<Log>, after: u64) -> Result<SearchableBatch, LogError> {
    let read = |limit, bytes| log.readers().run(move |connection, _| read_searchable(connection, after, limit, bytes));
    match read(BATCH, BYTES).await {
        Err(LogError::Storage(StorageFault::Corrupt)) => {}
        answer => return answer,
    }
    match read(1, BYTES).await {
        Err(LogError::Storage(StorageFault::Corrupt)) => {
            log.readers().run(move |connection, _| step_over(connection, after)).await
        }
        answer => answer,
    }
}

/// None when it panicked.
async fn masked(records: &Arc<Vec<Searchable>>, mask: &Arc<Mask>, range: std::ops::Range<usize>) -> Option<Vec<Entry>> {
    let (records, mask) = (Arc::clone(records), Arc::clone(mask));
    let entry = move |record: &Searchable| {
        let begun = Instant::now();
        let entry = Entry::of(record, &*mask);
        foreground::give_way(begun.elapsed(), entry.age());
        entry
    };
    let work = move || records.get(range).unwrap_or_default().iter().map(entry).collect();
    tokio::task::spawn_blocking(work).await.ok()
}

async fn one_by_one(records: &Arc<Vec<Searchable>>, mask: &Arc<Mask>) -> Vec<Entry> {
    let mut entries = Vec::with_capacity(records.len());
    for (place, record) in records.iter().enumerate() {
        match masked(records, mask, place..place + 1).await {
            Some(done) => entries.extend(done),
            None => {
                tracing::error!(sequence = record.sequence, "the words of a record could not be taken");
                entries.push(Entry::new(record, Err(Missing::Unmasked)));
            }
        }
    }
    entries
}
