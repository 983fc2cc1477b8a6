//! Bodies, read without being taken apart: values stay raw slices, and are judged where they are used.
//!
//! No error quotes the text. serde's own messages about a wrong type do, so that every value is taken raw.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::error::{ApiError, ErrorCode, invalid};

/// A body that is a JSON object.
pub fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, ApiError> {
    let malformed = |why: String| ApiError::new(ErrorCode::MalformedPayload, why);
    let text = std::str::from_utf8(bytes)
        .map_err(|error| malformed(format!("the body is not UTF-8 at byte {}", error.valid_up_to())))?;
    let not_json = |error| malformed(format!("the body cannot be read: {error}"));
    // A derived reader would take a list for the members in their order.
    if !text.trim_ascii_start().starts_with('{') {
        serde_json::from_str::<IgnoredAny>(text).map_err(not_json)?;
        return Err(malformed("the body must be a JSON object".to_owned()));
    }
    serde_json::from_str(text).map_err(not_json)
}

/// The members of an object that may be missing.
pub fn members<'a, T: Default + Deserialize<'a>>(raw: Option<&'a RawValue>, field: &str) -> Result<T, ApiError> {
    match raw.map(RawValue::get) {
        None => Ok(T::default()),
        Some(json) if json.starts_with('{') => {
            serde_json::from_str(json).map_err(|_| invalid(field, "has a key twice or a key that is not text"))
        }
        Some(_) => Err(invalid(field, "must be an object")),
    }
}

pub fn string(raw: &RawValue, field: &str) -> Result<String, ApiError> {
    serde_json::from_str(raw.get()).map_err(|_| invalid(field, "must be a string"))
}

/// A string as it is, anything else as its JSON: callers put numbers and lists where strings are expected.
pub fn text(raw: Option<&RawValue>, field: &str) -> Result<Option<String>, ApiError> {
    match raw {
        Some(raw) if raw.get().starts_with('"') => string(raw, field).map(Some),
        Some(raw) => Ok(Some(raw.get().to_owned())),
        None => Ok(None),
    }
}

/// As [`text`], of what is no reason to turn a call away: for half a surrogate pair, which JSON allows and text does not, stand
/// U+FFFD.
pub fn label(raw: &RawValue) -> String {
    let text = raw.get();
    if !text.starts_with('"') {
        return text.to_owned();
    }
    serde_json::from_str(text).map(|Lossy(text)| text).unwrap_or_default()
}

struct Lossy(String);

impl<'de> Deserialize<'de> for Lossy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Lossy;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E>(self, text: &str) -> Result<Lossy, E> {
                Ok(Lossy(text.to_owned()))
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Lossy, E> {
                Ok(Lossy(String::from_utf8_lossy(bytes).into_owned()))
            }
        }

        // As bytes serde_json also reads half a pair.
        deserializer.deserialize_bytes(Text)
    }
}

/// The members of an object by their names, without those that are null. A name that is there twice is an error: of
/// two values, only one would be looked at.
#[derive(Debug, Default)]
pub struct Members<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Members<'a> {
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.get(name).copied()
    }

    pub fn text(&self, name: &str) -> Result<Option<String>, ApiError> {
        text(self.get(name), name)
    }

    pub fn label(&self, name: &str) -> Option<String> {
        self.get(name).map(label)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, raw)| (name.as_str(), *raw))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Option<&'de RawValue>>()? {
                    let Some(value) = value else { continue };
                    if members.insert(name, value).is_some() {
                        return Err(A::Error::custom("a key is there twice"));
                    }
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Each)
    }
}
