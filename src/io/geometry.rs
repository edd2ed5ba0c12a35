//! Where a NIfTI volume lies: the affine in use, the ones it was chosen from, and the stored numbers behind them.

use super::header::{Header, NiftiVersion, Shape};
use crate::geometry::{Affine, Extent};
use crate::volume::VoxelType;

/// Cosine between voxel axes above which a grid counts as sheared; stored floats stay far below.
const SHEAR_COSINE: f64 = 1e-3;
/// qform and sform further apart than this share of the smallest spacing are reported.
const REPORTED_DISAGREEMENT: f64 = 0.1;

/// Which part of the header the affine was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AffineSource {
    Sform,
    Qform,
    /// Only the voxel size is known; axes and position are assumed as nibabel and SPM do (LAS, centred).
    Pixdim,
}

/// Grid and position of a volume, with everything needed to write a mask on exactly this grid.
#[derive(Clone, Debug, PartialEq)]
pub struct NiftiGeometry {
    /// Voxels of the first frame.
    pub extent: Extent,
    /// Length of one step along each voxel axis of `affine`, mm.
    pub spacing_mm: [f64; 3],
    /// World (RAS mm) from voxel; always usable.
    pub affine: Affine,
    pub affine_source: AffineSource,
    pub sform_code: i16,
    pub qform_code: i16,
    /// In mm; `None` if the code is 0 or the stored numbers are unusable.
    pub sform: Option<Affine>,
    /// In mm; `None` if the code is 0 or the stored numbers are unusable.
    pub qform: Option<Affine>,
    /// Largest distance in mm between where sform and qform put a corner voxel; `None` unless both are there.
    pub disagreement_mm: Option<f64>,
    pub stored_type: VoxelType,
    pub version: NiftiVersion,
    /// Shape as stored, with frames; 1 to 7 axes.
    pub file_shape: Vec<usize>,
    /// Quaternion b, c, d as stored.
    pub quatern: [f64; 3],
    /// Offset of the qform as stored, in file units.
    pub qoffset: [f64; 3],
    /// As stored, in file units; `pixdim[0]` is the handedness of the qform.
    pub pixdim: [f64; 8],
    /// Rows of the sform as stored, in file units.
    pub srow: [[f64; 4]; 3],
    pub xyzt_units: u8,
}

impl AffineSource {
    /// Lower-case name of the header part.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sform => "sform",
            Self::Qform => "qform",
            Self::Pixdim => "pixdim",
        }
    }
}

impl NiftiGeometry {
    /// Geometry of a new file with a scanner-space sform. The affine (mm, must be usable) is rounded to the 32-bit floats
    /// that the file will hold.
    pub fn from_affine(extent: Extent, affine: Affine, stored_type: VoxelType) -> Self {
        let rows = affine.rows.map(|row| row.map(|c| f64::from(c as f32)));
        let affine = Affine { rows };
        let spacing_mm = affine.spacing_mm();
        let mut pixdim = [1.0; 8];
        pixdim[1..4].copy_from_slice(&spacing_mm.map(|s| f64::from(s as f32)));
        Self {
            extent,
            spacing_mm,
            affine,
            affine_source: AffineSource::Sform,
            sform_code: 1,
            qform_code: 0,
            sform: Some(affine),
            qform: None,
            disagreement_mm: None,
            stored_type,
            version: NiftiVersion::Nifti1,
            file_shape: extent.to_array().to_vec(),
            quatern: [0.0; 3],
            qoffset: [0.0; 3],
            pixdim,
            srow: rows,
            xyzt_units: 2,
        }
    }

    /// The geometry and one sentence per thing the user should know.
    pub(super) fn from_header(header: &Header, shape: &Shape, stored_type: VoxelType) -> (Self, Vec<String>) {
        let mut notices = Vec::new();
        let unit_mm = mm_per_unit(header.xyzt_units);
        if unit_mm != 1.0 {
            notices.push(format!("The file measures in units of {unit_mm} mm; lengths were converted to mm."));
        }
        let spacing = usable_pixdim(header, shape.file_shape.len(), &mut notices).map(|p| p * unit_mm);
        let stored_sform = Affine { rows: header.srow.map(|row| row.map(|c| c * unit_mm)) };
        let qform = qform_affine(header, spacing, header.qoffset.map(|c| c * unit_mm));
        let sform = usable("sform", header.sform_code, stored_sform, &mut notices);
        let qform = usable("qform", header.qform_code, qform, &mut notices);
        let (affine, affine_source) = match (sform, qform) {
            (Some(sform), _) => (sform, AffineSource::Sform),
            (None, Some(qform)) => (qform, AffineSource::Qform),
            (None, None) => (centred_las(spacing, shape.extent), AffineSource::Pixdim),
        };
        let geometry = Self {
            extent: shape.extent,
            spacing_mm: affine.spacing_mm(),
            affine,
            affine_source,
            sform_code: header.sform_code,
            qform_code: header.qform_code,
            sform,
            qform,
            disagreement_mm: sform.zip(qform).map(|(s, q)| s.max_corner_distance_mm(&q, shape.extent)),
            stored_type,
            version: header.version,
            file_shape: shape.file_shape.clone(),
            quatern: header.quatern,
            qoffset: header.qoffset,
            pixdim: header.pixdim,
            srow: header.srow,
            xyzt_units: header.xyzt_units,
        };
        geometry.describe(header, shape, &mut notices);
        (geometry, notices)
    }

    /// Volumes in the file: more than one where it has a time or another fourth axis.
    pub fn frame_count(&self) -> usize {
        self.file_shape.iter().skip(3).fold(1usize, |count, &n| count.saturating_mul(n)).max(1)
    }

    /// Millimetres per length unit of the stored numbers.
    pub(super) fn mm_per_unit(&self) -> f64 {
        mm_per_unit(self.xyzt_units)
    }

    fn describe(&self, header: &Header, shape: &Shape, notices: &mut Vec<String>) {
        if self.affine_source == AffineSource::Pixdim {
            notices.push("The file does not say how the patient lies; left and right are a guess.".to_owned());
        }
        let smallest = self.spacing_mm.into_iter().fold(f64::INFINITY, f64::min);
        if let Some(mm) = self.disagreement_mm.filter(|mm| *mm > REPORTED_DISAGREEMENT * smallest) {
            notices.push(format!("The sform and the qform disagree by {mm:.2} mm; the sform is used."));
        }
        if is_sheared(&self.affine) {
            notices.push(
                "The voxel axes are not at right angles to each other; distances on screen are approximate.".to_owned(),
            );
        }
        if shape.frame_count > 1 {
            notices.push(format!(
                "The file holds {} volumes; labels and learning belong to the first one.",
                shape.frame_count
            ));
        }
        if usize::try_from(header.bitpix) != Ok(8 * self.stored_type.byte_count()) {
            let (bits, name) = (header.bitpix, self.stored_type.name());
            notices.push(format!("The header gives {bits} bits per voxel for the type {name}; the type is trusted."));
        }
    }
}

/// Millimetres per length unit of the file; an unknown unit is taken for mm.
fn mm_per_unit(xyzt_units: u8) -> f64 {
    match xyzt_units & 0b111 {
        1 => 1e3,
        3 => 1e-3,
        _ => 1.0,
    }
}

/// Voxel sizes made positive; a missing one is 1.
fn usable_pixdim(header: &Header, rank: usize, notices: &mut Vec<String>) -> [f64; 3] {
    std::array::from_fn(|axis| {
        let size = header.pixdim[axis + 1];
        let name = ["x", "y", "z"][axis];
        if !size.is_finite() || size == 0.0 {
            if axis < rank {
                notices.push(format!("The header gives no usable voxel size along {name} ({size})."));
            }
            return 1.0;
        }
        if size < 0.0 {
            notices.push(format!("The voxel size along {name} is negative ({size:.3}); its absolute value is used."));
        }
        size.abs()
    })
}

fn usable(name: &str, code: i16, affine: Affine, notices: &mut Vec<String>) -> Option<Affine> {
    if code <= 0 {
        return None;
    }
    if !affine.is_usable() {
        notices.push(format!("The {name} of the file is not a valid matrix and was ignored."));
        return None;
    }
    Some(affine)
}

/// The NIfTI quaternion method; `spacing` and `offset` in mm.
fn qform_affine(header: &Header, spacing: [f64; 3], offset: [f64; 3]) -> Affine {
    let [b, c, d] = header.quatern;
    let length_squared = b * b + c * c + d * d;
    // As in the reference library: stored floats of a half turn may leave a tiny or negative rest.
    let (a, [b, c, d]) = if 1.0 - length_squared < 1e-7 {
        (0.0, [b, c, d].map(|q| q / length_squared.sqrt()))
    } else {
        ((1.0 - length_squared).sqrt(), [b, c, d])
    };
    let rotation = [
        [a * a + b * b - c * c - d * d, 2.0 * (b * c - a * d), 2.0 * (b * d + a * c)],
        [2.0 * (b * c + a * d), a * a + c * c - b * b - d * d, 2.0 * (c * d - a * b)],
        [2.0 * (b * d - a * c), 2.0 * (c * d + a * b), a * a + d * d - b * b - c * c],
    ];
    let handedness = if header.pixdim[0] < 0.0 { -1.0 } else { 1.0 };
    let scale = [spacing[0], spacing[1], spacing[2] * handedness];
    let rows =
        std::array::from_fn(|i| std::array::from_fn(|j| if j < 3 { rotation[i][j] * scale[j] } else { offset[i] }));
    Affine { rows }
}

fn centred_las(spacing: [f64; 3], extent: Extent) -> Affine {
    let scale = [-spacing[0], spacing[1], spacing[2]];
    let mut affine = Affine::from_spacing(scale);
    for (axis, n) in extent.to_array().into_iter().enumerate() {
        affine.rows[axis][3] = -scale[axis] * (n - 1) as f64 / 2.0;
    }
    affine
}

fn is_sheared(affine: &Affine) -> bool {
    let spacing = affine.spacing_mm();
    [(0, 1), (0, 2), (1, 2)].into_iter().any(|(i, j)| {
        let dot: f64 = affine.column(i).iter().zip(affine.column(j)).map(|(p, q)| p * q).sum();
        (dot / (spacing[i] * spacing[j])).abs() > SHEAR_COSINE
    })
}

#[cfg(test)]
mod tests {
    use super::super::fields::ByteOrder;
    use super::*;

    fn header() -> Header {
        Header {
            version: NiftiVersion::Nifti1,
            order: ByteOrder::Little,
            single_file: true,
            dim: [3, 4, 5, 6, 1, 1, 1, 1],
            datatype: 4,
            bitpix: 16,
            intent_code: 0,
            pixdim: [1.0, 1.0, 2.0, 3.0, 1.0, 1.0, 1.0, 1.0],
            data_offset: 352,
            slope: 1.0,
            intercept: 0.0,
            xyzt_units: 2,
            qform_code: 0,
            sform_code: 0,
            quatern: [0.0; 3],
            qoffset: [7.0, 8.0, 9.0],
            srow: [[1.0, 0.0, 0.0, 7.0], [0.0, 2.0, 0.0, 8.0], [0.0, 0.0, 3.0, 9.0]],
        }
    }

    fn geometry(header: &Header) -> (NiftiGeometry, Vec<String>) {
        NiftiGeometry::from_header(header, &header.shape().unwrap(), VoxelType::I16)
    }

    #[test]
    fn without_codes_the_grid_is_centred_and_left_is_a_guess() {
        let (g, notices) = geometry(&header());
        assert_eq!(g.affine_source, AffineSource::Pixdim);
        assert_eq!(g.affine.world_from_voxel([1.5, 2.0, 2.5]), [0.0; 3]);
        assert_eq!(crate::geometry::Orientation::from_affine(&g.affine).code(), "LAS");
        assert!(notices[0].contains("guess"), "{notices:?}");
    }

    #[test]
    fn qform_and_sform_of_one_grid_do_not_disagree() {
        let (g, notices) = geometry(&Header { qform_code: 1, sform_code: 1, ..header() });
        assert_eq!(g.disagreement_mm, Some(0.0));
        assert_eq!(notices, Vec::<String>::new());
    }

    #[test]
    fn a_quaternion_of_a_half_turn_flips_two_axes() {
        let half_turn = Header { qform_code: 1, quatern: [0.0, 0.0, 0.999_999_97], ..header() };
        let (g, _) = geometry(&half_turn);
        for (axis, length) in [-1.0, -2.0, 3.0].into_iter().enumerate() {
            assert!((g.affine.rows[axis][axis] - length).abs() < 1e-6, "{:?}", g.affine);
        }
        let (mirrored, _) = geometry(&Header { pixdim: [-1.0, 1.0, 2.0, 3.0, 1.0, 1.0, 1.0, 1.0], ..half_turn });
        assert!((mirrored.affine.rows[2][2] + 3.0).abs() < 1e-6);
    }

    #[test]
    fn an_unusable_sform_falls_back_to_the_qform_then_to_the_voxel_size() {
        for broken in [[f64::NAN; 4], [0.0; 4]] {
            let mut h = Header { qform_code: 1, sform_code: 1, ..header() };
            h.srow[2] = broken;
            let (g, notices) = geometry(&h);
            assert_eq!((g.affine_source, g.sform), (AffineSource::Qform, None));
            assert!(notices.iter().any(|n| n.contains("sform")), "{notices:?}");
            h.quatern = [f64::NAN; 3];
            assert_eq!(geometry(&h).0.affine_source, AffineSource::Pixdim);
        }
    }

    #[test]
    fn units_other_than_mm_are_converted() {
        for (units, factor) in [(1, 1e3), (3, 1e-3), (2, 1.0), (0, 1.0)] {
            let (g, notices) = geometry(&Header { sform_code: 1, xyzt_units: units | 8, ..header() });
            assert_eq!(g.spacing_mm, [1.0, 2.0, 3.0].map(|s| s * factor));
            assert_eq!(notices.is_empty(), factor == 1.0);
        }
    }
}
