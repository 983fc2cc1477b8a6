//! Bare texts: legacy completions (`prompt`), embeddings and moderations (`input`); and answers that are data.

use super::{
    Segments, Unreadable,
    json::{Json, Scalar},
    leaves, part,
    pointer::Pointer,
};
use crate::domain::segment::Role;

pub(super) fn request<'a>(document: Json<'a>, segments: &mut Segments<'a>) -> Result<(), Unreadable> {
    let mut at = Pointer::default();
    let Json::Object(fields) = document else { return leaves::all(document, Role::Other, &mut at, segments) };
    for (key, value) in fields {
        at.key(&key, |at| {
            if is_prompt(&key) {
                texts(value, at, segments)
            } else {
                leaves::unknown(&key, value, Role::Other, at, segments)
            }
        })?;
    }
    Ok(())
}

fn texts<'a>(value: Json<'a>, at: &mut Pointer, segments: &mut Segments<'a>) -> Result<(), Unreadable> {
    match value {
        Json::Array(items) if is_tokens(&items) => leaves::unread(&Json::Array(items), at, segments),
        Json::Array(items) => {
            for (index, item) in items.into_iter().enumerate() {
                at.index(index, |at| texts(item, at, segments))?;
            }
            Ok(())
        }
        other => leaves::all(other, Role::User, at, segments),
    }
}

/// Whether a prompt of bare texts is given as tokens, all of it or a part: among texts, too, since who takes such a list
/// is not known.
pub(super) fn has_tokens(document: &Json<'_>) -> bool {
    let Json::Object(fields) = document else { return false };
    fields.iter().any(|(key, value)| is_prompt(key) && holds_numbers(value))
}

fn is_prompt(key: &str) -> bool {
    matches!(key, "prompt" | "input" | "suffix")
}

fn holds_numbers(value: &Json<'_>) -> bool {
    match value {
        Json::Scalar(scalar) => matches!(scalar, Scalar::Integer(_) | Scalar::Number),
        Json::Array(items) => items.iter().any(holds_numbers),
        Json::String(_) | Json::Object(_) => false,
    }
}

/// Numbers that a model reads as text and nobody else: counted, never scanned, and told in the receipt by
/// [`has_tokens`].
fn is_tokens(items: &[Json<'_>]) -> bool {
    !items.is_empty() && items.iter().all(|item| matches!(item, Json::Scalar(Scalar::Integer(_))))
}

/// Vectors, and pictures in base64.
pub(super) fn data<'a>(document: Json<'a>, segments: &mut Segments<'a>) -> Result<(), Unreadable> {
    let mut at = Pointer::default();
    let Json::Object(fields) = document else { return leaves::all(document, Role::Assistant, &mut at, segments) };
    for (key, value) in fields {
        at.key(&key, |at| match (&*key, value) {
            ("data", Json::Array(items)) => {
                for (index, item) in items.into_iter().enumerate() {
                    at.index(index, |at| datum(item, at, segments))?;
                }
                Ok(())
            }
            (_, value) => leaves::unknown(&key, value, Role::Assistant, at, segments),
        })?;
    }
    Ok(())
}

fn datum<'a>(item: Json<'a>, at: &mut Pointer, segments: &mut Segments<'a>) -> Result<(), Unreadable> {
    let Json::Object(fields) = item else { return leaves::all(item, Role::Assistant, at, segments) };
    for (key, value) in fields {
        at.key(&key, |at| match (&*key, value) {
            ("embedding" | "b64_json", Json::String(bytes)) => part::opaque(bytes, Role::Assistant, at, segments),
            (_, value) => leaves::beside(&key, value, Role::Assistant, at, segments),
        })?;
    }
    Ok(())
}
