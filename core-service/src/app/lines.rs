//! JSON lines, read without holding a file in memory.

use std::io::{self, BufRead, Read as _};

/// One line takes at most so much: the rest of a longer one is a bad line, not a crash.
const MAX_LINE: u64 = 64 << 20;

/// Every line that says something, with its number from one.
pub(super) fn each(mut input: impl BufRead, mut read: impl FnMut(usize, &[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if !line.trim_ascii().is_empty() {
            read(number, &line)?;
        }
    }
    Ok(())
}
