//! The thread beside a window: battery and hand. Everything else is tested from outside.

use std::time::{Duration, Instant};

use super::*;
use crate::learn::{DeviceChoice, Method, TrainSettings};
use crate::project::create_demo;
use crate::worker::protocol::TrainRequest;

/// Far beyond what this takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);

fn start(trainer: &TrainerHandle, dir: &std::path::Path, steps: u64) {
    let settings = TrainSettings {
        method: Method::Supervised,
        device: DeviceChoice::Cpu,
        steps: Some(steps),
        ..TrainSettings::default()
    };
    let request = TrainRequest { project_dir: dir.to_owned(), settings, snapshots: Vec::new(), shown: None };
    trainer.commands.send(TrainerCommand::Start(Box::new(request))).unwrap();
}

fn wait_for(trainer: &TrainerHandle, wanted: impl Fn(&TrainerEvent) -> bool) -> Vec<TrainerEvent> {
    let begin = Instant::now();
    let mut seen = Vec::new();
    while begin.elapsed() < PATIENCE {
        let event = trainer.events.recv_timeout(PATIENCE).unwrap();
        let found = wanted(&event);
        seen.push(event);
        if found {
            return seen;
        }
    }
    panic!("it never came: {seen:?}")
}

#[test]
fn on_battery_no_step_is_made_beside_a_window_before_the_user_says_so() {
    let folder = tempfile::tempdir().unwrap();
    create_demo(folder.path(), 3).unwrap();
    let host = Host { frames: Some(FrameReports::default()), strain: |_, _| Some(Strain::OnBattery) };
    let trainer = TrainerHandle::start(|| {}, host).unwrap();
    start(&trainer, folder.path(), 2);
    let before = wait_for(&trainer, |e| matches!(e, TrainerEvent::Strained(Strain::OnBattery)));
    assert!(!before.iter().any(|e| matches!(e, TrainerEvent::Progress(_))));
    assert!(matches!(before[before.len() - 2], TrainerEvent::State(TrainerState::Paused)));
    trainer.commands.send(TrainerCommand::Resume).unwrap();
    let after = wait_for(&trainer, |e| matches!(e, TrainerEvent::State(TrainerState::Finished)));
    assert!(!after.iter().any(|e| matches!(e, TrainerEvent::Strained(Strain::OnBattery))), "asked twice");
}

#[test]
fn without_a_window_training_on_battery_goes_on_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    create_demo(folder.path(), 3).unwrap();
    let trainer = TrainerHandle::start(|| {}, Host { frames: None, strain: |_, _| Some(Strain::OnBattery) }).unwrap();
    start(&trainer, folder.path(), 2);
    let events = wait_for(&trainer, |e| matches!(e, TrainerEvent::State(TrainerState::Finished)));
    assert!(events.iter().any(|e| matches!(e, TrainerEvent::Notice(s) if s.contains("battery"))));
}

#[test]
fn slow_frames_under_the_users_hand_make_a_run_leave_time_to_the_window_and_it_still_ends() {
    let folder = tempfile::tempdir().unwrap();
    create_demo(folder.path(), 3).unwrap();
    let frames = FrameReports::default();
    let host = Host { frames: Some(frames.clone()), strain: |_, _| None };
    let trainer = TrainerHandle::start(|| {}, host).unwrap();
    start(&trainer, folder.path(), 12);
    let mut rested = 0.0f32;
    frames.frame(Duration::from_millis(10));
    loop {
        frames.frame(Duration::from_millis(80));
        match trainer.events.recv_timeout(Duration::from_millis(20)) {
            Ok(TrainerEvent::Progress(p)) => rested = rested.max(p.rested_share),
            Ok(TrainerEvent::State(TrainerState::Finished)) => break,
            _ => {}
        }
    }
    assert!(rested > 0.2, "{rested}");
}
