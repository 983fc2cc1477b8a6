//! `EventService`.

mod filter;
mod look;
pub(super) mod reveal;
mod summary;

use std::{pin::Pin, sync::Arc, time::Duration};

use futures_util::{Stream, StreamExt as _};
use jiff::Timestamp;
use portcullis_api::{
    access::Principal,
    error::{ApiError, ErrorCode},
    v1::{
        GetEventRequest, GetEventResponse, ListEventsRequest, ListEventsResponse, PayloadView, ReviewEventRequest,
        ReviewEventResponse, ReviewVerdict, SummarizeRequest, SummarizeResponse, WatchEventsRequest,
        WatchEventsResponse, event_service_server::EventService, watch_events_response::Update,
    },
};
use tokio_stream::wrappers::{BroadcastStream, errors::BroadcastStreamRecvError};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, metadata::MetadataMap};

use self::{
    look::{Looked, look},
    reveal::Revealers,
};
use super::{convert, deadline, delivery::DeliveryApi, status};
use crate::{
    domain::exchange::Payloads,
    events::{EventError, EventFilter, EventId, EventStore, StoredRecord, bounded},
    guardrail::display::{self, Display},
    record::{Log, MAX_NOTE, Note, Opinion, Reveal, Review},
    search::{Query, SearchOff, SearchState},
};

const DEFAULT_PERIOD: u32 = 3600;
const LONGEST_PERIOD: u32 = 30 * 24 * 3600;
/// That is searched for, in bytes.
const LONGEST_TEXT: usize = 200;

#[derive(Debug, Clone)]
pub(super) struct EventApi {
    pub(super) events: Arc<EventStore>,
    pub(super) log: Arc<Log>,
    /// To whom payloads are shown as they were recorded.
    pub(super) reveal: Revealers,
    /// Whether the caller, the adapter in this process, is believed who asked it.
    pub(super) trusted: bool,
    pub(super) delivery: DeliveryApi,
    /// Ends watches.
    pub(super) stop: CancellationToken,
}

impl EventApi {
    async fn stored(&self, id: &str) -> Result<StoredRecord, ApiError> {
        let record = self.events.get(id).await.map_err(|error| failed(&error))?;
        record.ok_or_else(|| failed(&EventError::InvalidId))
    }

    /// Whoever asked, as far as it was shown or is believed.
    fn who<T>(&self, request: &Request<T>, claimed: &str) -> Result<String, ApiError> {
        if claimed.len() > 128 {
            return Err(convert::invalid("principal", "longer than 128 bytes"));
        }
        Ok(match request.extensions().get::<Principal>() {
            Some(caller) if !self.trusted => caller.scope(claimed),
            _ => claimed.to_owned(),
        })
    }

    async fn note(&self, node: &str, note: Note, metadata: &MetadataMap) -> Result<(), ApiError> {
        let deadline = deadline::of(metadata).into();
        self.events.note(&self.log, node, note, deadline).await.map_err(|error| failed(&error))
    }

    /// With the texts as they were recorded.
    async fn revealed(&self, record: StoredRecord) -> Result<GetEventResponse, ApiError> {
        let payloads = payloads(&record);
        let mut answer = convert::stored(record);
        if let Some(payloads) = payloads {
            let read = blocking(move || display::original(&payloads)).await?;
            // What cannot be read has no texts, and is told as it is.
            answer.texts = read.unwrap_or_default().into_iter().map(convert::text).collect();
        }
        Ok(answer)
    }

    /// What is masked for display is not found: to try texts until one is would tell what is behind the stars.
    async fn search(
        &self,
        filter: EventFilter,
        text: &str,
        limit: u32,
        after: &str,
    ) -> Result<ListEventsResponse, ApiError> {
        if text.len() > LONGEST_TEXT {
            return Err(convert::invalid("filter.text", format_args!("longer than {LONGEST_TEXT} bytes")));
        }
        let words = Query::parse(text).map_err(|error| convert::invalid("filter.text", error))?;
        let status = self.events.search_status();
        if status.state == SearchState::Off(SearchOff::Shared) {
            return self.look_through(filter, words, limit, after).await;
        }
        // Before the search: what it says was looked at was.
        let search = Some(convert::search_status(status));
        let page = self.events.search(filter, words, limit, after).await.map_err(|error| failed(&error))?;
        let events = page.events.into_iter().map(convert::event).collect();
        Ok(ListEventsResponse { events, next: page.next.unwrap_or_default(), search })
    }

    /// As [`Self::search`], without an index of words.
    async fn look_through(
        &self,
        filter: EventFilter,
        words: Query,
        limit: u32,
        after: &str,
    ) -> Result<ListEventsResponse, ApiError> {
        let found = self.events.records(filter, after).await.map_err(|error| failed(&error))?;
        let limit = bounded(limit) as usize;
        let looked = blocking(move || look(found.records, &words, limit)).await?;
        let Looked { events, stopped } = looked.map_err(|fault| failed(&EventError::Search(fault)))?;
        let next = stopped.map(|event| self.events.cursor(&event)).or(found.next).unwrap_or_default();
        let search = Some(convert::search_status(self.events.search_status()));
        Ok(ListEventsResponse { events: events.into_iter().map(convert::event).collect(), next, search })
    }

    async fn masked(&self, mut record: StoredRecord) -> Result<GetEventResponse, ApiError> {
        let payloads = payloads(&record);
        (record.request, record.response, record.envelope) = (None, None, Default::default());
        let shown = match payloads {
            Some(payloads) => blocking(move || display::masked(&payloads)).await?.map(Some),
            None => Ok(None),
        };
        Ok(match shown {
            Ok(None) => convert::stored(record),
            Ok(Some(Display { payloads, texts })) => {
                record.request = payloads.request().cloned();
                record.response = payloads.response().cloned();
                let texts = texts.into_iter().map(convert::text).collect();
                GetEventResponse { texts, ..convert::stored(record) }
            }
            Err(why) => GetEventResponse { withheld: why.to_string(), ..convert::stored(record) },
        })
    }
}

#[tonic::async_trait]
impl EventService for EventApi {
    async fn list_events(&self, request: Request<ListEventsRequest>) -> Result<Response<ListEventsResponse>, Status> {
        let ListEventsRequest { filter, limit, after } = request.into_inner();
        let mut filter = filter.unwrap_or_default();
        let text = std::mem::take(&mut filter.text);
        let filter = filter::read(filter)?;
        if !text.is_empty() {
            return Ok(Response::new(self.search(filter, &text, limit, &after).await?));
        }
        let page = self.events.list(filter, limit, &after).await.map_err(|error| failed(&error))?;
        let events = page.events.into_iter().map(convert::event).collect();
        Ok(Response::new(ListEventsResponse { events, next: page.next.unwrap_or_default(), search: None }))
    }

    async fn get_event(&self, request: Request<GetEventRequest>) -> Result<Response<GetEventResponse>, Status> {
        let GetEventRequest { id, view, principal } = request.get_ref();
        let view = PayloadView::try_from(*view).map_err(|_| convert::invalid("view", "unknown"))?;
        let who = self.who(&request, principal)?;
        // Before it is looked for: by an id that no event has an adapter asks who may see what it holds itself.
        if view != PayloadView::Masked && !self.reveal.include(&who) {
            let message = match self.reveal {
                Revealers::Named(_) => "payloads are shown as they were recorded to those alone whom `reveal` names",
                Revealers::Anybody | Revealers::Nobody => {
                    "payloads are not shown as they were recorded: `reveal` is off"
                }
            };
            return Err(ApiError::new(ErrorCode::PermissionDenied, message).into());
        }
        let record = self.stored(id).await?;
        let id = EventId::of(&record.event);
        let answer = match view {
            PayloadView::Masked => self.masked(record).await?,
            PayloadView::Unspecified | PayloadView::Original => {
                let reveal = Reveal { who, time: Timestamp::now() };
                let note = Note::Reveal { sequence: id.sequence, reveal };
                self.note(&id.node, note, request.metadata()).await?;
                self.revealed(record).await?
            }
        };
        let notes = self.events.notes(&id).await.map_err(|error| failed(&error))?;
        Ok(Response::new(GetEventResponse {
            review: notes.review.map(convert::review),
            reveals: notes.reveals.into_iter().map(convert::reveal).collect(),
            ..answer
        }))
    }

    async fn summarize(&self, request: Request<SummarizeRequest>) -> Result<Response<SummarizeResponse>, Status> {
        let SummarizeRequest { period_seconds, until } = request.into_inner();
        let seconds = match period_seconds {
            0 => DEFAULT_PERIOD,
            seconds if seconds > LONGEST_PERIOD => {
                return Err(convert::invalid("period_seconds", format_args!("more than {LONGEST_PERIOD}")).into());
            }
            seconds => seconds,
        };
        let until = filter::time("until", &until)?;
        let summary =
            self.events.summarize(Duration::from_secs(seconds.into()), until).await.map_err(|error| failed(&error))?;
        let log = convert::log_status(self.events.log_health(), self.events.damaged_files());
        let sinks = self.delivery.sinks().await.map_err(|error| status::from_log(&error))?;
        let search = convert::search_status(self.events.search_status());
        Ok(Response::new(SummarizeResponse { search: Some(search), ..summary::response(summary, log, sinks) }))
    }

    type WatchEventsStream = Pin<Box<dyn Stream<Item = Result<WatchEventsResponse, Status>> + Send>>;

    async fn watch_events(
        &self,
        request: Request<WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        let filter = filter::read(request.into_inner().filter.unwrap_or_default())?;
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

    async fn review_event(
        &self,
        request: Request<ReviewEventRequest>,
    ) -> Result<Response<ReviewEventResponse>, Status> {
        let ReviewEventRequest { id, verdict, note, principal } = request.get_ref();
        let opinion = match ReviewVerdict::try_from(*verdict) {
            Ok(ReviewVerdict::TruePositive) => Opinion::TruePositive,
            Ok(ReviewVerdict::FalsePositive) => Opinion::FalsePositive,
            Ok(ReviewVerdict::Unspecified) | Err(_) => return Err(convert::invalid("verdict", "is required").into()),
        };
        if note.len() > MAX_NOTE {
            return Err(convert::invalid("note", format_args!("longer than {MAX_NOTE} bytes")).into());
        }
        let who = self.who(&request, principal)?;
        let id = EventId::of(&self.stored(id).await?.event);
        let review = Review { opinion, note: note.clone(), who, time: Timestamp::now() };
        let note = Note::Review { sequence: id.sequence, review: review.clone() };
        self.note(&id.node, note, request.metadata()).await?;
        Ok(Response::new(ReviewEventResponse { review: Some(convert::review(review)) }))
    }
}

fn payloads(record: &StoredRecord) -> Option<Payloads> {
    match (record.request.clone(), record.response.clone()) {
        (Some(request), Some(response)) => Some(Payloads::Both { request, response }),
        (Some(request), None) => Some(Payloads::Request(request)),
        (None, Some(response)) => Some(Payloads::Response(response)),
        (None, None) => None,
    }
}

/// To mask takes as long as to check.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    let failed = |_| ApiError::new(ErrorCode::Internal, "the payloads could not be read; the log has the cause");
    tokio::task::spawn_blocking(work).await.map_err(failed)
}

fn failed(error: &EventError) -> ApiError {
    match error {
        EventError::InvalidCursor => convert::invalid("after", error),
        EventError::InvalidId => ApiError::new(ErrorCode::NotFound, "there is no event of that id").at("id"),
        EventError::NoSearch(off) => ApiError::new(ErrorCode::PermissionDenied, off.to_string()).at("filter.text"),
        EventError::Search(_) => ApiError::new(ErrorCode::StorageUnavailable, error.to_string()).at("filter.text"),
        EventError::Log(error) => status::from_log(error),
        EventError::Store(fault) => status::from_store(*fault),
    }
}
