//! What a turn's content is made of: texts, and typed parts as OpenAI, Anthropic and MCP name them.
//!
//! A part of a type that is not known here is read by its strings.

use std::borrow::Cow;

use super::{
    Segments, Unreadable,
    json::{Json, Scalar},
    leaves,
    pointer::Pointer,
    wrong,
};
use crate::domain::segment::{Role, is_name};

/// Strict: a wrong shape could hide text from us that a model would read.
pub(super) fn content<'a>(
    content: Json<'a>,
    role: Role,
    at: &mut Pointer,
    segments: &mut Segments<'a>,
) -> Result<(), Unreadable> {
    match content {
        Json::Scalar(Scalar::Null) => Ok(()),
        Json::String(said) => text(said, role, at, segments),
        Json::Array(parts) => {
            for (index, item) in parts.into_iter().enumerate() {
                at.index(index, |at| match item {
                    Json::String(said) => text(said, role, at, segments),
                    Json::Object(fields) => part(fields, role, at, segments),
                    other => Err(wrong("an object with a type", &other, at)),
                })?;
            }
            Ok(())
        }
        other => Err(wrong("a string or a list of parts", &other, at)),
    }
}

/// [`content`] where another shape is nobody's mistake.
pub(super) fn lenient<'a>(
    value: Json<'a>,
    role: Role,
    at: &mut Pointer,
    segments: &mut Segments<'a>,
) -> Result<(), Unreadable> {
    match value {
        Json::Array(items) => {
            for (index, item) in items.into_iter().enumerate() {
                at.index(index, |at| match item {
                    Json::Object(fields) => part(fields, role, at, segments),
                    other => leaves::all(other, role, at, segments),
                })?;
            }
            Ok(())
        }
        Json::Object(fields) => part(fields, role, at, segments),
        Json::String(said) => text(said, role, at, segments),
        scalar @ Json::Scalar(_) => leaves::all(scalar, role, at, segments),
    }
}

/// What somebody says. A model that was asked for JSON, and most tools, answer with JSON in a string: that is read
/// by its leaves, so that pointers lead into it and it is still JSON when it is masked.
pub(super) fn text<'a>(
    said: Cow<'a, str>,
    role: Role,
    at: &mut Pointer,
    segments: &mut Segments<'a>,
) -> Result<(), Unreadable> {
    match role {
        Role::Assistant | Role::Tool => leaves::embedded(said, role, at, segments),
        _ => segments.push(role, at, said, None),
    }
}

type Fields<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

fn part<'a>(fields: Fields<'a>, role: Role, at: &mut Pointer, segments: &mut Segments<'a>) -> Result<(), Unreadable> {
    let kind = Kind::of(&fields);
    let role = match kind {
        // What a tool gives back is the tool's, whatever it is made to look like.
        Kind::Call if role != Role::Tool => return call(Json::Object(fields), at, segments),
        Kind::Result => Role::Tool,
        Kind::Call | Kind::Media | Kind::Sealed | Kind::Other => role,
    };
    for (key, value) in fields {
        at.key(&key, |at| match (&*key, value) {
            ("type", value) => leaves::word(value, is_type, role, at, segments),
            ("text" | "refusal" | "thinking", Json::String(said)) => text(said, role, at, segments),
            ("text" | "refusal" | "thinking", Json::Scalar(Scalar::Null)) => Ok(()),
            ("text" | "refusal", other) => Err(wrong("a string", &other, at)),
            ("content", value) => lenient(value, role, at, segments),
            ("image_url", value) => media(value, "url", role, at, segments),
            ("input_audio", value) => media(value, "data", role, at, segments),
            ("file", value) => media(value, "file_data", role, at, segments),
            ("resource", value) => media(value, "blob", role, at, segments),
            ("source", value) if kind == Kind::Media => media(value, "data", role, at, segments),
            ("data", Json::String(bytes)) if matches!(kind, Kind::Media | Kind::Sealed) => {
                opaque(bytes, role, at, segments)
            }
            ("file_data" | "signature" | "encrypted_content", Json::String(bytes)) => opaque(bytes, role, at, segments),
            // The text once more, token by token.
            ("logprobs", value) => leaves::unread(&value, at, segments),
            (_, value) => leaves::beside(&key, value, role, at, segments),
        })?;
    }
    Ok(())
}

/// What the type of a part says about its fields.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The model asks a tool.
    Call,
    /// The tool answers.
    Result,
    Media,
    /// Reasoning that its provider alone can read.
    Sealed,
    Other,
}

impl Kind {
    fn of(fields: &Fields<'_>) -> Self {
        match type_of(fields).unwrap_or_default() {
            "image" | "audio" | "document" if !names_text(fields) => Self::Media,
            "redacted_thinking" | "reasoning.encrypted" => Self::Sealed,
            "search_result" => Self::Result,
            kind if kind.ends_with("tool_use") => Self::Call,
            kind if kind.ends_with("tool_result") => Self::Result,
            _ => Self::Other,
        }
    }
}

/// Types of more words than a name has; others of that kind are read, and found to say nothing.
const LONG_TYPES: &[&str] = &[
    "apply_patch_call_output",
    "bash_code_execution_output",
    "bash_code_execution_result",
    "bash_code_execution_tool_result",
    "code_execution_tool_result",
    "code_execution_tool_result_error",
    "custom_tool_call_output",
    "local_shell_call_output",
    "text_editor_code_execution_create_result",
    "text_editor_code_execution_tool_result",
    "text_editor_code_execution_view_result",
    "tool_search_tool_result",
    "tool_search_tool_search_result",
    "web_fetch_tool_result",
    "web_fetch_tool_result_error",
    "web_search_result_location",
    "web_search_tool_result",
    "web_search_tool_result_error",
];

/// Whether a type is one that programs give, and not a place to hide prose.
pub(super) fn is_type(kind: &str) -> bool {
    is_name(kind) || LONG_TYPES.contains(&kind)
}

/// Empty where there is none. None of two that differ: one reader takes the first and another the last.
fn type_of<'f>(fields: &'f [(Cow<'_, str>, Json<'_>)]) -> Option<&'f str> {
    let mut types = fields.iter().filter(|(key, _)| key == "type").map(|(_, value)| value.as_str());
    let first = types.next().flatten().unwrap_or_default();
    types.all(|other| other == Some(first)).then_some(first)
}

/// Whether the media type that stands beside bytes, as Anthropic or MCP call it, is one of text.
fn names_text(fields: &[(Cow<'_, str>, Json<'_>)]) -> bool {
    fields.iter().any(|(key, value)| {
        matches!(&**key, "media_type" | "mime_type" | "mimeType") && value.as_str().is_some_and(|mime| !is_binary(mime))
    })
}

/// Name and arguments of a call, whatever the arguments are called and whether they are JSON or JSON in a string.
pub(super) fn call<'a>(function: Json<'a>, at: &mut Pointer, segments: &mut Segments<'a>) -> Result<(), Unreadable> {
    let Json::Object(fields) = function else { return leaves::all(function, Role::ToolCall, at, segments) };
    for (key, value) in fields {
        at.key(&key, |at| match (&*key, value) {
            ("type", value) => leaves::word(value, is_type, Role::ToolCall, at, segments),
            ("arguments" | "input", Json::String(text)) => leaves::embedded(text, Role::ToolCall, at, segments),
            (_, other) => leaves::beside(&key, other, Role::ToolCall, at, segments),
        })?;
    }
    Ok(())
}

/// A part that is not text. The bytes of an image or a recording are no text that a detector could read:
/// they are counted as a segment that nothing scans, and the receipt shows the difference.
pub(super) fn media<'a>(
    value: Json<'a>,
    bytes: &str,
    role: Role,
    at: &mut Pointer,
    segments: &mut Segments<'a>,
) -> Result<(), Unreadable> {
    // Anthropic's name for a document that is plain text.
    let is_text = matches!(&value, Json::Object(fields)
        if type_of(fields).is_none_or(|kind| kind == "text") || names_text(fields));
    match value {
        Json::Object(fields) => {
            for (key, value) in fields {
                at.key(&key, |at| match value {
                    Json::String(url) if key == "url" => link(url, role, at, segments),
                    Json::String(text) if key == bytes && !is_text => opaque(text, role, at, segments),
                    value => leaves::beside(&key, value, role, at, segments),
                })?;
            }
            Ok(())
        }
        Json::String(url) if bytes == "url" => link(url, role, at, segments),
        other => leaves::all(other, role, at, segments),
    }
}

fn link<'a>(url: Cow<'a, str>, role: Role, at: &mut Pointer, segments: &mut Segments<'a>) -> Result<(), Unreadable> {
    let role = if url.starts_with("data:") && is_bytes(&url) { Role::Media } else { role };
    segments.push(role, at, url, None)
}

/// Bytes in base64, alone or in a data URL. Everything else is text that only claims to be bytes.
pub(super) fn opaque<'a>(
    bytes: Cow<'a, str>,
    role: Role,
    at: &mut Pointer,
    segments: &mut Segments<'a>,
) -> Result<(), Unreadable> {
    let role = if is_bytes(&bytes) { Role::Media } else { role };
    segments.push(role, at, bytes, None)
}

/// Text in base64 is no media where a data URL says that it is text: detectors decode it.
fn is_bytes(text: &str) -> bool {
    match text.strip_prefix("data:").map(|url| url.split_once(',')) {
        Some(Some((mime, data))) => is_binary(mime) && is_base64(data),
        Some(None) => false,
        None => is_base64(text),
    }
}

/// Lines of wrapped base64 are at least this long: words below each other are of the same letters.
const SHORTEST_LINE: usize = 16;

/// Nothing but digits of base64 or base64url, in lines of one length where there are several. Stops at the first
/// byte that is none.
fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches(['\r', '\n']).trim_end_matches('=');
    let mut lines = digits.lines();
    let (first, last) = (lines.next().unwrap_or_default(), lines.next_back());
    let is_wrapped = last.is_none_or(|last| {
        first.len() >= SHORTEST_LINE && last.len() <= first.len() && lines.all(|line| line.len() == first.len())
    });
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    is_wrapped && digits.lines().all(|line| line.bytes().all(is_digit))
}

/// Of type and subtype; RFC 6838 allows no more.
const LONGEST_MIME: usize = 255;
const BINARY: &[&str] = &["application", "audio", "font", "image", "model", "video"];
/// Words of a subtype that make it one of text. Not `text`: `vnd.oasis.opendocument.text` is an archive.
const TEXTS: &[&str] = &[
    "csh",
    "csv",
    "ecmascript",
    "geojson",
    "graphql",
    "html",
    "javascript",
    "json",
    "json5",
    "jsonl",
    "jsonlines",
    "latex",
    "markdown",
    "ndjson",
    "pem",
    "perl",
    "php",
    "plain",
    "python",
    "rtf",
    "ruby",
    "sh",
    "shellscript",
    "sql",
    "subrip",
    "svg",
    "tex",
    "toml",
    "tsv",
    "txt",
    "typescript",
    "urlencoded",
    "xhtml",
    "xml",
    "yaml",
    "yml",
];

/// Whether a media type, with or without parameters, is of bytes that no detector of text could read. One that is
/// missing or malformed is not: RFC 2397 takes it for plain text.
fn is_binary(mime: &str) -> bool {
    let mime = mime.split(';').next().unwrap_or_default().trim();
    let Some((kind, subtype)) = mime.split_once('/').filter(|_| mime.len() <= LONGEST_MIME) else { return false };
    let listed = |list: &[&str], word: &str| list.iter().any(|known| known.eq_ignore_ascii_case(word));
    listed(BINARY, kind) && !subtype.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| listed(TEXTS, word))
}
