//! Which events, from the wire.

use jiff::Timestamp;
use portcullis_api::{error::ApiError, v1};
use uuid::Uuid;

use crate::{
    domain::{
        decision::{Action, Category},
        finding::Severity,
    },
    events::{Analysis, EventFilter, RecordKind},
    grpc::convert,
};

pub(super) fn read(filter: v1::EventFilter) -> Result<EventFilter, ApiError> {
    let kind = match filter.kind() {
        v1::EventKind::Unspecified => known("filter.kind", filter.kind)?,
        v1::EventKind::Decision => Some(RecordKind::Decision),
        v1::EventKind::Exchange => Some(RecordKind::Exchange),
        v1::EventKind::Canary => Some(RecordKind::Canary),
        v1::EventKind::Log => Some(RecordKind::Log),
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
    if !filter.text.is_empty() {
        return Err(convert::invalid("filter.text", "only a list is searched"));
    }
    let severity = match filter.severity() {
        v1::Severity::Unspecified => known("filter.severity", filter.severity)?,
        v1::Severity::Low => Some(Severity::Low),
        v1::Severity::Medium => Some(Severity::Medium),
        v1::Severity::High => Some(Severity::High),
        v1::Severity::Critical => Some(Severity::Critical),
    };
    let category = match filter.category.as_str() {
        "" => None,
        name => {
            let named = Category::of(name);
            Some(named.ok_or_else(|| convert::invalid("filter.category", "not the name of a category"))?)
        }
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
        enforced: filter.enforced,
        category,
        rule: text(filter.rule),
        severity,
        since: time("filter.since", &filter.since)?,
        until: time("filter.until", &filter.until)?,
    })
}

/// A number that this version has no name for reads as unspecified: it must not pass for "all".
fn known<T>(field: &str, value: i32) -> Result<Option<T>, ApiError> {
    if value == 0 { Ok(None) } else { Err(convert::invalid(field, "unknown")) }
}

/// RFC 3339; none when it is empty.
pub(super) fn time(field: &str, text: &str) -> Result<Option<Timestamp>, ApiError> {
    match text {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| convert::invalid(field, "not a time of RFC 3339")),
    }
}
