//! A thick slice: what is looked through, and what is made of it.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Samples on either side of the plane. A pixel then reads 65 times 8 texels, which a laptop's graphics still does at once;
/// 16 mm of half millimetre voxels are sampled twice per voxel, and 60 mm about once per millimetre.
const MAX_SAMPLES_PER_SIDE: f64 = 32.0;
/// Slices on either side of the shown one. A pixel then reads 255 times 4 texels, twice what an oblique slab reads at most.
const MAX_SLICES_PER_SIDE: f64 = 127.0;
/// Headers keep spacings to about seven digits: a slice that lies this part of a spacing beyond the slab is still in it.
const ROUNDED_SPACINGS: f64 = 1e-3;

/// What a slab shows of the intensities along the normal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
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

    /// The slices of a stack of `slice_count`, `spacing_mm` apart, whose centres are at most half the thickness from the centre
    /// of `slice`: always that one, and at most 127 on either side. Without a thickness that is a positive number, that one
    /// alone. Empty if `slice` is none of the stack.
    pub fn slices(&self, slice: usize, slice_count: usize, spacing_mm: f64) -> Range<usize> {
        let reach = self.thickness_mm / 2.0 / spacing_mm;
        let reached = if reach > 0.0 && self.thickness_mm.is_finite() { reach + ROUNDED_SPACINGS } else { 0.0 };
        // Between 0 and the bound.
        let per_side = reached.min(MAX_SLICES_PER_SIDE) as usize;
        let end = slice.saturating_add(per_side + 1).min(slice_count);
        if slice < slice_count { slice.saturating_sub(per_side)..end } else { end..end }
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
    pub(crate) fn of(self, values: impl Iterator<Item = f64>) -> f64 {
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

    proptest! {
        #[test]
        fn the_slices_of_a_slab_are_those_whose_centres_it_reaches(
            thickness_mm in 0.0..60.0f64, spacing_mm in 0.3..6.0f64, count in 1usize..70, place in 0.0..1.0f64,
        ) {
            let slice = (place * count as f64) as usize;
            let reach = thickness_mm / 2.0 / spacing_mm;
            // What lies exactly on the border is a case of its own.
            prop_assume!((reach - reach.round()).abs() > 2.0 * ROUNDED_SPACINGS);
            let slab = Slab { thickness_mm, projection: SlabProjection::Max };
            let reached = |s: &usize| s.abs_diff(slice) as f64 * spacing_mm <= thickness_mm / 2.0;
            let expected: Vec<usize> = (0..count).filter(reached).collect();
            prop_assert_eq!(slab.slices(slice, count, spacing_mm).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn slices_on_the_border_of_a_slab_are_in_it_even_if_the_spacing_was_rounded() {
        for spacing_mm in [1.2, f64::from(1.2f32), 1.2 * (1.0 + 1e-6)] {
            let slab = Slab { thickness_mm: 2.4 * 3.0, projection: SlabProjection::Mean };
            assert_eq!(slab.slices(10, 20, spacing_mm), 7..14);
            assert_eq!((slab.slices(0, 20, spacing_mm), slab.slices(19, 20, spacing_mm)), (0..4, 16..20));
        }
    }

    #[test]
    fn slices_of_an_odd_slab_or_stack_are_bounded() {
        let of = |thickness_mm| Slab { thickness_mm, projection: SlabProjection::Mean };
        for none in [0.0, -3.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(of(none).slices(5, 9, 1.0), 5..6);
        }
        for spacing_mm in [-3.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(of(3.0).slices(5, 9, spacing_mm), 5..6);
        }
        assert_eq!(of(1e300).slices(500, 1000, 1e-3), 373..628);
        assert_eq!(of(4.0).slices(0, 1, 1.0), 0..1);
        assert!(of(4.0).slices(9, 9, 1.0).is_empty() && of(4.0).slices(0, 0, 1.0).is_empty());
        assert!(of(4.0).slices(usize::MAX, usize::MAX, 1.0).is_empty());
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
