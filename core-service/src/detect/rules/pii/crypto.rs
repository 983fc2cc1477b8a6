//! Addresses in ledgers. Their checksums are long: what passes is one.

use super::{PII, is_near, stands_alone};
use crate::detect::{
    rule::{Rule, Wake},
    validate::{Candidate, hashes},
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "bitcoin_address",
        entity: "CRYPTO",
        wake: Wake::Figures(|figure| figure.word.len() >= 26),
        pattern: r"(?-u:\b)[13][1-9A-HJ-NP-Za-km-z]{25,34}(?-u:\b)",
        validate: Some(|c| {
            // Versions of Bitcoin: to a key, to a script.
            (stands_alone(c) && matches!(hashes::base58_version(c.hit()), Some(0 | 5))).then_some(0.95)
        }),
        reach: 40,
        matches: &["send to 1JRr4f1uGDu3Mz2bKyATHLwqkD9yb2x8dm", "3K7rzCWLp8DRT9j2T4q3hyJmtjSh5WV4ta"],
        misses: &["1JRr4f1uGDu3Mz2bKyATHLwqkD9yb2x8dn", "3K7rzCWLp8DRT9j2T4q3hyJmtjSh5WV4tb"],
        ..PII
    },
    Rule {
        id: "bitcoin_segwit_address",
        entity: "CRYPTO",
        wake: Wake::Keywords(&["bc1"]),
        pattern: r"(?-u:\b)(?:bc1[02-9ac-hj-np-z]{11,87}|BC1[02-9AC-HJ-NP-Z]{11,87})(?-u:\b)",
        validate: Some(|c| hashes::bech32(c.hit()).then_some(0.95)),
        matches: &["bc1q0nxe7f9ypejrwh3txsdps3v2njh94c0tlg5jq0", "pay BC1Q0NXE7F9YPEJRWH3TXSDPS3V2NJH94C0TLG5JQ0"],
        misses: &["bc1q0nxe7f9ypejrwh3txsdps3v2njh94c0tlg5jq9", "abc1q0nxe7f9ypejrwh3txsdps3v2njh94c0tlg5jq0"],
        ..PII
    },
    Rule {
        id: "ethereum_address",
        entity: "CRYPTO",
        wake: Wake::Keywords(&["0x"]),
        pattern: r"(?-u:\b)0[xX](?P<hit>[0-9a-fA-F]{40})(?-u:\b)",
        validate: Some(ethereum),
        matches: &[
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "my eth wallet 0xbf2d13c09ca7976e4d70bdf0bd16d6a26a37979a",
        ],
        misses: &["0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x0000000000000000000000000000000000000000"],
        ..PII
    },
];

/// In one case an address has no checksum, and forty hex digits are a digest as well.
fn ethereum(candidate: &Candidate<'_>) -> Option<f32> {
    const WORDS: &[&str] = &["eth", "ethereum", "wallet", "erc20", "metamask", "address", "token", "polygon"];
    let hit = candidate.hit();
    let varied = hit.bytes().any(|byte| Some(&byte) != hit.as_bytes().first());
    match hashes::ethereum(hit) {
        _ if !varied => None,
        Some(holds) => holds.then_some(0.95),
        None => Some(if is_near(candidate, WORDS) { 0.7 } else { 0.35 }),
    }
}
