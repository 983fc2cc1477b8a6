//! The query of a gateway's call, read once and strictly: a flag that is misread would be a guardrail that is off.

use std::borrow::Cow;

use portcullis_api::error::{ApiError, ErrorCode};

use crate::settings::Contract;

/// What a gateway may choose, by the query or by its `config`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Validate,
    Mutate,
}

impl Operation {
    pub(crate) fn parse(text: &str, field: &str) -> Result<Self, ApiError> {
        if text.eq_ignore_ascii_case("validate") {
            Ok(Self::Validate)
        } else if text.eq_ignore_ascii_case("mutate") {
            Ok(Self::Mutate)
        } else {
            Err(invalid(field, "must be `validate` or `mutate`"))
        }
    }

    /// To answer a mutate call as if it were a validate call would let through what should have been masked.
    pub(crate) fn require_validate(self, field: &str) -> Result<(), ApiError> {
        match self {
            Self::Validate => Ok(()),
            Self::Mutate => {
                let message = "the operation `mutate` is not built yet: set this guardrail up as `validate`";
                Err(ApiError::new(ErrorCode::Unimplemented, message).at(field))
            }
        }
    }
}

pub(crate) fn parse_contract(text: &str, field: &str) -> Result<Contract, ApiError> {
    text.parse().map_err(|unknown| invalid(field, unknown))
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Flags {
    /// Whether the gateway waits for a verdict. A call that does not say so is judged: the safe reading.
    pub(crate) sync: bool,
    pub(crate) contract: Option<Contract>,
    pub(crate) operation: Option<Operation>,
}

impl Flags {
    /// Names that are not known are left alone: gateways and proxies add their own.
    pub(crate) fn parse(query: Option<&str>) -> Result<Self, ApiError> {
        let (mut sync, mut contract, mut operation) = (None, None, None);
        for (name, value) in pairs(query) {
            if name.eq_ignore_ascii_case("sync") {
                once(&mut sync, flag(&value, "sync")?, "sync")?;
            } else if name.eq_ignore_ascii_case("contract") {
                once(&mut contract, parse_contract(&value, "contract")?, "contract")?;
            } else if name.eq_ignore_ascii_case("operation") {
                once(&mut operation, Operation::parse(&value, "operation")?, "operation")?;
            }
        }
        Ok(Self { sync: sync.unwrap_or(true), contract, operation })
    }
}

pub(crate) fn flag(value: &str, field: &str) -> Result<bool, ApiError> {
    if value.eq_ignore_ascii_case("true") {
        Ok(true)
    } else if value.eq_ignore_ascii_case("false") {
        Ok(false)
    } else {
        Err(invalid(field, "must be `true` or `false`"))
    }
}

/// Sets a flag that may be given once: of two values, neither is known to be meant.
pub(crate) fn once<T>(flag: &mut Option<T>, value: T, field: &str) -> Result<(), ApiError> {
    match flag.replace(value) {
        None => Ok(()),
        Some(_) => Err(invalid(field, "is given twice")),
    }
}

/// Names and values with their percent-encoding undone.
pub(crate) fn pairs(query: Option<&str>) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
}

pub(crate) fn invalid(field: &str, why: impl std::fmt::Display) -> ApiError {
    ApiError::new(ErrorCode::InvalidArgument, format!("`{field}` {why}")).at(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sync(query: &str) -> Option<bool> {
        match Flags::parse(Some(query)) {
            Ok(flags) => Some(flags.sync),
            Err(error) => {
                assert_eq!((error.code, error.field.as_deref()), (ErrorCode::InvalidArgument, Some("sync")), "{query}");
                None
            }
        }
    }

    #[test]
    fn a_call_is_judged_unless_it_says_otherwise() {
        assert!(Flags::parse(None).unwrap().sync);
        for judged in ["", "&", "sync=true", "SYNC=TRUE", "other=false", "a=1&Sync=True&b=2", "sy%6Ec=tru%65"] {
            assert_eq!(sync(judged), Some(true), "{judged}");
        }
        for not in ["sync=false", "sYnC=FaLsE", "%73ync=%66alse"] {
            assert_eq!(sync(not), Some(false), "{not}");
        }
    }

    #[test]
    fn a_flag_that_cannot_be_read_is_an_error() {
        let bad = [
            "sync",
            "sync=",
            "sync=1",
            "sync=no",
            "sync=false%20",
            "sync=+false",
            "sync=%FF",
            "sync=false&sync=false",
            "sync=true&SYNC=false",
            "sync=false%26",
            "sync=%2566alse",
        ];
        for query in bad {
            assert_eq!(sync(query), None, "{query}");
        }
    }

    #[test]
    fn contract_and_operation_are_read_or_refused() {
        let flags = Flags::parse(Some("contract=Verdict&operation=mutate&streaming=what")).unwrap();
        assert_eq!((flags.contract, flags.operation), (Some(Contract::Verdict), Some(Operation::Mutate)));
        for (query, field) in [
            ("contract=", "contract"),
            ("contract=both", "contract"),
            ("operation=mask", "operation"),
            ("contract=status&contract=verdict", "contract"),
            ("operation=validate&operation=validate", "operation"),
        ] {
            assert_eq!(Flags::parse(Some(query)).unwrap_err().field.as_deref(), Some(field), "{query}");
        }
        let refused = Operation::Mutate.require_validate("operation").unwrap_err();
        assert_eq!(refused.code, ErrorCode::Unimplemented);
    }
}
