//! One event: what was said, what was found and where, what was looked at, and what people made of it.

use std::{
    borrow::Cow,
    collections::HashSet,
    io::{self, Cursor},
    sync::Arc,
};

use axum::{
    extract::{Path, Request, State, rejection::PathRejection},
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use maud::{Markup, html};
use portcullis_api::{
    error::{ApiError, ErrorCode},
    json::word,
    v1::{
        Analysis, Event, EventFilter, EventText, GetEventRequest, GetEventResponse, ListEventsRequest, PayloadView,
        ReviewEventRequest, ReviewVerdict,
    },
};
use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};

use super::{
    answer::{self, Failed},
    conversation,
    form::Form,
    format,
    layout::{self, Tab},
    receipt, review, row, timing,
};
use crate::{Adapter, events};

/// Of the same session.
const NEIGHBOURS: u32 = 20;
/// Texts that are shown in any case: each is an element of the page, and a payload may have 250,000 of them.
const TEXTS: usize = 2000;
/// Bytes of the event as JSON that are shown, and up to which it is indented: two megabytes of ones deep in arrays would
/// become a hundred times as long.
const JSON: usize = 256 << 10;
const INDENTED: usize = 64 << 10;

type Id = Result<Path<String>, PathRejection>;

/// `GET /events/{id}`: with what is private masked.
pub(super) async fn show(State(adapter): State<Arc<Adapter>>, id: Id) -> Result<Response, Failed> {
    let asked = GetEventRequest { id: read(id)?, view: PayloadView::Masked.into(), ..GetEventRequest::default() };
    answer(&adapter, asked).await
}

/// `POST /events/{id}/reveal`: as it was recorded. The core records who looked.
pub(super) async fn reveal(State(adapter): State<Arc<Adapter>>, id: Id, request: Request) -> Result<Response, Failed> {
    let id = read(id)?;
    let principal = Form::read(&adapter, request).await?.caller.to_string();
    answer(&adapter, GetEventRequest { id, view: PayloadView::Original.into(), principal }).await
}

/// `POST /events/{id}/review`.
pub(super) async fn review(State(adapter): State<Arc<Adapter>>, id: Id, request: Request) -> Result<Response, Failed> {
    let id = read(id)?;
    let mut form = Form::read(&adapter, request).await?;
    let verdict = match form.take("verdict").as_str() {
        "true_positive" => ReviewVerdict::TruePositive,
        "false_positive" => ReviewVerdict::FalsePositive,
        _ => return Err(ApiError::new(ErrorCode::InvalidArgument, "Choose what you make of it.").into()),
    };
    let (note, principal) = (form.take("note"), form.caller.to_string());
    let asked = ReviewEventRequest { id: id.clone(), verdict: verdict.into(), note, principal };
    adapter.core.review_event(asked).await?;
    Ok(Redirect::to(&format!("/events/{}#review", receipt::encoded(&id))).into_response())
}

fn read(id: Id) -> Result<String, Failed> {
    let Path(id) = id.map_err(|_| unknown())?;
    Ok(id)
}

fn unknown() -> Failed {
    ApiError::new(ErrorCode::NotFound, "There is no event of this id.").into()
}

async fn answer(adapter: &Adapter, asked: GetEventRequest) -> Result<Response, Failed> {
    let revealed = asked.view() == PayloadView::Original;
    let mut found = adapter.core.get_event(asked).await?;
    let event = found.event.take().ok_or_else(unknown)?;
    let neighbours = neighbours(adapter, &event).await?;
    let is_large = found.request.len() + found.response.len() > INDENTED;
    let written = move || {
        let view = view(&event, &found, &neighbours, revealed)?;
        Ok::<_, ApiError>(layout::page(&format!("Event {}", event.id), Tab::Events, &view))
    };
    let markup = if is_large { blocking(written).await?? } else { written()? };
    Ok(answer::html(StatusCode::OK, markup))
}

/// What takes long, away from the runtime's workers: calls would wait for it.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    let failed = |_| ApiError::new(ErrorCode::Internal, "the page could not be made; the log has the cause");
    tokio::task::spawn_blocking(work).await.map_err(failed)
}

/// Newest first, this one among them where it is one of the newest.
async fn neighbours(adapter: &Adapter, event: &Event) -> Result<Vec<Event>, Failed> {
    if event.session.is_empty() {
        return Ok(Vec::new());
    }
    // A session is one only for its user and its source.
    let filter = EventFilter {
        session: event.session.clone(),
        user: event.user.clone(),
        source: event.source.clone(),
        ..EventFilter::default()
    };
    let asked = ListEventsRequest { filter: Some(filter), limit: NEIGHBOURS, after: String::new() };
    let mut found = adapter.core.list_events(asked).await?.events;
    found.retain(|other| other.principal == event.principal);
    Ok(found)
}

fn view(event: &Event, found: &GetEventResponse, neighbours: &[Event], revealed: bool) -> Result<Markup, ApiError> {
    let raw = raw(event, found)?;
    Ok(html! {
        div.heading {
            h1 { "Event " code { (event.id) } }
            div { (row::action(event)) @if event.late { " " span.badge.partial { "seen late" } } }
        }
        (facts(event))
        div.columns {
            div {
                section.card #conversation {
                    h2 { "What was said" }
                    (payloads(event, found, revealed))
                }
                section.card {
                    h2 { "Findings" }
                    (receipt::findings(&event.violations, !found.texts.is_empty()))
                }
            }
            div {
                section.card { h2 { "What was checked" } (receipt::coverage(event.coverage.as_ref())) }
                @if event.analysis() != Analysis::Pending {
                    section.card #timing { h2 { "Where the time went" } (timing::view(&found.durations, event.duration_us)) }
                }
                (review::card(event, found, revealed))
                @if neighbours.len() > 1 { (session(event, neighbours)) }
            }
        }
        section.card {
            details {
                summary { "As JSON" @if !revealed { ", masked" } }
                pre.raw tabindex="0" { (raw.shown) }
                @if raw.left_out > 0 {
                    p.quiet { "… and " (format::count(raw.left_out as u64)) " bytes more, which are not shown. " (whole(event)) }
                }
            }
        }
    })
}

fn facts(event: &Event) -> Markup {
    let kind = word("EventKind", event.kind).unwrap_or_default();
    let side = word("Direction", event.direction).unwrap_or_default();
    let fact = |name: &str, value: &str| {
        html! { @if !value.is_empty() { div { dt { (name) } dd { (value) } } } }
    };
    html! {
        dl.facts.wide {
            div { dt { "Time" } dd { (format::time(&event.time)) } }
            (fact("What", &format!("{kind}, {side}")))
            (fact("User", &event.user))
            (fact("Team", &event.team))
            (fact("Model", &event.model))
            (fact("Source", &event.source))
            (fact("Session", &event.session))
            (fact("Shown credential", &event.principal))
            (fact("Address", &event.client_ip))
            (fact("Status", &event.status.to_string()))
            (fact("Judging took", &format::micros(event.duration_us.into())))
            (fact("Analysis", &word("Analysis", event.analysis).unwrap_or_default()))
            (fact("Request id", &event.request_id))
        }
    }
}

fn payloads(event: &Event, found: &GetEventResponse, revealed: bool) -> Markup {
    html! {
        @if revealed {
            div.notice.warn { "This is what was recorded. That you saw it was recorded too." }
        } @else {
            form.reveal method="post" action={"/events/" (receipt::encoded(&event.id)) "/reveal"} {
                span.quiet { "Personal data and secrets are masked with " code { "*" } ". " }
                button.plain type="submit" { "Show as recorded" }
                span.quiet { " Who looks is recorded." }
            }
        }
        @if !found.withheld.is_empty() { div.notice.bad { "Nothing is shown: " (found.withheld) "." } }
        @else if found.texts.is_empty() { p.empty { "No text was recorded." } }
        (texts(event, found))
        @if !found.reveals.is_empty() {
            details {
                summary { "Seen as recorded " (found.reveals.len()) @if found.reveals.len() == 20 { " times or more" } @else if found.reveals.len() == 1 { " time" } @else { " times" } }
                ul { @for reveal in &found.reveals { li { (format::time(&reveal.time)) " " (review::who(&reveal.who)) } } }
            }
        }
    }
}

fn session(event: &Event, neighbours: &[Event]) -> Markup {
    html! {
        section.card {
            h2 { "The same session" }
            ul.neighbours {
                @for other in neighbours {
                    li {
                        @if other.id == event.id { strong { (format::time(&other.time)) } }
                        @else { a href={"/events/" (receipt::encoded(&other.id))} { (format::time(&other.time)) } }
                        " " (row::action(other)) " " span.quiet { (word("EventKind", other.kind).unwrap_or_default()) }
                    }
                }
            }
            p { a href={"/events?" (form_urlencoded::Serializer::new(String::new()).append_pair("session", &event.session).append_pair("user", &event.user).append_pair("period", "30d").finish())} { "All of them" } }
        }
    }
}

/// The first of them, and of the rest those in which something was found: many small texts must not hide it.
fn texts(event: &Event, found: &GetEventResponse) -> Markup {
    let (first, rest) = found.texts.split_at(found.texts.len().min(TEXTS));
    let located = event.violations.iter().filter_map(|violation| violation.location.as_ref());
    let places: HashSet<(i32, &str, &str)> =
        located.map(|at| (at.direction, at.pointer.as_str(), at.inner_pointer.as_str())).collect();
    let mut marked: Vec<EventText> = Vec::new();
    let (mut left_out, mut bytes) = (0_u64, 0_u64);
    for text in rest {
        let place = (text.direction, text.pointer.as_str(), text.inner_pointer.as_str());
        // Of a name that is there often, each is at the same place.
        if marked.len() < TEXTS && places.contains(&place) {
            marked.push(text.clone());
        } else {
            left_out += 1;
            bytes += text.text.len() as u64 + text.omitted;
        }
    }
    html! {
        (conversation::view(first, &event.violations))
        @if !marked.is_empty() { (conversation::view(&marked, &event.violations)) }
        @if left_out > 0 {
            p.quiet { "… and " (format::count(left_out)) " texts more, of " (format::count(bytes)) " bytes, which are not shown. " (whole(event)) }
        }
    }
}

/// Where everything can be got. No link: what is asked for there is not masked, and goes on the record.
fn whole(event: &Event) -> Markup {
    html! {
        "All of it, as it was recorded, is at " code { "/v1/events/" (receipt::encoded(&event.id)) }
        " for those who may see that. Who looks is recorded."
    }
}

/// The event with its payloads, as JSON.
struct Raw {
    shown: String,
    /// Bytes at its end.
    left_out: usize,
}

fn raw(event: &Event, found: &GetEventResponse) -> Result<Raw, ApiError> {
    /// The payloads last: of a long one its end is left out, and what was decided is not.
    #[derive(Serialize)]
    struct Record<'a> {
        #[serde(flatten)]
        members: Map<String, Value>,
        request: Option<Recorded<'a>>,
        response: Option<Recorded<'a>>,
    }
    let mut members = events::shown(event)?;
    members.insert("durations".to_owned(), events::durations(&found.durations)?.into());
    let record = Record { members, request: recorded(&found.request), response: recorded(&found.response) };
    let mut compact = Beginning::default();
    serde_json::to_writer(&mut compact, &record)
        .map_err(|_| ApiError::new(ErrorCode::Internal, "the event could not be written"))?;
    let Beginning { mut kept, written } = compact;
    if written <= INDENTED
        && let Some(shown) = indented(&kept)
    {
        return Ok(Raw { shown, left_out: 0 });
    }
    // The last character may be cut in two.
    let end = std::str::from_utf8(&kept).map_or_else(|cut| cut.valid_up_to(), str::len);
    kept.truncate(end);
    Ok(Raw { shown: String::from_utf8(kept).unwrap_or_default(), left_out: written - end })
}

/// As it was recorded, so that no number of values makes more of it in memory. What is no JSON is told as text.
#[derive(Serialize)]
#[serde(untagged)]
enum Recorded<'a> {
    Json(&'a RawValue),
    Text(Cow<'a, str>),
}

fn recorded(payload: &[u8]) -> Option<Recorded<'_>> {
    if payload.is_empty() {
        return None;
    }
    let json = serde_json::from_slice(payload).map(Recorded::Json);
    Some(json.unwrap_or_else(|_| Recorded::Text(String::from_utf8_lossy(payload))))
}

/// None when that is longer than what is shown, or deeper than what is read.
fn indented(compact: &[u8]) -> Option<String> {
    let document: Value = serde_json::from_slice(compact).ok()?;
    // It fails at the first byte that has no room.
    let mut room = Cursor::new(vec![0_u8; JSON].into_boxed_slice());
    serde_json::to_writer_pretty(&mut room, &document).ok()?;
    let written = usize::try_from(room.position()).ok()?;
    let mut text = room.into_inner().into_vec();
    text.truncate(written);
    String::from_utf8(text).ok()
}

/// Keeps as much of what is written to it as is shown, and counts all of it.
#[derive(Default)]
struct Beginning {
    kept: Vec<u8>,
    written: usize,
}

impl io::Write for Beginning {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = JSON.saturating_sub(self.kept.len()).min(bytes.len());
        self.kept.extend_from_slice(&bytes[..room]);
        self.written += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use portcullis_api::v1::{Location, Violation};

    use super::*;
    use crate::{
        AdapterSettings,
        testing::{FakeCore, body_text, get, send},
    };

    /// So many ones in so many arrays.
    fn nested(depth: usize, ones: usize) -> Bytes {
        let ones = vec!["1"; ones].join(",");
        format!("{}{ones}{}", "[".repeat(depth), "]".repeat(depth)).into()
    }

    fn event() -> Event {
        Event { id: "0123abcd-7".to_owned(), ..Event::default() }
    }

    #[test]
    fn a_record_is_indented_only_while_that_is_short_and_is_never_shown_without_end() {
        let of = |request: Bytes| raw(&event(), &GetEventResponse { request, ..GetEventResponse::default() }).unwrap();
        let small = of(nested(2, 3));
        assert!(small.shown.contains("[\n      1,\n      1,\n") && small.left_out == 0, "{}", small.shown);
        // Below what is indented, and five megabytes when it is.
        let deep = of(nested(120, 20_000));
        assert!(!deep.shown.contains('\n') && deep.left_out == 0, "{}", deep.left_out);
        assert!(deep.shown.len() < INDENTED && deep.shown.contains(r#""request":[["#), "{}", deep.shown.len());
        let large = of(nested(126, 1_000_000));
        assert_eq!(large.shown.len(), JSON);
        assert!(large.left_out > 2_000_000 - JSON && !large.shown.contains('\n'), "{}", large.left_out);
        assert!(large.shown.contains("\"verdict\"") && large.shown.contains("[[1,1"));
        // Deeper than what is read, and cut within a character.
        assert!(of(nested(1000, 1)).shown.contains("[[1]]"));
        let wide = of(format!("\"{}\"", "\u{1f600}".repeat(JSON)).into());
        assert!((JSON - 3..=JSON).contains(&wide.shown.len()) && wide.shown.ends_with('\u{1f600}'));
        assert!(of(Bytes::from_static(b"no \"JSON")).shown.contains(r#""request": "no \"JSON""#));
    }

    #[tokio::test]
    async fn many_texts_and_much_json_are_cut_and_a_finding_is_not() {
        let text = |number: usize| EventText {
            direction: 1,
            role: "other".to_owned(),
            pointer: format!("/{number}"),
            text: "x".to_owned(),
            ..EventText::default()
        };
        let location = Some(Location { direction: 1, pointer: "/4000".to_owned(), end: 1, ..Location::default() });
        let violations = vec![Violation { location, ..Violation::default() }];
        let found = GetEventResponse {
            event: Some(Event { violations, ..event() }),
            request: nested(126, 1_000_000),
            texts: (0..5000).map(text).collect(),
            ..GetEventResponse::default()
        };
        let router = FakeCore::content().finds_one(found).router(AdapterSettings::default());
        let page = body_text(send(&router, get("/events/0123abcd-7")).await).await;
        assert!(page.len() < 2 << 20, "{}", page.len());
        assert_eq!(page.matches("<li class=\"turn ").count(), TEXTS + 1);
        assert!(page.contains("id=\"m-1\"") && page.contains("2,999 texts more, of 2,999 bytes"));
        assert_eq!(page.matches("<code>/v1/events/0123abcd-7</code>").count(), 2);
    }
}
