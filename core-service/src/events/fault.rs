//! What can go wrong with a store that is another machine. The server's own words stay inside: they may quote a record.

/// The classes of failure that lead to different deeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum StoreFault {
    #[error("it cannot be reached")]
    Unreachable,
    #[error("it did not answer in time")]
    TimedOut,
    #[error("it refuses this service: its credentials, its database, its rights or its certificate")]
    Refused,
    #[error("its tables are not there yet: a core that can write to it makes them")]
    NotReady,
    #[error("its tables are of version {found}, and this program knows up to {known}")]
    Newer { found: i32, known: i32 },
    #[error("it is starting, stopping, full or read-only")]
    Unavailable,
    #[error("it refuses the record")]
    Rejected,
    #[error("what it holds cannot be read")]
    Damaged,
    /// With the five characters of its SQLSTATE.
    #[error("it failed: SQLSTATE {}", String::from_utf8_lossy(.0))]
    Other([u8; 5]),
}
