//! The policies folder: every file read and compiled, the last good version of a broken one kept.

use std::{
    collections::{BTreeMap, BTreeSet},
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
    listed(entries.map(|entry| entry.map(|entry| entry.path())))
}

pub(super) fn listed(paths: impl Iterator<Item = io::Result<PathBuf>>) -> Sources {
    let mut files = BTreeMap::new();
    for path in paths {
        // A name that the listing lost is not the name of a file that was deleted.
        let path = match path {
            Ok(path) => path,
            Err(error) => return Sources::Unreadable(error.to_string()),
        };
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

/// What is in a file, or why it is no policy.
type Compiled = Result<Policy, Vec<Problem>>;

/// Makes generations of one folder, each with what the last one knew.
#[derive(Debug)]
pub struct Loader {
    folder: PathBuf,
    sources: Sources,
    /// What is in force, by file: no two of one name.
    good: BTreeMap<String, Loaded>,
    built_in: Loaded,
    known_texts: usize,
}

impl Loader {
    pub fn new(folder: PathBuf) -> Result<(Self, Generation), String> {
        Self::knowing(folder, 0)
    }

    /// Makes generations that know so many clean texts again each.
    pub fn knowing(folder: PathBuf, known_texts: usize) -> Result<(Self, Generation), String> {
        let built_in = compile::compile(BUILT_IN).map_err(|problems| {
            problems.first().map_or_else(String::new, |problem| format!("the built-in policy: {problem}"))
        })?;
        let built_in = Loaded { policy: Arc::new(built_in), at: Timestamp::now() };
        let sources = read(&folder);
        let mut loader = Self { folder, sources, good: BTreeMap::new(), built_in, known_texts };
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
        let mut statuses: Vec<PolicyStatus> = match &self.sources {
            Sources::Files(files) => {
                let files: BTreeMap<String, Compiled> =
                    files.iter().map(|(file, text)| (file.clone(), compiled(text))).collect();
                self.good.retain(|file, _| files.contains_key(file));
                let owners = owners(&self.good, &files);
                files.into_iter().map(|(file, compiled)| self.load(file, compiled, &owners)).collect()
            }
            // A folder that went away is an accident of a mount, not the wish to have no policies.
            Sources::Missing if self.good.is_empty() => Vec::new(),
            Sources::Missing => self.all_stale("the policies folder is gone"),
            Sources::Unreadable(why) => self.all_stale(why),
        };
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
        let set = PolicySet::new(in_force.collect())?.knowing(self.known_texts);
        Ok(Generation { set, statuses })
    }

    fn load(&mut self, file: String, compiled: Compiled, owners: &BTreeMap<Arc<str>, String>) -> PolicyStatus {
        let policy = match compiled {
            Ok(policy) => policy,
            Err(problems) => return self.kept(file, String::new(), problems),
        };
        let name = policy.reference.name.to_string();
        if let Some(owner) = owners.get(&policy.reference.name).filter(|owner| **owner != file) {
            let problem = taken(&name, owner);
            return self.kept(file, name, vec![problem]);
        }
        let unchanged = self.good.get(&file).filter(|good| good.policy.reference == policy.reference).cloned();
        let loaded = unchanged.unwrap_or_else(|| Loaded { policy: Arc::new(policy), at: Timestamp::now() });
        self.good.insert(file.clone(), loaded.clone());
        PolicyStatus { name, file, state: State::Active(loaded), problems: Vec::new() }
    }

    /// A file that cannot be in force as it is on disk, where it asks for that name.
    fn kept(&self, file: String, name: String, problems: Vec<Problem>) -> PolicyStatus {
        match self.good.get(&file) {
            Some(good) => PolicyStatus {
                name: good.policy.reference.name.to_string(),
                file,
                state: State::Stale(good.clone()),
                problems,
            },
            None => PolicyStatus { name, file, state: State::Failed, problems },
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

fn compiled(text: &Result<String, String>) -> Compiled {
    match text {
        Ok(text) => compile::compile(text),
        Err(why) => Err(vec![whole(why.clone())]),
    }
}

/// The problem of a file whose name another one has.
pub fn taken(name: &str, owner: &str) -> Problem {
    let message = format!("`{name}` is the name of the policy in {owner} too");
    Problem { line: 0, column: 0, field: "name".to_owned(), message }
}

/// Which file has each name.
///
/// The file that had it before keeps it: a copy whose name was not edited yet must not take over from the file that is
/// in force. Of files that are new to a name the first in the order of files gets it.
fn owners(good: &BTreeMap<String, Loaded>, files: &BTreeMap<String, Compiled>) -> BTreeMap<Arc<str>, String> {
    let mut refused: BTreeSet<&str> = BTreeSet::new();
    loop {
        let mut owners: BTreeMap<Arc<str>, String> = BTreeMap::new();
        for (file, last) in good {
            let had = &last.policy.reference.name;
            let asks_for_another = matches!(files.get(file), Some(Ok(policy)) if policy.reference.name != *had);
            if !asks_for_another || refused.contains(file.as_str()) {
                owners.insert(Arc::clone(had), file.clone());
            }
        }
        let refused_before = refused.len();
        for (file, compiled) in files {
            let Ok(policy) = compiled else { continue };
            let name = &policy.reference.name;
            if !refused.contains(file.as_str())
                && *owners.entry(Arc::clone(name)).or_insert_with(|| file.clone()) != *file
            {
                refused.insert(file);
            }
        }
        // One that is refused falls back to the name it had, which another may have been given just now: look again.
        if refused.len() == refused_before {
            return owners;
        }
    }
}
