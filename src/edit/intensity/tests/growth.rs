use std::cell::Cell;

use super::*;
use crate::edit::FillScope;
use crate::geometry::VoxelBox;

const SIZE: [usize; 3] = [7, 6, 5];

fn bounds(scope: FillScope) -> GrowthBounds<'static> {
    GrowthBounds { scope, within: None, max_voxels: usize::MAX, watch: &|| true }
}

fn any_scope() -> impl Strategy<Value = FillScope> {
    prop_oneof![Just(FillScope::Volume), (0usize..3).prop_map(|axis| FillScope::Slice { axis })]
}

fn any_box() -> impl Strategy<Value = Option<VoxelBox>> {
    let corner = || prop::array::uniform3(0usize..8);
    prop::option::of((corner(), corner()).prop_map(|(lo, hi)| VoxelBox { lo: lo.into(), hi: hi.into() }))
}

fn is_open(bounds: &GrowthBounds, seed: Voxel, v: Voxel) -> bool {
    let in_scope = match bounds.scope {
        FillScope::Volume => true,
        FillScope::Slice { axis } => v.to_array()[axis] == seed.to_array()[axis],
    };
    in_scope && bounds.within.is_none_or(|b| b.contains(v))
}

/// The plain definition: spread from voxel to voxel.
fn spread(extent: Extent, seed: Voxel, passes: impl Fn(Voxel) -> bool) -> Vec<usize> {
    let mut found = vec![false; extent.voxel_count()];
    let mut stack = vec![seed];
    while let Some(v) = stack.pop() {
        if passes(v) && !std::mem::replace(&mut found[extent.index(v)], true) {
            for axis in 0..3 {
                let c = v.to_array()[axis];
                stack.extend(c.checked_sub(1).map(|c| v.with_axis(axis, c)));
                stack.extend((c + 1 < extent.to_array()[axis]).then(|| v.with_axis(axis, c + 1)));
            }
        }
    }
    (0..found.len()).filter(|&i| found[i]).collect()
}

/// Mean and multiplied standard deviation by their definition, widened to hold the seed's intensity.
fn confidence_range(values: &[f64], at_seed: f64, multiplier: f64) -> [f64; 2] {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let reach = if values.len() > 1 { multiplier * variance.sqrt() } else { 0.0 };
    [(mean - reach).min(at_seed), (mean + reach).max(at_seed)]
}

proptest! {
    #[test]
    fn a_fill_is_what_is_connected_and_differs_little_from_the_seed(
        values in prop::collection::vec(prop_oneof![9 => (0i8..6).prop_map(f64::from), 1 => Just(f64::NAN)], 210),
        seed in 0usize..210, tolerance in -1i8..4, scope in any_scope(), within in any_box(),
    ) {
        let extent = Extent::from_array(SIZE).unwrap();
        let image = image_of(extent, |v| values[extent.index(v)]);
        let seed = extent.voxel(seed);
        let bounds = GrowthBounds { within, ..bounds(scope) };
        let similar = |v| (image.intensity(v) - image.intensity(seed)).abs() <= f64::from(tolerance);
        let expected = spread(extent, seed, |v| is_open(&bounds, seed, v) && similar(v));
        let found = fill_similar(&image, seed, tolerance.into(), &bounds).unwrap();
        prop_assert_eq!(found.indices().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_grown_region_is_that_of_the_confidence_connected_filter(
        values in prop::collection::vec(0.0f64..10.0, 210), seed in 0usize..210,
        multiplier in 0.0f64..3.0, iterations in 0usize..4, radius in 0usize..3,
        scope in any_scope(), within in any_box(),
    ) {
        let extent = Extent::from_array(SIZE).unwrap();
        let image = image_of(extent, |v| values[extent.index(v)]);
        let seed = extent.voxel(seed);
        let bounds = GrowthBounds { within, ..bounds(scope) };
        let open = |v: Voxel| is_open(&bounds, seed, v);
        let near = |v: &Voxel| {
            open(*v) && v.to_array().iter().zip(seed.to_array()).all(|(c, s)| c.abs_diff(s) <= radius)
        };
        let around: Vec<f64> = extent.full_box().voxels().filter(near).map(|v| image.intensity(v)).collect();
        let mut expected = Vec::new();
        if open(seed) {
            let at_seed = image.intensity(seed);
            let mut range = confidence_range(&around, at_seed, multiplier);
            for _ in 0..=iterations {
                let inside = |v: Voxel| open(v) && (range[0]..=range[1]).contains(&image.intensity(v));
                expected = spread(extent, seed, inside);
                let region: Vec<f64> = expected.iter().map(|&i| values[i]).collect();
                range = confidence_range(&region, at_seed, multiplier);
            }
        }
        let settings = ConfidenceSettings { multiplier, iterations, radius };
        let found = grow_region(&image, seed, &settings, &bounds).unwrap();
        prop_assert_eq!(found.indices().collect::<Vec<_>>(), expected);
    }
}

#[test]
fn the_same_region_grows_in_all_three_views() {
    let intensity = |v: Voxel| (v.x + 2 * v.y + 7 * v.z) as f64 + noise(v);
    let mut found = Vec::new();
    for axis in 0..3 {
        let image = image_of(lying(axis, SIZE), |v| {
            let [x, y, z] = v.to_array();
            let [column, row, level] = [[y, z, x], [x, z, y], [x, y, z]][axis];
            intensity(Voxel::new(column, row, level))
        });
        let seed = laid(axis, [3, 2, 2]).into();
        let scope = bounds(FillScope::Slice { axis });
        let filled = fill_similar(&image, seed, 4.0, &scope).unwrap();
        let grown = grow_region(&image, seed, &ConfidenceSettings::default(), &scope).unwrap();
        assert!(filled.voxel_count() > 3 && grown.voxel_count() > 3);
        found.push((seen(axis, &filled), seen(axis, &grown)));
    }
    assert!(found[0] == found[1] && found[1] == found[2]);
}

#[test]
fn a_click_into_the_air_ends_at_the_bound_and_a_long_one_when_it_is_told_to() {
    let image = image_of(Extent::new(100, 100, 100).unwrap(), |_| -1000.0);
    let seed = Voxel::new(50, 50, 50);
    let looks = Cell::new(0);
    let watch = || {
        looks.set(looks.get() + 1);
        looks.get() < 4
    };
    let few = GrowthBounds { max_voxels: 5000, ..bounds(FillScope::Volume) };
    let too_large = Err(GrowthError::TooLarge { max_voxels: 5000 });
    assert_eq!(fill_similar(&image, seed, 1.0, &few), too_large);
    assert_eq!(grow_region(&image, seed, &ConfidenceSettings::default(), &few), too_large);
    let watched = GrowthBounds { watch: &watch, ..bounds(FillScope::Volume) };
    assert_eq!(fill_similar(&image, seed, 1.0, &watched), Err(GrowthError::Stopped));
    assert_eq!(looks.get(), 4);
    let exact = GrowthBounds { max_voxels: 1_000_000, ..bounds(FillScope::Volume) };
    assert_eq!(fill_similar(&image, seed, 1.0, &exact).map(|set| set.voxel_count()), Ok(1_000_000));
}

#[test]
fn useless_seeds_and_settings_find_nothing() {
    let extent = Extent::from_array(SIZE).unwrap();
    let image = image_of(extent, |v| if v.x < 3 { 1.0 } else { f64::NAN });
    let settings = ConfidenceSettings::default();
    let nothing = |found: Result<VoxelSet, GrowthError>| found.unwrap().is_empty();
    for seed in [[7, 0, 0], [usize::MAX; 3], [4, 2, 2]] {
        for scope in [FillScope::Volume, FillScope::Slice { axis: 1 }, FillScope::Slice { axis: 3 }] {
            assert!(nothing(fill_similar(&image, seed.into(), 1.0, &bounds(scope))));
            assert!(nothing(grow_region(&image, seed.into(), &settings, &bounds(scope))));
        }
    }
    let (seed, volume) = (Voxel::new(1, 1, 1), bounds(FillScope::Volume));
    assert!(nothing(fill_similar(&image, seed, f64::NAN, &volume)));
    assert!(nothing(grow_region(&image, seed, &ConfidenceSettings { multiplier: f64::NAN, ..settings }, &volume)));
    let huge = ConfidenceSettings { radius: usize::MAX, ..settings };
    assert_eq!(grow_region(&image, seed, &huge, &volume).unwrap().voxel_count(), 90);
    assert!(nothing(fill_similar(&image, seed, 1.0, &bounds(FillScope::Slice { axis: 9 }))));
}
