//! Hollow objects.

use super::ball::{Ball, reach};
use super::bit_rows::BitRows;
use super::bounds::{bounds_of, grown_by};
use crate::label::distance::usable_spacing;
use crate::volume::Grid;

/// Where the wall of a hollow object lies. The surface of a mask runs between its voxels and those outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Wall {
    /// Grows inwards from the surface: the object keeps its outer shape.
    #[default]
    Inside,
    /// Half of it on either side of the surface.
    Centred,
    /// Grows outwards from the surface: the object becomes the cavity.
    Outside,
}

/// A shell of this thickness in place of the mask.
///
/// Its inner part is the mask voxels whose centre is at most the thickness (half of it if [`Wall::Centred`]) from that of a
/// voxel outside, its outer part the voxels outside at most that far from the mask. The wall has no gaps however thin it is:
/// voxels with a 6-neighbour across the surface are always in it, those inside for [`Wall::Inside`] and [`Wall::Centred`],
/// those outside for [`Wall::Outside`]. There is no wall where the border of the grid cuts the object. A thickness that is not
/// above 0 leaves the mask as it is.
pub fn hollow_mm(mask: &Grid<bool>, thickness_mm: f64, wall: Wall, spacing_mm: [f64; 3]) -> Grid<bool> {
    let spacing = usable_spacing(spacing_mm);
    let bounds = match bounds_of(mask, |inside| inside) {
        Some(bounds) if thickness_mm > 0.0 => bounds,
        _ => return mask.clone(),
    };
    let part_mm = if wall == Wall::Centred { thickness_mm / 2.0 } else { thickness_mm };
    let room = if wall == Wall::Inside { [1; 3] } else { reach(part_mm, spacing).map(|voxels| voxels.max(1)) };
    let b = grown_by(&bounds, room, mask.extent());
    let inside = BitRows::of(mask, &b);
    let outside = inside.clone().complement();
    let near = |bits: &BitRows| bits.within(part_mm, spacing);
    let beside = |bits: &BitRows| bits.dilated(&Ball::neighbours());
    let shell = match wall {
        Wall::Inside => near(&outside).or(&beside(&outside)).and(&inside),
        Wall::Outside => near(&inside).or(&beside(&inside)).and(&outside),
        Wall::Centred => near(&outside).or(&beside(&outside)).and(&near(&inside)),
    };
    shell.placed(&b, mask.extent())
}

#[cfg(test)]
mod tests {
    use super::super::test_masks::{any_mask, any_spacing, ball_steps, is_near};
    use super::*;
    use crate::geometry::{Extent, VoxelBox};
    use proptest::prelude::*;

    const NEIGHBOURS: [[i64; 3]; 6] = [[-1, 0, 0], [1, 0, 0], [0, -1, 0], [0, 1, 0], [0, 0, -1], [0, 0, 1]];

    proptest! {
        #[test]
        fn walls_equal_brute_force(mask in any_mask(), spacing in any_spacing(), thickness in 0.1f64..5.0) {
            let (whole, half) = (ball_steps(thickness, spacing), ball_steps(thickness / 2.0, spacing));
            let inner = |v, steps: &[[i64; 3]]| {
                mask.at(v) && (is_near(&mask, v, steps, false) || is_near(&mask, v, &NEIGHBOURS, false))
            };
            let outer = |v, steps: &[[i64; 3]]| !mask.at(v) && is_near(&mask, v, steps, true);
            let shell = |wall| hollow_mm(&mask, thickness, wall, spacing);
            let by = |f: &dyn Fn(_) -> bool| Grid::from_fn(mask.extent(), f);
            prop_assert_eq!(shell(Wall::Inside), by(&|v| inner(v, &whole)));
            prop_assert_eq!(shell(Wall::Centred), by(&|v| inner(v, &half) || outer(v, &half)));
            prop_assert_eq!(shell(Wall::Outside), by(&|v| outer(v, &whole) || outer(v, &NEIGHBOURS)));
        }
    }

    #[test]
    fn a_cube_with_walls_of_two_voxels() {
        let e = Extent::new(16, 16, 16).unwrap();
        let cube = |lo: usize, hi: usize| {
            let b = VoxelBox { lo: [lo; 3].into(), hi: [hi; 3].into() };
            Grid::from_fn(e, move |v| b.contains(v))
        };
        let count = |mask: &Grid<bool>| mask.as_slice().iter().filter(|inside| **inside).count();
        let shell = |wall| hollow_mm(&cube(4, 12), 2.0, wall, [1.0; 3]);
        assert_eq!(count(&shell(Wall::Inside)), 8 * 8 * 8 - 4 * 4 * 4);
        // One layer inside and, without edges and corners, one outside.
        assert_eq!(count(&shell(Wall::Centred)), 8 * 8 * 8 - 6 * 6 * 6 + 6 * 8 * 8);
        assert!(shell(Wall::Outside).as_slice().iter().zip(cube(4, 12).as_slice()).all(|(wall, core)| !(wall & core)));
    }

    #[test]
    fn a_thickness_that_is_not_above_zero_changes_nothing_and_a_huge_one_fills() {
        let e = Extent::new(6, 5, 1).unwrap();
        let block = Grid::from_fn(e, |v| v.x > 1 && v.x < 5 && v.y > 0 && v.y < 4);
        for thickness in [0.0, -2.0, f64::NAN] {
            assert_eq!(hollow_mm(&block, thickness, Wall::Inside, [1.0; 3]), block);
        }
        assert_eq!(hollow_mm(&block, f64::INFINITY, Wall::Inside, [1.0; 3]), block);
        let around = hollow_mm(&block, 1e300, Wall::Outside, [1.0; 3]);
        assert_eq!(around, block.map(|inside| !inside));
        let full = Grid::filled(e, true);
        assert!(!hollow_mm(&full, 1.0, Wall::Centred, [1.0; 3]).as_slice().contains(&true));
    }
}
