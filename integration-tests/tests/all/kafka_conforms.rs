//! The Kafka sink does what every sink has to do, before the library's own mock cluster.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use core_service::deliver::{
    Account, Compression, Kafka, KafkaSettings, Security, Value,
    conformance::{Mood, Rig, conforms},
};
use integration_tests::{
    Faults,
    front::{Front, Manner, Told},
};
use kafka_protocol::records::Record;
use rdkafka::{
    ClientConfig, Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    message::Headers as _,
    mocking::MockCluster,
    producer::DefaultProducerContext,
    types::{RDKafkaApiKey, RDKafkaRespErr},
};

const TOPIC: &str = "records";
const PARTITIONS: i32 = 3;
const EVENT_ID: &str = "portcullis-event-id";

fn sequence(event_id: &[u8]) -> u64 {
    std::str::from_utf8(event_id).unwrap().rsplit_once('-').unwrap().1.parse().unwrap()
}

fn third(record: &Record) -> bool {
    let id = record.headers.get(EVENT_ID.as_bytes()).and_then(Option::as_deref);
    id.is_some_and(|id| sequence(id).is_multiple_of(3))
}

struct Far {
    /// Past the front: it sees what arrived also while nobody gets in. It goes before its cluster, or would look for it for long.
    consumer: BaseConsumer,
    cluster: MockCluster<'static, DefaultProducerContext>,
    front: Front,
    address: String,
    told: Told,
    seen: Mutex<Vec<u64>>,
}

impl Far {
    async fn new(told: Told) -> Self {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic(TOPIC, PARTITIONS, 1).unwrap();
        let (listener, address) = Faults::bind().await;
        let broker = cluster.bootstrap_servers().parse().unwrap();
        let front = Front::before(listener, address, broker, None);
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", cluster.bootstrap_servers()).set("group.id", "tests");
        let consumer: BaseConsumer = config.create().unwrap();
        let mut from = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            from.add_partition_offset(TOPIC, partition, Offset::Beginning).unwrap();
        }
        consumer.assign(&from).unwrap();
        Self { consumer, cluster, front, address: address.to_string(), told, seen: Mutex::default() }
    }

    /// Reads on to the end. Between two calls the order is that of each partition.
    fn read(&self) -> Vec<u64> {
        let ends = (0..PARTITIONS).map(|partition| {
            let (_, end) = self.consumer.fetch_watermarks(TOPIC, partition, Duration::from_secs(60)).unwrap();
            usize::try_from(end).unwrap()
        });
        let end: usize = ends.sum();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        while seen.len() < end {
            let Some(Ok(message)) = self.consumer.poll(Duration::from_millis(100)) else { continue };
            let headers = message.headers().unwrap();
            let id = headers.iter().find(|header| header.key == EVENT_ID).unwrap();
            seen.push(sequence(id.value.unwrap()));
        }
        seen.clone()
    }
}

impl Rig for Far {
    type Sink = Kafka;

    fn sink(&self) -> Kafka {
        // What the one before brought comes before what this one brings.
        self.read();
        let settings = KafkaSettings {
            brokers: self.address.clone(),
            topic: TOPIC.to_owned(),
            violations_topic: None,
            security: Security::Plaintext,
            credentials: None,
            ca: None,
            compression: Compression::None,
            max_request_bytes: KafkaSettings::MAX_REQUEST_BYTES,
            timeout: Duration::from_secs(2),
            value: Value::Akto,
        };
        Kafka::new(settings, Account::default(), "0badcafe", |_| Vec::new()).unwrap()
    }

    async fn mood(&mut self, mood: Mood) {
        self.cluster.clear_request_errors(RDKafkaApiKey::Produce);
        self.front.set(match (mood, self.told) {
            (Mood::Willing, _) => Manner::Through,
            (Mood::Down, Told::Which) => Manner::Away,
            (Mood::Down, Told::One) => {
                // It is there, and takes nothing.
                let error = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS;
                self.cluster.request_errors(RDKafkaApiKey::Produce, &[error; 100_000]);
                Manner::Through
            }
            (Mood::Choosy, told) => Manner::Refusing { which: third, told },
        });
    }

    async fn arrived(&self) -> Vec<u64> {
        self.read()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms_where_brokers_name_the_record_that_they_refuse() {
    conforms(Far::new(Told::Which).await, "conforming-kafka").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms_where_brokers_name_none() {
    conforms(Far::new(Told::One).await, "conforming-old-kafka").await;
}
