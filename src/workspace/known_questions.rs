//! Known questions: now and then a reviewer decides about a held-out case whose labels are hidden and say what is right.
//! It tells looking from accepting whatever is shown. No answer changes a label, and nothing of it reaches training.

use std::collections::BTreeSet;

use crate::geometry::{Extent, Voxel};
use crate::project::{Decision, KnownAnswer};
use crate::review::KnownQuestion;
use crate::volume::CaseId;
use crate::workspace::{CaseLine, Study};

/// Suggested cases from one question to the next: a fifth of the way more, and two questions within a usual sitting.
const EVERY: u32 = 5;
/// The newest answers that the warning looks at...
const RECENT: usize = 10;
/// ...and how many of them may not be accepted wrongly: two are a slip of the hand and an honest error.
const TOO_MANY: usize = 3;

/// Of the open study.
#[derive(Debug, Default)]
pub struct KnownQuestions {
    /// In the order they were given.
    answers: Vec<KnownAnswer>,
    /// Cases that were suggested since the last question.
    suggested: u32,
    /// Held-out cases whose newest pseudo-label left nothing to ask.
    barren: BTreeSet<CaseId>,
    pub(super) open: Option<OpenQuestion>,
}

#[derive(Debug)]
pub struct OpenQuestion {
    pub case: CaseId,
    /// The suggested case that it stands before.
    pub(super) before: CaseId,
    pub stage: QuestionStage,
}

#[derive(Debug)]
pub enum QuestionStage {
    /// The case is being read.
    Opening,
    /// A place to ask about is being looked for.
    Sought,
    Asked(Box<KnownQuestion>),
    /// The labels can be seen again; nothing can be edited until it is left.
    Answered {
        agreed: bool,
    },
}

impl KnownQuestions {
    pub(super) fn new(answers: Vec<KnownAnswer>) -> Self {
        Self { answers, ..Self::default() }
    }

    pub fn open(&self) -> Option<&OpenQuestion> {
        self.open.as_ref()
    }

    /// How many answers agreed with the known labels, and how many there are.
    pub fn agreed(&self) -> (usize, usize) {
        (self.answers.iter().filter(|answer| answer.agrees()).count(), self.answers.len())
    }

    /// One sentence if the newest answers look like accepting whatever is shown.
    pub fn warning(&self) -> Option<String> {
        let recent = &self.answers[self.answers.len().saturating_sub(RECENT)..];
        let wrong = recent.iter().filter(|answer| answer.is_wrongly_accepted()).count();
        (wrong >= TOO_MANY).then(|| {
            format!(
                "{wrong} of the last {} known questions were accepted although the labels say otherwise. Take more time \
                 before you accept.",
                recent.len()
            )
        })
    }

    /// Whether the labels of a case are not to be seen.
    pub(super) fn hides(&self, case: &CaseId) -> bool {
        let is_hidden = |open: &&OpenQuestion| !matches!(open.stage, QuestionStage::Answered { .. });
        self.open.as_ref().filter(is_hidden).is_some_and(|open| open.case == *case)
    }

    /// A case is about to be suggested: the held-out case to ask about first, if it is time for that.
    pub(super) fn due(&mut self, study: &Study, shown: Option<&CaseId>) -> Option<CaseId> {
        self.suggested = self.suggested.saturating_add(1);
        if self.suggested < EVERY {
            return None;
        }
        let is_ready = |line: &CaseLine| line.has_prediction && !self.barren.contains(&line.id);
        let case = self.next_of(study, shown, is_ready)?;
        self.suggested = 0;
        Some(case)
    }

    /// The held-out case that a newer pseudo-label would be of most use for.
    pub(super) fn upcoming(&self, study: &Study, shown: Option<&CaseId>) -> Option<CaseId> {
        self.next_of(study, shown, |_| true)
    }

    /// The labelled held-out case that was asked about least; of equals the first of the list. Where there was nothing to ask
    /// comes last.
    fn next_of(&self, study: &Study, shown: Option<&CaseId>, wanted: impl Fn(&CaseLine) -> bool) -> Option<CaseId> {
        let can_be_asked = study.cases.iter().filter(|line| {
            let is_labelled = line.known_share.is_some_and(|share| share > 0.0);
            line.held_out && is_labelled && line.failure.is_none() && Some(&line.id) != shown && wanted(line)
        });
        let asked = |case: &CaseId| self.answers.iter().filter(|answer| answer.case == *case).count();
        can_be_asked.min_by_key(|line| (self.barren.contains(&line.id), asked(&line.id))).map(|line| line.id.clone())
    }

    /// Of what can be asked, what was asked least; then as many to be rejected as to be accepted.
    pub(super) fn choose(&self, case: &CaseId, extent: Extent, questions: Vec<KnownQuestion>) -> Option<KnownQuestion> {
        let holds = |question: &KnownQuestion, place: [usize; 3]| {
            let voxel = Voxel::from(place);
            extent.contains(voxel) && question.region.holds(extent.index(voxel))
        };
        let of_case = || self.answers.iter().filter(|answer| answer.case == *case);
        let asked = |question: &KnownQuestion| of_case().filter(|answer| holds(question, answer.place)).count();
        let to_accept = self.answers.iter().filter(|answer| answer.right == Decision::Accept).count();
        let wanted = if 2 * to_accept < self.answers.len() { Decision::Accept } else { Decision::Reject };
        questions.into_iter().min_by_key(|question| (asked(question), right_decision(question) != wanted))
    }

    pub(super) fn keep(&mut self, answer: KnownAnswer) {
        if let Some(open) = &mut self.open {
            open.stage = QuestionStage::Answered { agreed: answer.agrees() };
        }
        self.answers.push(answer);
    }

    /// Nothing can be asked about its present pseudo-label.
    pub(super) fn mark_barren(&mut self, case: CaseId) {
        self.barren.insert(case);
    }

    /// A case has another pseudo-label.
    pub(super) fn renew(&mut self, case: &CaseId) {
        self.barren.remove(case);
    }
}

pub(super) fn right_decision(question: &KnownQuestion) -> Decision {
    if question.accept_is_right() { Decision::Accept } else { Decision::Reject }
}
