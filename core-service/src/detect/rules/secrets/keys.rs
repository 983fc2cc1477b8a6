//! Private keys, in every wrapping that they travel in.

use base64::Engine as _;

use super::SECRET;
use crate::detect::{
    rule::{Rule, Wake},
    validate::{Candidate, randomness::entropy, token},
};

/// A 16384-bit RSA key in PEM is about 12 KiB.
const KEY_REACH: usize = 16 << 10;

/// What stands between the lines of a key: line ends of every kind, quotes, comments, the numbers of lines.
macro_rules! between {
    () => {
        r#"(?:[\s"'`>|+,*#]|\\+[nrt]?|<br ?/?|//[ \t]|[0-9]{1,4}(?: ?[\t|:]| {1,2}))*"#
    };
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "pem_private_key",
        entity: "private_key",
        wake: Wake::Keywords(&["PRIVATE KEY"]),
        // Header lines and base64 for as long as they go on, then the end marker if there is one. Line ends may be real,
        // escaped, spaces or gone, and lines may be quoted, indented or joined by a plus. Nothing here looks ahead for
        // the end marker: over a flood of begin markers that would cost the square of its length.
        pattern: concat!(
            r"-{4,5} ?BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)? ?-{4,5}(?:",
            between!(),
            r"(?:(?:Proc-Type|DEK-Info|Version|Comment|Hash): ?[ -Z^-~]{1,80}|[A-Za-z0-9+/=]{16,}))*(?:",
            between!(),
            r"(?:[A-Za-z0-9+/=]{1,15}",
            between!(),
            r"){0,2}-{4,5} ?END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)? ?-{4,5})?"
        ),
        reach: KEY_REACH,
        validate: Some(key_body),
        matches: &[
            concat!(
                "-----BEGIN RSA PRIVATE",
                " KEY-----\nMIIEt4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8Nx\nKzVm4CyHs6PgEd0JuFaLo2==\n-----END RSA PRIVATE KEY-----"
            ),
            concat!(
                r#"{"private_key": "-----BEGIN PRIVATE"#,
                r#" KEY-----\nMIIEt4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8Nx\n-----END PRIVATE KEY-----\n"}"#
            ),
            concat!(
                "-----BEGIN EC PRIVATE",
                " KEY----- MHcCt4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8Nx -----END EC PRIVATE KEY-----"
            ),
            concat!("-----BEGIN DSA PRIVATE", " KEY-----MHcCt4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8Nx"),
            concat!(
                "-----BEGIN OPENSSH PRIVATE",
                " KEY-----\n  b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ\n  t4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3T"
            ),
            concat!(
                "-----BEGIN ENCRYPTED PRIVATE",
                " KEY-----\nMIIFt4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8Nx\n-----END ENCRYPTED PRIVATE KEY-----"
            ),
            concat!(
                "-----BEGIN PGP PRIVATE",
                " KEY BLOCK-----\nVersion: GnuPG v2\n\nlQOYt4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8Nx\n=aB3d\n-----END PGP PRIVATE KEY BLOCK-----"
            ),
            concat!(
                "-----BEGIN RSA PRIVATE",
                " KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,5F0C9BE1D27A48E3\n\nt4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8Nx\n"
            ),
            concat!(
                "// -----BEGIN PRIVATE",
                " KEY-----\n// MIIEt4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8Nx\n// -----END PRIVATE KEY-----"
            ),
            concat!(
                "     1\t-----BEGIN PRIVATE",
                " KEY-----\n     2\tMIIEt4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8Nx\n     3\tKzVm4CyHs6PgEd0JuFaLo2"
            ),
            concat!(
                "-----BEGIN PRIVATE",
                " KEY-----<br>MIIEt4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8Nx<br/>KzVm4CyHs6PgEd0JuFaLo2"
            ),
        ],
        misses: &[
            "A PEM file starts with -----BEGIN RSA PRIVATE KEY----- and ends with -----END RSA PRIVATE KEY-----.",
            "-----BEGIN PRIVATE KEY-----\nYOUR PRIVATE KEY GOES HERE\n-----END PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
            "-----BEGIN PUBLIC KEY-----\nMIIEt4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8Nx\n-----END PUBLIC KEY-----",
        ],
        ..SECRET
    },
    Rule {
        id: "ssh2_private_key",
        entity: "private_key",
        wake: Wake::Keywords(&["SSH2 ENCRYPTED PRIVATE KEY"]),
        pattern: r"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----(?:\s|\\n|[A-Za-z0-9+/=:@. -])*",
        reach: KEY_REACH,
        validate: Some(key_body),
        matches: &[concat!(
            "---- BEGIN SSH2 ENCRYPTED PRIVATE",
            " KEY ----\nComment: me@alder\nP2/56wAt4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8Nx\n"
        )],
        misses: &[
            "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----",
            "---- BEGIN SSH2 PUBLIC KEY ----\nP2/56wAt4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8Nx",
        ],
        ..SECRET
    },
    Rule {
        id: "putty_private_key",
        entity: "private_key",
        wake: Wake::Keywords(&["PuTTY-User-Key-File-"]),
        pattern: r"PuTTY-User-Key-File-\d: ?[^\n]{1,60}\n(?:[A-Za-z0-9-]{3,24}: ?[^\n]{0,200}\r?\n|[A-Za-z0-9+/=]{4,80}\r?\n?)*",
        reach: KEY_REACH,
        validate: Some(key_body),
        matches: &[
            "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nComment: me\nPublic-Lines: 1\nAAAAt4Yk81bQmZ0sLr7NvDp2GhJc6Ue\nPrivate-Lines: 1\nA5WfXo9Ri3TqBw8NxKzVm4CyHs6PgEd0JuFaLo2\nPrivate-MAC: 5f0c",
        ],
        misses: &["PuTTY-User-Key-File-3: ssh-rsa", "It begins with PuTTY-User-Key-File-2: and a key type.\n"],
        ..SECRET
    },
    Rule {
        id: "pem_in_base64",
        entity: "private_key",
        // "-----BEGIN" in base64, as Kubernetes and CI variables hold it.
        wake: Wake::Keywords(&["LS0tLS1CRUdJTi"]),
        pattern: r"(?-u:\b)LS0tLS1CRUdJTi[A-Za-z0-9+/]{60,}={0,2}",
        reach: KEY_REACH,
        validate: Some(is_base64_of_a_key),
        matches: &[
            "tls.key: LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1JSUV0NFlrODFiUW1aMHNMcjdOdkRwMkdoSmM2VWVBNVdmWG85UmkzVHFCdzhOeAo=",
        ],
        misses: &[
            "tls.crt: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUV0NFlrODFiUW1aMHNMcjdOdkRwMkdoSmM2VWVBNVdmWG85UmkzVHFCdzhOeAo=",
            "LS0tLS1CRUdJTi is how it starts",
        ],
        ..SECRET
    },
    Rule {
        id: "jwk_private_key",
        entity: "private_key",
        wake: Wake::Keywords(&["\"kty"]),
        pattern: r#""kty\\?"[^{}]*?\\?"[dk]\\?"\s{0,4}:\s{0,4}\\?"(?P<hit>[A-Za-z0-9_-]{32,})"#,
        reach: 4096,
        validate: Some(token::padded),
        matches: &[concat!(
            r#"{"kty":"EC","crv":"P-256","x":"abc","d":"#,
            r#""t4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8N"}"#
        )],
        misses: &[
            r#"{"kty":"RSA","n":"t4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8N","e":"AQAB"}"#,
            r#"{"kty": "the key type"}"#,
        ],
        ..SECRET
    },
    Rule {
        id: "jwk_private_key_first",
        entity: "private_key",
        wake: Wake::Keywords(&["\"kty"]),
        // The members in the order of the alphabet.
        pattern: r#""[dk]\\?"\s{0,4}:\s{0,4}\\?"(?P<hit>[A-Za-z0-9_-]{32,})\\?"[^{}]*?"kty"#,
        reach: 4096,
        validate: Some(token::padded),
        matches: &[concat!(
            r#"{"crv":"P-256","d":"#,
            r#""t4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8N","kty":"EC","x":"abc"}"#
        )],
        misses: &[
            r#"{"e":"AQAB","kty":"RSA","n":"t4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8N"}"#,
            r#"[{"d":"t4Yk81bQmZ0sLr7NvDp2GhJc6UeA5WfXo9Ri3TqBw8N"},{"kty":"EC"}]"#,
        ],
        ..SECRET
    },
    Rule {
        id: "xml_private_key",
        entity: "private_key",
        wake: Wake::Keywords(&["<RSAKeyValue>"]),
        pattern: r"<RSAKeyValue>[A-Za-z0-9+/=\s<>]*?<D>(?P<hit>[A-Za-z0-9+/=\s]{40,})</D>",
        reach: KEY_REACH,
        validate: Some(key_body),
        matches: &[concat!(
            "<RSAKeyValue><Modulus>t4Yk81bQmZ0sLr7NvDp2</Modulus><Exponent>AQAB</Exponent>",
            "<D>h7Gq2LmXv9TzRk4WbYc0NdEpUs6AjF1oQi8H3mK5xP==</D></RSAKeyValue>"
        )],
        misses: &[
            "<RSAKeyValue><Modulus>t4Yk81bQmZ0sLr7NvDp2</Modulus><Exponent>AQAB</Exponent></RSAKeyValue>",
            "<RSAKeyValue><D>the private exponent in base64, of the length of the modulus</D></RSAKeyValue>",
        ],
        ..SECRET
    },
    Rule {
        id: "age_secret_key",
        entity: "private_key",
        wake: Wake::Keywords(&["AGE-SECRET-KEY-1"]),
        pattern: r"(?i)AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}",
        validate: Some(token::uniform),
        matches: &[concat!("AGE-SECRET-", "KEY-1QG7ZK2W9XN4TPV8RYD3S0JC5HMUEA6LFQ2ZX7GW4KTN9PVRY8D3SJ0C5HUM")],
        misses: &["AGE-SECRET-KEY-1...", "age1qg7zk2w9xn4tpv8ryd3s0jc5hmuea6lfq2zx7gw4ktn9pvry8d3sj0c5hum"],
        ..SECRET
    },
];

/// Some line has to look like key material: people write about the header far more often than they paste a key.
fn key_body(candidate: &Candidate<'_>) -> Option<f32> {
    let material = |run: &str| run.len() >= 24 && entropy(run) >= 3.5 && run.bytes().any(|byte| byte.is_ascii_digit());
    let hit = candidate.hit();
    // An escaped line end would otherwise give its letter to the next line.
    hit.split("\\n")
        .flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '/' | '=')))
        .any(material)
        .then_some(1.0)
}

fn is_base64_of_a_key(candidate: &Candidate<'_>) -> Option<f32> {
    let head = candidate.hit().get(..72)?;
    let decoded = base64::engine::general_purpose::STANDARD_NO_PAD.decode(head).ok()?;
    decoded.windows(11).any(|window| window == b"PRIVATE KEY").then_some(1.0)
}
