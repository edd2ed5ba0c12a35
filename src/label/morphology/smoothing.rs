//! Smoothing of masks and of neighbouring classes by Gaussian blur.

use rayon::prelude::*;

use super::blur::{Blur, BlurRoom};
use super::bounds::{bounds_of, grown_by};
use crate::geometry::VoxelBox;
use crate::label::ClassId;
use crate::volume::Grid;

/// True where the mask, blurred with a Gaussian of this standard deviation (cut off at three), is at least one half. Beyond the
/// border the outermost voxels go on. A standard deviation that is not above 0 leaves the mask as it is; one of more than 64
/// voxels counts as 64.
pub fn gaussian(mask: &Grid<bool>, sigma_mm: f64, spacing_mm: [f64; 3]) -> Grid<bool> {
    let Some(blur) = Blur::new(sigma_mm, spacing_mm) else {
        return mask.clone();
    };
    let extent = mask.extent();
    let mut smooth = Grid::filled(extent, false);
    // Seen from beyond its bounds less than half of a mask is in sight.
    if let Some(b) = bounds_of(mask, |inside| inside) {
        let slices = smooth.as_mut_slice().par_chunks_mut(extent.x() * extent.y()).enumerate();
        slices.skip(b.lo.z).take(b.size()[2]).for_each_init(BlurRoom::default, |room, (z, slice)| {
            blur.slice(
                mask,
                |inside| inside,
                (&b, z),
                room,
                |y, shares| {
                    let row = &mut slice[y * extent.x()..][b.lo.x..b.hi.x];
                    row.iter_mut().zip(shares).for_each(|(inside, share)| *inside = *share >= 0.5);
                },
            );
        });
    }
    smooth
}

/// Smooths the classes of `which` together: each of them and the background is blurred as in [`gaussian`], and every voxel gets
/// the one with the largest share, so that neighbours have neither gaps nor overlaps between them. Where shares are equal a
/// voxel keeps its class.
///
/// Voxels of other classes stay as they are and do not compete: a class keeps its voxels along a neighbour that is not
/// smoothed with it.
pub fn smooth_jointly(
    classes: &Grid<ClassId>,
    which: &[ClassId],
    sigma_mm: f64,
    spacing_mm: [f64; 3],
) -> Grid<ClassId> {
    let mut smooth = classes.clone();
    let Some(blur) = Blur::new(sigma_mm, spacing_mm) else {
        return smooth;
    };
    let mut is_free = [false; 256];
    which.iter().for_each(|class| is_free[usize::from(*class)] = true);
    let in_reach = |class: ClassId| {
        let bounds = bounds_of(classes, |c| c == class)?;
        Some((class, grown_by(&bounds, blur.reach(), classes.extent())))
    };
    let boxes: Vec<(ClassId, VoxelBox)> =
        (1..=ClassId::MAX).filter(|class| is_free[usize::from(*class)]).filter_map(in_reach).collect();
    let Some(all) = boxes.iter().map(|(_, b)| *b).reduce(|a, b| a.union(&b)) else {
        return smooth;
    };
    is_free[0] = true;
    let mut contest =
        Contest { classes, blur, is_free, all, largest: vec![-1.0; all.voxel_count()], winners: &mut smooth };
    contest.enter(0, &all);
    boxes.iter().for_each(|(class, b)| contest.enter(*class, b));
    smooth
}

/// Who has the largest share of every voxel so far.
struct Contest<'a> {
    classes: &'a Grid<ClassId>,
    blur: Blur,
    is_free: [bool; 256],
    all: VoxelBox,
    /// Largest share of every voxel of the box `all`.
    largest: Vec<f32>,
    winners: &'a mut Grid<ClassId>,
}

impl Contest<'_> {
    /// Lets a class compete for the voxels of a box within `all`.
    fn enter(&mut self, class: ClassId, b: &VoxelBox) {
        let Self { classes, blur, is_free, all, .. } = self;
        let nx = classes.extent().x();
        let [all_nx, all_ny, _] = all.size();
        let winners = self.winners.as_mut_slice().par_chunks_mut(nx * classes.extent().y()).skip(b.lo.z);
        let largest = self.largest.par_chunks_mut(all_nx * all_ny).skip(b.lo.z - all.lo.z);
        let slices = winners.zip(largest).enumerate().take(b.size()[2]);
        slices.for_each_init(BlurRoom::default, |room, (z, (winners, largest))| {
            let z = b.lo.z + z;
            blur.slice(
                classes,
                |c| c == class,
                (b, z),
                room,
                |y, shares| {
                    let own = &classes.as_slice()[classes.row_range(b, y, z)];
                    let winners = &mut winners[y * nx..][b.lo.x..b.hi.x];
                    let largest = &mut largest[(y - all.lo.y) * all_nx..][b.lo.x - all.lo.x..b.hi.x - all.lo.x];
                    for (((own, winner), largest), share) in own.iter().zip(winners).zip(largest).zip(shares) {
                        let wins = share > largest || (share == largest && *own == class);
                        if wins && is_free[usize::from(*own)] {
                            *winner = class;
                            *largest = *share;
                        }
                    }
                },
            );
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_masks::{any_extent, any_mask, any_spacing, clamped, moved};
    use super::*;
    use crate::geometry::{Extent, Voxel};
    use proptest::prelude::*;

    /// Shares nearer than this may fall either way in single precision.
    const UNDECIDED: f64 = 1e-4;

    /// The plain definition: the weighted share of wanted voxels around a voxel.
    fn share(wanted: &dyn Fn(Voxel) -> bool, extent: Extent, v: Voxel, sigma_mm: f64, spacing_mm: [f64; 3]) -> f64 {
        let reach = spacing_mm.map(|s| (3.0 * sigma_mm / s).ceil() as i64);
        let (mut inside, mut all) = (0.0, 0.0);
        for dz in -reach[2]..=reach[2] {
            for dy in -reach[1]..=reach[1] {
                for dx in -reach[0]..=reach[0] {
                    let step = [dx, dy, dz];
                    let squared: f64 = (0..3).map(|a| (step[a] as f64 * spacing_mm[a] / sigma_mm).powi(2)).sum();
                    let weight = (-0.5 * squared).exp();
                    all += weight;
                    inside += if wanted(clamped(extent, moved(v, step))) { weight } else { 0.0 };
                }
            }
        }
        inside / all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn the_smooth_mask_is_where_its_share_is_at_least_half(
            mask in any_mask(), spacing in any_spacing(), sigma in 0.1f64..2.0,
        ) {
            let smooth = gaussian(&mask, sigma, spacing);
            for v in mask.extent().full_box().voxels() {
                let expected = share(&|v| mask.at(v), mask.extent(), v, sigma, spacing);
                prop_assert!((expected - 0.5).abs() < UNDECIDED || smooth.at(v) == (expected > 0.5));
            }
        }

        #[test]
        fn every_voxel_goes_to_the_class_with_the_largest_share(
            extent in any_extent(), seed in prop::collection::vec(0u8..5, 10 * 8 * 6),
            spacing in any_spacing(), sigma in 0.3f64..1.5,
        ) {
            // Patches of 2 x 2 x 1 voxels; class 4 is not smoothed.
            let classes = Grid::from_fn(extent, |v| seed[v.x / 2 + 10 * (v.y / 2 + 8 * v.z)]);
            let smooth = smooth_jointly(&classes, &[3, 1, 2, 2], sigma, spacing);
            for v in extent.full_box().voxels() {
                let of = |class: u8| share(&|v| classes.at(v) == class, extent, v, sigma, spacing);
                if classes.at(v) == 4 {
                    prop_assert_eq!(smooth.at(v), 4);
                } else if of(4) < 1.0 - UNDECIDED {
                    let largest = (0..4).map(of).fold(0.0, f64::max);
                    prop_assert!(smooth.at(v) < 4 && of(smooth.at(v)) >= largest - UNDECIDED);
                }
            }
        }
    }

    #[test]
    fn nothing_to_smooth_changes_nothing() {
        let e = Extent::new(6, 5, 4).unwrap();
        let classes = Grid::from_fn(e, |v| (v.x % 3) as ClassId);
        for sigma in [0.0, -1.0, f64::NAN] {
            assert_eq!(smooth_jointly(&classes, &[1, 2], sigma, [1.0; 3]), classes);
            assert_eq!(gaussian(&classes.map(|c| *c == 1), sigma, [1.0; 3]), classes.map(|c| *c == 1));
        }
        for which in [&[][..], &[0], &[7]] {
            assert_eq!(smooth_jointly(&classes, which, 1.0, [1.0; 3]), classes);
        }
        let full = Grid::filled(e, true);
        assert_eq!(gaussian(&full, f64::INFINITY, [1.0; 3]), full);
    }

    #[test]
    fn a_speck_goes_to_the_class_around_it_and_straight_borders_stay() {
        let e = Extent::new(24, 12, 12).unwrap();
        let clean = Grid::from_fn(e, |v| if v.x < 8 { 1 } else { ClassId::from(v.x < 16) * 2 });
        let mut specked = clean.clone();
        specked.set(Voxel::new(3, 5, 5), 0);
        specked.set(Voxel::new(12, 5, 5), 1);
        specked.set(Voxel::new(20, 5, 5), 2);
        assert_eq!(smooth_jointly(&specked, &[1, 2], 1.5, [1.0; 3]), clean);
    }

    #[test]
    fn a_thin_sheet_between_classes_that_are_not_smoothed_stays() {
        let e = Extent::new(9, 6, 6).unwrap();
        let sandwich = Grid::from_fn(e, |v| [1, 2, 3][usize::from(v.x > 3) + usize::from(v.x > 4)]);
        assert_eq!(smooth_jointly(&sandwich, &[2], 2.0, [1.0; 3]), sandwich);
    }
}
