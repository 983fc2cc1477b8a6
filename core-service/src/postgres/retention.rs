//! What is too old goes: records by whole days, counts and notes with them.

use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{
    connect::{Connector, failed},
    schema,
};
use crate::{events::StoreFault, record::KEPT};

/// Between two looks. Of several nodes each looks; the one that keeps least decides.
const PERIOD: Duration = Duration::from_secs(3600);
/// After a look that failed.
const AGAIN: Duration = Duration::from_secs(60);

pub(super) async fn run(connector: Connector, keep: Option<Duration>, stop: CancellationToken) {
    loop {
        let wait = match tend(&connector, keep).await {
            Ok(0) => PERIOD,
            Ok(days) => {
                tracing::info!(days, "days that are no longer kept were dropped from the event store");
                PERIOD
            }
            // Delivery says what is wrong with the store.
            Err(fault) => {
                tracing::debug!(%fault, "the event store was not looked through for what is too old");
                AGAIN
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Answers how many days went.
async fn tend(connector: &Connector, keep: Option<Duration>) -> Result<usize, StoreFault> {
    let mut client = connector.connect().await?;
    // A node that has nothing to deliver yet has readers all the same.
    schema::prepare(&mut client).await?;
    // The server's: a node whose clock is ahead must not take what all nodes keep.
    let now: Timestamp = client.query_one("SELECT now()", &[]).await.map_err(failed)?.try_get(0).map_err(failed)?;
    let counted = now.as_second() - KEPT;
    for (table, column) in [("aggregate", "start"), ("tally", "second")] {
        let old = format!("DELETE FROM portcullis.{table} WHERE {column} < $1");
        client.execute(&old, &[&counted]).await.map_err(failed)?;
    }
    let Some(before) = keep.and_then(|keep| now.checked_sub(keep).ok()) else { return Ok(0) };
    let days = schema::drop_days(&mut client, before).await?;
    for table in ["review", "reveal"] {
        // A note is younger than what it is about.
        client.execute(&format!("DELETE FROM portcullis.{table} WHERE time < $1"), &[&before]).await.map_err(failed)?;
    }
    Ok(days)
}
