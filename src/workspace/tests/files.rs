use super::*;
use crate::project::Source;

fn file(ws: &mut Workspace, action: FileAction) -> Vec<Effect> {
    apply(ws, Action::File(action))
}

#[test]
fn another_project_is_opened_only_when_the_open_one_is_saved() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    let effects = file(&mut ws, FileAction::OpenProject("other".into()));
    let commands: Vec<_> = io_commands(&effects).collect();
    assert!(matches!(commands.as_slice(), [IoCommand::SaveLabels { .. }, IoCommand::SaveProject { .. }]));
    assert!(ws.opening().is_none() && paint(&mut ws).is_empty(), "nothing is edited meanwhile");
    let saved = everything_saved(&mut ws, &effects);
    assert!(matches!(io_commands(&saved).last(), Some(IoCommand::OpenProject(_))));
    assert_eq!(ws.opening(), Some(&PathBuf::from("other")));
    assert!(file(&mut ws, FileAction::OpenProject("third".into())).is_empty(), "one at a time");
}

#[test]
fn a_project_that_cannot_be_opened_leaves_the_open_one_as_it_is() {
    let mut ws = study(&["a"]);
    file(&mut ws, FileAction::OpenProject("newer".into()));
    let sentence = "'chiaro.toml' was written by a newer version. Update Chiaro to open it.";
    let effects = io(&mut ws, IoEvent::ProjectFailed { dir: "newer".into(), sentence: sentence.to_owned() });
    assert_eq!(notices(&effects), [sentence]);
    assert!(ws.opening().is_none());
    assert!(!paint(&mut ws).is_empty(), "the old project can be edited again");
}

#[test]
fn closing_a_project_saves_it_and_clears_the_screen() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    let effects = file(&mut ws, FileAction::CloseProject);
    assert_eq!(saves(&effects).len(), 1);
    assert!(ws.case().is_some(), "labels are let go of only when the disk has them");
    let saved = everything_saved(&mut ws, &effects);
    assert!(matches!(saved.last(), Some(Effect::Io(IoCommand::CloseProject))));
    assert!(ws.study().is_none() && ws.case().is_none());
}

#[test]
fn a_full_disk_keeps_the_study_open_until_the_user_decides() {
    for leave in [FileAction::CloseProject, FileAction::OpenProject("other".into())] {
        let mut ws = study(&["a"]);
        paint(&mut ws);
        file(&mut ws, leave.clone());
        fail_save(&mut ws);
        assert!(matches!(ws.saving_first(), SavingFirst::Failed { .. }));
        let before = labels(&ws).clone();
        apply(&mut ws, Action::App(AppAction::Stay));
        assert_eq!(*labels(&ws), before);
        file(&mut ws, leave);
        fail_save(&mut ws);
        let effects = apply(&mut ws, Action::App(AppAction::GoOnUnsaved));
        assert!(io_commands(&effects).any(|c| matches!(c, IoCommand::CloseProject | IoCommand::OpenProject(_))));
    }
}

#[test]
fn nothing_is_exported_before_its_save_has_succeeded() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    let export = FileAction::Export { folder: "out".into(), source: Source::Labels };
    file(&mut ws, export);
    let failed = fail_save(&mut ws);
    assert!(!io_commands(&failed).any(|c| matches!(c, IoCommand::Export { .. })));
    assert!(!ws.is_exporting());
    let effects = apply(&mut ws, Action::App(AppAction::GoOnUnsaved));
    assert!(io_commands(&effects).any(|c| matches!(c, IoCommand::Export { .. })), "the user may want the older masks");
}

#[test]
fn exporting_saves_first_and_reports_what_was_written() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    let purpose = FolderPurpose::Export(Source::Labels);
    assert!(
        matches!(file(&mut ws, FileAction::PickFolder(purpose)).as_slice(), [Effect::PickFolder(p)] if *p == purpose)
    );
    let effects = file(&mut ws, FileAction::FolderPicked { purpose, folder: "out".into() });
    assert_eq!(saves(&effects).len(), 1);
    let saved = everything_saved(&mut ws, &effects);
    assert!(matches!(io_commands(&saved).last(), Some(IoCommand::Export { source: Source::Labels, .. })));
    assert!(ws.is_exporting());
    let report = crate::project::ExportReport {
        written: Vec::new(),
        skipped: vec!["b".into()],
        unreadable: vec![("c".into(), "The file is damaged.".to_owned())],
        classes: "out/classes.json".into(),
        sidecars: Vec::new(),
    };
    let done = io(&mut ws, IoEvent::Exported { folder: "out".into(), report: Box::new(report) });
    assert_eq!(
        notices(&done),
        ["0 masks written to 'out' and checked. 1 case had nothing to export. 'c' was left out: The file is damaged."]
    );
    assert!(!ws.is_exporting());
}

#[test]
fn a_new_project_is_made_once_everything_is_named() {
    let mut ws = Workspace::new();
    file(&mut ws, FileAction::BeginNewProject);
    assert_eq!(notices(&file(&mut ws, FileAction::ConfirmNewProject)).len(), 1);
    for (purpose, folder) in [(FolderPurpose::NewProjectImages, "images"), (FolderPurpose::NewProject, "study")] {
        file(&mut ws, FileAction::FolderPicked { purpose, folder: folder.into() });
    }
    assert!(ws.new_project().unwrap().missing().unwrap().starts_with("Name at least one structure"));
    file(&mut ws, FileAction::SetNewProjectClasses(" Anterior, ,Posterior ".to_owned()));
    let effects = file(&mut ws, FileAction::ConfirmNewProject);
    let made = io_commands(&effects).any(|c| {
        matches!(c, IoCommand::InitProject { request, class_names }
            if request.images.ends_with("images") && *class_names == ["Anterior", "Posterior"])
    });
    assert!(made, "{effects:?}");
    opened(&mut ws, summary(&["a"]));
    assert!(ws.new_project().is_none());
}

#[test]
fn the_list_of_recent_projects_is_asked_for_at_the_start_and_after_opening() {
    let mut ws = Workspace::new();
    let started = apply(&mut ws, Action::App(AppAction::Started));
    assert!(matches!(started.as_slice(), [Effect::Io(IoCommand::LoadPreferences), Effect::Io(IoCommand::ListRecent)]));
    let effects = opened(&mut ws, summary(&["a"]));
    assert!(io_commands(&effects).any(|c| matches!(c, IoCommand::ListRecent)));
    io(&mut ws, IoEvent::Recent(vec!["study".into()]));
    assert_eq!(ws.recent(), [PathBuf::from("study")]);
}

#[test]
fn notices_are_kept_for_reading_again_but_bounded() {
    let mut ws = Workspace::new();
    for i in 0..250 {
        io(&mut ws, IoEvent::Warning(format!("{i}")));
    }
    assert_eq!(ws.notices().len(), Notice::KEPT);
    assert_eq!(ws.notices().last().unwrap().text, "249");
    apply(&mut ws, Action::App(AppAction::ClearNotices));
    assert!(ws.notices().is_empty());
}

#[test]
fn the_tour_is_shown_with_the_first_demo_only_and_can_be_asked_for_again() {
    let mut ws = Workspace::new();
    io(&mut ws, IoEvent::Preferences(Box::default()));
    let open_demo = |ws: &mut Workspace| {
        file(ws, FileAction::CreateDemo("demo".into()));
        opened(ws, summary(&["a"]));
    };
    let tour = |ws: &mut Workspace, action| apply(ws, Action::App(AppAction::Tour(action)));
    open_demo(&mut ws);
    assert_eq!(ws.tour(), Some(0));
    for _ in 1..TourAction::STEPS {
        tour(&mut ws, TourAction::Next);
    }
    assert_eq!(ws.tour(), Some(TourAction::STEPS - 1));
    let ended = tour(&mut ws, TourAction::Next);
    assert!(ws.tour().is_none() && io_commands(&ended).any(|c| matches!(c, IoCommand::SavePreferences(_))));
    open_demo(&mut ws);
    assert_eq!(ws.tour(), None);
    tour(&mut ws, TourAction::Begin);
    assert_eq!(ws.tour(), Some(0));
}

#[test]
fn settings_that_could_not_be_read_are_not_written_over() {
    let mut ws = Workspace::new();
    let damaged = crate::project::PreferencesFile { keys: "preset = 7".to_owned(), ..Default::default() };
    io(&mut ws, IoEvent::Preferences(Box::new(damaged)));
    let mut wanted = ws.preferences().clone();
    wanted.settings.zoom = 1.5;
    let effects = apply(&mut ws, Action::App(AppAction::SetPreferences(Box::new(wanted))));
    assert!(effects.is_empty());
    assert_eq!(ws.preferences().settings.zoom, 1.5);
}
