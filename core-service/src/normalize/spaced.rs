//! Words spelled letter by letter: `i g n o r e`, `i.g.n.o.r.e`, `I_G_N_O_R_E`. Also of scripts that write a word or a
//! syllable in one letter; there it is no more than a reason to read on, since lists look the same.

use std::ops::Range;

use super::{
    Decoder, Mark,
    letters::is_alphabetic,
    sheet::{Sheet, Writer},
};

/// Fewer are initials and abbreviations.
const FEWEST: usize = 5;
/// Between two letters, in bytes.
const WIDEST_GAP: usize = 6;

pub(super) fn decode(text: &str, sheet: &mut Sheet) {
    let mut writer = Writer::new(text, sheet.room);
    let mut run = Run::default();
    let mut after_letter = false;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let letter = is_letter(c);
        let single = letter && !after_letter && !chars.peek().is_some_and(|(_, c)| is_letter(*c));
        let broken = (letter && !single) || (!letter && !is_separator(c));
        if broken {
            run.close(text, &mut writer, sheet);
        } else if single {
            if run.letters.last().is_some_and(|last| at - last.end > WIDEST_GAP) {
                run.close(text, &mut writer, sheet);
            }
            run.letters.push(at..at + c.len_utf8());
        }
        after_letter = letter;
        if writer.is_full() {
            break;
        }
    }
    run.close(text, &mut writer, sheet);
    if !writer.is_empty() {
        writer.finish();
        sheet.add(Decoder::Spaced, writer);
    }
}

/// The signs of leetspeak count: they stand for letters here.
fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '$' | '@' | '!' | '+') || (!c.is_ascii() && is_alphabetic(c))
}

/// Scripts that write a word, or a syllable, in one letter.
fn is_wordlike(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{2e80}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..)
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '.' | '-' | '=' | '_' | '*' | '/' | '|' | '~' | ',' | '+' | ':' | ';' | '•' | '·')
}

#[derive(Default)]
struct Run {
    letters: Vec<Range<usize>>,
}

impl Run {
    fn close(&mut self, text: &str, writer: &mut Writer<'_>, sheet: &mut Sheet) {
        if self.letters.len() >= FEWEST && is_spelled(text, &self.letters) {
            let separator = self.separator(text);
            for (index, letter) in self.letters.iter().enumerate() {
                if index == 0 {
                    writer.replace(letter.clone(), &text[letter.clone()]);
                    continue;
                }
                let gap = self.letters[index - 1].end..letter.start;
                writer.skip_to(letter.start);
                if let Some(sign) = sign_between(&text[gap.clone()], separator) {
                    writer.put(sign, gap);
                } else if text[gap.clone()] != *separator {
                    // What separates words is anything but what separates their letters.
                    writer.put(" ", gap);
                }
                writer.replace(letter.clone(), &text[letter.clone()]);
            }
            let wordlike = |letter: &Range<usize>| text[letter.clone()].chars().all(is_wordlike);
            if let (Some(first), Some(last)) = (self.letters.first(), self.letters.last())
                && !self.letters.iter().all(wordlike)
            {
                sheet.mark(Mark::SpacedLetters, first.start..last.end);
            }
        }
        self.letters.clear();
    }

    /// The first two gaps may lie around a word of one letter; two of the first three agree.
    fn separator<'a>(&self, text: &'a str) -> &'a str {
        let gap = |index: usize| match (self.letters.get(index), self.letters.get(index + 1)) {
            (Some(left), Some(right)) => &text[left.end..right.start],
            _ => "",
        };
        if gap(0) != gap(1) && gap(1) == gap(2) { gap(1) } else { gap(0) }
    }
}

/// A sign that stands apart like a letter, as in `g h p _ 1 6`: between two separators.
fn sign_between<'t>(gap: &'t str, separator: &str) -> Option<&'t str> {
    let sign = gap.strip_prefix(separator)?.strip_suffix(separator)?;
    (sign.len() == 1 && sign.bytes().all(|byte| byte.is_ascii_punctuation())).then_some(sign)
}

/// Not a table of numbers, not a list with commas, not the alphabet.
fn is_spelled(text: &str, letters: &[Range<usize>]) -> bool {
    let mut alphabetic = 0;
    let mut in_order = 0;
    let mut equal = 0;
    let mut lists = 0;
    let mut before: Option<(char, usize)> = None;
    for range in letters {
        let Some(c) = text[range.clone()].chars().next() else { continue };
        alphabetic += usize::from(c.is_alphabetic());
        if let Some((last, end)) = before {
            in_order += usize::from(u32::from(c) == u32::from(last) + 1);
            equal += usize::from(c == last);
            lists += usize::from(matches!(&text[end..range.start], ", " | "; " | ". " | " | " | ",\n" | ".\n"));
        }
        before = Some((c, range.end));
    }
    let gaps = letters.len() - 1;
    alphabetic * 2 >= letters.len() && in_order * 2 < gaps && equal * 2 < gaps && lists * 2 < gaps
}
