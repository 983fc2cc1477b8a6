//! The query of a gateway's call, read once and strictly: a flag that is misread would be a guardrail that is off.

use std::{borrow::Cow, str::FromStr};

use portcullis_api::error::{ApiError, invalid};

use crate::settings::{Contract, OnResponse, Operation, UnknownWord};

/// What a call may choose by its query, and a gateway for each of its guardrails by its `config`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Choices {
    pub(crate) contract: Option<Contract>,
    pub(crate) operation: Option<Operation>,
    pub(crate) on_response: Option<OnResponse>,
}

impl Choices {
    pub(crate) const NAMES: [&str; 3] = ["contract", "operation", "on_response"];

    /// False when `name` is none of them.
    pub(crate) fn set(&mut self, name: &str, value: &str, field: &str) -> Result<bool, ApiError> {
        if name.eq_ignore_ascii_case("contract") {
            once(&mut self.contract, parse(value, field)?, field)?;
        } else if name.eq_ignore_ascii_case("operation") {
            once(&mut self.operation, parse(value, field)?, field)?;
        } else if name.eq_ignore_ascii_case("on_response") {
            once(&mut self.on_response, parse(value, field)?, field)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// These where they say something, else `others`.
    pub(crate) fn or(self, others: Self) -> Self {
        Self {
            contract: self.contract.or(others.contract),
            operation: self.operation.or(others.operation),
            on_response: self.on_response.or(others.on_response),
        }
    }

    /// A gateway that waits for no verdict can neither block nor rewrite: to go on as if it could would be a
    /// guardrail that is off.
    pub(crate) fn require_sync(self) -> Result<(), ApiError> {
        if self.operation == Some(Operation::Mutate) {
            return Err(invalid("operation", "is `mutate`, which nobody waits for under `sync=false`"));
        }
        if self.on_response == Some(OnResponse::Enforce) {
            return Err(invalid("on_response", "is `enforce`, which nobody waits for under `sync=false`"));
        }
        Ok(())
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Flags {
    /// Whether the gateway waits for a verdict. A call that does not say so is judged: the safe reading.
    pub(crate) sync: bool,
    /// Whether answers are streamed, so that the previous one is only seen in this call.
    pub(crate) streaming: bool,
    pub(crate) choices: Choices,
}

impl Flags {
    /// All that is read, and nothing else: ignoring case.
    pub(crate) const NAMES: [&str; 5] = ["sync", "streaming", Choices::NAMES[0], Choices::NAMES[1], Choices::NAMES[2]];

    /// Names that are not known are left alone: gateways and proxies add their own.
    pub(crate) fn parse(query: Option<&str>) -> Result<Self, ApiError> {
        let (mut sync, mut streaming) = (None, None);
        let mut choices = Choices::default();
        for (name, value) in pairs(query) {
            let Some(name) = Self::NAMES.into_iter().find(|known| name.eq_ignore_ascii_case(known)) else { continue };
            match name {
                "sync" => once(&mut sync, flag(&value, name)?, name)?,
                "streaming" => once(&mut streaming, flag(&value, name)?, name)?,
                _ => {
                    choices.set(name, &value, name)?;
                }
            }
        }
        Ok(Self { sync: sync.unwrap_or(true), streaming: streaming.unwrap_or(false), choices })
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

fn parse<T: FromStr<Err = UnknownWord>>(text: &str, field: &str) -> Result<T, ApiError> {
    text.parse().map_err(|unknown| invalid(field, unknown))
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

#[cfg(test)]
mod tests {
    use portcullis_api::error::ErrorCode;

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
    fn answers_are_streamed_only_where_it_is_said() {
        let streaming = |query| Flags::parse(query).unwrap().streaming;
        assert!(!streaming(None) && !streaming(Some("streaming=False")));
        assert!(streaming(Some("sync=true&Streaming=TRUE")));
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
    fn choices_are_read_or_refused() {
        let flags = Flags::parse(Some("contract=Verdict&operation=mutate&On_Response=ENFORCE&stream=what")).unwrap();
        let chosen = Choices {
            contract: Some(Contract::Verdict),
            operation: Some(Operation::Mutate),
            on_response: Some(OnResponse::Enforce),
        };
        assert_eq!(flags.choices, chosen);
        let others = Choices { contract: Some(Contract::Status), ..Choices::default() };
        assert_eq!((others.or(chosen).contract, others.or(chosen).operation), (others.contract, chosen.operation));
        for (query, field) in [
            ("contract=", "contract"),
            ("streaming=", "streaming"),
            ("streaming=yes", "streaming"),
            ("streaming=true&Streaming=true", "streaming"),
            ("contract=both", "contract"),
            ("operation=mask", "operation"),
            ("on_response=block", "on_response"),
            ("contract=status&contract=verdict", "contract"),
            ("operation=validate&OPERATION=validate", "operation"),
        ] {
            assert_eq!(Flags::parse(Some(query)).unwrap_err().field.as_deref(), Some(field), "{query}");
        }
    }
}
