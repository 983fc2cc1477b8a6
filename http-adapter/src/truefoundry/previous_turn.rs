//! `streaming=true`: a streamed answer comes through no output hook, but back in the next request of its conversation.
//! The last of them is recorded with the question before it, as an exchange, once: each request brings the whole
//! conversation again.

use std::{borrow::Cow, collections::BTreeSet};

use bytes::Bytes;
use portcullis_api::{
    access::Principal,
    v1::{CallContext, IngestRequest},
};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::payload;
use crate::{core::Core, error::Failure};

/// Records it when there is one. A call whose turn cannot be recorded fails: it will come again, and the turn with it. One that
/// is shed, as was chosen, fails nothing and is told nowhere: it comes again with the next request.
pub(super) async fn record(
    core: &Core,
    request: &Bytes,
    context: &CallContext,
    policies: &[String],
    sync: bool,
    caller: &Principal,
) -> Result<(), Failure> {
    let Some(PreviousTurn { request, response, key }) = PreviousTurn::of(request, context, policies) else {
        return Ok(());
    };
    let exchange = IngestRequest {
        request: Some(payload(request)),
        response: Some(payload(response)),
        context: Some(context.clone()),
        policies: policies.to_vec(),
        sync,
        status: 200,
        idempotency_key: key,
        late: true,
    };
    core.ingest(exchange, caller).await.map(drop)
}

/// What was asked and answered before the request that brings both back.
#[derive(Debug, PartialEq, Eq)]
struct PreviousTurn {
    request: Bytes,
    response: Bytes,
    /// Of the policies, the user or the team, the session, and everything that was said up to the answer: the same small talk
    /// twice in one conversation is two turns, and what was judged by some policies was not by others. The core keeps the
    /// keys of each credential apart.
    key: String,
}

#[derive(Deserialize)]
struct Conversation<'a> {
    #[serde(borrow)]
    model: Option<&'a RawValue>,
    #[serde(borrow)]
    messages: Vec<&'a RawValue>,
}

impl PreviousTurn {
    /// None when no answer is brought back, or none that a user asked for. What cannot be read brings none; the check
    /// says what is wrong with it.
    fn of(request: &[u8], context: &CallContext, policies: &[String]) -> Option<Self> {
        let Conversation { model, messages } = serde_json::from_slice(request).ok()?;
        let answered = messages.iter().rposition(|message| is_of(message, "assistant"))?;
        let asked = messages[..answered].iter().rposition(|message| is_of(message, "user"))?;
        let model = model.map_or_else(String::new, |model| format!(r#""model":{model},"#));
        Some(Self {
            request: format!(r#"{{{model}"messages":[{}]}}"#, messages[asked]).into(),
            // The message as it is: besides its content it may hold tool calls.
            response: format!(r#"{{"choices":[{{"message":{}}}]}}"#, messages[answered]).into(),
            key: key(context, policies, &messages[..=answered]),
        })
    }
}

fn key(context: &CallContext, policies: &[String], said: &[&RawValue]) -> String {
    let session = context.metadata.get("session_id").map_or("", String::as_str);
    // In whatever order they are named, they are the same.
    let policies: BTreeSet<&str> = policies.iter().map(String::as_str).collect();
    let mut hash = Sha256::new();
    // So that no policy passes for a message.
    hash.update((policies.len() as u64).to_le_bytes());
    for part in policies
        .into_iter()
        .chain([context.user.as_str(), context.team.as_str(), session])
        .chain(said.iter().map(|message| message.get()))
    {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("turn-{digest}")
}

fn is_of(message: &RawValue, role: &str) -> bool {
    #[derive(Deserialize)]
    struct Turn<'a> {
        #[serde(borrow)]
        role: Option<Cow<'a, str>>,
    }
    serde_json::from_str::<Turn<'_>>(message.get()).is_ok_and(|turn| turn.role.as_deref() == Some(role))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(messages: &Value, user: &str, session: &str) -> Option<PreviousTurn> {
        let context = CallContext {
            user: user.to_owned(),
            metadata: [("session_id".to_owned(), session.to_owned())].into(),
            ..CallContext::default()
        };
        PreviousTurn::of(json!({"model": "m", "messages": messages}).to_string().as_bytes(), &context, &[])
    }

    fn said(role: &str, text: &str) -> Value {
        json!({"role": role, "content": text})
    }

    #[test]
    fn the_last_answer_and_the_question_before_it_are_an_exchange() {
        let messages = json!([
            said("system", "s"), said("user", "1"), said("assistant", "one"), said("user", "2"), said("tool", "t"),
            {"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]},
            said("user", "3"),
        ]);
        let turn = of(&messages, "ann", "s").unwrap();
        let json = |bytes: &Bytes| serde_json::from_slice::<Value>(bytes).unwrap();
        assert_eq!(json(&turn.request), json!({"model": "m", "messages": [said("user", "2")]}));
        assert_eq!(json(&turn.response), json!({"choices": [{"message": messages[5]}]}));
        assert!(turn.key.len() <= 128);
    }

    #[test]
    fn where_no_answer_comes_back_there_is_none() {
        for messages in [
            json!([]),
            json!([said("user", "hi")]),
            json!([said("assistant", "how can I help?"), said("user", "hi")]),
            json!([said("system", "s"), said("assistant", "hello"), said("user", "hi")]),
            json!([{"role": 5, "content": "x"}, "text", null, said("user", "hi")]),
            json!("text"),
            json!(null),
        ] {
            assert_eq!(of(&messages, "ann", "s"), None, "{messages}");
        }
        for body in ["", "[]", "{", "{\"messages\": 5}", "{\"messages\": [], \"messages\": []}"] {
            assert_eq!(PreviousTurn::of(body.as_bytes(), &CallContext::default(), &[]), None, "{body}");
        }
    }

    #[test]
    fn two_teams_have_two_keys() {
        let messages = json!({"messages": [said("user", "hi"), said("assistant", "hello"), said("user", "and?")]});
        let key = |team: &str| {
            let context = CallContext { team: team.to_owned(), ..CallContext::default() };
            PreviousTurn::of(messages.to_string().as_bytes(), &context, &[]).unwrap().key
        };
        assert_ne!(key("red"), key("blue"));
    }

    #[test]
    fn a_turn_is_another_one_to_other_policies() {
        let messages = json!({"messages": [said("user", "hi"), said("assistant", "hello"), said("user", "and?")]});
        let key = |policies: &[&str]| {
            let policies: Vec<String> = policies.iter().map(|name| (*name).to_owned()).collect();
            PreviousTurn::of(messages.to_string().as_bytes(), &CallContext::default(), &policies).unwrap().key
        };
        assert_ne!(key(&["strict"]), key(&[]));
        assert_ne!(key(&["strict"]), key(&["default"]));
        assert_ne!(key(&["strict"]), key(&["default", "strict"]));
        assert_eq!(key(&["default", "strict"]), key(&["strict", "default"]));
    }

    #[test]
    fn a_turn_has_one_key_however_the_conversation_goes_on() {
        let mut messages = vec![said("user", "hi"), said("assistant", "hello")];
        let key = |messages: &[Value], user, session| of(&json!(messages), user, session).unwrap().key;
        let first = key(&messages, "ann", "s");
        messages.push(said("user", "hi"));
        assert_eq!(key(&messages, "ann", "s"), first);
        assert_ne!(key(&messages, "bob", "s"), first);
        assert_ne!(key(&messages, "ann", "t"), first);
        messages.push(said("assistant", "hello"));
        assert_ne!(key(&messages, "ann", "s"), first, "the same words later are another turn");
    }
}
