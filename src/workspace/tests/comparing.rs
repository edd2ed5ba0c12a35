//! The labels of a case beside another label map of it.

use super::*;
use crate::metrics::LabelComparison;
use crate::worker::protocol_labels::{LabelEvent, LabelJob, LabelWork};

fn compare(ws: &mut Workspace, action: CompareAction) -> Vec<Effect> {
    apply(ws, Action::Compare(action))
}

fn pick(ws: &mut Workspace) -> u64 {
    let picked = FileAction::FilePicked { purpose: FilePurpose::OtherLabels, path: "other.nii.gz".into() };
    let effects = apply(ws, Action::File(picked));
    let ticket = io_commands(&effects).find_map(|command| match command {
        IoCommand::ReadMask { ticket, .. } => Some(*ticket),
        _ => None,
    });
    ticket.unwrap()
}

fn mask(ws: &mut Workspace, ticket: u64) -> Vec<LabelJob> {
    let mask = Arc::new(Grid::filled(extent(), 1));
    jobs(io(ws, IoEvent::MaskRead { ticket, mask }))
}

fn jobs(effects: Vec<Effect>) -> Vec<LabelJob> {
    effects.into_iter().filter_map(|e| if let Effect::Labels(job) = e { Some(job) } else { None }).collect()
}

fn answer(ws: &mut Workspace, job: &LabelJob) {
    let LabelWork::Compare(other) = &job.work else { panic!("{job:?}") };
    let between = LabelComparison::between(job.labels.class(), other.class(), &job.image.affine, &[1], || false);
    absorb(ws, Event::Labels(LabelEvent::Compared { ticket: job.ticket, comparison: between.unwrap() }));
}

#[test]
fn a_mask_is_read_compared_with_the_labels_and_the_table_is_shown() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    let ticket = pick(&mut ws);
    let job = mask(&mut ws, ticket).pop().unwrap();
    assert_eq!(job.labels.class(), labels(&ws).class());
    answer(&mut ws, &job);
    let comparison = ws.comparison().unwrap();
    assert_eq!(comparison.with.name(), "other.nii.gz");
    let ComparisonState::Ready(found) = &comparison.state else { panic!("{comparison:?}") };
    assert_eq!(found.classes[0].second_voxels, extent().voxel_count());
    assert!(!comparison.is_outdated(labels(&ws).revision()));
    stroke(&mut ws, Tool::Brush, [2.0, 8.0, 4.0], [9.0, 8.0, 4.0]);
    assert!(ws.comparison().unwrap().is_outdated(labels(&ws).revision()));
    compare(&mut ws, CompareAction::Close);
    assert!(ws.comparison().is_none());
}

#[test]
fn a_mask_of_another_grid_is_refused_with_its_sentence() {
    let mut ws = study(&["a"]);
    let ticket = pick(&mut ws);
    io(&mut ws, IoEvent::MaskFailed { ticket, sentence: "it belongs to another grid.".to_owned() });
    let state = &ws.comparison().unwrap().state;
    assert!(matches!(state, ComparisonState::Refused(s) if s == "It belongs to another grid."), "{state:?}");
}

#[test]
fn another_case_cancels_a_comparison_and_its_answers_are_dropped() {
    let mut ws = study(&["a", "b"]);
    let early = pick(&mut ws);
    let ticket = pick(&mut ws);
    assert!(mask(&mut ws, early).is_empty(), "another one was asked for since");
    let job = mask(&mut ws, ticket).pop().unwrap();
    apply(&mut ws, Action::Case(CaseAction::Show("b".into())));
    assert!(job.watch.is_cancelled());
    answer(&mut ws, &job);
    assert!(ws.comparison().is_none());
    assert!(mask(&mut ws, ticket).is_empty());
}

#[test]
fn the_pseudo_labels_are_compared_where_there_are_some() {
    let mut ws = study(&["a"]);
    let with = CompareAction::With(ComparedWith::PseudoLabels);
    assert!(compare(&mut ws, with.clone()).is_empty() && ws.comparison().is_none());
    io(&mut ws, IoEvent::PredictionLoaded { case: "a".into(), prediction: Some(prediction("a", RUN, 1, 0)) });
    let first = jobs(compare(&mut ws, with)).pop().unwrap();
    let again = jobs(compare(&mut ws, CompareAction::Again)).pop().unwrap();
    assert!(first.watch.is_cancelled() && !again.watch.is_cancelled());
    answer(&mut ws, &first);
    assert!(matches!(ws.comparison().unwrap().state, ComparisonState::Working));
    answer(&mut ws, &again);
    assert!(matches!(ws.comparison().unwrap().state, ComparisonState::Ready(_)));
}
