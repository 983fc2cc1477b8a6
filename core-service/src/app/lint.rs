//! `portcullis-core policy …`: policies looked at from the command line.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{compose::StartError, settings::PolicyArgs};
use crate::{
    domain::{decision::Action, finding::Detector},
    policy::{
        compile::{self, Policy, PolicyRule},
        load::{self, Loader},
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
        #[command(flatten)]
        policies: PolicyArgs,
    },
    /// Prints the JSON schema of a policy file, for editors.
    Schema,
}

/// Ok is whether all is well.
pub fn run(command: &PolicyCommand, out: &mut impl Write) -> Result<bool, StartError> {
    match command {
        PolicyCommand::Lint { files } => lint(files, out),
        PolicyCommand::Show { name: None, policies } => list(policies.folder()?, out),
        PolicyCommand::Show { name: Some(name), policies } => show(name, policies.folder()?, out),
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
    // By folder too: a load reads one, and files of two folders may well share a name.
    let mut owners: BTreeMap<(Option<&Path>, Arc<str>), &Path> = BTreeMap::new();
    for file in files {
        let name = file.display();
        let source = fs::read_to_string(file).map_err(|error| StartError::Other(format!("{name}: {error}")))?;
        let path: &Path = file.strip_prefix(".").unwrap_or(file);
        let checked = compile::compile(&source).and_then(|policy| {
            let name = &policy.reference.name;
            let owner: &Path = owners.entry((path.parent(), Arc::clone(name))).or_insert(path);
            // A file that is given twice does not clash with itself.
            if owner == path { Ok(policy) } else { Err(vec![load::taken(name, &owner.display().to_string())]) }
        });
        match checked {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_two_files_of_a_folder_have_is_a_problem_as_in_a_load() {
        let folder = tempfile::tempdir().unwrap();
        let write = |file: &str, name: &str| {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, format!("name: {name}\nrules: []")).unwrap();
            path
        };
        let (a, b) = (write("a.yaml", "same"), write("b.yaml", "same"));
        let (c, elsewhere) = (write("c.yaml", "other"), write("more/a.yaml", "same"));
        let lint = |files: &[&PathBuf]| {
            let mut out = Vec::new();
            let files = files.iter().copied().cloned().collect();
            let all_well = run(&PolicyCommand::Lint { files }, &mut out).unwrap();
            (all_well, String::from_utf8(out).unwrap())
        };

        let (all_well, out) = lint(&[&a, &b, &c]);
        assert!(!all_well, "{out}");
        let lines: Vec<&str> = out.lines().collect();
        let clash = format!("{}: name: `same` is the name of the policy in {} too", b.display(), a.display());
        assert_eq!((lines.len(), lines[1]), (3, clash.as_str()));
        assert!(lines[0].contains("ok, policy `same`") && lines[2].contains("ok, policy `other`"), "{out}");

        let (all_well, out) = lint(&[&a, &a, &c, &elsewhere]);
        assert!(all_well, "{out}");
    }
}
