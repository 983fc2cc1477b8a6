//! Errors of the use cases as the one closed code.

use portcullis_api::error::{ApiError, ErrorCode};

use crate::{
    domain::exchange::Direction,
    events::StoreFault,
    extract::Unreadable,
    guardrail::{judge::JudgeError, service::GuardrailError},
    policy::set::UnknownPolicy,
    record::LogError,
};

pub(super) fn from_guardrail(error: GuardrailError) -> ApiError {
    match error {
        GuardrailError::Judge(error) => from_judge(error),
        GuardrailError::Log(error) => from_log(&error),
        GuardrailError::Overloaded => ApiError::new(ErrorCode::Overloaded, error.to_string()),
        GuardrailError::Unmasked(error) => {
            tracing::error!(%error, "findings could not be masked");
            ApiError::new(ErrorCode::Internal, "findings could not be masked; the payload must not pass")
        }
        GuardrailError::StagedOutage => ApiError::new(ErrorCode::Unavailable, error.to_string()),
        GuardrailError::Failed => ApiError::new(ErrorCode::Internal, "the check failed; the log has the cause"),
    }
}

pub(super) fn from_judge(error: JudgeError) -> ApiError {
    match error {
        JudgeError::UnknownPolicy(unknown) => from_unknown_policy(unknown),
        JudgeError::Unreadable { direction, cause: Unreadable { pointer, message } } => {
            let side = match direction {
                Direction::Request => "request",
                Direction::Response => "response",
            };
            let field = format!("{side}{pointer}");
            ApiError::new(ErrorCode::MalformedPayload, format!("{field}: {message}")).at(field)
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn from_unknown_policy(unknown: UnknownPolicy) -> ApiError {
    ApiError::new(ErrorCode::UnknownPolicy, unknown.to_string()).at("policies")
}

/// What a stream ends with that could go on for ever: the port waits for none.
pub(super) fn stopping() -> ApiError {
    ApiError::new(ErrorCode::Unavailable, "the core is shutting down")
}

/// The caller learns that nothing was recorded; the cause is for the operator's log.
pub(super) fn from_log(error: &LogError) -> ApiError {
    match error {
        LogError::Full => ApiError::new(ErrorCode::Overloaded, "the log is busy; nothing was recorded, try again"),
        LogError::Closed => ApiError::new(ErrorCode::Unavailable, "the service is shutting down"),
        LogError::Storage(_) | LogError::InUse { .. } | LogError::Schema { .. } | LogError::Io { .. } => {
            tracing::error!(%error, "the log cannot be used");
            ApiError::new(ErrorCode::StorageUnavailable, "the log cannot be written; nothing was recorded")
        }
    }
}

/// Of history alone: what is checked and ingested goes to the log.
pub(super) fn from_store(fault: StoreFault) -> ApiError {
    tracing::error!(%fault, "the event store cannot be used");
    let message = format!("the event store: {fault}; checks and ingestion go on, and nothing is lost");
    ApiError::new(ErrorCode::StorageUnavailable, message)
}
