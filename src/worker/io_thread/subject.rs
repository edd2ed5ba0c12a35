//! What a command is about, for the answer when it fails.

use std::path::PathBuf;

use crate::volume::CaseId;
use crate::worker::protocol_io::{IoCommand, IoEvent};

#[derive(Debug)]
pub(super) enum Subject {
    Project(PathBuf),
    ProjectFile,
    Case(CaseId),
    Prediction(CaseId),
    Frame(CaseId, usize),
    Labels(CaseId, u64),
    Journal(CaseId, u64),
    Export,
    Mask(u64),
    /// Nobody waits for an answer.
    Idle,
}

impl Subject {
    pub fn of(command: &IoCommand) -> Self {
        match command {
            IoCommand::OpenProject(dir) | IoCommand::CreateDemo { dir } => Self::Project(dir.clone()),
            IoCommand::InitProject { request, .. } => Self::Project(request.dir.clone()),
            IoCommand::LoadCase(case) => Self::Case(case.clone()),
            IoCommand::LoadFrame { case, frame } => Self::Frame(case.clone(), *frame),
            IoCommand::LoadPrediction(case) => Self::Prediction(case.clone()),
            IoCommand::SaveLabels { case, labels, .. } => Self::Labels(case.clone(), labels.revision()),
            IoCommand::AppendJournal { case, revision, .. } => Self::Journal(case.clone(), *revision),
            IoCommand::SaveProject { .. } => Self::ProjectFile,
            IoCommand::Export { .. } => Self::Export,
            IoCommand::ReadMask { ticket, .. } => Self::Mask(*ticket),
            IoCommand::ListRecent
            | IoCommand::CloseProject
            | IoCommand::LoadSecondImage { .. }
            | IoCommand::SaveReview { .. }
            | IoCommand::KeepKnownAnswer(_)
            | IoCommand::RankCase(_)
            | IoCommand::AddImages { .. }
            | IoCommand::KeepView { .. }
            | IoCommand::LoadPreferences
            | IoCommand::SavePreferences(_)
            | IoCommand::ReadClasses(_)
            | IoCommand::WriteClasses { .. } => Self::Idle,
        }
    }

    pub fn failed(&self, sentence: String) -> IoEvent {
        match self {
            Self::Project(dir) => IoEvent::ProjectFailed { dir: dir.clone(), sentence },
            Self::ProjectFile => IoEvent::ProjectNotSaved { sentence },
            Self::Case(case) => IoEvent::CaseFailed { case: case.clone(), sentence },
            Self::Prediction(case) => IoEvent::PredictionFailed { case: case.clone(), sentence },
            Self::Frame(case, frame) => IoEvent::FrameFailed { case: case.clone(), frame: *frame, sentence },
            Self::Labels(case, revision) => {
                IoEvent::LabelsNotSaved { case: case.clone(), revision: *revision, sentence }
            }
            Self::Journal(case, revision) => {
                IoEvent::JournalFailed { case: case.clone(), revision: *revision, sentence }
            }
            Self::Export => IoEvent::ExportFailed { sentence },
            Self::Mask(ticket) => IoEvent::MaskFailed { ticket: *ticket, sentence },
            Self::Idle => IoEvent::Warning(sentence),
        }
    }
}
