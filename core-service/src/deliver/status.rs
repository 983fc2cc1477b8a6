//! What is told of deliveries: to metrics, to summaries, to operators.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

use super::{DeliveryFailure, Plan};
use crate::telemetry::metrics;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinkState {
    /// Nothing was tried yet.
    Starting,
    /// The last batch brought something there, or there was none to bring.
    Running,
    /// Nothing of the last batch got there; it goes on trying.
    Failing,
    Stopped,
}

impl SinkState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Failing => "failing",
            Self::Stopped => "stopped",
        }
    }
}

/// A sink, as of now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkStatus {
    pub name: Arc<str>,
    pub about: String,
    pub state: SinkState,
    /// As it is stored.
    pub cursor: u64,
    /// Records of the log that were not looked at yet, of any kind, and those that wait.
    pub lag: u64,
    /// When the oldest record was made that is known to be undelivered.
    pub oldest: Option<Timestamp>,
    /// The following are counted since the start.
    pub delivered: u64,
    pub attempts: u64,
    pub dead: u64,
    /// Of the last record that did not get there, and when.
    pub last_failure: Option<(DeliveryFailure, Timestamp)>,
}

impl SinkStatus {
    /// How old the oldest undelivered record is; 0 when there is none.
    pub fn oldest_age_seconds(&self, now: Timestamp) -> f64 {
        self.oldest.map_or(0.0, |oldest| now.duration_since(oldest).as_secs_f64().max(0.0))
    }
}

/// What a sink's task keeps current.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    pub(super) state: SinkState,
    pub(super) cursor: u64,
    pub(super) read_to: u64,
    pub(super) waiting: u64,
    pub(super) oldest: Option<Timestamp>,
    pub(super) delivered: u64,
    pub(super) attempts: u64,
    pub(super) dead: u64,
    pub(super) last_failure: Option<(DeliveryFailure, Timestamp)>,
}

#[derive(Debug)]
pub(super) struct Board {
    name: Arc<str>,
    about: String,
    tip: watch::Receiver<u64>,
    progress: Mutex<Progress>,
}

impl Board {
    pub(super) fn new(plan: &Plan, tip: watch::Receiver<u64>) -> Self {
        let progress = Progress {
            state: SinkState::Starting,
            cursor: 0,
            read_to: 0,
            waiting: 0,
            oldest: None,
            delivered: 0,
            attempts: 0,
            dead: 0,
            last_failure: None,
        };
        Self { name: Arc::clone(&plan.name), about: plan.about.clone(), tip, progress: Mutex::new(progress) }
    }

    pub(super) fn update(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut self.progress.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn status(&self) -> SinkStatus {
        let tip = *self.tip.borrow();
        let progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Progress { state, cursor, read_to, waiting, oldest, delivered, attempts, dead, last_failure } = progress;
        SinkStatus {
            name: Arc::clone(&self.name),
            about: self.about.clone(),
            state,
            cursor,
            lag: tip.saturating_sub(read_to) + waiting,
            oldest,
            delivered,
            attempts,
            dead,
            last_failure,
        }
    }
}

/// All sinks of this process.
#[derive(Debug, Clone, Default)]
pub struct Deliveries(Vec<Arc<Board>>);

impl Deliveries {
    pub(super) fn add(&mut self, board: Arc<Board>) {
        self.0.push(board);
    }

    pub fn statuses(&self) -> Vec<SinkStatus> {
        self.0.iter().map(|board| board.status()).collect()
    }

    /// Brings what changes by itself to this process's metrics.
    pub fn measure(&self) {
        let now = Timestamp::now();
        for status in self.statuses() {
            metrics().sink_state(&status.name, status.lag, status.oldest_age_seconds(now));
        }
    }

    pub fn names(&self) -> Vec<Arc<str>> {
        self.0.iter().map(|board| Arc::clone(&board.name)).collect()
    }
}
