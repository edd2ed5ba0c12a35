//! The chain of `audit.jsonl`: every line ends with the hash of the line before and its own.
//!
//! `{...,"previous":"HEX","hash":"HEX"}`, where `hash` is the SHA-256 of the previous hash (64 hexadecimal digits)
//! followed by the line up to, and without, `,"previous"`. A line without hashes, written by an older program or cut off
//! by a crash, has the hash of the same formula over the whole of it, without storing it. So a chain that begins in the
//! middle of an old log vouches for what stood before it as well.
//!
//! This shows that lines were changed, removed or put in between. Lines taken from the very end, and a chain that was
//! computed anew by somebody who knows how, show only against a hash kept elsewhere: every exported mask has one beside it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

/// What stands for the hash of the line before the first one.
pub(super) const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// So much of the end is looked at for the newest hash; lines have a few hundred bytes.
const TAIL_BYTES: u64 = 1 << 16;

/// One line without its newline, taken apart.
pub(super) struct ChainedLine<'a> {
    content: &'a [u8],
    /// What it says of the previous hash and its own; `None` of a line without hashes.
    said: Option<(&'a str, &'a str)>,
}

impl<'a> ChainedLine<'a> {
    pub fn of(line: &'a [u8]) -> Self {
        // Both hashes have a fixed length, so the end of a chained line has one as well.
        let taken_apart = || {
            let (content, end) = line.split_at_checked(line.len().checked_sub(end_of(NOTHING, NOTHING).len())?)?;
            let end = str::from_utf8(end).ok()?;
            let (previous, hash) = end.strip_prefix(",\"previous\":\"")?.split_once("\",\"hash\":\"")?;
            let hash = hash.strip_suffix("\"}")?;
            (is_hash(previous) && is_hash(hash)).then_some((content, (previous, hash)))
        };
        match taken_apart() {
            Some((content, said)) => Self { content, said: Some(said) },
            None => Self { content: line, said: None },
        }
    }

    pub fn is_chained(&self) -> bool {
        self.said.is_some()
    }

    /// The line's own hash; `None` if it does not follow `previous` or was changed.
    pub fn follow(&self, previous: &str) -> Option<String> {
        let hash = hash_of(previous, self.content);
        self.said.is_none_or(|said| said == (previous, hash.as_str())).then_some(hash)
    }

    /// The line's own hash, as it says itself if it does.
    fn hash_after(&self, previous: &str) -> String {
        self.said.map_or_else(|| hash_of(previous, self.content), |(_, hash)| hash.to_owned())
    }
}

fn hash_of(previous: &str, content: &[u8]) -> String {
    let mut sha256 = Sha256::new();
    sha256.update(previous);
    sha256.update(content);
    sha256.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn end_of(previous: &str, hash: &str) -> String {
    format!(",\"previous\":\"{previous}\",\"hash\":\"{hash}\"}}")
}

fn is_hash(text: &str) -> bool {
    text.len() == NOTHING.len() && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Adds `object`, a JSON object of at least one member without line breaks, and waits until the disk has it. A line that
/// a crash cut off is ended first and stays. Returns the new line's hash.
pub(super) fn append(path: &Path, object: &str) -> io::Result<String> {
    let content = object.strip_suffix('}').ok_or(io::ErrorKind::InvalidInput)?;
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    // Exports, the window and the command line may all add lines at once. Where the disk knows no locks (some network
    // folders), a log that may need a second look is better than none.
    match file.lock() {
        Err(e) if e.kind() != io::ErrorKind::Unsupported => return Err(e),
        _ => {}
    }
    let end = LogEnd::of(&mut file)?;
    let hash = hash_of(&end.hash, content.as_bytes());
    let separator = if end.is_torn { "\n" } else { "" };
    let line = format!("{separator}{content}{}\n", end_of(&end.hash, &hash));
    file.write_all(line.as_bytes())?;
    file.sync_data()?;
    Ok(hash)
}

/// Hash of the newest line; `None` of an empty or missing log.
pub(super) fn last_hash(path: &Path) -> io::Result<Option<String>> {
    match File::open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Ok(mut file) => Ok(Some(LogEnd::of(&mut file)?.hash).filter(|hash| hash != NOTHING)),
        Err(e) => Err(e),
    }
}

/// What the next line follows.
struct LogEnd {
    hash: String,
    /// The last line has no newline.
    is_torn: bool,
}

impl LogEnd {
    fn of(file: &mut File) -> io::Result<Self> {
        let len = file.seek(SeekFrom::End(0))?;
        let start = len.saturating_sub(TAIL_BYTES);
        file.seek(SeekFrom::Start(start))?;
        let mut tail = Vec::new();
        (&mut *file).take(TAIL_BYTES).read_to_end(&mut tail)?;
        let is_torn = tail.last().is_some_and(|byte| *byte != b'\n');
        // The first piece may begin anywhere in a line, but a line that ends as a chained one does says its own hash.
        let is_enough = start == 0 || tail.split(|b| *b == b'\n').any(|line| ChainedLine::of(line).is_chained());
        let from = if is_enough { start } else { 0 };
        file.seek(SeekFrom::Start(from))?;
        let mut hash = NOTHING.to_owned();
        for_each_line(BufReader::new(&mut *file), |line, _| hash = ChainedLine::of(line).hash_after(&hash))?;
        Ok(Self { hash, is_torn })
    }
}

/// Lines without their newline, and whether they had one.
pub(super) fn for_each_line(mut reader: impl BufRead, mut each: impl FnMut(&[u8], bool)) -> io::Result<()> {
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        let is_ended = line.pop_if(|byte| *byte == b'\n').is_some();
        each(&line, is_ended);
        line.clear();
    }
    Ok(())
}
