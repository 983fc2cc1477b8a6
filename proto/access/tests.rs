use http::HeaderValue;

use super::*;

fn presents(access: &Access, headers: &[(&str, &[u8])]) -> Option<String> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_bytes(value).unwrap());
    }
    access.admit(&map).map(|principal| principal.to_string())
}

fn says(access: &Access, authorization: &str) -> Option<String> {
    presents(access, &[("authorization", authorization.as_bytes())])
}

fn access() -> Access {
    Access::new(&Credentials {
        bearer: [
            Credential::list("old-token, new-token"),
            vec![Credential::named("acme", "acme-1").unwrap(), Credential::named("acme", "acme-2").unwrap()],
        ]
        .concat(),
        basic: Credential::list("ann:s3cret:with:colons,ann:next,b\u{f6}b:p"),
        headers: Credential::list("X-Api-Key: k1, x-api-key:k2, authorization: Custom scheme"),
        jwt: None,
    })
    .unwrap()
}

#[test]
fn nothing_configured_admits_anybody() {
    let access = Access::parse("", " ").unwrap();
    assert!(access.is_open());
    assert_eq!(presents(&access, &[]).as_deref(), Some(""));
}

#[test]
fn every_form_opens_and_says_who() {
    let access = access();
    let basic = |pair: &str| format!("basic {}", STANDARD.encode(pair));
    let token = says(&access, "Bearer old-token").unwrap();
    assert!(token.starts_with("token:"), "{token}");
    for same in ["bearer old-token", "BEARER   old-token ", "old-token", " old-token"] {
        assert_eq!(says(&access, same).as_ref(), Some(&token), "{same}");
    }
    assert_ne!(says(&access, "new-token").unwrap(), token);
    for (value, who) in [
        ("Bearer acme-1", "name:acme"),
        ("acme-2", "name:acme"),
        (&basic("ann:s3cret:with:colons"), "basic:ann"),
        (&basic("ann:next"), "basic:ann"),
    ] {
        assert_eq!(says(&access, value).as_deref(), Some(who));
    }
    assert!(says(&access, &basic("b\u{f6}b:p")).unwrap().starts_with("basic#"));
    let first = presents(&access, &[("x-api-key", b"k1")]).unwrap();
    let second = presents(&access, &[("x-api-key", b" k2 ")]).unwrap();
    assert!(first.starts_with("header:") && second.starts_with("header:") && first != second);
    assert!(says(&access, "Custom scheme").unwrap().starts_with("header:"));
    // A gateway may send its own beside the static one.
    assert_eq!(presents(&access, &[("authorization", b"Bearer of another"), ("x-api-key", b"k1")]), Some(first));
}

#[test]
fn nothing_else_opens() {
    let access = access();
    let huge = format!("Bearer old-token{}", " ".repeat(LONGEST));
    for bad in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer old",
        "Bearer old-token2",
        "Bearer old-token new-token",
        "Bearer old-token,new-token",
        "Bearer\told-token",
        "Token old-token",
        "Basic !!!",
        "Basic b2xkLXRva2Vu",
        "Basic old-token",
        "ann:next",
        "Bearer ann:next",
        "Bearer k1",
        "k1",
        "Custom",
        "Custom schem",
        &huge,
    ] {
        assert_eq!(says(&access, bad), None, "{bad}");
    }
    assert_eq!(presents(&access, &[]), None);
    let not_utf8: &[u8] = b"Bearer \xff";
    assert_eq!(presents(&access, &[("authorization", not_utf8)]), None);
    assert_eq!(presents(&access, &[("x-api-key", b"old-token")]), None);
    let twice: &[(&str, &[u8])] = &[("authorization", b"Bearer wrong"), ("authorization", b"Bearer old-token")];
    assert_eq!(presents(&access, twice), None, "which of two is meant is not guessed");
}

#[test]
fn no_two_credentials_share_a_principal() {
    // The same secret in every form, and users that look like digests and names.
    let access = Access::new(&Credentials {
        bearer: [Credential::list("s,t"), vec![Credential::named("u", "v").unwrap()]].concat(),
        basic: Credential::list("s:s,name:u,u:u,token:s"),
        headers: Credential::list("a: s,b: s,a: t"),
        jwt: None,
    })
    .unwrap();
    let rings = [&access.bearer, &access.basic].into_iter().chain(access.headers.iter().map(|(_, ring)| ring));
    let all: Vec<_> = rings.flat_map(Keyring::principals).map(Principal::as_str).collect();
    assert_eq!(all.len(), 10);
    for (index, one) in all.iter().enumerate() {
        assert!(!all[index + 1..].contains(one) && one.len() <= 64 && !one.contains('/'), "{one}");
    }
}

#[test]
fn an_unusable_credential_is_an_error_and_not_an_open_door() {
    let error = |credentials: &Credentials| Access::new(credentials).unwrap_err();
    for list in ["a,,b", ",", "a b"] {
        assert_eq!(Access::parse(list, "").unwrap_err(), InvalidCredential::Token);
    }
    for list in ["ann", "ann:", ":p", ","] {
        assert_eq!(Access::parse("", list).unwrap_err(), InvalidCredential::Basic);
    }
    for list in ["x-api-key", "x-api-key:", "x api: k", ": k", ","] {
        let credentials = Credentials { headers: Credential::list(list), ..Credentials::default() };
        assert_eq!(error(&credentials), InvalidCredential::Header);
    }
    for name in ["", "a/b", "a b", "a@b", &"x".repeat(33)] {
        assert_eq!(Credential::named(name, "t").unwrap_err(), InvalidCredential::Name);
    }
    let bearer = vec![Credential::named("a", "t").unwrap(), Credential::named("b", "t").unwrap()];
    assert_eq!(error(&Credentials { bearer, ..Credentials::default() }), InvalidCredential::Twice);
}

#[test]
fn what_is_shown_names_kinds_and_no_secret() {
    let access = access();
    assert_eq!(access.to_string(), "4 bearer, 3 basic, 2 x-api-key, 1 authorization");
    assert_eq!(format!("{access:?}"), format!("Access({access})"));
    let credential = Credential::named("acme", "hunter2").unwrap();
    assert_eq!(format!("{credential:?} {:?}", Credential::new("hunter2")), "Credential(acme) Credential(unnamed)");
}

#[test]
fn a_credential_is_marked_whatever_its_header_is_called() {
    let headers = Credential::list("User-Agent: hunter2");
    let access = Access::new(&Credentials { headers, ..Credentials::default() }).unwrap();
    let mut map = HeaderMap::new();
    for name in ["user-agent", "authorization", "accept"] {
        map.append(name, HeaderValue::from_static("hunter2"));
    }
    assert!(access.admit(&map).is_some());
    access.mark(&mut map);
    let marked: Vec<_> = map.iter().filter(|(_, value)| value.is_sensitive()).map(|(name, _)| name.as_str()).collect();
    assert_eq!(marked, ["user-agent", "authorization"]);
}
