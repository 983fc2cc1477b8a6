//! `IngestionService`.

mod stream;

use std::sync::Arc;

use portcullis_api::{
    access::Principal,
    error::{ApiError, ErrorCode},
    v1::{IngestRequest, IngestResponse, IngestStreamRequest, ingestion_service_server::IngestionService},
};
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};
use tracing::Instrument as _;
use uuid::Uuid;

use self::stream::Acks;
use super::{convert, deadline, span::behind_caller, status};
use crate::{
    domain::exchange::{Payload, Payloads},
    foreground::Call,
    guardrail::service::{Exchange, Guardrail, Ingest},
    record::Appended,
};

/// Bytes of an idempotency key.
const MAX_KEY: usize = 128;

#[derive(Debug, Clone)]
pub(super) struct IngestionApi {
    pub(super) guardrail: Arc<Guardrail>,
    pub(super) payload_bytes: usize,
    /// Ends streams.
    pub(super) stop: CancellationToken,
}

impl IngestionApi {
    fn read(&self, request: IngestRequest, caller: Option<&Principal>) -> Result<Exchange, ApiError> {
        let payloads = convert::payloads(request.request, request.response, self.payload_bytes)?;
        must_be_json(&payloads)?;
        let status = convert::http_status(request.status)?;
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
        let _call = Call::begin();
        let deadline = deadline::of(request.metadata());
        let (metadata, extensions, request) = request.into_parts();
        let span = tracing::debug_span!("ingest");
        let span = behind_caller(span, request.context.as_ref(), Some(&metadata));
        let exchange = span.in_scope(|| self.read(request, extensions.get()))?;
        let request_id = exchange.request_id();
        let ingested = self.guardrail.ingest(vec![exchange], deadline).instrument(span);
        let appended = ingested.await.map_err(status::from_guardrail)?;
        let appended = appended.first().ok_or_else(no_answer)?;
        Ok(Response::new(recorded(request_id, *appended)))
    }

    type IngestStreamStream = Acks;

    async fn ingest_stream(
        &self,
        request: Request<Streaming<IngestStreamRequest>>,
    ) -> Result<Response<Self::IngestStreamStream>, Status> {
        let (_, extensions, items) = request.into_parts();
        Ok(Response::new(stream::acks(self.clone(), extensions.get().cloned(), items)))
    }
}

fn recorded(request_id: Uuid, appended: Appended) -> IngestResponse {
    let Appended { sequence, duplicate_of } = appended;
    IngestResponse {
        request_id: duplicate_of.unwrap_or(request_id).to_string(),
        sequence,
        duplicate: duplicate_of.is_some(),
        shed: appended.is_shed(),
    }
}

fn no_answer() -> ApiError {
    ApiError::new(ErrorCode::Internal, "the log did not answer")
}
