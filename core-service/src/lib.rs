//! The guardrail and ingestion service.
//!
//! Imports go down this list, never up: `app`; `canary` and `grpc`; `postgres`; `deliver`, `events` and `guardrail`; `search`;
//! `record`; `policy` and `session`; `detect`, `extract` and `mask`; `classify`; `normalize`; `telemetry`; `domain` and `foreground`.

pub mod app;
pub mod canary;
pub mod classify;
pub mod deliver;
pub mod detect;
pub mod domain;
pub mod events;
pub mod extract;
pub mod foreground;
pub mod grpc;
pub mod guardrail;
pub mod mask;
pub mod normalize;
pub mod policy;
pub mod postgres;
pub mod record;
pub mod search;
pub mod session;
pub mod telemetry;
