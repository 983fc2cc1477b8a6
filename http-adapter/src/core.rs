//! The core service, in this process or behind a socket: the same clients over one kind of service.

use std::{convert::Infallible, error::Error, time::Duration};

use http::{Uri, header::AUTHORIZATION, uri::Scheme};
use portcullis_api::{
    access::Principal,
    error::{ApiError, ErrorCode},
    v1::{
        CheckRequest, CheckResponse, GetEventRequest, GetEventResponse, GetPolicyRequest, GetPolicyResponse,
        IngestRequest, IngestResponse, LintPolicyRequest, LintPolicyResponse, ListEventsRequest, ListEventsResponse,
        ListPoliciesRequest, ListPoliciesResponse, RecordCanaryRequest, RecordCanaryResponse, ReviewEventRequest,
        ReviewEventResponse, SummarizeRequest, SummarizeResponse, TestPolicyRequest, TestPolicyResponse,
        WatchEventsRequest, WatchEventsResponse, event_service_client::EventServiceClient,
        guardrail_service_client::GuardrailServiceClient, ingestion_service_client::IngestionServiceClient,
        policy_service_client::PolicyServiceClient,
    },
};
use tonic::{
    ConnectError, Request, Response, Status, Streaming, TimeoutExpired,
    body::Body,
    metadata::AsciiMetadataValue,
    transport::{self, Certificate, ClientTlsConfig, Endpoint},
};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use tower::{ServiceExt as _, util::BoxCloneSyncService};

use crate::{
    canary::{self, Canaries},
    error::{Failure, Form},
    reply::REQUEST_ID,
    settings::AdapterSettings,
};

type Service = BoxCloneSyncService<http::Request<Body>, http::Response<Body>, transport::Error>;

/// Pauses between tries to connect: three tries within half a second, so that a core that restarts is not noticed.
const BACKOFF: &[Duration] = &[Duration::from_millis(100), Duration::from_millis(300)];

/// The core answers with events and recorded payloads, which escaping can make larger than they came.
const ANSWER_BYTES: usize = 64 << 20;

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

/// Everything that the adapter asks of the core.
#[derive(Debug, Clone)]
pub struct Core {
    service: Service,
    /// Empty in the same process, where there is nothing to connect.
    backoff: &'static [Duration],
    /// Never shown by `Debug`: it is marked as sensitive.
    authorization: Option<AsciiMetadataValue>,
    deadline: Duration,
    answer_bytes: usize,
    canaries: Canaries,
}

impl Core {
    /// Over servers in this process, for example [`tonic::service::Routes`]. No socket is between, and no limit but
    /// the servers' own: they must accept messages of the largest body and a little more.
    pub fn embedded<S>(service: S) -> Self
    where
        S: tower::Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        Self::over(BoxCloneSyncService::new(service.map_err(|never| match never {})), &[])
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
        Ok(Self { authorization, ..Self::over(BoxCloneSyncService::new(channel), BACKOFF) })
    }

    fn over(service: Service, backoff: &'static [Duration]) -> Self {
        Self {
            service,
            backoff,
            authorization: None,
            deadline: Duration::ZERO,
            answer_bytes: ANSWER_BYTES,
            canaries: Canaries::default(),
        }
        .limited(&AdapterSettings::default())
    }

    pub(crate) fn limited(self, settings: &AdapterSettings) -> Self {
        let answer_bytes = settings.body_bytes.saturating_mul(2).saturating_add(ANSWER_BYTES);
        Self { deadline: settings.call_deadline, answer_bytes, ..self }
    }

    pub(crate) const fn canaries(&self) -> &Canaries {
        &self.canaries
    }

    /// In the name of the caller, whatever the request says.
    pub(crate) async fn check(&self, mut request: CheckRequest, caller: &Principal) -> Result<CheckResponse, Failure> {
        request.context.get_or_insert_default().principal = caller.to_string();
        let call = |service, request| async { GuardrailServiceClient::new(service).check(request).await };
        canary::check(&self.canaries, request, |request| self.call(request, call)).await
    }

    pub(crate) async fn record_canary(&self, request: RecordCanaryRequest) -> Result<RecordCanaryResponse, Failure> {
        let call = |service, request| async { IngestionServiceClient::new(service).record_canary(request).await };
        self.call(request, call).await
    }

    /// In the name of the caller, whatever the request says.
    pub(crate) async fn ingest(
        &self,
        mut request: IngestRequest,
        caller: &Principal,
    ) -> Result<IngestResponse, Failure> {
        request.context.get_or_insert_default().principal = caller.to_string();
        let call = |service, request| async { IngestionServiceClient::new(service).ingest(request).await };
        self.call(request, call).await
    }

    pub(crate) async fn list_policies(&self) -> Result<ListPoliciesResponse, Failure> {
        let call = |service, request| async { PolicyServiceClient::new(service).list_policies(request).await };
        self.call(ListPoliciesRequest {}, call).await
    }

    pub(crate) async fn list_events(&self, request: ListEventsRequest) -> Result<ListEventsResponse, Failure> {
        let call = |service, request| async {
            let mut client = EventServiceClient::new(service).max_decoding_message_size(self.answer_bytes);
            client.list_events(request).await
        };
        self.call(request, call).await
    }

    pub(crate) async fn get_event(&self, request: GetEventRequest) -> Result<GetEventResponse, Failure> {
        let call = |service, request| async {
            let mut client = EventServiceClient::new(service).max_decoding_message_size(self.answer_bytes);
            client.get_event(request).await
        };
        self.call(request, call).await
    }

    pub(crate) async fn summarize(&self, request: SummarizeRequest) -> Result<SummarizeResponse, Failure> {
        let call = |service, request| async { EventServiceClient::new(service).summarize(request).await };
        self.call(request, call).await
    }

    pub(crate) async fn review_event(&self, request: ReviewEventRequest) -> Result<ReviewEventResponse, Failure> {
        let call = |service, request| async { EventServiceClient::new(service).review_event(request).await };
        self.call(request, call).await
    }

    pub(crate) async fn get_policy(&self, request: GetPolicyRequest) -> Result<GetPolicyResponse, Failure> {
        let call = |service, request| async { PolicyServiceClient::new(service).get_policy(request).await };
        self.call(request, call).await
    }

    pub(crate) async fn lint_policy(&self, request: LintPolicyRequest) -> Result<LintPolicyResponse, Failure> {
        let call = |service, request| async { PolicyServiceClient::new(service).lint_policy(request).await };
        self.call(request, call).await
    }

    pub(crate) async fn test_policy(&self, request: TestPolicyRequest) -> Result<TestPolicyResponse, Failure> {
        let call = |service, request| async { PolicyServiceClient::new(service).test_policy(request).await };
        self.call(request, call).await
    }

    /// Without an end: only how long it may take to begin is bounded.
    pub(crate) async fn watch_events(
        &self,
        request: WatchEventsRequest,
    ) -> Result<Streaming<WatchEventsResponse>, Failure> {
        let mut request = Request::new(request);
        self.authorize(&mut request);
        let mut client = EventServiceClient::new(self.service.clone());
        match tokio::time::timeout(self.deadline, client.watch_events(request)).await {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) => Err(failure(&status)),
            Err(_) => Err(ApiError::new(ErrorCode::DeadlineExceeded, "the core service did not answer in time").into()),
        }
    }

    fn authorize<M>(&self, request: &mut Request<M>) {
        if let Some(authorization) = &self.authorization {
            request.metadata_mut().insert(AUTHORIZATION.as_str(), authorization.clone());
        }
    }

    pub(crate) async fn is_serving(&self) -> Result<bool, Failure> {
        let call = |service, request| async { HealthClient::new(service).check(request).await };
        let answer = self.call(HealthCheckRequest::default(), call).await?;
        Ok(answer.status() == ServingStatus::Serving)
    }

    /// Only a call that never left is tried again: a second ingest of one exchange would be a second record.
    async fn call<M, R, F>(&self, message: M, send: impl Fn(Service, Request<M>) -> F) -> Result<R, Failure>
    where
        M: Clone,
        F: Future<Output = Result<Response<R>, Status>>,
    {
        let request = |message| {
            let mut request = Request::new(message);
            request.set_timeout(self.deadline);
            self.authorize(&mut request);
            request
        };
        let tries = async {
            for pause in self.backoff {
                match send(self.service.clone(), request(message.clone())).await {
                    Err(status) if source::<ConnectError>(&status).is_some() => tokio::time::sleep(*pause).await,
                    outcome => return outcome,
                }
            }
            send(self.service.clone(), request(message)).await
        };
        match tokio::time::timeout(self.deadline, tries).await {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) => Err(failure(&status)),
            Err(_) => Err(ApiError::new(ErrorCode::DeadlineExceeded, "the core service did not answer in time").into()),
        }
    }
}

fn bearer(token: &str) -> Result<AsciiMetadataValue, InvalidCore> {
    let mut value = AsciiMetadataValue::try_from(format!("Bearer {token}")).map_err(|_| InvalidCore::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

fn failure(status: &Status) -> Failure {
    let request_id = status.metadata().get(REQUEST_ID.as_str()).and_then(|id| id.to_str().ok()).map(str::to_owned);
    // A status with a source was made on this side of the wire, from a connection that broke: the caller can do no
    // more about it than about one that could not be made. Only a timer that fired here is told apart.
    let broken = status.source().is_some() && source::<TimeoutExpired>(status).is_none();
    let mut error = ApiError::from(status);
    if broken || error.code == ErrorCode::Unauthenticated {
        // The caller's own credentials were good: what the core refused is this program's.
        tracing::warn!(code = ?status.code(), cause = root(status), "the core service cannot be used");
        error = ApiError::new(ErrorCode::Unavailable, "the core service cannot be reached");
    }
    Failure { error, request_id, form: Form::Plain }
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
mod tests;
