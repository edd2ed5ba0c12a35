use super::*;

fn close(ws: &mut Workspace) -> Vec<Effect> {
    apply(ws, Action::App(AppAction::CloseRequested))
}

fn quits(effects: &[Effect]) -> bool {
    effects.iter().any(|e| matches!(e, Effect::Quit))
}

#[test]
fn labels_are_saved_twenty_seconds_after_the_last_edit_and_only_once() {
    let mut ws = study(&["a"]);
    tick(&mut ws, 100);
    paint(&mut ws);
    assert!(saves(&tick(&mut ws, 119)).is_empty());
    let due = tick(&mut ws, 120);
    assert_eq!(saves(&due), [("a", labels(&ws).revision())]);
    assert!(saves(&tick(&mut ws, 121)).is_empty(), "one save at a time");
    all_saved(&mut ws, &due);
    assert!(saves(&tick(&mut ws, 500)).is_empty());
    assert_eq!(ws.save_state(), SaveState::Saved { ago: Duration::from_secs(379) });
    assert!(!ws.study().unwrap().cases[0].unsaved);
}

#[test]
fn an_open_stroke_is_never_saved_in_the_middle() {
    let mut ws = study(&["a"]);
    apply(&mut ws, Action::Tool(ToolAction::Select(Tool::Brush)));
    edit(&mut ws, EditAction::StrokeBegin { view: Plane::Axial, position: [4.0; 3], inverted: false });
    assert!(saves(&tick(&mut ws, 1000)).is_empty());
    edit(&mut ws, EditAction::StrokeEnd);
    assert_eq!(saves(&tick(&mut ws, 2000)).len(), 1);
}

#[test]
fn an_edit_during_a_save_leaves_the_case_unsaved() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    let save = apply(&mut ws, Action::File(FileAction::Save));
    edit(&mut ws, EditAction::CompleteCase);
    all_saved(&mut ws, &save);
    assert!(ws.case().unwrap().is_unsaved());
    assert!(ws.study().unwrap().cases[0].unsaved);
}

#[test]
fn a_stroke_counts_as_safe_only_when_the_journal_has_it() {
    let mut ws = study(&["a"]);
    assert_eq!(ws.save_state(), SaveState::Untouched);
    paint(&mut ws);
    assert_eq!(ws.save_state(), SaveState::Unsaved { in_journal: false });
    let revision = labels(&ws).revision();
    io(&mut ws, IoEvent::JournalAppended { case: "a".into(), revision: revision - 1 });
    assert_eq!(ws.save_state(), SaveState::Unsaved { in_journal: false });
    io(&mut ws, IoEvent::JournalAppended { case: "a".into(), revision });
    assert_eq!(ws.save_state(), SaveState::Unsaved { in_journal: true });
}

#[test]
fn a_failed_save_is_shown_and_tried_again_later() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    apply(&mut ws, Action::File(FileAction::Save));
    fail_save(&mut ws);
    assert_eq!(ws.save_state(), SaveState::Failed("The disk is full.".to_owned()));
    assert!(saves(&tick(&mut ws, 19)).is_empty());
    assert_eq!(saves(&tick(&mut ws, 20)).len(), 1);
}

#[test]
fn a_refused_command_leaves_the_labels_unsaved_and_says_so() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    let effects = apply(&mut ws, Action::File(FileAction::Save));
    let refused = effects.into_iter().find_map(|e| match e {
        Effect::Io(command @ IoCommand::SaveLabels { .. }) => Some(command),
        _ => None,
    });
    let effects = absorb(&mut ws, Event::IoRefused(refused.unwrap()));
    assert_eq!(notices(&effects).len(), 1);
    assert!(matches!(ws.save_state(), SaveState::Failed(_)));
    assert_eq!(saves(&tick(&mut ws, 60)).len(), 1);
}

#[test]
fn closing_with_nothing_unsaved_quits_at_once() {
    let mut ws = study(&["a"]);
    let effects = close(&mut ws);
    assert!(quits(&effects));
    assert!(trainer_commands(&effects).any(|c| matches!(c, TrainerCommand::Shutdown)));
    assert!(!quits(&close(&mut ws)), "only once");
}

#[test]
fn closing_saves_every_opened_case_and_the_project_first() {
    let mut ws = study(&["a", "b"]);
    paint(&mut ws);
    let parked = apply(&mut ws, Action::Case(CaseAction::Show("b".into())));
    read(&mut ws, "b");
    paint(&mut ws);
    let closing = close(&mut ws);
    assert!(!quits(&closing));
    assert_eq!(saves(&closing).len(), 1, "the save of the other case is under way already");
    assert!(!quits(&all_saved(&mut ws, &parked)));
    assert!(!quits(&all_saved(&mut ws, &closing)), "the project file is not written yet");
    assert!(quits(&io(&mut ws, IoEvent::ProjectSaved)));
}

#[test]
fn closing_ends_an_open_stroke_and_saves_it() {
    let mut ws = study(&["a"]);
    apply(&mut ws, Action::Tool(ToolAction::Select(Tool::Brush)));
    edit(&mut ws, EditAction::StrokeBegin { view: Plane::Axial, position: [4.0; 3], inverted: false });
    let closing = close(&mut ws);
    assert!(io_commands(&closing).any(|c| matches!(c, IoCommand::AppendJournal { .. })));
    assert_eq!(saves(&closing), [("a", labels(&ws).revision())]);
}

#[test]
fn closing_is_stopped_by_a_failed_save_until_the_user_decides() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    close(&mut ws);
    assert!(!quits(&fail_save(&mut ws)));
    assert!(
        matches!(ws.saving_first(), SavingFirst::Failed { next: AfterSave::Quit, sentence } if sentence == "The disk is full.")
    );
    assert!(paint(&mut ws).is_empty(), "no edits behind the question");
    apply(&mut ws, Action::App(AppAction::Stay));
    assert!(matches!(ws.saving_first(), SavingFirst::No));
    close(&mut ws);
    fail_save(&mut ws);
    assert!(quits(&apply(&mut ws, Action::App(AppAction::GoOnUnsaved))));
}

#[test]
fn work_that_cannot_be_saved_comes_back_only_from_a_journal_without_a_gap() {
    let mut ws = study(&["a"]);
    assert!(ws.unsaved_comes_back(), "there is nothing to lose");
    // The mark of a case that is in work, too, is written.
    let journalled = |ws: &mut Workspace| {
        let revision = labels(ws).revision();
        io(ws, IoEvent::ProjectSaved);
        io(ws, IoEvent::JournalAppended { case: "a".into(), revision });
    };
    paint(&mut ws);
    assert!(!ws.unsaved_comes_back());
    journalled(&mut ws);
    assert!(ws.unsaved_comes_back());
    let failed = IoEvent::JournalFailed {
        case: "a".into(),
        revision: labels(&ws).revision(),
        sentence: "The disk is full.".into(),
    };
    io(&mut ws, failed);
    journalled(&mut ws);
    assert!(!ws.unsaved_comes_back());
    assert_eq!(ws.save_state(), SaveState::Unsaved { in_journal: false });
    let saved = apply(&mut ws, Action::File(FileAction::Save));
    all_saved(&mut ws, &saved);
    edit(&mut ws, EditAction::CompleteCase);
    journalled(&mut ws);
    assert!(ws.unsaved_comes_back(), "a saved case needs no older edits");
}

#[test]
fn a_stroke_the_journal_could_not_take_is_saved_at_the_next_tick() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    let revision = labels(&ws).revision();
    let effects =
        io(&mut ws, IoEvent::JournalFailed { case: "a".into(), revision, sentence: "The disk is full.".to_owned() });
    assert_eq!(notices(&effects).len(), 1);
    assert_eq!(saves(&tick(&mut ws, 1)), [("a", revision)]);
    fail_save(&mut ws);
    assert!(saves(&tick(&mut ws, 2)).is_empty(), "a full disk is not asked again at every frame");
}
