//! A working day without a window: real files and the real io thread, a trainer played by hand.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chiaro::edit::{BrushSize, Direction};
use chiaro::geometry::{Plane, Voxel};
use chiaro::io::{NiftiGeometry, read_mask, write_image};
use chiaro::label::{LabelMap, Origin, Prediction, Probabilities, Provenance};
use chiaro::project::{CaseState, Source};
use chiaro::volume::phantom::{PhantomCase, PhantomSettings, phantom_case};
use chiaro::volume::{CaseId, Grid};
use chiaro::worker::protocol::{TrainerCommand, TrainerEvent, TrainerState};
use chiaro::worker::{IoThread, RecentList};
use chiaro::workspace::{
    Action, AppAction, CaseAction, CaseFilter, EditAction, Effect, Event, FileAction, FolderPurpose, NoticeKind,
    PseudoAction, SaveState, SavingFirst, Shown, Tool, ToolAction, TrainAction, Workspace, absorb, apply,
};

const CASES: usize = 4;
const RUN: &str = "run-1";

/// The window's part: carries effects to the threads and events back.
struct Day {
    ws: Workspace,
    io: IoThread,
    trainer: FakeTrainer,
    asked_for: Option<FolderPurpose>,
    quit: bool,
}

/// Keeps labels as the real one does: a copy at the start, then changes.
#[derive(Default)]
struct FakeTrainer {
    labels: HashMap<CaseId, LabelMap>,
    started: usize,
    stopped: bool,
}

impl FakeTrainer {
    fn obey(&mut self, command: TrainerCommand) {
        match command {
            TrainerCommand::Start(request) => {
                self.labels = request.snapshots.into_iter().collect();
                self.started += 1;
            }
            TrainerCommand::Label { case, delta, revision } => {
                if let Some(labels) = self.labels.get_mut(&case).filter(|labels| labels.revision() < revision) {
                    delta.apply(labels, Direction::Forward).expect("changes arrive in order and without gaps");
                    labels.set_revision(revision);
                }
            }
            TrainerCommand::Shutdown => self.stopped = true,
            _ => {}
        }
    }
}

impl Day {
    fn begin() -> Self {
        let io = IoThread::start(RecentList::Ignore, || {}).unwrap();
        let mut day = Self { ws: Workspace::new(), io, trainer: FakeTrainer::default(), asked_for: None, quit: false };
        day.act(Action::App(AppAction::Started));
        day
    }

    fn act(&mut self, action: Action) {
        let effects = apply(&mut self.ws, action);
        self.carry(effects);
    }

    fn tell(&mut self, event: Event) {
        let effects = absorb(&mut self.ws, event);
        self.carry(effects);
    }

    fn carry(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Io(command) => self.io.send(command).expect("the queue has room"),
                Effect::Trainer(command) => self.trainer.obey(command),
                Effect::PickFolder(purpose) => self.asked_for = Some(purpose),
                Effect::Quit => self.quit = true,
                Effect::Notify(notice) => assert_ne!(notice.kind, NoticeKind::Error, "{}", notice.text),
                Effect::Labels(_) | Effect::PickFile(_) => panic!("no part of this day: {effect:?}"),
                Effect::UploadCase
                | Effect::Review(_)
                | Effect::SeekQuestions(_)
                | Effect::UploadImage
                | Effect::UploadSecondImage
                | Effect::UploadLabels(_)
                | Effect::UploadPrediction => {}
            }
        }
    }

    fn file(&mut self, action: FileAction) {
        self.act(Action::File(action));
    }

    fn edit(&mut self, action: EditAction) {
        self.act(Action::Edit(action));
    }

    fn pick(&mut self, purpose: FolderPurpose, folder: &Path) {
        self.file(FileAction::PickFolder(purpose));
        let purpose = self.asked_for.take().expect("a folder is asked for");
        self.file(FileAction::FolderPicked { purpose, folder: folder.to_owned() });
    }

    /// Lets the io thread answer until something is so.
    fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !is_so(self) {
            let event = self.io.events().recv_deadline(deadline).unwrap_or_else(|_| panic!("waited in vain: {what}"));
            self.tell(Event::Io(event));
        }
    }

    fn until_case_is_shown(&mut self) {
        self.until("the case is read", |day| day.ws.case().is_some());
    }

    fn until_safe(&mut self) {
        self.until("the journal has the edit", |day| {
            !matches!(day.ws.save_state(), SaveState::Unsaved { in_journal: false } | SaveState::Saving)
        });
    }

    fn stroke(&mut self, tool: Tool, view: Plane, path: &[[f64; 3]]) {
        self.act(Action::Tool(ToolAction::Select(tool)));
        self.edit(EditAction::StrokeBegin { view, position: path[0], inverted: false });
        for &position in &path[1..] {
            self.edit(EditAction::StrokeMove { position });
        }
        self.edit(EditAction::StrokeEnd);
    }

    fn labels(&self) -> &LabelMap {
        self.ws.case().expect("a case is on the screen").labels()
    }

    fn show(&mut self, case: &str) {
        self.act(Action::Case(CaseAction::Show(case.into())));
    }

    fn close(&mut self) {
        self.act(Action::App(AppAction::CloseRequested));
        self.until("everything is saved", |day| matches!(day.ws.saving_first(), SavingFirst::Quit));
    }
}

fn small_phantoms() -> Vec<PhantomCase> {
    let settings = PhantomSettings { edge_mm: 24, case_count: CASES, ..PhantomSettings::default() };
    (0..CASES).map(|index| phantom_case(&settings, index)).collect()
}

fn write_images(folder: &Path) -> Vec<PhantomCase> {
    std::fs::create_dir(folder).unwrap();
    let cases = small_phantoms();
    for case in &cases {
        let image = &case.image;
        let geometry = NiftiGeometry::from_affine(image.extent(), image.affine, image.voxels.voxel_type());
        write_image(&folder.join(format!("{}.nii.gz", case.name)), image, &geometry).unwrap();
    }
    cases
}

/// A new study of the phantom images with its first case on the screen.
fn new_study(root: &Path) -> (Day, PathBuf, Vec<PhantomCase>) {
    let (images, dir) = (root.join("images"), root.join("study"));
    let cases = write_images(&images);
    let mut day = Day::begin();
    day.file(FileAction::BeginNewProject);
    day.pick(FolderPurpose::NewProjectImages, &images);
    day.pick(FolderPurpose::NewProject, &dir);
    day.file(FileAction::SetNewProjectClasses("Body, Cap".to_owned()));
    day.file(FileAction::ConfirmNewProject);
    day.until_case_is_shown();
    (day, dir, cases)
}

/// What networks might believe: the truth, sure everywhere.
fn prediction(case: &PhantomCase, label_revision: u64) -> Arc<Prediction> {
    let sure = Grid::filled(case.truth.extent(), 255);
    Arc::new(Prediction {
        provenance: Provenance { case: case.name.as_str().into(), label_revision, model: RUN.to_owned(), step: 100 },
        class: case.truth.clone(),
        class_a: case.truth.clone(),
        class_b: case.truth.clone(),
        confidence_a: sure.clone(),
        confidence_b: sure.clone(),
        dual_confidence: sure,
        probabilities: Probabilities::default(),
    })
}

fn voxel_of_class(case: &PhantomCase, class: u8) -> Voxel {
    let extent = case.truth.extent();
    (0..extent.voxel_count()).map(|i| extent.voxel(i)).find(|&v| case.truth.at(v) == class).unwrap()
}

#[test]
fn a_day_from_new_images_to_exported_masks() {
    let root = tempfile::tempdir().unwrap();
    let (mut day, dir, cases) = new_study(root.path());
    let first = cases[0].name.clone();
    assert_eq!(day.ws.case().unwrap().id.as_str(), first);

    // Paint in two views, take one stroke back, complete the case.
    day.act(Action::Tool(ToolAction::SetBrushSize(BrushSize::Voxels(3.0))));
    day.stroke(Tool::Brush, Plane::Axial, &[[4.0, 8.0, 10.0], [9.0, 8.0, 10.0], [9.0, 12.0, 10.0]]);
    let after_first = day.labels().clone();
    day.stroke(Tool::Brush, Plane::Coronal, &[[6.0, 9.0, 4.0], [6.0, 9.0, 14.0]]);
    assert_ne!(day.labels().class(), after_first.class());
    day.edit(EditAction::Undo);
    assert_eq!(day.labels().class(), after_first.class());
    day.edit(EditAction::CompleteCase);
    assert_eq!(day.ws.case().unwrap().known_share(), 1.0);
    day.act(Action::Case(CaseAction::SetState { case: first.as_str().into(), state: CaseState::Done }));

    // Train; the trainer's labels stay in step with edits made meanwhile.
    day.act(Action::Train(TrainAction::Start { resume: false }));
    day.tell(Event::Trainer(TrainerEvent::Run(RUN.to_owned())));
    day.tell(Event::Trainer(TrainerEvent::State(TrainerState::Running)));
    day.stroke(Tool::Brush, Plane::Axial, &[[15.0, 15.0, 15.0], [18.0, 15.0, 15.0]]);
    day.edit(EditAction::Undo);
    day.edit(EditAction::Redo);
    let copy = &day.trainer.labels[&CaseId::from(first.as_str())];
    assert_eq!((copy.class(), copy.origin()), (day.labels().class(), day.labels().origin()));

    // The next case: a component of its pseudo-label is accepted; a late one of the first case is dropped.
    let second = &cases[1];
    day.act(Action::Case(CaseAction::NextOpen));
    day.until_case_is_shown();
    day.tell(Event::Prediction(prediction(&cases[0], 0)));
    assert!(day.ws.case().unwrap().prediction.is_none());
    day.tell(Event::Prediction(prediction(second, 0)));
    let seed = voxel_of_class(second, 1);
    day.act(Action::Pseudo(PseudoAction::AcceptComponent(seed)));
    assert_eq!(day.labels().value(seed).origin, Origin::Accepted);
    assert!(day.ws.prediction_is_stale());
    let accepted = day.labels().clone();

    // Export, close, and look at what is on the disk.
    let out = root.path().join("out");
    day.pick(FolderPurpose::Export(Source::Labels), &out);
    day.until("the masks are written", |day| !day.ws.is_exporting());
    assert_eq!(
        *read_mask(&out.join(format!("{}.nii.gz", second.name))).unwrap().class.as_slice(),
        *accepted.class().as_slice()
    );
    assert!(out.join("classes.json").is_file());
    day.close();
    assert!(day.quit && day.trainer.stopped && day.trainer.started == 1);
    drop(day);

    let mut next_day = Day::begin();
    next_day.file(FileAction::OpenProject(dir));
    next_day.until_case_is_shown();
    assert_eq!(next_day.ws.case().unwrap().id.as_str(), second.name, "the first case is done");
    assert_eq!(next_day.labels(), &accepted, "also the revision goes on");
    let names: Vec<_> = next_day.ws.study().unwrap().classes.foreground().map(|c| c.name.clone()).collect();
    assert_eq!(names, ["Body", "Cap"]);
    assert_eq!(next_day.ws.study().unwrap().count(CaseFilter::State(CaseState::Done)), 1);
}

#[test]
fn a_kill_after_a_stroke_loses_nothing() {
    let root = tempfile::tempdir().unwrap();
    let (mut day, dir, _) = new_study(root.path());
    day.stroke(Tool::Brush, Plane::Axial, &[[4.0, 8.0, 10.0], [9.0, 8.0, 10.0]]);
    day.stroke(Tool::Brush, Plane::Sagittal, &[[6.0, 4.0, 4.0], [6.0, 12.0, 8.0]]);
    day.edit(EditAction::Undo);
    day.edit(EditAction::CompleteSlice(Plane::Axial));
    day.until_safe();
    assert_eq!(day.ws.save_state(), SaveState::Unsaved { in_journal: true });
    let before = day.labels().clone();
    assert!(!dir.join("labels").join(format!("{}.nii.gz", day.ws.case().unwrap().id)).exists(), "only journalled");
    // Nothing is told to save: this is what a kill leaves behind.
    drop(day);

    let mut again = Day::begin();
    again.file(FileAction::OpenProject(dir));
    again.until_case_is_shown();
    assert_eq!(again.labels().class(), before.class());
    assert_eq!(again.labels().origin(), before.origin());
    assert!(again.ws.notices().iter().any(|notice| notice.text.contains("brought back")));
    // What was brought back can be painted on, saved and read once more.
    again.stroke(Tool::Eraser, Plane::Axial, &[[4.0, 8.0, 10.0]]);
    let after = again.labels().clone();
    again.close();
    drop(again);
    let mut third = Day::begin();
    third.file(FileAction::OpenProject(root.path().join("study")));
    third.until_case_is_shown();
    assert_eq!(third.labels(), &after);
}

#[test]
fn running_through_the_case_list_ends_on_the_last_one_and_a_broken_file_stops_nobody() {
    let root = tempfile::tempdir().unwrap();
    let (mut day, _, cases) = new_study(root.path());
    std::fs::write(root.path().join("images").join(format!("{}.nii.gz", cases[2].name)), b"not a volume").unwrap();
    for _ in 0..10 {
        for case in &cases {
            day.show(&case.name);
        }
    }
    let last = cases[CASES - 1].name.as_str();
    day.until_case_is_shown();
    assert_eq!(day.ws.case().unwrap().id.as_str(), last);
    day.show(&cases[2].name);
    day.until("the failure is told", |day| matches!(day.ws.shown(), Shown::Failed { .. }));
    let line = day.ws.study().unwrap().case(&cases[2].name.as_str().into()).unwrap().clone();
    assert!(line.failure.unwrap().contains(&cases[2].name));
    day.show(last);
    day.stroke(Tool::Brush, Plane::Axial, &[[8.0, 8.0, 8.0]]);
    day.until_safe();
}

#[test]
fn shares_of_labelled_voxels_are_counted_in_idle_time() {
    let root = tempfile::tempdir().unwrap();
    let (mut day, _, cases) = new_study(root.path());
    let last: CaseId = cases[CASES - 1].name.as_str().into();
    day.until("the last case is counted", |day| day.ws.study().unwrap().case(&last).unwrap().known_share == Some(0.0));
}

#[test]
fn edits_are_taken_back_and_repeated_after_the_study_was_closed_and_opened_again() {
    let root = tempfile::tempdir().unwrap();
    let (mut day, dir, _) = new_study(root.path());
    let line = |z: f64| [[4.0, 8.0, z], [15.0, 8.0, z]];
    let untouched = day.labels().clone();
    day.stroke(Tool::Brush, Plane::Axial, &line(6.0));
    let first = day.labels().clone();
    day.stroke(Tool::Brush, Plane::Axial, &line(12.0));
    let second = day.labels().clone();
    day.edit(EditAction::Undo);
    day.close();
    drop(day);

    let mut day = Day::begin();
    day.file(FileAction::OpenProject(dir));
    day.until_case_is_shown();
    assert_eq!(day.labels().class(), first.class());
    day.edit(EditAction::Redo);
    assert_eq!(day.labels().class(), second.class());
    for before in [&first, &untouched] {
        day.edit(EditAction::Undo);
        assert_eq!((day.labels().class(), day.labels().origin()), (before.class(), before.origin()));
    }
}
