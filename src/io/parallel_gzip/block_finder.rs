//! Finds where a block begins in the middle of a deflate stream (RFC 1951, section 3.2.7).

/// Most bits that the header of a block takes: 17 bits, 19 lengths of 3 bits, 316 lengths of at most 7 + 7 bits.
const MAX_HEADER_BITS: usize = 17 + 19 * 3 + 316 * 14;
/// In this order a header lists the lengths of the code that its code lengths are written in.
const LENGTH_CODE_ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const LENGTH_CODE_BITS: u8 = 7;
const CODE_BITS: u8 = 15;
/// Three bits: not the last block, Huffman codes of its own.
const HUFFMAN_BLOCK: u16 = 0b100;
const END_OF_BLOCK: usize = 256;

/// The first bit of `packed` that looks like the start of a block with Huffman codes of its own and is not the last block.
///
/// What is found may, rarely, be no block: the caller must see that the blocks before end there. Blocks of other kinds
/// are passed over.
pub(super) fn find_block(packed: &[u8]) -> Option<usize> {
    let end = (8 * packed.len()).checked_sub(MAX_HEADER_BITS)?;
    packed.windows(2).zip((0..end).step_by(8)).find_map(|(pair, byte_start)| {
        let pair = u16::from_le_bytes([pair[0], pair[1]]);
        // The first three bits alone rule out seven places of eight.
        let mut starts = (0..8).filter(|&bit| pair >> bit & 0b111 == HUFFMAN_BLOCK).map(|bit| byte_start + bit);
        starts.find(|&at| begins_block(Bits { packed, at: at + 3 }).is_some())
    })
}

/// Bits of a stream, the least significant of each byte first. Past the end they are 0.
struct Bits<'a> {
    packed: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// The next `count` bits, at most 16, without taking them.
    fn peek(&self, count: u8) -> usize {
        let byte = |i: usize| u32::from(self.packed.get(self.at / 8 + i).copied().unwrap_or(0));
        let bits = (byte(0) | byte(1) << 8 | byte(2) << 16) >> (self.at % 8);
        (bits & ((1 << count) - 1)) as usize
    }

    fn take(&mut self, count: u8) -> usize {
        let bits = self.peek(count);
        self.at += usize::from(count);
        bits
    }
}

/// `None` if no compressor writes these bits behind the first three of a block.
fn begins_block(mut bits: Bits) -> Option<()> {
    let (literals, distances) = (bits.take(5) + 257, bits.take(5) + 1);
    if literals > 286 || distances > 30 {
        return None;
    }
    let mut length_code = [0u8; 19];
    let listed = bits.take(4) + 4;
    for &symbol in &LENGTH_CODE_ORDER[..listed] {
        length_code[symbol] = bits.take(3) as u8;
    }
    if !is_complete(&length_code, LENGTH_CODE_BITS) {
        return None;
    }
    let lengths = code_lengths(&mut bits, &LengthCode::new(&length_code), literals + distances)?;
    let (literals, distances) = lengths.split_at(literals);
    // A single distance has a code of one bit, which leaves the other one unused.
    let used_distances = distances.iter().filter(|&&length| length > 0).count();
    let sound = literals[END_OF_BLOCK] > 0
        && is_complete(literals, CODE_BITS)
        && (used_distances <= 1 || is_complete(distances, CODE_BITS));
    sound.then_some(())
}

/// Whether every sequence of bits begins with a code word (equality in Kraft's inequality); a length of 0 is no word.
fn is_complete(lengths: &[u8], most: u8) -> bool {
    let share = |&length: &u8| if length == 0 { 0 } else { 1u32 << (most - length) };
    lengths.iter().map(share).sum::<u32>() == 1 << most
}

/// The code lengths of literals and distances, with their repetitions written out.
fn code_lengths(bits: &mut Bits, code: &LengthCode, count: usize) -> Option<Vec<u8>> {
    let mut lengths = Vec::with_capacity(count);
    while lengths.len() < count {
        let (length, times) = match code.take(bits) {
            16 => (*lengths.last()?, 3 + bits.take(2)),
            17 => (0, 3 + bits.take(3)),
            18 => (0, 11 + bits.take(7)),
            length => (length, 1),
        };
        lengths.extend(std::iter::repeat_n(length, times));
    }
    (lengths.len() == count).then_some(lengths)
}

/// The complete code of at most 7 bits that code lengths are written in: symbol and length by the next 7 bits.
struct LengthCode([(u8, u8); 1 << LENGTH_CODE_BITS]);

impl LengthCode {
    fn new(lengths: &[u8; 19]) -> Self {
        let mut table = [(0, 0); 1 << LENGTH_CODE_BITS];
        let mut next = 0usize;
        // Shorter words come first, and words of one length in the order of their symbols; written from their top bit.
        for length in 1..=LENGTH_CODE_BITS {
            for (symbol, _) in (0u8..).zip(lengths).filter(|(_, of)| **of == length) {
                for word in next..next + (1 << (LENGTH_CODE_BITS - length)) {
                    table[word.reverse_bits() >> (usize::BITS - u32::from(LENGTH_CODE_BITS))] = (symbol, length);
                }
                next += 1 << (LENGTH_CODE_BITS - length);
            }
        }
        Self(table)
    }

    fn take(&self, bits: &mut Bits) -> u8 {
        let (symbol, length) = self.0[bits.peek(LENGTH_CODE_BITS)];
        bits.take(length);
        symbol
    }
}
