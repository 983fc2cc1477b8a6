//! Addresses on the network: of mailboxes and of machines.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{PII, mentions};
use crate::{
    detect::{
        rule::{Rule, Wake},
        validate::Candidate,
    },
    domain::finding::Severity,
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "email_address",
        entity: "EMAIL_ADDRESS",
        wake: Wake::Keywords(&["@"]),
        pattern: r"[\w.%+'-]*[\w%+-]@(?:[\w-]+\.)+\p{L}{2,24}",
        validate: Some(email),
        matches: &[
            "write to ann.lee+news@mail.alder.dev, please",
            "<o'hara@alder.co.uk>",
            "joão@exemplo.com.br",
            "https://app.alder.dev/reset?email=ann.lee@alder-corp.dev",
            "https://app.alder.dev?to=ann.lee@alder-corp.dev&x=1",
            "myapp://open?user=ann.lee@alder-corp.dev",
            "j.smith@alder.local",
        ],
        misses: &[
            "logo@2x.png",
            "lodash@4.17.21",
            "pkg@1.0.0-beta.rc",
            "git@github.com:alder/repo.git",
            "https://ann:pw@alder.dev/",
            "ssh://ann@alder.dev/repo",
            "pi@alder.local",
            "@app.route",
            "a@b",
        ],
        ..PII
    },
    Rule {
        id: "ipv4_address",
        entity: "IP_ADDRESS",
        severity: Severity::Low,
        wake: Wake::Figures(|figure| figure.dots >= 3),
        pattern: r"(?-u:\b)\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?-u:\b)",
        validate: Some(ipv4),
        reach: 8,
        matches: &["from 86.12.201.44 port 22", "http://10.44.7.19:8080/", "the host 9.8.7.6 answers"],
        misses: &[
            "version 10.4.12.31",
            "v86.12.201.44",
            "1.2.3.4.5",
            "256.12.201.44",
            "section 3.2.1.4",
            "127.0.0.1",
            "client 203.0.113.5",
            "pip install alder==12.40.30.11",
            "0.0.0.0",
            "AssemblyVersion(\"12.40.30.11\")",
        ],
        ..PII
    },
    Rule {
        id: "ipv6_address",
        entity: "IP_ADDRESS",
        severity: Severity::Low,
        wake: Wake::Figures(|figure| figure.word.colons >= 3),
        pattern: r"(?i)(?:[0-9a-f]{1,4}:){2,7}(?::?[0-9a-f]{1,4}){0,6}(?:::)?|[0-9a-f]{1,4}::[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,5}",
        validate: Some(ipv6),
        reach: 48,
        matches: &[
            "at 2a02:8108:96bf:7a44::1c",
            "4f8a:c99e:dc86:faf9:5988:5f63:375e:8a2a.",
            "fe80::1ff:fe23:4567:890a",
        ],
        misses: &["client 2001:db8:96bf:7a44::1c", "12:34:56", "::1", "std::vec", "face::bad", "10:20:30:40"],
        ..PII
    },
];

fn email(candidate: &Candidate<'_>) -> Option<f32> {
    /// What stands behind the last dot of a file or of an attribute in code, and is no top-level domain.
    const NO_DOMAINS: &[&str] = &[
        "png",
        "jpg",
        "jpeg",
        "gif",
        "svg",
        "webp",
        "ico",
        "bmp",
        "css",
        "scss",
        "js",
        "mjs",
        "jsx",
        "ts",
        "tsx",
        "json",
        "yaml",
        "yml",
        "html",
        "htm",
        "xml",
        "txt",
        "pdf",
        "lock",
        "toml",
        "exe",
        "dll",
        "jar",
        "whl",
        "gz",
        "localhost",
        "shape",
        "weight",
        "min",
    ];
    let (local, domain) = candidate.hit().rsplit_once('@')?;
    let (host, top) = domain.rsplit_once('.')?;
    let version = host.split('.').next()?.bytes().all(|byte| byte.is_ascii_digit());
    // Within a company's own network people have their names before it, machines their accounts.
    let machine = top.eq_ignore_ascii_case("local") && !local.contains('.');
    let file = machine || NO_DOMAINS.iter().any(|name| top.eq_ignore_ascii_case(name));
    let remote = local == "git" && candidate.after(1).starts_with([':', '/']);
    let word =
        candidate.before(256).rsplit(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<')).next().unwrap_or("");
    let credentials = word.rsplit_once("://").is_some_and(|(scheme, rest)| is_authority(scheme, rest));
    let malformed = local.len() > 64
        || local.starts_with('.')
        || local.contains("..")
        || domain.len() > 253
        || host.starts_with('-');
    (!version && !file && !remote && !credentials && !malformed).then_some(0.95)
}

/// Whether what stands between the scheme of a link and a match leads to a host, so that the match is who logs in
/// there. Behind the host of a page anything may stand, mostly in its query, but for the name of an account: `/@ann`.
fn is_authority(scheme: &str, rest: &str) -> bool {
    let page = scheme.ends_with("http") || scheme.ends_with("https");
    let beyond = if page { rest.contains(['/', '?', '#']) } else { rest.contains('?') };
    let mail = scheme.ends_with("mailto") || rest.contains("mailto");
    !mail && (!beyond || rest.ends_with('@'))
}

fn ipv4(candidate: &Candidate<'_>) -> Option<f32> {
    const VERSIONS: &[&str] = &[
        "version", "versions", "ver", "v", "release", "section", "chapter", "clause", "build", "oid", "firmware",
        "driver", "upgrade", "update",
    ];
    const HOSTS: &[&str] = &[
        "ip", "ips", "ipv4", "address", "host", "server", "dns", "gateway", "ping", "client", "from", "peer", "subnet",
    ];
    let address: Ipv4Addr = candidate.hit().parse().ok()?;
    let before = candidate.before(24);
    let longer = before.ends_with(['.', '_', '=']) && !before.ends_with("ip=") && !named_assignment(before)
        || candidate
            .after(2)
            .strip_prefix(['.', '-'])
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let hosts = mentions(before, HOSTS);
    let versions = !hosts && (mentions(before, VERSIONS) || before.to_ascii_lowercase().contains("version"));
    let nobody = address.is_loopback() || address.is_documentation() || matches!(address.octets()[0], 0 | 255);
    // 1.2.3.4 is a paragraph or a version more often than a machine.
    let small = address.octets().iter().all(|&octet| octet < 20);
    match () {
        () if longer || versions || nobody || small && !hosts => None,
        () => Some(weight(candidate)),
    }
}

/// An address of a machine is listed; of somebody's machine it is personal data.
fn weight(candidate: &Candidate<'_>) -> f32 {
    const OWNERS: &[&str] = &[
        "my",
        "his",
        "her",
        "your",
        "user",
        "user's",
        "client",
        "customer",
        "visitor",
        "employee",
        "patient",
        "subscriber",
        "logged in",
        "login from",
        "signed in",
        "remote",
        "meine",
        "mon",
        "mi",
        "x-forwarded-for",
    ];
    if mentions(candidate.before(40), OWNERS) { 0.7 } else { 0.4 }
}

/// `IP=`, `host=`, `addr=` but not `alder==`.
fn named_assignment(before: &str) -> bool {
    before.ends_with('=') && !before.ends_with("==")
}

fn ipv6(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    let address: Ipv6Addr = hit.parse().ok()?;
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '_');
    let longer = candidate.before(1).ends_with(part) || candidate.after(1).starts_with(part);
    let digits = hit.bytes().filter(u8::is_ascii_digit).count();
    let length = hit.bytes().filter(u8::is_ascii_hexdigit).count();
    // Paths in code can be spelt in hex: `face::bad`.
    let code = hit.matches(':').count() < 3 || digits < 2 || length < 7;
    // RFC 3849: for documentation.
    let nobody = address.is_loopback() || address.is_unspecified() || address.segments()[..2] == [0x2001, 0xdb8];
    (!longer && !code && !nobody).then(|| weight(candidate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_logs_in_at_a_host_stands_right_behind_the_scheme() {
        for (scheme, rest) in [("https", ""), ("http", "ann:"), ("ssh", "ann:a/b#"), ("https", "alder.dev/@")] {
            assert!(is_authority(scheme, rest), "{scheme} {rest}");
        }
        for (scheme, rest) in [("https", "alder.dev/?to="), ("see=https", "alder.dev#"), ("app", "open?to=")] {
            assert!(!is_authority(scheme, rest), "{scheme} {rest}");
        }
    }
}
