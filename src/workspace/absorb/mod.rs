//! What the threads answer, to new state and effects.

mod io;
mod labels;
mod review;
mod trainer;

use crate::workspace::{Effect, Event, Workspace};

/// Changes the state and says what the window must do, in order. Late answers are dropped.
pub fn absorb(workspace: &mut Workspace, event: Event) -> Vec<Effect> {
    let mut effects = Vec::new();
    match event {
        Event::Io(event) => workspace.absorb_io(event, &mut effects),
        Event::IoRefused(command) => workspace.absorb_refusal(&command, &mut effects),
        Event::Labels(event) => workspace.absorb_labels(event, &mut effects),
        Event::Review(found) => workspace.absorb_review(*found, &mut effects),
        Event::KnownQuestions(found) => workspace.questions_found(found, &mut effects),
        Event::Trainer(event) => workspace.absorb_trainer(event, &mut effects),
        Event::Prediction(prediction) => workspace.absorb_prediction(prediction, &mut effects),
    }
    effects
}
