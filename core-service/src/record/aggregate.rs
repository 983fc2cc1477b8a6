//! Counts by minute, by hour and by day, written with the records that they count: what the page asks for over a month must not
//! read records.
//!
//! Not counted are canary runs, and the exchange that stands for a request that was blocked: its decision is.
//!
//! A batch is counted in memory first, so that a thousand records of a few callers cost a few rows. How many names of
//! callers a minute and an hour have is bounded, and so is their length, and with it what a month takes on disk.

mod room;

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use rusqlite::{Connection, Row, params};

use crate::domain::{
    coverage::{CoverageStatus, Outcome},
    decision::Action,
};

use super::{
    code::Code,
    entry::{Event, Judged, NewRecord, RecordKind, RecordedOutcome},
};
pub(super) use room::make_room;

/// The old records are counted too, but for their latency and their coverage. The numbers are those of [`Dimension`].
pub(super) const MIGRATION: &str = "
    CREATE TABLE aggregate (
        grain INTEGER NOT NULL,         -- seconds: 60 or 3600
        dimension INTEGER NOT NULL,
        start INTEGER NOT NULL,         -- seconds since 1970
        name TEXT NOT NULL,
        count INTEGER NOT NULL,
        flagged INTEGER NOT NULL,       -- of these with an action above allow
        blocked INTEGER NOT NULL,
        PRIMARY KEY (grain, dimension, start, name)
    ) STRICT, WITHOUT ROWID;
    CREATE TEMP VIEW counted AS
        SELECT g.grain, time / 1000000 / g.grain * g.grain AS start, r.*
        FROM record AS r, (SELECT 60 AS grain UNION ALL SELECT 3600) AS g
        WHERE kind < 2 AND NOT (kind = 1 AND analysis = 0 AND enforced AND action = 3);
    INSERT INTO aggregate
        SELECT grain, 0, start,
            CASE action WHEN 0 THEN 'allow' WHEN 1 THEN 'alert' WHEN 2 THEN 'mask' WHEN 3 THEN 'block' ELSE 'pending' END,
            count(*), 0, 0
        FROM counted GROUP BY 1, 3, 4;
    INSERT INTO aggregate
        SELECT grain, 4, start, source, count(*), total(action > 0), total(action = 3) FROM counted GROUP BY 1, 3, 4;
    INSERT INTO aggregate
        SELECT grain, 5, start, user, count(*), total(action > 0), total(action = 3) FROM counted GROUP BY 1, 3, 4;
    INSERT INTO aggregate
        SELECT grain, 6, start, team, count(*), total(action > 0), total(action = 3) FROM counted GROUP BY 1, 3, 4;
    INSERT INTO aggregate
        SELECT grain, 7, start, model, count(*), total(action > 0), total(action = 3) FROM counted GROUP BY 1, 3, 4;
    DROP VIEW counted;
";

/// Days, so that a month is not read by hours; and all records by kind and action, as `tally` has them by seconds.
pub(super) const DAYS: &str = "
    INSERT INTO aggregate
        SELECT 86400, dimension, start / 86400 * 86400 AS day, name, sum(count), sum(flagged), sum(blocked)
        FROM aggregate WHERE grain = 3600 GROUP BY dimension, day, name;
    INSERT INTO aggregate
        SELECT g.grain, 10, second / g.grain * g.grain AS start, kind || ' ' || action, sum(count), 0, 0
        FROM tally, (SELECT 60 AS grain UNION ALL SELECT 3600 UNION ALL SELECT 86400) AS g
        GROUP BY g.grain, start, kind, action;
";

/// Seconds: the longest period and a day, for clocks that differ.
pub(crate) const KEPT: i64 = 31 * 86_400;

/// Stands for the callers that have no counter of their own.
const OTHERS: &str = "\u{2026}";

/// What pending records are counted as, beside the names of actions.
pub(crate) const fn pending_name() -> &'static str {
    "pending"
}

/// What blocks are counted as that stood in no call's way. Versions before this counted them among the others: for a
/// month after the change the count of blocks has both.
pub(crate) const fn would_block_name() -> &'static str {
    "would_block"
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Grain {
    Minute,
    Hour,
    Day,
}

impl Grain {
    const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    pub(crate) const fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3600,
            Self::Day => 86_400,
        }
    }

    /// Callers' names of one dimension that have a counter of their own.
    const fn names(self) -> usize {
        match self {
            Self::Minute => 200,
            Self::Hour => 500,
            Self::Day => 1000,
        }
    }
}

/// The numbers are in files: add at the end, never reorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Dimension {
    Action = 0,
    /// [`latency_bucket`], as a number. Of what was judged before it was recorded: nobody waits for an analysis behind.
    Latency = 1,
    Coverage = 2,
    NotRun = 3,
    Source = 4,
    User = 5,
    Team = 6,
    Model = 7,
    Category = 8,
    /// A JSON list of policy, rule and category.
    Rule = 9,
    /// [`kind_name`], of all records.
    Kind = 10,
}

/// The codes of a kind and an action, -1 for pending.
fn kind_name(kind: i64, action: Option<Action>) -> Cow<'static, str> {
    const NAMES: [[&str; 5]; 4] = [
        ["0 -1", "0 0", "0 1", "0 2", "0 3"],
        ["1 -1", "1 0", "1 1", "1 2", "1 3"],
        ["2 -1", "2 0", "2 1", "2 2", "2 3"],
        ["3 -1", "3 0", "3 1", "3 2", "3 3"],
    ];
    let action = action.map_or(-1, Code::code);
    let place = |code: i64| usize::try_from(code).ok();
    let name = place(kind).and_then(|kind| NAMES.get(kind)).zip(place(action + 1)).and_then(|(row, at)| row.get(at));
    name.map_or_else(|| format!("{kind} {action}").into(), |name| (*name).into())
}

/// What [`kind_name`] says.
pub(crate) fn kind_of(name: &str) -> Option<(i64, i64)> {
    let (kind, action) = name.split_once(' ')?;
    Some((kind.parse().ok()?, action.parse().ok()?))
}

impl Dimension {
    const ALL: [Self; 11] = [
        Self::Action,
        Self::Latency,
        Self::Coverage,
        Self::NotRun,
        Self::Source,
        Self::User,
        Self::Team,
        Self::Model,
        Self::Category,
        Self::Rule,
        Self::Kind,
    ];

    pub(crate) const fn code(self) -> i64 {
        self as i64
    }

    /// Whether callers choose the names.
    const fn is_open(self) -> bool {
        matches!(self, Self::Source | Self::User | Self::Team | Self::Model)
    }
}

/// What callers say of themselves.
#[derive(Debug)]
pub(crate) struct Labels<'a> {
    pub(super) source: Cow<'a, str>,
    pub(super) user: Cow<'a, str>,
    pub(super) team: Cow<'a, str>,
    pub(super) model: Cow<'a, str>,
}

/// What is counted of a record that was pending.
pub(super) struct Completed {
    /// In microseconds.
    pub(super) time: i64,
    /// Its code.
    pub(super) kind: i64,
    pub(super) labels: Labels<'static>,
}

impl Completed {
    /// Of the columns time, kind, source, user, team and model.
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let label = |at: usize| row.get::<_, String>(at).map(Cow::Owned);
        let labels = Labels { source: label(2)?, user: label(3)?, team: label(4)?, model: label(5)? };
        Ok(Self { time: row.get(0)?, kind: row.get(1)?, labels })
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Change {
    count: i64,
    flagged: i64,
    blocked: i64,
}

/// A row of the table, and by how much it changes.
#[derive(Debug)]
pub(crate) struct Changed<'a> {
    /// Seconds.
    pub(crate) grain: i64,
    pub(crate) dimension: i64,
    pub(crate) start: i64,
    pub(crate) name: Cow<'a, str>,
    pub(crate) count: i64,
    pub(crate) flagged: i64,
    pub(crate) blocked: i64,
}

/// What a batch changes.
#[derive(Debug, Default)]
pub(crate) struct Aggregates<'a>(HashMap<(i64, Dimension, Cow<'a, str>), Change>);

impl<'a> Aggregates<'a> {
    /// That there is one more, or one less, of a kind and action.
    pub(super) fn kind(&mut self, time: i64, kind: i64, action: Option<Action>, count: i64) {
        self.add(minute(time), Dimension::Kind, kind_name(kind, action), count);
    }

    pub(super) fn record(&mut self, time: i64, record: &'a NewRecord) {
        let context = &record.context;
        let labels = Labels {
            source: context.source.as_str().into(),
            user: context.user.as_str().into(),
            team: context.team.as_str().into(),
            model: context.model.as_str().into(),
        };
        self.count(time, record.kind, &record.outcome, record.enforced, labels);
    }

    /// As [`Self::record`], of a record as it is read back.
    pub(crate) fn event(&mut self, event: &'a Event) {
        let labels = Labels {
            source: event.source.as_str().into(),
            user: event.user.as_str().into(),
            team: event.team.as_str().into(),
            model: event.model.as_str().into(),
        };
        self.count(event.time.as_microsecond(), event.kind, &event.outcome, event.enforced, labels);
    }

    fn count(&mut self, time: i64, kind: RecordKind, outcome: &'a RecordedOutcome, enforced: bool, labels: Labels<'a>) {
        let action = outcome.judged().map(|judged| judged.decision.action);
        // What is judged behind had passed, whatever the record says.
        let stopped = enforced && action == Some(Action::Block) && matches!(outcome, RecordedOutcome::Judged(_));
        let is_refusal = kind == RecordKind::Exchange && stopped;
        if matches!(kind, RecordKind::Canary | RecordKind::Log) || is_refusal {
            return;
        }
        let minute = minute(time);
        self.labels(minute, labels, 1, action, stopped);
        match outcome {
            RecordedOutcome::Pending => self.add(minute, Dimension::Action, pending_name().into(), 1),
            RecordedOutcome::Judged(judged) => {
                let bucket = latency_bucket(judged.duration_us).to_string();
                self.add(minute, Dimension::Latency, bucket.into(), 1);
                self.judged(minute, judged, stopped);
            }
            RecordedOutcome::Analysed(judged) => self.judged(minute, judged, stopped),
        }
    }

    /// A record that was counted as pending: it had passed.
    pub(super) fn completed(&mut self, time: i64, labels: Labels<'a>, judged: &'a Judged) {
        let minute = minute(time);
        self.add(minute, Dimension::Action, pending_name().into(), -1);
        self.labels(minute, labels, 0, Some(judged.decision.action), false);
        self.judged(minute, judged, false);
    }

    /// `stopped`, here and below: a block stood in the way of the call.
    fn labels(&mut self, minute: i64, labels: Labels<'a>, count: i64, action: Option<Action>, stopped: bool) {
        let flagged = i64::from(action > Some(Action::Allow));
        let blocked = i64::from(stopped);
        if count == 0 && flagged == 0 {
            return;
        }
        let Labels { source, user, team, model } = labels;
        for (dimension, name) in
            [(Dimension::Source, source), (Dimension::User, user), (Dimension::Team, team), (Dimension::Model, model)]
        {
            self.change(minute, dimension, room::cut(name), Change { count, flagged, blocked });
        }
    }

    fn judged(&mut self, minute: i64, judged: &'a Judged, stopped: bool) {
        let Judged { decision, coverage, .. } = judged;
        let action = match decision.action {
            Action::Block if !stopped => would_block_name(),
            action => action.as_str(),
        };
        self.add(minute, Dimension::Action, action.into(), 1);
        let status = match coverage.status {
            CoverageStatus::NotChecked => "not_checked",
            CoverageStatus::Pending => pending_name(),
            CoverageStatus::Partial => "partial",
            CoverageStatus::Complete => "complete",
        };
        self.add(minute, Dimension::Coverage, status.into(), 1);
        for (detector, outcome) in &coverage.detectors {
            let outcome = match outcome {
                Outcome::Ran | Outcome::Skipped => continue,
                Outcome::Failed(_) => "failed",
                Outcome::TimedOut => "timed_out",
            };
            self.add(minute, Dimension::NotRun, format!("{} {outcome}", detector.as_str()).into(), 1);
        }
        // A hundred addresses in one exchange are one objection to it.
        let (mut categories, mut rules) = (HashSet::new(), HashSet::new());
        for violation in &decision.violations {
            let category = violation.category.as_str();
            if categories.insert(category) {
                self.flag(minute, Dimension::Category, category.into(), stopped);
            }
            if rules.insert((&violation.policy, &violation.rule, category)) {
                let name = serde_json::json!([violation.policy, violation.rule, category]).to_string();
                self.flag(minute, Dimension::Rule, name.into(), stopped);
            }
        }
    }

    fn flag(&mut self, minute: i64, dimension: Dimension, name: Cow<'a, str>, stopped: bool) {
        self.change(minute, dimension, name, Change { count: 1, flagged: 1, blocked: i64::from(stopped) });
    }

    fn add(&mut self, minute: i64, dimension: Dimension, name: Cow<'a, str>, count: i64) {
        self.change(minute, dimension, name, Change { count, ..Change::default() });
    }

    fn change(&mut self, minute: i64, dimension: Dimension, name: Cow<'a, str>, by: Change) {
        let sum = self.0.entry((minute, dimension, name)).or_default();
        sum.count += by.count;
        sum.flagged += by.flagged;
        sum.blocked += by.blocked;
    }

    /// No row comes twice but for that of the callers who share one.
    pub(crate) fn changed(self, names: &mut Names) -> Vec<Changed<'a>> {
        let mut changed = Vec::with_capacity(self.0.len() * Grain::ALL.len());
        for ((minute, dimension, name), Change { count, flagged, blocked }) in self.0 {
            for grain in Grain::ALL {
                let start = minute.div_euclid(grain.seconds()) * grain.seconds();
                let name = if names.has_own(grain, dimension, start, &name) { name.clone() } else { OTHERS.into() };
                let (grain, dimension) = (grain.seconds(), dimension.code());
                changed.push(Changed { grain, dimension, start, name, count, flagged, blocked });
            }
        }
        changed
    }

    pub(super) fn store(self, connection: &Connection, names: &mut Names) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(
            "INSERT INTO aggregate (grain, dimension, start, name, count, flagged, blocked)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT DO UPDATE SET count = count + excluded.count, flagged = flagged + excluded.flagged,
                blocked = blocked + excluded.blocked",
        )?;
        let newest = self.0.keys().map(|(minute, ..)| *minute).max();
        for Changed { grain, dimension, start, name, count, flagged, blocked } in self.changed(names) {
            statement.execute(params![grain, dimension, start, name, count, flagged, blocked])?;
        }
        match newest {
            Some(newest) if newest > names.newest => {
                names.newest = newest;
                forget(connection, newest - KEPT)
            }
            _ => Ok(()),
        }
    }
}

/// What is older than any period that is asked for. Once a minute, so that no batch pays for many.
fn forget(connection: &Connection, before: i64) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare_cached("DELETE FROM aggregate WHERE grain = ?1 AND dimension = ?2 AND start < ?3")?;
    for dimension in Dimension::ALL {
        for grain in Grain::ALL {
            statement.execute(params![grain.seconds(), dimension.code(), before])?;
        }
    }
    Ok(())
}

fn minute(time: i64) -> i64 {
    time.div_euclid(60_000_000) * 60
}

/// Callers' names that have a counter of their own in the newest minute and hour.
#[derive(Debug, Default)]
pub(crate) struct Names {
    known: HashMap<(Grain, Dimension), (i64, HashSet<String>)>,
    /// The newest minute that was counted.
    newest: i64,
}

impl Names {
    /// Whether the name is counted under itself.
    fn has_own(&mut self, grain: Grain, dimension: Dimension, start: i64, name: &str) -> bool {
        if !dimension.is_open() {
            return true;
        }
        let (newest, known) = self.known.entry((grain, dimension)).or_default();
        if start > *newest {
            *newest = start;
            known.clear();
        }
        if known.contains(name) {
            true
        } else if known.len() < grain.names() {
            known.insert(name.to_owned())
        } else {
            false
        }
    }
}

/// Below 8 each microsecond has its own, above there are eight for each power of two.
fn latency_bucket(micros: u32) -> u32 {
    match micros.checked_ilog2() {
        Some(power @ 3..) => (power - 2) * 8 + ((micros >> (power - 3)) & 7),
        _ => micros,
    }
}

/// The longest time of a bucket, in microseconds.
pub(crate) const fn latency_of(bucket: u32) -> u64 {
    if bucket < 8 {
        return bucket as u64;
    }
    // A bucket that no writer made could shift out everything.
    let shift = if bucket / 8 > 40 { 40 } else { bucket / 8 - 1 };
    ((8 + (bucket % 8) as u64 + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_is_at_most_an_eighth_longer_than_it_was() {
        for micros in (0..10_000).chain([99_999, 1 << 20, u32::MAX - 1, u32::MAX]) {
            let told = latency_of(latency_bucket(micros));
            assert!(told >= u64::from(micros) && told <= u64::from(micros) + u64::from(micros) / 8, "{micros}: {told}");
        }
        assert!(latency_of(u32::MAX) > 0);
    }

    #[test]
    fn a_kind_and_an_action_have_one_name() {
        for kind in 0..5 {
            for action in [None, Some(Action::Allow), Some(Action::Alert), Some(Action::Mask), Some(Action::Block)] {
                assert_eq!(kind_of(&kind_name(kind, action)), Some((kind, action.map_or(-1, Code::code))));
            }
        }
        assert_eq!(kind_of("1"), None);
    }

    #[test]
    fn names_are_bounded_and_begin_anew_with_each_minute() {
        let mut names = Names::default();
        let mut own = |start, name: &str| names.has_own(Grain::Minute, Dimension::User, start, name);
        for number in 0..200 {
            assert!(own(60, &number.to_string()));
        }
        assert!(!own(60, "late"));
        assert!(own(60, "7"));
        assert!(own(120, "late"));
    }
}
