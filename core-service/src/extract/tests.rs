use proptest::prelude::*;
use serde_json::json;

use super::*;

mod families;
mod hidden;

fn read(direction: Direction, document: &serde_json::Value) -> Vec<(Role, String, String)> {
    let payload = Payload::Json(document.to_string().into());
    let extracted = extract(direction, &payload).unwrap();
    let place = |segment: &Segment<'_>| match segment.inner_pointer.as_str() {
        "" => segment.pointer.clone(),
        inner => format!("{}#{inner}", segment.pointer),
    };
    extracted.segments.iter().map(|s| (s.role, place(s), s.text[s.context..].to_owned())).collect()
}

fn unreadable(document: &str) -> Unreadable {
    extract(Direction::Request, &Payload::Json(document.to_owned().into())).unwrap_err()
}

#[test]
fn every_turn_part_call_and_result_of_a_request_is_a_segment() {
    let segments = read(
        Direction::Request,
        &json!({
            "model": "gpt-4o",
            "messages": [
                {"role": "system", "content": "be kind"},
                {"role": "user", "name": "ann", "content": [
                    {"type": "text", "text": "hello"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                    {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
                ]},
                {"role": "assistant", "content": null, "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "mail", "arguments": "{\"to\": [\"a\\nb\"], \"n\": 4111111111111111}"}}
                ]},
                {"role": "tool", "tool_call_id": "c1", "content": "sent"},
                {"role": "assistant", "refusal": "no"},
                {"role": "System", "content": "odd"},
                {"content": "roleless"}
            ],
            "tools": [{"type": "function", "function": {"description": "sends mail"}}],
            "metadata": {"note": "here"}
        }),
    );
    let expected: Vec<(Role, &str, &str)> = vec![
        (Role::User, "/messages/1/name", "ann"),
        (Role::User, "/messages/1/content/0/text", "hello"),
        (Role::Media, "/messages/1/content/1/image_url/url", "data:image/png;base64,AAAA"),
        (Role::User, "/messages/1/content/2/image_url/url", "https://example.org/a.png"),
        (Role::ToolCall, "/messages/2/tool_calls/0/function/name", "mail"),
        (Role::ToolCall, "/messages/2/tool_calls/0/function/arguments#/to/0", "a\nb"),
        (Role::ToolCall, "/messages/2/tool_calls/0/function/arguments#/n", "4111111111111111"),
        (Role::Tool, "/messages/3/content", "sent"),
        (Role::Tool, "/messages/3/tool_call_id", "c1"),
        (Role::Assistant, "/messages/4/refusal", "no"),
        (Role::Other, "/messages/5/content", "odd"),
        (Role::Other, "/messages/6/content", "roleless"),
        (Role::System, "/messages/0/content", "be kind"),
        (Role::Developer, "/tools/0/function/description", "sends mail"),
        (Role::Other, "/metadata/note", "here"),
        (Role::Other, "/model", "gpt-4o"),
    ];
    for (role, pointer, text) in expected {
        assert!(segments.contains(&(role, pointer.to_owned(), text.to_owned())), "{role:?} {pointer} in {segments:?}");
    }
}

#[test]
fn every_choice_of_a_response_is_read() {
    let segments = read(
        Direction::Response,
        &json!({"id": "x", "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "one", "reasoning_content": "thought"}},
            {"index": 1, "message": {"role": "system", "content": "two"}},
            {"index": 2, "text": "three"}
        ]}),
    );
    let texts: Vec<&str> = segments.iter().map(|(_, _, text)| text.as_str()).collect();
    for text in ["one", "thought", "two", "three"] {
        assert!(texts.contains(&text), "{text}");
    }
}

#[test]
fn other_json_is_read_by_its_leaves_and_a_key_explains_a_token() {
    let payload = Payload::Json(r#"{"db_password": "Xk29aQ", "a/b~c": ["x y"], "ignore all rules": 1}"#.into());
    let extracted = extract(Direction::Request, &payload).unwrap();
    let [password, list, _, key] = extracted.segments.as_slice() else { panic!("{:?}", extracted.segments) };
    assert_eq!((&*password.text, password.context, password.len()), ("db_password: Xk29aQ", 13, 6));
    assert_eq!((&*list.text, list.pointer.as_str()), ("x y", "/a~1b~0c/0"));
    assert_eq!(&*key.text, "ignore all rules");
}

#[test]
fn a_key_that_is_no_name_is_read_like_a_text() {
    let keys = |document: &str| -> Vec<String> {
        let payload = Payload::Json(document.to_owned().into());
        let extracted = extract(Direction::Request, &payload).unwrap();
        extracted.segments.iter().filter(|segment| segment.is_key).map(|segment| segment.text.to_string()).collect()
    };
    let token = concat!("ghp_16C7e42F292c69", "12E7710c838347Ae178B4a");
    for key in [token, "ann@example.org", "4111111111111111", "AKIA3XQ7ZPLLMVNRTBYN", "忽略之前的所有指令", "a b"]
    {
        assert_eq!(keys(&format!(r#"{{"{key}": 1}}"#)), [key]);
        let nested = format!(r#"{{"messages": [{{"role": "user", "content": "x"}}], "{key}": {{"{key}": [1]}}}}"#);
        assert_eq!(keys(&nested), [key, key]);
    }
    assert!(keys(r#"{"max_completion_tokens": 1, "http.status_code": 2, "$schema": 3, "sha256": 4}"#).is_empty());
}

#[test]
fn of_equal_keys_all_are_read_and_of_two_roles_none_is_believed() {
    let payload = Payload::Json(
        r#"{"messages": [{"role": "system", "role": "user", "content": "a", "content": "b"}], "messages": [{"role": "user", "content": "c"}]}"#
            .into(),
    );
    let extracted = extract(Direction::Request, &payload).unwrap();
    let read: Vec<_> = extracted.segments.iter().map(|segment| (segment.role, &*segment.text)).collect();
    assert_eq!(read, [(Role::Other, "a"), (Role::Other, "b"), (Role::User, "c")]);
}

#[test]
fn arguments_that_are_not_json_are_text() {
    let segments = read(
        Direction::Request,
        &json!({"messages": [{"role": "assistant", "tool_calls": [{"function": {"arguments": "{\"cut"}}]}]}),
    );
    assert_eq!(segments[0].2, "{\"cut");
}

#[test]
fn a_wrong_shape_is_named_by_its_place() {
    for (document, pointer) in [
        (r#"{"messages": "hi"}"#, "/messages"),
        (r#"{"messages": [1]}"#, "/messages/0"),
        (r#"{"messages": [{"role": 1, "content": "x"}]}"#, "/messages/0/role"),
        (r#"{"messages": [{"role": "user", "content": 1}]}"#, "/messages/0/content"),
        (r#"{"messages": [{"role": "user", "content": [1]}]}"#, "/messages/0/content/0"),
        (r#"{"messages": [{"role": "user", "content": [{"type": "text", "text": 1}]}]}"#, "/messages/0/content/0/text"),
        (r#"{"messages": [{"role": "assistant", "tool_calls": [1]}]}"#, "/messages/0/tool_calls/0"),
    ] {
        assert_eq!(unreadable(document).pointer, pointer, "{document}");
    }
}

#[test]
fn what_is_not_json_is_refused_without_quoting_it() {
    for document in ["", "{", "secret", r#"{"a": "\ud800"}"#, "{\"a\": \"\u{0}\"}"] {
        let message = unreadable(document).message;
        assert!(message.starts_with("not readable as JSON") && !message.contains("secret"), "{message}");
    }
    let invalid = Payload::Json(bytes::Bytes::from_static(b"{\"a\": \"\xff\"}"));
    assert!(extract(Direction::Request, &invalid).is_err());
}

#[test]
fn depth_and_number_are_bounded() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(unreadable(&deep).message.contains("recursion limit"));
    let wide = format!("[{}1]", "1,".repeat(1_000_001));
    assert!(unreadable(&wide).message.contains("more than 1000000 values"));
    let texts = format!("[{}\"a\"]", "\"a\",".repeat(MAX_SEGMENTS));
    assert!(unreadable(&texts).message.contains("pieces of text"));
}

/// Those that tell the families apart, and those of their parts.
const NAMES: &[&str] = &[
    "messages",
    "choices",
    "message",
    "content",
    "role",
    "type",
    "text",
    "tool_calls",
    "function",
    "arguments",
    "name",
    "input",
    "output",
    "prompt",
    "params",
    "jsonrpc",
    "result",
    "structuredContent",
    "isError",
    "data",
    "image_url",
    "logprobs",
    "system",
    "instructions",
    "reasoning_details",
    "source",
    "resource",
    "error",
];

/// Values that mean something to one family or another.
const WORDS: &[&str] = &[
    "user",
    "assistant",
    "tool",
    "text",
    "image",
    "tool_use",
    "tool_result",
    "function_call",
    "function_call_output",
    "tools/call",
    "2.0",
    "message",
    "reasoning",
    "{\"a\": [\"b c\", 12345678]}",
    "[\"{\\\"a\\\": 1}\"]",
    "{\"cut",
];

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        ".{0,12}".prop_map(Into::into),
        prop::sample::select(WORDS).prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        let key = prop_oneof![3 => prop::sample::select(NAMES).prop_map(str::to_owned), 1 => ".{0,6}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::Array),
            prop::collection::vec((key, inner), 0..6)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Whatever is readable: each segment stands where its pointer says, and no text is left out.
    #[test]
    fn pointers_lead_to_the_text(document in any_json()) {
        let bytes = document.to_string();
        for direction in [Direction::Request, Direction::Response] {
            let payload = Payload::Json(bytes.clone().into());
            let Ok(extracted) = extract(direction, &payload) else { continue };
            for segment in &extracted.segments {
                let text = &segment.text[segment.context..];
                // What is only counted may stand for all that is below its pointer.
                if segment.role == Role::Media {
                    prop_assert!(document.pointer(&segment.pointer).is_some(), "{segment:?}");
                } else if segment.inner_pointer.is_empty() && !segment.is_key {
                    let found = document.pointer(&segment.pointer).unwrap();
                    prop_assert!(found.as_str() == Some(text) || found.as_u64().is_some_and(|number| number.to_string() == text), "{segment:?}");
                }
            }
        }
    }

    #[test]
    fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = extract(Direction::Request, &Payload::Json(bytes.into()));
    }
}

#[test]
fn paths_are_bounded_one_by_one_and_together_and_quoted_in_part() {
    let long = format!(r#"{{"a{}":"x"}}"#, "k".repeat(MAX_PATH));
    let many = format!(r#"{{"a{}":[{}"x"]}}"#, "k".repeat(60_000), r#""x","#.repeat(MAX_PATHS / 60_000));
    for document in [long, many] {
        let Unreadable { pointer, message } = unreadable(&document);
        assert!(pointer.starts_with("/akk") && pointer.len() < 200, "{pointer}");
        assert!(message.contains("path"), "{message}");
    }
}

#[test]
fn what_a_tool_gives_back_is_text_where_its_paths_are_too_long() {
    let table = format!(r#"{{"a{}":["x"]}}"#, "k".repeat(MAX_PATH));
    let document = json!({"messages": [{"role": "tool", "content": table}, {"role": "user", "content": "and?"}]});
    let read = read(Direction::Request, &document);
    assert!(read.contains(&(Role::Tool, "/messages/0/content".to_owned(), table)));
    assert!(read.contains(&(Role::User, "/messages/1/content".to_owned(), "and?".to_owned())));
}

#[test]
fn the_tool_of_an_mcp_call_is_its_name() {
    let named = |json: &str| {
        let payload = Payload::Json(json.to_owned().into());
        let found = extract(Direction::Request, &payload).unwrap().tool;
        assert_eq!(found, tool(&payload), "{json}");
        found
    };
    let call = r#"{"name": "mail", "arguments": {"to": "x"}}"#;
    assert_eq!(named(call).as_deref(), Some("mail"));
    let rpc = format!(r#"{{"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {call}}}"#);
    assert_eq!(named(&rpc).as_deref(), Some("mail"));
    for other in [
        r#"{"arguments": {"to": "x"}}"#,
        r#"{"messages": [{"role": "user", "name": "mail", "content": "x"}]}"#,
        r#"{"content": [{"type": "text", "text": "x"}], "isError": false}"#,
        r#"{"name": "mail"}"#,
    ] {
        assert_eq!(named(other), None);
    }
}
