//! Answers of the thread that works on labels.

use crate::label::ClassTable;
use crate::worker::protocol_labels::LabelEvent;
use crate::workspace::{Effect, Notice, PendingState, Workspace};

impl Workspace {
    /// An answer to anything but the newest question is dropped.
    pub(super) fn absorb_labels(&mut self, event: LabelEvent, effects: &mut Vec<Effect>) {
        let Some(pending) = self.pending.as_mut().filter(|pending| pending.ticket == event.ticket()) else { return };
        let (at_once, case) = (pending.at_once, pending.case.clone());
        let names = self.study.as_ref().map(|study| &study.classes);
        match event {
            LabelEvent::Proposed { proposal, preview, .. } => {
                let bounds = proposal.delta().bounds();
                pending.state = PendingState::Ready(proposal);
                if at_once {
                    return self.apply_proposal(effects);
                }
                if let Some(case) =
                    self.case_mut().filter(|shown| shown.id == case && shown.extent() == preview.extent())
                {
                    case.preview = Some(preview);
                    effects.push(Effect::UploadLabels(bounds));
                }
            }
            LabelEvent::NothingToDo { .. } if at_once => {
                self.pending = None;
                self.notify(Notice::info("Nothing changes: it is so already, locked, or outside the limits."), effects);
            }
            LabelEvent::Refused { sentence, .. } if at_once => {
                let sentence = sentence_of(&sentence, names);
                self.pending = None;
                self.notify(Notice::info(sentence), effects);
            }
            LabelEvent::NothingToDo { .. } => pending.state = PendingState::Nothing,
            LabelEvent::Refused { sentence, .. } => {
                pending.state = PendingState::Refused(sentence_of(&sentence, names))
            }
        }
    }
}

/// Errors begin in lower case, end without a full stop and know classes by their numbers.
fn sentence_of(error: &str, classes: Option<&ClassTable>) -> String {
    let mut error = error.to_owned();
    // The longest numbers first: "class 1" is the beginning of "class 12".
    for class in classes.map_or(&[][..], ClassTable::all).iter().rev() {
        error = error.replace(&format!("class {}", class.id), &format!("'{}'", class.name));
    }
    let mut letters = error.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
