//! Payloads in their three spellings.

use bytes::Bytes;
use portcullis_api::{
    error::{ApiError, ErrorCode},
    v1::{self, payload::Content},
};
use prost_types::{ListValue, Struct, value::Kind};
use serde_json::{Map, Number, Value};

use super::invalid;
use crate::domain::exchange::{Direction, Payload, Payloads};

pub(in crate::grpc) fn payloads(
    request: Option<v1::Payload>,
    response: Option<v1::Payload>,
    limit: usize,
) -> Result<Payloads, ApiError> {
    let request = request.map(|payload| one("request", payload, limit)).transpose()?;
    let response = response.map(|payload| one("response", payload, limit)).transpose()?;
    match (request, response) {
        (Some(request), Some(response)) => Ok(Payloads::Both { request, response }),
        (Some(request), None) => Ok(Payloads::Request(request)),
        (None, Some(response)) => Ok(Payloads::Response(response)),
        (None, None) => Err(invalid("request", "one of request and response is required")),
    }
}

/// The side to judge, which must be there.
pub(in crate::grpc) fn side(judge: i32, payloads: &Payloads) -> Result<Option<Direction>, ApiError> {
    let side = match v1::Direction::try_from(judge) {
        Ok(v1::Direction::Unspecified) => return Ok(None),
        Ok(v1::Direction::Request) => Direction::Request,
        Ok(v1::Direction::Response) => Direction::Response,
        Err(_) => return Err(invalid("judge", "unknown")),
    };
    match payloads.get(side) {
        Some(_) => Ok(Some(side)),
        None => Err(invalid("judge", format_args!("there is no {} to judge", side.as_str()))),
    }
}

pub(in crate::grpc) fn one(field: &str, payload: v1::Payload, limit: usize) -> Result<Payload, ApiError> {
    let payload = match payload.content {
        None => return Err(invalid(field, "one of text, document and json is required")),
        Some(Content::Text(text)) => Payload::Text(text),
        Some(Content::Json(json)) => Payload::Json(json),
        Some(Content::Document(document)) => Payload::Json(Bytes::from(object(document).to_string())),
    };
    if payload.len() > limit {
        let message = format!("{field}: {} bytes, and the limit is {limit}", payload.len());
        return Err(ApiError::new(ErrorCode::PayloadTooLarge, message).at(field));
    }
    Ok(payload)
}

/// How a payload came, and so how its rewritten form goes back.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::grpc) enum Spelling {
    #[default]
    AsIs,
    Document,
}

impl Spelling {
    pub(in crate::grpc) fn of(payload: &v1::Payload) -> Self {
        match payload.content {
            Some(Content::Document(_)) => Self::Document,
            Some(Content::Text(_) | Content::Json(_)) | None => Self::AsIs,
        }
    }

    pub(in crate::grpc) fn write(self, payload: Payload) -> v1::Payload {
        let content = match (self, payload) {
            (_, Payload::Text(text)) => Content::Text(text),
            (Self::AsIs, Payload::Json(json)) => Content::Json(json),
            (Self::Document, Payload::Json(json)) => match serde_json::from_slice(&json) {
                Ok(Value::Object(fields)) => Content::Document(into_struct(fields)),
                // It was an object when it came, and masking keeps it one; the bytes say the same.
                _ => Content::Json(json),
            },
        };
        v1::Payload { content: Some(content) }
    }
}

fn into_struct(fields: Map<String, Value>) -> Struct {
    Struct { fields: fields.into_iter().map(|(key, item)| (key, into_value(item))).collect() }
}

fn into_value(item: Value) -> prost_types::Value {
    let kind = match item {
        Value::Null => Kind::NullValue(0),
        Value::Bool(flag) => Kind::BoolValue(flag),
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => Kind::StringValue(text),
        Value::Array(items) => Kind::ListValue(ListValue { values: items.into_iter().map(into_value).collect() }),
        Value::Object(fields) => Kind::StructValue(into_struct(fields)),
    };
    prost_types::Value { kind: Some(kind) }
}

/// prost bounds the depth of what it decodes (100 levels), and so the recursion here.
fn object(document: Struct) -> Value {
    Value::Object(document.fields.into_iter().map(|(key, item)| (key, value(item))).collect::<Map<_, _>>())
}

fn value(item: prost_types::Value) -> Value {
    match item.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(flag)) => Value::Bool(flag),
        Some(Kind::StringValue(text)) => Value::String(text),
        Some(Kind::ListValue(list)) => Value::Array(list.values.into_iter().map(value).collect()),
        Some(Kind::StructValue(document)) => object(document),
        Some(Kind::NumberValue(number)) => self::number(number),
    }
}

/// A whole number that a double holds exactly is written as one: `5` came as `5`, not as `5.0`.
#[allow(clippy::cast_possible_truncation, reason = "the bounds make it exact")]
fn number(number: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < EXACT {
        Value::Number(Number::from(number as i64))
    } else {
        Number::from_f64(number).map_or(Value::Null, Value::Number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Option<v1::Payload> {
        Some(v1::Payload { content: Some(Content::Text(text.to_owned())) })
    }

    #[test]
    fn one_side_is_required_and_bounded() {
        assert_eq!(payloads(None, None, 10).unwrap_err().code, ErrorCode::InvalidArgument);
        let empty = Some(v1::Payload { content: None });
        assert_eq!(payloads(empty, text("hi"), 10).unwrap_err().field.as_deref(), Some("request"));
        assert_eq!(payloads(text("hi"), text("12345678901"), 10).unwrap_err().code, ErrorCode::PayloadTooLarge);
        assert!(payloads(text("hi"), None, 10).is_ok());
    }

    #[test]
    fn the_side_to_judge_must_be_there() {
        let request = Payloads::Request(Payload::Text("hi".to_owned()));
        let named = |side: v1::Direction| super::side(side.into(), &request);
        assert_eq!(named(v1::Direction::Unspecified).unwrap(), None);
        assert_eq!(named(v1::Direction::Request).unwrap(), Some(Direction::Request));
        assert_eq!(named(v1::Direction::Response).unwrap_err().field.as_deref(), Some("judge"));
        assert_eq!(side(7, &request).unwrap_err().code, ErrorCode::InvalidArgument);
    }

    #[test]
    fn a_document_keeps_whole_numbers_whole() {
        let number = |n| prost_types::Value { kind: Some(Kind::NumberValue(n)) };
        let fields = [("a".to_owned(), number(5.0)), ("b".to_owned(), number(0.5)), ("c".to_owned(), number(f64::NAN))];
        let json = object(Struct { fields: fields.into() }).to_string();
        assert_eq!(json, r#"{"a":5,"b":0.5,"c":null}"#);
    }
}
