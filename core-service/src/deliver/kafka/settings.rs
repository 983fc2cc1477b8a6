//! How to reach the brokers, and what goes to them.

use std::{fmt, path::PathBuf, time::Duration};

use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use serde::Deserialize;

/// What a value is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Value {
    /// Akto's flat record, JSON.
    #[default]
    Akto,
    /// `portcullis.v1.GetEventResponse`: the event with its payloads as they were recorded.
    Protobuf,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    None,
    Gzip,
    Snappy,
    #[default]
    Lz4,
    Zstd,
}

impl Compression {
    const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    Plaintext,
    Ssl,
    SaslPlaintext,
    SaslSsl,
}

impl Security {
    const fn is_ssl(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Plaintext, Self::Ssl, Self::SaslPlaintext, Self::SaslSsl]
            .into_iter()
            .find(|security| security.as_str().eq_ignore_ascii_case(text))
    }

    pub const fn is_sasl(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Plaintext => "PLAINTEXT",
            Self::Ssl => "SSL",
            Self::SaslPlaintext => "SASL_PLAINTEXT",
            Self::SaslSsl => "SASL_SSL",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    Plain,
    ScramSha256,
    ScramSha512,
}

impl Mechanism {
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Plain, Self::ScramSha256, Self::ScramSha512]
            .into_iter()
            .find(|mechanism| mechanism.as_str().eq_ignore_ascii_case(text))
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub mechanism: Mechanism,
    pub username: String,
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("mechanism", &self.mechanism).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaSettings {
    /// `host:port`, several with commas between.
    pub brokers: String,
    pub topic: String,
    /// Of records that a policy objected to, a copy goes here too.
    pub violations_topic: Option<String>,
    pub security: Security,
    pub credentials: Option<Credentials>,
    /// Certificates that the brokers' have to come from, PEM; the system's when not given.
    pub ca: Option<PathBuf>,
    pub compression: Compression,
    /// Bytes of one record with its key and headers, before compression. A larger one goes without its payloads and
    /// says where they are.
    pub max_request_bytes: usize,
    /// After which a record that no broker took is tried again from the log.
    pub timeout: Duration,
    pub value: Value,
}

impl KafkaSettings {
    pub const TOPIC: &str = "akto.api.logs";
    /// As Akto's own producer has it.
    pub const MAX_REQUEST_BYTES: usize = 5_242_880;
    pub const TIMEOUT: Duration = Duration::from_secs(30);

    pub(super) fn client(&self, client_id: &str) -> ClientConfig {
        let mut config = ClientConfig::new();
        let bytes = self.max_request_bytes.to_string();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", client_id)
            // Implies acks=all, and keeps the order of a partition over retries.
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("compression.type", self.compression.as_str())
            .set("linger.ms", "5")
            .set("message.max.bytes", &bytes)
            .set("message.timeout.ms", self.timeout.as_millis().to_string())
            // The same partition for a key as the Java clients give it.
            .set("partitioner", "murmur2_random")
            .set("socket.keepalive.enable", "true")
            .set("reconnect.backoff.max.ms", "5000")
            .set("security.protocol", self.security.as_str())
            .set_log_level(RDKafkaLogLevel::Warning);
        if let Some(credentials) = &self.credentials {
            config
                .set("sasl.mechanism", credentials.mechanism.as_str())
                .set("sasl.username", &credentials.username)
                .set("sasl.password", &credentials.password);
        }
        match &self.ca {
            Some(ca) => {
                config.set("ssl.ca.location", ca.to_string_lossy());
            }
            // What is linked in looks for certificates where it was built, and finds none. Not where the environment
            // names a place, which OpenSSL reads itself.
            None if self.security.is_ssl()
                && ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().all(|name| std::env::var_os(name).is_none()) =>
            {
                config.set("ssl.ca.location", "probe");
            }
            None => {}
        }
        config
    }
}
