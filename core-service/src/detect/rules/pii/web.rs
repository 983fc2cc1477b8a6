//! Links and names of hosts: listed, and of low weight unless they are somebody's.

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
        id: "url",
        entity: "URL",
        severity: Severity::Low,
        wake: Wake::Keywords(&["http://", "https://", "ftp://", "www."]),
        pattern: r#"(?-u:\b)(?i:(?:https?|ftp)://|www\.)[!-~&&[^\s<>"'`{}|\\^\[\]()*]]{3,400}"#,
        validate: Some(url),
        matches: &[
            "my website is https://www.aldergardens.at/",
            "see http://alder.example/a?b=c",
            "www.aldergardens.at",
        ],
        misses: &["http://localhost:8080", "https://", "http://user:pass@alder.dev/"],
        reach: 416,
        ..PII
    },
    Rule {
        id: "domain_name",
        entity: "DOMAIN_NAME",
        yields: true,
        severity: Severity::Low,
        wake: Wake::Keywords(&[
            ".com", ".org", ".net", ".edu", ".gov", ".io", ".info", ".biz", ".co.", ".de", ".fr", ".it", ".es", ".nl",
            ".pl", ".eu", ".uk", ".ch", ".at", ".be", ".se", ".no", ".dk", ".fi", ".pt", ".br", ".jp", ".cn", ".in",
            ".ru", ".au", ".ca", ".us", ".ai", ".dev", ".app",
        ]),
        pattern: r"(?i)(?-u:\b)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,4}(?:com|org|net|edu|gov|io|info|biz|co\.(?:uk|nz|za|jp|kr|in)|com\.(?:au|br|mx|ar|tr|cn|sg)|de|fr|it|es|nl|pl|eu|uk|ch|at|be|se|no|dk|fi|pt|br|jp|cn|in|ru|au|ca|us|ai|dev|app)(?-u:\b)",
        validate: Some(domain),
        matches: &["find me at aldergardens.com", "https://www.aldergardens.co.uk/", "host alder-gardens.de"],
        misses: &[
            "git@github.com:alder/repo.git",
            "path.to.it",
            "self.app",
            "java.net.URL",
            "e.g. it",
            "x.com.alder.Main",
        ],
        reach: 300,
        ..PII
    },
];

const OWNERS: &[&str] = &["my", "his", "her", "our", "personal", "blog", "homepage", "portfolio"];

fn url(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    let rest = hit.split_once("://").map_or(hit, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.split(':').next().unwrap_or(authority);
    // With credentials it is a secret, and other rules'.
    let public = host.contains('.') && !authority.contains('@') && host.len() > 3;
    public.then(|| score(candidate))
}

fn domain(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    let (before, after) = (candidate.before(1), candidate.after(2));
    let part = before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '@' | '.' | '_' | '$' | '\\'))
        || after.starts_with(['@', '(', '_', '['])
        || after
            .strip_prefix(['.', '-'])
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        || after.strip_prefix(':').is_some_and(|rest| rest.starts_with(':'));
    let (host, top) = hit.rsplit_once('.')?;
    let linked = candidate.before(4).ends_with("://") || hit.starts_with("www.");
    // Top-level domains that are also words and names of fields are believed in links, or in long names.
    let word = matches!(
        top.to_ascii_lowercase().as_str(),
        "in" | "it"
            | "is"
            | "at"
            | "be"
            | "no"
            | "de"
            | "app"
            | "dev"
            | "info"
            | "us"
            | "io"
            | "ai"
            | "net"
            | "es"
            | "se"
            | "ca"
            | "ch"
            | "fi"
            | "pt"
            | "au"
            | "br"
            | "cn"
            | "eu"
    );
    let code = matches!(
        host.to_ascii_lowercase().as_str(),
        "self" | "this" | "java" | "system" | "std" | "path.to" | "flask" | "asp" | "socket" | "config" | "logger"
    );
    let humps = top.bytes().any(|byte| byte.is_ascii_uppercase()) && hit.bytes().any(|byte| byte.is_ascii_lowercase());
    let too_short = word && !linked && host.len() < 5;
    (!part && !code && !humps && !too_short).then(|| score(candidate))
}

fn score(candidate: &Candidate<'_>) -> f32 {
    if mentions(candidate.before(24), OWNERS) { 0.55 } else { 0.35 }
}
