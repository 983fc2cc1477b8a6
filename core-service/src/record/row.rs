//! Records as rows. What can be computed before a record is queued is computed by its caller, so that the one
//! writer thread binds values and little else.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::{
    CachedStatement, Connection, OptionalExtension as _, Row as SqlRow, ToSql, named_params, params,
    types::{FromSql, ToSqlOutput, Type, ValueRef},
};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::domain::{
    coverage::Coverage,
    decision::{Action, Decision},
    exchange::{CallContext, Payload, Payloads},
};

use super::{
    aggregate::Completed,
    code::Code,
    entry::{
        Analysis, Appended, Event, IdempotencyKey, Judged, NewRecord, PendingRecord, RecordedOutcome, StoredRecord,
    },
    error::{LogError, StorageFault},
    receipt::{Receipt, ReceiptRef},
};

/// The JSON columns of a judgement.
struct JudgedTexts {
    receipt: String,
    violations: Option<String>,
}

impl JudgedTexts {
    fn new(judged: &Judged) -> Result<Self, LogError> {
        let Coverage { status, reason, policies, detectors, decoders, .. } = &judged.coverage;
        let violations = &judged.decision.violations;
        Ok(Self {
            receipt: to_json(&ReceiptRef { status: *status, reason, policies, detectors, decoders })?,
            violations: (!violations.is_empty()).then(|| to_json(violations)).transpose()?,
        })
    }

    fn len(&self) -> usize {
        self.receipt.len() + self.violations.as_ref().map_or(0, String::len)
    }
}

pub(super) struct Row {
    time: Timestamp,
    record: NewRecord,
    judged: Option<JudgedTexts>,
    policies: Option<String>,
    metadata: Option<String>,
}

impl Row {
    pub(super) fn new(record: NewRecord) -> Result<Self, LogError> {
        let now = Timestamp::now();
        // As it is stored, so that an event is the same when it is announced and when it is read.
        let time = Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now);
        let judged = record.outcome.judged().map(JudgedTexts::new).transpose()?;
        let policies = (!record.policies.is_empty()).then(|| to_json(&record.policies)).transpose()?;
        let metadata = &record.context.metadata;
        let metadata = (!metadata.is_empty()).then(|| to_json(metadata)).transpose()?;
        Ok(Self { time, record, judged, policies, metadata })
    }

    /// What it takes in memory, roughly.
    pub(super) fn bytes(&self) -> usize {
        const FIXED: usize = 512;
        let context = &self.record.context;
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        FIXED
            + self.record.payloads.len()
            + context.envelope.len()
            + [&context.source, &context.user, &context.team, &context.model, &context.client_ip, &context.principal]
                .map(String::len)
                .iter()
                .sum::<usize>()
            + self.judged.as_ref().map_or(0, JudgedTexts::len)
            + text(&self.policies)
            + text(&self.metadata)
    }

    pub(super) fn receipt(&self) -> Option<&str> {
        self.judged.as_ref().map(|texts| texts.receipt.as_str())
    }

    pub(super) fn is_pending(&self) -> bool {
        self.record.outcome == RecordedOutcome::Pending
    }

    pub(super) const fn idempotency(&self) -> Option<&IdempotencyKey> {
        self.record.idempotency.as_ref()
    }

    pub(super) const fn record(&self) -> &NewRecord {
        &self.record
    }

    /// In microseconds.
    pub(super) fn time(&self) -> i64 {
        self.time.as_microsecond()
    }

    pub(super) fn tally_key(&self) -> TallyKey {
        let action = self.record.outcome.judged().map(|judged| judged.decision.action);
        TallyKey::new(self.time.as_microsecond(), self.record.kind.code(), action)
    }

    pub(super) fn into_event(self, node: &Arc<str>, sequence: u64) -> Event {
        let named = &self.record.context;
        let [session, tool, server] = [named.session(), named.tool(), named.server()].map(str::to_owned);
        let NewRecord { kind, request_id, sync, late, direction, status, context, outcome, enforced, .. } = self.record;
        let CallContext { source, user, team, model, client_ip, principal, .. } = context;
        Event {
            node: Arc::clone(node),
            sequence,
            time: self.time,
            kind,
            request_id,
            sync,
            direction,
            status,
            source,
            user,
            team,
            model,
            client_ip,
            principal,
            session,
            tool,
            server,
            late,
            outcome,
            enforced,
        }
    }
}

pub(super) struct Completion {
    pub(super) sequence: u64,
    judged: Judged,
    texts: JudgedTexts,
}

impl Completion {
    pub(super) fn new(sequence: u64, judged: Judged) -> Result<Self, LogError> {
        let texts = JudgedTexts::new(&judged)?;
        Ok(Self { sequence, judged, texts })
    }

    pub(super) fn bytes(&self) -> usize {
        self.texts.len()
    }

    pub(super) fn receipt(&self) -> &str {
        &self.texts.receipt
    }

    pub(super) const fn judged(&self) -> &Judged {
        &self.judged
    }
}

/// Records of one second, kind and action; no action is pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TallyKey {
    pub(super) second: i64,
    pub(super) kind: i64,
    pub(super) action: i64,
}

impl TallyKey {
    pub(super) fn new(microseconds: i64, kind: i64, action: Option<Action>) -> Self {
        Self { second: microseconds.div_euclid(1_000_000), kind, action: action.map_or(-1, Code::code) }
    }
}

pub(super) const INSERT: &str = "
    INSERT INTO record (
        time, kind, analysis, request_id, sync, late, direction, status, enforced,
        source, user, team, model, client_ip, principal, session, idempotency,
        action, verdict, duration_us, violations_total, receipt,
        segments_total, segments_scanned, segments_unchanged, bytes_total, bytes_scanned, bytes_unchanged,
        message, violations, policies, metadata, request, response, envelope
    ) VALUES (
        ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24,
        ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35
    )";

pub(super) fn insert(statement: &mut CachedStatement<'_>, row: &Row, receipt: Option<i64>) -> rusqlite::Result<i64> {
    let record = &row.record;
    let context = &record.context;
    let judged = record.outcome.judged();
    let coverage = judged.map(|judged| &judged.coverage);
    let decision = judged.map(|judged| &judged.decision);
    statement.insert(params![
        row.time.as_microsecond(),
        record.kind.code(),
        record.outcome.analysis().code(),
        record.request_id.as_bytes().as_slice(),
        record.sync,
        record.late,
        record.direction.code(),
        record.status,
        record.enforced,
        context.source,
        context.user,
        context.team,
        context.model,
        context.client_ip,
        context.principal,
        context.session(),
        record.idempotency.as_ref().map(IdempotencyKey::as_bytes),
        decision.map(|decision| decision.action.code()),
        decision.map(|decision| decision.verdict.code()),
        judged.map(|judged| judged.duration_us),
        decision.map(|decision| integer(decision.violations_total)),
        receipt,
        coverage.map(|coverage| coverage.segments_total),
        coverage.map(|coverage| coverage.segments_scanned),
        coverage.map(|coverage| coverage.segments_unchanged),
        coverage.map(|coverage| integer(coverage.bytes_total)),
        coverage.map(|coverage| integer(coverage.bytes_scanned)),
        coverage.map(|coverage| integer(coverage.bytes_unchanged)),
        decision.and_then(message),
        row.judged.as_ref().and_then(|texts| texts.violations.as_deref()),
        row.policies,
        row.metadata,
        record.payloads.request().map(Stored),
        record.payloads.response().map(Stored),
        (!context.envelope.is_empty()).then_some(context.envelope.as_ref()),
    ])
}

/// The record that has the key already.
pub(super) const FIRST_OF_KEY: &str =
    "SELECT seq, request_id FROM record INDEXED BY record_idempotency WHERE idempotency = ?1";

pub(super) fn first_of_key(
    statement: &mut CachedStatement<'_>,
    key: &IdempotencyKey,
) -> rusqlite::Result<Option<Appended>> {
    let read = |row: &SqlRow<'_>| {
        let mut next = Columns { row, at: 0 };
        Ok(Appended { sequence: next.unsigned()?, duplicate_of: Some(next.uuid()?) })
    };
    statement.query_row([key.as_bytes()], read).optional()
}

pub(super) const COMPLETE: &str = "
    UPDATE record SET
        analysis = 2, action = :action, verdict = :verdict, duration_us = :duration_us,
        violations_total = :violations_total, receipt = :receipt,
        segments_total = :segments_total, segments_scanned = :segments_scanned,
        segments_unchanged = :segments_unchanged,
        bytes_total = :bytes_total, bytes_scanned = :bytes_scanned, bytes_unchanged = :bytes_unchanged,
        message = :message, violations = :violations
    WHERE seq = :seq AND analysis = 1
    RETURNING time, kind, source, user, team, model";

/// None when it was not pending.
pub(super) fn complete(
    statement: &mut CachedStatement<'_>,
    completion: &Completion,
    receipt: i64,
) -> rusqlite::Result<Option<Completed>> {
    let Judged { decision, coverage, duration_us } = &completion.judged;
    let mut rows = statement.query(named_params! {
        ":seq": integer(completion.sequence),
        ":action": decision.action.code(),
        ":verdict": decision.verdict.code(),
        ":duration_us": duration_us,
        ":violations_total": integer(decision.violations_total),
        ":receipt": receipt,
        ":segments_total": coverage.segments_total,
        ":segments_scanned": coverage.segments_scanned,
        ":segments_unchanged": coverage.segments_unchanged,
        ":bytes_total": integer(coverage.bytes_total),
        ":bytes_scanned": integer(coverage.bytes_scanned),
        ":bytes_unchanged": integer(coverage.bytes_unchanged),
        ":message": message(decision),
        ":violations": completion.texts.violations,
    })?;
    let was_pending = rows.next()?.map(Completed::read).transpose()?;
    // An UPDATE with RETURNING is finished when it was asked for one row more than there is.
    while rows.next()?.is_some() {}
    Ok(was_pending)
}

/// The columns that [`read_event`] reads, in its order. The hint names the index, or is empty.
pub(crate) fn select_events(hint: &str) -> String {
    format!(
        "SELECT
            seq, time, kind, request_id, sync, late, direction, status,
            source, user, team, model, client_ip, principal, session,
            metadata ->> '$.tool_name', metadata ->> '$.mcp_server_name', enforced,
            analysis, action, verdict, duration_us, violations_total, message, violations, json,
            segments_total, segments_scanned, segments_unchanged, bytes_total, bytes_scanned, bytes_unchanged
         FROM record {hint} LEFT JOIN receipt ON receipt.id = record.receipt"
    )
}

pub(crate) fn read_event(row: &SqlRow<'_>, node: &Arc<str>) -> rusqlite::Result<Event> {
    let mut next = Columns { row, at: 0 };
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
    let Receipt { status, reason, policies, detectors, decoders } = next.json()?;
    let coverage = Coverage {
        status,
        reason,
        policies,
        detectors,
        segments_total: next.get()?,
        segments_scanned: next.get()?,
        segments_unchanged: next.get()?,
        bytes_total: next.unsigned()?,
        bytes_scanned: next.unsigned()?,
        bytes_unchanged: next.unsigned()?,
        decoders,
    };
    let decision = Decision { action, verdict, message, violations, violations_total };
    Ok(Judged { decision, coverage, duration_us })
}

pub(crate) fn read_stored(
    connection: &Connection,
    node: &Arc<str>,
    sequence: u64,
) -> rusqlite::Result<Option<StoredRecord>> {
    let sequence = integer(sequence);
    let event = connection
        .prepare_cached(&format!("{} WHERE seq = ?1", select_events("")))?
        .query_row([sequence], |row| read_event(row, node))
        .optional()?;
    let Some(event) = event else { return Ok(None) };
    connection
        .prepare_cached("SELECT request, response, envelope FROM record WHERE seq = ?1")?
        .query_row([sequence], |row| {
            let mut next = Columns { row, at: 0 };
            Ok(StoredRecord {
                event,
                request: next.payload()?,
                response: next.payload()?,
                envelope: next.get::<Option<Vec<u8>>>()?.unwrap_or_default().into(),
            })
        })
        .optional()
}

/// What [`read_pending`] reads, in its order.
pub(super) const PENDING_COLUMNS: &str =
    "seq, request_id, source, user, team, model, client_ip, principal, policies, metadata, request, response";

pub(super) fn read_pending(row: &SqlRow<'_>) -> rusqlite::Result<PendingRecord> {
    let mut next = Columns { row, at: 0 };
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
    let payloads = match (next.payload()?, next.payload()?) {
        (Some(request), Some(response)) => Payloads::Both { request, response },
        (Some(request), None) => Payloads::Request(request),
        (None, Some(response)) => Payloads::Response(response),
        (None, None) => return Err(next.damaged()),
    };
    Ok(PendingRecord { sequence, request_id, context, policies, payloads })
}

/// A payload as the file holds it.
struct Stored<'a>(&'a Payload);

impl ToSql for Stored<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Payload::Text(text) => ValueRef::Text(text.as_bytes()),
            Payload::Json(json) => ValueRef::Blob(json),
        }))
    }
}

/// Reads a row from left to right, so that a query's columns and its reader are compared by eye.
struct Columns<'r, 's> {
    row: &'r SqlRow<'s>,
    at: usize,
}

impl Columns<'_, '_> {
    fn get<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        let at = self.at;
        self.at += 1;
        self.row.get(at)
    }

    fn code<T: Code>(&mut self) -> rusqlite::Result<T> {
        let code = self.get()?;
        T::from_code(code).ok_or_else(|| self.damaged())
    }

    fn unsigned(&mut self) -> rusqlite::Result<u64> {
        let value = self.get::<i64>()?;
        u64::try_from(value).map_err(|_| self.damaged())
    }

    fn time(&mut self) -> rusqlite::Result<Timestamp> {
        let value = self.get()?;
        Timestamp::from_microsecond(value).map_err(|_| self.damaged())
    }

    fn uuid(&mut self) -> rusqlite::Result<Uuid> {
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

fn message(decision: &Decision) -> Option<&str> {
    (!decision.message.is_empty()).then_some(&*decision.message)
}

/// SQLite's integers are signed. No counter and no sequence gets there.
pub(super) fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String, LogError> {
    serde_json::to_string(value).map_err(|_| LogError::Storage(StorageFault::Other(0)))
}
