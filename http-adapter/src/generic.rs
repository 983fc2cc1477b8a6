//! `POST /v1/check` and `/v1/ingest`: the gRPC messages as proto JSON, for whoever speaks HTTP and no gateway's dialect.

use std::sync::{Arc, LazyLock};

use axum::{
    extract::{Request, State},
    response::Response,
};
use http::StatusCode;
use portcullis_api::{
    error::{ApiError, ErrorCode},
    v1::{CallContext, CheckRequest, DESCRIPTORS, IngestRequest},
};
use prost::Message;
use prost_reflect::{DescriptorError, DescriptorPool, DynamicMessage, MessageDescriptor};

use crate::{Adapter, Call, error::Failure, reply};

const SOURCE: &str = "http";
/// A path in an error is the caller's own, and bounded like any other text that goes back.
const PATH_BYTES: usize = 128;

static MESSAGES: LazyLock<Result<DescriptorPool, DescriptorError>> =
    LazyLock::new(|| DescriptorPool::decode(DESCRIPTORS));

pub(crate) async fn check(State(adapter): State<Arc<Adapter>>, request: Request) -> Result<Response, Failure> {
    let Call { body, caller, .. } = adapter.read(request).await?;
    let mut question: CheckRequest = read("CheckRequest", &body.bytes)?;
    question.context = Some(context(question.context));
    let decided = adapter.core.check(question, &caller).await?;
    answer("CheckResponse", &decided, &decided.request_id)
}

pub(crate) async fn ingest(State(adapter): State<Arc<Adapter>>, request: Request) -> Result<Response, Failure> {
    let Call { body, caller, .. } = adapter.read(request).await?;
    let mut exchange: IngestRequest = read("IngestRequest", &body.bytes)?;
    exchange.context = Some(context(exchange.context));
    let recorded = adapter.core.ingest(exchange, &caller).await?;
    answer("IngestResponse", &recorded, &recorded.request_id)
}

fn context(said: Option<CallContext>) -> CallContext {
    let mut context = said.unwrap_or_default();
    if context.source.is_empty() {
        SOURCE.clone_into(&mut context.source);
    }
    context
}

pub(crate) fn messages() -> Result<&'static DescriptorPool, ApiError> {
    MESSAGES.as_ref().map_err(|error| internal("the descriptors", error))
}

fn message(name: &str) -> Result<MessageDescriptor, ApiError> {
    let found = messages()?.get_message_by_name(&format!("portcullis.v1.{name}"));
    found.ok_or_else(|| internal("a message", "is not there"))
}

fn read<M: Message + Default>(name: &str, body: &[u8]) -> Result<M, ApiError> {
    let descriptor = message(name)?;
    let mut json = serde_json::Deserializer::from_slice(body);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let read = DynamicMessage::deserialize(descriptor, tracked);
    let dynamic = read.map_err(|error| unreadable(name, &error, Some(track.path().to_string())))?;
    json.end().map_err(|error| unreadable(name, &error, None))?;
    let malformed = |_| ApiError::new(ErrorCode::MalformedPayload, "the body is nested too deep");
    dynamic.transcode_to().map_err(malformed)
}

/// Where, and not what: the reader's own words quote the text.
fn unreadable(name: &str, error: &serde_json::Error, path: Option<String>) -> ApiError {
    let (line, column) = (error.line(), error.column());
    if error.is_data() {
        let why = format!("the body is no {name} in proto JSON: line {line}, column {column}");
        let failure = ApiError::new(ErrorCode::InvalidArgument, why);
        return match path.filter(|path| path != "." && path.len() <= PATH_BYTES) {
            Some(path) => failure.at(path),
            None => failure,
        };
    }
    let why = format!("the body cannot be read as JSON: line {line}, column {column}");
    ApiError::new(ErrorCode::MalformedPayload, why)
}

fn answer<M: Message>(name: &str, found: &M, request_id: &str) -> Result<Response, Failure> {
    let mut dynamic = DynamicMessage::new(message(name)?);
    dynamic.transcode_from(found).map_err(|error| internal("an answer", error))?;
    let mut response = reply::json(StatusCode::OK, &dynamic);
    reply::identify(&mut response, request_id);
    Ok(response)
}

fn internal(what: &str, error: impl std::fmt::Display) -> ApiError {
    tracing::error!(%error, what, "the messages do not fit this build");
    ApiError::new(ErrorCode::Internal, "the answer could not be written")
}

#[cfg(test)]
mod tests;
