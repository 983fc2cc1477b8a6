//! The canary: does a block block?
//!
//! A guardrail can be healthy and useless: attached to nothing, asked in a contract that the gateway does not read, or
//! set up so that its errors are let pass. None of that is seen from the inside. So a run sends, through the gateway
//! and by the way that callers take, a known attack and a known good prompt, and three harmless texts that this
//! service answers as if they were blocked by status, blocked by verdict, or could not be checked. What comes back says
//! whether the gateway asked at all, which contract it obeys and what it does with an outage. Its own endpoint is
//! asked beside it, so that a policy that lets the attack pass is not mistaken for a gateway that does.
//!
//! Texts, credentials and answers of a model are never part of a report.

mod client;
mod endpoint;
mod findings;
mod gateway;
mod reply;
mod run;

pub use self::{
    client::CanaryError,
    endpoint::Endpoint,
    findings::{Contract, Findings, OnOutage},
    gateway::{Gateway, InvalidUrl},
    reply::Reply,
    run::{Plan, Report, run},
};
