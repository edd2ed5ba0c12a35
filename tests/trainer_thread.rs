//! The trainer thread on a small real project: it pauses and stops within a step, takes edits, resumes, and survives.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chiaro::edit::complete_case;
use chiaro::geometry::{Affine, Extent};
use chiaro::io::{NiftiGeometry, write_image};
use chiaro::label::{ClassTable, LabelMap};
use chiaro::learn::{DeviceChoice, Method, TrainSettings};
use chiaro::project::{CaseEntry, Project};
use chiaro::volume::{CaseId, Grid, Image, VoxelType, Voxels};
use chiaro::worker::protocol::{CheckpointChoice, TrainRequest, TrainerCommand, TrainerEvent, TrainerState};
use chiaro::worker::trainer::TrainerHandle;

/// Far beyond what any of this takes on a slow machine; a test that reaches it has failed.
const PATIENCE: Duration = Duration::from_secs(120);
const N: usize = 16;

fn extent() -> Extent {
    Extent::new(N, N, N).unwrap()
}

fn truth(index: usize) -> Grid<u8> {
    Grid::from_fn(extent(), |v| u8::from(v.x.abs_diff(6 + index) < 4 && v.y.abs_diff(8) < 4 && v.z.abs_diff(8) < 4))
}

/// Four cases: `a` labelled, `b` and `c` not, `h` labelled and held out.
fn study(dir: &Path) -> Project {
    let geometry = NiftiGeometry::from_affine(extent(), Affine::identity(), VoxelType::I16);
    let mut entries = Vec::new();
    std::fs::create_dir_all(dir.join("images")).unwrap();
    for (index, name) in ["a", "b", "c", "h"].into_iter().enumerate() {
        let truth = truth(index);
        let voxels = Grid::from_fn(extent(), |v| {
            i16::from(truth.at(v)) * 50 + ((v.x * 7 + v.y * 5 + v.z * 3 + index) % 9) as i16
        });
        let image = Image::new(Voxels::I16(voxels), 1.0, 0.0, Affine::identity());
        let file = format!("images/{name}.nii.gz");
        write_image(&dir.join(&file), &image, &geometry).unwrap();
        let mut entry = CaseEntry::new(name.into(), file.into());
        entry.held_out = name == "h";
        entries.push(entry);
    }
    let project = Project::create(dir, ClassTable::from_names(&["Block"]).unwrap(), entries).unwrap();
    for (index, name) in [(0, "a"), (3, "h")] {
        project.save_labels(&name.into(), &LabelMap::imported(truth(index)), &geometry).unwrap();
    }
    project
}

fn request(dir: &Path, steps: u64, resume: bool) -> TrainerCommand {
    let settings = TrainSettings {
        method: Method::DualConfidence,
        device: DeviceChoice::Cpu,
        steps: Some(steps),
        resume,
        ..TrainSettings::default()
    };
    let shown = Some("b".into());
    TrainerCommand::Start(Box::new(TrainRequest {
        project_dir: dir.to_owned(),
        settings,
        snapshots: Vec::new(),
        shown,
    }))
}

/// Events up to and including the first that `is_last` names.
fn until(trainer: &TrainerHandle, is_last: impl Fn(&TrainerEvent) -> bool) -> Vec<TrainerEvent> {
    let begin = Instant::now();
    let mut seen = Vec::new();
    loop {
        let left = PATIENCE.checked_sub(begin.elapsed()).unwrap_or_else(|| panic!("nothing more came; seen: {seen:?}"));
        let event = trainer.events.recv_timeout(left).unwrap_or_else(|e| panic!("{e}; seen: {seen:?}"));
        let last = is_last(&event);
        seen.push(event);
        if last {
            return seen;
        }
    }
}

fn is_state(state: TrainerState) -> impl Fn(&TrainerEvent) -> bool {
    move |event| *event == TrainerEvent::State(state)
}

fn last_step(events: &[TrainerEvent]) -> u64 {
    let steps = events.iter().filter_map(|e| if let TrainerEvent::Progress(p) = e { Some(p.step) } else { None });
    steps.max().unwrap_or(0)
}

#[test]
fn a_run_reports_predicts_the_shown_case_and_leaves_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let project = study(folder.path());
    let trainer = TrainerHandle::spawn().unwrap();
    trainer.commands.send(request(folder.path(), 60, false)).unwrap();
    let events = until(&trainer, is_state(TrainerState::Finished));
    assert_eq!(last_step(&events), 60);
    assert!(events.iter().any(|e| matches!(e, TrainerEvent::HeldOutDice { dice, .. } if (0.0..=1.0).contains(dice))));
    let prediction = trainer.predictions.take().expect("the shown case is predicted");
    assert_eq!(prediction.provenance.case, CaseId::from("b"));
    let run = project.run_dir("001-dual-confidence");
    let metrics = std::fs::read_to_string(run.join("metrics.csv")).unwrap();
    // The header, six reports, and the last one again with the curve's end.
    assert!(metrics.starts_with("step,") && metrics.lines().count() == 8, "{metrics}");
    assert!(run.join("plan.toml").is_file() && run.join("step-00000060/weights.safetensors").is_file());

    let cases = vec![CaseId::from("b"), CaseId::from("c")];
    trainer
        .commands
        .send(TrainerCommand::Predict {
            project_dir: folder.path().to_owned(),
            cases,
            checkpoint: CheckpointChoice::Last,
        })
        .unwrap();
    until(&trainer, |e| matches!(e, TrainerEvent::PredictionSaved { done: 2, total: 2, .. }));
    let saved = project.load_prediction(&"c".into()).unwrap().unwrap();
    assert_eq!(saved.provenance.step, 60);
}

#[test]
fn pause_holds_the_step_count_and_stop_leaves_a_checkpoint_to_resume_from() {
    let folder = tempfile::tempdir().unwrap();
    study(folder.path());
    let trainer = TrainerHandle::spawn().unwrap();
    trainer.commands.send(request(folder.path(), 100_000, false)).unwrap();
    until(&trainer, |e| matches!(e, TrainerEvent::Progress(_)));
    trainer.commands.send(TrainerCommand::Pause).unwrap();
    until(&trainer, is_state(TrainerState::Paused));
    assert!(trainer.events.recv_timeout(Duration::from_millis(500)).is_err(), "a paused trainer is silent");
    trainer.commands.send(TrainerCommand::Resume).unwrap();
    until(&trainer, is_state(TrainerState::Running));
    until(&trainer, |e| matches!(e, TrainerEvent::Progress(_)));
    trainer.commands.send(TrainerCommand::Stop).unwrap();
    let events = until(&trainer, is_state(TrainerState::Finished));
    let stopped_at =
        events.iter().find_map(|e| if let TrainerEvent::Checkpoint { step } = e { Some(*step) } else { None });
    let stopped_at = stopped_at.expect("stop saves");
    drop(trainer);

    let trainer = TrainerHandle::spawn().unwrap();
    trainer.commands.send(request(folder.path(), stopped_at + 10, true)).unwrap();
    let events = until(&trainer, is_state(TrainerState::Finished));
    assert_eq!(last_step(&events), stopped_at + 10);
    assert!(events.contains(&TrainerEvent::Run("001-dual-confidence".into())), "the same run goes on");
}

#[test]
fn the_best_networks_survive_a_resumed_run_that_gets_no_better_and_can_be_asked_to_predict() {
    let folder = tempfile::tempdir().unwrap();
    let project = study(folder.path());
    let trainer = TrainerHandle::spawn().unwrap();
    let best_of = |events: &[TrainerEvent]| {
        let found = events.iter().rev().find_map(|e| match e {
            TrainerEvent::BestHeldOut { step, dice } => Some((*step, *dice)),
            _ => None,
        });
        found.expect("a case is held out")
    };
    trainer.commands.send(request(folder.path(), 10, false)).unwrap();
    let (step, dice) = best_of(&until(&trainer, is_state(TrainerState::Finished)));
    let file = project.run_dir("001-dual-confidence").join("best/best.json");
    // Nothing can be better than what the file claims now.
    let text = std::fs::read_to_string(&file).unwrap();
    let mut claimed: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((claimed["step"].as_u64(), claimed["dice"].as_f64().map(|d| d as f32)), (Some(step), Some(dice)));
    claimed["dice"] = 1.5.into();
    std::fs::write(&file, claimed.to_string()).unwrap();
    trainer.commands.send(request(folder.path(), 30, true)).unwrap();
    assert_eq!(best_of(&until(&trainer, is_state(TrainerState::Finished))), (step, 1.5));

    for (checkpoint, expected) in [(CheckpointChoice::Best, step), (CheckpointChoice::Last, 30)] {
        let cases = vec![CaseId::from("c")];
        let project_dir = folder.path().to_owned();
        trainer.commands.send(TrainerCommand::Predict { project_dir, cases, checkpoint }).unwrap();
        until(&trainer, |e| matches!(e, TrainerEvent::PredictionSaved { .. }));
        assert_eq!(project.load_prediction(&"c".into()).unwrap().unwrap().provenance.step, expected);
    }
}

#[test]
fn labels_edited_while_training_runs_show_in_the_revision_of_the_next_prediction() {
    let folder = tempfile::tempdir().unwrap();
    let project = study(folder.path());
    let trainer = TrainerHandle::spawn().unwrap();
    trainer.commands.send(request(folder.path(), 100_000, false)).unwrap();
    until(&trainer, |e| matches!(e, TrainerEvent::Progress(_)));
    let mut labels = project.load_labels(&"b".into(), extent()).unwrap();
    let delta = complete_case(&mut labels, &[false; 256]).unwrap();
    let revision = labels.revision();
    trainer.commands.send(TrainerCommand::Label { case: "b".into(), delta: Arc::new(delta), revision }).unwrap();
    trainer.commands.send(TrainerCommand::Show(Some("b".into()))).unwrap();
    let begin = Instant::now();
    loop {
        assert!(begin.elapsed() < PATIENCE);
        let newest = trainer.predictions.take();
        if newest.is_some_and(|p| p.provenance.label_revision == revision) {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn when_nothing_learns_any_more_the_shown_case_still_follows_its_corrections() {
    let folder = tempfile::tempdir().unwrap();
    let project = study(folder.path());
    let trainer = TrainerHandle::spawn().unwrap();
    trainer.commands.send(request(folder.path(), 2, false)).unwrap();
    trainer.commands.send(TrainerCommand::Show(Some("b".into()))).unwrap();
    until(&trainer, is_state(TrainerState::Finished));
    let mut labels = project.load_labels(&"b".into(), extent()).unwrap();
    let delta = complete_case(&mut labels, &[false; 256]).unwrap();
    let revision = labels.revision();
    trainer.commands.send(TrainerCommand::Label { case: "b".into(), delta: Arc::new(delta), revision }).unwrap();
    let begin = Instant::now();
    while trainer.predictions.take().is_none_or(|p| p.provenance.label_revision != revision) {
        assert!(begin.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_study_without_labels_fails_with_a_sentence_and_the_thread_takes_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let project = study(folder.path());
    for name in ["a.nii.gz", "a.origin.nii.gz", "a.json"] {
        std::fs::remove_file(folder.path().join("labels").join(name)).unwrap();
    }
    let trainer = TrainerHandle::spawn().unwrap();
    trainer.commands.send(request(folder.path(), 10, false)).unwrap();
    let events = until(&trainer, is_state(TrainerState::Failed));
    let headline =
        events.iter().find_map(|e| if let TrainerEvent::Fatal { headline, .. } = e { Some(headline) } else { None });
    assert!(headline.unwrap().contains("label some voxels"), "{headline:?}");

    let geometry = NiftiGeometry::from_affine(extent(), Affine::identity(), VoxelType::I16);
    project.save_labels(&"a".into(), &LabelMap::imported(truth(0)), &geometry).unwrap();
    trainer.commands.send(request(folder.path(), 10, false)).unwrap();
    assert_eq!(last_step(&until(&trainer, is_state(TrainerState::Finished))), 10);
}

#[test]
fn an_unreadable_case_is_named_and_the_others_train() {
    let folder = tempfile::tempdir().unwrap();
    study(folder.path());
    std::fs::write(folder.path().join("images/c.nii.gz"), b"not an image").unwrap();
    let trainer = TrainerHandle::spawn().unwrap();
    trainer.commands.send(request(folder.path(), 10, false)).unwrap();
    let events = until(&trainer, is_state(TrainerState::Finished));
    assert!(events.iter().any(|e| matches!(e, TrainerEvent::Notice(s) if s.contains("Case c takes no part"))));
}
