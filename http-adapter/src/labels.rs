//! What a gateway says of a call, within what the core takes. Much of it is chosen by whoever writes the prompt: a call
//! that were refused for a label would be one that nobody judged. The envelope keeps what was cut.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

use portcullis_api::{limits, v1::CallContext};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// Labels of one call.
const ENTRIES: usize = 64;
/// Bytes of a label. A longer one is left out.
const BYTES: usize = 4 << 10;
/// What the service itself reads of them.
const READ: [&str; 5] = ["session_id", "ip_address", "traceparent", "tool_name", "mcp_server_name"];

/// Labels as they are gathered: of a name the first, as many as there is room for.
#[derive(Debug, Default)]
pub(crate) struct Labels(HashMap<String, String>);

impl Labels {
    /// `value` is only made where there is room for it.
    pub(crate) fn add(&mut self, name: &str, value: impl FnOnce() -> String) {
        if self.0.len() >= ENTRIES || self.0.contains_key(name) {
            return;
        }
        let value = value();
        if value.len() <= BYTES {
            self.0.insert(name.to_owned(), value);
        }
    }

    pub(crate) fn into_map(self) -> HashMap<String, String> {
        self.0
    }
}

/// The members of an object that a caller filled, without those that are null. A name that is no text (half a surrogate
/// pair, which JSON allows) is left out by itself: a caller who could have all of them lost would have no session.
#[derive(Debug, Default)]
pub(crate) struct Named<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Named<'a> {
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.get(name).copied()
    }

    /// Those first that the service reads: else names of the caller's own take all of the room.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        let read = READ.into_iter().filter_map(move |name| self.0.get_key_value(name));
        let others = self.0.iter().filter(|(name, _)| !READ.contains(&name.as_str()));
        read.chain(others).map(|(name, raw)| (name.as_str(), *raw))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Named<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Named<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let (mut members, mut unreadable) = (BTreeMap::new(), 0_usize);
                while let Some((Name(name), value)) = map.next_entry::<Name, Option<&'de RawValue>>()? {
                    let Some(name) = name else {
                        unreadable += 1;
                        continue;
                    };
                    if let Some(value) = value {
                        members.insert(name, value);
                    }
                }
                // Not above `debug`: whoever writes the prompt could fill the log with it.
                if unreadable > 0 {
                    tracing::debug!(unreadable, "labels whose names are no text are left to the envelope");
                }
                Ok(Named(members))
            }
        }

        deserializer.deserialize_map(Each)
    }
}

/// None: no text.
struct Name(Option<String>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E>(self, text: &str) -> Result<Name, E> {
                Ok(Name(Some(text.to_owned())))
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Name, E> {
                Ok(Name(std::str::from_utf8(bytes).ok().map(str::to_owned)))
            }
        }

        // As bytes serde_json also reads half a pair.
        deserializer.deserialize_bytes(Text)
    }
}

pub(crate) fn within(mut context: CallContext) -> CallContext {
    cut(&mut context.source, limits::SOURCE);
    for label in [&mut context.user, &mut context.team, &mut context.model] {
        cut(label, limits::LABEL);
    }
    // The beginning of what is no address is none either.
    if context.client_ip.len() > limits::LABEL {
        context.client_ip.clear();
    }
    context
}

fn cut(text: &mut String, most: usize) {
    text.truncate(text.floor_char_boundary(most));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_service_reads_has_room_and_a_name_that_is_no_text_costs_itself_alone() {
        let many: String = (0..100).map(|n| format!(r#""a{n}":"v","#)).collect();
        let text = format!(r#"{{{many}"\ud800":"lost","none":null,"\u0074ool_name":"f","session_id":"s"}}"#);
        let named: Named<'_> = serde_json::from_str(&text).unwrap();
        assert_eq!(named.get("session_id").map(RawValue::get), Some(r#""s""#));
        assert_eq!(named.each().count(), 102, "neither the null nor what has no name");
        let mut labels = Labels::default();
        for (name, raw) in named.each() {
            labels.add(name, || raw.get().to_owned());
        }
        labels.add("session_id", || "another".to_owned());
        let labels = labels.into_map();
        assert_eq!(
            (labels.len(), labels["session_id"].as_str(), labels["tool_name"].as_str()),
            (64, r#""s""#, r#""f""#)
        );

        let mut labels = Labels::default();
        labels.add("long", || "x".repeat(BYTES + 1));
        labels.add("fits", || "x".repeat(BYTES));
        assert_eq!(labels.into_map().keys().collect::<Vec<_>>(), ["fits"]);
    }

    #[test]
    fn labels_are_cut_between_characters_and_what_fits_stays() {
        let long = CallContext {
            source: "s".repeat(65),
            user: "é".repeat(600),
            team: "t".repeat(limits::LABEL),
            client_ip: "9".repeat(limits::LABEL + 1),
            ..CallContext::default()
        };
        let context = within(long);
        assert_eq!((context.source.len(), context.user.as_str()), (limits::SOURCE, "é".repeat(512).as_str()));
        assert_eq!((context.team.len(), context.client_ip.as_str()), (limits::LABEL, ""));
    }
}
