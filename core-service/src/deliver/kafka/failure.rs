//! What an error of the client library means for the record.

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

use crate::deliver::{DeliveryFailure, Outcome};

/// What is not known here is tried again: a record is given up only where the broker says that it never takes it.
/// `trouble` is what is known of the connections.
pub(super) fn outcome(error: &KafkaError, trouble: Option<DeliveryFailure>) -> Outcome {
    let Some(code) = error.rdkafka_error_code() else { return Outcome::retry(DeliveryFailure::Unavailable) };
    let reason = match code {
        Code::MessageSizeTooLarge | Code::InvalidMessageSize => return Outcome::Permanent(DeliveryFailure::TooLarge),
        Code::InvalidRecord | Code::InvalidTimestamp => return Outcome::Permanent(DeliveryFailure::Rejected),
        Code::MessageTimedOut => trouble.unwrap_or(DeliveryFailure::TimedOut),
        Code::RequestTimedOut | Code::OperationTimedOut | Code::TimedOutQueue => DeliveryFailure::TimedOut,
        Code::BrokerTransportFailure | Code::AllBrokersDown | Code::NetworkException | Code::Resolve => {
            DeliveryFailure::Unreachable
        }
        Code::ThrottlingQuotaExceeded => DeliveryFailure::Throttled,
        Code::Authentication
        | Code::SaslAuthenticationFailed
        | Code::UnsupportedSASLMechanism
        | Code::TopicAuthorizationFailed
        | Code::ClusterAuthorizationFailed
        | Code::UnknownTopic
        | Code::UnknownTopicOrPartition
        | Code::UnknownPartition
        | Code::InvalidTopic
        | Code::PolicyViolation
        | Code::SSL => DeliveryFailure::Refused,
        _ => DeliveryFailure::Unavailable,
    };
    Outcome::retry(reason)
}

/// Whether the broker may mean another record that it was sent with this one.
pub(super) fn of_the_request(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            Code::MessageSizeTooLarge
                | Code::InvalidMessageSize
                | Code::InvalidRecord
                | Code::InvalidDifferentRecord
                | Code::InvalidTimestamp
        )
    )
}
