//! Records as rows. What can be computed before a record is queued is computed by its caller, so that the one
//! writer thread binds values and little else.

use std::{fmt, mem, sync::Arc};

use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::{CachedStatement, OptionalExtension as _, Row as SqlRow, ToSql, named_params, params};
use serde::Serialize;
use uuid::Uuid;

use crate::domain::{
    decision::{Action, Decision},
    exchange::{CallContext, Payload, Payloads},
};

use super::{
    aggregate::Completed,
    cells::Cells,
    code::Code,
    durations,
    entry::{Appended, Event, IdempotencyKey, Judged, NewRecord, PendingRecord, RecordKind, RecordedOutcome},
    error::{LogError, StorageFault},
    receipt::ReceiptRef,
    seal::{self, Digest, Kept},
    stored::Columns,
    vault::{DataKey, Storage, Vault},
    violates,
};

/// The JSON columns of a judgement, and the digest of it all.
struct JudgedTexts {
    receipt: String,
    violations: Option<String>,
    took: Option<Vec<u8>>,
    /// Not of what was judged: it can be made again from the violations.
    violates: Option<i64>,
    digest: Digest,
}

impl JudgedTexts {
    fn new(judged: &Judged) -> Result<Self, LogError> {
        let violations = &judged.decision.violations;
        let violates = violates::of(violations);
        let receipt = to_json(&ReceiptRef::of(&judged.coverage))?;
        let violations = (!violations.is_empty()).then(|| to_json(violations)).transpose()?;
        let (decision, coverage) = (&judged.decision, &judged.coverage);
        let took = durations::encode(&judged.durations);
        // In the order of [`JUDGED`].
        let values: [&dyn ToSql; JUDGED_COLUMNS] = [
            &decision.action.code(),
            &decision.verdict.code(),
            &judged.duration_us,
            &integer(decision.violations_total),
            &coverage.segments_total,
            &coverage.segments_scanned,
            &coverage.segments_unchanged,
            &integer(coverage.bytes_total),
            &integer(coverage.bytes_scanned),
            &integer(coverage.bytes_unchanged),
            &message(decision),
            &violations,
            &receipt,
            &took,
        ];
        // Where nothing was timed the digest is what it was before there were times.
        let digest = seal::of_new(&values[..JUDGED_COLUMNS - usize::from(took.is_none())])?;
        Ok(Self { receipt, violations, took, violates, digest })
    }

    fn len(&self) -> usize {
        self.receipt.len() + self.violations.as_ref().map_or(0, String::len) + self.took.as_ref().map_or(0, Vec::len)
    }
}

/// What [`JudgedTexts::digest`] covers, as it is read back; the last only where it is not null.
pub(super) const JUDGED: &str = "action, verdict, duration_us, violations_total, segments_total, segments_scanned,
    segments_unchanged, bytes_total, bytes_scanned, bytes_unchanged, message, violations,
    (SELECT json FROM receipt WHERE receipt.id = record.receipt), took";
pub(super) const JUDGED_COLUMNS: usize = 14;

/// What a record's digest covers besides its judgement, as it is read back.
pub(super) const RECORDED: &str = "time, kind, request_id, sync, late, direction, status, enforced, source, user, team,
    model, client_ip, principal, session, idempotency, policies, metadata, digest, storage, data_key";
pub(super) const RECORDED_COLUMNS: usize = 21;
/// So many of them, the first, were covered by versions that had no more.
pub(super) const RECORDED_AT_FIRST: usize = 19;

pub(super) struct Row {
    time: Timestamp,
    record: NewRecord,
    judged: Option<JudgedTexts>,
    policies: Option<String>,
    metadata: Option<String>,
    /// The record's own are empty.
    cells: Cells,
    /// Of all.
    leaf: Digest,
}

impl Row {
    /// Callers' payloads are stored as the vault says.
    pub(super) fn new(mut record: NewRecord, vault: &Vault) -> Result<Self, LogError> {
        let now = Timestamp::now();
        // As it is stored, so that an event is the same when it is announced and when it is read.
        let time = Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now);
        let judged = record.outcome.judged().map(JudgedTexts::new).transpose()?;
        let policies = (!record.policies.is_empty()).then(|| to_json(&record.policies)).transpose()?;
        let metadata = &record.context.metadata;
        let metadata = (!metadata.is_empty()).then(|| to_json(metadata)).transpose()?;
        let cells = cells(&mut record, vault)?;
        let NewRecord { kind, request_id, sync, late, direction, status, enforced, context, .. } = &record;
        // In the order of [`RECORDED`].
        let recorded = seal::of_new(&[
            &time.as_microsecond(),
            &kind.code(),
            &request_id.as_bytes().as_slice(),
            sync,
            late,
            &direction.code(),
            status,
            enforced,
            &context.source,
            &context.user,
            &context.team,
            &context.model,
            &context.client_ip,
            &context.principal,
            &context.session(),
            &record.idempotency.as_ref().map(IdempotencyKey::as_bytes),
            &policies,
            &metadata,
            &cells.digest.as_slice(),
            &cells.storage.map(|storage| storage as i64),
            &cells.data_key().map(|key| key.id().as_slice()),
        ])?;
        let leaf = seal::leaf(&recorded, judged.as_ref().map(|texts| &texts.digest));
        Ok(Self { time, record, judged, policies, metadata, cells, leaf })
    }

    /// What the chain holds of it.
    pub(super) const fn leaf(&self) -> &Digest {
        &self.leaf
    }

    /// What it takes in memory, roughly.
    pub(super) fn bytes(&self) -> usize {
        const FIXED: usize = 512;
        let context = &self.record.context;
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        FIXED
            + self.cells.bytes()
            + [&context.source, &context.user, &context.team, &context.model, &context.client_ip, &context.principal]
                .map(String::len)
                .iter()
                .sum::<usize>()
            + self.judged.as_ref().map_or(0, JudgedTexts::len)
            + text(&self.policies)
            + text(&self.metadata)
    }

    /// Under which its payloads are encrypted.
    pub(super) fn data_key(&self) -> Option<&Arc<DataKey>> {
        self.cells.data_key()
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
        TallyKey::new(self.time.as_microsecond(), self.record.kind.code(), self.action())
    }

    /// None while it is pending.
    pub(super) fn action(&self) -> Option<Action> {
        self.record.outcome.judged().map(|judged| judged.decision.action)
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
            outcome: outcome.without_durations(),
            enforced,
        }
    }
}

/// Of a record that is being made: its payloads and its envelope are taken.
fn cells(record: &mut NewRecord, vault: &Vault) -> Result<Cells, LogError> {
    let envelope = mem::take(&mut record.context.envelope);
    let payloads = mem::replace(&mut record.payloads, Payloads::Request(Payload::Text(String::new())));
    if matches!(record.kind, RecordKind::Canary | RecordKind::Log) {
        // Not a caller's.
        return Cells::new(Some(payloads), envelope, None, None, None, record.request_id);
    }
    let key = vault.key_of(&record.context.principal)?;
    let is_judged = record.outcome.judged().is_some();
    match vault.reduce(Some(&payloads)).filter(|_| is_judged) {
        Some((kept, storage)) => Cells::new(kept, Bytes::new(), Some(storage), None, key, record.request_id),
        None => {
            let salt = vault.reduces().then(|| Uuid::new_v4().into_bytes());
            Cells::new(Some(payloads), envelope, None, salt, key, record.request_id)
        }
    }
}

pub(super) struct Completion {
    pub(super) sequence: u64,
    judged: Judged,
    texts: JudgedTexts,
    /// What stays of the payloads, when not all of it does.
    kept: Option<Cells>,
}

/// The result of an analysis, ready to be recorded.
pub struct Finished(pub(super) Completion);

impl fmt::Debug for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Finished({})", self.0.sequence)
    }
}

impl Completion {
    pub(super) fn new(sequence: u64, judged: Judged, kept: Option<Cells>) -> Result<Self, LogError> {
        let texts = JudgedTexts::new(&judged)?;
        Ok(Self { sequence, judged, texts, kept })
    }

    pub(super) fn of(record: &PendingRecord, judged: Judged, vault: &Vault) -> Result<Self, LogError> {
        let kept = match vault.reduce(record.payloads.as_ref().ok()) {
            None => None,
            Some((kept, storage)) => {
                let key = vault.key_of(&record.context.principal)?;
                Some(Cells::new(kept, Bytes::new(), Some(storage), None, key, record.request_id)?)
            }
        };
        Self::new(record.sequence, judged, kept)
    }

    /// For a record of which nothing is at hand.
    pub(super) fn without_record(sequence: u64, judged: Judged, vault: &Vault) -> Result<Self, LogError> {
        let nothing = || Cells::new(None, Bytes::new(), Some(Storage::NotKept), None, None, Uuid::nil());
        Self::new(sequence, judged, vault.reduces().then(nothing).transpose()?)
    }

    pub(super) fn bytes(&self) -> usize {
        self.texts.len() + self.kept.as_ref().map_or(0, Cells::bytes)
    }

    /// Under which the payloads are encrypted that stay.
    pub(super) fn data_key(&self) -> Option<&Arc<DataKey>> {
        self.kept.as_ref().and_then(Cells::data_key)
    }

    pub(super) fn receipt(&self) -> &str {
        &self.texts.receipt
    }

    pub(super) const fn judged(&self) -> &Judged {
        &self.judged
    }

    /// What the chain holds of it.
    pub(super) fn leaf(&self) -> Digest {
        let kept = self.kept.as_ref().map(|kept| Kept {
            digest: &kept.digest,
            storage: kept.storage.map(|storage| storage as i64),
            data_key: kept.data_key().map(|key| key.id().as_slice()),
        });
        seal::leaf_of_completion(integer(self.sequence), &self.texts.digest, kept)
    }
}

/// Records of one second, kind and action; no action is pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TallyKey {
    pub(crate) second: i64,
    pub(crate) kind: i64,
    pub(crate) action: i64,
}

impl TallyKey {
    pub(crate) fn new(microseconds: i64, kind: i64, action: Option<Action>) -> Self {
        Self { second: microseconds.div_euclid(1_000_000), kind, action: action.map_or(-1, Code::code) }
    }
}

pub(super) const INSERT: &str = "
    INSERT INTO record (
        time, kind, analysis, request_id, sync, late, direction, status, enforced,
        source, user, team, model, client_ip, principal, session, idempotency,
        action, verdict, duration_us, violations_total, receipt,
        segments_total, segments_scanned, segments_unchanged, bytes_total, bytes_scanned, bytes_unchanged,
        message, violations, policies, metadata, request, response, envelope, digest, data_key,
        storage, salt, took, violates
    ) VALUES (
        ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24,
        ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38, ?39, ?40, ?41
    )";

pub(super) fn insert(statement: &mut CachedStatement<'_>, row: &Row, receipt: Option<i64>) -> rusqlite::Result<i64> {
    let record = &row.record;
    let context = &record.context;
    let judged = record.outcome.judged();
    let coverage = judged.map(|judged| &judged.coverage);
    let decision = judged.map(|judged| &judged.decision);
    let [request, response, envelope] = row.cells.stored();
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
        request,
        response,
        envelope,
        row.cells.digest.as_slice(),
        row.data_key().map(|key| key.id().as_slice()),
        row.cells.storage.map(|storage| storage as i64),
        row.cells.salt.as_ref().map(<[u8; 16]>::as_slice),
        row.judged.as_ref().and_then(|texts| texts.took.as_deref()),
        row.judged.as_ref().and_then(|texts| texts.violates),
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
        let mut next = Columns::of(row);
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
        message = :message, violations = :violations, took = :took, violates = :violates,
        request = CASE WHEN :kept IS NULL THEN request ELSE :request END,
        response = CASE WHEN :kept IS NULL THEN response ELSE :response END,
        envelope = CASE WHEN :kept IS NULL THEN envelope END,
        data_key = CASE WHEN :kept IS NULL THEN data_key ELSE :data_key END,
        storage = CASE WHEN :kept IS NULL THEN storage ELSE :storage END,
        salt = CASE WHEN :kept IS NULL THEN salt END,
        kept = :kept
    WHERE seq = :seq AND analysis = 1
    RETURNING time, kind, source, user, team, model";

/// None when it was not pending.
pub(super) fn complete(
    statement: &mut CachedStatement<'_>,
    completion: &Completion,
    receipt: i64,
) -> rusqlite::Result<Option<Completed>> {
    let Judged { decision, coverage, duration_us, .. } = &completion.judged;
    let kept = completion.kept.as_ref();
    let [request, response, _] = kept.map_or_else(Default::default, Cells::stored);
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
        ":took": completion.texts.took,
        ":violates": completion.texts.violates,
        ":request": request,
        ":response": response,
        ":data_key": completion.data_key().map(|key| key.id().as_slice()),
        ":storage": kept.and_then(|kept| kept.storage).map(|storage| storage as i64),
        ":kept": kept.map(|kept| kept.digest.as_slice()),
    })?;
    let was_pending = rows.next()?.map(Completed::read).transpose()?;
    // An UPDATE with RETURNING is finished when it was asked for one row more than there is.
    while rows.next()?.is_some() {}
    Ok(was_pending)
}

fn message(decision: &Decision) -> Option<&str> {
    (!decision.message.is_empty()).then_some(&*decision.message)
}

/// SQLite's integers are signed. No counter and no sequence gets there.
pub(crate) fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String, LogError> {
    serde_json::to_string(value).map_err(|_| LogError::Storage(StorageFault::Other(0)))
}
