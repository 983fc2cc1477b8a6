//! The way to the writer: a channel that is bounded by records and by bytes.
//!
//! The channel itself has no bound. What stands in it holds permits of two semaphores until it is committed, and
//! who gets none waits. Both are fair: a large record is not starved by small ones.

use std::sync::Arc;

use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    time::{Instant, timeout_at},
};

use super::{
    delivery::DeliveryChange,
    entry::Appended,
    error::LogError,
    note::Note,
    row::{Completion, Row},
};

/// Queued or being written.
const MAX_RECORDS: u32 = 4096;
/// 64 MiB.
const MAX_KIB: u32 = 64 << 10;

pub(super) type Answer<T> = oneshot::Sender<Result<T, LogError>>;

pub(super) enum Work {
    Append { rows: Vec<Row>, answer: Answer<Vec<Appended>> },
    AppendBehind(Box<Row>),
    Complete { results: Vec<Arc<Completion>>, answer: Answer<()> },
    Deliver { change: DeliveryChange, answer: Answer<u64> },
    Note { note: Note, answer: Answer<()> },
    Flush(Answer<()>),
    Close,
}

impl Work {
    pub(super) fn rows(&self) -> &[Row] {
        match self {
            Self::Append { rows, .. } => rows,
            Self::AppendBehind(row) => std::slice::from_ref(&**row),
            Self::Complete { .. } | Self::Deliver { .. } | Self::Note { .. } | Self::Flush(_) | Self::Close => &[],
        }
    }

    /// Shared with who asks: what does not fit is asked for again in parts.
    pub(super) fn completions(&self) -> &[Arc<Completion>] {
        match self {
            Self::Complete { results, .. } => results,
            Self::Append { .. }
            | Self::AppendBehind(_)
            | Self::Deliver { .. }
            | Self::Note { .. }
            | Self::Flush(_)
            | Self::Close => &[],
        }
    }

    pub(super) const fn note(&self) -> Option<&Note> {
        match self {
            Self::Note { note, .. } => Some(note),
            _ => None,
        }
    }

    /// None: nothing is written.
    pub(super) fn records(&self) -> usize {
        let change = usize::from(matches!(self, Self::Deliver { .. } | Self::Note { .. }));
        self.rows().len() + self.completions().len() + change
    }

    pub(super) fn bytes(&self) -> usize {
        self.rows().iter().map(Row::bytes).sum::<usize>()
            + self.completions().iter().map(|completion| completion.bytes()).sum::<usize>()
    }

    pub(super) const fn is_awaited(&self) -> bool {
        !matches!(self, Self::AppendBehind(_))
    }
}

/// Work and its share of the queue's bounds, given back when it is dropped.
pub(super) struct Job {
    pub(super) work: Work,
    _permits: Option<[OwnedSemaphorePermit; 2]>,
}

#[derive(Debug, Clone)]
pub(super) struct Queue {
    jobs: mpsc::UnboundedSender<Job>,
    records: Arc<Semaphore>,
    kib: Arc<Semaphore>,
    hurry: Arc<Notify>,
}

impl Queue {
    pub(super) fn new() -> (Self, mpsc::UnboundedReceiver<Job>) {
        let (jobs, receiver) = mpsc::unbounded_channel();
        let records = Arc::new(Semaphore::new(MAX_RECORDS as usize));
        let kib = Arc::new(Semaphore::new(MAX_KIB as usize));
        (Self { jobs, records, kib, hurry: Arc::default() }, receiver)
    }

    /// Notified of work that somebody waits for, after it was queued.
    pub(super) fn hurry(&self) -> Arc<Notify> {
        Arc::clone(&self.hurry)
    }

    /// Records that are queued or being written.
    pub(super) fn depth(&self) -> usize {
        (MAX_RECORDS as usize).saturating_sub(self.records.available_permits())
    }

    pub(super) async fn push(&self, work: Work, deadline: Instant) -> Result<(), LogError> {
        // What is larger than a bound takes all of it.
        let share = |size: usize, bound: u32| u32::try_from(size).unwrap_or(u32::MAX).clamp(1, bound);
        let records = share(work.records(), MAX_RECORDS);
        let kib = share(work.bytes().div_ceil(1024), MAX_KIB);
        let acquire = async {
            let records = Arc::clone(&self.records).acquire_many_owned(records).await?;
            let kib = Arc::clone(&self.kib).acquire_many_owned(kib).await?;
            Ok([records, kib])
        };
        let permits = timeout_at(deadline, acquire)
            .await
            .map_err(|_| LogError::Full)?
            .map_err(|_: tokio::sync::AcquireError| LogError::Closed)?;
        self.send(Job { work, _permits: Some(permits) })
    }

    pub(super) async fn ask<T>(&self, work: impl FnOnce(Answer<T>) -> Work, deadline: Instant) -> Result<T, LogError> {
        let (answer, answered) = oneshot::channel();
        self.push(work(answer), deadline).await?;
        answered.await.map_err(|_| LogError::Closed)?
    }

    /// For what takes no room.
    pub(super) async fn ask_at_once<T>(&self, work: impl FnOnce(Answer<T>) -> Work) -> Result<T, LogError> {
        let (answer, answered) = oneshot::channel();
        self.send(Job { work: work(answer), _permits: None })?;
        answered.await.map_err(|_| LogError::Closed)?
    }

    pub(super) fn close(&self) {
        self.records.close();
        self.kib.close();
        // It fails when the writer is gone, which is what is wanted.
        let _ = self.send(Job { work: Work::Close, _permits: None });
    }

    fn send(&self, job: Job) -> Result<(), LogError> {
        let awaited = job.work.is_awaited();
        self.jobs.send(job).map_err(|_| LogError::Closed)?;
        if awaited {
            self.hurry.notify_one();
        }
        Ok(())
    }
}
