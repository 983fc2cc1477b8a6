//! Which events, in SQL for lists and in Rust for watchers.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use rusqlite::{Connection, params_from_iter, types::Value};
use uuid::Uuid;

use crate::{
    domain::{
        decision::{Action, Category, Violation},
        finding::Severity,
    },
    record::{Analysis, Code, Event, RecordKind, read_event, select_events},
};

use super::Page;

/// Records that a list without an index behind its filter looks through in one call: a filter that nothing matches
/// must not read the whole log.
const SCANNED: i64 = 100_000;
const SCANNED_AT_A_TIME: i64 = 10_000;

/// Any list that goes by more than one step looks for so long: what it takes hangs on what is in memory.
const LOOKS: Duration = Duration::from_millis(100);

/// The indexes by user, session, team, model and source hold this many records after each other, so that a list asks it once for each so many.
const CHUNK: i64 = 1 << 12;
/// Some ten thousand questions of a few microseconds each.
const ASKED: i64 = 40_000_000;

/// Events with violations are few: this many records are gone through for them.
const VIOLATIONS_WITHIN: i64 = 2_000_000;
const VIOLATIONS_AT_A_TIME: i64 = 20_000;
const BY_ACTION: &str = "INDEXED BY record_action";
/// Three walks of that index.
const VIOLATING: &str = "";

/// Seconds from the making of a record to its number, at most.
const LATEST: i64 = 60;

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
    /// Of one of the violations, as are the next two: not of the same one.
    pub category: Option<Category>,
    /// A policy's rule, by its name.
    pub rule: Option<String>,
    pub severity: Option<Severity>,
    /// From then on.
    pub since: Option<Timestamp>,
    /// Before then.
    pub until: Option<Timestamp>,
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
            && self.since.is_none_or(|since| event.time >= since)
            && self.until.is_none_or(|until| event.time < until)
            && self.category.is_none_or(|category| has(event, |violation| violation.category == category))
            && self.rule.as_ref().is_none_or(|rule| has(event, |violation| *violation.rule == **rule))
            && self.severity.is_none_or(|severity| has(event, |violation| violation.severity == severity))
    }

    /// Of the indexes that serve it the one that leaves the least.
    fn path(&self) -> Path {
        let named = |name: &Option<String>| name.as_ref().is_some_and(|name| !name.is_empty());
        if self.request_id.is_some() {
            Path { index: "INDEXED BY record_request", implied: "", window: i64::MAX, step: i64::MAX }
        } else if named(&self.session) {
            let implied = "session <> '' AND seq >> 12 = ?2 >> 12 AND";
            Path { index: "INDEXED BY record_session", implied, window: ASKED, step: CHUNK }
        } else if named(&self.user) {
            let implied = "user <> '' AND seq >> 12 = ?2 >> 12 AND";
            Path { index: "INDEXED BY record_user", implied, window: ASKED, step: CHUNK }
        } else if self.analysis == Some(Analysis::Pending) {
            Path { index: "INDEXED BY record_pending", implied: "analysis = 1 AND", window: i64::MAX, step: i64::MAX }
        } else if self.late {
            Path { index: "INDEXED BY record_late", implied: "late = 1 AND", window: i64::MAX, step: i64::MAX }
        } else if self.action.is_some_and(|action| action > Action::Allow) {
            Path { index: BY_ACTION, implied: "action > 0 AND", window: i64::MAX, step: i64::MAX }
        } else if self.kind.is_some_and(|kind| matches!(kind, RecordKind::Canary | RecordKind::Log)) {
            Path { index: "INDEXED BY record_kind", implied: "kind > 1 AND", window: i64::MAX, step: i64::MAX }
        } else if self.category.is_some() || self.rule.is_some() || self.severity.is_some() {
            let window = VIOLATIONS_WITHIN;
            Path { index: VIOLATING, implied: "action > 0 AND", window, step: VIOLATIONS_AT_A_TIME }
        } else if named(&self.team) {
            let implied = "team <> '' AND seq >> 12 = ?2 >> 12 AND";
            Path { index: "INDEXED BY record_team", implied, window: ASKED, step: CHUNK }
        } else if named(&self.model) {
            let implied = "model <> '' AND seq >> 12 = ?2 >> 12 AND";
            Path { index: "INDEXED BY record_model", implied, window: ASKED, step: CHUNK }
        } else if named(&self.source) {
            let implied = "source <> '' AND seq >> 12 = ?2 >> 12 AND";
            Path { index: "INDEXED BY record_source", implied, window: ASKED, step: CHUNK }
        } else {
            Path { index: "NOT INDEXED", implied: "", window: SCANNED, step: SCANNED_AT_A_TIME }
        }
    }

    /// Conditions: what stands before and behind a parameter, and its value.
    fn conditions(&self) -> Vec<(&'static str, Value, &'static str)> {
        let text = |text: &Option<String>| text.clone().map(Value::from);
        let equal = [
            ("kind = ", self.kind.map(|kind| kind.code().into())),
            ("action = ", self.action.map(|action| action.code().into())),
            ("user = ", text(&self.user)),
            ("model = ", text(&self.model)),
            ("team = ", text(&self.team)),
            ("source = ", text(&self.source)),
            ("request_id = ", self.request_id.map(|id| id.as_bytes().to_vec().into())),
            ("analysis = ", self.analysis.map(|analysis| analysis.code().into())),
            ("session = ", text(&self.session)),
            ("late = ", self.late.then(|| 1.into())),
            ("time >= ", self.since.map(|since| since.as_microsecond().into())),
            ("time < ", self.until.map(|until| until.as_microsecond().into())),
        ];
        let equal = equal.into_iter().filter_map(|(before, value)| value.map(|value| (before, value, "")));
        let holds = self.members().into_iter().map(|member| ("instr(violations, ", member.into(), ") > 0"));
        equal.chain(holds).collect()
    }

    /// What has to stand in the violations as they are stored. The column holds what serde wrote: a quote within a text
    /// is escaped there, so that no text can pose as a member of a violation.
    pub(crate) fn members(&self) -> Vec<String> {
        let all = [
            self.category.and_then(|category| member("category", &category)),
            self.rule.as_ref().and_then(|rule| member("rule", rule)),
            self.severity.and_then(|severity| member("severity", &severity)),
        ];
        all.into_iter().flatten().collect()
    }
}

fn has(event: &Event, wanted: impl Fn(&Violation) -> bool) -> bool {
    event.outcome.judged().is_some_and(|judged| judged.decision.violations.iter().any(wanted))
}

fn member<T: serde::Serialize + ?Sized>(name: &str, value: &T) -> Option<String> {
    Some(format!("\"{name}\":{}", serde_json::to_string(value).ok()?))
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

/// Sequences among which the events of a filter are.
pub(super) struct Bounds {
    pub(super) oldest: i64,
    pub(super) below: i64,
}

pub(super) fn bounds(connection: &Connection, filter: &EventFilter, before: Option<u64>) -> rusqlite::Result<Bounds> {
    let newest: i64 =
        connection.prepare_cached("SELECT coalesce(max(seq), 0) FROM record")?.query_row([], |row| row.get(0))?;
    let end = newest.saturating_add(1);
    let mut below = before.and_then(|before| i64::try_from(before).ok()).map_or(end, |before| before.min(end));
    if let Some(until) = filter.until {
        // A record is numbered when it is written, at most a minute after it was made.
        let beyond = first_since(connection, until.as_second().saturating_add(LATEST))?;
        below = beyond.map_or(below, |beyond| below.min(beyond));
    }
    let oldest = match filter.since {
        Some(since) => first_since(connection, since.as_second())?.unwrap_or(end),
        None => 1,
    };
    Ok(Bounds { oldest, below })
}

/// The event of a sequence, when it is wanted.
pub(super) fn query_of_one(filter: &EventFilter) -> String {
    let mut query = format!("{} WHERE seq = ?1", select_events(""));
    for ((before, _, behind), parameter) in filter.conditions().iter().zip(2..) {
        query.push_str(&format!(" AND {before}?{parameter}{behind}"));
    }
    query
}

/// The sequence, and then the conditions in their order.
pub(super) fn values_of_one(filter: &EventFilter, sequence: i64) -> impl Iterator<Item = Value> {
    std::iter::once(sequence.into()).chain(filter.conditions().into_iter().map(|(_, value, _)| value))
}

pub(super) fn list(
    connection: &mut Connection,
    node: &Arc<str>,
    filter: &EventFilter,
    limit: u32,
    before: Option<u64>,
) -> rusqlite::Result<Page> {
    let (until, limit) = (Instant::now() + LOOKS, limit as usize);
    let path = filter.path();
    // One view of the file for all of it.
    let transaction = connection.transaction()?;
    let Bounds { oldest, below: mut high } = bounds(&transaction, filter, before)?;
    let floor = high.saturating_sub(path.window).max(oldest);
    let mut statement = transaction.prepare_cached(&query(filter, &path))?;
    let conditions = filter.conditions();
    let mut events = Vec::<Event>::new();
    // One more than the limit tells whether there is a next page.
    while high > floor && events.len() <= limit {
        let low = ((high - 1) / path.step * path.step).max(floor);
        let missing = i64::try_from(limit + 1 - events.len()).unwrap_or(i64::MAX);
        let values = [high.into(), low.into(), missing.into()].into_iter();
        let values = values.chain(conditions.iter().map(|(_, value, _)| value.clone()));
        for event in statement.query_map(params_from_iter(values), |row| read_event(row, node))? {
            events.push(event?);
        }
        high = low;
        if Instant::now() >= until {
            break;
        }
    }
    let floor = floor.max(high);
    let next = if events.len() > limit {
        events.truncate(limit);
        events.last().map(|last| last.sequence)
    } else {
        Some(floor.unsigned_abs()).filter(|_| floor > oldest)
    };
    Ok(Page { events, next: next.map(|next| next.to_string()) })
}

/// Parameters: below which sequence, from which, how many, and then the conditions in their order.
fn query(filter: &EventFilter, path: &Path) -> String {
    let mut conditions = String::new();
    for ((before, _, behind), parameter) in filter.conditions().iter().zip(4..) {
        conditions.push_str(&format!(" AND {before}?{parameter}{behind}"));
    }
    let select = |index, action: &str| {
        let select = select_events(index);
        format!("{select} WHERE {action}{} seq < ?1 AND seq >= ?2{conditions}", path.implied)
    };
    let of_any = |index| {
        // Ordered walks of one index, merged: no sort, and no more rows than are told.
        let all = [Action::Alert, Action::Mask, Action::Block];
        all.map(|action| select(index, &format!("action = {} AND ", action.code()))).join(" UNION ALL ")
    };
    let rows = if path.index == VIOLATING { of_any(BY_ACTION) } else { select(path.index, "") };
    format!("{rows} ORDER BY seq DESC LIMIT ?3")
}

/// The first sequence of that second or a later one. Seconds that are near are looked at: that of several threads'
/// records the first was numbered last is a matter of moments.
fn first_since(connection: &Connection, second: i64) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached(
            "SELECT min(first_seq) FROM (SELECT first_seq FROM tally WHERE second >= ?1 ORDER BY second LIMIT 1000)",
        )?
        .query_row([second], |row| row.get(0))
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
            (EventFilter { team: Some("red".into()), ..some() }, "INDEX record_team (<expr>=? AND team=?"),
            (EventFilter { model: Some("m".into()), ..some() }, "INDEX record_model (<expr>=? AND model=?"),
            (EventFilter { source: Some("s".into()), ..some() }, "INDEX record_source (<expr>=? AND source=?"),
            (EventFilter { kind: Some(RecordKind::Log), ..some() }, "INDEX record_kind (kind=?"),
            (EventFilter { session: Some("s".into()), ..some() }, "INDEX record_session (<expr>=? AND session=?"),
            (EventFilter { late: true, ..some() }, "INDEX record_late (late=?"),
            (EventFilter { analysis: Some(Analysis::Pending), ..some() }, "INDEX record_pending (analysis=?"),
            (EventFilter { action: Some(Action::Block), ..some() }, "INDEX record_action (action=?"),
            (EventFilter { action: Some(Action::Allow), ..some() }, "SEARCH record USING INTEGER PRIMARY KEY"),
            (EventFilter { since: Some(Timestamp::UNIX_EPOCH), ..some() }, "SEARCH record USING INTEGER PRIMARY KEY"),
            (EventFilter { severity: Some(Severity::High), ..some() }, "MERGE (UNION ALL)"),
        ];
        for (filter, expected) in filters {
            let sql = query(&filter, &filter.path());
            let values = [100.into(), 0.into(), 10.into()].into_iter();
            let values = values.chain(filter.conditions().into_iter().map(|(_, value, _)| value));
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
