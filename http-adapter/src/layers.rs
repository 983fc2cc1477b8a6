//! What stands before every route: who may call, and what a path or a method that is not there answers.

use std::sync::Arc;

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use http::Method;
use portcullis_api::{
    error::{ApiError, ErrorCode},
    trace,
};
use tracing::Instrument as _;

use crate::{door::Door, error::Failure};

/// A span for each call, behind the caller's own where a header names one.
pub(crate) async fn traced(request: Request, next: Next) -> Response {
    // A caller can make a method up.
    let method = match request.method() {
        known @ (&Method::GET | &Method::HEAD | &Method::POST | &Method::PUT | &Method::DELETE | &Method::OPTIONS) => {
            known.as_str()
        }
        _ => "_OTHER",
    };
    // Of the route and not of the path, which a caller chooses.
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let span = tracing::debug_span!(
        "http",
        otel.name = format!("{method} {route}").trim_end(),
        otel.kind = "server",
        http.request.method = method,
        http.route = route,
    );
    trace::adopt(&span, request.headers());
    async {
        let response = next.run(request).await;
        trace::note("http.response.status_code", i64::from(response.status().as_u16()));
        if response.status().is_server_error() {
            trace::failed("server_error");
        }
        response
    }
    .instrument(span)
    .await
}

/// Runs before the body is read: a caller without credentials cannot make this program hold its bytes. Leaves the
/// [`Principal`](portcullis_api::access::Principal) as an extension.
pub(crate) async fn require_access(
    State(door): State<Arc<Door>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Failure> {
    door.must_be_local(&request)?;
    let Some(principal) = door.access.admit(request.headers()) else {
        return Err(ApiError::new(ErrorCode::Unauthenticated, "valid credentials are required").into());
    };
    door.access.mark(request.headers_mut());
    request.extensions_mut().insert(principal);
    Ok(next.run(request).await)
}

pub(crate) async fn not_found() -> Failure {
    ApiError::new(ErrorCode::NotFound, "there is nothing at this path").into()
}

pub(crate) async fn method_not_allowed() -> Failure {
    ApiError::new(ErrorCode::MethodNotAllowed, "this path does not answer to this method").into()
}

#[cfg(test)]
mod tests {
    use http::{Method, header::AUTHORIZATION};
    use portcullis_api::{
        access::{Access, Credential, Credentials},
        v1::{ListEventsResponse, ListPoliciesResponse},
    };

    use crate::{
        AdapterSettings,
        testing::{Call, FakeCore, TRUEFOUNDRY, ask, get, post, send},
    };

    fn guarded(core: &FakeCore) -> axum::Router {
        let credentials = Credentials {
            bearer: Credential::list("t0ken"),
            basic: Credential::list("ann:pass"),
            headers: Credential::list("x-api-key: k3y"),
            jwt: None,
        };
        let access = Access::new(&credentials).unwrap();
        core.router(AdapterSettings { access, ..AdapterSettings::default() })
    }

    #[tokio::test]
    async fn every_route_but_the_probes_asks_who_is_there() {
        let core = FakeCore::content().finds(ListEventsResponse::default());
        let router = guarded(&core.clone().has_policies(ListPoliciesResponse::default()));
        for path in ["/healthz", "/readyz", "/health", "/healthCheck"] {
            assert_eq!(ask(&router, get(path)).await.0, 200, "{path}");
        }
        let asked = core.calls().len();
        // The body would be refused too: it is not looked at.
        for request in [
            post("", "{"),
            get("/v1/events"),
            get("/v1/events/a"),
            get("/metrics"),
            get("/v1/canary/a"),
            get(TRUEFOUNDRY),
        ] {
            let response = send(&router, request).await;
            assert_eq!(response.status(), 401);
            assert_eq!(response.headers().get_all("www-authenticate").iter().count(), 2);
        }
        let mut refusals = Vec::new();
        for wrong in ["Bearer wrong", "Basic wrong", "t0ke", "Digest t0ken"] {
            let mut request = get("/v1/events");
            request.headers_mut().insert(AUTHORIZATION, wrong.parse().unwrap());
            refusals.push(ask(&router, request).await);
        }
        assert!(refusals.iter().all(|refusal| *refusal == refusals[0]), "no hint at which was wrong");
        assert_eq!(core.calls().len(), asked);

        for (name, right) in RIGHT {
            let mut request = get("/v1/events");
            request.headers_mut().insert(name, right.parse().unwrap());
            assert_eq!(ask(&router, request).await.0, 200);
        }
    }

    const RIGHT: [(&str, &str); 4] = [
        ("authorization", "Bearer t0ken"),
        ("authorization", "t0ken"),
        ("authorization", "basic YW5uOnBhc3M="),
        ("x-api-key", "k3y"),
    ];

    #[tokio::test]
    async fn the_core_is_told_which_credential_was_shown() {
        let core = FakeCore::content();
        let router = guarded(&core);
        let bodies = [r#"{"requestBody": {"a": 1}}"#, r#"{"requestBody": {"a": 1}, "responseBody": {"b": 2}}"#];
        for ((name, right), body) in RIGHT.into_iter().zip(bodies.into_iter().cycle()) {
            let mut request = post("", body);
            request.headers_mut().insert(name, right.parse().unwrap());
            assert_eq!(ask(&router, request).await.0, 200);
        }
        let told: Vec<String> = core.calls().iter().map(principal).collect();
        assert!(told[0].starts_with("token:") && told[0] == told[1] && told[3].starts_with("header:"), "{told:?}");
        assert_eq!(told[2], "basic:ann");

        let open = FakeCore::content();
        ask(&open.router(AdapterSettings::default()), post("", bodies[0])).await;
        assert_eq!(open.calls().iter().map(principal).collect::<Vec<_>>(), [""]);
    }

    fn principal(call: &Call) -> String {
        let context = match call {
            Call::Check(request) => &request.context,
            Call::Ingest(request) => &request.context,
            _ => return "no context".to_owned(),
        };
        context.clone().unwrap().principal
    }

    #[tokio::test]
    async fn a_wrong_path_and_a_wrong_method_answer_json() {
        let router = FakeCore::default().router(AdapterSettings::default());
        let (status, body) = ask(&router, get("/api/nowhere")).await;
        assert_eq!((status.as_u16(), body["error"].as_str()), (404, Some("not_found")));
        for (method, path, allow) in [(Method::GET, TRUEFOUNDRY, "POST"), (Method::POST, "/healthz", "GET,HEAD")] {
            let mut request = get(path);
            *request.method_mut() = method;
            let response = send(&router, request).await;
            assert_eq!((response.status().as_u16(), response.headers()["allow"].to_str().unwrap()), (405, allow));
            assert_eq!(response.headers()["content-type"], "application/json");
        }
    }
}
