//! `GuardrailService`.

mod stream;

use std::{sync::Arc, time::Instant};

use portcullis_api::{
    access::Principal,
    error::ApiError,
    v1::{
        self, CheckError, CheckRequest, CheckResponse, CheckStreamRequest, CoverageView, Operation, Recording,
        check_stream_response::Outcome, guardrail_service_server::GuardrailService,
    },
};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming, metadata::MetadataMap};
use tracing::Instrument as _;
use uuid::Uuid;

use self::stream::Answers;
use super::{convert, deadline, span::behind_caller, status};
use crate::{
    foreground::Call,
    guardrail::{
        service::{self, Check, Checked, Guardrail},
        text::OpenTexts,
    },
    telemetry::{self, CallRefused, Via},
};

/// In the metadata of a failed call.
const REQUEST_ID: &str = "x-request-id";

#[derive(Debug, Clone)]
pub(super) struct GuardrailApi {
    pub(super) guardrail: Arc<Guardrail>,
    pub(super) payload_bytes: usize,
    /// Those that come in pieces.
    pub(super) texts: OpenTexts,
    /// Ends streams.
    pub(super) stop: CancellationToken,
}

impl GuardrailApi {
    async fn judge(
        &self,
        request: CheckRequest,
        caller: Option<&Principal>,
        metadata: Option<&MetadataMap>,
        deadline: Instant,
    ) -> Result<CheckResponse, Refused> {
        let _call = Call::begin();
        let request_id = Uuid::now_v7();
        let span = tracing::info_span!("check", %request_id);
        let span = behind_caller(span, request.context.as_ref(), metadata);
        let judged = self.judge_as(request_id, request, caller, deadline).instrument(span).await;
        judged.map_err(|error| Refused { error, request_id })
    }

    async fn judge_as(
        &self,
        request_id: Uuid,
        request: CheckRequest,
        caller: Option<&Principal>,
        deadline: Instant,
    ) -> Result<CheckResponse, ApiError> {
        let spelling = |payload: &Option<v1::Payload>| payload.as_ref().map(convert::Spelling::of).unwrap_or_default();
        let (request_spelling, response_spelling) = (spelling(&request.request), spelling(&request.response));
        let view =
            CoverageView::try_from(request.coverage_view).map_err(|_| convert::invalid("coverage_view", "unknown"))?;
        let check = self.read(request_id, request, caller, deadline)?;
        let checked = self.guardrail.check(check).await.map_err(status::from_guardrail)?;
        let Checked { request_id, decision, coverage, masked, shed } = checked;
        Ok(CheckResponse {
            masked_request: masked.request.map(|payload| request_spelling.write(payload)),
            masked_response: masked.response.map(|payload| response_spelling.write(payload)),
            shed,
            ..convert::check_response(request_id.to_string(), decision, coverage, view)
        })
    }

    fn read(
        &self,
        request_id: Uuid,
        request: CheckRequest,
        caller: Option<&Principal>,
        deadline: Instant,
    ) -> Result<Check, ApiError> {
        let operation = match Operation::try_from(request.operation) {
            Ok(Operation::Unspecified | Operation::Validate) => service::Operation::Validate,
            Ok(Operation::Mutate) => service::Operation::Mutate,
            Err(_) => return Err(convert::invalid("operation", "unknown")),
        };
        let recording = recording(request.recording)?;
        let status = convert::http_status(request.status)?;
        let payloads = convert::payloads(request.request, request.response, self.payload_bytes)?;
        Ok(Check {
            request_id,
            operation,
            side: convert::side(request.judge, &payloads)?,
            payloads,
            context: convert::context(request.context, caller)?,
            policies: convert::policies(request.policies)?,
            recording,
            status,
            deadline,
        })
    }

    async fn answer(self, check: Option<CheckRequest>, caller: Option<&Principal>) -> Result<CheckResponse, ApiError> {
        self.judge(check.unwrap_or_default(), caller, None, deadline::default()).await.map_err(|refused| refused.error)
    }
}

/// A check without a verdict, and the id under which the log tells of it.
struct Refused {
    error: ApiError,
    request_id: Uuid,
}

impl From<Refused> for Status {
    fn from(Refused { error, request_id }: Refused) -> Self {
        let mut status = Self::from(error);
        if let Ok(id) = request_id.to_string().parse() {
            status.metadata_mut().insert(REQUEST_ID, id);
        }
        status
    }
}

pub(super) fn recording(recording: i32) -> Result<service::Recording, ApiError> {
    match Recording::try_from(recording) {
        Ok(Recording::Unspecified | Recording::Always) => Ok(service::Recording::Always),
        Ok(Recording::Decision) => Ok(service::Recording::Decision),
        Ok(Recording::IfViolated) => Ok(service::Recording::IfViolated),
        Ok(Recording::Never) => Ok(service::Recording::Never),
        Err(_) => Err(convert::invalid("recording", "unknown")),
    }
}

fn outcome(answer: Result<CheckResponse, ApiError>) -> Outcome {
    match answer {
        Ok(result) => Outcome::Result(result),
        Err(error) => {
            let ApiError { code, message, .. } = refused(error);
            Outcome::Error(CheckError { reason: code.reason().to_owned(), message })
        }
    }
}

/// Each question of a stream is a call of its own, and the port sees but the stream.
fn refused(error: ApiError) -> ApiError {
    telemetry::emit(CallRefused { via: Via::Grpc, error: error.code });
    error
}

#[tonic::async_trait]
impl GuardrailService for GuardrailApi {
    async fn check(&self, request: Request<CheckRequest>) -> Result<Response<CheckResponse>, Status> {
        let deadline = deadline::of(request.metadata());
        let (metadata, extensions, request) = request.into_parts();
        Ok(Response::new(self.judge(request, extensions.get(), Some(&metadata), deadline).await?))
    }

    type CheckStreamStream = Answers;

    async fn check_stream(
        &self,
        request: Request<Streaming<CheckStreamRequest>>,
    ) -> Result<Response<Self::CheckStreamStream>, Status> {
        let (_, extensions, questions) = request.into_parts();
        Ok(Response::new(stream::answers(self.clone(), extensions.get().cloned(), questions)))
    }
}
