//! The trainer thread: owns every tensor; commands in, events and the newest prediction out.
//!
//! It does at most one training step, or one window of a prediction, between two looks at its commands.

mod held_out;
mod prediction_queue;
mod run_folder;
mod session;
mod study;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, TryRecvError, unbounded};

use self::prediction_queue::PredictionQueue;
use self::session::{Session, SessionError, Turn};
use super::Slot;
use super::protocol::{TrainerCommand, TrainerEvent, TrainerState};
use crate::label::Prediction;

/// The other end of the trainer thread. Dropping it ends the thread after the present step, with a checkpoint.
pub struct TrainerHandle {
    pub commands: Sender<TrainerCommand>,
    pub events: Receiver<TrainerEvent>,
    /// The newest prediction of the shown case.
    pub predictions: Slot<Arc<Prediction>>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread talks through.
pub(super) struct Outlet {
    events: Sender<TrainerEvent>,
    predictions: Slot<Arc<Prediction>>,
    repaint: Box<dyn Fn() + Send>,
}

impl Outlet {
    /// A closed channel means that nobody listens any more; the thread ends at its next look at the commands.
    pub(super) fn send(&self, event: TrainerEvent) {
        if self.events.send(event).is_ok() {
            (self.repaint)();
        }
    }

    pub(super) fn publish(&self, prediction: Arc<Prediction>) {
        self.predictions.put(prediction);
        (self.repaint)();
    }
}

impl TrainerHandle {
    /// `repaint` is called after every event, from the trainer thread.
    pub fn spawn(repaint: impl Fn() + Send + 'static) -> std::io::Result<Self> {
        let (commands, inbox) = unbounded();
        let (events, outbox) = unbounded();
        let predictions = Slot::new();
        let outlet = Outlet { events, predictions: predictions.clone(), repaint: Box::new(repaint) };
        let thread = thread::Builder::new().name("trainer".into()).spawn(move || Thread::new(inbox, outlet).run())?;
        Ok(Self { commands, events: outbox, predictions, thread: Some(thread) })
    }
}

impl Drop for TrainerHandle {
    fn drop(&mut self) {
        // If the thread is gone already there is nobody to tell.
        let _ = self.commands.send(TrainerCommand::Shutdown);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("the trainer thread ended in a panic");
        }
    }
}

struct Thread {
    inbox: Receiver<TrainerCommand>,
    outlet: Outlet,
    session: Option<Session>,
    queue: Option<PredictionQueue>,
    paused: bool,
}

enum Next {
    Go,
    End,
}

impl Thread {
    fn new(inbox: Receiver<TrainerCommand>, outlet: Outlet) -> Self {
        Self { inbox, outlet, session: None, queue: None, paused: false }
    }

    fn run(mut self) {
        loop {
            let command = if self.is_busy() {
                match self.inbox.try_recv() {
                    Ok(command) => Some(command),
                    Err(TryRecvError::Empty) => None,
                    Err(TryRecvError::Disconnected) => Some(TrainerCommand::Shutdown),
                }
            } else {
                Some(self.inbox.recv().unwrap_or(TrainerCommand::Shutdown))
            };
            let guarded = catch_unwind(AssertUnwindSafe(|| match command {
                Some(command) => self.obey(command),
                None => {
                    self.work();
                    Next::Go
                }
            }));
            match guarded {
                Ok(Next::Go) => {}
                Ok(Next::End) => return,
                Err(panic) => self.recover(panic_text(panic.as_ref())),
            }
        }
    }

    fn is_busy(&self) -> bool {
        let training = self.session.as_ref().is_some_and(Session::is_training) && !self.paused;
        training || self.queue.is_some()
    }

    fn obey(&mut self, command: TrainerCommand) -> Next {
        match command {
            TrainerCommand::Start(request) => {
                self.stop();
                self.session = None;
                self.state(TrainerState::Preparing);
                match Session::start(*request, &self.outlet) {
                    Ok(session) => {
                        self.session = Some(session);
                        self.state(TrainerState::Running);
                    }
                    Err(error) => self.fail(&error),
                }
            }
            TrainerCommand::Pause => self.pause(true),
            TrainerCommand::Resume => self.pause(false),
            TrainerCommand::Stop => self.stop(),
            TrainerCommand::Label { case, delta, revision } => {
                if let Some(session) = &mut self.session {
                    session.edit(&case, &delta, revision, &self.outlet);
                }
            }
            TrainerCommand::Show(case) => {
                if let Some(session) = &mut self.session {
                    session.show(case);
                }
            }
            TrainerCommand::Predict { project_dir, cases } => {
                match PredictionQueue::open(&project_dir, cases) {
                    Ok(queue) => self.queue = Some(queue).filter(|q| !q.is_empty()),
                    Err(error) => self.fail(&error),
                }
            }
            TrainerCommand::Shutdown => {
                self.stop();
                return Next::End;
            }
        }
        Next::Go
    }

    fn pause(&mut self, pause: bool) {
        let Some(session) = self.session.as_mut().filter(|s| s.is_training()) else { return };
        self.paused = pause;
        session.pause(pause);
        self.state(if pause { TrainerState::Paused } else { TrainerState::Running });
    }

    fn stop(&mut self) {
        self.paused = false;
        self.queue = None;
        if let Some(session) = self.session.as_mut().filter(|s| s.is_training()) {
            if let Err(error) = session.stop(&self.outlet) {
                return self.fail(&error);
            }
            self.state(TrainerState::Finished);
        }
    }

    /// One waiting case, else one step.
    fn work(&mut self) {
        if self.queue.is_some() {
            return self.predict_next();
        }
        let Some(session) = &mut self.session else { return };
        match session.turn(&self.inbox, &self.outlet) {
            Ok(Turn::GoOn) => {}
            Ok(Turn::Finished) => self.state(TrainerState::Finished),
            Err(error) => match session.fall_back(&error.to_string(), &self.outlet) {
                Ok(true) => {}
                Ok(false) => self.fail(&error),
                Err(second) => self.fail(&second),
            },
        }
    }

    fn predict_next(&mut self) {
        let Some(queue) = &mut self.queue else { return };
        if let Err(error) = queue.predict_next(self.session.as_ref(), &self.inbox, &self.outlet) {
            self.queue = None;
            return self.fail(&error);
        }
        if queue.is_empty() {
            self.queue = None;
        }
    }

    /// After a panic: try a smaller patch or the CPU; labels and window are untouched in any case.
    fn recover(&mut self, reason: String) {
        self.queue = None;
        let outlet = &self.outlet;
        let fallen_back = match &mut self.session {
            Some(session) => catch_unwind(AssertUnwindSafe(|| session.fall_back(&reason, outlet))).unwrap_or(Ok(false)),
            None => Ok(false),
        };
        match fallen_back {
            Ok(true) => {}
            Ok(false) => self.fail(&SessionError::Panicked { reason }),
            Err(error) => self.fail(&error),
        }
    }

    fn state(&self, state: TrainerState) {
        self.outlet.send(TrainerEvent::State(state));
    }

    fn fail(&mut self, error: &SessionError) {
        self.session = None;
        self.paused = false;
        self.outlet.send(TrainerEvent::Fatal { headline: error.to_string(), detail: cause_chain(error) });
        self.state(TrainerState::Failed);
    }
}

/// The causes below an error, one per line.
fn cause_chain(error: &dyn std::error::Error) -> String {
    let mut lines = Vec::new();
    let mut cause = error.source();
    while let Some(e) = cause {
        lines.push(e.to_string());
        cause = e.source();
    }
    lines.join("\n")
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no reason given".into())
}
