//! What can go wrong with the log. SQLite's own words stay inside: they may quote what was being written.

use std::{io, path::PathBuf};

use rusqlite::{Error, ErrorCode};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    #[error("the log's queue is full")]
    Full,
    #[error("the log is closed")]
    Closed,
    #[error("the log could not be read or written: {0}")]
    Storage(#[from] StorageFault),
    #[error("the data folder {} is in use by another process", path.display())]
    InUse { path: PathBuf },
    #[error("{} cannot be used as the log: {problem}", path.display())]
    Schema { path: PathBuf, problem: SchemaProblem },
    #[error("{}: {kind}", path.display())]
    Io { path: PathBuf, kind: io::ErrorKind },
}

impl LogError {
    pub(super) fn io(path: impl Into<PathBuf>, error: &io::Error) -> Self {
        Self::Io { path: path.into(), kind: error.kind() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SchemaProblem {
    #[error("it is a database of something else")]
    Foreign,
    #[error("its format is version {found}, and this program knows up to {known}")]
    Newer { found: u32, known: u32 },
    #[error(
        "its format is version {found}, and this program reads version {known}: the service brings it up to date at its next \
         start"
    )]
    Older { found: u32, known: u32 },
    #[error("it is damaged: the service moves it aside at its next start and begins a new one, a command does not")]
    Damaged,
    #[error(
        "its payloads are encrypted and no master key is given, so that new ones would be stored in the clear: give the \
         key (PORTCULLIS_LOG_KEY, PORTCULLIS_LOG_KEY_FILE, log.key_file), name another data folder, or, to go on without \
         encryption, make what is there unreadable for ever, tenant by tenant: portcullis-core log erase --tenant PRINCIPAL"
    )]
    Keyless,
}

/// The classes of failure that lead to different deeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum StorageFault {
    #[error("the disk is full")]
    DiskFull,
    /// `log.max_bytes` is reached.
    #[error("the log has the size that it may have")]
    Quota,
    #[error("the file cannot be written")]
    ReadOnly,
    #[error("another program holds the file")]
    Busy,
    #[error("a record is too large")]
    TooLarge,
    #[error("the disk failed")]
    Disk,
    #[error("the file is damaged")]
    Corrupt,
    #[error("out of memory")]
    Memory,
    #[error("the file system has no shared memory, which the log's readers need")]
    NoSharedMemory,
    /// SQLite's extended result code; 0 when it is not SQLite's failure.
    #[error("storage error {0}")]
    Other(i32),
}

impl StorageFault {
    /// Whether it lies with the record: a disk that is well does not take it either.
    pub(super) const fn is_of_the_record(self) -> bool {
        matches!(self, Self::TooLarge)
    }

    /// Whether it is a matter of size, so that a part of what was written may fit.
    pub(crate) const fn is_of_size(self) -> bool {
        matches!(self, Self::DiskFull | Self::Quota | Self::TooLarge)
    }
}

/// `SQLITE_CONSTRAINT_TRIGGER`.
const TRIGGER: i32 = 1811;

/// `SQLITE_IOERR_SHMSIZE`: no room for the file that readers and the writer share.
const NO_ROOM_TO_SHARE: i32 = 4874;

/// `SQLITE_FULL` with a code that SQLite itself has not: what is left is for other things than new records.
const OVER_QUOTA: i32 = 13 | 1 << 8;

/// That records took more than [`super::LogSettings::max_bytes`] has for them.
pub(super) fn over_quota() -> Error {
    Error::SqliteFailure(rusqlite::ffi::Error::new(OVER_QUOTA), None)
}

/// That the structure of the file is broken, and not one row.
pub(super) fn is_structural(error: &Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

impl From<Error> for StorageFault {
    fn from(error: Error) -> Self {
        let failure = match error {
            Error::SqliteFailure(failure, _) => failure,
            Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::InvalidColumnType(..)
            | Error::Utf8Error(..) => return Self::Corrupt,
            _ => return Self::Other(0),
        };
        match failure.code {
            ErrorCode::DiskFull if failure.extended_code == OVER_QUOTA => Self::Quota,
            ErrorCode::DiskFull => Self::DiskFull,
            ErrorCode::SystemIoFailure if failure.extended_code == NO_ROOM_TO_SHARE => Self::DiskFull,
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen => Self::ReadOnly,
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
            ErrorCode::TooBig => Self::TooLarge,
            ErrorCode::SystemIoFailure => Self::Disk,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Corrupt,
            // What is written here breaks no constraint of a file that is whole. A trigger is somebody else's word.
            ErrorCode::ConstraintViolation if failure.extended_code != TRIGGER => Self::Corrupt,
            ErrorCode::OutOfMemory => Self::Memory,
            _ => Self::Other(failure.extended_code),
        }
    }
}

impl From<Error> for LogError {
    fn from(error: Error) -> Self {
        Self::Storage(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_is_told_apart() {
        let of = |code| StorageFault::from(Error::SqliteFailure(rusqlite::ffi::Error::new(code), None));
        assert_eq!(StorageFault::from(over_quota()), StorageFault::Quota);
        assert_eq!(of(rusqlite::ffi::SQLITE_FULL), StorageFault::DiskFull);
        assert_eq!(of(rusqlite::ffi::SQLITE_IOERR_SHMSIZE), StorageFault::DiskFull);
        assert_eq!(of(rusqlite::ffi::SQLITE_IOERR), StorageFault::Disk);
    }
}
