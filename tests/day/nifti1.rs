//! NIfTI-1 single files, written and read from the standard alone (`nifti1.h`): the program's own reader and writer
//! take no part.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::ops::Range;
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

/// Bytes before the voxels: the header and the four bytes that say "no extension".
const VOX_OFFSET: usize = 352;
const DT_UINT8: i16 = 2;
const DT_INT16: i16 = 4;

/// Everything that says where the voxels lie in space: `qform_code`, `sform_code`, `quatern_*`, `qoffset_*`, `srow_*`.
const PLACE: Range<usize> = 252..328;
/// `pixdim[0]`, the handedness of the qform, to `pixdim[3]`.
const PIXDIM: Range<usize> = 76..92;

/// A little-endian header and the bytes of the voxels behind it.
pub struct Nifti1 {
    bytes: Vec<u8>,
}

impl Nifti1 {
    /// 16-bit voxels, x fastest, of a volume that is turned by `turn_rad` about the z axis. qform and sform agree and
    /// have different codes.
    pub fn int16(size: [i16; 3], spacing_mm: [f32; 3], turn_rad: f32, voxels: &[i16]) -> Self {
        let offset_mm = [-21.5f32, 12.25, -40.0];
        let (sin, cos) = turn_rad.sin_cos();
        let [dx, dy, dz] = spacing_mm;
        let mut volume = Self { bytes: vec![0; VOX_OFFSET] };
        volume.put(0, 348i32.to_le_bytes());
        for (offset, value) in [(40, 3), (42, size[0]), (44, size[1]), (46, size[2])] {
            volume.put(offset, value.to_le_bytes());
        }
        for offset in [48, 50, 52, 54] {
            volume.put(offset, 1i16.to_le_bytes());
        }
        volume.put(70, DT_INT16.to_le_bytes());
        volume.put(72, 16i16.to_le_bytes());
        volume.put_floats(76, &[1.0, dx, dy, dz]);
        volume.put_floats(108, &[VOX_OFFSET as f32, 1.0, 0.0]);
        // Millimetres.
        volume.put(123, [2]);
        // Scanner coordinates in the qform, aligned ones in the sform.
        volume.put(252, 1i16.to_le_bytes());
        volume.put(254, 2i16.to_le_bytes());
        let quatern = [0.0, 0.0, (turn_rad / 2.0).sin()];
        volume.put_floats(256, &[quatern, offset_mm].concat());
        let [x, y, z] = offset_mm;
        volume.put_floats(280, &[cos * dx, -sin * dy, 0.0, x, sin * dx, cos * dy, 0.0, y, 0.0, 0.0, dz, z]);
        volume.put(344, *b"n+1\0");
        volume.bytes.extend(voxels.iter().flat_map(|v| v.to_le_bytes()));
        volume
    }

    /// A mask on the same grid.
    pub fn mask(&self, classes: &[u8]) -> Self {
        let mut mask = Self { bytes: self.bytes[..VOX_OFFSET].to_vec() };
        mask.put(70, DT_UINT8.to_le_bytes());
        mask.put(72, 8i16.to_le_bytes());
        mask.bytes.extend(classes);
        mask
    }

    pub fn write_gz(&self, path: &Path) {
        let mut gzip = GzEncoder::new(File::create(path).unwrap(), Compression::fast());
        gzip.write_all(&self.bytes).unwrap();
        gzip.finish().unwrap();
    }

    pub fn read_gz(path: &Path) -> Self {
        let file = File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut bytes = Vec::new();
        GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
        let volume = Self { bytes };
        assert_eq!(volume.get(0).map(i32::from_le_bytes), Some(348), "not a little-endian NIfTI-1 header");
        assert_eq!(volume.get(344), Some(*b"n+1\0"), "not a single file");
        volume
    }

    /// Number of axes, then x, y, z.
    pub fn dim(&self) -> [i16; 4] {
        [40, 42, 44, 46].map(|offset| self.int16_at(offset))
    }

    /// The voxels of a mask, x fastest, after a check that they are plain 8-bit class numbers and nothing else.
    pub fn classes(&self) -> &[u8] {
        assert_eq!((self.int16_at(70), self.int16_at(72)), (DT_UINT8, 8), "datatype and bits per voxel");
        let slope_intercept = [112, 116].map(|offset| self.get(offset).map(f32::from_le_bytes).unwrap());
        assert!(slope_intercept == [1.0, 0.0] || slope_intercept[0] == 0.0, "the class numbers are scaled");
        assert_eq!(self.get(108).map(f32::from_le_bytes), Some(VOX_OFFSET as f32), "where the voxels begin");
        assert_eq!(self.get(348), Some([0; 4]), "there is no extension");
        let voxels = &self.bytes[VOX_OFFSET..];
        assert_eq!(voxels.len(), self.voxel_count());
        voxels
    }

    /// The bytes of size, spacing, both forms and both codes.
    pub fn grid_bytes(&self) -> [&[u8]; 3] {
        [&self.bytes[40..48], &self.bytes[PIXDIM], &self.bytes[PLACE]]
    }

    fn voxel_count(&self) -> usize {
        self.dim()[1..].iter().map(|&n| usize::try_from(n).unwrap()).product()
    }

    fn int16_at(&self, offset: usize) -> i16 {
        self.get(offset).map(i16::from_le_bytes).unwrap()
    }

    fn get<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        self.bytes.get(offset..)?.first_chunk().copied()
    }

    fn put<const N: usize>(&mut self, offset: usize, value: [u8; N]) {
        self.bytes[offset..offset + N].copy_from_slice(&value);
    }

    fn put_floats(&mut self, offset: usize, values: &[f32]) {
        for (i, value) in values.iter().enumerate() {
            self.put(offset + 4 * i, value.to_le_bytes());
        }
    }
}
