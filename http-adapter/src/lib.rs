//! The gateways' HTTP in front of the core service. One HTTP call is at most one gRPC call; what a gateway's contract
//! asks for beyond that is decided here and nowhere else.

mod body;
mod canary;
mod core;
mod error;
mod events;
mod health;
mod layers;
mod metrics;
mod names;
mod query;
mod reply;
mod serve;
mod settings;
#[cfg(test)]
mod testing;
mod truefoundry;

use std::sync::Arc;

use axum::{
    Router, middleware,
    routing::{get, post},
};

pub use self::{
    core::{Core, InvalidCore},
    serve::serve,
    settings::{AdapterSettings, Contract, Metrics, UnknownContract},
};
use crate::body::BodyReader;

/// What the handlers share.
#[derive(Debug)]
struct Adapter {
    core: Core,
    bodies: BodyReader,
    contract: Contract,
    metrics: Option<Metrics>,
}

/// Every route of the adapter. Routes below `guarded` need credentials when any are configured; probes do not.
pub fn router(core: Core, settings: AdapterSettings) -> Router {
    let adapter = Adapter {
        core: core.limited(&settings),
        bodies: BodyReader::new(&settings),
        contract: settings.contract,
        metrics: settings.metrics,
    };
    let guarded = Router::new()
        .route("/api/http-proxy/truefoundry", post(truefoundry::guard))
        .route("/v1/canary", post(canary::begin))
        .route("/v1/canary/{id}", get(canary::seen).post(canary::end))
        .route("/metrics", get(metrics::page))
        .route("/v1/events", get(events::list))
        .route("/v1/events/{id}", get(events::get))
        .method_not_allowed_fallback(layers::method_not_allowed)
        .route_layer(middleware::from_fn_with_state(Arc::new(settings.access), layers::require_access));
    Router::new()
        .route("/healthz", get(health::live))
        .route("/healthCheck", get(health::akto))
        .route("/readyz", get(health::ready))
        .method_not_allowed_fallback(layers::method_not_allowed)
        .merge(guarded)
        .fallback(layers::not_found)
        .with_state(Arc::new(adapter))
}
