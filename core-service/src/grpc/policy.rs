//! `PolicyService`.

use std::sync::Arc;

use portcullis_api::{
    error::{ApiError, ErrorCode},
    v1::{
        ApplyPolicyRequest, ApplyPolicyResponse, CheckResponse, CoverageView, DeletePolicyRequest,
        DeletePolicyResponse, GetPolicyRequest, GetPolicyResponse, LintPolicyRequest, LintPolicyResponse,
        ListPoliciesRequest, ListPoliciesResponse, PolicyProblem, PolicyState, PolicyStatus, ReplayPolicyRequest,
        ReplayPolicyResponse, TestPolicyCase, TestPolicyRequest, TestPolicyResponse,
        policy_service_server::PolicyService,
    },
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{convert, deadline, status};
use crate::{
    domain::exchange::CallContext,
    guardrail::judge,
    policy::{
        compile,
        live::{Live, PolicyStatus as Loaded, State},
        parse::Problem,
        set::PolicySet,
    },
};

const MAX_CASES: usize = 1000;

/// Problems that an error tells, and bytes of them together: they stand three times in the head of the answer, twice in
/// base64, and of a head common clients take 8 KiB. `LintPolicy` tells all of them.
const TOLD_PROBLEMS: usize = 10;
const TOLD_BYTES: usize = 1600;

#[derive(Debug, Clone)]
pub(super) struct PolicyApi {
    pub(super) policies: Arc<Live>,
    pub(super) payload_bytes: usize,
}

#[tonic::async_trait]
impl PolicyService for PolicyApi {
    async fn list_policies(&self, _: Request<ListPoliciesRequest>) -> Result<Response<ListPoliciesResponse>, Status> {
        let view = self.policies.view();
        Ok(Response::new(ListPoliciesResponse { policies: view.statuses.iter().map(policy_status).collect() }))
    }

    async fn get_policy(&self, request: Request<GetPolicyRequest>) -> Result<Response<GetPolicyResponse>, Status> {
        let name = request.into_inner().name;
        let view = self.policies.view();
        let found = view.statuses.iter().find_map(|status| {
            status.state.loaded().filter(|loaded| *loaded.policy.reference.name == *name).map(|loaded| (status, loaded))
        });
        let (status, loaded) =
            found.ok_or_else(|| ApiError::new(ErrorCode::NotFound, "no policy of that name is in force").at("name"))?;
        let source = loaded.policy.source.to_string();
        Ok(Response::new(GetPolicyResponse { status: Some(policy_status(status)), source }))
    }

    async fn lint_policy(&self, request: Request<LintPolicyRequest>) -> Result<Response<LintPolicyResponse>, Status> {
        let source = request.into_inner().source;
        let problems = blocking(move || compile::compile(&source).err().unwrap_or_default()).await?;
        let problems: Vec<_> = problems.iter().map(problem).collect();
        Ok(Response::new(LintPolicyResponse { valid: problems.is_empty(), problems }))
    }

    async fn test_policy(&self, request: Request<TestPolicyRequest>) -> Result<Response<TestPolicyResponse>, Status> {
        let limit = self.payload_bytes;
        let deadline = deadline::of(request.metadata());
        let TestPolicyRequest { source, cases } = request.into_inner();
        if cases.len() > MAX_CASES {
            return Err(convert::invalid("cases", format_args!("more than {MAX_CASES}")).into());
        }
        let results = blocking(move || {
            let policy = compile::compile(&source).map_err(invalid_policy)?;
            let names = vec![policy.reference.name.to_string()];
            let set =
                PolicySet::new(vec![Arc::new(policy)]).map_err(|why| ApiError::new(ErrorCode::InvalidPolicy, why))?;
            let judge = |case: TestPolicyCase| -> Result<CheckResponse, ApiError> {
                let payloads = convert::payloads(case.request, case.response, limit)?;
                let judgement = judge::judge(&set, &names, &payloads, None, &CallContext::default(), Some(deadline))
                    .map_err(status::from_judge)?;
                let request_id = Uuid::now_v7().to_string();
                Ok(convert::check_response(request_id, judgement.decision, judgement.coverage, CoverageView::Full))
            };
            let results = cases.into_iter().enumerate();
            results
                .map(|(place, case)| judge(case).map_err(|error| of_case(place, error)))
                .collect::<Result<Vec<_>, ApiError>>()
        });
        Ok(Response::new(TestPolicyResponse { results: results.await?? }))
    }

    async fn apply_policy(&self, _: Request<ApplyPolicyRequest>) -> Result<Response<ApplyPolicyResponse>, Status> {
        Err(not_built("policies are files in this version: change the policies folder"))
    }

    async fn delete_policy(&self, _: Request<DeletePolicyRequest>) -> Result<Response<DeletePolicyResponse>, Status> {
        Err(not_built("policies are files in this version: change the policies folder"))
    }

    async fn replay_policy(&self, _: Request<ReplayPolicyRequest>) -> Result<Response<ReplayPolicyResponse>, Status> {
        Err(not_built("ReplayPolicy is not built yet"))
    }
}

pub(super) fn not_built(message: &str) -> Status {
    ApiError::new(ErrorCode::Unimplemented, message).into()
}

/// Compiling a policy takes milliseconds, and testing one as long as its cases.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    let failed = |_| ApiError::new(ErrorCode::Internal, "the policy could not be examined; the log has the cause");
    tokio::task::spawn_blocking(work).await.map_err(failed)
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn invalid_policy(problems: Vec<Problem>) -> ApiError {
    let told: Vec<_> = problems.iter().take(TOLD_PROBLEMS).map(ToString::to_string).collect();
    let mut message = told.join("; ");
    if message.len() > TOLD_BYTES {
        message.truncate(message.floor_char_boundary(TOLD_BYTES));
        message.push('…');
    }
    let more = problems.len() - told.len();
    if more > 0 {
        message.push_str(&format!("; and {more} more"));
    }
    ApiError::new(ErrorCode::InvalidPolicy, message).at("source")
}

/// Which case it is that cannot be judged.
fn of_case(place: usize, error: ApiError) -> ApiError {
    let ApiError { code, message, field } = error;
    match field {
        Some(field) => {
            // Such a message begins with the field.
            let message = format!("cases[{place}].{message}");
            ApiError { code, message, field: Some(format!("cases[{place}].{field}")) }
        }
        None => ApiError { code, message, field },
    }
}

fn problem(problem: &Problem) -> PolicyProblem {
    let Problem { line, column, field, message } = problem.clone();
    PolicyProblem { line, column, field, message }
}

fn policy_status(status: &Loaded) -> PolicyStatus {
    let state = match status.state {
        State::Active(_) => PolicyState::Active,
        State::Stale(_) => PolicyState::Stale,
        State::Failed => PolicyState::Failed,
    };
    let loaded = status.state.loaded();
    PolicyStatus {
        name: status.name.clone(),
        file: status.file.clone(),
        state: state.into(),
        digest: loaded.map(|loaded| loaded.policy.reference.digest.to_string()).unwrap_or_default(),
        loaded_at: loaded.map(|loaded| format!("{:.6}", loaded.at)).unwrap_or_default(),
        problems: status.problems.iter().map(problem).collect(),
        description: loaded.map(|loaded| loaded.policy.description.clone()).unwrap_or_default(),
        rules: loaded.map_or(0, |loaded| u32::try_from(loaded.policy.rules.len()).unwrap_or(u32::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use portcullis_api::v1::{Payload, payload::Content};

    use super::*;
    use crate::policy::load::Loader;

    fn found(number: u32) -> Problem {
        let (field, message) = (format!("rules[{number}].action"), "not one of allow, alert and block".to_owned());
        Problem { line: number, column: 3, field, message }
    }

    #[test]
    fn many_problems_leave_room_in_the_head_of_the_answer() {
        let few = invalid_policy((1..=10).map(found).collect()).message;
        assert!(few.contains("rules[10]") && !few.contains(" more"), "{few}");
        let many = invalid_policy((1..=500).map(found).collect()).message;
        assert!(many.contains("rules[10]") && !many.contains("rules[11]"), "{many}");
        assert!(many.ends_with("; and 490 more"), "{many}");
        let long = Problem { message: "é".repeat(10_000), ..found(1) };
        let status = Status::from(invalid_policy(vec![long; 11]));
        assert!(status.message().len() < 1700 && status.message().ends_with("…; and 1 more"), "{status}");
        assert!(status.details().len() < 4000);
    }

    #[tokio::test]
    async fn a_case_that_cannot_be_judged_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (_, generation) = Loader::new(folder.path().join("policies")).unwrap();
        let api = PolicyApi { policies: Arc::new(Live::new(generation)), payload_bytes: 1 << 10 };
        let case = |content| TestPolicyCase { request: Some(Payload { content }), response: None };
        let json = |text: &'static str| Some(Content::Json(text.as_bytes().into()));
        let source = "name: draft\nrules:\n  - detector: pii\n    action: block\n".to_owned();
        for (content, field) in [(None, "cases[1].request"), (json("{"), "cases[1].request")] {
            let cases = vec![case(json("{}")), case(content)];
            let request = TestPolicyRequest { source: source.clone(), cases };
            let status = api.test_policy(Request::new(request)).await.unwrap_err();
            let error = ApiError::from(&status);
            assert_eq!(error.field.as_deref(), Some(field));
            assert!(error.message.starts_with(field), "{error}");
        }
    }
}
