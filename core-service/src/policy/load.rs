//! The policies folder: every file read and compiled, the last good version of a broken one kept.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;

use super::{
    compile::{self, Policy},
    live::{Generation, Loaded, PolicyStatus, State},
    parse::{MAX_BYTES, Problem},
    set::PolicySet,
};

/// In force unless a file names another policy `default`.
pub const BUILT_IN: &str = include_str!("../../../policies/default.yaml");

/// Files of one folder.
const MAX_FILES: usize = 1000;

/// What was read of the folder, to be compared with what is read next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sources {
    /// There is no folder.
    Missing,
    /// The folder cannot be read.
    Unreadable(String),
    /// Each file's text, or why it cannot be read.
    Files(BTreeMap<String, Result<String, String>>),
}

pub fn read(folder: &Path) -> Sources {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Sources::Missing,
        Err(error) => return Sources::Unreadable(error.to_string()),
    };
    let mut files = BTreeMap::new();
    for entry in entries.flatten() {
        let path = entry.path();
        let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        let Some(name) =
            path.file_name().and_then(|name| name.to_str()).filter(|name| is_yaml && !name.starts_with('.'))
        else {
            continue;
        };
        if files.len() == MAX_FILES {
            return Sources::Unreadable(format!("more than {MAX_FILES} policy files"));
        }
        files.insert(name.to_owned(), read_file(&path));
    }
    Sources::Files(files)
}

fn read_file(path: &Path) -> Result<String, String> {
    let size = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > MAX_BYTES as u64 {
        return Err(format!("larger than {MAX_BYTES} bytes"));
    }
    fs::read_to_string(path).map_err(|error| error.to_string())
}

/// Makes generations of one folder, each with what the last one knew.
#[derive(Debug)]
pub struct Loader {
    folder: PathBuf,
    sources: Sources,
    /// By file.
    good: BTreeMap<String, Loaded>,
    built_in: Loaded,
}

impl Loader {
    pub fn new(folder: PathBuf) -> Result<(Self, Generation), String> {
        let built_in = compile::compile(BUILT_IN).map_err(|problems| {
            problems.first().map_or_else(String::new, |problem| format!("the built-in policy: {problem}"))
        })?;
        let built_in = Loaded { policy: Arc::new(built_in), at: Timestamp::now() };
        let sources = read(&folder);
        let mut loader = Self { folder, sources, good: BTreeMap::new(), built_in };
        let generation = loader.generation()?;
        Ok((loader, generation))
    }

    /// A new generation when the folder changed.
    pub fn reload(&mut self) -> Option<Result<Generation, String>> {
        let sources = read(&self.folder);
        if sources == self.sources {
            return None;
        }
        self.sources = sources;
        Some(self.generation())
    }

    fn generation(&mut self) -> Result<Generation, String> {
        let mut statuses = match &self.sources {
            Sources::Files(files) => {
                let files = files.clone();
                self.good.retain(|file, _| files.contains_key(file));
                files.into_iter().map(|(file, text)| self.load(file, text)).collect()
            }
            // A folder that went away is an accident of a mount, not the wish to have no policies.
            Sources::Missing if self.good.is_empty() => Vec::new(),
            Sources::Missing => self.all_stale("the policies folder is gone"),
            Sources::Unreadable(why) => self.all_stale(why),
        };
        refuse_doubles(&mut statuses);
        let named_default = |status: &PolicyStatus| status.name == *self.built_in.policy.reference.name;
        if !statuses.iter().any(|status| named_default(status) && status.state.loaded().is_some()) {
            statuses.insert(
                0,
                PolicyStatus {
                    name: self.built_in.policy.reference.name.to_string(),
                    file: String::new(),
                    state: State::Active(self.built_in.clone()),
                    problems: Vec::new(),
                },
            );
        }
        let in_force =
            statuses.iter().filter_map(|status| status.state.loaded()).map(|loaded| Arc::clone(&loaded.policy));
        let set = PolicySet::new(in_force.collect())?;
        Ok(Generation { set, statuses })
    }

    fn load(&mut self, file: String, text: Result<String, String>) -> PolicyStatus {
        let compiled: Result<Policy, Vec<Problem>> =
            text.map_err(|why| vec![whole(why)]).and_then(|text| compile::compile(&text));
        match compiled {
            Ok(policy) => {
                let unchanged = self.good.get(&file).filter(|good| good.policy.reference == policy.reference).cloned();
                let loaded = unchanged.unwrap_or_else(|| Loaded { policy: Arc::new(policy), at: Timestamp::now() });
                self.good.insert(file.clone(), loaded.clone());
                PolicyStatus {
                    name: loaded.policy.reference.name.to_string(),
                    file,
                    state: State::Active(loaded),
                    problems: Vec::new(),
                }
            }
            Err(problems) => match self.good.get(&file) {
                Some(good) => PolicyStatus {
                    name: good.policy.reference.name.to_string(),
                    file,
                    state: State::Stale(good.clone()),
                    problems,
                },
                None => PolicyStatus { name: String::new(), file, state: State::Failed, problems },
            },
        }
    }

    fn all_stale(&self, why: &str) -> Vec<PolicyStatus> {
        let stale = self.good.iter().map(|(file, good)| PolicyStatus {
            name: good.policy.reference.name.to_string(),
            file: file.clone(),
            state: State::Stale(good.clone()),
            problems: vec![whole(why.to_owned())],
        });
        let folder = PolicyStatus {
            name: String::new(),
            file: String::new(),
            state: State::Failed,
            problems: vec![whole(why.to_owned())],
        };
        stale.chain([folder]).collect()
    }
}

fn whole(message: String) -> Problem {
    Problem { line: 0, column: 0, field: String::new(), message }
}

/// Two policies of one name: the first file in the order of names keeps it.
fn refuse_doubles(statuses: &mut [PolicyStatus]) {
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    for status in statuses.iter_mut().filter(|status| status.state.loaded().is_some()) {
        match owners.get(&status.name) {
            Some(owner) => {
                let message = format!("`{}` is the name of the policy in {owner} too", status.name);
                status.problems.push(Problem { line: 0, column: 0, field: "name".to_owned(), message });
                status.state = State::Failed;
            }
            None => {
                owners.insert(status.name.clone(), status.file.clone());
            }
        }
    }
}
