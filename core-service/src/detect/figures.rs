//! Where a text has numbers: what rules for numbers wake on, so that each reads the few that could be its own.

/// Digits with no more than light punctuation between: `4111 1111 1111 1111`, `2026-11-20`, `10.0.0.1`.
#[derive(Clone, Copy)]
pub struct Figure<'a> {
    pub text: &'a str,
    pub start: usize,
    pub end: usize,
    pub digits: usize,
    /// Full stops between the digits.
    pub dots: usize,
    pub word: Word,
}

/// What a figure stands in, from a space to a space, as far as 80 bytes away.
#[derive(Debug, Clone, Copy)]
pub struct Word {
    start: usize,
    end: usize,
    pub dots: usize,
    pub dashes: usize,
    pub colons: usize,
}

impl Word {
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }
}

/// Says where, never what.
impl std::fmt::Debug for Figure<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Figure({}..{}, {} digits)", self.start, self.end, self.digits)
    }
}

impl<'a> Figure<'a> {
    /// What stands right before.
    pub fn before(&self) -> &'a [u8] {
        &self.text.as_bytes()[..self.start]
    }

    /// What stands right behind.
    pub fn after(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.end..]
    }

    /// The runs of digits: where they begin and end.
    pub fn groups(&self) -> impl Iterator<Item = (usize, usize)> {
        let bytes = self.text.as_bytes();
        let (mut at, end) = (self.start, self.end);
        std::iter::from_fn(move || {
            let start = at + bytes[at..end].iter().position(u8::is_ascii_digit)?;
            at = start + bytes[start..end].iter().take_while(|byte| byte.is_ascii_digit()).count();
            Some((start, at))
        })
    }
}

/// Bytes between two digits of one figure; a typographic dash has three.
const BETWEEN: usize = 3;
/// Bytes to both sides of a figure that are looked at for its word.
const FAR: usize = 80;
/// Bytes behind a figure that an earlier figure's word must still have to be its word as well.
const NEAR: usize = 40;

/// Linear: neighbours share a look at the word around them.
pub(super) fn figures(text: &str) -> impl Iterator<Item = Figure<'_>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut last: Option<Word> = None;
    std::iter::from_fn(move || {
        let start = next_digit(bytes, at)?;
        let (mut end, mut digits, mut dots) = (start, 0, 0);
        let mut here = start;
        while let Some(&byte) = bytes.get(here) {
            if byte.is_ascii_digit() {
                dots += bytes[end..here].iter().filter(|byte| **byte == b'.').count();
                digits += 1;
                end = here + 1;
            } else if byte.is_ascii_alphabetic() || here - end >= BETWEEN {
                break;
            }
            here += 1;
        }
        at = end;
        let word = match last {
            Some(word) if end + NEAR <= word.end || end <= word.end && ends(bytes, word.end) => word,
            _ => word(bytes, start, end),
        };
        last = Some(word);
        Some(Figure { text, start, end, digits, dots, word })
    })
}

/// In blocks, which a compiler turns into vector instructions.
fn next_digit(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    for block in bytes.get(from..)?.chunks(64) {
        if block.iter().fold(false, |any, byte| any | byte.is_ascii_digit()) {
            return block.iter().position(u8::is_ascii_digit).map(|found| at + found);
        }
        at += block.len();
    }
    None
}

fn ends(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_none_or(u8::is_ascii_whitespace)
}

fn word(bytes: &[u8], start: usize, end: usize) -> Word {
    let before = bytes[..start].iter().rev().take(FAR).take_while(|byte| !byte.is_ascii_whitespace()).count();
    let after = bytes[end..].iter().take(FAR).take_while(|byte| !byte.is_ascii_whitespace()).count();
    let (start, end) = (start - before, end + after);
    let count = |wanted: u8| bytes[start..end].iter().filter(|byte| **byte == wanted).count();
    Word { start, end, dots: count(b'.'), dashes: count(b'-'), colons: count(b':') }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<(&str, usize, usize, &str)> {
        let of = |figure: Figure<'_>| {
            let word = &text[figure.word.start..figure.word.end];
            (&text[figure.start..figure.end], figure.digits, figure.dots, word)
        };
        figures(text).map(of).collect()
    }

    #[test]
    fn figures_are_digits_with_little_between() {
        assert_eq!(
            parts("on 2026-11-20T12:30 pay 4111 1111\u{2011}22 to x_7é now"),
            [
                ("2026-11-20", 8, 0, "2026-11-20T12:30"),
                ("12:30", 4, 0, "2026-11-20T12:30"),
                ("4111 1111\u{2011}22", 10, 0, "4111 1111\u{2011}22"),
                ("7", 1, 0, "x_7é"),
            ]
        );
        assert_eq!(parts("10.0.0.1, 8"), [("10.0.0.1, 8", 6, 3, "10.0.0.1, 8")]);
        assert!(parts(&"none é".repeat(40)).is_empty());
        assert_eq!(parts(&format!("{}7", " ".repeat(100))), [("7", 1, 0, "7")]);
    }

    #[test]
    fn groups_are_runs_of_digits() {
        let figure = figures("(0171) 12-345").next().unwrap();
        assert_eq!(figure.groups().collect::<Vec<_>>(), [(1, 5), (7, 9), (10, 13)]);
    }

    #[test]
    fn a_word_without_end_is_cut_and_goes_along() {
        let text = "ab1".repeat(200);
        let figures: Vec<_> = figures(&text).collect();
        assert_eq!(figures.len(), 200);
        assert!(figures.iter().all(|figure| figure.word.len() <= 2 * FAR + 1));
        assert!(figures.iter().all(|figure| figure.word.end >= (figure.end + NEAR).min(text.len())));
        assert!(figures.iter().all(|figure| figure.word.start <= figure.start));
    }
}
