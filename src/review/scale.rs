//! Lengths of a grid in millimetres that can be worked with, whatever a header says.

/// Spacings outside are brought to this range, mm: no scanner comes near.
const USABLE_SPACING_MM: [f64; 2] = [1e-6, 1e6];

/// Size of a voxel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    spacing_mm: [f64; 3],
}

impl Scale {
    /// A spacing that is not a positive number counts as 1 mm.
    pub fn new(spacing_mm: [f64; 3]) -> Self {
        let [lo, hi] = USABLE_SPACING_MM;
        Self { spacing_mm: spacing_mm.map(|s| if s > 0.0 { s.clamp(lo, hi) } else { 1.0 }) }
    }

    pub fn spacing_mm(&self) -> [f64; 3] {
        self.spacing_mm
    }

    pub fn voxel_mm3(&self) -> f64 {
        self.spacing_mm.iter().product()
    }

    /// Area of one voxel in a slice across an axis (0 = x, 1 = y, otherwise z).
    pub fn pixel_mm2(&self, axis: usize) -> f64 {
        let [x, y, z] = self.spacing_mm;
        match axis {
            0 => y * z,
            1 => x * z,
            _ => x * y,
        }
    }

    /// Squared length, mm², of a way given in voxels.
    pub fn squared_mm2(&self, way_voxels: [f64; 3]) -> f64 {
        way_voxels.iter().zip(self.spacing_mm).map(|(w, s)| (w * s).powi(2)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unusable_spacings_count_as_a_millimetre() {
        assert_eq!(Scale::new([f64::NAN, -1.0, 0.0]).spacing_mm(), [1.0; 3]);
        assert!(Scale::new([f64::INFINITY, 1e-300, 2.0]).voxel_mm3().is_finite());
    }

    #[test]
    fn areas_and_lengths_follow_the_spacing() {
        let scale = Scale::new([0.5, 2.0, 3.0]);
        assert_eq!([0, 1, 2].map(|axis| scale.pixel_mm2(axis)), [6.0, 1.5, 1.0]);
        assert_eq!((scale.voxel_mm3(), scale.squared_mm2([2.0, 1.0, 1.0])), (3.0, 1.0 + 4.0 + 9.0));
    }
}
