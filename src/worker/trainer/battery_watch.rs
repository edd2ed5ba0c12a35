//! Asks once before training empties a battery.

use std::time::{Duration, Instant};

/// The system is asked so often.
pub const LOOK_EVERY: Duration = Duration::from_secs(10);

pub struct BatteryWatch {
    is_on_battery: fn() -> bool,
    last_look: Option<Instant>,
    question: Question,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    NotAsked,
    /// Training waits for an answer or for the plug.
    Open,
    /// Never again in this window.
    Answered,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerChange {
    None,
    /// Found on battery for the first time.
    Unplugged,
    /// The question has answered itself.
    PluggedIn,
}

impl BatteryWatch {
    pub fn new(is_on_battery: fn() -> bool) -> Self {
        Self { is_on_battery, last_look: None, question: Question::NotAsked }
    }

    /// Looks if it is time to; cheap otherwise.
    pub fn look(&mut self) -> PowerChange {
        let is_due = self.last_look.is_none_or(|last| last.elapsed() >= LOOK_EVERY);
        if self.question == Question::Answered || !is_due {
            return PowerChange::None;
        }
        self.last_look = Some(Instant::now());
        match (self.question, (self.is_on_battery)()) {
            (Question::NotAsked, true) => {
                self.question = Question::Open;
                PowerChange::Unplugged
            }
            (Question::Open, false) => {
                self.question = Question::NotAsked;
                PowerChange::PluggedIn
            }
            _ => PowerChange::None,
        }
    }

    pub fn is_waiting_for_the_plug(&self) -> bool {
        self.question == Question::Open
    }

    /// The run that the question was about is over; the next one asks again.
    pub fn forget(&mut self) {
        if self.question == Question::Open {
            self.question = Question::NotAsked;
        }
    }

    /// The user has decided something about the run: the question is not asked again.
    pub fn answered(&mut self) {
        if self.question == Question::Open {
            self.question = Question::Answered;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked_again(watch: &mut BatteryWatch, is_on_battery: fn() -> bool) -> PowerChange {
        watch.is_on_battery = is_on_battery;
        watch.last_look = None;
        watch.look()
    }

    #[test]
    fn the_question_is_asked_once_and_not_again_after_an_answer() {
        let mut watch = BatteryWatch::new(|| false);
        assert_eq!(watch.look(), PowerChange::None);
        assert_eq!(looked_again(&mut watch, || true), PowerChange::Unplugged);
        assert_eq!(looked_again(&mut watch, || true), PowerChange::None);
        watch.answered();
        assert_eq!(looked_again(&mut watch, || false), PowerChange::None);
        assert_eq!(looked_again(&mut watch, || true), PowerChange::None);
    }

    #[test]
    fn the_plug_answers_the_question_and_the_next_time_it_is_asked_again() {
        let mut watch = BatteryWatch::new(|| true);
        assert_eq!(watch.look(), PowerChange::Unplugged);
        assert!(watch.is_waiting_for_the_plug());
        assert_eq!(looked_again(&mut watch, || false), PowerChange::PluggedIn);
        assert!(!watch.is_waiting_for_the_plug());
        assert_eq!(looked_again(&mut watch, || true), PowerChange::Unplugged);
    }

    #[test]
    fn a_run_that_ends_takes_its_open_question_along() {
        let mut watch = BatteryWatch::new(|| true);
        assert_eq!(watch.look(), PowerChange::Unplugged);
        watch.forget();
        assert!(!watch.is_waiting_for_the_plug());
        assert_eq!(looked_again(&mut watch, || true), PowerChange::Unplugged);
        watch.answered();
        watch.forget();
        assert_eq!(looked_again(&mut watch, || true), PowerChange::None);
    }

    #[test]
    fn pausing_while_plugged_in_answers_nothing() {
        let mut watch = BatteryWatch::new(|| false);
        watch.answered();
        assert_eq!(looked_again(&mut watch, || true), PowerChange::Unplugged);
    }
}
