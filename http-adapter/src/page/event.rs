//! One event: what was said, what was found and where, what was looked at, and what people made of it.

use std::sync::Arc;

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
        Analysis, Event, EventFilter, GetEventRequest, GetEventResponse, ListEventsRequest, PayloadView,
        ReviewEventRequest, ReviewVerdict,
    },
};

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
    let found = adapter.core.get_event(asked).await?;
    let event = found.event.as_ref().ok_or_else(unknown)?;
    let neighbours = neighbours(adapter, event).await?;
    let title = format!("Event {}", event.id);
    let markup = layout::page(&title, Tab::Events, &view(event, &found, &neighbours, revealed)?);
    Ok(answer::html(StatusCode::OK, markup))
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
                pre.raw tabindex="0" { (raw) }
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
        (conversation::view(&found.texts, &event.violations))
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

/// The event with its payloads, indented.
fn raw(event: &Event, found: &GetEventResponse) -> Result<String, ApiError> {
    let mut members = events::shown(event)?;
    members.insert("durations".to_owned(), events::durations(&found.durations)?.into());
    for (name, payload) in [("request", &found.request), ("response", &found.response)] {
        // What is no JSON is told as text.
        let payload = if payload.is_empty() {
            serde_json::Value::Null
        } else {
            serde_json::from_slice(payload).unwrap_or_else(|_| String::from_utf8_lossy(payload).into())
        };
        members.insert(name.to_owned(), payload);
    }
    serde_json::to_string_pretty(&members)
        .map_err(|_| ApiError::new(ErrorCode::Internal, "the event could not be written"))
}
