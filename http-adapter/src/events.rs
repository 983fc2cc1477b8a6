//! What was decided and recorded, for people and their tools.

mod dto;

use std::sync::Arc;

use axum::{
    extract::{Path, Request, State, rejection::PathRejection},
    response::Response,
};
use http::StatusCode;
use portcullis_api::{
    error::{ApiError, ErrorCode},
    v1::{EventFilter, GetEventRequest, ListEventsRequest},
};

use crate::{
    Adapter,
    error::Failure,
    names,
    query::{flag, invalid, once, pairs},
    reply,
};

/// `GET /v1/events`: newest first.
pub(crate) async fn list(State(adapter): State<Arc<Adapter>>, request: Request) -> Result<Response, Failure> {
    let wanted = parse_list(request.uri().query())?;
    let found = adapter.core.list_events(wanted).await?;
    Ok(reply::json(StatusCode::OK, &dto::Page::from(&found)))
}

/// `GET /v1/events/{id}`: one event with its payloads.
pub(crate) async fn get(
    State(adapter): State<Arc<Adapter>>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Failure> {
    let unknown = || ApiError::new(ErrorCode::NotFound, "there is no event of this id");
    let Path(id) = id.map_err(|_| unknown())?;
    let found = adapter.core.get_event(GetEventRequest { id }).await?;
    let event = found.event.as_ref().ok_or_else(unknown)?;
    Ok(reply::json(StatusCode::OK, &dto::Detail::new(event, &found)))
}

/// A misspelt filter is an error: left alone it would show every event as if it were what was asked for.
fn parse_list(query: Option<&str>) -> Result<ListEventsRequest, ApiError> {
    let mut filter = EventFilter::default();
    let (mut limit, mut after) = (0, String::new());
    let mut seen = Vec::new();
    for (name, value) in pairs(query) {
        let mut twice = seen.contains(&name).then_some(());
        once(&mut twice, (), &name)?;
        match name.as_ref() {
            "limit" => limit = parse_limit(&value)?,
            "after" => after = value.into_owned(),
            "user" => filter.user = value.into_owned(),
            "team" => filter.team = value.into_owned(),
            "model" => filter.model = value.into_owned(),
            "source" => filter.source = value.into_owned(),
            "request_id" => filter.request_id = value.into_owned(),
            "action" => filter.action = names::parse(names::ACTIONS, &value, "action")?.into(),
            "kind" => filter.kind = names::parse(names::KINDS, &value, "kind")?.into(),
            "analysis" => filter.analysis = names::parse(names::ANALYSES, &value, "analysis")?.into(),
            "session" => filter.session = value.into_owned(),
            "late" => filter.late = flag(&value, "late")?,
            _ => return Err(invalid(&name, "is not a filter of events")),
        }
        seen.push(name);
    }
    Ok(ListEventsRequest { filter: Some(filter), limit, after })
}

fn parse_limit(text: &str) -> Result<u32, ApiError> {
    text.parse().ok().filter(|limit| *limit > 0).ok_or_else(|| invalid("limit", "must be a whole number above 0"))
}

#[cfg(test)]
mod tests;
