use std::{fs, path::Path};

use super::{File, Outcome, Place, STEP, Sink as _};
use crate::deliver::{
    DeliveryFailure,
    conformance::{self, Mood, deliveries},
};

fn sink(path: &Path) -> File {
    File::new(Place::of(path), conformance::encoder())
}

fn lines(path: &Path) -> Vec<u64> {
    fs::read_to_string(path).unwrap().lines().map(|line| line.parse().unwrap()).collect()
}

#[tokio::test]
async fn half_a_line_is_cut_off_however_long_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("records.jsonl");
    for (left, kept) in [
        (String::new(), vec![]),
        ("12\n13\n".to_owned(), vec![12, 13]),
        ("12\n13\n1".to_owned(), vec![12, 13]),
        ("7".repeat(3 * STEP as usize + 5), vec![]),
        (format!("12\n{}", "7".repeat(2 * STEP as usize)), vec![12]),
    ] {
        fs::write(&path, left).unwrap();
        let outcomes = sink(&path).deliver(&deliveries(&[("ann", 1)])).await;
        assert_eq!(outcomes, [Outcome::Delivered]);
        assert_eq!(lines(&path), [kept, vec![1]].concat());
    }
}

#[tokio::test]
async fn a_file_that_was_rotated_away_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (path, rotated) = (dir.path().join("records.jsonl"), dir.path().join("records.1"));
    let sink = sink(&path);
    sink.deliver(&deliveries(&[("ann", 1)])).await;
    fs::rename(&path, &rotated).unwrap();
    sink.deliver(&deliveries(&[("ann", 2)])).await;
    assert_eq!((lines(&rotated), lines(&path)), (vec![1], vec![2]));
}

#[tokio::test]
async fn a_file_has_one_writer_and_no_other_readers() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("records.jsonl");
    let first = sink(&path);
    first.deliver(&deliveries(&[("ann", 1)])).await;
    let outcomes = sink(&path).deliver(&deliveries(&[("ann", 2), ("bob", 3)])).await;
    assert_eq!(outcomes, [Outcome::retry(DeliveryFailure::Io); 2]);
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

/// Down, a file stands where the folder should be.
struct Rig(tempfile::TempDir);

impl Rig {
    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("folder/records.jsonl")
    }
}

impl conformance::Rig for Rig {
    type Sink = File;
    const CHOOSY: bool = false;

    fn sink(&self) -> File {
        sink(&self.path())
    }

    async fn mood(&mut self, mood: Mood) {
        let folder = self.0.path().join("folder");
        match mood {
            Mood::Down => fs::write(folder, "").unwrap(),
            Mood::Willing | Mood::Choosy => {
                fs::remove_file(&folder).unwrap();
                fs::create_dir(folder).unwrap();
            }
        }
    }

    async fn arrived(&self) -> Vec<u64> {
        if self.path().exists() { lines(&self.path()) } else { Vec::new() }
    }
}

#[tokio::test]
async fn it_conforms() {
    conformance::conforms(Rig(tempfile::tempdir().unwrap()), "conforming-file").await;
}
