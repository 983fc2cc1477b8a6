//! Asia.

use crate::detect::validate::{
    check_digit::{complement, digits, is_day_of, is_monotonous, number, verhoeff, weighted},
    checksum,
};

pub fn in_aadhaar(compact: &str) -> bool {
    digits::<12>(compact).is_some_and(|d| d[0] > 1 && !is_monotonous(compact) && verhoeff(&d))
}

/// Permanent Account Number: the fourth letter is the kind of holder.
pub fn in_pan(compact: &str) -> bool {
    compact.len() == 10 && compact.as_bytes().get(3).is_some_and(|kind| b"ABCFGHJLPT".contains(kind))
}

/// Goods and services tax: a state, a PAN, and a sum in base 36.
pub fn in_gstin(compact: &str) -> bool {
    let state = compact.get(..2).and_then(|state| state.parse::<u8>().ok());
    let mut values = compact.chars().map(|c| c.to_digit(36));
    let sum: Option<u32> = values
        .by_ref()
        .take(14)
        .enumerate()
        .map(|(place, value)| {
            let product = value? * if place % 2 == 0 { 1 } else { 2 };
            Some(product / 36 + product % 36)
        })
        .sum();
    let check = values.next().flatten();
    matches!(state, Some(1..=38 | 97 | 99))
        && compact.get(2..12).is_some_and(in_pan)
        && sum.is_some_and(|sum| check == Some((36 - sum % 36) % 36))
}

/// NRIC of citizens and FIN of foreigners: the series has a say in the check letter.
pub fn sg_nric(compact: &str) -> bool {
    let Some((series, rest)) = compact.split_at_checked(1) else {
        return false;
    };
    let Some(d) = rest.get(..7).and_then(digits::<7>) else {
        return false;
    };
    let (offset, letters): (u32, &[u8; 11]) = match series {
        "S" => (0, b"JZIHGFEDCBA"),
        "T" => (4, b"JZIHGFEDCBA"),
        "F" => (0, b"XWUTRQPNMLK"),
        "G" => (4, b"XWUTRQPNMLK"),
        "M" => (3, b"XWUTRQPNJLK"),
        _ => return false,
    };
    let sum = offset + weighted(&d, &[2, 7, 6, 5, 4, 3, 2]);
    rest.as_bytes().get(7) == Some(&letters[sum as usize % 11])
}

/// マイナンバー.
pub fn jp_my_number(compact: &str) -> bool {
    digits::<12>(compact).is_some_and(|d| {
        let rest = weighted(&d[..11], &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
        !is_monotonous(compact) && d[11] == if rest <= 1 { 0 } else { 11 - rest }
    })
}

/// The date and the century of a resident registration number.
pub fn kr_rrn(compact: &str) -> bool {
    digits::<13>(compact).is_some_and(|d| is_day_of(&d[2..4], &d[4..6]) && matches!(d[6], 1..=8))
}

/// Its check digit, which numbers given since October 2020 need not have.
pub fn kr_rrn_sum(compact: &str) -> bool {
    digits::<13>(compact).is_some_and(|d| complement(&d[..12], &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5], 11) % 10 == d[12])
}

/// Resident identity card: region, date of birth, ISO 7064 mod 11-2.
pub fn cn_resident_id(compact: &str) -> bool {
    let Some(d) = compact.get(..17).and_then(digits::<17>) else {
        return false;
    };
    let sum = weighted(&d, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    let check = b"10X98765432"[sum as usize % 11];
    matches!(d[0], 1..=6 | 8 | 9)
        && matches!(number(&d[6..8]), 19 | 20)
        && is_day_of(&d[10..12], &d[12..14])
        && compact.as_bytes().get(17) == Some(&check)
}

/// Hong Kong: one letter or two, six digits, a check that may be A.
pub fn hk_hkid(compact: &str) -> bool {
    let value = |c: char| c.to_digit(36);
    let padding = if compact.len() == 8 { 36 * 9 } else { 0 };
    let from = 17_usize.saturating_sub(compact.len());
    let weights = (1..=9).rev().skip(from.saturating_sub(8));
    let sum: Option<u32> = compact.chars().zip(weights).map(|(c, weight)| Some(value(c)? * weight)).sum();
    matches!(compact.len(), 8 | 9) && sum.is_some_and(|sum| (sum + padding).is_multiple_of(11))
}

/// Taiwan: the letter of a county counts as two digits.
pub fn tw_id(compact: &str) -> bool {
    /// In the order of the codes, from 10 on.
    const COUNTIES: &str = "ABCDEFGHJKLMNPQRSTUVXYWZIO";
    let Some((county, rest)) = compact.split_at_checked(1) else {
        return false;
    };
    let Some(code) = COUNTIES.find(county).and_then(|at| u32::try_from(at).ok()).map(|at| at + 10) else {
        return false;
    };
    digits::<9>(rest).is_some_and(|d| {
        let sum = code / 10 + code % 10 * 9 + weighted(&d, &[8, 7, 6, 5, 4, 3, 2, 1, 1]);
        matches!(d[0], 1 | 2 | 8 | 9) && sum.is_multiple_of(10)
    })
}

pub fn th_id(compact: &str) -> bool {
    digits::<13>(compact).is_some_and(|d| {
        matches!(d[0], 1..=8)
            && !is_monotonous(compact)
            && complement(&d[..12], &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2], 11) % 10 == d[12]
    })
}

/// מספר זהות.
pub fn il_id(compact: &str) -> bool {
    digits::<9>(compact).is_some() && !is_monotonous(compact) && checksum::luhn(compact)
}

#[cfg(test)]
mod tests {
    use super::{super::assert_told_apart, *};

    #[test]
    fn sums_tell_numbers_from_look_alikes() {
        assert_told_apart(&[
            (in_aadhaar, "234123412346", "234123412345"),
            (in_pan, "AFZPK7190K", "AFZXK7190K"),
            (in_gstin, "27AAPFU0939F1ZV", "27AAPFU0939F1ZW"),
            (sg_nric, "S1234567D", "S1234567E"),
            (sg_nric, "G1234567X", "G1234567W"),
            (sg_nric, "M1234567K", "M1234567L"),
            (jp_my_number, "123456789018", "123456789019"),
            (kr_rrn, "8501011234567", "8513011234567"),
            (kr_rrn_sum, "9001011234568", "9001011234567"),
            (cn_resident_id, "11010519491231002X", "110105194912310021"),
            (hk_hkid, "A1234563", "A1234564"),
            (hk_hkid, "AB9876543", "AB9876544"),
            (tw_id, "A123456789", "A123456788"),
            (th_id, "1101700230708", "1101700230709"),
            (il_id, "123456782", "123456783"),
        ]);
    }
}
