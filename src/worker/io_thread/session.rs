//! The open project as the io thread holds it, and the work on its files.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use super::exports::Exports;
use super::{Outbox, RecentList};
use crate::edit::Delta;
use crate::geometry::Extent;
use crate::io::{
    FirstSlice, GridMismatch, IoError, ReadClasses, on_grid, read_class_file, read_geometry, read_image,
    read_image_frame, read_image_showing, read_mask, write_class_file,
};
use crate::label::{Class, ClassId, ClassTable, ClassTableError, Prediction, Rejections};
use crate::project::{
    Additions, AuditCheck, AuditEvent, CaseEntry, InitRequest, Journal, PreferencesFile, Project, ProjectError,
    RecentProjects, create_demo, init, is_demo,
};
use crate::review::{CaseFigures, SurfaceBand};
use crate::volume::CaseId;
use crate::volume::phantom::PhantomSettings;
use crate::worker::PastRun;
use crate::worker::protocol_io::{CaseMark, CaseSummary, EditKind, IoCommand, IoEvent, LoadedCase, ProjectSummary};

#[derive(Debug, Error)]
pub(super) enum JobError {
    #[error(transparent)]
    Project(#[from] ProjectError),
    #[error("the class list is not usable: {0}. Correct it and try again.")]
    Classes(#[from] ClassTableError),
    #[error(transparent)]
    File(#[from] IoError),
    #[error("'{}' belongs to another grid. {source}", .path.display())]
    Grid { path: PathBuf, source: GridMismatch },
    #[error("No project is open. Open one first.")]
    NoProject,
    #[error("the system gave no thread for the export ({0}). Close other programs and try again.")]
    NoThread(std::io::Error),
}

pub(super) struct Session {
    open: Option<OpenProject>,
    exports: Exports,
    outbox: Outbox,
    recent: RecentList,
}

struct OpenProject {
    project: Project,
    journal: Journal,
    /// Cases whose labelled share is still to be counted.
    survey: VecDeque<CaseId>,
    /// Cases whose pseudo-label is still to be looked through.
    unranked: VecDeque<CaseId>,
}

impl Session {
    pub fn new(outbox: Outbox, recent: RecentList) -> Self {
        Self { open: None, exports: Exports::default(), outbox, recent }
    }

    /// The answer, or `None` if nobody waits for one any more. `superseded`: another case has been asked for.
    pub fn execute(&mut self, command: IoCommand, superseded: impl Fn() -> bool) -> Result<Option<IoEvent>, JobError> {
        let event = match command {
            IoCommand::ListRecent => IoEvent::Recent(self.recent_dirs()),
            IoCommand::OpenProject(dir) => self.enter(Project::load(&dir)?, Vec::new()),
            IoCommand::CreateDemo { dir } => self.enter(demo(&dir)?, Vec::new()),
            IoCommand::InitProject { request, class_names } => {
                let (project, notices) = new_project(&request, &class_names)?;
                self.enter(project, notices)
            }
            IoCommand::CloseProject => {
                self.open = None;
                return Ok(None);
            }
            IoCommand::LoadCase(case) => {
                let outbox = self.outbox.clone();
                let show = |slice| outbox.send(IoEvent::FirstSlice { case: case.clone(), slice: Box::new(slice) });
                return Ok(self.project()?.load_case(&case, superseded, show)?.map(loaded));
            }
            IoCommand::LoadFrame { case, frame } => {
                let image = Arc::new(read_image_frame(&self.project()?.project.image_path(&case)?, frame)?);
                IoEvent::FrameLoaded { case, frame, image }
            }
            IoCommand::LoadSecondImage { case, path } => {
                let image = Arc::new(read_image(&path)?.image);
                // It is kept with the study and looked for at another start, from another folder.
                let path = std::path::absolute(&path).unwrap_or(path);
                IoEvent::SecondImageLoaded { case, path, image }
            }
            IoCommand::ReadMask { ticket, path, geometry } => {
                let mask = on_grid(read_mask(&path)?, &geometry).map_err(|source| JobError::Grid { path, source })?;
                IoEvent::MaskRead { ticket, mask: Arc::new(mask.class) }
            }
            IoCommand::KeepView { case, text } => {
                self.project()?.project.save_kept_view(&case, &text)?;
                return Ok(None);
            }
            IoCommand::LoadPrediction(case) => {
                let prediction = self.project()?.project.load_prediction(&case)?.map(Arc::new);
                IoEvent::PredictionLoaded { case, prediction }
            }
            IoCommand::SaveLabels { case, labels, geometry, history } => {
                let (open, revision) = (self.project()?, labels.revision());
                open.project.save_labels(&case, &labels, &geometry)?;
                // The labels are safe; without their list of edits only undo over a restart is lost.
                let kept = open.project.save_history(&case, &history, revision);
                if let Err(error) = kept {
                    self.outbox.send(IoEvent::Warning(error.to_string()));
                }
                self.audit(&AuditEvent::Saved { case: case.clone(), revision });
                IoEvent::LabelsSaved { case, revision }
            }
            IoCommand::AppendJournal { case, delta, revision, kind } => {
                self.project()?.journal.append(&case, &delta, revision)?;
                self.audit(&edit_event(&case, &delta, kind));
                IoEvent::JournalAppended { case, revision }
            }
            IoCommand::AddImages { paths, held_out } => {
                let open = self.project()?;
                let Additions { cases, notices } = open.project.add_images(&paths, held_out)?;
                open.survey.extend(cases.iter().cloned());
                let cases = open.project.cases().iter().filter(|entry| cases.contains(&entry.id));
                IoEvent::CasesAdded { cases: cases.map(|entry| open.case_summary(entry)).collect(), notices }
            }
            IoCommand::RankCase(case) => {
                let unranked = &mut self.project()?.unranked;
                unranked.retain(|waiting| *waiting != case);
                unranked.push_back(case);
                return Ok(None);
            }
            IoCommand::SaveReview { case, extent, rejections } => {
                self.save_rejections(case, extent, &rejections)?;
                return Ok(None);
            }
            IoCommand::KeepKnownAnswer(answer) => {
                self.project()?.project.append_known_answer(&answer)?;
                return Ok(None);
            }
            IoCommand::SaveProject { classes, cases } => {
                self.project()?.save_marks(classes, cases)?;
                IoEvent::ProjectSaved
            }
            IoCommand::Export { folder, source } => {
                let project = self.project()?.project.clone();
                let outbox = self.outbox.clone();
                self.exports.start(project, folder, source, outbox).map_err(JobError::NoThread)?;
                return Ok(None);
            }
            // Tests leave the user's files alone.
            IoCommand::LoadPreferences if self.recent == RecentList::Ignore => return Ok(None),
            IoCommand::SavePreferences(_) if self.recent == RecentList::Ignore => return Ok(None),
            IoCommand::LoadPreferences => IoEvent::Preferences(Box::new(PreferencesFile::load()?)),
            IoCommand::SavePreferences(preferences) => {
                preferences.save()?;
                return Ok(None);
            }
            IoCommand::ReadClasses(path) => {
                let ReadClasses { classes, warnings, .. } = read_class_file(&path)?;
                IoEvent::ClassesRead { classes: ClassTable::listed(classes)?, warnings }
            }
            IoCommand::WriteClasses { path, format, classes } => {
                write_class_file(&path, format, &classes)?;
                IoEvent::ClassesWritten(path)
            }
        };
        Ok(Some(event))
    }

    pub fn has_idle_work(&self) -> bool {
        self.open.as_ref().is_some_and(|open| !open.survey.is_empty() || !open.unranked.is_empty())
    }

    /// Counts the labels of one case, or looks through its pseudo-label. A case that cannot be read says so when it is opened.
    pub fn idle_work(&mut self) -> Option<IoEvent> {
        let open = self.open.as_mut()?;
        if let Some(case) = open.survey.pop_front() {
            let known_share = known_share(&open.project, &case).ok()?;
            return Some(IoEvent::CaseSurveyed { case, known_share });
        }
        let case = open.unranked.pop_front()?;
        let figures = figures(&open.project, &case)?;
        Some(IoEvent::CaseRanked { case, figures: Box::new(figures) })
    }

    fn project(&mut self) -> Result<&mut OpenProject, JobError> {
        self.open.as_mut().ok_or(JobError::NoProject)
    }

    /// The project before stays open until here, so a project that cannot be read closes nothing.
    fn enter(&mut self, project: Project, notices: Vec<String>) -> IoEvent {
        let open = OpenProject {
            journal: project.journal(),
            survey: project.cases().iter().map(|case| case.id.clone()).collect(),
            unranked: project.cases().iter().map(|case| case.id.clone()).collect(),
            project,
        };
        let summary = Box::new(open.summary(notices));
        if self.recent == RecentList::Keep
            && let Err(error) = RecentProjects::remember(open.project.dir())
        {
            self.outbox.send(IoEvent::Warning(error.to_string()));
        }
        self.open = Some(open);
        self.audit(&AuditEvent::Opened);
        IoEvent::ProjectOpened(summary)
    }

    fn recent_dirs(&self) -> Vec<PathBuf> {
        match self.recent {
            RecentList::Keep => RecentProjects::load().dirs().to_vec(),
            RecentList::Ignore => Vec::new(),
        }
    }

    /// Work is not refused because the log cannot be written, but the user is told.
    /// Only what is rejected anew goes into the audit log.
    fn save_rejections(&mut self, case: CaseId, extent: Extent, rejections: &Rejections) -> Result<(), JobError> {
        let project = &self.project()?.project;
        // An unreadable file was told of when the case was opened, and is replaced.
        let before = project.load_rejections(&case, extent).unwrap_or_default();
        project.save_rejections(&case, extent, rejections)?;
        let voxels = rejections.count_beyond(&before);
        if voxels > 0 {
            self.audit(&AuditEvent::Rejected { case, voxels });
        }
        Ok(())
    }

    fn audit(&self, event: &AuditEvent) {
        let logged = self.open.as_ref().map(|open| open.project.audit(event));
        if let Some(Err(error)) = logged {
            self.outbox.send(IoEvent::Warning(error.to_string()));
        }
    }
}

impl OpenProject {
    fn summary(&self, mut notices: Vec<String>) -> ProjectSummary {
        // A log that cannot be read is named by the first event that does not go into it.
        if let Ok(AuditCheck::BrokenAt { line }) = self.project.verify_audit() {
            notices.push(format!(
                "The audit log of this study was changed outside Chiaro, at line {line} or before; keep a copy of it and \
                 find out why before you export masks."
            ));
        }
        let known_answers = self.project.load_known_answers().unwrap_or_else(|error| {
            notices.push(error.to_string());
            Vec::new()
        });
        ProjectSummary {
            dir: self.project.dir().to_owned(),
            name: self.project.name(),
            classes: self.project.classes().clone(),
            cases: self.project.cases().iter().map(|entry| self.case_summary(entry)).collect(),
            has_runs: self.project.has_runs(),
            past_run: PastRun::of(&self.project),
            known_answers,
            notices,
        }
    }

    fn case_summary(&self, entry: &CaseEntry) -> CaseSummary {
        CaseSummary {
            mark: CaseMark { id: entry.id.clone(), state: entry.state, held_out: entry.held_out },
            known_share: None,
            has_prediction: self.project.has_prediction(&entry.id),
        }
    }

    /// `None` if another case was asked for while the image was read.
    /// `show` gets a slice of a large image on the way, `None` comes if somebody wants another case meanwhile.
    fn load_case(
        &self,
        case: &CaseId,
        superseded: impl Fn() -> bool,
        show: impl FnMut(FirstSlice),
    ) -> Result<Option<LoadedCase>, ProjectError> {
        let image = read_image_showing(&self.project.image_path(case)?, show)?;
        if superseded() {
            return Ok(None);
        }
        let extent = image.image.extent();
        let labels = self.project.recover_labels(case, extent)?;
        let mut notices = image.notices;
        notices.extend(labels.notices);
        let prediction = match self.project.load_prediction(case) {
            Ok(prediction) => prediction.filter(|p: &Prediction| p.extent() == extent).map(Arc::new),
            Err(error) => {
                notices.push(error.to_string());
                None
            }
        };
        let rejections = self.project.load_rejections(case, extent).unwrap_or_else(|error| {
            notices.push(error.to_string());
            Rejections::default()
        });
        let kept_view = self.project.load_kept_view(case).unwrap_or_else(|error| {
            notices.push(error.to_string());
            None
        });
        Ok(Some(LoadedCase {
            kept_view,
            case: case.clone(),
            image: Arc::new(image.image),
            geometry: Arc::new(image.header),
            labels: labels.labels,
            history: labels.history,
            prediction,
            rejections,
            notices,
        }))
    }

    fn save_marks(&mut self, classes: ClassTable, cases: Vec<CaseMark>) -> Result<(), ProjectError> {
        *self.project.classes_mut() = classes;
        for CaseMark { id, state, held_out } in cases {
            self.project.mark_case(&id, state, held_out)?;
        }
        self.project.save()
    }
}

fn loaded(case: LoadedCase) -> IoEvent {
    IoEvent::CaseLoaded(Box::new(case))
}

fn demo(dir: &Path) -> Result<Project, ProjectError> {
    if is_demo(dir) { Project::load(dir) } else { create_demo(dir, PhantomSettings::default().seed) }
}

/// The made project and sentences about single files.
fn new_project(request: &InitRequest, class_names: &[String]) -> Result<(Project, Vec<String>), JobError> {
    let report = init(request)?;
    let mut project = report.project;
    if !class_names.is_empty() {
        *project.classes_mut() = named(project.classes(), class_names)?;
        project.save()?;
    }
    Ok((project, report.notices))
}

/// Classes 1, 2, ... with these names; further classes that came with the labels stay.
fn named(found: &ClassTable, names: &[String]) -> Result<ClassTable, ClassTableError> {
    let mut classes: Vec<_> = (1..=ClassId::MAX).zip(names).map(|(id, name)| Class::new(id, name)).collect();
    let named: Vec<_> = classes.iter().map(|class| class.id).collect();
    classes.extend(found.foreground().filter(|class| !named.contains(&class.id)).cloned());
    ClassTable::listed(classes)
}

fn known_share(project: &Project, case: &CaseId) -> Result<f32, ProjectError> {
    if !project.has_labels(case)? {
        return Ok(0.0);
    }
    let extent = read_geometry(&project.image_path(case)?)?.extent;
    let labels = project.load_labels(case, extent)?;
    Ok(labels.known_count() as f32 / extent.voxel_count() as f32)
}

/// `None` without a pseudo-label, or with one that cannot be read or does not fit: opening the case says so.
fn figures(project: &Project, case: &CaseId) -> Option<CaseFigures> {
    if !project.has_prediction(case) {
        return None;
    }
    let prediction = project.load_prediction(case).ok()??;
    let spacing_mm = read_geometry(&project.image_path(case).ok()?).ok()?.affine.spacing_mm();
    let band = SurfaceBand::of(&prediction, SurfaceBand::VOXELS).ok()?;
    CaseFigures::of(&prediction, &band, spacing_mm).ok()
}

fn edit_event(case: &CaseId, delta: &Delta, kind: EditKind) -> AuditEvent {
    let (case, voxels) = (case.clone(), delta.voxel_count());
    match kind {
        EditKind::Painted { tool } => AuditEvent::Painted { case, tool: tool.to_owned(), voxels },
        EditKind::Accepted { model } => AuditEvent::Accepted { case, voxels, model },
        EditKind::Undone { step } => AuditEvent::Undone { case, tool: step },
        EditKind::Redone { step } => AuditEvent::Redone { case, tool: step },
    }
}
