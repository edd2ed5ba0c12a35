mod adaptive;
mod growth;
mod level_trace;

use proptest::prelude::*;

use super::*;
use crate::edit::VoxelSet;
use crate::geometry::{Affine, Extent, Voxel};
use crate::volume::{Grid, Image, Voxels};

fn image_of(extent: Extent, intensity: impl Fn(Voxel) -> f64) -> Image {
    Image::new(Voxels::F64(Grid::from_fn(extent, intensity)), 1.0, 0.0, Affine::identity())
}

/// The extent whose slices along `axis` have `columns` and `rows`.
fn lying(axis: usize, [columns, rows, depth]: [usize; 3]) -> Extent {
    let [x, y, z] = laid(axis, [columns, rows, depth]);
    Extent::new(x, y, z).unwrap()
}

/// What belongs to columns, rows and slices along `axis`, in the order of the voxel axes.
fn laid<T: Copy>(axis: usize, [column, row, level]: [T; 3]) -> [T; 3] {
    match axis {
        0 => [level, column, row],
        1 => [column, level, row],
        _ => [column, row, level],
    }
}

/// The voxels of a set as columns, rows and slices along `axis`.
fn seen(axis: usize, set: &VoxelSet) -> Vec<[usize; 3]> {
    let mut voxels: Vec<[usize; 3]> = set
        .indices()
        .map(|i| {
            let v = set.extent().voxel(i).to_array();
            match axis {
                0 => [v[1], v[2], v[0]],
                1 => [v[0], v[2], v[1]],
                _ => v,
            }
        })
        .collect();
    voxels.sort_unstable_by_key(|v| [v[2], v[1], v[0]]);
    voxels
}

/// Reproducible noise, near enough to a normal distribution of deviation 1.
fn noise(v: Voxel) -> f64 {
    let mut state = (v.x as u64 + 1000 * v.y as u64 + 1_000_000 * v.z as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut uniform = || {
        state = (state ^ (state >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..12).map(|_| uniform()).sum::<f64>() - 6.0
}

proptest! {
    #[test]
    fn limits_keep_the_voxels_of_a_set_whose_intensity_is_between(
        values in prop::collection::vec(prop_oneof![4 => (0i8..20).prop_map(f64::from), 1 => Just(f64::NAN)], 60),
        spans in prop::collection::vec((0usize..60, 0usize..20), 0..5),
        low in 0i8..20, high in 0i8..20,
    ) {
        let extent = Extent::new(4, 5, 3).unwrap();
        let image = image_of(extent, |v| values[extent.index(v)]);
        let set = VoxelSet::from_spans(extent, spans.iter().map(|&(s, n)| s..s + n));
        let range = IntensityRange { low: low.into(), high: high.into() };
        let inside = |i: &usize| values[*i] >= f64::from(low) && values[*i] <= f64::from(high);
        let expected: Vec<usize> = set.indices().filter(inside).collect();
        prop_assert_eq!(restrict(&set, &image, range).indices().collect::<Vec<_>>(), expected);
    }
}

#[test]
fn limits_that_are_no_numbers_or_of_another_image_keep_nothing() {
    let extent = Extent::new(4, 5, 3).unwrap();
    let image = image_of(extent, |_| 1.0);
    let all = IntensityRange { low: f64::NEG_INFINITY, high: f64::INFINITY };
    assert_eq!(restrict(&VoxelSet::all(extent), &image, all).voxel_count(), 60);
    let nan = IntensityRange { low: f64::NAN, ..all };
    assert!(restrict(&VoxelSet::all(extent), &image, nan).is_empty());
    assert!(restrict(&VoxelSet::all(Extent::new(9, 9, 9).unwrap()), &image, all).is_empty());
}
