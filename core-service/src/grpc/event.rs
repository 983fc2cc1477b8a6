//! `EventService`.

use std::{pin::Pin, sync::Arc, time::Duration};

use futures_util::{Stream, StreamExt as _};
use portcullis_api::{
    error::{ApiError, ErrorCode},
    v1::{
        self, ActionCount, GetEventRequest, GetEventResponse, ListEventsRequest, ListEventsResponse,
        ReviewEventRequest, ReviewEventResponse, RuleCount, SummarizeRequest, SummarizeResponse, WatchEventsRequest,
        WatchEventsResponse, event_service_server::EventService, watch_events_response::Update,
    },
};
use tokio_stream::wrappers::{BroadcastStream, errors::BroadcastStreamRecvError};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{convert, delivery::DeliveryApi, policy::not_built, status};
use crate::{
    domain::decision::Action,
    events::{Analysis, EventError, EventFilter, EventStore, RecordKind},
};

const DEFAULT_PERIOD: u32 = 3600;
const LONGEST_PERIOD: u32 = 30 * 24 * 3600;

#[derive(Debug, Clone)]
pub(super) struct EventApi {
    pub(super) events: Arc<EventStore>,
    pub(super) delivery: DeliveryApi,
    /// Ends watches.
    pub(super) stop: CancellationToken,
}

#[tonic::async_trait]
impl EventService for EventApi {
    async fn list_events(&self, request: Request<ListEventsRequest>) -> Result<Response<ListEventsResponse>, Status> {
        let ListEventsRequest { filter, limit, after } = request.into_inner();
        let filter = read_filter(filter.unwrap_or_default())?;
        let page = self.events.list(filter, limit, &after).await.map_err(|error| failed(&error))?;
        let events = page.events.into_iter().map(convert::event).collect();
        Ok(Response::new(ListEventsResponse { events, next: page.next.unwrap_or_default() }))
    }

    async fn get_event(&self, request: Request<GetEventRequest>) -> Result<Response<GetEventResponse>, Status> {
        let record = self.events.get(&request.into_inner().id).await.map_err(|error| failed(&error))?;
        let record = record.ok_or_else(|| failed(&EventError::InvalidId))?;
        Ok(Response::new(convert::stored(record)))
    }

    async fn summarize(&self, request: Request<SummarizeRequest>) -> Result<Response<SummarizeResponse>, Status> {
        let seconds = match request.into_inner().period_seconds {
            0 => DEFAULT_PERIOD,
            seconds if seconds > LONGEST_PERIOD => {
                return Err(convert::invalid("period_seconds", format_args!("more than {LONGEST_PERIOD}")).into());
            }
            seconds => seconds,
        };
        let summary =
            self.events.summarize(Duration::from_secs(seconds.into())).await.map_err(|error| failed(&error))?;
        Ok(Response::new(SummarizeResponse {
            actions: summary
                .actions
                .into_iter()
                .map(|counted| ActionCount {
                    action: counted.action.map_or(v1::Action::Unspecified, convert::action).into(),
                    kind: convert::kind(counted.kind).into(),
                    count: counted.count,
                })
                .collect(),
            rules: summary
                .rules
                .into_iter()
                .map(|counted| RuleCount {
                    policy: counted.policy,
                    rule: counted.rule,
                    category: counted.category.as_str().to_owned(),
                    count: counted.count,
                })
                .collect(),
            pending: summary.pending,
            log_bytes: summary.bytes_on_disk,
            sinks: self.delivery.sinks().await.map_err(|error| status::from_log(&error))?,
        }))
    }

    type WatchEventsStream = Pin<Box<dyn Stream<Item = Result<WatchEventsResponse, Status>> + Send>>;

    async fn watch_events(
        &self,
        request: Request<WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        let filter = read_filter(request.into_inner().filter.unwrap_or_default())?;
        let updates = BroadcastStream::new(self.events.watch()).filter_map(move |event| {
            let update = match event {
                Ok(event) if filter.matches(&event) => Some(Update::Event(convert::event(Arc::unwrap_or_clone(event)))),
                Ok(_) => None,
                Err(BroadcastStreamRecvError::Lagged(missed)) => Some(Update::Missed(missed)),
            };
            std::future::ready(update.map(|update| Ok(WatchEventsResponse { update: Some(update) })))
        });
        Ok(Response::new(Box::pin(updates.take_until(self.stop.clone().cancelled_owned()))))
    }

    async fn review_event(&self, _: Request<ReviewEventRequest>) -> Result<Response<ReviewEventResponse>, Status> {
        Err(not_built("ReviewEvent is not built yet"))
    }
}

fn failed(error: &EventError) -> ApiError {
    match error {
        EventError::InvalidCursor => convert::invalid("after", error),
        EventError::InvalidId => ApiError::new(ErrorCode::NotFound, "there is no event of that id").at("id"),
        EventError::Log(error) => status::from_log(error),
    }
}

fn read_filter(filter: v1::EventFilter) -> Result<EventFilter, ApiError> {
    let kind = match filter.kind() {
        v1::EventKind::Unspecified => known("filter.kind", filter.kind)?,
        v1::EventKind::Decision => Some(RecordKind::Decision),
        v1::EventKind::Exchange => Some(RecordKind::Exchange),
        v1::EventKind::Canary => Some(RecordKind::Canary),
    };
    let action = match filter.action() {
        v1::Action::Unspecified => known("filter.action", filter.action)?,
        v1::Action::Allow => Some(Action::Allow),
        v1::Action::Alert => Some(Action::Alert),
        v1::Action::Mask => Some(Action::Mask),
        v1::Action::Block => Some(Action::Block),
    };
    let analysis = match filter.analysis() {
        v1::Analysis::Unspecified => known("filter.analysis", filter.analysis)?,
        v1::Analysis::None => Some(Analysis::None),
        v1::Analysis::Pending => Some(Analysis::Pending),
        v1::Analysis::Done => Some(Analysis::Done),
    };
    let request_id = match filter.request_id.as_str() {
        "" => None,
        id => Some(Uuid::parse_str(id).map_err(|_| convert::invalid("filter.request_id", "not a UUID"))?),
    };
    let text = |text: String| Some(text).filter(|text| !text.is_empty());
    Ok(EventFilter {
        kind,
        action,
        user: text(filter.user),
        model: text(filter.model),
        team: text(filter.team),
        source: text(filter.source),
        request_id,
        analysis,
        session: text(filter.session),
        late: filter.late,
    })
}

/// A number that this version has no name for reads as unspecified: it must not pass for "all".
fn known<T>(field: &str, value: i32) -> Result<Option<T>, ApiError> {
    if value == 0 { Ok(None) } else { Err(convert::invalid(field, "unknown")) }
}
