use super::*;

fn show(ws: &mut Workspace, id: &str) -> Vec<Effect> {
    apply(ws, Action::Case(CaseAction::Show(id.into())))
}

#[test]
fn opening_a_project_shows_its_first_case_that_is_not_done() {
    let mut ws = Workspace::new();
    let mut project = summary(&["a", "b"]);
    project.cases[0].mark.state = CaseState::Done;
    let effects = opened(&mut ws, project);
    assert_eq!(loads(&effects), ["b"]);
    assert!(matches!(ws.shown(), Shown::Loading(case) if case.as_str() == "b"));
}

#[test]
fn a_case_read_too_late_is_dropped() {
    let mut ws = study(&["a", "b", "c"]);
    show(&mut ws, "b");
    show(&mut ws, "c");
    assert!(read(&mut ws, "b").is_empty());
    assert!(ws.case().is_none());
    read(&mut ws, "c");
    assert_eq!(ws.case().unwrap().id.as_str(), "c");
}

/// What a pseudo-label says of a case whose networks agree by so much.
pub(super) fn ranked(ws: &mut Workspace, id: &str, networks_dice: f64) {
    let figures = CaseFigures {
        networks_dice,
        volume_difference_ml: 0.0,
        volume_difference_share: 0.0,
        components: 1,
        classes: 1,
        doubtful_band_share: 0.0,
        np_std: None,
        np_divergence: None,
    };
    io(ws, IoEvent::CaseRanked { case: id.into(), figures: Box::new(figures) });
}

#[test]
fn the_next_suggested_case_is_each_once_until_a_newer_pseudo_label_calls_one_back() {
    let mut ws = study(&["a", "b", "c", "d"]);
    for (id, dice) in [("a", 0.9), ("b", 0.3), ("c", 0.5), ("d", 0.7)] {
        ranked(&mut ws, id, dice);
    }
    let suggested = |ws: &mut Workspace| {
        apply(ws, Action::Case(CaseAction::NextSuggested));
        ws.shown_id().unwrap().as_str().to_owned()
    };
    let six: Vec<String> = (0..6).map(|_| suggested(&mut ws)).collect();
    assert_eq!(six, ["b", "c", "d", "b", "c", "a"], "the worst first, and from the beginning after the last");
    ranked(&mut ws, "b", 0.2);
    assert_eq!(suggested(&mut ws), "b", "there is a newer pseudo-label of it");
}

#[test]
fn a_first_slice_is_shown_only_while_its_own_case_is_being_read() {
    let mut ws = study(&["a", "b", "c"]);
    let arrives = |ws: &mut Workspace, id: &str| {
        let LoadedCase { image, .. } = loaded(id);
        let slice = FirstSlice { image: (*image).clone(), index: 0, extent: image.extent() };
        io(ws, IoEvent::FirstSlice { case: id.into(), slice: Box::new(slice) });
    };
    arrives(&mut ws, "a");
    assert!(ws.first_look().is_none(), "the case is there");
    show(&mut ws, "b");
    arrives(&mut ws, "c");
    assert!(ws.first_look().is_none(), "of another case");
    arrives(&mut ws, "b");
    assert!(ws.first_look().is_some());
    read(&mut ws, "b");
    assert!(ws.first_look().is_none());
}

#[test]
fn a_second_reading_of_the_shown_case_does_not_replace_its_edits() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    let known = labels(&ws).known_count();
    assert!(read(&mut ws, "a").is_empty());
    assert_eq!(labels(&ws).known_count(), known);
}

#[test]
fn a_case_seen_before_comes_back_at_once_with_its_undo_steps() {
    let mut ws = study(&["a", "b"]);
    paint(&mut ws);
    let left = show(&mut ws, "b");
    assert_eq!(saves(&left).len(), 1, "saved when it leaves the screen");
    read(&mut ws, "b");
    let back = show(&mut ws, "a");
    assert!(loads(&back).is_empty());
    assert!(back.iter().any(|e| matches!(e, Effect::UploadCase)));
    edit(&mut ws, EditAction::Undo);
    assert_eq!(labels(&ws).known_count(), 0);
}

#[test]
fn cases_in_memory_are_bounded_but_unsaved_ones_stay_until_they_are_saved() {
    let names: Vec<String> = (0..12).map(|i| format!("case {i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut ws = study(&names);
    let mut effects = Vec::new();
    for name in &names[1..] {
        paint(&mut ws);
        effects.extend(show(&mut ws, name));
        read(&mut ws, name);
    }
    assert_eq!(ws.parked.len(), 11);
    all_saved(&mut ws, &effects);
    assert!(ws.parked.len() <= 4, "{}", ws.parked.len());
    let back = show(&mut ws, "case 0");
    assert_eq!(loads(&back), ["case 0"]);
}

#[test]
fn a_case_that_cannot_be_read_says_why_and_the_others_go_on() {
    let mut ws = study(&["a", "b", "c"]);
    show(&mut ws, "b");
    let sentence = "'b.nii.gz' ends too early.".to_owned();
    io(&mut ws, IoEvent::CaseFailed { case: "b".into(), sentence: sentence.clone() });
    assert!(matches!(ws.shown(), Shown::Failed { sentence: s, .. } if *s == sentence));
    assert_eq!(ws.study().unwrap().case(&"b".into()).unwrap().failure, Some(sentence));
    let again = apply(&mut ws, Action::Case(CaseAction::Reload));
    assert_eq!(loads(&again), ["b"]);
    show(&mut ws, "c");
    read(&mut ws, "c");
    assert!(!paint(&mut ws).is_empty());
}

#[test]
fn next_and_previous_stop_at_the_ends_and_next_open_skips_done_cases() {
    let mut ws = study(&["a", "b", "c"]);
    assert!(apply(&mut ws, Action::Case(CaseAction::Previous)).is_empty());
    apply(&mut ws, Action::Case(CaseAction::SetState { case: "b".into(), state: CaseState::Done }));
    assert_eq!(loads(&apply(&mut ws, Action::Case(CaseAction::NextOpen))), ["c"]);
    assert!(apply(&mut ws, Action::Case(CaseAction::Next)).is_empty());
    assert_eq!(loads(&apply(&mut ws, Action::Case(CaseAction::Previous))), ["b"]);
}

#[test]
fn the_list_shows_what_the_filter_lets_through_and_next_follows_the_list() {
    let mut ws = study(&["a", "b", "c"]);
    let filter = |ws: &mut Workspace, filter| drop(apply(ws, Action::Case(CaseAction::Filter(filter))));
    let listed = |ws: &Workspace| {
        let study = ws.study().unwrap();
        let names = (0..study.row_count()).map(|row| study.listed(row).unwrap().id.as_str().to_owned());
        names.collect::<Vec<_>>()
    };
    apply(&mut ws, Action::Case(CaseAction::SetState { case: "b".into(), state: CaseState::Flagged }));
    filter(&mut ws, CaseFilter::State(CaseState::Open));
    assert_eq!(listed(&ws), ["a", "c"]);
    assert_eq!(loads(&apply(&mut ws, Action::Case(CaseAction::Next))), ["c"]);
    read(&mut ws, "c");
    paint(&mut ws);
    assert_eq!(listed(&ws), ["a"], "work on it has begun");
    filter(&mut ws, CaseFilter::State(CaseState::Flagged));
    assert_eq!(listed(&ws), ["b"]);
    filter(&mut ws, CaseFilter::All);
    assert_eq!(listed(&ws), ["a", "b", "c"]);
}

#[test]
fn blind_reading_shows_numbers_in_place_of_names() {
    let mut ws = study(&["Smith", "Jones"]);
    let id = CaseId::from("Jones");
    assert_eq!(ws.case_name(&id), "Jones");
    let mut preferences = ws.preferences().clone();
    preferences.settings.hides_names = true;
    apply(&mut ws, Action::App(AppAction::SetPreferences(Box::new(preferences))));
    assert_eq!(ws.case_name(&id), "Case 2");
}

#[test]
fn marking_a_case_done_writes_the_project_file_once() {
    let mut ws = study(&["a", "b"]);
    let done = || Action::Case(CaseAction::SetState { case: "b".into(), state: CaseState::Done });
    let effects = apply(&mut ws, done());
    let saved = io_commands(&effects).any(
        |c| matches!(c, IoCommand::SaveProject { cases, .. } if cases[1].state == CaseState::Done && cases[0].state == CaseState::Open),
    );
    assert!(saved);
    assert!(apply(&mut ws, done()).is_empty());
}

#[test]
fn a_case_can_be_held_out_only_until_it_has_been_trained_on() {
    let mut ws = study(&["a", "b"]);
    let hold = |case: &str, held_out| Action::Case(CaseAction::SetHeldOut { case: case.into(), held_out });
    apply(&mut ws, hold("b", true));
    paint(&mut ws);
    start_training(&mut ws);
    trainer(&mut ws, TrainerEvent::State(TrainerState::Finished));
    let refused = apply(&mut ws, hold("a", true));
    assert!(notices(&refused)[0].contains("already been used for training"), "{refused:?}");
    let line = |id: &str| ws.study().unwrap().case(&id.into()).unwrap().clone();
    assert!(!line("a").held_out);
    assert!(line("b").held_out);
}

#[test]
fn runs_of_earlier_days_fix_the_held_out_marks_too() {
    let mut ws = Workspace::new();
    opened(&mut ws, ProjectSummary { has_runs: true, ..summary(&["a"]) });
    let effects = apply(&mut ws, Action::Case(CaseAction::SetHeldOut { case: "a".into(), held_out: true }));
    assert_eq!(notices(&effects).len(), 1);
    assert!(!ws.study().unwrap().cases[0].held_out);
}

#[test]
fn counts_from_disk_do_not_replace_those_in_memory() {
    let mut ws = study(&["a", "b"]);
    paint(&mut ws);
    let share = ws.case().unwrap().known_share();
    io(&mut ws, IoEvent::CaseSurveyed { case: "a".into(), known_share: 0.9 });
    io(&mut ws, IoEvent::CaseSurveyed { case: "b".into(), known_share: 0.9 });
    let shares: Vec<_> = ws.study().unwrap().cases.iter().map(|line| line.known_share).collect();
    assert_eq!(shares, [Some(share), Some(0.9)]);
}
