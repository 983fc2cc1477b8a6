//! The Kafka sink's settings, Akto's names for them included.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use serde::Deserialize;

use super::{Secret, SettingsError, set};
use crate::deliver::{Compression, KafkaCredentials, KafkaSettings, Mechanism, Security, Value};

#[derive(Debug, Clone, Default, Args)]
pub struct KafkaOverrides {
    /// Kafka's brokers, `host:port`, comma separated; no delivery to Kafka without.
    #[arg(long, env = "PORTCULLIS_KAFKA_BROKERS", value_name = "BROKERS")]
    pub kafka_brokers: Option<String>,
    /// Topic of the records; `akto.api.logs` when not given.
    #[arg(long, env = "PORTCULLIS_KAFKA_TOPIC", value_name = "TOPIC")]
    pub kafka_topic: Option<String>,
    /// Topic of a copy of the records that a policy objected to; none without.
    #[arg(long, env = "PORTCULLIS_KAFKA_VIOLATIONS_TOPIC", value_name = "TOPIC")]
    pub kafka_violations_topic: Option<String>,
    #[arg(long, env = "PORTCULLIS_KAFKA_USERNAME", value_name = "NAME")]
    pub kafka_username: Option<String>,
    #[arg(long, env = "PORTCULLIS_KAFKA_PASSWORD", value_name = "PASSWORD", hide_env_values = true)]
    pub kafka_password: Option<Secret>,
    /// PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
    #[arg(long, env = "PORTCULLIS_KAFKA_SASL_MECHANISM", value_name = "MECHANISM")]
    pub kafka_sasl_mechanism: Option<String>,
    /// PLAINTEXT, SSL, `SASL_PLAINTEXT` or `SASL_SSL`.
    #[arg(long, env = "PORTCULLIS_KAFKA_SECURITY_PROTOCOL", value_name = "PROTOCOL")]
    pub kafka_security_protocol: Option<String>,
    /// Certificates that the brokers' have to come from, PEM.
    #[arg(long, env = "PORTCULLIS_KAFKA_CA", value_name = "FILE")]
    pub kafka_ca: Option<PathBuf>,
    /// Bytes of the largest record; a larger one goes without its payloads.
    #[arg(long, env = "PORTCULLIS_KAFKA_MAX_REQUEST_SIZE", value_name = "BYTES")]
    pub kafka_max_request_size: Option<usize>,
    #[command(flatten)]
    pub akto: AktoKafkaOverrides,
}

/// The names that Akto's services give to the same; the others win.
#[derive(Debug, Clone, Default, Args)]
pub struct AktoKafkaOverrides {
    #[arg(long, env = "AKTO_KAFKA_BROKER_URL", hide = true)]
    pub akto_kafka_broker_url: Option<String>,
    #[arg(long, env = "AKTO_KAFKA_TOPIC", hide = true)]
    pub akto_kafka_topic: Option<String>,
    #[arg(long, env = "AKTO_KAFKA_USERNAME", hide = true)]
    pub akto_kafka_username: Option<String>,
    #[arg(long, env = "AKTO_KAFKA_PASSWORD", hide = true)]
    pub akto_kafka_password: Option<Secret>,
    #[arg(long, env = "AKTO_KAFKA_SASL_MECHANISM", hide = true)]
    pub akto_kafka_sasl_mechanism: Option<String>,
    #[arg(long, env = "AKTO_KAFKA_SECURITY_PROTOCOL", hide = true)]
    pub akto_kafka_security_protocol: Option<String>,
    #[arg(long, env = "AKTO_KAFKA_MAX_REQUEST_SIZE", hide = true)]
    pub akto_kafka_max_request_size: Option<usize>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KafkaFile {
    pub brokers: Option<String>,
    pub topic: Option<String>,
    pub violations_topic: Option<String>,
    pub username: Option<String>,
    pub password: Option<Secret>,
    pub sasl_mechanism: Option<String>,
    pub security_protocol: Option<String>,
    pub ca: Option<PathBuf>,
    pub compression: Option<Compression>,
    pub max_request_bytes: Option<usize>,
    /// Milliseconds after which a record that no broker took is tried again.
    pub timeout_ms: Option<u64>,
    pub value: Option<Value>,
}

/// None when no broker is named.
pub(super) fn kafka(overrides: &KafkaOverrides, file: &KafkaFile) -> Result<Option<KafkaSettings>, SettingsError> {
    let akto = &overrides.akto;
    let pick = |flag: &Option<String>, akto: &Option<String>, file: &Option<String>| {
        [flag, akto, file].into_iter().find_map(|given| set(given.as_ref()).cloned())
    };
    let Some(brokers) = pick(&overrides.kafka_brokers, &akto.akto_kafka_broker_url, &file.brokers) else {
        return Ok(None);
    };
    let invalid = |name, message: &str| SettingsError::Invalid { name, message: message.to_owned() };
    let username = pick(&overrides.kafka_username, &akto.akto_kafka_username, &file.username);
    let mechanism = pick(&overrides.kafka_sasl_mechanism, &akto.akto_kafka_sasl_mechanism, &file.sasl_mechanism);
    let mechanism = mechanism.map_or(Some(Mechanism::Plain), |name| Mechanism::parse(&name));
    let mechanism =
        mechanism.ok_or_else(|| invalid("kafka.sasl_mechanism", "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"))?;
    let password = [&overrides.kafka_password, &akto.akto_kafka_password, &file.password];
    let password = password.into_iter().flatten().find(|password| !password.expose().is_empty());
    let credentials = match (username, password) {
        (None, None) => None,
        (Some(username), Some(password)) => {
            Some(KafkaCredentials { mechanism, username, password: password.expose().to_owned() })
        }
        _ => return Err(invalid("kafka.password", "a user name and its password are given together, or neither is")),
    };
    let protocol =
        pick(&overrides.kafka_security_protocol, &akto.akto_kafka_security_protocol, &file.security_protocol);
    let security = match protocol {
        Some(name) => Security::parse(&name)
            .ok_or_else(|| invalid("kafka.security_protocol", "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"))?,
        // A password goes over no open wire unless it is said.
        None if credentials.is_some() => Security::SaslSsl,
        None if overrides.kafka_ca.is_some() || file.ca.is_some() => Security::Ssl,
        None => Security::Plaintext,
    };
    if security.is_sasl() != credentials.is_some() {
        return Err(invalid("kafka.security_protocol", "SASL and a user name with its password go together"));
    }
    let max_request_bytes = overrides
        .kafka_max_request_size
        .or(akto.akto_kafka_max_request_size)
        .or(file.max_request_bytes)
        .unwrap_or(KafkaSettings::MAX_REQUEST_BYTES);
    // What the library takes, and room for a marked record.
    if !(16_384..=1_000_000_000).contains(&max_request_bytes) {
        return Err(invalid("kafka.max_request_bytes", "16384 to 1000000000"));
    }
    let timeout = file.timeout_ms.map_or(KafkaSettings::TIMEOUT, Duration::from_millis);
    if !(Duration::from_millis(100)..=Duration::from_secs(300)).contains(&timeout) {
        return Err(invalid("kafka.timeout_ms", "100 to 300000"));
    }
    Ok(Some(KafkaSettings {
        brokers,
        topic: pick(&overrides.kafka_topic, &akto.akto_kafka_topic, &file.topic)
            .unwrap_or_else(|| KafkaSettings::TOPIC.to_owned()),
        violations_topic: pick(&overrides.kafka_violations_topic, &None, &file.violations_topic),
        security,
        credentials,
        ca: overrides.kafka_ca.clone().or_else(|| file.ca.clone()),
        compression: file.compression.unwrap_or_default(),
        max_request_bytes,
        timeout,
        value: file.value.unwrap_or_default(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str, overrides: &KafkaOverrides) -> Result<Option<KafkaSettings>, SettingsError> {
        kafka(overrides, &toml::from_str(toml).unwrap())
    }

    #[test]
    fn without_a_broker_there_is_no_kafka() {
        assert!(read("topic = 't'", &KafkaOverrides::default()).unwrap().is_none());
        let empty = KafkaOverrides { kafka_brokers: Some(" ".to_owned()), ..KafkaOverrides::default() };
        assert!(read("", &empty).unwrap().is_none());
    }

    #[test]
    fn aktos_names_are_understood_and_ours_win() {
        let akto = AktoKafkaOverrides {
            akto_kafka_broker_url: Some("b:9092".to_owned()),
            akto_kafka_topic: Some("theirs".to_owned()),
            akto_kafka_username: Some("ann".to_owned()),
            akto_kafka_password: Some("hunter2".into()),
            akto_kafka_sasl_mechanism: Some("scram-sha-512".to_owned()),
            akto_kafka_security_protocol: Some("SASL_PLAINTEXT".to_owned()),
            akto_kafka_max_request_size: Some(1_000_000),
        };
        let settings = read("", &KafkaOverrides { akto: akto.clone(), ..KafkaOverrides::default() }).unwrap().unwrap();
        assert_eq!((settings.brokers.as_str(), settings.topic.as_str()), ("b:9092", "theirs"));
        assert_eq!((settings.security, settings.max_request_bytes), (Security::SaslPlaintext, 1_000_000));
        assert_eq!(settings.credentials.unwrap().mechanism, Mechanism::ScramSha512);
        let ours = KafkaOverrides { kafka_topic: Some("ours".to_owned()), akto, ..KafkaOverrides::default() };
        assert_eq!(read("topic = 'file'", &ours).unwrap().unwrap().topic, "ours");
    }

    #[test]
    fn a_password_goes_by_tls_unless_it_is_said() {
        let with = |rest: &str| format!("brokers = 'b'\nusername = 'ann'\npassword = 'p'\n{rest}");
        let security = |rest: &str| read(&with(rest), &KafkaOverrides::default()).unwrap().unwrap().security;
        assert_eq!(security(""), Security::SaslSsl);
        assert_eq!(security("security_protocol = 'sasl_plaintext'"), Security::SaslPlaintext);
        let open = read("brokers = 'b'", &KafkaOverrides::default()).unwrap().unwrap();
        assert_eq!((open.security, open.topic.as_str()), (Security::Plaintext, "akto.api.logs"));
    }

    #[test]
    fn what_cannot_be_is_an_error_that_names_the_setting() {
        for (toml, name) in [
            ("brokers = 'b'\nusername = 'ann'", "kafka.password"),
            ("brokers = 'b'\nsecurity_protocol = 'tls'", "kafka.security_protocol"),
            ("brokers = 'b'\nsecurity_protocol = 'SASL_SSL'", "kafka.security_protocol"),
            ("brokers = 'b'\nsasl_mechanism = 'GSSAPI'", "kafka.sasl_mechanism"),
            ("brokers = 'b'\nmax_request_bytes = 1", "kafka.max_request_bytes"),
            ("brokers = 'b'\ntimeout_ms = 1", "kafka.timeout_ms"),
        ] {
            let error = read(toml, &KafkaOverrides::default()).unwrap_err();
            assert!(matches!(error, SettingsError::Invalid { name: named, .. } if named == name), "{toml}: {error}");
        }
    }
}
