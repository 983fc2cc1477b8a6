//! What the replies say together. Pure.

use serde::{Deserialize, Serialize};

use super::reply::Reply;
use crate::telemetry::CanaryProblem;

/// By which of its answers a block reaches a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contract {
    /// 400.
    Status,
    /// 200 with `verdict: false`.
    Verdict,
    Both,
    /// Neither: it audits, or does not ask.
    None,
    /// The probes say nothing.
    Unknown,
}

/// What becomes of a call that could not be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnOutage {
    Blocked,
    LetThrough,
    Unknown,
}

/// What came back through the gateway. None: it was not sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Replies {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub good: Option<Reply>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attack: Option<Reply>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Reply>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Reply>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outage: Option<Reply>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Observed {
    /// Of the own endpoint: how it answered the attack and the good prompt, or why no run could begin.
    pub(super) own: Option<Result<(Reply, Reply), String>>,
    /// None: no gateway is configured.
    pub(super) gateway: Option<Replies>,
    /// The probes that the gateway brought to this service; None when nobody can say.
    pub(super) seen: Option<Vec<String>>,
    /// How this service answers a block.
    pub(super) answers_in: Option<Contract>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Findings {
    pub problems: Vec<CanaryProblem>,
    pub contract: Contract,
    pub on_outage: OnOutage,
    /// Whether the gateway asked this process; None when nobody can say.
    pub asked: Option<bool>,
    /// What an operator can do, one sentence each.
    pub advice: Vec<&'static str>,
}

const NOT_ASKED: &str = "The gateway answered without asking this process: attach the guardrail to the model and to \
                         the user of the canary, check its URL, and probe each instance behind a balancer by itself.";
const USE_VERDICT: &str = "The gateway obeys `verdict: false` and not a status: set PORTCULLIS_CONTRACT=verdict, or \
                           contract=verdict in the guardrail's URL.";
const USE_STATUS: &str = "The gateway obeys a status and not `verdict: false`: set PORTCULLIS_CONTRACT=status, or \
                          contract=status in the guardrail's URL.";
const AUDITS: &str = "The gateway asked and obeyed neither contract: its enforcing strategy is Audit, or its target \
                      is not the request.";
const OPEN_DOOR: &str = "The gateway lets through what could not be checked: choose the strategy Enforce where that \
                         must not be.";
const POLICY: &str = "The policies of this service let the attack pass: name another by PORTCULLIS_CANARY_ATTACK, or \
                      mend the policies.";

pub(super) fn judge(observed: &Observed) -> Findings {
    let mut problems = Vec::new();
    let mut advice = Vec::new();
    match &observed.own {
        Some(Ok((attack, good))) => {
            match attack.let_through() {
                Some(true) => {
                    problems.push(CanaryProblem::EndpointDidNotBlock);
                    advice.push(POLICY);
                }
                Some(false) if matches!(attack, Reply::Blocked { .. }) => {}
                _ => problems.push(CanaryProblem::EndpointUnreachable),
            }
            match good {
                Reply::Passed { .. } => {}
                Reply::Blocked { .. } => problems.push(CanaryProblem::EndpointGoodBlocked),
                Reply::Unusable { .. } => problems.push(CanaryProblem::EndpointUnreachable),
            }
        }
        Some(Err(_)) => problems.push(CanaryProblem::EndpointUnreachable),
        None => {}
    }
    let (mut contract, mut on_outage, mut asked) = (Contract::Unknown, OnOutage::Unknown, None);
    if let Some(replies) = &observed.gateway {
        let works = matches!(replies.good, Some(Reply::Passed { .. }));
        match &replies.good {
            Some(Reply::Blocked { .. }) => problems.push(CanaryProblem::GoodBlocked),
            Some(Reply::Unusable { .. }) => problems.push(CanaryProblem::GatewayUnreachable),
            Some(Reply::Passed { .. }) | None => {}
        }
        match &replies.attack {
            Some(Reply::Passed { .. }) => problems.push(CanaryProblem::BlockDidNotBlock),
            Some(Reply::Unusable { .. }) => problems.push(CanaryProblem::GatewayUnreachable),
            Some(Reply::Blocked { .. }) | None => {}
        }
        let seen = |probe: &str| observed.seen.as_ref().map(|seen| seen.iter().any(|seen| seen == probe));
        // A gateway that refuses the good prompt for reasons of its own need not have come so far.
        if works || matches!(replies.attack, Some(Reply::Passed { .. })) {
            asked = observed.seen.as_ref().map(|seen| !seen.is_empty());
        }
        if asked == Some(false) {
            problems.push(CanaryProblem::GuardrailNotAsked);
            advice.push(NOT_ASKED);
        }
        // Of a probe that did not come here the reply says nothing about an answer from here.
        let obeyed = |probe: &str, reply: &Option<Reply>| {
            let reply = reply.as_ref().filter(|_| works && seen(probe) == Some(true))?;
            reply.let_through().map(|through| !through)
        };
        contract = match (obeyed("status", &replies.status), obeyed("verdict", &replies.verdict)) {
            (Some(true), Some(true)) => Contract::Both,
            (Some(true), Some(false)) => Contract::Status,
            (Some(false), Some(true)) => Contract::Verdict,
            (Some(false), Some(false)) => Contract::None,
            (None, _) | (_, None) => Contract::Unknown,
        };
        on_outage = match obeyed("outage", &replies.outage) {
            Some(true) => OnOutage::Blocked,
            Some(false) => OnOutage::LetThrough,
            None => OnOutage::Unknown,
        };
        match (contract, observed.answers_in) {
            (Contract::Verdict, Some(Contract::Status)) => advice.push(USE_VERDICT),
            (Contract::Status, Some(Contract::Verdict)) => advice.push(USE_STATUS),
            (Contract::None, _) => advice.push(AUDITS),
            _ => {}
        }
        if on_outage == OnOutage::LetThrough && contract != Contract::None {
            advice.push(OPEN_DOOR);
        }
    }
    problems.sort_unstable();
    problems.dedup();
    Findings { problems, contract, on_outage, asked, advice }
}

#[cfg(test)]
mod tests;
