//! The bytes of a NIfTI header.

use super::geometry::NiftiGeometry;
use super::header::{NIFTI1_BYTES, NIFTI2_BYTES};
use super::voxel_type::datatype_code;
use crate::geometry::Affine;
use crate::volume::VoxelType;

const WRITER: &[u8] = b"Chiaro";

/// Stored values with everything unusable of the source left out.
struct Stored {
    dim: [usize; 8],
    datatype: i16,
    bitpix: i16,
    pixdim: [f64; 8],
    slope: f64,
    intercept: f64,
    units: u8,
    qform_code: i16,
    sform_code: i16,
    /// Quaternion, then offset.
    qform: [f64; 6],
    srow: [f64; 12],
}

/// Header of a single-file volume (first frame only) in native byte order, with the four bytes that say "no extension".
/// NIfTI-1, unless the grid only fits NIfTI-2 exactly.
pub(super) fn encode_header(geometry: &NiftiGeometry, voxel_type: VoxelType, slope: f64, intercept: f64) -> Vec<u8> {
    let stored = Stored::new(geometry, voxel_type, slope, intercept);
    stored.nifti1().unwrap_or_else(|| stored.nifti2())
}

impl Stored {
    fn new(g: &NiftiGeometry, voxel_type: VoxelType, slope: f64, intercept: f64) -> Self {
        let rank = g.file_shape.len().clamp(1, 3);
        let mut dim = [1; 8];
        dim[0] = rank;
        dim[1..4].copy_from_slice(&g.extent.to_array());
        // A broken form is left out, so that every reader falls back to the one we used; an absent one is copied as it is.
        let kept = |code: i16, form: Option<Affine>, numbers: &[f64]| {
            form.is_some() || (code <= 0 && numbers.iter().all(|c| c.is_finite()))
        };
        let (sform_code, srow) = match kept(g.sform_code, g.sform, g.srow.as_flattened()) {
            true => (g.sform_code, g.srow),
            false => (0, [[0.0; 4]; 3]),
        };
        let (qform_code, quatern, qoffset) = match kept(g.qform_code, g.qform, &[g.quatern, g.qoffset].concat()) {
            true => (g.qform_code, g.quatern, g.qoffset),
            false => (0, [0.0; 3], [0.0; 3]),
        };
        let [b, c, d] = quatern;
        let [x, y, z] = qoffset;
        Self {
            dim,
            datatype: datatype_code(voxel_type),
            bitpix: 8 * voxel_type.byte_count() as i16,
            pixdim: usable_pixdim(g),
            slope,
            intercept,
            units: g.xyzt_units,
            qform_code,
            sform_code,
            qform: [b, c, d, x, y, z],
            srow: std::array::from_fn(|i| srow[i / 4][i % 4]),
        }
    }

    /// `None` if a number would lose digits.
    fn nifti1(&self) -> Option<Vec<u8>> {
        let mut dim = [0i16; 8];
        for (small, &n) in dim.iter_mut().zip(&self.dim) {
            *small = i16::try_from(n).ok()?;
        }
        let length = NIFTI1_BYTES + 4;
        let mut h = Bytes(vec![0; length]);
        h.put(0, (NIFTI1_BYTES as i32).to_ne_bytes());
        h.put_all(40, dim.map(i16::to_ne_bytes));
        h.put(70, self.datatype.to_ne_bytes());
        h.put(72, self.bitpix.to_ne_bytes());
        h.put_all(76, exact_f32s(self.pixdim)?);
        h.put(108, (length as f32).to_ne_bytes());
        h.put_all(112, exact_f32s([self.slope, self.intercept])?);
        h.put(123, [self.units]);
        h.put_slice(148, WRITER);
        h.put(252, self.qform_code.to_ne_bytes());
        h.put(254, self.sform_code.to_ne_bytes());
        h.put_all(256, exact_f32s(self.qform)?);
        h.put_all(280, exact_f32s(self.srow)?);
        h.put(344, *b"n+1\0");
        Some(h.0)
    }

    fn nifti2(&self) -> Vec<u8> {
        let length = NIFTI2_BYTES + 4;
        let mut h = Bytes(vec![0; length]);
        h.put(0, (NIFTI2_BYTES as i32).to_ne_bytes());
        h.put(4, *b"n+2\0\r\n\x1a\n");
        h.put(12, self.datatype.to_ne_bytes());
        h.put(14, self.bitpix.to_ne_bytes());
        h.put_all(16, self.dim.map(|n| (n as i64).to_ne_bytes()));
        h.put_all(104, self.pixdim.map(f64::to_ne_bytes));
        h.put(168, (length as i64).to_ne_bytes());
        h.put_all(176, [self.slope, self.intercept].map(f64::to_ne_bytes));
        h.put_slice(240, WRITER);
        h.put(344, i32::from(self.qform_code).to_ne_bytes());
        h.put(348, i32::from(self.sform_code).to_ne_bytes());
        h.put_all(352, self.qform.map(f64::to_ne_bytes));
        h.put_all(400, self.srow.map(f64::to_ne_bytes));
        h.put(500, i32::from(self.units).to_ne_bytes());
        h.0
    }
}

/// Voxel sizes as stored; negative ones made positive, missing ones taken from the affine in use.
fn usable_pixdim(g: &NiftiGeometry) -> [f64; 8] {
    let mut pixdim = g.pixdim.map(|p| if p.is_finite() { p } else { 0.0 });
    if pixdim[0] == 0.0 {
        pixdim[0] = 1.0;
    }
    for (size, &spacing_mm) in pixdim[1..4].iter_mut().zip(&g.spacing_mm) {
        *size = if *size == 0.0 { f64::from((spacing_mm / g.mm_per_unit()) as f32) } else { size.abs() };
    }
    pixdim
}

fn exact_f32s<const N: usize>(values: [f64; N]) -> Option<[[u8; 4]; N]> {
    values.iter().all(|&v| f64::from(v as f32) == v).then(|| values.map(|v| (v as f32).to_ne_bytes()))
}

/// A header under construction; all offsets are constants inside it.
struct Bytes(Vec<u8>);

impl Bytes {
    fn put<const N: usize>(&mut self, offset: usize, value: [u8; N]) {
        self.put_slice(offset, &value);
    }

    fn put_all<const N: usize, const M: usize>(&mut self, offset: usize, values: [[u8; N]; M]) {
        self.put_slice(offset, values.as_flattened());
    }

    fn put_slice(&mut self, offset: usize, value: &[u8]) {
        self.0[offset..offset + value.len()].copy_from_slice(value);
    }
}
