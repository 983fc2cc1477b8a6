//! The gap that is open, in a file beside the log: a process that ends before the disk has room takes it along, and the
//! next start would begin as if nothing were missing.
//!
//! The file has its full size from the beginning, so that a full disk does not refuse what is written over it. A file
//! system that writes every block to a new place may refuse it all the same: then the gap is kept in memory alone.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, Write as _},
    mem,
    path::Path,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::record::{
    error::{LogError, StorageFault},
    incident::Gap,
    schema::open_private,
    seal::{self, Digest},
};

pub(super) const FILE: &str = "portcullis.gap";

/// One sector, which a disk writes whole or not at all. All zero: there is no gap.
pub(super) const BLOCK: usize = 512;
type Block = [u8; BLOCK];

/// From one sync of it to the next while the gap widens: a flood of records that are shed costs one each second.
const PAUSE: Duration = Duration::from_secs(1);

/// How the file begins.
const FORM: &str = "portcullis-gap-1";

/// By their place, from 1; the number of another one is 0.
const FAULTS: [StorageFault; 9] = [
    StorageFault::DiskFull,
    StorageFault::Quota,
    StorageFault::ReadOnly,
    StorageFault::Busy,
    StorageFault::TooLarge,
    StorageFault::Disk,
    StorageFault::Corrupt,
    StorageFault::Memory,
    StorageFault::NoSharedMemory,
];

#[derive(Debug, Default)]
pub(super) struct Kept {
    /// None where it could not be opened, and for a command: then nothing is kept.
    file: Option<File>,
    /// Of the gap that stands in the file; none when it says that there is none. 0: nobody knows what it says.
    records: Option<u64>,
    /// When a gap was last written.
    at: Option<Instant>,
    is_failing: bool,
}

impl Kept {
    /// Makes it where it is not there. The second is the gap that an earlier process has left.
    pub(super) fn open(dir: &Path) -> (Self, Option<Gap>) {
        let mut kept = Self::default();
        let gap = kept.begin(dir).unwrap_or_else(|error| {
            tracing::warn!(%error, "a gap in the log may not outlive this process: the file for it cannot be used");
            None
        });
        (kept, gap)
    }

    fn begin(&mut self, dir: &Path) -> Result<Option<Gap>, LogError> {
        let path = dir.join(FILE);
        let failed = |error: io::Error| LogError::io(&path, &error);
        let file = self.file.insert(open_private(&path)?);
        let mut found = Vec::new();
        (&*file).take(BLOCK as u64 + 1).read_to_end(&mut found).map_err(failed)?;
        if found.len() == BLOCK && found.iter().all(|&byte| byte == 0) {
            return Ok(None);
        }
        if let Some(gap) = decode(&found) {
            self.records = Some(gap.records);
            return Ok(Some(gap));
        }
        if !found.is_empty() {
            tracing::warn!(file = %path.display(), "what it says of a gap in the log cannot be read, and is ignored");
        }
        file.set_len(BLOCK as u64).map_err(failed)?;
        overwrite(file, &[0; BLOCK]).map_err(failed)?;
        file.sync_all().and_then(|()| File::open(dir)?.sync_all()).map_err(failed)?;
        Ok(None)
    }

    /// When it is not kept already, and not at once when that was done a moment ago.
    pub(super) fn keep(&mut self, gap: &Gap) {
        if self.records != Some(gap.records) && self.at.is_none_or(|at| at.elapsed() >= PAUSE) {
            self.at = Some(Instant::now());
            self.put(&encode(gap, false), Some(gap.records));
        }
    }

    /// At the end of the process: the gap does not widen any more. False when it is not kept.
    pub(super) fn finish(&mut self, gap: &Gap) -> bool {
        self.put(&encode(gap, true), Some(gap.records))
    }

    /// The gap is recorded. A crash just before this has it recorded twice.
    pub(super) fn clear(&mut self) {
        if self.records.is_some() {
            self.put(&[0; BLOCK], None);
        }
    }

    fn put(&mut self, block: &Block, records: Option<u64>) -> bool {
        let Some(file) = &mut self.file else { return false };
        match overwrite(file, block) {
            Ok(()) => {
                self.records = records;
                self.is_failing = false;
                true
            }
            Err(error) => {
                // It is tried again: no gap has this number.
                self.records = Some(0);
                if !mem::replace(&mut self.is_failing, true) {
                    tracing::warn!(%error, "the file that keeps a gap in the log cannot be written");
                }
                false
            }
        }
    }
}

fn overwrite(file: &mut File, block: &Block) -> io::Result<()> {
    file.rewind()?;
    file.write_all(block)?;
    file.sync_data()
}

/// The end tells a block that is whole.
fn digest(text: &str) -> String {
    let digest: Digest = Sha256::digest(text).into();
    seal::hex(&digest)
}

/// Its longest text is some 190 bytes. `is_final`: no record is missing in it that was not missing before.
fn encode(gap: &Gap, is_final: bool) -> Block {
    let Gap { from, until, records, at_least, fault } = gap;
    let place = FAULTS.iter().position(|known| known == fault).map_or(0, |at| at + 1);
    let code = if let StorageFault::Other(code) = fault { *code } else { 0 };
    let counted = if is_final && !at_least { "exactly" } else { "at-least" };
    let text = format!("{FORM} {from} {until} {counted} {records} {place} {code}");
    let text = format!("{text} {}\n", digest(&text));
    let mut block = [0; BLOCK];
    block.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
    block
}

fn decode(found: &[u8]) -> Option<Gap> {
    let whole: &Block = found.try_into().ok()?;
    let text = std::str::from_utf8(whole).ok()?.trim_end_matches('\0').trim_end();
    let (text, end) = text.rsplit_once(' ')?;
    if end != digest(text) {
        return None;
    }
    let mut words = text.strip_prefix(FORM)?.split_ascii_whitespace();
    let from: Timestamp = words.next()?.parse().ok()?;
    let until: Timestamp = words.next()?.parse().ok()?;
    let at_least = words.next()? != "exactly";
    let records: u64 = words.next()?.parse().ok()?;
    let place: usize = words.next()?.parse().ok()?;
    let code: i32 = words.next()?.parse().ok()?;
    let fault = place.checked_sub(1).and_then(|at| FAULTS.get(at).copied()).unwrap_or(StorageFault::Other(code));
    Some(Gap { from, until, records, at_least, fault })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn gap(records: u64, fault: StorageFault) -> Gap {
        let at = |micros| Timestamp::from_microsecond(micros).unwrap();
        Gap { from: at(1_780_000_000_900_001), until: at(1_780_000_100_000_000), records, at_least: false, fault }
    }

    fn told(gap: &Gap) -> (Timestamp, Timestamp, u64, bool, StorageFault) {
        (gap.from, gap.until, gap.records, gap.at_least, gap.fault)
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        for fault in FAULTS.into_iter().chain([StorageFault::Other(i32::MIN), StorageFault::Other(0)]) {
            let gap = gap(u64::MAX, fault);
            assert_eq!(told(&decode(&encode(&gap, true)).unwrap()), told(&gap));
            let at_least = Gap { at_least: true, ..gap.clone() };
            assert_eq!(told(&decode(&encode(&gap, false)).unwrap()), told(&at_least));
            assert_eq!(told(&decode(&encode(&at_least, true)).unwrap()), told(&at_least), "never exact again");
        }
    }

    #[test]
    fn a_file_that_is_damaged_is_ignored_and_made_anew() {
        let whole = encode(&gap(7, StorageFault::DiskFull), true);
        let mut flipped = whole;
        flipped[40] ^= 1;
        let long = [whole.as_slice(), b"more"].concat();
        for damaged in [&flipped[..], &whole[..BLOCK - 1], [0; 3].as_slice(), [0xff; BLOCK].as_slice(), &long[..]] {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join(FILE), damaged).unwrap();
            let (kept, gap) = Kept::open(dir.path());
            assert!(kept.file.is_some() && gap.is_none(), "{damaged:?}");
            assert_eq!(fs::read(dir.path().join(FILE)).unwrap(), [0; BLOCK]);
        }
    }

    /// Which is what a full disk asks for, and what a flood of records that are shed does.
    #[test]
    fn it_is_written_in_place_and_seldom() {
        let dir = tempfile::tempdir().unwrap();
        let read = || fs::read(dir.path().join(FILE)).unwrap();
        let (mut kept, found) = Kept::open(dir.path());
        assert!(found.is_none());
        assert_eq!(read(), [0; BLOCK], "it has its size before it is needed");
        for records in 1..=5 {
            kept.keep(&gap(records, StorageFault::DiskFull));
        }
        assert_eq!(decode(&read()).unwrap().records, 1, "the others came within the second");
        kept.at = Instant::now().checked_sub(PAUSE);
        kept.keep(&gap(5, StorageFault::DiskFull));
        let (_, found) = Kept::open(dir.path());
        let found = found.unwrap();
        assert_eq!((found.records, found.at_least), (5, true), "more may have been missing since");
        assert!(kept.finish(&gap(5, StorageFault::DiskFull)));
        assert!(!Kept::open(dir.path()).1.unwrap().at_least);
        kept.clear();
        assert_eq!(read(), [0; BLOCK]);
        assert!(Kept::open(dir.path()).1.is_none());
    }

    #[test]
    fn without_a_file_it_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(FILE)).unwrap();
        let (mut kept, found) = Kept::open(dir.path());
        assert!(found.is_none());
        let gap = gap(1, StorageFault::DiskFull);
        kept.keep(&gap);
        kept.clear();
        assert!(!kept.finish(&gap));
    }
}
