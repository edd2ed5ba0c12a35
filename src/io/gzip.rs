//! Gzip streams of several members, each with its checksum checked.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

const FIRST_MAGIC_BYTE: u8 = 0x1f;

/// No deflate stream grows by more than this factor.
pub(super) const MAX_EXPANSION: u64 = 1032;

/// Decompresses all members of a gzip file and ignores padding behind the last one.
///
/// `flate2::MultiGzDecoder` takes zero padding for a broken member; some archive tools write such padding.
pub(super) struct GzipMembers<R> {
    decoder: Option<GzDecoder<R>>,
}

impl<R: BufRead> GzipMembers<R> {
    pub fn new(compressed: R) -> Self {
        Self { decoder: Some(GzDecoder::new(compressed)) }
    }

    /// The members that follow one that is read; none if no member begins there.
    pub fn next(mut compressed: R) -> io::Result<Self> {
        let more = compressed.fill_buf()?.first() == Some(&FIRST_MAGIC_BYTE);
        Ok(Self { decoder: more.then(|| GzDecoder::new(compressed)) })
    }
}

impl<R: BufRead> Read for GzipMembers<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.decoder {
            let count = decoder.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            if let Some(finished) = self.decoder.take() {
                *self = Self::next(finished.into_inner())?;
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn member(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read_all(compressed: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        GzipMembers::new(compressed).read_to_end(&mut out)?;
        Ok(out)
    }

    #[test]
    fn members_are_joined_and_zero_padding_is_ignored() {
        let joined = [member(b"one "), member(b"two"), vec![0; 512]].concat();
        assert_eq!(read_all(&joined).unwrap(), b"one two");
    }

    #[test]
    fn a_wrong_checksum_of_any_member_is_an_error() {
        for broken_member in 0..2 {
            let mut members = [member(b"one "), member(b"two")];
            let crc_byte = members[broken_member].len() - 8;
            members[broken_member][crc_byte] ^= 1;
            assert!(read_all(&members.concat()).is_err(), "member {broken_member}");
        }
    }

    #[test]
    fn a_stream_cut_anywhere_is_an_error() {
        let whole = member(&[7; 1000]);
        for length in 1..whole.len() {
            assert!(read_all(&whole[..length]).is_err(), "{length}");
        }
    }
}
