//! What is compressed on its way to Kafka is read there as it was recorded, and was compressed as the settings say.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use integration_tests::{Broker, Client, Setup};
use serde_json::{Value, json};

use crate::kafka::{exchange, record, request_ids};

/// By their names in the settings, and by the numbers that batches have for them: all that README names.
const CODECS: [(&str, u8); 5] = [("none", 0), ("gzip", 1), ("snappy", 2), ("lz4", 3), ("zstd", 4)];

#[tokio::test(flavor = "multi_thread")]
async fn every_compression_is_used_and_what_arrives_is_what_was_recorded() {
    let broker = Broker::start_watched().await;
    for (name, number) in CODECS {
        let topic = format!("records.{name}");
        broker.create(&topic).await;
        let program = Setup::portcullis()
            .settings(&format!("[kafka]\ncompression = '{name}'\n"))
            .env("PORTCULLIS_KAFKA_BROKERS", &broker.address())
            .env("PORTCULLIS_KAFKA_TOPIC", &topic)
            .start();
        let client = Client::of(&program);
        let mut recorded = BTreeMap::new();
        for question in 0..12 {
            let mut body = exchange(question);
            // Of what is not smaller compressed, nobody makes use of compression.
            let text = format!("question {question}, \u{e9}\u{1f947}: {}", "why? ".repeat(400));
            body["requestBody"]["messages"][0]["content"] = json!(text);
            recorded.insert(record(&client, &body).await, body);
        }
        let sent: HashSet<String> = recorded.keys().cloned().collect();
        let received = broker.received(&topic, move |received| request_ids(received).is_superset(&sent)).await;
        for message in &received {
            let (value, body) = (message.json(), &recorded[&message.headers["portcullis-request-id"]]);
            for (payload, member) in [("requestPayload", "requestBody"), ("responsePayload", "responseBody")] {
                let payload: Value = serde_json::from_str(value[payload].as_str().unwrap()).unwrap();
                assert_eq!(payload, body[member], "{name}");
            }
        }
        assert_eq!(broker.codecs(&topic), BTreeSet::from([number]), "{name}");
    }
}
