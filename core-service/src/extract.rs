//! Bytes to segments: every piece of text in a payload, with who says it and where it stands.
//!
//! One file a payload family. What a family does not know it hands to `leaves`: text is never left out
//! because a field is new.

mod chat;
mod family;
mod json;
mod leaves;
mod mcp;
mod part;
mod pointer;
mod responses;
mod texts;

use std::borrow::Cow;

use self::{family::Family, json::Json, pointer::Pointer};
use crate::domain::{
    exchange::{Direction, Payload},
    segment::{Role, Segment},
};

/// Of one payload. More is not an exchange but an attack on memory: a segment takes about 100 bytes.
pub const MAX_SEGMENTS: usize = 250_000;
/// Bytes of the path to one piece of text, and of all paths of one payload: every piece has its own, so that one long key
/// above many short values would be held as often as there are values.
const MAX_PATH: usize = 64 << 10;
const MAX_PATHS: usize = 32 << 20;

/// Why a payload cannot be read. Says where, never what stood there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Unreadable {
    /// RFC 6901, empty when the payload is not JSON at all.
    pub pointer: String,
    pub message: String,
}

/// What a payload holds.
#[derive(Debug)]
pub struct Extracted<'a> {
    pub segments: Vec<Segment<'a>>,
    /// The payload's own `model`.
    pub model: Option<Cow<'a, str>>,
    /// The tool that an MCP call is for.
    pub tool: Option<String>,
}

pub fn extract(direction: Direction, payload: &Payload) -> Result<Extracted<'_>, Unreadable> {
    let mut segments = Segments { direction, list: Vec::new(), paths: 0 };
    match payload {
        Payload::Text(text) => {
            let role = match direction {
                Direction::Request => Role::User,
                Direction::Response => Role::Assistant,
            };
            segments.push(role, &Pointer::default(), Cow::Borrowed(text), None)?;
            Ok(Extracted { segments: segments.list, model: None, tool: None })
        }
        Payload::Json(bytes) => {
            let document = json::parse(bytes)?;
            let model = document.field("model").and_then(Json::as_str).map(|name| Cow::Owned(name.to_owned()));
            let family = Family::of(direction, &document);
            let tool = if let Family::Mcp(message) = family { mcp::tool(message, &document) } else { None };
            document_of(family, document, &mut segments)?;
            Ok(Extracted { segments: segments.list, model, tool })
        }
    }
}

fn document_of<'a>(family: Family, document: Json<'a>, segments: &mut Segments<'a>) -> Result<(), Unreadable> {
    match (family, segments.direction) {
        (Family::Chat, Direction::Request) => chat::request(document, segments),
        (Family::Chat, Direction::Response) => chat::response(document, segments),
        (Family::Message, _) => chat::answer(document, segments),
        (Family::Responses, Direction::Request) => responses::request(document, segments),
        (Family::Responses, Direction::Response) => responses::response(document, segments),
        (Family::Texts, _) => texts::request(document, segments),
        (Family::Data, _) => texts::data(document, segments),
        (Family::Mcp(message), _) => mcp::message(message, document, segments),
        (Family::Other, Direction::Request) => leaves::all(document, Role::Other, &mut Pointer::default(), segments),
        (Family::Other, Direction::Response) => {
            leaves::all(document, Role::Assistant, &mut Pointer::default(), segments)
        }
    }
}

fn wrong(expected: &str, found: &Json<'_>, at: &Pointer) -> Unreadable {
    Unreadable { pointer: at.shown(), message: format!("expected {expected}, found {}", found.kind()) }
}

/// The payload's own `model`, without reading the rest of it.
pub fn model(payload: &Payload) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Named {
        model: Option<String>,
    }
    match payload {
        Payload::Text(_) => None,
        Payload::Json(bytes) => serde_json::from_slice::<Named>(bytes).ok()?.model,
    }
}

/// The tool that an MCP call is for, without reading the rest of it.
pub fn tool(payload: &Payload) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Call {
        method: Option<String>,
        params: Option<Named>,
        name: Option<String>,
        arguments: Option<serde::de::IgnoredAny>,
    }
    #[derive(serde::Deserialize)]
    struct Named {
        name: Option<String>,
    }
    let Payload::Json(bytes) = payload else { return None };
    let call: Call = serde_json::from_slice(bytes).ok()?;
    match call.params {
        Some(params) if call.method.as_deref() == Some("tools/call") => params.name,
        Some(_) => None,
        None => call.arguments.and(call.name),
    }
}

/// Collects segments up to the limit.
struct Segments<'a> {
    direction: Direction,
    list: Vec<Segment<'a>>,
    /// Bytes of their paths.
    paths: usize,
}

impl<'a> Segments<'a> {
    /// `key` is the name under which the text stands, when that helps to understand it: a detector reads
    /// `db_password: …` where the value alone would be a word like any other.
    fn push(&mut self, role: Role, pointer: &Pointer, text: Cow<'a, str>, key: Option<&str>) -> Result<(), Unreadable> {
        if text.is_empty() {
            return Ok(());
        }
        let too_much = |message| Err(Unreadable { pointer: pointer.shown(), message });
        if self.list.len() == MAX_SEGMENTS {
            return too_much(format!("more than {MAX_SEGMENTS} pieces of text"));
        }
        if pointer.len() > MAX_PATH {
            return too_much(format!("a path of more than {MAX_PATH} bytes"));
        }
        self.paths += pointer.len();
        if self.paths > MAX_PATHS {
            return too_much(format!("paths of more than {MAX_PATHS} bytes together"));
        }
        let (text, context) = match key {
            Some(key) if helps(key, &text) => (Cow::Owned(format!("{key}: {text}")), key.len() + 2),
            _ => (text, 0),
        };
        self.list.push(Segment {
            direction: self.direction,
            role,
            pointer: pointer.outer(),
            inner_pointer: pointer.inner(),
            is_key: false,
            text,
            context,
        });
        Ok(())
    }

    /// Runs `read`, or leaves everything as it was.
    fn all_or_nothing(&mut self, read: impl FnOnce(&mut Self) -> Result<(), Unreadable>) -> Result<(), Unreadable> {
        let (segments, paths) = (self.list.len(), self.paths);
        read(self).inspect_err(|_| {
            self.list.truncate(segments);
            self.paths = paths;
        })
    }

    /// A key that is text itself.
    fn push_key(&mut self, role: Role, pointer: &Pointer, key: Cow<'a, str>) -> Result<(), Unreadable> {
        self.push(role, pointer, key, None)?;
        if let Some(last) = self.list.last_mut() {
            last.is_key = true;
        }
        Ok(())
    }
}

/// A key explains a value that looks like one token; beside prose it would only pose as part of the prose.
fn helps(key: &str, text: &str) -> bool {
    (3..=64).contains(&key.len()) && (4..=512).contains(&text.len()) && !text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests;
