//! The messages in the words of a REST API: fields by their names in the .proto, all of them, whatever they hold.
//!
//! | field | JSON |
//! | --- | --- |
//! | enumeration | what is left of the value's name (`ACTION_BLOCK`: `"block"`); null when unspecified, or newer than this build |
//! | message that is absent | null |
//! | 64-bit number | a number: no counter of this program reaches 2^53 |
//! | bytes | left out: what they hold is for the caller to show |

use prost::Message;
use prost_reflect::{
    DynamicMessage, EnumDescriptor, FieldDescriptor, Kind, MapKey, ReflectMessage as _, Value as Held,
};
use serde_json::{Map, Value, json};

use super::{PACKAGE, POOL, message, unfit};
use crate::error::{ApiError, invalid};

/// A message of this name.
pub fn plain<M: Message>(name: &str, found: &M) -> Result<Map<String, Value>, ApiError> {
    let mut dynamic = DynamicMessage::new(message(name)?);
    dynamic.transcode_from(found).map_err(|_| unfit())?;
    Ok(members(&dynamic))
}

/// The word for a value of the enumeration of this name; None when it is unspecified, or newer than this build.
pub fn word(enumeration: &str, number: i32) -> Option<String> {
    value_word(&enumeration_of(enumeration)?, number)
}

/// The value of a word, which is read ignoring case. The error lists the words.
pub fn number(enumeration: &str, word: &str, field: &str) -> Result<i32, ApiError> {
    let of = enumeration_of(enumeration).ok_or_else(unfit)?;
    let words: Vec<_> =
        of.values().filter_map(|value| Some((value_word(&of, value.number())?, value.number()))).collect();
    let known = words.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
    known.map(|(_, number)| *number).ok_or_else(|| {
        let words: Vec<_> = words.iter().map(|(word, _)| word.as_str()).collect();
        invalid(field, format_args!("must be one of: {}", words.join(", ")))
    })
}

fn enumeration_of(name: &str) -> Option<EnumDescriptor> {
    POOL.as_ref().ok()?.get_enum_by_name(&format!("{PACKAGE}.{name}"))
}

/// Every value's name begins with the enumeration's own, as that of 0 shows.
fn value_word(of: &EnumDescriptor, number: i32) -> Option<String> {
    let unspecified = of.default_value();
    let prefix = unspecified.name().strip_suffix("UNSPECIFIED")?;
    let value = of.get_value(number).filter(|value| value.number() != unspecified.number())?;
    value.name().strip_prefix(prefix).map(str::to_ascii_lowercase)
}

fn members(message: &DynamicMessage) -> Map<String, Value> {
    let fields = message.descriptor();
    let shown = fields.fields().filter(|field| !matches!(field.kind(), Kind::Bytes));
    shown.map(|field| (field.name().to_owned(), member(message, &field))).collect()
}

fn member(message: &DynamicMessage, field: &FieldDescriptor) -> Value {
    if field.supports_presence() && !message.has_field(field) {
        return Value::Null;
    }
    value(&field.kind(), &message.get_field(field))
}

fn value(kind: &Kind, held: &Held) -> Value {
    match held {
        Held::Bool(held) => json!(held),
        Held::I32(held) => json!(held),
        Held::I64(held) => json!(held),
        Held::U32(held) => json!(held),
        Held::U64(held) => json!(held),
        // As short as it is exact in 32 bits.
        Held::F32(held) => json!(held.to_string().parse::<f64>().ok()),
        Held::F64(held) => json!(held),
        Held::String(held) => json!(held),
        Held::Bytes(_) => Value::Null,
        Held::EnumNumber(number) => json!(kind.as_enum().and_then(|of| value_word(of, *number))),
        Held::Message(message) => Value::Object(members(message)),
        Held::List(list) => list.iter().map(|held| value(kind, held)).collect(),
        Held::Map(map) => {
            let of = kind.as_message().map(|entry| entry.map_entry_value_field().kind());
            let of = of.as_ref().unwrap_or(kind);
            Value::Object(map.iter().map(|(key, held)| (name(key), value(of, held))).collect())
        }
    }
}

fn name(key: &MapKey) -> String {
    match key {
        MapKey::Bool(key) => key.to_string(),
        MapKey::I32(key) => key.to_string(),
        MapKey::I64(key) => key.to_string(),
        MapKey::U32(key) => key.to_string(),
        MapKey::U64(key) => key.to_string(),
        MapKey::String(key) => key.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::{CallContext, Event, Location, Severity, Violation};

    #[test]
    fn every_field_is_there_and_what_is_unknown_is_null() {
        let location = Some(Location { direction: 2, pointer: "/a".to_owned(), ..Location::default() });
        let known = Violation { severity: Severity::High.into(), score: 0.9, location, ..Violation::default() };
        let unknown = Violation { severity: 77, ..Violation::default() };
        let event = Event { violations: vec![known, unknown], sequence: 1 << 40, ..Event::default() };
        let shown = Value::Object(plain("Event", &event).unwrap());
        assert_eq!(
            (&shown["sequence"], &shown["coverage"], &shown["kind"]),
            (&json!(1_u64 << 40), &Value::Null, &Value::Null)
        );
        let [known, unknown] = [&shown["violations"][0], &shown["violations"][1]];
        assert_eq!((&known["severity"], &known["score"]), (&json!("high"), &json!(0.9)));
        assert_eq!((&known["location"]["direction"], &known["location"]["start"]), (&json!("response"), &json!(0)));
        assert_eq!((&unknown["severity"], &unknown["location"]), (&Value::Null, &Value::Null));
        assert!(plain("Nothing", &event).is_err());
    }

    #[test]
    fn maps_are_objects_and_bytes_are_left_out() {
        let metadata = [("a".to_owned(), "b".to_owned())].into();
        let context = CallContext { metadata, envelope: "{}".into(), ..CallContext::default() };
        let shown = plain("CallContext", &context).unwrap();
        assert_eq!((&shown["metadata"], shown.get("envelope")), (&json!({"a": "b"}), None));
    }

    #[test]
    fn words_are_read_and_written() {
        assert_eq!(word("DetectorOutcome", 4).as_deref(), Some("timed_out"));
        assert_eq!((word("Action", 0), word("Action", 9), word("Nothing", 1)), (None, None, None));
        assert_eq!(number("Action", "BLOCK", "action").unwrap(), 4);
        let refused = number("Action", "deny", "action").unwrap_err();
        assert_eq!(refused.message, "`action` must be one of: allow, alert, mask, block");
        assert!(number("Action", "unspecified", "action").is_err());
    }
}
