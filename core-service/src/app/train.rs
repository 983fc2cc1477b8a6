//! `portcullis-core train`: makes the weights of the classifiers from labelled texts and templates.
//!
//! Nothing is drawn but from the seed: the same files give the same bytes. What is reported is measured with whole sources
//! left out in turn, because texts of one source are alike: a figure from the same source flatters.

mod attack;
mod calibrate;
mod corpus;
mod draw;
mod extract;
mod harm;
mod report;
mod rows;
mod solver;
mod templates;
mod texts;

use std::{fs, io::Write, path::PathBuf};

use self::{corpus::Corpus, report::Report};
use super::compose::StartError;
use crate::classify::{
    lexicon,
    weights::{Header, VERSION, Weights},
};

#[derive(Debug, clap::Args)]
pub struct TrainArgs {
    /// Rows for attacks, one JSON object a line: `text`, `label` (1 for an attack), `source`, and `category` where it is
    /// known (`jailbreak`, `prompt_extraction`, `indirect_injection`, `prompt_injection` or words like them).
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    pub attacks: Vec<PathBuf>,
    /// Rows that are no attacks, whatever their labels say of something else.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    pub benign: Vec<PathBuf>,
    /// Rows for harm: `text` and `categories`, an object of 0 and 1 by name; a category that is missing is unlabelled.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    pub harm: Vec<PathBuf>,
    /// Sources that are kept out of training and measured once, at the end.
    #[arg(long, num_args = 1.., value_name = "NAME")]
    pub hold_out: Vec<String>,
    /// The folder with templates for texts that no data has.
    #[arg(long, value_name = "FOLDER", default_value = "core-service/training")]
    pub templates: PathBuf,
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where the weights go; the report goes beside them, with the ending `.json`.
    #[arg(long, value_name = "FILE", default_value = "core-service/src/classify/weights.bin")]
    pub out: PathBuf,
    /// Writes all texts about attacks for the training of the second stage, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    pub texts: Option<PathBuf>,
    /// Measures and writes no weights.
    #[arg(long)]
    pub dry_run: bool,
}

/// Ok is whether every line could be read.
pub fn run(args: &TrainArgs, out: &mut impl Write) -> Result<bool, StartError> {
    train(args, out).map_err(StartError::Other)
}

fn train(args: &TrainArgs, out: &mut impl Write) -> Result<bool, String> {
    let corpus = Corpus::gather(args)?;
    let say = |out: &mut dyn Write, line: &str| writeln!(out, "{line}").and_then(|()| out.flush());
    let failed = |error: std::io::Error| error.to_string();
    say(out, &corpus.summary()).map_err(failed)?;
    let attack::Trained { attack, kind, report: attacks, unseen } = attack::train(&corpus)?;
    say(out, &attacks.table()).map_err(failed)?;
    if let Some(file) = &args.texts {
        texts::write(file, &corpus, &unseen).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let (harm, harms) = harm::train(&corpus)?;
    say(out, &harms.table()).map_err(failed)?;
    let tables = vec![attack, kind, harm];
    let header = Header {
        version: VERSION,
        data: corpus.digest.clone(),
        seed: args.seed,
        texts: corpus.examples.len(),
        lexicon: lexicon::digest(),
        tables: tables.iter().map(|table| table.header.clone()).collect(),
    };
    let weights = Weights { header, tables };
    if !args.dry_run {
        let bytes = weights.write()?;
        let report =
            Report { data: &weights.header.data, lexicon: &weights.header.lexicon, seed: args.seed, attacks, harms };
        let text = serde_json::to_string_pretty(&report).map_err(|error| error.to_string())? + "\n";
        for (file, bytes) in [(args.out.clone(), bytes), (args.out.with_extension("json"), text.into_bytes())] {
            let name = file.display().to_string();
            fs::write(file, bytes).map_err(|error| format!("{name}: {error}"))?;
        }
    }
    Ok(corpus.bad_lines == 0)
}

#[cfg(test)]
mod tests;
