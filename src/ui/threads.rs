//! The window's ends of the queues to the io thread and the trainer thread.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};

use crate::label::Prediction;
use crate::worker::protocol::{TrainerCommand, TrainerEvent};
use crate::worker::protocol_io::IoCommand;
use crate::worker::protocol_labels::{LabelEvent, LabelJob};
use crate::worker::trainer::TrainerHandle;
use crate::worker::{Found, FrameReports, IoThread, LabelThread, ReviewThread, Slot};
use crate::workspace::Event;

/// The way to the trainer thread and back.
pub struct TrainerLink {
    pub commands: Sender<TrainerCommand>,
    pub events: Receiver<TrainerEvent>,
    /// The newest prediction of the shown case.
    pub predictions: Slot<Arc<Prediction>>,
    /// Ends and joins the thread when the window is gone; `None` where something else plays the trainer.
    pub handle: Option<TrainerHandle>,
}

impl From<TrainerHandle> for TrainerLink {
    fn from(handle: TrainerHandle) -> Self {
        Self {
            commands: handle.commands.clone(),
            events: handle.events.clone(),
            predictions: handle.predictions.clone(),
            handle: Some(handle),
        }
    }
}

pub struct Threads {
    pub io: IoThread,
    pub trainer: TrainerLink,
    pub labels: LabelThread,
    pub review: ReviewThread,
    /// What the trainer yields to.
    pub frames: FrameReports,
}

impl Threads {
    /// Everything that has come since the last call; never waits.
    pub fn events(&self) -> Vec<Event> {
        let io = self.io.events().try_iter().map(Event::Io);
        let trainer = self.trainer.events.try_iter().map(Event::Trainer);
        let labels = self.labels.events().try_iter().map(Event::Labels);
        let review = self.review.findings().try_iter().map(|found| match found {
            Found::Doubt(found) => Event::Review(found),
            Found::Questions(found) => Event::KnownQuestions(found),
        });
        let prediction = self.trainer.predictions.take().map(Event::Prediction);
        io.chain(trainer).chain(labels).chain(prediction).chain(review).collect()
    }

    /// What came back instead of an answer if the io thread does not take the command.
    pub fn send_io(&self, command: IoCommand) -> Option<Event> {
        self.io.send(command).err().map(|refused| Event::IoRefused(*refused))
    }

    pub fn send_labels(&self, job: LabelJob) -> Option<Event> {
        let refused = self.labels.send(job).err()?;
        let sentence = "the thread for operations does not answer; save your work and start Chiaro again".to_owned();
        Some(Event::Labels(LabelEvent::Refused { ticket: refused.ticket, sentence }))
    }

    pub fn send_trainer(&self, command: TrainerCommand) -> Option<Event> {
        let refused = self.trainer.commands.try_send(command).err()?;
        Some(Event::Trainer(TrainerEvent::Fatal {
            headline: "The training thread does not answer; save your work and start Chiaro again.".to_owned(),
            detail: refused.to_string(),
        }))
    }
}
