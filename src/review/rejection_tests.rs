//! What is rejected stays rejected.

use crate::label::{ClassId, Rejections, span_voxels};
use crate::review::Region;
use crate::review::fixture::{Scene, cube};

/// A doubtful cube of class 2; doubtful background beside it.
fn rejected() -> (Scene, Region) {
    let mut scene = Scene::new([12, 6, 6]);
    scene.agree(cube([4, 1, 1], [3, 3, 3]), 2, 60);
    scene.agree(cube([7, 1, 1], [1, 3, 3]), 0, 60);
    let region = scene.regions().remove(0);
    scene.rejections.reject(&region.spans, region.class, &scene.prediction.class);
    (scene, region)
}

#[test]
fn the_hint_is_the_regions_class_alone_and_the_background_beside_it_is_settled_too() {
    let (scene, region) = rejected();
    let hints: Vec<(ClassId, usize)> =
        scene.rejections.hints().map(|(class, spans)| (class, span_voxels(spans))).collect();
    assert_eq!((region.class, region.voxel_count, hints), (2, 36, vec![(2, 27)]));
    let classes = scene.prediction.class.as_slice();
    assert!(region.spans.iter().cloned().flatten().all(|i| scene.rejections.is_settled(i, classes[i])));
}

#[test]
fn taking_a_rejection_back_leaves_nothing_of_it() {
    let (mut scene, region) = rejected();
    scene.rejections.withdraw(&region.spans);
    assert_eq!(scene.rejections, Rejections::default());
    assert_eq!(scene.regions(), [region]);
}

#[test]
fn a_rejected_region_survives_a_new_round_and_comes_back_only_with_another_class() {
    let (mut scene, region) = rejected();
    assert!(scene.regions().is_empty());
    scene.prediction.provenance.step += 100;
    scene.agree(cube([4, 1, 1], [3, 3, 3]), 2, 30);
    assert!(scene.regions().is_empty());
    scene.agree(cube([4, 1, 1], [3, 3, 3]), 1, 30);
    let found = scene.regions();
    assert_eq!((found.len(), found[0].voxel_count, found[0].class), (1, 27, 1));
    assert!(region.class != found[0].class);
}

#[test]
fn stored_rejections_come_back_and_overflowing_ones_do_no_harm() {
    let (scene, _) = rejected();
    let json = serde_json::to_string(&scene.rejections).unwrap();
    assert_eq!(serde_json::from_str::<Rejections>(&json).unwrap(), scene.rejections);
    let odd = format!(r#"{{"settled":{{"2":[[9,5],[3,9],[{max},{max}],[900,{max}]]}}}}"#, max = usize::MAX);
    let odd: Rejections = serde_json::from_str(&odd).unwrap();
    assert!(odd.is_settled(3, 2) && odd.is_settled(901, 2) && !odd.is_settled(2, 2));
    assert_eq!(Scene { rejections: odd, ..scene }.regions().len(), 1);
}
