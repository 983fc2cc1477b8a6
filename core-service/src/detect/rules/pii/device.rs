//! Vehicles, telephones, network cards, places: numbers of things that lead to a person when their context does.

use super::{NEAR_WORD, PII, follows, formed, is_near, mentions, named, stands_alone};
use crate::{
    detect::{
        figures::Figure,
        rule::{Rule, Wake},
        validate::{Candidate, check_digit::is_monotonous, checksum},
    },
    domain::finding::Severity,
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "vin",
        entity: "VIN",
        wake: Wake::Keywords(&[
            "vin ",
            "vin:",
            "vin\"",
            "vin#",
            "vin=",
            "vehicle",
            "chassis",
            "car ",
            "fahrgestell",
            "telaio",
            "bastidor",
        ]),
        pattern: r"(?-u:\b)[A-HJ-NPR-Z0-9]{17}(?-u:\b)",
        validate: Some(|c| {
            let letters = c.hit().bytes().filter(u8::is_ascii_alphabetic).count();
            // One in eleven is right by chance: a word, or the digits that every maker ends with.
            let serial = c.hit().as_bytes()[13..].iter().all(u8::is_ascii_digit);
            let alone = if letters >= 4 && serial { 0.6 } else { 0.3 };
            if letters < 3 { None } else { formed(c, VIN, alone, is_vin) }
        }),
        matches: &["VIN: 1HGCM826XKA048217", "the car 2T3ZF4DV8BW093741"],
        misses: &["1HGCM8260KA048217", "12345678901234567"],
        ..PII
    },
    Rule {
        id: "imei",
        entity: "IMEI",
        wake: Wake::Keywords(&["imei", "handset", "device id"]),
        pattern: r"(?-u:\b)\d{2}[ -]?\d{4}[ -]?\d{2}[ -]?\d{6}(?:[ -]?\d{1,2})?(?-u:\b)",
        validate: Some(|c| {
            let digits = c.hit().bytes().filter(u8::is_ascii_digit).count();
            match digits {
                15 => named(c, &["imei", "handset", "device id"], |n| checksum::luhn(n) && !is_monotonous(n)),
                // Without its check digit, or with the software's version in its place: nothing to check.
                _ => (follows(c, &["imei", "imeisv"]) && stands_alone(c)).then_some(0.7),
            }
        }),
        matches: &[
            "IMEI 358472091635820",
            "imei: 35-847209-163582-0",
            "IMEI: 358472-09-163582-0",
            "IMEI 35847209163582",
            "IMEISV: 3584720916358201",
        ],
        misses: &["IMEI 358472091635821", "358472091635820"],
        ..NEAR_WORD
    },
    Rule {
        id: "mac_address",
        entity: "MAC_ADDRESS",
        severity: Severity::Low,
        wake: Wake::Figures(|Figure { word, .. }| {
            word.len() >= 14 && (word.colons >= 5 || word.dashes >= 5 || word.dots >= 2)
        }),
        pattern: r"(?-u:\b)(?i:[0-9a-f]{2}(?::[0-9a-f]{2}){5}|[0-9a-f]{2}(?:-[0-9a-f]{2}){5}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})(?-u:\b)",
        validate: Some(|c| {
            let joined = |c: char| matches!(c, ':' | '-' | '.');
            let part = c.before(1).ends_with(joined)
                || c.after(2)
                    .strip_prefix(joined)
                    .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_hexdigit()));
            let hit = c.hit().as_bytes();
            // A broadcast, nobody, and three groups of digits, which are a number.
            let nothing = hit.iter().all(|b| !b.is_ascii_hexdigit() || b.eq_ignore_ascii_case(&hit[0]));
            let number = hit[4] == b'.' && !hit.iter().any(u8::is_ascii_alphabetic);
            let named = mentions(c.before(24), &["mac", "hwaddr", "ether", "bssid"]);
            (!part && !nothing && !number).then(|| personal(c, if named { 0.55 } else { 0.4 }))
        }),
        reach: 24,
        matches: &["eth0 64:63:a5:87:a7:f5", "MAC address: 64:63:a5:87:a7:f5", "64-63-A5-87-A7-F5", "6463.a587.a7f5"],
        misses: &["ff:ff:ff:ff:ff:ff", "12:34:56", "64:63:a5:87:a7:f5:11", "1234.5678.9012"],
        ..PII
    },
    Rule {
        id: "uuid",
        entity: "UUID",
        severity: Severity::Low,
        wake: Wake::Figures(|figure| figure.word.dashes >= 4 && figure.word.len() >= 36),
        pattern: r"(?-u:\b)(?i:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?-u:\b)",
        validate: Some(|c| {
            let varied = c.hit().bytes().filter(|b| Some(b) != c.hit().as_bytes().first()).count() > 8;
            (varied && stands_alone(c)).then_some(0.3)
        }),
        reach: 40,
        matches: &["id 3f2b8c14-9d07-4e6a-b1c5-7a90d2e4f836", "{3F2B8C14-9D07-4E6A-B1C5-7A90D2E4F836}"],
        misses: &["00000000-0000-0000-0000-000000000000", "3f2b8c14-9d07-4e6a-b1c5"],
        ..PII
    },
    Rule {
        id: "coordinates",
        entity: "COORDINATES",
        severity: Severity::Low,
        wake: Wake::Figures(precise),
        pattern: r#"[-+]?(?-u:\b)\d{1,2}\.\d{4,15}°?\s?[NSns]?,\s{0,2}[-+]?\d{1,3}\.\d{4,15}(?:°?\s?[EWOewo](?-u:\b))?|(?-u:\b)\d{1,2}°\s?\d{1,2}['′]\s?(?:\d{1,2}(?:\.\d{1,4})?["″]\s?)?[NSns][, ]{1,3}\d{1,3}°\s?\d{1,2}['′]\s?(?:\d{1,2}(?:\.\d{1,4})?["″]\s?)?[EWOewo]"#,
        validate: Some(coordinates),
        reach: 48,
        matches: &["home is at 48.85837, 2.294481", "geo:-33.856784,151.215297", "48°51'30\"N 2°17'40\"E"],
        misses: &["[0.1234, 0.5678]", "95.12345, 2.294481", "1.23456, 2.34567, 3.45678"],
        ..PII
    },
];

const VIN: &[&str] = &["vin", "vehicle", "chassis", "car", "fahrgestell", "fin", "telaio", "bastidor"];

fn is_vin(compact: &str) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    const VALUES: &[u8; 26] = b"12345678012345070923456789";
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => u32::from(VALUES[usize::from(byte - b'A')] - b'0'),
        _ => u32::from(byte - b'0'),
    };
    let sum: u32 = compact.bytes().zip(WEIGHTS).map(|(byte, weight)| value(byte) * weight).sum();
    let check = b"0123456789X"[sum as usize % 11];
    compact.as_bytes().get(8) == Some(&check) && !is_monotonous(compact)
}

/// Words that make a thing somebody's.
const OWNERS: &[&str] = &[
    "my",
    "his",
    "her",
    "their",
    "your",
    "customer",
    "client's",
    "user",
    "patient",
    "employee",
    "subscriber",
    "home",
    "lives",
    "located",
    "whereabouts",
    "visitor",
    "suspect",
    "mein",
    "meine",
    "mi",
    "mon",
    "ma",
    "mia",
    "mio",
];

fn personal(candidate: &Candidate<'_>, otherwise: f32) -> f32 {
    if mentions(candidate.before(32), OWNERS) { 0.6 } else { otherwise }
}

/// Degrees, or a number with four decimals.
fn precise(figure: &Figure<'_>) -> bool {
    let bytes = figure.text.as_bytes();
    let degrees = bytes[figure.start..].iter().take(figure.end - figure.start + 2).any(|byte| *byte == 0xC2);
    degrees || figure.groups().any(|(start, end)| end - start >= 4 && bytes[..start].ends_with(b"."))
}

fn coordinates(candidate: &Candidate<'_>) -> Option<f32> {
    const WORDS: &[&str] = &["lat", "latitude", "lon", "lng", "longitude", "gps", "geo", "coordinates", "location"];
    if candidate.hit().contains('°') {
        return Some(personal(candidate, 0.45));
    }
    let number = |text: &str| text.trim_matches(|c: char| !c.is_ascii_digit() && c != '-').parse::<f64>().ok();
    let (latitude, longitude) = candidate.hit().split_once(',')?;
    let (latitude, longitude) = (number(latitude)?, number(longitude)?);
    let on_earth = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
    // One of a list of numbers, or between 0 and 1 like a weight.
    let listed = candidate.before(3).ends_with(|c: char| c.is_ascii_digit() || c == '.')
        || candidate.before(3).trim_end().ends_with(',')
        || candidate.after(3).starts_with(',')
        || candidate.after(1).starts_with(|c: char| c.is_alphanumeric());
    let weights = latitude.abs() < 1.0 && longitude.abs() < 1.0;
    let named = is_near(candidate, WORDS);
    (on_earth && !listed && (named || !weights)).then(|| personal(candidate, if named { 0.45 } else { 0.35 }))
}
