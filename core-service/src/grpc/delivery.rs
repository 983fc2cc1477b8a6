//! `DeliveryService`.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use portcullis_api::{
    error::{ApiError, ErrorCode},
    v1::{
        self, DeadLetter, ListDeadLettersRequest, ListDeadLettersResponse, ListSinksRequest, ListSinksResponse,
        RedriveDeadLettersRequest, RedriveDeadLettersResponse, delivery_service_server::DeliveryService,
    },
};
use tokio::time::Instant;
use tonic::{Request, Response, Status};

use super::{convert, status};
use crate::{
    deliver::{Deliveries, DeliveryFailure, SinkState, SinkStatus},
    events::{DEFAULT_LIMIT, MAX_LIMIT},
    record::{DeliveryChange, Log, LogError, SinkRow, UndeliveredState},
};

/// For the log to take a change.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Clone)]
pub(super) struct DeliveryApi {
    pub(super) log: Arc<Log>,
    pub(super) deliveries: Deliveries,
}

impl DeliveryApi {
    pub(super) async fn sinks(&self) -> Result<Vec<v1::SinkStatus>, LogError> {
        let rows = self.log.sinks().await?;
        Ok(merge(rows, self.deliveries.statuses(), *self.log.tip().borrow(), Timestamp::now()))
    }

    async fn known(&self, sink: &str) -> Result<(), ApiError> {
        let rows = self.log.sinks().await.map_err(|error| status::from_log(&error))?;
        let known = rows.iter().any(|row| row.name == sink);
        if known { Ok(()) } else { Err(ApiError::new(ErrorCode::NotFound, "the log knows no such sink").at("sink")) }
    }
}

#[tonic::async_trait]
impl DeliveryService for DeliveryApi {
    async fn list_sinks(&self, _: Request<ListSinksRequest>) -> Result<Response<ListSinksResponse>, Status> {
        let sinks = self.sinks().await.map_err(|error| status::from_log(&error))?;
        Ok(Response::new(ListSinksResponse { sinks }))
    }

    async fn list_dead_letters(
        &self,
        request: Request<ListDeadLettersRequest>,
    ) -> Result<Response<ListDeadLettersResponse>, Status> {
        let ListDeadLettersRequest { sink, limit, after } = request.into_inner();
        self.known(&sink).await?;
        let limit = if limit == 0 { DEFAULT_LIMIT } else { limit.min(MAX_LIMIT) } as usize;
        // One more than the limit tells whether there is a next page.
        let dead = self.log.dead_letters(&sink, after, limit + 1).await;
        let mut dead = dead.map_err(|error| status::from_log(&error))?;
        let more = dead.len() > limit;
        dead.truncate(limit);
        let next = dead.last().filter(|_| more).map_or(0, |last| last.sequence);
        let node = self.log.node();
        let dead_letters = dead
            .into_iter()
            .map(|one| DeadLetter {
                id: format!("{node}-{}", one.sequence),
                sequence: one.sequence,
                reason: one.reason.as_str().to_owned(),
                attempts: one.attempts,
                time: format!("{:.6}", one.time),
                redrive: one.state == UndeliveredState::Redrive,
            })
            .collect();
        Ok(Response::new(ListDeadLettersResponse { dead_letters, next }))
    }

    async fn redrive_dead_letters(
        &self,
        request: Request<RedriveDeadLettersRequest>,
    ) -> Result<Response<RedriveDeadLettersResponse>, Status> {
        let RedriveDeadLettersRequest { sink, reason } = request.into_inner();
        self.known(&sink).await?;
        let reason = match reason.as_str() {
            "" => None,
            word => Some(DeliveryFailure::of(word).ok_or_else(|| convert::invalid("reason", "unknown"))?),
        };
        let change = DeliveryChange::Redrive { sink: sink.into(), reason };
        let changed = self.log.deliver(change, Instant::now() + PATIENCE).await;
        let records = changed.map_err(|error| status::from_log(&error))?;
        Ok(Response::new(RedriveDeadLettersResponse { records }))
    }
}

/// What the log knows of a sink, and what its task does.
fn merge(rows: Vec<SinkRow>, served: Vec<SinkStatus>, tip: u64, now: Timestamp) -> Vec<v1::SinkStatus> {
    let mut sinks: BTreeMap<String, v1::SinkStatus> = rows
        .into_iter()
        .map(|row| {
            let SinkRow { name, cursor, held, dead, redrive } = row;
            let state = v1::SinkState::Unused.into();
            let lag = tip.saturating_sub(cursor) + held + redrive;
            (name.clone(), v1::SinkStatus { name, state, cursor, held, dead, redrive, lag, ..Default::default() })
        })
        .collect();
    for status in served {
        let age = status.oldest_age_seconds(now);
        let sink = sinks.entry(status.name.to_string()).or_default();
        sink.name = status.name.to_string();
        sink.about = status.about;
        sink.state = match status.state {
            SinkState::Starting => v1::SinkState::Starting,
            SinkState::Running => v1::SinkState::Running,
            SinkState::Failing => v1::SinkState::Failing,
            SinkState::Stopped => v1::SinkState::Stopped,
        }
        .into();
        sink.lag = status.lag;
        sink.oldest_age_seconds = age;
        (sink.delivered, sink.attempts) = (status.delivered, status.attempts);
        if let Some((reason, time)) = status.last_failure {
            reason.as_str().clone_into(&mut sink.last_failure);
            sink.last_failure_time = format!("{time:.6}");
        }
    }
    sinks.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{
        Begin, Undelivered,
        samples::{allowed, folder, later},
    };

    #[tokio::test]
    async fn a_page_that_ends_with_the_last_dead_letter_has_no_next() {
        let folder = folder();
        let log = Arc::new(Log::open(folder.path()).unwrap());
        log.append((0..4).map(|_| allowed()).collect(), later()).await.unwrap();
        let sink: Arc<str> = "sink".into();
        let register = DeliveryChange::Register { sink: Arc::clone(&sink), begin: Begin::Oldest };
        log.deliver(register, later()).await.unwrap();
        let dead = |sequence| Undelivered {
            sequence,
            state: UndeliveredState::Dead,
            reason: DeliveryFailure::Rejected,
            attempts: 1,
            time: Timestamp::UNIX_EPOCH,
        };
        let set = (1..=4).map(dead).collect();
        log.deliver(DeliveryChange::Progress { sink, cursor: 4, set, cleared: Vec::new() }, later()).await.unwrap();
        let api = DeliveryApi { log: Arc::clone(&log), deliveries: Deliveries::default() };
        for (limit, after, told, next) in [(2, 0, 2, 2), (2, 2, 2, 0), (4, 0, 4, 0), (3, 0, 3, 3), (3, 3, 1, 0)] {
            let request = ListDeadLettersRequest { sink: "sink".to_owned(), limit, after };
            let answer = api.list_dead_letters(Request::new(request)).await.unwrap().into_inner();
            assert_eq!((answer.dead_letters.len(), answer.next), (told, next), "{limit} after {after}");
        }
        log.close().await;
    }

    #[test]
    fn a_sink_that_is_not_served_any_more_is_told_with_those_that_are() {
        let row = |name: &str, cursor| SinkRow { name: name.to_owned(), cursor, held: 1, dead: 2, redrive: 3 };
        let served = SinkStatus {
            name: "ingest".into(),
            about: "http://akto/".to_owned(),
            state: SinkState::Failing,
            cursor: 8,
            lag: 5,
            oldest: Some(Timestamp::UNIX_EPOCH),
            delivered: 7,
            attempts: 9,
            dead: 2,
            last_failure: Some((DeliveryFailure::TimedOut, Timestamp::UNIX_EPOCH)),
        };
        let new = SinkStatus {
            name: "file".into(),
            state: SinkState::Starting,
            oldest: None,
            last_failure: None,
            ..served.clone()
        };
        let now = Timestamp::from_second(4).unwrap();
        let sinks = merge(vec![row("ingest", 8), row("old", 3)], vec![served, new], 10, now);
        let told: Vec<_> = sinks.iter().map(|sink| (sink.name.as_str(), sink.state(), sink.dead, sink.lag)).collect();
        assert_eq!(
            told,
            [
                ("file", v1::SinkState::Starting, 0, 5),
                ("ingest", v1::SinkState::Failing, 2, 5),
                ("old", v1::SinkState::Unused, 2, 11)
            ]
        );
        assert!((sinks[1].oldest_age_seconds - 4.0).abs() < f64::EPSILON);
        assert_eq!((sinks[1].last_failure.as_str(), sinks[1].held), ("timed_out", 1));
    }
}
