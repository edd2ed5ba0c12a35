use super::*;
use crate::geometry::Voxel;
use crate::label::Origin;
use crate::review::{RegionId, RegionState};
use crate::worker::look_for_doubt;

fn review(ws: &mut Workspace, action: ReviewAction) -> Vec<Effect> {
    apply(ws, Action::Review(action))
}

/// Networks that name a block at the far end differently, and are sure and alike elsewhere.
fn disagreeing(step: u64) -> Arc<Prediction> {
    disputed("a", step)
}

pub(super) fn disputed(case: &str, step: u64) -> Arc<Prediction> {
    let mut prediction = Prediction::clone(&prediction(case, RUN, step, 0));
    let flat = Grid::filled(extent(), 0);
    let (far, near) = (|v: Voxel| v.x >= 9 && v.y < 4 && v.z < 4, |v: Voxel| v.x < 3 && v.y > 5 && v.z < 4);
    prediction.class = Grid::from_fn(extent(), |v| u8::from(far(v)) * 2 + u8::from(near(v)));
    prediction.class_a = prediction.class.clone();
    prediction.class_b = flat;
    prediction.dual_confidence = Grid::from_fn(extent(), |v| if far(v) || near(v) { 20 } else { 250 });
    Arc::new(prediction)
}

/// What the review thread answers to the jobs among the effects.
fn found(ws: &mut Workspace, effects: &[Effect]) -> usize {
    let jobs: Vec<_> =
        effects.iter().filter_map(|e| if let Effect::Review(job) = e { Some(job.clone()) } else { None }).collect();
    for job in &jobs {
        absorb(ws, Event::Review(Box::new(look_for_doubt(job).unwrap())));
    }
    jobs.len()
}

/// Case "a" with two doubtful regions, both found.
fn reviewed() -> Workspace {
    let mut ws = study(&["a"]);
    io(&mut ws, IoEvent::PredictionLoaded { case: "a".into(), prediction: Some(disagreeing(7)) });
    let asked = tick(&mut ws, 10);
    assert_eq!(found(&mut ws, &asked), 1);
    assert!(
        found(&mut ws, &[]) == 0 && tick(&mut ws, 11).iter().all(|e| !matches!(e, Effect::Review(_))),
        "asked once"
    );
    assert_eq!(queue(&ws).open_count(), 2);
    ws
}

fn queue(ws: &Workspace) -> &crate::review::ReviewQueue {
    ws.case().unwrap().review.queue().unwrap()
}

fn current(ws: &Workspace) -> RegionId {
    ws.case().unwrap().review.current().unwrap().region.id
}

fn origin_count(ws: &Workspace, origin: Origin) -> usize {
    labels(ws).origin().as_slice().iter().filter(|o| **o == origin).count()
}

#[test]
fn the_next_region_comes_into_the_middle_of_every_view() {
    let mut ws = reviewed();
    for view in Plane::ALL {
        apply(&mut ws, Action::View(ViewAction::Fit { view, size: [300.0, 200.0] }));
    }
    review(&mut ws, ReviewAction::Next);
    let case = ws.case().unwrap();
    let region = &case.review.current().unwrap().region;
    assert_eq!(case.cursor, region.centre);
    for view in Plane::ALL {
        let at = case.camera(view).screen_from_voxel(region.centre.to_f64(), [300.0, 200.0]);
        assert!((at[0] - 150.0).abs() < 1e-6 && (at[1] - 100.0).abs() < 1e-6, "{view:?} {at:?}");
    }
    assert_eq!(case.normal_axis(ws.views().active), region.best_slice.axis);
}

#[test]
fn next_skips_back_returns_and_a_skipped_region_comes_again() {
    let mut ws = reviewed();
    review(&mut ws, ReviewAction::Next);
    let first = current(&ws);
    review(&mut ws, ReviewAction::Next);
    let second = current(&ws);
    assert_ne!(first, second);
    review(&mut ws, ReviewAction::Previous);
    assert_eq!(current(&ws), first);
    review(&mut ws, ReviewAction::GoTo(second));
    review(&mut ws, ReviewAction::Next);
    assert_eq!(current(&ws), first);
}

#[test]
fn accepting_writes_unknown_voxels_only_and_goes_on() {
    let mut ws = reviewed();
    review(&mut ws, ReviewAction::Next);
    let region = ws.case().unwrap().review.current().unwrap().region.clone();
    // One voxel of it has been painted by hand before.
    let by_hand = extent().voxel(region.spans[0].start).to_f64();
    let brush = crate::edit::BrushSize::Voxels(1.0);
    apply(&mut ws, Action::Tool(ToolAction::SetBrushSize(brush)));
    stroke(&mut ws, Tool::Brush, by_hand, by_hand);
    assert_eq!(origin_count(&ws, Origin::Manual), 1);
    let effects = review(&mut ws, ReviewAction::Accept { trusted_only: false });
    assert_eq!(origin_count(&ws, Origin::Manual), 1, "what was painted stays");
    assert_eq!(origin_count(&ws, Origin::Accepted), region.voxel_count - 1);
    assert!(io_commands(&effects).any(|c| matches!(c, IoCommand::AppendJournal { .. })));
    assert_eq!(queue(&ws).get(region.id).unwrap().state, RegionState::Accepted);
    assert_ne!(current(&ws), region.id);
    edit(&mut ws, EditAction::Undo);
    assert_eq!(origin_count(&ws, Origin::Accepted), 0);
}

#[test]
fn other_thresholds_find_other_regions_once_the_hand_rests_and_are_kept_in_the_settings() {
    let mut ws = reviewed();
    io(&mut ws, IoEvent::Preferences(Box::default()));
    // Both blocks are as doubtful as can be counted, and the networks differ there; the rest is hardly doubtful.
    let strict = DoubtThresholds { networks: 0.015625, ..DoubtThresholds::default() };
    apply(&mut ws, Action::Pseudo(PseudoAction::SetDoubtThresholds(strict)));
    let at_once = tick(&mut ws, 11);
    assert_eq!(at_once.iter().filter(|e| matches!(e, Effect::Review(_))).count(), 0);
    let rested = tick(&mut ws, 13);
    let kept =
        |e: &Effect| matches!(e, Effect::Io(IoCommand::SavePreferences(file)) if file.settings.contains("0.015625"));
    assert!(rested.iter().any(kept));
    let voxels = |ws: &Workspace| -> usize { queue(ws).regions().iter().map(|queued| queued.region.voxel_count).sum() };
    let before = voxels(&ws);
    assert_eq!(found(&mut ws, &rested), 1);
    assert!(voxels(&ws) > before);
    assert!(tick(&mut ws, 14).is_empty());
}

#[test]
fn only_the_sure_part_is_accepted_on_demand() {
    let mut ws = reviewed();
    review(&mut ws, ReviewAction::Next);
    let before = labels(&ws).clone();
    let effects = review(&mut ws, ReviewAction::Accept { trusted_only: true });
    assert_eq!(notices(&effects).len(), 1, "both regions are beyond the threshold");
    assert_eq!(*labels(&ws), before);
    apply(&mut ws, Action::Pseudo(doubt_of_networks(1.0)));
    review(&mut ws, ReviewAction::Accept { trusted_only: true });
    assert!(origin_count(&ws, Origin::Accepted) > 0);
}

#[test]
fn a_rejected_region_stays_unknown_survives_a_new_round_and_can_be_taken_back() {
    let mut ws = reviewed();
    review(&mut ws, ReviewAction::Next);
    let region = current(&ws);
    let effects = review(&mut ws, ReviewAction::Reject);
    assert_eq!(labels(&ws).known_count(), 0);
    let kept =
        io_commands(&effects).any(|c| matches!(c, IoCommand::SaveReview { rejections, .. } if !rejections.is_empty()));
    assert!(kept);
    assert!(
        trainer_commands(&effects)
            .any(|c| matches!(c, TrainerCommand::Reject { rejections, .. } if !rejections.is_empty()))
    );
    assert_eq!(queue(&ws).get(region).unwrap().state, RegionState::Rejected);

    io(&mut ws, IoEvent::PredictionLoaded { case: "a".into(), prediction: Some(disagreeing(8)) });
    let asked = tick(&mut ws, 20);
    found(&mut ws, &asked);
    assert_eq!(queue(&ws).open_count(), 1, "nobody is asked about it again");

    let effects = edit(&mut ws, EditAction::Undo);
    assert!(
        io_commands(&effects).any(|c| matches!(c, IoCommand::SaveReview { rejections, .. } if rejections.is_empty()))
    );
    assert_eq!(queue(&ws).get(region).unwrap().state, RegionState::Open);
}

#[test]
fn what_was_accepted_in_a_rejected_region_becomes_unknown_and_one_undo_brings_it_back() {
    let mut ws = reviewed();
    review(&mut ws, ReviewAction::Next);
    let region = ws.case().unwrap().review.current().unwrap().region.clone();
    apply(&mut ws, Action::Pseudo(doubt_of_networks(1.0)));
    apply(&mut ws, Action::Pseudo(PseudoAction::AcceptSlice(Plane::Axial)));
    let accepted = labels(&ws).clone();
    let inside = region.known_count(&accepted);
    assert!(inside > 0 && inside < region.voxel_count && inside < accepted.known_count());

    review(&mut ws, ReviewAction::Reject);
    assert_eq!(region.known_count(labels(&ws)), 0);
    assert_eq!(labels(&ws).known_count(), accepted.known_count() - inside, "the rest of the slice stays");
    edit(&mut ws, EditAction::Undo);
    assert_eq!((labels(&ws).class(), labels(&ws).origin()), (accepted.class(), accepted.origin()));
    assert!(ws.case().unwrap().review.rejections().is_empty());
}

#[test]
fn a_decision_is_taken_back_by_undo_and_not_by_another_decision() {
    let mut ws = reviewed();
    review(&mut ws, ReviewAction::Next);
    let region = current(&ws);
    review(&mut ws, ReviewAction::Accept { trusted_only: false });
    let accepted = labels(&ws).clone();
    review(&mut ws, ReviewAction::GoTo(region));
    let effects = review(&mut ws, ReviewAction::Reject);
    assert_eq!(notices(&effects), ["Go to a doubtful region first."]);
    assert_eq!(*labels(&ws), accepted);
}

#[test]
fn an_acceptance_undone_and_done_again_is_an_acceptance() {
    let mut ws = reviewed();
    review(&mut ws, ReviewAction::Next);
    let region = current(&ws);
    let state = |ws: &Workspace| queue(ws).get(region).unwrap().state;
    review(&mut ws, ReviewAction::Accept { trusted_only: false });
    edit(&mut ws, EditAction::Undo);
    assert_eq!(state(&ws), RegionState::Open);
    edit(&mut ws, EditAction::Redo);
    assert_eq!(state(&ws), RegionState::Accepted);
}

#[test]
fn a_region_painted_by_hand_is_repaired() {
    let mut ws = reviewed();
    review(&mut ws, ReviewAction::Next);
    let region = current(&ws);
    edit(&mut ws, EditAction::CompleteCase);
    assert_eq!(queue(&ws).get(region).unwrap().state, RegionState::Repaired);
    assert_eq!(queue(&ws).open_count(), 0);
    let effects = review(&mut ws, ReviewAction::Next);
    assert_eq!(notices(&effects), ["No doubtful region is left in this case."]);
}

#[test]
fn findings_of_another_prediction_are_dropped_and_those_of_other_labels_keep_the_order() {
    let mut ws = study(&["a"]);
    io(&mut ws, IoEvent::PredictionLoaded { case: "a".into(), prediction: Some(disagreeing(7)) });
    let asked = tick(&mut ws, 10);
    io(&mut ws, IoEvent::PredictionLoaded { case: "a".into(), prediction: Some(disagreeing(8)) });
    found(&mut ws, &asked);
    assert!(ws.case().unwrap().review.queue().is_none(), "a late answer");
    let asked = tick(&mut ws, 12);
    found(&mut ws, &asked);
    let order: Vec<_> = queue(&ws).regions().iter().map(|r| r.region.id).collect();
    paint(&mut ws);
    let asked = tick(&mut ws, 30);
    assert_eq!(found(&mut ws, &asked), 1, "where doubt is left changes with the labels");
    assert_eq!(queue(&ws).regions().iter().map(|r| r.region.id).collect::<Vec<_>>(), order);
}

#[test]
fn without_a_pseudo_label_review_says_what_to_do() {
    let mut ws = study(&["a"]);
    let effects = review(&mut ws, ReviewAction::Next);
    assert!(notices(&effects)[0].contains("Start training"));
}
