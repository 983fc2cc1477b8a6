//! A payload with what was found in it made unreadable: one pass, and every byte outside the findings stays.
//!
//! JSON is not parsed and written again: that would change the order of keys, the form of numbers and which of two
//! equal keys survives. The raw bytes are walked to the literals that hold findings, and only those are rewritten.

mod edit;
mod error;
mod literal;
mod placeholder;
mod places;
mod walk;

use std::{fmt, str};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::error::MaskError;
use self::{
    edit::{Edit, Union},
    error::Shown,
    literal::Literal,
    placeholder::{Placeholders, Replacement},
    places::{Node, Places},
    walk::{Hit, Kind},
};
use crate::{
    domain::{exchange::Payload, finding::Span},
    extract,
};

/// What stands in place of a finding. Ordered by how little it tells: of overlapping findings the greatest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// `************1111`: the last four characters stay, of fewer than eight none.
    Partial,
    /// `[EMAIL:9f86d081]`: the same for the same value wherever the same key is in use.
    Hash,
    /// `[EMAIL_1]`: the same for the same value within one exchange.
    Label,
    /// Nothing.
    Remove,
}

/// One thing to mask.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Spot<'a> {
    /// As in the segment: RFC 6901, empty in a payload of plain text.
    pub pointer: &'a str,
    /// As in the segment: empty unless the string at `pointer` holds JSON.
    pub inner_pointer: &'a str,
    /// As in the segment: whether the key at the end of the pointer is meant, and not its value.
    pub is_key: bool,
    /// As in the finding: bytes of the unescaped string, without the segment's context.
    pub span: Span,
    /// Names the placeholder: what was found, for example `EMAIL`, or the detector that found it.
    pub entity: &'a str,
    pub style: Style,
}

impl fmt::Debug for Spot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pointer, inner_pointer, span, entity, style, .. } = self;
        write!(f, "Spot({}, {}..{}, {entity}, {style:?})", Shown { pointer, inner_pointer }, span.start, span.end)
    }
}

/// Masks the payloads of one exchange: a value has the same placeholder in its request and in its response.
#[derive(Debug)]
pub struct Masker {
    placeholders: Placeholders,
}

impl Masker {
    /// `key` is what [`Style::Hash`] depends on: without it nobody can try values until one fits.
    pub fn new(key: [u8; 32]) -> Self {
        Self { placeholders: Placeholders::new(key) }
    }

    /// As [`Self::mask_and_erase`], with nothing to erase.
    pub fn mask(&mut self, payload: &Payload, spots: &[Spot<'_>]) -> Result<Option<Payload>, MaskError> {
        self.mask_and_erase(payload, spots, &[])
    }

    /// None when nothing changed: no spots, or all of them are masked already.
    ///
    /// After an error no part of the payload may be taken for masked.
    ///
    /// A pointer does not always name one literal: of equal keys there are several. A spot is masked in every literal
    /// of its pointer that it fits.
    ///
    /// The values at the pointers of `erased` become null: what repeats a masked text in another form.
    pub fn mask_and_erase(
        &mut self,
        payload: &Payload,
        spots: &[Spot<'_>],
        erased: &[&str],
    ) -> Result<Option<Payload>, MaskError> {
        if spots.is_empty() && erased.is_empty() {
            return Ok(None);
        }
        let places = Places::of(spots, erased);
        let mut run = Run { placeholders: &mut self.placeholders, done: places.nothing_done(), places: &places };
        let masked = match payload {
            Payload::Text(text) => {
                let edits = run.text(places.node(Places::ROOT), text, Kind::String);
                edit::apply(text, &edits).map(Payload::Text)
            }
            Payload::Json(bytes) => {
                let text = str::from_utf8(bytes).map_err(|error| MaskError::NotJson { offset: error.valid_up_to() })?;
                let mut edits = Vec::new();
                for hit in walk::hits(text, &places, Places::ROOT)? {
                    run.literal(&hit, &mut edits);
                }
                edit::apply(text, &edits).map(|masked| Payload::Json(masked.into()))
            }
        };
        places.all_done(&run.done)?;
        Ok(masked)
    }
}

/// One call of [`Masker::mask`].
struct Run<'r> {
    placeholders: &'r mut Placeholders,
    places: &'r Places<'r>,
    done: places::Done,
}

impl Run<'_> {
    /// Edits of the document that `hit` is a literal of.
    fn literal(&mut self, hit: &Hit<'_>, edits: &mut Vec<Edit>) {
        let node = self.places.node(hit.node);
        if hit.kind == Kind::Whole {
            edits.push(Edit { range: hit.at..hit.at + hit.raw.len(), with: "null".to_owned() });
            return;
        }
        if hit.kind == Kind::Number {
            edits.extend(self.number(node, hit));
            return;
        }
        let mut within = self.text(node, &hit.text, hit.kind);
        if let (Some(inner), Kind::String) = (node.inner, hit.kind) {
            within = edit::join(within, self.inner(inner, &hit.text));
        }
        let mut literal = Literal::new(hit.raw);
        for Edit { range, with } in within {
            let range = hit.at + literal.raw_offset(range.start)..hit.at + literal.raw_offset(range.end);
            edits.push(Edit { range, with: literal::escape(with) });
        }
    }

    /// Edits of a string that holds text.
    fn text(&mut self, node: &Node<'_>, text: &str, kind: Kind) -> Vec<Edit> {
        let unions = edit::unions(node, text, kind == Kind::Key, &mut self.done);
        unions.into_iter().filter_map(|union| self.union(&union, text, kind)).collect()
    }

    /// None when it is masked already.
    fn union(&mut self, Union { range, strictest }: &Union<'_>, text: &str, kind: Kind) -> Option<Edit> {
        let style = match (kind, strictest.style) {
            // Two keys that lose what told them apart would be one, and a reader keeps one of their values.
            (Kind::Key, Style::Partial | Style::Remove) => Style::Label,
            (_, style) => style,
        };
        let value = &text[range.clone()];
        let Replacement { with, keep } = self.placeholders.replace(value, strictest.entity, style)?;
        let range = range.start..range.end - keep;
        (text[range.clone()] != with).then_some(Edit { range, with })
    }

    /// Edits of a string that holds JSON. When it holds none, its spots are not done here.
    fn inner(&mut self, root: usize, text: &str) -> Vec<Edit> {
        let mut edits = Vec::new();
        for hit in walk::hits(text, self.places, root).unwrap_or_default() {
            self.literal(&hit, &mut edits);
        }
        edits
    }

    /// Of a number no part can be masked: digits with stars between them are no JSON. All of it becomes a string.
    fn number(&mut self, node: &Node<'_>, hit: &Hit<'_>) -> Option<Edit> {
        // `4.1e15` is read as the integer that it is.
        let digits = extract::digits(hit.raw);
        let text = digits.as_deref().unwrap_or(hit.raw);
        let union = edit::unions(node, text, false, &mut self.done).into_iter().max_by(Union::by_strictness)?;
        let Spot { entity, style, .. } = union.strictest;
        let Replacement { with, keep } = self.placeholders.replace(text, entity, style)?;
        let kept = &text[text.len() - keep..];
        Some(Edit { range: hit.at..hit.at + hit.raw.len(), with: format!("\"{with}{kept}\"") })
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
