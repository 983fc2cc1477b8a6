//! A program under test, from its start to its end or its death.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use tempfile::TempDir;

/// Where `cargo build` puts the programs: beside the folder of the tests themselves.
pub fn binary(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().unwrap().parent().unwrap().join(name);
    assert!(path.exists(), "{} is not built: run integration-tests/run", path.display());
    path
}

/// How a program is started. Its folders outlive it, so that it can be started again over them.
#[derive(Debug)]
pub struct Setup {
    name: &'static str,
    /// A line of shell that starts it.
    through: Option<&'static str>,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
    folder: Arc<TempDir>,
}

impl Setup {
    /// The adapter with the core inside.
    pub fn portcullis() -> Self {
        Self::of("portcullis", &[]).env("PORTCULLIS_HTTP_LISTEN", "127.0.0.1:0")
    }

    /// The gRPC service alone.
    pub fn core() -> Self {
        Self::of("portcullis-core", &["serve"])
    }

    fn of(name: &'static str, arguments: &[&str]) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let path = |name: &str| folder.path().join(name).display().to_string();
        Self {
            name,
            through: None,
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            environment: BTreeMap::new(),
            folder: Arc::clone(&folder),
        }
        .env("PORTCULLIS_GRPC_LISTEN", "127.0.0.1:0")
        .env("PORTCULLIS_DATA_DIR", &path("data"))
        .env("PORTCULLIS_POLICIES_DIR", &path("policies"))
    }

    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    #[must_use]
    pub fn without_env(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    /// The shell has the program as `$0` and its arguments as `$@`, and is replaced by it.
    #[must_use]
    pub fn through(mut self, shell: &'static str) -> Self {
        self.through = Some(shell);
        self
    }

    #[must_use]
    pub fn policy(self, file: &str, text: &str) -> Self {
        self.write_policy(file, text);
        self
    }

    #[must_use]
    pub fn settings(self, toml: &str) -> Self {
        let file = self.folder.path().join("portcullis.toml");
        std::fs::write(&file, toml).unwrap();
        self.env("PORTCULLIS_CONFIG", &file.display().to_string())
    }

    /// As an editor does it: a new file, renamed over the old one.
    pub fn write_policy(&self, file: &str, text: &str) {
        let policies = self.folder.path().join("policies");
        std::fs::create_dir_all(&policies).unwrap();
        let draft = policies.join(format!(".{file}.draft"));
        std::fs::write(&draft, text).unwrap();
        std::fs::rename(draft, policies.join(file)).unwrap();
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self) -> Command {
        let mut command = match self.through {
            None => Command::new(binary(self.name)),
            Some(shell) => {
                let mut command = Command::new("/bin/sh");
                command.args(["-c", shell]).arg(binary(self.name));
                command
            }
        };
        command.args(&self.arguments).env_clear().envs(&self.environment).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Starts it and waits for the block that says it is ready.
    pub fn start(&self) -> Program {
        let mut child = self.command().spawn().unwrap();
        let printed = Printed::default();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        printed.follow(child.stderr.take().unwrap());
        let mut addresses = BTreeMap::new();
        let mut secure = false;
        loop {
            let mut line = String::new();
            if stdout.read_line(&mut line).unwrap() == 0 {
                panic!("{} did not start:\n{}", self.name, printed.text());
            }
            printed.push(&line);
            let mut words = line.split_whitespace();
            if let (Some(name @ ("http" | "grpc")), Some(address)) = (words.next(), words.next()) {
                let (scheme, address) = address.split_once("://").unwrap_or(("", address));
                secure |= scheme == "https";
                addresses.insert(name.to_owned(), address.to_owned());
            }
            // The block's last line tells who may call.
            if line.trim_start().starts_with("access") {
                break;
            }
        }
        printed.follow(stdout);
        Program { child, printed, addresses, secure, folder: Arc::clone(&self.folder) }
    }

    /// Starts what is expected not to run: its exit status and what it said.
    pub fn refused(&self) -> (i32, String) {
        let output = self.command().output().unwrap();
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// All that a program printed so far.
#[derive(Debug, Clone, Default)]
struct Printed(Arc<Mutex<String>>);

impl Printed {
    fn push(&self, line: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(line);
    }

    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn follow(&self, stream: impl Read + Send + 'static) {
        let printed = self.clone();
        thread::spawn(move || {
            let mut lines = BufReader::new(stream);
            let mut line = String::new();
            while lines.read_line(&mut line).is_ok_and(|read| read > 0) {
                printed.push(&line);
                line.clear();
            }
        });
    }
}

#[derive(Debug)]
pub struct Program {
    child: Child,
    printed: Printed,
    addresses: BTreeMap<String, String>,
    secure: bool,
    /// Its log and its policies must not vanish under it.
    folder: Arc<TempDir>,
}

impl Program {
    pub fn http(&self, path: &str) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.addresses["http"])
    }

    pub fn http_address(&self) -> &str {
        &self.addresses["http"]
    }

    pub fn grpc_address(&self) -> &str {
        &self.addresses["grpc"]
    }

    /// Whether a gRPC port was announced.
    pub fn has_grpc(&self) -> bool {
        self.addresses.contains_key("grpc")
    }

    /// Of its data, policies and settings, and for what a test puts beside them.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn printed(&self) -> String {
        self.printed.text()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Bytes of memory that it holds now.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and its exit status.
    pub fn stop(mut self) -> (Option<i32>, String) {
        let killed = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().unwrap();
        assert!(killed.success());
        let status = self.child.wait().unwrap();
        (status.code(), self.printed())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- the program printed:\n{}", self.printed());
        }
    }
}
