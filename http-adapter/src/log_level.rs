//! `/v1/log-level`: how much this process says of itself, changed while it runs.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::Response,
};
use http::StatusCode;
use portcullis_api::{
    error::{ApiError, ErrorCode, invalid},
    log::{LogControl, LogLevel, UnknownLevel},
};
use serde::Deserialize;
use serde_json::json;

use crate::{Adapter, Call, error::Failure, reply};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    level: String,
}

fn control(adapter: &Adapter) -> Result<&LogControl, ApiError> {
    adapter.log.as_ref().ok_or_else(|| ApiError::new(ErrorCode::NotFound, "the log is not this program's"))
}

fn told(control: &LogControl) -> Response {
    reply::json(StatusCode::OK, &json!({"filter": control.filter()}))
}

pub(crate) async fn get(State(adapter): State<Arc<Adapter>>) -> Result<Response, Failure> {
    Ok(told(control(&adapter)?))
}

/// A level and no filter of the caller's own: the libraries' lines below `info` can hold headers.
pub(crate) async fn set(State(adapter): State<Arc<Adapter>>, request: Request) -> Result<Response, Failure> {
    let control = control(&adapter)?;
    let Call { body, caller, .. } = adapter.read(request).await?;
    let wanted: Result<Wanted, _> = serde_json::from_slice(&body.bytes);
    let Ok(Wanted { level }) = wanted else { return Err(invalid("level", "and nothing else is expected").into()) };
    let level: LogLevel = level.parse().map_err(|unknown: UnknownLevel| invalid("level", unknown))?;
    // Before it is: who looks for missing lines has to find why.
    tracing::warn!(level = level.as_str(), %caller, "a call changes the log's level");
    control.set(level).map_err(|why| ApiError::new(ErrorCode::Internal, why))?;
    Ok(told(control))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::{
        AdapterSettings,
        testing::{FakeCore, ask, get, post_to},
    };

    #[tokio::test]
    async fn a_level_is_set_and_nothing_else_is() {
        let applied = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&applied);
        let control = LogControl::new("info".to_owned(), move |filter| {
            seen.lock().unwrap().push(filter.to_owned());
            Ok(())
        });
        let router = FakeCore::content().router(AdapterSettings { log: Some(control), ..AdapterSettings::default() });
        let path = "/v1/log-level";
        assert_eq!(ask(&router, get(path)).await, (StatusCode::OK, json!({"filter": "info"})));
        for wrong in [r#"{"level": "h2=trace"}"#, r#"{"level": 1}"#, "{}", "[]", r#"{"level": "info", "for": 1}"#] {
            let (status, body) = ask(&router, post_to(path, wrong)).await;
            assert_eq!((status.as_u16(), body["field"].as_str()), (422, Some("level")), "{wrong}");
        }
        assert!(applied.lock().unwrap().is_empty());
        let (status, body) = ask(&router, post_to(path, r#"{"level": "warn"}"#)).await;
        assert_eq!((status, body), (StatusCode::OK, json!({"filter": "warn"})));
        assert_eq!(*applied.lock().unwrap(), ["warn"]);
    }
}
