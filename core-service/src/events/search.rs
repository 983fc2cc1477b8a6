//! Events with what was said, for a search where there is no index of words.

use std::sync::Arc;

use rusqlite::Connection;

use super::{EventFilter, Page, filter};
use crate::record::{StoredRecord, read_stored};

/// Records of one call, and bytes of theirs, but for its last record.
const CHUNK: u32 = 500;
const BYTES: usize = 16 << 20;

/// Records with their payloads.
#[derive(Debug)]
pub struct Records {
    /// Newest first. May be fewer than one call reads, or none, while there is a `next`.
    pub records: Vec<StoredRecord>,
    /// Where to go on; none when there is no older record.
    pub next: Option<String>,
}

pub(super) fn records(
    connection: &mut Connection,
    node: &Arc<str>,
    wanted: &EventFilter,
    before: Option<u64>,
) -> rusqlite::Result<Records> {
    let Page { events, next } = filter::list(connection, node, wanted, CHUNK, before)?;
    let (mut records, mut bytes) = (Vec::new(), 0);
    for event in events {
        if bytes >= BYTES {
            // The list goes on below a sequence, and this record has not been read.
            return Ok(Records { records, next: Some((event.sequence + 1).to_string()) });
        }
        let Some(record) = read_stored(connection, node, event.sequence)? else { continue };
        bytes += record.footprint();
        records.push(record);
    }
    Ok(Records { records, next })
}
