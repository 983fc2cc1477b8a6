//! OpenAI's Responses API: requests and answers as lists of items.
//!
//! Items are many and grow in number, so their fields are told by what the type ends in: a `…_call` asks a tool and
//! may hold what the tool said, a `…_output` is what a tool said.

use super::{Segments, Unreadable, chat, json::Json, leaves, part, pointer::Pointer};
use crate::domain::segment::Role;

pub(super) fn request<'a>(document: Json<'a>, segments: &mut Segments<'a>) -> Result<(), Unreadable> {
    let mut at = Pointer::default();
    let Json::Object(fields) = document else { return leaves::all(document, Role::Other, &mut at, segments) };
    for (key, value) in fields {
        at.key(&key, |at| match (&*key, value) {
            ("input", Json::Array(items)) => each(items, Role::User, at, segments),
            ("input", value) => leaves::all(value, Role::User, at, segments),
            // What the application's author wrote for the model.
            ("instructions", value) => part::lenient(value, Role::System, at, segments),
            ("tools" | "tool_choice" | "text", value) => leaves::all(value, Role::Developer, at, segments),
            (_, value) => leaves::unknown(&key, value, Role::Other, at, segments),
        })?;
    }
    Ok(())
}

pub(super) fn response<'a>(document: Json<'a>, segments: &mut Segments<'a>) -> Result<(), Unreadable> {
    let mut at = Pointer::default();
    let Json::Object(fields) = document else { return leaves::all(document, Role::Assistant, &mut at, segments) };
    for (key, value) in fields {
        at.key(&key, |at| match (&*key, value) {
            ("output", Json::Array(items)) => each(items, Role::Assistant, at, segments),
            ("output_text", Json::String(text)) => part::text(text, Role::Assistant, at, segments),
            (_, value) => leaves::unknown(&key, value, Role::Assistant, at, segments),
        })?;
    }
    Ok(())
}

fn each<'a>(items: Vec<Json<'a>>, role: Role, at: &mut Pointer, segments: &mut Segments<'a>) -> Result<(), Unreadable> {
    for (index, value) in items.into_iter().enumerate() {
        at.index(index, |at| item(value, role, at, segments))?;
    }
    Ok(())
}

fn item<'a>(item: Json<'a>, role: Role, at: &mut Pointer, segments: &mut Segments<'a>) -> Result<(), Unreadable> {
    let kind = item.field("type").and_then(Json::as_str).unwrap_or_default();
    let calls = kind.ends_with("_call") || kind == "mcp_approval_request";
    let says = kind.ends_with("_output") || kind == "mcp_list_tools";
    match item {
        Json::String(text) => part::text(text, role, at, segments),
        value @ (Json::Scalar(_) | Json::Array(_)) => leaves::all(value, role, at, segments),
        Json::Object(fields) if calls || says => {
            for (key, value) in fields {
                at.key(&key, |at| match (&*key, value) {
                    ("type", value) => {
                        leaves::word(value, part::is_type, if says { Role::Tool } else { Role::ToolCall }, at, segments)
                    }
                    // A picture that was made.
                    ("result", Json::String(bytes)) => part::opaque(bytes, Role::Tool, at, segments),
                    ("output" | "outputs" | "results" | "error", value) => {
                        part::lenient(value, Role::Tool, at, segments)
                    }
                    (_, value) if says => leaves::beside(&key, value, Role::Tool, at, segments),
                    ("arguments" | "input", Json::String(text)) => leaves::embedded(text, Role::ToolCall, at, segments),
                    (_, value) => leaves::beside(&key, value, Role::ToolCall, at, segments),
                })?;
            }
            Ok(())
        }
        Json::Object(fields) if fields.iter().any(|(key, _)| key == "role") => {
            chat::message(Json::Object(fields), role, at, segments)
        }
        // Reasoning, references, and what is not known yet.
        Json::Object(fields) => {
            let role = if kind_is_reasoning(&fields) { Role::Assistant } else { role };
            for (key, value) in fields {
                at.key(&key, |at| match (&*key, value) {
                    ("type", value) => leaves::word(value, part::is_type, role, at, segments),
                    ("encrypted_content", Json::String(bytes)) => part::opaque(bytes, role, at, segments),
                    ("content" | "summary", value) => part::lenient(value, role, at, segments),
                    (_, value) => leaves::beside(&key, value, role, at, segments),
                })?;
            }
            Ok(())
        }
    }
}

fn kind_is_reasoning(fields: &[(std::borrow::Cow<'_, str>, Json<'_>)]) -> bool {
    fields.iter().any(|(key, value)| key == "type" && value.as_str() == Some("reasoning"))
}
