//! A finished change on its way to the journal, the trainer and the case list.

use std::sync::Arc;

use crate::edit::{Delta, Run};
use crate::geometry::Voxel;
use crate::label::Origin;
use crate::project::CaseState;
use crate::worker::protocol::TrainerCommand;
use crate::worker::protocol_io::{EditKind, IoCommand};
use crate::workspace::{Effect, SavingFirst, Workspace};

impl Workspace {
    /// Labels may be changed: a case is on the screen and nothing waits until they are saved.
    pub(super) fn can_edit(&self) -> bool {
        let is_free = self.opening.is_none() && self.known.open().is_none();
        self.case().is_some() && is_free && matches!(self.saving_first, SavingFirst::No)
    }

    /// Records an applied change as one undo step and publishes it.
    pub(super) fn record(&mut self, name: String, kind: EditKind, delta: Delta, effects: &mut Vec<Effect>) {
        let Some(case) = self.case_mut() else { return };
        let (delta, location) = (Arc::new(delta), case.cursor);
        effects.push(Effect::UploadLabels(delta.bounds()));
        let centre = location_of(&delta, location);
        case.history.push(name, Arc::clone(&delta), centre);
        self.publish(delta, kind, effects);
    }

    /// Journal, trainer, case list. The labels, the history and the textures have the change already.
    pub(super) fn publish(&mut self, delta: Arc<Delta>, kind: EditKind, effects: &mut Vec<Effect>) {
        let now = self.now;
        let Some(case) = self.case_mut() else { return };
        case.last_edit = now;
        case.known_count = case.known_count.saturating_add_signed(known_change(&delta));
        case.review.labels_changed(&case.labels, &delta.bounds());
        let (id, revision, known_share) = (case.id.clone(), case.labels.revision(), case.known_share());
        let mut begun = false;
        if let Some(line) = self.study.as_mut().and_then(|study| study.case_mut(&id)) {
            line.unsaved = true;
            line.known_share = Some(known_share);
            begun = line.state == CaseState::Open;
            if begun {
                line.state = CaseState::InProgress;
            }
        }
        let append = IoCommand::AppendJournal { case: id.clone(), delta: Arc::clone(&delta), revision, kind };
        effects.push(Effect::Io(append));
        effects.push(Effect::Trainer(TrainerCommand::Label { case: id, delta, revision }));
        if begun {
            if let Some(study) = &mut self.study {
                study.rank();
            }
            self.save_project(effects);
        }
    }
}

/// Where undo looks: the cross if the change reaches it, else the middle of the change.
fn location_of(delta: &Delta, cursor: Voxel) -> Voxel {
    if delta.bounds().contains(cursor) { cursor } else { delta.centre() }
}

fn known_change(delta: &Delta) -> isize {
    let known = |origin: Origin| isize::from(origin.is_known());
    // A run is never longer than the volume, whose size fits `isize`.
    let change = |run: &Run| (known(run.new.origin) - known(run.old.origin)) * run.len.cast_signed();
    delta.runs().iter().map(change).sum()
}
