//! A JSON document as a tree that borrows from its bytes.
//!
//! Not `serde_json::Value`: that one copies every string and keeps only the last of two equal keys, which
//! is a place to hide text that another reader will see.

use std::{borrow::Cow, cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::{Unreadable, numbers};

#[derive(Debug)]
pub(super) enum Json<'a> {
    /// Null, true, false, and numbers that are no identifier.
    Scalar(Scalar),
    String(Cow<'a, str>),
    Array(Vec<Json<'a>>),
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scalar {
    Null,
    Bool,
    Integer(u64),
    Number,
}

impl<'a> Json<'a> {
    /// The first of that name.
    pub(super) fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            Self::Scalar(_) | Self::String(_) | Self::Array(_) => None,
        }
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Scalar(_) | Self::Array(_) | Self::Object(_) => None,
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Scalar(Scalar::Null) => "null",
            Self::Scalar(Scalar::Bool) => "a boolean",
            Self::Scalar(Scalar::Integer(_) | Scalar::Number) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    pub(super) fn into_owned(self) -> Json<'static> {
        match self {
            Self::Scalar(scalar) => Json::Scalar(scalar),
            Self::String(text) => Json::String(Cow::Owned(text.into_owned())),
            Self::Array(items) => Json::Array(items.into_iter().map(Json::into_owned).collect()),
            Self::Object(fields) => Json::Object(
                fields.into_iter().map(|(key, value)| (Cow::Owned(key.into_owned()), value.into_owned())).collect(),
            ),
        }
    }
}

/// Values in one document. A tree of a million takes about 40 MB.
const MAX_VALUES: usize = 1_000_000;

/// At most 128 levels (serde_json's own limit), at most [`MAX_VALUES`] values.
pub(super) fn parse(bytes: &[u8]) -> Result<Json<'_>, Unreadable> {
    parse_up_to(MAX_VALUES, bytes)
}

/// A number that is too large for a double is read as the text that it is written with.
pub(super) fn parse_up_to(values: usize, bytes: &[u8]) -> Result<Json<'_>, Unreadable> {
    tree(values, bytes).or_else(|error| match numbers::quoted(bytes) {
        // A copy of all of it, for a document that hardly anybody sends.
        Some(quoted) => tree(values, &quoted).map(Json::into_owned),
        None => Err(error),
    })
}

fn tree(values: usize, bytes: &[u8]) -> Result<Json<'_>, Unreadable> {
    let (limit, values) = (values, Cell::new(values));
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed = Seed { values: &values, limit }.deserialize(&mut deserializer).and_then(|document| {
        deserializer.end()?;
        Ok(document)
    });
    // serde_json's messages name a position and a cause, and quote nothing.
    parsed.map_err(|error| Unreadable { pointer: String::new(), message: format!("not readable as JSON: {error}") })
}

#[derive(Clone, Copy)]
struct Seed<'c> {
    values: &'c Cell<usize>,
    limit: usize,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        let Some(left) = self.values.get().checked_sub(1) else {
            return Err(D::Error::custom(format_args!("more than {} values", self.limit)));
        };
        self.values.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Scalar(Scalar::Null))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json<'de>, E> {
        Ok(Json::Scalar(Scalar::Bool))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Scalar(Scalar::Integer(value)))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json<'de>, E> {
        Ok(Json::Scalar(Scalar::Number))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Json::Scalar(numbers::whole(value).map_or(Scalar::Number, Scalar::Integer)))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::String(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::String(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let mut fields = Vec::new();
        while let Some(key) = map.next_key_seed(Key)? {
            fields.push((key, map.next_value_seed(self)?));
        }
        Ok(Json::Object(fields))
    }
}

/// A key, borrowed where it can be: `Cow<str>` alone would always copy.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}
