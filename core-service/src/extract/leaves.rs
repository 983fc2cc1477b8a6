//! Any JSON by its strings: what no payload family knows better.

use std::borrow::Cow;

use super::{
    Segments, Unreadable,
    json::{Json, Scalar},
    pointer::Pointer,
};
use crate::domain::segment::Role;

/// Integers from here on can be a card, an account or a telephone number; a smaller one says nothing.
const IDENTIFIER: u64 = 10_000_000;

pub(super) fn all<'a>(
    value: Json<'a>,
    role: Role,
    at: &mut Pointer,
    segments: &mut Segments<'a>,
) -> Result<(), Unreadable> {
    named(value, role, None, at, segments)
}

pub(super) fn named<'a>(
    value: Json<'a>,
    role: Role,
    name: Option<&str>,
    at: &mut Pointer,
    segments: &mut Segments<'a>,
) -> Result<(), Unreadable> {
    match value {
        Json::String(text) => segments.push(role, at, text, name),
        Json::Scalar(Scalar::Integer(value)) if value >= IDENTIFIER => {
            segments.push(role, at, Cow::Owned(value.to_string()), name)
        }
        Json::Scalar(_) => Ok(()),
        Json::Array(items) => {
            for (index, item) in items.into_iter().enumerate() {
                at.index(index, |at| named(item, role, name, at, segments))?;
            }
            Ok(())
        }
        Json::Object(fields) => {
            for (key, value) in fields {
                at.key(&key, |at| named(value, role, Some(&key), at, segments))?;
                // A key that reads like prose is a place to hide prose.
                if key.contains(' ') {
                    at.key(&key.clone(), |at| segments.push_key(role, at, key))?;
                }
            }
            Ok(())
        }
    }
}

/// A string that may hold JSON, such as a tool call's arguments: its leaves when it does, else the string.
pub(super) fn embedded<'a>(
    text: Cow<'a, str>,
    role: Role,
    at: &mut Pointer,
    segments: &mut Segments<'a>,
) -> Result<(), Unreadable> {
    if !text.trim_start().starts_with(['{', '[']) {
        return segments.push(role, at, text, None);
    }
    match super::json::parse(text.as_bytes()) {
        Ok(document) => {
            let document = document.into_owned();
            at.within(|at| all(document, role, at, segments))
        }
        // A model writes arguments, and it may write them wrong: what is not JSON is still text.
        Err(_) => segments.push(role, at, text, None),
    }
}
