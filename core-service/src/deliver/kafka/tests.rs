//! Against the library's own mock cluster, which fails as it is told to.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use portcullis_api::v1;
use prost::Message as _;
use rdkafka::{
    ClientConfig, Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    message::Headers as _,
    mocking::MockCluster,
    producer::DefaultProducerContext,
    types::{RDKafkaApiKey, RDKafkaRespErr},
};

use super::*;
use crate::{
    deliver::flat,
    domain::{decision::Action, exchange::Payload},
    record::{RecordedOutcome, samples},
};

const TOPIC: &str = "records";
const COPIES: &str = "violations";
const PARTITIONS: i32 = 3;

fn settings(brokers: String) -> KafkaSettings {
    KafkaSettings {
        brokers,
        topic: TOPIC.to_owned(),
        violations_topic: None,
        security: Security::Plaintext,
        credentials: None,
        ca: None,
        compression: Compression::Lz4,
        max_request_bytes: 100_000,
        timeout: Duration::from_secs(10),
        value: Value::Akto,
    }
}

fn with_copies(brokers: String) -> KafkaSettings {
    KafkaSettings { violations_topic: Some(COPIES.to_owned()), ..settings(brokers) }
}

fn cluster() -> MockCluster<'static, DefaultProducerContext> {
    let cluster = MockCluster::new(3).unwrap();
    for topic in [TOPIC, COPIES] {
        cluster.create_topic(topic, PARTITIONS, 3).unwrap();
    }
    cluster
}

fn protobuf(record: StoredRecord) -> Vec<u8> {
    crate::grpc::stored(record).encode_to_vec()
}

fn sink(settings: KafkaSettings) -> Kafka {
    Kafka::new(settings, Account::default(), "0badcafe", protobuf).unwrap()
}

fn delivery(sequence: u64, user: &str, action: Action, payload: &str) -> Delivery {
    let mut record = samples::stored(sequence, RecordedOutcome::Judged(samples::judged(action)));
    user.clone_into(&mut record.event.user);
    record.event.session.clear();
    record.request = Some(Payload::Json(Bytes::from(format!("{{\"prompt\":{payload:?}}}"))));
    Delivery { record, key: (!user.is_empty()).then(|| user.into()), attempts: 0 }
}

fn batch(count: u64) -> Vec<Delivery> {
    (1..=count).map(|sequence| delivery(sequence, &format!("user-{}", sequence % 7), Action::Allow, "hello")).collect()
}

#[derive(Debug)]
struct Received {
    partition: i32,
    key: Option<String>,
    value: Vec<u8>,
    headers: BTreeMap<String, String>,
}

impl Received {
    fn sequence(&self) -> u64 {
        self.headers["portcullis-event-id"].rsplit_once('-').unwrap().1.parse().unwrap()
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.value).unwrap()
    }
}

/// All of a topic, by partition in its order.
fn received(cluster: &MockCluster<'static, DefaultProducerContext>, topic: &str) -> Vec<Received> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", cluster.bootstrap_servers()).set("group.id", "tests");
    let consumer: BaseConsumer = config.create().unwrap();
    let mut from = TopicPartitionList::new();
    let mut missing = 0;
    for partition in 0..PARTITIONS {
        from.add_partition_offset(topic, partition, Offset::Beginning).unwrap();
        let (low, high) = consumer.fetch_watermarks(topic, partition, METADATA_TIMEOUT).unwrap();
        missing += high - low;
    }
    consumer.assign(&from).unwrap();
    let mut received = Vec::new();
    while missing > 0 {
        let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) else { continue };
        let text = |bytes: Option<&[u8]>| bytes.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
        let headers = message.headers().unwrap().iter();
        received.push(Received {
            partition: message.partition(),
            key: text(message.key()),
            value: message.payload().unwrap().to_vec(),
            headers: headers.map(|header| (header.key.to_owned(), text(header.value).unwrap())).collect(),
        });
        missing -= 1;
    }
    received
}

fn sequences(received: &[Received]) -> Vec<u64> {
    let mut sequences: Vec<u64> = received.iter().map(Received::sequence).collect();
    sequences.sort_unstable();
    sequences.dedup();
    sequences
}

async fn all_delivered(sink: &Kafka, batch: &[Delivery]) {
    assert_eq!(sink.deliver(batch).await, vec![Outcome::Delivered; batch.len()]);
}

#[tokio::test]
async fn a_record_arrives_as_akto_reads_it_with_what_akto_drops_beside_it() {
    let cluster = cluster();
    let sink = sink(settings(cluster.bootstrap_servers()));
    let one = delivery(7, "ann", Action::Block, "hi");
    all_delivered(&sink, std::slice::from_ref(&one)).await;
    let received = received(&cluster, TOPIC);
    let [message] = received.as_slice() else { panic!("{received:?}") };
    assert_eq!(message.value, flat::encode(&one.record, &Account::default(), Form::Whole));
    assert_eq!(message.key.as_deref(), Some("ann"));
    let request_id = one.record.event.request_id.to_string();
    let digest = format!("default@{}", "ab".repeat(32));
    for (name, value) in [
        ("portcullis-event-id", "0badcafe-7"),
        ("portcullis-request-id", &request_id),
        ("portcullis-kind", "exchange"),
        ("portcullis-source", "truefoundry"),
        ("portcullis-tenant", "token-1"),
        ("portcullis-user", "ann"),
        ("portcullis-team", "blue"),
        ("portcullis-model", "some-model"),
        ("portcullis-action", "block"),
        ("portcullis-enforced", "true"),
        ("portcullis-coverage", "partial"),
        ("portcullis-policies", &digest),
        ("portcullis-payload", "whole"),
        ("content-type", "application/json"),
    ] {
        assert_eq!(message.headers.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(!message.headers.contains_key("portcullis-session"), "what is empty is left out");
}

#[tokio::test]
async fn a_key_keeps_its_partition_and_its_order() {
    let cluster = cluster();
    let sink = sink(settings(cluster.bootstrap_servers()));
    for chunk in batch(200).chunks(23) {
        all_delivered(&sink, chunk).await;
    }
    let received = received(&cluster, TOPIC);
    assert_eq!(sequences(&received), (1..=200).collect::<Vec<_>>());
    assert_eq!(received.len(), 200);
    let mut last: HashMap<String, (i32, u64)> = HashMap::new();
    for message in received {
        let now = (message.partition, message.sequence());
        if let Some(before) = last.insert(message.key.clone().unwrap(), now) {
            assert!(before.0 == now.0 && before.1 < now.1, "{before:?} then {now:?}");
        }
    }
}

#[tokio::test]
async fn violations_have_a_copy_where_it_is_asked_for() {
    let cluster = cluster();
    let sink = sink(with_copies(cluster.bootstrap_servers()));
    let batch = [delivery(1, "ann", Action::Allow, "a"), delivery(2, "ann", Action::Alert, "b")];
    all_delivered(&sink, &batch).await;
    assert_eq!(sequences(&received(&cluster, TOPIC)), [1, 2]);
    assert_eq!(sequences(&received(&cluster, COPIES)), [2]);
    assert!(sink.copied().is_empty(), "what is done is forgotten");
}

const FORBIDDEN: RDKafkaRespErr = RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
const OPEN: RDKafkaRespErr = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR;

#[tokio::test]
async fn a_copy_that_nobody_takes_brings_its_record_to_no_topic() {
    let cluster = cluster();
    cluster.topic_error(COPIES, FORBIDDEN).unwrap();
    let batch = [
        delivery(1, "ann", Action::Alert, "a"),
        delivery(2, "ann", Action::Allow, "b"),
        delivery(3, "bob", Action::Allow, "c"),
    ];
    let (refused, behind) = (Outcome::retry(DeliveryFailure::Refused), Outcome::retry(DeliveryFailure::Unavailable));
    let first = sink(with_copies(cluster.bootstrap_servers()));
    assert_eq!(first.deliver(&batch).await, [refused, behind, Outcome::Delivered]);
    for _ in 0..3 {
        assert_eq!(first.deliver(&batch[..2]).await, [refused, behind]);
    }
    cluster.topic_error(COPIES, OPEN).unwrap();
    // The library asks again some minutes later: one that was not refused yet.
    all_delivered(&sink(with_copies(cluster.bootstrap_servers())), &batch[..2]).await;
    let arrived = received(&cluster, TOPIC);
    assert_eq!((sequences(&arrived), arrived.len()), (vec![1, 2, 3], 3), "none comes twice");
    assert_eq!(received(&cluster, COPIES).len(), 1);
}

#[tokio::test]
async fn a_record_that_nobody_takes_brings_no_second_copy() {
    let cluster = cluster();
    cluster.topic_error(TOPIC, FORBIDDEN).unwrap();
    let batch = [delivery(1, "ann", Action::Alert, "a"), delivery(2, "bob", Action::Block, "b")];
    let sink = sink(with_copies(cluster.bootstrap_servers()));
    for _ in 0..3 {
        assert_eq!(sink.deliver(&batch).await, [Outcome::retry(DeliveryFailure::Refused); 2]);
    }
    assert_eq!(sink.copied().len(), 2);
    let copies = received(&cluster, COPIES);
    assert_eq!((sequences(&copies), copies.len()), (vec![1, 2], 2));
}

#[test]
fn what_follows_a_record_without_its_copy_waits_with_it() {
    let batch = batch(15);
    let mut outcomes = vec![Outcome::Delivered; 15];
    outcomes[2] = Outcome::retry(DeliveryFailure::Refused);
    outcomes[9] = Outcome::Permanent(DeliveryFailure::TooLarge);
    outcomes[10] = Outcome::Permanent(DeliveryFailure::TooLarge);
    let sent: Vec<_> = behind_copies(&batch, &mut outcomes).iter().map(|message| message.index).collect();
    assert_eq!(sent, [0, 1, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14]);
    assert_eq!(outcomes[9], Outcome::retry(DeliveryFailure::Unavailable));
    assert_eq!(outcomes[10], Outcome::Permanent(DeliveryFailure::TooLarge), "a copy that is too large is no reason");
}

#[tokio::test]
async fn the_protobuf_form_is_the_message_of_the_api() {
    let cluster = cluster();
    let sink = sink(KafkaSettings { value: Value::Protobuf, ..settings(cluster.bootstrap_servers()) });
    all_delivered(&sink, &[delivery(3, "ann", Action::Allow, "a")]).await;
    let received = received(&cluster, TOPIC);
    let message = v1::GetEventResponse::decode(received[0].value.as_slice()).unwrap();
    assert_eq!(message.event.unwrap().id, "0badcafe-3");
    assert_eq!(message.request, r#"{"prompt":"a"}"#);
    assert_eq!(received[0].headers["content-type"], "application/x-protobuf");
}

#[tokio::test]
async fn what_is_too_large_for_the_settings_goes_without_its_payloads_and_says_so() {
    let cluster = cluster();
    for value in [Value::Akto, Value::Protobuf] {
        let sink = sink(KafkaSettings { value, ..settings(cluster.bootstrap_servers()) });
        let large = "x".repeat(200_000);
        all_delivered(&sink, &[delivery(1, "ann", Action::Allow, &large), delivery(2, "ann", Action::Allow, "small")])
            .await;
    }
    let received = received(&cluster, TOPIC);
    assert_eq!(received.len(), 4);
    for message in &received {
        let form = if message.sequence() == 1 { "stored" } else { "whole" };
        assert_eq!(message.headers["portcullis-payload"], form);
    }
    let marked = received.iter().find(|message| message.sequence() == 1 && message.value.starts_with(b"{")).unwrap();
    let stored: serde_json::Value = serde_json::from_str(marked.json()["requestPayload"].as_str().unwrap()).unwrap();
    assert_eq!(stored, serde_json::json!({"x-portcullis-stored": "0badcafe-1", "bytes": 200_013}));
}

#[tokio::test]
async fn what_is_too_large_for_the_topic_goes_without_its_payloads_too() {
    let cluster = cluster();
    let sink = sink(settings(cluster.bootstrap_servers()));
    cluster.request_errors(RDKafkaApiKey::Produce, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE]);
    all_delivered(&sink, &[delivery(1, "ann", Action::Allow, "a")]).await;
    let received = received(&cluster, TOPIC);
    assert_eq!(received[0].headers["portcullis-payload"], "stored");
}

#[tokio::test]
async fn what_no_topic_takes_even_so_is_given_up_by_name() {
    let cluster = cluster();
    let sink = sink(settings(cluster.bootstrap_servers()));
    cluster.request_errors(RDKafkaApiKey::Produce, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE; 2]);
    let outcomes = sink.deliver(&[delivery(1, "ann", Action::Allow, "a")]).await;
    assert_eq!(outcomes, [Outcome::Permanent(DeliveryFailure::TooLarge)]);
}

#[tokio::test]
async fn what_was_refused_together_is_refused_alone_before_it_is_given_up() {
    let cluster = cluster();
    // Of one key, and so in one partition.
    let batch: Vec<_> = (1..=8).map(|sequence| delivery(sequence, "ann", Action::Allow, "a")).collect();
    let (invalid, fine) =
        (RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_RECORD, RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR);
    // All eight, the first four, the first two, the first; the second is taken, and so are the halves behind.
    cluster.request_errors(RDKafkaApiKey::Produce, &[invalid, invalid, invalid, invalid, fine, fine, fine]);
    let outcomes = sink(settings(cluster.bootstrap_servers())).deliver(&batch).await;
    let mut expected = vec![Outcome::Delivered; 8];
    expected[0] = Outcome::Permanent(DeliveryFailure::Rejected);
    assert_eq!(outcomes, expected);
    let arrived: Vec<_> = received(&cluster, TOPIC).iter().map(Received::sequence).collect();
    assert_eq!(arrived, [2, 3, 4, 5, 6, 7, 8]);
}

#[tokio::test]
async fn a_topic_that_takes_less_at_a_time_gets_all_of_each_record() {
    let cluster = cluster();
    let batch: Vec<_> = (1..=4).map(|sequence| delivery(sequence, "ann", Action::Allow, "a")).collect();
    cluster.request_errors(RDKafkaApiKey::Produce, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE]);
    all_delivered(&sink(settings(cluster.bootstrap_servers())), &batch).await;
    let received = received(&cluster, TOPIC);
    assert_eq!(sequences(&received), [1, 2, 3, 4]);
    assert!(received.iter().all(|message| message.headers["portcullis-payload"] == "whole"));
}

#[tokio::test]
async fn a_change_of_leader_throttling_and_broken_connections_lose_nothing() {
    let cluster = cluster();
    let sink = sink(settings(cluster.bootstrap_servers()));
    for (round, error) in [
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR__TRANSPORT,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
    ]
    .into_iter()
    .enumerate()
    {
        cluster.request_errors(RDKafkaApiKey::Produce, &[error; 2]);
        let leader = i32::try_from(round % 3).unwrap() + 1;
        for partition in 0..PARTITIONS {
            cluster.partition_leader(TOPIC, partition, Some(leader)).unwrap();
        }
        let first = round as u64 * 50 + 1;
        let mut left: Vec<Delivery> = batch(first + 49).split_off(round * 50);
        // As the runner does: what is to be tried again, is.
        while !left.is_empty() {
            let outcomes = sink.deliver(&left).await;
            let mut outcomes = outcomes.into_iter();
            left.retain(|_| match outcomes.next().unwrap() {
                Outcome::Delivered => false,
                Outcome::Retry { .. } => true,
                Outcome::Permanent(reason) => panic!("given up: {reason:?}"),
            });
        }
    }
    assert_eq!(sequences(&received(&cluster, TOPIC)), (1..=250).collect::<Vec<_>>());
}

#[tokio::test]
async fn while_no_broker_is_there_records_are_to_be_tried_again() {
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let sink = sink(KafkaSettings { timeout: Duration::from_millis(300), ..settings(address.to_string()) });
    let outcomes = sink.deliver(&batch(3)).await;
    assert_eq!(outcomes, [Outcome::retry(DeliveryFailure::Unreachable); 3]);
}

#[test]
fn what_follows_a_record_of_its_key_is_sent_again_behind_it() {
    let batch = batch(15);
    let mut outcomes = vec![Outcome::Delivered; 15];
    let again = Outcome::retry(DeliveryFailure::TimedOut);
    outcomes[2] = again;
    outcomes[9] = Outcome::Permanent(DeliveryFailure::TooLarge);
    keep_order(&batch, &mut outcomes);
    let held: Vec<usize> = (0..15).filter(|&index| matches!(outcomes[index], Outcome::Retry { .. })).collect();
    assert_eq!(held, [2], "the next of this key is given up, and stays so");
    outcomes[9] = Outcome::Delivered;
    keep_order(&batch, &mut outcomes);
    assert_eq!(outcomes[9], Outcome::retry(DeliveryFailure::Unavailable));
    assert_eq!(outcomes.iter().filter(|&&outcome| outcome == Outcome::Delivered).count(), 13);
}

#[test]
fn a_password_is_shown_nowhere() {
    let credentials = KafkaCredentials {
        mechanism: Mechanism::ScramSha512,
        username: "ann-the-user".to_owned(),
        password: "pa55word".to_owned(),
    };
    let settings = KafkaSettings { credentials: Some(credentials), ..settings("127.0.0.1:1".to_owned()) };
    let shown = format!("{:?}", sink(settings));
    assert!(!shown.contains("pa55word") && !shown.contains("ann-the-user"), "{shown}");
}

#[test]
fn a_broker_with_tls_is_known_by_the_systems_certificates_or_by_those_that_are_named() {
    let place = |security, ca: Option<&str>| {
        let settings = KafkaSettings { security, ca: ca.map(Into::into), ..settings("127.0.0.1:1".to_owned()) };
        settings.client("test").get("ssl.ca.location").map(str::to_owned)
    };
    assert_eq!(place(Security::Plaintext, None), None);
    assert_eq!(place(Security::Ssl, Some("/ca.pem")).as_deref(), Some("/ca.pem"));
    let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().any(|name| std::env::var_os(name).is_some());
    let expected = if named { None } else { Some("probe") };
    assert_eq!(place(Security::SaslSsl, None).as_deref(), expected);
}

#[test]
fn words_of_the_protocol_are_read_in_any_case() {
    assert_eq!(Security::parse("sasl_ssl"), Some(Security::SaslSsl));
    assert_eq!(Mechanism::parse("scram-sha-256"), Some(Mechanism::ScramSha256));
    assert_eq!(Security::parse("TLS"), None);
}
