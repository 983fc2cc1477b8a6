//! Telephone numbers, by the ways of writing them, the words before them and the numbering plans. A bare run of digits
//! is a number of anything: it needs a word, and mostly a plan that has it.

mod plan;
mod words;

use super::{PII, heads};
use crate::detect::{
    rule::{Rule, Wake},
    validate::Candidate,
};
use plan::Standing;
use words::{Kind, Lead};

/// Bytes before a number in which a word says what it is, and those for a bare run of digits.
const BEFORE: usize = 40;
const BEFORE_BARE: usize = 32;
/// From a word for telephones to a bare run of digits that no plan has.
const RIGHT_BEHIND: usize = 12;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "phone_international",
        entity: "PHONE_NUMBER",
        wake: Wake::Keywords(&["+"]),
        pattern: r"(?:\+[1-9]\d{0,2}|\(\+[1-9]\d{0,2}\))[ .\u{a0}-]?(?:\(0?\d{1,5}\)|\d{1,5})(?:[ ./\u{a0}-]?\(?\d{1,5}\)?){1,6}(?:\s?(?:x|ext\.?)\s?\d{1,6})?",
        validate: Some(international),
        matches: &[
            "+44 20 7946 0958",
            "call +1 (415) 555-0132 now",
            "+4915123456789",
            "+1-743-438-6774x62406",
            "(+30) 6905 455082",
            "+7 401 599-99-97",
            "请拨打+86 132 1143 5030联系我",
        ],
        misses: &[
            "1+44 20 7946",
            "+12",
            "x+123456789012",
            "+2019-03-26T14:00Z",
            "+255959.999",
            "+999 123 456 789",
            "+3911805287 bytes",
            "+3 456 789 year on year",
        ],
        ..PII
    },
    Rule {
        id: "phone_access_code",
        entity: "PHONE_NUMBER",
        wake: Wake::Figures(|figure| {
            let bytes = figure.text.as_bytes();
            figure.digits >= 10 && figure.groups().any(|(start, _)| bytes[start..].starts_with(b"00"))
        }),
        pattern: r"(?-u:\b)00[1-9]\d{0,2}[ ./-]?(?:\(0?\d{1,5}\)|\d{1,5})(?:[ ./-]?\d{1,5}){1,6}(?-u:\b)",
        validate: Some(access_code),
        reach: 24,
        matches: &["00420 702 074 557", "Tel. 00442079460958", "0049 (0)30 12345678"],
        misses: &["order 00420 702 074 557", "00442079460958", "0099 702 074 557", "1.00420 702 074 557"],
        ..PII
    },
    Rule {
        id: "phone_north_america",
        entity: "PHONE_NUMBER",
        wake: Wake::Figures(|figure| figure.digits >= 10),
        pattern: r"(?:\+?1[ .-]|001[ .-])?(?:\(\d{3}\)[ .-]?\d{3}[ .-]\d{4}|(?-u:\b)\d{3}-\d{3}-\d{4}|(?-u:\b)\d{3}\.\d{3}\.\d{4})(?:\s?(?:x|ext\.?)\s?\d{1,6})?(?-u:\b)",
        validate: Some(north_america),
        reach: 24,
        matches: &[
            "(415) 555-0132",
            "415-555-0132x12",
            "415.555.0132",
            "1-800-555-0132",
            "name,phone,zip\nAnn,212-736-5000,10001",
            "17,212-736-5000,5",
        ],
        misses: &[
            "2415-555-0132-7",
            "192.168.001.1234.5",
            "ISBN 978-0-306-40615-7",
            "SKU 724-701-7732",
            "7-724-701-7732",
            "version 343.257.9110",
        ],
        ..PII
    },
    Rule {
        id: "phone_national",
        entity: "PHONE_NUMBER",
        wake: Wake::Figures(|figure| figure.digits >= 8),
        // With the trunk prefix 0, or with a bracketed area code: the forms of Europe, Asia and Latin America.
        pattern: r"(?:(?-u:\b)0[1-9]\d{0,4}|\((?:0[1-9] )?0?[1-9]\d{0,4}\)(?:\d{2,4})?)(?:[ ./-]\d{2,8}|[ .]?/[ .]?\d{2,8})(?:[ .-]\d{2,5}){0,4}(?-u:\b)",
        validate: Some(national),
        reach: 24,
        matches: &[
            "ring 020 7946 0958",
            "06 12 34 56 78",
            "0171/1234567",
            "(06 93) 641 298",
            "(11) 4706-6184",
            "06-24312407",
            "電話番号は090-1323-9602です",
        ],
        misses: &[
            "01.02.2024",
            "01-02-2024",
            "Boston MA 02110-1301",
            "48 8b 05 12 34 56 78",
            "0-306-40615-2",
            "05/06/2024 - 07/08/2024",
            "0.123 456 789",
            "[07184.465057] usb",
            "0648 0633 0644 0645",
            "Invoice INV-0473-293530 is due",
            "ref. 0177 801951 closed",
            "naar BE46 0526 3744 6989",
            "Art.-Nr. 0246 843 122 (desk)",
        ],
        ..PII
    },
    Rule {
        id: "phone_russia",
        entity: "PHONE_NUMBER",
        wake: Wake::Figures(|figure| figure.digits >= 11),
        pattern: r"(?-u:\b)8[ -]?\(?\d{3}\)?[ -]?\d{3}-\d{2}-\d{2}(?-u:\b)",
        validate: Some(|c| {
            let called = is_called(c)?;
            let assigned = plan::national(&digits_of(c.hit()), &["7"]) == Standing::Assigned;
            (assigned && !is_part(c) && !is_international(c)).then_some(if called { 0.9 } else { 0.75 })
        }),
        reach: 8,
        matches: &["8 903 123-45-67", "8 (903) 123-45-67"],
        misses: &["order 8 903 123-45-67", "1-8 903 123-45-67"],
        ..PII
    },
    Rule {
        id: "phone_link",
        entity: "PHONE_NUMBER",
        wake: Wake::Keywords(&["wa.me/", "send?phone=", "send/?phone="]),
        pattern: r"(?:wa\.me/|send/?\?phone=)\+?(?P<hit>[1-9]\d{7,14})(?-u:\b)",
        validate: Some(|c| (plan::international(c.hit()) != Standing::Impossible).then_some(0.9)),
        reach: 32,
        matches: &["wa.me/4915123456789", "https://api.whatsapp.com/send?phone=4915123456789"],
        misses: &["wa.me/999123456789", "wa.me/message/4915123456789"],
        ..PII
    },
    Rule {
        id: "phone_named",
        entity: "PHONE_NUMBER",
        wake: Wake::Figures(|figure| figure.digits >= 6),
        pattern: r"(?:\(\d{2,4}\) ?|(?-u:\b))\d{2,4}(?:[ ./-]?\d{2,4}){1,5}(?:\s?(?:x|ext\.?)\s?\d{1,6})?(?-u:\b)",
        validate: Some(named),
        reach: 24,
        matches: &[
            "Phone: 6787771600",
            "not answering at (88) 684-334",
            "call me at 785 8949",
            "22 498317 office",
            "Tel. 73 448 266",
            "mein Telefon: 88 165 40 96",
            "Llámame al 973981227 cuando puedas",
            "please ring me on 07786063050",
            "Позвоните мне: 8 345 416 4644",
            "请拨打13211435030联系我",
            "Proszę dzwonić: 502 337 230.",
            "Contact: Tiara (0829090511)",
            "id,name,phone,mail\n17,Ann,0695954227,a",
            "name | phone | city\nBea | 0695954227 | b\nCleo | 0695954228 | c",
        ],
        misses: &[
            "call 911",
            "order number 12345678",
            "phone released on 2024-05-01",
            "the phone costs 1 299 999",
            "call ended at 12:30:45",
            "const CQ_RING: u32 = 2147483648;",
            "call to worker 2025550173 returned",
            "callback(4155550132)",
            "contact the shop about order 973981227",
            "call of 1700000000 failed",
            "id,name,hash,mail\n17,Ann,0695954227,a",
            "phone,hash\nhome,0695954227",
        ],
        ..PII
    },
];

fn digits_of(hit: &str) -> String {
    let number = hit.find(['x', 'e', 'X', 'E']).map_or(hit, |extension| &hit[..extension]);
    number.chars().filter(char::is_ascii_digit).collect()
}

/// Scripts that write no spaces between words, and so none beside a number.
const fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

/// Whether digits go on right before or behind, with at most a separator between, or letters do.
fn is_part(candidate: &Candidate<'_>) -> bool {
    // Behind a number that is written in groups, a comma begins the next column.
    let written = candidate.hit().contains([' ', '-', '.', '/', '(', '+']);
    let joined = |c: char| matches!(c, '-' | '.' | '/' | ':') || c == ',' && !written;
    let digit = |c: char| c.is_ascii_digit();
    let letter = |c: char| c.is_alphanumeric() && !is_unspaced(c) || c == '_';
    let (before, after) = (candidate.before(4), candidate.after(2));
    before.ends_with(letter)
        || before.strip_suffix(joined).is_some_and(|rest| rest.ends_with(digit))
        || before.strip_suffix('-').is_some_and(|rest| rest.ends_with(letter))
        || after.starts_with(digit)
        || after.strip_prefix(joined).is_some_and(|rest| rest.starts_with(digit))
}

/// A plus sign before the number or its country code: another rule's.
fn is_international(candidate: &Candidate<'_>) -> bool {
    candidate.before(5).contains('+') || candidate.hit().starts_with('+')
}

/// What the line before says of the number.
fn lead<'a>(candidate: &Candidate<'a>, bytes: usize) -> (Option<Lead>, &'a str) {
    let before = candidate.before(bytes);
    let line = before.rsplit('\n').next().unwrap_or(before);
    (words::lead(line), line)
}

/// Whether a word says that the number is a telephone's; None where one says that it is not.
fn is_called(candidate: &Candidate<'_>) -> Option<bool> {
    match lead(candidate, BEFORE).0.map(|lead| lead.kind) {
        Some(Kind::Otherwise) => None,
        kind => Some(kind.is_some() || words::trails(candidate.after(12), false)),
    }
}

/// What is counted, right behind a number.
const UNITS: &[&str] = &[
    "bytes", "byte", "b", "kb", "mb", "ms", "ns", "us", "lines", "rows", "points", "people", "votes", "eur", "usd",
    "gbp",
];

fn international(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    let digits = digits_of(hit);
    let separators = hit.matches([' ', '-', '.', '(', '\u{a0}']).count();
    let written = separators > 0 && (separators > 1 || !hit.contains('.'));
    let groups: Vec<&str> = hit.split('-').collect();
    let date = groups.len() == 3 && groups.iter().map(|group| group.len()).eq([5, 2, 2]);
    let length = if written { 8..=15 } else { 9..=15 };
    if !length.contains(&digits.len()) || date || is_part(candidate) {
        return None;
    }
    let called = matches!(lead(candidate, BEFORE).0, Some(Lead { kind: Kind::Name | Kind::Verb, .. }));
    let unit = candidate.after(8).trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("");
    if !called && UNITS.iter().any(|known| unit.eq_ignore_ascii_case(known)) {
        return None;
    }
    match plan::international(&digits) {
        Standing::Assigned => Some(0.95),
        Standing::Possible => Some(0.85),
        Standing::Impossible if !is_country_code(&digits) || is_amount(hit) => None,
        Standing::Impossible => match (called, written) {
            (true, true) => Some(0.75),
            (true, false) | (false, true) => Some(0.55),
            (false, false) => None,
        },
    }
}

/// Whether a country has a code that the digits begin with.
fn is_country_code(digits: &str) -> bool {
    let known = |length: usize| digits.get(..length).and_then(|code| code.parse().ok()).is_some_and(is_calling_code);
    digits.starts_with(['1', '7']) || known(2) || known(3)
}

fn is_calling_code(code: u32) -> bool {
    phonelib::countries().iter().any(|country| country.prefix == code)
}

/// `3 456 789`: groups of three behind a shorter one.
fn is_amount(hit: &str) -> bool {
    let mut groups = hit.trim_start_matches('+').split([' ', '.', '\u{a0}']);
    groups.next().is_some_and(|first| first.len() <= 3) && {
        let mut rest = groups.peekable();
        rest.peek().is_some() && rest.all(|group| group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit()))
    }
}

/// With 00 instead of the plus sign: a number of anything, unless a plan has it.
fn access_code(candidate: &Candidate<'_>) -> Option<f32> {
    let digits = digits_of(candidate.hit());
    let called = is_called(candidate)?;
    let written = candidate.hit().len() > digits.len();
    (!is_part(candidate)
        && !is_hex_dump(candidate)
        && (called || written)
        && plan::international(digits.get(2..)?) == Standing::Assigned)
        .then_some(if called { 0.9 } else { 0.8 })
}

fn north_america(candidate: &Candidate<'_>) -> Option<f32> {
    if is_part(candidate) || is_international(candidate) {
        return None;
    }
    let called = is_called(candidate)?;
    let hit = candidate.hit();
    let digits = digits_of(hit);
    match plan::national(digits.strip_prefix("00").unwrap_or(&digits), &["1"]) {
        Standing::Assigned | Standing::Possible => Some(0.9),
        Standing::Impossible if called => Some(0.7),
        Standing::Impossible if hit.contains('(') => Some(0.6),
        Standing::Impossible => hit.contains('-').then_some(0.55),
    }
}

fn national(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    let digits = digits_of(hit);
    let bracketed = hit.starts_with('(');
    let enough = if bracketed { 8..=12 } else { 9..=14 };
    let date = hit.matches(['.', '/']).count() >= 2;
    let social_security = hit.len() == 11 && hit.as_bytes()[3] == b'-' && hit.as_bytes()[6] == b'-';
    // The middle of a longer number in groups of four.
    let behind_group = candidate
        .before(5)
        .strip_suffix(' ')
        .is_some_and(|group| group.len() == 4 && group.bytes().any(|b| b.is_ascii_digit()) && is_alphanumeric(group));
    let zip_code = hit.len() == 10 && hit.as_bytes()[5] == b'-';
    let groups = || hit.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty());
    // `07184.465057`, and code points in hexadecimal.
    let decimal = groups().count() == 2 && hit.contains('.');
    let code_points = groups().count() > 2 && groups().all(|group| group.len() == 4 && group.starts_with('0'));
    if social_security
        || zip_code
        || behind_group
        || date
        || decimal
        || code_points
        || !enough.contains(&digits.len())
        || is_hex_dump(candidate)
        || is_international(candidate)
        || is_part(candidate)
    {
        return None;
    }
    let called = is_called(candidate)?;
    let codes = if bracketed && !digits.starts_with('0') { plan::BRACKETED } else { plan::TRUNK_ZERO };
    match (plan::national(&digits, codes), called) {
        (Standing::Assigned, true) => Some(0.9),
        (Standing::Assigned, false) => Some(0.8),
        (Standing::Possible, _) | (Standing::Impossible, true) => Some(0.65),
        (Standing::Impossible, false) => Some(0.4),
    }
}

fn is_alphanumeric(group: &str) -> bool {
    group.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
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

/// Behind a word for telephones, or before one.
fn named(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    let digits = digits_of(hit);
    if !(6..=13).contains(&digits.len()) || is_part(candidate) || is_international(candidate) || is_date(hit, &digits) {
        return None;
    }
    let bare = hit.len() == digits.len();
    let trail = words::trails(candidate.after(12), bare) && (!bare || digits.len() >= 9);
    let (lead, line) = lead(candidate, if bare { BEFORE_BARE } else { BEFORE });
    let lead = match lead {
        Some(Lead { kind: Kind::Otherwise, .. }) => return None,
        Some(lead) if digits.len() >= 7 => lead,
        _ if trail => return Some(0.75),
        _ => return is_cell_of_phones(candidate, &digits).then_some(0.6),
    };
    let gap = &line[lead.end..];
    // "call of 4711 failed: 1700000000" names no telephone, nor does `RING: u32 = 2147483648`.
    let gap = gap.strip_prefix(": ").unwrap_or(gap);
    let gap = gap.strip_suffix(" (").unwrap_or(gap);
    let told = gap.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '.' | ',' | '\''));
    let held = lead.kind == Kind::Name && (!bare || gap.len() <= RIGHT_BEHIND);
    if bare && !held && (!told || is_epoch(&digits)) {
        return None;
    }
    match plan::national(&digits, lead.languages.codes().flatten()) {
        Standing::Assigned => Some(if bare { 0.8 } else { 0.85 }),
        Standing::Possible if !bare || held => Some(0.7),
        _ if trail => Some(0.75),
        _ if held => Some(0.6),
        _ => (!bare).then_some(0.55),
    }
}

/// A cell of a table with a column of telephones, and a number that a plan has.
fn is_cell_of_phones(candidate: &Candidate<'_>, digits: &str) -> bool {
    let codes: &[&str] = if digits.starts_with('0') { plan::TRUNK_ZERO } else { &["1"] };
    digits.len() >= 9
        && heads(candidate).into_iter().filter_map(words::lead).any(|lead| lead.kind == Kind::Name)
        && plan::national(digits, codes) == Standing::Assigned
}

/// Seconds since 1970, of this decade and its neighbours.
fn is_epoch(digits: &str) -> bool {
    digits.len() == 10 && ["15", "16", "17", "18"].iter().any(|years| digits.starts_with(years))
}

/// `2024-05-01`, `01.05.2024`, and clock times behind them.
fn is_date(hit: &str, digits: &str) -> bool {
    let groups: Vec<&str> = hit.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()).collect();
    let year = |group: &str| group.len() == 4 && (group.starts_with("19") || group.starts_with("20"));
    groups.len() >= 3 && digits.len() >= 8 && (year(groups[0]) || groups.get(2).is_some_and(|group| year(group)))
        || groups.len() == 1 && digits.len() == 8 && (digits.starts_with("19") || digits.starts_with("20"))
}
