//! The open project as the case list shows it.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::label::ClassTable;
use crate::project::CaseState;
use crate::review::{CaseFigures, CaseRank, RankedCase, ReviewState};
use crate::volume::CaseId;
use crate::worker::protocol_io::{CaseMark, CaseSummary, ProjectSummary};

#[derive(Debug)]
pub struct Study {
    pub dir: PathBuf,
    pub name: String,
    pub classes: ClassTable,
    pub cases: Vec<CaseLine>,
    /// Cases that have taken part in a training run; their held-out mark is fixed.
    pub trained: HashSet<CaseId>,
    /// By how much they need a review.
    rank: CaseRank,
    /// Cases that somebody has gone on from since their newest pseudo-label: the others are suggested first.
    passed: HashSet<CaseId>,
    /// Places in `cases` in that order, held-out cases last.
    ranked: Vec<usize>,
    /// The list shows them in that order.
    by_rank: bool,
    /// The cases that the list shows.
    filter: CaseFilter,
    /// Places in `cases`, as the list shows them.
    rows: Vec<usize>,
    /// Classes or case marks changed since the project file was written.
    pub(super) unsaved: bool,
}

/// Which cases the list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaseFilter {
    #[default]
    All,
    /// In this state and not held out.
    State(CaseState),
    HeldOut,
}

impl CaseFilter {
    fn passes(self, line: &CaseLine) -> bool {
        match self {
            Self::All => true,
            Self::State(state) => line.state == state && !line.held_out,
            Self::HeldOut => line.held_out,
        }
    }
}

/// One line of the case list.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseLine {
    pub id: CaseId,
    pub state: CaseState,
    pub held_out: bool,
    /// Share (0 to 1) of voxels somebody has labelled; `None` until counted.
    pub known_share: Option<f32>,
    pub has_prediction: bool,
    /// Labels changed since the label file was written.
    pub unsaved: bool,
    /// What its newest pseudo-label says of it as a whole, once somebody has looked.
    pub figures: Option<CaseFigures>,
    /// Why it could not be read, one sentence.
    pub failure: Option<String>,
}

impl Study {
    pub(super) fn new(summary: ProjectSummary) -> Self {
        let cases: Vec<_> = summary.cases.into_iter().map(CaseLine::new).collect();
        let seen = |line: &&CaseLine| summary.has_runs && !line.held_out;
        let trained = cases.iter().filter(seen).map(|line| line.id.clone()).collect();
        let mut study = Self {
            dir: summary.dir,
            name: summary.name,
            classes: summary.classes,
            cases,
            trained,
            rank: CaseRank::default(),
            passed: HashSet::new(),
            ranked: Vec::new(),
            by_rank: false,
            filter: CaseFilter::default(),
            rows: Vec::new(),
            unsaved: false,
        };
        study.rank();
        study
    }

    /// Behind the others.
    pub(super) fn add(&mut self, cases: Vec<CaseSummary>) {
        self.cases.extend(cases.into_iter().map(CaseLine::new));
        self.rank();
    }

    /// To be called when a state, a held-out mark or what a pseudo-label says of its case has changed.
    pub(super) fn rank(&mut self) {
        let state = |line: &CaseLine| match line.state {
            CaseState::Open => ReviewState::New,
            CaseState::InProgress => ReviewState::InWork,
            CaseState::Reviewed => ReviewState::Reviewed,
            CaseState::Done => ReviewState::Done,
            CaseState::Flagged => ReviewState::Flagged,
        };
        // What is held out is labelled from scratch, not reviewed.
        let reviewed = self.cases.iter().filter(|line| !line.held_out);
        let ranked =
            reviewed.map(|line| RankedCase { case: line.id.clone(), state: state(line), figures: line.figures });
        self.rank = CaseRank::new(ranked.collect());
        let in_order = self.rank.cases().iter().filter_map(|ranked| self.position(&ranked.case));
        let held_out = (0..self.cases.len()).filter(|place| self.cases[*place].held_out);
        self.ranked = in_order.chain(held_out).collect();
        self.list();
    }

    fn list(&mut self) {
        let in_order = if self.by_rank { self.ranked.clone() } else { (0..self.cases.len()).collect() };
        self.rows = in_order.into_iter().filter(|place| self.filter.passes(&self.cases[*place])).collect();
    }

    pub(super) fn list_by_rank(&mut self, by_rank: bool) {
        self.by_rank = by_rank;
        self.list();
    }

    pub(super) fn set_filter(&mut self, filter: CaseFilter) {
        self.filter = filter;
        self.list();
    }

    pub fn is_by_rank(&self) -> bool {
        self.by_rank
    }

    pub fn filter(&self) -> CaseFilter {
        self.filter
    }

    /// Rows of the list.
    pub fn row_count(&self) -> usize {
        self.rows.len()
    }

    /// Row of a case, if the list shows it.
    pub(super) fn row_of(&self, id: &CaseId) -> Option<usize> {
        self.rows.iter().position(|place| self.cases[*place].id == *id)
    }

    /// How many cases a filter lets through.
    pub fn count(&self, filter: CaseFilter) -> usize {
        self.cases.iter().filter(|line| filter.passes(line)).count()
    }

    /// The case that needs a review most, other than the open one and, while there are others, those that were gone on
    /// from. Cases without a pseudo-label come last, by name.
    pub fn next_suggested(&self, open: Option<&CaseId>) -> Option<&CaseId> {
        let suggested = match self.rank.suggested(open).find(|ranked| !self.is_passed(ranked)) {
            Some(ranked) if ranked.figures.is_some() => Some(ranked),
            Some(_) => self.rank.next_unreviewed(open),
            None => self.rank.next_suggested(open),
        };
        suggested.map(|ranked| &ranked.case)
    }

    /// Somebody goes on from a case to the next suggested one. After the last of them it begins again with the first.
    pub(super) fn pass(&mut self, open: &CaseId) {
        if self.rank.suggested(Some(open)).all(|ranked| self.is_passed(ranked)) {
            self.passed.clear();
        }
        self.passed.insert(open.clone());
    }

    /// There is a newer pseudo-label of a case, and what it says of it.
    pub(super) fn set_figures(&mut self, id: &CaseId, figures: CaseFigures) {
        self.passed.remove(id);
        if let Some(line) = self.case_mut(id) {
            line.figures = Some(figures);
        }
        self.rank();
    }

    /// The cases to review after the open one, the most needful first and those that were gone on from behind the others, at
    /// most `count`. The last place is kept for one without a pseudo-label: what is never predicted never comes to the
    /// front, however much it needs a review.
    pub(super) fn upcoming(&self, open: Option<&CaseId>, count: usize) -> Vec<CaseId> {
        let new = self.rank.suggested(open).filter(|ranked| !self.is_passed(ranked));
        let seen = self.rank.suggested(open).filter(|ranked| self.is_passed(ranked));
        let (front, behind): (Vec<_>, Vec<_>) = new.chain(seen).enumerate().partition(|(place, _)| place + 1 < count);
        let unknown = behind.iter().find(|(_, ranked)| ranked.figures.is_none());
        let last = unknown.or(behind.first()).filter(|_| count > 0);
        front.iter().chain(last).map(|(_, ranked)| ranked.case.clone()).collect()
    }

    fn is_passed(&self, ranked: &RankedCase) -> bool {
        self.passed.contains(&ranked.case)
    }

    /// The case in a row of the list.
    pub fn listed(&self, row: usize) -> Option<&CaseLine> {
        self.cases.get(*self.rows.get(row)?)
    }

    pub fn case(&self, id: &CaseId) -> Option<&CaseLine> {
        self.cases.iter().find(|line| &line.id == id)
    }

    pub fn position(&self, id: &CaseId) -> Option<usize> {
        self.cases.iter().position(|line| &line.id == id)
    }

    pub(super) fn case_mut(&mut self, id: &CaseId) -> Option<&mut CaseLine> {
        self.cases.iter_mut().find(|line| &line.id == id)
    }

    pub(super) fn marks(&self) -> Vec<CaseMark> {
        let mark = |line: &CaseLine| CaseMark { id: line.id.clone(), state: line.state, held_out: line.held_out };
        self.cases.iter().map(mark).collect()
    }

    /// Which classes may be neither painted over nor erased.
    pub(super) fn locked(&self) -> [bool; 256] {
        let mut locked = [false; 256];
        for class in self.classes.all() {
            locked[usize::from(class.id)] = class.locked;
        }
        locked
    }

    /// A run begins: every case that is not held out takes part.
    pub(super) fn mark_trained(&mut self) {
        self.trained.extend(self.cases.iter().filter(|line| !line.held_out).map(|line| line.id.clone()));
    }
}

impl CaseLine {
    fn new(summary: CaseSummary) -> Self {
        let CaseSummary { mark, known_share, has_prediction } = summary;
        let CaseMark { id, state, held_out } = mark;
        Self { id, state, held_out, known_share, has_prediction, unsaved: false, figures: None, failure: None }
    }
}
