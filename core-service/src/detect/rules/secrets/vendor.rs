//! Tokens of providers that no other file names: most of them say by a word what they are.

use super::SECRET;
use crate::detect::{
    rule::{Rule, Wake},
    validate::{
        Candidate,
        placeholder::is_placeholder,
        randomness::{is_hex, is_uuid, looks_random},
        token::goes_on,
    },
};

pub(super) const RULES: &[Rule] = &[Rule {
    id: "vendor_token",
    yields: true,
    entity: "vendor_token",
    wake: Wake::Keywords(&[
        "sk_",
        "sk-",
        "pat_",
        "pat-",
        "live_",
        "live-",
        "key_",
        "key-",
        "secret_",
        "secret-",
        "token_",
        "token-",
        "tok_",
        "tok-",
        "oat_",
        "oat-",
        "api_",
        "api-",
        "sat_",
        "aat_",
        "sec_",
        "prod_",
        "prod-",
        "production_",
        "production-",
        "sandbox_",
        "sandbox-",
        "access_",
        "access-",
        "auth_",
        "auth-",
        "svc_",
    ]),
    // A vendor's word or none, a word for what it is, then at least 20 characters that go on.
    pattern: r"(?i)(?-u:\b)(?:[a-z][a-z0-9]{1,15}[_-]){0,2}(?:sk|pat|aat|sat|sec|svc|live|prod|production|sandbox|key|secret|token|tok|oat|api|apikey|access|auth)[_-](?:[a-z0-9]{2,12}[_.-])?(?P<hit>[A-Za-z0-9_-]{20,})(?-u:\b)",
    validate: Some(vendor),
    matches: &[
        concat!("zeph_live_", "t4Yk81bQmZ0sLr7NvDp2GhJc"),
        concat!("(alder-api-", "kW1bQmZ0sLr7NvDp2GhJc6Ue)"),
        concat!("my zz_pat_", "5f0c9be1d27a48e3b6c10f9ad2e87b43, please"),
        concat!("zeph_production_", "t4Yk8_1bQmZ0sLr7Nv-Dp2GhJc"),
        concat!("api_live_eu.", "kW1bQmZ0sLr7NvDp2GhJc6Ue"),
    ],
    misses: &[
        "chatcmpl_t4Yk81bQmZ0sLr7NvDp2GhJc",
        "pk_live_t4Yk81bQmZ0sLr7NvDp2GhJc",
        "the_test_AbstractSingletonProxyFactoryBean",
        "cache-key-5f0c9be1d27a48e3b6c10f9ad2e87b43e61a7c05",
        "zeph_live_xxxxxxxxxxxxxxxxxxxxxxxx",
        "build-test-20240501123456789012",
        "access-log-2024-05-01T12-30-45-worker-17-shard-3",
        "alder-api-deployment-7d4b9c8f6b-x2x5z",
        "auth_7f0c9be1-d27a-48e3-b6c1-0f9ad2e87b43",
        "the object key_5f0c9be1d27a48e3b6c10f9ad2e87b43 is gone",
        "alder-api-5f0c9be1d27a48e3b6c10f9ad2e87b43.log",
    ],
    ..SECRET
}];

fn vendor(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    let before = candidate.before(48);
    let start = before.rfind(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-')).map_or(0, |at| at + 1);
    let prefix = before.get(start..)?.to_ascii_lowercase();
    // Publishable keys are meant to be seen; a digest behind "cache-key-" or "sha-v1-" is an address.
    let public = prefix.starts_with("pk_") || prefix.contains("public") || prefix.contains("_pk_");
    let address = ["cache", "sha", "hash", "commit", "image", "build", "chunk", "asset", "test", "v1", "v2"]
        .iter()
        .any(|word| prefix.contains(word));
    let object = is_hex(hit) && (matches!(prefix.as_str(), "key-" | "key_") || goes_on(candidate));
    let mixed = |class: fn(&u8) -> bool| hit.bytes().any(|byte| class(&byte));
    let opaque = mixed(u8::is_ascii_digit) && mixed(u8::is_ascii_lowercase) && mixed(u8::is_ascii_uppercase);
    let weak = !opaque && address;
    // Names of hosts and jobs have short runs between their hyphens; tokens have long ones, or few hyphens.
    let separators = hit.matches(['_', '-']).count();
    let long = hit.split(['_', '-']).any(|run| run.len() >= 16 && looks_random(run));
    let token = long || opaque && looks_random(hit) && separators * 8 <= hit.len();
    (token && !public && !weak && !object && !is_uuid(hit) && !is_placeholder(hit)).then_some(0.7)
}
