//! Masks as bits, 64 voxels to a word, lowest bit first.

/// The voxels of a whole word.
pub(super) const WORD: usize = 64;

/// The voxels of every byte.
static VOXELS_OF_BYTE: [[bool; 8]; 256] = voxels_of_byte();

const fn voxels_of_byte() -> [[bool; 8]; 256] {
    let mut table = [[false; 8]; 256];
    let mut i = 0;
    while i < 256 * 8 {
        table[i / 8][i % 8] = (i / 8) >> (i % 8) & 1 == 1;
        i += 1;
    }
    table
}

/// At most [`WORD`] voxels; the bits beyond them are 0.
pub(super) fn pack(voxels: &[bool]) -> u64 {
    let (eights, rest) = voxels.as_chunks::<8>();
    let bit = |(place, voxel): (usize, &bool)| u64::from(*voxel) << place;
    let mut word = 0;
    for (byte, eight) in eights.iter().enumerate() {
        // The multiplication gathers the lowest bits of eight bytes in the highest byte; no two of its terms meet there.
        let spread = u64::from_le_bytes(eight.map(u8::from));
        word |= spread.wrapping_mul(0x0102_0408_1020_4080) >> 56 << (8 * byte);
    }
    word | rest.iter().enumerate().map(bit).fold(0, |all, bit| all | bit) << (8 * eights.len() % WORD)
}

/// The voxels of a word; at most [`WORD`].
pub(super) fn unpack(word: u64, voxels: &mut [bool]) {
    for (byte, eight) in word.to_le_bytes().into_iter().zip(voxels.chunks_mut(8)) {
        let from = &VOXELS_OF_BYTE[usize::from(byte)];
        match eight.as_mut_array() {
            Some(whole) => *whole = *from,
            None => eight.iter_mut().zip(from).for_each(|(to, from)| *to = *from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn packed_voxels_come_back_and_the_bits_beyond_are_zero(voxels in prop::collection::vec(any::<bool>(), 0..=WORD)) {
            let word = pack(&voxels);
            let mut back = vec![true; voxels.len()];
            unpack(word, &mut back);
            prop_assert_eq!(&back, &voxels);
            prop_assert_eq!(word.count_ones() as usize, voxels.iter().filter(|v| **v).count());
        }
    }
}
