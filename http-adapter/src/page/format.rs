//! Numbers and times as people read them.

use maud::{Markup, html};

/// `12,345`.
pub(super) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `340 µs`, `1.2 ms`, `2.1 s`.
pub(super) fn micros(micros: u64) -> String {
    match micros {
        0..1000 => format!("{micros} µs"),
        1000..1_000_000 => format!("{} ms", tenths(micros, 1000)),
        _ => format!("{} s", tenths(micros, 1_000_000)),
    }
}

/// `7 s`, `3 min`, `5 h`, `2 d`: how old something is.
pub(super) fn seconds(seconds: f64) -> String {
    match seconds {
        ..120.0 => format!("{seconds:.0} s"),
        ..7200.0 => format!("{:.0} min", seconds / 60.0),
        ..172_800.0 => format!("{:.0} h", seconds / 3600.0),
        _ => format!("{:.0} d", seconds / 86_400.0),
    }
}

/// `12.3 MB`, by powers of ten.
pub(super) fn bytes(bytes: u64) -> String {
    match bytes {
        0..1000 => format!("{bytes} B"),
        1000..1_000_000 => format!("{} KB", tenths(bytes, 1000)),
        1_000_000..1_000_000_000 => format!("{} MB", tenths(bytes, 1_000_000)),
        _ => format!("{} GB", tenths(bytes, 1_000_000_000)),
    }
}

/// One decimal below ten, none above a hundred.
fn tenths(value: u64, unit: u64) -> String {
    if value >= 100 * unit {
        return (value / unit).to_string();
    }
    format!("{}.{}", value / unit, value % unit * 10 / unit)
}

/// `3.1 %`.
pub(super) fn share(part: u64, whole: u64) -> String {
    if whole == 0 || part == 0 {
        return "0 %".to_owned();
    }
    let thousandths = part.saturating_mul(1000) / whole;
    if thousandths == 0 { "< 0.1 %".to_owned() } else { format!("{}.{} %", thousandths / 10, thousandths % 10) }
}

/// A time of RFC 3339 in UTC: the date small, the time of day in seconds.
pub(super) fn time(text: &str) -> Markup {
    let (date, rest) = text.split_once('T').unwrap_or((text, ""));
    let clock = rest.get(..8).unwrap_or(rest);
    html! { time datetime=(text) title=(text) { span.date { (date) } " " span.clock { (clock) } } }
}

/// Of an identifier that is long and seldom read.
pub(super) fn short(text: &str, characters: usize) -> String {
    let mut short: String = text.chars().take(characters).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!([count(0), count(999), count(1000), count(1_234_567)], ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [micros(41), micros(1250), micros(150_000), micros(2_100_000)],
            ["41 µs", "1.2 ms", "150 ms", "2.1 s"]
        );
        assert_eq!([bytes(7), bytes(12_345), bytes(8_000_000_000)], ["7 B", "12.3 KB", "8.0 GB"]);
        assert_eq!([share(0, 0), share(1, 3), share(1, 100_000)], ["0 %", "33.3 %", "< 0.1 %"]);
        assert_eq!(time("2026-05-01T10:00:01.000001Z").into_string().matches("10:00:01").count(), 3);
        assert_eq!(short("äöü", 2), "äö…");
    }
}
