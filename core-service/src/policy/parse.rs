//! YAML to [`PolicyFile`], with problems that say where.

use serde_saphyr::{DuplicateKeyPolicy, Error};

use super::schema::PolicyFile;

/// Bytes of one policy file.
pub const MAX_BYTES: usize = 1 << 20;

/// What is wrong with a policy, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// From 1; 0 when not known.
    pub line: u32,
    pub column: u32,
    /// For example `rules[2].action`; empty when the text is not YAML.
    pub field: String,
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.line > 0 {
            write!(f, "line {}, column {}: ", self.line, self.column)?;
        }
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.message)
    }
}

pub fn parse(source: &str) -> Result<PolicyFile, Problem> {
    if source.len() > MAX_BYTES {
        let message = format!("larger than {MAX_BYTES} bytes");
        return Err(Problem { line: 0, column: 0, field: String::new(), message });
    }
    let mut options = serde_saphyr::Options::default();
    options.with_snippet = false;
    options.strict_booleans = true;
    options.duplicate_keys = DuplicateKeyPolicy::Error;
    let mut field = String::new();
    let parsed = serde_saphyr::with_deserializer_from_str_with_options(source, options, |deserializer| {
        serde_path_to_error::deserialize(deserializer).map_err(|error| {
            // `Spanned` adds a step of its own to the path of each item of a list.
            field = error.path().to_string().replace("].value", "]");
            error.into_inner()
        })
    });
    parsed.map_err(|error: Error| {
        let (line, column) = error.location().map_or((0, 0), |at| (narrow(at.line()), narrow(at.column())));
        let field = if field == "." { String::new() } else { field };
        Problem { line, column, field, message: bare(&error.to_string()) }
    })
}

/// The message without the position that stands in fields of its own.
fn bare(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    first.split(" at line ").next().unwrap_or(first).trim().to_owned()
}

pub(super) fn narrow(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
