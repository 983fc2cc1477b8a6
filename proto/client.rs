//! The core service as a client sees it, in the same process or behind a socket: one kind of service for both.

use std::{convert::Infallible, error::Error, time::Duration};

use http::{Uri, header::AUTHORIZATION, uri::Scheme};
use tokio_util::sync::CancellationToken;
use tonic::{
    ConnectError, Request, Response, Status, TimeoutExpired,
    body::Body,
    metadata::{AsciiMetadataValue, MetadataMap},
    transport::{self, Certificate, ClientTlsConfig, Endpoint},
};
use tower::{ServiceExt as _, util::BoxCloneSyncService};

use crate::{
    error::{ApiError, ErrorCode},
    trace,
};

/// What the generated clients are made over.
pub type Service = BoxCloneSyncService<http::Request<Body>, http::Response<Body>, transport::Error>;

/// In the metadata of a failed call: under which the core logged the cause.
const REQUEST_ID: &str = "x-request-id";

/// Where the core is asked whether it can judge.
const HEALTH: &str = "/grpc.health.v1.Health/Check";

/// Pauses between tries to connect: three tries within half a second, so that a core that restarts is not noticed.
const BACKOFF: &[Duration] = &[Duration::from_millis(100), Duration::from_millis(300)];

#[derive(Debug, thiserror::Error)]
pub enum InvalidCore {
    #[error("not a URL of the form http://host:port or https://host:port")]
    Url,
    #[error("certificates to trust are given, and the URL is not https")]
    Clear,
    #[error("no certificates to trust: give a file of them, or install the system's")]
    Roots(#[source] transport::Error),
    #[error("the token has characters that no header may have")]
    Token,
}

/// A call that brought no answer.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct CallError {
    pub error: ApiError,
    /// Under which the core logged the cause.
    pub request_id: Option<String>,
}

/// Calls the core's services.
#[derive(Debug, Clone)]
pub struct Client {
    service: Service,
    /// Empty in the same process, where there is nothing to connect.
    backoff: &'static [Duration],
    /// Never shown by `Debug`: it is marked as sensitive.
    authorization: Option<AsciiMetadataValue>,
}

impl Client {
    /// Over servers in this process, for example [`tonic::service::Routes`]. No socket is between, and no limit but
    /// the servers' own: they must accept messages of the largest body and a little more.
    pub fn embedded<S>(service: S) -> Self
    where
        S: tower::Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        let service = BoxCloneSyncService::new(service.map_err(|never| match never {}));
        Self { service, backoff: &[], authorization: None }
    }

    /// Over the network, with the bearer token that the core asks for if it does. `https` is TLS with a certificate
    /// that comes from one of `roots` (PEM), or without them from one that the system trusts. Connects at the first
    /// call and again whenever the connection is lost. Must be called within a tokio runtime.
    pub fn remote(url: &str, token: Option<&str>, roots: Option<&[u8]>) -> Result<Self, InvalidCore> {
        let uri: Uri = url.parse().map_err(|_| InvalidCore::Url)?;
        if uri.host().is_none() {
            return Err(InvalidCore::Url);
        }
        let is_tls = uri.scheme() == Some(&Scheme::HTTPS);
        if !is_tls && uri.scheme() != Some(&Scheme::HTTP) {
            return Err(InvalidCore::Url);
        }
        let authorization = token.map(bearer).transpose()?;
        let mut endpoint = Endpoint::from(uri);
        match roots {
            Some(_) if !is_tls => return Err(InvalidCore::Clear),
            _ if !is_tls => {}
            roots => {
                let tls = match roots {
                    Some(pem) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)),
                    None => ClientTlsConfig::new().with_native_roots(),
                };
                endpoint = endpoint.tls_config(tls).map_err(InvalidCore::Roots)?;
            }
        }
        let channel = endpoint
            .connect_timeout(Duration::from_secs(2))
            .tcp_nodelay(true)
            .http2_adaptive_window(true)
            .http2_keep_alive_interval(Duration::from_secs(15))
            .keep_alive_timeout(Duration::from_secs(5))
            .keep_alive_while_idle(true)
            .connect_lazy();
        Ok(Self { service: BoxCloneSyncService::new(channel), backoff: BACKOFF, authorization })
    }

    /// Once `leaving` is cancelled, this program is not ready, whatever its core says: who asks for the core's health is
    /// told so, and every other call is made as before. Costs an allocation for each call, little beside a network.
    #[must_use]
    pub fn ready_until(self, leaving: CancellationToken) -> Self {
        let core = self.service;
        let service = tower::service_fn(move |request: http::Request<Body>| {
            let (core, leaving) = (core.clone(), leaving.is_cancelled());
            async move {
                if leaving && request.uri().path() == HEALTH {
                    let error = ApiError::new(ErrorCode::Unavailable, "the service is shutting down");
                    return Ok(Status::from(error).into_http());
                }
                core.oneshot(request).await
            }
        });
        Self { service: BoxCloneSyncService::new(service), backoff: self.backoff, authorization: self.authorization }
    }

    /// One call, which may take no longer than `deadline` with all its tries.
    ///
    /// Only a call that never left is tried again: a second ingest of one exchange would be a second record.
    pub async fn call<M, R, F>(
        &self,
        message: M,
        deadline: Duration,
        send: impl Fn(Service, Request<M>) -> F,
    ) -> Result<R, CallError>
    where
        M: Clone,
        F: Future<Output = Result<Response<R>, Status>>,
    {
        let request = |message| {
            let mut request = self.request(message);
            request.set_timeout(deadline);
            request
        };
        self.tries(message, deadline, request, send).await
    }

    /// One call whose answer is a stream: `deadline` bounds its beginning and nothing after it.
    pub async fn open<M, R, F>(
        &self,
        message: M,
        deadline: Duration,
        send: impl Fn(Service, Request<M>) -> F,
    ) -> Result<R, CallError>
    where
        M: Clone,
        F: Future<Output = Result<Response<R>, Status>>,
    {
        self.tries(message, deadline, |message| self.request(message), send).await
    }

    fn request<M>(&self, message: M) -> Request<M> {
        let mut request = Request::new(message);
        // In the same process the caller's span is there already.
        if !self.backoff.is_empty() {
            let mut headers = http::HeaderMap::new();
            trace::tell(&mut headers);
            *request.metadata_mut() = MetadataMap::from_headers(headers);
        }
        if let Some(authorization) = &self.authorization {
            request.metadata_mut().insert(AUTHORIZATION.as_str(), authorization.clone());
        }
        request
    }

    async fn tries<M, R, F>(
        &self,
        message: M,
        deadline: Duration,
        request: impl Fn(M) -> Request<M>,
        send: impl Fn(Service, Request<M>) -> F,
    ) -> Result<R, CallError>
    where
        M: Clone,
        F: Future<Output = Result<Response<R>, Status>>,
    {
        let tries = async {
            for pause in self.backoff {
                match send(self.service.clone(), request(message.clone())).await {
                    Err(status) if source::<ConnectError>(&status).is_some() => tokio::time::sleep(*pause).await,
                    outcome => return outcome,
                }
            }
            send(self.service.clone(), request(message)).await
        };
        match tokio::time::timeout(deadline, tries).await {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) => Err(failure(&status)),
            Err(_) => {
                let error = ApiError::new(ErrorCode::DeadlineExceeded, "the core service did not answer in time");
                Err(CallError { error, request_id: None })
            }
        }
    }
}

fn bearer(token: &str) -> Result<AsciiMetadataValue, InvalidCore> {
    let mut value = AsciiMetadataValue::try_from(format!("Bearer {token}")).map_err(|_| InvalidCore::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

fn failure(status: &Status) -> CallError {
    let request_id = status.metadata().get(REQUEST_ID).and_then(|id| id.to_str().ok()).map(str::to_owned);
    // A status with a source was made on this side of the wire, from a connection that broke: the caller can do no
    // more about it than about one that could not be made. Only a timer that fired here is told apart.
    let broken = status.source().is_some() && source::<TimeoutExpired>(status).is_none();
    let mut error = ApiError::from(status);
    if broken || error.code == ErrorCode::Unauthenticated {
        // The caller's own credentials were good: what the core refused is this program's.
        tracing::warn!(code = ?status.code(), cause = root(status), "the core service cannot be used");
        error = ApiError::new(ErrorCode::Unavailable, "the core service cannot be reached");
    }
    CallError { error, request_id }
}

fn source<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

fn root(status: &Status) -> String {
    causes(status).last().map(ToString::to_string).unwrap_or_default()
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut cause = error.source();
    std::iter::from_fn(move || {
        let this = cause?;
        cause = this.source();
        Some(this)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_plain_url_is_a_core() {
        for url in ["core:50051", "ftp://core:1", "http://", "https://", "", "/x"] {
            assert!(matches!(Client::remote(url, None, None), Err(InvalidCore::Url)), "{url}");
        }
        assert!(matches!(Client::remote("http://core:50051", Some("a\nb"), None), Err(InvalidCore::Token)));
        assert!(matches!(Client::remote("http://core:50051", None, Some(b"")), Err(InvalidCore::Clear)));
        for url in ["http://core:50051", "http://core"] {
            assert!(Client::remote(url, Some("t0ken"), None).is_ok());
        }
    }

    #[tokio::test]
    async fn a_program_that_leaves_is_not_ready_and_makes_its_calls() {
        let core = |_: http::Request<Body>| std::future::ready(Ok::<_, Infallible>(http::Response::new(Body::empty())));
        let leaving = CancellationToken::new();
        let client = Client::embedded(tower::service_fn(core)).ready_until(leaving.clone());
        let refused = async |path: &str| {
            let request = http::Request::builder().uri(path).body(Body::empty()).unwrap();
            let answer = client.service.clone().oneshot(request).await.unwrap();
            crate::refused::code(&answer)
        };
        assert_eq!(refused(HEALTH).await, None);
        leaving.cancel();
        assert_eq!(refused(HEALTH).await, Some(ErrorCode::Unavailable));
        assert_eq!(refused("/portcullis.v1.GuardrailService/Check").await, None);
    }

    #[test]
    fn debug_shows_no_token() {
        let value = bearer("t0ken").unwrap();
        assert!(!format!("{value:?}").contains("t0ken"));
    }
}
