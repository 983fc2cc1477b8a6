//! To a file of JSON lines, or to standard output.
//!
//! A batch is one write and one sync; it is acknowledged when it is on disk. A line that an earlier process left half
//! written is cut off when the file is opened: its record was not acknowledged and comes again. One process writes a file. When
//! another file stands under the name, because somebody rotated it, that one is written. Standard output has no sync: what a
//! reader behind a pipe does not take is lost with the process.

use std::{
    fmt,
    fs::{File as StdFile, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use super::{Delivery, DeliveryFailure, Encode, Outcome, Sink};

/// Looked through at a time for the end of the last whole line.
const STEP: u64 = 64 << 10;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    File(PathBuf),
    Stdout,
}

impl Place {
    /// `-` is standard output.
    pub fn of(path: &Path) -> Self {
        if path == Path::new("-") { Self::Stdout } else { Self::File(path.to_owned()) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Stdout => f.write_str("standard output"),
        }
    }
}

pub struct File {
    place: Place,
    encode: Encode,
    /// None before the first batch, and after a failure.
    open: Arc<Mutex<Option<StdFile>>>,
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "File({})", self.place)
    }
}

impl File {
    pub fn new(place: Place, encode: Encode) -> Self {
        Self { place, encode, open: Arc::default() }
    }
}

impl Sink for File {
    async fn deliver(&self, batch: &[Delivery]) -> Vec<Outcome> {
        let mut lines = Vec::new();
        for delivery in batch {
            lines.extend((self.encode)(&delivery.record));
            lines.push(b'\n');
        }
        let (place, open) = (self.place.clone(), Arc::clone(&self.open));
        let written = tokio::task::spawn_blocking(move || match place {
            Place::File(path) => append(&path, &mut open.lock().unwrap_or_else(PoisonError::into_inner), &lines),
            Place::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(&lines)?;
                out.flush()
            }
        });
        let outcome = match written.await {
            Ok(Ok(())) => Outcome::Delivered,
            Ok(Err(error)) => {
                tracing::warn!(place = %self.place, kind = %error.kind(), "lines could not be written");
                Outcome::retry(DeliveryFailure::Io)
            }
            Err(_) => Outcome::retry(DeliveryFailure::Internal),
        };
        vec![outcome; batch.len()]
    }
}

fn append(path: &Path, open: &mut Option<StdFile>, lines: &[u8]) -> io::Result<()> {
    // Taken out: after a failure it is opened, and repaired, anew.
    let mut file = match open.take().filter(|file| is_still(file, path)) {
        Some(file) => file,
        None => begin(path)?,
    };
    file.write_all(lines)?;
    file.sync_data()?;
    *open = Some(file);
    Ok(())
}

/// Whether the name still leads to this file.
fn is_still(file: &StdFile, path: &Path) -> bool {
    let (Ok(ours), Ok(named)) = (file.metadata(), path.metadata()) else { return false };
    (ours.dev(), ours.ino()) == (named.dev(), named.ino())
}

fn begin(path: &Path) -> io::Result<StdFile> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    file.try_lock().map_err(io::Error::from)?;
    repair(&mut file)?;
    // The name itself.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    StdFile::open(folder)?.sync_all()?;
    Ok(file)
}

/// Cuts off what follows the last line's end.
fn repair(file: &mut StdFile) -> io::Result<()> {
    let length = file.metadata()?.len();
    let mut end = length;
    while end > 0 {
        let begin = end.saturating_sub(STEP);
        file.seek(SeekFrom::Start(begin))?;
        let mut piece = Vec::new();
        (&*file).take(end - begin).read_to_end(&mut piece)?;
        if let Some(at) = piece.iter().rposition(|&byte| byte == b'\n') {
            end = begin + at as u64 + 1;
            break;
        }
        end = begin;
    }
    if end < length {
        tracing::warn!(bytes = length - end, "the file ended in the middle of a line, which is cut off");
        file.set_len(end)?;
        file.sync_data()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
