//! The flat traffic record: one object, whose members are strings, or what should have been one.

use bytes::Bytes;
use portcullis_api::{
    capture::is_plain,
    error::ApiError,
    json::raw::{self, Members, label},
    v1::CallContext,
};
use serde_json::{Map, Value, value::RawValue};

use super::payload::Sent;
use crate::{
    labels::{self, Labels, Named},
    query,
};

/// Members that hold what users wrote, and are kept as the payloads.
const PAYLOADS: [&str; 4] = ["requestPayload", "responsePayload", "payload", "files"];
const HEADERS: [&str; 2] = ["requestHeaders", "responseHeaders"];
const SESSION_HEADER: &str = "x-akto-installer-akto_session_id";
const SOURCE: &str = "akto";

#[derive(Debug)]
pub(super) struct Record<'a>(Members<'a>);

impl<'a> Record<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, ApiError> {
        raw::read(body).map(Self)
    }

    /// One of several in a body.
    pub(super) fn of(raw: &'a RawValue, field: &str) -> Result<Self, ApiError> {
        raw::members(Some(raw), field).map(Self)
    }

    /// The first of these that holds anything.
    pub(super) fn payload(&self, names: &[&str]) -> Result<Option<Sent>, ApiError> {
        for name in names {
            if let Some(sent) = Sent::parse(self.0.get(name), name)? {
                return Ok(Some(sent));
            }
        }
        Ok(None)
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.get(name)
    }

    /// None when the record does not say, or not in a word that this program knows: then it is an error.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        let text = self.0.text(name)?.filter(|text| !text.is_empty());
        text.map(|text| query::flag(&text, name)).transpose()
    }

    /// The HTTP status of what is recorded; 0 when it says none.
    pub(super) fn status(&self) -> Result<u32, ApiError> {
        let code = self.0.text("statusCode")?.and_then(|code| code.trim().parse().ok());
        Ok(code.filter(|code| (100..=599).contains(code)).unwrap_or_default())
    }

    pub(super) fn context(&self, connector: Option<String>) -> Result<CallContext, ApiError> {
        let source = connector.or(self.0.text("akto_connector")?).filter(|source| !source.is_empty());
        let headers = self.headers("requestHeaders");
        let mut labels = Labels::default();
        let mut add = |name: &str, value: String| {
            if !value.is_empty() {
                labels.add(name, || value);
            }
        };
        for name in ["path", "method", "contextSource", "akto_account_id"] {
            add(name, self.0.label(name).unwrap_or_default());
        }
        if let Some(Value::String(session)) = headers.get(SESSION_HEADER) {
            add("session_id", session.clone());
        }
        let tags = self.0.label("tag").unwrap_or_default();
        let tags: Named<'_> = serde_json::from_str(&tags).unwrap_or_default();
        for (name, value) in tags.each() {
            add(name, label(value));
        }
        let first = |names: [&str; 2]| {
            let found = names.into_iter().filter_map(|name| tags.get(name)).map(label).find(|value| !value.is_empty());
            found.unwrap_or_default()
        };
        Ok(labels::within(CallContext {
            source: source.unwrap_or_else(|| SOURCE.to_owned()),
            user: first(["user_email", "user_id"]),
            team: first(["team_alias", "team_id"]),
            model: String::new(),
            client_ip: self.0.label("ip").unwrap_or_default(),
            metadata: labels.into_map(),
            envelope: self.envelope(),
            principal: String::new(),
        }))
    }

    /// All of the record but the payloads, as it came, and of the headers those that can hold no credential.
    fn envelope(&self) -> Bytes {
        let mut json = String::from(r#"{"record":{"#);
        for (name, raw) in self.0.iter().filter(|(name, _)| !PAYLOADS.contains(name)) {
            if !json.ends_with('{') {
                json.push(',');
            }
            json.push_str(&Value::from(name).to_string());
            json.push(':');
            if HEADERS.contains(&name) {
                let headers = Value::Object(self.headers(name));
                let is_string = raw.get().starts_with('"');
                let headers = if is_string { Value::String(headers.to_string()) } else { headers };
                json.push_str(&headers.to_string());
            } else {
                json.push_str(raw.get());
            }
        }
        json.push_str("}}");
        json.into()
    }

    /// Of a member that is an object, or a string that holds one; none when it is anything else. A header that is no text,
    /// as half a surrogate pair is none, costs itself alone.
    fn headers(&self, name: &str) -> Map<String, Value> {
        let text = self.0.label(name).unwrap_or_default();
        let headers: Named<'_> = serde_json::from_str(&text).unwrap_or_default();
        let plain = headers.each().filter(|(name, _)| is_plain(name));
        plain.filter_map(|(name, raw)| Some((name.to_owned(), serde_json::from_str(raw.get()).ok()?))).collect()
    }
}
