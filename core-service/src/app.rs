//! Composition: settings to running services, and back down in order. The one module that knows all others.

pub mod canary;
pub mod check;
pub mod compose;
pub mod deliver;
pub mod eval;
mod lines;
pub mod lint;
pub mod log;
mod log_up;
pub mod otlp;
pub mod report;
pub mod settings;
mod sinks;
pub mod telemetry;
pub mod train;
