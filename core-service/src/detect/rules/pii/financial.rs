//! Payment cards and bank accounts: checksums do most of the work.

use super::{PII, follows, mentions};
use crate::{
    detect::{
        figures::Figure,
        rule::{Rule, Wake},
        validate::{Candidate, checksum},
    },
    domain::finding::Severity,
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "credit_card",
        entity: "CREDIT_CARD",
        severity: Severity::High,
        wake: Wake::Figures(|figure| figure.digits >= 12),
        // Four by four, American Express and Diners in their own groups, or one run. In cells of a table, near a word.
        pattern: r"(?-u:\b)(?:\d{4}([ .-]|\u{2011}|\u{2013}|\u{a0}| - |  |\t)\d{4}([ .-]|\u{2011}|\u{2013}|\u{a0}| - |  |\t)\d{4}([ .-]|\u{2011}|\u{2013}|\u{a0}| - |  |\t)\d{4}(?:[ -]\d{3})?|3\d{3}[ -]\d{6}[ -]\d{4,5}|3[47]\d{2}[ -]\d{4}[ -]\d{4}[ -]\d{3}|\d{12,19})(?-u:\b)",
        validate: Some(card),
        reach: 8,
        matches: &[
            "card 4539 1488 0343 6467.",
            "5425-2334-3010-9903",
            "3782 822463 10005",
            "3784 3324 9351 641",
            "card 4539  1488  0343  6467",
            "card\t4539\t1488\t0343\t6467",
            "4539148803436467/12/27/123",
            "my visa is 4916338506082832",
            "6011 0009 9013 9424",
        ],
        misses: &[
            "4539148803436468",
            "4539\t1488\t0343\t6467",
            "4539148803436467/12",
            "order 4532-1488-0343-6467-9912",
            "0000 0000 0000 0000",
            "1700000000000000000",
            "id=12345678901234567890",
            "serial 5640-9996-5750-8345",
            "530C 5351 5352 5353 5354 5355",
        ],
        ..PII
    },
    Rule {
        id: "iban",
        entity: "IBAN_CODE",
        severity: Severity::High,
        wake: Wake::Figures(behind_a_country),
        // Groups of four only in capitals: behind an account number the sentence goes on in small letters. Where the
        // country's length is so many fours, a word in capitals behind them is none of its groups.
        pattern: r"(?-u:\b)(?:[A-Za-z]{2}\d{2}[A-Za-z0-9]{11,30}|BE\d{2}(?:[ -][A-Z0-9]{4}){3}|(?:AT|BA|EE|KZ|LT|LU|MN|XK)\d{2}(?:[ -][A-Z0-9]{4}){4}|(?:AD|CZ|ES|MD|PK|RO|SA|SE|SK|TN|VG)\d{2}(?:[ -][A-Z0-9]{4}){5}|(?:AL|AZ|BY|CY|DO|GT|HN|HU|LB|NI|PL|SV)\d{2}(?:[ -][A-Z0-9]{4}){6}|LC\d{2}(?:[ -][A-Z0-9]{4}){7}|[A-Z]{2}\d{2}(?:[ -][A-Z0-9]{4}){2,7}(?:[ -][A-Z0-9]{1,3})?)(?-u:\b)",
        validate: Some(iban),
        reach: 64,
        matches: &[
            "GB33BUKB20201555555555",
            "DE75 5121 0800 1245 1261 99 bitte",
            "(fr7630006000011234567890189)",
            "NL02 ABNA 0123 4567 89",
            "AT55 7344 1979 2376 0926 BIC: ALDRATWW",
            "ES15 2038 4716 0538 4820 3433 JUAN PEREZ",
        ],
        misses: &[
            "GB33BUKB20201555555556",
            "DE75512108001245126",
            "XX00123456789012345",
            "AT55 7344 1979 2376 0927 JUAN",
        ],
        ..PII
    },
    Rule {
        id: "bic",
        entity: "BIC_CODE",
        severity: Severity::Low,
        wake: Wake::Keywords(&["bic", "swift"]),
        pattern: r"(?-u:\b)[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?(?-u:\b)",
        validate: Some(bic),
        reach: 96,
        matches: &["BIC: ALDRDEFF", "SWIFT code BKALFR2L490", "bic ALDRDEFFXXX", "BIC: ALDRTJ22"],
        misses: &["ALDRDEFF", "SWIFT is a fine LANGUAGE", "BIC: ALDRXXFF"],
        ..PII
    },
];

/// The country and the check digits of an account: `DE75`.
fn behind_a_country(figure: &Figure<'_>) -> bool {
    let digits = figure.groups().next().map_or(0, |(start, end)| end - start);
    let (country, before) = figure.before().split_at(figure.start.saturating_sub(2));
    let whole = !country.last().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    digits >= 2 && whole && before.len() == 2 && before.iter().all(u8::is_ascii_alphabetic)
}

const CARD_WORDS: &[&str] = &[
    "card",
    "cards",
    "credit",
    "debit",
    "visa",
    "mastercard",
    "maestro",
    "amex",
    "american express",
    "discover",
    "diners",
    "jcb",
    "unionpay",
    "cc",
    "ccn",
    "pan",
    "payment",
    "pay",
    "cvv",
    "cvc",
    "expiry",
    "exp",
    "expires",
    "charge",
    "charged",
    "checkout",
    "tarjeta",
    "carte",
    "karte",
    "kreditkarte",
    "kreditkartennummer",
    "carta",
    "cartão",
    "kaart",
    "billing",
];

/// Words before a number that is no card's and no person's, if no word for these is near.
pub(super) const OTHER_NUMBERS: &[&str] = &[
    "serial",
    "order",
    "ref",
    "reference",
    "sku",
    "part",
    "tracking",
    "license",
    "licence",
    "isbn",
    "sn",
    "s/n",
    "imei",
];

fn card(candidate: &Candidate<'_>) -> Option<f32> {
    let hit = candidate.hit();
    let digits: String = hit.chars().filter(char::is_ascii_digit).collect();
    let (before, after) = (candidate.before(2).as_bytes(), candidate.after(2).as_bytes());
    // A part of a longer number: decimals, a longer group of groups.
    let touches = |edge: Option<&u8>, beyond: Option<&u8>| {
        edge.is_some_and(|byte| b".-_/".contains(byte)) && beyond.is_some_and(u8::is_ascii_digit)
    };
    // Month, year and code, as cards are dumped.
    let dumped = matches!(candidate.after(6).as_bytes(), [b'/', a, b, b'/', c, d, ..]
        if [a, b, c, d].iter().all(|byte| byte.is_ascii_digit()));
    let goes_on = touches(after.first(), after.get(1)) && !dumped;
    if touches(before.last(), before.first()) || goes_on || !checksum::luhn(&digits) {
        return None;
    }
    let first_differs = digits.bytes().any(|digit| Some(&digit) != digits.as_bytes().first());
    if !first_differs {
        return None;
    }
    let brand = brand(&digits)?;
    let grouped = hit.len() > digits.len();
    let named = mentions(candidate.before(80), CARD_WORDS) || mentions(candidate.after(40), CARD_WORDS);
    let cells = hit.contains('\t') || hit.contains("  ");
    if !named && (cells || mentions(candidate.before(24), OTHER_NUMBERS) || is_in_a_list(candidate)) {
        return None;
    }
    match (brand, grouped, named) {
        (_, _, true) => Some(1.0),
        (Brand::Common, true, _) => Some(0.95),
        (Brand::Rare, true, _) => Some(0.75),
        (Brand::Common, ..) => Some(0.8),
        // A number of 12 to 19 digits that merely could be a rare card mostly is an identifier.
        (Brand::Rare, ..) => None,
    }
}

/// Behind another group of four: code points and tables, a tenth of which pass the checksum.
fn is_in_a_list(candidate: &Candidate<'_>) -> bool {
    let before = candidate.before(8);
    let group = before.trim_end().rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or("");
    let spaced = before.ends_with(|c: char| c.is_ascii_whitespace());
    spaced
        && group.len() == 4
        && group.bytes().all(|byte| byte.is_ascii_hexdigit())
        && group.bytes().any(|byte| byte.is_ascii_digit())
}

enum Brand {
    /// Few lengths and a narrow range: the number speaks for itself.
    Common,
    Rare,
}

/// By the issuer's range and the lengths that it uses.
fn brand(digits: &str) -> Option<Brand> {
    let prefix = |length: usize| digits.get(..length)?.parse::<u32>().ok();
    let (two, three, four, six) = (prefix(2)?, prefix(3)?, prefix(4)?, prefix(6)?);
    let brand = match digits.len() {
        // Visa, Mastercard, Discover, JCB.
        16 if two / 10 == 4 || (51..=55).contains(&two) || (2221..=2720).contains(&four) => Brand::Common,
        16 if four == 6011 || (644..=649).contains(&three) || two == 65 || (3528..=3589).contains(&four) => {
            Brand::Common
        }
        // JCB of old, and what lies beside its range of today.
        15 if four == 2131 || four == 1800 => Brand::Rare,
        16 if two == 35 => Brand::Rare,
        // American Express.
        15 if two == 34 || two == 37 => Brand::Common,
        // UnionPay, Mir, RuPay, Verve, Troy.
        16..=19 if two == 62 || two == 81 || (2200..=2204).contains(&four) || (622_126..=622_925).contains(&six) => {
            Brand::Rare
        }
        16 if two == 60 || two == 82 || three == 508 || four == 9792 || (506_099..=506_198).contains(&six) => {
            Brand::Rare
        }
        // Diners Club.
        14..=19 if (300..=305).contains(&three) || two == 36 || two == 38 || two == 39 => Brand::Rare,
        13 | 19 if two / 10 == 4 => Brand::Rare,
        // Discover and JCB in their long forms, then Maestro.
        17..=19 if four == 6011 || two == 65 || (3528..=3589).contains(&four) => Brand::Rare,
        12..=19 if two == 50 || (56..=58).contains(&two) || matches!(four, 6304 | 6759 | 6761..=6763) => Brand::Rare,
        _ => return None,
    };
    Some(brand)
}

/// Countries of the IBAN registry, with the length of their numbers.
const IBAN_LENGTHS: &[(&str, usize)] = &[
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BI", 27),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DJ", 27),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FK", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HN", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LC", 32),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("LY", 25),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MN", 20),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NI", 28),
    ("NL", 18),
    ("NO", 15),
    ("OM", 23),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("RU", 33),
    ("SA", 24),
    ("SC", 31),
    ("SD", 18),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("SO", 23),
    ("ST", 25),
    ("SV", 28),
    ("TL", 23),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("VG", 24),
    ("XK", 20),
    ("YE", 30),
];

fn iban(candidate: &Candidate<'_>) -> Option<f32> {
    let compact: String = candidate.hit().chars().filter(char::is_ascii_alphanumeric).collect();
    let country = compact.get(..2)?.to_ascii_uppercase();
    let (_, length) = IBAN_LENGTHS.iter().find(|(code, _)| *code == country)?;
    // One in a hundred random words has the sum; no account is mostly letters.
    let digits = compact.bytes().filter(u8::is_ascii_digit).count() >= 8;
    (compact.len() == *length && digits && checksum::iban(&compact)).then_some(1.0)
}

/// Eight capitals spell words: the country must exist, and the word must stand near.
fn bic(candidate: &Candidate<'_>) -> Option<f32> {
    // ISO 3166, without the countries that have an IBAN.
    const OTHERS: &str = "\
        AFAGAIAMANAOAQARASAUAWAXBBBDBFBJBLBMBNBOBQBSBTBVBWBZCACCCDCFCGCICKCLCMCNCOCUCVCWCXDMDZECEHERETFJFKFM\
        GAGDGFGGGHGMGNGPGQGSGUGWGYHKHMHNHTIDIMINIOIRJEJMJPKEKGKHKIKMKNKPKRKYLALKLRLSMAMFMGMHMLMMMNMOMPMQMSMV\
        MWMXMYMZNANCNENFNGNINPNRNUNZOMPAPEPFPGPHPMPNPRPWPYRERWSBSGSHSJSLSNSRSSSXSYSZTCTDTFTGTHTJTKTMTOTTTVTW\
        TZUGUMUSUYUZVCVEVIVNVUWFWSYEYTZAZMZW";
    let country = candidate.hit().get(4..6)?;
    let exists = OTHERS.as_bytes().chunks(2).any(|other| other == country.as_bytes())
        || IBAN_LENGTHS.iter().any(|(code, _)| *code == country);
    let word = follows(candidate, &["bic", "swift"]);
    (exists && word).then_some(0.8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(text: &str, hit: &str) -> Option<f32> {
        let start = text.find(hit).unwrap();
        card(&Candidate { text, start, end: start + hit.len() })
    }

    #[test]
    fn a_rare_brand_needs_a_word_for_cards() {
        assert_eq!(score("id 6759649826438453", "6759649826438453"), None);
        assert_eq!(score("maestro card 6759649826438453", "6759649826438453"), Some(1.0));
    }

    #[test]
    fn a_part_of_a_longer_number_is_no_card() {
        assert_eq!(score("0.4539148803436467", "4539148803436467"), None);
        assert_eq!(score("4539148803436467-12", "4539148803436467"), None);
        assert_eq!(score("4539148803436467. 12", "4539148803436467"), Some(0.8));
    }
}
