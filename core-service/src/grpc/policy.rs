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
            cases.into_iter().map(judge).collect::<Result<Vec<_>, _>>()
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
    let all: Vec<_> = problems.iter().map(ToString::to_string).collect();
    ApiError::new(ErrorCode::InvalidPolicy, all.join("; ")).at("source")
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
