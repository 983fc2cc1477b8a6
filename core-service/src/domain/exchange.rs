//! What a caller hands over: payloads and who sent them.

use std::collections::BTreeMap;

use bytes::Bytes;
use portcullis_api::limits;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To the model.
    Request,
    /// From the model.
    Response,
}

impl Direction {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}

/// One side of an exchange. JSON is kept as the bytes that came, so that what is recorded is what was sent.
#[derive(Clone, PartialEq, Eq)]
pub enum Payload {
    Text(String),
    Json(Bytes),
}

impl Payload {
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Json(json) => json.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Shows sizes only: a payload is what must never reach a log.
impl std::fmt::Debug for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Json(json) => write!(f, "Json({} bytes)", json.len()),
        }
    }
}

/// At least one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payloads {
    Request(Payload),
    Response(Payload),
    Both { request: Payload, response: Payload },
}

impl Payloads {
    pub const fn request(&self) -> Option<&Payload> {
        match self {
            Self::Request(request) | Self::Both { request, .. } => Some(request),
            Self::Response(_) => None,
        }
    }

    pub const fn response(&self) -> Option<&Payload> {
        match self {
            Self::Response(response) | Self::Both { response, .. } => Some(response),
            Self::Request(_) => None,
        }
    }

    pub const fn get(&self, direction: Direction) -> Option<&Payload> {
        match direction {
            Direction::Request => self.request(),
            Direction::Response => self.response(),
        }
    }

    /// The side that is new: a response, when there is one, answers a request that was seen before.
    pub const fn direction(&self) -> Direction {
        match self {
            Self::Request(_) => Direction::Request,
            Self::Response(_) | Self::Both { .. } => Direction::Response,
        }
    }

    pub fn len(&self) -> usize {
        self.request().map_or(0, Payload::len) + self.response().map_or(0, Payload::len)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Who called, as far as the caller of this service says. Selects policies; proves nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallContext {
    pub source: String,
    pub user: String,
    pub team: String,
    /// Empty until the payload's own `model` fills it.
    pub model: String,
    pub client_ip: String,
    pub metadata: BTreeMap<String, String>,
    /// What came beside the payloads, as JSON, for the record alone.
    pub envelope: Bytes,
    /// The credential that was shown at the caller's own door, by a name or a digest.
    pub principal: String,
}

impl CallContext {
    /// Bytes of a session's id. A longer one is none.
    pub const MAX_SESSION: usize = 256;
    /// Bytes of a tool's name that is taken from a payload.
    const MAX_TOOL: usize = 256;
    pub const TOOL: &str = "tool_name";
    pub const SERVER: &str = "mcp_server_name";

    /// What the caller says the call belongs to: `metadata.session_id`. It comes from the end user with most gateways,
    /// and means something only together with the principal, the user and the source. Empty when there is none.
    pub fn session(&self) -> &str {
        let named = self.metadata.get("session_id").map_or("", String::as_str);
        if named.len() <= Self::MAX_SESSION { named } else { "" }
    }

    /// The tool that is called, as gateways name it beside a hook of MCP; empty when there is none.
    pub fn tool(&self) -> &str {
        self.metadata.get(Self::TOOL).map_or("", String::as_str)
    }

    /// The MCP server of that tool.
    pub fn server(&self) -> &str {
        self.metadata.get(Self::SERVER).map_or("", String::as_str)
    }

    /// The payload's own name for the model stands in where the caller names none: as a label, which is short, whatever
    /// the payload holds.
    pub fn name_model(&mut self, named: Option<String>) {
        if let (true, Some(mut name)) = (self.model.is_empty(), named) {
            name.truncate(name.floor_char_boundary(limits::LABEL));
            self.model = name;
        }
    }

    /// The payload's own name for the tool stands in where the caller names none.
    pub fn name_tool(&mut self, named: Option<String>) {
        if let Some(name) = named.filter(|name| !name.is_empty() && name.len() <= Self::MAX_TOOL) {
            self.metadata.entry(Self::TOOL.to_owned()).or_insert(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payloads_model_is_a_short_label_and_never_stands_before_the_callers() {
        let mut context = CallContext::default();
        context.name_model(Some("\u{e9}".repeat(1 << 20)));
        assert_eq!(context.model.len(), limits::LABEL);
        context.name_model(Some("another".to_owned()));
        assert_eq!(context.model.len(), limits::LABEL);
        let mut short = CallContext::default();
        short.name_model(Some("m".to_owned()));
        assert_eq!(short.model, "m");
    }
}
