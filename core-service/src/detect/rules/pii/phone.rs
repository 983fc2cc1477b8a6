//! Telephone numbers, by the ways of writing them. A bare run of digits is a number of anything: it needs a word.

use super::{PII, mentions};
use crate::detect::{
    rule::{Rule, Wake},
    validate::Candidate,
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "phone_international",
        entity: "PHONE_NUMBER",
        wake: Wake::Keywords(&["+"]),
        pattern: r"\+[1-9]\d{0,2}[ .\u{a0}-]?(?:\(0?\d{1,5}\)|\d{1,5})(?:[ ./\u{a0}-]?\(?\d{1,5}\)?){1,6}(?:\s?(?:x|ext\.?)\s?\d{1,6})?",
        validate: Some(international),
        matches: &["+44 20 7946 0958", "call +1 (415) 555-0132 now", "+4915123456789", "+1-743-438-6774x62406"],
        misses: &["1+44 20 7946", "+12", "x+123456789012", "+2019-03-26T14:00Z", "+255959.999", "+999 123 456 789"],
        ..PII
    },
    Rule {
        id: "phone_north_america",
        entity: "PHONE_NUMBER",
        wake: Wake::Figures(|figure| figure.digits >= 10),
        pattern: r"(?:\+?1[ .-]|001[ .-])?(?:\(\d{3}\)[ .-]?\d{3}[ .-]\d{4}|(?-u:\b)\d{3}-\d{3}-\d{4}|(?-u:\b)\d{3}\.\d{3}\.\d{4})(?:\s?(?:x|ext\.?)\s?\d{1,6})?(?-u:\b)",
        validate: Some(separated),
        reach: 24,
        matches: &["(415) 555-0132", "415-555-0132x12", "415.555.0132", "1-800-555-0132"],
        misses: &["2415-555-0132-7", "192.168.001.1234.5", "ISBN 978-0-306-40615-7"],
        ..PII
    },
    Rule {
        id: "phone_national",
        entity: "PHONE_NUMBER",
        wake: Wake::Figures(|figure| figure.digits >= 8),
        // With the trunk prefix 0, or with a bracketed area code: the forms of Europe, Asia and Latin America.
        pattern: r"(?:(?-u:\b)0[1-9]\d{0,4}|\(0?[1-9]\d{0,4}\))(?:[ ./-]\d{2,8}|[ .]?/[ .]?\d{2,8})(?:[ .-]\d{2,5}){0,4}(?-u:\b)",
        validate: Some(national),
        reach: 24,
        matches: &["ring 020 7946 0958", "06 12 34 56 78", "0171/1234567", "(11) 4706-6184", "06-24312407"],
        misses: &[
            "01.02.2024",
            "01-02-2024",
            "Boston MA 02110-1301",
            "48 8b 05 12 34 56 78",
            "0-306-40615-2",
            "05/06/2024 - 07/08/2024",
            "0.123 456 789",
        ],
        ..PII
    },
    Rule {
        id: "phone_named",
        entity: "PHONE_NUMBER",
        wake: Wake::Keywords(NAMED),
        pattern: r"(?:\(\d{2,4}\) ?|(?-u:\b))\d{2,4}(?:[ .-]?\d{2,4}){1,5}(?:\s?(?:x|ext\.?)\s?\d{1,6})?(?-u:\b)",
        validate: Some(named),
        reach: 96,
        matches: &[
            "Phone: 6787771600",
            "not answering at (88) 684-334",
            "call me at 785 8949",
            "22 498317 office",
            "Tel. 73 448 266",
            "mein Telefon: 88 165 40 96",
        ],
        misses: &[
            "call 911",
            "order number 12345678",
            "phone released on 2024-05-01",
            "the phone costs 1 299 999",
            "call ended at 12:30:45",
            "const CQ_RING: u32 = 2147483648;",
        ],
        ..PII
    },
];

/// Assigned country codes: of one digit, of two, of three by their first two.
fn is_country_code(digits: &str) -> bool {
    let two = digits.get(..2).and_then(|code| code.parse::<u8>().ok()).unwrap_or(0);
    match two {
        10..=19
        | 20
        | 27
        | 30..=34
        | 36
        | 39..=41
        | 43..=49
        | 51..=58
        | 60..=66
        | 70..=79
        | 81
        | 82
        | 84
        | 86
        | 90..=95
        | 98 => true,
        // 83, 89 and what begins with 28 have no countries.
        21..=26 | 29 | 35 | 37 | 38 | 42 | 50 | 59 | 67..=69 | 80 | 85 | 87 | 88 | 96 | 97 => true,
        99 => digits.as_bytes().get(2).is_some_and(|digit| (b'2'..=b'8').contains(digit)),
        _ => false,
    }
}

fn digits_of(hit: &str) -> String {
    let number = hit.find(['x', 'e', 'X', 'E']).map_or(hit, |extension| &hit[..extension]);
    number.chars().filter(char::is_ascii_digit).collect()
}

/// Whether digits go on right before or behind, with at most a separator between.
fn is_part(candidate: &Candidate<'_>) -> bool {
    let joined = |c: char| matches!(c, '-' | '.' | '/' | ':' | ',');
    let digit = |c: char| c.is_ascii_digit();
    let letter = |c: char| c.is_alphanumeric() || c == '_';
    let (before, after) = (candidate.before(4), candidate.after(2));
    before.ends_with(letter)
        || before.strip_suffix(joined).is_some_and(|rest| rest.ends_with(digit))
        || after.starts_with(digit)
        || after.strip_prefix(joined).is_some_and(|rest| rest.starts_with(digit))
}

/// A plus sign before the number or its country code: another rule's.
fn is_international(candidate: &Candidate<'_>) -> bool {
    candidate.before(5).contains('+') || candidate.hit().starts_with('+')
}

fn international(candidate: &Candidate<'_>) -> Option<f32> {
    let digits = digits_of(candidate.hit());
    let hit = candidate.hit();
    let separators = hit.matches([' ', '-', '.', '(', '\u{a0}']).count();
    let written = separators > 0 && (separators > 1 || !hit.contains('.'));
    let groups: Vec<&str> = hit.split('-').collect();
    let date = groups.len() == 3 && groups[1].len() == 2 && groups[2].len() == 2;
    let length = if written { 8..=15 } else { 10..=15 };
    (length.contains(&digits.len()) && is_country_code(&digits) && !date && !is_part(candidate)).then_some(0.95)
}

fn separated(candidate: &Candidate<'_>) -> Option<f32> {
    (!is_part(candidate) && !is_international(candidate)).then_some(0.85)
}

fn national(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    let digits = digits_of(hit);
    let enough = if hit.starts_with('(') { 8..=11 } else { 9..=11 };
    let date = hit.matches(['.', '/']).count() >= 2;
    let social_security = hit.len() == 11 && hit.as_bytes()[3] == b'-' && hit.as_bytes()[6] == b'-';
    // The middle of a longer number in groups of four.
    let behind_group = candidate
        .before(5)
        .strip_suffix(' ')
        .is_some_and(|group| group.len() == 4 && group.bytes().all(|b| b.is_ascii_digit()));
    let zip_code = hit.len() == 10 && hit.as_bytes()[5] == b'-';
    (!social_security
        && !zip_code
        && !is_hex_dump(candidate)
        && !is_international(candidate)
        && !behind_group
        && enough.contains(&digits.len())
        && !date
        && !is_part(candidate))
    .then_some(0.8)
}

/// `8b 05 12 34 00 00`: bytes, written as some countries write their numbers.
fn is_hex_dump(candidate: &Candidate<'_>) -> bool {
    let pair = |word: Option<&str>| {
        word.is_some_and(|word| word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let (before, after) = (candidate.before(4), candidate.after(4));
    before.ends_with(' ') && pair(before.split_ascii_whitespace().next_back())
        || after.starts_with(' ') && pair(after.split_ascii_whitespace().next())
}

/// Words for telephones.
const NAMES: &[&str] = &[
    "phone",
    "phones",
    "telephone",
    "tel",
    "mobile",
    "cell",
    "cellphone",
    "cellular",
    "fax",
    "whatsapp",
    "hotline",
    "landline",
    "pager",
    "phone number",
    "phone_number",
    "phonenumber",
    "msisdn",
    "telefon",
    "telefonnummer",
    "handy",
    "handynummer",
    "mobil",
    "rufnummer",
    "téléphone",
    "telephone",
    "portable",
    "teléfono",
    "telefono",
    "celular",
    "móvil",
    "telefone",
    "cellulare",
    "telefoon",
    "mobiel",
];
/// What one does with them, and with much else.
const VERBS: &[&str] = &[
    "call",
    "text",
    "dial",
    "ring",
    "reach",
    "sms",
    "contact",
    "answering at",
    "appelez",
    "llama",
    "chiama",
    "ruf",
    "bel",
];
const NAMES_OTHER_SCRIPTS: &[&str] =
    &["телефон", "тел.", "Тел", "Телефон", "电话", "電話", "手机", "手機", "전화", "फ़ोन", "फोन", "هاتف", "携帯"];
/// Words after which a number counts something else, whatever stands before them.
const OTHERWISE: &[&str] = &[
    "cost", "costs", "price", "priced", "order", "invoice", "version", "model", "id", "error", "released", "ticket",
    "usd", "eur",
];
const AFTER: &[&str] = &["office", "fax", "mobile", "cell", "home", "work", "phone", "landline"];
const AFTER_BARE: &[&str] = &["fax", "mobile", "cell", "landline"];

/// What wakes the rule: the words above without those that hold another of them.
const NAMED: &[&str] = &[
    "phone",
    "tel",
    "mobil",
    "cell",
    "fax",
    "whatsapp",
    "hotline",
    "landline",
    "pager",
    "msisdn",
    "handy",
    "rufnummer",
    "téléphone",
    "portable",
    "teléfono",
    "celular",
    "móvil",
    "mobiel",
    "call",
    "text",
    "dial",
    "ring",
    "reach",
    "sms",
    "contact",
    "answering at",
    "appelez",
    "llama",
    "chiama",
    "ruf",
    "bel",
    "office",
    "home",
    "work",
    "телефон",
    "тел.",
    "Тел",
    "Телефон",
    "电话",
    "電話",
    "手机",
    "手機",
    "전화",
    "फ़ोन",
    "फोन",
    "هاتف",
    "携帯",
];

/// Behind a word for telephones, or before one.
fn named(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    let digits = digits_of(hit);
    if !(6..=12).contains(&digits.len()) || is_part(candidate) || is_international(candidate) || is_date(hit, &digits) {
        return None;
    }
    let bare = hit.len() == digits.len();
    // A run of digits must stand right behind the word: "call 4711 failed at 1700000000" names no telephone.
    let before = candidate.before(if bare { 16 } else { 24 });
    let line = before.rsplit('\n').next().unwrap_or(before);
    if mentions(line, OTHERWISE) {
        return None;
    }
    let lead = mentions(line, NAMES)
        || !bare && mentions(line, VERBS)
        || NAMES_OTHER_SCRIPTS.iter().any(|word| line.contains(word));
    let behind =
        candidate.after(9).trim_start_matches([' ', '-', '(', '/']).split_ascii_whitespace().next().unwrap_or("");
    let trail = if bare { digits.len() >= 9 && mentions(behind, AFTER_BARE) } else { mentions(behind, AFTER) };
    (lead && digits.len() >= 7 || trail).then_some(0.75)
}

/// `2024-05-01`, `01.05.2024`, and clock times behind them.
fn is_date(hit: &str, digits: &str) -> bool {
    let groups: Vec<&str> = hit.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()).collect();
    let year = |group: &str| group.len() == 4 && (group.starts_with("19") || group.starts_with("20"));
    groups.len() >= 3 && digits.len() >= 8 && (year(groups[0]) || groups.get(2).is_some_and(|group| year(group)))
        || groups.len() == 1 && digits.len() == 8 && (digits.starts_with("19") || digits.starts_with("20"))
}
