//! Which payload family a document is of: told by its shape, in this one place.
//!
//! The order matters where a document has the marks of two: what holds `messages` or `choices` is a chat, whatever
//! else it holds. What is of no family is read by its strings, so a wrong guess costs the role of a text and never
//! the text.

use super::{json::Json, mcp};
use crate::domain::exchange::Direction;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// OpenAI chat completions and Anthropic messages, which name the same things alike; and legacy completions'
    /// choices.
    Chat,
    /// An answer in Anthropic's form.
    Message,
    /// OpenAI Responses.
    Responses,
    /// `prompt` or `input` of bare texts: legacy completions, embeddings, moderations.
    Texts,
    /// Vectors or pictures: nothing in them can be read.
    Data,
    /// MCP's `tools/call`, its result, or JSON-RPC around one of them.
    Mcp(mcp::Message),
    Other,
}

impl Family {
    pub(super) fn of(direction: Direction, document: &Json<'_>) -> Self {
        let has = |name| document.field(name).is_some();
        let is_list = |name| matches!(document.field(name), Some(Json::Array(_)));
        match direction {
            Direction::Request if has("messages") => Self::Chat,
            Direction::Response if has("choices") => Self::Chat,
            _ if let Some(message) = mcp::Message::of(document) => Self::Mcp(message),
            Direction::Request => match document.field("input") {
                Some(Json::Array(items)) if items.iter().any(|item| matches!(item, Json::Object(_))) => Self::Responses,
                Some(Json::String(_)) if !has("prompt") => Self::Responses,
                Some(Json::Array(_)) => Self::Texts,
                Some(_) | None if has("prompt") => Self::Texts,
                Some(_) | None => Self::Other,
            },
            Direction::Response if let Some(message) = mcp::Message::marked(document) => Self::Mcp(message),
            Direction::Response if is_list("output") => Self::Responses,
            Direction::Response if is_list("content") && has("role") => Self::Message,
            Direction::Response if is_list("data") => Self::Data,
            Direction::Response => Self::Other,
        }
    }
}
