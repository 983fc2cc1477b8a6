//! One labelled text.

use serde::Deserialize;
use serde_json::error::Category;

#[derive(Deserialize)]
pub(super) struct Row {
    #[serde(default)]
    pub(super) id: serde_json::Value,
    pub(super) text: String,
    pub(super) label: u8,
    #[serde(default)]
    pub(super) source: String,
    #[serde(default)]
    pub(super) category: String,
    #[serde(default)]
    pub(super) kind: Option<String>,
    /// None where places are not labelled, which is not the same as none in the text.
    #[serde(default)]
    pub(super) spans: Option<Vec<Labelled>>,
}

/// A labelled place, in characters, half open.
#[derive(Deserialize)]
pub(super) struct Labelled {
    pub(super) start: usize,
    pub(super) end: usize,
    #[serde(rename = "type")]
    pub(super) kind: String,
}

/// The error says where in the line and never what: a parser's own words quote what it read.
pub(super) fn read(line: &[u8]) -> Result<Row, String> {
    let row: Row = serde_json::from_slice(line).map_err(|error| {
        let what = match error.classify() {
            Category::Data => "a field is missing or of another type",
            Category::Eof => "the JSON ends too early",
            Category::Syntax | Category::Io => "not JSON",
        };
        format!("{what} (column {})", error.column())
    })?;
    if row.label > 1 {
        return Err("the label is neither 0 nor 1".to_owned());
    }
    Ok(row)
}
