//! Cases that come to a run while it goes on, and held-out marks that change meanwhile.

use std::collections::{BTreeSet, VecDeque};
use std::time::Instant;

use super::Session;
use crate::project::Project;
use crate::volume::CaseId;
use crate::worker::protocol::TrainerEvent;
use crate::worker::trainer::Outlet;
use crate::worker::trainer::study::load_case;

#[derive(Default)]
pub struct Membership {
    /// Added to the project and not read yet: one at a time, so that no command waits for all of them.
    added: VecDeque<CaseId>,
    /// No longer held out. The present round is still measured on them; the next one learns from them.
    released: BTreeSet<CaseId>,
    /// The held-out cases that were measured last.
    measured: Vec<CaseId>,
}

impl Membership {
    /// Whether the held-out cases measured now are others than last time; false the first time.
    pub fn measures_others(&mut self, cases: &[CaseId]) -> bool {
        let before = std::mem::replace(&mut self.measured, cases.to_vec());
        !before.is_empty() && before != cases
    }
}

impl Session {
    /// They are read before the next step; of their labels later edits tell as of those of all others.
    pub fn add_cases(&mut self, cases: Vec<CaseId>) {
        self.membership.added.extend(cases);
    }

    pub fn has_arrivals(&self) -> bool {
        !self.membership.added.is_empty()
    }

    /// False if there is none.
    pub(super) fn take_in_next(&mut self, outlet: &Outlet) -> bool {
        let Some(id) = self.membership.added.pop_front() else { return false };
        self.take_in(&id, outlet);
        true
    }

    /// Something is to be done to a case: reads it first if it has only just been added.
    pub(super) fn arrive(&mut self, id: &CaseId, outlet: &Outlet) {
        if let Some(place) = self.membership.added.iter().position(|added| added == id) {
            self.membership.added.remove(place);
            self.take_in(id, outlet);
        }
    }

    /// A case that cannot be read is named and left out.
    fn take_in(&mut self, id: &CaseId, outlet: &Outlet) {
        if !self.has(id)
            && let Err(reason) = self.read_case(id, outlet)
        {
            outlet.send(TrainerEvent::Notice(format!("Case {id} takes no part in training: {reason}")));
        }
        self.is_overlay_stale |= self.shows(id);
        // One that was there already when the run began is news to the window, too.
        if self.trainer.cases().iter().any(|case| case.id == *id && !case.held_out) {
            outlet.send(TrainerEvent::Learning(vec![id.clone()]));
        }
    }

    fn read_case(&mut self, id: &CaseId, outlet: &Outlet) -> Result<(), String> {
        let project = Project::load(self.project.dir()).map_err(|e| e.to_string())?;
        let entry = project.case(id).map_err(|e| e.to_string())?;
        let notice = &mut |sentence| outlet.send(TrainerEvent::Notice(sentence));
        let (case, geometry) = load_case(&project, entry, None, notice)?;
        self.trainer.add_case(case).map_err(|e| e.to_string())?;
        self.geometries.insert(id.clone(), geometry);
        self.project = project;
        Ok(())
    }

    fn has(&self, id: &CaseId) -> bool {
        self.trainer.cases().iter().any(|case| case.id == *id)
    }

    /// Held out, a case is in no batch from now on. No longer held out, it is learnt from in the next round, or at once by
    /// a run without rounds.
    pub fn hold_out(&mut self, id: &CaseId, held_out: bool, outlet: &Outlet) {
        self.arrive(id, outlet);
        // The mark may come back before the round does.
        let was_released = self.membership.released.remove(id);
        let Some(case) = self.trainer.cases().iter().find(|case| case.id == *id) else { return };
        let (is_held_out, labelled_voxels) = (case.held_out, case.labels().known_count());
        match &mut self.live {
            Some(live) if held_out => live.rounds.forget(id),
            Some(live) if is_held_out => {
                self.membership.released.insert(id.clone());
                if !was_released {
                    live.rounds.brought(id, labelled_voxels, Instant::now());
                }
                return;
            }
            _ => {}
        }
        if is_held_out != held_out {
            self.trainer.hold_out(id, held_out);
            if !held_out {
                outlet.send(TrainerEvent::Learning(vec![id.clone()]));
            }
        }
    }

    /// A round begins: what is no longer held out is learnt from.
    pub(super) fn release_all(&mut self, outlet: &Outlet) {
        let released: Vec<CaseId> = std::mem::take(&mut self.membership.released).into_iter().collect();
        released.iter().for_each(|id| self.trainer.hold_out(id, false));
        if !released.is_empty() {
            outlet.send(TrainerEvent::Learning(released));
        }
    }
}
