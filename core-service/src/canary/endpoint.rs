//! The side of this service: its own endpoint, asked as a gateway asks it, and the run that it keeps.

use reqwest::{Client, Method, RequestBuilder, Url, header::AUTHORIZATION, header::HeaderValue};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    client::{self, Answer},
    findings::Contract,
    gateway::{InvalidUrl, base},
    reply::Reply,
};

/// The HTTP side of this service.
#[derive(Debug, Clone)]
pub struct Endpoint {
    url: Url,
    /// Marked as sensitive: `Debug` does not show it.
    authorization: Option<HeaderValue>,
}

/// A run, as the endpoint issued it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Issued {
    id: String,
    prefix: String,
    pub(super) contract: Contract,
}

impl Issued {
    /// By which the endpoint knows a probe again.
    pub(super) fn marker(&self, probe: &str) -> String {
        format!("{}{}-{probe}", self.prefix, self.id)
    }
}

impl Endpoint {
    /// `url` is the root of the HTTP side, `http://host:port`; `authorization` a whole header value.
    pub fn new(url: &str, authorization: Option<&str>) -> Result<Self, InvalidUrl> {
        let mut authorization = authorization
            .map(|value| HeaderValue::from_str(value).map_err(|_| InvalidUrl::Header("authorization".to_owned())))
            .transpose()?;
        if let Some(value) = &mut authorization {
            value.set_sensitive(true);
        }
        Ok(Self { url: base(url)?, authorization })
    }

    pub(super) async fn begin(&self, client: &Client) -> Result<Issued, String> {
        self.call(self.request(client, Method::POST, &["v1", "canary"])).await
    }

    /// The probes of the run that came to this service.
    pub(super) async fn seen(&self, client: &Client, run: &Issued) -> Result<Vec<String>, String> {
        #[derive(Deserialize)]
        struct Seen {
            seen: Vec<String>,
        }
        let Seen { seen } = self.call(self.request(client, Method::GET, &["v1", "canary", &run.id])).await?;
        Ok(seen)
    }

    /// Ends the run. The id of the event that was made of it.
    pub(super) async fn end(&self, client: &Client, run: &Issued, report: &Value) -> Result<String, String> {
        #[derive(Deserialize)]
        struct Recorded {
            event: String,
        }
        let request = self.request(client, Method::POST, &["v1", "canary", &run.id]).json(report);
        let Recorded { event } = self.call(request).await?;
        Ok(event)
    }

    /// As a gateway asks before a model is called.
    pub(super) async fn check(&self, client: &Client, text: &str) -> Reply {
        let body = json!({
            "requestBody": {"messages": [{"role": "user", "content": text}]},
            "context": {"user": {"subjectId": "canary", "subjectType": "serviceaccount"}},
        });
        let request =
            self.request(client, Method::POST, &["api", "http-proxy", "truefoundry"]).query(&[("sync", "true")]);
        let Answer { status, body } = match client::send(request.json(&body)).await {
            Ok(answer) => answer,
            Err(why) => return Reply::Unusable { status: None, why },
        };
        let verdict = serde_json::from_slice::<Value>(&body).ok().and_then(|body| body.get("verdict")?.as_bool());
        match (status, verdict) {
            (200, Some(true)) => Reply::Passed { status },
            (200 | 400, Some(false)) => Reply::Blocked { status, certain: true, kind: String::new() },
            _ => Reply::Unusable { status: Some(status), why: format!("HTTP {status}") },
        }
    }

    fn request(&self, client: &Client, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let request = client.request(method, url);
        match &self.authorization {
            Some(authorization) => request.header(AUTHORIZATION, authorization.clone()),
            None => request,
        }
    }

    async fn call<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, String> {
        let Answer { status, body } = client::send(request).await?;
        if status != 200 {
            return Err(format!("HTTP {status}"));
        }
        serde_json::from_slice(&body).map_err(|_| "an answer that is not this service's".to_owned())
    }
}
