//! `file_guardrails`: what users attached. Names, addresses and text are judged; what is no text is named as unchecked.

use axum::response::Response;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use portcullis_api::{
    access::Principal,
    error::ApiError,
    v1::{CheckRequest, Direction, Payload, Recording, payload::Content},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Answer, Data, ask, missing, question, record::Record, told, verdict::Verdict};
use crate::{Adapter, error::Failure, json::Members, query::invalid};

#[derive(Deserialize)]
#[serde(transparent)]
struct Files<'a>(#[serde(borrow)] Vec<Members<'a>>);

#[derive(Serialize)]
struct Attached {
    files: Vec<File>,
}

#[derive(Serialize)]
struct File {
    filename: Option<String>,
    url: Option<String>,
    text: Option<String>,
}

pub(super) async fn judge(
    adapter: &Adapter,
    caller: &Principal,
    record: &Record<'_>,
    connector: Option<String>,
) -> Result<Response, Failure> {
    let raw = record.get("files").ok_or_else(|| missing("files"))?;
    let (attached, unread) = read(raw)?;
    let json = serde_json::to_vec(&attached).map_err(|_| invalid("files", "cannot be written"))?;
    let request = Some(Payload { content: Some(Content::Json(Bytes::from(json))) });
    let recording = Recording::IfViolated.into();
    let judge = Direction::Request.into();
    let question = CheckRequest { request, recording, judge, ..question(record, connector)? };
    let (decided, outcome, _) = ask(adapter, caller, question, None, Direction::Request).await?;
    // A file cannot be put back masked: that it had to be is all that its sender can be told.
    let modified = matches!(outcome, crate::decision::Outcome::Masked(_)).then_some("");
    let analysis = (unread > 0).then_some("partial");
    let data = Data { result: Some(Verdict::new(&decided, &outcome, modified)) };
    let message = if unread > 0 { "judged, but for files that are not text" } else { "judged" };
    let answer = Answer { success: true, message, data, request_id: None, analysis };
    Ok(told(&answer, &decided.request_id))
}

/// The files as the core can read them, and how many it cannot: those with bytes that are no text, and those that are
/// elsewhere.
fn read(raw: &RawValue) -> Result<(Attached, usize), ApiError> {
    let Files(files) = serde_json::from_str(raw.get()).map_err(|_| invalid("files", "must be a list of objects"))?;
    let mut unread = 0;
    let mut attached = Attached { files: Vec::with_capacity(files.len()) };
    for file in &files {
        let decoded = file.text("content")?.and_then(|content| STANDARD.decode(content.trim()).ok());
        let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        unread += usize::from(text.is_none());
        attached.files.push(File { filename: file.text("filename")?, url: file.text("url")?, text });
    }
    Ok((attached, unread))
}
