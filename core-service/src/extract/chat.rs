//! OpenAI's chat completions: requests by their turns, responses by their choices. Anthropic's messages too, whose
//! turns differ in their parts alone.
//!
//! Strict where a wrong shape could hide text from us that a model would read (`messages`, a turn, its role,
//! its content), lenient elsewhere: an unknown field is read by its strings.

use super::{
    Segments, Unreadable,
    json::{Json, Scalar},
    leaves, part,
    pointer::Pointer,
    wrong,
};
use crate::domain::segment::Role;

pub(super) fn request<'a>(document: Json<'a>, segments: &mut Segments<'a>) -> Result<(), Unreadable> {
    let mut at = Pointer::default();
    let Json::Object(fields) = document else { return leaves::all(document, Role::Other, &mut at, segments) };
    for (key, value) in fields {
        at.key(&key, |at| match &*key {
            "messages" => each(value, at, |turn, at| message(turn, Role::Other, at, segments)),
            // Anthropic's system turn.
            "system" => part::lenient(value, Role::System, at, segments),
            // What the application's author wrote for the model, like a system turn.
            "tools" | "functions" | "tool_choice" | "function_call" | "response_format" => {
                leaves::all(value, Role::Developer, at, segments)
            }
            _ => leaves::unknown(&key, value, Role::Other, at, segments),
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
                        "text" => part::lenient(value, Role::Assistant, at, segments),
                        // The text once more, token by token.
                        "logprobs" => leaves::unread(&value, at, segments),
                        _ => leaves::beside(&key, value, Role::Assistant, at, segments),
                    })?;
                }
                Ok(())
            }),
            _ => leaves::unknown(&key, value, Role::Assistant, at, segments),
        })?;
    }
    Ok(())
}

/// An answer that is one turn, in Anthropic's form.
pub(super) fn answer<'a>(document: Json<'a>, segments: &mut Segments<'a>) -> Result<(), Unreadable> {
    message(document, Role::Assistant, &mut Pointer::default(), segments)
}

pub(super) fn message<'a>(
    turn: Json<'a>,
    unnamed: Role,
    at: &mut Pointer,
    segments: &mut Segments<'a>,
) -> Result<(), Unreadable> {
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
            "role" => leaves::word(value, is_role, role, at, segments),
            "content" => part::content(value, role, at, segments),
            "tool_calls" => tool_calls(value, at, segments),
            "function_call" => part::call(value, at, segments),
            "audio" => part::media(value, "data", role, at, segments),
            // Parts of their own kinds, some of them sealed by who made them.
            "reasoning_details" | "thinking_blocks" => part::lenient(value, role, at, segments),
            _ => leaves::beside(&key, value, role, at, segments),
        })?;
    }
    Ok(())
}

fn is_role(name: &str) -> bool {
    role_of(name) != Role::Other
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

fn tool_calls<'a>(calls: Json<'a>, at: &mut Pointer, segments: &mut Segments<'a>) -> Result<(), Unreadable> {
    if is_null(&calls) {
        return Ok(());
    }
    each(calls, at, |call, at| {
        let Json::Object(fields) = call else { return Err(wrong("an object", &call, at)) };
        for (key, value) in fields {
            at.key(&key, |at| match &*key {
                "id" => leaves::word(value, leaves::is_id, Role::ToolCall, at, segments),
                "type" => leaves::word(value, part::is_type, Role::ToolCall, at, segments),
                "function" | "custom" => part::call(value, at, segments),
                _ => leaves::beside(&key, value, Role::ToolCall, at, segments),
            })?;
        }
        Ok(())
    })
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
