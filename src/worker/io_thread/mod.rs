//! The thread that alone touches the files of the open project for the window.

mod exports;
mod session;
mod subject;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, unbounded};

use self::session::Session;
use self::subject::Subject;
use super::mailbox::{Mailbox, Received};
use super::protocol_io::{IoCommand, IoEvent};

/// Whether opened projects are put on the user's list of recent projects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecentList {
    Keep,
    /// For tests: nothing outside the project folder is written.
    Ignore,
}

/// Does the commands in order. Dropping it finishes what waits, then joins.
#[derive(Debug)]
pub struct IoThread {
    mailbox: Arc<Mailbox>,
    events: Receiver<IoEvent>,
    thread: Option<JoinHandle<()>>,
}

/// The way back to the window: an event and a nudge to look at it.
#[derive(Clone)]
struct Outbox {
    events: Sender<IoEvent>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl IoThread {
    /// `wake` is called after every event, on the io thread; a window asks for a new frame in it.
    ///
    /// # Errors
    /// The system's, if it gives no thread.
    pub fn start(recent: RecentList, wake: impl Fn() + Send + Sync + 'static) -> std::io::Result<Self> {
        let mailbox = Arc::new(Mailbox::default());
        let (sender, events) = unbounded();
        let outbox = Outbox { events: sender, wake: Arc::new(wake) };
        let reader = Arc::clone(&mailbox);
        let thread =
            thread::Builder::new().name("chiaro-io".to_owned()).spawn(move || work(&reader, &outbox, recent))?;
        Ok(Self { mailbox, events, thread: Some(thread) })
    }

    /// Never waits. Gives the command back if the queue is full.
    pub fn send(&self, command: IoCommand) -> Result<(), Box<IoCommand>> {
        self.mailbox.put(command)
    }

    /// The next answer, if there is one.
    pub fn try_event(&self) -> Option<IoEvent> {
        self.events.try_recv().ok()
    }

    /// Answers as they come; the window uses [`Self::try_event`].
    pub fn events(&self) -> &Receiver<IoEvent> {
        &self.events
    }
}

impl Drop for IoThread {
    fn drop(&mut self) {
        self.mailbox.close();
        if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join) {
            log::error!("the io thread ended early: {}", panic_text(&*panic));
        }
    }
}

impl Outbox {
    /// Nobody listening any more is no error: the work itself is done.
    fn send(&self, event: IoEvent) {
        if self.events.send(event).is_ok() {
            (self.wake)();
        }
    }
}

fn work(mailbox: &Mailbox, outbox: &Outbox, recent: RecentList) {
    let mut session = Session::new(outbox.clone(), recent);
    loop {
        match mailbox.try_take() {
            Received::Command(command) => execute(&mut session, *command, mailbox, outbox),
            Received::Closed => return,
            Received::Nothing if session.has_idle_work() => guarded(outbox, &Subject::Idle, || Ok(session.idle_work())),
            Received::Nothing => match mailbox.take() {
                Received::Command(command) => execute(&mut session, *command, mailbox, outbox),
                Received::Closed => return,
                Received::Nothing => {}
            },
        }
    }
}

fn execute(session: &mut Session, command: IoCommand, mailbox: &Mailbox, outbox: &Outbox) {
    let subject = Subject::of(&command);
    guarded(outbox, &subject, || session.execute(command, || mailbox.has_newer_load()));
}

/// Every command is answered, also when the work on it panics.
fn guarded(outbox: &Outbox, subject: &Subject, work: impl FnOnce() -> Result<Option<IoEvent>, session::JobError>) {
    let event = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(event)) => event,
        Ok(Err(error)) => Some(subject.failed(error.to_string())),
        Err(panic) => {
            log::error!("panic on the io thread: {}", panic_text(&*panic));
            let sentence = "A part of the program failed on this file; nothing else is affected. Please report it.";
            Some(subject.failed(sentence.to_owned()))
        }
    };
    event.into_iter().for_each(|event| outbox.send(event));
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text")
}
