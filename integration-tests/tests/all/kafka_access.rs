//! Kafka by TLS and with credentials: who is right gets everything there, who is wrong loses nothing, and says so.

use std::collections::HashSet;

use integration_tests::{Broker, Client, Program, Setup, authority::Authority, front::User, grpcurl, until};
use serde_json::{Value, json};

use crate::kafka::{TOPIC, exchange, record, request_ids};

/// So that a test does not wait long for what cannot be.
const QUICK: &str = "[kafka]\ntimeout_ms = 2000\n[delivery]\nretry_ms = 10\nretry_max_ms = 100\n";
const PASSWORD: &str = "pa55,word=of kafka";
const WRONG: &str = "wr0ng,word=of kafka";

fn sink(program: &Program) -> Value {
    let answer = grpcurl(&["-d", "{}", program.grpc_address(), "portcullis.v1.DeliveryService/ListSinks"]).unwrap();
    serde_json::from_str::<Value>(&answer).unwrap()["sinks"][0].clone()
}

/// Waits until the sink says that it is refused, in its state and in the metrics.
async fn refused(program: &Program) {
    let told = until(|| async {
        Some(sink(program)).filter(|sink| sink["state"] == "SINK_STATE_FAILING" && sink["lastFailure"] == "refused")
    })
    .await;
    assert_eq!((&told["delivered"], &told["dead"]), (&Value::Null, &Value::Null), "{told}");
    let client = Client::of(program);
    assert!(client.metric("portcullis_delivery_retries_total{sink=\"kafka\",reason=\"refused\"}").await > 0);
    assert_eq!(client.metric("portcullis_delivery_records_total{sink=\"kafka\"}").await, 0);
    assert!(client.metric("portcullis_delivery_lag_records{sink=\"kafka\"}").await > 0);
}

/// In nothing that the program says.
async fn silent(program: &Program, secrets: &[&str]) {
    let client = Client::of(program);
    let mut said = program.printed();
    for path in ["/readyz", "/healthz", "/metrics", "/v1/events", "/"] {
        said.push_str(&String::from_utf8_lossy(&client.get(path).await.body));
    }
    said.push_str(&sink(program).to_string());
    for secret in secrets {
        assert!(!said.contains(secret), "{secret} in {said}");
    }
}

async fn several(program: &Program, first: usize, count: usize) -> HashSet<String> {
    let client = Client::of(program);
    let mut ids = HashSet::new();
    for number in first..first + count {
        ids.insert(record(&client, &exchange(number)).await);
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_are_reached_by_tls_and_only_with_a_certificate_that_is_known() {
    let authority = Authority::default();
    let broker = Broker::start_with_tls(&authority).await;
    broker.create(TOPIC).await;
    let setup = Setup::portcullis()
        .env("PORTCULLIS_KAFKA_BROKERS", &broker.address())
        .env("PORTCULLIS_KAFKA_CA", &Authority::default().file("ca.crt"))
        .settings(QUICK);
    // The file of that other authority is gone by now, which is no certificate either.
    let (_, said) = setup.refused();
    assert!(said.contains("kafka"), "{said}");

    let stranger = Authority::default();
    let setup = setup.env("PORTCULLIS_KAFKA_CA", &stranger.file("ca.crt"));
    let program = setup.start();
    let mut sent = several(&program, 0, 5).await;
    refused(&program).await;
    assert!(program.printed().contains("certificate verify failed"), "{}", program.printed());
    assert_eq!(broker.count(TOPIC).await, 0);
    program.stop();

    // With the right one nothing of it is lost.
    let program = setup.env("PORTCULLIS_KAFKA_CA", &authority.file("ca.crt")).start();
    sent.extend(several(&program, 5, 5).await);
    let expected = sent.clone();
    let received = broker.received(TOPIC, move |received| request_ids(received).is_superset(&sent)).await;
    assert_eq!(request_ids(&received), expected);
    assert_eq!(received.len(), 10, "each came once");
}

async fn credentials(mechanism: &str, authority: Option<&Authority>) {
    let user = User { name: "ann,blue=1".to_owned(), password: PASSWORD.to_owned() };
    let broker = Broker::start_with_sasl(mechanism, &user, authority).await;
    broker.create(TOPIC).await;
    let before = broker.logins().len();
    let mut setup = Setup::portcullis()
        .env("PORTCULLIS_KAFKA_BROKERS", &broker.address())
        .env("PORTCULLIS_KAFKA_USERNAME", &user.name)
        .env("PORTCULLIS_KAFKA_PASSWORD", WRONG)
        .env("PORTCULLIS_KAFKA_SASL_MECHANISM", mechanism)
        .settings(QUICK);
    setup = match authority {
        Some(authority) => setup.env("PORTCULLIS_KAFKA_CA", &authority.file("ca.crt")),
        None => setup.env("PORTCULLIS_KAFKA_SECURITY_PROTOCOL", "SASL_PLAINTEXT"),
    };
    let program = setup.start();
    let mut sent = several(&program, 0, 5).await;
    refused(&program).await;
    silent(&program, &[WRONG]).await;
    let (_, printed) = program.stop();
    assert!(printed.contains("Authentication failed") && !printed.contains(WRONG), "{printed}");
    let tried = broker.logins();
    assert!(
        tried.len() > before && tried[before..].iter().all(|one| *one == (mechanism.to_owned(), false)),
        "{tried:?}"
    );
    // Nobody let it in, and nothing of it is there.
    assert_eq!(broker.count(TOPIC).await, 0);

    let program = setup.env("PORTCULLIS_KAFKA_PASSWORD", PASSWORD).start();
    sent.extend(several(&program, 5, 20).await);
    let expected = sent.clone();
    let received = broker.received(TOPIC, move |received| request_ids(received).is_superset(&sent)).await;
    assert_eq!(request_ids(&received), expected);
    assert_eq!(received.len(), 25, "each came once");
    let told = until(|| async { Some(sink(&program)).filter(|sink| sink["delivered"] == "25") }).await;
    assert_eq!(told["state"], "SINK_STATE_RUNNING");
    assert!(broker.logins().contains(&(mechanism.to_owned(), true)));
    silent(&program, &[PASSWORD]).await;
    let (_, printed) = program.stop();
    assert!(!printed.contains(PASSWORD), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_credentials_let_in_who_has_them() {
    credentials("PLAIN", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scram_sha_256_lets_in_who_has_the_password() {
    credentials("SCRAM-SHA-256", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scram_sha_512_lets_in_who_has_the_password_by_tls() {
    credentials("SCRAM-SHA-512", Some(&Authority::default())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_credentials_nobody_comes_in() {
    let user = User { name: "ann".to_owned(), password: PASSWORD.to_owned() };
    let broker = Broker::start_with_sasl("PLAIN", &user, None).await;
    broker.create(TOPIC).await;
    let program = Setup::portcullis().env("PORTCULLIS_KAFKA_BROKERS", &broker.address()).settings(QUICK).start();
    several(&program, 0, 3).await;
    let told = until(|| async { Some(sink(&program)).filter(|sink| sink["state"] == "SINK_STATE_FAILING") }).await;
    assert_eq!(told["lag"], "3");
    assert_eq!(told["about"], json!(format!("{TOPIC} at {}", broker.address())));
    assert_eq!(broker.count(TOPIC).await, 0);
}
