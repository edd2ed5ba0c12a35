use super::*;
use crate::worker::PastRun;
use crate::worker::protocol::Progress;

fn train(ws: &mut Workspace, action: TrainAction) -> Vec<Effect> {
    apply(ws, Action::Train(action))
}

fn progress(step: u64, loss: f32) -> TrainerEvent {
    TrainerEvent::Progress(Progress {
        step,
        total_steps: Some(1000),
        loss,
        loss_parts: Vec::new(),
        dice_held_out: None,
        elapsed_secs: 1.0,
        left_secs: Some(2.0),
        rested_share: 0.0,
    })
}

#[test]
fn training_starts_with_the_labels_as_they_are_now() {
    let mut ws = study(&["a", "b"]);
    apply(&mut ws, Action::Tool(ToolAction::Select(Tool::Brush)));
    edit(&mut ws, EditAction::StrokeBegin { view: Plane::Axial, position: [4.0; 3], inverted: false });
    let effects = train(&mut ws, TrainAction::Start { resume: true });
    let commands: Vec<_> = trainer_commands(&effects).collect();
    let [TrainerCommand::Label { revision, .. }, TrainerCommand::Start(request)] = commands.as_slice() else {
        panic!("the open stroke first, then the start: {commands:?}")
    };
    let (case, snapshot) = &request.snapshots[0];
    assert_eq!((case.as_str(), snapshot.revision()), ("a", *revision));
    assert_eq!(snapshot.class(), labels(&ws).class());
    assert!(request.settings.resume);
    assert_eq!(request.shown.as_ref().map(|c| c.as_str()), Some("a"));
    assert_eq!(ws.training().state, TrainerState::Preparing);
    assert!(train(&mut ws, TrainAction::Start { resume: false }).is_empty(), "only one run at a time");
}

#[test]
fn there_is_nothing_to_learn_from_without_a_label_outside_the_held_out_cases() {
    let mut ws = study(&["a", "b"]);
    apply(&mut ws, Action::Case(CaseAction::SetHeldOut { case: "b".into(), held_out: true }));
    io(&mut ws, IoEvent::CaseSurveyed { case: "b".into(), known_share: 1.0 });
    let refused = train(&mut ws, TrainAction::Start { resume: false });
    assert!(notices(&refused)[0].starts_with("There is nothing to learn from"));
    assert!(ws.study().unwrap().trained.is_empty());
    paint(&mut ws);
    let started = train(&mut ws, TrainAction::Start { resume: false });
    assert!(trainer_commands(&started).any(|c| matches!(c, TrainerCommand::Start(_))));
}

#[test]
fn one_switch_starts_pauses_and_goes_on() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    let toggle = |ws: &mut Workspace| train(ws, TrainAction::Toggle);
    assert!(trainer_commands(&toggle(&mut ws)).any(|c| matches!(c, TrainerCommand::Start(_))));
    assert!(toggle(&mut ws).is_empty(), "getting ready");
    trainer(&mut ws, TrainerEvent::State(TrainerState::Running));
    assert!(matches!(toggle(&mut ws).as_slice(), [Effect::Trainer(TrainerCommand::Pause)]));
    trainer(&mut ws, TrainerEvent::State(TrainerState::Paused));
    assert!(matches!(toggle(&mut ws).as_slice(), [Effect::Trainer(TrainerCommand::Resume)]));
    assert_eq!(ws.training().words(), "Paused");
}

#[test]
fn a_failure_stays_visible_and_training_can_be_started_again() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    start_training(&mut ws);
    let fatal =
        TrainerEvent::Fatal { headline: "The graphics card was lost.".into(), detail: "wgpu: device lost".into() };
    let effects = trainer(&mut ws, fatal);
    assert_eq!(notices(&effects), ["The graphics card was lost."]);
    trainer(&mut ws, TrainerEvent::State(TrainerState::Idle));
    assert_eq!(ws.training().state, TrainerState::Failed);
    assert_eq!(ws.training().failure.as_ref().unwrap().detail, "wgpu: device lost");
    assert!(!paint_somewhere_else(&mut ws).is_empty(), "painting goes on");
    start_training(&mut ws);
    assert_eq!((ws.training().state, ws.training().failure.as_ref()), (TrainerState::Running, None));
}

fn paint_somewhere_else(ws: &mut Workspace) -> Vec<Effect> {
    stroke(ws, Tool::Brush, [2.0, 4.0, 1.0], [9.0, 4.0, 1.0])
}

#[test]
fn the_curves_grow_go_on_after_a_resume_and_begin_anew_with_a_new_run() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    start_training(&mut ws);
    trainer(&mut ws, progress(1, 0.9));
    trainer(&mut ws, progress(2, 0.8));
    trainer(&mut ws, TrainerEvent::HeldOutDice { step: 2, dice: 0.5 });
    assert!(!ws.training().is_getting_better());
    trainer(&mut ws, TrainerEvent::HeldOutDice { step: 4, dice: 0.6 });
    assert!(ws.training().is_getting_better());
    trainer(&mut ws, TrainerEvent::State(TrainerState::Finished));
    train(&mut ws, TrainAction::Start { resume: true });
    assert_eq!(ws.training().loss.points().len(), 2);
    trainer(&mut ws, TrainerEvent::State(TrainerState::Finished));
    train(&mut ws, TrainAction::Start { resume: false });
    assert!(ws.training().loss.points().is_empty());
}

#[test]
fn what_a_run_of_the_project_before_reports_is_ignored() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    start_training(&mut ws);
    let leaving = opened(&mut ws, summary(&["x"]));
    assert!(trainer_commands(&leaving).any(|c| matches!(c, TrainerCommand::Stop)));
    trainer(&mut ws, progress(3, 0.7));
    trainer(&mut ws, TrainerEvent::State(TrainerState::Finished));
    assert_eq!(ws.training().state, TrainerState::Idle);
    assert!(ws.training().progress.is_none());
}

#[test]
fn on_battery_the_pause_says_why_until_learning_goes_on() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    train(&mut ws, TrainAction::Toggle);
    trainer(&mut ws, TrainerEvent::State(TrainerState::Running));
    trainer(&mut ws, TrainerEvent::State(TrainerState::Paused));
    trainer(&mut ws, TrainerEvent::OnBattery);
    assert_eq!(ws.training().words(), "Paused to spare the battery");
    let answer = train(&mut ws, TrainAction::Toggle);
    assert!(trainer_commands(&answer).any(|c| matches!(c, TrainerCommand::Resume)));
    trainer(&mut ws, TrainerEvent::State(TrainerState::Running));
    assert_eq!(ws.training().words(), "Learning");
    trainer(&mut ws, TrainerEvent::State(TrainerState::Paused));
    assert_eq!(ws.training().words(), "Paused", "this time the user asked for it");
}

#[test]
fn what_learning_leaves_to_the_window_is_told_while_it_runs() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    train(&mut ws, TrainAction::Toggle);
    trainer(&mut ws, TrainerEvent::State(TrainerState::Running));
    let mut report = |rested_share| {
        let TrainerEvent::Progress(p) = progress(1, 0.5) else { unreachable!() };
        trainer(&mut ws, TrainerEvent::Progress(Progress { rested_share, ..p }));
        ws.training().rested_share()
    };
    assert_eq!((report(0.01), report(0.4)), (None, Some(0.4)));
}

#[test]
fn predicting_all_cases_names_every_case() {
    let mut ws = study(&["a", "b", "c"]);
    let effects = train(&mut ws, TrainAction::PredictAll);
    assert!(trainer_commands(&effects).any(|c| matches!(c, TrainerCommand::Predict { cases, .. } if cases.len() == 3)));
}

#[test]
fn a_project_opened_again_shows_its_last_run_and_offers_to_continue_it() {
    let mut ws = Workspace::default();
    let past = PastRun {
        name: "003-dual-confidence-np".into(),
        step: 40,
        loss: vec![(10, 1.5), (40, 0.5)],
        dice: vec![(40, 0.75)],
        best: Some((30, 0.8)),
        calibration: None,
    };
    opened(&mut ws, ProjectSummary { has_runs: true, past_run: Some(past), ..summary(&["a"]) });
    let training = ws.training();
    assert_eq!((training.loss.points().len(), training.dice.last_value()), (2, Some(0.75)));
    assert_eq!((training.last_checkpoint, training.best), (Some(40), Some((30, 0.8))));
    assert_eq!(training.words(), "Has learned before");
    // Networks of that run, predicted for all cases, are of this project; continuing keeps the curves.
    paint(&mut ws);
    let continued = train(&mut ws, TrainAction::Start { resume: true });
    assert!(trainer_commands(&continued).any(|c| matches!(c, TrainerCommand::Start(r) if r.settings.resume)));
    assert_eq!(ws.training().loss.points().len(), 2);
    opened(&mut ws, summary(&["b"]));
    assert_eq!((ws.training().last_checkpoint, ws.training().words()), (None, "Not learning yet"), "another project");
}

#[test]
fn a_new_run_takes_as_long_as_was_chosen() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    train(&mut ws, TrainAction::SetMinutes(Some(15.0)));
    let effects = train(&mut ws, TrainAction::Start { resume: false });
    let asked = trainer_commands(&effects).find_map(|command| match command {
        TrainerCommand::Start(request) => Some(request.settings.minutes),
        _ => None,
    });
    assert_eq!(asked, Some(Some(15.0)));
}
