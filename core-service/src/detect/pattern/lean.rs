//! Unicode classes in fewer states.
//!
//! An automaton reads bytes, and a class like `\p{L}` takes hundreds of states each time that a pattern repeats it.
//! Built-in patterns are therefore read a little more widely than they are written, where it says nothing more:
//! `\d` is an ASCII digit; `K` and `ſ` are not taken for `k` and `s` (the normaliser reads both as what they look
//! like); a class that excludes (`[^\s"]`) excludes nothing beyond ASCII; and between the letters of one script the
//! few signs are taken along. Patterns of policies keep their exact meaning.

use regex_automata::util::syntax;
use regex_syntax::hir::{
    Capture, Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Repetition,
};

/// Code points between two ranges of letters that are taken along.
const GAP: u32 = 32;
/// From here on; below are the signs of ordinary Western text.
const LETTERS: u32 = 0xC0;
/// Ranges of a class that is taken as it is.
const FEW: usize = 8;
/// Characters beyond ASCII that a class may exclude and still be read as one that excludes none of them.
const EXCLUDED: u32 = 64;

pub(super) fn lean(hir: &Hir, digits: &ClassUnicode) -> Hir {
    within(hir, digits, false)
}

/// What `\d` means beyond ASCII.
pub(super) fn foreign_digits() -> Result<ClassUnicode, String> {
    let digits = syntax::parse(r"\d").map_err(|error| error.to_string())?;
    match digits.kind() {
        HirKind::Class(Class::Unicode(class)) => Ok(beyond_ascii(class)),
        _ => Err("digits are no class".to_owned()),
    }
}

/// `endless` is whether the expression is repeated without a bound, so that nothing counts its characters.
fn within(hir: &Hir, digits: &ClassUnicode, endless: bool) -> Hir {
    let each = |parts: &[Hir], endless| parts.iter().map(|part| within(part, digits, endless)).collect();
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => class_of(class, digits, endless),
        HirKind::Repetition(repetition) => {
            let endless = repetition.min <= 1 && repetition.max.is_none();
            Hir::repetition(repetition.with(within(&repetition.sub, digits, endless)))
        }
        HirKind::Capture(Capture { index, name, sub }) => {
            Hir::capture(Capture { index: *index, name: name.clone(), sub: Box::new(within(sub, digits, false)) })
        }
        HirKind::Concat(parts) => Hir::concat(each(parts, false)),
        HirKind::Alternation(parts) => Hir::alternation(each(parts, endless)),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(Class::Bytes(_)) | HirKind::Look(_) => hir.clone(),
    }
}

fn class_of(class: &ClassUnicode, digits: &ClassUnicode, endless: bool) -> Hir {
    let mut class = class.clone();
    if contains(&class, '\u{661}') && !contains(&class, '\u{621}') {
        class.difference(digits);
    }
    for (lookalike, beside) in [('\u{17F}', '\u{180}'), ('\u{212A}', '\u{212B}')] {
        if !contains(&class, beside) {
            class.difference(&range(lookalike, lookalike));
        }
    }
    let mut excluded = range('\u{80}', char::MAX);
    excluded.difference(&class);
    if size(&excluded) < EXCLUDED {
        return any_but(&class, endless);
    }
    // Spaces stay exact: between them are dashes and quotes.
    let spaces = contains(&class, '\u{2028}') && !contains(&class, 'é');
    if !spaces && class.ranges().len() > FEW {
        class = closed(&class);
    }
    Hir::class(Class::Unicode(class))
}

/// The ASCII part of a class, or one whole character beyond ASCII. Texts are valid UTF-8, so a byte that begins a
/// character and the bytes that go on are all there is to know: three states in place of ten.
fn any_but(class: &ClassUnicode, endless: bool) -> Hir {
    let mut ascii = class.clone();
    ascii.intersect(&range('\0', '\x7F'));
    let ascii = ascii.ranges().iter().map(|range| ClassBytesRange::new(range.start() as u8, range.end() as u8));
    let bytes = |from, to| ClassBytesRange::new(from, to);
    let one_of = |ranges: Vec<ClassBytesRange>| Hir::class(Class::Bytes(ClassBytes::new(ranges)));
    if endless {
        return one_of(ascii.chain([bytes(0x80, 0xFF)]).collect());
    }
    let rest = Repetition { min: 0, max: None, greedy: true, sub: Box::new(one_of(vec![bytes(0x80, 0xBF)])) };
    Hir::concat(vec![one_of(ascii.chain([bytes(0xC0, 0xFF)]).collect()), Hir::repetition(rest)])
}

/// The class with its small gaps closed.
fn closed(class: &ClassUnicode) -> ClassUnicode {
    let mut ranges: Vec<ClassUnicodeRange> = Vec::new();
    for next in class.ranges() {
        match ranges.last_mut() {
            Some(last)
                if u32::from(last.end()) >= LETTERS && u32::from(next.start()) - u32::from(last.end()) <= GAP =>
            {
                *last = ClassUnicodeRange::new(last.start(), next.end());
            }
            _ => ranges.push(*next),
        }
    }
    ClassUnicode::new(ranges)
}

fn range(from: char, to: char) -> ClassUnicode {
    ClassUnicode::new([ClassUnicodeRange::new(from, to)])
}

fn beyond_ascii(class: &ClassUnicode) -> ClassUnicode {
    let mut beyond = class.clone();
    beyond.intersect(&range('\u{80}', char::MAX));
    beyond
}

fn contains(class: &ClassUnicode, c: char) -> bool {
    class.ranges().iter().any(|range| range.start() <= c && c <= range.end())
}

fn size(class: &ClassUnicode) -> u32 {
    class.ranges().iter().map(|range| u32::from(range.end()) - u32::from(range.start()) + 1).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{compile, compile_built_in};

    fn spans(regex: &regex_automata::meta::Regex, text: &str) -> Vec<(usize, usize)> {
        regex.find_iter(text).map(|found| (found.start(), found.end())).collect()
    }

    #[test]
    fn letters_digits_and_spaces_of_ordinary_texts_keep_their_meaning() {
        let text = "Zoë Çelik, «Анна» & 李雷 met José-María at 12:30\u{a0}h — “Stra\u{df}e 7”, naïve? ½ ok";
        for pattern in [
            r"\p{Lu}[\p{L}'’.-]*",
            r"[^ ,]{2,6}",
            r"\d{1,3}",
            r"\w+\s\w+",
            r#"[^"\n]{0,9}?[—“]"#,
            r"(?i)straße",
            r".{3}",
        ] {
            let (exact, lean) = (compile(pattern).unwrap(), compile_built_in(pattern).unwrap());
            assert_eq!(spans(&exact, text), spans(&lean, text), "{pattern}");
        }
    }

    #[test]
    fn digits_of_other_scripts_and_lookalikes_are_left_to_the_normaliser() {
        assert!(spans(&compile_built_in(r"\d+").unwrap(), "٣٤").is_empty());
        assert!(spans(&compile_built_in(r"(?i)ask").unwrap(), "a\u{17F}k as\u{212A}").is_empty());
        assert_eq!(spans(&compile(r"\d+").unwrap(), "٣٤"), [(0, 4)]);
    }

    proptest! {
        /// A match begins and ends between characters, whatever stands around it.
        #[test]
        fn no_match_splits_a_character(text in "\\PC{0,40}") {
            for pattern in [r#"[^a"]{2,4}"#, r"\p{L}{1,3}", r"x?[^\s]{1,5}?", r"[^ ]+[é-ü]", r".{0,3}z", r"[^\p{L}]{1,4}"] {
                for (start, end) in spans(&compile_built_in(pattern).unwrap(), &text) {
                    prop_assert!(text.is_char_boundary(start) && text.is_char_boundary(end));
                }
            }
        }

        /// What a class excludes is counted in characters, as it is written.
        #[test]
        fn a_class_that_excludes_counts_characters(text in "[aé中😀\"\n]{0,30}") {
            for pattern in [r#"[^"]{2,4}"#, r#"a[^"\n]{0,3}?é"#, r#"[^a]+"#, r#"(?:[^a"]|"){3,}"#] {
                let (exact, lean) = (compile(pattern).unwrap(), compile_built_in(pattern).unwrap());
                prop_assert_eq!(spans(&exact, &text), spans(&lean, &text));
            }
        }
    }
}
