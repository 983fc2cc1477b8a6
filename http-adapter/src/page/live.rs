//! Events as they come, by server-sent events: rows for the list, and ticks for a view that asks anew.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    response::{
        IntoResponse as _, Response,
        sse::{Event as Message, KeepAlive, Sse},
    },
};
use futures_util::{Stream, StreamExt as _};
use portcullis_api::{
    error::{ApiError, ErrorCode},
    v1::{WatchEventsRequest, watch_events_response::Update},
};

use super::{
    answer::{self, Failed},
    filter::Filter,
    row,
};
use crate::Adapter;

/// What is shown of an event is bounded, and a page that shows more a second is read by nobody.
const ROWS: usize = 20;
const EVERY: Duration = Duration::from_secs(1);

/// `GET /events/live`: `row` is a row of the list, `more` a number of events that were left out. It ends when the
/// program or the core does; browsers then connect again.
pub(super) async fn stream(State(adapter): State<Arc<Adapter>>, request: Request) -> Result<Response, Failed> {
    let asked = Filter::parse(request.uri().query())?;
    if !asked.is_watchable() {
        return Err(ApiError::new(ErrorCode::InvalidArgument, "Such a list is not told as events come.").into());
    }
    let mut filter = asked.events()?;
    // From now on, and a period that can be watched ends now.
    (filter.since, filter.until) = (String::new(), String::new());
    let updates = adapter.core.watch_events(WatchEventsRequest { filter: Some(filter) }).await?;
    let sse = Sse::new(messages(updates)).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)));
    let mut response = answer::with_headers(sse.into_response(), "text/event-stream", "no-store");
    // A proxy that gathers the answer would show nothing.
    response.headers_mut().insert("x-accel-buffering", http::HeaderValue::from_static("no"));
    Ok(response)
}

/// Gathers what comes within a second into one batch.
fn messages<S, E>(updates: S) -> impl Stream<Item = Result<Message, Infallible>>
where
    S: Stream<Item = Result<portcullis_api::v1::WatchEventsResponse, E>> + Send + Unpin + 'static,
    E: Send + 'static,
{
    let batches = futures_util::stream::unfold(updates, |mut updates| async move {
        let mut batch = Batch::default();
        batch.take(updates.next().await?.ok()?.update);
        let until = tokio::time::Instant::now() + EVERY;
        // At its end the stream goes on being at its end.
        while let Ok(Some(Ok(update))) = tokio::time::timeout_at(until, updates.next()).await {
            batch.take(update.update);
        }
        Some((futures_util::stream::iter(batch.messages()), updates))
    });
    batches.flatten()
}

/// A row on one line: a carriage return cannot be sent, and a name may have one.
fn line(event: &portcullis_api::v1::Event) -> String {
    row::row(event).into_string().replace(['\r', '\n'], " ")
}

#[derive(Default)]
struct Batch {
    rows: Vec<String>,
    more: u64,
}

impl Batch {
    fn take(&mut self, update: Option<Update>) {
        match update {
            Some(Update::Event(event)) if self.rows.len() < ROWS => self.rows.push(line(&event)),
            Some(Update::Event(_)) => self.more += 1,
            Some(Update::Missed(missed)) => self.more += missed,
            None => {}
        }
    }

    fn messages(self) -> Vec<Result<Message, Infallible>> {
        let mut messages: Vec<_> =
            self.rows.into_iter().map(|row| Ok(Message::default().event("row").data(row))).collect();
        if self.more > 0 {
            messages.push(Ok(Message::default().event("more").data(self.more.to_string())));
        }
        messages.push(Ok(Message::default().event("tick").data("1")));
        messages
    }
}

#[cfg(test)]
mod tests {
    use portcullis_api::v1::ListEventsResponse;

    use crate::{
        AdapterSettings,
        testing::{FakeCore, body_text, get, send},
    };

    #[tokio::test]
    async fn a_list_of_the_past_is_not_live() {
        let core = FakeCore::content().finds(ListEventsResponse::default());
        let router = core.router(AdapterSettings::default());
        let range = "since=2026-05-01T10:00:00Z&until=2026-05-01T10:05:00Z";
        for query in [range, "text=card", "analysis=pending"] {
            assert_eq!(send(&router, get(&format!("/events/live?{query}"))).await.status(), 422, "{query}");
        }
        assert_eq!(core.calls(), []);
        for (query, live) in [(range, false), ("analysis=pending", false), ("period=1h", true)] {
            let page = body_text(send(&router, get(&format!("/events?{query}"))).await).await;
            assert_eq!(page.contains("data-live"), live, "{query}");
        }
    }
}
