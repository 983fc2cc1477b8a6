//! Bytes to segments: every piece of text in a payload, with who says it and where it stands.
//!
//! One file a payload family. What a family does not know it hands to `leaves`: text is never left out
//! because a field is new.

mod chat;
mod family;
mod json;
mod leaves;
mod mcp;
mod names;
mod numbers;
mod part;
mod pointer;
mod responses;
mod texts;

use std::borrow::Cow;

use memchr::memmem;

pub use self::names::{model, tool};
pub(crate) use self::numbers::digits;
use self::{family::Family, json::Json, names::Models, pointer::Pointer};
use crate::domain::{
    exchange::{Direction, Payload, Payloads},
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
    /// The payload's own `model`. None where it names two that differ: of equal keys one reader takes the first and
    /// another the last.
    pub model: Option<Cow<'a, str>>,
    /// All that the payload names under `model`, a line each: what selects policies.
    pub models: String,
    /// The tool that an MCP call is for.
    pub tool: Option<String>,
    /// Whether a prompt is given as numbers of tokens: text for a model, which nobody else can read.
    pub tokens: bool,
    asked: Asked,
}

/// Whom a request is for: what comes back is of that role, whatever it looks like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Asked {
    #[default]
    Model,
    /// By an MCP call.
    Tool,
}

impl Asked {
    /// What it costs is a tree of the request where one of the words stands without which nothing is a call, and a look for
    /// them where none does.
    fn of(request: &Payload) -> Self {
        match request {
            Payload::Json(bytes) if may_call(bytes) => {
                json::parse(bytes).map_or(Self::Model, |document| Self::by(Family::of(Direction::Request, &document)))
            }
            Payload::Json(_) | Payload::Text(_) => Self::Model,
        }
    }

    const fn by(family: Family) -> Self {
        match family {
            Family::Mcp(mcp::Message::Call | mcp::Message::CallEnvelope) => Self::Tool,
            _ => Self::Model,
        }
    }
}

/// Whether it may hold a key of a call of a tool. Such a key may be written with an escape, too.
fn may_call(json: &[u8]) -> bool {
    [&b"arguments"[..], b"params", b"\\u"].iter().any(|word| memmem::find(json, word).is_some())
}

/// What a request tells of an answer that is read without it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// As of [`Extracted`].
    pub model: Option<String>,
    pub models: String,
    pub tool: Option<String>,
    /// Whether it calls a tool: all that comes back is then what the tool gave, as with [`sides`].
    pub is_call: bool,
}

impl Question {
    /// Fails where it names more models than are compared with those of a policy. Of one that is no JSON nothing is told.
    pub fn of(request: &Payload) -> Result<Self, Unreadable> {
        let (model, models) = names::models(request)?;
        Ok(Self { model, models, tool: tool(request), is_call: Asked::of(request) == Asked::Tool })
    }
}

/// One payload alone. What is known of the other side tells more: see [`sides`].
pub fn extract(direction: Direction, payload: &Payload) -> Result<Extracted<'_>, Unreadable> {
    read(direction, payload, Asked::Model)
}

/// The payloads of one exchange, the request first. Where it calls a tool, all of the response is what the tool gave
/// back: by one member more a tool could make its result look like what a model says.
pub fn sides(payloads: &Payloads) -> impl Iterator<Item = (Direction, &Payload, Result<Extracted<'_>, Unreadable>)> {
    let mut asked = Asked::Model;
    [Direction::Request, Direction::Response].into_iter().filter_map(move |direction| {
        let payload = payloads.get(direction)?;
        let extracted = read(direction, payload, asked);
        if let (Direction::Request, Ok(extracted)) = (direction, &extracted) {
            asked = extracted.asked;
        }
        Some((direction, payload, extracted))
    })
}

/// The response as [`sides`] reads it, without the texts of the request.
pub fn answer(payloads: &Payloads) -> Option<Result<Extracted<'_>, Unreadable>> {
    let asked = payloads.request().map_or(Asked::Model, Asked::of);
    payloads.response().map(|response| read(Direction::Response, response, asked))
}

fn read(direction: Direction, payload: &Payload, asked: Asked) -> Result<Extracted<'_>, Unreadable> {
    let mut segments = Segments { direction, list: Vec::new(), paths: 0 };
    let mut tokens = false;
    let (model, models, tool, asked) = match payload {
        Payload::Text(text) => {
            let role = match (direction, asked) {
                (Direction::Request, _) => Role::User,
                (Direction::Response, Asked::Model) => Role::Assistant,
                (Direction::Response, Asked::Tool) => Role::Tool,
            };
            segments.push(role, &Pointer::default(), Cow::Borrowed(text), None)?;
            (None, String::new(), None, Asked::Model)
        }
        Payload::Json(bytes) => {
            let document = json::parse(bytes)?;
            let named = Models::of(&document)?;
            // Whatever else the request holds: who takes them beside it is not known.
            tokens = direction == Direction::Request && texts::has_tokens(&document);
            let family = match (direction, asked) {
                (Direction::Response, Asked::Tool) => Family::Mcp(mcp::Message::answer(&document)),
                _ => Family::of(direction, &document),
            };
            let tool = if let Family::Mcp(message) = family { mcp::tool(message, &document) } else { None };
            document_of(family, document, &mut segments)?;
            (named.one().map(|name| Cow::Owned(name.to_owned())), named.lines(), tool, Asked::by(family))
        }
    };
    Ok(Extracted { segments: segments.list, model, models, tool, tokens, asked })
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
