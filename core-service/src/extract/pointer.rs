//! The path to where the walk stands, made a JSON pointer (RFC 6901) only where a segment needs one.

use std::fmt::Write as _;

/// Characters of a path in a message: a key can be as long as its document.
const SHOWN: usize = 128;

#[derive(Debug, Default)]
pub(super) struct Pointer {
    outer: String,
    /// Set while the walk is inside JSON that a string holds.
    inner: Option<String>,
}

impl Pointer {
    fn current(&mut self) -> &mut String {
        self.inner.as_mut().unwrap_or(&mut self.outer)
    }

    /// Runs `walk` one step down, by key.
    pub(super) fn key<T>(&mut self, key: &str, walk: impl FnOnce(&mut Self) -> T) -> T {
        let depth = self.current().len();
        let path = self.current();
        path.push('/');
        for c in key.chars() {
            match c {
                '~' => path.push_str("~0"),
                '/' => path.push_str("~1"),
                c => path.push(c),
            }
        }
        let result = walk(self);
        self.current().truncate(depth);
        result
    }

    /// Runs `walk` one step down, by index.
    pub(super) fn index<T>(&mut self, index: usize, walk: impl FnOnce(&mut Self) -> T) -> T {
        let depth = self.current().len();
        // Writing to a String cannot fail.
        let _ = write!(self.current(), "/{index}");
        let result = walk(self);
        self.current().truncate(depth);
        result
    }

    /// Runs `walk` inside the JSON that the string at this place holds. One level: a string within is text.
    pub(super) fn within<T>(&mut self, walk: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.inner.replace(String::new());
        let result = walk(self);
        self.inner = before;
        result
    }

    pub(super) const fn is_within(&self) -> bool {
        self.inner.is_some()
    }

    /// Bytes of both parts.
    pub(super) fn len(&self) -> usize {
        self.outer.len() + self.inner.as_ref().map_or(0, String::len)
    }

    /// For a message: its beginning.
    pub(super) fn shown(&self) -> String {
        match self.outer.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}…", &self.outer[..end]),
            None => self.outer(),
        }
    }

    pub(super) fn outer(&self) -> String {
        self.outer.clone()
    }

    pub(super) fn inner(&self) -> String {
        self.inner.clone().unwrap_or_default()
    }
}
