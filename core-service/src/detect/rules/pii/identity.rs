//! Numbers that a state gives to its citizens.

use super::{PII, mentions};
use crate::{
    detect::{
        rule::{Rule, Wake},
        validate::Candidate,
    },
    domain::finding::Severity,
};

pub(super) const RULES: &[Rule] = &[Rule {
    id: "us_ssn",
    entity: "US_SSN",
    severity: Severity::High,
    wake: Wake::Digits(9),
    pattern: r"(?-u:\b)(?:\d{3}[-\u{2010}\u{2011}\u{2013}]\d{2}[-\u{2010}\u{2011}\u{2013}]\d{4}|\d{3} \d{2} \d{4}|\d{3}\.\d{2}\.\d{4}|\d{9})(?-u:\b)",
    validate: Some(ssn),
    matches: &["SSN 536-22-8471", "it is 219-45-1187.", "social security number: 536228471", "ssn 536 22 8471"],
    misses: &[
        "000-12-3456",
        "666-45-6789",
        "912-45-6789",
        "536-00-8471",
        "536-22-0000",
        "invoice 536228471",
        "536 22 8471 units",
        "1-536-22-8471-9",
    ],
    ..PII
}];

const WORDS: &[&str] = &[
    "ssn",
    "ssns",
    "social security",
    "social",
    "soc sec",
    "ss#",
    "socialsecurity",
    "seguro social",
    "taxpayer",
    "tax id",
    "tin",
];

fn ssn(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    let digits: String = hit.chars().filter(char::is_ascii_digit).collect();
    let number = |range: std::ops::Range<usize>| digits.get(range)?.parse::<u16>().ok();
    let (area, group, serial) = (number(0..3)?, number(3..5)?, number(5..9)?);
    let issued = !matches!(area, 0 | 666 | 900..) && group != 0 && serial != 0;
    // Printed in wallets and advertisements, and void since.
    let void = matches!(digits.as_str(), "078051120" | "219099999");
    let joined = |c: char| matches!(c, '-' | '.' | '/' | '_');
    let part = candidate.before(1).ends_with(joined)
        || candidate.after(2).strip_prefix(joined).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if !issued || void || part {
        return None;
    }
    let named = mentions(candidate.before(60), WORDS) || mentions(candidate.after(30), WORDS);
    match (named, hit.contains(['-', '\u{2010}', '\u{2011}', '\u{2013}'])) {
        (true, _) => Some(1.0),
        (false, true) => Some(0.85),
        (false, false) => None,
    }
}
