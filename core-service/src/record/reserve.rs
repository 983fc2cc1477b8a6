//! Room that a start needs on a disk that is full: without 32 KiB for the file that readers and the writer share, SQLite opens no
//! log, and a service that was stopped could not even answer that the disk is full. A file of some more is kept beside the log
//! and given up then.

use std::{
    fs,
    io::{self, ErrorKind, Write as _},
    path::Path,
};

use super::{
    error::{LogError, StorageFault},
    schema::open_private,
};

const FILE: &str = "portcullis.reserve";

/// What is shared, what is beside it, and the blocks that a file system counts by.
const BYTES: usize = 256 << 10;

/// Opens the log or what is beside it, and once more without the reserve when the disk is full.
pub(crate) fn with<T>(dir: &Path, mut open: impl FnMut() -> Result<T, LogError>) -> Result<T, LogError> {
    match open() {
        Err(LogError::Storage(StorageFault::DiskFull)) if fs::remove_file(dir.join(FILE)).is_ok() => {
            tracing::warn!(folder = %dir.display(), "the disk is full: the start goes on in the room that was kept for it");
            open()
        }
        opened => opened,
    }
}

/// Makes it where it is not there. A disk that has not the room for it has it at a later start.
pub(super) fn keep(dir: &Path) {
    let path = dir.join(FILE);
    if path.metadata().is_ok_and(|metadata| metadata.len() == BYTES as u64) {
        return;
    }
    if let Err(error) = fill(&path) {
        // A part of it would be taken for all of it by nobody, and take room.
        drop(fs::remove_file(&path));
        if !matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
            tracing::warn!(%error, "no room could be kept for a start on a full disk");
        }
    }
}

/// With what no file system stores in less. Not synced: after a power cut it is whole, or made anew.
fn fill(path: &Path) -> io::Result<()> {
    let mut file = open_private(path).map_err(|error| match error {
        LogError::Io { kind, .. } => io::Error::from(kind),
        _ => io::Error::from(ErrorKind::Other),
    })?;
    let mut word = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(BYTES);
    while bytes.len() < BYTES {
        // Xorshift.
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        bytes.extend(word.to_le_bytes());
    }
    file.write_all(&bytes)?;
    file.set_len(BYTES as u64)
}

#[cfg(test)]
mod tests {
    use crate::record::{Log, samples::folder};

    use super::*;

    #[tokio::test]
    async fn a_log_is_opened_in_the_room_that_was_kept_for_a_full_disk() {
        let dir = folder();
        let reserve = dir.path().join(FILE);
        Log::open(dir.path()).unwrap().close().await;
        assert_eq!(reserve.metadata().unwrap().len(), BYTES as u64);
        let full = || LogError::Storage(StorageFault::DiskFull);
        // As long as the room is taken.
        let open = || if reserve.exists() { Err(full()) } else { Ok(()) };
        assert_eq!(with(dir.path(), open), Ok(()));
        assert!(!reserve.exists());
        assert_eq!(with(dir.path(), || Err::<(), _>(full())), Err(full()), "there is no more to give up");
        keep(dir.path());
        let other = LogError::Storage(StorageFault::Disk);
        assert_eq!(with(dir.path(), || Err::<(), _>(other.clone())), Err(other.clone()));
        assert!(reserve.exists(), "another fault does not take it");
    }
}
