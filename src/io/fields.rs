//! Numbers at fixed offsets of a header, in either byte order.

/// Byte order of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    pub const NATIVE: Self = if cfg!(target_endian = "little") { Self::Little } else { Self::Big };
}

/// Reads header fields; the header must have its full length, a field past its end reads as zero.
pub(super) struct Fields<'a> {
    pub bytes: &'a [u8],
    pub order: ByteOrder,
}

impl Fields<'_> {
    pub fn raw<const N: usize>(&self, offset: usize) -> [u8; N] {
        self.bytes.get(offset..).and_then(|tail| tail.first_chunk::<N>()).copied().unwrap_or([0; N])
    }

    /// The `N` bytes of a number, most significant first.
    fn big_endian<const N: usize>(&self, offset: usize) -> [u8; N] {
        let mut bytes = self.raw(offset);
        if self.order == ByteOrder::Little {
            bytes.reverse();
        }
        bytes
    }

    pub fn u8(&self, offset: usize) -> u8 {
        let [byte] = self.raw(offset);
        byte
    }

    pub fn i16(&self, offset: usize) -> i16 {
        i16::from_be_bytes(self.big_endian(offset))
    }

    pub fn i32(&self, offset: usize) -> i32 {
        i32::from_be_bytes(self.big_endian(offset))
    }

    pub fn i64(&self, offset: usize) -> i64 {
        i64::from_be_bytes(self.big_endian(offset))
    }

    pub fn f32(&self, offset: usize) -> f64 {
        f32::from_be_bytes(self.big_endian(offset)).into()
    }

    pub fn f64(&self, offset: usize) -> f64 {
        f64::from_be_bytes(self.big_endian(offset))
    }

    pub fn f32s<const N: usize>(&self, offset: usize) -> [f64; N] {
        std::array::from_fn(|i| self.f32(offset + 4 * i))
    }

    pub fn f64s<const N: usize>(&self, offset: usize) -> [f64; N] {
        std::array::from_fn(|i| self.f64(offset + 8 * i))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_byte_orders_give_the_same_numbers() {
        let mut little = (-5i16).to_le_bytes().to_vec();
        little.extend(0.9f32.to_le_bytes());
        let mut big = (-5i16).to_be_bytes().to_vec();
        big.extend(0.9f32.to_be_bytes());
        for (bytes, order) in [(little, ByteOrder::Little), (big, ByteOrder::Big)] {
            let fields = Fields { bytes: &bytes, order };
            assert_eq!((fields.i16(0), fields.f32(2)), (-5, f64::from(0.9f32)));
        }
    }
}
