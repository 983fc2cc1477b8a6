//! A gateway that is none: it asks the guardrail as TrueFoundry's does, and reads the answer as one of the two ages of
//! it does. What it lets through is answered by a model that always says the same.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    body::Body,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::post,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};

/// Which half of the guardrail's answer it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// Before May 2026: the status alone.
    Old,
    /// Since: the body of a 200; any other status is a guardrail that did not complete.
    New,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    Enforce,
    IgnoreOnError,
    Audit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// Asks the guardrail and goes by its answer.
    Asks(Age, Strategy),
    /// The same, with a body that breaks off in the middle.
    AsksBrokenly(Age, Strategy),
    /// Lets everything pass without asking.
    PassesAll,
    /// Refuses everything without asking.
    BlocksAll,
    Fails,
    Hangs,
    /// Answers 200 and nothing that is a completion.
    Garbage,
}

/// Of one answer of the guardrail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Allowed,
    Blocked,
    NotCompleted,
}

#[derive(Debug)]
struct Shared {
    behaviour: Behaviour,
    /// Where the guardrail is; a call that comes before it is known waits.
    guardrail: watch::Receiver<Option<String>>,
    client: reqwest::Client,
}

#[derive(Debug)]
pub struct Gateway {
    address: SocketAddr,
    guardrail: watch::Sender<Option<String>>,
}

impl Gateway {
    /// Serves until the runtime of the test ends.
    pub async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (guardrail, known) = watch::channel(None);
        let shared = Shared { behaviour, guardrail: known, client: crate::http::client() };
        let router = Router::new().route("/v1/chat/completions", post(complete)).with_state(Arc::new(shared));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, guardrail }
    }

    /// The guardrail's URL, as an operator writes it into the gateway.
    #[must_use]
    pub fn guarded_by(self, url: &str) -> Self {
        self.attach(url);
        self
    }

    pub fn attach(&self, url: &str) {
        self.guardrail.send_replace(Some(url.to_owned()));
    }

    /// What clients are given as their base URL.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Whether a prompt comes through.
    pub async fn lets_through(&self, prompt: &str) -> bool {
        let call = json!({"model": "m", "messages": [{"role": "user", "content": prompt}]});
        let url = format!("{}/chat/completions", self.url());
        let response = crate::http::client().post(url).json(&call).send().await.unwrap();
        let status = response.status();
        let body: Value = response.json().await.unwrap();
        let completed = body["choices"].is_array();
        assert_eq!(completed, status == StatusCode::OK, "{status} {body}");
        completed
    }
}

async fn complete(State(gateway): State<Arc<Shared>>, Json(call): Json<Value>) -> Response {
    let (age, strategy, broken) = match gateway.behaviour {
        Behaviour::Asks(age, strategy) => (age, strategy, false),
        Behaviour::AsksBrokenly(age, strategy) => (age, strategy, true),
        Behaviour::PassesAll => return completion(&call),
        Behaviour::BlocksAll => return refusal(),
        Behaviour::Fails => return (StatusCode::INTERNAL_SERVER_ERROR, "upstream failed").into_response(),
        Behaviour::Hangs => std::future::pending().await,
        Behaviour::Garbage => return Response::new(Body::from("<html>welcome</html>")),
    };
    let reading = gateway.ask(age, &call, broken).await;
    let lets_through = match (reading, strategy) {
        (Reading::Allowed, _) | (_, Strategy::Audit) | (Reading::NotCompleted, Strategy::IgnoreOnError) => true,
        (Reading::Blocked, _) | (Reading::NotCompleted, Strategy::Enforce) => false,
    };
    if lets_through { completion(&call) } else { refusal() }
}

impl Shared {
    async fn ask(&self, age: Age, call: &Value, broken: bool) -> Reading {
        let url = self.guardrail.clone().wait_for(Option::is_some).await.unwrap().clone().unwrap();
        let mut body = json!({
            "requestBody": call,
            "context": {"user": {"subjectId": "u-1", "subjectType": "user"}, "metadata": {}},
            "config": {},
        })
        .to_string();
        if broken {
            body.truncate(body.len() / 2);
        }
        let request = self.client.post(url).header("content-type", "application/json").body(body);
        let Ok(response) = request.send().await else { return Reading::NotCompleted };
        let status = response.status().as_u16();
        match (age, status) {
            (Age::Old, 200) => Reading::Allowed,
            (Age::Old, 400) => Reading::Blocked,
            (Age::New, 200) => {
                let body: Value = response.json().await.unwrap_or_default();
                if body["verdict"] == json!(false) { Reading::Blocked } else { Reading::Allowed }
            }
            _ => Reading::NotCompleted,
        }
    }
}

fn completion(call: &Value) -> Response {
    let message = json!({"role": "assistant", "content": "Paris"});
    Json(json!({
        "id": "chatcmpl-1", "object": "chat.completion", "model": call["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }))
    .into_response()
}

fn refusal() -> Response {
    let error = json!({"type": "guardrail_checks_failed", "message": "Guardrail checks failed", "code": "400"});
    (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response()
}
