//! `CanaryService`.

use std::sync::Arc;

use portcullis_api::{
    error::{ApiError, ErrorCode},
    v1::{
        BeginCanaryRequest, BeginCanaryResponse, EndCanaryRequest, EndCanaryResponse, GetCanaryRequest,
        GetCanaryResponse, canary_service_server::CanaryService,
    },
};
use serde_json::value::RawValue;
use tonic::{Request, Response, Status};

use super::{convert, deadline, status};
use crate::{
    guardrail::{
        canary::{
            self, CanaryReport,
            runs::{LIFETIME, PREFIX},
        },
        service::Guardrail,
    },
    telemetry::CanaryProblem,
};

const MAX_REPORT: usize = 64 << 10;

#[derive(Debug, Clone)]
pub(super) struct CanaryApi {
    pub(super) guardrail: Arc<Guardrail>,
}

#[tonic::async_trait]
impl CanaryService for CanaryApi {
    async fn begin_canary(&self, _: Request<BeginCanaryRequest>) -> Result<Response<BeginCanaryResponse>, Status> {
        let id = self.guardrail.canaries().begin();
        let expires_in_s = u32::try_from(LIFETIME.as_secs()).unwrap_or(u32::MAX);
        Ok(Response::new(BeginCanaryResponse { id, prefix: PREFIX.to_owned(), expires_in_s }))
    }

    async fn get_canary(&self, request: Request<GetCanaryRequest>) -> Result<Response<GetCanaryResponse>, Status> {
        let seen = self.guardrail.canaries().seen(&request.get_ref().id).ok_or_else(unknown)?;
        Ok(Response::new(GetCanaryResponse { seen: seen.iter().map(|probe| probe.word().to_owned()).collect() }))
    }

    async fn end_canary(&self, request: Request<EndCanaryRequest>) -> Result<Response<EndCanaryResponse>, Status> {
        let deadline = deadline::of(request.metadata());
        let (id, report) = read(request.into_inner())?;
        // Its name has become worthless before anything is recorded: a run makes one event.
        if !self.guardrail.canaries().end(&id) {
            return Err(unknown().into());
        }
        let log = self.guardrail.log();
        let sequence = canary::record(log, report, deadline).await.map_err(|error| status::from_log(&error))?;
        Ok(Response::new(EndCanaryResponse { event: format!("{}-{sequence}", log.node()) }))
    }
}

fn unknown() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "there is no canary run of this id, or its time is over").at("id")
}

fn read(request: EndCanaryRequest) -> Result<(String, CanaryReport), ApiError> {
    let EndCanaryRequest { id, gateway, model, problems, report } = request;
    for (field, text, longest) in [("gateway", &gateway, 256), ("model", &model, 1024)] {
        if text.len() > longest {
            return Err(convert::invalid(field, format_args!("longer than {longest} bytes")));
        }
    }
    if report.len() > MAX_REPORT {
        return Err(convert::invalid("report", format_args!("longer than {MAX_REPORT} bytes")));
    }
    serde_json::from_slice::<&RawValue>(&report)
        .map_err(|error| ApiError::new(ErrorCode::MalformedPayload, format!("report: {error}")).at("report"))?;
    let known = |problem: &String| {
        CanaryProblem::of(problem).ok_or_else(|| convert::invalid("problems", "a problem that is not known"))
    };
    let mut problems = problems.iter().map(known).collect::<Result<Vec<_>, _>>()?;
    problems.sort_unstable();
    problems.dedup();
    Ok((id, CanaryReport { gateway, model, problems, report }))
}
