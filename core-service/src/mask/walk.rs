//! From raw JSON to the literals that spots name. Nothing is built: what no spot lies below is only stepped over.

use std::{borrow::Cow, fmt::Write as _};

use super::{MaskError, literal, places::Places};
use crate::domain::segment::is_name;

/// As deep as payloads are read at all.
const MAX_DEPTH: usize = 128;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Key,
    String,
    Number,
    /// Any value that is to be erased.
    Whole,
}

/// A literal that a node of the places names.
pub(super) struct Hit<'t> {
    pub(super) node: usize,
    pub(super) kind: Kind,
    /// Where `raw` begins in the document.
    pub(super) at: usize,
    /// As it stands there, without quotes.
    pub(super) raw: &'t str,
    pub(super) text: Cow<'t, str>,
}

/// In the order in which they stand in `document`, of which `root` is the place.
pub(super) fn hits<'t>(document: &'t str, places: &Places<'_>, root: usize) -> Result<Vec<Hit<'t>>, MaskError> {
    let mut walk = Walk { document, at: 0, places, hits: Vec::new(), step: String::new() };
    walk.value(Some(root), 0)?;
    match walk.next_token() {
        None => Ok(walk.hits),
        Some(_) => Err(walk.wrong()),
    }
}

struct Walk<'t, 'p> {
    document: &'t str,
    at: usize,
    places: &'p Places<'p>,
    hits: Vec<Hit<'t>>,
    /// A buffer: a step of a pointer.
    step: String,
}

impl<'t> Walk<'t, '_> {
    /// `node` is None where no spot lies below.
    fn value(&mut self, node: Option<usize>, depth: usize) -> Result<(), MaskError> {
        if let Some(erased) = node.filter(|&node| self.places.node(node).erased) {
            self.next_token();
            let at = self.at;
            self.value(None, depth)?;
            let raw = &self.document[at..self.at];
            if raw != "null" {
                self.hits.push(Hit { node: erased, kind: Kind::Whole, at, raw, text: Cow::Borrowed(raw) });
            }
            return Ok(());
        }
        match self.next_token() {
            Some(b'{') if depth < MAX_DEPTH => self.object(node, depth + 1),
            Some(b'[') if depth < MAX_DEPTH => self.array(node, depth + 1),
            Some(b'"') => {
                let (at, raw) = self.string()?;
                self.hit(node, Kind::String, at, raw)
            }
            Some(b'-' | b'0'..=b'9') => {
                let at = self.at;
                self.number()?;
                self.hit(node, Kind::Number, at, &self.document[at..self.at])
            }
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => Err(self.wrong()),
        }
    }

    fn object(&mut self, node: Option<usize>, depth: usize) -> Result<(), MaskError> {
        self.at += 1;
        if self.take(b'}') {
            return Ok(());
        }
        loop {
            if self.next_token() != Some(b'"') {
                return Err(self.wrong());
            }
            let (at, raw) = self.string()?;
            let child = match node {
                Some(node) => self.key(node, at, raw)?,
                None => None,
            };
            self.expect(b':')?;
            self.value(child, depth)?;
            if self.take(b'}') {
                return Ok(());
            }
            self.expect(b',')?;
        }
    }

    fn array(&mut self, node: Option<usize>, depth: usize) -> Result<(), MaskError> {
        self.at += 1;
        if self.take(b']') {
            return Ok(());
        }
        let mut index = 0_usize;
        loop {
            let child = node.and_then(|node| self.item(node, index));
            self.value(child, depth)?;
            if self.take(b']') {
                return Ok(());
            }
            self.expect(b',')?;
            index += 1;
        }
    }

    fn item(&mut self, node: usize, index: usize) -> Option<usize> {
        self.step.clear();
        // Writing to a String cannot fail.
        let _ = write!(self.step, "{index}");
        self.places.child(node, &self.step)
    }

    /// The node below a key. The key is a literal of that node itself when it is one that is read as text: see
    /// [`is_name`]. Any other key keeps its name, whatever was found in its value.
    fn key(&mut self, node: usize, at: usize, raw: &'t str) -> Result<Option<usize>, MaskError> {
        let key = literal::unescape(raw).ok_or(MaskError::NotJson { offset: at })?;
        let child = self.places.child(node, &key);
        if child.is_some() && !is_name(&key) {
            self.hit(child, Kind::Key, at, raw)?;
        }
        Ok(child)
    }

    fn hit(&mut self, node: Option<usize>, kind: Kind, at: usize, raw: &'t str) -> Result<(), MaskError> {
        let Some(node) = node.filter(|&node| self.places.node(node).is_wanted()) else { return Ok(()) };
        let text = if kind == Kind::Number {
            Cow::Borrowed(raw)
        } else {
            literal::unescape(raw).ok_or(MaskError::NotJson { offset: at })?
        };
        self.hits.push(Hit { node, kind, at, raw, text });
        Ok(())
    }

    /// Steps over a string and returns what stands between its quotes. Whether escapes mean anything is looked at
    /// only where a spot is.
    fn string(&mut self) -> Result<(usize, &'t str), MaskError> {
        self.at += 1;
        let start = self.at;
        loop {
            match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(b' '..) => self.at += 1,
                Some(_) | None => return Err(self.wrong()),
            }
        }
        let raw = self.document.get(start..self.at).ok_or_else(|| self.wrong())?;
        self.at += 1;
        Ok((start, raw))
    }

    fn number(&mut self) -> Result<(), MaskError> {
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        let leading_zero = self.byte() == Some(b'0');
        if self.digits()? > 1 && leading_zero {
            return Err(self.wrong());
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.byte(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<usize, MaskError> {
        let start = self.at;
        while matches!(self.byte(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.wrong()) } else { Ok(self.at - start) }
    }

    fn word(&mut self, word: &str) -> Result<(), MaskError> {
        if !self.document.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.wrong());
        }
        self.at += word.len();
        Ok(())
    }

    fn byte(&self) -> Option<u8> {
        self.document.as_bytes().get(self.at).copied()
    }

    /// Steps over white space and shows what follows it.
    fn next_token(&mut self) -> Option<u8> {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.byte()
    }

    fn take(&mut self, token: u8) -> bool {
        let found = self.next_token() == Some(token);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, token: u8) -> Result<(), MaskError> {
        if self.take(token) { Ok(()) } else { Err(self.wrong()) }
    }

    const fn wrong(&self) -> MaskError {
        MaskError::NotJson { offset: self.at }
    }
}
