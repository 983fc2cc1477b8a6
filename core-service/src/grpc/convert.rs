//! Wire types to domain types, once, at the edge; and back.

mod outgoing;
mod payload;

pub(crate) use self::outgoing::stored;
pub(super) use self::{
    outgoing::{action, check_response, event, kind, log_status, reveal, review, search_status, text},
    payload::{Spelling, one, payloads, side},
};

use std::collections::BTreeMap;

use portcullis_api::{
    access::Principal,
    error::{ApiError, ErrorCode},
    limits,
    trace::{TRACEPARENT, Traceparent},
    v1,
};

use crate::domain::exchange::CallContext;

const MAX_METADATA: usize = 64;
const MAX_POLICIES: usize = 64;

pub(super) fn invalid(field: &str, message: impl std::fmt::Display) -> ApiError {
    ApiError::new(ErrorCode::InvalidArgument, format!("{field}: {message}")).at(field)
}

/// `caller` is who asked at a port; none: the adapter in this process, which has asked its callers itself and is
/// believed.
pub(super) fn context(context: Option<v1::CallContext>, caller: Option<&Principal>) -> Result<CallContext, ApiError> {
    let v1::CallContext { source, user, team, model, client_ip, metadata, envelope, principal } =
        context.unwrap_or_default();
    if source.len() > limits::SOURCE {
        return Err(invalid("context.source", format_args!("longer than {} bytes", limits::SOURCE)));
    }
    for (field, value) in
        [("context.user", &user), ("context.team", &team), ("context.model", &model), ("context.client_ip", &client_ip)]
    {
        if value.len() > limits::LABEL {
            return Err(invalid(field, format_args!("longer than {} bytes", limits::LABEL)));
        }
    }
    if principal.len() > 128 {
        return Err(invalid("context.principal", "longer than 128 bytes"));
    }
    if metadata.len() > MAX_METADATA {
        return Err(invalid("context.metadata", format_args!("more than {MAX_METADATA} entries")));
    }
    let source = if source.is_empty() { "grpc".to_owned() } else { source };
    let mut metadata: BTreeMap<_, _> = metadata.into_iter().collect();
    // With the record, so that whoever gets it later is told, too: after a restart as before.
    if let Some(current) = Traceparent::current() {
        metadata.insert(TRACEPARENT.to_owned(), current.to_string());
    }
    let principal = match caller {
        Some(caller) => caller.scope(&principal),
        None => principal,
    };
    Ok(CallContext { source, user, team, model, client_ip, metadata, envelope, principal })
}

/// Of an answer; 200 when none is said.
pub(super) fn http_status(status: u32) -> Result<u16, ApiError> {
    match u16::try_from(status) {
        Ok(0) => Ok(200),
        Ok(status @ 100..=599) => Ok(status),
        Ok(_) | Err(_) => Err(invalid("status", "100 to 599")),
    }
}

pub(super) fn policies(names: Vec<String>) -> Result<Vec<String>, ApiError> {
    if names.len() > MAX_POLICIES {
        return Err(invalid("policies", format_args!("more than {MAX_POLICIES}")));
    }
    match names.iter().find(|name| name.is_empty() || name.len() > 64) {
        // Not repeated: a name that cannot be one is anything.
        Some(_) => Err(ApiError::new(ErrorCode::UnknownPolicy, "policies: a name has 1 to 64 bytes").at("policies")),
        None => Ok(names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_one_of_http_and_200_when_none_is_said() {
        assert_eq!([0, 100, 599].map(|status| http_status(status).ok()), [Some(200), Some(100), Some(599)]);
        for wrong in [1, 99, 600, 65_636, u32::MAX] {
            assert_eq!(http_status(wrong).unwrap_err().field.as_deref(), Some("status"), "{wrong}");
        }
    }

    #[test]
    fn a_caller_is_who_it_showed_to_be_whatever_it_claims() {
        let claims =
            |principal: &str| v1::CallContext { principal: principal.to_owned(), ..v1::CallContext::default() };
        let read = |claimed, caller| context(Some(claims(claimed)), caller).unwrap().principal;
        let nobody = Principal::default();
        assert_eq!(read("basic:ann", None), "basic:ann");
        assert_eq!(read("basic:ann", Some(&nobody)), "/basic:ann");
        assert_eq!(read("", Some(&nobody)), "");
        assert!(context(Some(claims(&"x".repeat(129))), None).is_err());
    }
}
