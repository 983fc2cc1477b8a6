//! Credentials as an operator lists them.

use std::fmt;

use http::HeaderName;

use super::principal::{self, Principal};

/// Longest name that an operator can give.
const NAME: usize = 32;

/// One credential, and the name of whoever holds it where it has one.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credential {
    name: Option<String>,
    value: String,
}

/// Shows no secret.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({})", self.name.as_deref().unwrap_or("unnamed"))
    }
}

/// Says what is wrong and in which list, and never repeats it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidCredential {
    #[error("a bearer token is empty or holds a space")]
    Token,
    #[error("a basic credential is not of the form user:password")]
    Basic,
    #[error("a header credential is not of the form name: value")]
    Header,
    #[error("a credential's name has other than 1 to {NAME} letters, digits, dots, dashes and underscores")]
    Name,
    #[error("one credential is listed under two names")]
    Twice,
}

impl Credential {
    pub fn new(value: impl Into<String>) -> Self {
        Self { name: None, value: value.into() }
    }

    /// Two credentials of one name are one caller: an old token and its successor.
    pub fn named(name: &str, value: impl Into<String>) -> Result<Self, InvalidCredential> {
        if !principal::is_plain(name, NAME) || name.contains(['@', '+']) {
            return Err(InvalidCredential::Name);
        }
        Ok(Self { name: Some(name.to_owned()), value: value.into() })
    }

    /// Of a comma separated list, as the environment has it. Nothing at all is an empty list.
    pub fn list(text: &str) -> Vec<Self> {
        if text.trim().is_empty() {
            return Vec::new();
        }
        text.split(',').map(|item| Self::new(item.trim())).collect()
    }

    pub(super) fn token(&self) -> Result<(&str, Principal), InvalidCredential> {
        let token = self.value.as_str();
        if token.is_empty() || token.contains(char::is_whitespace) {
            return Err(InvalidCredential::Token);
        }
        Ok((token, self.principal(|| Principal::secret("token", token))))
    }

    pub(super) fn basic(&self) -> Result<(&str, Principal), InvalidCredential> {
        let (user, password) = self.value.split_once(':').ok_or(InvalidCredential::Basic)?;
        if user.is_empty() || password.is_empty() {
            return Err(InvalidCredential::Basic);
        }
        Ok((&self.value, self.principal(|| Principal::user(user))))
    }

    pub(super) fn header(&self) -> Result<(HeaderName, &str, Principal), InvalidCredential> {
        let (name, value) = self.value.split_once(':').ok_or(InvalidCredential::Header)?;
        let name: HeaderName = name.trim().parse().map_err(|_| InvalidCredential::Header)?;
        let value = value.trim();
        if value.is_empty() || value.contains(char::is_control) {
            return Err(InvalidCredential::Header);
        }
        let principal = self.principal(|| Principal::secret("header", &format!("{name}:{value}")));
        Ok((name, value, principal))
    }

    fn principal(&self, unnamed: impl FnOnce() -> Principal) -> Principal {
        self.name.as_deref().map_or_else(unnamed, Principal::named)
    }
}
