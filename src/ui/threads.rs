//! The window's ends of the queues to the io thread and the trainer thread.

use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};

use crate::label::Prediction;
use crate::worker::Slot;
use crate::worker::protocol::{TrainerCommand, TrainerEvent};
use crate::worker::protocol_io::{IoCommand, IoEvent};
use crate::workspace::Event;

pub struct Threads {
    pub io_commands: Sender<IoCommand>,
    pub io_events: Receiver<IoEvent>,
    pub trainer_commands: Sender<TrainerCommand>,
    pub trainer_events: Receiver<TrainerEvent>,
    pub predictions: Slot<Arc<Prediction>>,
}

impl Threads {
    /// Everything that has come since the last call; never waits.
    pub fn events(&self) -> Vec<Event> {
        let io = self.io_events.try_iter().map(Event::Io);
        let trainer = self.trainer_events.try_iter().map(Event::Trainer);
        let prediction = self.predictions.take().map(Event::Prediction);
        io.chain(trainer).chain(prediction).collect()
    }

    /// What came back instead of an answer if the io thread does not take the command.
    pub fn send_io(&self, command: IoCommand) -> Option<Event> {
        self.io_commands.try_send(command).err().map(|refused| Event::IoRefused(refused.into_inner()))
    }

    pub fn send_trainer(&self, command: TrainerCommand) -> Option<Event> {
        let refused = self.trainer_commands.try_send(command).err()?;
        Some(Event::Trainer(TrainerEvent::Fatal {
            headline: "The training thread does not answer; save your work and start Chiaro again.".to_owned(),
            detail: refused.to_string(),
        }))
    }
}
