//! Addresses that only the machine itself, its network or its cloud can reach.

use super::{CODE, ORDINARY};
use crate::detect::{
    rule::{Rule, Wake},
    validate::Candidate,
};

const SSRF: Rule = Rule { entity: "ssrf_target", ..CODE };

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ssrf_metadata",
        wake: Wake::Keywords(&[
            "169.254.169.254",
            "169.254.170.2",
            "metadata.google.internal",
            "100.100.100.200",
            "fd00:ec2::254",
            "fd20:ce::254",
            "192.0.0.192",
            "metadata.azure",
            "a9fe:a9fe",
            "/latest/meta-data",
            "computemetadata/v1",
        ]),
        pattern: r"(?i)(?:169\.254\.169\.254|169\.254\.170\.2|100\.100\.100\.200|192\.0\.0\.192)(?-u:\b)|(?-u:\b)metadata\.google\.internal(?-u:\b)|(?-u:\b)metadata\.azure\.(?:com|internal)(?-u:\b)|(?-u:\b)fd(?:00:ec2|20:ce)::254(?-u:\b)|(?-u:\b)a9fe:a9fe(?-u:\b)|/latest/meta-data(?:/|(?-u:\b))|/computeMetadata/v1",
        validate: Some(metadata),
        matches: &[
            "http://169.254.169.254/latest/meta-data/iam/",
            "curl metadata.google.internal",
            "http://[::ffff:a9fe:a9fe]/",
        ],
        misses: &["version 1.169.254.169", "the metadata of google docs"],
        ..SSRF
    },
    Rule {
        id: "ssrf_numeric_host",
        wake: Wake::Keywords(&["://"]),
        pattern: r"(?i)(?-u:\b)(?:https?|ftp|ws|wss)://(?:[^\s/@\x22'<>]{1,80}@)?(?P<hit>(?:0x[0-9a-f]{1,8}|\d{1,10})(?:\.(?:0x[0-9a-f]{1,8}|\d{1,10})){0,3})(?:[:/?#\s\x22'<>)\],`]|\.(?:nip|sslip|xip)\.io|\.?$)",
        validate: Some(numeric_host),
        matches: &[
            "http://2852039166/",
            "http://0xa9fea9fe/x",
            "http://0251.0376.0251.0376",
            "http://10.0.0.8:8500/v1",
            "http://127.0.0.1.nip.io",
        ],
        misses: &[
            "https://8.8.8.8/",
            "listening on 127.0.0.1 port 80",
            "https://1password.com",
            "http://198.51.100.7/",
        ],
        ..SSRF
    },
    Rule {
        id: "ssrf_local_host",
        wake: Wake::Keywords(&["://localhost", "://[::", "://[0:0:0", "localtest.me", "lvh.me", "://[fd", "://[fe80"]),
        pattern: r"(?i)(?-u:\b)(?:https?|ftp|ws|wss)://(?:localhost(?-u:\b)|\[(?:::1?|0:0:0:0:0:0:0:1|::ffff:[0-9a-f:.]{3,20}|(?:0{1,4}:){5}ffff:[0-9a-f:.]{3,20}|fe80:[0-9a-f:%a-z]{1,40}|fd[0-9a-f]{2}:[0-9a-f:]{1,36})\]|(?:[a-z0-9-]{1,40}\.)?(?:localtest|lvh)\.me(?-u:\b))",
        validate: Some(local_host),
        matches: &["http://localhost:3000/", "http://[::1]:80/", "http://[::ffff:127.0.0.1]/admin"],
        misses: &["the localhost is up", "https://[docs]/page"],
        ..SSRF
    },
    Rule {
        id: "ssrf_scheme",
        wake: Wake::Keywords(&["file:", "gopher:", "dict:", "phar:", "php:", "expect:", "netdoc:", "jar:http"]),
        pattern: r"(?i)(?-u:\b)(?:file:/{1,3}(?:localhost/)?(?:etc|proc|root|var/run|sys|home|c(?::|%3a)/windows)/[^\s\x22'<>)]{1,120}|gopher://[^\s\x22'<>)]{3,200}|dict://[^\s/\x22'<>)]{3,80}:\d{2,5}|phar://[^\s\x22'<>)]{3,80}|php://(?:filter|input|expect|data)(?-u:\b)|expect://[a-z]|netdoc:/{1,3}[a-z]|jar:https?://[^\s!]{3,120}!/)",
        validate: Some(scheme),
        matches: &[
            "file:///etc/passwd",
            "gopher://127.0.0.1:6379/_SET",
            "dict://127.0.0.1:11211/",
            "php://filter/convert.base64-encode/resource=a",
        ],
        misses: &["file:///C:/docs/a.pdf", "dict: a mapping", "profile://x"],
        ..SSRF
    },
];

fn metadata(candidate: &Candidate<'_>) -> Option<f32> {
    // A longer number around it is another address.
    let whole = !candidate.before(1).ends_with(|c: char| c.is_ascii_digit() || c == '.')
        && !candidate.after(2).strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    whole.then_some(0.8)
}

/// What a resolver makes of a host written in numbers: each of one to four parts decimal, octal or
/// hexadecimal, the last filling the rest.
fn address(host: &str) -> Option<u32> {
    let parts: Vec<&str> = host.split('.').collect();
    let (last, first) = parts.split_last()?;
    let mut value: u32 = 0;
    for part in first {
        value = (value << 8) | number(part).filter(|&byte| byte <= 0xff)?;
    }
    let bits = 8 * (4 - first.len().min(4));
    let rest = number(last)?;
    if bits == 32 {
        return Some(rest);
    }
    (u64::from(rest) < 1_u64 << bits).then(|| (value << bits) | rest)
}

fn number(part: &str) -> Option<u32> {
    let lower = part.to_ascii_lowercase();
    match lower.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None if lower.len() > 1 && lower.starts_with('0') => u32::from_str_radix(&lower, 8).ok(),
        None => lower.parse().ok(),
    }
}

fn numeric_host(candidate: &Candidate<'_>) -> Option<f32> {
    let host = candidate.hit();
    let address = std::net::Ipv4Addr::from(address(host)?);
    let plain = host == address.to_string();
    let disguised = !plain || candidate.after(8).contains("ip.io");
    let octets = address.octets();
    let inside = address.is_loopback() || address.is_private() || address.is_unspecified();
    match octets {
        [169, 254, 169 | 170, _] | [100, 100, 100, 200] => Some(0.8),
        // Small whole numbers are ids and ports that lost their host, not addresses.
        _ if !host.contains('.') && address.is_unspecified() => None,
        [169, 254, ..] => Some(0.5),
        _ if inside && disguised => Some(0.7),
        _ if inside => Some(0.3),
        _ if disguised && (host.contains("0x") || host.len() > 8 && !host.contains('.')) => Some(0.4),
        _ => None,
    }
}

fn local_host(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    let disguised = hit.contains(".me") || hit.to_ascii_lowercase().contains(":ffff:") || hit.contains("0:0:0:0");
    Some(if disguised { 0.6 } else { 0.3 })
}

fn scheme(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit().to_ascii_lowercase();
    let inside = ["127.0.0.1", "localhost", "//10.", "//192.168.", ":6379", ":11211", ":25/", ":3306"];
    match () {
        () if hit.starts_with("file:") && hit.contains("/home/") => Some(ORDINARY),
        () if hit.starts_with("gopher:") && !inside.iter().any(|part| hit.contains(part)) => Some(ORDINARY),
        () if hit.starts_with("phar:") || hit.starts_with("php://input") => Some(ORDINARY),
        () => Some(0.75),
    }
}
