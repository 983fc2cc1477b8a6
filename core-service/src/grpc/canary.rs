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
            self, CanaryReport, NotRecorded,
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
        let run = self.guardrail.canaries().end(&id).ok_or_else(unknown)?;
        let log = self.guardrail.log();
        match canary::record(log, report, deadline).await {
            Ok(sequence) => Ok(Response::new(EndCanaryResponse { event: format!("{}-{sequence}", log.node()) })),
            Err(error) => {
                // Nothing is there of it: whoever comes again ends it then.
                self.guardrail.canaries().put_back(run);
                Err(not_recorded(&error).into())
            }
        }
    }
}

fn not_recorded(error: &NotRecorded) -> ApiError {
    match error {
        NotRecorded::Log(error) => status::from_log(error),
        NotRecorded::Shed => {
            ApiError::new(ErrorCode::StorageUnavailable, "the log cannot be written; nothing was recorded")
        }
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{
        policy::{live::Live, load::Loader},
        record::{Log, LogSettings, OnFull, samples::folder},
        session::{Limits, Sessions},
        telemetry::metrics,
    };

    async fn ended(api: &CanaryApi, id: &str) -> Result<String, ApiError> {
        // White space is JSON, and bytes all the same.
        let report = Bytes::from(format!("{}{{}}", " ".repeat(MAX_REPORT - 2)));
        let request = EndCanaryRequest { id: id.to_owned(), report, ..EndCanaryRequest::default() };
        let ended = api.end_canary(Request::new(request)).await.map_err(|status| ApiError::from(&status))?;
        Ok(ended.into_inner().event)
    }

    #[tokio::test]
    async fn a_run_of_which_the_event_was_dropped_is_not_ended() {
        let folder = folder();
        let (_, generation) = Loader::new(folder.path().join("policies")).unwrap();
        let settings = LogSettings { on_full: OnFull::Shed, max_bytes: Some(2 << 20), ..LogSettings::default() };
        let log = Arc::new(Log::open_with(&folder.path().join("data"), &settings).unwrap());
        let sessions = Arc::new(Sessions::new(Limits::default()));
        let guardrail = Guardrail::new(Arc::new(Live::new(generation)), log, [0; 32], sessions);
        let api = CanaryApi { guardrail: Arc::new(guardrail) };
        // Of the process: other tests may have ended runs.
        let runs = || {
            let page = metrics().render(None);
            let line = page.lines().find_map(|line| line.strip_prefix("portcullis_canary_runs_total "));
            line.and_then(|runs| runs.parse::<u64>().ok()).unwrap_or_default()
        };
        let (before, mut events) = (runs(), 0);
        let (id, refused) = loop {
            let id = api.guardrail.canaries().begin();
            match ended(&api, &id).await {
                Ok(event) => {
                    assert!(!event.ends_with("-0"), "an event that is not there");
                    assert_eq!(api.guardrail.canaries().seen(&id), None);
                    events += 1;
                }
                Err(refused) => break (id, refused),
            }
        };
        assert_eq!(refused.code, ErrorCode::StorageUnavailable);
        assert_eq!(api.guardrail.canaries().seen(&id), Some(Vec::new()));
        // Whoever made the run hears of it, and counts it.
        assert_eq!(runs() - before, events);
    }
}
