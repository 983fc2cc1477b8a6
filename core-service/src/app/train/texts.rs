//! The texts about attacks, for the second stage, which learns elsewhere.

use std::{
    collections::HashMap,
    fs::File,
    io::{BufWriter, Write as _},
    ops::Range,
    path::Path,
    ptr,
};

use serde::Serialize;

use super::corpus::{Corpus, Example, Part};
use crate::classify::head::Head;

#[derive(Serialize)]
struct Text<'a> {
    text: &'a str,
    label: u8,
    source: &'a str,
    part: &'static str,
    kind: Option<&'static str>,
    /// The bytes of the attack, when they are known.
    within: Option<[usize; 2]>,
    /// What a first stage that did not know the source makes of it.
    margin: Option<f64>,
}

pub(super) fn write(file: &Path, corpus: &Corpus, unseen: &[(&Example, f64)]) -> std::io::Result<()> {
    let margins: HashMap<*const Example, f64> =
        unseen.iter().map(|(row, margin)| (ptr::from_ref(*row), *margin)).collect();
    let mut out = BufWriter::new(File::create(file)?);
    // Texts about harm are neither attacks nor ordinary.
    let told = corpus.examples.iter().filter(|row| row.part != Part::Harm && row.harms.iter().all(Option::is_none));
    for row in told {
        let text = Text {
            text: &row.text,
            label: u8::from(row.attack),
            source: &row.source,
            part: row.part.as_str(),
            kind: row.kind.map(Head::entity),
            within: row.within.as_ref().map(|Range { start, end }| [*start, *end]),
            margin: margins.get(&ptr::from_ref(row)).copied(),
        };
        serde_json::to_writer(&mut out, &text)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}
