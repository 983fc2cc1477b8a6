//! Many exchanges over one stream: read as far as the log keeps up, and acknowledged in their order.
//!
//! Items that have arrived together are one batch, whose records share a commit. [`FLIGHTS`] batches are on their way to the disk
//! at the same time; until one of them is acknowledged, and its acknowledgement is taken, nothing more is read. So what a
//! stream holds in memory is bounded by [`FLIGHTS`], [`BATCH`] and [`BATCH_BYTES`], and the sender is held back by HTTP/2.

use std::{pin::Pin, sync::Arc};

use futures_util::{FutureExt as _, Stream, StreamExt as _, future, stream};
use portcullis_api::{
    access::Principal,
    error::{self, ApiError},
    v1::{IngestAck, IngestRefusal, IngestRequest, IngestStreamRequest, IngestStreamResponse, ingest_ack::Outcome},
};
use prost::Message as _;
use tokio_util::sync::CancellationToken;
use tonic::Status;

use super::{IngestionApi, no_answer, recorded};
use crate::{
    grpc::{deadline, status},
    guardrail::service::Exchange,
};

/// Items of one batch.
const BATCH: usize = 256;
/// A batch that has so many bytes takes no further item.
const BATCH_BYTES: usize = 1 << 20;
const FLIGHTS: usize = 4;

pub(super) type Acks = Pin<Box<dyn Stream<Item = Result<IngestStreamResponse, Status>> + Send>>;

/// Acknowledges what comes until it ends, fails, or the service stops.
pub(super) fn acks<S>(api: IngestionApi, caller: Option<Principal>, items: S) -> Acks
where
    S: Stream<Item = Result<IngestStreamRequest, Status>> + Send + Unpin + 'static,
{
    let (api, caller) = (Arc::new(api), Arc::new(caller));
    let reader = Reader { items, stop: api.stop.clone(), index: 0, ended: false };
    let batches = stream::unfold(reader, |mut reader| async move { reader.batch().await.map(|batch| (batch, reader)) });
    let answers = batches
        .map(move |batch| {
            // In the order of the stream, and before anybody waits: who sent first is recorded first.
            let read: Vec<_> = batch.items.into_iter().map(|item| read(&api, caller.as_ref().as_ref(), item)).collect();
            let api = Arc::clone(&api);
            async move { (record(&api, read).await, batch.end) }
        })
        .buffered(FLIGHTS)
        .flat_map(|(acked, end)| {
            let acked = match acked {
                Ok(acks) if acks.is_empty() => None,
                Ok(acks) => Some(Ok(IngestStreamResponse { acks })),
                Err(error) => Some(Err(error.into())),
            };
            stream::iter(acked.into_iter().chain(end.map(Err)))
        });
    // An error is the last word: what comes after it would not be sent.
    Box::pin(answers.scan(false, |failed, answer| {
        let told = (!*failed).then_some(answer);
        *failed |= matches!(told, Some(Err(_)));
        future::ready(told)
    }))
}

struct Item {
    index: u64,
    ingest: IngestRequest,
}

#[derive(Default)]
struct Batch {
    items: Vec<Item>,
    /// Why nothing comes after it, when that is an error.
    end: Option<Status>,
}

struct Reader<S> {
    items: S,
    stop: CancellationToken,
    index: u64,
    ended: bool,
}

impl<S: Stream<Item = Result<IngestStreamRequest, Status>> + Unpin> Reader<S> {
    /// Waits for one item, and takes what came with it. None when there is nothing more.
    async fn batch(&mut self) -> Option<Batch> {
        let (mut batch, mut bytes) = (Batch::default(), 0);
        while !self.ended && batch.items.len() < BATCH && bytes < BATCH_BYTES {
            let next = if batch.items.is_empty() {
                tokio::select! {
                    biased;
                    () = self.stop.cancelled() => Some(Err(status::stopping().into())),
                    next = self.items.next() => next,
                }
            } else {
                match self.items.next().now_or_never() {
                    Some(next) => next,
                    None => break,
                }
            };
            match next {
                Some(Ok(IngestStreamRequest { ingest })) => {
                    let ingest = ingest.unwrap_or_default();
                    bytes += ingest.encoded_len();
                    batch.items.push(Item { index: self.index, ingest });
                    self.index += 1;
                }
                Some(Err(status)) => {
                    self.ended = true;
                    batch.end = Some(error::unread(&status).unwrap_or(status));
                }
                None => self.ended = true,
            }
        }
        (!batch.items.is_empty() || batch.end.is_some()).then_some(batch)
    }
}

/// An item that was read, with what an acknowledgement says of it.
struct Read {
    index: u64,
    idempotency_key: String,
    exchange: Result<Exchange, ApiError>,
}

fn read(api: &IngestionApi, caller: Option<&Principal>, Item { index, ingest }: Item) -> Read {
    // One that is too long is refused, and not sent back.
    let idempotency_key =
        if ingest.idempotency_key.len() > super::MAX_KEY { String::new() } else { ingest.idempotency_key.clone() };
    Read { index, idempotency_key, exchange: api.read(ingest, caller) }
}

async fn record(api: &IngestionApi, items: Vec<Read>) -> Result<Vec<IngestAck>, ApiError> {
    let (mut acks, mut exchanges, mut places) = (Vec::with_capacity(items.len()), Vec::new(), Vec::new());
    for Read { index, idempotency_key, exchange } in items {
        let outcome = match exchange {
            Ok(exchange) => {
                places.push((acks.len(), exchange.request_id()));
                exchanges.push(exchange);
                None
            }
            Err(error) => Some(Outcome::Refused(refusal(error))),
        };
        acks.push(IngestAck { index, idempotency_key, outcome });
    }
    // Each batch has the default: a stream has no deadline of its own.
    let appended = api.guardrail.ingest(exchanges, deadline::default()).await;
    let appended = appended.map_err(status::from_guardrail)?;
    if appended.len() != places.len() {
        return Err(no_answer());
    }
    for ((place, request_id), appended) in places.into_iter().zip(appended) {
        if let Some(ack) = acks.get_mut(place) {
            ack.outcome = Some(Outcome::Recorded(recorded(request_id, appended)));
        }
    }
    Ok(acks)
}

fn refusal(error: ApiError) -> IngestRefusal {
    IngestRefusal {
        reason: error.code.reason().to_owned(),
        message: error.message,
        field: error.field.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
