//! Records as rows.

use std::{borrow::Cow, collections::BTreeMap};

use sha2::{Digest as _, Sha256};
use tokio_postgres::{
    Row, Transaction,
    binary_copy::BinaryCopyInWriter,
    types::{FromSql, Type},
};
use uuid::Uuid;

use super::{connect::failed, settings::Sealing};
use crate::{
    domain::{coverage::Coverage, decision::Decision, exchange::Payload, timing::Durations},
    events::{Analysis, Event, Judged, RecordKind, RecordedOutcome, StoreFault, StoredRecord},
    record::{Code, PayloadFault, Receipt, ReceiptRef, integer, read_durations, write_durations},
};

/// Where a batch lies before it is known what of it is new.
pub(super) const INCOMING: &str = "
    CREATE TEMP TABLE IF NOT EXISTS portcullis_incoming (LIKE portcullis.record) ON COMMIT DELETE ROWS";

/// In the order in which they are written, and up to `bytes_unchanged` read.
const COLUMNS: [(&str, Type); 41] = [
    ("seq", Type::INT8),
    ("time", Type::TIMESTAMPTZ),
    ("kind", Type::INT2),
    ("request_id", Type::UUID),
    ("sync", Type::BOOL),
    ("late", Type::BOOL),
    ("direction", Type::INT2),
    ("status", Type::INT4),
    ("source", Type::TEXT),
    ("user_name", Type::TEXT),
    ("team", Type::TEXT),
    ("model", Type::TEXT),
    ("client_ip", Type::TEXT),
    ("principal", Type::TEXT),
    ("session", Type::TEXT),
    ("tool", Type::TEXT),
    ("server", Type::TEXT),
    ("enforced", Type::BOOL),
    ("analysis", Type::INT2),
    ("action", Type::INT2),
    ("verdict", Type::INT2),
    ("duration_us", Type::INT8),
    ("violations_total", Type::INT8),
    ("message", Type::TEXT),
    ("violations", Type::TEXT),
    ("receipt", Type::UUID),
    ("segments_total", Type::INT8),
    ("segments_scanned", Type::INT8),
    ("segments_unchanged", Type::INT8),
    ("bytes_total", Type::INT8),
    ("bytes_scanned", Type::INT8),
    ("bytes_unchanged", Type::INT8),
    ("node", Type::TEXT),
    ("fault", Type::INT2),
    ("masked", Type::BOOL),
    ("request_is_text", Type::BOOL),
    ("request", Type::BYTEA),
    ("response_is_text", Type::BOOL),
    ("response", Type::BYTEA),
    ("envelope", Type::BYTEA),
    ("took", Type::BYTEA),
];

fn columns() -> String {
    COLUMNS.map(|(name, _)| name).join(", ")
}

/// Takes in what is new of the batch, and answers the sequences of that.
pub(super) fn take_in() -> String {
    let columns = columns();
    format!(
        "INSERT INTO portcullis.record ({columns}) SELECT {columns} FROM portcullis_incoming
         ON CONFLICT DO NOTHING RETURNING seq"
    )
}

/// PostgreSQL's texts hold every character but this one.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

/// The receipts of these records, by their ids.
pub(super) fn receipts<'r>(
    records: impl Iterator<Item = &'r StoredRecord>,
) -> Result<BTreeMap<Uuid, String>, StoreFault> {
    let judged = records.filter_map(|record| record.event.outcome.judged());
    judged.map(|judged| receipt(&judged.coverage)).collect()
}

fn receipt(coverage: &Coverage) -> Result<(Uuid, String), StoreFault> {
    let json = serde_json::to_string(&ReceiptRef::of(coverage)).map_err(|_| StoreFault::Rejected)?;
    let mut id = [0; 16];
    id.iter_mut().zip(Sha256::digest(&json)).for_each(|(to, from)| *to = from);
    Ok((Uuid::from_bytes(id), json))
}

/// What is written of a record's payloads.
struct Cells<'r> {
    fault: Option<PayloadFault>,
    request: Option<&'r Payload>,
    response: Option<&'r Payload>,
    envelope: Option<&'r [u8]>,
}

impl<'r> Cells<'r> {
    fn of(record: &'r StoredRecord, sealing: Sealing) -> Self {
        let is_callers = matches!(record.event.kind, RecordKind::Decision | RecordKind::Exchange);
        let none = |fault| Self { fault: Some(fault), request: None, response: None, envelope: None };
        match record.fault {
            Some(fault) => none(fault),
            None if is_callers && sealing.encrypted => none(PayloadFault::Elsewhere),
            None if is_callers && sealing.reduced && record.event.outcome == RecordedOutcome::Pending => {
                none(PayloadFault::NotKept)
            }
            None => Self {
                fault: None,
                request: record.request.as_ref(),
                response: record.response.as_ref(),
                envelope: Some(&*record.envelope).filter(|envelope| !envelope.is_empty()),
            },
        }
    }
}

fn bytes(payload: Option<&Payload>) -> (bool, Option<&[u8]>) {
    match payload {
        None => (false, None),
        Some(Payload::Text(text)) => (true, Some(text.as_bytes())),
        Some(Payload::Json(json)) => (false, Some(json)),
    }
}

fn small<T: Code>(value: T) -> i16 {
    i16::try_from(value.code()).unwrap_or(-1)
}

/// Copies the batch to where it lies before it is taken in.
pub(super) async fn copy<'r>(
    transaction: &Transaction<'_>,
    records: impl Iterator<Item = &'r StoredRecord>,
    sealing: Sealing,
) -> Result<(), StoreFault> {
    let statement = format!("COPY portcullis_incoming ({}) FROM STDIN BINARY", columns());
    let sink = transaction.copy_in(&statement).await.map_err(failed)?;
    let mut writer = std::pin::pin!(BinaryCopyInWriter::new(sink, &COLUMNS.map(|(_, kind)| kind)));
    for record in records {
        let event = &record.event;
        let judged = event.outcome.judged();
        let (decision, coverage) = (judged.map(|judged| &judged.decision), judged.map(|judged| &judged.coverage));
        let receipt = coverage.map(|coverage| receipt(coverage).map(|(id, _)| id)).transpose()?;
        let violations = decision
            .filter(|decision| !decision.violations.is_empty())
            .map(|decision| serde_json::to_string(&decision.violations))
            .transpose()
            .map_err(|_| StoreFault::Rejected)?;
        let message = decision.map(|decision| clean(&decision.message)).filter(|message| !message.is_empty());
        let Cells { fault, request, response, envelope } = Cells::of(record, sealing);
        let ((request_is_text, request), (response_is_text, response)) = (bytes(request), bytes(response));
        writer
            .as_mut()
            .write(&[
                &integer(event.sequence),
                &event.time,
                &small(event.kind),
                &event.request_id,
                &event.sync,
                &event.late,
                &small(event.direction),
                &i32::from(event.status),
                &clean(&event.source),
                &clean(&event.user),
                &clean(&event.team),
                &clean(&event.model),
                &clean(&event.client_ip),
                &clean(&event.principal),
                &clean(&event.session),
                &clean(&event.tool),
                &clean(&event.server),
                &event.enforced,
                &small(event.outcome.analysis()),
                &decision.map(|decision| small(decision.action)),
                &decision.map(|decision| small(decision.verdict)),
                &judged.map(|judged| i64::from(judged.duration_us)),
                &decision.map(|decision| integer(decision.violations_total)),
                &message,
                &violations,
                &receipt,
                &coverage.map(|coverage| i64::from(coverage.segments_total)),
                &coverage.map(|coverage| i64::from(coverage.segments_scanned)),
                &coverage.map(|coverage| i64::from(coverage.segments_unchanged)),
                &coverage.map(|coverage| integer(coverage.bytes_total)),
                &coverage.map(|coverage| integer(coverage.bytes_scanned)),
                &coverage.map(|coverage| integer(coverage.bytes_unchanged)),
                &&*event.node,
                &fault.map(small),
                &record.is_masked,
                &request_is_text,
                &request,
                &response_is_text,
                &response,
                &envelope,
                &write_durations(&record.durations),
            ])
            .await
            .map_err(failed)?;
    }
    writer.as_mut().finish().await.map_err(failed)?;
    Ok(())
}

/// The columns that [`read_event`] reads, in its order; `whole`: those of [`read_stored`].
pub(super) fn select(whole: bool) -> String {
    let (event, payloads) = COLUMNS.split_at(33);
    let names = |columns: &[(&str, Type)]| columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let payloads = if whole { format!(", {}", names(payloads)) } else { String::new() };
    format!(
        "SELECT {}, json{payloads}
         FROM portcullis.record LEFT JOIN portcullis.receipt ON receipt.id = record.receipt",
        names(event)
    )
}

pub(super) fn read_event(row: &Row) -> Result<Event, StoreFault> {
    event(&mut Columns { row, at: 0 })
}

pub(super) fn read_stored(row: &Row) -> Result<StoredRecord, StoreFault> {
    let mut next = Columns { row, at: 0 };
    let event = event(&mut next)?;
    let fault = next.get::<Option<i16>>()?.map(code).transpose()?;
    let is_masked = next.get()?;
    let (request, response) = (next.payload()?, next.payload()?);
    let envelope = next.get::<Option<Vec<u8>>>()?.unwrap_or_default().into();
    let took = next.get::<Option<&[u8]>>()?;
    let durations = read_durations(took).ok_or(StoreFault::Damaged)?;
    Ok(StoredRecord {
        event,
        durations,
        fault,
        is_masked,
        request,
        response,
        envelope,
        // What came before a record is of use while it is delivered.
        traceparent: None,
    })
}

fn event(next: &mut Columns<'_>) -> Result<Event, StoreFault> {
    let mut event = Event {
        node: "".into(),
        sequence: next.unsigned()?,
        time: next.get()?,
        kind: next.code()?,
        request_id: next.get()?,
        sync: next.get()?,
        late: next.get()?,
        direction: next.code()?,
        status: u16::try_from(next.get::<i32>()?).map_err(|_| StoreFault::Damaged)?,
        source: next.get()?,
        user: next.get()?,
        team: next.get()?,
        model: next.get()?,
        client_ip: next.get()?,
        principal: next.get()?,
        session: next.get()?,
        tool: next.get()?,
        server: next.get()?,
        enforced: next.get()?,
        outcome: RecordedOutcome::Pending,
    };
    let analysis = next.code()?;
    if analysis == Analysis::Pending {
        next.at += 13;
    } else {
        let judged = judged(next)?;
        event.outcome = match analysis {
            Analysis::Done => RecordedOutcome::Analysed(judged),
            Analysis::None | Analysis::Pending => RecordedOutcome::Judged(judged),
        };
    }
    event.node = next.get::<&str>()?.into();
    // The receipt's text was read with the judgement.
    next.at += 1;
    Ok(event)
}

fn judged(next: &mut Columns<'_>) -> Result<Judged, StoreFault> {
    let (action, verdict) = (next.code()?, next.code()?);
    let duration_us = u32::try_from(next.get::<i64>()?).map_err(|_| StoreFault::Damaged)?;
    let violations_total = next.unsigned()?;
    let message = next.get::<Option<&str>>()?.unwrap_or_default().into();
    let violations = match next.get::<Option<&str>>()? {
        Some(json) => serde_json::from_str(json).map_err(|_| StoreFault::Damaged)?,
        None => Vec::new(),
    };
    let _: Option<Uuid> = next.get()?;
    let receipt = next.row.try_get::<_, &str>("json").map_err(|_| StoreFault::Damaged)?;
    let Receipt { status, reason, policies, detectors, second_stage, topic_encoder, decoders } =
        serde_json::from_str(receipt).map_err(|_| StoreFault::Damaged)?;
    let mut counter = || u32::try_from(next.get::<i64>()?).map_err(|_| StoreFault::Damaged);
    let (segments_total, segments_scanned, segments_unchanged) = (counter()?, counter()?, counter()?);
    let coverage = Coverage {
        status,
        reason,
        policies,
        detectors,
        second_stage,
        topic_encoder,
        segments_total,
        segments_scanned,
        segments_unchanged,
        bytes_total: next.unsigned()?,
        bytes_scanned: next.unsigned()?,
        bytes_unchanged: next.unsigned()?,
        decoders,
    };
    let decision = Decision { action, verdict, message, violations, violations_total };
    Ok(Judged { decision, coverage, duration_us, durations: Durations::default() })
}

fn code<T: Code>(code: i16) -> Result<T, StoreFault> {
    T::from_code(code.into()).ok_or(StoreFault::Damaged)
}

/// Reads a row from left to right.
struct Columns<'r> {
    row: &'r Row,
    at: usize,
}

impl<'r> Columns<'r> {
    fn get<T: FromSql<'r>>(&mut self) -> Result<T, StoreFault> {
        let at = self.at;
        self.at += 1;
        self.row.try_get(at).map_err(|_| StoreFault::Damaged)
    }

    fn unsigned(&mut self) -> Result<u64, StoreFault> {
        u64::try_from(self.get::<i64>()?).map_err(|_| StoreFault::Damaged)
    }

    fn code<T: Code>(&mut self) -> Result<T, StoreFault> {
        code(self.get()?)
    }

    fn payload(&mut self) -> Result<Option<Payload>, StoreFault> {
        let is_text = self.get()?;
        Ok(match self.get::<Option<Vec<u8>>>()? {
            None => None,
            Some(bytes) if is_text => Some(Payload::Text(String::from_utf8(bytes).map_err(|_| StoreFault::Damaged)?)),
            Some(bytes) => Some(Payload::Json(bytes.into())),
        })
    }
}
