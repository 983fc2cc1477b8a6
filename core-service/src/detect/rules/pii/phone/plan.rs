//! Numbering plans, by `phonelib`: whether a number could be somebody's. Its tables are constants, so nothing is
//! compiled and next to nothing is kept; a look-up takes a fraction of a microsecond, and a candidate has fifty at most.

use std::{fmt::Write as _, sync::LazyLock};

use phonelib::PhoneNumberType;

/// What the plans say, the least sure first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// No country has such a number.
    Impossible,
    /// Of a length that the plan has, in a block that is not known to be in use.
    Possible,
    /// In a block that is in use.
    Assigned,
}

/// With the country code first. `digits` are ASCII digits.
pub(super) fn international(digits: &str) -> Standing {
    standing("", digits)
}

/// As it is dialled within the countries of these codes: the best that one of them says.
pub(super) fn national<'a>(digits: &str, codes: impl IntoIterator<Item = &'a &'static str>) -> Standing {
    let mut best = Standing::Impossible;
    for code in codes {
        let number = trunk(code).and_then(|trunk| digits.strip_prefix(trunk)).unwrap_or(digits);
        if !has_length(code, number) {
            continue;
        }
        best = best.max(standing(code, number));
        if best == Standing::Assigned {
            break;
        }
    }
    best
}

/// Bit by bit the lengths that numbers have, for each country code. Most candidates end here, which costs a hundredth of
/// asking the library.
static LENGTHS: LazyLock<[u32; 1000]> = LazyLock::new(|| {
    let mut lengths = [0; 1000];
    // The library has the countries of code 1 by their area codes.
    lengths[1] = 1 << 10;
    for country in phonelib::countries() {
        if let Some(known) = lengths.get_mut(country.prefix as usize) {
            country.phone_lengths.iter().for_each(|length| *known |= 1 << length);
        }
    }
    lengths
});

/// Whether the plan has numbers of this length, with or without a 0 before them.
fn has_length(code: &str, number: &str) -> bool {
    let known = code.parse::<usize>().ok().and_then(|code| LENGTHS.get(code)).copied().unwrap_or(0);
    let has = |length: usize| length < 32 && known & (1 << length) != 0;
    has(number.len()) || number.strip_prefix('0').is_some_and(|rest| has(rest.len()))
}

/// Trunk prefixes other than 0, which the library knows for numbers that have a country code, too.
fn trunk(code: &str) -> Option<&'static str> {
    match code {
        "1" => Some("1"),
        "7" => Some("8"),
        "36" => Some("06"),
        _ => None,
    }
}

fn standing(code: &str, digits: &str) -> Standing {
    // E.164 has 15 digits, and some plans a trunk prefix.
    if digits.len() > 16 {
        return Standing::Impossible;
    }
    let mut number = String::with_capacity(24);
    let written = write!(number, "+{code}{digits}");
    match phonelib::detect_phone_number_type(&number).filter(|_| written.is_ok()) {
        None => Standing::Impossible,
        Some(PhoneNumberType::Unknown) => Standing::Possible,
        Some(_) => Standing::Assigned,
    }
}

/// Countries that write a 0 before their area codes.
pub(super) const TRUNK_ZERO: &[&str] = &[
    "44", "49", "33", "31", "61", "81", "91", "43", "41", "32", "46", "353", "64", "27", "82", "886", "62", "92",
    "880", "94", "66", "84", "60", "63", "20", "254", "234", "90", "972", "358", "380", "40", "359", "966", "971",
    "54", "36", "39", "86", "381", "386", "385", "421", "212", "213", "51", "58",
];

/// Countries whose area codes stand in brackets.
pub(super) const BRACKETED: &[&str] = &[
    "55", "54", "52", "57", "58", "51", "56", "593", "1", "7", "44", "49", "61", "91", "43", "39", "41", "64", "27",
    "82", "36", "84", "63", "62", "90", "86",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_tell_numbers_from_digits() {
        use Standing::{Assigned, Impossible};
        for digits in ["442079460958", "4915123456789", "14155550132", "390669812345", "4402079460958", "85298994905"] {
            assert_eq!(international(digits), Assigned, "{digits}");
        }
        for digits in ["999123456789", "4912", "11115550132", "210123456789012", "12345678901234567890", ""] {
            assert_eq!(international(digits), Impossible, "{digits}");
        }
        for (digits, code) in [
            ("02079460958", "44"),
            ("4155550132", "1"),
            ("14155550132", "1"),
            ("83454164644", "7"),
            ("0652317159", "36"),
            ("0612345678", "33"),
            ("612345678", "34"),
            ("13211435030", "86"),
        ] {
            assert_eq!(national(digits, &[code]), Assigned, "{digits} in {code}");
        }
        assert_eq!(national("1700000000", &["1"]), Impossible);
        assert_eq!(national("00000", TRUNK_ZERO), Impossible);
    }
}
