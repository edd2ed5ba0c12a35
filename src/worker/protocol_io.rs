//! Commands to the io thread and the events it answers with. Every answer names what it is for.

use std::path::PathBuf;
use std::sync::Arc;

use crate::edit::{Delta, HistoryRecord};
use crate::geometry::Extent;
use crate::io::{ClassFileFormat, FirstSlice, NiftiGeometry};
use crate::label::{ClassId, ClassTable, LabelMap, Prediction, Rejections};
use crate::project::{CaseState, ExportReport, InitRequest, KnownAnswer, ModelStep, PreferencesFile, Source};
use crate::review::CaseFigures;
use crate::volume::{CaseId, Grid, Image};
use crate::worker::PastRun;

#[derive(Debug)]
pub enum IoCommand {
    /// The recent projects; answered by `Recent`.
    ListRecent,
    OpenProject(PathBuf),
    /// Opens the demo in a folder, made first if it is not there.
    CreateDemo {
        dir: PathBuf,
    },
    /// `class_names` are given to the classes 1, 2, ...; names found by the request stay where this list ends.
    InitProject {
        request: Box<InitRequest>,
        class_names: Vec<String>,
    },
    CloseProject,
    /// A newer load replaces one that still waits.
    LoadCase(CaseId),
    /// Another frame of a case's image; a newer one replaces one that still waits.
    LoadFrame {
        case: CaseId,
        frame: usize,
    },
    /// An image from anywhere, to be laid over a case's.
    LoadSecondImage {
        case: CaseId,
        path: PathBuf,
    },
    /// Somebody's labels of a case, wanted on the grid of its image; answered by `MaskRead` or `MaskFailed`.
    ReadMask {
        ticket: u64,
        path: PathBuf,
        geometry: Arc<NiftiGeometry>,
    },
    /// How a case is looked at, written beside its labels. A newer one of the same case replaces one that still waits.
    KeepView {
        case: CaseId,
        text: String,
    },
    /// The prediction planes on disk.
    LoadPrediction(CaseId),
    /// Written whole; the case's journal is emptied afterwards. A newer save of the same case replaces one that still waits.
    SaveLabels {
        case: CaseId,
        labels: Arc<LabelMap>,
        geometry: Arc<NiftiGeometry>,
        /// The list of edits that led there.
        history: HistoryRecord,
    },
    /// `revision` is the case's label revision after the change.
    AppendJournal {
        case: CaseId,
        delta: Arc<Delta>,
        revision: u64,
        kind: EditKind,
    },
    /// Classes and case marks as they are now. A newer one replaces one that still waits.
    SaveProject {
        classes: ClassTable,
        cases: Vec<CaseMark>,
    },
    /// Images, and those in folders, become cases of the project; answered by `CasesAdded`.
    AddImages {
        paths: Vec<PathBuf>,
        held_out: bool,
    },
    /// The pseudo-label of a case is another one: looked through in idle time, answered by `CaseRanked`.
    RankCase(CaseId),
    /// What a reviewer rejected. A newer one of the same case replaces one that still waits.
    SaveReview {
        case: CaseId,
        extent: Extent,
        rejections: Arc<Rejections>,
    },
    /// An answer to a known question.
    KeepKnownAnswer(KnownAnswer),
    Export {
        folder: PathBuf,
        source: Source,
    },
    /// The user's settings and keys; answered by `Preferences`.
    LoadPreferences,
    SavePreferences(Box<PreferencesFile>),
    /// A label description of ITK-SNAP's or Slicer's, whichever it is.
    ReadClasses(PathBuf),
    WriteClasses {
        path: PathBuf,
        format: ClassFileFormat,
        classes: ClassTable,
    },
}

/// How a change came about, for the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditKind {
    /// By hand; the tool in the words of the undo list.
    Painted {
        tool: &'static str,
    },
    /// From the pseudo-label of these networks.
    Accepted {
        model: Option<ModelStep>,
    },
    Undone {
        step: String,
    },
    Redone {
        step: String,
    },
}

/// What the user says about a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseMark {
    pub id: CaseId,
    pub state: CaseState,
    pub held_out: bool,
}

/// One line of the case list, as the project folder has it.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseSummary {
    pub mark: CaseMark,
    /// Share (0 to 1) of voxels that somebody has labelled; `None` until the labels have been counted.
    pub known_share: Option<f32>,
    pub has_prediction: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ProjectSummary {
    pub dir: PathBuf,
    pub name: String,
    pub classes: ClassTable,
    pub cases: Vec<CaseSummary>,
    /// Training has run in this project before.
    pub has_runs: bool,
    /// The newest run that can be continued.
    pub past_run: Option<PastRun>,
    /// Answers to known questions so far.
    pub known_answers: Vec<KnownAnswer>,
    pub notices: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct LoadedCase {
    pub case: CaseId,
    pub image: Arc<Image>,
    pub geometry: Arc<NiftiGeometry>,
    pub labels: LabelMap,
    /// Edits of earlier sessions that can be undone.
    pub history: HistoryRecord,
    pub prediction: Option<Arc<Prediction>>,
    /// What a reviewer said its voxels are not.
    pub rejections: Rejections,
    /// Sentences about the files.
    pub notices: Vec<String>,
    /// What was kept by `KeepView`.
    pub kept_view: Option<String>,
}

/// Failures are one sentence each.
#[derive(Debug)]
pub enum IoEvent {
    Recent(Vec<PathBuf>),
    /// Something the user should know; the work goes on.
    Warning(String),
    ProjectOpened(Box<ProjectSummary>),
    ProjectFailed {
        dir: PathBuf,
        sentence: String,
    },
    /// They come behind the others; sentences about files that were left out.
    CasesAdded {
        cases: Vec<CaseSummary>,
        notices: Vec<String>,
    },
    /// A slice of a large case that is still being read.
    FirstSlice {
        case: CaseId,
        slice: Box<FirstSlice>,
    },
    CaseLoaded(Box<LoadedCase>),
    CaseFailed {
        case: CaseId,
        sentence: String,
    },
    /// Counted in idle time.
    CaseSurveyed {
        case: CaseId,
        known_share: f32,
    },
    /// What a pseudo-label on disk says of its case; found in idle time.
    CaseRanked {
        case: CaseId,
        figures: Box<CaseFigures>,
    },
    PredictionLoaded {
        case: CaseId,
        prediction: Option<Arc<Prediction>>,
    },
    PredictionFailed {
        case: CaseId,
        sentence: String,
    },
    LabelsSaved {
        case: CaseId,
        revision: u64,
    },
    LabelsNotSaved {
        case: CaseId,
        revision: u64,
        sentence: String,
    },
    JournalAppended {
        case: CaseId,
        revision: u64,
    },
    JournalFailed {
        case: CaseId,
        revision: u64,
        sentence: String,
    },
    ProjectSaved,
    ProjectNotSaved {
        sentence: String,
    },
    Exported {
        folder: PathBuf,
        report: Box<ExportReport>,
    },
    ExportFailed {
        sentence: String,
    },
    ClassesRead {
        classes: ClassTable,
        warnings: Vec<String>,
    },
    ClassesWritten(PathBuf),
    SecondImageLoaded {
        case: CaseId,
        path: PathBuf,
        image: Arc<Image>,
    },
    MaskRead {
        ticket: u64,
        mask: Arc<Grid<ClassId>>,
    },
    MaskFailed {
        ticket: u64,
        sentence: String,
    },
    FrameLoaded {
        case: CaseId,
        frame: usize,
        image: Arc<Image>,
    },
    FrameFailed {
        case: CaseId,
        frame: usize,
        sentence: String,
    },
    Preferences(Box<PreferencesFile>),
}
