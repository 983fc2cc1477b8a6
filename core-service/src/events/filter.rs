//! Which events, in SQL for lists and in Rust for watchers.

use std::sync::Arc;

use rusqlite::{Connection, params_from_iter, types::Value};
use uuid::Uuid;

use crate::{
    domain::decision::Action,
    record::{Analysis, Code, Event, RecordKind, read_event, select_events},
};

use super::Page;

/// Records that a list without an index behind its filter looks through in one call: a filter that nothing matches
/// must not read the whole log.
const SCANNED: i64 = 100_000;

/// The index by user holds this many records after each other, so that a list asks it once for each so many.
const CHUNK: i64 = 1 << 12;
/// Some ten thousand questions of a few microseconds each.
const ASKED: i64 = 40_000_000;

/// All that are set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    pub kind: Option<RecordKind>,
    /// A pending event has no action yet.
    pub action: Option<Action>,
    pub user: Option<String>,
    pub model: Option<String>,
    pub team: Option<String>,
    pub source: Option<String>,
    pub request_id: Option<Uuid>,
    pub analysis: Option<Analysis>,
    pub session: Option<String>,
    /// Only those whose answer was seen late.
    pub late: bool,
}

impl EventFilter {
    pub fn matches(&self, event: &Event) -> bool {
        let action = event.outcome.judged().map(|judged| judged.decision.action);
        let text = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|wanted| wanted == is);
        self.kind.is_none_or(|kind| kind == event.kind)
            && self.action.is_none_or(|wanted| Some(wanted) == action)
            && text(&self.user, &event.user)
            && text(&self.model, &event.model)
            && text(&self.team, &event.team)
            && text(&self.source, &event.source)
            && self.request_id.is_none_or(|id| id == event.request_id)
            && self.analysis.is_none_or(|analysis| analysis == event.outcome.analysis())
            && text(&self.session, &event.session)
            && (event.late || !self.late)
    }

    /// Of the indexes that serve it the one that leaves the least.
    fn path(&self) -> Path {
        if self.request_id.is_some() {
            Path { index: "INDEXED BY record_request", implied: "", window: i64::MAX, step: i64::MAX }
        } else if self.session.as_ref().is_some_and(|session| !session.is_empty()) {
            let implied = "session <> '' AND seq >> 12 = ?2 >> 12 AND";
            Path { index: "INDEXED BY record_session", implied, window: ASKED, step: CHUNK }
        } else if self.user.as_ref().is_some_and(|user| !user.is_empty()) {
            let implied = "user <> '' AND seq >> 12 = ?2 >> 12 AND";
            Path { index: "INDEXED BY record_user", implied, window: ASKED, step: CHUNK }
        } else if self.analysis == Some(Analysis::Pending) {
            Path { index: "INDEXED BY record_pending", implied: "analysis = 1 AND", window: i64::MAX, step: i64::MAX }
        } else if self.late {
            Path { index: "INDEXED BY record_late", implied: "late = 1 AND", window: i64::MAX, step: i64::MAX }
        } else if self.action.is_some_and(|action| action > Action::Allow) {
            Path { index: "INDEXED BY record_action", implied: "action > 0 AND", window: i64::MAX, step: i64::MAX }
        } else {
            Path { index: "NOT INDEXED", implied: "", window: SCANNED, step: i64::MAX }
        }
    }

    /// Conditions, each with the value of its parameter.
    fn conditions(&self) -> Vec<(&'static str, Value)> {
        let text = |text: &Option<String>| text.clone().map(Value::from);
        [
            ("kind", self.kind.map(|kind| kind.code().into())),
            ("action", self.action.map(|action| action.code().into())),
            ("user", text(&self.user)),
            ("model", text(&self.model)),
            ("team", text(&self.team)),
            ("source", text(&self.source)),
            ("request_id", self.request_id.map(|id| id.as_bytes().to_vec().into())),
            ("analysis", self.analysis.map(|analysis| analysis.code().into())),
            ("session", text(&self.session)),
            ("late", self.late.then(|| 1.into())),
        ]
        .into_iter()
        .filter_map(|(column, value)| value.map(|value| (column, value)))
        .collect()
    }
}

/// How a list is found.
struct Path {
    /// Named, because SQLite has no statistics here and might prefer the order of the sequence.
    index: &'static str,
    /// The words by which SQLite knows that a partial index holds all that is asked.
    implied: &'static str,
    /// Sequences that one call looks through.
    window: i64,
    /// Sequences that one query looks through: a query stays within a multiple of it.
    step: i64,
}

pub(super) fn list(
    connection: &mut Connection,
    node: &Arc<str>,
    filter: &EventFilter,
    limit: u32,
    before: Option<u64>,
) -> rusqlite::Result<Page> {
    let limit = limit as usize;
    let path = filter.path();
    // One view of the file for all of it.
    let transaction = connection.transaction()?;
    let newest: i64 =
        transaction.prepare_cached("SELECT coalesce(max(seq), 0) FROM record")?.query_row([], |row| row.get(0))?;
    let end = newest.saturating_add(1);
    let mut high = before.and_then(|before| i64::try_from(before).ok()).map_or(end, |before| before.min(end));
    let floor = high.saturating_sub(path.window).max(1);
    let mut statement = transaction.prepare_cached(&query(filter, &path))?;
    let conditions = filter.conditions();
    let mut events = Vec::<Event>::new();
    // One more than the limit tells whether there is a next page.
    while high > floor && events.len() <= limit {
        let low = ((high - 1) / path.step * path.step).max(floor);
        let missing = i64::try_from(limit + 1 - events.len()).unwrap_or(i64::MAX);
        let values = [high.into(), low.into(), missing.into()].into_iter();
        let values = values.chain(conditions.iter().map(|(_, value)| value.clone()));
        for event in statement.query_map(params_from_iter(values), |row| read_event(row, node))? {
            events.push(event?);
        }
        high = low;
    }
    let next = if events.len() > limit {
        events.truncate(limit);
        events.last().map(|last| last.sequence)
    } else {
        Some(floor.unsigned_abs()).filter(|&floor| floor > 1)
    };
    Ok(Page { events, next: next.map(|next| next.to_string()) })
}

/// Parameters: below which sequence, from which, how many, and then the conditions in their order.
fn query(filter: &EventFilter, path: &Path) -> String {
    let mut sql = format!("{} WHERE {} seq < ?1 AND seq >= ?2", select_events(path.index), path.implied);
    for ((column, _), parameter) in filter.conditions().iter().zip(4..) {
        sql.push_str(&format!(" AND {column} = ?{parameter}"));
    }
    sql.push_str(" ORDER BY seq DESC LIMIT ?3");
    sql
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Log, samples};

    /// A plan that sorts, or walks the table where an index was meant, is a bug that only a large log shows.
    #[tokio::test]
    async fn every_indexed_filter_uses_its_index_and_never_sorts() {
        let dir = samples::folder();
        let log = Log::open(dir.path()).unwrap();
        let connection = Connection::open(log.path()).unwrap();
        let some = EventFilter::default;
        let filters = [
            (some(), "SEARCH record USING INTEGER PRIMARY KEY"),
            (EventFilter { request_id: Some(Uuid::nil()), ..some() }, "INDEX record_request (request_id=?"),
            (EventFilter { user: Some("ann".into()), ..some() }, "INDEX record_user (<expr>=? AND user=?"),
            (EventFilter { session: Some("s".into()), ..some() }, "INDEX record_session (<expr>=? AND session=?"),
            (EventFilter { late: true, ..some() }, "INDEX record_late (late=?"),
            (EventFilter { analysis: Some(Analysis::Pending), ..some() }, "INDEX record_pending (analysis=?"),
            (EventFilter { action: Some(Action::Block), ..some() }, "INDEX record_action (action=?"),
            (EventFilter { action: Some(Action::Allow), ..some() }, "SEARCH record USING INTEGER PRIMARY KEY"),
        ];
        for (filter, expected) in filters {
            let sql = query(&filter, &filter.path());
            let values = [100.into(), 0.into(), 10.into()].into_iter();
            let values = values.chain(filter.conditions().into_iter().map(|(_, value)| value));
            let plan: Vec<String> = connection
                .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
                .unwrap()
                .query_map(params_from_iter(values), |row| row.get(3))
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap();
            assert!(plan[0].contains(expected), "{filter:?}: {plan:?}");
            assert!(!plan.iter().any(|step| step.contains("B-TREE")), "{filter:?}: {plan:?}");
        }
        log.close().await;
    }
}
