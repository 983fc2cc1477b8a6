//! The Americas.

use crate::detect::validate::{
    check_digit::{complement, digits, is_day_of, is_monotonous, number, weighted},
    checksum,
};

/// Individual Taxpayer Identification Number: the middle pair is from the ranges that are in use.
pub fn us_itin(compact: &str) -> bool {
    digits::<9>(compact).is_some_and(|d| d[0] == 9 && matches!(number(&d[3..5]), 50..=65 | 70..=88 | 90..=92 | 94..=99))
}

/// Routing number: the district of the Federal Reserve, then a sum.
pub fn us_aba(compact: &str) -> bool {
    digits::<9>(compact).is_some_and(|d| {
        matches!(number(&d[..2]), 1..=12 | 21..=32 | 61..=72 | 80)
            && weighted(&d, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
    })
}

/// National Provider Identifier: Luhn with the prefix of health cards before it.
pub fn us_npi(compact: &str) -> bool {
    compact.len() == 10 && compact.starts_with(['1', '2']) && checksum::luhn(&format!("80840{compact}"))
}

/// Drug Enforcement Administration: a kind of registrant, a letter of the name, seven digits.
pub fn us_dea(compact: &str) -> bool {
    let Some((letters, rest)) = compact.split_at_checked(2) else {
        return false;
    };
    let kind = letters.starts_with(|c: char| "ABCDEFGHJKLMPRSTUX".contains(c));
    let name = letters.ends_with(|c: char| c.is_ascii_uppercase() || c == '9');
    let sum = digits::<7>(rest).is_some_and(|d| (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10 == d[6]);
    kind && name && sum
}

/// Social Insurance Number.
pub fn ca_sin(compact: &str) -> bool {
    digits::<9>(compact).is_some_and(|d| !matches!(d[0], 0 | 8) && !is_monotonous(compact) && checksum::luhn(compact))
}

/// Cadastro de Pessoas Físicas.
pub fn br_cpf(compact: &str) -> bool {
    let check = |d: &[u32], weights: &[u32]| complement(d, weights, 11) % 10;
    digits::<11>(compact).is_some_and(|d| {
        !is_monotonous(compact)
            && check(&d[..9], &[10, 9, 8, 7, 6, 5, 4, 3, 2]) == d[9]
            && check(&d[..10], &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) == d[10]
    })
}

/// Cadastro Nacional da Pessoa Jurídica; since 2026 its first twelve places may hold letters.
pub fn br_cnpj(compact: &str) -> bool {
    const WEIGHTS: [u32; 13] = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
    let values: Vec<u32> = compact.bytes().map(|byte| u32::from(byte).wrapping_sub(48)).collect();
    let plain = compact.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    plain
        && values.len() == 14
        && values[12] < 10
        && values[13] < 10
        && !is_monotonous(compact)
        && complement(&values[..12], &WEIGHTS[1..], 11) % 10 == values[12]
        && complement(&values[..13], &WEIGHTS, 11) % 10 == values[13]
}

/// Clave Única de Registro de Población.
pub fn mx_curp(compact: &str) -> bool {
    // Ñ counts between N and O, and is written X.
    let value = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'N' => u32::from(byte - b'A') + 10,
        _ => u32::from(byte.wrapping_sub(b'A')) + 11,
    };
    let Some((body, check)) = compact.split_at_checked(17) else {
        return false;
    };
    let date = compact.get(4..10).and_then(digits::<6>).is_some_and(|d| is_day_of(&d[2..4], &d[4..6]));
    let sum: u32 = body.bytes().zip(2..=18).map(|(byte, place)| value(byte) * (20 - place)).sum();
    date && check.parse() == Ok((10 - sum % 10) % 10)
}

/// Clave Única de Identificación Tributaria, and the CUIL of employees.
pub fn ar_cuit(compact: &str) -> bool {
    digits::<11>(compact).is_some_and(|d| {
        matches!(number(&d[..2]), 20 | 23 | 24 | 25 | 26 | 27 | 30 | 33 | 34)
            && complement(&d[..10], &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2], 11) == d[10]
    })
}

/// Rol Único Tributario: the check is a digit or K.
pub fn cl_rut(compact: &str) -> bool {
    let Some((body, check)) = compact.len().checked_sub(1).and_then(|at| compact.split_at_checked(at)) else {
        return false;
    };
    let sum: Option<u32> =
        body.chars().rev().zip((2..=7).cycle()).map(|(c, weight)| Some(c.to_digit(10)? * weight)).sum();
    let Some(sum) = sum else { return false };
    let expected = match 11 - sum % 11 {
        11 => '0',
        10 => 'K',
        digit => char::from_digit(digit, 10).unwrap_or('0'),
    };
    matches!(body.len(), 7 | 8) && !is_monotonous(body) && check.starts_with(expected)
}

#[cfg(test)]
mod tests {
    use super::{super::assert_told_apart, *};

    #[test]
    fn sums_tell_numbers_from_look_alikes() {
        assert_told_apart(&[
            (us_itin, "912701234", "912691234"),
            (us_aba, "021000021", "021000022"),
            (us_npi, "1234567893", "1234567890"),
            (us_dea, "AB1234563", "AB1234564"),
            (ca_sin, "130692544", "130692545"),
            (br_cpf, "11144477735", "11144477736"),
            (br_cnpj, "11222333000181", "11222333000182"),
            (br_cnpj, "12ABC34501DE35", "12ABC34501DE36"),
            (mx_curp, "HEGG560427MVZRRL04", "HEGG560427MVZRRL05"),
            (ar_cuit, "20123456786", "20123456787"),
            (cl_rut, "123456785", "123456786"),
        ]);
        assert!(!br_cpf("11111111111") && !cl_rut("111111111"));
    }
}
