//! One closed error code for both programs, with its gRPC and its HTTP mapping side by side.
//!
//! A status carries the code as `google.rpc.ErrorInfo.reason`, so that the adapter answers with the
//! code that the core chose and not with a guess from the gRPC code.

use std::time::Duration;

use http::StatusCode;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// Domain of every `google.rpc.ErrorInfo` that this project sends.
pub const DOMAIN: &str = "portcullis";

/// What a caller that was turned away for lack of room waits before it tries again.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $reason:literal, $grpc:ident, $http:ident;)*) => {
        /// Every way in which a call can fail. The set is closed: callers may match on it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $($(#[$doc])* $variant,)* }

        impl ErrorCode {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name on the wire: `google.rpc.ErrorInfo.reason`, and `error` of a JSON body in lower case.
            pub const fn reason(self) -> &'static str {
                match self { $(Self::$variant => $reason,)* }
            }

            pub const fn grpc(self) -> Code {
                match self { $(Self::$variant => Code::$grpc,)* }
            }

            pub const fn http(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$http,)* }
            }
        }
    };
}

codes! {
    /// A field is missing or has a value that is not allowed.
    InvalidArgument = "INVALID_ARGUMENT", InvalidArgument, UNPROCESSABLE_ENTITY;
    /// Not JSON, cut off, not UTF-8, too deep, or not of the shape that it claims.
    MalformedPayload = "MALFORMED_PAYLOAD", InvalidArgument, UNPROCESSABLE_ENTITY;
    /// A policy was asked for by a name that is not loaded.
    UnknownPolicy = "UNKNOWN_POLICY", InvalidArgument, UNPROCESSABLE_ENTITY;
    /// A draft policy does not compile.
    InvalidPolicy = "INVALID_POLICY", InvalidArgument, UNPROCESSABLE_ENTITY;
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE", InvalidArgument, UNSUPPORTED_MEDIA_TYPE;
    PayloadTooLarge = "PAYLOAD_TOO_LARGE", ResourceExhausted, PAYLOAD_TOO_LARGE;
    /// The body did not arrive in time.
    RequestTimeout = "REQUEST_TIMEOUT", DeadlineExceeded, REQUEST_TIMEOUT;
    /// No credentials, or wrong ones: which of the two is not told.
    Unauthenticated = "UNAUTHENTICATED", Unauthenticated, UNAUTHORIZED;
    /// Who asks is known and may not, or nobody may: it is switched off.
    PermissionDenied = "PERMISSION_DENIED", PermissionDenied, FORBIDDEN;
    NotFound = "NOT_FOUND", NotFound, NOT_FOUND;
    MethodNotAllowed = "METHOD_NOT_ALLOWED", Unimplemented, METHOD_NOT_ALLOWED;
    Unimplemented = "UNIMPLEMENTED", Unimplemented, NOT_IMPLEMENTED;
    /// A queue stayed full until the caller's deadline, or there is no room for a body. Nothing was recorded.
    Overloaded = "OVERLOADED", Unavailable, SERVICE_UNAVAILABLE;
    /// The core cannot be reached, is starting, or is shutting down.
    Unavailable = "UNAVAILABLE", Unavailable, SERVICE_UNAVAILABLE;
    /// The log cannot be written: disk full, read-only, broken. Nothing was recorded.
    StorageUnavailable = "STORAGE_UNAVAILABLE", Unavailable, SERVICE_UNAVAILABLE;
    /// The caller's deadline came before a decision.
    DeadlineExceeded = "DEADLINE_EXCEEDED", DeadlineExceeded, SERVICE_UNAVAILABLE;
    /// A defect of this program. The log has the cause under the request id.
    Internal = "INTERNAL", Internal, INTERNAL_SERVER_ERROR;
}

impl ErrorCode {
    fn from_reason(reason: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.reason() == reason)
    }

    /// What a status says that did not come from this project: a transport that broke, a proxy.
    const fn from_foreign(code: Code) -> Self {
        match code {
            Code::Unauthenticated | Code::PermissionDenied => Self::Unauthenticated,
            Code::NotFound => Self::NotFound,
            Code::InvalidArgument | Code::OutOfRange | Code::FailedPrecondition => Self::InvalidArgument,
            // tonic refuses a message over the size limit with OUT_OF_RANGE or RESOURCE_EXHAUSTED.
            Code::ResourceExhausted => Self::Overloaded,
            Code::DeadlineExceeded | Code::Cancelled => Self::DeadlineExceeded,
            Code::Unimplemented => Self::Unimplemented,
            Code::Unavailable | Code::Aborted => Self::Unavailable,
            Code::Ok | Code::Unknown | Code::AlreadyExists | Code::Internal | Code::DataLoss => Self::Internal,
        }
    }

    /// Whether the same call may succeed a little later.
    pub const fn is_retryable(self) -> bool {
        matches!(self.http(), StatusCode::SERVICE_UNAVAILABLE)
    }
}

/// An error as a caller sees it: safe to send, and without any of the text that was checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    pub code: ErrorCode,
    pub message: String,
    /// The field at fault, as a path or a JSON pointer.
    pub field: Option<String>,
}

impl ApiError {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None }
    }

    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }
}

/// A field with a value that is not allowed.
pub fn invalid(field: &str, why: impl std::fmt::Display) -> ApiError {
    ApiError::new(ErrorCode::InvalidArgument, format!("`{field}` {why}")).at(field)
}

impl From<ApiError> for Status {
    fn from(error: ApiError) -> Self {
        let mut details = ErrorDetails::new();
        details.set_error_info(error.code.reason(), DOMAIN, std::collections::HashMap::new());
        if let Some(field) = &error.field {
            details.add_bad_request_violation(field.as_str(), error.message.as_str());
        }
        if error.code.is_retryable() {
            details.set_retry_info(Some(RETRY_AFTER));
        }
        Self::with_error_details(error.code.grpc(), error.message, details)
    }
}

impl From<&Status> for ApiError {
    fn from(status: &Status) -> Self {
        let details = status.get_error_details();
        let own = own_code(&details);
        let field =
            details.bad_request().and_then(|bad| bad.field_violations.first()).map(|violation| violation.field.clone());
        match own {
            Some(code) => Self { code, message: status.message().to_owned(), field },
            None => {
                let code = ErrorCode::from_foreign(status.code());
                // A foreign message can name hosts and causes that are not the caller's business.
                let message = match code {
                    ErrorCode::Unavailable => "the core service cannot be reached",
                    ErrorCode::DeadlineExceeded => "the core service did not answer in time",
                    ErrorCode::Internal => "the core service failed",
                    _ => status.message(),
                };
                Self { code, message: message.to_owned(), field }
            }
        }
    }
}

/// What a server's library says of a call that it cannot read, in the closed code: too many bytes of it, or not of the
/// shape that it has to have. None for what this project says itself, and for any other status.
pub fn unread(status: &Status) -> Option<Status> {
    let code = match status.code() {
        // The second is of a message that is too long only once it is unpacked.
        Code::OutOfRange | Code::ResourceExhausted => ErrorCode::PayloadTooLarge,
        // No message of protobuf's, one of another shape, nested too deep, or cut off.
        Code::Internal => ErrorCode::MalformedPayload,
        Code::Unimplemented => ErrorCode::Unimplemented,
        _ => return None,
    };
    let is_own = own_code(&status.get_error_details()).is_some();
    (!is_own).then(|| ApiError::new(code, status.message()).into())
}

fn own_code(details: &ErrorDetails) -> Option<ErrorCode> {
    let info = details.error_info().filter(|info| info.domain == DOMAIN)?;
    ErrorCode::from_reason(&info.reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods, reason = "what a library says")]
    fn what_a_library_could_not_read_is_told_in_the_closed_code() {
        for (said, code) in [
            (Status::out_of_range("too large"), Some(ErrorCode::PayloadTooLarge)),
            (Status::resource_exhausted("too large once unpacked"), Some(ErrorCode::PayloadTooLarge)),
            (Status::internal("recursion limit reached"), Some(ErrorCode::MalformedPayload)),
            (Status::unimplemented(""), Some(ErrorCode::Unimplemented)),
            (Status::not_found("no such service"), None),
            (ApiError::new(ErrorCode::Internal, "a defect").into(), None),
            (ApiError::new(ErrorCode::PayloadTooLarge, "too large").into(), None),
        ] {
            let told = unread(&said);
            let own = told.as_ref().map(|status| (own_code(&status.get_error_details()), status.code()));
            assert_eq!(own, code.map(|code| (Some(code), code.grpc())), "{said:?}");
        }
    }

    #[test]
    fn every_code_survives_the_wire() {
        for &code in ErrorCode::ALL {
            let sent = ApiError::new(code, "why").at("/messages/0");
            let status = Status::from(sent.clone());
            assert_eq!(status.code(), code.grpc());
            assert_eq!(ApiError::from(&status), sent);
        }
    }

    #[test]
    fn reasons_are_distinct() {
        for (index, code) in ErrorCode::ALL.iter().enumerate() {
            assert!(ErrorCode::ALL[index + 1..].iter().all(|other| other.reason() != code.reason()));
        }
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "what another program sends")]
    fn a_foreign_status_tells_nothing_of_the_inside() {
        let error = ApiError::from(&Status::unavailable("tcp connect error: 10.1.2.3:50051"));
        assert_eq!(error.code, ErrorCode::Unavailable);
        assert!(!error.message.contains("10.1.2.3"));
    }
}
