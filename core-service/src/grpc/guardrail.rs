//! `GuardrailService`.

use std::{pin::Pin, sync::Arc, time::Instant};

use futures_util::{Stream, StreamExt as _};
use portcullis_api::{
    error::ApiError,
    v1::{
        self, CheckError, CheckRequest, CheckResponse, CheckStreamRequest, CheckStreamResponse, CoverageView,
        Operation, Recording, check_stream_response::Outcome, guardrail_service_server::GuardrailService,
    },
};
use tonic::{Request, Response, Status, Streaming};

use super::{convert, deadline, status};
use crate::guardrail::service::{self, Check, Checked, Guardrail};

/// Questions of one stream that are judged at the same time.
const IN_FLIGHT: usize = 16;

#[derive(Debug, Clone)]
pub(super) struct GuardrailApi {
    pub(super) guardrail: Arc<Guardrail>,
    pub(super) payload_bytes: usize,
}

impl GuardrailApi {
    async fn judge(&self, request: CheckRequest, deadline: Instant) -> Result<CheckResponse, ApiError> {
        let spelling = |payload: &Option<v1::Payload>| payload.as_ref().map(convert::Spelling::of).unwrap_or_default();
        let (request_spelling, response_spelling) = (spelling(&request.request), spelling(&request.response));
        let view =
            CoverageView::try_from(request.coverage_view).map_err(|_| convert::invalid("coverage_view", "unknown"))?;
        let check = self.read(request, deadline)?;
        let checked = self.guardrail.check(check).await.map_err(status::from_guardrail)?;
        let Checked { request_id, decision, coverage, masked } = checked;
        Ok(CheckResponse {
            masked_request: masked.request.map(|payload| request_spelling.write(payload)),
            masked_response: masked.response.map(|payload| response_spelling.write(payload)),
            ..convert::check_response(request_id.to_string(), decision, coverage, view)
        })
    }

    fn read(&self, request: CheckRequest, deadline: Instant) -> Result<Check, ApiError> {
        let operation = match Operation::try_from(request.operation) {
            Ok(Operation::Unspecified | Operation::Validate) => service::Operation::Validate,
            Ok(Operation::Mutate) => service::Operation::Mutate,
            Err(_) => return Err(convert::invalid("operation", "unknown")),
        };
        let recording = match Recording::try_from(request.recording) {
            Ok(Recording::Unspecified | Recording::Always) => service::Recording::Always,
            Ok(Recording::Decision) => service::Recording::Decision,
            Ok(Recording::IfViolated) => service::Recording::IfViolated,
            Ok(Recording::Never) => service::Recording::Never,
            Err(_) => return Err(convert::invalid("recording", "unknown")),
        };
        let payloads = convert::payloads(request.request, request.response, self.payload_bytes)?;
        Ok(Check {
            operation,
            side: convert::side(request.judge, &payloads)?,
            payloads,
            context: convert::context(request.context)?,
            policies: convert::policies(request.policies)?,
            recording,
            deadline,
        })
    }

    async fn answer(self, item: CheckStreamRequest) -> Result<CheckStreamResponse, Status> {
        let CheckStreamRequest { id, check } = item;
        if id.len() > 128 {
            return Err(convert::invalid("id", "longer than 128 bytes").into());
        }
        // The stream's own deadline is for all of it; each question has the default.
        let deadline = deadline::of(&tonic::metadata::MetadataMap::new());
        let outcome = match self.judge(check.unwrap_or_default(), deadline).await {
            Ok(result) => Outcome::Result(result),
            Err(error) => Outcome::Error(CheckError { reason: error.code.reason().to_owned(), message: error.message }),
        };
        Ok(CheckStreamResponse { id, outcome: Some(outcome) })
    }
}

#[tonic::async_trait]
impl GuardrailService for GuardrailApi {
    async fn check(&self, request: Request<CheckRequest>) -> Result<Response<CheckResponse>, Status> {
        let deadline = deadline::of(request.metadata());
        Ok(Response::new(self.judge(request.into_inner(), deadline).await?))
    }

    type CheckStreamStream = Pin<Box<dyn Stream<Item = Result<CheckStreamResponse, Status>> + Send>>;

    async fn check_stream(
        &self,
        request: Request<Streaming<CheckStreamRequest>>,
    ) -> Result<Response<Self::CheckStreamStream>, Status> {
        let api = self.clone();
        let answers = request.into_inner().map(move |item| {
            let api = api.clone();
            async move { api.answer(item?).await }
        });
        Ok(Response::new(Box::pin(answers.buffered(IN_FLIGHT))))
    }
}
