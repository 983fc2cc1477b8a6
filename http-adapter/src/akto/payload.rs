//! A payload within a flat record: unwrapped to be judged, and wrapped again as it was.
//!
//! Clients send JSON as a string, as JSON, or as either of them in `{"body": …}`; whoever reads a masked payload looks
//! for each string where it was sent. So what stands around the payload is kept, byte for byte.

use bytes::Bytes;
use portcullis_api::{
    error::{ApiError, ErrorCode},
    json::raw,
    v1::{self, payload::Content},
};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

#[derive(Debug)]
pub(super) struct Sent {
    pub(super) content: Content,
    wrapping: Wrapping,
}

/// What stands around it.
#[derive(Debug, Default)]
struct Wrapping {
    before: String,
    after: String,
    /// Whether the payload is a JSON string there.
    quoted: bool,
}

/// Only the object that has nothing else: what stood beside the body would not be judged.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrapped<'a> {
    #[serde(borrow)]
    body: &'a RawValue,
}

impl Sent {
    /// None when there is nothing: absent, null, an empty string or `{}`.
    pub(super) fn parse(raw: Option<&RawValue>, field: &str) -> Result<Option<Self>, ApiError> {
        let Some(text) = raw::text(raw, field)? else { return Ok(None) };
        let inside = text.trim_ascii();
        if inside.is_empty() || inside == "null" || is_empty_object(inside) {
            return Ok(None);
        }
        // A derived reader would take a list for the members in their order.
        let wrapped = inside.starts_with('{').then(|| serde_json::from_str::<Wrapped<'_>>(&text));
        let Some(Ok(Wrapped { body })) = wrapped else {
            return Ok(Some(Self { content: content(text), wrapping: Wrapping::default() }));
        };
        let start = body.get().as_ptr().addr() - text.as_ptr().addr();
        let end = start + body.get().len();
        let wrapping = Wrapping {
            before: text[..start].to_owned(),
            after: text[end..].to_owned(),
            quoted: body.get().starts_with('"'),
        };
        let content = content(raw::text(Some(body), field)?.unwrap_or_default());
        Ok(Some(Self { content, wrapping }))
    }

    pub(super) fn payload(&self) -> v1::Payload {
        v1::Payload { content: Some(self.content.clone()) }
    }

    /// The whole of what was sent, with `masked` in the place of what was judged.
    pub(super) fn with(&self, masked: &Content) -> Result<String, ApiError> {
        let unreadable = || ApiError::new(ErrorCode::Internal, "the masked payload cannot be written");
        let masked = match masked {
            Content::Text(text) => text,
            Content::Json(json) => std::str::from_utf8(json).map_err(|_| unreadable())?,
            Content::Document(_) => return Err(unreadable()),
        };
        let Wrapping { before, after, quoted } = &self.wrapping;
        if *quoted {
            let masked = serde_json::to_string(masked).map_err(|_| unreadable())?;
            return Ok([before, masked.as_str(), after].concat());
        }
        Ok([before, masked, after].concat())
    }
}

fn is_empty_object(text: &str) -> bool {
    let inside = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    inside.is_some_and(|inside| inside.trim_ascii().is_empty())
}

/// What is not a document is judged as the text that it is. One that is nested deeper than the core reads is a document
/// all the same, which the core refuses by name: the reader here has no limit of depth.
fn content(text: String) -> Content {
    let is_document = text.trim_ascii_start().starts_with(['{', '[']);
    if is_document && serde_json::from_str::<IgnoredAny>(&text).is_ok() {
        Content::Json(Bytes::from(text))
    } else {
        Content::Text(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(json: &str) -> Sent {
        Sent::parse(Some(serde_json::from_str(json).unwrap()), "requestPayload").unwrap().unwrap()
    }

    #[test]
    fn each_spelling_is_unwrapped_and_wrapped_again() {
        let cases = [
            (r#""{\"a\": \"x\"}""#, r#"{"a": "x"}"#, r#"{"a": "M"}"#, r#"{"a": "M"}"#),
            (r#"{"a" : "x"}"#, r#"{"a" : "x"}"#, r#"{"a" : "M"}"#, r#"{"a" : "M"}"#),
            (r#"[ "x" ]"#, r#"[ "x" ]"#, r#"[ "M" ]"#, r#"[ "M" ]"#),
            (
                r#""{ \"body\" : \"{\\\"a\\\": \\\"é\\\"}\" }""#,
                r#"{"a": "é"}"#,
                r#"{"a": "M"}"#,
                r#"{ "body" : "{\"a\": \"M\"}" }"#,
            ),
            (r#"{ "body":{"a": 1.0} }"#, r#"{"a": 1.0}"#, r#"{"a": 2.0}"#, r#"{ "body":{"a": 2.0} }"#),
            (r#"{"body": "a \"text\""}"#, r#"a "text""#, r#"M "text""#, r#"{"body": "M \"text\""}"#),
            (r#""a text""#, "a text", "M", "M"),
            (r#"{"body": "x", "other": "y"}"#, r#"{"body": "x", "other": "y"}"#, "{}", "{}"),
            ("7", "7", "M", "M"),
            (r#""{\"body\": cut off""#, r#"{"body": cut off"#, "M", "M"),
        ];
        for (spelling, inside, masked, whole) in cases {
            let sent = sent(spelling);
            let (found, masked) = match &sent.content {
                Content::Text(text) => (text.as_str(), Content::Text(masked.to_owned())),
                Content::Json(json) => (std::str::from_utf8(json).unwrap(), Content::Json(Bytes::from(masked))),
                Content::Document(_) => unreachable!(),
            };
            assert_eq!(found, inside, "{spelling}");
            assert_eq!(sent.with(&masked).unwrap(), whole);
        }
    }

    #[test]
    fn json_is_told_from_text() {
        for json in [r#""{\"a\":1}""#, r#""[1]""#, r#"{"body": "{}"}"#, r#"{"body": [1]}"#] {
            assert!(matches!(sent(json).content, Content::Json(_)), "{json}");
        }
        let deep = serde_json::to_string(&"[".repeat(10_000)).unwrap();
        for text in [r#""hello""#, r#""{a}""#, r#""\"quoted\"""#, "1.5", "true", &deep] {
            assert!(matches!(sent(text).content, Content::Text(_)), "{text}");
        }
    }

    #[test]
    fn a_document_is_none_the_less_one_for_its_depth() {
        let (open, close) = (r#"{"a":["#.repeat(5_000), "]}".repeat(5_000));
        let deep = format!("{open}{close}");
        let quoted = serde_json::to_string(&deep).unwrap();
        for spelling in
            [deep.clone(), quoted.clone(), format!(r#"{{"body": {deep}}}"#), format!(r#"{{"body": {quoted}}}"#)]
        {
            assert!(
                matches!(sent(&spelling).content, Content::Json(json) if json == deep),
                "refused, and not taken for text"
            );
        }
    }

    #[test]
    fn nothing_has_several_spellings() {
        for json in [r#""""#, r#"" ""#, r#""{ }""#, "{}", r#""null""#] {
            assert!(Sent::parse(Some(serde_json::from_str(json).unwrap()), "a").unwrap().is_none(), "{json}");
        }
        assert!(Sent::parse(None, "a").unwrap().is_none());
        let error = Sent::parse(Some(serde_json::from_str(r#""\ud800""#).unwrap()), "responsePayload").unwrap_err();
        assert_eq!(error.field.as_deref(), Some("responsePayload"));
    }
}
