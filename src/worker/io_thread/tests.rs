use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::edit::{Delta, HistoryRecord, Run};
use crate::geometry::{Affine, Extent};
use crate::io::{NiftiGeometry, write_mask};
use crate::label::{ClassTable, LabelMap, LabelValue, Origin, Rejections};
use crate::project::{AuditEvent, CaseEntry, Decision, KnownAnswer, Project, Source};
use crate::volume::{CaseId, Grid, VoxelType};
use crate::worker::protocol_io::EditKind;

fn event(io: &IoThread) -> IoEvent {
    io.events().recv_timeout(Duration::from_secs(30)).expect("every command is answered")
}

fn started() -> IoThread {
    IoThread::start(RecentList::Ignore, || {}).unwrap()
}

fn extent() -> Extent {
    Extent::new(3, 4, 5).unwrap()
}

/// A project of one case, whose image is not needed.
fn project(dir: &std::path::Path) -> Project {
    let classes = ClassTable::from_names(&["A"]).unwrap();
    Project::create(&dir.join("study"), classes, vec![CaseEntry::new("a".into(), "a.nii.gz".into())]).unwrap()
}

fn append(revision: u64) -> IoCommand {
    let (old, new) = (LabelValue::UNKNOWN, LabelValue::new(1, Origin::Manual));
    let start = usize::try_from(revision).unwrap();
    let delta = Arc::new(Delta::new(vec![Run { start, len: 1, old, new }], extent()).unwrap());
    IoCommand::AppendJournal { case: "a".into(), delta, revision, kind: EditKind::Painted { tool: "Brush" } }
}

#[test]
fn a_panic_is_answered_with_a_failure_of_its_own_command_and_the_thread_lives() {
    let (events, received) = unbounded();
    let outbox = Outbox { events, wake: Arc::new(|| {}) };
    let subject = Subject::of(&IoCommand::LoadCase("case 7".into()));
    guarded(&outbox, &subject, || panic!("an index went astray"));
    let answer = received.try_recv().unwrap();
    assert!(
        matches!(&answer, IoEvent::CaseFailed { case, sentence } if case.as_str() == "case 7" && !sentence.contains("astray"))
    );
    guarded(&outbox, &subject, || Ok(Some(IoEvent::ProjectSaved)));
    assert!(matches!(received.try_recv().unwrap(), IoEvent::ProjectSaved));
}

#[test]
fn every_command_without_a_project_is_answered_with_its_own_failure() {
    let io = started();
    let labels = Arc::new(LabelMap::unknown(extent()));
    let geometry = Arc::new(NiftiGeometry::from_affine(extent(), Affine::identity(), VoxelType::U8));
    let case: CaseId = "a".into();
    io.send(IoCommand::LoadCase(case.clone())).unwrap();
    assert!(matches!(event(&io), IoEvent::CaseFailed { .. }));
    io.send(IoCommand::LoadPrediction(case.clone())).unwrap();
    assert!(matches!(event(&io), IoEvent::PredictionFailed { .. }));
    io.send(IoCommand::SaveLabels { case, labels, geometry, history: HistoryRecord::default() }).unwrap();
    assert!(matches!(event(&io), IoEvent::LabelsNotSaved { .. }));
    io.send(append(1)).unwrap();
    assert!(matches!(event(&io), IoEvent::JournalFailed { revision: 1, .. }));
    io.send(IoCommand::Export { folder: PathBuf::from("out"), source: Source::Labels }).unwrap();
    assert!(matches!(event(&io), IoEvent::ExportFailed { .. }));
    let classes = ClassTable::from_names(&["A"]).unwrap();
    io.send(IoCommand::SaveProject { classes, cases: Vec::new() }).unwrap();
    assert!(matches!(event(&io), IoEvent::ProjectNotSaved { .. }));
    io.send(IoCommand::OpenProject("no such folder".into())).unwrap();
    assert!(matches!(event(&io), IoEvent::ProjectFailed { .. }));
}

#[test]
fn what_waits_is_written_before_the_thread_ends() {
    let root = tempfile::tempdir().unwrap();
    let made = project(root.path());
    let io = started();
    io.send(IoCommand::OpenProject(made.dir().to_owned())).unwrap();
    for revision in 1..=40 {
        io.send(append(revision)).unwrap();
    }
    drop(io);
    let labels = made.load_labels(&"a".into(), extent()).unwrap();
    assert_eq!((labels.known_count(), labels.revision()), (40, 40));
}

#[test]
fn a_project_that_cannot_be_read_leaves_the_open_one_open() {
    let root = tempfile::tempdir().unwrap();
    let made = project(root.path());
    let io = started();
    io.send(IoCommand::OpenProject(made.dir().to_owned())).unwrap();
    io.send(IoCommand::OpenProject(root.path().join("nothing here"))).unwrap();
    io.send(append(1)).unwrap();
    let answers: Vec<_> =
        std::iter::repeat_with(|| event(&io)).filter(|e| !matches!(e, IoEvent::CaseSurveyed { .. })).take(3).collect();
    assert!(matches!(
        answers.as_slice(),
        [IoEvent::ProjectOpened(_), IoEvent::ProjectFailed { .. }, IoEvent::JournalAppended { .. }]
    ));
}

#[test]
fn an_audit_log_that_was_changed_outside_is_told_when_the_study_is_opened() {
    let root = tempfile::tempdir().unwrap();
    let made = project(root.path());
    let notices = || {
        let io = started();
        io.send(IoCommand::OpenProject(made.dir().to_owned())).unwrap();
        let IoEvent::ProjectOpened(summary) = event(&io) else { panic!("not opened") };
        summary.notices
    };
    for voxels in [7, 8] {
        made.audit(&AuditEvent::Accepted { case: "a".into(), voxels, model: None }).unwrap();
    }
    assert!(notices().is_empty());
    let log = made.dir().join("audit.jsonl");
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::write(&log, text.replacen("\"voxels\":7", "\"voxels\":9", 1)).unwrap();
    assert!(notices()[0].starts_with("The audit log of this study was changed outside Chiaro"), "{:?}", notices());
}

#[test]
fn the_window_is_woken_for_every_event() {
    let woken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&woken);
    let io = IoThread::start(RecentList::Ignore, move || {
        counter.fetch_add(1, Ordering::SeqCst);
    })
    .unwrap();
    io.send(IoCommand::ListRecent).unwrap();
    assert!(matches!(event(&io), IoEvent::Recent(dirs) if dirs.is_empty()));
    drop(io);
    assert_eq!(woken.load(Ordering::SeqCst), 1);
}

#[test]
fn a_mask_to_compare_with_comes_on_the_grid_of_the_image_or_is_refused_with_a_reason() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("other.nii.gz");
    let geometry = |extent| Arc::new(NiftiGeometry::from_affine(extent, Affine::identity(), VoxelType::U8));
    write_mask(&path, &Grid::filled(extent(), 3), &geometry(extent())).unwrap();
    let io = started();
    io.send(IoCommand::ReadMask { ticket: 7, path: path.clone(), geometry: geometry(extent()) }).unwrap();
    assert!(matches!(event(&io), IoEvent::MaskRead { ticket: 7, mask } if mask.as_slice()[0] == 3));
    let longer = geometry(Extent::new(3, 4, 6).unwrap());
    io.send(IoCommand::ReadMask { ticket: 8, path, geometry: longer }).unwrap();
    let IoEvent::MaskFailed { ticket: 8, sentence } = event(&io) else { panic!("a mask of another grid") };
    assert!(sentence.contains("belongs to another grid") && sentence.contains("3 × 4 × 6"), "{sentence}");
}

#[test]
fn answers_to_known_questions_are_there_when_the_study_is_opened_again() {
    let root = tempfile::tempdir().unwrap();
    let dir = project(root.path()).dir().to_owned();
    let io = started();
    let answers = |io: &IoThread| {
        io.send(IoCommand::OpenProject(dir.clone())).unwrap();
        loop {
            if let IoEvent::ProjectOpened(summary) = event(io) {
                return summary.known_answers;
            }
        }
    };
    assert!(answers(&io).is_empty());
    let answer = KnownAnswer {
        case: "a".into(),
        place: [0, 1, 2],
        model: "001".into(),
        step: 3,
        agreement: 1.0,
        given: Decision::Reject,
        right: Decision::Accept,
    };
    io.send(IoCommand::KeepKnownAnswer(answer.clone())).unwrap();
    assert_eq!(answers(&io), [answer]);
}

#[test]
fn only_what_is_rejected_anew_goes_into_the_audit_log() {
    let root = tempfile::tempdir().unwrap();
    let dir = project(root.path()).dir().to_owned();
    let io = started();
    // What was sent before is done once this is answered.
    let open = || {
        io.send(IoCommand::OpenProject(dir.clone())).unwrap();
        while !matches!(event(&io), IoEvent::ProjectOpened(_)) {}
    };
    open();
    let mut rejections = Rejections::default();
    for rejected in [0..4, 0..10, 2..6] {
        rejections.reject(&[rejected], 1, &Grid::filled(extent(), 1));
        let rejections = Arc::new(rejections.clone());
        io.send(IoCommand::SaveReview { case: "a".into(), extent: extent(), rejections }).unwrap();
        open();
    }
    let log = std::fs::read_to_string(dir.join("audit.jsonl")).unwrap();
    let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let voxels: Vec<u64> =
        lines.filter(|line| line["event"] == "rejected").filter_map(|line| line["voxels"].as_u64()).collect();
    assert_eq!(voxels, [4, 6]);
}
