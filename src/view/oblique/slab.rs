//! A thick slice: what is looked through, and what is made of it.

use serde::{Deserialize, Serialize};

/// Samples on either side of the plane. A pixel then reads 65 times 8 texels, which a laptop's graphics still does at once;
/// 16 mm of half millimetre voxels are sampled twice per voxel, and 60 mm about once per millimetre.
const MAX_SAMPLES_PER_SIDE: f64 = 32.0;

/// What a slab shows of the intensities along the normal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlabProjection {
    /// Vessels and bone.
    #[default]
    Max,
    /// Airways.
    Min,
    /// As a thicker slice would have been measured.
    Mean,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Slab {
    /// From the first to the last sample. 0 is a thin slice.
    pub thickness_mm: f64,
    pub projection: SlabProjection,
}

impl Slab {
    /// Where the slab is sampled along the normal, mm from the plane, ascending, evenly spaced and always through the plane
    /// itself. The step is at most half the smallest spacing, unless that takes more than 65 samples. A thickness that
    /// is not a positive number is a thin slice.
    pub fn offsets_mm(&self, spacing_mm: [f64; 3]) -> Vec<f64> {
        let half = self.thickness_mm / 2.0;
        let step = spacing_mm.into_iter().fold(f64::INFINITY, f64::min) / 2.0;
        if !(half > 0.0 && half.is_finite() && step > 0.0) {
            return vec![0.0];
        }
        // Between 1 and the bound.
        let per_side = (half / step).ceil().clamp(1.0, MAX_SAMPLES_PER_SIDE) as i32;
        (-per_side..=per_side).map(|i| half * f64::from(i) / f64::from(per_side)).collect()
    }
}

impl SlabProjection {
    pub const ALL: [Self; 3] = [Self::Max, Self::Min, Self::Mean];

    pub fn name(self) -> &'static str {
        match self {
            Self::Max => "Brightest",
            Self::Min => "Darkest",
            Self::Mean => "Mean",
        }
    }

    /// NaN without values.
    pub(super) fn of(self, values: impl Iterator<Item = f64>) -> f64 {
        match self {
            // The maximum of NaN and a number is the number.
            Self::Max => values.fold(f64::NAN, f64::max),
            Self::Min => values.fold(f64::NAN, f64::min),
            Self::Mean => {
                let (sum, count) = values.fold((0.0, 0.0), |(sum, count), v| (sum + v, count + 1.0));
                sum / count
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn samples_are_even_symmetric_through_the_plane_and_as_dense_as_half_a_voxel_or_bounded(
            thickness_mm in 0.001..200.0f64, spacing in prop::array::uniform3(0.05..6.0f64),
        ) {
            let offsets = Slab { thickness_mm, projection: SlabProjection::Max }.offsets_mm(spacing);
            let n = offsets.len();
            prop_assert!(n % 2 == 1 && n <= 65 && offsets[n / 2] == 0.0);
            prop_assert!((offsets[n - 1] - thickness_mm / 2.0).abs() < 1e-12);
            let step = thickness_mm / (n - 1) as f64;
            for (i, pair) in offsets.windows(2).enumerate() {
                prop_assert!((pair[1] - pair[0] - step).abs() < 1e-9);
                prop_assert!((offsets[i] + offsets[n - 1 - i]).abs() < 1e-12);
            }
            let finest = spacing.into_iter().fold(f64::INFINITY, f64::min) / 2.0;
            prop_assert!(step <= finest + 1e-12 || n == 65);
            prop_assert!(n == 3 || thickness_mm / (n - 3) as f64 > finest - 1e-12, "no more samples than needed");
        }
    }

    #[test]
    fn a_thickness_that_is_none_is_a_thin_slice() {
        for thickness_mm in [0.0, -3.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let slab = Slab { thickness_mm, projection: SlabProjection::Mean };
            assert_eq!(slab.offsets_mm([1.0; 3]), [0.0]);
        }
        let slab = Slab { thickness_mm: 1e300, projection: SlabProjection::Mean };
        assert_eq!(slab.offsets_mm([1.0; 3]).len(), 65);
        assert_eq!(slab.offsets_mm([1.0, f64::NAN, 0.0]), [0.0]);
    }

    #[test]
    fn projections_of_three_values() {
        let of = |p: SlabProjection| p.of([2.0, -1.0, 5.0].into_iter());
        assert_eq!(SlabProjection::ALL.map(of), [5.0, -1.0, 2.0]);
        assert!(SlabProjection::ALL.iter().all(|p| p.of(std::iter::empty()).is_nan()));
    }
}
