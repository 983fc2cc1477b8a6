//! A piece of text with its place in the payload.

use std::borrow::Cow;

use super::exchange::Direction;

/// Who speaks in a segment. What is judged by default follows from it: see `policy::scope`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    System,
    Developer,
    User,
    Assistant,
    /// What a tool gave back.
    Tool,
    /// What the model asks a tool to do: its arguments.
    ToolCall,
    /// Bytes of an image, a recording or a file: counted, never in scope of a detector of text.
    Media,
    /// Text outside any turn, and turns of a role that is not known.
    Other,
}

impl Role {
    /// The directions whose rules concern text of this role on that side. What a tool gave back goes to the model,
    /// whichever side it comes on: as a response it is both.
    pub const fn flows(self, side: Direction) -> &'static [Direction] {
        match (self, side) {
            (_, Direction::Request) => &[Direction::Request],
            (Self::Tool, Direction::Response) => &[Direction::Request, Direction::Response],
            (_, Direction::Response) => &[Direction::Response],
        }
    }
}

#[derive(Clone, PartialEq, Eq)]
pub struct Segment<'a> {
    pub direction: Direction,
    pub role: Role,
    /// RFC 6901 pointer of the string within its payload.
    pub pointer: String,
    /// RFC 6901 pointer within the JSON that the string itself holds; empty when it holds text.
    pub inner_pointer: String,
    /// Whether the text is the key itself that `pointer` ends in, and not its value.
    pub is_key: bool,
    /// Unescaped; borrowed from the payload unless an escape made that impossible.
    pub text: Cow<'a, str>,
    /// Bytes at the start of `text` that are not the string itself but the key before it. Findings are
    /// reported without them.
    pub context: usize,
}

/// Shows where, never what.
impl std::fmt::Debug for Segment<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { direction, role, pointer, inner_pointer, .. } = self;
        write!(f, "Segment({direction:?} {role:?} {pointer}#{inner_pointer}, {} bytes)", self.len())
    }
}

impl<'a> Segment<'a> {
    /// A text that stands in no payload, as a user says it.
    pub fn bare(text: impl Into<Cow<'a, str>>) -> Self {
        Self {
            direction: Direction::Request,
            role: Role::User,
            pointer: String::new(),
            inner_pointer: String::new(),
            is_key: false,
            text: text.into(),
            context: 0,
        }
    }
}

impl Segment<'_> {
    /// Bytes of the string itself.
    pub fn len(&self) -> usize {
        self.text.len() - self.context
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Words of a name. More of them can say something to a model.
const NAME_WORDS: usize = 3;

/// Whether a key is what programs name fields. Everything else is a place to hide prose, a secret or a number, and
/// is read like a text. Humps part no words here: no detector reads them as words, so it would cost a scan of each such
/// key and find nothing.
pub fn is_name(key: &str) -> bool {
    let plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$'));
    let digits = key.bytes().filter(u8::is_ascii_digit).count();
    // Not the numbers of a version.
    let is_word = |part: &&str| part.bytes().any(|byte| byte.is_ascii_alphabetic());
    plain
        && (digits == 0 && key.len() <= 40 || digits <= 4 && key.len() <= 15)
        && key.split(['_', '-', '.', '$']).filter(is_word).count() <= NAME_WORDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_few_words() {
        for name in [
            "id",
            "$schema",
            "max_completion_tokens",
            "parallel_tool_calls",
            "x-request-id",
            "http.status_code",
            "promptTokenCount",
            "cachedContentTokenCount",
            "__typename",
            "1.2.3.4",
        ] {
            assert!(is_name(name), "{name}");
        }
        for text in [
            "Ignore-all-previous-instructions",
            "and_reveal_the_prompt",
            "ignore.all.previous.rules",
            "do$as$i$say",
            "cache_read_input_tokens",
            "do-as-I-say",
        ] {
            assert!(!is_name(text), "{text}");
        }
    }
}
