//! The pieces of a file in order, each unpacked by one of several threads.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use flate2::bufread::GzDecoder;

use super::piece::{Layout, Piece, WINDOW};
use super::thread_count;

/// A longer gzip header, with a file name or a comment, is left to the plain reader.
const MAX_GZIP_HEADER: u64 = 4096;

/// Joins the pieces of one gzip member. The threads end when it is dropped.
pub(super) struct Pieces {
    /// Piece `i` comes from thread `i % count`; `None` if it cannot be unpacked alone.
    threads: Vec<Receiver<Option<Piece>>>,
    next: u64,
    count: u64,
    /// The window before the content, then the content.
    content: Vec<u8>,
    taken: usize,
    /// Content that the caller has already.
    skipped: u64,
    /// In the file; the deflate stream ends here or one byte later. Known once all is read.
    pub stream_end: u64,
}

impl Pieces {
    /// The content from its byte `skipped` on.
    pub fn start(path: &Path, skipped: u64) -> io::Result<Self> {
        let file = File::open(path)?;
        let layout = Layout { first: deflate_start(&file)?, file_length: file.metadata()?.len() };
        let mut threads = Vec::new();
        let count = thread_count() as u64;
        for first in 0..count {
            let mut file = File::open(path)?;
            // A thread waits with its piece until it is taken, so that few pieces are held.
            let (sender, receiver) = sync_channel(0);
            let work =
                move || send_pieces(layout, &mut file, (first..layout.piece_count()).step_by(count as usize), &sender);
            thread::Builder::new().name("chiaro-unpack".to_owned()).spawn(work)?;
            threads.push(receiver);
        }
        let content = vec![0; WINDOW];
        Ok(Self {
            threads,
            next: 0,
            count: layout.piece_count(),
            taken: content.len(),
            content,
            skipped,
            stream_end: 0,
        })
    }

    /// As [`Read::read`]; `None` if a piece cannot be joined. All bytes given before that are right.
    pub fn read(&mut self, buffer: &mut [u8]) -> Option<usize> {
        while self.taken == self.content.len() {
            if self.next == self.count {
                return Some(0);
            }
            self.take_next()?;
        }
        let rest = &self.content[self.taken..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.taken += count;
        Some(count)
    }

    fn take_next(&mut self) -> Option<()> {
        let thread = (self.next % self.threads.len() as u64) as usize;
        let piece = self.threads.get(thread)?.recv().ok()??;
        self.stream_end = piece.stream_end;
        self.content = piece.following(self.content.last_chunk()?)?;
        self.next += 1;
        let skipped = usize::try_from(self.skipped).unwrap_or(usize::MAX).min(self.content.len() - WINDOW);
        self.skipped -= skipped as u64;
        self.taken = WINDOW + skipped;
        Some(())
    }
}

fn send_pieces(
    layout: Layout,
    file: &mut File,
    indices: impl Iterator<Item = u64>,
    sender: &SyncSender<Option<Piece>>,
) {
    let mut bytes = Vec::new();
    for index in indices {
        let piece = layout.unpack(file, index, &mut bytes).ok().flatten();
        let usable = piece.is_some();
        if sender.send(piece).is_err() || !usable {
            return;
        }
    }
}

/// Length of the header of a gzip member.
fn deflate_start(file: &File) -> io::Result<u64> {
    let mut start = Vec::new();
    file.take(MAX_GZIP_HEADER).read_to_end(&mut start)?;
    let decoder = GzDecoder::new(&start[..]);
    match decoder.header() {
        Some(_) => Ok((start.len() - decoder.into_inner().len()) as u64),
        None => Err(io::ErrorKind::InvalidData.into()),
    }
}
