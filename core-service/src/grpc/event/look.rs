//! A search without an index of words: each record is masked as it is shown, and the words are looked for in that.

use std::time::{Duration, Instant};

use crate::{
    events::{Event, StoredRecord},
    guardrail::display,
    record::StorageFault,
    search::{Query, Within},
};

/// To mask takes as long as to check: one call looks for so long on one core, and at one record at least.
const LOOKS: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Looked {
    pub(super) events: Vec<Event>,
    /// The last that was looked at, when there are others behind it.
    pub(super) stopped: Option<Event>,
}

/// Those that show the words, as an index of them would find them; `limit` is 1 at least.
///
/// Every record is masked, also one in which the words do not stand at all. To look into what was recorded first would be
/// many times as fast, and how long that takes, or where it ends, would tell letter by letter what is behind the stars.
pub(super) fn look(records: Vec<StoredRecord>, words: &Query, limit: usize) -> Result<Looked, StorageFault> {
    let within = Within::new(words)?;
    let (mut events, mut until) = (Vec::new(), None);
    for (left, record) in (0..records.len()).rev().zip(records) {
        let said = super::payloads(&record).and_then(|payloads| display::said(&payloads, usize::MAX));
        let is_shown = said.map_or(Ok(false), |said| within.has(&said.text))?;
        // From the first one on, with which the tables of the display may have been made.
        let is_late = Instant::now() >= *until.get_or_insert_with(|| Instant::now() + LOOKS);
        let is_enough = is_late || events.len() + usize::from(is_shown) >= limit;
        let stopped = (is_enough && left > 0).then(|| record.event.clone());
        if is_shown {
            events.push(record.event);
        }
        if stopped.is_some() {
            return Ok(Looked { events, stopped });
        }
    }
    Ok(Looked { events, stopped: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::exchange::Payload,
        record::{RecordedOutcome, samples},
    };

    fn said(sequence: u64, text: &str) -> StoredRecord {
        let request = Some(Payload::Text(text.to_owned()));
        StoredRecord { request, response: None, ..samples::stored(sequence, RecordedOutcome::Pending) }
    }

    /// The sequences of what is found, and of where the search stopped.
    fn looked(text: &str, limit: usize) -> (Vec<u64>, Option<u64>) {
        let texts = ["a Falcon", "write to ann.sparrow@example.org", "a falcon", "nothing"];
        let records = (1..=4).rev().zip(texts).map(|(sequence, text)| said(sequence, text)).collect();
        let Looked { events, stopped } = look(records, &Query::parse(text).unwrap(), limit).unwrap();
        (events.iter().map(|event| event.sequence).collect(), stopped.map(|event| event.sequence))
    }

    #[test]
    fn a_search_ends_with_what_it_shows() {
        assert_eq!(looked("falcon", 1), (vec![4], Some(4)));
        assert_eq!(looked("falcon", 2), (vec![4, 2], Some(2)));
        assert_eq!(looked("falcon", 3), (vec![4, 2], None));
        assert_eq!(looked("nothing", 1), (vec![1], None), "there is nothing behind the last");
    }

    #[test]
    fn words_are_asked_for_as_of_an_index() {
        assert_eq!(looked("falcon a", 4), (vec![4, 2], None), "in any order");
        assert_eq!(looked("\"falcon a\"", 4), (vec![], None), "but for a phrase");
        assert_eq!(looked("falco", 4), (vec![], None), "whole words");
    }

    #[test]
    fn what_is_behind_the_stars_is_as_what_is_nowhere() {
        for text in ["sparrow", "swallow", "ann.s", "ann.t"] {
            assert_eq!(looked(text, 1), (vec![], None), "{text}");
        }
    }
}
