//! Who comes: PLAIN (RFC 4616) and SCRAM (RFC 5802) with SHA-256 and SHA-512, the broker's side.

use std::{io::Result, num::NonZeroU32};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use kafka_protocol::{
    messages::{
        ApiKey, SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse,
    },
    protocol::StrBytes,
};
use ring::{
    digest::{self, digest},
    hmac, pbkdf2,
};

use super::{User, wire::Request};

const UNSUPPORTED_MECHANISM: i16 = 33;
const FAILED: i16 = 58;
const SALT: &[u8] = b"salt of the tests";
const NONCE: &str = "nonce+of+the+tests";
/// The least that clients take.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(4096).unwrap();

#[derive(Clone, Copy)]
enum Mechanism {
    Plain,
    Scram(Scram),
}

#[derive(Clone, Copy)]
struct Scram {
    digest: &'static digest::Algorithm,
    hmac: hmac::Algorithm,
    pbkdf2: pbkdf2::Algorithm,
}

const MECHANISMS: [(&str, Mechanism); 3] = [
    ("PLAIN", Mechanism::Plain),
    (
        "SCRAM-SHA-256",
        Mechanism::Scram(Scram {
            digest: &digest::SHA256,
            hmac: hmac::HMAC_SHA256,
            pbkdf2: pbkdf2::PBKDF2_HMAC_SHA256,
        }),
    ),
    (
        "SCRAM-SHA-512",
        Mechanism::Scram(Scram {
            digest: &digest::SHA512,
            hmac: hmac::HMAC_SHA512,
            pbkdf2: pbkdf2::PBKDF2_HMAC_SHA512,
        }),
    ),
];

enum State {
    Unknown,
    Chosen,
    /// With what was said so far: the user, the client's first message without its beginning, and the answer to it.
    Challenged(User, String, String),
    In,
    Out,
}

pub(super) struct Login<'a> {
    users: &'a [User],
    chosen: Option<(&'static str, Mechanism)>,
    state: State,
    told: bool,
}

impl<'a> Login<'a> {
    pub(super) const fn new(users: &'a [User]) -> Self {
        Self { users, chosen: None, state: State::Unknown, told: false }
    }

    pub(super) const fn is_in(&self) -> bool {
        matches!(self.state, State::In)
    }

    /// Once: the mechanism, and whether it went well.
    pub(super) fn ended(&mut self) -> Option<(String, bool)> {
        if self.told || !matches!(self.state, State::In | State::Out) {
            return None;
        }
        self.told = true;
        Some((self.chosen?.0.to_owned(), self.is_in()))
    }

    pub(super) fn answer(&mut self, request: &Request) -> Result<Bytes> {
        if request.api() == Some(ApiKey::SaslHandshake) {
            let wanted: SaslHandshakeRequest = request.body()?;
            self.chosen = MECHANISMS.into_iter().find(|(name, _)| *name == wanted.mechanism.as_str());
            self.state = if self.chosen.is_some() { State::Chosen } else { State::Out };
            let known = MECHANISMS.map(|(name, _)| StrBytes::from_static_str(name)).to_vec();
            let error = if self.chosen.is_some() { 0 } else { UNSUPPORTED_MECHANISM };
            return request.answer(&SaslHandshakeResponse::default().with_error_code(error).with_mechanisms(known));
        }
        let said: SaslAuthenticateRequest = request.body()?;
        let said = std::str::from_utf8(&said.auth_bytes).unwrap_or_default();
        let state = std::mem::replace(&mut self.state, State::Out);
        let (state, bytes) = self.step(state, said).unwrap_or((State::Out, String::new()));
        self.state = state;
        let answer = SaslAuthenticateResponse::default();
        request.answer(&if matches!(self.state, State::Out) {
            answer.with_error_code(FAILED).with_error_message(Some(StrBytes::from_static_str("Authentication failed")))
        } else {
            answer.with_auth_bytes(bytes.into_bytes().into())
        })
    }

    fn user(&self, name: &str) -> Option<User> {
        self.users.iter().find(|user| user.name == name).cloned()
    }

    /// None: this one does not come in.
    fn step(&self, state: State, said: &str) -> Option<(State, String)> {
        match (self.chosen?.1, state) {
            (Mechanism::Plain, State::Chosen) => {
                let [_, name, password] = said.split('\0').collect::<Vec<_>>().try_into().ok()?;
                (self.user(name)?.password == password).then(|| (State::In, String::new()))
            }
            (Mechanism::Scram(_), State::Chosen) => {
                let bare = said.strip_prefix("n,,")?;
                let (name, nonce) = bare.strip_prefix("n=")?.split_once(",r=")?;
                let user = self.user(&name.replace("=2C", ",").replace("=3D", "="))?;
                let answer = format!("r={nonce}{NONCE},s={},i={ITERATIONS}", BASE64.encode(SALT));
                Some((State::Challenged(user, bare.to_owned(), answer.clone()), answer))
            }
            (Mechanism::Scram(scram), State::Challenged(user, bare, challenge)) => {
                let (without_proof, proof) = said.rsplit_once(",p=")?;
                let nonce = challenge.split_once(',')?.0;
                // No channel is bound: `biws` is `n,,`.
                if without_proof != format!("c=biws,{nonce}") {
                    return None;
                }
                let signature = scram.signature(&user, &format!("{bare},{challenge},{without_proof}"), proof)?;
                Some((State::In, format!("v={signature}")))
            }
            _ => None,
        }
    }
}

impl Scram {
    /// The server's, when the client's proof shows that it knows the password.
    fn signature(self, user: &User, exchanged: &str, proof: &str) -> Option<String> {
        let mut salted = vec![0; self.digest.output_len()];
        pbkdf2::derive(self.pbkdf2, ITERATIONS, SALT, user.password.as_bytes(), &mut salted);
        let keyed = |key: &[u8], text: &[u8]| hmac::sign(&hmac::Key::new(self.hmac, key), text);
        let stored = digest(self.digest, keyed(&salted, b"Client Key").as_ref());
        let mask = keyed(stored.as_ref(), exchanged.as_bytes());
        let proof = BASE64.decode(proof).ok()?;
        let key: Vec<u8> = proof.iter().zip(mask.as_ref()).map(|(one, other)| one ^ other).collect();
        (digest(self.digest, &key).as_ref() == stored.as_ref()).then(|| {
            let server = keyed(&salted, b"Server Key");
            BASE64.encode(keyed(server.as_ref(), exchanged.as_bytes()))
        })
    }
}
