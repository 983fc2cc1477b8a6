//! What only the words before it tell from other numbers: dates of birth, documents, records, accounts.

mod words;

use super::{NEAR_WORD, is_headed, mentioned, mentions, named, stands_alone};
use crate::{
    detect::{
        rule::{Rule, Wake},
        validate::{Candidate, check_digit::is_day, national::americas},
    },
    domain::finding::Severity,
};
use words::{ABA, ACCOUNT, BIRTH, BIRTH_WAKES, DRIVER, HEALTH, IDENTITY, PASSPORT, RECORD};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "date_of_birth",
        entity: "DATE_OF_BIRTH",
        wake: Wake::Keywords(BIRTH_WAKES),
        // The time of day is taken along: an export of dates has midnight.
        pattern: r"(?i)\d{1,2}(?:[./-]|\. ?)\d{1,2}(?:[./-]|\. ?)(?:19|20)?\d{2}(?-u:\b)|(?:19|20)\d{2}[./-]\d{1,2}[./-]\d{1,2}(?:T\d{2}:\d{2}(?::\d{2})?(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?)?(?-u:\b)|(?-u:\b)\d{1,2}[-/.]\p{L}{3,9}[-/.](?:19|20)?\d{2}(?-u:\b)|(?-u:\b)\d{1,2}(?:st|nd|rd|th|er|\.|º)? (?:of |de |d')?\p{L}{3,12}\.?,? (?:de |del )?(?:19|20)\d{2}(?-u:\b)|(?-u:\b)(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.? \d{1,2}(?:st|nd|rd|th)?,? (?:19|20)\d{2}(?-u:\b)|(?:19|20)\d{2}[年년] ?\d{1,2}[月월] ?\d{1,2}[日일]",
        validate: Some(birth),
        matches: &[
            "date of birth: 10/10/1975",
            "DOB 1988-05-19",
            "geboren am 3. März 1974",
            "she was born on May 4, 1981",
            "\"dateOfBirth\": \"1990-02-11\"",
            "生年月日：1985年4月1日",
            "\"dateOfBirth\":\"1985-03-12T00:00:00.000Z\"",
            "DOB: 12-Mar-1985",
            "Anna Huber, geb. 12.03.1985",
            "nato a Roma il 12/03/1985",
            "né(e) le 12/03/1985",
            "née à Lyon le 12 mars 1985",
            "fecha de nac. 12/03/1985",
            "Jan Kos, ur. 12.03.1985",
            "ngày sinh: 12/03/1985",
            "tanggal lahir: 12-03-1985",
            "تاريخ الميلاد: 12/03/1985",
            "תאריך לידה: 12.03.1985",
            "ημερομηνία γέννησης 12/03/1985",
            "name;dob;city\nAnn Lee;;Springfield upon Alder\nBea Lee;;Springfield upon Alder\nCleo Lee;1987-05-14;d",
        ],
        misses: &[
            "released on 10/10/1975",
            "date of birth: pending, see 45/45/1975",
            "DOB unknown",
            "the hour. 12.03.1985",
            "released 1985-03-12T00:00:00Z",
            "built 12-Mar-1985",
        ],
        ..NEAR_WORD
    },
    Rule {
        id: "passport_number",
        entity: "PASSPORT",
        severity: Severity::High,
        wake: Wake::Keywords(PASSPORT),
        pattern: r"(?-u:\b)(?:[A-Za-z]{0,3}\d{6,9}[A-Za-z]?|[CFGHJKLMNPRTVWXYZ0-9]{9}|[A-Z]\d{2}[A-Z]{2}\d{5}|\d{2}[A-Z]{2}\d{5})(?-u:\b)",
        validate: Some(|c| document(c, PASSPORT, 5, 0.8)),
        matches: &[
            "passport number 533380006",
            "Reisepass C01X06T47",
            "my passport is XA4820175",
            "passport no. T26340405",
            "n° de passeport 18AV82017",
            "Reisepassnummer: C01X06T47",
            "Paspoortnummer XA4820175",
            "name|passport|city\nAnn||Springfield upon Alder by the sea\nBea||Alder\nCleo|XA4820175|b",
        ],
        misses: &["passport renewal takes 20 days", "invoice 533380006"],
        ..NEAR_WORD
    },
    Rule {
        id: "driver_license",
        entity: "US_DRIVER_LICENSE",
        severity: Severity::High,
        wake: Wake::Keywords(&[
            "driver",
            "driving",
            "führerschein",
            "permis de conduire",
            "patente",
            "permiso de conducir",
            "carnet de conducir",
            "habilitação",
            "rijbewijs",
            "licence number",
            "license number",
            "prawo jazdy",
            "körkort",
        ]),
        pattern: r"(?-u:\b)[A-Za-z]{0,5}[0-9]{1,2}[A-Za-z0-9-]{4,17}(?-u:\b)|(?-u:\b)[A-Z9]{5}\d{6}[A-Z9]{2}\d[A-Z]{2}(?-u:\b)|(?-u:\b)[A-Z]\d{3}[ -]\d{3,4}[ -]\d{3,4}(?:[ -]\d{1,3}){0,2}(?-u:\b)",
        validate: Some(|c| document(c, DRIVER, 5, 0.8)),
        matches: &[
            "my driver's license number is LH329609T",
            "DL: driving licence MORGA657054SM9IJ",
            "driver license 281211981",
            "Führerschein B072RRE2I55",
            "Führerscheinnummer: B072RRE2I55",
        ],
        misses: &["driver version 535.104.05 loaded", "driving for 281211981 seconds", "the driver came at 10:30"],
        ..NEAR_WORD
    },
    Rule {
        id: "medical_record",
        entity: "MEDICAL_RECORD_NUMBER",
        severity: Severity::High,
        wake: Wake::Keywords(RECORD),
        pattern: r"(?-u:\b)[A-Za-z]{0,4}[-#]?\d{5,12}(?-u:\b)",
        validate: Some(|c| document(c, RECORD, 5, 0.8)),
        matches: &["MRN 48201753", "medical record number: MR-820175", "Patient ID: 0048201"],
        misses: &["MRN pending", "ticket 48201753"],
        ..NEAR_WORD
    },
    Rule {
        id: "health_insurance",
        entity: "HEALTH_INSURANCE_NUMBER",
        severity: Severity::High,
        wake: Wake::Keywords(HEALTH),
        pattern: r"(?-u:\b)[A-Za-z]{0,4}-?\d{6,14}(?-u:\b)",
        validate: Some(|c| document(c, HEALTH, 6, 0.75)),
        matches: &[
            "health insurance number A482017536",
            "Krankenversichertennummer: M123456789",
            "Krankenversicherungsnummer: M123456789",
            "\"member_id\": \"XYZ482017536\"",
            "member ID: XYZ482017536",
        ],
        misses: &["health insurance costs 300", "order XYZ482017536"],
        ..NEAR_WORD
    },
    Rule {
        id: "bank_account",
        entity: "BANK_ACCOUNT",
        severity: Severity::High,
        wake: Wake::Keywords(ACCOUNT),
        pattern: r"(?-u:\b)(?:\d{2}-\d{2}-\d{2} )?\d[\d -]{4,20}\d(?-u:\b)",
        validate: Some(|c| document(c, ACCOUNT, 6, 0.75)),
        matches: &["account number 48201753", "acct no: 004820175361", "Kontonummer 4820175361", "sort code 40-47-84"],
        misses: &["account created 2024", "balance 48201753"],
        ..NEAR_WORD
    },
    Rule {
        id: "bank_account_bare",
        entity: "BANK_ACCOUNT",
        severity: Severity::High,
        wake: Wake::Figures(|figure| {
            let before = figure.before();
            let near = &before[before.len().saturating_sub(12)..];
            figure.digits >= 9 && near.windows(7).any(|word| word.eq_ignore_ascii_case(b"account"))
        }),
        pattern: r"(?-u:\b)\d{9,18}(?-u:\b)",
        validate: Some(account),
        reach: 8,
        matches: &["account 123456789012", "paid from account: 123456789012."],
        misses: &["account of 123456789012 units", "account 12345", "account 123456789012-7"],
        ..NEAR_WORD
    },
    Rule {
        id: "identity_document",
        entity: "NATIONAL_ID",
        severity: Severity::High,
        // Others know their sums.
        yields: true,
        wake: Wake::Keywords(IDENTITY),
        pattern: r"(?-u:\b)(?:[A-Za-z]{0,4}-?\d{6,14}[A-Za-z]?|\d{1,3}(?:\.\d{3}){2}(?:-\d)?|[CFGHJKLMNPRTVWXYZ0-9]{9,10})(?-u:\b)",
        validate: Some(|c| document(c, IDENTITY, 6, 0.75)),
        matches: &[
            "National ID: 48201753",
            "\"national_id\": \"AB4820175\"",
            "Personalausweis L01X00T47",
            "carta d'identità n. AX4820175",
            "cédula de ciudadanía 48.201.753",
            "dowód osobisty: ABC482017",
        ],
        misses: &["national id cards cost 30", "version 48201753", "id card reader of 2024"],
        ..NEAR_WORD
    },
    Rule {
        id: "aba_routing",
        entity: "ABA_ROUTING_NUMBER",
        severity: Severity::High,
        wake: Wake::Keywords(ABA),
        pattern: r"(?-u:\b)\d{4}-?\d{4}-?\d(?-u:\b)",
        validate: Some(|c| named(c, ABA, americas::us_aba)),
        matches: &["routing number 071943219", "ABA number: 0719-4321-9"],
        misses: &["routing number 071943218", "071943219"],
        ..NEAR_WORD
    },
];

fn birth(candidate: &Candidate<'_>) -> Option<f32> {
    let before = candidate.before(40);
    let line = before.rsplit("\n\n").next().unwrap_or(before);
    let hit = candidate.hit();
    let digit = |c: char| c.is_ascii_digit();
    let part = candidate.before(1).ends_with(digit) || candidate.after(1).starts_with(digit);
    // Behind a day there may be the time of it.
    let numbers = hit.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok());
    let numbers: Vec<u32> = numbers.take(3).collect();
    // Two of three numbers are a day and a month, in whichever order.
    let plausible = match numbers[..] {
        [year, month, day] if year > 31 => is_day(month, day),
        [a, b, _] => is_day(a, b) || is_day(b, a),
        [day, _] => (1..=31).contains(&day),
        _ => false,
    };
    (!part && plausible && (mentions(line, BIRTH) || is_headed(candidate, BIRTH))).then_some(0.8)
}

/// A number with enough digits behind one of the words: before the number only, since the next number's word
/// stands behind it.
fn document(candidate: &Candidate<'_>, words: &[&str], digits: usize, score: f32) -> Option<f32> {
    let hit = candidate.hit();
    let count = hit.bytes().filter(u8::is_ascii_digit).count();
    let before = candidate.before(45);
    let near = before.rsplit("\n\n").next().unwrap_or(before);
    // What stands between the word and its number is short: no other number, no end of a sentence.
    let between = mentioned(near, words).max().and_then(|end| near.get(end..));
    let direct = between
        .is_some_and(|rest| !rest.contains(|c: char| c.is_ascii_digit()) && !ends_a_sentence(rest) && rest.len() <= 32);
    let year = hit.len() == 4 && (hit.starts_with("19") || hit.starts_with("20"));
    let code = hit.bytes().any(|byte| byte == b'_') || super::super::super::validate::placeholder::is_template(hit);
    (count >= digits && !year && !code && stands_alone(candidate) && (direct || is_headed(candidate, words)))
        .then_some(score)
}

/// A long number right behind the word: with nothing between, it is no sum of money.
fn account(candidate: &Candidate<'_>) -> Option<f32> {
    let before = candidate.before(12);
    let between = mentioned(before, &["account"]).max().and_then(|end| before.get(end..));
    let direct = between.is_some_and(|rest| rest.chars().all(|c| matches!(c, ' ' | ':' | '#')));
    (direct && stands_alone(candidate)).then_some(0.6)
}

/// A full stop before a space, but for the one of "no.".
fn ends_a_sentence(text: &str) -> bool {
    text.match_indices(". ").any(|(at, _)| {
        let word = text[..at].rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
        !["no", "nr", "n", "num"].iter().any(|number| word.eq_ignore_ascii_case(number))
    })
}
