//! Unpacks a large gzip file on several cores.
//!
//! After Knespel and Brunst, "Rapidgzip" (HPDC 2023), without their decoder: every core looks for the start of a block in
//! its piece of the file and unpacks from there as if zeros came before; the reader then unpacks the first part of each
//! piece again, with what really came before, until both agree. Whatever is unusual is left to the plain reader.

mod block_finder;
mod piece;
mod pieces;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::num::NonZero;
use std::path::PathBuf;
use std::thread;

use flate2::Crc;

use self::piece::MIN_FILE_BYTES;
use self::pieces::Pieces;
use super::gzip::GzipMembers;

/// Each holds a piece or two, packed and unpacked; more cores than this would save little and hold more.
const MAX_THREADS: usize = 4;
/// A reader that asks for this much at once is through with the header.
const LARGE_READ: usize = 64 << 10;
const BUFFER_BYTES: usize = 256 << 10;

/// The content of a gzip file, the same as that of [`GzipMembers`].
pub(super) struct ParallelGzip {
    path: PathBuf,
    plain: GzipMembers<BufReader<File>>,
    pieces: Option<Pieces>,
    tried_pieces: bool,
    /// Bytes handed out, and their checksum.
    given: u64,
    checksum: Crc,
}

impl ParallelGzip {
    /// Whether a file of this many bytes is worth several threads.
    pub fn suits(file_length: u64) -> bool {
        file_length >= MIN_FILE_BYTES && thread_count() > 1
    }

    pub fn open(path: PathBuf) -> io::Result<Self> {
        let plain = GzipMembers::new(buffered(File::open(&path)?));
        Ok(Self { path, plain, pieces: None, tried_pieces: false, given: 0, checksum: Crc::new() })
    }

    /// The plain reader behind the bytes handed out. `stream_end`: where their member ends, if they are all of it.
    fn plain_behind(&self, stream_end: Option<u64>) -> io::Result<GzipMembers<BufReader<File>>> {
        if let Some(stream_end) = stream_end
            && let Some(plain) = self.behind_trailer(stream_end)?
        {
            return Ok(plain);
        }
        let mut plain = GzipMembers::new(buffered(File::open(&self.path)?));
        let (mut again, mut buffer) = (Crc::new(), vec![0; LARGE_READ]);
        let mut left = self.given;
        while left > 0 {
            let wanted = usize::try_from(left).unwrap_or(LARGE_READ).min(LARGE_READ);
            let count = plain.read(&mut buffer[..wanted])?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            again.update(&buffer[..count]);
            left -= count as u64;
        }
        match again.sum() == self.checksum.sum() {
            true => Ok(plain),
            false => Err(io::Error::other("the file changed while it was read")),
        }
    }

    /// What follows the trailer that belongs to the bytes handed out; `None` without such a trailer.
    fn behind_trailer(&self, stream_end: u64) -> io::Result<Option<GzipMembers<BufReader<File>>>> {
        let trailer = [self.checksum.sum().to_le_bytes(), self.checksum.amount().to_le_bytes()].concat();
        let mut file = File::open(&self.path)?;
        for place in [stream_end, stream_end + 1] {
            let mut found = Vec::new();
            file.seek(SeekFrom::Start(place))?;
            file.by_ref().take(trailer.len() as u64).read_to_end(&mut found)?;
            if found == trailer {
                return GzipMembers::next(buffered(file)).map(Some);
            }
        }
        Ok(None)
    }
}

impl Read for ParallelGzip {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if !self.tried_pieces && buffer.len() >= LARGE_READ {
            self.tried_pieces = true;
            self.pieces = Pieces::start(&self.path, self.given).ok();
        }
        let mut count = 0;
        if let Some(pieces) = &mut self.pieces {
            let read = pieces.read(buffer);
            count = read.unwrap_or(0);
            if count == 0 {
                let stream_end = read.map(|_| pieces.stream_end());
                self.pieces = None;
                self.plain = self.plain_behind(stream_end)?;
            }
        }
        if count == 0 {
            count = self.plain.read(buffer)?;
        }
        self.checksum.update(&buffer[..count]);
        self.given += count as u64;
        Ok(count)
    }
}

fn buffered(file: File) -> BufReader<File> {
    BufReader::with_capacity(BUFFER_BYTES, file)
}

fn thread_count() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get).min(MAX_THREADS)
}
