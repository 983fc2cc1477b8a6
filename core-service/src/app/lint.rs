//! `portcullis-core policy …`: policies looked at from the command line.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
};

use super::compose::StartError;
use crate::{
    domain::{decision::Action, finding::Detector},
    policy::{
        compile::{self, Policy, PolicyRule},
        load::Loader,
        schema,
    },
};

#[derive(Debug, clap::Subcommand)]
pub enum PolicyCommand {
    /// Checks policy files as a load would. Exit status 1 when one is broken.
    Lint {
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Lists the policies that a folder puts in force, or prints one of them.
    Show {
        name: Option<String>,
        #[arg(long, env = "PORTCULLIS_POLICIES_DIR", value_name = "FOLDER", default_value = "./policies")]
        policies_dir: PathBuf,
    },
    /// Prints the JSON schema of a policy file, for editors.
    Schema,
}

/// Ok is whether all is well.
pub fn run(command: &PolicyCommand, out: &mut impl Write) -> Result<bool, StartError> {
    match command {
        PolicyCommand::Lint { files } => lint(files, out),
        PolicyCommand::Show { name: None, policies_dir } => list(policies_dir.clone(), out),
        PolicyCommand::Show { name: Some(name), policies_dir } => show(name, policies_dir.clone(), out),
        PolicyCommand::Schema => serde_json::to_string_pretty(&schema::json_schema())
            .map_err(io::Error::from)
            .and_then(|json| writeln!(out, "{json}"))
            .map(|()| true)
            .map_err(failed),
    }
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: io::Error) -> StartError {
    StartError::Other(error.to_string())
}

fn lint(files: &[PathBuf], out: &mut impl Write) -> Result<bool, StartError> {
    let mut all_well = true;
    for file in files {
        let name = file.display();
        let source = fs::read_to_string(file).map_err(|error| StartError::Other(format!("{name}: {error}")))?;
        match compile::compile(&source) {
            Ok(policy) => {
                writeln!(out, "{name}: ok, policy `{}`, {} rules", policy.reference.name, policy.rules.len())
                    .map_err(failed)?;
                for note in notes(&policy) {
                    writeln!(out, "{name}: note: {note}").map_err(failed)?;
                }
            }
            Err(problems) => {
                all_well = false;
                for problem in problems {
                    writeln!(out, "{name}: {problem}").map_err(failed)?;
                }
            }
        }
    }
    Ok(all_well)
}

/// What a policy may say and can hardly mean.
fn notes(policy: &Policy) -> Vec<String> {
    let judged = [Detector::PromptInjection, Detector::Harm, Detector::DeniedTopics];
    let pointless = policy.rules.iter().filter(|rule| rule.action == Action::Mask && judged.contains(&rule.detector));
    let note = |rule: &PolicyRule| {
        let (name, detector) = (&rule.name, rule.detector.as_str());
        format!(
            "rule `{name}` masks what `{detector}` finds: a classifier judges a passage, and masking the words that weighed most leaves the rest; block or alert"
        )
    };
    pointless.map(note).collect()
}

fn list(policies_dir: PathBuf, out: &mut impl Write) -> Result<bool, StartError> {
    let (_, generation) = Loader::new(policies_dir).map_err(StartError::Policies)?;
    for status in &generation.statuses {
        let file = if status.file.is_empty() { "built in" } else { &status.file };
        match status.state.loaded() {
            Some(loaded) => writeln!(out, "{}\t{file}\t{}", status.name, loaded.policy.description).map_err(failed)?,
            None => writeln!(out, "-\t{file}\tNOT LOADED").map_err(failed)?,
        }
        for problem in &status.problems {
            writeln!(out, "\t\t{problem}").map_err(failed)?;
        }
    }
    Ok(generation.statuses.iter().all(|status| status.state.is_active()))
}

fn show(name: &str, policies_dir: PathBuf, out: &mut impl Write) -> Result<bool, StartError> {
    let (_, generation) = Loader::new(policies_dir).map_err(StartError::Policies)?;
    let bound =
        generation.set.get(name).ok_or_else(|| StartError::Policies(format!("no policy named `{name}` is loaded")))?;
    out.write_all(bound.policy.source.as_bytes()).map_err(failed)?;
    Ok(true)
}
