//! Known questions: asking, answering and leaving them. See [`KnownQuestions`](crate::workspace::KnownQuestions).

use std::sync::Arc;

use crate::project::{Decision, KnownAnswer};
use crate::review::KnownQuestion;
use crate::volume::CaseId;
use crate::worker::protocol_io::IoCommand;
use crate::worker::protocol_review::{FoundQuestions, QuestionJob};
use crate::workspace::known_questions::{OpenQuestion, QuestionStage, right_decision};
use crate::workspace::{
    Action, CompareAction, EditAction, Effect, Notice, OutlineAction, PseudoAction, ReviewAction, Shown, Workspace,
};

impl Workspace {
    /// Opens a question in place of the next suggested case if one is due; true then.
    pub(super) fn ask_before(&mut self, next: &CaseId, effects: &mut Vec<Effect>) -> bool {
        if !self.preferences.settings.asks_known || self.opening.is_some() {
            return false;
        }
        let shown = self.shown_id().cloned();
        let Some(study) = &self.study else { return false };
        let Some(case) = self.known.due(study, shown.as_ref()) else { return false };
        self.close_older(effects);
        self.show_case(case.clone(), effects);
        self.known.open = Some(OpenQuestion { case, before: next.clone(), stage: QuestionStage::Opening });
        if let Some(case) = self.case_mut() {
            case.hide_labels();
        }
        true
    }

    /// With every tick: once the case has been read, a place to ask about is looked for.
    pub(super) fn seek_question(&mut self, effects: &mut Vec<Effect>) {
        let is_opening = |open: &&mut OpenQuestion| matches!(open.stage, QuestionStage::Opening);
        let thresholds = self.views.layers.thresholds;
        let Some(open) = self.known.open.as_mut().filter(is_opening) else { return };
        let case = match &self.shown {
            Shown::Loading(_) => return,
            Shown::Ready(case) => Some(case),
            Shown::Nothing | Shown::Failed { .. } => None,
        };
        match case.and_then(|case| Some((case, case.prediction.clone()?))) {
            Some((case, prediction)) => {
                open.stage = QuestionStage::Sought;
                let (labels, spacing_mm) = (Arc::clone(&case.labels), case.image.spacing_mm());
                effects.push(Effect::SeekQuestions(QuestionJob { labels, prediction, spacing_mm, thresholds }));
            }
            None => self.nothing_to_ask(effects),
        }
    }

    /// Late findings are dropped.
    pub(in crate::workspace) fn questions_found(&mut self, found: FoundQuestions, effects: &mut Vec<Effect>) {
        let is_sought = |open: &&OpenQuestion| open.case == found.case && matches!(open.stage, QuestionStage::Sought);
        let extent = self.case().map(|case| case.extent());
        let Some(extent) = extent.filter(|_| self.known.open.as_ref().filter(is_sought).is_some()) else { return };
        let Some(question) = self.known.choose(&found.case, extent, found.questions) else {
            return self.nothing_to_ask(effects);
        };
        self.look_at(Some(question.region.clone()));
        if let Some(open) = &mut self.known.open {
            open.stage = QuestionStage::Asked(Box::new(question));
        }
        let text = "Known question: its labels are hidden. Accept or reject the pseudo-label here, or go on without an \
                    answer; no label changes.";
        self.notify(Notice::info(text), effects);
    }

    /// The suggested case comes after all.
    fn nothing_to_ask(&mut self, effects: &mut Vec<Effect>) {
        if let Some(open) = &self.known.open {
            self.known.mark_barren(open.case.clone());
        }
        self.leave_question(effects);
    }

    /// What is done in review is done to the question while one is open.
    pub(super) fn review_question(&mut self, action: ReviewAction, effects: &mut Vec<Effect>) {
        let decision = match action {
            ReviewAction::Accept { .. } => Some(Decision::Accept),
            ReviewAction::Reject => Some(Decision::Reject),
            ReviewAction::Next => return self.leave_question(effects),
            ReviewAction::Previous | ReviewAction::GoTo(_) => None,
        };
        match (self.known.open().map(|open| &open.stage), decision) {
            (Some(QuestionStage::Asked(question)), None) => {
                let region = question.region.clone();
                self.look_at(Some(region));
            }
            (Some(QuestionStage::Asked(question)), Some(given)) => {
                let question = question.clone();
                self.answer(&question, given, effects);
            }
            (Some(QuestionStage::Answered { .. }), Some(_)) => self.leave_question(effects),
            _ => {}
        }
    }

    fn answer(&mut self, question: &KnownQuestion, given: Decision, effects: &mut Vec<Effect>) {
        let Some(case) = self.case() else { return };
        let Some(prediction) = &case.prediction else { return };
        let answer = KnownAnswer {
            case: case.id.clone(),
            place: question.region.centre.to_array(),
            model: prediction.provenance.model.clone(),
            step: prediction.provenance.step,
            agreement: question.agreement,
            given,
            right: right_decision(question),
        };
        effects.push(Effect::Io(IoCommand::KeepKnownAnswer(answer.clone())));
        let (sentence, agrees) = (outcome(&answer), answer.agrees());
        let (id, is_wrongly_accepted) = (answer.case.clone(), answer.is_wrongly_accepted());
        self.known.keep(answer);
        self.reveal_labels(&id, effects);
        let notice = if agrees { Notice::success(sentence) } else { Notice::warning(sentence) };
        self.notify(notice, effects);
        if let Some(warning) = self.known.warning().filter(|_| is_wrongly_accepted) {
            self.notify(Notice::warning(warning), effects);
        }
    }

    /// To the case that the question stands before; without an answer nothing is counted.
    pub(super) fn leave_question(&mut self, effects: &mut Vec<Effect>) {
        if let Some(next) = self.known.open.as_ref().map(|open| open.before.clone()) {
            self.show_case(next, effects);
        }
    }

    /// Another case comes: the question is over.
    pub(super) fn close_question(&mut self, effects: &mut Vec<Effect>) {
        if let Some(open) = self.known.open.take() {
            self.reveal_labels(&open.case, effects);
        }
    }

    fn reveal_labels(&mut self, id: &CaseId, effects: &mut Vec<Effect>) {
        let Some(case) = self.case_mut().filter(|case| case.id == *id) else { return };
        if case.show_labels() {
            effects.push(Effect::UploadLabels(case.extent().full_box()));
            // Newer ones were kept away from the question.
            effects.push(Effect::Io(IoCommand::LoadPrediction(id.clone())));
        }
    }

    /// True, with a sentence, for what would show or change labels while a question is open.
    pub(super) fn question_forbids(&mut self, action: &Action, effects: &mut Vec<Effect>) -> bool {
        if self.known.open().is_none() || !meets_labels(action) {
            return false;
        }
        let text = "This is a known question: nothing is labelled in it. Go on to the next case first.";
        self.notify(Notice::info(text), effects);
        true
    }
}

fn meets_labels(action: &Action) -> bool {
    match action {
        // Parts of what has not been let begin.
        Action::Edit(EditAction::StrokeMove { .. } | EditAction::StrokeEnd | EditAction::CancelProposal) => false,
        Action::Edit(EditAction::Outline(outline)) => matches!(outline, OutlineAction::Press { .. }),
        Action::Edit(_) => true,
        Action::Pseudo(action) => !matches!(action, PseudoAction::SetDoubtThresholds(_)),
        Action::Compare(action) => !matches!(action, CompareAction::Close),
        _ => false,
    }
}

/// What the known labels say, in one sentence.
fn outcome(answer: &KnownAnswer) -> String {
    let share = format!("{:.0} %", 100.0 * answer.agreement);
    match (answer.given, answer.agrees()) {
        (Decision::Accept, true) => format!("Right: {share} of it is what the known labels say."),
        (Decision::Reject, true) => format!("Right: only {share} of it is what the known labels say."),
        (Decision::Accept, false) => {
            format!("The known labels disagree: only {share} of it is right, so it was to be rejected.")
        }
        (Decision::Reject, false) => {
            format!("The known labels disagree: {share} of it is right, so it could be accepted.")
        }
    }
}
