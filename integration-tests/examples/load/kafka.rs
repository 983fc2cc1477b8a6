//! Whether delivery to Kafka keeps up with what is acknowledged.

use std::time::{Duration, Instant};

use integration_tests::{Broker, Program, Setup};
use portcullis_api::v1::{ListSinksRequest, SinkStatus, delivery_service_client::DeliveryServiceClient};
use rdkafka::{
    ClientConfig,
    mocking::MockCluster,
    producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer},
};

use super::{BYTES, all_batches, all_streams, connect, start, text};

const TOPIC: &str = "akto.api.logs";
/// Of a message, as the flat record makes it of an exchange.
const MESSAGE: usize = 2_000;

/// Where the records go.
pub(super) enum Far {
    Tansu(Box<Broker>),
    Mock(MockCluster<'static, DefaultProducerContext>),
    Named(String),
}

impl Far {
    pub(super) async fn of(words: &[String]) -> Self {
        if let Some(at) = words.iter().position(|word| word == "--brokers") {
            return Self::Named(words[at + 1].clone());
        }
        if words.iter().any(|word| word == "--mock") {
            let cluster = MockCluster::new(1).unwrap();
            cluster.create_topic(TOPIC, 3, 1).unwrap();
            return Self::Mock(cluster);
        }
        let broker = Broker::start_alone().await;
        broker.create(TOPIC).await;
        Self::Tansu(Box::new(broker))
    }

    fn brokers(&self) -> String {
        match self {
            Self::Tansu(broker) => broker.address(),
            Self::Mock(cluster) => cluster.bootstrap_servers(),
            Self::Named(brokers) => brokers.clone(),
        }
    }
}

/// `batch` is the number of records of one, where that is not the default.
pub(super) async fn measure(records: usize, far: &Far, batch: Option<usize>, wait: bool) {
    let setup = || {
        let setup = Setup::portcullis().env("PORTCULLIS_KAFKA_BROKERS", &far.brokers());
        match batch {
            Some(batch) => setup.settings(&format!("[delivery]\nbatch_records = {batch}\n")),
            None => setup,
        }
    };
    let program = start(&setup(), wait);
    let begun = Instant::now();
    let recorded = all_streams(&program, 0, records).await;
    told("gRPC streams", recorded, begun, &program).await;
    drop(program);

    let program = start(&setup(), wait);
    let begun = Instant::now();
    let recorded = all_batches(&program, records).await;
    told("HTTP batches", recorded, begun, &program).await;
    drop(program);

    // What was judged before: nothing but delivery is left.
    let judged = Setup::portcullis();
    let filled = judged.folder().join("records.jsonl").display().to_string();
    let judged = judged.env("PORTCULLIS_FILE_PATH", &filled);
    let program = judged.start();
    let recorded = all_streams(&program, 0, records).await;
    delivered(&program, recorded).await;
    program.stop();
    let judged = judged.without_env("PORTCULLIS_FILE_PATH").env("PORTCULLIS_KAFKA_BROKERS", &far.brokers());
    let program = start(&judged, wait);
    let begun = Instant::now();
    delivered(&program, recorded).await;
    let rate = recorded as f64 / begun.elapsed().as_secs_f64();
    println!("a backlog of {recorded} judged exchanges: {rate:.0}/s delivered");
    drop(program);

    let brokers = far.brokers();
    let (elapsed, errors) = tokio::task::spawn_blocking(move || produce(&brokers, records)).await.unwrap();
    let rate = records as f64 / elapsed.as_secs_f64();
    println!("a producer alone: {records} messages of {MESSAGE} bytes, {rate:.0}/s, {errors} not taken at once");
}

/// The sink that is served: the log may know others.
async fn served(program: &Program) -> SinkStatus {
    let mut client = DeliveryServiceClient::new(connect(program).await);
    let sinks = client.list_sinks(ListSinksRequest {}).await.unwrap().into_inner().sinks;
    sinks.into_iter().find(|sink| !sink.about.is_empty()).unwrap()
}

async fn delivered(program: &Program, records: usize) -> SinkStatus {
    loop {
        let now = served(program).await;
        if now.delivered >= records as u64 && now.lag == 0 {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn told(name: &str, recorded: usize, begun: Instant, program: &Program) {
    let ingest = begun.elapsed();
    let end = served(program).await;
    let last = delivered(program, recorded).await;
    let all = begun.elapsed();
    let rate = |count: u64, time: Duration| count as f64 / time.as_secs_f64();
    println!(
        "{name} with Kafka: {recorded} exchanges of {BYTES} bytes: {:.0}/s acknowledged; {:.0}/s delivered meanwhile, \
         lag {} at the end; 0 after {:.2} s more: {:.0}/s from the first to the last; {} attempts, {} dead; memory {} MB",
        rate(recorded as u64, ingest),
        rate(end.delivered, ingest),
        end.lag,
        (all - ingest).as_secs_f64(),
        rate(last.delivered, all),
        last.attempts,
        last.dead,
        program.memory() >> 20
    );
}

/// With the settings that the sink has.
fn produce(brokers: &str, records: usize) -> (Duration, usize) {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("enable.idempotence", "true").set("compression.type", "lz4");
    config.set("linger.ms", "5");
    let producer: ThreadedProducer<_> = config.create_with_context(DefaultProducerContext).unwrap();
    let texts: Vec<String> = (0..1000).map(|number| text(number, MESSAGE)).collect();
    let (begun, mut full) = (Instant::now(), 0);
    for number in 0..records {
        let mut record = BaseRecord::<(), str>::to(TOPIC).payload(&texts[number % texts.len()]);
        while let Err((_, back)) = producer.send(record) {
            full += 1;
            let _ = producer.flush(Duration::from_millis(1));
            record = back;
        }
    }
    producer.flush(Duration::from_secs(600)).unwrap();
    (begun.elapsed(), full)
}
