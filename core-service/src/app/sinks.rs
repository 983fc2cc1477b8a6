//! The sinks that the settings ask for, each with a task of its own.

use std::sync::Arc;

use prost::Message as _;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{compose::StartError, settings::CoreSettings};
use crate::{
    deliver::{self, Deliveries, Kafka, Plan, StoredRecord},
    grpc,
    record::Log,
};

#[derive(Debug, Default)]
pub(super) struct Sinks {
    pub(super) deliveries: Deliveries,
    pub(super) tasks: Vec<JoinHandle<()>>,
}

impl Sinks {
    /// None of them needs its other side to be there.
    pub(super) fn start(settings: &CoreSettings, log: &Arc<Log>, stop: &CancellationToken) -> Result<Self, StartError> {
        let mut sinks = Self::default();
        if let Some(kafka) = &settings.kafka {
            let about = format!("{} at {}", kafka.topic, kafka.brokers);
            let sink = Kafka::new(kafka.clone(), log.node(), protobuf)
                .map_err(|error| StartError::Other(format!("kafka: {error}")))?;
            tokio::spawn(sink.look_up_topics());
            let plan = Plan { about, ..Plan::new("kafka") };
            sinks.tasks.push(deliver::start(sink, plan, Arc::clone(log), &mut sinks.deliveries, stop.clone()));
        }
        Ok(sinks)
    }
}

fn protobuf(record: StoredRecord) -> Vec<u8> {
    grpc::stored(record).encode_to_vec()
}
