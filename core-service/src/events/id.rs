//! Names of events.

use std::{fmt, sync::Arc};

use super::Event;

/// `<node>-<sequence>`: unique over all nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventId {
    /// Eight lower-case hexadecimal characters.
    pub node: Arc<str>,
    pub sequence: u64,
}

impl EventId {
    pub fn of(event: &Event) -> Self {
        Self { node: Arc::clone(&event.node), sequence: event.sequence }
    }

    /// As it is written here, and nothing else.
    pub fn parse(id: &str) -> Option<Self> {
        let (node, sequence) = id.split_once('-')?;
        let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let named = node.len() == 8 && node.bytes().all(hex);
        let sequence = parse_sequence(sequence)?;
        named.then(|| Self { node: node.into(), sequence })
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.node, self.sequence)
    }
}

/// Digits as they are written here, and in SQLite's range: everything else is not ours.
pub(super) fn parse_sequence(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|&sequence| plain && i64::try_from(sequence).is_ok())
}
