//! What says once more, in another form, what a text that has to be masked says: a choice's `logprobs`.

use super::ToMask;
use crate::domain::{
    exchange::Direction,
    segment::{Role, Segment},
};

/// A value that goes whole when what it repeats is masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    pub direction: Direction,
    pub pointer: String,
}

pub(super) fn of(segments: &[Segment<'_>], to_mask: &[ToMask]) -> Vec<Repeat> {
    if to_mask.is_empty() {
        return Vec::new();
    }
    let mut masked: Vec<(Direction, &str)> =
        to_mask.iter().map(|ToMask { location, .. }| (location.direction, location.pointer.as_str())).collect();
    masked.sort_unstable();
    let is_repeat = |segment: &&Segment<'_>| {
        let choice = segment.pointer.strip_suffix("logprobs").filter(|_| segment.role == Role::Media);
        choice.is_some_and(|choice| {
            let first = masked.partition_point(|place| *place < (segment.direction, choice));
            masked.get(first).is_some_and(|(side, pointer)| *side == segment.direction && pointer.starts_with(choice))
        })
    };
    let repeat = |segment: &Segment<'_>| Repeat { direction: segment.direction, pointer: segment.pointer.clone() };
    segments.iter().filter(is_repeat).map(repeat).collect()
}
