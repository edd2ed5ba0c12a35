use proptest::prelude::*;

use super::*;
use crate::geometry::Voxel;
use crate::review::Reason;
use crate::review::fixture::{Scene, any_scene, cube};

fn indices(region: &Region) -> Vec<usize> {
    region.spans.iter().cloned().flatten().collect()
}

proptest! {
    #[test]
    fn every_doubtful_voxel_is_in_exactly_one_region_and_no_other_voxel_is(scene in any_scene()) {
        let doubt = scene.doubt();
        let regions = find_regions(&scene.prediction, &doubt, scene.spacing_mm).unwrap();
        let mut held = vec![0; scene.extent().voxel_count()];
        for region in &regions {
            indices(region).into_iter().for_each(|i| held[i] += 1);
        }
        for (i, held) in held.into_iter().enumerate() {
            prop_assert_eq!(held, u8::from(doubt.is_doubtful(i)));
            prop_assert!(held == 0 || !scene.labels.value_at(i).origin.is_known());
        }
        prop_assert!(regions.iter().zip(0..).all(|(r, id)| r.id == RegionId(id)));
    }

    #[test]
    fn the_figures_of_a_region_are_those_of_its_voxels(scene in any_scene()) {
        let extent = scene.extent();
        let beliefs = Beliefs::of(&scene.prediction).unwrap();
        for region in scene.regions() {
            let own = indices(&region);
            let at = |i: &usize| beliefs.at(*i).unwrap();
            let mean = |f: &dyn Fn(&usize) -> f64| own.iter().map(f).sum::<f64>() / own.len() as f64;
            prop_assert_eq!(region.voxel_count, own.len());
            let voxel: f64 = scene.spacing_mm.iter().product();
            prop_assert!((region.size_mm3 - own.len() as f64 * voxel).abs() < 1e-6 * region.size_mm3);
            prop_assert!((mean(&|i| f64::from(at(i).networks_doubt)) / 255.0 - f64::from(region.networks.mean)).abs() < 1e-5);
            prop_assert!((mean(&|i| f64::from(at(i).unlike_labels)) / 255.0 - f64::from(region.unlike_labels.mean)).abs() < 1e-5);
            let peak = own.iter().map(|i| at(i).networks_doubt).max().unwrap();
            prop_assert_eq!(region.networks.peak, f32::from(peak) / 255.0);
            prop_assert!((mean(&|i| f64::from(u8::from(at(i).networks_disagree()))) - region.disagreement_share).abs() < 1e-9);
            let best = region.best_slice;
            let on_slice = |axis: usize, c: usize| own.iter().filter(|i| extent.voxel(**i).to_array()[axis] == c).count();
            let pixel = |axis: usize| scene.spacing_mm[(axis + 1) % 3] * scene.spacing_mm[(axis + 2) % 3];
            for axis in 0..3 {
                for c in 0..extent.to_array()[axis] {
                    prop_assert!(on_slice(axis, c) as f64 * pixel(axis) <= best.area_mm2 * (1.0 + 1e-9));
                }
            }
            prop_assert!((on_slice(best.axis, best.index) as f64 * pixel(best.axis) - best.area_mm2).abs() < 1e-6);
            prop_assert!(own.contains(&extent.index(region.centre)));
            prop_assert_eq!(region.centre.to_array()[best.axis], best.index);
            prop_assert!(own.iter().all(|i| region.bounds.contains(extent.voxel(*i))));
        }
    }
}

#[test]
fn patches_two_millimetres_apart_are_one_region_and_farther_ones_are_not() {
    let mut scene = Scene::new([60, 40, 40]);
    scene.disagree(cube([10, 10, 10], [4, 4, 4]), 1, 0);
    scene.disagree(cube([15, 10, 10], [4, 4, 4]), 1, 0);
    let joined = scene.regions();
    assert_eq!((joined.len(), joined[0].voxel_count), (1, 128));
    scene.disagree(cube([22, 10, 10], [4, 4, 4]), 1, 0);
    assert_eq!(scene.regions().len(), 2);
}

#[test]
fn slices_that_touch_are_joined_however_thick_they_are() {
    let mut scene = Scene::new([20, 20, 12]);
    scene.spacing_mm = [1.0, 1.0, 8.0];
    scene.disagree(cube([5, 5, 4], [4, 4, 3]), 1, 0);
    assert_eq!(scene.regions().len(), 1);
}

#[test]
fn a_shell_around_an_organ_is_cut_into_regions_that_fit_a_view() {
    let mut scene = Scene::new([100, 100, 100]);
    scene.agree(cube([10, 10, 10], [80, 80, 80]), 1, 30);
    scene.agree(cube([13, 13, 13], [74, 74, 74]), 1, 255);
    let regions = scene.regions();
    assert!((20..=64).contains(&regions.len()), "{}", regions.len());
    let longest = |r: &Region| r.bounds.size().into_iter().max();
    assert!(regions.iter().all(|r| longest(r) <= Some(45)), "{:?}", regions.iter().map(longest).max());
    assert!(regions.iter().all(|r| r.class == 1 && !r.is_scattered));
}

#[test]
fn a_small_volume_is_not_one_region_either() {
    let mut scene = Scene::new([36, 50, 35]);
    scene.agree(cube([8, 4, 8], [18, 42, 18]), 1, 30);
    scene.agree(cube([10, 6, 10], [14, 38, 14]), 1, 255);
    assert!(scene.regions().len() > 2);
}

#[test]
fn cells_stay_where_they_are_when_the_prediction_grows() {
    let cut = |from: usize| {
        let mut scene = Scene::new([200, 12, 12]);
        scene.disagree(cube([from, 4, 4], [150, 4, 4]), 1, 0);
        scene.regions().iter().map(|r| r.bounds.lo.x).collect::<Vec<_>>()
    };
    assert_eq!(cut(20)[1..], cut(25)[1..]);
}

#[test]
fn a_speck_goes_to_the_region_beside_it_and_lonely_ones_are_gathered() {
    let mut scene = Scene::new([120, 40, 40]);
    scene.disagree(cube([10, 10, 10], [4, 4, 4]), 1, 0);
    scene.disagree(cube([18, 10, 10], [1, 1, 1]), 1, 0);
    scene.disagree(cube([100, 10, 10], [1, 1, 1]), 1, 0);
    scene.disagree(cube([110, 10, 10], [1, 1, 1]), 1, 0);
    let found: Vec<(usize, bool)> = scene.regions().iter().map(|r| (r.voxel_count, r.is_scattered)).collect();
    assert_eq!(found, [(65, false), (2, true)]);
}

#[test]
fn a_speck_between_two_regions_goes_to_the_nearer_and_of_equally_near_ones_to_the_first() {
    let mut scene = Scene::new([90, 40, 40]);
    scene.disagree(cube([10, 10, 10], [4, 4, 4]), 1, 0);
    scene.disagree(cube([20, 10, 10], [4, 4, 4]), 1, 0);
    let counts = |scene: &Scene| scene.regions().iter().map(|r| r.voxel_count).collect::<Vec<_>>();
    let mut tied = scene.clone();
    // Three voxels from both: 13 -> 16 and 17 -> 20.
    tied.disagree(cube([16, 10, 10], [2, 1, 1]), 1, 0);
    assert_eq!(counts(&tied), [66, 64]);
    scene.disagree(cube([17, 10, 10], [1, 1, 1]), 1, 0);
    assert_eq!(counts(&scene), [64, 65]);
}

#[test]
fn a_region_tells_its_class_its_disagreement_and_its_reason() {
    let mut scene = Scene::new([60, 30, 30]);
    scene.disagree(cube([5, 5, 5], [6, 6, 6]), 2, 0);
    scene.agree(cube([30, 5, 5], [6, 6, 6]), 1, 40);
    [&mut scene.prediction.confidence_a, &mut scene.prediction.confidence_b]
        .into_iter()
        .for_each(|plane| *plane = crate::volume::Grid::filled(plane.extent(), 130));
    let regions = scene.regions();
    let told: Vec<_> = regions.iter().map(|r| (r.class, r.disagreement, r.reason)).collect();
    let disagreement = Reason::Disagreement { a: 2, b: 0 };
    assert_eq!(told, [(0, Some([2, 0]), disagreement), (1, None, Reason::NeitherSure)]);
    assert!(regions[0].concerns(2) && regions[0].concerns(0) && !regions[0].concerns(1));
    assert!(regions[1].is_in_slice(0, 35) && !regions[1].is_in_slice(0, 36) && !regions[1].is_in_slice(7, 0));
}

#[test]
fn a_sheet_of_two_voxels_is_thin() {
    let mut scene = Scene::new([40, 40, 20]);
    scene.agree(cube([10, 10, 10], [10, 10, 2]), 1, 40);
    let region = scene.regions().remove(0);
    assert_eq!((region.reason, region.best_slice.axis), (Reason::ThinAndUnsure, 2));
    assert_eq!(region.best_slice.area_mm2, 100.0);
    assert!(region.bounds.contains(Voxel::new(14, 14, 10)));
}

#[test]
fn a_volume_of_one_voxel_and_one_without_doubt_are_no_trouble() {
    let mut scene = Scene::new([1, 1, 1]);
    assert!(scene.regions().is_empty());
    scene.spacing_mm = [f64::NAN, 0.0, f64::INFINITY];
    scene.disagree(cube([0, 0, 0], [1, 1, 1]), 1, 1);
    assert_eq!(scene.regions().len(), 1);
}
