//! An HTTP client as a gateway is one.

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode, header::CONTENT_TYPE};
use serde_json::Value;

use crate::Program;

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }
}

/// A client whose TLS, which no test uses, has a provider: it would not be made without one.
pub fn client() -> reqwest::Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::new()
}

#[derive(Debug, Clone)]
pub struct Client {
    client: reqwest::Client,
    base: String,
    headers: BTreeMap<String, String>,
}

impl Client {
    pub fn of(program: &Program) -> Self {
        Self { client: client(), base: program.http(""), headers: BTreeMap::new() }
    }

    #[must_use]
    pub fn with(self, authorization: &str) -> Self {
        self.with_header("authorization", authorization)
    }

    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The call, or None when no answer came.
    pub async fn send(&self, method: Method, path: &str, content_type: Option<&str>, body: Vec<u8>) -> Option<Answer> {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).body(body);
        if let Some(content_type) = content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = request.send().await.ok()?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Some(Answer { status, headers, body: response.bytes().await.ok()?.to_vec() })
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, Vec::new()).await.expect("no answer")
    }

    /// Of a series in `/metrics`, with its labels as they are printed there; panics where there is none.
    pub async fn metric(&self, series: &str) -> u64 {
        let page = String::from_utf8(self.get("/metrics").await.body).unwrap();
        let value = |line: &str| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok();
        page.lines().find_map(value).unwrap_or_else(|| panic!("{series} in\n{page}"))
    }

    pub async fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        self.send(Method::POST, path, Some("application/json"), body.into()).await.expect("no answer")
    }

    /// The gateway's call. `query` begins behind the question mark.
    pub async fn guard(&self, query: &str, body: &Value) -> Answer {
        self.post(&format!("/api/http-proxy/truefoundry?{query}"), body.to_string()).await
    }

    pub async fn events(&self, query: &str) -> Vec<Value> {
        let answer = self.get(&format!("/v1/events?{query}")).await;
        assert_eq!(answer.status, StatusCode::OK.as_u16());
        answer.json()["events"].as_array().unwrap().clone()
    }

    /// The events of one call, once there are so many and none is pending.
    pub async fn settled(&self, request_id: &Value, count: usize) -> Vec<Value> {
        let query = format!("request_id={}", request_id.as_str().unwrap());
        crate::until(|| async {
            let events = self.events(&query).await;
            (events.len() >= count && events.iter().all(|event| event["analysis"] != "pending")).then_some(events)
        })
        .await
    }
}
