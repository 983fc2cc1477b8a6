//! The spots of one payload as a tree of their pointers, so that a walk knows at each step what is below it.

use std::{borrow::Cow, collections::BTreeMap};

use super::{MaskError, Spot};

/// An arena: a pointer may be deep, and a tree of boxes would be dropped by recursion.
pub(super) struct Places<'s> {
    nodes: Vec<Node<'s>>,
}

#[derive(Default)]
pub(super) struct Node<'s> {
    children: BTreeMap<Cow<'s, str>, usize>,
    /// By their start, none twice.
    pub(super) spots: Vec<Spot<'s>>,
    /// The number of the first spot here: what [`Done`] counts by.
    first: usize,
    /// The root of the places within the JSON that the string here holds.
    pub(super) inner: Option<usize>,
    /// Whether the value here goes, whatever it is.
    pub(super) erased: bool,
}

/// Which spots fitted a literal.
pub(super) struct Done(Vec<bool>);

impl Done {
    pub(super) fn mark(&mut self, node: &Node<'_>, index: usize) {
        if let Some(done) = self.0.get_mut(node.first + index) {
            *done = true;
        }
    }

    fn has(&self, node: &Node<'_>, index: usize) -> bool {
        self.0.get(node.first + index).is_some_and(|&done| done)
    }
}

impl Node<'_> {
    pub(super) const fn is_wanted(&self) -> bool {
        !self.spots.is_empty() || self.inner.is_some()
    }
}

impl<'s> Places<'s> {
    pub(super) const ROOT: usize = 0;

    pub(super) fn of(spots: &[Spot<'s>], erased: &[&'s str]) -> Self {
        let mut places = Self { nodes: vec![Node::default()] };
        for pointer in erased {
            let node = places.descend(Self::ROOT, pointer);
            places.nodes[node].erased = true;
        }
        for &spot in spots {
            let mut node = places.descend(Self::ROOT, spot.pointer);
            if !spot.inner_pointer.is_empty() {
                let inner = places.nodes[node].inner;
                let root = inner.unwrap_or_else(|| places.add());
                places.nodes[node].inner = Some(root);
                node = places.descend(root, spot.inner_pointer);
            }
            places.nodes[node].spots.push(spot);
        }
        let mut first = 0;
        for node in &mut places.nodes {
            // Of equal keys each finding comes with the same pointer, and often with the same span. Without this
            // the work would be the number of literals times the number of findings.
            node.spots.sort_unstable_by_key(|spot| (spot.span, spot.style, spot.entity, spot.is_key));
            node.spots.dedup();
            node.first = first;
            first += node.spots.len();
        }
        places
    }

    pub(super) fn node(&self, index: usize) -> &Node<'s> {
        &self.nodes[index]
    }

    /// One step down, to a place that has spots or leads to some.
    pub(super) fn child(&self, node: usize, step: &str) -> Option<usize> {
        self.nodes[node].children.get(step).copied()
    }

    pub(super) fn nothing_done(&self) -> Done {
        Done(vec![false; self.nodes.iter().map(|node| node.spots.len()).sum()])
    }

    /// An error that names the first spot that fitted no literal.
    pub(super) fn all_done(&self, done: &Done) -> Result<(), MaskError> {
        for node in &self.nodes {
            if let Some(index) = (0..node.spots.len()).find(|&index| !done.has(node, index)) {
                return Err(MaskError::unfit(&node.spots[index]));
            }
        }
        Ok(())
    }

    fn add(&mut self) -> usize {
        self.nodes.push(Node::default());
        self.nodes.len() - 1
    }

    fn descend(&mut self, root: usize, pointer: &'s str) -> usize {
        let Some(steps) = pointer.strip_prefix('/') else {
            // What is no pointer leads nowhere: to a node without a parent.
            return if pointer.is_empty() { root } else { self.add() };
        };
        let mut node = root;
        for step in steps.split('/').map(unescape) {
            node = match self.nodes[node].children.get(&step) {
                Some(&child) => child,
                None => {
                    let child = self.add();
                    self.nodes[node].children.insert(step, child);
                    child
                }
            };
        }
        node
    }
}

/// A step of an RFC 6901 pointer: first `~1`, then `~0`, so that `~01` is `~1`.
fn unescape(step: &str) -> Cow<'_, str> {
    if step.contains('~') { Cow::Owned(step.replace("~1", "/").replace("~0", "~")) } else { Cow::Borrowed(step) }
}
