//! A model behind a gateway: remembers what reached it, and says what it is told to.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{Json, Router, extract::State, routing::post};
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[derive(Debug, Clone)]
pub struct Upstream {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    seen: Mutex<Vec<Value>>,
    answer: Mutex<String>,
}

impl Upstream {
    /// Serves until the runtime of the test ends.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::<Shared>::default();
        let router = Router::new().route("/v1/chat/completions", post(complete)).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, shared }
    }

    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub fn answers(&self, text: &str) {
        text.clone_into(&mut self.shared.answer.lock().unwrap());
    }

    /// What the model was asked since the last look: the content of the last turn of each call.
    pub fn asked(&self) -> Vec<String> {
        let calls = std::mem::take(&mut *self.shared.seen.lock().unwrap());
        let last = |call: &Value| call["messages"].as_array()?.last()?["content"].as_str().map(str::to_owned);
        calls.iter().map(|call| last(call).unwrap_or_else(|| call.to_string())).collect()
    }
}

async fn complete(State(shared): State<Arc<Shared>>, Json(call): Json<Value>) -> Json<Value> {
    let model = call["model"].clone();
    shared.seen.lock().unwrap().push(call);
    let message = json!({"role": "assistant", "content": shared.answer.lock().unwrap().clone()});
    Json(json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }))
}
