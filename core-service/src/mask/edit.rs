//! Spans merged to unions, and edits applied to a text.

use std::{
    cmp::{Ordering, Reverse},
    ops::Range,
};

use super::{
    Spot,
    places::{Done, Node},
};

/// Spots that overlap or touch: one placeholder for all of them.
pub(super) struct Union<'s> {
    pub(super) range: Range<usize>,
    /// Whose style and entity count.
    pub(super) strictest: Spot<'s>,
}

impl Union<'_> {
    pub(super) fn by_strictness(a: &Self, b: &Self) -> Ordering {
        by_strictness(&a.strictest, &b.strictest)
    }
}

/// The style that tells least, then the longest span. What follows only makes the order total.
fn by_strictness(a: &Spot<'_>, b: &Spot<'_>) -> Ordering {
    let rank = |spot: &Spot<'_>| (spot.style, spot.span.end - spot.span.start, Reverse(spot.span.start));
    rank(a).cmp(&rank(b)).then_with(|| b.entity.cmp(a.entity))
}

/// The spots that fit `text`, a key or a value, merged. Only what fits is merged: of two equal keys the shorter text must not stay
/// as it was because the union reaches beyond it.
pub(super) fn unions<'s>(node: &Node<'s>, text: &str, is_key: bool, done: &mut Done) -> Vec<Union<'s>> {
    let mut unions: Vec<Union<'s>> = Vec::new();
    for (index, &spot) in node.spots.iter().enumerate() {
        let range = spot.span.start as usize..spot.span.end as usize;
        if range.start >= text.len() {
            break;
        }
        if spot.is_key != is_key || range.is_empty() || text.get(range.clone()).is_none() {
            continue;
        }
        done.mark(node, index);
        match unions.last_mut() {
            Some(last) if range.start <= last.range.end => {
                last.range.end = last.range.end.max(range.end);
                if by_strictness(&spot, &last.strictest).is_gt() {
                    last.strictest = spot;
                }
            }
            _ => unions.push(Union { range, strictest: spot }),
        }
    }
    unions
}

pub(super) struct Edit {
    pub(super) range: Range<usize>,
    pub(super) with: String,
}

/// Two lists of edits of one text. Where they overlap, the union is replaced by both placeholders.
pub(super) fn join(mut edits: Vec<Edit>, more: Vec<Edit>) -> Vec<Edit> {
    if more.is_empty() {
        return edits;
    }
    edits.extend(more);
    edits.sort_by_key(|edit| edit.range.start);
    let mut joined: Vec<Edit> = Vec::with_capacity(edits.len());
    for edit in edits {
        match joined.last_mut() {
            Some(last) if edit.range.start < last.range.end => {
                last.range.end = last.range.end.max(edit.range.end);
                last.with.push_str(&edit.with);
            }
            _ => joined.push(edit),
        }
    }
    joined
}

/// `text` with its edits, which are in order and apart. None when there are none.
pub(super) fn apply(text: &str, edits: &[Edit]) -> Option<String> {
    if edits.is_empty() {
        return None;
    }
    let added: usize = edits.iter().map(|edit| edit.with.len()).sum();
    let mut edited = String::with_capacity(text.len() + added);
    let mut at = 0;
    for Edit { range, with } in edits {
        edited.push_str(&text[at..range.start]);
        edited.push_str(with);
        at = range.end;
    }
    edited.push_str(&text[at..]);
    Some(edited)
}
