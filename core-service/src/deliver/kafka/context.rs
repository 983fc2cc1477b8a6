//! What the client library says, as log lines. It speaks of brokers and topics, never of what a record holds.

use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::{
    client::ClientContext,
    config::RDKafkaLogLevel,
    error::{KafkaError, RDKafkaErrorCode as Code},
};

use crate::deliver::DeliveryFailure;

/// And why nothing gets there: of a message that found no broker the library says only that its time was over.
#[derive(Debug, Clone, Default)]
pub(super) struct Context(Arc<Mutex<Option<DeliveryFailure>>>);

impl Context {
    /// The last that was heard of a connection since something got there.
    pub(super) fn trouble(&self) -> Option<DeliveryFailure> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_well(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                tracing::error!(facility, "kafka: {message}");
            }
            RDKafkaLogLevel::Warning => tracing::warn!(facility, "kafka: {message}"),
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => tracing::info!(facility, "kafka: {message}"),
            RDKafkaLogLevel::Debug => tracing::debug!(facility, "kafka: {message}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, "kafka: {reason}");
        // That all brokers are down follows whatever each of them said, and is no news.
        let heard = match error.rdkafka_error_code() {
            Some(
                Code::Authentication | Code::SaslAuthenticationFailed | Code::UnsupportedSASLMechanism | Code::SSL,
            ) => DeliveryFailure::Refused,
            Some(Code::BrokerTransportFailure | Code::NetworkException | Code::Resolve) => DeliveryFailure::Unreachable,
            _ => return,
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(heard);
    }
}
