//! Numbers beyond what an integer of 64 bits or a double holds as it was written.

use super::leaves::IDENTIFIER;

/// Up to here a double is as exact as an integer.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// A double ends at about 1.8e308. Below that, so that no other way of rounding meets an infinity where this one does
/// not.
const LARGEST: f64 = 1e300;

/// The integer that a number with a fraction or an exponent is: programs write `4111111111111111.0`.
pub(super) fn whole(value: f64) -> Option<u64> {
    let is_whole = value.fract() == 0.0 && (0.0..=EXACT).contains(&value);
    if is_whole { format!("{value:.0}").parse().ok() } else { None }
}

/// The digits by which a number is read that is written as no integer: they can be more than it is written with.
pub(crate) fn digits(raw: &str) -> Option<String> {
    if raw.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let value = whole(raw.parse().ok()?).filter(|&value| value >= IDENTIFIER)?;
    Some(value.to_string())
}

/// The document with the numbers in quotes that are too large for a double; None where there are none. RFC 8259 allows
/// them, and who reads them with more digits must not be alone in reading what stands beside them.
pub(super) fn quoted(document: &[u8]) -> Option<Vec<u8>> {
    let mut quoted = Vec::new();
    let (mut at, mut copied) = (0, 0);
    while let Some(byte) = document.get(at) {
        match byte {
            b'"' => at = end_of_string(document, at),
            b'-' | b'0'..=b'9' => {
                let length = document[at..].iter().position(|byte| !is_of_number(*byte));
                let end = length.map_or(document.len(), |length| at + length);
                if is_too_large(&document[at..end]) && !is_key(&document[end..]) {
                    quoted.extend_from_slice(&document[copied..at]);
                    quoted.push(b'"');
                    quoted.extend_from_slice(&document[at..end]);
                    quoted.push(b'"');
                    copied = end;
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    if copied == 0 {
        return None;
    }
    quoted.extend_from_slice(&document[copied..]);
    Some(quoted)
}

/// Behind the quote that ends the string at `start`.
fn end_of_string(document: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = document.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    document.len()
}

const fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')
}

/// In quotes it would be one, and what is no JSON would become some.
fn is_key(behind: &[u8]) -> bool {
    behind.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

fn is_too_large(literal: &[u8]) -> bool {
    let Ok(literal) = std::str::from_utf8(literal) else { return false };
    is_number(literal) && literal.parse::<f64>().is_ok_and(|value| value.abs() > LARGEST)
}

/// As JSON writes one.
fn is_number(literal: &str) -> bool {
    let unsigned = literal.strip_prefix('-').unwrap_or(literal);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    are_digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(are_digits)
        && exponent.is_none_or(are_digits)
}

fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_for_a_double_is_quoted_and_nothing_else() {
        let quoted = |document: &str| quoted(document.as_bytes()).map(|quoted| String::from_utf8(quoted).unwrap());
        let long = "9".repeat(400);
        assert_eq!(quoted("[1e400]").as_deref(), Some(r#"["1e400"]"#));
        assert_eq!(quoted("-1E+400").as_deref(), Some(r#""-1E+400""#));
        let document = format!(r#"{{"a\"1e400": 1.5, "b": {long} , "c": "1e400 \\"}}"#);
        let expected = format!(r#"{{"a\"1e400": 1.5, "b": "{long}" , "c": "1e400 \\"}}"#);
        assert_eq!(quoted(&document), Some(expected));
        for other in ["1e30", "[0e999]", "1e-400", "01e400", "1.e400", "1e400e1", "{1e400 : 1}", r#""1e400"#, "-", ""] {
            assert_eq!(quoted(other), None, "{other}");
        }
    }

    #[test]
    fn a_whole_number_is_read_however_it_is_written() {
        for raw in ["4111111111111111.0", "4.111111111111111e15", "4111111111111111e0", "4111111111111111.00"] {
            assert_eq!(digits(raw).as_deref(), Some("4111111111111111"), "{raw}");
        }
        assert_eq!(digits("3530111333300000.0").as_deref(), Some("3530111333300000"));
        assert_eq!(digits("35301113333e5").as_deref(), Some("3530111333300000"));
        for raw in ["4111111111111111", "-4111111111111111.0", "41111111.5", "1.50e+3", "-0", "1e300", "0.0"] {
            assert_eq!(digits(raw), None, "{raw}");
        }
    }
}
