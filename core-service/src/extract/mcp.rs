//! The Model Context Protocol: what a tool is asked (`tools/call`), and what it gave back (`CallToolResult`).
//!
//! Gateways send either as it is or inside its JSON-RPC message, in the place of a request or of a response: the
//! shape alone tells. It has to be a narrow one: a chat that passed for a tool's result would be judged by another
//! role's rules.

use super::{
    Segments, Unreadable,
    json::{Json, Scalar},
    leaves, part,
    pointer::Pointer,
};
use crate::domain::segment::Role;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Message {
    Call,
    Result,
    /// JSON-RPC with a call as its `params`.
    CallEnvelope,
    /// JSON-RPC with a result as its `result`, or with an `error`.
    ResultEnvelope,
}

impl Message {
    pub(super) fn of(document: &Json<'_>) -> Option<Self> {
        let field = |name| document.field(name);
        if FOREIGN.iter().any(|name| field(name).is_some()) {
            return None;
        }
        let rpc = field("jsonrpc").and_then(Json::as_str) == Some("2.0");
        let method = field("method").and_then(Json::as_str);
        if let Some(params @ Json::Object(_)) = field("params") {
            let named = method == Some("tools/call");
            return (named || (method.is_none() && is_call(params))).then_some(Self::CallEnvelope);
        }
        if rpc && method.is_none() {
            let result = field("result").is_some_and(is_result);
            let error = matches!(field("error"), Some(Json::Object(_)));
            return (result || error).then_some(Self::ResultEnvelope);
        }
        if is_call(document) { Some(Self::Call) } else { is_result(document).then_some(Self::Result) }
    }

    /// A response with the marks of a tool's result, whatever stands beside them: what a tool gives back as a response
    /// is judged by the rules for what a model says as well, so that a wrong guess leaves nothing out.
    pub(super) fn marked(document: &Json<'_>) -> Option<Self> {
        let field = |name| document.field(name);
        if field("choices").is_some() || field("role").is_some() {
            return None;
        }
        if field("jsonrpc").and_then(Json::as_str) == Some("2.0") && field("method").is_none() {
            let result = field("result").is_some_and(is_result) || matches!(field("error"), Some(Json::Object(_)));
            return result.then_some(Self::ResultEnvelope);
        }
        is_result(document).then_some(Self::Result)
    }

    /// What answers a call, whatever it looks like.
    pub(super) fn answer(document: &Json<'_>) -> Self {
        let is_envelope = document.field("result").is_some() || document.field("error").is_some();
        if is_envelope && document.field("content").is_none() { Self::ResultEnvelope } else { Self::Result }
    }
}

/// The name of the tool that is called.
pub(super) fn tool(message: Message, document: &Json<'_>) -> Option<String> {
    let call = match message {
        Message::Call => Some(document),
        Message::CallEnvelope => document.field("params"),
        Message::Result | Message::ResultEnvelope => None,
    };
    call?.field("name")?.as_str().map(str::to_owned)
}

/// What requests to models and their answers hold, and MCP does not.
const FOREIGN: [&str; 9] =
    ["messages", "choices", "model", "role", "prompt", "input", "output", "contents", "candidates"];

fn is_call(value: &Json<'_>) -> bool {
    let name = value.field("name");
    matches!(value.field("arguments"), Some(Json::Object(_) | Json::String(_)))
        && name.is_none_or(|name| matches!(name, Json::String(_) | Json::Scalar(Scalar::Null)))
        && value.field("content").is_none()
}

fn is_result(value: &Json<'_>) -> bool {
    let is_error = matches!(value.field("isError"), Some(Json::Scalar(Scalar::Bool)));
    let structured = matches!(value.field("structuredContent"), Some(Json::Object(_)));
    match value.field("content") {
        Some(Json::Array(parts)) if parts.is_empty() => is_error || structured,
        Some(Json::Array(parts)) => parts.iter().all(is_part),
        Some(Json::String(_)) => is_error || structured,
        Some(Json::Scalar(Scalar::Null)) | None => structured,
        Some(Json::Scalar(_) | Json::Object(_)) => false,
    }
}

fn is_part(part: &Json<'_>) -> bool {
    let kind = part.field("type").and_then(Json::as_str);
    matches!(kind, Some("text" | "image" | "audio" | "resource" | "resource_link"))
}

pub(super) fn message<'a>(message: Message, document: Json<'a>, segments: &mut Segments<'a>) -> Result<(), Unreadable> {
    let at = &mut Pointer::default();
    match message {
        Message::Call => call(document, at, segments),
        Message::Result => result(document, at, segments),
        Message::CallEnvelope => within(document, ("params", call), Role::Other, at, segments),
        Message::ResultEnvelope => within(document, ("result", result), Role::Tool, at, segments),
    }
}

/// Reads what a JSON-RPC message is about.
type Read<'a> = fn(Json<'a>, &mut Pointer, &mut Segments<'a>) -> Result<(), Unreadable>;

/// The JSON-RPC message around `name`. `role` is of whoever wrote what stands beside it.
fn within<'a>(
    document: Json<'a>,
    (name, read): (&str, Read<'a>),
    role: Role,
    at: &mut Pointer,
    segments: &mut Segments<'a>,
) -> Result<(), Unreadable> {
    let Json::Object(fields) = document else { return leaves::all(document, role, at, segments) };
    for (key, value) in fields {
        at.key(&key, |at| match &*key {
            "jsonrpc" => leaves::word(value, |word| word == "2.0", role, at, segments),
            "method" => leaves::word(value, |word| word == "tools/call", role, at, segments),
            key if key == name => read(value, at, segments),
            "error" => leaves::all(value, Role::Tool, at, segments),
            key => leaves::unknown(key, value, role, at, segments),
        })?;
    }
    Ok(())
}

/// What the model asks the tool to do.
fn call<'a>(params: Json<'a>, at: &mut Pointer, segments: &mut Segments<'a>) -> Result<(), Unreadable> {
    part::call(params, at, segments)
}

/// What the tool gave back.
fn result<'a>(result: Json<'a>, at: &mut Pointer, segments: &mut Segments<'a>) -> Result<(), Unreadable> {
    let Json::Object(fields) = result else { return leaves::all(result, Role::Tool, at, segments) };
    for (key, value) in fields {
        at.key(&key, |at| match &*key {
            "content" => part::lenient(value, Role::Tool, at, segments),
            _ => leaves::beside(&key, value, Role::Tool, at, segments),
        })?;
    }
    Ok(())
}
