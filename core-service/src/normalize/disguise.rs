//! Ways to hide a text, each undone by one decoder: for tests, which wrap attacks and secrets in them.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};

use super::{codes, words};

/// A name and the transformation.
pub type Disguise = (&'static str, fn(&str) -> String);

pub const ALL: &[Disguise] = &[
    ("homoglyphs", homoglyphs),
    ("fullwidth", fullwidth),
    ("mathematical", mathematical),
    ("circled", circled),
    ("small_capitals", small_capitals),
    ("zero_width", zero_width),
    ("soft_hyphens", soft_hyphens),
    ("stacked_marks", stacked_marks),
    ("tag_characters", tag_characters),
    ("variation_selectors", variation_selectors),
    ("leetspeak", leetspeak),
    ("spaced", spaced),
    ("dotted", dotted),
    ("dashed", dashed),
    ("underscored", underscored),
    ("reversed", reversed),
    ("reversed_words", reversed_words),
    ("rot13", rot13),
    ("caesar", caesar),
    ("atbash", atbash),
    ("base64", base64),
    ("base64_url", base64_url),
    ("base64_wrapped", base64_wrapped),
    ("base32", base32),
    ("hex", hex),
    ("hex_spaced", hex_spaced),
    ("hex_prefixed", hex_prefixed),
    ("binary", binary),
    ("decimal", decimal),
    ("octal", octal),
    ("morse", morse),
    ("braille", braille),
    ("percent", percent),
    ("html_decimal", html_decimal),
    ("html_hex", html_hex),
    ("unicode_escapes", unicode_escapes),
    ("braced_escapes", braced_escapes),
    ("hex_escapes", hex_escapes),
    ("octal_escapes", octal_escapes),
    ("quoted_printable", quoted_printable),
];

/// Those that lose case, signs or digits: a secret does not come out of them as it went in.
pub const LOSSY: [&str; 3] = ["leetspeak", "morse", "braille"];

fn each_char(text: &str, change: impl Fn(char) -> char) -> String {
    text.chars().map(change).collect()
}

fn after_letters(text: &str, with: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        out.push(c);
        if c.is_ascii_alphabetic() {
            out.push_str(with);
        }
    }
    out
}

fn each_byte(text: &str, write: impl Fn(u8) -> String) -> String {
    text.bytes().map(write).collect()
}

/// Letters of two blocks that hold the capitals and the small letters in order.
fn block(text: &str, upper: u32, lower: u32) -> String {
    each_char(text, |c| {
        let moved = match c {
            'A'..='Z' => u32::from(c) - u32::from('A') + upper,
            'a'..='z' => u32::from(c) - u32::from('a') + lower,
            _ => return c,
        };
        char::from_u32(moved).unwrap_or(c)
    })
}

pub fn homoglyphs(text: &str) -> String {
    each_char(text, |c| match c {
        'a' => 'а',
        'c' => 'с',
        'e' => 'е',
        'i' => 'і',
        'o' => 'о',
        'p' => 'р',
        'x' => 'х',
        'y' => 'у',
        _ => c,
    })
}

pub fn fullwidth(text: &str) -> String {
    block(text, 0xff21, 0xff41)
}

pub fn mathematical(text: &str) -> String {
    block(text, 0x1d400, 0x1d41a)
}

pub fn circled(text: &str) -> String {
    block(text, 0x24b6, 0x24d0)
}

pub fn small_capitals(text: &str) -> String {
    const LETTERS: &str = "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘqʀꜱᴛᴜᴠᴡxʏᴢ";
    each_char(text, |c| match c {
        'a'..='z' => LETTERS.chars().nth(c as usize - 'a' as usize).unwrap_or(c),
        _ => c,
    })
}

pub fn zero_width(text: &str) -> String {
    after_letters(text, "\u{200b}")
}

pub fn soft_hyphens(text: &str) -> String {
    after_letters(text, "\u{ad}")
}

pub fn stacked_marks(text: &str) -> String {
    after_letters(text, "\u{301}\u{336}\u{322}\u{34b}")
}

/// Nothing of the text can be seen.
pub fn tag_characters(text: &str) -> String {
    let hidden = text.chars().map(|c| match c {
        ' '..='~' => char::from_u32(0xe0000 + u32::from(c)).unwrap_or(c),
        _ => c,
    });
    "Hello.".chars().chain(hidden).collect()
}

/// The bytes of the text behind one emoji.
pub fn variation_selectors(text: &str) -> String {
    let hidden = text.bytes().filter_map(|byte| match byte {
        0..=15 => char::from_u32(0xfe00 + u32::from(byte)),
        _ => char::from_u32(0xe0100 + u32::from(byte) - 16),
    });
    std::iter::once('😀').chain(hidden).collect()
}

pub fn leetspeak(text: &str) -> String {
    each_char(text, |c| match c {
        'a' | 'A' => '4',
        'e' | 'E' => '3',
        'i' | 'I' => '1',
        'o' | 'O' => '0',
        _ => c,
    })
}

/// Letters apart by `separator`, words by `gap`.
fn apart(text: &str, separator: &str, gap: &str) -> String {
    let words = text.split(' ').map(|word| word.chars().map(String::from).collect::<Vec<_>>().join(separator));
    words.collect::<Vec<_>>().join(gap)
}

pub fn spaced(text: &str) -> String {
    apart(text, " ", "   ")
}

pub fn dotted(text: &str) -> String {
    apart(text, ".", " ")
}

pub fn dashed(text: &str) -> String {
    apart(text, "-", " ")
}

pub fn underscored(text: &str) -> String {
    apart(text, "_", " ")
}

pub fn reversed(text: &str) -> String {
    text.chars().rev().collect()
}

/// Each word backwards, in its place.
pub fn reversed_words(text: &str) -> String {
    text.split(' ').map(reversed).collect::<Vec<_>>().join(" ")
}

pub fn rot13(text: &str) -> String {
    each_char(text, |c| if c.is_ascii() { char::from(words::rot13(c as u8)) } else { c })
}

pub fn base64(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}

pub fn base64_url(text: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(text)
}

pub fn base64_wrapped(text: &str) -> String {
    let encoded = BASE64_STANDARD.encode(text);
    let mut out = String::new();
    for (index, c) in encoded.chars().enumerate() {
        if index > 0 && index % 20 == 0 {
            out.push('\n');
        }
        out.push(c);
    }
    out
}

pub fn hex(text: &str) -> String {
    each_byte(text, |byte| format!("{byte:02x}"))
}

pub fn hex_spaced(text: &str) -> String {
    each_byte(text, |byte| format!("{byte:02X} "))
}

pub fn hex_prefixed(text: &str) -> String {
    each_byte(text, |byte| format!("0x{byte:02x}, "))
}

pub fn percent(text: &str) -> String {
    each_byte(text, |byte| format!("%{byte:02X}"))
}

pub fn html_decimal(text: &str) -> String {
    text.chars().map(|c| format!("&#{};", u32::from(c))).collect()
}

pub fn html_hex(text: &str) -> String {
    text.chars().map(|c| format!("&#x{:x};", u32::from(c))).collect()
}

pub fn unicode_escapes(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
}

pub fn braced_escapes(text: &str) -> String {
    text.chars().map(|c| format!("\\u{{{:x}}}", u32::from(c))).collect()
}

pub fn hex_escapes(text: &str) -> String {
    each_byte(text, |byte| format!("\\x{byte:02x}"))
}

pub fn octal_escapes(text: &str) -> String {
    each_byte(text, |byte| format!("\\{byte:03o}"))
}

pub fn quoted_printable(text: &str) -> String {
    each_byte(text, |byte| format!("={byte:02X}"))
}

/// By three places, as Caesar is said to have done.
pub fn caesar(text: &str) -> String {
    letters(text, |place| (place + 3) % 26)
}

pub fn atbash(text: &str) -> String {
    letters(text, |place| 25 - place)
}

fn letters(text: &str, moved: impl Fn(u8) -> u8) -> String {
    each_char(text, |c| match c {
        'a'..='z' => char::from(b'a' + moved(c as u8 - b'a')),
        'A'..='Z' => char::from(b'A' + moved(c as u8 - b'A')),
        _ => c,
    })
}

pub fn base32(text: &str) -> String {
    const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut out = String::new();
    for five in text.as_bytes().chunks(5) {
        let value = (0..5).fold(0_u64, |value, at| value << 8 | u64::from(five.get(at).copied().unwrap_or(0)));
        for digit in 0..8 {
            let used = digit * 5 < five.len() * 8;
            out.push(if used { char::from(DIGITS[(value >> (35 - 5 * digit)) as usize & 31]) } else { '=' });
        }
    }
    out
}

pub fn binary(text: &str) -> String {
    each_byte(text, |byte| format!("{byte:08b} "))
}

pub fn decimal(text: &str) -> String {
    each_byte(text, |byte| format!("{byte}, "))
}

pub fn octal(text: &str) -> String {
    each_byte(text, |byte| format!("{byte:03o} "))
}

pub fn morse(text: &str) -> String {
    let signals = text.chars().filter_map(|c| match c.to_ascii_lowercase() {
        ' ' => Some("/".to_owned()),
        c => codes::signals(c),
    });
    signals.collect::<Vec<_>>().join(" ")
}

pub fn braille(text: &str) -> String {
    text.chars().filter_map(|c| if c == ' ' { Some('\u{2800}') } else { codes::cell(c.to_ascii_lowercase()) }).collect()
}
