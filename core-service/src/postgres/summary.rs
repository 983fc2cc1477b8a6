//! Counts of a period, over all nodes.

use tokio_postgres::{Transaction, types::ToSql};

use super::connect::failed;
use crate::{
    domain::decision::Action,
    events::{
        ActionCount, Chart, Grained, Latency, Period, RULES, RecordKind, StoreFault, Summary, TOP, TopCount, latency,
        rules,
    },
    record::{Code, Dimension},
};

/// Within one transaction, so that all of it speaks of the same moment. What is pending and what it takes on disk is
/// each node's own, and 0 here.
pub(super) async fn summarize(transaction: &Transaction<'_>, period: Period) -> Result<Summary, StoreFault> {
    let top = async |dimension| top(transaction, period, dimension).await;
    let chart = chart(transaction, period).await?;
    Ok(Summary {
        actions: actions(transaction, period).await?,
        rules: rules(&top(Dimension::Rule).await?),
        pending: 0,
        bytes_on_disk: 0,
        bucket: chart.width,
        buckets: chart.buckets,
        users: top(Dimension::User).await?,
        teams: top(Dimension::Team).await?,
        models: top(Dimension::Model).await?,
        sources: top(Dimension::Source).await?,
        categories: top(Dimension::Category).await?,
        not_run: top(Dimension::NotRun).await?,
        coverage: top(Dimension::Coverage).await?,
        latency: histogram(transaction, period).await?,
    })
}

async fn query<T>(
    transaction: &Transaction<'_>,
    statement: &str,
    values: &[&(dyn ToSql + Sync)],
    read: impl Fn(&tokio_postgres::Row) -> Result<T, tokio_postgres::Error>,
) -> Result<Vec<T>, StoreFault> {
    let rows = transaction.query(statement, values).await.map_err(failed)?;
    rows.iter().map(read).collect::<Result<_, _>>().map_err(|_| StoreFault::Damaged)
}

async fn actions(transaction: &Transaction<'_>, period: Period) -> Result<Vec<ActionCount>, StoreFault> {
    let statement = "
        SELECT kind, action, sum(count)::bigint FROM portcullis.tally WHERE second >= $1 AND second < $2
        GROUP BY kind, action HAVING sum(count) > 0 ORDER BY kind, action";
    let rows = query(transaction, statement, &[&period.since, &period.until], |row| {
        Ok((row.try_get::<_, i64>(0)?, row.try_get::<_, i64>(1)?, row.try_get::<_, i64>(2)?))
    })
    .await?;
    let count = |(kind, action, count): (i64, i64, i64)| {
        let kind = RecordKind::from_code(kind).ok_or(StoreFault::Damaged)?;
        // -1 is pending and has no name.
        Ok(ActionCount { kind, action: Action::from_code(action), count: count.unsigned_abs() })
    };
    rows.into_iter().map(count).collect()
}

async fn chart(transaction: &Transaction<'_>, period: Period) -> Result<Chart, StoreFault> {
    let mut chart = Chart::new(period);
    let statement = "
        SELECT start / $1 * $1, name, sum(count)::bigint FROM portcullis.aggregate
        WHERE grain = 60 AND dimension = $2 AND start >= $3 AND start < $4 GROUP BY 1, 2";
    let values: [&(dyn ToSql + Sync); 4] = [&chart.width, &Dimension::Action.code(), &chart.first, &chart.end];
    let rows = query(transaction, statement, &values, |row| {
        Ok((row.try_get::<_, i64>(0)?, row.try_get::<_, String>(1)?, row.try_get::<_, i64>(2)?))
    });
    for (start, name, count) in rows.await? {
        chart.add(start, &name, count);
    }
    Ok(chart)
}

async fn top(transaction: &Transaction<'_>, period: Period, dimension: Dimension) -> Result<Vec<TopCount>, StoreFault> {
    let Grained { grain, since, until } = Grained::of(period);
    let limit = if dimension == Dimension::Rule { RULES } else { TOP };
    // By name when the counts are equal, so that the page does not flicker.
    let statement = "
        SELECT name, sum(count)::bigint AS total, sum(flagged)::bigint, sum(blocked)::bigint
        FROM portcullis.aggregate
        WHERE grain = $1 AND dimension = $2 AND start >= $3 AND start < $4
        GROUP BY name HAVING sum(count) > 0 ORDER BY total DESC, name LIMIT $5";
    query(transaction, statement, &[&grain, &dimension.code(), &since, &until, &limit], |row| {
        let count = |at| row.try_get::<_, i64>(at).map(|count| u64::try_from(count).unwrap_or_default());
        Ok(TopCount { name: row.try_get(0)?, count: count(1)?, flagged: count(2)?, blocked: count(3)? })
    })
    .await
}

async fn histogram(transaction: &Transaction<'_>, period: Period) -> Result<Latency, StoreFault> {
    let Grained { grain, since, until } = Grained::of(period);
    let statement = "
        SELECT name::bigint, sum(count)::bigint FROM portcullis.aggregate
        WHERE grain = $1 AND dimension = $2 AND start >= $3 AND start < $4 GROUP BY 1 ORDER BY 1";
    let rows = query(transaction, statement, &[&grain, &Dimension::Latency.code(), &since, &until], |row| {
        let bucket = u32::try_from(row.try_get::<_, i64>(0)?).unwrap_or(u32::MAX);
        Ok((bucket, row.try_get::<_, i64>(1)?.unsigned_abs()))
    })
    .await?;
    Ok(latency(&rows))
}
