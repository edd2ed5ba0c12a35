//! The state of the open project: `Action` → [`apply`] → `Effect`s, and [`absorb`] for what the threads answer.
//!
//! Everything here runs on the window's thread: no locks, no files, no waiting.

mod absorb;
mod action;
mod apply;
mod case_review;
mod comparison;
mod curve;
mod drawing;
mod effect;
mod file_action;
mod kept_view;
mod known_questions;
mod measurements;
mod new_project;
mod notice;
mod older_round;
mod open_case;
mod pending;
mod preferences;
mod round_history;
mod saving;
mod second_image;
mod split;
mod study;
#[cfg(test)]
mod tests;
mod tools;
mod training;
mod turning;
mod views;

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use absorb::absorb;
pub use action::{
    Action, AppAction, CaseAction, ClassAction, CompareAction, EditAction, Hover, MeasureAction, OutlineAction,
    PseudoAction, ReviewAction, Ruler, Tool, ToolAction, TourAction, TrainAction, ViewAction,
};
use apply::Stroke;
pub use apply::apply;
pub use case_review::CaseReview;
pub use comparison::{ComparedWith, Comparison, ComparisonState};
pub use curve::Curve;
pub use drawing::Drawing;
pub use effect::{Effect, Event};
pub use file_action::{FileAction, FilePurpose, FolderPurpose};
pub use known_questions::{KnownQuestions, OpenQuestion, QuestionStage};
pub use measurements::{Measured, Measurements};
pub use new_project::NewProjectForm;
pub use notice::{Notice, NoticeKind};
pub use older_round::{OlderRound, RoundAction, RoundView};
pub use open_case::OpenCase;
pub use pending::{Pending, PendingState};
pub use preferences::{Preferences, Settings, ThemeChoice};
pub use round_history::RoundHistory;
pub use saving::{AfterSave, SaveState, SavingFirst};
pub use second_image::SecondImage;
pub use split::{Split, SplitAction, SplitForm, SplitSide};
pub use study::{CaseFilter, CaseLine, Study};
pub use tools::Tools;
pub use training::{Training, TrainingFailure};
pub use views::{Layout, Views};

pub use crate::io::ClassFileFormat;
use crate::view::FirstLook;
use crate::volume::CaseId;

/// What the program knows; widgets read it and answer with actions.
#[derive(Debug, Default)]
pub struct Workspace {
    now: Duration,
    recent: Vec<PathBuf>,
    opening: Option<PathBuf>,
    study: Option<Study>,
    shown: Shown,
    /// Of a case that is still being read.
    first_look: Option<(CaseId, Arc<FirstLook>)>,
    /// Opened cases that are not on the screen, the longest unseen first.
    parked: Vec<OpenCase>,
    preferences: Preferences,
    /// They have been read from the user's folder.
    preferences_known: bool,
    /// Something in them could not be used; they are not written over.
    preferences_damaged: bool,
    /// Step of the tour that is shown.
    tour: Option<usize>,
    /// The demo is being opened by somebody who has not seen the tour.
    offers_tour: bool,
    views: Views,
    /// When the thresholds of doubt were changed last.
    thresholds_set: Duration,
    tools: Tools,
    training: Training,
    notices: Vec<Notice>,
    new_project: Option<NewProjectForm>,
    exporting: bool,
    saving_first: SavingFirst,
    stroke: Option<Stroke>,
    drawing: Option<Drawing>,
    pending: Option<Pending>,
    comparison: Option<Comparison>,
    known: KnownQuestions,
    older: Option<OlderRound>,
    split: Option<Split>,
    /// Number of the newest job for the thread that works on labels.
    tickets: u64,
}

/// The case on the screen.
#[derive(Debug, Default)]
pub enum Shown {
    #[default]
    Nothing,
    Loading(CaseId),
    Failed {
        case: CaseId,
        sentence: String,
    },
    Ready(Box<OpenCase>),
}

impl Workspace {
    pub fn new() -> Self {
        Self::default()
    }

    /// Time since the program started, of the last tick.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// Project folders opened before, the newest first.
    pub fn recent(&self) -> &[PathBuf] {
        &self.recent
    }

    /// The project folder that is being opened or made.
    pub fn opening(&self) -> Option<&PathBuf> {
        self.opening.as_ref()
    }

    pub fn study(&self) -> Option<&Study> {
        self.study.as_ref()
    }

    pub fn shown(&self) -> &Shown {
        &self.shown
    }

    /// The case on the screen, once it has been read.
    pub fn case(&self) -> Option<&OpenCase> {
        match &self.shown {
            Shown::Ready(case) => Some(case),
            _ => None,
        }
    }

    /// The case on the screen, also while it is being read and when that failed.
    pub fn shown_id(&self) -> Option<&CaseId> {
        match &self.shown {
            Shown::Nothing => None,
            Shown::Loading(case) | Shown::Failed { case, .. } => Some(case),
            Shown::Ready(case) => Some(&case.id),
        }
    }

    /// A slice of the shown case while the rest of it is being read.
    pub fn first_look(&self) -> Option<&Arc<FirstLook>> {
        let (case, look) = self.first_look.as_ref()?;
        matches!(&self.shown, Shown::Loading(loading) if loading == case).then_some(look)
    }

    /// What a case is called on the screen: its name, or its number where names are hidden.
    pub fn case_name<'a>(&self, id: &'a CaseId) -> Cow<'a, str> {
        let place = self.study.as_ref().filter(|_| self.preferences.settings.hides_names).and_then(|s| s.position(id));
        place.map_or(Cow::Borrowed(id.as_str()), |place| format!("Case {}", place + 1).into())
    }

    /// What the user has set for the program itself.
    pub fn preferences(&self) -> &Preferences {
        &self.preferences
    }

    /// Step of the tour that is shown, from 0.
    pub fn tour(&self) -> Option<usize> {
        self.tour
    }

    pub fn views(&self) -> &Views {
        &self.views
    }

    pub fn tools(&self) -> &Tools {
        &self.tools
    }

    pub fn training(&self) -> &Training {
        &self.training
    }

    /// The older round that is looked at.
    pub fn older(&self) -> Option<&OlderRound> {
        self.older.as_ref()
    }

    /// Questions about held-out cases, and the answers so far.
    pub fn known_questions(&self) -> &KnownQuestions {
        &self.known
    }

    /// The newest last; bounded.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// The form of a new project, while it is open.
    pub fn new_project(&self) -> Option<&NewProjectForm> {
        self.new_project.as_ref()
    }

    /// Also while the labels are still being saved for it.
    pub fn is_exporting(&self) -> bool {
        self.exporting || matches!(self.saving_first, SavingFirst::Saving(AfterSave::Export { .. }))
    }

    /// Whether something waits until everything is saved.
    pub fn saving_first(&self) -> &SavingFirst {
        &self.saving_first
    }

    /// The outline being drawn.
    pub fn drawing(&self) -> Option<&Drawing> {
        self.drawing.as_ref()
    }

    /// The operation being worked out or shown.
    pub fn pending(&self) -> Option<&Pending> {
        self.pending.as_ref()
    }

    /// The labels of the shown case beside another map, while that is looked at.
    pub fn comparison(&self) -> Option<&Comparison> {
        self.comparison.as_ref()
    }

    /// The shown prediction no longer matches the labels or the newest run: draw it faded.
    pub fn prediction_is_stale(&self) -> bool {
        self.case().is_some_and(|case| case.prediction_is_stale(self.training.run.as_deref()))
    }

    fn opened(&self) -> impl Iterator<Item = &OpenCase> {
        self.parked.iter().chain(self.case())
    }

    fn opened_mut(&mut self) -> impl Iterator<Item = &mut OpenCase> {
        let shown = match &mut self.shown {
            Shown::Ready(case) => Some(case.as_mut()),
            _ => None,
        };
        self.parked.iter_mut().chain(shown)
    }

    fn opened_case_mut(&mut self, id: &CaseId) -> Option<&mut OpenCase> {
        self.opened_mut().find(|case| &case.id == id)
    }

    fn case_mut(&mut self) -> Option<&mut OpenCase> {
        match &mut self.shown {
            Shown::Ready(case) => Some(case),
            _ => None,
        }
    }
}
