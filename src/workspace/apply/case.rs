//! The case list: which case is shown, states, held-out marks.

use crate::project::CaseState;
use crate::volume::CaseId;
use crate::worker::protocol::TrainerCommand;
use crate::worker::protocol_io::IoCommand;
use crate::workspace::{CaseAction, Effect, Notice, Shown, Study, Workspace};

/// Opened cases that stay in memory with their undo steps, besides the shown one.
const PARKED_CASES: usize = 3;

impl Workspace {
    pub(super) fn apply_case(&mut self, action: CaseAction, effects: &mut Vec<Effect>) {
        match action {
            CaseAction::Show(case) => self.show_case(case, effects),
            CaseAction::Next => self.show_neighbour(1, |_| true, effects),
            CaseAction::Previous => self.show_neighbour(-1, |_| true, effects),
            CaseAction::NextSuggested => self.show_suggested(effects),
            CaseAction::ListByRank(by_rank) => {
                if let Some(study) = &mut self.study {
                    study.list_by_rank(by_rank);
                }
            }
            CaseAction::Filter(filter) => {
                if let Some(study) = &mut self.study {
                    study.set_filter(filter);
                }
            }
            CaseAction::NextOpen => self.show_neighbour(1, CaseState::needs_work, effects),
            CaseAction::Reload => self.reload(effects),
            CaseAction::SetState { case, state } => self.set_case_state(&case, state, effects),
            CaseAction::SetHeldOut { case, held_out } => self.set_held_out(&case, held_out, effects),
        }
    }

    pub(in crate::workspace) fn show_case(&mut self, id: CaseId, effects: &mut Vec<Effect>) {
        let listed = self.study.as_ref().is_some_and(|study| study.case(&id).is_some());
        if !listed || self.opening.is_some() || matches!(self.shown_id(), Some(shown) if *shown == id) {
            return;
        }
        self.close_question(effects);
        self.park_shown(effects);
        self.shown = match self.parked.iter().position(|case| case.id == id) {
            Some(place) => Shown::Ready(Box::new(self.parked.remove(place))),
            None => {
                effects.push(Effect::Io(IoCommand::LoadCase(id.clone())));
                Shown::Loading(id.clone())
            }
        };
        self.views.hover = None;
        let side = self.views.side;
        if let Some(case) = self.case_mut() {
            case.set_patient_side(side);
        }
        effects.push(Effect::UploadCase);
        effects.push(Effect::Trainer(TrainerCommand::Show(Some(id.clone()))));
        self.older_follows(&id, effects);
        self.tell_upcoming(effects);
    }

    /// Takes the shown case from the screen, saves it, and lets go of the longest unseen cases that are safe on disk.
    pub(in crate::workspace) fn park_shown(&mut self, effects: &mut Vec<Effect>) {
        // An outline belongs to the case it is drawn in.
        self.drawing = None;
        self.comparison = None;
        if let Shown::Ready(mut case) = std::mem::take(&mut self.shown) {
            effects.extend(case.save());
            // A volume that is still being read is dropped when it comes.
            case.wanted_frame = case.frame;
            self.parked.push(*case);
        }
        self.trim_parked();
    }

    /// Cases with unsaved labels stay until they are saved.
    pub(in crate::workspace) fn trim_parked(&mut self) {
        while self.parked.len() > PARKED_CASES {
            let Some(place) = self.parked.iter().position(|case| !case.is_unsaved()) else { return };
            self.parked.remove(place);
        }
    }

    /// The case that needs a review most, or a known question before it.
    fn show_suggested(&mut self, effects: &mut Vec<Effect>) {
        if self.known.open().is_some() {
            return self.leave_question(effects);
        }
        let open = self.shown_id().cloned();
        let Some(study) = &mut self.study else { return };
        open.iter().for_each(|open| study.pass(open));
        let Some(next) = study.next_suggested(open.as_ref()).cloned() else { return };
        if !self.ask_before(&next, effects) {
            self.show_case(next, effects);
        }
    }

    /// The next case forwards or backwards whose state is wanted; stops at the ends of the list.
    fn show_neighbour(&mut self, step: isize, wanted: impl Fn(CaseState) -> bool, effects: &mut Vec<Effect>) {
        let Some(study) = &self.study else { return };
        let mut row = self.shown_id().and_then(|id| study.row_of(id));
        let next = loop {
            row = match row {
                Some(row) => row.checked_add_signed(step),
                None => Some(0),
            };
            match row.and_then(|row| study.listed(row)) {
                Some(line) if wanted(line.state) => break line.id.clone(),
                Some(_) => {}
                None => return,
            }
        };
        self.show_case(next, effects);
    }

    fn reload(&mut self, effects: &mut Vec<Effect>) {
        if let Shown::Failed { case, .. } = &self.shown {
            let case = case.clone();
            effects.push(Effect::Io(IoCommand::LoadCase(case.clone())));
            self.shown = Shown::Loading(case);
        }
    }

    fn set_case_state(&mut self, id: &CaseId, state: CaseState, effects: &mut Vec<Effect>) {
        let line = self.study.as_mut().and_then(|study| study.case_mut(id)).filter(|line| line.state != state);
        if let Some(line) = line {
            line.state = state;
            self.rank_cases();
            self.save_project(effects);
        }
    }

    fn set_held_out(&mut self, id: &CaseId, held_out: bool, effects: &mut Vec<Effect>) {
        let Some(study) = &mut self.study else { return };
        if let Some(reason) = held_out_refusal(study, id) {
            return self.notify(Notice::warning(reason), effects);
        }
        let line = study.case_mut(id).filter(|line| line.held_out != held_out);
        if let Some(line) = line {
            line.held_out = held_out;
            self.rank_cases();
            self.save_project(effects);
            if self.training.is_active() {
                effects.push(Effect::Trainer(TrainerCommand::HoldOut { case: id.clone(), held_out }));
            }
        }
    }

    fn rank_cases(&mut self) {
        if let Some(study) = &mut self.study {
            study.rank();
        }
    }
}

/// Why the held-out mark of a case cannot change any more.
fn held_out_refusal(study: &Study, id: &CaseId) -> Option<String> {
    study.trained.contains(id).then(|| {
        format!(
            "'{id}' has already been used for training, so it cannot be held out any more: its score would look \
             better than it is. Hold out a case that is new to the project (File, Add held-out volumes)."
        )
    })
}
