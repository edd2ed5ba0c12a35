use super::*;
use crate::geometry::Voxel;
use crate::label::Origin;

/// A study in training with a prediction of the shown case.
fn predicted() -> Workspace {
    let mut ws = study(&["a", "b"]);
    start_training(&mut ws);
    let effects = absorb(&mut ws, Event::Prediction(prediction("a", RUN, 10, 0)));
    assert!(matches!(effects.as_slice(), [Effect::UploadPrediction]));
    ws
}

fn accept(ws: &mut Workspace, action: PseudoAction) -> Vec<Effect> {
    apply(ws, Action::Pseudo(action))
}

fn step(ws: &Workspace) -> Option<u64> {
    ws.case().unwrap().prediction.as_ref().map(|p| p.provenance.step)
}

#[test]
fn late_predictions_of_another_case_run_or_step_are_dropped() {
    let mut ws = predicted();
    for late in [prediction("b", RUN, 20, 0), prediction("a", "run-0", 20, 0), prediction("a", RUN, 9, 0)] {
        assert!(absorb(&mut ws, Event::Prediction(late)).is_empty());
    }
    assert_eq!(step(&ws), Some(10));
    absorb(&mut ws, Event::Prediction(prediction("a", RUN, 11, 0)));
    assert_eq!(step(&ws), Some(11));
}

#[test]
fn a_prediction_on_another_grid_is_dropped() {
    let mut ws = predicted();
    let mut other = (*prediction("a", RUN, 30, 0)).clone();
    other.class = Grid::filled(Extent::new(2, 2, 2).unwrap(), 0);
    assert!(absorb(&mut ws, Event::Prediction(Arc::new(other))).is_empty());
}

#[test]
fn predictions_of_the_project_before_are_dropped() {
    let mut ws = predicted();
    opened(&mut ws, summary(&["a"]));
    read(&mut ws, "a");
    assert!(absorb(&mut ws, Event::Prediction(prediction("a", RUN, 50, 0))).is_empty());
    assert!(ws.case().unwrap().prediction.is_none());
}

#[test]
fn a_prediction_fades_when_the_labels_change_or_another_run_begins() {
    let mut ws = predicted();
    assert!(!ws.prediction_is_stale());
    paint(&mut ws);
    assert!(ws.prediction_is_stale());
    let revision = labels(&ws).revision();
    absorb(&mut ws, Event::Prediction(prediction("a", RUN, 12, revision)));
    assert!(!ws.prediction_is_stale());
    trainer(&mut ws, TrainerEvent::Run("run-2".to_owned()));
    assert!(ws.prediction_is_stale());
}

#[test]
fn accepting_the_case_writes_only_unknown_voxels_that_are_not_doubtful() {
    let mut ws = predicted();
    apply(&mut ws, Action::Class(ClassAction::Select(2)));
    stroke(&mut ws, Tool::Brush, [2.0, 4.0, 1.0], [3.0, 4.0, 1.0]);
    let by_hand = labels(&ws).known_count();
    accept(&mut ws, doubt_of_networks(0.25));
    accept(&mut ws, PseudoAction::AcceptCase);
    for v in extent().full_box().voxels() {
        let value = labels(&ws).value(v);
        assert_eq!(value.origin.is_known(), v.z < 4, "{v:?}");
        assert!(value.origin != Origin::Accepted || value.class == u8::from(v.x < 6));
    }
    let manual = labels(&ws).origin().as_slice().iter().filter(|&&o| o == Origin::Manual).count();
    assert_eq!(manual, by_hand, "hand-painted voxels stay");
    assert_eq!(ws.case().unwrap().history.undo_count(), 2);
}

#[test]
fn what_is_unlike_the_labels_is_accepted_only_as_far_as_its_threshold_goes() {
    let mut ws = study(&["a"]);
    let mut unlike = Prediction::clone(&prediction("a", RUN, 10, 0));
    unlike.probabilities.np = Some(Grid::from_fn(extent(), |v| if v.x < 3 { 100 } else { 250 }));
    io(&mut ws, IoEvent::PredictionLoaded { case: "a".into(), prediction: Some(Arc::new(unlike)) });
    accept(&mut ws, PseudoAction::AcceptCase);
    let is_known = |ws: &Workspace, v| labels(ws).value(v).origin.is_known();
    assert!(extent().full_box().voxels().all(|v| is_known(&ws, v) == (v.z < 4 && v.x >= 3)));
    let thresholds = DoubtThresholds { unlike_labels: 0.9, ..DoubtThresholds::default() };
    accept(&mut ws, PseudoAction::SetDoubtThresholds(thresholds));
    accept(&mut ws, PseudoAction::AcceptCase);
    assert!(extent().full_box().voxels().all(|v| is_known(&ws, v) == (v.z < 4)));
}

#[test]
fn a_threshold_of_one_accepts_everything() {
    let mut ws = predicted();
    accept(&mut ws, doubt_of_networks(1.0));
    accept(&mut ws, PseudoAction::AcceptCase);
    assert_eq!(labels(&ws).known_count(), extent().voxel_count());
    let nothing = accept(&mut ws, PseudoAction::AcceptCase);
    assert!(notices(&nothing)[0].starts_with("Nothing to accept"));
}

#[test]
fn a_slice_and_a_component_are_accepted_alone_and_undone_in_one_step() {
    let mut ws = predicted();
    apply(&mut ws, Action::View(ViewAction::MoveCursor([0.0, 0.0, 2.0])));
    accept(&mut ws, PseudoAction::AcceptSlice(Plane::Axial));
    assert_eq!(labels(&ws).known_count(), 12 * 10);
    edit(&mut ws, EditAction::Undo);
    assert_eq!(labels(&ws).known_count(), 0);
    accept(&mut ws, PseudoAction::AcceptComponent(Voxel::new(1, 1, 1)));
    let whole = 6 * 10 * extent().z();
    assert_eq!(labels(&ws).known_count(), whole, "also where it is doubtful: somebody pointed at it");
    assert_eq!(ws.case().unwrap().history.undo_name(), Some(format!("Accept region, {whole} voxels").as_str()));
}

#[test]
fn the_accept_brush_takes_pseudo_labels_over_and_its_inverse_erases() {
    let mut ws = predicted();
    stroke(&mut ws, Tool::AcceptBrush, [3.0, 4.0, 1.0], [8.0, 4.0, 1.0]);
    let value = |ws: &Workspace, x| labels(ws).value(Voxel::new(x, 4, 1));
    assert_eq!((value(&ws, 3).class, value(&ws, 8).class), (1, 0));
    assert_eq!((value(&ws, 3).origin, value(&ws, 8).origin), (Origin::Accepted, Origin::Accepted));
    assert!(ws.case().unwrap().history.undo_name().unwrap().starts_with("Accept, "));
    edit(&mut ws, EditAction::StrokeBegin { view: Plane::Axial, position: [3.0, 4.0, 1.0], inverted: true });
    edit(&mut ws, EditAction::StrokeEnd);
    assert_eq!(value(&ws, 3).origin, Origin::Unknown);
}

#[test]
fn without_a_prediction_accepting_says_what_to_do() {
    let mut ws = study(&["a"]);
    for effects in [accept(&mut ws, PseudoAction::AcceptCase), stroke(&mut ws, Tool::AcceptBrush, [4.0; 3], [5.0; 3])] {
        assert!(notices(&effects)[0].contains("no pseudo-label"), "{effects:?}");
    }
}

#[test]
fn a_saved_prediction_of_the_shown_case_is_fetched_unless_it_is_there() {
    let mut ws = predicted();
    let saved = |case: &str, step, done| TrainerEvent::PredictionSaved { case: case.into(), step, done, total: 2 };
    let fetches = |effects: &[Effect]| io_commands(effects).any(|c| matches!(c, IoCommand::LoadPrediction(_)));
    assert!(!fetches(&trainer(&mut ws, saved("a", 10, 1))));
    assert_eq!(ws.training().predicting, Some((1, 2)));
    let effects = trainer(&mut ws, saved("a", 12, 2));
    assert!(fetches(&effects));
    assert!(io_commands(&effects).any(|c| matches!(c, IoCommand::RankCase(case) if case.as_str() == "a")));
    assert_eq!(ws.training().predicting, None);
    let from_disk = IoEvent::PredictionLoaded { case: "a".into(), prediction: Some(prediction("a", RUN, 12, 0)) };
    assert!(matches!(io(&mut ws, from_disk).as_slice(), [Effect::UploadPrediction]));
    trainer(&mut ws, saved("b", 12, 2));
    assert!(ws.study().unwrap().case(&"b".into()).unwrap().has_prediction);
}
