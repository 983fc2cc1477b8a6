//! Counts of a period.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{CachedStatement, Connection, params, params_from_iter};

use crate::{
    domain::decision::Action,
    record::{Code, Dimension, Grain, RecordKind, kind_of, latency_of, pending_name, would_block_name},
};

/// Of each list; of rules there are more, so that a policy's own are found among them.
pub(crate) const TOP: i64 = 10;
pub(crate) const RULES: i64 = 50;
/// Of the chart, at most.
const BUCKETS: i64 = 120;
/// Seconds. Minutes are what is counted by.
const WIDTHS: [i64; 12] = [60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400];
/// Actions of longer periods are read by minutes.
const BY_SECOND: i64 = 3600;
/// Longer periods are read by hours.
const BY_MINUTE: i64 = 6 * 3600;

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
    pub category: String,
    /// Events to which it objected, however often in each.
    pub count: u64,
}

/// Events of a span of time, by action.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Seconds since 1970.
    pub start: i64,
    pub allowed: u64,
    pub alerts: u64,
    pub masks: u64,
    /// That stood in the way of their call.
    pub blocks: u64,
    /// That did not: what was judged behind, or seen late, had passed.
    pub would_block: u64,
    pub pending: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopCount {
    pub name: String,
    pub count: u64,
    pub flagged: u64,
    /// Of these with a block that stood in the way of its call.
    pub blocked: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Latency {
    pub count: u64,
    pub p50_us: u64,
    pub p95_us: u64,
    pub p99_us: u64,
}

/// But for `actions` of up to an hour, which go by seconds, all goes by the aggregates of [`crate::record`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    pub actions: Vec<ActionCount>,
    pub rules: Vec<RuleCount>,
    /// Of any age.
    pub pending: u64,
    pub bytes_on_disk: u64,
    /// Seconds.
    pub bucket: i64,
    /// Oldest first, without gaps.
    pub buckets: Vec<Bucket>,
    pub users: Vec<TopCount>,
    pub teams: Vec<TopCount>,
    pub models: Vec<TopCount>,
    pub sources: Vec<TopCount>,
    pub categories: Vec<TopCount>,
    pub not_run: Vec<TopCount>,
    pub coverage: Vec<TopCount>,
    pub latency: Latency,
}

/// Seconds since 1970, half open, as lists are: `until` is not in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Period {
    pub(crate) since: i64,
    pub(crate) until: i64,
}

impl Period {
    /// Without an end it is what was recorded up to now, also by a clock that was ahead.
    pub(crate) fn new(length: Duration, until: Option<Timestamp>) -> Self {
        let length = i64::try_from(length.as_secs()).unwrap_or(i64::MAX);
        // A second that has begun is in it, and so is the one that it is now: it has not ended.
        let has_begun = until.is_none_or(|until| until.subsec_nanosecond() > 0);
        let end = until.unwrap_or_else(Timestamp::now).as_second();
        Self { since: end.saturating_sub(length).max(0), until: end.saturating_add(i64::from(has_begun)) }
    }
}

pub(super) fn summarize(connection: &mut Connection, period: Period, bytes_on_disk: u64) -> rusqlite::Result<Summary> {
    // One view of the file for all of it.
    let transaction = connection.transaction()?;
    let actions = actions(&transaction, period)?;
    let pending = pending(&transaction)?;
    let (bucket, buckets) = buckets(&transaction, period)?;
    let mut tops = Tops::new(&transaction, period)?;
    Ok(Summary {
        actions,
        rules: rules(&tops.of(Dimension::Rule)?),
        pending,
        bytes_on_disk,
        bucket,
        buckets,
        users: tops.of(Dimension::User)?,
        teams: tops.of(Dimension::Team)?,
        models: tops.of(Dimension::Model)?,
        sources: tops.of(Dimension::Source)?,
        categories: tops.of(Dimension::Category)?,
        not_run: tops.of(Dimension::NotRun)?,
        coverage: tops.of(Dimension::Coverage)?,
        latency: read_latency(&transaction, period)?,
    })
}

/// Of any age.
pub(super) fn pending(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT count(*) FROM record INDEXED BY record_pending WHERE analysis = 1")?
        .query_row([], |row| row.get::<_, i64>(0))
        .map(i64::unsigned_abs)
}

fn actions(connection: &Connection, period: Period) -> rusqlite::Result<Vec<ActionCount>> {
    if period.until - period.since > BY_SECOND + 1 {
        return actions_by_kind(connection, period);
    }
    connection
        .prepare_cached(
            "SELECT kind, action, sum(count) AS total FROM tally WHERE second >= ?1 AND second < ?2
             GROUP BY kind, action HAVING total > 0 ORDER BY kind, action",
        )?
        .query_map([period.since, period.until], |row| counted((row.get(0)?, row.get(1)?), row.get(2)?))?
        .collect()
}

fn actions_by_kind(connection: &Connection, period: Period) -> rusqlite::Result<Vec<ActionCount>> {
    let mut counts = connection
        .prepare_cached(&format!("SELECT name, sum(count) AS total FROM ({RANGES}) GROUP BY name HAVING total > 0"))?
        .query_map(params_from_iter(ranges(period, Dimension::Kind)), |row| {
            let name: String = row.get(0)?;
            Ok((kind_of(&name).ok_or_else(damaged)?, row.get(1)?))
        })?
        .collect::<rusqlite::Result<Vec<((i64, i64), i64)>>>()?;
    counts.sort_unstable();
    counts.into_iter().map(|(codes, count)| counted(codes, count)).collect()
}

fn counted((kind, action): (i64, i64), count: i64) -> rusqlite::Result<ActionCount> {
    let kind = RecordKind::from_code(kind).ok_or_else(damaged)?;
    // -1 is pending and has no name.
    Ok(ActionCount { kind, action: Action::from_code(action), count: count.unsigned_abs() })
}

fn damaged() -> rusqlite::Error {
    let fault = Box::new(crate::record::StorageFault::Corrupt);
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Null, fault)
}

fn buckets(connection: &Connection, period: Period) -> rusqlite::Result<(i64, Vec<Bucket>)> {
    let mut chart = Chart::new(period);
    let grain = [Grain::Day, Grain::Hour, Grain::Minute].map(Grain::seconds);
    let grain = grain.into_iter().find(|grain| chart.width % grain == 0).unwrap_or(60);
    let mut statement = connection.prepare_cached(
        "SELECT start / ?1 * ?1, name, sum(count) FROM aggregate
         WHERE grain = ?5 AND dimension = ?2 AND start >= ?3 AND start < ?4 GROUP BY 1, 2",
    )?;
    let mut rows = statement.query(params![chart.width, Dimension::Action.code(), chart.first, chart.end, grain])?;
    while let Some(row) = rows.next()? {
        chart.add(row.get(0)?, &row.get::<_, String>(1)?, row.get(2)?);
    }
    Ok((chart.width, chart.buckets))
}

/// Counts of actions over a period, in steps of the same width.
#[derive(Debug)]
pub(crate) struct Chart {
    /// Seconds.
    pub(crate) width: i64,
    /// Seconds since 1970: from then on, and before then.
    pub(crate) first: i64,
    pub(crate) end: i64,
    pub(crate) buckets: Vec<Bucket>,
}

impl Chart {
    pub(crate) fn new(period: Period) -> Self {
        let length = period.until - period.since;
        let width = WIDTHS.into_iter().find(|width| length / width <= BUCKETS).unwrap_or(86_400);
        let last = (period.until - 1).div_euclid(width) * width;
        // What lies before is left out, so that a period without a beginning is one all the same.
        let first = (period.since.div_euclid(width) * width).max(last - BUCKETS * width);
        let starts = (0..).map(|step| first + step * width).take_while(|start| *start <= last);
        let buckets = starts.map(|start| Bucket { start, ..Bucket::default() }).collect();
        Self { width, first, end: last + width, buckets }
    }

    /// `name` is that of an action, or what pending records go by, or blocks that stood in nobody's way.
    pub(crate) fn add(&mut self, start: i64, name: &str, count: i64) {
        let place = usize::try_from((start - self.first) / self.width).ok();
        let Some(bucket) = place.and_then(|place| self.buckets.get_mut(place)) else { return };
        // Below 0 where what was pending is older than the table.
        let count = u64::try_from(count).unwrap_or_default();
        match name {
            "allow" => bucket.allowed = count,
            "alert" => bucket.alerts = count,
            "mask" => bucket.masks = count,
            "block" => bucket.blocks = count,
            name if name == would_block_name() => bucket.would_block = count,
            name if name == pending_name() => bucket.pending = count,
            _ => {}
        }
    }
}

/// The counts of a dimension, in up to three ranges of three grains: the parameters are those of [`ranges`].
const RANGES: &str = "
    SELECT name, count, flagged, blocked FROM aggregate
        WHERE grain = ?2 AND dimension = ?1 AND start >= ?3 AND start < ?4
    UNION ALL SELECT name, count, flagged, blocked FROM aggregate
        WHERE grain = ?5 AND dimension = ?1 AND start >= ?6 AND start < ?7
    UNION ALL SELECT name, count, flagged, blocked FROM aggregate
        WHERE grain = ?8 AND dimension = ?1 AND start >= ?9 AND start < ?10";

/// By minutes up to six hours, above by hours, and by days where these are whole.
fn ranges(period: Period, dimension: Dimension) -> [i64; 10] {
    let [minute, hour, day] = [Grain::Minute, Grain::Hour, Grain::Day].map(Grain::seconds);
    let Period { since, until } = period;
    if until - since <= BY_MINUTE + 1 {
        return [dimension.code(), minute, since.div_euclid(minute) * minute, until, minute, 0, 0, minute, 0, 0];
    }
    let from = since.div_euclid(hour) * hour;
    let first_day = (from + day - 1).div_euclid(day) * day;
    let past_days = until.div_euclid(day) * day;
    if first_day >= past_days {
        return [dimension.code(), hour, from, until, hour, 0, 0, hour, 0, 0];
    }
    [dimension.code(), hour, from, first_day, day, first_day, past_days, hour, past_days, until]
}

/// What counts to read, by their grain and where they start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grained {
    /// Seconds.
    pub(crate) grain: i64,
    /// Seconds since 1970: from then on, and before then.
    pub(crate) since: i64,
    pub(crate) until: i64,
}

impl Grained {
    pub(crate) fn of(period: Period) -> Self {
        let grain = if period.until - period.since <= BY_MINUTE + 1 { Grain::Minute } else { Grain::Hour }.seconds();
        Self { grain, since: period.since.div_euclid(grain) * grain, until: period.until }
    }
}

struct Tops<'c> {
    statement: CachedStatement<'c>,
    period: Period,
}

impl<'c> Tops<'c> {
    fn new(connection: &'c Connection, period: Period) -> rusqlite::Result<Self> {
        // By name when the counts are equal, so that the page does not flicker.
        let statement = connection.prepare_cached(&format!(
            "SELECT name, sum(count) AS total, sum(flagged), sum(blocked) FROM ({RANGES})
             GROUP BY name HAVING total > 0 ORDER BY total DESC, name LIMIT ?11"
        ))?;
        Ok(Self { statement, period })
    }

    fn of(&mut self, dimension: Dimension) -> rusqlite::Result<Vec<TopCount>> {
        let limit = if dimension == Dimension::Rule { RULES } else { TOP };
        let parameters = ranges(self.period, dimension).into_iter().chain([limit]);
        self.statement
            .query_map(params_from_iter(parameters), |row| {
                let count = |at| row.get::<_, i64>(at).map(|count| u64::try_from(count).unwrap_or_default());
                Ok(TopCount { name: row.get(0)?, count: count(1)?, flagged: count(2)?, blocked: count(3)? })
            })?
            .collect()
    }
}

/// From the names that rules are counted under.
pub(crate) fn rules(tops: &[TopCount]) -> Vec<RuleCount> {
    let rule = |top: &TopCount| {
        let (policy, rule, category) = serde_json::from_str(&top.name).ok()?;
        Some(RuleCount { policy, rule, category, count: top.count })
    };
    tops.iter().filter_map(rule).collect()
}

fn read_latency(connection: &Connection, period: Period) -> rusqlite::Result<Latency> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT CAST(name AS INTEGER), sum(count) FROM ({RANGES}) GROUP BY name ORDER BY 1"
    ))?;
    let histogram: Vec<(u32, u64)> = statement
        .query_map(params_from_iter(ranges(period, Dimension::Latency)), |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
        })?
        .collect::<Result<_, _>>()?;
    Ok(latency(&histogram))
}

/// Of a histogram by the buckets of [`latency_of`], in their order.
pub(crate) fn latency(histogram: &[(u32, u64)]) -> Latency {
    let count = histogram.iter().map(|(_, count)| count).sum::<u64>();
    let quantile = |percent: u64| {
        let wanted = (count * percent).div_ceil(100);
        let mut seen = 0;
        let reached = histogram.iter().find(|(_, count)| {
            seen += count;
            seen >= wanted
        });
        reached.map_or(0, |(bucket, _)| latency_of(*bucket))
    };
    Latency { count, p50_us: quantile(50), p95_us: quantile(95), p99_us: quantile(99) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(seconds: u64, until: &str) -> Period {
        Period::new(Duration::from_secs(seconds), Some(until.parse().unwrap()))
    }

    fn bars(period: Period) -> usize {
        Chart::new(period).buckets.len()
    }

    #[test]
    fn a_period_ends_where_it_is_told_to() {
        let minute = period(60, "2026-05-01T10:01:00Z");
        assert_eq!(minute.until, "2026-05-01T10:01:00Z".parse::<Timestamp>().unwrap().as_second());
        assert_eq!((minute.until - minute.since, bars(minute)), (60, 1));
        let month = period(30 * 86_400, "2026-05-31T00:00:00Z");
        assert_eq!((month.until - month.since, bars(month)), (30 * 86_400, 120));
        let within = period(60, "2026-05-01T10:01:00.000001Z");
        assert_eq!((within.since, within.until), (minute.since, minute.until + 1), "the second has begun");
        let now = Period::new(Duration::from_secs(60), None);
        assert_eq!(now.until - now.since, 61, "the last second has not ended");
    }

    #[test]
    fn a_period_may_lie_before_everything() {
        let before = period(60, "1970-01-01T00:00:00Z");
        assert_eq!((before.since, before.until, bars(before)), (0, 0, 0));
        assert_eq!(bars(period(60, "1969-01-01T00:00:00.5Z")), 0);
        assert_eq!(Period::new(Duration::MAX, None).since, 0);
    }
}
