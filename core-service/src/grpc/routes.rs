//! All services behind one door.

use std::sync::Arc;

use portcullis_api::{
    access::Access,
    error::{ApiError, ErrorCode},
    v1::{
        DESCRIPTORS, event_service_server::EventServiceServer, guardrail_service_server::GuardrailServiceServer,
        ingestion_service_server::IngestionServiceServer, policy_service_server::PolicyServiceServer,
    },
};
use tokio_util::sync::CancellationToken;
use tonic::{
    Request, Status,
    service::{Routes, interceptor::InterceptedService},
};
use tonic_health::{ServingStatus, server::HealthReporter};

use super::{event::EventApi, guardrail::GuardrailApi, ingestion::IngestionApi, policy::PolicyApi};
use crate::{events::EventStore, guardrail::service::Guardrail};

/// Room for what stands around two payloads in one message.
const MESSAGE_SLACK: usize = 1 << 20;

/// The services, ready to be put behind a port or a client.
#[derive(Debug, Clone)]
pub struct Api {
    pub guardrail: Arc<Guardrail>,
    pub events: Arc<EventStore>,
    /// Of one payload.
    pub payload_bytes: usize,
    /// Ends what would never end by itself: watches.
    pub stop: CancellationToken,
    pub health: HealthReporter,
}

impl Api {
    /// A message holds at most two payloads.
    pub const fn message_bytes(&self) -> usize {
        2 * self.payload_bytes + MESSAGE_SLACK
    }

    /// `access` guards all but health. None where the caller has been let in before: in the same process.
    pub fn routes(&self, access: Option<Access>) -> Result<Routes, tonic_reflection::server::Error> {
        let message_bytes = self.message_bytes();
        let guard = Guard(access.map(Arc::new));
        let reflection = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(DESCRIPTORS)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
                // So that grpcurl can print the details of an error.
                .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
        };
        let guardrail = GuardrailApi { guardrail: Arc::clone(&self.guardrail), payload_bytes: self.payload_bytes };
        let ingestion = IngestionApi { guardrail: Arc::clone(&self.guardrail), payload_bytes: self.payload_bytes };
        let policy = PolicyApi { policies: Arc::clone(self.guardrail.policies()), payload_bytes: self.payload_bytes };
        let event = EventApi { events: Arc::clone(&self.events), stop: self.stop.clone() };
        let guardrail = GuardrailServiceServer::new(guardrail).max_decoding_message_size(message_bytes);
        let ingestion = IngestionServiceServer::new(ingestion).max_decoding_message_size(message_bytes);
        let policy = PolicyServiceServer::new(policy).max_decoding_message_size(message_bytes);
        let event = EventServiceServer::new(event);
        let health = tonic_health::server::HealthService::from_health_reporter(self.health.clone());
        Ok(Routes::new(tonic_health::pb::health_server::HealthServer::new(health))
            .add_service(InterceptedService::new(guardrail, guard.clone()))
            .add_service(InterceptedService::new(ingestion, guard.clone()))
            .add_service(InterceptedService::new(policy, guard.clone()))
            .add_service(InterceptedService::new(event, guard.clone()))
            .add_service(InterceptedService::new(reflection().build_v1()?, guard.clone()))
            .add_service(InterceptedService::new(reflection().build_v1alpha()?, guard))
            .prepare())
    }

    pub async fn set_serving(&self, serving: bool) {
        let status = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
        let services = [
            "",
            "portcullis.v1.GuardrailService",
            "portcullis.v1.IngestionService",
            "portcullis.v1.PolicyService",
            "portcullis.v1.EventService",
        ];
        for service in services {
            self.health.set_service_status(service, status).await;
        }
    }
}

#[derive(Clone)]
struct Guard(Option<Arc<Access>>);

impl tonic::service::Interceptor for Guard {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        let Some(access) = &self.0 else { return Ok(request) };
        let presented = request.metadata().get("authorization").map(tonic::metadata::AsciiMetadataValue::as_bytes);
        if access.admits(presented) {
            Ok(request)
        } else {
            Err(ApiError::new(ErrorCode::Unauthenticated, "credentials are required").into())
        }
    }
}
