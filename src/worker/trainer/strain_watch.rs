//! Asks once before training empties a battery, fills a disk or heats a machine further.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::worker::strain::Strain;

/// The system is asked so often.
pub const LOOK_EVERY: Duration = Duration::from_secs(10);

/// What the machine is short of, given the project's folder and what it was short of before.
pub type Look = fn(&Path, Option<Strain>) -> Option<Strain>;

pub struct StrainWatch {
    strain: Look,
    last_look: Option<Instant>,
    /// Training waits for an answer or for relief.
    open: Option<Strain>,
    /// Never again in this window.
    answered: Vec<Strain>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StrainChange {
    None,
    /// Found for the first time.
    Begins(Strain),
    /// The question has answered itself.
    Ends,
}

impl StrainWatch {
    pub fn new(strain: Look) -> Self {
        Self { strain, last_look: None, open: None, answered: Vec::new() }
    }

    /// Looks if it is time to; cheap otherwise.
    pub fn look(&mut self, project_dir: &Path) -> StrainChange {
        if self.last_look.is_some_and(|last| last.elapsed() < LOOK_EVERY) {
            return StrainChange::None;
        }
        self.last_look = Some(Instant::now());
        let found = (self.strain)(project_dir, self.open).filter(|strain| !self.answered.contains(strain));
        match (std::mem::replace(&mut self.open, found), found) {
            (None, Some(strain)) => StrainChange::Begins(strain),
            (Some(_), None) => StrainChange::Ends,
            _ => StrainChange::None,
        }
    }

    pub fn is_waiting_for_relief(&self) -> bool {
        self.open.is_some()
    }

    /// The run that the question was about is over; the next one asks again.
    pub fn forget(&mut self) {
        self.open = None;
    }

    /// The user has decided something about the run: the question is not asked again.
    pub fn answered(&mut self) {
        self.answered.extend(self.open.take());
    }
}

#[cfg(test)]
mod tests {
    use super::Strain::{Hot, OnBattery};
    use super::*;

    fn looked_again(watch: &mut StrainWatch, strain: Look) -> StrainChange {
        watch.strain = strain;
        watch.last_look = None;
        watch.look(Path::new("study"))
    }

    const FINE: Look = |_, _| None;
    const UNPLUGGED: Look = |_, _| Some(OnBattery);

    #[test]
    fn the_question_is_asked_once_and_not_again_after_an_answer() {
        let mut watch = StrainWatch::new(FINE);
        assert_eq!(watch.look(Path::new("study")), StrainChange::None);
        assert_eq!(looked_again(&mut watch, UNPLUGGED), StrainChange::Begins(OnBattery));
        assert_eq!(watch.look(Path::new("study")), StrainChange::None, "a moment ago");
        assert_eq!(looked_again(&mut watch, UNPLUGGED), StrainChange::None);
        watch.answered();
        assert_eq!(looked_again(&mut watch, FINE), StrainChange::None);
        assert_eq!(looked_again(&mut watch, UNPLUGGED), StrainChange::None);
        assert_eq!(looked_again(&mut watch, |_, _| Some(Hot)), StrainChange::Begins(Hot), "another question");
    }

    #[test]
    fn relief_answers_the_question_and_the_next_time_it_is_asked_again() {
        let mut watch = StrainWatch::new(FINE);
        assert_eq!(looked_again(&mut watch, UNPLUGGED), StrainChange::Begins(OnBattery));
        assert!(watch.is_waiting_for_relief());
        assert_eq!(looked_again(&mut watch, FINE), StrainChange::Ends);
        assert!(!watch.is_waiting_for_relief());
        assert_eq!(looked_again(&mut watch, UNPLUGGED), StrainChange::Begins(OnBattery));
    }

    #[test]
    fn a_run_that_ends_takes_its_open_question_along() {
        let mut watch = StrainWatch::new(FINE);
        looked_again(&mut watch, UNPLUGGED);
        watch.forget();
        assert!(!watch.is_waiting_for_relief());
        assert_eq!(looked_again(&mut watch, UNPLUGGED), StrainChange::Begins(OnBattery));
        watch.answered();
        watch.forget();
        assert_eq!(looked_again(&mut watch, UNPLUGGED), StrainChange::None);
    }

    #[test]
    fn pausing_while_nothing_is_short_answers_nothing() {
        let mut watch = StrainWatch::new(FINE);
        watch.answered();
        assert_eq!(looked_again(&mut watch, UNPLUGGED), StrainChange::Begins(OnBattery));
    }

    #[test]
    fn a_hot_machine_is_asked_with_what_it_was_before() {
        const COOLS_SLOWLY: Look = |_, present| present;
        let mut watch = StrainWatch::new(FINE);
        assert_eq!(looked_again(&mut watch, COOLS_SLOWLY), StrainChange::None);
        looked_again(&mut watch, |_, _| Some(Hot));
        assert_eq!(looked_again(&mut watch, COOLS_SLOWLY), StrainChange::None);
        assert!(watch.is_waiting_for_relief());
    }
}
