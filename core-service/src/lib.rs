//! The guardrail and ingestion service.
//!
//! Imports go down this list, never up: `app`; `grpc`; `events` and `guardrail`; `record`; `policy`; `detect` and
//! `extract`; `domain`.

pub mod app;
pub mod detect;
pub mod domain;
pub mod events;
pub mod extract;
pub mod grpc;
pub mod guardrail;
pub mod policy;
pub mod record;
