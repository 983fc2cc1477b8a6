//! Rows as records: what is read back.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use bytes::Bytes;
use jiff::Timestamp;
use portcullis_api::trace::{TRACEPARENT, Traceparent};
use rusqlite::{
    Connection, OptionalExtension as _, Row as SqlRow,
    types::{FromSql, Type, ValueRef},
};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::domain::{
    coverage::Coverage,
    decision::Decision,
    exchange::{CallContext, Payload, Payloads},
    timing::Durations,
};

use super::{
    code::Code,
    durations,
    entry::{Analysis, Event, Judged, PayloadFault, PendingRecord, RecordedOutcome, StoredRecord},
    error::StorageFault,
    receipt::Receipt,
    row::integer,
    seal,
    vault::Storage,
};

/// Of the metadata. What is no JSON any more is a number, which is read as damage: SQLite's own error tells nothing.
fn named(member: &str) -> String {
    format!("CASE WHEN metadata IS NULL THEN NULL WHEN json_valid(metadata) THEN metadata ->> '$.{member}' ELSE 0 END")
}

/// Of [`event_columns`].
const EVENT_COLUMNS: usize = 32;

/// What [`read_event`] reads, in its order.
fn event_columns() -> String {
    format!(
        "seq, time, kind, request_id, sync, late, direction, status,
         source, user, team, model, client_ip, principal, session,
         {}, {}, enforced,
         analysis, action, verdict, duration_us, violations_total, message, violations, json,
         segments_total, segments_scanned, segments_unchanged, bytes_total, bytes_scanned, bytes_unchanged",
        named("tool_name"),
        named("mcp_server_name"),
    )
}

/// For [`read_event`]. The hint names the index, or is empty.
pub(crate) fn select_events(hint: &str) -> String {
    format!("SELECT {} FROM record {hint} LEFT JOIN receipt ON receipt.id = record.receipt", event_columns())
}

/// For [`read_stored`].
pub(super) static SELECT_STORED: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {}, {PAYLOADS}, {}, took FROM record LEFT JOIN receipt ON receipt.id = record.receipt WHERE seq = ?1",
        event_columns(),
        named(TRACEPARENT),
    )
});

pub(crate) fn read_event(row: &SqlRow<'_>, node: &Arc<str>) -> rusqlite::Result<Event> {
    let mut next = Columns::of(row);
    Ok(Event {
        node: Arc::clone(node),
        sequence: next.unsigned()?,
        time: next.time()?,
        kind: next.code()?,
        request_id: next.uuid()?,
        sync: next.get()?,
        late: next.get()?,
        direction: next.code()?,
        status: next.get()?,
        source: next.get()?,
        user: next.get()?,
        team: next.get()?,
        model: next.get()?,
        client_ip: next.get()?,
        principal: next.get()?,
        session: next.get()?,
        tool: next.get::<Option<String>>()?.unwrap_or_default(),
        server: next.get::<Option<String>>()?.unwrap_or_default(),
        enforced: next.get()?,
        outcome: match next.code()? {
            Analysis::Pending => RecordedOutcome::Pending,
            Analysis::None => RecordedOutcome::Judged(read_judged(&mut next)?),
            Analysis::Done => RecordedOutcome::Analysed(read_judged(&mut next)?),
        },
    })
}

fn read_judged(next: &mut Columns<'_, '_>) -> rusqlite::Result<Judged> {
    let (action, verdict, duration_us) = (next.code()?, next.code()?, next.get()?);
    let violations_total = next.unsigned()?;
    let message = next.get::<Option<String>>()?.unwrap_or_default().into();
    let violations = next.json_or_default()?;
    let Receipt { status, reason, policies, detectors, second_stage, topic_encoder, decoders } = next.json()?;
    let coverage = Coverage {
        status,
        reason,
        policies,
        detectors,
        second_stage,
        topic_encoder,
        segments_total: next.get()?,
        segments_scanned: next.get()?,
        segments_unchanged: next.get()?,
        bytes_total: next.unsigned()?,
        bytes_scanned: next.unsigned()?,
        bytes_unchanged: next.unsigned()?,
        decoders,
    };
    let decision = Decision { action, verdict, message, violations, violations_total };
    Ok(Judged { decision, coverage, duration_us, durations: Durations::default() })
}

pub(crate) fn read_stored(
    connection: &Connection,
    node: &Arc<str>,
    sequence: u64,
) -> rusqlite::Result<Option<StoredRecord>> {
    connection
        .prepare_cached(&SELECT_STORED)?
        .query_row([integer(sequence)], |row| {
            let event = read_event(row, node)?;
            let mut next = Columns { row, at: EVENT_COLUMNS };
            if !next.payloads_are_whole()? {
                return Err(next.damaged());
            }
            let (fault, is_masked) = next.fault()?;
            let (request, response) = (next.payload()?, next.payload()?);
            let envelope = next.get::<Option<Vec<u8>>>()?.unwrap_or_default().into();
            let traceparent = next.get::<Option<String>>()?.and_then(|word| Traceparent::parse(&word));
            let took: Option<Vec<u8>> = next.get()?;
            let durations = durations::decode(took.as_deref()).ok_or_else(|| next.damaged())?;
            Ok(StoredRecord { event, durations, fault, is_masked, request, response, envelope, traceparent })
        })
        .optional()
}

/// The payloads as they are stored and their digest, why they cannot be read, and the payloads as they were recorded.
/// For connections to which a vault is attached. Only a judgement that came later leaves `kept`: anywhere else nobody
/// recorded it.
pub(super) const PAYLOADS: &str =
    "request, response, envelope, CASE WHEN analysis = 2 THEN coalesce(kept, digest) ELSE digest END, salt, seal_fault(data_key), storage,
    CASE WHEN data_key IS NULL THEN request ELSE unseal(data_key, request_id, 0, request) END,
    CASE WHEN data_key IS NULL THEN response ELSE unseal(data_key, request_id, 1, response) END,
    CASE WHEN data_key IS NULL THEN envelope ELSE unseal(data_key, request_id, 2, envelope) END";

/// What [`read_pending`] reads before the payloads, in its order.
const PENDING: &str = "seq, request_id, source, user, team, model, client_ip, principal, policies, metadata";

/// Records behind a sequence that wait for analysis, oldest first, without those that wait for a key: see [`count_locked`].
pub(super) fn select_pending() -> String {
    format!(
        "SELECT {PENDING}, {PAYLOADS} FROM record INDEXED BY record_pending
         WHERE analysis = 1 AND seq > ?1 AND seal_fault(data_key) IS NOT {} ORDER BY seq",
        PayloadFault::Locked.code(),
    )
}

/// As [`select_pending`], of one.
pub(super) fn select_pending_one() -> String {
    format!(
        "SELECT {PENDING}, {PAYLOADS} FROM record NOT INDEXED
         WHERE seq = ?1 AND analysis = 1 AND seal_fault(data_key) IS NOT {}",
        PayloadFault::Locked.code(),
    )
}

/// How many wait for analysis that no key opens which was given. To pass over one takes a walk along the pages of its
/// payloads, behind which its key is named: there are as many as were pending when the key was taken away, and no more come.
pub(super) fn count_locked() -> String {
    format!(
        "SELECT count(*) FROM record INDEXED BY record_pending WHERE analysis = 1 AND seal_fault(data_key) IS {}",
        PayloadFault::Locked.code(),
    )
}

pub(super) fn read_pending(row: &SqlRow<'_>) -> rusqlite::Result<PendingRecord> {
    let mut next = Columns::of(row);
    let (sequence, request_id) = (next.unsigned()?, next.uuid()?);
    let mut context = CallContext {
        source: next.get()?,
        user: next.get()?,
        team: next.get()?,
        model: next.get()?,
        client_ip: next.get()?,
        principal: next.get()?,
        ..CallContext::default()
    };
    let policies = next.json_or_default()?;
    context.metadata = next.json_or_default::<BTreeMap<_, _>>()?;
    let payloads = next.payloads()?.and_then(|payloads| payloads.ok_or(PayloadFault::Damaged));
    Ok(PendingRecord { sequence, request_id, context, policies, payloads })
}

/// Reads a row from left to right, so that a query's columns and its reader are compared by eye.
pub(super) struct Columns<'r, 's> {
    row: &'r SqlRow<'s>,
    at: usize,
}

impl<'r, 's> Columns<'r, 's> {
    pub(super) const fn of(row: &'r SqlRow<'s>) -> Self {
        Self { row, at: 0 }
    }
}

impl Columns<'_, '_> {
    /// Whether the next three columns, request, response and envelope, are what was stored, by the digest after them.
    /// Takes none of them.
    fn payloads_are_whole(&self) -> rusqlite::Result<bool> {
        let value = |place: usize| self.row.get_ref(self.at + place);
        Ok(match value(3)? {
            ValueRef::Null => true,
            ValueRef::Blob(digest) => {
                seal::of_payloads(value(4)?, [value(0)?, value(1)?, value(2)?]).as_slice() == digest
            }
            ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Text(_) => false,
        })
    }

    /// What [`PAYLOADS`] selects. One payload that cannot be read must not keep all others from being so. None: there is
    /// none.
    pub(super) fn payloads(&mut self) -> rusqlite::Result<Result<Option<Payloads>, PayloadFault>> {
        let is_whole = self.payloads_are_whole()?;
        Ok(match self.fault()?.0 {
            _ if !is_whole => Err(PayloadFault::Damaged),
            Some(fault) => Err(fault),
            None => match (self.payload(), self.payload()) {
                (Ok(Some(request)), Ok(Some(response))) => Ok(Some(Payloads::Both { request, response })),
                (Ok(Some(request)), Ok(None)) => Ok(Some(Payloads::Request(request))),
                (Ok(None), Ok(Some(response))) => Ok(Some(Payloads::Response(response))),
                (Ok(None), Ok(None)) => Ok(None),
                _ => Err(PayloadFault::Damaged),
            },
        })
    }

    /// Passes over the payloads as they are stored, to why they cannot be read, and whether they are masked.
    fn fault(&mut self) -> rusqlite::Result<(Option<PayloadFault>, bool)> {
        self.at += 5;
        let code = self.get::<Option<i64>>()?;
        let fault = code.map(|code| PayloadFault::from_code(code).ok_or_else(|| self.damaged())).transpose()?;
        let storage = self.get::<Option<i64>>()?;
        let is = |wanted: Storage| storage == Some(wanted as i64);
        let fault = if is(Storage::NotKept) { Some(PayloadFault::NotKept) } else { fault };
        Ok((fault, is(Storage::Masked)))
    }

    pub(super) fn get<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        let at = self.at;
        self.at += 1;
        self.row.get(at)
    }

    fn code<T: Code>(&mut self) -> rusqlite::Result<T> {
        let code = self.get()?;
        T::from_code(code).ok_or_else(|| self.damaged())
    }

    pub(super) fn unsigned(&mut self) -> rusqlite::Result<u64> {
        let value = self.get::<i64>()?;
        u64::try_from(value).map_err(|_| self.damaged())
    }

    fn time(&mut self) -> rusqlite::Result<Timestamp> {
        let value = self.get()?;
        Timestamp::from_microsecond(value).map_err(|_| self.damaged())
    }

    pub(super) fn uuid(&mut self) -> rusqlite::Result<Uuid> {
        self.get().map(Uuid::from_bytes)
    }

    fn json<T: DeserializeOwned>(&mut self) -> rusqlite::Result<T> {
        let text = self.get::<String>()?;
        serde_json::from_str(&text).map_err(|_| self.damaged())
    }

    fn json_or_default<T: DeserializeOwned + Default>(&mut self) -> rusqlite::Result<T> {
        let text = self.get::<Option<String>>()?;
        text.map_or_else(|| Ok(T::default()), |text| serde_json::from_str(&text).map_err(|_| self.damaged()))
    }

    fn payload(&mut self) -> rusqlite::Result<Option<Payload>> {
        let at = self.at;
        self.at += 1;
        match self.row.get_ref(at)? {
            ValueRef::Null => Ok(None),
            ValueRef::Text(text) => match std::str::from_utf8(text) {
                Ok(text) => Ok(Some(Payload::Text(text.to_owned()))),
                Err(_) => Err(self.damaged()),
            },
            ValueRef::Blob(json) => Ok(Some(Payload::Json(Bytes::copy_from_slice(json)))),
            ValueRef::Integer(_) | ValueRef::Real(_) => Err(self.damaged()),
        }
    }

    /// That the last column read holds what was never written there.
    fn damaged(&self) -> rusqlite::Error {
        let at = self.at.saturating_sub(1);
        rusqlite::Error::FromSqlConversionFailure(at, Type::Null, Box::new(StorageFault::Corrupt))
    }
}
