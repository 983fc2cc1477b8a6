//! Payloads in their three spellings.

use bytes::Bytes;
use portcullis_api::{
    error::{ApiError, ErrorCode},
    v1::{self, payload::Content},
};
use prost_types::{Struct, value::Kind};
use serde_json::{Map, Number, Value};

use super::invalid;
use crate::domain::exchange::{Payload, Payloads};

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

fn one(field: &str, payload: v1::Payload, limit: usize) -> Result<Payload, ApiError> {
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
    fn a_document_keeps_whole_numbers_whole() {
        let number = |n| prost_types::Value { kind: Some(Kind::NumberValue(n)) };
        let fields = [("a".to_owned(), number(5.0)), ("b".to_owned(), number(0.5)), ("c".to_owned(), number(f64::NAN))];
        let json = object(Struct { fields: fields.into() }).to_string();
        assert_eq!(json, r#"{"a":5,"b":0.5,"c":null}"#);
    }
}
