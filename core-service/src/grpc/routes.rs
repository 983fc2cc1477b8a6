//! All services behind one door.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::future::{MapOk, TryFutureExt as _};
use portcullis_api::{
    access::Access,
    error::{self, ApiError, ErrorCode},
    refused::{self, Shown},
    v1::{
        DESCRIPTORS,
        canary_service_server::CanaryServiceServer,
        delivery_service_server::DeliveryServiceServer,
        event_service_server::EventServiceServer,
        guardrail_service_server::{self, GuardrailServiceServer},
        ingestion_service_server::{self, IngestionServiceServer},
        policy_service_server::PolicyServiceServer,
    },
};
use tokio_util::sync::CancellationToken;
use tonic::{
    Request, Status,
    body::Body,
    service::{Routes, interceptor::InterceptedService},
};
use tonic_health::{ServingStatus, server::HealthReporter};
use tower::Service;

use super::{
    canary::CanaryApi,
    delivery::DeliveryApi,
    event::{EventApi, reveal::Revealers},
    guardrail::GuardrailApi,
    ingestion::IngestionApi,
    policy::PolicyApi,
};
use crate::{
    deliver::Deliveries,
    events::EventStore,
    guardrail::{service::Guardrail, text::OpenTexts},
    telemetry::{self, CallRefused, Via},
};

/// Room for what stands around two payloads in one message.
const MESSAGE_SLACK: usize = 1 << 20;

/// The services, ready to be put behind a port or a client.
#[derive(Debug, Clone)]
pub struct Api {
    pub guardrail: Arc<Guardrail>,
    pub events: Arc<EventStore>,
    pub deliveries: Deliveries,
    /// Of one payload.
    pub payload_bytes: usize,
    /// To whom payloads are shown as they were recorded.
    pub reveal: Revealers,
    /// Texts that come in pieces: whoever closes the log waits for them.
    pub texts: OpenTexts,
    /// Ends what would never end by itself: watches, and streams of questions and of exchanges.
    pub stop: CancellationToken,
    pub health: HealthReporter,
}

impl Api {
    /// A message holds at most two payloads.
    pub const fn message_bytes(&self) -> usize {
        2 * self.payload_bytes + MESSAGE_SLACK
    }

    /// `access` guards all but health. What is refused is counted here and not within: a client in the same process counts
    /// its own callers. What the library refuses is said here in the closed code.
    pub fn routes(&self, access: Access) -> Result<Shown<Routes, Body>, tonic_reflection::server::Error> {
        Ok(refused::shown(self.services(access, false)?, told))
    }

    /// `trusted`: what the caller says of who asked it is taken for true.
    fn services(&self, access: Access, trusted: bool) -> Result<Routes, tonic_reflection::server::Error> {
        let message_bytes = self.message_bytes();
        let guard = Guard(Arc::new(access));
        let reflection = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(DESCRIPTORS)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
                // So that grpcurl can print the details of an error.
                .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
        };
        let policy = PolicyApi { policies: Arc::clone(self.guardrail.policies()), payload_bytes: self.payload_bytes };
        let delivery = DeliveryApi { log: Arc::clone(self.guardrail.log()), deliveries: self.deliveries.clone() };
        let event = EventApi {
            events: Arc::clone(&self.events),
            log: Arc::clone(self.guardrail.log()),
            delivery: delivery.clone(),
            reveal: self.reveal.clone(),
            trusted,
            stop: self.stop.clone(),
        };
        let policy = PolicyServiceServer::new(policy).max_decoding_message_size(message_bytes);
        let event = EventServiceServer::new(event);
        let canary = CanaryServiceServer::new(CanaryApi { guardrail: Arc::clone(&self.guardrail) });
        let health = tonic_health::server::HealthService::from_health_reporter(self.health.clone());
        Ok(Routes::new(tonic_health::pb::health_server::HealthServer::new(health))
            .add_service(InterceptedService::new(self.guardrail_server(), guard.clone()))
            .add_service(InterceptedService::new(self.ingestion_server(), guard.clone()))
            .add_service(InterceptedService::new(policy, guard.clone()))
            .add_service(InterceptedService::new(event, guard.clone()))
            .add_service(InterceptedService::new(canary, guard.clone()))
            .add_service(InterceptedService::new(DeliveryServiceServer::new(delivery), guard.clone()))
            .add_service(InterceptedService::new(reflection().build_v1()?, guard.clone()))
            .add_service(InterceptedService::new(reflection().build_v1alpha()?, guard))
            .prepare())
    }

    fn guardrail_server(&self) -> GuardrailServiceServer<GuardrailApi> {
        let api = GuardrailApi {
            guardrail: Arc::clone(&self.guardrail),
            payload_bytes: self.payload_bytes,
            texts: self.texts.clone(),
            stop: self.stop.clone(),
        };
        GuardrailServiceServer::new(api).max_decoding_message_size(self.message_bytes())
    }

    fn ingestion_server(&self) -> IngestionServiceServer<IngestionApi> {
        let api = IngestionApi {
            guardrail: Arc::clone(&self.guardrail),
            payload_bytes: self.payload_bytes,
            stop: self.stop.clone(),
        };
        IngestionServiceServer::new(api).max_decoding_message_size(self.message_bytes())
    }

    /// For a client in the same process, who has asked for credentials itself.
    pub fn embedded(&self) -> Result<Embedded, tonic_reflection::server::Error> {
        Ok(Embedded {
            guardrail: self.guardrail_server(),
            ingestion: self.ingestion_server(),
            rest: self.services(Access::default(), true)?,
        })
    }

    /// What whoever asks for the core's health is told: balancers, and adapters for theirs.
    pub async fn set_serving(&self, serving: bool) {
        let status = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
        let services = [
            "",
            "portcullis.v1.GuardrailService",
            "portcullis.v1.IngestionService",
            "portcullis.v1.PolicyService",
            "portcullis.v1.EventService",
            "portcullis.v1.CanaryService",
            "portcullis.v1.DeliveryService",
        ];
        for service in services {
            self.health.set_service_status(service, status).await;
        }
    }
}

/// What the library says, in the closed code. It costs nothing but a look beside an answer that is none of its errors.
fn closed(answer: http::Response<Body>) -> http::Response<Body> {
    let unread = match answer.extensions().get::<Status>() {
        Some(status) => error::unread(status),
        // Of a method that is not there the head alone tells.
        None => Status::from_header_map(answer.headers()).as_ref().and_then(error::unread),
    };
    unread.map_or(answer, Status::into_http)
}

fn told(answer: http::Response<Body>) -> http::Response<Body> {
    let answer = closed(answer);
    if let Some(error) = refused::code(&answer) {
        telemetry::emit(CallRefused { via: Via::Grpc, error });
    }
    answer
}

/// All services in one. What is called with every prompt and every answer is reached by its name alone, without a
/// router and without a second look at credentials.
#[derive(Debug, Clone)]
pub struct Embedded {
    guardrail: GuardrailServiceServer<GuardrailApi>,
    ingestion: IngestionServiceServer<IngestionApi>,
    rest: Routes,
}

type Close = fn(http::Response<Body>) -> http::Response<Body>;
type Answering = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

impl Service<http::Request<Body>> for Embedded {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = MapOk<Answering, Close>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let service = request.uri().path().trim_start_matches('/').split('/').next().unwrap_or_default();
        let answering: Answering = match service {
            guardrail_service_server::SERVICE_NAME => self.guardrail.call(request),
            ingestion_service_server::SERVICE_NAME => self.ingestion.call(request),
            _ => Box::pin(self.rest.call(request)),
        };
        // As at a port; whoever asks counts what is refused.
        let close: Close = closed;
        answering.map_ok(close)
    }
}

/// Leaves the [`Principal`](portcullis_api::access::Principal) of the caller as an extension.
#[derive(Clone)]
struct Guard(Arc<Access>);

impl tonic::service::Interceptor for Guard {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let Some(principal) = self.0.admit(request.metadata().as_ref()) else {
            return Err(ApiError::new(ErrorCode::Unauthenticated, "valid credentials are required").into());
        };
        request.extensions_mut().insert(principal);
        Ok(request)
    }
}

#[cfg(test)]
mod tests;
