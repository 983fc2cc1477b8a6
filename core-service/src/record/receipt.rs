//! A receipt as it is stored.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::domain::{
    coverage::{CoverageStatus, Outcome, PolicyRef},
    finding::Detector,
};

/// What a coverage says besides its counters.
#[derive(Serialize)]
pub(super) struct ReceiptRef<'a> {
    pub(super) status: CoverageStatus,
    pub(super) reason: &'a str,
    pub(super) policies: &'a [PolicyRef],
    pub(super) detectors: &'a [(Detector, Outcome)],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) decoders: &'a [Cow<'static, str>],
}

#[derive(Deserialize)]
pub(super) struct Receipt {
    pub(super) status: CoverageStatus,
    pub(super) reason: String,
    pub(super) policies: Vec<PolicyRef>,
    pub(super) detectors: Vec<(Detector, Outcome)>,
    #[serde(default)]
    pub(super) decoders: Vec<Cow<'static, str>>,
}
