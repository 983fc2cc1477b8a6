//! The list of events.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::Response,
};
use http::StatusCode;
use maud::html;
use portcullis_api::v1::ListEventsRequest;

use super::{
    answer::{self, Failed},
    filter::Filter,
    layout::{self, Tab},
    period::Period,
    row, search,
};
use crate::Adapter;

const EVENTS: u32 = 100;

/// `GET /events`.
pub(super) async fn show(State(adapter): State<Arc<Adapter>>, request: Request) -> Result<Response, Failed> {
    let mut filter = Filter::parse(request.uri().query())?;
    if filter.period.is_none() {
        filter.period = Some(Period::DAY);
    }
    let wanted = ListEventsRequest { filter: Some(filter.events()?), limit: EVENTS, after: filter.after.clone() };
    let found = adapter.core.list_events(wanted).await?;
    let query = filter.query();
    let first = filter.after.is_empty();
    let markup = layout::page(
        "Events",
        Tab::Events,
        &html! {
            h1 { "Events" }
            (filter.form())
            div.actions {
                // A page that goes on from another is what it was.
                @if first && filter.is_watchable() { span #new data-live={"/events/live?" (query)} {} }
                span.quiet { "Download as " a href={"/events/export?format=csv&" (query)} download { "CSV" } " or "
                    a href={"/events/export?format=ndjson&" (query)} download { "NDJSON" } }
            }
            div.scroll tabindex="0" role="region" aria-label="Events" {
                table.events {
                    thead { (row::head()) }
                    tbody #rows {
                        @for event in &found.events { (row::row(event)) }
                    }
                }
            }
            (search::looked_at(found.search.as_ref()))
            @if found.events.is_empty() {
                p.empty {
                    @if found.next.is_empty() { "There is no such event in this period." }
                    @else { "There is none among those that were looked through." }
                }
            }
            nav.pages aria-label="Pages" {
                @if !first { a href={"/events?" (query)} { "Newest" } }
                @if !found.next.is_empty() {
                    a rel="next" href={"/events?" (query) "&after=" (found.next)} {
                        @if found.events.len() < EVENTS as usize { "Look further back" } @else { "Older" }
                    }
                }
            }
        },
    );
    Ok(answer::html(StatusCode::OK, markup))
}
