//! The sinks that the settings ask for.

use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::settings::{DeliverySettings, SettingsError};
use crate::{
    deliver::{self, Deliveries, Encode, File, Http, StoredRecord},
    domain::exchange::Payload,
    record::Log,
};

/// The sinks, and the tasks that serve them until `stop`.
pub(super) fn start(
    settings: &DeliverySettings,
    log: &Arc<Log>,
    stop: &CancellationToken,
) -> Result<(Deliveries, Vec<JoinHandle<()>>), SettingsError> {
    let mut deliveries = Deliveries::default();
    let mut tasks = Vec::new();
    let encode: Encode = Arc::new(line);
    let http = [("ingest", "ingest.ca", &settings.ingest), ("otlp", "otlp.ca", &settings.otlp)];
    for (table, setting, http) in http {
        let Some(http) = http else { continue };
        let plan = settings.plan(table, http.about());
        let sink = Http::new(http.clone(), Arc::clone(&encode))
            .map_err(|error| SettingsError::Invalid { name: setting, message: error.to_string() })?;
        tasks.push(deliver::start(sink, plan, Arc::clone(log), &mut deliveries, stop.clone()));
    }
    if let Some(place) = &settings.file {
        let plan = settings.plan("file", place.to_string());
        let sink = File::new(place.clone(), encode);
        tasks.push(deliver::start(sink, plan, Arc::clone(log), &mut deliveries, stop.clone()));
    }
    Ok((deliveries, tasks))
}

/// A record as a line of JSON.
fn line(record: &StoredRecord) -> Vec<u8> {
    let event = &record.event;
    let payload = |payload: &Option<Payload>| match payload {
        Some(Payload::Json(json)) => Some(String::from_utf8_lossy(json).into_owned()),
        Some(Payload::Text(text)) => Some(serde_json::json!(text).to_string()),
        None => None,
    };
    serde_json::json!({
        "id": event.id(),
        "time": event.time,
        "requestPayload": payload(&record.request),
        "responsePayload": payload(&record.response),
    })
    .to_string()
    .into_bytes()
}
