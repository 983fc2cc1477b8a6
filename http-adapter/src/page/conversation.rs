//! What was said, as people read it, with what was found in it marked in place.

use maud::{Markup, html};
use portcullis_api::v1::{Direction, EventText, Severity, Violation};

use super::{filter::readable, format};

/// A text without a finding is folded up from here on.
const LONG: usize = 1500;

pub(super) fn view(texts: &[EventText], violations: &[Violation]) -> Markup {
    html! {
        ol.said {
            @for text in texts {
                @let marks = marks(text, violations);
                @let side = if text.direction() == Direction::Response { "answer" } else { "request" };
                li class={"turn " (side) " role-" (text.role)} {
                    div.role {
                        strong { (readable(&text.role)) }
                        " " span.quiet { (side) }
                        @if !text.pointer.is_empty() { " " code.where_ { (text.pointer) @if !text.inner_pointer.is_empty() { " → " (text.inner_pointer) } } }
                    }
                    @if marks.is_empty() && text.text.len() > LONG {
                        details { summary { (format::count(text.text.len() as u64)) " bytes, nothing found" } div.text { (shown(&text.text)) } }
                    } @else {
                        div.text { (marked(&text.text, &marks, violations)) }
                    }
                    @if text.omitted > 0 { p.quiet { "… and " (format::count(text.omitted)) " bytes more, which are not shown" } }
                }
            }
        }
    }
}

/// A span of the text, and the number of the finding in it.
struct Mark {
    start: usize,
    end: usize,
    finding: usize,
}

fn marks(text: &EventText, violations: &[Violation]) -> Vec<Mark> {
    let found = |(finding, violation): (usize, &Violation)| {
        let at = violation.location.as_ref()?;
        let here =
            at.direction == text.direction && at.pointer == text.pointer && at.inner_pointer == text.inner_pointer;
        let (start, end) = (boundary(&text.text, at.start), boundary(&text.text, at.end));
        (here && start < end).then_some(Mark { start, end, finding })
    };
    violations.iter().enumerate().filter_map(found).collect()
}

fn boundary(text: &str, offset: u32) -> usize {
    text.floor_char_boundary((offset as usize).min(text.len()))
}

/// Findings overlap: the text is cut wherever one begins or ends, and a piece belongs to the first of those over it, which
/// is the strictest.
fn marked(text: &str, marks: &[Mark], violations: &[Violation]) -> Markup {
    let mut cuts: Vec<usize> = marks.iter().flat_map(|mark| [mark.start, mark.end]).chain([0, text.len()]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut named = Vec::new();
    html! {
        @for pair in cuts.windows(2) {
            @let (start, end) = (pair[0], pair[1]);
            @let over: Vec<usize> = marks.iter().filter(|mark| mark.start <= start && end <= mark.end).map(|mark| mark.finding).collect();
            @match over.iter().min() {
                None => (shown(&text[start..end])),
                Some(&strictest) => {
                    @let first = is_first(&mut named, strictest);
                    mark id=[first.then(|| format!("m-{}", strictest + 1))] class=(class(violations, strictest)) title=(title(violations, &over)) {
                        (shown(&text[start..end]))
                        @if first { a.number href={"#f-" (strictest + 1)} { (strictest + 1) } }
                    }
                }
            }
        }
    }
}

/// Whether it was not seen before.
fn is_first(seen: &mut Vec<usize>, finding: usize) -> bool {
    let first = !seen.contains(&finding);
    seen.push(finding);
    first
}

fn class(violations: &[Violation], finding: usize) -> &'static str {
    match violations.get(finding).map(Violation::severity) {
        Some(Severity::Critical | Severity::High) => "high",
        _ => "medium",
    }
}

fn title(violations: &[Violation], over: &[usize]) -> String {
    let one = |&finding: &usize| {
        let violation = violations.get(finding)?;
        Some(format!("{}: {} {} ({:.2})", finding + 1, violation.rule, violation.detector_rule, violation.score))
    };
    over.iter().filter_map(one).collect::<Vec<_>>().join("\n")
}

/// Text with what hides in it made visible: characters that are not seen, or that turn the direction of what follows.
pub(super) fn shown(text: &str) -> Markup {
    html! {
        @for piece in pieces(text) {
            @match piece {
                Piece::Plain(plain) => (plain),
                Piece::Hidden(character) => span.hidden-char title={"U+" (format!("{:04X}", character as u32))} { "␣" },
            }
        }
    }
}

enum Piece<'a> {
    Plain(&'a str),
    Hidden(char),
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let (mut pieces, mut from) = (Vec::new(), 0);
    for (at, character) in text.char_indices().filter(|(_, character)| is_hidden(*character)) {
        if at > from {
            pieces.push(Piece::Plain(&text[from..at]));
        }
        pieces.push(Piece::Hidden(character));
        from = at + character.len_utf8();
    }
    if from < text.len() {
        pieces.push(Piece::Plain(&text[from..]));
    }
    pieces
}

const fn is_hidden(character: char) -> bool {
    matches!(character,
        '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use portcullis_api::v1::Location;

    use super::*;

    fn found(start: u32, end: u32) -> Violation {
        let location = Location { direction: 1, pointer: "/p".to_owned(), start, end, ..Location::default() };
        Violation { location: Some(location), ..Violation::default() }
    }

    #[test]
    fn findings_that_overlap_keep_the_text_whole_and_in_order() {
        let said = "aé<b>\u{202e}c";
        let text = EventText { direction: 1, pointer: "/p".to_owned(), text: said.to_owned(), ..EventText::default() };
        // One overlaps another, one begins within a character, one lies beyond the text, one is elsewhere.
        let elsewhere = Violation { location: Some(Location::default()), ..Violation::default() };
        let violations = [found(1, 5), found(4, 6), found(2, 3), found(90, 99), elsewhere];
        let markup = view(&[text], &violations).into_string();
        let bare = markup.split("<div class=\"text\">").nth(1).unwrap();
        let mut plain = String::new();
        let mut inside = false;
        for character in bare.chars() {
            match character {
                '<' => inside = true,
                '>' => inside = false,
                character if !inside => plain.push(character),
                _ => {}
            }
        }
        let digits: String = plain.chars().filter(|character| !character.is_ascii_digit()).collect();
        assert_eq!(digits, "aé&lt;b&gt;␣c");
        assert!(markup.contains("title=\"U+202E\"") && markup.contains("id=\"m-1\""), "{markup}");
    }
}
