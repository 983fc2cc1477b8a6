//! Check digits and sums: what turns "so many digits" into "a card", and a look-alike into a token.

/// Luhn's check digit, over ASCII digits; anything else is skipped.
pub fn luhn(number: &str) -> bool {
    let digits = number.bytes().rev().filter(u8::is_ascii_digit).map(|byte| u32::from(byte - b'0'));
    let sum: u32 = digits
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            0 => digit,
            _ if digit > 4 => digit * 2 - 9,
            _ => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// ISO 7064 mod 97-10 as IBANs use it: the first four characters move to the end, letters count from 10.
pub fn iban(compact: &str) -> bool {
    let Some((head, rest)) = compact.split_at_checked(4) else { return false };
    let remainder = rest.bytes().chain(head.bytes()).try_fold(0_u32, |remainder, byte| {
        let value = (byte as char).to_digit(36)?;
        Some((remainder * if value < 10 { 10 } else { 100 } + value) % 97)
    });
    remainder == Some(1)
}

/// CRC-32 (IEEE), bit by bit: it sees some thirty bytes once in a long while, a table would not pay.
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 })
    })
}

/// Whether the last six of base62 characters are the CRC-32 of those before them, as in GitHub's and npm's tokens.
pub fn crc32_base62(body: &str) -> bool {
    let Some((random, sum)) = body.len().checked_sub(6).and_then(|at| body.split_at_checked(at)) else { return false };
    let digit = |byte: u8| -> Option<u64> {
        Some(u64::from(match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'Z' => byte - b'A' + 10,
            b'a'..=b'z' => byte - b'a' + 36,
            _ => return None,
        }))
    };
    let claimed = sum.bytes().try_fold(0_u64, |value, byte| Some(value * 62 + digit(byte)?));
    claimed == Some(u64::from(crc32(random.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_sums() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert!(luhn("4111 1111 1111 1111") && !luhn("4111 1111 1111 1112"));
        assert!(iban("GB82WEST12345698765432") && iban("gb82west12345698765432") && !iban("GB82WEST12345698765433"));
        assert!(!iban("GB8") && !iban("GB82-EST"));
    }

    #[test]
    fn a_token_carries_its_sum() {
        let mut rest = u64::from(crc32(b"123456789"));
        let alphabet = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut sum = [b'0'; 6];
        for place in sum.iter_mut().rev() {
            *place = alphabet[usize::try_from(rest % 62).unwrap()];
            rest /= 62;
        }
        let token = format!("123456789{}", std::str::from_utf8(&sum).unwrap());
        assert!(crc32_base62(&token) && !crc32_base62("123456789000000") && !crc32_base62("12"));
    }
}
