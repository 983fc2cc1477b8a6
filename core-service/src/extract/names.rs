//! What a payload names: the model that it is for, and the tool.

use std::{collections::BTreeSet, fmt};

use serde::{
    Deserialize,
    de::{Deserializer, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{Unreadable, json::Json};
use crate::domain::exchange::Payload;

/// The payload's own `model`, without reading the rest of it. None where it names two that differ.
pub fn model(payload: &Payload) -> Option<String> {
    named(payload)?.one().map(str::to_owned)
}

/// The same, and all that the payload names under `model`, a line each.
pub(super) fn models(payload: &Payload) -> Result<(Option<String>, String), Unreadable> {
    let models = named(payload).unwrap_or_default().bounded()?;
    Ok((models.one().map(str::to_owned), models.lines()))
}

fn named(payload: &Payload) -> Option<Models> {
    match payload {
        Payload::Text(_) => None,
        Payload::Json(bytes) => serde_json::from_slice(bytes).ok(),
    }
}

/// The values under `model`. Of two that differ one reader takes the first and another the last: who wrote them must
/// not choose the policy that judges them, so policies for any of them apply, and as a label they are none.
#[derive(Debug, Default)]
pub(super) struct Models {
    /// A set: of a million equal keys none is compared with all others.
    names: BTreeSet<String>,
    /// Whether one of them is no string.
    other: bool,
    /// Lines of the names so far, and of the one that was too much.
    lines: usize,
}

/// Names of models in one payload, and lines of them. Each is compared with the models of each policy: more is not a request
/// but an attack on that.
const MAX_NAMES: usize = 64;

impl Models {
    pub(super) fn of(document: &Json<'_>) -> Result<Self, Unreadable> {
        let mut models = Self::default();
        if let Json::Object(fields) = document {
            fields.iter().filter(|(key, _)| key == "model").for_each(|(_, value)| models.add(value.as_str()));
        }
        models.bounded()
    }

    /// Or else nobody could say which policies apply.
    fn bounded(self) -> Result<Self, Unreadable> {
        if self.lines > MAX_NAMES {
            let message = format!("more than {MAX_NAMES} names of models");
            return Err(Unreadable { pointer: "/model".to_owned(), message });
        }
        Ok(self)
    }

    fn add(&mut self, name: Option<&str>) {
        match name {
            Some(name) if self.lines > MAX_NAMES || self.names.contains(name) => {}
            Some(name) => {
                self.lines += name.split('\n').count();
                self.names.insert(name.to_owned());
            }
            None => self.other = true,
        }
    }

    /// The name, where there is but one.
    pub(super) fn one(&self) -> Option<&str> {
        if self.other || self.lines > MAX_NAMES || self.names.len() > 1 {
            None
        } else {
            self.names.first().map(String::as_str)
        }
    }

    /// A name that is of several lines itself counts for each of them: that makes a check no weaker.
    pub(super) fn lines(&self) -> String {
        self.names.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

impl<'de> Deserialize<'de> for Models {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Models;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Models, A::Error> {
        let mut models = Models::default();
        while let Some(key) = map.next_key::<String>()? {
            if key == "model" {
                let value = map.next_value::<&'de RawValue>()?;
                let name = serde_json::from_str::<String>(value.get()).ok();
                models.add(name.as_deref());
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(models)
    }
}

/// The tool that an MCP call is for, without reading the rest of it.
pub fn tool(payload: &Payload) -> Option<String> {
    #[derive(Deserialize)]
    struct Call {
        method: Option<String>,
        params: Option<Named>,
        name: Option<String>,
        arguments: Option<IgnoredAny>,
    }
    #[derive(Deserialize)]
    struct Named {
        name: Option<String>,
    }
    let Payload::Json(bytes) = payload else { return None };
    let call: Call = serde_json::from_slice(bytes).ok()?;
    match call.params {
        Some(params) if call.method.as_deref() == Some("tools/call") => params.name,
        Some(_) => None,
        None => call.arguments.and(call.name),
    }
}
