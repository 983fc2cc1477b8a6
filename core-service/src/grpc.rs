//! The service's gRPC face: adapters of a few lines over the use cases.

mod canary;
mod convert;
mod deadline;
mod delivery;
mod event;
mod guardrail;
mod ingestion;
mod pieces;
mod policy;
pub mod routes;
#[cfg(test)]
mod samples;
mod span;
mod status;

pub(crate) use convert::stored;
pub use event::reveal::Revealers;
