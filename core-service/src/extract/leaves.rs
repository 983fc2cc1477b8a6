//! Any JSON by its strings: what no payload family knows better.

use std::borrow::Cow;

use super::{
    Segments, Unreadable,
    json::{Json, Scalar},
    pointer::Pointer,
};
use crate::domain::segment::{Role, is_name};

/// Integers from here on can be a card, an account or a telephone number; a smaller one says nothing.
pub(super) const IDENTIFIER: u64 = 10_000_000;

/// Values of JSON in a string that is read by its leaves; a larger one is read as text. Below what one payload may
/// have, so that a table that a tool gave back does not make the whole exchange unreadable.
const EMBEDDED: usize = 20_000;

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
                at.key(&key, |at| unknown(&key, value, role, at, segments))?;
            }
            Ok(())
        }
    }
}

/// A field that nobody knows, at its own place: its value, and its key where that is no mere name.
pub(super) fn unknown<'a>(
    key: &str,
    value: Json<'a>,
    role: Role,
    at: &mut Pointer,
    segments: &mut Segments<'a>,
) -> Result<(), Unreadable> {
    named(value, role, Some(key), at, segments)?;
    keyed(key, role, at, segments)
}

/// A field that nobody knows of something known, such as a turn: its value needs no name to be understood, but its key
/// is read like that of [`unknown`].
pub(super) fn beside<'a>(
    key: &str,
    value: Json<'a>,
    role: Role,
    at: &mut Pointer,
    segments: &mut Segments<'a>,
) -> Result<(), Unreadable> {
    all(value, role, at, segments)?;
    keyed(key, role, at, segments)
}

fn keyed(key: &str, role: Role, at: &Pointer, segments: &mut Segments<'_>) -> Result<(), Unreadable> {
    if is_name(key) { Ok(()) } else { segments.push_key(role, at, Cow::Owned(key.to_owned())) }
}

/// A word of a protocol, such as a type: text where it is none, since a model may read it all the same.
pub(super) fn word<'a>(
    value: Json<'a>,
    is_known: fn(&str) -> bool,
    role: Role,
    at: &mut Pointer,
    segments: &mut Segments<'a>,
) -> Result<(), Unreadable> {
    match value {
        Json::String(word) if is_known(&word) => Ok(()),
        other => all(other, role, at, segments),
    }
}

/// Bytes of an id, by which a call and its result find each other.
const ID: usize = 64;
/// Parts of an id that are nothing but letters. More of them can say something to a model.
const ID_WORDS: usize = 3;

/// Whether a string is what programs make to tell calls apart, and not a place to hide prose.
pub(super) fn is_id(text: &str) -> bool {
    let is_mark = |c: char| matches!(c, '_' | '-' | '.' | ':' | '|');
    let is_word = |part: &&str| part.len() > 1 && part.bytes().all(|byte| byte.is_ascii_alphabetic());
    text.len() <= ID
        && text.chars().all(|c| c.is_ascii_alphanumeric() || is_mark(c))
        && text.split(is_mark).filter(is_word).count() <= ID_WORDS
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
    match super::json::parse_up_to(EMBEDDED, text.as_bytes()) {
        // Of JSON within JSON the inner is text: there is one pointer into a string, and no second.
        Ok(document) if !at.is_within() => {
            let document = document.into_owned();
            let read = segments.all_or_nothing(|segments| at.within(|at| all(document, role, at, segments)));
            // Whoever writes what a tool gives back must not make the whole exchange unreadable by it.
            read.or_else(|_| segments.push(role, at, text, None))
        }
        // A model writes arguments, and it may write them wrong: what is not JSON is still text.
        Ok(_) | Err(_) => segments.push(role, at, text, None),
    }
}

/// All strings and numbers below as one piece that is counted and never scanned: what says once more, or in another
/// form, what stands elsewhere or what no detector could read.
pub(super) fn unread(value: &Json<'_>, at: &Pointer, segments: &mut Segments<'_>) -> Result<(), Unreadable> {
    let mut all = String::new();
    gather(value, &mut all);
    segments.push(Role::Media, at, Cow::Owned(all), None)
}

fn gather(value: &Json<'_>, into: &mut String) {
    match value {
        Json::String(text) => into.push_str(text),
        Json::Scalar(Scalar::Integer(number)) => into.push_str(&number.to_string()),
        Json::Scalar(_) => {}
        Json::Array(items) => items.iter().for_each(|item| gather(item, into)),
        Json::Object(fields) => fields.iter().for_each(|(_, value)| gather(value, into)),
    }
}
