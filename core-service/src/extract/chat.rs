//! OpenAI's chat completions: requests by their turns, responses by their choices.
//!
//! Strict where a wrong shape could hide text from us that a model would read (`messages`, a turn, its role,
//! its content), lenient elsewhere: an unknown field is read by its strings.

use super::{
    Segments, Unreadable,
    json::{Json, Scalar},
    leaves,
    pointer::Pointer,
};
use crate::domain::segment::Role;

pub(super) fn request<'a>(document: Json<'a>, segments: &mut Segments<'a>) -> Result<(), Unreadable> {
    let mut at = Pointer::default();
    let Json::Object(fields) = document else { return leaves::all(document, Role::Other, &mut at, segments) };
    for (key, value) in fields {
        at.key(&key, |at| match &*key {
            "messages" => each(value, at, |turn, at| message(turn, Role::Other, at, segments)),
            // What the application's author wrote for the model, like a system turn.
            "tools" | "functions" | "tool_choice" | "function_call" | "response_format" => {
                leaves::all(value, Role::Developer, at, segments)
            }
            _ => leaves::named(value, Role::Other, Some(&key), at, segments),
        })?;
    }
    Ok(())
}

pub(super) fn response<'a>(document: Json<'a>, segments: &mut Segments<'a>) -> Result<(), Unreadable> {
    let mut at = Pointer::default();
    let Json::Object(fields) = document else { return leaves::all(document, Role::Assistant, &mut at, segments) };
    for (key, value) in fields {
        at.key(&key, |at| match &*key {
            "choices" => each(value, at, |choice, at| {
                let Json::Object(fields) = choice else { return Err(wrong("an object", &choice, at)) };
                for (key, value) in fields {
                    at.key(&key, |at| match &*key {
                        "message" | "delta" if !is_null(&value) => message(value, Role::Assistant, at, segments),
                        _ => leaves::all(value, Role::Assistant, at, segments),
                    })?;
                }
                Ok(())
            }),
            _ => leaves::named(value, Role::Assistant, Some(&key), at, segments),
        })?;
    }
    Ok(())
}

fn message<'a>(turn: Json<'a>, unnamed: Role, at: &mut Pointer, segments: &mut Segments<'a>) -> Result<(), Unreadable> {
    let Json::Object(fields) = turn else { return Err(wrong("an object", &turn, at)) };
    let mut role = unnamed;
    let mut roles = fields.iter().filter(|(key, _)| key == "role");
    match roles.next().map(|(_, role)| role) {
        None | Some(Json::Scalar(Scalar::Null)) => {}
        Some(Json::String(name)) => role = role_of(name),
        Some(other) => return at.key("role", |at| Err(wrong("a string", other, at))),
    }
    if roles.next().is_some() {
        // Of two roles one reader takes the first and another the last.
        role = Role::Other;
    }
    for (key, value) in fields {
        at.key(&key, |at| match &*key {
            "role" => Ok(()),
            "content" => content(value, role, at, segments),
            "tool_calls" => tool_calls(value, at, segments),
            "function_call" => tool_call(value, at, segments),
            "audio" => media(value, "data", role, at, segments),
            _ => leaves::all(value, role, at, segments),
        })?;
    }
    Ok(())
}

fn role_of(name: &str) -> Role {
    match name {
        "system" => Role::System,
        "developer" => Role::Developer,
        "user" => Role::User,
        "assistant" | "model" => Role::Assistant,
        "tool" | "function" => Role::Tool,
        // `System` is not `system`: a role that a gateway may read otherwise is judged like a user's.
        _ => Role::Other,
    }
}

fn content<'a>(content: Json<'a>, role: Role, at: &mut Pointer, segments: &mut Segments<'a>) -> Result<(), Unreadable> {
    match content {
        Json::Scalar(Scalar::Null) => Ok(()),
        Json::String(text) => segments.push(role, at, text, None),
        Json::Array(parts) => {
            for (index, part) in parts.into_iter().enumerate() {
                at.index(index, |at| content_part(part, role, at, segments))?;
            }
            Ok(())
        }
        other => Err(wrong("a string or a list of parts", &other, at)),
    }
}

fn content_part<'a>(
    part: Json<'a>,
    role: Role,
    at: &mut Pointer,
    segments: &mut Segments<'a>,
) -> Result<(), Unreadable> {
    match part {
        Json::String(text) => segments.push(role, at, text, None),
        Json::Object(fields) => {
            for (key, value) in fields {
                at.key(&key, |at| match &*key {
                    "type" => Ok(()),
                    "text" | "refusal" => match value {
                        Json::String(text) => segments.push(role, at, text, None),
                        Json::Scalar(Scalar::Null) => Ok(()),
                        other => Err(wrong("a string", &other, at)),
                    },
                    "image_url" => media(value, "url", role, at, segments),
                    "input_audio" => media(value, "data", role, at, segments),
                    "file" => media(value, "file_data", role, at, segments),
                    _ => leaves::all(value, role, at, segments),
                })?;
            }
            Ok(())
        }
        other => Err(wrong("an object with a type", &other, at)),
    }
}

/// A part that is not text. The bytes of an image or a recording are no text that a detector could read:
/// they are counted as a segment that nothing scans, and the receipt shows the difference.
fn media<'a>(
    value: Json<'a>,
    bytes: &str,
    role: Role,
    at: &mut Pointer,
    segments: &mut Segments<'a>,
) -> Result<(), Unreadable> {
    let Json::Object(fields) = value else { return leaves::all(value, role, at, segments) };
    for (key, value) in fields {
        let opaque = key == bytes && value.as_str().is_some_and(|text| bytes != "url" || text.starts_with("data:"));
        let role = if opaque { Role::Media } else { role };
        at.key(&key, |at| leaves::all(value, role, at, segments))?;
    }
    Ok(())
}

fn tool_calls<'a>(calls: Json<'a>, at: &mut Pointer, segments: &mut Segments<'a>) -> Result<(), Unreadable> {
    if is_null(&calls) {
        return Ok(());
    }
    each(calls, at, |call, at| {
        let Json::Object(fields) = call else { return Err(wrong("an object", &call, at)) };
        for (key, value) in fields {
            at.key(&key, |at| match &*key {
                "id" | "type" => Ok(()),
                "function" | "custom" => tool_call(value, at, segments),
                _ => leaves::all(value, Role::ToolCall, at, segments),
            })?;
        }
        Ok(())
    })
}

fn tool_call<'a>(function: Json<'a>, at: &mut Pointer, segments: &mut Segments<'a>) -> Result<(), Unreadable> {
    let Json::Object(fields) = function else { return leaves::all(function, Role::ToolCall, at, segments) };
    for (key, value) in fields {
        at.key(&key, |at| match value {
            Json::String(text) if key == "arguments" => leaves::embedded(text, Role::ToolCall, at, segments),
            other => leaves::all(other, Role::ToolCall, at, segments),
        })?;
    }
    Ok(())
}

fn each<'a>(
    list: Json<'a>,
    at: &mut Pointer,
    mut walk: impl FnMut(Json<'a>, &mut Pointer) -> Result<(), Unreadable>,
) -> Result<(), Unreadable> {
    let Json::Array(items) = list else { return Err(wrong("a list", &list, at)) };
    for (index, item) in items.into_iter().enumerate() {
        at.index(index, |at| walk(item, at))?;
    }
    Ok(())
}

const fn is_null(value: &Json<'_>) -> bool {
    matches!(value, Json::Scalar(Scalar::Null))
}

fn wrong(expected: &str, found: &Json<'_>, at: &Pointer) -> Unreadable {
    Unreadable { pointer: at.outer(), message: format!("expected {expected}, found {}", found.kind()) }
}
