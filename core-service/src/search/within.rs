//! Whether a text has the words, where there is no index that could say it.

use rusqlite::{Connection, params};

use super::{Query, file::make_part, words};
use crate::record::StorageFault;

/// An index of one text at a time, in memory: what a word is, and which are the same but for case and accents, is said by the
/// tokenizer that reads for the file. Costs a text as much as it costs there.
#[derive(Debug)]
pub struct Within<'q> {
    connection: Connection,
    query: &'q Query,
}

impl<'q> Within<'q> {
    pub fn new(query: &'q Query) -> Result<Self, StorageFault> {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch(&make_part(1))?;
        Ok(Self { connection, query })
    }

    pub fn has(&self, text: &str) -> Result<bool, StorageFault> {
        self.connection
            .prepare_cached("INSERT INTO words_1 (rowid, said) VALUES (1, ?1)")?
            .execute(params![words::spaced(text)])?;
        let found: i64 = self
            .connection
            .prepare_cached("SELECT count(*) FROM words_1 WHERE words_1 MATCH ?1")?
            .query_row([self.query.matching()], |row| row.get(0))?;
        self.connection.prepare_cached("INSERT INTO words_1 (words_1) VALUES ('delete-all')")?.execute([])?;
        Ok(found > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_as_in_the_index_and_phrases_in_their_order() {
        for (asked, text, is_there) in [
            ("falcon grey", "The grey FALCON flies", true),
            ("\"falcon grey\"", "The grey FALCON flies", false),
            ("\"grey falcon\" flies", "The grey FALCON flies", true),
            ("falc", "The grey falcon flies", false),
            ("cafe", "Un caf\u{e9}, s'il vous pla\u{ee}t", true),
            ("ann@example.org", "write to ann, example, org", true),
            ("\u{6211}\u{4eec}", "\u{4e0d}\u{6211}\u{4eec}\u{662f}", true),
            ("falcon", "", false),
        ] {
            let query = Query::parse(asked).unwrap();
            let within = Within::new(&query).unwrap();
            assert_eq!(within.has(text), Ok(is_there), "{asked}");
            // What was looked at before is forgotten.
            assert_eq!(within.has("nothing of it"), Ok(false), "{asked}");
            assert_eq!(within.has(text), Ok(is_there), "{asked}");
        }
    }
}
