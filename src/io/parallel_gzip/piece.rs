//! A piece of a deflate stream that is unpacked before what precedes it is known.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use flate2::{Decompress, FlushDecompress, Status};

use super::block_finder::find_block;
use crate::volume::prefer_huge_pages;

/// Deflate copies from at most this far back.
pub(super) const WINDOW: usize = 32 * 1024;
/// Bytes of the file per piece: more than is unpacked twice (about a megabyte of noise), little enough to keep several in
/// memory.
const LEAST_STEP: u64 = 4 << 20;
const GREATEST_STEP: u64 = 8 << 20;
/// In so many pieces the memory of a few is little beside the volume's.
const PIECES: u64 = 12;
/// Files below have too few pieces to share out.
pub(super) const MIN_FILE_BYTES: u64 = 2 * LEAST_STEP;
/// Blocks are some 10 KiB long, so a piece begins in this many bytes.
const SEARCHED: u64 = 256 << 10;
/// Pieces that grow more than this are left to the plain reader: memory stays bounded.
const MAX_GROWTH: usize = 8;
/// Head of a stored block: not the last one, its length, and the length inverted.
const STORED_WINDOW: [u8; 5] = [0, 0x00, 0x80, 0xff, 0x7f];
const HEAD: usize = STORED_WINDOW.len() + WINDOW;
/// A last block with nothing in it: one bit "last", two bits "fixed codes", seven bits "end of block".
const END: u32 = 0b11;
const END_BITS: usize = 10;

/// Blocks of the middle of a stream, made a stream of their own: the window goes in front as a stored block, an empty
/// last block behind. That block is met only by a decoder that stands between two blocks there, so a piece that was
/// unpacked to its end ends where a block ends.
#[derive(Default)]
pub(super) struct Piece {
    packed: Vec<u8>,
    /// Window and content, unpacked with a window of zeros.
    pub unpacked: Vec<u8>,
    /// In the file; the stream ends here or one byte later, as its bits were moved.
    pub stream_end: u64,
}

/// The file that pieces are taken from.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    /// Where the deflate stream begins, in bytes.
    first: u64,
    file_length: u64,
    piece_count: u64,
    /// Bytes from the start of a piece to that of the next.
    step: u64,
}

impl Layout {
    /// Pieces of one length, as many for each of the threads, so that all are done at the same time.
    pub fn new(first: u64, file_length: u64, threads: u64) -> Self {
        let threads = threads.max(1);
        let wanted = file_length / (file_length / PIECES).clamp(LEAST_STEP, GREATEST_STEP);
        let piece_count = if wanted > threads { wanted - wanted % threads } else { wanted.max(1) };
        Self { first, file_length, piece_count, step: file_length.div_ceil(piece_count) }
    }

    pub fn piece_count(&self) -> u64 {
        self.piece_count
    }

    /// `None` if no block begins where one should, or the blocks are damaged or grow too much.
    ///
    /// `bytes` is only lent, and `spent` is a piece that is read: fresh memory costs more than reading the file.
    pub fn unpack(&self, file: &mut File, index: u64, bytes: &mut Vec<u8>, spent: Piece) -> io::Result<Option<Piece>> {
        let Piece { mut packed, mut unpacked, .. } = spent;
        let at = index * self.step;
        let is_last = index + 1 >= self.piece_count;
        let length = if is_last { self.file_length - at } else { self.step + SEARCHED };
        bytes.clear();
        file.seek(SeekFrom::Start(at))?;
        file.take(length).read_to_end(bytes)?;
        let block_from = |from: u64| {
            let searched = bytes.get(from as usize..(from + SEARCHED) as usize)?;
            Some(8 * from as usize + find_block(searched)?)
        };
        let start = if index == 0 { Some(8 * self.first as usize) } else { block_from(0) };
        let end = if is_last { Some(8 * bytes.len()) } else { block_from(self.step) };
        let (Some(start), Some(end)) = (start, end) else { return Ok(None) };
        let moved = move_bits(bytes, start, end, &mut packed);
        let Some(consumed) = moved.and_then(|()| unpack(&packed, &mut unpacked)) else { return Ok(None) };
        if !is_last && consumed != packed.len() {
            return Ok(None);
        }
        let stream_end = at + (start / 8 + consumed.saturating_sub(HEAD)) as u64;
        Ok(Some(Piece { packed, unpacked, stream_end }))
    }
}

impl Piece {
    /// The window in front of a stream.
    pub fn before_all() -> Self {
        Self { unpacked: vec![0; WINDOW], ..Self::default() }
    }

    /// Puts the content right for a piece that follows `window`; `None` if it cannot follow it.
    ///
    /// Unpacks again from the start, until a whole window is as it was with zeros: from there on everything is.
    pub fn follow(&mut self, window: &[u8; WINDOW]) -> Option<()> {
        self.packed[STORED_WINDOW.len()..HEAD].copy_from_slice(window);
        let mut decoder = Decompress::new(false);
        let mut again = [0; WINDOW];
        for (index, guess) in self.unpacked.chunks_mut(WINDOW).enumerate() {
            let again = &mut again[..guess.len()];
            fill(&mut decoder, &self.packed, again)?;
            if index > 0 && guess == again {
                break;
            }
            guess.copy_from_slice(again);
        }
        Some(())
    }
}

/// The bits from `start` to `end` as a stream of their own, with room for a window. `end` lies within `bytes`.
fn move_bits(bytes: &[u8], start: usize, end: usize, packed: &mut Vec<u8>) -> Option<()> {
    let (shift, count) = ((start % 8) as u32, end.checked_sub(start)?);
    let source = bytes.get(start / 8..end.div_ceil(8))?;
    let (_, next) = source.split_first()?;
    packed.clear();
    make_room(packed, HEAD + source.len() + 3);
    packed.extend(STORED_WINDOW);
    packed.resize(HEAD + source.len(), 0);
    // Wrapping, of a shift below 8: a check in it would keep the loop from being vectorised.
    let moved = |low: u8, high: u8| u16::from_le_bytes([low, high]).wrapping_shr(shift) as u8;
    for ((out, &low), &high) in packed[HEAD..].iter_mut().zip(source).zip(next) {
        *out = moved(low, high);
    }
    if let (Some(out), Some(&low)) = (packed.last_mut(), source.last()) {
        *out = moved(low, 0);
    }
    // Only whole bytes, then at most 7 bits with the end behind them.
    let (whole, used) = (HEAD + count / 8, count % 8);
    let begun = packed.get(whole).map_or(0, |byte| u32::from(*byte) & ((1 << used) - 1));
    packed.truncate(whole);
    let tail = (begun | END << used).to_le_bytes();
    packed.extend(&tail[..(used + END_BITS).div_ceil(8)]);
    Some(())
}

/// In an empty vector, on large pages where it is new.
fn make_room(buffer: &mut Vec<u8>, bytes: usize) {
    if buffer.capacity() < bytes {
        buffer.reserve_exact(bytes);
        prefer_huge_pages(buffer.spare_capacity_mut());
    }
}

/// The content of a stream; returns how many of its bytes it took.
fn unpack(packed: &[u8], unpacked: &mut Vec<u8>) -> Option<usize> {
    let mut decoder = Decompress::new(false);
    unpacked.clear();
    make_room(unpacked, 2 * packed.len());
    loop {
        let rest = packed.get(decoder.total_in() as usize..)?;
        let before = decoder.total_in();
        let room = unpacked.capacity() - unpacked.len();
        match decoder.decompress_vec(rest, unpacked, FlushDecompress::None).ok()? {
            Status::StreamEnd => return Some(decoder.total_in() as usize),
            _ if unpacked.len() == unpacked.capacity() => {
                if unpacked.len() > MAX_GROWTH * packed.len() {
                    return None;
                }
                unpacked.reserve(unpacked.len() / 2);
            }
            _ if decoder.total_in() == before && room == unpacked.capacity() - unpacked.len() => return None,
            _ => {}
        }
    }
}

fn fill(decoder: &mut Decompress, packed: &[u8], buffer: &mut [u8]) -> Option<()> {
    let start = decoder.total_out();
    loop {
        let done = (decoder.total_out() - start) as usize;
        if done == buffer.len() {
            return Some(());
        }
        let before = decoder.total_in();
        decoder.decompress(packed.get(before as usize..)?, &mut buffer[done..], FlushDecompress::None).ok()?;
        if decoder.total_in() == before && (decoder.total_out() - start) as usize == done {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pieces_are_alike_cover_the_file_and_are_as_many_for_each_thread(
            file_length in MIN_FILE_BYTES..(4u64 << 30), threads in 1u64..5,
        ) {
            let Layout { piece_count, step, .. } = Layout::new(10, file_length, threads);
            prop_assert!(piece_count <= threads || piece_count.is_multiple_of(threads));
            prop_assert!(step * piece_count >= file_length && step * (piece_count - 1) < file_length);
            let last = file_length - step * (piece_count - 1);
            prop_assert!(last + piece_count >= step, "{last} of {step}");
            prop_assert!((LEAST_STEP..2 * GREATEST_STEP).contains(&step));
        }
    }
}
