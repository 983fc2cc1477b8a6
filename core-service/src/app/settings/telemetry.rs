//! What is told to a collector. OpenTelemetry's own variables win over it: see [`crate::app::otlp`].

use serde::Deserialize;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryFile {
    /// OTLP over gRPC, `http://host:port` or `https://host:port`; none without.
    pub endpoint: Option<String>,
    /// Of traces, 0 to 1.
    pub traces_ratio: Option<f64>,
    pub service_name: Option<String>,
}
