//! Files of one JSON object per line that only grow.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Appends a line and waits for the disk. What a crash cut off before is left as a line of its own.
pub(super) fn append_line(path: &Path, json: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    let separator = if is_torn(&mut file)? { "\n" } else { "" };
    file.write_all(format!("{separator}{json}\n").as_bytes())?;
    file.sync_data()
}

/// The last line has no newline: a crash cut it off.
fn is_torn(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != [b'\n'])
}
