//! Oceania and Africa.

use crate::detect::validate::{
    check_digit::{complement, digits, is_day_of, is_monotonous, weighted},
    checksum,
};

/// Tax File Number, of nine digits or, if old, eight.
pub fn au_tfn(compact: &str) -> bool {
    let nine = || digits::<9>(compact).map(|d| weighted(&d, &[1, 4, 3, 7, 5, 8, 6, 9, 10]));
    let eight = || digits::<8>(compact).map(|d| weighted(&d, &[10, 7, 8, 4, 6, 3, 5, 1]));
    !is_monotonous(compact) && nine().or_else(eight).is_some_and(|sum| sum.is_multiple_of(11))
}

/// Australian Business Number: the sum is over one less than the number's first digit.
pub fn au_abn(compact: &str) -> bool {
    digits::<11>(compact)
        .is_some_and(|d| d[0] > 0 && (weighted(&d, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10).is_multiple_of(89))
}

/// Australian Company Number.
pub fn au_acn(compact: &str) -> bool {
    digits::<9>(compact)
        .is_some_and(|d| !is_monotonous(compact) && complement(&d[..8], &[8, 7, 6, 5, 4, 3, 2, 1], 10) == d[8])
}

/// Medicare card: eight digits, their check, the issue, and perhaps the person on the card.
pub fn au_medicare(compact: &str) -> bool {
    let card = compact.get(..10).filter(|_| matches!(compact.len(), 10 | 11)).unwrap_or("");
    digits::<10>(card).is_some_and(|d| {
        matches!(d[0], 2..=6) && d[9] != 0 && weighted(&d[..8], &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == d[8]
    })
}

/// South Africa: date of birth, serial, citizenship, Luhn.
pub fn za_id(compact: &str) -> bool {
    digits::<13>(compact).is_some_and(|d| is_day_of(&d[2..4], &d[4..6]) && d[10] < 3 && checksum::luhn(compact))
}

#[cfg(test)]
mod tests {
    use super::{super::assert_told_apart, *};

    #[test]
    fn sums_tell_numbers_from_look_alikes() {
        assert_told_apart(&[
            (au_tfn, "123456782", "123456783"),
            (au_abn, "51824753556", "51824753557"),
            (au_acn, "004085616", "004085617"),
            (au_medicare, "2123456701", "2123456711"),
            (au_medicare, "21234567012", "1123456701"),
            (za_id, "8001015009087", "8001015009088"),
        ]);
    }
}
