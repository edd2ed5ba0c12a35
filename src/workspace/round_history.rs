//! The rounds of a project and what they come to.

use crate::rounds::{Missing, Round, Verdict, verdict};

#[derive(Clone, Debug, PartialEq)]
pub struct RoundHistory {
    /// Ascending by number.
    rounds: Vec<Round>,
    verdict: Verdict,
}

impl Default for RoundHistory {
    fn default() -> Self {
        Self { rounds: Vec::new(), verdict: Verdict::NotEnough(Missing::HeldOutCases) }
    }
}

impl RoundHistory {
    pub(super) fn new(rounds: Vec<Round>) -> Self {
        Self { verdict: verdict(&rounds), rounds }
    }

    /// The newest one, and the older ones whose networks had to go for it.
    pub(super) fn add(&mut self, round: Round, displaced: &[u32]) {
        for old in self.rounds.iter_mut().filter(|old| displaced.contains(&old.number)) {
            old.checkpoint = None;
        }
        self.rounds.push(round);
        self.verdict = verdict(&self.rounds);
    }

    /// Oldest first.
    pub fn all(&self) -> &[Round] {
        &self.rounds
    }

    /// Is it getting better?
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }
}
