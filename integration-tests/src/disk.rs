//! A disk that is really full: a small file system in memory, in a mount namespace that nobody else sees.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use tempfile::TempDir;

use crate::Setup;

/// Half of it is taken until it is told otherwise, or all that is left. It ends when its standard input does, and so with
/// this process however that ends; the file system goes with the last program that sees it.
const KEEPER: &str = r#"
    mount -t tmpfs -o size=8m portcullis-tests "$0" && head -c 4194304 /dev/zero > "$0/filler" && echo there &&
    while read -r word; do
        case $word in
            fill) cat /dev/zero > "$0/brim"; echo full;;
            free) rm -f "$0/filler" "$0/brim" && echo free;;
        esac
    done"#;
/// Replaced by the program, which so has the number of the process that was started.
const ENTER: &str = r#"exec nsenter --target "$TEST_DISK" --user --mount --preserve-credentials "$0" "$@""#;

/// Some 4 MiB are free, and another 4 once that is asked for.
#[derive(Debug)]
pub struct SmallDisk {
    keeper: Child,
    /// Held open.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// Where it is mounted.
    folder: TempDir,
}

impl SmallDisk {
    /// None where nothing may be mounted, not even in a namespace of one's own.
    pub fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut keeper = Command::new("unshare")
            .args(["--map-root-user", "--mount", "/bin/sh", "-c", KEEPER])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let (input, output) = (keeper.stdin.take(), BufReader::new(keeper.stdout.take().unwrap()));
        let mut disk = Self { keeper, input, output, folder };
        disk.says("there").then_some(disk)
    }

    fn says(&mut self, word: &str) -> bool {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end() == word
    }

    /// With its log there. It may be started again over it.
    #[must_use]
    pub fn under(&self, setup: Setup) -> Setup {
        let data = self.folder.path().join("data");
        let setup = setup.env("PORTCULLIS_DATA_DIR", &data.display().to_string());
        setup.env("TEST_DISK", &self.keeper.id().to_string()).through(ENTER)
    }

    /// Room is made.
    pub fn free(&mut self) {
        writeln!(self.input.as_mut().unwrap(), "free").unwrap();
        assert!(self.says("free"), "what fills the disk is still there");
    }

    /// To the last block.
    pub fn fill(&mut self) {
        writeln!(self.input.as_mut().unwrap(), "fill").unwrap();
        assert!(self.says("full"), "the disk is not full");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.keeper.wait();
    }
}
