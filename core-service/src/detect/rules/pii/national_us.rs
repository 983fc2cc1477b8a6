//! Numbers that the United States give to people.

use super::{FORMED, NATIONAL, financial::OTHER_NUMBERS, formed, is_near, mentions, named};
use crate::detect::{
    rule::{Rule, Wake},
    validate::{Candidate, national::americas},
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "us_ssn",
        entity: "US_SSN",
        wake: Wake::Figures(|figure| figure.digits >= 9),
        pattern: r"(?-u:\b)(?:\d{3}[-\u{2010}\u{2011}\u{2013}]\d{2}[-\u{2010}\u{2011}\u{2013}]\d{4}|\d{3} \d{2} \d{4}|\d{3}\.\d{2}\.\d{4}|\d{9})(?-u:\b)",
        validate: Some(ssn),
        reach: 8,
        matches: &[
            "SSN 536-22-8471",
            "it is 219-45-1187.",
            "social security number: 536228471",
            "ssn 536 22 8471",
            "name\tssn\tcity\nAnn\t\tSpringfield upon Alder by the sea\nBea\t\tAlder\nCleo\t536228471\tb",
        ],
        misses: &[
            "000-12-3456",
            "666-45-6789",
            "912-45-6789",
            "536-00-8471",
            "536-22-0000",
            "invoice 536228471",
            "536 22 8471 units",
            "1-536-22-8471-9",
            "SKU 603-46-3120",
            "part no. 603-46-3120",
            "Invoice 603-46-3120",
            "ssn 123-45-6789",
        ],
        ..NATIONAL
    },
    Rule {
        id: "us_itin",
        entity: "US_ITIN",
        wake: Wake::Keywords(&["-5", "-6", "-7", "-8", "-9", "itin", "taxpayer", "tax id", "tax_id", "taxid", "irs "]),
        pattern: r"(?-u:\b)9\d{2}[- ]?(?:[5-8]\d|9[0-24-9])[- ]?\d{4}(?-u:\b)",
        validate: Some(itin),
        matches: &["ITIN: 912-70-4418", "my taxpayer number is 947 84 2260", "the form says 912-70-4418"],
        misses: &["912-69-4418", "912704418 units", "947 84 2260 rows"],
        ..FORMED
    },
    Rule {
        id: "us_npi",
        entity: "US_NPI",
        wake: Wake::Keywords(&[
            "npi",
            "provider id",
            "provider_id",
            "providerid",
            "provider number",
            "provider_number",
            "providernumber",
        ]),
        pattern: r"(?-u:\b)[12]\d{9}(?-u:\b)",
        validate: Some(|c| {
            named(c, &["npi", "provider identifier", "provider id", "provider number"], americas::us_npi)
        }),
        matches: &["NPI 1783629409", "provider number: 1783629409"],
        misses: &["NPI 1783629408", "1783629409"],
        ..NATIONAL
    },
    Rule {
        id: "us_dea",
        entity: "US_DEA_NUMBER",
        wake: Wake::Keywords(&["dea ", "dea:", "dea#", "dea-", "dea_", "prescriber", "controlled substance"]),
        pattern: r"(?-u:\b)[ABCDEFGHJKLMPRSTUXabcdefghjklmprstux][A-Za-z9]\d{7}(?-u:\b)",
        validate: Some(|c| named(c, &["dea", "prescriber", "controlled substance"], americas::us_dea)),
        matches: &["DEA number BM4719285", "prescriber registration BM4719285"],
        misses: &["DEA number BM4719286", "the idea is BM4719285"],
        ..NATIONAL
    },
    Rule {
        id: "us_medicare_beneficiary",
        entity: "US_MBI",
        wake: Wake::Keywords(&["medicare", "mbi", "beneficiary"]),
        // Letters that look like digits are not used.
        pattern: r"(?-u:\b)[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y]{2}\d{2}(?-u:\b)",
        validate: Some(|c| named(c, &["medicare", "mbi", "beneficiary"], |_| true)),
        matches: &["Medicare ID 1EG4-TE5-MK73", "beneficiary 9UQ2RN7GT41"],
        misses: &["1EG4-TE5-MK73", "Medicare part B 2024"],
        ..NATIONAL
    },
];

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
    let void = matches!(digits.as_str(), "078051120" | "219099999" | "123456789");
    let joined = |c: char| matches!(c, '-' | '.' | '/' | '_');
    let part = candidate.before(1).ends_with(joined)
        || candidate.after(2).strip_prefix(joined).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if !issued || void || part {
        return None;
    }
    let written = hit.contains(['-', '\u{2010}', '\u{2011}', '\u{2013}']);
    let lead = candidate.before(24);
    let other = mentions(lead, OTHER_NUMBERS) || mentions(lead, &["invoice"]);
    match (is_near(candidate, WORDS), written && !other) {
        (true, _) => Some(1.0),
        (false, true) => Some(0.85),
        (false, false) => None,
    }
}

fn itin(candidate: &Candidate<'_>) -> Option<f32> {
    const WORDS: &[&str] = &["itin", "individual taxpayer", "taxpayer", "tax id", "tin", "irs"];
    let written = candidate.hit().matches('-').count() == 2;
    if written { formed(candidate, WORDS, 0.7, americas::us_itin) } else { named(candidate, WORDS, americas::us_itin) }
}
