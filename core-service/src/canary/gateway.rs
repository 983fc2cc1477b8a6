//! The side of the gateway: a chat completion, as its callers ask for one.

use reqwest::{
    Client, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json::json;

use super::{
    client::{self, Answer},
    reply::Reply,
};

const COMPLETIONS: &str = "chat/completions";

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidUrl {
    #[error("not a URL of the form http://host/path or https://host/path")]
    Form,
    #[error("credentials do not belong into the URL: set an authorization header")]
    Credentials,
    #[error("`{0}` is not a header")]
    Header(String),
}

/// An OpenAI-compatible gateway.
#[derive(Debug, Clone)]
pub struct Gateway {
    url: Url,
    model: String,
    /// Their values are marked as sensitive: `Debug` does not show them.
    headers: HeaderMap,
}

impl Gateway {
    /// `url` is the base that clients are given (`https://host/v1`), or that of the chat completions themselves.
    pub fn new<'a>(
        url: &str,
        model: &str,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, InvalidUrl> {
        let mut url = base(url)?;
        if !url.path().ends_with(COMPLETIONS) {
            url.set_path(&format!("{}/{COMPLETIONS}", url.path().trim_end_matches('/')));
        }
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let invalid = || InvalidUrl::Header(name.to_owned());
            let mut value = HeaderValue::from_str(value).map_err(|_| invalid())?;
            value.set_sensitive(true);
            map.insert(HeaderName::try_from(name).map_err(|_| invalid())?, value);
        }
        Ok(Self { url, model: model.to_owned(), headers: map })
    }

    /// Host and port, which is what may be shown.
    pub fn name(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port_or_known_default().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    pub fn model(&self) -> &str {
        &self.model
    }

    pub(super) async fn ask(&self, client: &Client, text: &str) -> Reply {
        let body = json!({"model": self.model, "messages": [{"role": "user", "content": text}], "stream": false});
        // Headers last: an operator's content type, if there is one, stands.
        match client::send(client.post(self.url.clone()).json(&body).headers(self.headers.clone())).await {
            Ok(Answer { status, body }) => Reply::of(status, &body),
            Err(why) => Reply::Unusable { status: None, why },
        }
    }
}

/// An absolute HTTP URL without credentials in it.
pub(super) fn base(url: &str) -> Result<Url, InvalidUrl> {
    let url = Url::parse(url).map_err(|_| InvalidUrl::Form)?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(InvalidUrl::Form);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(InvalidUrl::Credentials);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_the_url_lead_to_the_completions() {
        for (given, asked) in [
            ("http://gw", "http://gw/chat/completions"),
            ("https://gw:8443/v1/", "https://gw:8443/v1/chat/completions"),
            ("http://gw/v1/chat/completions?a=b", "http://gw/v1/chat/completions?a=b"),
        ] {
            assert_eq!(Gateway::new(given, "m", []).unwrap().url.as_str(), asked);
        }
        assert_eq!(Gateway::new("https://gw/v1", "m", []).unwrap().name(), "gw:443");
    }

    #[test]
    fn what_cannot_be_asked_is_refused_and_no_credential_is_shown() {
        assert_eq!(Gateway::new("gw:80", "m", []).unwrap_err(), InvalidUrl::Form);
        assert_eq!(Gateway::new("http://ann:hunter2@gw", "m", []).unwrap_err(), InvalidUrl::Credentials);
        let refused = Gateway::new("http://gw", "m", [("x-key", "hunter2\n")]).unwrap_err();
        assert_eq!(refused, InvalidUrl::Header("x-key".to_owned()));
        let gateway = Gateway::new("http://gw", "m", [("x-key", "hunter2")]).unwrap();
        assert!(!format!("{gateway:?}").contains("hunter2"));
    }
}
