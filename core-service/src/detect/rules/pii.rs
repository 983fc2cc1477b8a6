//! Personal data: numbers by their checksums, the rest by its form and by the words around it.

mod address;
mod context;
mod crypto;
mod device;
mod financial;
mod labelled;
mod national_americas;
mod national_asia;
mod national_europe;
mod national_named;
mod national_oceania_africa;
mod national_us;
mod network;
mod person;
mod phone;
mod web;

use super::super::{rule::Rule, validate::Candidate};
use crate::domain::finding::{Detector, Severity};

/// What rules for personal data share.
const PII: Rule = Rule { detector: Detector::Pii, severity: Severity::Medium, ..Rule::BASE };

/// What rules share that wake on a word which must stand near, or at the head of the number's column.
const NEAR_WORD: Rule = Rule { reach: TABLE, ..PII };

/// The same for numbers that a state gives out.
const NATIONAL: Rule = Rule { severity: Severity::High, ..NEAR_WORD };

/// The same for those that wake on a part of the number.
const FORMED: Rule = Rule { reach: 128, ..NATIONAL };

/// A digit behind a hyphen: rarer than digits, and what many forms have.
const DASHED: &[&str] = &["-0", "-1", "-2", "-3", "-4", "-5", "-6", "-7", "-8", "-9"];

pub(super) const FAMILIES: &[&[Rule]] = &[
    address::RULES,
    context::RULES,
    crypto::RULES,
    device::RULES,
    financial::RULES,
    labelled::RULES,
    national_americas::RULES,
    national_asia::RULES,
    national_europe::RULES,
    national_named::RULES,
    national_oceania_africa::RULES,
    national_us::RULES,
    network::RULES,
    person::RULES,
    phone::RULES,
    web::RULES,
];

/// Whether one of the words stands in the text, ignoring the case of ASCII letters. The words are lower case.
/// `passportNumber` holds the word passport, `import` does not hold port. They begin with a letter. A space in a word
/// is also an underscore, a hyphen or a hump: `tax_id` and `taxId` hold "tax id".
fn mentions(text: &str, words: &[&str]) -> bool {
    mentioned(text, words).next().is_some()
}

/// Where the words end that stand in the text.
fn mentioned(text: &str, words: &[&str]) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    let joined = move |at: usize| match (at.checked_sub(1).and_then(|before| bytes.get(before)), bytes.get(at)) {
        (Some(a), Some(b)) => {
            let hump = a.is_ascii_lowercase() && b.is_ascii_uppercase();
            a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && !hump
        }
        _ => false,
    };
    let letter = |byte: u8| byte.is_ascii_alphabetic() || !byte.is_ascii();
    // Words begin with letters, and most of a text is no beginning of a word.
    let begins = move |at: usize| letter(bytes[at]) && !joined(at);
    (0..bytes.len()).filter(move |at| begins(*at)).filter_map(move |at| {
        let first = bytes[at].to_ascii_lowercase();
        let ends = words.iter().map(|word| word.as_bytes()).filter(|word| word.first() == Some(&first));
        ends.filter_map(|word| end_of(word, bytes, at)).filter(|end| !joined(*end)).max()
    })
}

/// Where a word ends that begins at `at`.
fn end_of(word: &[u8], bytes: &[u8], at: usize) -> Option<usize> {
    word.iter().try_fold(at, |at, wanted| match (wanted, bytes.get(at)?) {
        (b' ', b' ' | b'_' | b'-') => Some(at + 1),
        (b' ', found) => (bytes[at - 1].is_ascii_lowercase() && found.is_ascii_uppercase()).then_some(at),
        (wanted, found) => found.eq_ignore_ascii_case(wanted).then_some(at + 1),
    })
}

/// Bytes before and after a match in which a word speaks for it.
const BEFORE: usize = 60;
const AFTER: usize = 30;

fn is_near(candidate: &Candidate<'_>, words: &[&str]) -> bool {
    mentions(candidate.before(BEFORE), words) || mentions(candidate.after(AFTER), words) || is_headed(candidate, words)
}

/// Bytes before a cell of a table in which its column is named.
const TABLE: usize = 2048;

/// Whether the match is a cell of a table, and the head of its column holds one of the words.
fn is_headed(candidate: &Candidate<'_>, words: &[&str]) -> bool {
    heads(candidate).into_iter().any(|head| mentions(head, words))
}

/// The cells at the head of the column that the match is a cell of, in the first two lines of its table: a line above
/// may have commas as well. Empty where there are none.
fn heads<'a>(candidate: &Candidate<'a>) -> [&'a str; 2] {
    let is_bound = |c: char| matches!(c, '|' | '\t' | ';' | ',');
    let around = |c: char| matches!(c, ' ' | '"');
    let Some((above, line)) = candidate.before(TABLE).rsplit_once('\n') else { return [""; 2] };
    let left = line.trim_end_matches(around).chars().next_back();
    let right = candidate.after(16).trim_start_matches(around).chars().next();
    let separator = match (left, right) {
        (Some(left), None | Some('\n' | '\r')) if is_bound(left) => left,
        (Some(left), Some(right)) if is_bound(left) && is_bound(right) => left,
        (None, Some(right)) if is_bound(right) => right,
        _ => return [""; 2],
    };
    let column = cells(line, separator).count() - 1;
    let table = above.rsplit('\n').take_while(|line| line.contains(separator));
    let first = table.fold([""; 2], |[_, second], line| [second, line]);
    first.map(|line| cells(line, separator).nth(column).unwrap_or(""))
}

/// What stands between separators that are not quoted. One at least.
fn cells(line: &str, separator: char) -> impl Iterator<Item = &str> {
    let quotes = matches!(separator, ',' | ';');
    let mut quoted = false;
    line.split(move |c: char| {
        quoted ^= quotes && c == '"';
        c == separator && !quoted
    })
}

/// Letters and digits of a match, in capitals.
fn compact(candidate: &Candidate<'_>) -> String {
    candidate.hit().chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// Whether the match is no part of a longer number or identifier.
fn stands_alone(candidate: &Candidate<'_>) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let joins = |c: char| matches!(c, '-' | '.' | '/' | ',' | ':' | '+' | '=');
    let (before, after) = (candidate.before(8), candidate.after(8));
    let goes_on_before = before
        .strip_suffix(|c: char| joins(c) && c != '=' && c != ':' && c != ',')
        .is_some_and(|rest| rest.ends_with(word));
    let goes_on_after = after
        .strip_prefix(joins)
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()) && !is_next_column(candidate));
    !before.ends_with(word) && !after.starts_with(word) && !goes_on_before && !goes_on_after
}

/// Whether the comma behind the match parts two columns: it groups no thousands.
fn is_next_column(candidate: &Candidate<'_>) -> bool {
    let hit = candidate.hit();
    let grouped = hit.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b'.' | b' '));
    let last = hit.len() - hit.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let next = |rest: &str| rest.bytes().take_while(u8::is_ascii_digit).count();
    candidate.after(8).strip_prefix(',').is_some_and(|rest| !grouped || last > 3 || next(rest) != 3)
}

/// A number that is nothing without a word near it.
fn named(candidate: &Candidate<'_>, words: &[&str], is_valid: fn(&str) -> bool) -> Option<f32> {
    (stands_alone(candidate) && is_valid(&compact(candidate)) && is_near(candidate, words)).then_some(0.9)
}

/// A number whose form and sum say what it is: `alone` is its score where no word does.
fn formed(candidate: &Candidate<'_>, words: &[&str], alone: f32, is_valid: fn(&str) -> bool) -> Option<f32> {
    let number = compact(candidate);
    (stands_alone(candidate) && is_valid(&number)).then(|| if is_near(candidate, words) { 0.95 } else { alone })
}

/// Whether the match stands right behind one of the words: no more than `is` and punctuation between.
fn follows(candidate: &Candidate<'_>, words: &[&str]) -> bool {
    const LINKS: &[&str] =
        &["", "is", "was", "code", "code is", "number", "number is", "no", "es", "est", "ist", "é", "è"];
    let before = candidate.before(40).to_ascii_lowercase();
    words.iter().any(|word| {
        before
            .rfind(word)
            .and_then(|at| before.get(at + word.len()..))
            .is_some_and(|between| LINKS.contains(&between.trim_matches(|c: char| !c.is_alphanumeric())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate<'a>(text: &'a str, hit: &str) -> Candidate<'a> {
        let start = text.find(hit).unwrap();
        Candidate { text, start, end: start + hit.len() }
    }

    #[test]
    fn a_cell_knows_the_head_of_its_column() {
        for (text, head) in [
            ("name\tssn\nAnn\t1\nBea\t77\n", "ssn"),
            ("name,ssn\r\n\"Lee, Bea\",77,b", "ssn\r"),
            ("| a | Steuer-ID |\n|---|---|\n| b | 77 |", " Steuer-ID "),
            ("ssn;a\n77;b", "ssn"),
            ("a | 77 | b", ""),
            ("ssn of Ann\n77 and more", ""),
        ] {
            assert!(heads(&candidate(text, "77")).contains(&head), "{text}");
        }
        assert_eq!(heads(&candidate("See here, please:\nname,ssn\nAnn,77", "77")), ["ssn", " please:"]);
    }

    #[test]
    fn a_space_in_a_word_is_also_what_joins_names_in_code() {
        for text in ["tax id", "TAX_ID", "tax-id:", "the taxId", "customerTaxId2"] {
            assert!(mentions(text, &["tax id"]), "{text}");
        }
        for text in ["taxid", "tax idle", "syntax id", "tax"] {
            assert!(!mentions(text, &["tax id"]), "{text}");
        }
    }

    #[test]
    fn a_comma_that_groups_no_thousands_ends_a_number() {
        for (text, hit) in [("131-860-918,198", "131-860-918"), ("48201753,198", "48201753"), ("1 234,56", "1 234")] {
            assert!(stands_alone(&candidate(text, hit)), "{text}");
        }
        assert!(!stands_alone(&candidate("1,234,567", "1,234")) && !stands_alone(&candidate("123.45", "123")));
    }
}
