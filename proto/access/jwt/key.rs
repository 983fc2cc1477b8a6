//! Public keys as operators have them: PEM, PEM on one line as environments mangle it, and bare base64.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, DecodingKey};

use super::InvalidJwtKey;

const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";
const MOST: usize = 8;

#[derive(Clone)]
pub(super) struct Key {
    pub(super) key: DecodingKey,
    pub(super) algorithm: Algorithm,
    /// Length of a signature in base64url.
    pub(super) signature_chars: usize,
}

pub(super) fn parse(text: &str) -> Result<Vec<Key>, InvalidJwtKey> {
    // Environment files have no line breaks: two characters stand for one.
    let text = text.replace("\\r", "").replace("\\n", "\n");
    let bodies = if text.contains("-----") { pem(&text)? } else { text.split(',').map(str::to_owned).collect() };
    if bodies.len() > MOST {
        return Err(InvalidJwtKey::Many);
    }
    bodies.iter().map(|body| one(body)).collect()
}

fn pem(mut text: &str) -> Result<Vec<String>, InvalidJwtKey> {
    let mut bodies = Vec::new();
    while !text.trim().is_empty() {
        let (before, rest) = text.split_once(BEGIN).ok_or(InvalidJwtKey::Form)?;
        let (body, after) = rest.split_once(END).ok_or(InvalidJwtKey::Form)?;
        // Tools write remarks before a block; another block is a private key or a certificate in the wrong place.
        if before.contains("-----") {
            return Err(InvalidJwtKey::Form);
        }
        bodies.push(body.to_owned());
        text = after;
    }
    Ok(bodies)
}

fn one(base64: &str) -> Result<Key, InvalidJwtKey> {
    let base64: String = base64.split_whitespace().collect();
    if STANDARD.decode(&base64).map_err(|_| InvalidJwtKey::Form)?.is_empty() {
        return Err(InvalidJwtKey::Form);
    }
    let pem = format!("{BEGIN}\n{base64}\n{END}\n");
    if let Ok(key) = DecodingKey::from_rsa_pem(pem.as_bytes()) {
        let bytes = key.try_get_as_bytes().ok().and_then(modulus_bytes);
        let bytes = bytes.filter(|bytes| (256..=1024).contains(bytes)).ok_or(InvalidJwtKey::Rsa)?;
        return Ok(Key { key, algorithm: Algorithm::RS256, signature_chars: (bytes * 4).div_ceil(3) });
    }
    match DecodingKey::from_ec_pem(pem.as_bytes()) {
        Ok(key) if key.try_get_as_bytes().is_ok_and(|point| point.len() == 65) => {
            Ok(Key { key, algorithm: Algorithm::ES256, signature_chars: 86 })
        }
        Ok(_) => Err(InvalidJwtKey::Curve),
        Err(_) if DecodingKey::from_ed_pem(pem.as_bytes()).is_ok() => Err(InvalidJwtKey::Kind),
        Err(_) => Err(InvalidJwtKey::Form),
    }
}

/// Of an RSAPublicKey (RFC 8017 appendix A.1.1): a sequence that begins with the modulus.
fn modulus_bytes(der: &[u8]) -> Option<usize> {
    let modulus = element(0x02, element(0x30, der)?)?;
    let leading = modulus.iter().take_while(|&&byte| byte == 0).count();
    Some(modulus.len() - leading)
}

/// What a DER element of this tag holds, when the bytes begin with one.
fn element(tag: u8, der: &[u8]) -> Option<&[u8]> {
    let (&found, rest) = der.split_first()?;
    let (length, rest) = match rest {
        [short @ ..=0x7f, rest @ ..] => (usize::from(*short), rest),
        [0x81, length, rest @ ..] => (usize::from(*length), rest),
        [0x82, high, low, rest @ ..] => (usize::from(*high) << 8 | usize::from(*low), rest),
        _ => return None,
    };
    (found == tag).then(|| rest.get(..length))?
}
