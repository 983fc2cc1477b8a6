//! Counts of a period.

use std::collections::{HashMap, HashSet};

use rusqlite::Connection;
use serde::Deserialize;

use crate::{
    domain::decision::{Action, Category},
    record::{Code, FIRST_SEQUENCE_SINCE, RecordKind, StorageFault},
};

const RULES: usize = 10;
/// Bounds what a summary reads; of a longer list of violations the newest speak for the rest.
const EVENTS_WITH_VIOLATIONS: i64 = 10_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionCount {
    pub kind: RecordKind,
    /// None: pending.
    pub action: Option<Action>,
    pub count: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleCount {
    pub policy: String,
    pub rule: String,
    pub category: Category,
    /// Events to which it objected, however often in each.
    pub count: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    pub actions: Vec<ActionCount>,
    /// The ten that objected most, of the newest 10,000 events of the period with an action above allow.
    pub rules: Vec<RuleCount>,
    /// Of any age.
    pub pending: u64,
    pub bytes_on_disk: u64,
}

pub(super) fn summarize(connection: &mut Connection, since: i64, bytes_on_disk: u64) -> rusqlite::Result<Summary> {
    // One view of the file for all of it.
    let transaction = connection.transaction()?;
    let actions = actions(&transaction, since)?;
    let rules = rules(&transaction, since)?;
    let pending = transaction
        .prepare_cached("SELECT count(*) FROM record INDEXED BY record_pending WHERE analysis = 1")?
        .query_row([], |row| row.get::<_, i64>(0))?;
    Ok(Summary { actions, rules, pending: pending.unsigned_abs(), bytes_on_disk })
}

fn actions(connection: &Connection, since: i64) -> rusqlite::Result<Vec<ActionCount>> {
    connection
        .prepare_cached(
            "SELECT kind, action, sum(count) AS total FROM tally WHERE second >= ?1
             GROUP BY kind, action HAVING total > 0 ORDER BY kind, action",
        )?
        .query_map([since], |row| {
            let (kind, action, count): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let kind = RecordKind::from_code(kind).ok_or_else(|| damaged(0))?;
            // -1 is pending and has no name.
            let action = Action::from_code(action);
            Ok(ActionCount { kind, action, count: count.unsigned_abs() })
        })?
        .collect()
}

/// What a count needs of a violation.
#[derive(Deserialize, PartialEq, Eq, Hash)]
struct Objection {
    policy: String,
    rule: String,
    category: Category,
}

fn rules(connection: &Connection, since: i64) -> rusqlite::Result<Vec<RuleCount>> {
    let first: Option<i64> = connection.prepare_cached(FIRST_SEQUENCE_SINCE)?.query_row([since], |row| row.get(0))?;
    let Some(first) = first else { return Ok(Vec::new()) };
    // Three ordered walks of one index, merged: no sort, and no more rows than are counted.
    let one = |action| {
        format!(
            "SELECT seq, violations FROM record INDEXED BY record_action
             WHERE action = {action} AND action > 0 AND seq >= ?1 AND time >= ?2"
        )
    };
    let mut statement = connection.prepare_cached(&format!(
        "{} UNION ALL {} UNION ALL {} ORDER BY seq DESC LIMIT ?3",
        one(Action::Alert.code()),
        one(Action::Mask.code()),
        one(Action::Block.code())
    ))?;
    let mut rows = statement.query([first, since.saturating_mul(1_000_000), EVENTS_WITH_VIOLATIONS])?;
    let mut counts = HashMap::<Objection, u64>::new();
    while let Some(row) = rows.next()? {
        let Some(violations) = row.get::<_, Option<String>>(1)? else { continue };
        // A set: a hundred addresses in one exchange are one objection to it.
        let objections: HashSet<Objection> = serde_json::from_str(&violations).map_err(|_| damaged(1))?;
        for objection in objections {
            *counts.entry(objection).or_default() += 1;
        }
    }
    let mut rules: Vec<RuleCount> = counts
        .into_iter()
        .map(|(Objection { policy, rule, category }, count)| RuleCount { policy, rule, category, count })
        .collect();
    // By name when the counts are equal, so that the page does not flicker.
    rules.sort_by(|a, b| {
        b.count.cmp(&a.count).then_with(|| (&a.policy, &a.rule, a.category).cmp(&(&b.policy, &b.rule, b.category)))
    });
    rules.truncate(RULES);
    Ok(rules)
}

fn damaged(column: usize) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Null, Box::new(StorageFault::Corrupt))
}
