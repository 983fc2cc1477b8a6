//! One pass that says which decoders have anything to look at.
//!
//! Branchless over fixed windows, so that the compiler turns it into vector instructions: clean text costs a fraction
//! of a nanosecond a byte and goes no further. It may wake a decoder too many, never one too few.

const WINDOW: usize = 32;
/// How far a test looks past its byte.
const AHEAD: usize = 6;

#[derive(Debug)]
pub(super) struct Survey {
    pub(super) ascii: bool,
    pub(super) percent: bool,
    pub(super) ampersand: bool,
    /// Or the escape that a terminal's colours begin with.
    pub(super) backslash: bool,
    pub(super) digit: bool,
    /// A capital after a small letter or a digit: all base64 of text has one, prose only in names.
    pub(super) camel: bool,
    /// A digit or a symbol used in leetspeak next to a letter.
    pub(super) mixed: bool,
    /// Three single letters in a row with something between them.
    pub(super) isolated: bool,
    /// Two equals signs with two characters between them, as the bytes of quoted-printable text have.
    pub(super) equals: bool,
    /// Two dots or dashes, a blank, and another.
    pub(super) signals: bool,
    /// Six capitals or digits in a row, which is all that base32 is made of.
    pub(super) capitals: bool,
}

#[derive(Default)]
struct Seen {
    percent: u8,
    ampersand: u8,
    backslash: u8,
    digit: u8,
    camel: u8,
    mixed: u8,
    isolated: u8,
    equals: u8,
    signals: u8,
    capitals: u8,
}

impl Survey {
    pub(super) fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut seen = Seen::default();
        let mut rest = bytes;
        while let Some(window) = rest.first_chunk::<{ WINDOW + AHEAD }>() {
            look(window, &mut seen);
            rest = &rest[WINDOW..];
        }
        // Two windows hold the rest, which is shorter than one with what it looks ahead to.
        let mut last = [b' '; 2 * WINDOW + AHEAD];
        last[..rest.len()].copy_from_slice(rest);
        for start in [0, WINDOW] {
            if let Some(window) = last[start..].first_chunk() {
                look(window, &mut seen);
            }
        }
        Self {
            ascii: text.is_ascii(),
            percent: seen.percent != 0,
            ampersand: seen.ampersand != 0,
            backslash: seen.backslash != 0,
            digit: seen.digit != 0,
            camel: seen.camel != 0,
            mixed: seen.mixed != 0,
            isolated: seen.isolated != 0,
            equals: seen.equals != 0,
            signals: seen.signals != 0,
            capitals: seen.capitals != 0,
        }
    }
}

fn look(window: &[u8; WINDOW + AHEAD], seen: &mut Seen) {
    let mut letter = [0u8; WINDOW + AHEAD];
    let mut upper = [0u8; WINDOW + AHEAD];
    let mut leet = [0u8; WINDOW + AHEAD];
    let mut small = [0u8; WINDOW + AHEAD];
    let mut spelled = [0u8; WINDOW + AHEAD];
    let mut apart = [0u8; WINDOW + AHEAD];
    let mut equals = [0u8; WINDOW + AHEAD];
    let mut signal = [0u8; WINDOW + AHEAD];
    let mut capital = [0u8; WINDOW + AHEAD];
    let mut gap = [0u8; WINDOW + AHEAD];
    for (index, byte) in window.iter().copied().enumerate() {
        let digit = u8::from(byte.wrapping_sub(b'0') < 10);
        letter[index] = u8::from((byte | 0x20).wrapping_sub(b'a') < 26);
        upper[index] = u8::from(byte.wrapping_sub(b'A') < 26);
        small[index] = (letter[index] ^ upper[index]) | digit;
        leet[index] = digit
            | u8::from(byte == b'$')
            | u8::from(byte == b'@')
            | u8::from(byte == b'!')
            | u8::from(byte == b'|')
            | u8::from(byte == b'+');
        // With the leet signs, which stand for letters here: `1.g.n.0.r.3`.
        spelled[index] = letter[index] | leet[index];
        apart[index] = spelled[index] ^ 1;
        equals[index] = u8::from(byte == b'=');
        capital[index] = upper[index] | digit;
        signal[index] = u8::from(byte == b'.') | u8::from(byte == b'-') | u8::from(byte == b'_');
        gap[index] = u8::from(byte == b' ') | u8::from(byte == b'/') | u8::from(byte == b'\n');
        seen.percent |= u8::from(byte == b'%');
        seen.ampersand |= u8::from(byte == b'&');
        seen.backslash |= u8::from(byte == b'\\') | u8::from(byte == 0x1b);
        seen.digit |= digit;
    }
    for index in 0..WINDOW {
        seen.camel |= small[index] & upper[index + 1];
        seen.mixed |= leet[index] & letter[index + 1];
        seen.isolated |= spelled[index]
            & apart[index + 1]
            & spelled[index + 2]
            & apart[index + 3]
            & spelled[index + 4]
            & apart[index + 5];
        seen.equals |= equals[index] & equals[index + 3];
        seen.capitals |= capital[index]
            & capital[index + 1]
            & capital[index + 2]
            & capital[index + 3]
            & capital[index + 4]
            & capital[index + 5];
        seen.signals |= signal[index] & signal[index + 1] & gap[index + 2] & signal[index + 3];
    }
}
