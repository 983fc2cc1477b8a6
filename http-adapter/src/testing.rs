//! A core that remembers what it was asked and answers what it was told, behind the real servers and clients.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Body, response::Response};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use portcullis_api::{
    client::Client,
    error::ApiError,
    v1::{
        self, canary_service_server as canary, event_service_server as event, guardrail_service_server as guardrail,
        ingestion_service_server as ingestion, policy_service_server as policy,
    },
};
use serde_json::Value;
use tonic::{Status, codegen::BoxStream, metadata::MetadataMap, service::Routes};
use tonic_health::{ServingStatus, server::HealthReporter};
use tower::ServiceExt as _;

use crate::{AdapterSettings, router};

pub(crate) const ID: &str = "0198c2a4-7f00-7000-8000-000000000001";
pub(crate) const TRUEFOUNDRY: &str = "/api/http-proxy/truefoundry";

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Call {
    Check(v1::CheckRequest),
    Ingest(v1::IngestRequest),
    ListEvents(v1::ListEventsRequest),
    GetEvent(v1::GetEventRequest),
    BeginCanary,
    GetCanary(v1::GetCanaryRequest),
    EndCanary(v1::EndCanaryRequest),
    ListPolicies,
    Summarize(v1::SummarizeRequest),
}

/// None: the call fails with `error`, or never ends when there is none.
#[derive(Debug, Default)]
struct Answers {
    check: Option<v1::CheckResponse>,
    ingest: Option<v1::IngestResponse>,
    begun: Option<v1::BeginCanaryResponse>,
    canary: Option<v1::GetCanaryResponse>,
    ended: Option<v1::EndCanaryResponse>,
    events: Option<v1::ListEventsResponse>,
    event: Option<v1::GetEventResponse>,
    policies: Option<v1::ListPoliciesResponse>,
    summary: Option<v1::SummarizeResponse>,
    error: Option<ApiError>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct FakeCore {
    answers: Arc<Mutex<Answers>>,
    calls: Arc<Mutex<Vec<Call>>>,
    /// What came beside each call.
    metadata: Arc<Mutex<Vec<MetadataMap>>>,
}

macro_rules! told {
    ($($name:ident($field:ident: $kind:ty);)*) => {$(
        pub(crate) fn $name(self, answer: $kind) -> Self {
            self.answers.lock().unwrap().$field = Some(answer);
            self
        }
    )*};
}

impl FakeCore {
    told! {
        checks(check: v1::CheckResponse);
        ingests(ingest: v1::IngestResponse);
        begins_canary(begun: v1::BeginCanaryResponse);
        has_canary(canary: v1::GetCanaryResponse);
        ends_canary(ended: v1::EndCanaryResponse);
        finds(events: v1::ListEventsResponse);
        finds_one(event: v1::GetEventResponse);
        has_policies(policies: v1::ListPoliciesResponse);
        sums_up(summary: v1::SummarizeResponse);
        fails(error: ApiError);
    }

    /// Takes every exchange, and has nothing to object to.
    pub(crate) fn content() -> Self {
        let core = Self::default();
        core.answers.lock().unwrap().ingest =
            Some(v1::IngestResponse { request_id: ID.to_owned(), sequence: 1, ..v1::IngestResponse::default() });
        core.checks(v1::CheckResponse {
            verdict: v1::Verdict::Pass.into(),
            action: v1::Action::Allow.into(),
            request_id: ID.to_owned(),
            ..v1::CheckResponse::default()
        })
    }

    /// Drops every exchange, as under `log.on_full = "shed"` on a full disk.
    pub(crate) fn shedding() -> Self {
        let shed = v1::IngestResponse { request_id: ID.to_owned(), shed: true, ..v1::IngestResponse::default() };
        Self::content().ingests(shed)
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// The values of one metadata entry, over all calls.
    pub(crate) fn seen(&self, name: &str) -> Vec<String> {
        let metadata = self.metadata.lock().unwrap();
        metadata.iter().filter_map(|map| map.get(name)).map(|value| value.to_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn routes(&self) -> (Routes, HealthReporter) {
        let (reporter, health) = tonic_health::server::health_reporter();
        let routes = Routes::new(health)
            .add_service(guardrail::GuardrailServiceServer::new(self.clone()).max_decoding_message_size(usize::MAX))
            .add_service(ingestion::IngestionServiceServer::new(self.clone()).max_decoding_message_size(usize::MAX))
            .add_service(policy::PolicyServiceServer::new(self.clone()))
            .add_service(event::EventServiceServer::new(self.clone()))
            .add_service(canary::CanaryServiceServer::new(self.clone()));
        (routes, reporter)
    }

    pub(crate) fn router(&self, settings: AdapterSettings) -> Router {
        router(Client::embedded(self.routes().0), settings)
    }

    pub(crate) async fn router_while_it_drains(&self) -> Router {
        let (routes, reporter) = self.routes();
        reporter.set_service_status("", ServingStatus::NotServing).await;
        router(Client::embedded(routes), AdapterSettings::default())
    }

    async fn answer<M, A: Clone>(
        &self,
        request: tonic::Request<M>,
        call: impl Fn(M) -> Call,
        pick: impl Fn(&Answers) -> &Option<A>,
    ) -> Result<tonic::Response<A>, Status> {
        self.metadata.lock().unwrap().push(request.metadata().clone());
        self.calls.lock().unwrap().push(call(request.into_inner()));
        let outcome = {
            let answers = self.answers.lock().unwrap();
            match (&answers.error, pick(&answers)) {
                (Some(error), _) => Some(Err(Status::from(error.clone()))),
                (None, Some(answer)) => Some(Ok(tonic::Response::new(answer.clone()))),
                (None, None) => None,
            }
        };
        match outcome {
            Some(outcome) => outcome,
            None => std::future::pending().await,
        }
    }
}

fn unused<T>() -> Result<T, Status> {
    Err(Status::unimplemented("the adapter does not call this"))
}

type Streamed<T> = BoxStream<T>;
type In<T> = tonic::Request<T>;
type Out<T> = Result<tonic::Response<T>, Status>;

#[tonic::async_trait]
impl guardrail::GuardrailService for FakeCore {
    async fn check(&self, request: In<v1::CheckRequest>) -> Out<v1::CheckResponse> {
        self.answer(request, Call::Check, |answers| &answers.check).await
    }

    type CheckStreamStream = Streamed<v1::CheckStreamResponse>;

    async fn check_stream(&self, _: In<tonic::Streaming<v1::CheckStreamRequest>>) -> Out<Self::CheckStreamStream> {
        unused()
    }
}

#[tonic::async_trait]
impl ingestion::IngestionService for FakeCore {
    async fn ingest(&self, request: In<v1::IngestRequest>) -> Out<v1::IngestResponse> {
        self.answer(request, Call::Ingest, |answers| &answers.ingest).await
    }

    type IngestStreamStream = Streamed<v1::IngestStreamResponse>;

    async fn ingest_stream(&self, _: In<tonic::Streaming<v1::IngestStreamRequest>>) -> Out<Self::IngestStreamStream> {
        unused()
    }
}

#[tonic::async_trait]
impl canary::CanaryService for FakeCore {
    async fn begin_canary(&self, request: In<v1::BeginCanaryRequest>) -> Out<v1::BeginCanaryResponse> {
        self.answer(request, |_| Call::BeginCanary, |answers| &answers.begun).await
    }

    async fn get_canary(&self, request: In<v1::GetCanaryRequest>) -> Out<v1::GetCanaryResponse> {
        self.answer(request, Call::GetCanary, |answers| &answers.canary).await
    }

    async fn end_canary(&self, request: In<v1::EndCanaryRequest>) -> Out<v1::EndCanaryResponse> {
        self.answer(request, Call::EndCanary, |answers| &answers.ended).await
    }
}

#[tonic::async_trait]
impl policy::PolicyService for FakeCore {
    async fn list_policies(&self, request: In<v1::ListPoliciesRequest>) -> Out<v1::ListPoliciesResponse> {
        self.answer(request, |_| Call::ListPolicies, |answers| &answers.policies).await
    }

    async fn get_policy(&self, _: In<v1::GetPolicyRequest>) -> Out<v1::GetPolicyResponse> {
        unused()
    }

    async fn lint_policy(&self, _: In<v1::LintPolicyRequest>) -> Out<v1::LintPolicyResponse> {
        unused()
    }

    async fn test_policy(&self, _: In<v1::TestPolicyRequest>) -> Out<v1::TestPolicyResponse> {
        unused()
    }

    async fn apply_policy(&self, _: In<v1::ApplyPolicyRequest>) -> Out<v1::ApplyPolicyResponse> {
        unused()
    }

    async fn delete_policy(&self, _: In<v1::DeletePolicyRequest>) -> Out<v1::DeletePolicyResponse> {
        unused()
    }

    async fn replay_policy(&self, _: In<v1::ReplayPolicyRequest>) -> Out<v1::ReplayPolicyResponse> {
        unused()
    }
}

#[tonic::async_trait]
impl event::EventService for FakeCore {
    async fn list_events(&self, request: In<v1::ListEventsRequest>) -> Out<v1::ListEventsResponse> {
        self.answer(request, Call::ListEvents, |answers| &answers.events).await
    }

    async fn get_event(&self, request: In<v1::GetEventRequest>) -> Out<v1::GetEventResponse> {
        self.answer(request, Call::GetEvent, |answers| &answers.event).await
    }

    async fn summarize(&self, request: In<v1::SummarizeRequest>) -> Out<v1::SummarizeResponse> {
        self.answer(request, Call::Summarize, |answers| &answers.summary).await
    }

    type WatchEventsStream = Streamed<v1::WatchEventsResponse>;

    async fn watch_events(&self, _: In<v1::WatchEventsRequest>) -> Out<Self::WatchEventsStream> {
        unused()
    }

    async fn review_event(&self, _: In<v1::ReviewEventRequest>) -> Out<v1::ReviewEventResponse> {
        unused()
    }
}

/// A JSON POST to the guardrail.
pub(crate) fn post(query: &str, body: impl Into<Body>) -> Request<Body> {
    post_to(&format!("{TRUEFOUNDRY}{query}"), body)
}

pub(crate) fn post_to(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).header("content-type", "application/json").body(body.into()).unwrap()
}

pub(crate) fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

pub(crate) async fn send(router: &Router, request: Request<Body>) -> Response {
    router.clone().oneshot(request).await.unwrap()
}

/// The answer to `request`, which must be JSON.
pub(crate) async fn ask(router: &Router, request: Request<Body>) -> (StatusCode, Value) {
    let response = send(router, request).await;
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["cache-control"], "no-store");
    (response.status(), serde_json::from_str(&body_text(response).await).unwrap())
}

pub(crate) async fn body_text(response: Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// An answer as snapshots show it, on one line.
pub(crate) async fn shown(response: Response) -> String {
    let retry = if response.headers().contains_key("retry-after") { " (Retry-After)" } else { "" };
    format!("{}{retry} {}", response.status().as_u16(), body_text(response).await.replace(ID, "<id>"))
}
