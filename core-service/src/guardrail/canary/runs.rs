//! Runs under way, and the answers to their probes.
//!
//! A run is issued by a name that nobody can guess. Its probes carry that name through the gateway and back to a check,
//! where they are known again by it: so a run learns whether the gateway asked at all, and by which of the contracts a
//! refusal reaches it.
//!
//! **What a marker can do.** Three kinds of probe are texts without an attack, and a check of them is answered *as if*
//! it had been blocked by status, blocked by verdict, or not made. Only a call that the policies let pass is ever
//! answered so, by name, once issued, for five minutes: whoever gets hold of a name can have his own harmless calls
//! refused, and nothing else. What the policies block is answered as ever.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use memchr::memmem;
use uuid::Uuid;

use super::SOURCE;
use crate::{
    domain::{
        decision::{Action, Category, Decision, Verdict, Violation},
        exchange::Payload,
        finding::Severity,
    },
    guardrail::{
        masked::Masked,
        service::{Check, Checked, GuardrailError, Recording},
    },
};

/// In front of a run's name wherever a probe carries it. Letters, digits and hyphens: no escaping changes them.
pub const PREFIX: &str = "portcullis-canary-";
pub const LIFETIME: Duration = Duration::from_secs(300);
const NAME_BYTES: usize = 32;
/// A new run ends the oldest above so many.
const MAX_RUNS: usize = 16;
/// Places of one payload that are looked at: a text full of prefixes costs no more.
const MAX_PLACES: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// A known attack, answered as any other.
    Attack,
    /// A known good prompt, answered as any other.
    Good,
    /// Harmless, and answered as if blocked, by a status.
    Status,
    /// Harmless, and answered as if blocked, by `verdict: false`.
    Verdict,
    /// Harmless, and answered as if no check could be made.
    Outage,
}

impl Probe {
    const ALL: [Self; 5] = [Self::Attack, Self::Good, Self::Status, Self::Verdict, Self::Outage];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Attack => "attack",
            Self::Good => "good",
            Self::Status => "status",
            Self::Verdict => "verdict",
            Self::Outage => "outage",
        }
    }

    const fn is_staged(self) -> bool {
        matches!(self, Self::Status | Self::Verdict | Self::Outage)
    }

    /// What is answered to a probe that the policies let pass; what they block is answered as ever.
    pub(in crate::guardrail) fn stage(self, checked: Checked) -> Result<Checked, GuardrailError> {
        if checked.decision.verdict == Verdict::Fail || checked.decision.action == Action::Block {
            return Ok(checked);
        }
        match self {
            Self::Attack | Self::Good => Ok(checked),
            Self::Outage => Err(GuardrailError::StagedOutage),
            Self::Status | Self::Verdict => {
                let violation = Violation {
                    policy: Arc::from(SOURCE),
                    rule: Arc::from(self.word()),
                    category: Category::Canary,
                    severity: Severity::Low,
                    action: Action::Block,
                    score: 0.0,
                    base_score: 0.0,
                    decoded_from: Vec::new(),
                    explanation: "".into(),
                    detector_rule: String::new(),
                    entity: String::new(),
                    location: None,
                    message: Arc::from("A canary asked for this block."),
                };
                let decision = Decision::fold(vec![violation]);
                Ok(Checked { decision, masked: Masked::default(), ..checked })
            }
        }
    }
}

#[derive(Debug)]
pub struct Run {
    name: String,
    ends: Instant,
    seen: Vec<Probe>,
}

/// The runs of this process.
#[derive(Debug, Default)]
pub struct Runs {
    /// While no run is under way, which is nearly always, a call pays for reading this and nothing more.
    any: AtomicBool,
    runs: Mutex<VecDeque<Run>>,
}

impl Runs {
    /// Begins one. Its name has 122 random bits.
    pub fn begin(&self) -> String {
        let name = Uuid::new_v4().simple().to_string();
        self.with(|runs| {
            if runs.len() >= MAX_RUNS {
                runs.pop_front();
            }
            runs.push_back(Run { name: name.clone(), ends: Instant::now() + LIFETIME, seen: Vec::new() });
        });
        name
    }

    /// The probes of this run that came; None when there is no such run, or its time is over.
    pub fn seen(&self, name: &str) -> Option<Vec<Probe>> {
        self.with(|runs| runs.iter().find(|run| run.name == name).map(|run| run.seen.clone()))
    }

    /// The one that is ended thereby; None when there is none to end.
    pub fn end(&self, name: &str) -> Option<Run> {
        self.with(|runs| {
            let at = runs.iter().position(|run| run.name == name);
            at.and_then(|at| runs.remove(at))
        })
    }

    /// One that was ended and of which nothing was recorded goes on, for as long as it would have.
    pub fn put_back(&self, run: Run) {
        self.with(|runs| {
            let at = runs.partition_point(|other| other.ends <= run.ends);
            runs.insert(at, run);
            if runs.len() > MAX_RUNS {
                runs.pop_front();
            }
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut VecDeque<Run>) -> T) -> T {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        runs.retain(|run| run.ends > now);
        let outcome = act(&mut runs);
        self.any.store(!runs.is_empty(), Ordering::Release);
        outcome
    }

    /// The probe that this question carries, which is thereby seen. A staged one goes nowhere, so there is no traffic
    /// to record, unless the policies object to it.
    pub(in crate::guardrail) fn recognise(&self, check: &mut Check) -> Option<Probe> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let probe = match check.payloads.request()? {
            Payload::Json(json) => self.find(json),
            Payload::Text(text) => self.find(text.as_bytes()),
        }?;
        if probe.is_staged() && check.recording != Recording::Never {
            check.recording = Recording::IfViolated;
        }
        Some(probe)
    }

    fn find(&self, payload: &[u8]) -> Option<Probe> {
        let marks: Vec<_> = memmem::find_iter(payload, PREFIX)
            .take(MAX_PLACES)
            .filter_map(|at| mark(payload.get(at + PREFIX.len()..)?))
            .collect();
        if marks.is_empty() {
            return None;
        }
        self.with(|runs| {
            marks.into_iter().find_map(|(name, probe)| {
                let run = runs.iter_mut().find(|run| run.name.as_bytes() == name)?;
                if !run.seen.contains(&probe) {
                    run.seen.push(probe);
                }
                Some(probe)
            })
        })
    }
}

/// The run's name and the probe behind a prefix.
fn mark(rest: &[u8]) -> Option<(&[u8], Probe)> {
    let (name, rest) = rest.split_at_checked(NAME_BYTES)?;
    let word = rest.strip_prefix(b"-")?;
    let probe = Probe::ALL.into_iter().find(|probe| {
        let rest = word.strip_prefix(probe.word().as_bytes());
        rest.is_some_and(|rest| !rest.first().is_some_and(u8::is_ascii_alphanumeric))
    })?;
    Some((name, probe))
}

#[cfg(test)]
mod tests;
