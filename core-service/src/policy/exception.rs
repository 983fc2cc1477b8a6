//! Exceptions clear findings that lie inside a known phrase. The phrase is never cut out: that would join what stood around
//! it, and hide what is hidden that way.

use aho_corasick::AhoCorasick;
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::schema::ExceptionFile;
use crate::domain::finding::Span;

#[derive(Debug, Clone)]
pub struct Exception {
    phrase: AhoCorasick,
    until: Option<Date>,
    rules: Vec<String>,
}

impl Exception {
    pub fn new(file: &ExceptionFile) -> Result<Self, String> {
        if !(3..=1000).contains(&file.phrase.trim().len()) {
            return Err("a phrase has 3 to 1000 bytes".to_owned());
        }
        let phrase = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build([file.phrase.trim()])
            .map_err(|error| error.to_string())?;
        Ok(Self { phrase, until: file.until, rules: file.rules.clone() })
    }

    pub fn holds_on(&self, today: Date) -> bool {
        self.until.is_none_or(|until| today <= until)
    }

    pub fn concerns(&self, rule: &str) -> bool {
        self.rules.is_empty() || self.rules.iter().any(|name| name == rule)
    }

    /// Where the phrase stands in a text.
    pub fn places<'a>(&'a self, text: &'a str) -> impl Iterator<Item = Span> + 'a {
        self.phrase.find_iter(text).map(|found| Span::new(found.range()))
    }
}

pub fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}
