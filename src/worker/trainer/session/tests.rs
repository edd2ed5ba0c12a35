use crossbeam_channel::unbounded;
use tempfile::TempDir;

use super::*;
use crate::learn::Plan;
use crate::project::create_demo;
use crate::worker::Slot;

/// The folder of a demo study, a run on it that is not a step old, and what it says.
fn started(settings: TrainSettings) -> (TempDir, Session, Outlet, Receiver<TrainerEvent>) {
    let folder = tempfile::tempdir().unwrap();
    create_demo(folder.path(), 3).unwrap();
    let (events, inbox) = unbounded();
    let outlet = Outlet { events, predictions: Slot::new(), repaint: Box::new(|| {}) };
    let session = started_in(&folder, settings, &outlet);
    (folder, session, outlet, inbox)
}

fn started_in(folder: &TempDir, settings: TrainSettings, outlet: &Outlet) -> Session {
    let request = TrainRequest { project_dir: folder.path().to_owned(), settings, snapshots: Vec::new(), shown: None };
    Session::start(request, &Host { frames: None, strain: |_, _| None }, outlet).unwrap()
}

#[test]
fn a_run_that_falls_back_behind_its_last_look_goes_on() {
    let settings = TrainSettings { device: DeviceChoice::Cpu, steps: Some(9), ..TrainSettings::default() };
    let (_folder, mut session, outlet, _inbox) = started(settings);
    session.turn(&crossbeam_channel::never(), &outlet).unwrap();
    session.clock.held_out_step = 1;
    session.trainer.extend(20);
    assert!(session.fall_back("Out of memory", &outlet).unwrap());
    assert_eq!((session.trainer.steps_done(), session.trainer.plan().total_steps), (0, 20));
    assert!(matches!(session.turn(&crossbeam_channel::never(), &outlet).unwrap(), Turn::GoOn));
}

#[test]
fn a_run_of_minutes_gets_the_steps_that_fit_into_them_and_says_so() {
    let settings = TrainSettings { device: DeviceChoice::Cpu, minutes: Some(0.5), ..TrainSettings::default() };
    let (_folder, mut session, outlet, inbox) = started(settings);
    let chosen = session.trainer.plan().clone();
    while !session.pace.as_ref().unwrap().is_measured(session.trainer.steps_done()) {
        assert!(matches!(session.turn(&crossbeam_channel::never(), &outlet).unwrap(), Turn::GoOn), "too slow");
    }
    let plan = session.trainer.plan();
    assert_ne!(plan.total_steps, chosen.total_steps);
    let ramp_share = |plan: &Plan| plan.ramp_up_steps as f64 / plan.total_steps as f64;
    assert!((ramp_share(plan) - ramp_share(&chosen)).abs() < 0.05);
    assert!(inbox.try_iter().filter(|e| matches!(e, TrainerEvent::Plan(_))).count() >= 2);
    let written = std::fs::read_to_string(session.run.dir.join("plan.toml")).unwrap();
    assert!(written.contains(&format!("total_steps = {}", plan.total_steps)), "{written}");
}

#[test]
fn out_of_memory_shrinks_the_patch_until_nothing_is_left_to_shrink() {
    let settings = TrainSettings { device: DeviceChoice::Cpu, steps: Some(5), ..TrainSettings::default() };
    let (_folder, mut session, outlet, inbox) = started(settings);
    let voxels = |session: &Session| session.trainer.plan().patch.iter().product::<usize>();
    let mut before = voxels(&session);
    assert!(!session.fall_back("the driver crashed", &outlet).unwrap(), "on the CPU only memory can be saved");
    assert!(session.fall_back("Out of memory", &outlet).unwrap());
    assert!(session.trainer.plan().recompute && voxels(&session) == before, "first the cheaper way");
    while session.fall_back("Out of memory", &outlet).unwrap() {
        assert!(voxels(&session) < before);
        before = voxels(&session);
    }
    assert_eq!(session.trainer.plan().patch, [8; 3]);
    let notices = inbox.try_iter().filter(|e| matches!(e, TrainerEvent::Notice(s) if s.contains("Memory ran out")));
    assert!(notices.count() > 2);
    assert!(matches!(session.turn(&crossbeam_channel::never(), &outlet).unwrap(), Turn::GoOn));
}

#[test]
fn a_command_at_the_end_of_a_run_is_heeded_before_its_last_looks() {
    let settings = TrainSettings { device: DeviceChoice::Cpu, steps: Some(1), ..TrainSettings::default() };
    let (_folder, mut session, outlet, told) = started(settings);
    let first = session.trainer.cases()[0].id.clone();
    session.show(Some(first));
    let (commands, inbox) = unbounded();
    assert!(matches!(session.turn(&inbox, &outlet).unwrap(), Turn::GoOn), "the last step");
    commands.send(TrainerCommand::Pause).unwrap();
    for _ in 0..3 {
        assert!(matches!(session.turn(&inbox, &outlet).unwrap(), Turn::GoOn), "a command waits");
        assert_eq!(session.ending, Some(Ending::FIRST));
    }
    assert!(session.is_training() && outlet.predictions.take().is_none());
    inbox.recv().unwrap();
    let turns = std::iter::repeat_with(|| session.turn(&inbox, &outlet).unwrap());
    assert_eq!(turns.take_while(|turn| matches!(turn, Turn::GoOn)).count(), 2, "calibration, curve, overlay");
    assert!(!session.is_training() && outlet.predictions.take().is_some());
    assert!(told.try_iter().filter(|e| matches!(e, TrainerEvent::Checkpoint { step: 1 })).count() >= 2);
}

#[test]
fn a_run_that_is_stopped_before_its_first_step_leaves_the_last_one_the_newest() {
    let settings = TrainSettings { device: DeviceChoice::Cpu, steps: Some(1), ..TrainSettings::default() };
    let (folder, mut session, outlet, _told) = started(settings.clone());
    while matches!(session.turn(&crossbeam_channel::never(), &outlet).unwrap(), Turn::GoOn) {}
    let mut second = started_in(&folder, settings, &outlet);
    second.stop(&outlet).unwrap();
    let (newest, _) = RunFolder::newest(&Project::load(folder.path()).unwrap()).unwrap();
    assert_eq!(newest.name, session.run.name);
    assert_ne!(second.run.name, session.run.name);
}

#[test]
fn a_failure_among_the_last_looks_takes_no_step_beyond_the_plan() {
    let settings = TrainSettings { device: DeviceChoice::Cpu, steps: Some(1), ..TrainSettings::default() };
    let (_folder, mut session, outlet, _told) = started(settings);
    session.turn(&crossbeam_channel::never(), &outlet).unwrap();
    assert!(session.fall_back("Out of memory", &outlet).unwrap());
    while matches!(session.turn(&crossbeam_channel::never(), &outlet).unwrap(), Turn::GoOn) {}
    assert_eq!(session.trainer.steps_done(), 1);
}

#[test]
fn a_run_that_is_continued_to_where_it_is_takes_no_step() {
    let settings = TrainSettings { device: DeviceChoice::Cpu, steps: Some(1), ..TrainSettings::default() };
    let (folder, mut session, outlet, _told) = started(settings.clone());
    while matches!(session.turn(&crossbeam_channel::never(), &outlet).unwrap(), Turn::GoOn) {}
    let settings = TrainSettings { resume: true, ..settings };
    let mut again = started_in(&folder, settings, &outlet);
    while matches!(again.turn(&crossbeam_channel::never(), &outlet).unwrap(), Turn::GoOn) {}
    assert_eq!(again.trainer.steps_done(), 1);
}
