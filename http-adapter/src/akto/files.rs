//! `file_guardrails`: what users attached. Names, addresses and text are judged; what is no text is named as unchecked.

use axum::response::Response;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use portcullis_api::{
    access::Principal,
    error::{ApiError, invalid},
    json::raw::Members,
    v1::{Action, CheckRequest, Direction, Operation, Payload, Recording, payload::Content},
};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{ask, judged, missing, question, record::Record, told, verdict::verdict};
use crate::{Adapter, decision::Outcome, error::Failure};

#[derive(Deserialize)]
#[serde(transparent)]
struct Files<'a>(#[serde(borrow)] Vec<Members<'a>>);

pub(super) async fn judge(
    adapter: &Adapter,
    caller: &Principal,
    record: &Record<'_>,
    connector: Option<String>,
) -> Result<Response, Failure> {
    let raw = record.get("files").ok_or_else(|| missing("files"))?;
    let (files, unread) = read(raw)?;
    let request = Some(Payload { content: Some(Content::Json(Bytes::from(json!({"files": files}).to_string()))) });
    let recording = Recording::IfViolated.into();
    let judge = Direction::Request.into();
    // A file cannot be put back masked: it passes as it is, and is recorded so (`enforced` is false). That it had to be masked
    // is all that its sender can be told.
    let operation = Operation::Validate.into();
    let question = CheckRequest { request, recording, judge, operation, ..question(record, connector)? };
    let (decided, outcome, _) = ask(adapter, caller, question, None, Direction::Request).await?;
    let modified = (outcome != Outcome::Blocked && decided.action() == Action::Mask).then_some("");
    let result = verdict(&decided, &outcome, modified);
    Ok(told(&judged(&result, (unread > 0).then_some("partial")), &decided.request_id))
}

/// The files as the core can read them, and how many it cannot: those with bytes that are no text, and those that are
/// elsewhere.
fn read(raw: &RawValue) -> Result<(Vec<Value>, usize), ApiError> {
    let Files(files) = serde_json::from_str(raw.get()).map_err(|_| invalid("files", "must be a list of objects"))?;
    let (mut readable, mut unread) = (Vec::with_capacity(files.len()), 0);
    for file in &files {
        let decoded = file.text("content")?.and_then(|content| STANDARD.decode(content.trim()).ok());
        let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        unread += usize::from(text.is_none());
        readable.push(json!({"filename": file.text("filename")?, "url": file.text("url")?, "text": text}));
    }
    Ok((readable, unread))
}
