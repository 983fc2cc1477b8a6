//! A JSON string literal: what it says, and where in its raw form a byte of what it says stands.
//!
//! "Raw" is what stands between the quotes.

use std::borrow::Cow;

/// Borrowed when nothing is escaped. None when an escape is none, or half of a surrogate pair.
pub(super) fn unescape(raw: &str) -> Option<Cow<'_, str>> {
    let Some(first) = raw.find('\\') else { return Some(Cow::Borrowed(raw)) };
    let mut text = String::with_capacity(raw.len());
    let (run, mut rest) = raw.split_at(first);
    text.push_str(run);
    while !rest.is_empty() {
        let (c, length) = escape_at(rest)?;
        text.push(c);
        rest = &rest[length..];
        let (run, next) = rest.split_at(rest.find('\\').unwrap_or(rest.len()));
        text.push_str(run);
        rest = next;
    }
    Some(Cow::Owned(text))
}

/// The character that an escape at the start of `raw` means, and the escape's length.
fn escape_at(raw: &str) -> Option<(char, usize)> {
    let simple = match raw.as_bytes().get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode_at(raw),
        _ => return None,
    };
    Some((simple, 2))
}

fn unicode_at(raw: &str) -> Option<(char, usize)> {
    let unit = hex(raw.get(2..6)?)?;
    if !(0xd800..0xdc00).contains(&unit) {
        // None for the second half of a pair that stands alone.
        return Some((char::from_u32(unit)?, 6));
    }
    let second = hex(raw.get(6..12)?.strip_prefix("\\u")?)?;
    let low = second.checked_sub(0xdc00).filter(|&low| low < 0x400)?;
    Some((char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + low)?, 12))
}

/// Four digits, nothing else: `from_str_radix` alone would take a sign.
fn hex(digits: &str) -> Option<u32> {
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok())?
}

/// Maps offsets, which must come in ascending order: the literal is read once, however many there are.
pub(super) struct Literal<'a> {
    raw: &'a str,
    raw_at: usize,
    text_at: usize,
}

impl<'a> Literal<'a> {
    pub(super) const fn new(raw: &'a str) -> Self {
        Self { raw, raw_at: 0, text_at: 0 }
    }

    /// Where in the raw literal the byte at `offset` of the unescaped text stands. The raw literal must be one that
    /// [`unescape`] reads and `offset` the start of a character in it, or its end.
    pub(super) fn raw_offset(&mut self, offset: usize) -> usize {
        while self.text_at < offset {
            let rest = &self.raw[self.raw_at..];
            let wanted = (offset - self.text_at).min(rest.len());
            let run = rest.as_bytes()[..wanted].iter().position(|&b| b == b'\\').unwrap_or(wanted);
            self.raw_at += run;
            self.text_at += run;
            if run < wanted || wanted == 0 {
                let Some((c, length)) = escape_at(&rest[run..]) else { break };
                self.raw_at += length;
                self.text_at += c.len_utf8();
            }
        }
        self.raw_at
    }
}

/// A replacement as it stands in a literal. Placeholders need no escape; the quotes around one that took the place
/// of a number do, when the number stood in JSON within a string.
pub(super) fn escape(replacement: String) -> String {
    if replacement.contains(['"', '\\']) { replacement.replace('\\', "\\\\").replace('"', "\\\"") } else { replacement }
}
