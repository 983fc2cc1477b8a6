//! The sums that the numbers of states, companies and machines share.

/// The digits of a text that is nothing but `N` of them.
pub fn digits<const N: usize>(text: &str) -> Option<[u32; N]> {
    let mut digits = [0; N];
    if text.len() != N {
        return None;
    }
    for (digit, byte) in digits.iter_mut().zip(text.bytes()) {
        *digit = (byte as char).to_digit(10)?;
    }
    Some(digits)
}

pub fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// What completes the sum to a multiple of `modulus`.
pub fn complement(digits: &[u32], weights: &[u32], modulus: u32) -> u32 {
    (modulus - weighted(digits, weights) % modulus) % modulus
}

/// One digit again and again: it passes most sums and is nobody's number.
pub fn is_monotonous(compact: &str) -> bool {
    compact.as_bytes().windows(2).all(|pair| pair[0] == pair[1])
}

/// A day that a calendar has. February always has 29: the century is often not written.
pub fn is_day(month: u32, day: u32) -> bool {
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 29,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// A day and a month in two digits each.
pub fn is_day_of(month: &[u32], day: &[u32]) -> bool {
    is_day(number(month), number(day))
}

pub fn number(digits: &[u32]) -> u32 {
    digits.iter().fold(0, |number, digit| number * 10 + digit)
}

/// ISO 7064 mod 11,10.
pub fn mod_11_10(digits: &[u32]) -> bool {
    let Some((check, body)) = digits.split_last() else {
        return false;
    };
    let product = body.iter().fold(10, |product, digit| {
        let sum = (digit + product) % 10;
        2 * if sum == 0 { 10 } else { sum } % 11
    });
    (11 - product) % 10 == *check
}

/// Verhoeff's check digit, over the dihedral group of a pentagon.
pub fn verhoeff(digits: &[u32]) -> bool {
    /// `a * b` in the group: rotations are below 5, reflections from 5 on.
    fn multiply(a: u32, b: u32) -> u32 {
        match (a < 5, b < 5) {
            (true, true) => (a + b) % 5,
            (true, false) => 5 + (a + b) % 5,
            (false, true) => 5 + (a + 5 - b) % 5,
            (false, false) => (a + 5 - b) % 5,
        }
    }
    const PERMUTATION: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let sum = digits.iter().rev().enumerate().fold(0, |sum, (place, digit)| {
        let permuted = (0..place % 8).fold(*digit, |digit, _| PERMUTATION[digit as usize]);
        multiply(sum, permuted)
    });
    sum == 0
}

/// EAN-13, also under numbers that are no goods.
pub fn ean_13(digits: &[u32; 13]) -> bool {
    complement(&digits[..12], &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3], 10) == digits[12]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_sums() {
        assert!(verhoeff(&[2, 3, 6, 3]) && !verhoeff(&[2, 3, 6, 4]) && !verhoeff(&[3, 2, 6, 3]));
        assert!(mod_11_10(&[8, 6, 0, 9, 5, 7, 4, 2, 7, 1, 9]) && !mod_11_10(&[8, 6, 0, 9, 5, 7, 4, 2, 7, 1, 8]));
        assert!(ean_13(&digits("4006381333931").unwrap()) && !ean_13(&digits("4006381333932").unwrap()));
    }

    #[test]
    fn digits_are_all_there_is() {
        assert_eq!(digits::<3>("123"), Some([1, 2, 3]));
        assert_eq!((digits::<3>("12"), digits::<3>("12a"), digits::<2>("é")), (None, None, None));
    }

    #[test]
    fn days() {
        assert!(is_day(2, 29) && is_day(12, 31) && !is_day(4, 31) && !is_day(13, 1) && !is_day(0, 1) && !is_day(1, 0));
    }
}
