//! `POST /api/ingestData`: many records in one call, each of them recorded whole or not at all.

use std::sync::{Arc, OnceLock};

use axum::{
    extract::{Request, State},
    response::Response,
};
use futures_util::{StreamExt as _, stream};
use http::StatusCode;
use portcullis_api::{
    error::{ApiError, invalid},
    v1::{IngestRequest, IngestResponse},
};
use serde_json::{Value, json, value::RawValue};

use super::{exchange, missing, record::Record};
use crate::{
    Adapter, Call,
    error::{self, Body, Failure},
    reply,
};

/// Records of one call.
const ITEMS: usize = 1000;
/// Of those that are on their way to the disk together.
const IN_FLIGHT: usize = 16;

pub(crate) async fn ingest_data(State(adapter): State<Arc<Adapter>>, request: Request) -> Result<Response, Failure> {
    ingested(&adapter, request).await.map_err(Failure::akto)
}

async fn ingested(adapter: &Adapter, request: Request) -> Result<Response, Failure> {
    let Call { body, caller, .. } = adapter.read(request).await?;
    let batch = Record::parse(&body.bytes)?;
    let raw = batch.get("batchData").ok_or_else(|| missing("batchData"))?;
    let items: Vec<&RawValue> =
        serde_json::from_str(raw.get()).map_err(|_| invalid("batchData", "must be a list of records"))?;
    if items.len() > ITEMS {
        return Err(invalid("batchData", format_args!("may have at most {ITEMS} records")).into());
    }
    let exchanges: Vec<_> = items.into_iter().map(read).collect();
    // Once there is no room, there is none for the rest either, and the caller need not wait for each to find out.
    let full = OnceLock::<ApiError>::new();
    let outcomes: Vec<Result<IngestResponse, ApiError>> = stream::iter(exchanges)
        .map(|exchange| async {
            let exchange = exchange?;
            if let Some(error) = full.get() {
                return Err(error.clone());
            }
            let recorded = adapter.core.ingest(exchange, &caller).await;
            recorded.map_err(|failure| {
                if failure.error.code.is_retryable() {
                    let _ = full.set(failure.error.clone());
                }
                failure.error
            })
        })
        .buffered(IN_FLIGHT)
        .collect()
        .await;
    Ok(answer(outcomes))
}

fn read(item: &RawValue) -> Result<IngestRequest, ApiError> {
    let record = Record::of(item, "batchData")?;
    let request = record.payload(&["requestPayload"])?;
    let response = record.payload(&["responsePayload"])?;
    // A call without a body, such as a GET, has an answer all the same.
    if request.is_none() && response.is_none() {
        return Err(missing("requestPayload"));
    }
    exchange(&record, request.as_ref(), response.as_ref(), None).map_err(|failure| failure.error)
}

/// 200 when all are recorded, or dropped as was chosen: `shed` is how many. Else an error, whose results say which are: 503
/// when the others may be sent again.
fn answer(outcomes: Vec<Result<IngestResponse, ApiError>>) -> Response {
    let failed: Vec<&ApiError> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    let worst = failed.iter().max_by_key(|error| error.code.is_retryable()).map(|worst| {
        let message = format!("{} of {} records were not recorded: {}", failed.len(), outcomes.len(), worst.message);
        ApiError::new(worst.code, message)
    });
    let shed = outcomes.iter().flatten().filter(|recorded| recorded.shed).count();
    let items = outcomes.into_iter().enumerate().map(|(index, outcome)| match outcome {
        // Dropped, because that was chosen for a full disk: to send it again would not help, and it is not recorded.
        Ok(IngestResponse { request_id, shed: true, .. }) => {
            json!({"index": index, "success": true, "request_id": request_id, "shed": true})
        }
        Ok(IngestResponse { request_id, .. }) => json!({"index": index, "success": true, "request_id": request_id}),
        Err(error) => with(json!({"index": index, "success": false}), error),
    });
    let results: Value = items.collect();
    let Some(worst) = worst else {
        let mut done = json!({"success": true, "result": "SUCCESS", "results": results});
        if shed > 0 {
            done["shed"] = json!(shed);
        }
        return reply::json(StatusCode::OK, &done);
    };
    let code = worst.code;
    let body = with(json!({"success": false, "result": "ERROR", "results": results}), worst);
    error::with_headers(code, reply::json(code.http(), &body))
}

/// The members of an error beside these.
fn with(mut members: Value, error: ApiError) -> Value {
    if let (Some(members), Ok(Value::Object(error))) = (members.as_object_mut(), serde_json::to_value(Body::of(error)))
    {
        members.extend(error);
    }
    members
}
