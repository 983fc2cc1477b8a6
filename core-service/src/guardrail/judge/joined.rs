//! The last user turns read as one text: what is split over them is in none of them.
//!
//! Read from the request itself, so it needs no session and costs the memory nothing. Joined as they stand and with a
//! line between them: one finds a word that was cut, the other an instruction. Only what crosses from one piece into
//! another counts, and only of rules that read language: digits that meet are no telephone number.

use std::ops::Range;

use super::{Scan, ToMask, Verdicts, evaluate};
use crate::{
    detect::scanner::{Findings, Scratch},
    domain::{
        decision::Location,
        exchange::Direction,
        finding::{Detector, Span},
        segment::{Role, Segment},
    },
    policy::set::{Bound, PolicySet},
    session::turn_of,
};

/// Of all pieces together.
const BYTES: usize = 2048;
const DETECTORS: [Detector; 5] =
    [Detector::PromptInjection, Detector::Secrets, Detector::CodeSafety, Detector::Keywords, Detector::Regex];

/// The end of one string of a turn.
struct Piece<'a> {
    segment: &'a Segment<'a>,
    /// Where it begins in the segment's own string.
    from: usize,
    text: &'a str,
}

pub(super) fn judge(set: &PolicySet, chosen: &[&Bound], segments: &[Segment<'_>], verdicts: &mut Verdicts) {
    let asks = |bound: &&&Bound| bound.policy.session.joined_turns > 1 && bound.covers(Direction::Request, Role::User);
    let bounds: Vec<&Bound> = chosen.iter().filter(asks).copied().collect();
    let most = bounds.iter().map(|bound| bound.policy.session.joined_turns).max().unwrap_or_default();
    if most == 0 {
        return;
    }
    let pieces = last(segments, most.into());
    if pieces.is_empty() {
        return;
    }
    let mut mask = set.scanner.empty_mask();
    bounds.iter().for_each(|bound| bound.mask(Direction::Request, Role::User, &mut mask));
    for (index, rule) in set.scanner.rules() {
        // A classifier reads the whole: it could not say that something crosses, and has read each turn.
        if !DETECTORS.contains(&rule.identity.detector) || rule.identity.id.starts_with("classifier_") {
            mask.remove(index);
        }
    }
    for between in ["", "\n"] {
        let Some((joined, places)) = join(&pieces, between) else { return };
        let segment = Segment::bare(joined);
        let (mut scratch, mut findings) = (Scratch::default(), Findings::default());
        set.scanner.scan(0, &segment, &mask, &mut scratch, &mut findings);
        findings.overflowed.clear();
        findings.list.retain(|finding| touched(&places, finding.span).count() > 1);
        if findings.list.is_empty() {
            continue;
        }
        let scan = Scan::of(set, findings);
        let mut found = Verdicts::default();
        bounds.iter().for_each(|bound| evaluate(bound, std::slice::from_ref(&segment), &scan, &mut found));
        take_over(found, &pieces, &places, verdicts);
    }
}

/// The ends of the last user turns, the oldest first; none when there is but one.
fn last<'a>(segments: &'a [Segment<'_>], most: usize) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let (mut turns, mut current, mut room) = (0, None, BYTES);
    for segment in segments.iter().rev().filter(|segment| segment.role == Role::User && !segment.is_key) {
        let Some(turn) = turn_of(segment) else { continue };
        if current != Some(turn) {
            if turns == most {
                break;
            }
            current = Some(turn);
            turns += 1;
        }
        let own = &segment.text[segment.context..];
        let from = own.ceil_char_boundary(own.len().saturating_sub(room));
        room -= own.len() - from;
        pieces.push(Piece { segment, from, text: &own[from..] });
        // What was cut off no longer stands beside the turn before it.
        if room == 0 || from > 0 {
            break;
        }
    }
    pieces.reverse();
    if turns > 1 { pieces } else { Vec::new() }
}

/// The text, and where in it the pieces stand.
fn join(pieces: &[Piece<'_>], between: &str) -> Option<(String, Vec<Range<usize>>)> {
    if pieces.len() < 2 {
        return None;
    }
    let (mut joined, mut places) = (String::with_capacity(BYTES + pieces.len()), Vec::with_capacity(pieces.len()));
    for piece in pieces {
        if !joined.is_empty() {
            joined.push_str(between);
        }
        let start = joined.len();
        joined.push_str(piece.text);
        places.push(start..joined.len());
    }
    Some((joined, places))
}

/// The pieces that a span has a part of, and which part.
fn touched(places: &[Range<usize>], span: Span) -> impl DoubleEndedIterator<Item = (usize, Span)> {
    places.iter().enumerate().filter_map(move |(number, place)| {
        let start = place.start.max(span.start as usize);
        let end = place.end.min(span.end as usize);
        (start < end).then(|| (number, Span::new(start - place.start..end - place.start)))
    })
}

/// What was found, told by its place in the request; a rule that objected without this has said it already.
fn take_over(found: Verdicts, pieces: &[Piece<'_>], places: &[Range<usize>], verdicts: &mut Verdicts) {
    let place = |(number, part): (usize, Span)| {
        let Piece { segment, from, .. } = &pieces[number];
        let span = Span::new(part.start as usize + from..part.end as usize + from);
        Location {
            direction: Direction::Request,
            pointer: segment.pointer.clone(),
            inner_pointer: segment.inner_pointer.clone(),
            span,
        }
    };
    for mut violation in found.violations {
        let known = verdicts.violations.iter().any(|known| {
            (&known.policy, &known.rule, &known.detector_rule)
                == (&violation.policy, &violation.rule, &violation.detector_rule)
        });
        if !known {
            // Where it was completed.
            violation.location = violation.location.and_then(|at| touched(places, at.span).next_back()).map(place);
            verdicts.violations.push(violation);
        }
    }
    for ToMask { location, name, style, .. } in found.to_mask {
        let parts = touched(places, location.span);
        verdicts.to_mask.extend(parts.map(|part| ToMask {
            location: place(part),
            is_key: false,
            name: name.clone(),
            style,
        }));
    }
}
