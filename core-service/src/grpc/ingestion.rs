//! `IngestionService`.

use std::sync::Arc;

use portcullis_api::{
    access::Principal,
    error::{ApiError, ErrorCode},
    v1::{
        IngestRefusal, IngestRequest, IngestResponse, IngestStreamRequest, IngestStreamResponse,
        ingestion_service_server::IngestionService,
    },
};
use serde_json::value::RawValue;
use tonic::{Request, Response, Status, Streaming};
use tracing::Instrument as _;

use super::{convert, deadline, span::behind_caller, status};
use crate::{
    domain::exchange::{Payload, Payloads},
    guardrail::service::{Exchange, Guardrail, Ingest},
    record::Appended,
};

/// Records of one stream that wait for the disk together.
const BATCH: usize = 256;
/// Bytes of an idempotency key.
const MAX_KEY: usize = 128;

#[derive(Debug, Clone)]
pub(super) struct IngestionApi {
    pub(super) guardrail: Arc<Guardrail>,
    pub(super) payload_bytes: usize,
}

impl IngestionApi {
    fn read(&self, request: IngestRequest, caller: Option<&Principal>) -> Result<Exchange, ApiError> {
        let payloads = convert::payloads(request.request, request.response, self.payload_bytes)?;
        must_be_json(&payloads)?;
        let status = match request.status {
            0 => 200,
            status => u16::try_from(status)
                .ok()
                .filter(|status| (100..=599).contains(status))
                .ok_or_else(|| convert::invalid("status", "100 to 599"))?,
        };
        if request.idempotency_key.len() > MAX_KEY {
            return Err(convert::invalid("idempotency_key", format_args!("longer than {MAX_KEY} bytes")));
        }
        let ingest = Ingest {
            payloads,
            context: convert::context(request.context, caller)?,
            policies: convert::policies(request.policies)?,
            sync: request.sync,
            late: request.late,
            status,
            idempotency_key: Some(request.idempotency_key).filter(|key| !key.is_empty()),
        };
        self.guardrail.exchange(ingest).map_err(status::from_unknown_policy)
    }
}

/// The log gives payloads back as JSON, so what is none cannot go in. What the JSON says is for the analysis.
fn must_be_json(payloads: &Payloads) -> Result<(), ApiError> {
    for (field, payload) in [("request", payloads.request()), ("response", payloads.response())] {
        if let Some(Payload::Json(json)) = payload {
            // Not IgnoredAny: that one does not look whether strings are UTF-8.
            serde_json::from_slice::<&RawValue>(json).map_err(|error| {
                ApiError::new(ErrorCode::MalformedPayload, format!("{field}: not readable as JSON: {error}")).at(field)
            })?;
        }
    }
    Ok(())
}

#[tonic::async_trait]
impl IngestionService for IngestionApi {
    async fn ingest(&self, request: Request<IngestRequest>) -> Result<Response<IngestResponse>, Status> {
        let deadline = deadline::of(request.metadata());
        let (metadata, extensions, request) = request.into_parts();
        let span = tracing::debug_span!("ingest");
        let span = behind_caller(span, request.context.as_ref(), Some(&metadata));
        let exchange = span.in_scope(|| self.read(request, extensions.get()))?;
        let request_id = exchange.request_id();
        let ingested = self.guardrail.ingest(vec![exchange], deadline).instrument(span);
        let appended = ingested.await.map_err(|error| status::from_log(&error))?;
        let Some(&recorded) = appended.first() else {
            return Err(ApiError::new(ErrorCode::Internal, "the log did not answer").into());
        };
        let Appended { sequence, duplicate_of } = recorded;
        let request_id = duplicate_of.unwrap_or(request_id).to_string();
        let (duplicate, shed) = (duplicate_of.is_some(), recorded.is_shed());
        Ok(Response::new(IngestResponse { request_id, sequence, duplicate, shed }))
    }

    async fn ingest_stream(
        &self,
        request: Request<Streaming<IngestStreamRequest>>,
    ) -> Result<Response<IngestStreamResponse>, Status> {
        let (_, extensions, mut items) = request.into_parts();
        let caller = extensions.get::<Principal>();
        let mut answer = IngestStreamResponse::default();
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let item = items.message().await?;
            let ended = item.is_none();
            let mut refused = None;
            if let Some(item) = item {
                match self.read(item.ingest.unwrap_or_default(), caller) {
                    Ok(exchange) => batch.push(exchange),
                    Err(error) => refused = Some(error),
                }
            }
            if batch.len() == BATCH || ended || refused.is_some() {
                // The stream's own deadline is for all of it; each batch has the default.
                let deadline = deadline::of(&tonic::metadata::MetadataMap::new());
                let appended = self.guardrail.ingest(std::mem::take(&mut batch), deadline).await;
                match appended.map_err(|error| status::from_log(&error)) {
                    Ok(appended) => {
                        let shed = appended.iter().filter(|one| one.is_shed()).count() as u64;
                        answer.shed += shed;
                        answer.accepted += appended.len() as u64 - shed;
                        answer.duplicates += appended.iter().filter(|one| one.duplicate_of.is_some()).count() as u64;
                        let highest = appended.iter().map(|one| one.sequence).max();
                        answer.highest_sequence = answer.highest_sequence.max(highest.unwrap_or_default());
                    }
                    Err(error) => refused = Some(error),
                }
            }
            answer.refusal = refused.map(|error| refusal(answer.accepted + answer.shed, error));
            if ended || answer.refusal.is_some() {
                return Ok(Response::new(answer));
            }
        }
    }
}

fn refusal(index: u64, error: ApiError) -> IngestRefusal {
    IngestRefusal { index, reason: error.code.reason().to_owned(), message: error.message }
}
