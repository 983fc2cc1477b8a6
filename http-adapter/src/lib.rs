//! The gateways' HTTP in front of the core service. One HTTP call is at most one gRPC call, but for a batch, which is one
//! for each of its records; what a gateway's contract asks for beyond that is decided here and nowhere else.

mod akto;
mod canary;
mod capture;
mod core;
mod decision;
mod door;
mod error;
mod events;
mod generic;
mod health;
mod labels;
mod layers;
mod log_level;
mod metrics;
mod openapi;
mod page;
mod query;
mod reply;
mod settings;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod truefoundry;

use std::sync::Arc;

use axum::{
    Router,
    extract::Request,
    middleware,
    routing::{MethodRouter, get, post},
};
use http::request::Parts;
use portcullis_api::{
    access::Principal,
    body::{BodyReader, Held},
    capture::Captures,
    client::Client,
    error::ApiError,
    log::LogControl,
    trace,
};

pub use self::settings::{AdapterSettings, Contract, Metrics, OnResponse, UnknownWord};
use self::{core::Core, door::Door};

/// What the handlers share.
#[derive(Debug)]
struct Adapter {
    core: Core,
    bodies: BodyReader,
    captures: Captures,
    contract: Contract,
    metrics: Option<Metrics>,
    log: Option<LogControl>,
    on_response: OnResponse,
}

impl Adapter {
    /// The one way in for a body, in whatever dialect.
    async fn read(&self, request: Request) -> Result<Call<'_>, ApiError> {
        let (head, body) = request.into_parts();
        let body = self.bodies.read(&head.headers, body).await?;
        if capture::wanted(head.uri.query())? {
            self.captures.keep(&head, &body.bytes);
        }
        let caller = head.extensions.get().cloned().unwrap_or_default();
        Ok(Call { head, body, caller })
    }
}

/// One call, read.
struct Call<'a> {
    head: Parts,
    body: Held<'a>,
    /// Whose credential was shown; nobody's where none is asked for.
    caller: Principal,
}

type Route = (&'static str, MethodRouter<Arc<Adapter>>);

/// What anybody may ask.
fn probes() -> Vec<Route> {
    vec![
        ("/healthz", get(health::live)),
        ("/healthCheck", get(health::akto)),
        ("/health", get(health::akto)),
        ("/readyz", get(health::ready)),
    ]
}

/// What needs credentials when any are configured.
fn guarded() -> Vec<Route> {
    vec![
        ("/api/http-proxy/truefoundry", post(truefoundry::guard)),
        ("/api/http-proxy", post(akto::proxy)),
        ("/api/validate/request", post(akto::request)),
        ("/api/validate/response", post(akto::response)),
        ("/api/ingestData", post(akto::ingest_data)),
        ("/api/auth-check", get(akto::auth_check)),
        ("/v1/check", post(generic::check)),
        ("/v1/ingest", post(generic::ingest)),
        ("/v1/events", get(events::list)),
        ("/v1/events/{id}", get(events::get)),
        ("/v1/captures", get(capture::list)),
        ("/v1/captures/{id}", get(capture::get)),
        ("/v1/canary", post(canary::begin)),
        ("/v1/canary/{id}", get(canary::seen).post(canary::end)),
        ("/metrics", get(metrics::page)),
        ("/v1/log-level", get(log_level::get).post(log_level::set)),
        ("/openapi.json", get(openapi::get)),
    ]
}

/// Every route of the adapter.
pub fn router(client: Client, settings: AdapterSettings) -> Router {
    let adapter = Adapter {
        core: Core::new(client, &settings),
        bodies: BodyReader::new(&settings.bodies),
        // What users wrote is shown to nobody who did not say who they are.
        captures: Captures::new(settings.capture && !settings.access.is_open()),
        contract: settings.contract,
        on_response: settings.on_response,
        metrics: settings.metrics,
        log: settings.log,
    };
    let all = |routes: Vec<Route>| {
        let router = routes.into_iter().fold(Router::new(), |router, (path, route)| router.route(path, route));
        router.method_not_allowed_fallback(layers::method_not_allowed)
    };
    let door = Arc::new(Door::new(settings.access, settings.loopback));
    let guarded = all(guarded()).route_layer(middleware::from_fn_with_state(Arc::clone(&door), layers::require_access));
    let page = all(page::routes()).route_layer(middleware::from_fn_with_state(door, page::require_access));
    let router = all(probes()).merge(guarded).merge(page).fallback(layers::not_found).with_state(Arc::new(adapter));
    if trace::is_on() { router.layer(middleware::from_fn(layers::traced)) } else { router }
}
