//! What probes ask: whether this process lives, and whether it can judge.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use http::StatusCode;
use portcullis_api::{
    error::{ApiError, ErrorCode},
    json::plain,
    v1::{ListPoliciesRequest, PolicyState, PolicyStatus},
};
use serde_json::json;

use crate::{
    Adapter,
    core::Core,
    error::{Failure, Form},
    reply,
};

/// The process lives. It asks nobody: a core that is down is no reason to restart its adapter.
pub(crate) async fn live() -> Response {
    reply::bytes(StatusCode::OK, r#"{"status":"ok"}"#)
}

/// The same in the words that Akto's probes expect.
pub(crate) async fn akto() -> Response {
    reply::bytes(StatusCode::OK, r#"{"success":true,"status":"healthy"}"#)
}

/// Anybody may ask: no more of a policy than what is wrong with it.
const SHOWN: [&str; 4] = ["name", "file", "state", "problems"];

/// A broken policy file leaves what was in force in force: calls are still judged, so the answer is 200 and says
/// `degraded`.
pub(crate) async fn ready(State(adapter): State<Arc<Adapter>>) -> Result<Response, Failure> {
    let policies = policies(&adapter.core).await.map_err(|failure| {
        // Whatever went wrong, a probe is told the one thing that it can act on.
        let error = match failure.error.code.http() {
            StatusCode::SERVICE_UNAVAILABLE => failure.error,
            _ => ApiError::new(ErrorCode::Unavailable, "the core service cannot say whether it is ready"),
        };
        Failure { error, form: Form::Probe("unavailable"), ..failure }
    })?;
    let degraded = policies.iter().any(|policy| matches!(policy.state(), PolicyState::Stale | PolicyState::Failed));
    let status = if degraded { "degraded" } else { "ready" };
    let shown = policies.iter().map(|policy| {
        let mut members = plain("PolicyStatus", policy)?;
        members.retain(|name, _| SHOWN.contains(&name.as_str()));
        Ok(members)
    });
    let shown = shown.collect::<Result<Vec<_>, ApiError>>()?;
    Ok(reply::json(StatusCode::OK, &json!({"status": status, "policies": shown})))
}

async fn policies(core: &Core) -> Result<Vec<PolicyStatus>, Failure> {
    if !core.is_serving().await? {
        return Err(ApiError::new(ErrorCode::Unavailable, "the core service is starting or shutting down").into());
    }
    Ok(core.list_policies(ListPoliciesRequest {}).await?.policies)
}

#[cfg(test)]
mod tests {
    use portcullis_api::v1::{ListPoliciesResponse, PolicyProblem};

    use super::*;
    use crate::{
        AdapterSettings,
        testing::{Call, FakeCore, ask, body_text, get, send},
    };

    fn policy(name: &str, state: PolicyState) -> PolicyStatus {
        PolicyStatus { name: name.to_owned(), state: state.into(), ..PolicyStatus::default() }
    }

    #[tokio::test]
    async fn a_living_process_asks_nobody() {
        let core = FakeCore::default();
        let router = core.router(AdapterSettings::default());
        assert_eq!(ask(&router, get("/healthz")).await, (StatusCode::OK, json!({"status": "ok"})));
        let akto = json!({"success": true, "status": "healthy"});
        assert_eq!(ask(&router, get("/healthCheck")).await, (StatusCode::OK, akto));
        assert_eq!(core.calls(), []);
    }

    #[tokio::test]
    async fn ready_with_the_policies_and_degraded_by_a_broken_one() {
        let good = policy("a", PolicyState::Active);
        let core = FakeCore::default().has_policies(ListPoliciesResponse { policies: vec![good.clone()] });
        let (status, body) = ask(&core.router(AdapterSettings::default()), get("/readyz")).await;
        let expected =
            json!({"status": "ready", "policies": [{"name": "a", "file": "", "state": "active", "problems": []}]});
        assert_eq!((status, body), (StatusCode::OK, expected));
        assert_eq!(core.calls(), [Call::ListPolicies]);

        for state in [PolicyState::Stale, PolicyState::Failed] {
            let problem = PolicyProblem { line: 3, column: 5, field: "rules[0]".to_owned(), message: "why".to_owned() };
            let broken = PolicyStatus { file: "b.yaml".to_owned(), problems: vec![problem], ..policy("b", state) };
            let core = FakeCore::default().has_policies(ListPoliciesResponse { policies: vec![good.clone(), broken] });
            let (status, body) = ask(&core.router(AdapterSettings::default()), get("/readyz")).await;
            assert_eq!((status, body["status"].as_str()), (StatusCode::OK, Some("degraded")));
            let problems = json!([{"line": 3, "column": 5, "field": "rules[0]", "message": "why"}]);
            assert_eq!((&body["policies"][1]["problems"], &body["policies"][1]["file"]), (&problems, &json!("b.yaml")));
        }
    }

    #[tokio::test]
    async fn a_core_that_cannot_judge_is_unavailable() {
        let broken = FakeCore::default().fails(ApiError::new(ErrorCode::Internal, "why"));
        let routers = [FakeCore::default().router_while_it_drains().await, broken.router(AdapterSettings::default())];
        for router in routers {
            let response = send(&router, get("/readyz")).await;
            assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (503, &"1".parse().unwrap()));
            let body: serde_json::Value = serde_json::from_str(&body_text(response).await).unwrap();
            assert_eq!((body["status"].as_str(), body["error"].as_str()), (Some("unavailable"), Some("unavailable")));
        }
    }
}
