//! Several nodes: adapters and cores apart, one broker and one event store for all.

use std::{
    collections::{HashMap, HashSet},
    net::TcpListener,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use integration_tests::{Broker, Client, Database, Postgres, Program, Received, Setup, until};
use serde_json::{Value, json};

const TOPIC: &str = "akto.api.logs";
/// Answers of each adapter before and after a core dies.
const ENOUGH: usize = 150;

/// A core that has the same address each time it is started, with an adapter before it.
struct Node {
    core: Setup,
    adapter: Program,
}

fn node(broker: &Broker, database: &Database) -> (Node, Program) {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let core = Setup::core()
        .env("PORTCULLIS_GRPC_LISTEN", &address)
        .env("PORTCULLIS_KAFKA_BROKERS", &broker.address())
        .env("PORTCULLIS_STORE_URL", &database.url());
    let running = core.start();
    let adapter = Setup::portcullis().env("PORTCULLIS_CORE_URL", &format!("http://{address}")).start();
    (Node { core, adapter }, running)
}

fn exchange(number: usize) -> Value {
    json!({
        "requestBody": {"messages": [{"role": "user", "content": format!("question {number}")}]},
        "responseBody": {"choices": [{"message": {"role": "assistant", "content": "an answer"}}]},
        "context": {"user": {"subjectId": format!("user-{}", number % 5)}}
    })
}

/// What was acknowledged through one adapter, by request id.
#[derive(Debug, Default)]
struct Acknowledged {
    ids: Mutex<HashSet<String>>,
    answers: AtomicUsize,
    refusals: AtomicUsize,
    over: AtomicBool,
}

impl Acknowledged {
    async fn more(&self) {
        let enough = self.answers.load(Ordering::Relaxed) + ENOUGH;
        until(|| async { (self.answers.load(Ordering::Relaxed) >= enough).then_some(()) }).await;
    }
}

async fn load(client: Client, acknowledged: Arc<Acknowledged>, first: usize) {
    for number in first.. {
        if acknowledged.over.load(Ordering::Relaxed) {
            return;
        }
        let answer = client.guard("sync=true", &exchange(number)).await;
        if answer.status == 200 {
            let id = answer.json()["request_id"].as_str().unwrap().to_owned();
            acknowledged.ids.lock().unwrap().insert(id);
            acknowledged.answers.fetch_add(1, Ordering::Relaxed);
        } else {
            // No promise: the core is gone, or was on its way.
            assert_eq!(answer.status, 503, "{}", String::from_utf8_lossy(&answer.body));
            acknowledged.refusals.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn request_ids(received: &[Received]) -> HashSet<String> {
    received.iter().map(|message| message.headers["portcullis-request-id"].clone()).collect()
}

/// Request ids by the API, and an event of each node.
async fn listed(client: &Client) -> (HashSet<String>, HashMap<String, String>) {
    let (mut ids, mut nodes, mut after) = (HashSet::new(), HashMap::new(), String::new());
    loop {
        let page = client.get(&format!("/v1/events?limit=1000&after={after}")).await.json();
        for event in page["events"].as_array().unwrap() {
            ids.insert(event["request_id"].as_str().unwrap().to_owned());
            let id = event["id"].as_str().unwrap();
            nodes.insert(id[..8].to_owned(), id.to_owned());
        }
        match page["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => return (ids, nodes),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_of_one_core_of_two_loses_nothing_and_either_adapter_shows_all() {
    let broker = Broker::start().await;
    broker.create(TOPIC).await;
    let database = Postgres::shared().await.database().await;
    let (first, core) = node(&broker, &database);
    let (second, _other) = node(&broker, &database);
    let (one, two) = (Arc::new(Acknowledged::default()), Arc::new(Acknowledged::default()));
    let tasks: Vec<_> = [(&first, &one), (&second, &two)]
        .into_iter()
        .flat_map(|(node, acknowledged)| (0..4).map(move |task| (node, acknowledged, task)))
        .map(|(node, acknowledged, task)| {
            tokio::spawn(load(Client::of(&node.adapter), Arc::clone(acknowledged), task * 1_000_000))
        })
        .collect();
    one.more().await;
    core.kill();
    // The other goes on, and this one's adapter refuses.
    two.more().await;
    until(|| async { (one.refusals.load(Ordering::Relaxed) > 0).then_some(()) }).await;
    let before = one.ids.lock().unwrap().len();
    let core = first.core.start();
    one.more().await;
    for acknowledged in [&one, &two] {
        acknowledged.over.store(true, Ordering::Relaxed);
    }
    for task in tasks {
        task.await.unwrap();
    }
    let all: HashSet<_> = one.ids.lock().unwrap().union(&two.ids.lock().unwrap()).cloned().collect();
    assert!(before >= ENOUGH && all.len() >= 3 * ENOUGH, "{before} before the core died, {} in all", all.len());

    let sent = all.clone();
    let received = broker.received(TOPIC, move |received| request_ids(received).is_superset(&sent)).await;
    for node in [&first, &second] {
        let client = Client::of(&node.adapter);
        let (ids, nodes) = until(|| async {
            let listed = listed(&client).await;
            listed.0.is_superset(&all).then_some(listed)
        })
        .await;
        assert_eq!(nodes.len(), 2, "records of both nodes: {nodes:?}");
        for event in nodes.values() {
            let page = client.get(&format!("/events/{event}")).await;
            assert!(page.status == 200 && String::from_utf8_lossy(&page.body).contains("question"), "{event}");
        }
        println!("{} acknowledged, {} in the store, {} messages", all.len(), ids.len(), received.len());
    }
    // What came twice was counted once, whoever brought it.
    let counted = "SELECT (SELECT sum(count)::bigint FROM portcullis.tally) - (SELECT count(*) FROM portcullis.record)";
    assert_eq!(database.number(counted).await, Some(0));
    drop(core);
}
