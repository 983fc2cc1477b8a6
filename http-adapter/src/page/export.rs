//! Events as a file: CSV for spreadsheets, NDJSON for programs. Without payloads.

use std::{collections::VecDeque, sync::Arc};

use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, header::CONTENT_DISPOSITION};
use portcullis_api::{
    error::{ApiError, invalid},
    json,
    v1::{Event, EventFilter, ListEventsRequest, ListEventsResponse},
};

use super::{
    answer::{self, Failed},
    filter::Filter,
};
use crate::{Adapter, error::Failure, events};

/// Of one call of the core.
const PAGE: u32 = 1000;
/// Of one file: a spreadsheet ends at a million rows.
const EVENTS: usize = 100_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Ndjson,
}

/// `GET /events/export?format=csv`: the first page is asked for before the answer begins, so that an error is one. What
/// fails later breaks the file off, which a client sees.
pub(super) async fn download(State(adapter): State<Arc<Adapter>>, request: Request) -> Result<Response, Failed> {
    let (format, filter) = read(request.uri().query())?;
    let first = page(&adapter, &filter, String::new()).await?;
    let head = match format {
        Format::Csv => Bytes::from(csv_line(COLUMNS.iter().map(|(name, _)| (*name).to_owned()))),
        Format::Ndjson => Bytes::new(),
    };
    let ready = VecDeque::from([head, written(format, &first.events)]);
    let state = File { adapter, filter, format, told: first.events.len(), next: first.next, ready };
    let body = Body::from_stream(stream::try_unfold(state, File::step));
    let (content_type, name) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"events.csv\""),
        Format::Ndjson => ("application/x-ndjson", "attachment; filename=\"events.ndjson\""),
    };
    let mut response = answer::with_headers(body.into_response(), content_type, "no-store");
    response.headers_mut().insert(CONTENT_DISPOSITION, HeaderValue::from_static(name));
    Ok(response)
}

fn read(query: Option<&str>) -> Result<(Format, EventFilter), ApiError> {
    // The filter's own reader knows no format.
    let (mut format, mut rest) = (None, form_urlencoded::Serializer::new(String::new()));
    for (name, value) in crate::query::pairs(query) {
        match (&*name, &*value) {
            ("format", "csv") => crate::query::once(&mut format, Format::Csv, "format")?,
            ("format", "ndjson") => crate::query::once(&mut format, Format::Ndjson, "format")?,
            ("format", _) => return Err(invalid("format", "must be `csv` or `ndjson`")),
            _ => drop(rest.append_pair(&name, &value)),
        }
    }
    let format = format.ok_or_else(|| invalid("format", "must be `csv` or `ndjson`"))?;
    Ok((format, Filter::parse(Some(&rest.finish()))?.events()?))
}

async fn page(adapter: &Adapter, filter: &EventFilter, after: String) -> Result<ListEventsResponse, Failure> {
    adapter.core.list_events(ListEventsRequest { filter: Some(filter.clone()), limit: PAGE, after }).await
}

/// How far a file has come.
struct File {
    adapter: Arc<Adapter>,
    filter: EventFilter,
    format: Format,
    told: usize,
    next: String,
    ready: VecDeque<Bytes>,
}

impl File {
    async fn step(mut self) -> Result<Option<(Bytes, Self)>, ApiError> {
        loop {
            if let Some(bytes) = self.ready.pop_front() {
                return Ok(Some((bytes, self)));
            }
            if self.next.is_empty() || self.told >= EVENTS {
                return Ok(None);
            }
            let after = std::mem::take(&mut self.next);
            let found = page(&self.adapter, &self.filter, after).await.map_err(|failure| failure.error)?;
            self.told += found.events.len();
            self.next = found.next;
            self.ready.push_back(written(self.format, &found.events));
        }
    }
}

fn written(format: Format, events: &[Event]) -> Bytes {
    let lines: String = match format {
        Format::Csv => events.iter().map(|event| csv_line(COLUMNS.iter().map(|(_, of)| of(event)))).collect(),
        Format::Ndjson => events.iter().map(json_line).collect(),
    };
    Bytes::from(lines)
}

fn json_line(event: &Event) -> String {
    // Nothing that could not be written: the message is one of ours.
    let members = events::shown(event).unwrap_or_default();
    format!("{}\n", serde_json::Value::Object(members))
}

type Column = (&'static str, fn(&Event) -> String);

const COLUMNS: &[Column] = &[
    ("id", |event| event.id.clone()),
    ("time", |event| event.time.clone()),
    ("kind", |event| word("EventKind", event.kind)),
    ("direction", |event| word("Direction", event.direction)),
    ("action", |event| word("Action", event.action)),
    ("enforced", |event| event.enforced.to_string()),
    ("analysis", |event| word("Analysis", event.analysis)),
    ("coverage", |event| {
        event.coverage.as_ref().map(|coverage| word("CoverageStatus", coverage.status)).unwrap_or_default()
    }),
    ("status", |event| event.status.to_string()),
    ("source", |event| event.source.clone()),
    ("user", |event| event.user.clone()),
    ("team", |event| event.team.clone()),
    ("model", |event| event.model.clone()),
    ("session", |event| event.session.clone()),
    ("principal", |event| event.principal.clone()),
    ("request_id", |event| event.request_id.clone()),
    ("duration_us", |event| event.duration_us.to_string()),
    ("violations", |event| {
        let one = |violation: &portcullis_api::v1::Violation| {
            format!("{}/{} {}", violation.policy, violation.rule, violation.category)
        };
        let mut all: Vec<String> = event.violations.iter().map(one).collect();
        all.dedup();
        all.join("; ")
    }),
];

fn word(enumeration: &str, number: i32) -> String {
    json::word(enumeration, number).unwrap_or_default()
}

/// A line of RFC 4180, every cell in quotes. A spreadsheet runs a cell that begins like a formula, whatever quotes are
/// around it: such a one gets an apostrophe, which spreadsheets take for "this is text".
fn csv_line(cells: impl Iterator<Item = String>) -> String {
    let mut line = String::new();
    for cell in cells {
        if !line.is_empty() {
            line.push(',');
        }
        line.push('"');
        if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
            line.push('\'');
        }
        line.push_str(&cell.replace('"', "\"\""));
        line.push('"');
    }
    line.push_str("\r\n");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_none_leaves_its_quotes() {
        let line = |cell: &str| csv_line([cell.to_owned()].into_iter());
        assert_eq!(line("=cmd|' /C calc'!A0"), "\"'=cmd|' /C calc'!A0\"\r\n");
        for formula in ["+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"] {
            assert!(line(formula).starts_with("\"'"), "{formula:?}");
        }
        assert_eq!(line("a\",=1"), "\"a\"\",=1\"\r\n");
        assert_eq!(csv_line(["a".to_owned(), String::new(), "b".to_owned()].into_iter()), "\"a\",\"\",\"b\"\r\n");
    }

    #[test]
    fn a_format_is_required() {
        assert!(read(Some("user=a")).is_err() && read(Some("format=xls")).is_err());
        let (format, filter) = read(Some("format=csv&user=a%26b&period=1h")).unwrap();
        assert_eq!((format, filter.user.as_str()), (Format::Csv, "a&b"));
    }
}
