use std::collections::BTreeSet;

use http::{Method, Request};
use portcullis_api::v1::ListEventsResponse;
use serde_json::json;

use super::*;
use crate::{
    AdapterSettings, akto,
    capture::CAPTURE,
    events,
    query::Flags,
    testing::{FakeCore, TRUEFOUNDRY, ask, get as get_request, post_to, send},
};

fn all() -> Value {
    document().unwrap()
}

#[test]
fn every_route_is_there_and_nothing_else() {
    let document = all();
    let told: BTreeSet<&str> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let routes: BTreeSet<&str> = crate::probes().into_iter().chain(crate::guarded()).map(|(path, _)| path).collect();
    assert_eq!(told, routes);
}

#[tokio::test]
async fn each_path_answers_to_the_methods_that_are_told_and_to_no_other() {
    let router = FakeCore::content().router(AdapterSettings::default());
    for (path, item) in all()["paths"].as_object().unwrap() {
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let told = item.get(method.as_str().to_ascii_lowercase()).is_some();
            // What is asked of a core that answers nothing is not what is asked here.
            if told
                && method == Method::GET
                && (path.starts_with("/v1/events") || path.starts_with("/v1/canary") || path == "/readyz")
            {
                continue;
            }
            let request = Request::builder().method(method.clone()).uri(path.replace("{id}", "1"));
            let answer = send(&router, request.body(axum::body::Body::empty()).unwrap()).await;
            assert_eq!(answer.status() != StatusCode::METHOD_NOT_ALLOWED, told, "{method} {path}");
        }
    }
}

/// A call, and what the document says of its query.
struct Told {
    path: String,
    has_body: bool,
    parameters: Vec<Value>,
}

fn told() -> Vec<Told> {
    let document = all();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let operations = item.as_object().unwrap().iter().filter(|(method, _)| method.as_str() != "parameters");
        for (_, operation) in operations {
            let listed = [item, operation].into_iter().filter_map(|owner| owner["parameters"].as_array()).flatten();
            let resolved = listed.map(|parameter| match parameter["$ref"].as_str() {
                Some(to) => document.pointer(to.strip_prefix('#').unwrap()).unwrap().clone(),
                None => parameter.clone(),
            });
            let parameters = resolved.filter(|parameter| parameter["in"] == "query").collect();
            found.push(Told { path: path.clone(), has_body: operation["requestBody"].is_object(), parameters });
        }
    }
    found
}

#[test]
fn every_query_parameter_that_is_read_is_told_and_no_other() {
    for Told { path, has_body, parameters } in told() {
        let mut read: BTreeSet<&str> = match path.as_str() {
            TRUEFOUNDRY => Flags::NAMES.into(),
            "/api/http-proxy" => akto::FLAGS.into_iter().chain([akto::CONNECTOR]).collect(),
            "/v1/events" => events::QUERY.into(),
            _ => BTreeSet::new(),
        };
        // Bodies have one way in, which reads this.
        if has_body {
            read.insert(CAPTURE);
        }
        let names: BTreeSet<&str> = parameters.iter().map(|parameter| parameter["name"].as_str().unwrap()).collect();
        assert_eq!(names, read, "{path}");
    }
}

#[tokio::test]
async fn every_query_parameter_that_is_told_is_read() {
    let core = FakeCore::content().finds(ListEventsResponse::default());
    let router = core.router(AdapterSettings::default());
    // The log is not this router's: whatever is asked of it is a 404.
    for Told { path, has_body, parameters } in told().into_iter().filter(|told| told.path != "/v1/log-level") {
        for parameter in &parameters {
            let name = parameter["name"].as_str().unwrap();
            let schema = &parameter["schema"];
            let values = match schema["enum"].as_array() {
                Some(words) => words.iter().map(|word| word.as_str().unwrap()).collect(),
                None => vec![if schema["type"] == "integer" { "1" } else { "a" }],
            };
            for value in values {
                let address = format!("{}?{name}={value}", path.replace("{id}", "1"));
                if has_body {
                    // What is left alone may come twice.
                    let (status, answer) = ask(&router, post_to(&format!("{address}&{name}={value}"), "{}")).await;
                    assert_eq!((status.as_u16(), answer["field"].as_str()), (422, Some(name)), "{address}");
                } else {
                    assert_eq!(ask(&router, get_request(&address)).await.0, StatusCode::OK, "{address}");
                }
            }
        }
    }
}

/// Every `$ref`, wherever it stands.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("$ref", Value::String(to)) => found.push(to.clone()),
                    _ => references(member, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn every_schema_is_one_and_every_reference_leads_somewhere() {
    let document = all();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 50);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some_and(Value::is_object), "{reference}");
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        jsonschema::draft202012::meta::validate(schema).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// A schema of the document that can look up the others.
fn validator(name: &str) -> jsonschema::Validator {
    let mut schema = all();
    schema["$ref"] = json!(format!("#/components/schemas/{name}"));
    jsonschema::draft202012::new(&schema).unwrap()
}

#[test]
fn the_schemas_hold_for_real_bodies() {
    let good = [
        (
            "CheckRequest",
            json!({"request": {"document": {"a": 1}}, "judge": "DIRECTION_RESPONSE", "policies": ["a"], "context": {"metadata": {"a": "b"}}}),
        ),
        (
            "CheckResponse",
            json!({"verdict": "VERDICT_FAIL", "violations": [{"score": 0.5, "location": {"start": 1}}], "violationsTotal": "1"}),
        ),
        ("IngestResponse", json!({"requestId": "a", "sequence": "7", "duplicate": true})),
        ("TrueFoundryCall", json!({"requestBody": {"a": 1}, "responseBody": null, "config": null})),
        (
            "TrueFoundryPass",
            json!({"verdict": true, "allowed": true, "transformed": true, "request_id": "a", "result": {}}),
        ),
        (
            "TrueFoundryBlock",
            json!({"verdict": false, "allowed": false, "message": "", "request_id": "", "violations": [{"severity": null}]}),
        ),
        ("Error", json!({"error": "overloaded", "message": "why"})),
    ];
    for (name, body) in good {
        let validator = validator(name);
        assert!(
            validator.is_valid(&body),
            "{name}: {:?}",
            validator.validate(&body).err().map(|error| error.to_string())
        );
    }
    let bad = [
        ("CheckRequest", json!({"judge": "sideways"})),
        ("CheckRequest", json!({"policies": "a"})),
        ("IngestRequest", json!({"status": -1})),
        ("TrueFoundryCall", json!({"requestBody": {}})),
        ("TrueFoundryPass", json!({"verdict": false, "allowed": true})),
        ("Error", json!({"error": "a"})),
    ];
    for (name, body) in bad {
        assert!(!validator(name).is_valid(&body), "{name}: {body}");
    }
}

#[tokio::test]
async fn the_document_is_served_and_keeps_the_comments() {
    let (status, document) =
        ask(&FakeCore::content().router(AdapterSettings::default()), get_request("/openapi.json")).await;
    assert_eq!((status, document["openapi"].as_str()), (StatusCode::OK, Some("3.1.0")));
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let schemas = &document["components"]["schemas"];
    assert!(schemas["CheckRequest"]["properties"]["judge"]["description"].as_str().unwrap().contains("side to judge"));
    assert_eq!(schemas["Payload"]["properties"]["json"]["contentEncoding"], "base64");
    assert!(schemas["Action"]["enum"].as_array().unwrap().contains(&json!("ACTION_BLOCK")));
}
