//! The fields of a NIfTI-1, NIfTI-2 or ANALYZE 7.5 header, as stored.

use super::fields::{ByteOrder, Fields};
use crate::geometry::Extent;

pub(super) const NIFTI1_BYTES: usize = 348;
pub(super) const NIFTI2_BYTES: usize = 540;

/// The header format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NiftiVersion {
    /// ANALYZE 7.5: no orientation, no codes.
    Analyze,
    Nifti1,
    Nifti2,
}

/// Stored values, widened to the larger of the two NIfTI versions; nothing is interpreted.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub version: NiftiVersion,
    pub order: ByteOrder,
    /// The voxels follow in the same file (`n+1`), not in an `.img`.
    pub single_file: bool,
    pub dim: [i64; 8],
    pub datatype: i16,
    pub bitpix: i16,
    pub intent_code: i32,
    pub pixdim: [f64; 8],
    /// Bytes before the first voxel.
    pub data_offset: u64,
    pub slope: f64,
    pub intercept: f64,
    pub xyzt_units: u8,
    pub qform_code: i16,
    pub sform_code: i16,
    pub quatern: [f64; 3],
    pub qoffset: [f64; 3],
    pub srow: [[f64; 4]; 3],
}

/// Why bytes are no usable header.
#[derive(Debug, PartialEq)]
pub(super) enum HeaderFault {
    /// What the file looks like instead, as a verb phrase.
    NotNifti(&'static str),
    Bad(String),
}

/// The voxel counts a header asks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shape {
    /// First frame; missing axes are 1.
    pub extent: Extent,
    /// `dim[1..=dim[0]]`.
    pub file_shape: Vec<usize>,
    /// Volumes in the file: the product of all axes after z.
    pub frame_count: u64,
}

impl Header {
    /// Reads a header from the first bytes of a file. Files without a magic word are ANALYZE only where
    /// `may_be_analyze`, that is for `.hdr` files.
    pub fn parse(bytes: &[u8], may_be_analyze: bool) -> Result<Self, HeaderFault> {
        let fields = [ByteOrder::Little, ByteOrder::Big].map(|order| Fields { bytes, order });
        let sized = |size: usize| fields.iter().find(|f| bytes.len() >= size && usize::try_from(f.i32(0)) == Ok(size));
        if let Some(fields) = sized(NIFTI1_BYTES) {
            return match &fields.raw::<4>(344) {
                b"n+1\0" => Self::nifti1(fields, true),
                b"ni1\0" => Self::nifti1(fields, false),
                _ if may_be_analyze => Self::analyze(fields),
                _ => Err(HeaderFault::NotNifti("has a header of the right size but not the NIfTI magic word")),
            };
        }
        if let Some(fields) = sized(NIFTI2_BYTES) {
            return match &fields.raw::<8>(4) {
                b"n+2\0\r\n\x1a\n" => Self::nifti2(fields, true),
                b"ni2\0\r\n\x1a\n" => Self::nifti2(fields, false),
                _ => Err(HeaderFault::NotNifti("has a header of the right size but not the NIfTI magic word")),
            };
        }
        Err(HeaderFault::NotNifti(looks_like(bytes)))
    }

    fn nifti1(f: &Fields, single_file: bool) -> Result<Self, HeaderFault> {
        Ok(Self {
            version: NiftiVersion::Nifti1,
            order: f.order,
            single_file,
            dim: std::array::from_fn(|i| f.i16(40 + 2 * i).into()),
            datatype: f.i16(70),
            bitpix: f.i16(72),
            intent_code: f.i16(68).into(),
            pixdim: f.f32s(76),
            data_offset: data_offset(f.f32(108), if single_file { NIFTI1_BYTES + 4 } else { 0 })?,
            slope: f.f32(112),
            intercept: f.f32(116),
            xyzt_units: f.u8(123),
            qform_code: f.i16(252),
            sform_code: f.i16(254),
            quatern: f.f32s(256),
            qoffset: f.f32s(268),
            srow: [f.f32s(280), f.f32s(296), f.f32s(312)],
        })
    }

    fn nifti2(f: &Fields, single_file: bool) -> Result<Self, HeaderFault> {
        let small = |offset| i16::try_from(f.i32(offset)).unwrap_or(0);
        let offset = f.i64(168);
        let smallest_offset = if single_file { NIFTI2_BYTES + 4 } else { 0 };
        Ok(Self {
            version: NiftiVersion::Nifti2,
            order: f.order,
            single_file,
            dim: std::array::from_fn(|i| f.i64(16 + 8 * i)),
            datatype: f.i16(12),
            bitpix: f.i16(14),
            intent_code: f.i32(504),
            pixdim: f.f64s(104),
            data_offset: u64::try_from(offset).map_err(|_| bad_offset(offset))?.max(smallest_offset as u64),
            slope: f.f64(176),
            intercept: f.f64(184),
            xyzt_units: u8::try_from(f.i32(500)).unwrap_or(0),
            qform_code: small(344),
            sform_code: small(348),
            quatern: f.f64s(352),
            qoffset: f.f64s(376),
            srow: [f.f64s(400), f.f64s(432), f.f64s(464)],
        })
    }

    /// Only what ANALYZE and NIfTI-1 share; SPM's scale factor sits where NIfTI has its slope.
    fn analyze(f: &Fields) -> Result<Self, HeaderFault> {
        Ok(Self {
            version: NiftiVersion::Analyze,
            intercept: 0.0,
            xyzt_units: 0,
            qform_code: 0,
            sform_code: 0,
            intent_code: 0,
            quatern: [0.0; 3],
            qoffset: [0.0; 3],
            srow: [[0.0; 4]; 3],
            ..Self::nifti1(f, false)?
        })
    }

    /// The voxel counts, refused where an axis has no voxels or the product does not fit.
    pub fn shape(&self) -> Result<Shape, HeaderFault> {
        let rank = usize::try_from(self.dim[0]).ok().filter(|rank| (1..=7).contains(rank));
        let rank = rank.ok_or_else(|| HeaderFault::Bad(format!("it claims {} dimensions", self.dim[0])))?;
        let stored = self.dim[1..=rank].iter().map(|&n| usize::try_from(n).ok().filter(|&n| n > 0));
        let file_shape: Vec<usize> = stored.collect::<Option<_>>().ok_or_else(|| {
            HeaderFault::Bad(format!("its shape {:?} has an axis without voxels", &self.dim[1..=rank]))
        })?;
        let axis = |a: usize| file_shape.get(a).copied().unwrap_or(1);
        let extent = Extent::new(axis(0), axis(1), axis(2));
        let frame_count = file_shape.iter().skip(3).try_fold(1u64, |n, &m| n.checked_mul(m as u64));
        match (extent, frame_count) {
            (Some(extent), Some(frame_count)) => Ok(Shape { extent, file_shape, frame_count }),
            _ => Err(HeaderFault::Bad(format!("its shape {file_shape:?} has more voxels than can be counted"))),
        }
    }
}

/// NIfTI-1 stores the offset as a float; values below the header size mean "right behind the header".
fn data_offset(stored: f64, smallest: usize) -> Result<u64, HeaderFault> {
    // f32 holds whole numbers up to 2^24 exactly; the cast is exact far beyond.
    let sane = (0.0..1e15).contains(&stored);
    if sane { Ok((stored as u64).max(smallest as u64)) } else { Err(bad_offset(stored)) }
}

fn bad_offset(stored: impl std::fmt::Display) -> HeaderFault {
    HeaderFault::Bad(format!("its voxels are said to start at byte {stored}"))
}

/// Names the kind of file, so that the message helps who picked the wrong one.
fn looks_like(bytes: &[u8]) -> &'static str {
    let starts_with = |magic: &[u8]| bytes.starts_with(magic);
    let is_text = bytes.iter().take(64).all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace());
    match bytes {
        [] => "is empty",
        _ if bytes.get(128..132) == Some(b"DICM") => "is a DICOM file",
        _ if starts_with(b"\x89HDF") || starts_with(b"CDF") => "is a MINC or HDF5 file",
        _ if starts_with(b"NRRD") => "is an NRRD file",
        _ if starts_with(b"ObjectType") => "is a MetaImage file",
        _ if starts_with(b"version https://git-lfs") => "is a Git LFS pointer, a download that was never completed",
        _ if is_text => "is a text file",
        _ if bytes.len() < NIFTI1_BYTES => "is shorter than a NIfTI header",
        _ => "does not start with a NIfTI header",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn header_with_dims(dim: [i64; 8]) -> Header {
        let mut bytes = vec![0u8; NIFTI2_BYTES];
        bytes[..4].copy_from_slice(&540i32.to_le_bytes());
        bytes[4..12].copy_from_slice(b"n+2\0\r\n\x1a\n");
        for (i, n) in dim.iter().enumerate() {
            bytes[16 + 8 * i..24 + 8 * i].copy_from_slice(&n.to_le_bytes());
        }
        Header::parse(&bytes, false).unwrap()
    }

    #[test]
    fn missing_axes_are_one_and_later_axes_are_frames() {
        let two_d = header_with_dims([2, 5, 6, 0, 0, 0, 0, 0]).shape().unwrap();
        assert_eq!((two_d.extent.to_array(), two_d.frame_count), ([5, 6, 1], 1));
        let five_d = header_with_dims([5, 2, 3, 4, 5, 6, 0, 0]).shape().unwrap();
        assert_eq!((five_d.extent.to_array(), five_d.frame_count), ([2, 3, 4], 30));
    }

    #[test]
    fn impossible_shapes_are_refused() {
        for dim in [[3, 5, 0, 6, 1, 1, 1, 1], [3, -5, 5, 6, 1, 1, 1, 1], [8, 1, 1, 1, 1, 1, 1, 1], [0; 8]] {
            assert!(matches!(header_with_dims(dim).shape(), Err(HeaderFault::Bad(_))), "{dim:?}");
        }
        let huge = header_with_dims([3, i64::MAX, i64::MAX, 2, 1, 1, 1, 1]);
        assert!(matches!(huge.shape(), Err(HeaderFault::Bad(_))));
    }

    #[test]
    fn foreign_files_are_called_by_their_name() {
        let mut dicom = vec![0; 200];
        dicom[128..132].copy_from_slice(b"DICM");
        for (bytes, name) in [(&b""[..], "empty"), (b"version https://git-lfs.github.com", "LFS"), (&dicom, "DICOM")] {
            let Err(HeaderFault::NotNifti(looks_like)) = Header::parse(bytes, true) else { panic!("{name}") };
            assert!(looks_like.contains(name), "{looks_like}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_header_or_a_fault(mut bytes in prop::collection::vec(any::<u8>(), 0..600), kind in 0..3) {
            let (size, at, magic): (i32, usize, &[u8]) = match kind {
                0 => (348, 344, b"n+1\0"),
                1 => (540, 4, b"n+2\0\r\n\x1a\n"),
                _ => (0, 0, b""),
            };
            if kind < 2 && bytes.len() >= 348 {
                bytes[..4].copy_from_slice(&size.to_be_bytes());
                bytes[at..at + magic.len()].copy_from_slice(magic);
            }
            if let Ok(header) = Header::parse(&bytes, true) {
                let _ = header.shape();
            }
        }
    }
}
