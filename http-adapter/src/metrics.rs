//! `GET /metrics`.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use http::{HeaderValue, header::CONTENT_TYPE};
use portcullis_api::error::{ApiError, ErrorCode};

use crate::{Adapter, error::Failure, reply};

const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// Behind credentials when there are any: how much traffic there is and how much is blocked is nobody else's business.
pub(crate) async fn page(State(adapter): State<Arc<Adapter>>) -> Result<Response, Failure> {
    let metrics = adapter.metrics.as_ref().ok_or_else(|| ApiError::new(ErrorCode::NotFound, "nothing is measured"))?;
    let mut response = reply::bytes(http::StatusCode::OK, metrics.render());
    response.headers_mut().insert(CONTENT_TYPE, OPEN_METRICS);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        AdapterSettings, Metrics,
        testing::{FakeCore, ask, body_text, get, send},
    };

    #[tokio::test]
    async fn the_page_is_what_the_program_renders() {
        let core = FakeCore::default();
        let metrics = Some(Metrics::new(|| "a 1\n# EOF\n".to_owned()));
        let router = core.router(AdapterSettings { metrics, ..AdapterSettings::default() });
        let response = send(&router, get("/metrics")).await;
        assert!(response.headers()[CONTENT_TYPE].to_str().unwrap().starts_with("application/openmetrics-text"));
        assert_eq!(body_text(response).await, "a 1\n# EOF\n");
        assert_eq!(core.calls(), []);
        let none = ask(&core.router(AdapterSettings::default()), get("/metrics")).await;
        assert_eq!(none.0, 404);
    }
}
