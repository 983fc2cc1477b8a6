//! `POST /v1/check` and `/v1/ingest`: the gRPC messages as proto JSON, for whoever speaks HTTP and no gateway's dialect.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::Response,
};
use http::StatusCode;
use portcullis_api::{
    json,
    v1::{CallContext, CheckRequest, IngestRequest},
};

use crate::{Adapter, Call, error::Failure, reply};

const SOURCE: &str = "http";

pub(crate) async fn check(State(adapter): State<Arc<Adapter>>, request: Request) -> Result<Response, Failure> {
    let Call { body, caller, .. } = adapter.read(request).await?;
    let mut question: CheckRequest = json::read("CheckRequest", &body.bytes)?;
    question.context = Some(context(question.context));
    let decided = adapter.core.check(question, &caller).await?;
    Ok(told(json::write("CheckResponse", &decided)?, &decided.request_id))
}

pub(crate) async fn ingest(State(adapter): State<Arc<Adapter>>, request: Request) -> Result<Response, Failure> {
    let Call { body, caller, .. } = adapter.read(request).await?;
    let mut exchange: IngestRequest = json::read("IngestRequest", &body.bytes)?;
    exchange.context = Some(context(exchange.context));
    let recorded = adapter.core.ingest(exchange, &caller).await?;
    Ok(told(json::write("IngestResponse", &recorded)?, &recorded.request_id))
}

fn context(said: Option<CallContext>) -> CallContext {
    let mut context = said.unwrap_or_default();
    if context.source.is_empty() {
        SOURCE.clone_into(&mut context.source);
    }
    context
}

fn told(answer: Vec<u8>, request_id: &str) -> Response {
    let mut response = reply::bytes(StatusCode::OK, answer);
    reply::identify(&mut response, request_id);
    response
}

#[cfg(test)]
mod tests;
