//! Everything that the adapter asks of the core.

use std::time::Duration;

use portcullis_api::{
    access::Principal,
    client::Client,
    error::ErrorCode,
    trace,
    v1::{
        Action, BeginCanaryRequest, BeginCanaryResponse, CheckRequest, CheckResponse, EndCanaryRequest,
        EndCanaryResponse, GetCanaryRequest, GetCanaryResponse, GetEventRequest, GetEventResponse, GetPolicyRequest,
        GetPolicyResponse, IngestRequest, IngestResponse, LintPolicyRequest, LintPolicyResponse, ListEventsRequest,
        ListEventsResponse, ListPoliciesRequest, ListPoliciesResponse, PayloadView, ReviewEventRequest,
        ReviewEventResponse, SummarizeRequest, SummarizeResponse, TestPolicyRequest, TestPolicyResponse,
        WatchEventsRequest, WatchEventsResponse, canary_service_client::CanaryServiceClient,
        event_service_client::EventServiceClient, guardrail_service_client::GuardrailServiceClient,
        ingestion_service_client::IngestionServiceClient, policy_service_client::PolicyServiceClient,
    },
};
use tonic::Streaming;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

use crate::{error::Failure, settings::AdapterSettings};

/// The core answers with events and recorded payloads, which escaping can make larger than they came.
const ANSWER_BYTES: usize = 64 << 20;

#[derive(Debug, Clone)]
pub(crate) struct Core {
    client: Client,
    deadline: Duration,
    answer_bytes: usize,
}

/// A method for each call: the client's own method of the same name, bounded in time and in the answer's size.
macro_rules! calls {
    ($($name:ident: $client:ident($request:ty) -> $response:ty;)*) => {$(
        pub(crate) async fn $name(&self, request: $request) -> Result<$response, Failure> {
            let call = |service, request| async {
                $client::new(service).max_decoding_message_size(self.answer_bytes).$name(request).await
            };
            Ok(self.client.call(request, self.deadline, call).await?)
        }
    )*};
}

impl Core {
    pub(crate) fn new(client: Client, settings: &AdapterSettings) -> Self {
        let answer_bytes = settings.bodies.bytes.saturating_mul(2).saturating_add(ANSWER_BYTES);
        Self { client, deadline: settings.call_deadline, answer_bytes }
    }

    calls! {
        list_policies: PolicyServiceClient(ListPoliciesRequest) -> ListPoliciesResponse;
        list_events: EventServiceClient(ListEventsRequest) -> ListEventsResponse;
        get_event: EventServiceClient(GetEventRequest) -> GetEventResponse;
        summarize: EventServiceClient(SummarizeRequest) -> SummarizeResponse;
        review_event: EventServiceClient(ReviewEventRequest) -> ReviewEventResponse;
        get_policy: PolicyServiceClient(GetPolicyRequest) -> GetPolicyResponse;
        lint_policy: PolicyServiceClient(LintPolicyRequest) -> LintPolicyResponse;
        test_policy: PolicyServiceClient(TestPolicyRequest) -> TestPolicyResponse;
        begin_canary: CanaryServiceClient(BeginCanaryRequest) -> BeginCanaryResponse;
        get_canary: CanaryServiceClient(GetCanaryRequest) -> GetCanaryResponse;
        end_canary: CanaryServiceClient(EndCanaryRequest) -> EndCanaryResponse;
    }

    /// In the name of the caller, whatever the request says.
    pub(crate) async fn check(&self, mut request: CheckRequest, caller: &Principal) -> Result<CheckResponse, Failure> {
        request.context.get_or_insert_default().principal = caller.to_string();
        let call = |service, request| async {
            GuardrailServiceClient::new(service).max_decoding_message_size(self.answer_bytes).check(request).await
        };
        let answer = self.client.call(request, self.deadline, call).await?;
        // On the span of the call, which is kept for a block whatever the ratio says.
        if answer.action() == Action::Block {
            trace::note("portcullis.action", "block");
        }
        Ok(answer)
    }

    /// In the name of the caller, whatever the request says.
    pub(crate) async fn ingest(
        &self,
        mut request: IngestRequest,
        caller: &Principal,
    ) -> Result<IngestResponse, Failure> {
        request.context.get_or_insert_default().principal = caller.to_string();
        let call = |service, request| async { IngestionServiceClient::new(service).ingest(request).await };
        Ok(self.client.call(request, self.deadline, call).await?)
    }

    /// Whether the caller is one to whom payloads are shown as they were recorded. The core alone knows, and says so before it
    /// looks for the event: of no id there is none, and so nothing is noted as seen.
    pub(crate) async fn may_reveal(&self, caller: &Principal) -> Result<(), Failure> {
        let view = PayloadView::Original.into();
        let asked = GetEventRequest { id: String::new(), view, principal: caller.to_string() };
        match self.get_event(asked).await {
            Err(failure) if failure.error.code != ErrorCode::NotFound => Err(failure),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Without an end: only how long it may take to begin is bounded.
    pub(crate) async fn watch_events(
        &self,
        request: WatchEventsRequest,
    ) -> Result<Streaming<WatchEventsResponse>, Failure> {
        let call = |service, request| async { EventServiceClient::new(service).watch_events(request).await };
        Ok(self.client.open(request, self.deadline, call).await?)
    }

    pub(crate) async fn is_serving(&self) -> Result<bool, Failure> {
        let call = |service, request| async { HealthClient::new(service).check(request).await };
        let answer = self.client.call(HealthCheckRequest::default(), self.deadline, call).await?;
        Ok(answer.status() == ServingStatus::Serving)
    }
}

#[cfg(test)]
mod tests;
