//! The sinks that the settings ask for.

use std::sync::Arc;

use prost::Message as _;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::settings::{CoreSettings, SettingsError};
use crate::{
    deliver::{self, Deliveries, Encode, File, Form, Http, Kafka, StoredRecord, flat_record},
    grpc,
    postgres::{Postgres, PostgresSettings},
    record::Log,
};

/// The sinks, and the tasks that serve them until `stop`.
pub(super) fn start(
    settings: &CoreSettings,
    store: Option<&Postgres>,
    log: &Arc<Log>,
    stop: &CancellationToken,
) -> Result<(Deliveries, Vec<JoinHandle<()>>), SettingsError> {
    let mut deliveries = Deliveries::default();
    let about = settings.store.as_ref().map(PostgresSettings::about).unwrap_or_default();
    let settings = &settings.delivery;
    let mut tasks = Vec::new();
    let account = settings.account.clone();
    let encode: Encode = Arc::new(move |record| flat_record(record, &account, Form::Whole));
    let http = [("ingest", "ingest.ca", &settings.ingest), ("otlp", "otlp.ca", &settings.otlp)];
    for (table, setting, http) in http {
        let Some(http) = http else { continue };
        let plan = settings.plan(table, http.about());
        let sink = Http::new(http.clone(), Arc::clone(&encode))
            .map_err(|error| SettingsError::Invalid { name: setting, message: error.to_string() })?;
        tasks.push(deliver::start(sink, plan, Arc::clone(log), &mut deliveries, stop.clone()));
    }
    if let Some(kafka) = &settings.kafka {
        let plan = settings.plan("kafka", format!("{} at {}", kafka.topic, kafka.brokers));
        let sink = Kafka::new(kafka.clone(), settings.account.clone(), log.node(), protobuf)
            .map_err(|error| SettingsError::Invalid { name: "kafka", message: error.to_string() })?;
        tokio::spawn(sink.look_up_topics());
        tasks.push(deliver::start(sink, plan, Arc::clone(log), &mut deliveries, stop.clone()));
    }
    if let Some(place) = &settings.file {
        let plan = settings.plan("file", place.to_string());
        let sink = File::new(place.clone(), encode);
        tasks.push(deliver::start(sink, plan, Arc::clone(log), &mut deliveries, stop.clone()));
    }
    if let Some(store) = store {
        let plan = settings.store_plan(about);
        tasks.push(deliver::start(store.sink(), plan, Arc::clone(log), &mut deliveries, stop.clone()));
        tasks.push(store.tend(stop.clone()));
    }
    Ok((deliveries, tasks))
}

fn protobuf(record: StoredRecord) -> Vec<u8> {
    grpc::stored(record).encode_to_vec()
}
