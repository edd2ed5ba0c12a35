//! The median intensity of every class, exact without sorting.

mod key_code;
mod key_counts;

use std::ops::Range;

use rayon::prelude::*;

use self::key_code::{KeyCode, lower_half, upper_half};
use self::key_counts::{KeyCounts, Middle};
use super::{ClassPlanes, MeasureError};
use crate::label::ClassId;
use crate::volume::Image;
use crate::with_voxels;

/// Voxels of one task: enough work to pay for it, little enough to hear a cancel at once.
const CHUNK: usize = 1 << 17;

/// The median per class number over finite intensities, the mean of the middle two where their number is even; `None`
/// without any. Stored types wider than 16 bits are compared at the precision of `f32`.
///
/// Counts how many voxels have which upper half of a sort key, then, within the half that the median falls into, which
/// lower half. Integers of 8 and 16 bits need only the first. Image and labels must have the same extent.
pub(super) fn class_medians(
    image: &Image,
    labels: ClassPlanes<'_>,
    cancelled: impl Fn() -> bool + Sync,
) -> Result<Vec<Option<f64>>, MeasureError> {
    let code = KeyCode::of(image.voxels.voxel_type());
    let upper = count_keys(image, labels, &cancelled, &|class, key| Some((slot(class, 0), upper_half(key))))?;
    let middles: Vec<_> = classes().map(|class| upper[slot(class, 0)].as_ref().and_then(KeyCounts::middles)).collect();
    let in_middle = |class: ClassId, key| {
        let which = middles[usize::from(class)]?.iter().position(|m| m.key == upper_half(key))?;
        Some((slot(class, which), lower_half(key)))
    };
    let lower = if code.is_short() { None } else { Some(count_keys(image, labels, &cancelled, &in_middle)?) };
    let median = |class: ClassId| {
        let [a, b] = middles[usize::from(class)]?;
        let intensity = |middle: Middle, which| {
            let lower = match &lower {
                Some(counts) => counts[slot(class, which)].as_ref()?.at_rank(middle.rank)?.key,
                None => 0,
            };
            let key = u32::from(middle.key) << 16 | u32::from(lower);
            Some(image.slope * code.stored(key) + image.intercept)
        };
        // Voxels of a half that both lie in are counted for the first.
        Some(intensity(a, 0)? / 2.0 + intensity(b, usize::from(a.key != b.key))? / 2.0)
    };
    Ok(classes().map(median).collect())
}

fn classes() -> impl Iterator<Item = ClassId> {
    ClassId::MIN..=ClassId::MAX
}

/// Which counts a class has: one for each of its two middle voxels.
fn slot(class: ClassId, which: usize) -> usize {
    2 * usize::from(class) + which
}

type Counts = Vec<Option<KeyCounts>>;

/// Counts the half keys that `route` makes of class and sort key, in the slots it names.
fn count_keys(
    image: &Image,
    labels: ClassPlanes<'_>,
    cancelled: &(impl Fn() -> bool + Sync),
    route: &(impl Fn(ClassId, u32) -> Option<(usize, u16)> + Sync),
) -> Result<Counts, MeasureError> {
    let n = labels.extent().voxel_count();
    let none = || vec![None; slot(ClassId::MAX, 1) + 1];
    let count_chunk = |mut counts: Counts, chunk: usize| {
        if cancelled() {
            return Err(MeasureError::Cancelled);
        }
        let indices = chunk * CHUNK..((chunk + 1) * CHUNK).min(n);
        count_range(image, labels, indices, route, &mut counts);
        Ok(counts)
    };
    (0..n.div_ceil(CHUNK)).into_par_iter().try_fold(none, count_chunk).try_reduce(none, |mut a, b| {
        for (own, other) in a.iter_mut().zip(b) {
            match (own, other) {
                (Some(own), Some(other)) => own.merge(other),
                (own, other) => *own = own.take().or(other),
            }
        }
        Ok(a)
    })
}

#[expect(clippy::unnecessary_cast, reason = "the macro repeats the line for f64 too")]
fn count_range(
    image: &Image,
    labels: ClassPlanes<'_>,
    indices: Range<usize>,
    route: &(impl Fn(ClassId, u32) -> Option<(usize, u16)> + Sync),
    counts: &mut Counts,
) {
    let code = KeyCode::of(image.voxels.voxel_type());
    with_voxels!(&image.voxels, grid => for (class, run) in labels.runs(indices) {
        for &stored in &grid.as_slice()[run] {
            let stored = stored as f64;
            if (image.slope * stored + image.intercept).is_finite()
                && let Some((slot, half)) = route(class, code.key(stored))
            {
                counts[slot].get_or_insert_with(KeyCounts::new).add(half);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Affine, Extent};
    use crate::volume::{Grid, Voxels};
    use proptest::prelude::*;

    fn sorted_median(mut values: Vec<f64>) -> Option<f64> {
        values.retain(|v| v.is_finite());
        values.sort_unstable_by(f64::total_cmp);
        let n = values.len();
        Some(values.get(n.checked_sub(1)? / 2)? / 2.0 + values[n / 2] / 2.0)
    }

    fn assert_medians(voxels: Voxels, slope: f64, classes: &[ClassId]) -> Result<(), TestCaseError> {
        let image = Image::new(voxels, slope, 12.5, Affine::identity());
        let classes = Grid::from_vec(image.extent(), classes.to_vec()).unwrap();
        let medians = class_medians(&image, (&classes).into(), || false).unwrap();
        for class in 0..5u8 {
            let of_class = (0..classes.as_slice().len()).filter(|&i| classes.as_slice()[i] == class);
            let expected = sorted_median(of_class.map(|i| image.intensity_at(i)).collect());
            match (medians[usize::from(class)], expected) {
                (Some(a), Some(b)) => prop_assert!((a - b).abs() <= 1e-9 * (1.0 + b.abs()), "{a} {b}"),
                (a, b) => prop_assert_eq!(a, b),
            }
        }
        Ok(())
    }

    fn extent(n: usize) -> Extent {
        Extent::new(n, 1, 1).unwrap()
    }

    proptest! {
        #[test]
        fn medians_of_integers_equal_sorting(
            values in prop::collection::vec((any::<i16>(), 0u8..4), 1..60), slope in prop_oneof![-2.0..-0.1f64, 0.1..2.0f64],
        ) {
            let (values, classes): (Vec<_>, Vec<_>) = values.into_iter().unzip();
            assert_medians(Voxels::I16(Grid::from_vec(extent(values.len()), values).unwrap()), slope, &classes)?;
        }

        #[test]
        fn medians_of_floats_equal_sorting_whether_or_not_the_middle_two_are_alike(
            values in prop::collection::vec((prop_oneof![-1e3..1e3f32, -1e-3..1e-3f32, Just(0.0), Just(f32::NAN), -1e20..1e20f32], 0u8..4), 1..60),
        ) {
            let (values, classes): (Vec<_>, Vec<_>) = values.into_iter().unzip();
            assert_medians(Voxels::F32(Grid::from_vec(extent(values.len()), values).unwrap()), 1.0, &classes)?;
        }
    }

    #[test]
    fn bytes_and_signed_bytes_keep_their_order() {
        let classes = [1, 1, 1];
        let u8s = Grid::from_vec(extent(3), vec![0u8, 255, 3]).unwrap();
        assert_medians(Voxels::U8(u8s), 1.0, &classes).unwrap();
        let i8s = Grid::from_vec(extent(3), vec![-128i8, 127, -3]).unwrap();
        assert_medians(Voxels::I8(i8s), 1.0, &classes).unwrap();
    }

    #[test]
    fn chunks_are_put_together() {
        let n = 2 * CHUNK + 5;
        let values = (0..n).map(|i| ((i * 7919) % n) as f32).collect();
        let image = Image::new(Voxels::F32(Grid::from_vec(extent(n), values).unwrap()), 1.0, 0.0, Affine::identity());
        let medians = class_medians(&image, (&Grid::filled(extent(n), 9u8)).into(), || false).unwrap();
        assert_eq!(medians[9], Some((n / 2) as f64));
        assert_eq!(medians.iter().flatten().count(), 1);
        let cancelled = class_medians(&image, (&Grid::filled(extent(n), 9u8)).into(), || true);
        assert_eq!(cancelled, Err(MeasureError::Cancelled));
    }
}
