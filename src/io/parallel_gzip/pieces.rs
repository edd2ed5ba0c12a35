//! The pieces of a file in order, each unpacked by one of several threads.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use flate2::bufread::GzDecoder;

use super::piece::{Layout, Piece, WINDOW};
use super::thread_count;

/// A longer gzip header, with a file name or a comment, is left to the plain reader.
const MAX_GZIP_HEADER: u64 = 4096;

/// Joins the pieces of one gzip member. The threads end when it is dropped.
pub(super) struct Pieces {
    /// Piece `i` comes from thread `i % count`.
    threads: Vec<Unpacker>,
    next: u64,
    count: u64,
    /// Its content follows the window before it.
    current: Piece,
    /// Bytes of window and content.
    taken: usize,
    /// Content that the caller has already.
    skipped: u64,
}

/// A thread that unpacks.
struct Unpacker {
    /// `None` if a piece cannot be unpacked alone.
    pieces: Receiver<Option<Piece>>,
    /// Its pieces go back to it for their memory.
    spent: Sender<Piece>,
}

impl Pieces {
    /// The content from its byte `skipped` on.
    pub fn start(path: &Path, skipped: u64) -> io::Result<Self> {
        let file = File::open(path)?;
        let count = thread_count() as u64;
        let layout = Layout::new(deflate_start(&file)?, file.metadata()?.len(), count);
        let mut threads = Vec::new();
        for first in 0..count {
            let mut file = File::open(path)?;
            // A thread waits with its piece until it is taken, so that few pieces are held.
            let (sender, pieces) = sync_channel(0);
            let (spent, given_back) = channel();
            let indices = (first..layout.piece_count()).step_by(count as usize);
            let work = move || send_pieces(layout, &mut file, indices, &sender, &given_back);
            thread::Builder::new().name("chiaro-unpack".to_owned()).spawn(work)?;
            threads.push(Unpacker { pieces, spent });
        }
        let current = Piece::before_all();
        Ok(Self { threads, next: 0, count: layout.piece_count(), taken: current.unpacked.len(), current, skipped })
    }

    /// As [`Read::read`]; `None` if a piece cannot be joined. All bytes given before that are right.
    pub fn read(&mut self, buffer: &mut [u8]) -> Option<usize> {
        while self.taken == self.current.unpacked.len() {
            if self.next == self.count {
                return Some(0);
            }
            self.take_next()?;
        }
        let rest = &self.current.unpacked[self.taken..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.taken += count;
        Some(count)
    }

    fn take_next(&mut self) -> Option<()> {
        let mut piece = self.maker(self.next)?.pieces.recv().ok()??;
        piece.follow(self.current.unpacked.last_chunk()?)?;
        let spent = std::mem::replace(&mut self.current, piece);
        if let Some(maker) = self.next.checked_sub(1).and_then(|piece| self.maker(piece)) {
            // A thread that has no more to do needs none.
            let _ = maker.spent.send(spent);
        }
        self.next += 1;
        let content = self.current.unpacked.len() - WINDOW;
        let skipped = usize::try_from(self.skipped).unwrap_or(usize::MAX).min(content);
        self.skipped -= skipped as u64;
        self.taken = WINDOW + skipped;
        Some(())
    }

    fn maker(&self, piece: u64) -> Option<&Unpacker> {
        self.threads.get((piece % self.threads.len() as u64) as usize)
    }

    /// In the file; the deflate stream ends here or one byte later. Known once all is read.
    pub fn stream_end(&self) -> u64 {
        self.current.stream_end
    }
}

fn send_pieces(
    layout: Layout,
    file: &mut File,
    indices: impl Iterator<Item = u64>,
    sender: &SyncSender<Option<Piece>>,
    given_back: &Receiver<Piece>,
) {
    let mut bytes = Vec::new();
    for index in indices {
        let spent = given_back.try_recv().unwrap_or_default();
        let piece = layout.unpack(file, index, &mut bytes, spent).ok().flatten();
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
