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
    record::{Analysis, Code, Event, RecordKind, read_event, select_events, wanted_violations},
};

use super::Page;

/// Records that a list without an index behind its filter looks through in one call: a filter that nothing matches
/// must not read the whole log.
const SCANNED: i64 = 100_000;
const SCANNED_AT_A_TIME: i64 = 10_000;

/// Any list looks for so long, and goes through at least one step: what it takes hangs on what is in memory.
const LOOKS: Duration = Duration::from_millis(100);

/// What one query goes through becomes more while a query takes less than this, and less when it takes longer.
const QUERY: Duration = Duration::from_millis(5);
/// The first of them, where an index says what there is, and the least.
const STEP: i64 = 1 << 12;

/// The indexes by user and session hold this many records after each other, so that a list asks them once for each so many.
const CHUNK: i64 = 1 << 12;
/// The same of team, model and source.
const LONG_CHUNK: i64 = 1 << 16;
/// Some ten thousand questions of a few microseconds each.
const ASKED: i64 = 40_000_000;

/// Records to which anything objected, with what is mostly asked of them.
const FLAGGED: &str = "INDEXED BY record_flagged";

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
    /// Whether the action stood in the way of the call.
    pub enforced: Option<bool>,
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
            && self.enforced.is_none_or(|enforced| enforced == event.enforced)
            && self.since.is_none_or(|since| event.time >= since)
            && self.until.is_none_or(|until| event.time < until)
            && self.category.is_none_or(|category| has(event, |violation| violation.category == category))
            && self.rule.as_ref().is_none_or(|rule| has(event, |violation| *violation.rule == **rule))
            && self.severity.is_none_or(|severity| has(event, |violation| violation.severity == severity))
    }

    /// Of the indexes that serve it the one that leaves the least.
    fn path(&self) -> Path {
        let named = |name: &Option<String>| name.as_ref().is_some_and(|name| !name.is_empty());
        let all = |index, implied, step| Path { index, implied, window: i64::MAX, chunk: i64::MAX, step, walks: 1 };
        let by = |index, implied, chunk| Path { index, implied, window: ASKED, chunk, step: STEP, walks: 1 };
        if self.request_id.is_some() {
            all("INDEXED BY record_request", "", i64::MAX)
        } else if named(&self.session) {
            by("INDEXED BY record_session", "session <> '' AND seq >> 12 = ?2 >> 12 AND", CHUNK)
        } else if self.analysis == Some(Analysis::Pending) {
            all("INDEXED BY record_pending", "analysis = 1 AND", LONG_CHUNK)
        } else if self.late {
            all("INDEXED BY record_late", "late = 1 AND", LONG_CHUNK)
        } else if self.action.is_some_and(|action| action > Action::Allow) {
            all(FLAGGED, "action > 0 AND", STEP)
        } else if self.kind.is_some_and(|kind| matches!(kind, RecordKind::Canary | RecordKind::Log)) {
            all("INDEXED BY record_kind", "kind > 1 AND", LONG_CHUNK)
        } else if self.bits() != 0 {
            Path { walks: 3, ..all(FLAGGED, "action > 0 AND", STEP) }
        } else if named(&self.user) {
            by("INDEXED BY record_user", "user <> '' AND seq >> 12 = ?2 >> 12 AND", CHUNK)
        } else if named(&self.team) {
            by("INDEXED BY record_team", "team <> '' AND seq >> 16 = ?2 >> 16 AND", LONG_CHUNK)
        } else if named(&self.model) {
            by("INDEXED BY record_model", "model <> '' AND seq >> 16 = ?2 >> 16 AND", LONG_CHUNK)
        } else if named(&self.source) {
            by("INDEXED BY record_source", "source <> '' AND seq >> 16 = ?2 >> 16 AND", LONG_CHUNK)
        } else {
            Path { window: SCANNED, ..all("NOT INDEXED", "", SCANNED_AT_A_TIME) }
        }
    }

    /// What a record's violations must have at least.
    fn bits(&self) -> i64 {
        wanted_violations(self.category, self.rule.as_deref(), self.severity)
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
            ("enforced = ", self.enforced.map(Value::from)),
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
    /// Sequences at whose multiples a query has to end.
    chunk: i64,
    /// Sequences that the first query looks through.
    step: i64,
    /// Of the index: one, or one for each action.
    walks: usize,
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
    let (mut begun, mut step) = (Instant::now(), path.step);
    // One more than the limit tells whether there is a next page.
    while high > floor && events.len() <= limit {
        let low = high.saturating_sub(step).max((high - 1) / path.chunk * path.chunk).max(floor);
        let missing = i64::try_from(limit + 1 - events.len()).unwrap_or(i64::MAX);
        let values = [high.into(), low.into(), missing.into()].into_iter();
        let values = values.chain(conditions.iter().map(|(_, value, _)| value.clone()));
        let values = values.chain((path.index == FLAGGED).then(|| filter.bits().into()));
        for event in statement.query_map(params_from_iter(values), |row| read_event(row, node))? {
            events.push(event?);
        }
        high = low;
        let ended = Instant::now();
        if ended >= until {
            break;
        }
        step = if ended.duration_since(begun) < QUERY { step.saturating_mul(2) } else { (step / 2).max(STEP) };
        begun = ended;
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

/// Parameters: below which sequence, from which, how many, then the conditions in their order, and the bits.
fn query(filter: &EventFilter, path: &Path) -> String {
    let mut conditions = String::new();
    let all = filter.conditions();
    for ((before, _, behind), parameter) in all.iter().zip(4..) {
        conditions.push_str(&format!(" AND {before}?{parameter}{behind}"));
    }
    if path.index == FLAGGED {
        let bits = 4 + all.len();
        conditions.push_str(&format!(" AND (violates IS NULL OR violates & ?{bits} = ?{bits})"));
    }
    let select = |action: &str| {
        let select = select_events(path.index);
        format!("{select} WHERE {action}{} seq < ?1 AND seq >= ?2{conditions}", path.implied)
    };
    // Ordered walks of one index, merged: no sort, and no more rows than are told.
    let of_each = || {
        [Action::Alert, Action::Mask, Action::Block].map(|action| select(&format!("action = {} AND ", action.code())))
    };
    let rows = if path.walks == 1 { select("") } else { of_each().join(" UNION ALL ") };
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
            (
                EventFilter { action: Some(Action::Block), ..some() },
                "INDEX record_flagged (action=? AND seq>? AND seq<?)",
            ),
            (
                EventFilter { action: Some(Action::Block), user: Some("ann".into()), ..some() },
                "INDEX record_flagged (action=? AND seq>? AND seq<?)",
            ),
            (
                EventFilter { category: Some(Category::Coverage), model: Some("m".into()), ..some() },
                "MERGE (UNION ALL)",
            ),
            (EventFilter { action: Some(Action::Allow), ..some() }, "SEARCH record USING INTEGER PRIMARY KEY"),
            (EventFilter { since: Some(Timestamp::UNIX_EPOCH), ..some() }, "SEARCH record USING INTEGER PRIMARY KEY"),
            (EventFilter { severity: Some(Severity::High), ..some() }, "MERGE (UNION ALL)"),
        ];
        for (filter, expected) in filters {
            let sql = query(&filter, &filter.path());
            let values = [100.into(), 0.into(), 10.into()].into_iter();
            let values = values.chain(filter.conditions().into_iter().map(|(_, value, _)| value));
            let values = values.chain((filter.path().index == FLAGGED).then(|| filter.bits().into()));
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
