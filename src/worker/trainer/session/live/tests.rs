use std::path::Path;

use crossbeam_channel::{Sender, never, unbounded};
use tempfile::TempDir;

use super::*;
use crate::edit::{Delta, Run};
use crate::geometry::{Affine, Extent};
use crate::io::{NiftiGeometry, write_image};
use crate::label::{ClassTable, LabelMap, LabelValue, Origin, Prediction};
use crate::learn::{DeviceChoice, Method, TrainSettings};
use crate::project::{CaseEntry, Project};
use crate::volume::{Grid, Image, VoxelType, Voxels};
use crate::worker::Slot;
use crate::worker::protocol::{TrainRequest, TrainerState};
use crate::worker::trainer::{Host, TrainerHandle};

/// Longer than a hand has to rest.
const REST: Duration = Duration::from_millis(3_100);
const PATIENCE: Duration = Duration::from_secs(120);
const STEPS: u64 = 3;

fn extent() -> Extent {
    Extent::new(16, 16, 16).unwrap()
}

fn truth(index: usize) -> Grid<u8> {
    Grid::from_fn(extent(), |v| u8::from(v.x.abs_diff(6 + index) < 4 && v.y.abs_diff(8) < 4 && v.z.abs_diff(8) < 4))
}

fn write_volume(path: &Path, index: usize) {
    let truth = truth(index);
    let voxels = Grid::from_fn(extent(), |v| i16::from(truth.at(v)) * 50 + ((v.x * 7 + v.y * 5 + v.z) % 9) as i16);
    let geometry = NiftiGeometry::from_affine(extent(), Affine::identity(), VoxelType::I16);
    write_image(path, &Image::new(Voxels::I16(voxels), 1.0, 0.0, Affine::identity()), &geometry).unwrap();
}

/// Four cases: `a` labelled, `b` and `c` not, `h` labelled and held out.
fn study() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let geometry = NiftiGeometry::from_affine(extent(), Affine::identity(), VoxelType::I16);
    std::fs::create_dir_all(dir.join("images")).unwrap();
    let entries = ["a", "b", "c", "h"].into_iter().enumerate().map(|(index, name)| {
        let file = format!("images/{name}.nii.gz");
        write_volume(&dir.join(&file), index);
        let mut entry = CaseEntry::new(name.into(), file.into());
        entry.held_out = name == "h";
        entry
    });
    let entries = entries.collect();
    let project = Project::create(dir, ClassTable::from_names(&["Block"]).unwrap(), entries).unwrap();
    for (index, name) in [(0, "a"), (3, "h")] {
        project.save_labels(&name.into(), &LabelMap::imported(truth(index)), &geometry).unwrap();
    }
    folder
}

fn request(dir: &Path, resume: bool) -> TrainRequest {
    let settings = TrainSettings {
        method: Method::DualConfidence,
        device: DeviceChoice::Cpu,
        steps: (!resume).then_some(STEPS),
        live: true,
        resume,
        ..TrainSettings::default()
    };
    TrainRequest { project_dir: dir.to_owned(), settings, snapshots: Vec::new(), shown: None }
}

struct Scene {
    folder: TempDir,
    session: Session,
    outlet: Outlet,
    told: Receiver<TrainerEvent>,
    commands: Sender<TrainerCommand>,
    inbox: Receiver<TrainerCommand>,
}

impl Scene {
    fn new(folder: TempDir, resume: bool) -> Self {
        let (events, told) = unbounded();
        let outlet = Outlet { events, predictions: Slot::new(), repaint: Box::new(|| {}) };
        let host = Host { frames: None, strain: |_, _| None };
        let session = Session::start(request(folder.path(), resume), &host, &outlet).unwrap();
        let (commands, inbox) = unbounded();
        Self { folder, session, outlet, told, commands, inbox }
    }

    fn turn(&mut self) -> Turn {
        self.session.turn(&self.inbox, &self.outlet).unwrap()
    }

    /// Turns until the run is up to date; what it said.
    fn until_waiting(&mut self) -> Vec<TrainerEvent> {
        while !matches!(self.turn(), Turn::Waiting) {}
        self.told.try_iter().collect()
    }

    /// `count` voxels of a case get class 1, as if painted.
    fn paint(&mut self, case: &str, start: usize, count: usize) {
        let id = CaseId::from(case);
        let labels = self.session.trainer.cases().iter().find(|c| c.id == id).unwrap().labels();
        let run = Run { start, len: count, old: labels.value_at(start), new: LabelValue::new(1, Origin::Manual) };
        let revision = labels.revision() + 1;
        let delta = Delta::new(vec![run], extent()).unwrap();
        self.session.edit(&id, &delta, revision, &self.outlet);
    }

    fn predicted(&mut self, case: &str) -> Prediction {
        self.session.predict(&case.into(), &never()).unwrap().unwrap()
    }

    fn next_round(&mut self) -> Vec<TrainerEvent> {
        let painted = 100 * self.session.live.as_ref().unwrap().rounds.number() as usize;
        self.paint("b", painted, 100);
        self.after_a_rest()
    }

    fn after_a_rest(&mut self) -> Vec<TrainerEvent> {
        std::thread::sleep(REST);
        while !matches!(self.turn(), Turn::Began) {}
        self.until_waiting()
    }

    fn hold_out(&mut self, case: &str, held_out: bool) {
        self.session.hold_out(&case.into(), held_out, &self.outlet);
    }

    fn is_held_out(&self, case: &str) -> bool {
        self.session.trainer.cases().iter().find(|c| c.id.as_str() == case).unwrap().held_out
    }

    /// An image comes to the project's folder and list, and the run is told.
    fn add(&mut self, case: &str, held_out: bool) {
        let path = self.folder.path().join(format!("images/{case}.nii.gz"));
        write_volume(&path, 2);
        Project::load(self.folder.path()).unwrap().add_images(&[path], held_out).unwrap();
        self.session.add_cases(vec![case.into()]);
    }
}

fn report(events: &[TrainerEvent]) -> Round {
    let reports: Vec<&Round> = events
        .iter()
        .filter_map(|e| if let TrainerEvent::RoundEnded { round, .. } = e { Some(&**round) } else { None })
        .collect();
    assert_eq!(reports.len(), 1, "{events:?}");
    reports[0].clone()
}

fn saved(events: &[TrainerEvent]) -> Vec<&str> {
    let cases = events.iter().filter_map(|event| match event {
        TrainerEvent::PredictionSaved { case, .. } => Some(case.as_str()),
        _ => None,
    });
    cases.collect()
}

#[test]
fn a_run_waits_when_it_is_up_to_date_and_goes_on_after_enough_corrections_and_a_rest() {
    let mut scene = Scene::new(study(), false);
    let first = report(&scene.until_waiting());
    assert_eq!((first.number, first.step, first.effort().voxels_changed), (1, STEPS, 0));
    assert_eq!(first.held_out.keys().map(CaseId::as_str).collect::<Vec<_>>(), ["h"]);
    assert_eq!((first.labelled_cases, first.labelled_voxels), (1, extent().voxel_count() as u64));
    assert!(scene.session.run.dir.join(first.checkpoint.as_ref().unwrap()).is_dir());
    assert_eq!(Project::load(scene.folder.path()).unwrap().load_rounds().unwrap().rounds, [first]);
    assert!(scene.session.is_training() && scene.session.is_waiting());

    scene.paint("h", 0, 600);
    assert_eq!(scene.session.round_due_in(), None, "what is held out is nothing to learn from");
    scene.paint("b", 0, 60);
    assert_eq!(scene.session.round_due_in(), None);
    scene.paint("b", 60, 50);
    assert!(scene.session.round_due_in().is_some_and(|rest| !rest.is_zero()), "the hand is still near");
    assert!(matches!(scene.turn(), Turn::GoOn));
    std::thread::sleep(REST);
    while !matches!(scene.turn(), Turn::Began) {}
    assert!(!scene.session.is_waiting());
    let second = report(&scene.until_waiting());
    assert_eq!((second.number, second.step, second.corrections[&"b".into()].voxels_changed), (2, 2 * STEPS, 110));
    assert!(second.ended_unix_s >= second.started_unix_s && second.started_unix_s > 0);
}

#[test]
fn the_next_cases_of_the_review_are_predicted_before_the_round_ends_and_the_others_while_it_waits() {
    let mut scene = Scene::new(study(), false);
    scene.session.set_upcoming(vec!["nobody".into(), "c".into()]);
    let events = scene.until_waiting();
    assert_eq!(saved(&events), ["c"]);
    while scene.session.has_cases_to_predict() {
        assert!(matches!(scene.turn(), Turn::GoOn));
    }
    let events: Vec<TrainerEvent> = scene.told.try_iter().collect();
    // `a` is complete or lacks only what was set aside; what is held out is left alone.
    assert!(saved(&events).contains(&"b") && !saved(&events).iter().any(|case| ["c", "h"].contains(case)));
    let project = Project::load(scene.folder.path()).unwrap();
    assert_eq!(project.load_prediction(&"c".into()).unwrap().unwrap().provenance.step, STEPS);
}

#[test]
fn a_command_interrupts_predictions_between_rounds() {
    let mut scene = Scene::new(study(), false);
    scene.until_waiting();
    scene.commands.send(TrainerCommand::Pause).unwrap();
    assert!(matches!(scene.turn(), Turn::GoOn));
    assert!(saved(&scene.told.try_iter().collect::<Vec<_>>()).is_empty());
    assert!(scene.session.has_cases_to_predict());
}

#[test]
fn a_continued_run_that_was_up_to_date_takes_a_round_and_counts_on() {
    let mut scene = Scene::new(study(), false);
    scene.until_waiting();
    scene.session.stop(&scene.outlet).unwrap();
    assert!(!scene.session.is_training() && !scene.session.is_waiting() && scene.session.round_due_in().is_none());
    // As if the first round had known its labelled case better than can be.
    let project = Project::load(scene.folder.path()).unwrap();
    let mut first = project.load_rounds().unwrap().rounds.remove(0);
    *first.known.get_mut(&"a".into()).unwrap() = 1.5;
    project.append_round(&first).unwrap();
    let mut again = Scene::new(scene.folder, true);
    let events = again.until_waiting();
    let warning = "The newest round forgets what it knew of case a.";
    assert!(events.contains(&TrainerEvent::Notice(warning.into())), "{events:?}");
    let second = report(&events);
    assert_eq!((second.number, second.step), (2, 2 * STEPS));
    assert!(again.session.trainer.cases().iter().all(|c| c.held_out == (c.id.as_str() == "h")));
    assert_eq!(report(&again.next_round()).number, 3);
}

#[test]
fn rejections_of_the_project_and_of_the_window_reach_the_cases_and_late_ones_of_no_case_are_dropped() {
    let folder = study();
    let predicted = Grid::filled(extent(), 1);
    let mut rejections = Rejections::default();
    rejections.reject(std::slice::from_ref(&(0..40)), 1, &predicted);
    let project = Project::load(folder.path()).unwrap();
    project.save_rejections(&"b".into(), extent(), &rejections).unwrap();
    let mut scene = Scene::new(folder, false);
    let of = |scene: &Scene, case: &str| {
        let cases = scene.session.trainer.cases();
        cases.iter().find(|c| c.id.as_str() == case).unwrap().rejections().as_ref().clone()
    };
    assert_eq!(of(&scene, "b"), rejections);
    scene.until_waiting();
    let mut more = rejections.clone();
    more.reject(std::slice::from_ref(&(0..160)), 1, &predicted);
    scene.session.reject(&"nobody".into(), Arc::new(more.clone()), &scene.outlet);
    scene.session.reject(&"h".into(), Arc::new(more.clone()), &scene.outlet);
    assert_eq!(scene.session.round_due_in(), None);
    scene.session.reject(&"b".into(), Arc::new(more.clone()), &scene.outlet);
    assert!(scene.session.round_due_in().is_some(), "120 voxels more");
    assert_eq!(of(&scene, "b"), rejections, "learnt from the next round on");
    // Late: it is known already.
    scene.session.reject(&"b".into(), Arc::new(more.clone()), &scene.outlet);
    std::thread::sleep(REST);
    while !matches!(scene.turn(), Turn::Began) {}
    assert_eq!(of(&scene, "b"), more);
    assert_eq!(report(&scene.until_waiting()).effort().voxels_changed, 120);
}

#[test]
fn a_rejection_taken_back_before_it_was_learnt_leaves_no_trace() {
    let mut scene = Scene::new(study(), false);
    scene.until_waiting();
    let mut rejections = Rejections::default();
    rejections.reject(std::slice::from_ref(&(0..160)), 1, &Grid::filled(extent(), 1));
    scene.session.reject(&"b".into(), Arc::new(rejections), &scene.outlet);
    scene.session.reject(&"b".into(), Arc::default(), &scene.outlet);
    scene.next_round();
    let cases = scene.session.trainer.cases();
    assert!(cases.iter().all(|case| case.rejections().is_empty()));
}

#[test]
fn a_stroke_of_many_stamps_leaves_the_trainer_with_the_revision_of_the_window() {
    let mut scene = Scene::new(study(), false);
    let run = Run { start: 0, len: 9, old: LabelValue::UNKNOWN, new: LabelValue::new(1, Origin::Manual) };
    let stroke = Delta::new(vec![run], extent()).unwrap();
    scene.session.edit(&"b".into(), &stroke, 6, &scene.outlet);
    assert_eq!(scene.predicted("b").provenance.label_revision, 6);
    scene.session.edit(&"b".into(), &stroke.reversed(), 7, &scene.outlet);
    assert_eq!(scene.predicted("b").provenance.label_revision, 7);
}

#[test]
fn an_older_round_predicts_beside_the_live_networks_and_restored_says_exactly_that_again() {
    let mut scene = Scene::new(study(), false);
    scene.until_waiting();
    scene.next_round();
    let live = scene.predicted("c");
    let (inbox, outlet) = (scene.inbox.clone(), &scene.outlet);
    scene.session.predict_with(1, "c".into());
    scene.session.predict_older(&inbox, outlet).unwrap();
    let older = scene.told.try_iter().find_map(|e| match e {
        TrainerEvent::OlderPrediction { round: 1, prediction } => Some(prediction),
        _ => None,
    });
    let older = older.unwrap();
    assert_eq!((older.provenance.step, live.provenance.step), (STEPS, 2 * STEPS));
    let planes = |p: &Prediction| (p.class.clone(), p.confidence_a.clone(), p.confidence_b.clone());
    assert_ne!(planes(&older), planes(&live));
    assert_eq!(planes(&scene.predicted("c")), planes(&live), "the live networks are untouched");

    scene.session.restore(1, &scene.outlet).unwrap();
    let restored = scene.predicted("c");
    assert_eq!(planes(&restored), planes(&older));
    assert_eq!(restored.provenance.step, 2 * STEPS, "steps are counted on");
    assert!(scene.session.is_waiting() && scene.session.has_cases_to_predict(), "predictions are made anew");
    assert!(scene.session.trainer.cases().iter().all(|c| c.held_out == (c.id.as_str() == "h")));
    assert_eq!(report(&scene.next_round()).number, 3);

    scene.session.restore(9, &scene.outlet).unwrap();
    let notice = scene.told.try_iter().any(|e| matches!(e, TrainerEvent::Notice(s) if s.contains("round 9")));
    assert!(notice);
}

#[test]
fn the_thread_waits_is_paused_while_it_waits_goes_on_by_itself_and_is_stopped() {
    let folder = study();
    let trainer = TrainerHandle::spawn().unwrap();
    let send = |command| trainer.commands.send(command).unwrap();
    let until = |wanted: TrainerState| {
        let begin = Instant::now();
        loop {
            let left = PATIENCE.checked_sub(begin.elapsed()).expect("nothing more came");
            let event = trainer.events.recv_timeout(left).unwrap();
            assert!(!matches!(event, TrainerEvent::Fatal { .. }), "{event:?}");
            if event == TrainerEvent::State(wanted) {
                return;
            }
        }
    };
    send(TrainerCommand::Start(Box::new(request(folder.path(), false))));
    until(TrainerState::Waiting);
    send(TrainerCommand::Pause);
    until(TrainerState::Paused);
    let run = Run { start: 0, len: 200, old: LabelValue::UNKNOWN, new: LabelValue::new(1, Origin::Manual) };
    let delta = Arc::new(Delta::new(vec![run], extent()).unwrap());
    send(TrainerCommand::Label { case: "b".into(), delta, revision: 1 });
    std::thread::sleep(REST + Duration::from_millis(500));
    assert!(!trainer.events.try_iter().any(|e| matches!(e, TrainerEvent::State(_))), "paused, no round begins");
    send(TrainerCommand::Resume);
    until(TrainerState::Waiting);
    until(TrainerState::Running);
    until(TrainerState::Waiting);
    send(TrainerCommand::Stop);
    until(TrainerState::Finished);
}

fn learnt_from(events: &[TrainerEvent]) -> Vec<&str> {
    let cases = events.iter().filter_map(|e| if let TrainerEvent::Learning(cases) = e { Some(cases) } else { None });
    cases.flatten().map(CaseId::as_str).collect()
}

fn measured(round: &Round) -> Vec<&str> {
    round.held_out.keys().map(CaseId::as_str).collect()
}

#[test]
fn a_case_that_is_no_longer_held_out_is_learnt_from_in_the_next_round_and_may_be_held_out_again_until_then() {
    let mut scene = Scene::new(study(), false);
    assert_eq!(measured(&report(&scene.until_waiting())), ["h"]);
    scene.hold_out("h", false);
    assert!(scene.is_held_out("h") && scene.session.round_due_in().is_some(), "the next round begins for its labels");
    scene.hold_out("h", true);
    assert!(scene.is_held_out("h") && scene.session.round_due_in().is_none());
    assert!(learnt_from(&scene.told.try_iter().collect::<Vec<_>>()).is_empty());

    scene.hold_out("h", false);
    let events = scene.after_a_rest();
    assert!(!scene.is_held_out("h"));
    assert_eq!(learnt_from(&events), ["h"]);
    let second = report(&events);
    assert_eq!((measured(&second), second.labelled_cases), (Vec::<&str>::new(), 2));
    assert!(second.corrections.is_empty(), "nobody corrected anything");
}

#[test]
fn a_case_that_is_held_out_during_a_run_leaves_it_at_once_and_the_next_round_says_that_others_were_measured() {
    let mut scene = Scene::new(study(), false);
    let first = report(&scene.until_waiting());
    let best = scene.session.best.clone().unwrap();
    scene.paint("a", 0, 400);
    scene.hold_out("a", true);
    assert!(scene.is_held_out("a"));
    assert_eq!(scene.session.round_due_in(), None, "its corrections are nothing to learn from any more");
    let events = scene.next_round();
    let second = report(&events);
    assert_eq!((measured(&second), second.labelled_cases), (vec!["a", "h"], 1));
    assert!(second.measures_others_than(&first) && learnt_from(&events).is_empty());
    let place = |wanted: fn(&TrainerEvent) -> bool| events.iter().position(wanted).unwrap();
    let changed = place(|e| matches!(e, TrainerEvent::HeldOutChanged));
    assert!(changed < place(|e| matches!(e, TrainerEvent::HeldOutDice { .. })));
    assert!(scene.session.best.as_ref().unwrap().step > best.step, "scores of other cases do not compare");
    assert!(!scene.next_round().contains(&TrainerEvent::HeldOutChanged), "said once");
}

#[test]
fn a_case_that_comes_during_a_run_is_learnt_from_without_a_change_to_the_networks() {
    let mut scene = Scene::new(study(), false);
    scene.until_waiting();
    let before = scene.predicted("c");
    scene.add("n", false);
    assert!(scene.session.has_arrivals());
    assert!(matches!(scene.turn(), Turn::GoOn));
    assert_eq!(learnt_from(&scene.told.try_iter().collect::<Vec<_>>()), ["n"]);
    assert!(!scene.session.has_arrivals() && !scene.is_held_out("n"));
    let after = scene.predicted("c");
    assert_eq!((before.class, before.confidence_a), (after.class, after.confidence_a));
    scene.paint("n", 0, 200);
    let second = report(&scene.after_a_rest());
    assert_eq!((second.step, second.corrections[&"n".into()].voxels_changed), (2 * STEPS, 200));
    assert_eq!(scene.predicted("n").extent(), extent());
}

#[test]
fn what_is_done_to_a_case_that_has_only_just_come_finds_it_and_one_that_cannot_be_read_is_named() {
    let mut scene = Scene::new(study(), false);
    scene.add("n", false);
    scene.add("o", true);
    let run = Run { start: 0, len: 50, old: LabelValue::UNKNOWN, new: LabelValue::new(1, Origin::Manual) };
    let delta = Delta::new(vec![run], extent()).unwrap();
    scene.session.edit(&"n".into(), &delta, 1, &scene.outlet);
    let known = |scene: &Scene, case: &str| {
        scene.session.trainer.cases().iter().find(|c| c.id.as_str() == case).map(|c| c.labels().known_count())
    };
    assert_eq!((known(&scene, "n"), known(&scene, "o")), (Some(50), None));
    scene.session.add_cases(vec!["nobody".into()]);
    while scene.session.has_arrivals() {
        scene.turn();
    }
    let events: Vec<TrainerEvent> = scene.told.try_iter().collect();
    assert_eq!(learnt_from(&events), ["n"]);
    assert!(scene.is_held_out("o"));
    let named = |e: &TrainerEvent| matches!(e, TrainerEvent::Notice(said) if said.contains("nobody takes no part"));
    assert!(events.iter().any(named), "{events:?}");
    let ids: Vec<&str> = scene.session.trainer.cases().iter().map(|c| c.id.as_str()).collect();
    assert_eq!(ids, ["a", "b", "c", "h", "n", "o"]);
}
