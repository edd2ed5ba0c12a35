//! Growing and shrinking masks by a margin.

use super::ball::reach;
use super::bit_rows::BitRows;
use super::bounds::{bounds_of, grown_by};
use crate::label::distance::usable_spacing;
use crate::volume::Grid;

/// Largest radius of a closing in voxels along the finest axis: it needs as much room around the mask, and what closes wider
/// gaps repairs no mask.
const LARGEST_CLOSING_VOXELS: f64 = 64.0;

/// Voxels whose centre is at most `radius_mm` from that of a mask voxel: a ball in mm, whatever the spacing. A radius that is
/// not above 0 leaves the mask as it is.
pub fn dilate_mm(mask: &Grid<bool>, radius_mm: f64, spacing_mm: [f64; 3]) -> Grid<bool> {
    let spacing = usable_spacing(spacing_mm);
    match bounds_of(mask, |inside| inside) {
        Some(bounds) if radius_mm > 0.0 => {
            let b = grown_by(&bounds, reach(radius_mm, spacing), mask.extent());
            BitRows::of(mask, &b).within(radius_mm, spacing).placed(&b, mask.extent())
        }
        _ => mask.clone(),
    }
}

/// Mask voxels whose centre is more than `radius_mm` from that of every voxel outside. Beyond the border counts as inside, so
/// an object that the border cuts does not shrink from it. A radius that is not above 0 leaves the mask as it is.
pub fn erode_mm(mask: &Grid<bool>, radius_mm: f64, spacing_mm: [f64; 3]) -> Grid<bool> {
    shrink(mask, radius_mm, spacing_mm, |eroded, _| eroded)
}

/// [`erode_mm`], then [`dilate_mm`]: takes away what no ball of that radius fits in.
pub fn open_mm(mask: &Grid<bool>, radius_mm: f64, spacing_mm: [f64; 3]) -> Grid<bool> {
    shrink(mask, radius_mm, spacing_mm, |eroded, spacing| eroded.within(radius_mm, spacing))
}

/// [`dilate_mm`], then [`erode_mm`], as if the grid went on without mask beyond its border (along an axis of a single voxel it
/// does not): fills what a ball of that radius outside the mask cannot reach. Never takes a voxel away.
///
/// A radius of more than 64 voxels along the finest axis counts as 64.
pub fn close_mm(mask: &Grid<bool>, radius_mm: f64, spacing_mm: [f64; 3]) -> Grid<bool> {
    let spacing = usable_spacing(spacing_mm);
    let extent = mask.extent();
    match bounds_of(mask, |inside| inside) {
        Some(bounds) if radius_mm > 0.0 => {
            let axes = spacing.iter().zip(extent.to_array()).filter(|(_, n)| *n > 1);
            let finest = axes.map(|(s, _)| *s).fold(f64::INFINITY, f64::min);
            let radius = radius_mm.min(LARGEST_CLOSING_VOXELS * finest);
            let reach = reach(radius, spacing);
            let room = std::array::from_fn(|a| if extent.to_array()[a] > 1 { reach[a] } else { 0 });
            let grown = BitRows::of(mask, &bounds).with_room(room).within(radius, spacing);
            let closed = grown.complement().within(radius, spacing).complement();
            closed.without_room(room, bounds.size()).placed(&bounds, extent)
        }
        _ => mask.clone(),
    }
}

/// Erodes in the box of the mask and goes on from there with the usable spacing.
fn shrink(
    mask: &Grid<bool>,
    radius_mm: f64,
    spacing_mm: [f64; 3],
    then: impl Fn(BitRows, [f64; 3]) -> BitRows,
) -> Grid<bool> {
    let spacing = usable_spacing(spacing_mm);
    match bounds_of(mask, |inside| inside) {
        Some(bounds) if radius_mm > 0.0 => {
            // The nearest voxel outside is in the box or in the layer around it.
            let b = bounds.grown(1, mask.extent());
            let eroded = BitRows::of(mask, &b).complement().within(radius_mm, spacing).complement();
            then(eroded, spacing).placed(&b, mask.extent())
        }
        _ => mask.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_masks::{any_mask, any_spacing, at, ball_steps, is_near, moved};
    use super::*;
    use crate::geometry::{Extent, Voxel};
    use proptest::prelude::*;

    fn dilated(mask: &Grid<bool>, steps: &[[i64; 3]]) -> Grid<bool> {
        Grid::from_fn(mask.extent(), |v| is_near(mask, v, steps, true))
    }

    fn eroded(mask: &Grid<bool>, steps: &[[i64; 3]]) -> Grid<bool> {
        Grid::from_fn(mask.extent(), |v| !is_near(mask, v, steps, false))
    }

    /// No ball that misses the mask holds the voxel; centres of balls may lie beyond the border.
    fn closed(mask: &Grid<bool>, steps: &[[i64; 3]]) -> Grid<bool> {
        let n = mask.extent().to_array();
        let flat = |step: &&[i64; 3]| (0..3).all(|a| n[a] > 1 || step[a] == 0);
        let holds_mask =
            |centre: [i64; 3]| steps.iter().any(|s| at(mask, std::array::from_fn(|a| centre[a] + s[a])) == Some(true));
        Grid::from_fn(mask.extent(), |v| steps.iter().filter(flat).all(|s| holds_mask(moved(v, *s))))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn margins_equal_brute_force(mask in any_mask(), spacing in any_spacing(), radius in 0.1f64..4.0) {
            let steps = ball_steps(radius, spacing);
            prop_assert_eq!(dilate_mm(&mask, radius, spacing), dilated(&mask, &steps));
            prop_assert_eq!(erode_mm(&mask, radius, spacing), eroded(&mask, &steps));
            prop_assert_eq!(open_mm(&mask, radius, spacing), dilated(&eroded(&mask, &steps), &steps));
        }

        #[test]
        fn closing_equals_brute_force_beyond_the_border(mask in any_mask(), spacing in any_spacing(), radius in 0.1f64..3.0) {
            let found = close_mm(&mask, radius, spacing);
            prop_assert_eq!(&found, &closed(&mask, &ball_steps(radius, spacing)));
            prop_assert!(mask.as_slice().iter().zip(found.as_slice()).all(|(before, after)| after >= before));
        }
    }

    #[test]
    fn a_radius_that_is_not_above_zero_changes_nothing_and_a_huge_one_is_no_trouble() {
        let e = Extent::new(70, 4, 3).unwrap();
        let dot = Grid::from_fn(e, |v| v == Voxel::new(66, 1, 1));
        for operation in [dilate_mm, erode_mm, open_mm, close_mm] {
            for radius in [0.0, -1.0, f64::NAN] {
                assert_eq!(operation(&dot, radius, [1.0; 3]), dot);
            }
            let nothing = Grid::filled(e, false);
            assert_eq!(operation(&nothing, 2.0, [1.0; 3]), nothing);
            for radius in [1e3, 1e300, f64::INFINITY] {
                let everything = Grid::filled(e, true);
                assert_eq!(operation(&everything, radius, [f64::NAN; 3]), everything);
            }
        }
        for radius in [1e3, 1e300, f64::INFINITY] {
            assert!(!dilate_mm(&dot, radius, [1.0; 3]).as_slice().contains(&false));
            assert!(!erode_mm(&dot, radius, [1.0; 3]).as_slice().contains(&true));
            assert_eq!(close_mm(&dot, radius, [1.0; 3]), dot);
        }
    }

    #[test]
    fn a_radius_of_whole_voxels_reaches_them_although_the_spacing_was_rounded() {
        let e = Extent::new(9, 1, 1).unwrap();
        let spacing = [f64::from(0.8f32); 3];
        let grown = dilate_mm(&Grid::from_fn(e, |v| v.x == 4), 2.4, spacing);
        assert_eq!(grown, Grid::from_fn(e, |v| (1..=7).contains(&v.x)));
    }

    #[test]
    fn an_object_cut_by_the_border_does_not_shrink_from_it() {
        let e = Extent::new(12, 5, 5).unwrap();
        let cut = Grid::from_fn(e, |v| v.x < 8);
        assert_eq!(erode_mm(&cut, 2.0, [1.0; 3]), Grid::from_fn(e, |v| v.x < 6));
        assert_eq!(open_mm(&cut, 2.0, [1.0; 3]), cut);
        assert_eq!(close_mm(&cut, 2.0, [1.0; 3]), cut);
    }

    #[test]
    fn a_gap_in_a_single_slice_is_closed() {
        let e = Extent::new(20, 9, 1).unwrap();
        let bar = |gap: usize| Grid::from_fn(e, |v| (2..7).contains(&v.y) && !(9..9 + gap).contains(&v.x));
        assert!(close_mm(&bar(2), 3.0, [1.0; 3]).at(Voxel::new(9, 4, 0)));
        assert!(!close_mm(&bar(8), 3.0, [1.0; 3]).at(Voxel::new(12, 4, 0)));
    }
}
