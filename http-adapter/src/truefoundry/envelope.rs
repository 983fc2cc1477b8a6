//! What TrueFoundry sends: `requestBody`, `responseBody`, `context`, `config`.
//!
//! The payloads are found, not parsed: they stay slices of the body and reach the core byte for byte.

use bytes::Bytes;
use portcullis_api::{
    error::{ApiError, invalid},
    json::raw::{self, label, members, string, text},
    v1::CallContext,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    labels::{self, Labels, Named},
    query::Choices,
};

const SOURCE: &str = "truefoundry";

/// One hook's call, well formed.
#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) request: Bytes,
    /// None: the model has not answered yet.
    pub(super) response: Option<Bytes>,
    pub(super) context: CallContext,
    pub(super) policies: Vec<String>,
    pub(super) choices: Choices,
}

// An absent member and a null one mean the same everywhere: `Option` makes both None. A key that is there twice is an
// error of the derived reader.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(borrow)]
    request_body: Option<&'a RawValue>,
    #[serde(borrow)]
    response_body: Option<&'a RawValue>,
    #[serde(borrow)]
    context: Option<&'a RawValue>,
    #[serde(borrow)]
    config: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Context<'a> {
    #[serde(borrow)]
    user: Option<&'a RawValue>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct User<'a> {
    #[serde(borrow)]
    subject_id: Option<&'a RawValue>,
    #[serde(borrow)]
    subject_type: Option<&'a RawValue>,
    #[serde(borrow)]
    subject_slug: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Config<'a> {
    #[serde(borrow)]
    policy: Option<&'a RawValue>,
    #[serde(borrow)]
    policies: Option<&'a RawValue>,
    #[serde(borrow)]
    contract: Option<&'a RawValue>,
    #[serde(borrow)]
    operation: Option<&'a RawValue>,
    #[serde(borrow)]
    on_response: Option<&'a RawValue>,
}

impl Envelope {
    pub(super) fn parse(bytes: &Bytes) -> Result<Self, ApiError> {
        let body: Body<'_> = raw::read(bytes)?;
        let request = payload(body.request_body, "requestBody")?
            .ok_or_else(|| invalid("requestBody", "is required and must not be empty"))?;
        let response = payload(body.response_body, "responseBody")?;
        let config: Config<'_> = members(body.config, "config")?;
        Ok(Self {
            request: bytes.slice_ref(request.as_bytes()),
            response: response.map(|response| bytes.slice_ref(response.as_bytes())),
            context: call_context(&body)?,
            policies: policies(&config)?,
            choices: choices(&config)?,
        })
    }
}

/// An object with anything in it. None when there is none: absent, null, or `{}`.
fn payload<'a>(raw: Option<&'a RawValue>, field: &str) -> Result<Option<&'a str>, ApiError> {
    let Some(raw) = raw else { return Ok(None) };
    let inside = raw.get().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    match inside {
        None => Err(invalid(field, "must be an object")),
        Some(inside) if inside.trim_ascii().is_empty() => Ok(None),
        Some(_) => Ok(Some(raw.get())),
    }
}

fn call_context(body: &Body<'_>) -> Result<CallContext, ApiError> {
    let context: Context<'_> = members(body.context, "context")?;
    let user: User<'_> = members(context.user, "context.user")?;
    let metadata: Named<'_> = members(context.metadata, "context.metadata")?;

    let slug = text(user.subject_slug, "context.user.subjectSlug")?.filter(|slug| !slug.is_empty());
    let id = text(user.subject_id, "context.user.subjectId")?;
    let subject = slug.or(id).unwrap_or_default();
    let is_team = text(user.subject_type, "context.user.subjectType")?.is_some_and(|kind| kind == "team");
    let (user, team) = if is_team { (String::new(), subject) } else { (subject, String::new()) };

    let address = metadata.get("ip_address").filter(|raw| raw.get().starts_with('"'));
    let client_ip = address.map(label).unwrap_or_default();
    // What is left out here is still in the envelope.
    let mut labels = Labels::default();
    for (name, value) in metadata.each() {
        labels.add(name, || label(value));
    }
    Ok(labels::within(CallContext {
        source: SOURCE.to_owned(),
        user,
        team,
        model: String::new(),
        client_ip,
        metadata: labels.into_map(),
        envelope: beside(body),
        principal: String::new(),
    }))
}

/// What came beside the payloads, as it came.
fn beside(body: &Body<'_>) -> Bytes {
    let mut json = String::new();
    for (name, raw) in [("context", body.context), ("config", body.config)] {
        if let Some(raw) = raw {
            json.push(if json.is_empty() { '{' } else { ',' });
            json.push_str(&format!("\"{name}\":{}", raw.get()));
        }
    }
    if !json.is_empty() {
        json.push('}');
    }
    json.into()
}

fn choices(config: &Config<'_>) -> Result<Choices, ApiError> {
    let mut choices = Choices::default();
    for (name, raw) in Choices::NAMES.into_iter().zip([config.contract, config.operation, config.on_response]) {
        if let Some(raw) = raw {
            let field = format!("config.{name}");
            choices.set(name, &string(raw, &field)?, &field)?;
        }
    }
    Ok(choices)
}

/// The union of `policy` and `policies`, in their order.
fn policies(config: &Config<'_>) -> Result<Vec<String>, ApiError> {
    let mut names = Vec::new();
    if let Some(raw) = config.policy {
        names.push(string(raw, "config.policy")?);
    }
    if let Some(raw) = config.policies {
        let list: Vec<String> =
            serde_json::from_str(raw.get()).map_err(|_| invalid("config.policies", "must be a list of strings"))?;
        for name in list {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use portcullis_api::error::ErrorCode;

    use super::*;
    use crate::settings::{Contract, OnResponse, Operation};

    fn parse(text: &str) -> Result<Envelope, ApiError> {
        Envelope::parse(&Bytes::copy_from_slice(text.as_bytes()))
    }

    /// A call with these members beside the request.
    fn beside_request(members: &str) -> Result<Envelope, ApiError> {
        parse(&format!(r#"{{"requestBody": {{"a": 1}}, {members}}}"#))
    }

    #[track_caller]
    fn fails(outcome: Result<Envelope, ApiError>, code: ErrorCode, field: Option<&str>) -> String {
        let error = outcome.unwrap_err();
        assert_eq!((error.code, error.field.as_deref()), (code, field));
        error.message
    }

    #[test]
    fn payloads_are_slices_of_the_body() {
        let body = Bytes::from_static(br#" {"x": [1], "responseBody":{ "b":"\u00e9" } ,"requestBody": {"a" : 1.10} }"#);
        let call = Envelope::parse(&body).unwrap();
        assert_eq!(call.request, r#"{"a" : 1.10}"#);
        assert_eq!(call.response.as_deref(), Some(&br#"{ "b":"\u00e9" }"#[..]));
        let within = body.as_ptr_range();
        assert!(within.contains(&call.request.as_ptr()) && within.contains(&call.response.unwrap().as_ptr()));
    }

    #[test]
    fn nothing_in_the_request_is_an_error_and_nothing_in_the_response_is_none() {
        for request in ["", r#""requestBody": null"#, r#""requestBody": { }"#, "\"requestBody\": {\n\t }"] {
            fails(parse(&format!("{{{request}}}")), ErrorCode::InvalidArgument, Some("requestBody"));
        }
        for response in [r#""x": 0"#, r#""responseBody": null"#, r#""responseBody": {}"#, r#""responseBody": { }"#] {
            assert!(beside_request(response).unwrap().response.is_none(), "{response}");
        }
        for wrong in ["[]", "[{}]", "7", "true", r#""{}""#] {
            let request = format!(r#"{{"requestBody": {wrong}}}"#);
            fails(parse(&request), ErrorCode::InvalidArgument, Some("requestBody"));
            let response = format!(r#""responseBody": {wrong}"#);
            fails(beside_request(&response), ErrorCode::InvalidArgument, Some("responseBody"));
        }
    }

    #[test]
    fn a_body_that_cannot_be_read_says_where_and_quotes_nothing() {
        let cases = [
            ("", "EOF while parsing a value at line 1 column 0"),
            ("{\"requestBody\":\n {\"a\": \"SECRET\" SECRET}}", "line 2 column 17"),
            (r#"{"requestBody": {"a": "SECRET"#, "EOF"),
            ("SECRET", "line 1 column 1"),
            (r#"{"requestBody": {"a": 1}} SECRET"#, "trailing characters at line 1 column 27"),
            (r#"[{"a": "SECRET"}, null, null, null]"#, "must be a JSON object"),
            (r#""SECRET""#, "must be a JSON object"),
            (r#"{"requestBody": {"a": 1}, "request\u0042ody": {"a": "SECRET"}}"#, "duplicate field `requestBody`"),
            (r#"{"requestBody": {"a": 1}, "config": {}, "config": {"SECRET": 1}}"#, "duplicate field `config`"),
        ];
        for (body, says) in cases {
            let message = fails(parse(body), ErrorCode::MalformedPayload, None);
            assert!(message.contains(says) && !message.contains("SECRET"), "{message}");
        }
        let body = Bytes::from_static(b"{\"requestBody\": {\"a\": \"\xff\"}}");
        assert_eq!(
            fails(Envelope::parse(&body), ErrorCode::MalformedPayload, None),
            "the body is not UTF-8 at byte 23"
        );
    }

    #[test]
    fn a_member_of_the_wrong_type_is_named() {
        let cases = [
            (r#""context": "SECRET""#, "context"),
            (r#""context": []"#, "context"),
            (r#""context": {"user": {}, "user": {}}"#, "context"),
            (r#""context": {"user": ["SECRET"]}"#, "context.user"),
            (r#""context": {"user": {"subjectSlug": "\ud800"}}"#, "context.user.subjectSlug"),
            (r#""context": {"metadata": 7}"#, "context.metadata"),
            (r#""config": false"#, "config"),
            (r#""config": {"policy": 7}"#, "config.policy"),
            (r#""config": {"policies": "SECRET"}"#, "config.policies"),
            (r#""config": {"policies": ["a", 7]}"#, "config.policies"),
            (r#""config": {"contract": "SECRET"}"#, "config.contract"),
            (r#""config": {"contract": 1}"#, "config.contract"),
            (r#""config": {"operation": "SECRET"}"#, "config.operation"),
            (r#""config": {"on_response": ["SECRET"]}"#, "config.on_response"),
        ];
        for (members, field) in cases {
            let message = fails(beside_request(members), ErrorCode::InvalidArgument, Some(field));
            assert!(!message.contains("SECRET"), "{message}");
        }
    }

    #[test]
    fn the_subject_is_the_slug_or_the_id_of_a_user_or_a_team() {
        let cases = [
            (r#"{"subjectId": "u-1", "subjectSlug": "ann@acme.io"}"#, "ann@acme.io", ""),
            (r#"{"subjectId": 17, "subjectSlug": null}"#, "17", ""),
            (r#"{"subjectId": "u-1", "subjectSlug": "", "subjectType": "serviceaccount"}"#, "u-1", ""),
            (r#"{"subjectSlug": "red", "subjectType": "team"}"#, "", "red"),
            (r#"{"subjectSlug": ["a", 1], "subjectType": 3}"#, r#"["a", 1]"#, ""),
            ("{}", "", ""),
            ("null", "", ""),
        ];
        for (subject, user, team) in cases {
            let context = beside_request(&format!(r#""context": {{"user": {subject}}}"#)).unwrap().context;
            assert_eq!((context.user.as_str(), context.team.as_str()), (user, team), "{subject}");
        }
    }

    #[test]
    fn metadata_becomes_labels_within_bounds() {
        let labels =
            r#"{"ip_address": "10.0.0.9", "n": 1.50, "b": true, "none": null, "claims": {"a": [1]}, "e": "\u00e9"}"#;
        let context = beside_request(&format!(r#""context": {{"metadata": {labels}}}"#)).unwrap().context;
        let mut found: Vec<_> = context.metadata.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        found.sort_unstable();
        let expected =
            [("b", "true"), ("claims", r#"{"a": [1]}"#), ("e", "é"), ("ip_address", "10.0.0.9"), ("n", "1.50")];
        assert_eq!(found, expected);
        assert_eq!((context.client_ip.as_str(), context.source.as_str()), ("10.0.0.9", "truefoundry"));

        let long = "x".repeat((4 << 10) + 1);
        let many: String = (0..100).map(|n| format!(r#","k{n}":"v""#)).collect();
        let members =
            format!(r#""context": {{"metadata": {{"ip_address": 7, "a": "{long}"{many}, "session_id": "s"}}}}"#);
        let context = beside_request(&members).unwrap().context;
        assert_eq!((context.metadata.len(), context.metadata["session_id"].as_str()), (64, "s"));
        assert!(!context.metadata.contains_key("a") && context.client_ip.is_empty());
        assert!(std::str::from_utf8(&context.envelope).unwrap().contains("\"k99\""));
    }

    #[test]
    fn no_label_turns_a_call_away() {
        let long = "9".repeat(2000);
        let members = format!(
            r#""context": {{"metadata": {{"ip_address": "{long}", "a": "x\ud800", "\ud800": "x", "b": "c"}}}}"#
        );
        let context = beside_request(&members).unwrap().context;
        assert!(std::str::from_utf8(&context.envelope).unwrap().contains(r#""\ud800": "x""#));
        assert_eq!((context.client_ip.as_str(), context.metadata["b"].as_str()), ("", "c"));
        assert!(context.metadata["a"].starts_with("x\u{fffd}"), "half a pair of surrogates");
    }

    #[test]
    fn the_envelope_holds_what_was_there_as_it_was() {
        let envelope = |members| beside_request(members).unwrap().context.envelope;
        assert_eq!(envelope(r#""context": null, "config": null"#), "");
        assert_eq!(envelope(r#""config": {"a" :1.0}"#), r#"{"config":{"a" :1.0}}"#);
        assert_eq!(envelope(r#""config": {}, "context": { }"#), r#"{"context":{ },"config":{}}"#);
    }

    #[test]
    fn config_chooses() {
        let call = beside_request(
            r#""config": {"policies": ["b", "a", "b"], "policy": "a", "contract": "VERDICT", "operation": "Mutate", "on_response": "enforce"}"#,
        );
        let call = call.unwrap();
        assert_eq!(call.policies, ["a", "b"]);
        let chosen = Choices {
            contract: Some(Contract::Verdict),
            operation: Some(Operation::Mutate),
            on_response: Some(OnResponse::Enforce),
        };
        assert_eq!(call.choices, chosen);
        let call = beside_request(r#""config": {"policies": null, "contract": null, "other": [{}]}"#).unwrap();
        assert_eq!((call.policies.len(), call.choices), (0, Choices::default()));
    }
}
