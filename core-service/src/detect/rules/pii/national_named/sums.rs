//! Sums and dates of these numbers. Each function takes the number without separators, letters in capitals.

use crate::detect::validate::{
    check_digit::{complement, digits, is_day, is_day_of, is_monotonous, mod_11_10, number, weighted},
    checksum,
};

/// So many digits under Luhn's sum.
pub(super) fn of_luhn(compact: &str, length: usize) -> bool {
    let plain = compact.bytes().all(|byte| byte.is_ascii_digit());
    plain && compact.len() == length && !is_monotonous(compact) && checksum::luhn(compact)
}

/// Women have 50 added to the month, and a day with too many births 20. What the sum has no digit for ends in 0.
pub(super) fn cz_rodne_cislo(compact: &str) -> bool {
    digits::<10>(compact)
        .is_some_and(|d| is_day(number(&d[2..4]) % 50 % 20, number(&d[4..6])) && number(&d[..9]) % 11 % 10 == d[9])
}

pub(super) fn ro_cnp(compact: &str) -> bool {
    digits::<13>(compact).is_some_and(|d| {
        let rest = weighted(&d[..12], &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
        is_day_of(&d[3..5], &d[5..7]) && d[12] == if rest == 10 { 1 } else { rest }
    })
}

/// The century is added to the month.
pub(super) fn bg_egn(compact: &str) -> bool {
    digits::<10>(compact).is_some_and(|d| {
        is_day(number(&d[2..4]) % 20, number(&d[4..6]))
            && weighted(&d[..9], &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10 == d[9]
    })
}

/// Of Estonia and Lithuania: where the first weights give ten, there are others.
pub(super) fn baltic_code(compact: &str) -> bool {
    digits::<11>(compact).is_some_and(|d| {
        let first = weighted(&d[..10], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
        let second = weighted(&d[..10], &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11 % 10;
        is_day_of(&d[3..5], &d[5..7]) && d[10] == if first == 10 { second } else { first }
    })
}

pub(super) fn hr_oib(compact: &str) -> bool {
    digits::<11>(compact).is_some_and(|d| !is_monotonous(compact) && mod_11_10(&d))
}

/// Of what was Yugoslavia.
pub(super) fn rs_jmbg(compact: &str) -> bool {
    digits::<13>(compact).is_some_and(|d| {
        is_day_of(&d[2..4], &d[..2]) && complement(&d[..12], &[7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2], 11) == d[12]
    })
}

pub(super) fn gr_amka(compact: &str) -> bool {
    digits::<11>(compact).is_some_and(|d| is_day_of(&d[2..4], &d[..2]) && checksum::luhn(compact))
}

pub(super) fn gr_afm(compact: &str) -> bool {
    digits::<9>(compact).is_some_and(|d| {
        !is_monotonous(compact) && weighted(&d[..8], &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == d[8]
    })
}

pub(super) fn ru_snils(compact: &str) -> bool {
    digits::<11>(compact).is_some_and(|d| {
        !is_monotonous(compact) && weighted(&d[..9], &[9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101 % 100 == number(&d[9..])
    })
}

/// Of a person in twelve digits, of a company in ten.
pub(super) fn ru_inn(compact: &str) -> bool {
    const WEIGHTS: [u32; 11] = [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8];
    let check = |d: &[u32], weights: &[u32]| weighted(d, weights) % 11 % 10;
    let company = digits::<10>(compact).is_some_and(|d| check(&d[..9], &WEIGHTS[2..]) == d[9]);
    let person = digits::<12>(compact)
        .is_some_and(|d| check(&d[..10], &WEIGHTS[1..]) == d[10] && check(&d[..11], &WEIGHTS) == d[11]);
    !is_monotonous(compact) && (company || person)
}

pub(super) fn ua_rnokpp(compact: &str) -> bool {
    // The first weight is -1.
    digits::<10>(compact)
        .is_some_and(|d| !is_monotonous(compact) && weighted(&d[..9], &[10, 5, 7, 9, 4, 6, 10, 5, 7]) % 11 % 10 == d[9])
}

/// The year of birth stands behind the country.
pub(super) fn ae_emirates_id(compact: &str) -> bool {
    digits::<15>(compact).is_some_and(|d| matches!(number(&d[3..7]), 1900..=2099)) && checksum::luhn(compact)
}

/// A province and a date, with 40 added to a woman's day. There is no sum.
pub(super) fn id_nik(compact: &str) -> bool {
    digits::<16>(compact).is_some_and(|d| {
        let day = number(&d[6..8]);
        matches!(number(&d[..2]), 11..=96) && is_day(number(&d[8..10]), if day > 40 { day - 40 } else { day })
    })
}

pub(super) fn my_mykad(compact: &str) -> bool {
    digits::<12>(compact).is_some_and(|d| is_day_of(&d[2..4], &d[4..6]))
}

/// A date before the last three places.
pub(super) fn mx_rfc(compact: &str) -> bool {
    let date = compact.len().checked_sub(9).and_then(|at| compact.get(at..at + 6));
    date.and_then(digits::<6>).is_some_and(|d| is_day_of(&d[2..4], &d[4..6]))
}

pub(super) fn mx_clabe(compact: &str) -> bool {
    digits::<18>(compact).is_some_and(|d| {
        let weights = [3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7];
        !is_monotonous(compact) && complement(&d[..17], &weights, 10) == d[17]
    })
}

/// Where the first weights give ten, there are others.
pub(super) fn nz_ird(compact: &str) -> bool {
    digits::<9>(&format!("{compact:0>9}")).is_some_and(|d| {
        let first = complement(&d[..8], &[3, 2, 7, 6, 5, 4, 3, 2], 11);
        let second = complement(&d[..8], &[7, 4, 3, 2, 5, 2, 7, 6], 11);
        (10_000_000..=150_000_000).contains(&number(&d)) && d[8] == if first == 10 { second } else { first }
    })
}

/// The first two digits are those of a campus that gives numbers out.
pub(super) fn us_ein(compact: &str) -> bool {
    digits::<9>(compact).is_some_and(|d| {
        let never = [0, 7, 8, 9, 17, 18, 19, 28, 29, 49, 69, 70, 78, 79, 89, 96, 97];
        !never.contains(&number(&d[..2])) && !is_monotonous(compact)
    })
}

/// The check comes first.
pub(super) fn uk_utr(compact: &str) -> bool {
    digits::<10>(compact).is_some_and(|d| {
        let sum = weighted(&d[1..], &[6, 7, 8, 9, 10, 5, 4, 3, 2]);
        !is_monotonous(compact) && d[0] == [2, 1, 9, 8, 7, 6, 5, 4, 3, 2, 1][sum as usize % 11]
    })
}

pub(super) fn de_vat_id(compact: &str) -> bool {
    compact.strip_prefix("DE").and_then(digits::<9>).is_some_and(|d| d[0] != 0 && mod_11_10(&d))
}

/// An office, a date, a letter that counts as its place in the alphabet, a serial number.
pub(super) fn de_pension(compact: &str) -> bool {
    let (Some(head), Some(letter), Some(tail)) = (compact.get(..8), compact.get(8..9), compact.get(9..)) else {
        return false;
    };
    let place = letter.bytes().next().filter(u8::is_ascii_uppercase).map(|byte| byte - b'A' + 1);
    place.and_then(|place| digits::<13>(&format!("{head}{place:02}{tail}"))).is_some_and(|d| {
        let products = d[..12].iter().zip([2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]).map(|(digit, weight)| digit * weight);
        let sum: u32 = products.map(|product| product / 10 + product % 10).sum();
        is_day_of(&d[4..6], &d[2..4]) && sum % 10 == d[12]
    })
}
