//! The HTTP client of both sides: bounded in time, in bytes, and in where it goes.

use std::time::Duration;

use reqwest::{ClientBuilder, RequestBuilder, redirect::Policy};

/// Of an answer; a completion to a one-word question is far below.
const MAX_ANSWER: usize = 1 << 20;

#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be made: {0}")]
pub struct CanaryError(String);

/// For the gateway, by the way that the environment names (`HTTPS_PROXY`), as callers go. Redirects are not followed: a
/// credential goes where it was meant to go.
pub(super) fn client(timeout: Duration) -> Result<reqwest::Client, CanaryError> {
    build(builder(timeout))
}

/// For this service itself, with no proxy between, whatever the environment names: it is beside us, a proxy may not reach it,
/// and the token that opens it is nobody else's to see.
pub(super) fn direct(timeout: Duration) -> Result<reqwest::Client, CanaryError> {
    build(builder(timeout).no_proxy())
}

fn builder(timeout: Duration) -> ClientBuilder {
    // Somebody else's choice stands when there is one.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .timeout(timeout)
        .connect_timeout(timeout)
        .redirect(Policy::none())
        .user_agent(concat!("portcullis-canary/", env!("CARGO_PKG_VERSION")))
}

fn build(builder: ClientBuilder) -> Result<reqwest::Client, CanaryError> {
    builder.build().map_err(|error| CanaryError(why(&error)))
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// Err says why there is no answer, without the URL.
pub(super) async fn send(request: RequestBuilder) -> Result<Answer, String> {
    let mut response = request.send().await.map_err(|error| why(&error))?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| why(&error))? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(format!("HTTP {status} with more than {MAX_ANSWER} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, body })
}

fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let what = if error.is_connect() { "no connection" } else { "the connection broke" };
    format!("{what}: {cause}")
}
