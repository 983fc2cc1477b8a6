//! Whether records reach the disk, for whoever asks.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use tokio::sync::watch;

use super::{
    damage::{self, Found},
    error::StorageFault,
};

/// Whether records reach the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthStatus {
    /// The last records or the last probe were written, or there were none yet.
    Ok,
    /// It did not, and the writer goes on trying; or the file was found damaged, and the next start moves it aside.
    Failing(StorageFault),
    /// Closed, or the writer thread is gone.
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    pub status: HealthStatus,
    /// Records that were queued behind their answer and then could not be written, since the log was opened.
    pub lost: u64,
    /// Records that were dropped because the disk did not take them and [`super::OnFull::Shed`] was chosen, since then.
    pub shed: u64,
}

/// What the writer and the readers have to tell.
#[derive(Debug, Default)]
pub(super) struct Tidings {
    pub(super) lost: AtomicU64,
    pub(super) shed: AtomicU64,
    damaged: AtomicBool,
}

impl Tidings {
    /// The file's structure is broken: from now on health says so, and the next start begins a new file.
    pub(super) fn damaged(&self, dir: &Path) {
        if self.damaged.swap(true, Ordering::Relaxed) {
            return;
        }
        let marked = damage::mark(dir, Found::WhileRunning);
        tracing::error!(
            folder = %dir.display(),
            marked = marked.is_ok(),
            "the log file is damaged; the next start moves it aside and begins a new one"
        );
    }
}

#[derive(Debug, Clone)]
pub(crate) struct HealthView {
    pub(super) status: watch::Receiver<HealthStatus>,
    pub(super) tidings: Arc<Tidings>,
    pub(super) dir: PathBuf,
}

impl HealthView {
    /// Of the last commit alone.
    pub(super) fn writing(&self) -> HealthStatus {
        match self.status.has_changed() {
            Ok(_) => *self.status.borrow(),
            Err(_) => HealthStatus::Closed,
        }
    }

    pub(crate) fn health(&self) -> Health {
        let status = match self.writing() {
            HealthStatus::Ok if self.tidings.damaged.load(Ordering::Relaxed) => {
                HealthStatus::Failing(StorageFault::Corrupt)
            }
            status => status,
        };
        let Tidings { lost, shed, .. } = &*self.tidings;
        Health { status, lost: lost.load(Ordering::Relaxed), shed: shed.load(Ordering::Relaxed) }
    }

    /// Names of the damaged files that were moved aside and that nobody has taken away. Reads the folder.
    pub(crate) fn damaged_files(&self) -> Vec<String> {
        damage::files(&self.dir)
    }
}
