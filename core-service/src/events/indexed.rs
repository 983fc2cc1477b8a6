//! Events by what was said, by the index of words.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use super::{
    EventFilter, Page,
    filter::{self, Bounds},
};
use crate::{
    record::{Event, StorageFault, read_event},
    search::{Index, Query},
};

/// Records with the words that are looked at together.
const CHUNK: usize = 500;
/// One call looks for so long, and through at least one query of the index or one chunk of records.
const LOOKS: Duration = Duration::from_millis(100);

/// Newest first. What is wrong with the index is not wrong with the log, and is told apart.
pub(super) fn search(
    connection: &mut Connection,
    node: &Arc<str>,
    index: &Index,
    (wanted, words): (&EventFilter, &Query),
    limit: u32,
    before: Option<u64>,
) -> rusqlite::Result<Result<Page, StorageFault>> {
    let (until, limit) = (Instant::now() + LOOKS, limit as usize);
    // One view of the file for all of it.
    let transaction = connection.transaction()?;
    let Bounds { oldest, mut below } = filter::bounds(&transaction, wanted, before)?;
    let mut one = transaction.prepare_cached(&filter::query_of_one(wanted))?;
    let mut events = Vec::<Event>::new();
    while below > oldest {
        let found = match index.find(words, oldest, below, CHUNK.max(limit + 1), until) {
            Ok(found) => found,
            Err(fault) => return Ok(Err(fault)),
        };
        for sequence in found.sequences {
            let values = params_from_iter(filter::values_of_one(wanted, sequence));
            // Words of a record that was removed may still be there.
            if let Some(event) = one.query_row(values, |row| read_event(row, node)).optional()? {
                events.push(event);
            }
            // One more than the limit tells whether there is a next page.
            if events.len() > limit {
                events.truncate(limit);
                let next = events.last().map(|last| last.sequence.to_string());
                return Ok(Ok(Page { events, next }));
            }
        }
        let Some(next) = found.next else { break };
        below = next;
        if Instant::now() >= until && below > oldest {
            return Ok(Ok(Page { events, next: Some(below.to_string()) }));
        }
    }
    Ok(Ok(Page { events, next: None }))
}
