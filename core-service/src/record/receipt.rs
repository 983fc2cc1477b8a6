//! A receipt as it is stored.

use std::{borrow::Cow, collections::HashMap};

use rusqlite::{Connection, OptionalExtension as _};
use serde::{Deserialize, Serialize};

use crate::domain::{
    coverage::{Coverage, CoverageStatus, Outcome, PolicyRef, SecondRun},
    finding::Detector,
};

/// What a coverage says besides its counters.
#[derive(Serialize)]
pub(crate) struct ReceiptRef<'a> {
    pub(super) status: CoverageStatus,
    pub(super) reason: &'a str,
    pub(super) policies: &'a [PolicyRef],
    pub(super) detectors: &'a [(Detector, Outcome)],
    #[serde(skip_serializing_if = "SecondRun::is_idle")]
    pub(super) second_stage: &'a SecondRun,
    #[serde(skip_serializing_if = "SecondRun::is_idle")]
    pub(super) topic_encoder: &'a SecondRun,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) decoders: &'a [Cow<'static, str>],
}

impl<'a> ReceiptRef<'a> {
    pub(crate) fn of(coverage: &'a Coverage) -> Self {
        let Coverage { status, reason, policies, detectors, second_stage, topic_encoder, decoders, .. } = coverage;
        Self { status: *status, reason, policies, detectors, second_stage, topic_encoder, decoders }
    }
}

#[derive(Deserialize)]
pub(crate) struct Receipt {
    pub(crate) status: CoverageStatus,
    pub(crate) reason: String,
    pub(crate) policies: Vec<PolicyRef>,
    pub(crate) detectors: Vec<(Detector, Outcome)>,
    #[serde(default)]
    pub(crate) second_stage: SecondRun,
    #[serde(default)]
    pub(crate) topic_encoder: SecondRun,
    #[serde(default)]
    pub(crate) decoders: Vec<Cow<'static, str>>,
}

/// Receipts whose number is remembered. Reasons that carry a number could make many.
const RECEIPTS: usize = 1024;

/// The number of a receipt in the file.
pub(super) fn intern(connection: &Connection, known: &mut HashMap<String, i64>, json: &str) -> rusqlite::Result<i64> {
    if let Some(&id) = known.get(json) {
        return Ok(id);
    }
    let stored = connection
        .prepare_cached("SELECT id FROM receipt WHERE json = ?1")?
        .query_row([json], |row| row.get(0))
        .optional()?;
    let id = match stored {
        Some(id) => id,
        None => connection.prepare_cached("INSERT INTO receipt (json) VALUES (?1)")?.insert([json])?,
    };
    if known.len() >= RECEIPTS {
        known.clear();
    }
    known.insert(json.to_owned(), id);
    Ok(id)
}
