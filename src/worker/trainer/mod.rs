//! The trainer thread: owns every tensor; commands in, events and the newest prediction out.
//!
//! It does at most one training step, or one window of a prediction, between two looks at its commands.

pub(super) mod best;
mod clock;
mod crew;
mod ending;
mod held_out;
pub mod metrics_file;
mod pace;
mod planning;
mod prediction_queue;
mod round_store;
pub mod rounds;
pub(super) mod run_folder;
mod session;
mod strain_watch;
mod study;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};

pub use self::planning::{choose_plan, plan_for, set_anatomy, set_intensities};
use self::prediction_queue::PredictionQueue;
pub use self::run_folder::newest_run_checkpoint;
pub use self::session::SessionError;
use self::session::{Session, Turn};
use self::strain_watch::{Look, StrainChange, StrainWatch};
use super::Slot;
use super::courtesy::FrameReports;
use super::protocol::{TrainerCommand, TrainerEvent, TrainerState};
use super::strain::{Strain, strain};
use crate::label::Prediction;

/// The other end of the trainer thread. Dropping it ends the thread after the present step, with a checkpoint.
pub struct TrainerHandle {
    pub commands: Sender<TrainerCommand>,
    pub events: Receiver<TrainerEvent>,
    /// The newest prediction of the shown case.
    pub predictions: Slot<Arc<Prediction>>,
    thread: Option<JoinHandle<()>>,
}

/// What the trainer has to be considerate of.
#[derive(Clone)]
pub(super) struct Host {
    /// Of the window beside it; `None` where there is none.
    frames: Option<FrameReports>,
    strain: Look,
}

/// What the thread talks through.
pub(super) struct Outlet {
    events: Sender<TrainerEvent>,
    predictions: Slot<Arc<Prediction>>,
    repaint: Box<dyn Fn() + Send + Sync>,
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
    /// A trainer that nobody watches: it takes what the machine has.
    pub fn spawn() -> std::io::Result<Self> {
        Self::start(|| {}, Host { frames: None, strain })
    }

    /// A trainer beside a window: it yields to the frames reported there and asks before it strains the machine.
    /// `repaint` is called after every event, from the trainer thread.
    pub fn spawn_beside_window(
        repaint: impl Fn() + Send + Sync + 'static,
        frames: FrameReports,
    ) -> std::io::Result<Self> {
        Self::start(repaint, Host { frames: Some(frames), strain })
    }

    fn start(repaint: impl Fn() + Send + Sync + 'static, host: Host) -> std::io::Result<Self> {
        let (commands, inbox) = unbounded();
        let (events, outbox) = unbounded();
        let predictions = Slot::new();
        let outlet = Outlet { events, predictions: predictions.clone(), repaint: Box::new(repaint) };
        let thread =
            thread::Builder::new().name("trainer".into()).spawn(move || Thread::new(inbox, outlet, host).run())?;
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
    host: Host,
    strain: StrainWatch,
}

enum Next {
    Go,
    End,
}

impl Thread {
    fn new(inbox: Receiver<TrainerCommand>, outlet: Outlet, host: Host) -> Self {
        let strain = StrainWatch::new(host.strain);
        Self { inbox, outlet, session: None, queue: None, paused: false, host, strain }
    }

    fn run(mut self) {
        loop {
            let command = self.next_command();
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

    /// Waits for one only while there is nothing else to do.
    fn next_command(&self) -> Option<TrainerCommand> {
        let patience = match (self.is_busy(), self.strain.is_waiting_for_relief()) {
            (true, _) => Duration::ZERO,
            (false, true) => strain_watch::LOOK_EVERY,
            (false, false) => match self.due_in() {
                Some(rest) => rest,
                None => return Some(self.inbox.recv().unwrap_or(TrainerCommand::Shutdown)),
            },
        };
        match self.inbox.recv_timeout(patience) {
            Ok(command) => Some(command),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(TrainerCommand::Shutdown),
        }
    }

    fn is_busy(&self) -> bool {
        let has_work =
            |session: &Session| !session.is_waiting() || session.has_arrivals() || session.has_cases_to_predict();
        let training = self.running().is_some_and(has_work);
        let is_comparing = self.session.as_ref().is_some_and(Session::has_older_to_predict);
        training || is_comparing || self.queue.is_some()
    }

    /// A run that is neither over nor paused; it may be waiting for corrections.
    fn running(&self) -> Option<&Session> {
        self.session.as_ref().filter(|session| session.is_training() && !self.paused)
    }

    /// Time until something is to be done although no step is.
    fn due_in(&self) -> Option<Duration> {
        let round = self.running().filter(|session| session.is_waiting()).and_then(Session::round_due_in);
        [self.overlay_due_in(), round].into_iter().flatten().min()
    }

    fn obey(&mut self, command: TrainerCommand) -> Next {
        match command {
            TrainerCommand::Start(request) => {
                self.stop();
                self.session = None;
                self.state(TrainerState::Preparing);
                match Session::start(*request, &self.host, &self.outlet) {
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
            TrainerCommand::Reject { case, rejections } => {
                if let Some(session) = &mut self.session {
                    session.reject(&case, rejections, &self.outlet);
                }
            }
            TrainerCommand::AddCases(cases) => {
                if let Some(session) = &mut self.session {
                    session.add_cases(cases);
                }
            }
            TrainerCommand::HoldOut { case, held_out } => {
                if let Some(session) = &mut self.session {
                    session.hold_out(&case, held_out, &self.outlet);
                }
            }
            TrainerCommand::Upcoming(cases) => {
                if let Some(session) = &mut self.session {
                    session.set_upcoming(cases);
                }
            }
            TrainerCommand::Restore { checkpoint_round } => self.restore(checkpoint_round),
            TrainerCommand::PredictWith { round, case } => {
                if let Some(session) = &mut self.session {
                    session.predict_with(round, case);
                }
            }
            TrainerCommand::Show(case) => {
                if let Some(session) = &mut self.session {
                    session.show(case);
                }
            }
            TrainerCommand::Predict { project_dir, cases, checkpoint } => {
                match PredictionQueue::open(&project_dir, cases, checkpoint) {
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

    /// A round that cannot be read leaves the networks as they are.
    fn restore(&mut self, round: u32) {
        let Some(session) = &mut self.session else {
            let sentence = "Nothing has learned since this window was opened; continue learning first, then go back.";
            return self.outlet.send(TrainerEvent::Notice(sentence.into()));
        };
        if let Err(error) = session.restore(round, &self.outlet) {
            self.outlet.send(TrainerEvent::Notice(format!("Round {round} could not be restored: {error}")));
        }
    }

    fn pause(&mut self, pause: bool) {
        self.strain.answered();
        self.set_paused(pause);
    }

    fn set_paused(&mut self, pause: bool) {
        let Some(session) = self.session.as_mut().filter(|s| s.is_training()) else { return };
        self.paused = pause;
        session.pause(pause);
        let going_on = if session.is_waiting() { TrainerState::Waiting } else { TrainerState::Running };
        self.state(if pause { TrainerState::Paused } else { going_on });
    }

    fn stop(&mut self) {
        self.strain.forget();
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
        if self.session.as_ref().is_some_and(Session::has_older_to_predict) {
            return self.predict_older();
        }
        self.heed_strain();
        if self.overlay_due_in().is_some_and(|rest| rest.is_zero()) {
            return self.refresh_overlay();
        }
        let Some(session) = self.session.as_mut().filter(|s| s.is_training() && !self.paused) else { return };
        match session.turn(&self.inbox, &self.outlet) {
            Ok(Turn::GoOn) => {}
            Ok(Turn::Waiting) => self.state(TrainerState::Waiting),
            Ok(Turn::Began) => self.state(TrainerState::Running),
            Ok(Turn::Finished) => self.state(TrainerState::Finished),
            Err(error) => match session.fall_back(&error.to_string(), &self.outlet) {
                Ok(true) => {}
                Ok(false) => self.fail(&error),
                Err(second) => self.fail(&second),
            },
        }
    }

    /// The reviewer's corrections re-calibrate the shown case also when nothing is learning; not on a strained machine, unasked.
    fn overlay_due_in(&self) -> Option<Duration> {
        let rests = |session: &&Session| self.paused || !session.is_training() || session.is_waiting();
        let session = self.session.as_ref().filter(rests).filter(|_| !self.strain.is_waiting_for_relief())?;
        session.overlay_due_in()
    }

    fn refresh_overlay(&mut self) {
        let Some(session) = &mut self.session else { return };
        if let Err(error) = session.refresh_shown(&self.inbox, &self.outlet) {
            self.fail(&error);
        }
    }

    fn predict_older(&mut self) {
        let Some(session) = &mut self.session else { return };
        if let Err(error) = session.predict_older(&self.inbox, &self.outlet) {
            self.outlet.send(TrainerEvent::Notice(format!("The older prediction could not be made: {error}")));
        }
    }

    /// Beside a window training pauses once and asks; without one it only says so.
    fn heed_strain(&mut self) {
        let Some(session) = &self.session else { return };
        match self.strain.look(session.project_dir()) {
            StrainChange::None => {}
            StrainChange::Begins(strain) if self.host.frames.is_none() => {
                self.strain.answered();
                self.outlet.send(TrainerEvent::Notice(sentence(strain).into()));
            }
            StrainChange::Begins(strain) => {
                self.set_paused(true);
                self.outlet.send(TrainerEvent::Strained(strain));
            }
            StrainChange::Ends => self.set_paused(false),
        }
    }

    fn predict_next(&mut self) {
        let Some(queue) = &mut self.queue else { return };
        if let Err(error) = queue.predict_next(self.session.as_mut(), &self.inbox, &self.outlet) {
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
        self.strain.forget();
        self.session = None;
        self.paused = false;
        self.outlet.send(TrainerEvent::Fatal { headline: error.to_string(), detail: cause_chain(error) });
        self.state(TrainerState::Failed);
    }
}

fn sentence(strain: Strain) -> &'static str {
    match strain {
        Strain::OnBattery => "The computer runs on its battery while it learns.",
        Strain::DiskNearlyFull => "The disk is nearly full; make room before the next round of learning is kept.",
        Strain::Hot => "The computer is hot while it learns.",
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
