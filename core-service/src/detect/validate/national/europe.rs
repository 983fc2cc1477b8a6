//! Europe and Turkey.

use crate::detect::validate::{
    check_digit::{complement, digits, ean_13, is_day, is_day_of, is_monotonous, mod_11_10, number, weighted},
    checksum,
};

/// National Insurance number: no sum, but prefixes that are never given.
pub fn uk_nino(compact: &str) -> bool {
    let bytes = compact.as_bytes();
    let [first, second, .., last] = bytes else {
        return false;
    };
    bytes.len() == 9
        && !b"DFIQUV".contains(first)
        && !b"DFIQUVO".contains(second)
        && !["BG", "GB", "KN", "NK", "NT", "TN", "ZZ"].contains(&&compact[..2])
        && (b'A'..=b'D').contains(last)
}

pub fn uk_nhs(compact: &str) -> bool {
    digits::<10>(compact)
        .is_some_and(|d| !is_monotonous(compact) && complement(&d[..9], &[10, 9, 8, 7, 6, 5, 4, 3, 2], 11) == d[9])
}

/// Steueridentifikationsnummer: of its first ten digits one occurs two or three times, the others at most once.
pub fn de_tax_id(compact: &str) -> bool {
    digits::<11>(compact).is_some_and(|d| {
        let mut counts = [0; 10];
        d[..10].iter().for_each(|&digit| counts[digit as usize] += 1);
        let repeated: Vec<u32> = counts.into_iter().filter(|&count| count > 1).collect();
        d[0] != 0 && matches!(repeated[..], [2 | 3]) && mod_11_10(&d)
    })
}

/// Numéro d'inscription au répertoire; Corsica has letters.
pub fn fr_nir(compact: &str) -> bool {
    let Some((body, key)) = compact.split_at_checked(13) else {
        return false;
    };
    let numeric = body.replacen("2A", "19", 1).replacen("2B", "18", 1);
    let body = if body.contains(['A', 'B']) { numeric.as_str() } else { body };
    let month = body.get(3..5).and_then(|month| month.parse().ok());
    let plausible = matches!(month, Some(1..=12 | 20 | 30..=42 | 50..=99_u8));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    plausible
        && key.len() == 2
        && body.starts_with(['1', '2', '3', '4', '7', '8'])
        && all_digits(body)
        && all_digits(key)
        && body.parse::<u64>().ok().zip(key.parse::<u64>().ok()).is_some_and(|(body, key)| 97 - body % 97 == key)
}

/// Documento nacional de identidad; a foreigner's begins with X, Y or Z.
pub fn es_dni(compact: &str) -> bool {
    const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    let Some((body, letter)) = compact.split_at_checked(8) else {
        return false;
    };
    let body = body.replacen('X', "0", 1).replacen('Y', "1", 1).replacen('Z', "2", 1);
    digits::<8>(&body)
        .is_some_and(|d| !is_monotonous(&body) && letter.as_bytes() == [LETTERS[number(&d) as usize % 23]])
}

/// Código de identificación fiscal: of a legal person. The last place is a digit or the letter for it.
pub fn es_cif(compact: &str) -> bool {
    let Some((body, control)) = compact.get(1..).and_then(|rest| rest.split_at_checked(7)) else {
        return false;
    };
    digits::<7>(body).is_some_and(|d| {
        let doubled = |digit: u32| digit * 2 / 10 + digit * 2 % 10;
        let sum: u32 = d.iter().enumerate().map(|(at, &digit)| if at % 2 == 0 { doubled(digit) } else { digit }).sum();
        let check = (10 - sum % 10) as usize % 10;
        let right = |places: &[u8; 10]| control.as_bytes() == [places[check]];
        !is_monotonous(body) && (right(b"0123456789") || right(b"JABCDEFGHI"))
    })
}

/// Codice fiscale. Where two people would share one, letters stand for digits.
pub fn it_fiscal_code(compact: &str) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let place = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'Z' => Some(byte - b'A'),
        _ => None,
    };
    let Some((check, body)) = compact.as_bytes().split_last() else {
        return false;
    };
    let sum: Option<u32> = body
        .iter()
        .enumerate()
        .map(|(index, &byte)| {
            let place = place(byte)?;
            Some(if index % 2 == 0 { ODD[usize::from(place)] } else { u32::from(place) })
        })
        .sum();
    let digit = |byte: u8| match b"LMNPQRSTUV".iter().position(|&letter| letter == byte) {
        Some(digit) => u32::try_from(digit).ok(),
        None => (byte as char).to_digit(10),
    };
    let day = || Some(number(&[digit(*body.get(9)?)?, digit(*body.get(10)?)?]));
    body.len() == 15
        && day().is_some_and(|day| matches!(day, 1..=31 | 41..=71))
        && sum.is_some_and(|sum| u32::from(*check) == u32::from(b'A') + sum % 26)
}

/// Burgerservicenummer.
pub fn nl_bsn(compact: &str) -> bool {
    digits::<9>(compact)
        .is_some_and(|d| !is_monotonous(compact) && weighted(&d[..8], &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 == d[8])
}

/// The century is added to the month.
pub fn pl_pesel(compact: &str) -> bool {
    digits::<11>(compact).is_some_and(|d| {
        is_day(number(&d[2..4]) % 20, number(&d[4..6]))
            && complement(&d[..10], &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3], 10) == d[10]
    })
}

/// Personnummer, with or without the century; a coordination number adds 60 to the day.
pub fn se_personnummer(compact: &str) -> bool {
    let short = compact.len().checked_sub(10).and_then(|at| compact.get(at..)).unwrap_or("");
    digits::<10>(short).is_some_and(|d| {
        let day = number(&d[4..6]);
        is_day(number(&d[2..4]), if day > 60 { day - 60 } else { day }) && checksum::luhn(short)
    })
}

/// Henkilötunnus: `DDMMYY`, a sign for the century, three digits, a check character.
pub fn fi_hetu(compact: &str) -> bool {
    const CHECKS: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";
    let Some((date, serial)) = compact.get(..6).zip(compact.get(7..10)) else {
        return false;
    };
    let Some(d) = digits::<9>(&format!("{date}{serial}")) else {
        return false;
    };
    is_day_of(&d[2..4], &d[..2]) && compact.as_bytes().get(10) == Some(&CHECKS[number(&d) as usize % 31])
}

/// CPR-nummer. Its sum is no longer kept, which leaves the date.
pub fn dk_cpr(compact: &str) -> bool {
    digits::<10>(compact).is_some_and(|d| is_day_of(&d[2..4], &d[..2]))
}

/// Fødselsnummer; a D-number adds 40 to the day.
pub fn no_fodselsnummer(compact: &str) -> bool {
    digits::<11>(compact).is_some_and(|d| {
        let day = number(&d[..2]);
        is_day(number(&d[2..4]), if day > 40 { day - 40 } else { day })
            && complement(&d[..9], &[3, 7, 6, 1, 8, 9, 4, 5, 2], 11) == d[9]
            && complement(&d[..10], &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2], 11) == d[10]
    })
}

/// Número de identificação fiscal.
pub fn pt_nif(compact: &str) -> bool {
    digits::<9>(compact).is_some_and(|d| {
        !matches!(d[0], 0 | 4 | 7)
            && !is_monotonous(compact)
            && complement(&d[..8], &[9, 8, 7, 6, 5, 4, 3, 2], 11) % 10 == d[8]
    })
}

/// Rijksregisternummer: of who is born from 2000 on, the sum is over a 2 and the number.
pub fn be_national_number(compact: &str) -> bool {
    digits::<11>(compact).is_some_and(|d| {
        let (body, check) = (u64::from(number(&d[..9])), u64::from(number(&d[9..])));
        let month = number(&d[2..4]);
        (month <= 12 || matches!(month, 20..=32 | 40..=52))
            && number(&d[4..6]) <= 31
            && (97 - body % 97 == check || 97 - (2_000_000_000 + body) % 97 == check)
    })
}

/// Sozialversicherungsnummer: three digits, their check, the date of birth.
pub fn at_svnr(compact: &str) -> bool {
    digits::<10>(compact).is_some_and(|d| {
        d[0] != 0 && is_day_of(&d[6..8], &d[4..6]) && weighted(&d, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 == d[3]
    })
}

/// AHV number.
pub fn ch_ahv(compact: &str) -> bool {
    compact.starts_with("756") && digits::<13>(compact).is_some_and(|d| ean_13(&d))
}

/// Personal Public Service number: one or two letters behind seven digits.
pub fn ie_pps(compact: &str) -> bool {
    let Some((body, letters)) = compact.split_at_checked(7) else {
        return false;
    };
    let Some(d) = digits::<7>(body) else {
        return false;
    };
    let Some((&check, second)) = letters.as_bytes().split_first() else {
        return false;
    };
    let extra = match second {
        [] | [b'W'] => 0,
        [letter @ b'A'..=b'I'] => u32::from(letter - b'A') + 1,
        _ => return false,
    };
    let sum = weighted(&d, &[8, 7, 6, 5, 4, 3, 2]) + 9 * extra;
    check == b"WABCDEFGHIJKLMNOPQRSTUV"[sum as usize % 23]
}

/// T.C. kimlik numarası: two check digits.
pub fn tr_tckn(compact: &str) -> bool {
    digits::<11>(compact).is_some_and(|d| {
        let odd = d[0] + d[2] + d[4] + d[6] + d[8];
        let even = d[1] + d[3] + d[5] + d[7];
        d[0] != 0
            && (odd * 7 + 100 - even) % 10 == d[9]
            && d[..10].iter().sum::<u32>() % 10 == d[10]
            && !is_monotonous(compact)
    })
}

#[cfg(test)]
mod tests {
    use super::{super::assert_told_apart, *};

    #[test]
    fn sums_tell_numbers_from_look_alikes() {
        assert_told_apart(&[
            (uk_nino, "AB123456C", "QQ123456E"),
            (uk_nhs, "9434765919", "9434765918"),
            (de_tax_id, "86095742719", "86095742718"),
            (fr_nir, "255081416802538", "255081416802539"),
            (fr_nir, "180032A00100193", "180032A00100194"),
            (es_dni, "12345678Z", "12345678A"),
            (es_cif, "B64717838", "B64717839"),
            (es_cif, "Q4827193F", "Q4827193G"),
            (es_dni, "X1234567L", "X1234567M"),
            (it_fiscal_code, "RSSMRA85T10A562S", "RSSMRA85T10A562T"),
            (nl_bsn, "111222333", "111222334"),
            (pl_pesel, "44051401359", "44051401358"),
            (se_personnummer, "8112189876", "8112189875"),
            (se_personnummer, "198112189876", "198113189876"),
            (fi_hetu, "131052-308T", "131052-308U"),
            (dk_cpr, "0707614285", "0713614285"),
            (no_fodselsnummer, "15076500565", "15076500566"),
            (pt_nif, "123456789", "123456788"),
            (be_national_number, "85073003328", "85073003329"),
            (at_svnr, "1237010180", "1238010180"),
            (ch_ahv, "7569217076985", "7569217076986"),
            (ie_pps, "1234567T", "1234567S"),
            (ie_pps, "1234567FA", "1234567GA"),
            (tr_tckn, "10000000146", "10000000147"),
        ]);
        assert!(uk_nino("AB123456C") && !uk_nino("GB123456C") && !uk_nino("QQ123456C"));
    }
}
