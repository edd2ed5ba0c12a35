//! Answers of the thread that works on labels.

use crate::label::ClassTable;
use crate::worker::protocol_labels::LabelEvent;
use crate::workspace::{ComparisonState, Effect, Notice, PendingState, Workspace};

impl Workspace {
    /// An answer to anything but the newest question is dropped.
    pub(super) fn absorb_labels(&mut self, event: LabelEvent, effects: &mut Vec<Effect>) {
        if let LabelEvent::Differs { ticket, difference } = event {
            if let Some(older) = self.older.as_mut().filter(|older| older.ticket == ticket) {
                older.difference = Some(difference);
                effects.push(Effect::UploadPrediction);
            }
            return;
        }
        if let Some(comparison) = self.comparison.as_mut().filter(|comparison| comparison.ticket == event.ticket()) {
            match event {
                LabelEvent::Compared { comparison: found, .. } => comparison.state = ComparisonState::Ready(found),
                LabelEvent::Refused { ticket, sentence } => self.comparison_refused(ticket, sentence),
                LabelEvent::Proposed { .. } | LabelEvent::NothingToDo { .. } | LabelEvent::Differs { .. } => {}
            }
            return;
        }
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
            LabelEvent::Compared { .. } | LabelEvent::Differs { .. } => {}
            LabelEvent::NothingToDo { .. } => pending.state = PendingState::Nothing,
            LabelEvent::Refused { sentence, .. } => {
                pending.state = PendingState::Refused(sentence_of(&sentence, names))
            }
        }
    }

    pub(super) fn comparison_refused(&mut self, ticket: u64, error: String) {
        if let Some(comparison) = self.comparison.as_mut().filter(|comparison| comparison.ticket == ticket) {
            let names = self.study.as_ref().map(|study| &study.classes);
            comparison.state = ComparisonState::Refused(sentence_of(&error, names));
        }
    }
}

/// Errors begin in lower case, end without a full stop (those about files with one) and know classes by their numbers.
fn sentence_of(error: &str, classes: Option<&ClassTable>) -> String {
    let mut error = error.to_owned();
    // The longest numbers first: "class 1" is the beginning of "class 12".
    for class in classes.map_or(&[][..], ClassTable::all).iter().rev() {
        error = error.replace(&format!("class {}", class.id), &format!("'{}'", class.name));
    }
    let mut letters = error.strip_suffix('.').unwrap_or(&error).chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
