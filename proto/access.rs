//! Who may call, decided the same way on both ports.
//!
//! Credentials are kept as SHA-256 digests and compared in constant time, and every configured one
//! is compared: the time that an answer takes tells neither how much was right nor which matched.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

/// The credentials that open the service. Empty: none are asked for.
#[derive(Clone, Default)]
pub struct Access {
    bearer: Vec<[u8; 32]>,
    basic: Vec<[u8; 32]>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Access({} bearer, {} basic)", self.bearer.len(), self.basic.len())
    }
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidCredential {
    #[error("a bearer token is empty or holds a space")]
    Token,
    #[error("a basic credential is not of the form user:password")]
    Basic,
}

impl Access {
    /// `tokens` and `basic` (`user:password`) are comma separated lists: several at once allow rotation.
    pub fn parse(tokens: &str, basic: &str) -> Result<Self, InvalidCredential> {
        let list = |text: &str| -> Vec<String> {
            if text.trim().is_empty() {
                return Vec::new();
            }
            text.split(',').map(|item| item.trim().to_owned()).collect()
        };
        let tokens = list(tokens);
        let basic = list(basic);
        if tokens.iter().any(|token| token.is_empty() || token.contains(char::is_whitespace)) {
            return Err(InvalidCredential::Token);
        }
        if basic
            .iter()
            .any(|pair| pair.split_once(':').is_none_or(|(user, password)| user.is_empty() || password.is_empty()))
        {
            return Err(InvalidCredential::Basic);
        }
        Ok(Self {
            bearer: tokens.iter().map(|token| digest(token.as_bytes())).collect(),
            basic: basic.iter().map(|pair| digest(pair.as_bytes())).collect(),
        })
    }

    /// Whether anybody may call.
    pub fn is_open(&self) -> bool {
        self.bearer.is_empty() && self.basic.is_empty()
    }

    /// Judges the value of an `authorization` header or metadata entry (RFC 9110 section 11.6.2).
    pub fn admits(&self, authorization: Option<&[u8]>) -> bool {
        if self.is_open() {
            return true;
        }
        let presented =
            authorization.and_then(|value| std::str::from_utf8(value).ok()).and_then(|value| value.parse().ok());
        match presented {
            Some(Presented::Bearer(token)) => any_equal(&self.bearer, &digest(token.as_bytes())),
            Some(Presented::Basic(pair)) => any_equal(&self.basic, &digest(&pair)),
            None => false,
        }
    }
}

enum Presented {
    Bearer(String),
    Basic(Vec<u8>),
}

impl FromStr for Presented {
    type Err = ();

    fn from_str(value: &str) -> Result<Self, ()> {
        // A scheme is compared ignoring case (RFC 9110 section 11.1).
        let (scheme, rest) = value.trim().split_once(' ').ok_or(())?;
        if scheme.eq_ignore_ascii_case("bearer") {
            Ok(Self::Bearer(rest.trim().to_owned()))
        } else if scheme.eq_ignore_ascii_case("basic") {
            STANDARD.decode(rest.trim()).map(Self::Basic).map_err(|_| ())
        } else {
            Err(())
        }
    }
}

fn digest(secret: &[u8]) -> [u8; 32] {
    Sha256::digest(secret).into()
}

fn any_equal(known: &[[u8; 32]], presented: &[u8; 32]) -> bool {
    known.iter().fold(Choice::from(0), |found, one| found | one.ct_eq(presented)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_configured_admits_anybody() {
        let access = Access::parse("", " ").unwrap();
        assert!(access.is_open() && access.admits(None));
    }

    #[test]
    fn each_of_several_tokens_and_pairs_opens() {
        let access = Access::parse("old-token, new-token", "ann:s3cret:with:colons").unwrap();
        let basic = format!("basic {}", STANDARD.encode("ann:s3cret:with:colons"));
        for good in ["Bearer old-token", "bearer new-token", &basic] {
            assert!(access.admits(Some(good.as_bytes())), "{good}");
        }
        for bad in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer old",
            "old-token",
            "Basic !!!",
            "Basic b2xkLXRva2Vu",
            "Bearer old-token,new-token",
        ] {
            assert!(!access.admits(Some(bad.as_bytes())), "{bad}");
        }
        assert!(!access.admits(None));
        assert!(!access.admits(Some(b"Bearer \xff")));
    }

    #[test]
    fn an_unusable_credential_is_an_error_and_not_an_open_door() {
        assert_eq!(Access::parse("a,,b", "").unwrap_err(), InvalidCredential::Token);
        assert_eq!(Access::parse(",", "").unwrap_err(), InvalidCredential::Token);
        assert_eq!(Access::parse("", "ann").unwrap_err(), InvalidCredential::Basic);
        assert_eq!(Access::parse("", "ann:").unwrap_err(), InvalidCredential::Basic);
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", Access::parse("hunter2", "").unwrap()), "Access(1 bearer, 0 basic)");
    }
}
