//! Pointers as they are told. A key that is no name may be an address or a secret, and it stands in the pointer of all
//! that is below it: in whatever leaves the judge it is stars.
//!
//! The number behind the stars keeps the hidden keys of one object apart, since pointers alone tell which text a
//! finding is in. Each object counts for itself, in the order of reading: an answer that is recorded apart from its
//! conversation has the numbers that it has within it.

use std::{collections::HashMap, mem, ops::Range};

use super::judge::JudgeError;
use crate::{
    domain::{
        decision::Violation,
        exchange::Direction,
        segment::{Segment, is_name},
    },
    extract::Unreadable,
};

/// As many for every key: their number would tell its length.
const STARS: &str = "***";
/// Digits of an array's index that is told. A longer number may as well be a key, and a code or an account.
const INDEX_DIGITS: usize = 5;

fn is_told(step: &str) -> bool {
    let is_index = || !step.starts_with('0') && step.bytes().all(|byte| byte.is_ascii_digit());
    is_name(step) || step.len() <= INDEX_DIGITS && is_index()
}

/// The steps that are not told, each with the slash before it. What is escaped is no name either way.
fn hidden(path: &str) -> impl Iterator<Item = Range<usize>> {
    let step = move |(slash, _): (usize, &str)| {
        let start = slash + 1;
        slash..path[start..].find('/').map_or(path.len(), |end| start + end)
    };
    path.match_indices('/').map(step).filter(move |step| !is_told(&path[step.start + 1..step.end]))
}

fn is_hiding(path: &str) -> bool {
    hidden(path).next().is_some()
}

/// Hides what is not told in pointers, outer and inner, that lead to these segments or to what holds them. Without such
/// a step nothing is allocated; with one it costs a walk over all pointers of the segments.
pub(super) fn hide<'p>(places: impl Iterator<Item = (Direction, [&'p mut String; 2])>, segments: &[Segment<'_>]) {
    let places: Vec<_> = places.filter(|(_, paths)| paths.iter().any(|path| is_hiding(path))).collect();
    if places.is_empty() {
        return;
    }
    let numbers = Numbers::of(segments);
    for (direction, [pointer, inner_pointer]) in places {
        let within = numbers.tell(root(direction), pointer);
        numbers.tell(within, inner_pointer);
    }
}

/// The same where violations are said to be.
pub(super) fn violations(violations: &mut [Violation], segments: &[Segment<'_>]) {
    let places = violations.iter_mut().filter_map(|violation| violation.location.as_mut());
    hide(places.map(|at| (at.direction, [&mut at.pointer, &mut at.inner_pointer])), segments);
}

/// The error of a payload of which there are no segments, and so no numbers.
pub(super) fn unreadable(direction: Direction, mut cause: Unreadable) -> JudgeError {
    Numbers::default().tell(root(direction), &mut cause.pointer);
    JudgeError::Unreadable { direction, cause }
}

/// A hidden step, or the JSON that a string holds, by its number in [`Numbers`]; the payloads are the first.
type Node = usize;

const PAYLOADS: Node = 2;
const NOWHERE: Node = usize::MAX;

const fn root(direction: Direction) -> Node {
    match direction {
        Direction::Request => 0,
        Direction::Response => 1,
    }
}

#[derive(Clone, Copy)]
struct Step {
    node: Node,
    /// Of the hidden keys of its object, from 1.
    number: usize,
}

#[derive(Default)]
struct Numbers<'s> {
    /// By the node above and the path from there, which ends in the hidden step.
    steps: HashMap<(Node, &'s str), Step>,
    /// How many hidden keys an object has: by the node above and the path from there.
    keys: HashMap<(Node, &'s str), usize>,
}

/// The path that was walked last, with its nodes and where they end. The next has most of it in common: without this, a
/// deep path above many values would be looked up step by step for each of them.
#[derive(Default)]
struct Trail<'s> {
    root: Node,
    path: &'s str,
    nodes: Vec<(usize, Node)>,
}

impl<'s> Numbers<'s> {
    fn of(segments: &'s [Segment<'_>]) -> Self {
        let mut numbers = Self::default();
        let (mut outer, mut inner) = (Trail::default(), Trail::default());
        for segment in segments {
            let (above, below) = numbers.walk(root(segment.direction), &segment.pointer, &mut outer);
            if is_hiding(&segment.inner_pointer) {
                let within = numbers.node(above, below, below);
                numbers.walk(within, &segment.inner_pointer, &mut inner);
            }
        }
        numbers
    }

    /// The last node on a path, and what of the path is below it.
    fn walk(&mut self, root: Node, path: &'s str, last: &mut Trail<'s>) -> (Node, &'s str) {
        let alike = last.path.bytes().zip(path.bytes()).take_while(|(a, b)| a == b).count();
        let alike = if last.root == root { alike } else { 0 };
        let is_shared = |end: usize| end <= alike && matches!(path.as_bytes().get(end), None | Some(b'/'));
        let shared = last.nodes.partition_point(|&(end, _)| is_shared(end));
        last.nodes.truncate(shared);
        (last.root, last.path) = (root, path);
        let (mut from, mut above) = last.nodes.last().copied().unwrap_or((0, root));
        let known = from;
        for step in hidden(&path[known..]) {
            let (start, end) = (known + step.start, known + step.end);
            above = self.node(above, &path[from..start], &path[from..end]);
            from = end;
            last.nodes.push((end, above));
        }
        (above, &path[from..])
    }

    /// The node at a path from another, new where it is not known; `object` is the path to what it is a key of.
    fn node(&mut self, above: Node, object: &'s str, path: &'s str) -> Node {
        let Self { steps, keys } = self;
        let node = PAYLOADS + steps.len();
        let new = || {
            let number = keys.entry((above, object)).or_default();
            *number += 1;
            Step { node, number: *number }
        };
        steps.entry((above, path)).or_insert_with(new).node
    }

    /// Hides what is not told in a path from a root. The answer is the root of the JSON in the string that is there.
    fn tell(&self, root: Node, path: &mut String) -> Node {
        let exact = mem::take(path);
        let (mut from, mut above) = (0, root);
        for step in hidden(&exact) {
            let known = self.steps.get(&(above, &exact[from..step.end]));
            path.push_str(&exact[from..=step.start]);
            path.push_str(STARS);
            if let Some(Step { number, .. }) = known {
                path.push_str(&number.to_string());
            }
            above = known.map_or(NOWHERE, |known| known.node);
            from = step.end;
        }
        path.push_str(&exact[from..]);
        self.steps.get(&(above, &exact[from..])).map_or(NOWHERE, |within| within.node)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

    use super::*;
    use crate::{domain::exchange::Payload, extract};

    /// Where the segments are said to be.
    fn told(segments: &[Segment<'_>]) -> Vec<[String; 2]> {
        let paths = |segment: &Segment<'_>| [segment.pointer.clone(), segment.inner_pointer.clone()];
        let mut places: Vec<_> = segments.iter().map(|segment| (segment.direction, paths(segment))).collect();
        hide(places.iter_mut().map(|(direction, paths)| (*direction, paths.each_mut())), segments);
        places.into_iter().map(|(_, paths)| paths).collect()
    }

    /// The places in a document, each once where it comes several times in a row.
    fn told_of(document: &str) -> Vec<String> {
        let payload = Payload::Json(document.to_owned().into());
        let segments = extract::extract(Direction::Request, &payload).unwrap().segments;
        let mut told: Vec<String> = told(&segments).iter().map(|paths| paths.concat()).collect();
        told.dedup();
        told
    }

    #[test]
    fn names_and_small_numbers_are_told_and_nothing_else() {
        for step in ["", "0", "12345", "messages", "tool_calls", "$defs", "x-request-id"] {
            assert!(is_told(step), "{step}");
        }
        for step in ["ann@example.org", "Ann Smith", "a~1b", "***1", "123456", "01234", "AKIA3XQ7ZP5LMV2RTB4N", "é"] {
            assert!(!is_told(step), "{step}");
        }
    }

    #[test]
    fn hidden_keys_are_counted_in_each_object() {
        let document = r#"{
            "a": {"ann@example.org": {"bob@example.org": "x y", "id": "x y"}, "bob@example.org": ["x y", "x y"]},
            "b": {"bob@example.org": {"to": {"ann@example.org": "x y"}}},
            "list": ["x y"]
        }"#;
        let expected = [
            "/a/***1/***1",
            "/a/***1/id",
            "/a/***1",
            "/a/***2/0",
            "/a/***2/1",
            "/a/***2",
            "/b/***1/to/***1",
            "/b/***1",
            "/list/0",
        ];
        assert_eq!(told_of(document), expected);
    }

    #[test]
    fn a_key_that_comes_twice_has_one_number() {
        let document = r#"{
            "a": {"ann@example.org": "x y"},
            "b": "x y",
            "a": {"bob@example.org": "x y", "ann@example.org": "x y"}
        }"#;
        assert_eq!(told_of(document), ["/a/***1", "/b", "/a/***2", "/a/***1"]);
    }

    #[test]
    fn keys_of_arguments_are_counted_in_each_string() {
        let arguments = r#"{\"to\": {\"ann@example.org\": \"x y\", \"bob@example.org\": \"x y\"}}"#;
        let call = format!(r#"{{"function": {{"arguments": "{arguments}"}}}}"#);
        let document = format!(r#"{{"messages": [{{"role": "assistant", "tool_calls": [{call}, {call}]}}]}}"#);
        let place = |call: usize, key: usize| format!("/messages/0/tool_calls/{call}/function/arguments/to/***{key}");
        assert_eq!(told_of(&document), [place(0, 1), place(0, 2), place(1, 1), place(1, 2)]);
    }

    #[test]
    fn an_error_tells_no_key() {
        let pointer = "/a/ann@example.org/b/ann@exam\u{2026}".to_owned();
        let JudgeError::Unreadable { cause, .. } =
            unreadable(Direction::Request, Unreadable { pointer, message: String::new() })
        else {
            panic!("another error")
        };
        assert_eq!(cause.pointer, "/a/***/b/***");
    }

    const KEYS: [&str; 8] = ["a", "b", "0", "123456", "ann@example.org", "bob@example.org", "***1", "a~1b"];

    proptest! {
        #![proptest_config(proptest::test_runner::Config { cases: 128, failure_persistence: None, ..Default::default() })]
        /// Whatever the order: two places are told alike when they are one, and no hidden key stays.
        #[test]
        fn what_is_apart_is_told_apart(paths in prop::collection::vec(
            (prop::bool::ANY, prop::collection::vec(0..KEYS.len(), 0..4), prop::collection::vec(0..KEYS.len(), 0..3)),
            1..24,
        )) {
            let path = |steps: &[usize]| steps.iter().map(|&step| format!("/{}", KEYS[step])).collect::<String>();
            let segments: Vec<Segment<'_>> = paths
                .iter()
                .map(|(asks, outer, inner)| Segment {
                    direction: if *asks { Direction::Request } else { Direction::Response },
                    pointer: path(outer),
                    inner_pointer: path(inner),
                    ..Segment::bare("x")
                })
                .collect();
            let exact: Vec<_> = segments.iter().map(|one| (one.direction, &one.pointer, &one.inner_pointer)).collect();
            let told: Vec<_> = segments.iter().map(|one| one.direction).zip(told(&segments)).collect();
            for (one, one_told) in exact.iter().zip(&told) {
                for (other, other_told) in exact.iter().zip(&told) {
                    prop_assert_eq!(one_told == other_told, one == other, "{:?} {:?}", one_told, other_told);
                }
                let all = one_told.1.concat();
                prop_assert!(!["@", "~", "123456"].iter().any(|part| all.contains(part)), "{}", all);
            }
        }
    }
}
