use proptest::prelude::*;

use super::*;
use crate::label::Rejections;
use crate::review::fixture::{Scene, any_scene, cube};

/// Cubes of disagreement along x at these places, with these sides.
fn scene(cubes: &[(usize, usize)]) -> Scene {
    let mut scene = Scene::new([160, 20, 20]);
    cubes.iter().for_each(|&(x, side)| scene.disagree(cube([x, 5, 5], [side; 3]), 1, 0));
    scene
}

fn shares(scene: &Scene) -> ClassShares {
    ClassShares::of(&scene.prediction.class)
}

fn key(scene: &Scene) -> QueueKey {
    QueueKey::new(&scene.prediction.provenance, scene.labels.revision())
}

fn queue(scene: &Scene) -> ReviewQueue {
    ReviewQueue::new(key(scene), scene.extent(), scene.spacing_mm, scene.regions(), &shares(scene))
}

fn refreshed(queue: &mut ReviewQueue, scene: &Scene) {
    queue.refresh(key(scene), scene.regions(), &shares(scene));
}

/// First x of the regions in their order.
fn order(queue: &ReviewQueue) -> Vec<usize> {
    queue.regions().iter().map(|r| r.region.bounds.lo.x).collect()
}

fn at(queue: &ReviewQueue) -> Option<usize> {
    queue.current().map(|r| r.region.bounds.lo.x)
}

fn next(queue: &mut ReviewQueue) -> Option<usize> {
    queue.next_region().map(|r| r.region.bounds.lo.x)
}

fn current_id(queue: &ReviewQueue) -> RegionId {
    queue.current().unwrap().region.id
}

#[test]
fn the_most_valuable_region_comes_first_ties_by_place_and_specks_last() {
    let scene = scene(&[(10, 3), (50, 5), (90, 3), (120, 1), (150, 4)]);
    assert_eq!(order(&queue(&scene)), [50, 150, 10, 90, 120]);
}

#[test]
fn next_skips_what_is_left_and_comes_back_to_it_after_all_others() {
    let mut queue = queue(&scene(&[(10, 5), (50, 4), (90, 3)]));
    assert_eq!((at(&queue), next(&mut queue), next(&mut queue)), (None, Some(10), Some(50)));
    let id = current_id(&queue);
    assert!(queue.set_state(id, RegionState::Accepted));
    assert_eq!((next(&mut queue), next(&mut queue), next(&mut queue)), (Some(90), Some(10), Some(90)));
    let states: Vec<RegionState> = queue.regions().iter().map(|r| r.state).collect();
    assert_eq!(states, [RegionState::Skipped, RegionState::Accepted, RegionState::Skipped]);
    assert_eq!(queue.open_count(), 2);
}

#[test]
fn at_the_end_the_current_region_stays() {
    let mut queue = queue(&scene(&[(10, 5)]));
    assert_eq!((next(&mut queue), next(&mut queue), at(&queue)), (Some(10), None, Some(10)));
    let mut empty = ReviewQueue { regions: Vec::new(), visited: 0, current: None, ..queue };
    assert!(empty.next_region().is_none() && empty.previous().is_none());
}

#[test]
fn going_back_follows_the_visits() {
    let mut queue = queue(&scene(&[(10, 5), (50, 4), (90, 3)]));
    let picked = queue.regions()[2].region.id;
    assert_eq!(next(&mut queue), Some(10));
    assert_eq!(queue.go_to(picked).map(|r| r.region.bounds.lo.x), Some(90));
    assert_eq!(next(&mut queue), Some(50));
    let mut back = || queue.previous().map(|r| r.region.bounds.lo.x);
    assert_eq!((back(), back(), back()), (Some(90), Some(10), None));
    assert!(queue.go_to(RegionId(99)).is_none() && !queue.set_state(RegionId(99), RegionState::Accepted));
}

#[test]
fn next_among_some_leaves_the_others_where_they_are() {
    let mut scene = scene(&[(10, 5), (50, 4)]);
    scene.disagree(cube([90, 5, 5], [3, 3, 3]), 2, 0);
    let mut queue = queue(&scene);
    assert_eq!(queue.next_where(|r| r.concerns(2)).map(|r| r.region.bounds.lo.x), Some(90));
    assert_eq!(queue.next_where(|r| r.is_in_slice(0, 52)).map(|r| r.region.bounds.lo.x), Some(50));
    assert!(queue.next_where(|r| r.concerns(7)).is_none());
    assert_eq!(next(&mut queue), Some(10));
}

#[test]
fn a_region_whose_voxels_all_became_known_is_done_and_open_again_when_that_is_undone() {
    let mut scene = scene(&[(10, 5), (50, 4)]);
    let mut queue = queue(&scene);
    let part = cube([50, 5, 5], [2, 4, 4]);
    scene.know(part);
    queue.labels_changed(&scene.labels, &part);
    assert_eq!(queue.open_count(), 2);
    let whole = cube([49, 4, 4], [6, 6, 6]);
    scene.know(whole);
    queue.labels_changed(&scene.labels, &whole);
    assert_eq!((queue.open_count(), queue.regions()[0].state), (1, RegionState::Repaired));
    assert!(queue.is_for(&scene.prediction.provenance, scene.labels.revision()));
    scene.forget(whole);
    queue.labels_changed(&scene.labels, &whole);
    assert_eq!(queue.open_count(), 2);
}

#[test]
fn edits_elsewhere_and_foreign_labels_change_no_state() {
    let mut scene = scene(&[(10, 5), (50, 4)]);
    let mut queue = queue(&scene);
    let before = queue.clone();
    queue.labels_changed(&LabelMap::unknown(Extent::new(2, 2, 2).unwrap()), &scene.extent().full_box());
    assert_eq!(queue, before);
    scene.know(cube([10, 5, 5], [5, 5, 5]));
    queue.labels_changed(&scene.labels, &cube([100, 0, 0], [5, 5, 5]));
    assert_eq!(queue.open_count(), 2);
}

#[test]
fn a_queue_belongs_to_one_model_step_and_revision() {
    let mut scene = scene(&[(10, 5)]);
    let queue = queue(&scene);
    assert!(queue.is_for(&scene.prediction.provenance, 0));
    assert!(!queue.is_for(&scene.prediction.provenance, 1));
    // Under which labels it was predicted plays no part.
    scene.prediction.provenance.label_revision = 7;
    assert!(queue.is_for(&scene.prediction.provenance, 0));
    scene.prediction.provenance.step += 1;
    assert!(!queue.is_for(&scene.prediction.provenance, 0));
}

#[test]
fn a_new_prediction_moves_neither_the_current_region_nor_the_visited_ones() {
    let mut queue = queue(&scene(&[(10, 6), (50, 5), (90, 4), (120, 3)]));
    assert_eq!((next(&mut queue), next(&mut queue)), (Some(10), Some(50)));
    let (id, centre) = (current_id(&queue), queue.current().unwrap().region.centre);
    // The first region is gone, the current one grew, the last one is the largest now, and one is new.
    refreshed(&mut queue, &scene(&[(49, 7), (90, 4), (119, 9), (140, 5)]));
    assert_eq!((at(&queue), current_id(&queue)), (Some(49), id));
    assert_eq!(queue.current().unwrap().region.centre, centre);
    assert_eq!(order(&queue), [49, 119, 140, 90]);
    assert_eq!(queue.current().unwrap().region.voxel_count, 343);
    let ids: Vec<u64> = queue.regions().iter().map(|r| r.region.id.0).collect();
    assert_eq!(ids[1..], [3, 4, 2]);
}

#[test]
fn the_current_region_stays_although_it_is_doubtful_no_longer() {
    let mut queue = queue(&scene(&[(10, 6), (50, 5)]));
    next(&mut queue);
    refreshed(&mut queue, &scene(&[(50, 5)]));
    assert_eq!((at(&queue), order(&queue)), (Some(10), vec![10, 50]));
    assert_eq!(next(&mut queue), Some(50));
    refreshed(&mut queue, &scene(&[(50, 5)]));
    assert_eq!(order(&queue), [50]);
}

#[test]
fn decisions_survive_a_new_round_and_make_what_lies_beside_them_worth_less() {
    let mut queue = queue(&scene(&[(10, 6), (50, 4)]));
    next(&mut queue);
    let id = current_id(&queue);
    queue.set_state(id, RegionState::Accepted);
    refreshed(&mut queue, &scene(&[(20, 4), (100, 4)]));
    assert_eq!(order(&queue), [10, 100, 20]);
    assert_eq!(queue.get(id).map(|r| r.state), Some(RegionState::Accepted));
    assert!(queue.regions()[2].factors.novelty < queue.regions()[1].factors.novelty);
}

#[test]
fn a_rejected_region_comes_back_only_when_its_class_changes() {
    let mut scene = scene(&[(10, 6), (50, 4)]);
    let mut queue = queue(&scene);
    next(&mut queue);
    let region = queue.current().unwrap().region.clone();
    queue.set_state(region.id, RegionState::Rejected);
    scene.rejections.reject(&region.spans, region.class, &scene.prediction.class);
    refreshed(&mut queue, &scene);
    assert_eq!((queue.open_count(), order(&queue)), (1, vec![10, 50]));
    scene.disagree(cube([10, 5, 5], [6; 3]), 1, 1);
    refreshed(&mut queue, &scene);
    assert_eq!((queue.open_count(), order(&queue)), (2, vec![10, 10, 50]));
    // Taking it back.
    scene.rejections = Rejections::default();
    queue.set_state(region.id, RegionState::Open);
    assert_eq!(queue.open_count(), 3);
}

#[test]
fn a_prediction_of_another_case_begins_a_new_queue() {
    let mut scene = scene(&[(10, 6), (50, 4)]);
    let mut queue = queue(&scene);
    next(&mut queue);
    scene.prediction.provenance.case = CaseId::from("b");
    refreshed(&mut queue, &scene);
    assert_eq!((at(&queue), queue.key().case.as_str(), order(&queue)), (None, "b", vec![10, 50]));
}

proptest! {
    #[test]
    fn the_same_prediction_again_changes_nothing(scene in any_scene(), steps in 0usize..5) {
        let mut queue = queue(&scene);
        for _ in 0..steps {
            queue.next_region();
        }
        let before = queue.clone();
        refreshed(&mut queue, &scene);
        prop_assert_eq!(queue, before);
    }

    #[test]
    fn a_new_round_keeps_the_current_region_and_the_order_of_the_visited_ones(
        scenes in prop::array::uniform2(any_scene()),
        steps in prop::collection::vec((0u8..3, any::<bool>()), 0..6),
    ) {
        let [first, mut second] = scenes;
        let mut queue = queue(&first);
        for (step, settle) in steps {
            let moved = if step == 0 { queue.previous() } else { queue.next_region() };
            if let Some(id) = moved.filter(|_| settle).map(|r| r.region.id) {
                queue.set_state(id, RegionState::Accepted);
            }
        }
        // Regions of both scenes on one grid, as far as they go.
        let mut grown = first.clone();
        for v in second.extent().full_box().voxels().filter(|v| first.extent().contains(*v)) {
            grown.prediction.class_a.set(v, second.prediction.class_a.at(v));
            grown.prediction.dual_confidence.set(v, second.prediction.dual_confidence.at(v));
        }
        second = grown;
        let visited = |q: &ReviewQueue| q.regions[..q.visited].iter().map(|r| r.region.id).collect::<Vec<_>>();
        let (before, current) = (visited(&queue), queue.current().map(|r| (r.region.id, r.state)));
        refreshed(&mut queue, &second);
        let after = visited(&queue);
        prop_assert!(after.iter().eq(before.iter().filter(|id| after.contains(id))));
        prop_assert_eq!(queue.current().map(|r| (r.region.id, r.state)), current);
        let mut ids: Vec<RegionId> = queue.regions().iter().map(|r| r.region.id).collect();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), queue.regions().len());
    }
}
