//! The rules of the reducer, topic by topic. Threads are played by hand.

mod cases;
mod classes;
mod comparing;
mod edits;
mod files;
mod known_questions;
mod operations;
mod predictions;
mod review;
mod saving;
mod splitting;
mod training;
mod turning;
mod views;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::edit::HistoryRecord;
use crate::geometry::{Affine, Extent, Plane};
use crate::io::{FirstSlice, NiftiGeometry};
use crate::label::{ClassId, ClassTable, DoubtThresholds, LabelMap, Prediction, Probabilities, Provenance, Rejections};
use crate::project::CaseState;
use crate::review::CaseFigures;
use crate::volume::{Grid, Image, VoxelType, Voxels};
use crate::worker::protocol::{TrainerCommand, TrainerEvent, TrainerState};
use crate::worker::protocol_io::{CaseMark, CaseSummary, IoCommand, IoEvent, LoadedCase, ProjectSummary};

pub(super) const RUN: &str = "run-1";

pub(super) fn extent() -> Extent {
    Extent::new(12, 10, 8).unwrap()
}

pub(super) fn summary(cases: &[&str]) -> ProjectSummary {
    let case = |id: &&str| CaseSummary {
        mark: CaseMark { id: (*id).into(), state: CaseState::Open, held_out: false },
        known_share: None,
        has_prediction: false,
    };
    ProjectSummary {
        dir: PathBuf::from("study"),
        name: "study".to_owned(),
        classes: ClassTable::from_names(&["Anterior", "Posterior"]).unwrap(),
        cases: cases.iter().map(case).collect(),
        has_runs: false,
        past_run: None,
        known_answers: Vec::new(),
        notices: Vec::new(),
    }
}

pub(super) fn loaded(id: &str) -> LoadedCase {
    let voxels = Voxels::U8(Grid::from_fn(extent(), |v| u8::try_from(v.x * 10 + v.y).unwrap()));
    LoadedCase {
        case: id.into(),
        image: Arc::new(Image::new(voxels, 1.0, 0.0, Affine::identity())),
        geometry: Arc::new(NiftiGeometry::from_affine(extent(), Affine::identity(), VoxelType::U8)),
        labels: LabelMap::unknown(extent()),
        history: HistoryRecord::default(),
        prediction: None,
        rejections: Rejections::default(),
        notices: Vec::new(),
        kept_view: None,
    }
}

/// A study whose first case is on the screen.
pub(super) fn study(cases: &[&str]) -> Workspace {
    let mut ws = Workspace::new();
    opened(&mut ws, summary(cases));
    read(&mut ws, cases[0]);
    ws
}

pub(super) fn opened(ws: &mut Workspace, summary: ProjectSummary) -> Vec<Effect> {
    io(ws, IoEvent::ProjectOpened(Box::new(summary)))
}

pub(super) fn read(ws: &mut Workspace, id: &str) -> Vec<Effect> {
    io(ws, IoEvent::CaseLoaded(Box::new(loaded(id))))
}

pub(super) fn io(ws: &mut Workspace, event: IoEvent) -> Vec<Effect> {
    absorb(ws, Event::Io(event))
}

pub(super) fn trainer(ws: &mut Workspace, event: TrainerEvent) -> Vec<Effect> {
    absorb(ws, Event::Trainer(event))
}

pub(super) fn tick(ws: &mut Workspace, seconds: u64) -> Vec<Effect> {
    apply(ws, Action::App(AppAction::Tick(Duration::from_secs(seconds))))
}

pub(super) fn edit(ws: &mut Workspace, action: EditAction) -> Vec<Effect> {
    apply(ws, Action::Edit(action))
}

/// One straight stroke in the axial view.
pub(super) fn stroke(ws: &mut Workspace, tool: Tool, from: [f64; 3], to: [f64; 3]) -> Vec<Effect> {
    apply(ws, Action::Tool(ToolAction::Select(tool)));
    let mut effects = edit(ws, EditAction::StrokeBegin { view: Plane::Axial, position: from, inverted: false });
    effects.extend(edit(ws, EditAction::StrokeMove { position: to }));
    effects.extend(edit(ws, EditAction::StrokeEnd));
    effects
}

/// Something is painted in the shown case.
pub(super) fn paint(ws: &mut Workspace) -> Vec<Effect> {
    stroke(ws, Tool::Brush, [2.0, 4.0, 4.0], [9.0, 4.0, 4.0])
}

pub(super) fn labels(ws: &Workspace) -> &LabelMap {
    ws.case().unwrap().labels()
}

/// Class 1 in the left half, sure in the lower slices and doubtful above.
pub(super) fn prediction(case: &str, run: &str, step: u64, label_revision: u64) -> Arc<Prediction> {
    let class: Grid<ClassId> = Grid::from_fn(extent(), |v| u8::from(v.x < 6));
    let flat = Grid::filled(extent(), 200);
    Arc::new(Prediction {
        provenance: Provenance { case: case.into(), label_revision, model: run.to_owned(), step },
        confidence_a: flat.clone(),
        confidence_b: flat,
        class_a: class.clone(),
        class_b: class.clone(),
        dual_confidence: Grid::from_fn(extent(), |v| if v.z < 4 { 250 } else { 50 }),
        class,
        probabilities: Probabilities::default(),
    })
}

pub(super) fn doubt_of_networks(networks: f32) -> PseudoAction {
    PseudoAction::SetDoubtThresholds(DoubtThresholds { networks, ..DoubtThresholds::default() })
}

pub(super) fn start_training(ws: &mut Workspace) -> Vec<Effect> {
    let effects = apply(ws, Action::Train(TrainAction::Start { resume: false }));
    trainer(ws, TrainerEvent::Run(RUN.to_owned()));
    trainer(ws, TrainerEvent::State(TrainerState::Running));
    effects
}

pub(super) fn io_commands(effects: &[Effect]) -> impl Iterator<Item = &IoCommand> {
    effects.iter().filter_map(|effect| match effect {
        Effect::Io(command) => Some(command),
        _ => None,
    })
}

pub(super) fn trainer_commands(effects: &[Effect]) -> impl Iterator<Item = &TrainerCommand> {
    effects.iter().filter_map(|effect| match effect {
        Effect::Trainer(command) => Some(command),
        _ => None,
    })
}

pub(super) fn saves(effects: &[Effect]) -> Vec<(&str, u64)> {
    io_commands(effects)
        .filter_map(|command| match command {
            IoCommand::SaveLabels { case, labels, .. } => Some((case.as_str(), labels.revision())),
            _ => None,
        })
        .collect()
}

pub(super) fn loads(effects: &[Effect]) -> Vec<&str> {
    io_commands(effects)
        .filter_map(|command| match command {
            IoCommand::LoadCase(case) => Some(case.as_str()),
            _ => None,
        })
        .collect()
}

pub(super) fn notices(effects: &[Effect]) -> Vec<&str> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Notify(notice) => Some(notice.text.as_str()),
            _ => None,
        })
        .collect()
}

/// The io thread has written what it was asked to.
pub(super) fn all_saved(ws: &mut Workspace, effects: &[Effect]) -> Vec<Effect> {
    let done = saves(effects).into_iter().map(|(case, revision)| (case.into(), revision)).collect::<Vec<_>>();
    let events = done.into_iter().map(|(case, revision)| IoEvent::LabelsSaved { case, revision });
    events.flat_map(|event| io(ws, event)).collect()
}

/// The io thread has written the labels and the project file.
pub(super) fn everything_saved(ws: &mut Workspace, effects: &[Effect]) -> Vec<Effect> {
    let mut answers = all_saved(ws, effects);
    answers.extend(io(ws, IoEvent::ProjectSaved));
    answers
}

/// Saving fails at the shown case's present revision.
pub(super) fn fail_save(ws: &mut Workspace) -> Vec<Effect> {
    let revision = labels(ws).revision();
    io(ws, IoEvent::LabelsNotSaved { case: "a".into(), revision, sentence: "The disk is full.".to_owned() })
}
