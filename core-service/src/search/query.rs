//! What is asked for, in words: parsed here, so that nothing of FTS5's own language is ever reached.

use super::words;

/// Of one query.
const WORDS: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQuery {
    #[error("has no word in it")]
    Empty,
    #[error("has more than {WORDS} words; each character of Chinese, Japanese or Thai is one")]
    TooMany,
}

/// Words that must all be there, and phrases, whose words must follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// FTS5's: texts in quotes with spaces between, of letters, digits, spaces and what is not ASCII.
    matching: String,
}

impl Query {
    /// `"` begins and ends a phrase; a last one that is not ended goes to the end. Other signs divide words, and words that
    /// only signs divide are a phrase: `a-b` is what `"a b"` is.
    pub fn parse(text: &str) -> Result<Self, InvalidQuery> {
        let (mut matching, mut count) = (String::new(), 0);
        for (place, piece) in text.split('"').enumerate() {
            let terms: Vec<&str> = if place % 2 == 1 { vec![piece] } else { piece.split_whitespace().collect() };
            for term in terms {
                let term = words::spaced(term);
                let plain: String =
                    term.chars().map(|character| if is_of_a_word(character) { character } else { ' ' }).collect();
                if !plain.chars().any(char::is_alphanumeric) {
                    continue;
                }
                count += plain.split(' ').filter(|word| !word.is_empty()).count();
                if count > WORDS {
                    return Err(InvalidQuery::TooMany);
                }
                matching.push_str(if matching.is_empty() { "\"" } else { " \"" });
                matching.push_str(plain.trim());
                matching.push('"');
            }
        }
        if matching.is_empty() { Err(InvalidQuery::Empty) } else { Ok(Self { matching }) }
    }

    pub(super) fn matching(&self) -> &str {
        &self.matching
    }
}

/// What is not ASCII is left to the tokenizer, which reads a mark together with its letter.
fn is_of_a_word(character: char) -> bool {
    if character.is_ascii() {
        character.is_ascii_alphanumeric()
    } else {
        !character.is_whitespace() && !character.is_control()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn words_and_phrases_are_quoted_and_signs_are_spaces() {
        for (text, matching) in [
            ("red car", r#""red" "car""#),
            (r#"a "red car" b"#, r#""a" "red car" "b""#),
            (r#"an "open end"#, r#""an" "open end""#),
            ("ann@example.org", r#""ann example org""#),
            ("NEAR(a b) OR text:c* ^d -e", r#""NEAR a" "b" "OR" "text c" "d" "e""#),
            ("\u{6211}\u{4eec}", "\"\u{6211}  \u{4eec}\""),
        ] {
            assert_eq!(Query::parse(text).unwrap().matching(), matching);
        }
        for text in ["", " ", "\"", "\"\" * -", "\u{2014}"] {
            assert_eq!(Query::parse(text), Err(InvalidQuery::Empty), "{text:?}");
        }
        assert_eq!(Query::parse(&"a ".repeat(33)), Err(InvalidQuery::TooMany));
    }

    proptest! {
        /// Whatever is asked, FTS5 understands it.
        #[test]
        fn no_text_is_an_error_of_syntax(text in "\\PC{0,60}|[\"*^():+\\-{}\0 a-cA-Z]{0,60}") {
            let connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(super::super::file::PART_FOR_TESTS).unwrap();
            if let Ok(query) = Query::parse(&text) {
                let found: i64 = connection
                    .query_row("SELECT count(*) FROM words_1 WHERE words_1 MATCH ?1", [query.matching()], |row| row.get(0))
                    .unwrap();
                prop_assert_eq!(found, 0);
            }
        }
    }
}
