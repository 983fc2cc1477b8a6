//! Tokens that an issuer signed (RFC 7519), by RS256 or ES256.
//!
//! The key fixes the algorithm: what a token's header says is compared with it and chooses nothing. A token is looked at
//! by its shape first, so that a signature is verified only where there may be one.

mod cache;
mod key;
mod ring;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jsonwebtoken::Validation;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use self::{cache::Cache, key::Key};
use super::principal::Principal;

/// How far the clocks of the issuer and of this machine may be apart.
const LEEWAY: Duration = Duration::from_secs(30);

/// What names the account where an operator names no other claim: Akto's.
pub const ACCOUNT_CLAIM: &str = "accountId";

/// What an operator says about signed tokens.
#[derive(Debug, Clone, Default)]
pub struct JwtSettings {
    /// PEM (`PUBLIC KEY`) or base64 of the same DER (SubjectPublicKeyInfo). Several PEM blocks, or base64 texts with
    /// commas between, are several keys: for rotation.
    pub public_keys: String,
    /// The claim that says whose token it is; empty: [`ACCOUNT_CLAIM`]. A text or a number. Tokens without it are refused.
    pub claim: String,
    /// `iss` has to be this, when given.
    pub issuer: Option<String>,
    /// `aud` has to be or hold this, when given. Without it `aud` is not looked at.
    pub audience: Option<String>,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidJwtKey {
    #[error("a public key is expected: PEM with `BEGIN PUBLIC KEY`, or base64 of the same DER")]
    Form,
    #[error("neither RSA nor elliptic curve: RS256 and ES256 are verified")]
    Kind,
    #[error("an RSA key has 2048 to 8192 bits")]
    Rsa,
    #[error("the curve is not P-256")]
    Curve,
    #[error("more than 8 keys")]
    Many,
}

/// Verifies tokens. Clones share what was found to be good.
#[derive(Clone)]
pub struct Jwt {
    keys: Vec<(Key, Validation)>,
    claim: String,
    /// Tokens whose signature was good, so that a gateway's next call costs a digest and not a signature.
    known: Arc<Mutex<Cache>>,
}

impl Jwt {
    pub fn new(settings: &JwtSettings) -> Result<Self, InvalidJwtKey> {
        ring::install();
        let keys = key::parse(&settings.public_keys)?;
        let keys = keys.into_iter().map(|key| {
            let validation = validation(&key, settings);
            (key, validation)
        });
        let claim = if settings.claim.is_empty() { ACCOUNT_CLAIM.to_owned() } else { settings.claim.clone() };
        Ok(Self { keys: keys.collect(), claim, known: Arc::default() })
    }

    /// Whose token it is; None: not a good one.
    pub(super) fn verify(&self, token: &str) -> Option<Principal> {
        if !has_shape(token) {
            return None;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        let digest = Sha256::digest(token).into();
        if let Some(principal) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&digest, now) {
            return Some(principal);
        }
        let header = jsonwebtoken::decode_header(token).ok()?;
        // RFC 7515 section 4.1.11: what a token calls critical and is not understood makes it bad.
        if header.crit.is_some() {
            return None;
        }
        let signature = token.rsplit('.').next()?.len();
        let fitting = |key: &Key| key.algorithm == header.alg && key.signature_chars == signature;
        let mut keys = self.keys.iter().filter(|(key, _)| fitting(key));
        let claims = keys.find_map(|(key, validation)| {
            let token = jsonwebtoken::decode::<Map<String, Value>>(token, &key.key, validation).ok()?;
            Some(token.claims)
        })?;
        let principal = match claims.get(&self.claim)? {
            Value::String(account) if !account.is_empty() => Principal::account(account),
            Value::Number(account) => Principal::account(&account.to_string()),
            _ => return None,
        };
        let expires = Duration::try_from_secs_f64(claims.get("exp")?.as_f64()?).ok()?;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).put(digest, principal.clone(), expires + LEEWAY, now);
        Some(principal)
    }

    fn algorithms(&self) -> Vec<jsonwebtoken::Algorithm> {
        self.keys.iter().map(|(key, _)| key.algorithm).collect()
    }
}

fn validation(key: &Key, settings: &JwtSettings) -> Validation {
    let mut validation = Validation::new(key.algorithm);
    validation.leeway = LEEWAY.as_secs();
    validation.validate_nbf = true;
    let mut required = vec!["exp"];
    if let Some(issuer) = &settings.issuer {
        validation.set_issuer(&[issuer]);
        required.push("iss");
    }
    match &settings.audience {
        Some(audience) => {
            validation.set_audience(&[audience]);
            required.push("aud");
        }
        None => validation.validate_aud = false,
    }
    validation.set_required_spec_claims(&required);
    validation
}

/// Three pieces of base64url, the first of which begins as a JSON object does.
fn has_shape(token: &str) -> bool {
    let is_piece = |piece: &str| {
        !piece.is_empty() && piece.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let mut pieces = token.split('.');
    token.starts_with("ey")
        && matches!((pieces.next(), pieces.next(), pieces.next(), pieces.next()),
            (Some(header), Some(claims), Some(signature), None)
                if is_piece(header) && is_piece(claims) && is_piece(signature))
}

/// The algorithms, of one each.
impl fmt::Display for Jwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.algorithms().iter().map(|algorithm| format!("{algorithm:?}")).collect();
        write!(f, "{} JWT key{} ({})", names.len(), if names.len() == 1 { "" } else { "s" }, names.join(", "))
    }
}

impl fmt::Debug for Jwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
