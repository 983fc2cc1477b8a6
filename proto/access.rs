//! Who may call, decided the same way on both ports.
//!
//! A credential is taken in every form that gateways send it in: `Authorization` with the scheme `Bearer` or `Basic` or
//! with the bare token, and headers of an operator's choice; a token may be one of a list, or one that an issuer signed.
//! Secrets are kept as SHA-256 digests and compared in constant time.

mod credential;
mod jwt;
mod keyring;
mod principal;

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, header::AUTHORIZATION};

use self::keyring::Keyring;
pub use self::{
    credential::{Credential, InvalidCredential},
    jwt::{ACCOUNT_CLAIM, InvalidJwtKey, Jwt, JwtSettings},
    principal::Principal,
};

/// Longer than any token that is in use, and short enough to be hashed for anybody who asks.
const LONGEST: usize = 8 << 10;

/// What an operator lists. Several of a kind at once allow rotation.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// Tokens: `Authorization: Bearer <token>` or `Authorization: <token>`.
    pub bearer: Vec<Credential>,
    /// `user:password`, for the scheme `Basic` (RFC 7617, UTF-8).
    pub basic: Vec<Credential>,
    /// `name: value`, for a header that a gateway sends with every call.
    pub headers: Vec<Credential>,
    /// What verifies signed tokens: `Authorization: Bearer <jwt>` or `Authorization: <jwt>`.
    pub jwt: Option<Jwt>,
}

/// The credentials that open the service. None: nothing is asked for.
#[derive(Clone, Default)]
pub struct Access {
    bearer: Keyring,
    basic: Keyring,
    headers: Vec<(HeaderName, Keyring)>,
    jwt: Option<Jwt>,
}

impl Access {
    pub fn new(credentials: &Credentials) -> Result<Self, InvalidCredential> {
        let mut access = Self { jwt: credentials.jwt.clone(), ..Self::default() };
        for credential in &credentials.bearer {
            let (token, principal) = credential.token()?;
            access.bearer.add(token, principal)?;
        }
        for credential in &credentials.basic {
            let (pair, principal) = credential.basic()?;
            access.basic.add(pair, principal)?;
        }
        for credential in &credentials.headers {
            let (name, value, principal) = credential.header()?;
            access.header(name).add(value, principal)?;
        }
        Ok(access)
    }

    /// `tokens` and `basic` (`user:password`) are comma separated lists.
    pub fn parse(tokens: &str, basic: &str) -> Result<Self, InvalidCredential> {
        let (bearer, basic) = (Credential::list(tokens), Credential::list(basic));
        Self::new(&Credentials { bearer, basic, ..Credentials::default() })
    }

    fn header(&mut self, name: HeaderName) -> &mut Keyring {
        let place = self.headers.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
            self.headers.push((name, Keyring::default()));
            self.headers.len() - 1
        });
        &mut self.headers[place].1
    }

    /// Whether anybody may call.
    pub fn is_open(&self) -> bool {
        self.bearer.len() == 0 && self.basic.len() == 0 && self.headers.is_empty() && self.jwt.is_none()
    }

    /// Who presents these headers, or this metadata; None: nobody who may call.
    pub fn admit(&self, presented: &HeaderMap) -> Option<Principal> {
        if self.is_open() {
            return Some(Principal::default());
        }
        let by_authorization = value(presented, &AUTHORIZATION).and_then(|value| self.authorized(value));
        by_authorization.or_else(|| {
            let mut headers = self.headers.iter();
            headers.find_map(|(name, known)| known.find(value(presented, name)?.as_bytes()).cloned())
        })
    }

    /// Marks every header in which a credential may have come, so that nothing behind this door shows its value:
    /// whatever the header is called.
    pub fn mark(&self, presented: &mut HeaderMap) {
        for (name, value) in presented.iter_mut() {
            if *name == AUTHORIZATION || self.headers.iter().any(|(known, _)| known == name) {
                value.set_sensitive(true);
            }
        }
    }

    /// Judges the value of an `authorization` header (RFC 9110 section 11.6.2).
    fn authorized(&self, value: &str) -> Option<Principal> {
        // A scheme is compared ignoring case (RFC 9110 section 11.1).
        match value.split_once(' ') {
            None => self.token(value),
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => self.token(token.trim()),
            Some((scheme, pair)) if scheme.eq_ignore_ascii_case("basic") => {
                self.basic.find(&STANDARD.decode(pair.trim()).ok()?).cloned()
            }
            Some(_) => None,
        }
    }

    fn token(&self, token: &str) -> Option<Principal> {
        let listed = self.bearer.find(token.as_bytes()).cloned();
        listed.or_else(|| self.jwt.as_ref()?.verify(token))
    }
}

/// The one value of a header. Of several it is anybody's guess which one a proxy on the way has looked at.
fn value<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|value| value.len() <= LONGEST)?;
    values.next().is_none().then_some(str::from_utf8(value.as_bytes()).ok()?.trim())
}

/// What is asked for, by its kinds.
impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut kinds = Vec::new();
        for (count, kind) in [(self.bearer.len(), "bearer"), (self.basic.len(), "basic")] {
            if count > 0 {
                kinds.push(format!("{count} {kind}"));
            }
        }
        kinds.extend(self.headers.iter().map(|(name, known)| format!("{} {name}", known.len())));
        kinds.extend(self.jwt.iter().map(Jwt::to_string));
        f.write_str(if kinds.is_empty() { "nothing" } else { "" })?;
        f.write_str(&kinds.join(", "))
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Access({self})")
    }
}

#[cfg(test)]
mod tests;
