use super::cases::ranked;
use super::*;
use crate::rounds::{Missing, Round, Verdict};
use crate::worker::protocol::Progress;
use crate::worker::protocol_labels::LabelEvent;
use crate::worker::{PastRun, Strain};

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
fn a_pause_to_spare_the_machine_says_why_until_learning_goes_on() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    train(&mut ws, TrainAction::Toggle);
    trainer(&mut ws, TrainerEvent::State(TrainerState::Running));
    trainer(&mut ws, TrainerEvent::State(TrainerState::Paused));
    let told = trainer(&mut ws, TrainerEvent::Strained(Strain::OnBattery));
    assert!(notices(&told)[0].contains("plugged in, it goes on by itself"));
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
        rounds: vec![round(1, [0.5, 0.6]), round(2, [0.7, 0.8])],
    };
    opened(&mut ws, ProjectSummary { has_runs: true, past_run: Some(past), ..summary(&["a"]) });
    let training = ws.training();
    assert_eq!((training.loss.points().len(), training.dice.last_value()), (2, Some(0.75)));
    assert_eq!((training.last_checkpoint, training.best), (Some(40), Some((30, 0.8))));
    assert_eq!(training.words(), "Has learned before");
    assert_eq!(training.rounds.verdict(), Verdict::Improving { since: 1 });
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

fn round(number: u32, dice: [f64; 2]) -> Round {
    Round {
        number,
        started_unix_s: 0,
        ended_unix_s: 1,
        model: RUN.into(),
        step: u64::from(number),
        checkpoint: Some(format!("rounds/{number:03}")),
        held_out: [("h".into(), dice[0]), ("i".into(), dice[1])].into(),
        known: Default::default(),
        labelled_voxels: 0,
        labelled_cases: 0,
        corrections: Default::default(),
    }
}

#[test]
fn each_round_renews_the_verdict_and_displaces_old_networks() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    start_training(&mut ws);
    let ended = |number, dice, displaced| TrainerEvent::RoundEnded { round: Box::new(round(number, dice)), displaced };
    trainer(&mut ws, ended(1, [0.5, 0.6], vec![]));
    assert_eq!(ws.training().rounds.verdict(), Verdict::NotEnough(Missing::Rounds));
    trainer(&mut ws, ended(2, [0.7, 0.8], vec![]));
    assert_eq!(ws.training().rounds.verdict(), Verdict::Improving { since: 1 });
    trainer(&mut ws, ended(3, [0.4, 0.5], vec![1]));
    assert_eq!(ws.training().rounds.verdict(), Verdict::WorseSince { round: 3, best: 2 });
    let kept: Vec<bool> = ws.training().rounds.all().iter().map(|round| round.checkpoint.is_some()).collect();
    assert_eq!(kept, [false, true, true]);
}

#[test]
fn the_switch_goes_on_with_what_has_been_learned_and_live() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    start_training(&mut ws);
    trainer(&mut ws, TrainerEvent::Checkpoint { step: 5 });
    trainer(&mut ws, TrainerEvent::State(TrainerState::Finished));
    let effects = train(&mut ws, TrainAction::Toggle);
    let start = trainer_commands(&effects).find_map(|c| if let TrainerCommand::Start(r) = c { Some(r) } else { None });
    let settings = &start.unwrap().settings;
    assert!(settings.resume && settings.live);
}

#[test]
fn a_frozen_overlay_waits_and_then_shows_the_newest() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    start_training(&mut ws);
    absorb(&mut ws, Event::Prediction(prediction("a", RUN, 10, 0)));
    train(&mut ws, TrainAction::FreezeOverlay);
    for step in [11, 12] {
        assert!(absorb(&mut ws, Event::Prediction(prediction("a", RUN, step, 0))).is_empty());
    }
    let saved = TrainerEvent::PredictionSaved { case: "a".into(), step: 12, done: 1, total: 1 };
    let effects = trainer(&mut ws, saved);
    assert!(!effects.iter().any(|e| matches!(e, Effect::Io(IoCommand::LoadPrediction(_)))));
    let step = |ws: &Workspace| ws.case().unwrap().prediction.as_ref().unwrap().provenance.step;
    assert_eq!(step(&ws), 10);
    let effects = train(&mut ws, TrainAction::FreezeOverlay);
    assert!(step(&ws) == 12 && effects.iter().any(|e| matches!(e, Effect::UploadPrediction)));
}

#[test]
fn an_older_round_is_shown_follows_the_case_and_is_never_what_is_accepted() {
    let mut ws = study(&["a", "b"]);
    paint(&mut ws);
    start_training(&mut ws);
    absorb(&mut ws, Event::Prediction(prediction("a", RUN, 10, 1)));
    let look = |ws: &mut Workspace, action| train(ws, TrainAction::Round(action));
    let asked = look(&mut ws, RoundAction::Compare(1));
    assert!(trainer_commands(&asked).any(|c| matches!(c, TrainerCommand::PredictWith { round: 1, .. })));
    let displayed = |ws: &Workspace| ws.displayed_prediction().unwrap().provenance.step;
    assert!(displayed(&ws) == 10 && ws.older().unwrap().is_awaited());
    let late = TrainerEvent::OlderPrediction { round: 2, prediction: prediction("a", RUN, 4, 1) };
    trainer(&mut ws, late);
    assert!(ws.older().unwrap().is_awaited(), "another round's answer");
    let answered = trainer(&mut ws, TrainerEvent::OlderPrediction { round: 1, prediction: prediction("a", RUN, 5, 1) });
    assert_eq!(displayed(&ws), 5);
    let job = answered.iter().find_map(|e| if let Effect::Labels(job) = e { Some(job.ticket) } else { None });
    let difference = LabelEvent::Differs { ticket: job.unwrap(), difference: prediction("a", RUN, 77, 1) };
    absorb(&mut ws, Event::Labels(difference));
    look(&mut ws, RoundAction::Show(RoundView::Difference));
    assert_eq!(displayed(&ws), 77);

    let known = labels(&ws).known_count();
    let refused = apply(&mut ws, Action::Pseudo(PseudoAction::AcceptCase));
    assert!(notices(&refused)[0].starts_with("An older round was shown"));
    assert_eq!((labels(&ws).known_count(), displayed(&ws)), (known, 10));

    let asked = apply(&mut ws, Action::Case(CaseAction::Show("b".into())));
    let of_b = |c: &TrainerCommand| matches!(c, TrainerCommand::PredictWith { round: 1, case } if case.as_str() == "b");
    assert!(trainer_commands(&asked).any(of_b));
    look(&mut ws, RoundAction::Close);
    assert!(ws.older().is_none());
    let restored = look(&mut ws, RoundAction::Restore(1));
    let restores = |c: &TrainerCommand| matches!(c, TrainerCommand::Restore { checkpoint_round: 1 });
    assert!(trainer_commands(&restored).any(restores));
}

#[test]
fn a_run_is_told_which_cases_come_next_when_they_change() {
    let mut ws = study(&["a", "b", "c", "d", "e"]);
    paint(&mut ws);
    let told = |effects: &[Effect]| {
        let upcoming = trainer_commands(effects).filter_map(|c| match c {
            TrainerCommand::Upcoming(cases) => Some(cases.iter().map(|case| case.as_str().to_owned()).collect()),
            _ => None,
        });
        upcoming.collect::<Vec<Vec<String>>>()
    };
    train(&mut ws, TrainAction::Toggle);
    assert_eq!(told(&trainer(&mut ws, TrainerEvent::State(TrainerState::Running))), [["b", "c", "d"]]);
    assert!(told(&trainer(&mut ws, TrainerEvent::State(TrainerState::Waiting))).is_empty(), "it knows");
    assert_eq!(told(&apply(&mut ws, Action::Case(CaseAction::Show("c".into())))), [["a", "b", "d"]]);
}

#[test]
fn a_run_is_told_of_one_case_without_a_pseudo_label_however_many_have_one() {
    let mut ws = study(&["a", "b", "c", "d", "e"]);
    paint(&mut ws);
    for (id, dice) in [("b", 0.3), ("c", 0.5), ("d", 0.7)] {
        ranked(&mut ws, id, dice);
    }
    train(&mut ws, TrainAction::Toggle);
    let effects = trainer(&mut ws, TrainerEvent::State(TrainerState::Running));
    let upcoming = trainer_commands(&effects).find_map(|c| match c {
        TrainerCommand::Upcoming(cases) => Some(cases.iter().map(CaseId::as_str).collect::<Vec<_>>()),
        _ => None,
    });
    assert_eq!(upcoming, Some(vec!["b", "c", "e"]));
}

fn held_out_marks(effects: &[Effect]) -> Vec<(&str, bool)> {
    let marks = trainer_commands(effects).filter_map(|command| match command {
        TrainerCommand::HoldOut { case, held_out } => Some((case.as_str(), *held_out)),
        _ => None,
    });
    marks.collect()
}

#[test]
fn a_run_hears_of_held_out_marks_at_once_and_they_are_fixed_when_it_learns_from_the_case() {
    let mut ws = study(&["a", "h"]);
    let hold =
        |ws: &mut Workspace, held_out| apply(ws, Action::Case(CaseAction::SetHeldOut { case: "h".into(), held_out }));
    assert!(held_out_marks(&hold(&mut ws, true)).is_empty(), "nothing is learning yet");
    paint(&mut ws);
    start_training(&mut ws);
    for held_out in [false, true, false] {
        assert_eq!(held_out_marks(&hold(&mut ws, held_out)), [("h", held_out)]);
    }
    trainer(&mut ws, TrainerEvent::Learning(vec!["h".into()]));
    let refused = hold(&mut ws, true);
    assert!(notices(&refused)[0].contains("already been used for training"));
    assert!(held_out_marks(&refused).is_empty() && !ws.study().unwrap().case(&"h".into()).unwrap().held_out);
}

#[test]
fn a_case_that_was_learnt_from_before_the_run_heard_of_its_mark_is_named() {
    let mut ws = study(&["a", "h"]);
    apply(&mut ws, Action::Case(CaseAction::SetHeldOut { case: "h".into(), held_out: true }));
    paint(&mut ws);
    start_training(&mut ws);
    let told = trainer(&mut ws, TrainerEvent::Learning(vec!["h".into()]));
    assert!(notices(&told)[0].contains("'h' was learned from before it was held out"));
}

fn added(id: &str, held_out: bool) -> CaseSummary {
    let mark = CaseMark { id: id.into(), state: CaseState::Open, held_out };
    CaseSummary { mark, known_share: None, has_prediction: false }
}

#[test]
fn cases_that_are_added_come_last_and_into_the_run_that_is_under_way() {
    let mut ws = study(&["b"]);
    let path = PathBuf::from("scans");
    let asked = apply(&mut ws, Action::File(FileAction::AddVolumes { paths: vec![path.clone()], held_out: true }));
    let is_asked =
        |c: &IoCommand| matches!(c, IoCommand::AddImages { paths, held_out: true } if *paths == [path.clone()]);
    assert!(io_commands(&asked).any(is_asked));
    let add = |ws: &mut Workspace, cases| io(ws, IoEvent::CasesAdded { cases, notices: Vec::new() });
    let effects = add(&mut ws, vec![added("a", true)]);
    assert_eq!(notices(&effects), ["1 case was added to the study."]);
    assert!(trainer_commands(&effects).next().is_none(), "the next start reads it");

    paint(&mut ws);
    start_training(&mut ws);
    let effects = add(&mut ws, vec![added("c", false), added("d", false)]);
    let told = trainer_commands(&effects).any(|c| matches!(c, TrainerCommand::AddCases(ids) if ids.len() == 2));
    assert!(told);
    let listed: Vec<&str> = ws.study().unwrap().cases.iter().map(|line| line.id.as_str()).collect();
    assert_eq!(listed, ["b", "a", "c", "d"]);
    assert_eq!(ws.shown_id().unwrap().as_str(), "b", "nothing else moves");
    // Until the run has read it, it can still be held out.
    let hold = |case: &str| Action::Case(CaseAction::SetHeldOut { case: case.into(), held_out: true });
    trainer(&mut ws, TrainerEvent::Learning(vec!["c".into()]));
    apply(&mut ws, hold("c"));
    apply(&mut ws, hold("d"));
    let held_out: Vec<bool> = ws.study().unwrap().cases.iter().map(|line| line.held_out).collect();
    assert_eq!(held_out, [false, true, false, true]);
}

#[test]
fn the_held_out_curve_begins_anew_with_other_cases() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    start_training(&mut ws);
    for (step, dice) in [(2, 0.5), (4, 0.6)] {
        trainer(&mut ws, TrainerEvent::HeldOutDice { step, dice });
    }
    trainer(&mut ws, TrainerEvent::BestHeldOut { step: 4, dice: 0.6 });
    let told = trainer(&mut ws, TrainerEvent::HeldOutChanged);
    assert_eq!(notices(&told).len(), 1);
    trainer(&mut ws, TrainerEvent::HeldOutDice { step: 6, dice: 0.9 });
    assert!(!ws.training().is_getting_better() && ws.training().best.is_none());
}
