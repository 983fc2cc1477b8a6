//! A real broker that speaks Kafka's protocol, behind a proxy that can misbehave.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use rdkafka::{
    ClientConfig, Message as _, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer as _},
    message::Headers as _,
};
use tokio::net::TcpStream;

use crate::{
    Fault, Faults,
    authority::Authority,
    front::{Front, User},
    until,
};

pub const PARTITIONS: i32 = 3;

/// It keeps what it was given in memory: it is never down itself, only not to be reached.
#[derive(Debug)]
pub struct Broker {
    child: Child,
    /// Past the proxy, for those who look at what has arrived.
    direct: SocketAddr,
    faults: Faults,
    way: Way,
}

/// How clients come to it.
#[derive(Debug)]
struct Way {
    /// None: the proxy is left out.
    address: Option<SocketAddr>,
    /// Of the tests' own clients.
    settings: Vec<(&'static str, String)>,
    front: Option<Front>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub partition: i32,
    pub offset: i64,
    pub key: Option<String>,
    pub value: Vec<u8>,
    pub headers: BTreeMap<String, String>,
}

impl Received {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.value).unwrap()
    }
}

fn program() -> PathBuf {
    let tools = std::env::var_os("PORTCULLIS_TEST_TOOLS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".tools"), PathBuf::from);
    let program = tools.join("tansu");
    assert!(program.exists(), "{} is missing: run integration-tests/run", program.display());
    program
}

impl Broker {
    pub async fn start() -> Self {
        let (listener, address) = Faults::bind().await;
        Self::behind(listener, Way { address: Some(address), settings: Vec::new(), front: None }).await
    }

    /// Without the proxy, which takes its time: to measure.
    pub async fn start_alone() -> Self {
        let (unused, _) = Faults::bind().await;
        Self::behind(unused, Way { address: None, settings: Vec::new(), front: None }).await
    }

    /// That is reached by TLS alone, with the authority's certificate for `127.0.0.1`.
    pub async fn start_with_tls(authority: &Authority) -> Self {
        let (secure, address) = Faults::bind().await;
        let (listener, open) = Faults::bind().await;
        authority.terminate(secure, open);
        let ca = ("ssl.ca.location", authority.file("ca.crt"));
        let settings = vec![("security.protocol", "ssl".to_owned()), ca];
        Self::behind(listener, Way { address: Some(address), settings, front: None }).await
    }

    /// That lets in one user alone; with an authority by TLS.
    pub async fn start_with_sasl(mechanism: &str, user: &User, authority: Option<&Authority>) -> Self {
        let (mut asks, address) = Faults::bind().await;
        let (listener, open) = Faults::bind().await;
        let mut settings = vec![
            ("security.protocol", "sasl_plaintext".to_owned()),
            ("sasl.mechanism", mechanism.to_owned()),
            ("sasl.username", user.name.clone()),
            ("sasl.password", user.password.clone()),
        ];
        if let Some(authority) = authority {
            let (inner, behind) = Faults::bind().await;
            authority.terminate(std::mem::replace(&mut asks, inner), behind);
            settings[0].1 = "sasl_ssl".to_owned();
            settings.push(("ssl.ca.location", authority.file("ca.crt")));
        }
        let front = Front::before(asks, address, open, Some(vec![user.clone()]));
        Self::behind(listener, Way { address: Some(address), settings, front: Some(front) }).await
    }

    /// With somebody before it who sees how what comes is compressed.
    pub async fn start_watched() -> Self {
        let (asks, address) = Faults::bind().await;
        let (listener, open) = Faults::bind().await;
        let front = Front::before(asks, address, open, None);
        Self::behind(listener, Way { address: Some(address), settings: Vec::new(), front: Some(front) }).await
    }

    async fn behind(listener: tokio::net::TcpListener, way: Way) -> Self {
        // It cannot be told to choose a port itself.
        let direct = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new(program())
            .arg("broker")
            .env_clear()
            .env("LISTENER_URL", format!("tcp://{direct}"))
            .env("ADVERTISED_LISTENER_URL", format!("tcp://{}", way.address.unwrap_or(direct)))
            .env("STORAGE_ENGINE", "memory://tansu/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let broker = Self { child, direct, faults: Faults::before(listener, direct), way };
        until(|| async { TcpStream::connect(direct).await.ok() }).await;
        broker
    }

    /// What clients are given: `host:port` of the proxy, or of what stands before it.
    pub fn address(&self) -> String {
        self.way.address.unwrap_or(self.direct).to_string()
    }

    /// Who came, where it asks: the mechanism, and whether they were let in.
    pub fn logins(&self) -> Vec<(String, bool)> {
        self.way.front.as_ref().map(Front::logins).unwrap_or_default()
    }

    /// How what came for a topic was compressed, by Kafka's numbers, where that is seen.
    pub fn codecs(&self, topic: &str) -> BTreeSet<u8> {
        self.way.front.as_ref().map(|front| front.codecs(topic)).unwrap_or_default()
    }

    pub fn set(&self, fault: Fault) {
        self.faults.set(fault);
    }

    /// Only while it is to be reached.
    pub async fn create(&self, topic: &str) {
        let admin: AdminClient<DefaultClientContext> = self.config().create().unwrap();
        let new = NewTopic::new(topic, PARTITIONS, TopicReplication::Fixed(1));
        for made in admin.create_topics(&[new], &AdminOptions::new()).await.unwrap() {
            made.unwrap();
        }
    }

    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.address());
        for (name, value) in &self.way.settings {
            config.set(*name, value);
        }
        config
    }

    /// All that is in the topic, once it is `enough`. Only while it is to be reached.
    pub async fn received(&self, topic: &str, enough: impl Fn(&[Received]) -> bool + Send + 'static) -> Vec<Received> {
        let mut config = self.config();
        config.set("group.id", "tests").set("enable.auto.commit", "false").set("fetch.message.max.bytes", "16777216");
        let topic = topic.to_owned();
        tokio::task::spawn_blocking(move || {
            let consumer: BaseConsumer = config.create().unwrap();
            let mut from = TopicPartitionList::new();
            for partition in 0..PARTITIONS {
                from.add_partition_offset(&topic, partition, Offset::Beginning).unwrap();
            }
            consumer.assign(&from).unwrap();
            let mut received = Vec::new();
            while !enough(&received) {
                let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) else { continue };
                let text = |bytes: Option<&[u8]>| bytes.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
                let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
                received.push(Received {
                    partition: message.partition(),
                    offset: message.offset(),
                    key: text(message.key()),
                    value: message.payload().unwrap_or_default().to_vec(),
                    headers: headers
                        .map(|header| (header.key.to_owned(), text(header.value).unwrap_or_default()))
                        .collect(),
                });
            }
            received
        })
        .await
        .unwrap()
    }

    /// How many messages are in the topic now. Only while it is to be reached.
    pub async fn count(&self, topic: &str) -> i64 {
        let config = self.config();
        let topic = topic.to_owned();
        let count = move || {
            let consumer: BaseConsumer = config.create().unwrap();
            let of = |partition| consumer.fetch_watermarks(&topic, partition, Duration::from_secs(60)).unwrap();
            (0..PARTITIONS).map(of).map(|(first, end)| end - first).sum()
        };
        tokio::task::spawn_blocking(count).await.unwrap()
    }

    pub fn direct(&self) -> SocketAddr {
        self.direct
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
