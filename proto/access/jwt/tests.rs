use ::ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
        KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
    },
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::json;

use super::*;

enum Signer {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

/// Made for these tests, and used for nothing else.
fn rsa() -> Signer {
    let pem = include_str!("throwaway_rsa_test_key.pem");
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    Signer::Rsa(RsaKeyPair::from_pkcs8(&STANDARD.decode(base64).unwrap()).unwrap())
}

fn ec(how: &'static EcdsaSigningAlgorithm) -> Signer {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(how, &random).unwrap();
    Signer::Ec(EcdsaKeyPair::from_pkcs8(how, pkcs8.as_ref(), &random).unwrap())
}

fn p256() -> Signer {
    ec(&ECDSA_P256_SHA256_FIXED_SIGNING)
}

/// A DER element.
fn der(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let mut out = if length == [0, length[1]] && length[1] < 128 {
        vec![tag, length[1]]
    } else {
        vec![tag, 0x82, length[0], length[1]]
    };
    out.extend(content);
    out
}

const RSA_ENCRYPTION: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 0x05, 0];
const EC_P256: &[u8] = &[0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const EC_P384: &[u8] = &[0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 0x06, 5, 0x2b, 0x81, 0x04, 0x00, 0x22];
const ED25519: &[u8] = &[0x06, 3, 0x2b, 0x65, 0x70];

fn spki(algorithm: &[u8], key: &[u8]) -> String {
    STANDARD.encode(der(0x30, &[&der(0x30, &[algorithm]), &der(0x03, &[&[0], key])]))
}

impl Signer {
    /// Base64 of the SubjectPublicKeyInfo.
    fn public(&self) -> String {
        match self {
            Self::Rsa(key) => spki(RSA_ENCRYPTION, key.public_key().as_ref()),
            Self::Ec(key) if key.public_key().as_ref().len() == 65 => spki(EC_P256, key.public_key().as_ref()),
            Self::Ec(key) => spki(EC_P384, key.public_key().as_ref()),
        }
    }

    fn pem(&self) -> String {
        let base64 = self.public();
        let lines: Vec<_> = base64.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::Ec(_) => "ES256",
        }
    }

    fn token(&self, claims: &Value) -> String {
        self.token_with(&json!({"alg": self.algorithm(), "typ": "JWT"}), claims)
    }

    fn token_with(&self, header: &Value, claims: &Value) -> String {
        let piece = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", piece(header), piece(claims));
        let random = SystemRandom::new();
        let signature = match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).unwrap();
                signature
            }
            Self::Ec(key) => key.sign(&random, message.as_bytes()).unwrap().as_ref().to_vec(),
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn verifier(public_keys: &str) -> Jwt {
    Jwt::new(&JwtSettings { public_keys: public_keys.to_owned(), ..JwtSettings::default() }).unwrap()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn claims() -> Value {
    json!({"iss": "Akto", "sub": "refresh", "accountId": 1_000_000, "iat": now(), "exp": now() + 600})
}

fn who(jwt: &Jwt, token: &str) -> Option<String> {
    // Twice: what was found to be good once is good, and what was not is not.
    let first = jwt.verify(token);
    assert_eq!(jwt.verify(token), first);
    first.map(|principal| principal.to_string())
}

#[test]
fn both_algorithms_in_every_spelling_of_a_key() {
    for signer in [rsa(), p256()] {
        let (pem, base64) = (signer.pem(), signer.public());
        let one_line = pem.replace('\n', "\\n");
        let spaces = pem.replace('\n', " ");
        let remarks = format!("Public key of the issuer:\n{}", pem.replace('\n', "\r\n"));
        for spelling in [&pem, &base64, &one_line, &spaces, &remarks, &format!(" {base64} ")] {
            let jwt = verifier(spelling);
            assert_eq!(who(&jwt, &signer.token(&claims())).as_deref(), Some("jwt:1000000"));
        }
    }
    let (old, new) = (rsa(), p256());
    let jwt = verifier(&format!("{}{}", old.pem(), new.pem()));
    assert_eq!(jwt.to_string(), "2 JWT keys (RS256, ES256)");
    assert_eq!(format!("{jwt:?}"), jwt.to_string());
    for signer in [old, new] {
        assert!(who(&jwt, &signer.token(&claims())).is_some());
    }
}

#[test]
fn a_key_that_cannot_verify_is_an_error_at_the_start() {
    let error =
        |keys: &str| Jwt::new(&JwtSettings { public_keys: keys.to_owned(), ..JwtSettings::default() }).unwrap_err();
    let private = include_str!("throwaway_rsa_test_key.pem");
    let p256 = p256();
    for keys in ["", "hunter2", "aGVsbG8=", ",", private, &p256.pem()[..60]] {
        assert_eq!(error(keys), InvalidJwtKey::Form, "{keys}");
    }
    assert_eq!(error(&format!("{private}{}", p256.pem())), InvalidJwtKey::Form);
    assert_eq!(error(&private.replace("PRIVATE", "PUBLIC")), InvalidJwtKey::Rsa);
    assert_eq!(error(&ec(&ECDSA_P384_SHA384_FIXED_SIGNING).public()), InvalidJwtKey::Curve);
    assert_eq!(error(&spki(ED25519, &[7; 32])), InvalidJwtKey::Kind);
    let short = der(0x30, &[&der(0x02, &[&[0x7f; 128]]), &der(0x02, &[&[1, 0, 1]])]);
    assert_eq!(error(&spki(RSA_ENCRYPTION, &short)), InvalidJwtKey::Rsa);
    assert_eq!(error(&vec![p256.public(); 9].join(",")), InvalidJwtKey::Many);
}

#[test]
fn whose_token_it_is_has_to_be_told() {
    let signer = p256();
    let jwt = verifier(&signer.public());
    let told = |account: Value| {
        let mut claims = claims();
        claims["accountId"] = account;
        who(&jwt, &signer.token(&claims))
    };
    assert_eq!(told(json!("acme")).as_deref(), Some("jwt:acme"));
    assert!(told(json!("a/../b\n")).unwrap().starts_with("jwt#"));
    for none in [json!(null), json!(""), json!({}), json!([1]), json!(true)] {
        assert_eq!(told(none), None);
    }
    let settings = JwtSettings { public_keys: signer.public(), claim: "sub".to_owned(), ..JwtSettings::default() };
    assert_eq!(who(&Jwt::new(&settings).unwrap(), &signer.token(&claims())).as_deref(), Some("jwt:refresh"));
}

#[test]
fn times_issuer_and_audience_hold() {
    let signer = p256();
    let leeway = LEEWAY.as_secs();
    let settings = |issuer: Option<&str>, audience: Option<&str>| JwtSettings {
        public_keys: signer.public(),
        issuer: issuer.map(str::to_owned),
        audience: audience.map(str::to_owned),
        ..JwtSettings::default()
    };
    let any = settings(None, None);
    let cases = [
        (&any, json!({"exp": now() + 5}), true),
        (&any, json!({"exp": now() - leeway / 2}), true),
        (&any, json!({"exp": now() - leeway - 5}), false),
        (&any, json!({"exp": 0}), false),
        (&any, json!({"exp": -1}), false),
        (&any, json!({"exp": "tomorrow"}), false),
        (&any, json!({"exp": null}), false),
        (&any, json!({"nbf": now() + leeway / 2}), true),
        (&any, json!({"nbf": now() + leeway + 60}), false),
        (&any, json!({"nbf": "soon"}), false),
        (&any, json!({"aud": "another"}), true),
        (&settings(Some("Akto"), None), json!({}), true),
        (&settings(Some("Akto"), None), json!({"iss": "Otka"}), false),
        (&settings(Some("Akto"), None), json!({"iss": null}), false),
        (&settings(None, Some("portcullis")), json!({"aud": ["a", "portcullis"]}), true),
        (&settings(None, Some("portcullis")), json!({"aud": "a"}), false),
        (&settings(None, Some("portcullis")), json!({}), false),
    ];
    for (settings, changes, good) in cases {
        let mut claims = claims();
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        assert_eq!(who(&Jwt::new(settings).unwrap(), &signer.token(&claims)).is_some(), good, "{changes}");
    }
}

#[test]
fn another_key_and_another_algorithm_open_nothing() {
    let (signer, other) = (rsa(), p256());
    let jwt = verifier(&signer.public());
    assert_eq!(who(&jwt, &other.token(&claims())), None);
    assert_eq!(who(&verifier(&other.public()), &p256().token(&claims())), None, "another key of the same kind");
    for algorithm in ["none", "None", "HS256", "HS512", "RS384", "PS256", "ES256", "EdDSA", "", "rs256"] {
        let header = json!({"alg": algorithm});
        assert_eq!(who(&jwt, &signer.token_with(&header, &claims())), None, "{algorithm}");
        let unsigned = signer.token_with(&header, &claims());
        let message = unsigned.rsplit_once('.').unwrap().0;
        for signature in ["", "AA", &"A".repeat(342)] {
            assert_eq!(who(&jwt, &format!("{message}.{signature}")), None);
        }
    }
    // The classic: the public key, which everybody knows, as the secret of an HMAC.
    use hmac::{KeyInit as _, Mac as _};
    let piece = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", piece(&json!({"alg": "HS256"})), piece(&claims()));
    for secret in [signer.pem(), signer.public()] {
        let mut mac = hmac::Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(message.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        assert_eq!(who(&jwt, &format!("{message}.{signature}")), None);
    }
    // A key that comes with the token is not looked at, and what is critical is not understood.
    for header in [
        json!({"alg": "ES256", "jwk": {"kty": "EC"}, "jku": "https://example.org", "kid": "../../dev/null"}),
        json!({"alg": "RS256", "crit": ["exp"]}),
    ] {
        assert_eq!(who(&jwt, &signer.token_with(&header, &claims())), None);
    }
}

#[test]
fn a_changed_token_is_none() {
    for signer in [rsa(), p256()] {
        let jwt = verifier(&signer.public());
        let token = signer.token(&claims());
        assert!(who(&jwt, &token).is_some());
        for place in (0..token.len()).step_by(7) {
            let mut bytes = token.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            // The last character of a piece has bits that say nothing.
            if decoded(&changed) != decoded(&token) {
                assert_eq!(who(&jwt, &changed), None, "{place}");
            }
        }
    }
}

fn decoded(token: &str) -> Vec<Option<Vec<u8>>> {
    token.split('.').map(|piece| URL_SAFE_NO_PAD.decode(piece).ok()).collect()
}

#[test]
fn what_has_not_the_shape_is_not_verified() {
    let deep = format!("ey{}.e.e", "J".repeat(8000));
    for shapeless in
        ["", ".", "..", "...", "ey..", "ey.e", "ey.e.", "ey.e.e.e", "t0ken", "ey.e e.e", "ey+/.e.e", "ey.e.e="]
    {
        assert!(!has_shape(shapeless), "{shapeless}");
        assert_eq!(who(&verifier(&p256().public()), shapeless), None);
    }
    assert!(has_shape(&deep));
    assert_eq!(who(&verifier(&p256().public()), &deep), None);
}

proptest::proptest! {
    #[test]
    fn any_text_is_refused_without_a_panic(text in "(ey)?[A-Za-z0-9_.-]{0,300}|.*") {
        thread_local! {
            static JWT: Jwt = verifier(&format!("{}{}", rsa().pem(), p256().pem()));
        }
        proptest::prop_assert!(JWT.with(|jwt| jwt.verify(&text)).is_none());
    }
}
