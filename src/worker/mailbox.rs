//! The bounded queue in front of the io thread. A command that makes a waiting one pointless replaces it.

use std::collections::VecDeque;
use std::mem::discriminant;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::protocol_io::IoCommand;

/// More strokes than anybody paints while a disk sleeps.
const CAPACITY: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Mailbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<IoCommand>,
    closed: bool,
}

/// What the reader got.
#[derive(Debug)]
pub(super) enum Received {
    Command(Box<IoCommand>),
    /// Nothing is waiting.
    Nothing,
    /// Nothing is waiting and nothing will come.
    Closed,
}

impl Mailbox {
    /// Gives the command back if the queue is full or closed. Never waits.
    pub fn put(&self, command: IoCommand) -> Result<(), Box<IoCommand>> {
        let mut state = self.lock();
        // Order among the rest stays: a save may be overtaken by no journal entry, a load by no save.
        state.waiting.retain(|waiting| !replaces(&command, waiting));
        if state.closed || state.waiting.len() >= CAPACITY {
            return Err(Box::new(command));
        }
        state.waiting.push_back(command);
        self.changed.notify_one();
        Ok(())
    }

    pub fn try_take(&self) -> Received {
        self.lock().take()
    }

    /// Waits for a command or the end.
    pub fn take(&self) -> Received {
        let mut state = self.lock();
        loop {
            match state.take() {
                Received::Nothing => {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                received => return received,
            }
        }
    }

    /// Another case has been asked for meanwhile.
    pub fn has_newer_load(&self) -> bool {
        self.lock().waiting.iter().any(|command| matches!(command, IoCommand::LoadCase(_)))
    }

    /// What is waiting is still handed out; nothing new comes in.
    pub fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self) -> Received {
        match self.waiting.pop_front() {
            Some(command) => Received::Command(Box::new(command)),
            None if self.closed => Received::Closed,
            None => Received::Nothing,
        }
    }
}

/// After `newer`, doing `waiting` would be work for nothing.
fn replaces(newer: &IoCommand, waiting: &IoCommand) -> bool {
    match (newer, waiting) {
        (IoCommand::SaveLabels { case: a, .. }, IoCommand::SaveLabels { case: b, .. })
        | (IoCommand::SaveReview { case: a, .. }, IoCommand::SaveReview { case: b, .. })
        | (IoCommand::KeepView { case: a, .. }, IoCommand::KeepView { case: b, .. })
        | (IoCommand::LoadPrediction(a), IoCommand::LoadPrediction(b)) => a == b,
        (
            IoCommand::LoadCase(_)
            | IoCommand::LoadFrame { .. }
            | IoCommand::SaveProject { .. }
            | IoCommand::SavePreferences(_)
            | IoCommand::ListRecent,
            _,
        ) => discriminant(newer) == discriminant(waiting),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(mailbox: &Mailbox) -> Vec<IoCommand> {
        std::iter::from_fn(|| match mailbox.try_take() {
            Received::Command(command) => Some(*command),
            Received::Nothing | Received::Closed => None,
        })
        .collect()
    }

    #[test]
    fn only_the_newest_of_fifty_case_loads_waits() {
        let mailbox = Mailbox::default();
        for i in 0..50 {
            mailbox.put(IoCommand::LoadCase(format!("case {i}").into())).unwrap();
        }
        assert!(mailbox.has_newer_load());
        let left = taken(&mailbox);
        assert!(matches!(left.as_slice(), [IoCommand::LoadCase(case)] if case.as_str() == "case 49"), "{left:?}");
    }

    #[test]
    fn predictions_of_different_cases_do_not_replace_each_other() {
        let mailbox = Mailbox::default();
        for case in ["a", "b", "a"] {
            mailbox.put(IoCommand::LoadPrediction(case.into())).unwrap();
        }
        let left = taken(&mailbox);
        assert!(
            matches!(left.as_slice(), [IoCommand::LoadPrediction(b), IoCommand::LoadPrediction(a)] if b.as_str() == "b" && a.as_str() == "a"),
            "{left:?}"
        );
    }

    #[test]
    fn a_full_or_closed_queue_gives_the_command_back() {
        let mailbox = Mailbox::default();
        for _ in 0..CAPACITY {
            mailbox.put(IoCommand::CloseProject).unwrap();
        }
        assert!(mailbox.put(IoCommand::CloseProject).is_err());
        assert_eq!(taken(&mailbox).len(), CAPACITY);
        mailbox.put(IoCommand::CloseProject).unwrap();
        mailbox.close();
        assert!(mailbox.put(IoCommand::CloseProject).is_err());
        assert!(matches!(mailbox.take(), Received::Command(_)), "what waited is still done");
        assert!(matches!(mailbox.take(), Received::Closed));
    }
}
