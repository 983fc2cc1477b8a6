//! Events by what was said, where there is no index of words: what is read is looked through.

use std::sync::Arc;

use memchr::memmem::Finder;
use rusqlite::Connection;

use super::{EventFilter, Page, filter};
use crate::{
    domain::exchange::Payload,
    record::{StoredRecord, read_stored},
};

/// Events of one list, and of all lists of one call.
const CHUNK: u32 = 500;
const LOOKED_THROUGH: usize = 20_000;
/// Of payloads.
const BYTES: usize = 64 << 20;

/// Events that may hold a text, with their payloads.
#[derive(Debug)]
pub struct Candidates {
    /// Newest first.
    pub records: Vec<StoredRecord>,
    /// Where to go on; none when there is no older event.
    pub next: Option<String>,
}

/// The longest word of a text: what has to stand in a payload as it is, whatever is escaped there. Empty when it has none.
pub(crate) fn word(text: &str) -> String {
    let words = text.split(|character: char| !character.is_ascii_alphanumeric());
    words.max_by_key(|word| word.len()).unwrap_or_default().to_ascii_lowercase()
}

pub(super) fn candidates(
    connection: &mut Connection,
    node: &Arc<str>,
    wanted: &EventFilter,
    word: &str,
    limit: u32,
    mut before: Option<u64>,
) -> rusqlite::Result<Candidates> {
    let finder = Finder::new(word.as_bytes());
    let (mut records, mut looked, mut bytes) = (Vec::new(), 0, 0);
    loop {
        let Page { events, next } = filter::list(connection, node, wanted, CHUNK, before)?;
        for event in events {
            if records.len() >= limit as usize || looked >= LOOKED_THROUGH || bytes >= BYTES {
                // The list goes on below a sequence, and this event has not been looked at.
                return Ok(Candidates { records, next: Some((event.sequence + 1).to_string()) });
            }
            looked += 1;
            let Some(record) = read_stored(connection, node, event.sequence)? else { continue };
            let payloads = [&record.request, &record.response];
            bytes += payloads.iter().filter_map(|payload| payload.as_ref()).map(Payload::len).sum::<usize>();
            if payloads.into_iter().flatten().any(|payload| holds(payload, &finder)) {
                records.push(record);
            }
        }
        before = match next.as_deref().map(str::parse) {
            Some(Ok(next)) => Some(next),
            Some(Err(_)) | None => return Ok(Candidates { records, next: None }),
        };
        if looked >= LOOKED_THROUGH || bytes >= BYTES || records.len() >= limit as usize {
            return Ok(Candidates { records, next: before.map(|before| before.to_string()) });
        }
    }
}

fn holds(payload: &Payload, finder: &Finder<'_>) -> bool {
    let bytes = match payload {
        Payload::Text(text) => text.as_bytes(),
        Payload::Json(json) => &json[..],
    };
    finder.needle().is_empty() || finder.find(&bytes.to_ascii_lowercase()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_word_is_looked_for() {
        assert_eq!(word("a \"Quoted\" \u{e9}tude"), "quoted");
        assert_eq!(word("\u{e9}"), "");
        let holds = |text: &str, word: &str| holds(&Payload::Text(text.to_owned()), &Finder::new(word));
        assert!(holds("say QUOTED", "quoted") && holds("x", "") && !holds("x", "y"));
    }
}
