//! A real broker that speaks Kafka's protocol, behind a proxy that can misbehave.

use std::{
    collections::BTreeMap,
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

use crate::{Fault, Faults, authority::Authority, until};

pub const PARTITIONS: i32 = 3;

/// It keeps what it was given in memory: it is never down itself, only not to be reached.
#[derive(Debug)]
pub struct Broker {
    child: Child,
    /// Past the proxy, for those who look at what has arrived.
    direct: SocketAddr,
    faults: Faults,
    /// What clients are given, where that is not the proxy.
    secure: Option<(SocketAddr, String)>,
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
        Self::behind(listener, address, None).await
    }

    /// That is reached by TLS alone, with the authority's certificate for `127.0.0.1`.
    pub async fn start_with_tls(authority: &Authority) -> Self {
        let (secure, address) = Faults::bind().await;
        let (listener, open) = Faults::bind().await;
        authority.terminate(secure, open);
        Self::behind(listener, address, Some((address, authority.file("ca.crt")))).await
    }

    async fn behind(
        listener: tokio::net::TcpListener,
        address: SocketAddr,
        secure: Option<(SocketAddr, String)>,
    ) -> Self {
        // It cannot be told to choose a port itself.
        let direct = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new(program())
            .arg("broker")
            .env_clear()
            .env("LISTENER_URL", format!("tcp://{direct}"))
            .env("ADVERTISED_LISTENER_URL", format!("tcp://{address}"))
            .env("STORAGE_ENGINE", "memory://tansu/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let broker = Self { child, direct, faults: Faults::before(listener, direct), secure };
        until(|| async { TcpStream::connect(direct).await.ok() }).await;
        broker
    }

    /// What clients are given: `host:port` of the proxy, or of what ends TLS before it.
    pub fn address(&self) -> String {
        self.secure.as_ref().map_or(self.faults.address(), |(address, _)| *address).to_string()
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
        if let Some((_, ca)) = &self.secure {
            config.set("security.protocol", "ssl").set("ssl.ca.location", ca);
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
