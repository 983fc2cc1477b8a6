//! Escapes, undone in place so that what stands around them is kept: of URLs, HTML, mail (quoted-printable), and the
//! backslashes of source code.

use std::ops::Range;

use super::{
    Decoder, Mark,
    sheet::{Sheet, Writer},
};

/// Plain letters need no escape; that many of them have one for another reason.
const SUSPICIOUS: usize = 4;
/// Bytes, with a digit among them, from which on a word may be a value, and how far it is looked at.
const SHORTEST_VALUE: usize = 9;
const VALUE: usize = 64;
/// Bytes before a backslash in which a path would show.
const PATH: usize = 64;
/// Bytes on each side of a line end in which words would show.
const PROSE: usize = 24;
/// Of the numbers in the escape of a colour.
const COLOUR: usize = 16;

/// One decoder's work on one text.
struct Edits<'a> {
    writer: Writer<'a>,
    /// Something was undone that is not the ordinary use of the escape.
    worth: bool,
    letters: usize,
    span: Option<Range<usize>>,
}

impl<'a> Edits<'a> {
    fn new(text: &'a str, sheet: &Sheet) -> Self {
        Self { writer: Writer::new(text, sheet.room), worth: false, letters: 0, span: None }
    }

    fn replace(&mut self, range: Range<usize>, with: char) {
        if with.is_ascii_alphabetic() {
            self.letters += 1;
            let start = self.span.as_ref().map_or(range.start, |span| span.start);
            self.span = Some(start..range.end);
        }
        self.writer.replace_char(range, with);
    }

    fn finish(mut self, decoder: Decoder, sheet: &mut Sheet) {
        if !self.worth {
            return;
        }
        if self.letters >= SUSPICIOUS
            && let Some(span) = self.span
        {
            sheet.mark(Mark::Encoded, span);
        }
        self.writer.finish();
        sheet.add(decoder, self.writer);
    }
}

fn hex_value(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |value, digit| Some(value << 4 | char::from(*digit).to_digit(16)?))
}

fn is_text(c: char) -> bool {
    !c.is_control() || matches!(c, '\n' | '\r' | '\t')
}

/// The character that a row of escaped bytes starts with, and how many of them it takes. `next` reads the byte at a
/// place and says where the escape after it starts.
fn utf8(start: usize, next: impl Fn(usize) -> Option<(u8, usize)>) -> Option<(char, usize)> {
    let (first, mut end) = next(start)?;
    let len = match first {
        0..=0x7f => 1,
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let mut bytes = [first; 4];
    for byte in &mut bytes[1..len] {
        (*byte, end) = next(end)?;
    }
    let c = std::str::from_utf8(&bytes[..len]).ok()?.chars().next()?;
    is_text(c).then_some((c, end))
}

pub(super) fn url(text: &str, sheet: &mut Sheet) {
    let bytes = text.as_bytes();
    let mut edits = Edits::new(text, sheet);
    let byte_at = |at: usize| match bytes.get(at..at + 3)? {
        [b'%', digits @ ..] => Some((hex_value(digits)? as u8, at + 3)),
        _ => None,
    };
    // A plus stands for a space in the words around an escape.
    let mut plus_from = 0;
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'%', &bytes[at..]) {
        at += found;
        if edits.writer.is_full() {
            break;
        }
        let Some((c, end)) = utf8(at, byte_at) else {
            at += 1;
            continue;
        };
        let token = bytes[plus_from..at]
            .iter()
            .rposition(u8::is_ascii_whitespace)
            .map_or(plus_from, |blank| plus_from + blank + 1);
        pluses(bytes, token..at, &mut edits);
        edits.replace(at..end, c);
        edits.worth = true;
        at = end;
        plus_from = end;
    }
    let tail =
        bytes[plus_from..].iter().position(u8::is_ascii_whitespace).map_or(bytes.len(), |blank| plus_from + blank);
    if edits.worth {
        pluses(bytes, plus_from..tail, &mut edits);
    }
    edits.finish(Decoder::Url, sheet);
}

fn pluses(bytes: &[u8], token: Range<usize>, edits: &mut Edits<'_>) {
    for at in memchr::memchr_iter(b'+', &bytes[token.clone()]) {
        edits.writer.replace_char(token.start + at..token.start + at + 1, ' ');
    }
}

/// The bytes of quoted-printable text (RFC 2045, section 6.7), three of them in a row: fewer are `a=10` and `x==3D`.
pub(super) fn quoted_printable(text: &str, sheet: &mut Sheet) {
    let bytes = text.as_bytes();
    let mut edits = Edits::new(text, sheet);
    let byte_at = |at: usize| match bytes.get(at..at + 3)? {
        [b'=', digits @ ..] => Some((hex_value(digits)? as u8, at + 3)),
        _ => None,
    };
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'=', &bytes[at..]) {
        at += found;
        if edits.writer.is_full() {
            break;
        }
        let end = (at..).step_by(3).find(|next| byte_at(*next).is_none()).unwrap_or(bytes.len());
        if end - at < 9 {
            at = end.max(at + 1);
            continue;
        }
        while at < end {
            let Some((c, next)) = utf8(at, byte_at) else {
                at += 3;
                continue;
            };
            edits.replace(at..next, c);
            edits.worth = true;
            at = next;
        }
    }
    edits.finish(Decoder::QuotedPrintable, sheet);
}

/// Sorted. Those that hide syntax or letters; the rest of HTML's two thousand hides nothing from a detector.
const ENTITIES: &[(&str, char)] = &[
    ("NewLine", '\n'),
    ("Tab", '\t'),
    ("aacute", 'á'),
    ("agrave", 'à'),
    ("amp", '&'),
    ("apos", '\''),
    ("ast", '*'),
    ("auml", 'ä'),
    ("bsol", '\\'),
    ("ccedil", 'ç'),
    ("colon", ':'),
    ("comma", ','),
    ("commat", '@'),
    ("dollar", '$'),
    ("eacute", 'é'),
    ("ecirc", 'ê'),
    ("egrave", 'è'),
    ("equals", '='),
    ("excl", '!'),
    ("grave", '`'),
    ("gt", '>'),
    ("hellip", '…'),
    ("hyphen", '-'),
    ("iacute", 'í'),
    ("lbrace", '{'),
    ("lbrack", '['),
    ("lcub", '{'),
    ("lowbar", '_'),
    ("lpar", '('),
    ("lsqb", '['),
    ("lt", '<'),
    ("mdash", '-'),
    ("minus", '-'),
    ("nbsp", ' '),
    ("ndash", '-'),
    ("ntilde", 'ñ'),
    ("num", '#'),
    ("oacute", 'ó'),
    ("ouml", 'ö'),
    ("percnt", '%'),
    ("period", '.'),
    ("plus", '+'),
    ("quest", '?'),
    ("quot", '"'),
    ("rbrace", '}'),
    ("rbrack", ']'),
    ("rcub", '}'),
    ("rpar", ')'),
    ("rsqb", ']'),
    ("semi", ';'),
    ("shy", '\u{ad}'),
    ("sol", '/'),
    ("szlig", 'ß'),
    ("uacute", 'ú'),
    ("uuml", 'ü'),
    ("verbar", '|'),
    ("vert", '|'),
    ("zwj", '\u{200d}'),
    ("zwnj", '\u{200c}'),
];
const LONGEST_ENTITY: usize = 12;

pub(super) fn html(text: &str, sheet: &mut Sheet) {
    let bytes = text.as_bytes();
    let mut edits = Edits::new(text, sheet);
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'&', &bytes[at..]) {
        at += found;
        if edits.writer.is_full() {
            break;
        }
        let Some((c, end)) = entity(&bytes[at..]) else {
            at += 1;
            continue;
        };
        let end = at + end;
        // A lone `&amp;` or `&nbsp;` is how any page writes it; `&amp;#105;` is an escape of an escape.
        let layered = bytes.get(end).is_some_and(|byte| *byte == b'#' || byte.is_ascii_alphabetic());
        edits.worth |= !matches!(c, '&' | ' ') || (c == '&' && layered) || bytes.get(at + 1) == Some(&b'#');
        edits.replace(at..end, c);
        at = end;
    }
    edits.finish(Decoder::Html, sheet);
}

/// The entity that `bytes` start with, and its length.
fn entity(bytes: &[u8]) -> Option<(char, usize)> {
    let body = &bytes[1..bytes.len().min(LONGEST_ENTITY + 1)];
    let (value, len) = match body {
        [b'#', b'x' | b'X', rest @ ..] => {
            let len = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
            (hex_value(&rest[..len.min(8)])?, len + 2)
        }
        [b'#', rest @ ..] => {
            let len = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            (std::str::from_utf8(&rest[..len]).ok()?.parse().ok()?, len + 1)
        }
        _ => {
            let len = body.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            let name = std::str::from_utf8(&body[..len]).ok()?;
            let index = ENTITIES.binary_search_by(|(known, _)| known.cmp(&name)).ok()?;
            return (body.get(len) == Some(&b';')).then_some((ENTITIES[index].1, len + 2));
        }
    };
    // Browsers read a number without its semicolon too.
    let semicolon = usize::from(body.get(len) == Some(&b';'));
    char::from_u32(value).filter(|c| is_text(*c) && *c != '\0').map(|c| (c, 1 + len + semicolon))
}

pub(super) fn backslash(text: &str, sheet: &mut Sheet) {
    let bytes = text.as_bytes();
    let mut edits = Edits::new(text, sheet);
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'\\', 0x1b, &bytes[at..]) {
        at += found;
        if edits.writer.is_full() {
            break;
        }
        // JSON in JSON doubles the backslash: the row of them is one.
        let row = bytes[at..].iter().take_while(|byte| **byte == b'\\').count();
        if let Some(end) = colour(bytes, at, row) {
            edits.writer.replace(at..end, "");
            edits.worth |= begins_value(&bytes[end..]);
            at = end;
            continue;
        }
        let Some((c, end)) = code(bytes, at + row).or_else(|| line_end(bytes, at, at + row)) else {
            at += row.max(1);
            continue;
        };
        edits.replace(at..end, c);
        edits.worth = true;
        at = end;
    }
    edits.finish(Decoder::Escapes, sheet);
}

/// Where the colour of a terminal ends that begins here, with the escape itself or as source code writes it. Nobody sees
/// it, and its last letter would be taken for the first of what follows.
fn colour(bytes: &[u8], start: usize, row: usize) -> Option<usize> {
    const WRITTEN: [&[u8]; 6] = [b"x1b[", b"x1B[", b"u001b[", b"u001B[", b"033[", b"e["];
    let rest = &bytes[start + row..];
    let begun = match row {
        0 => rest.starts_with(b"\x1b[").then_some(2),
        _ => WRITTEN.iter().find_map(|written| rest.starts_with(written).then_some(written.len())),
    };
    let begun = begun?;
    let numbers = rest[begun..].iter().take(COLOUR).take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
    matches!(rest.get(begun + numbers), Some(b'm' | b'K')).then_some(start + row + begun + numbers + 1)
}

/// A line end or a tab as source code writes it, where its letter would be taken for the first of a value or of a word:
/// `line1\nghp_…`, `all of the\nrules`. Its row of backslashes is at `start`, its letter at `at`.
fn line_end(bytes: &[u8], start: usize, at: usize) -> Option<(char, usize)> {
    let c = match bytes.get(at)? {
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        _ => return None,
    };
    let hides = begins_value(&bytes[at + 1..]) || c == '\n' && is_between_words(bytes, start, at + 1);
    (hides && !is_in_path(bytes, start, at)).then_some((c, at + 1))
}

/// Whether prose ends at `start` and goes on at `end`: nothing but words and their punctuation, near by.
fn is_between_words(bytes: &[u8], start: usize, end: usize) -> bool {
    let before = &bytes[start.saturating_sub(PROSE)..start];
    let after = &bytes[end..bytes.len().min(end + PROSE)];
    // More line ends may stand on both sides, and the sign of a list may follow.
    let begun = after.iter().position(|byte| !b"\\nr -*#".contains(byte)).unwrap_or(after.len());
    let ended = before.iter().rposition(|byte| !b"\\nr ".contains(byte)).map_or(0, |last| last + 1);
    let is_prose = |near: &[u8]| {
        let plain = |byte: &u8| byte.is_ascii_alphabetic() || !byte.is_ascii() || b" ,.:;!?'-".contains(byte);
        near.iter().all(plain) && near.contains(&b' ') && near.iter().filter(|byte| **byte != b' ').count() >= PROSE / 4
    };
    is_prose(&before[..ended]) && is_prose(&after[begun..])
}

/// Nine characters with a digit and no blank between, or nine digits. A file's name is none.
fn begins_value(rest: &[u8]) -> bool {
    let near = &rest[..rest.len().min(VALUE)];
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`\\<>(){}[],;|\x1b".contains(byte);
    let word = &near[..near.iter().position(ends).unwrap_or(near.len())];
    let extension = word.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let file = (1..=4).contains(&extension.len())
        && extension.len() < word.len()
        && extension.iter().all(u8::is_ascii_lowercase);
    let number = near.iter().take_while(|byte| byte.is_ascii_digit() || matches!(**byte, b' ' | b'-' | b'.'));
    !file && word.len() >= SHORTEST_VALUE && word.iter().any(u8::is_ascii_digit)
        || number.filter(|byte| byte.is_ascii_digit()).count() >= SHORTEST_VALUE
}

/// Whether a drive, a server or folders lead up to a backslash: the parts of a path begin with any letter.
fn is_in_path(bytes: &[u8], start: usize, at: usize) -> bool {
    let before = &bytes[start.saturating_sub(PATH)..start];
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`<>(){}[],;|=".contains(byte);
    let word = before.rsplit(ends).next().unwrap_or_default();
    let drive = matches!(word, [letter, b':'] | [letter, b':', b'\\', ..] if letter.is_ascii_alphabetic());
    let begins = word.is_empty() && at - start > 1 && before.last().is_none_or(u8::is_ascii_whitespace);
    let server = begins || word.starts_with(b"\\\\");
    let folders = word.windows(2).any(|pair| {
        pair[0] == b'\\'
            && pair[1].is_ascii_alphanumeric()
            && !matches!(pair[1], b'n' | b'r' | b't' | b'u' | b'x' | b'0')
    });
    drive || server || folders
}

/// What stands after a backslash: `uXXXX` (or a pair of them), `u{…}`, `UXXXXXXXX`, `xXX` as a character's bytes, and so
/// `OOO` in octal digits, with another such beside it: one alone is a reference, or a folder.
fn code(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let digits = |from: usize, len: usize| bytes.get(from..from + len).and_then(hex_value);
    match bytes.get(at..)? {
        [b'u', b'{', rest @ ..] => {
            let len = rest.iter().take(7).take_while(|byte| byte.is_ascii_hexdigit()).count();
            let c = char::from_u32(hex_value(&rest[..len])?).filter(|c| len > 0 && is_text(*c))?;
            (rest.get(len) == Some(&b'}')).then_some((c, at + 2 + len + 1))
        }
        [b'u', ..] => {
            let high = digits(at + 1, 4)?;
            let mut end = at + 5;
            let mut value = high;
            if (0xd800..0xdc00).contains(&high) {
                let row = bytes[end..].iter().take(8).take_while(|byte| **byte == b'\\').count();
                let low = (bytes.get(end + row) == Some(&b'u')).then(|| digits(end + row + 1, 4)).flatten()?;
                value = 0x10000 + ((high - 0xd800) << 10) + low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                end += row + 5;
            }
            char::from_u32(value).filter(|c| is_text(*c)).map(|c| (c, end))
        }
        [b'U', ..] => char::from_u32(digits(at + 1, 8)?).filter(|c| is_text(*c)).map(|c| (c, at + 9)),
        [b'0'..=b'3', ..] => {
            let octal = |from: usize| {
                let digits = bytes.get(from..from + 3)?;
                let value = |value: u32, digit: &u8| Some(value << 3 | char::from(*digit).to_digit(8)?);
                u8::try_from(digits.iter().try_fold(0, value)?).ok()
            };
            let byte_at = |from: usize| {
                let row = bytes[from..].iter().take(8).take_while(|byte| **byte == b'\\').count();
                let start = if from == at { from } else { from + row };
                (from == at || row > 0).then(|| octal(start)).flatten().map(|byte| (byte, start + 3))
            };
            let (byte, end) = byte_at(at)?;
            let row = bytes[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
            let before = (at - row).checked_sub(4);
            let follows = before.is_some_and(|from| bytes[from] == b'\\' && octal(from + 1).is_some());
            (follows || byte_at(end).is_some()).then_some(())?;
            utf8(at, byte_at).or_else(|| Some(char::from(byte)).filter(|c| is_text(*c)).map(|c| (c, end)))
        }
        [b'x', ..] => {
            let byte_at = |from: usize| {
                let row = bytes[from..].iter().take(8).take_while(|byte| **byte == b'\\').count();
                let start = if from == at { from } else { from + row };
                (bytes.get(start) == Some(&b'x')).then_some(())?;
                Some((digits(start + 1, 2)? as u8, start + 3))
            };
            utf8(at, byte_at).or_else(|| {
                let c = char::from(digits(at + 1, 2)? as u8);
                is_text(c).then_some((c, at + 3))
            })
        }
        _ => None,
    }
}
