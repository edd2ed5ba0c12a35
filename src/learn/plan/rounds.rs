//! The schedule of a run that goes on in rounds, each with what was corrected since.

use serde::{Deserialize, Serialize};

use super::Plan;
use crate::learn::schedule::ramp_up;

/// Fewer steps would hardly move the networks, and a round has to be predicted and measured besides.
const FEWEST_STEPS: u64 = 200;
/// One part in so many of the first length: the networks know most of it already.
const SHORTER: u64 = 4;
/// What was corrected is learnt first, before the old beliefs about everything else come back to their weight.
const FIRST_SHARE: f64 = 0.5;

/// Where such a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoundSchedule {
    /// Steps of every round but the first.
    pub length: u64,
    /// Step at which the present one began.
    pub begin: u64,
    /// Share of their usual weight that the unlabelled terms began it with.
    pub from: f64,
}

impl RoundSchedule {
    /// `from + (1 - from) ramp(t)` with the ramp of Laine & Aila 2017 over half of the round.
    fn share(&self, step: u64) -> f64 {
        let ramp = ramp_up(step.saturating_sub(self.begin) as f64, self.length as f64 / 2.0);
        self.from + (1.0 - self.from) * ramp
    }
}

impl Plan {
    /// Another round from this step on, with the same networks: at least `max(200, a quarter of the first length)` steps, but
    /// no more than the first had. The learning rate follows the new end; the unlabelled terms begin with half of the share
    /// they have now.
    pub fn begin_round(&mut self, step: u64) {
        let first = self.total_steps;
        let length = self.rounds.map_or((first / SHORTER).max(FEWEST_STEPS).min(first), |r| r.length).max(1);
        self.rounds = Some(RoundSchedule { length, begin: step, from: FIRST_SHARE * self.round_share(step) });
        self.total_steps = self.total_steps.max(step + length);
    }

    /// Share of their usual weight that the unlabelled terms have because of the round; 1 in a run without rounds.
    pub fn round_share(&self, step: u64) -> f64 {
        self.rounds.map_or(1.0, |r| r.share(step))
    }

    /// Step at which the present round began, the first one at 0.
    pub fn round_begin(&self) -> u64 {
        self.rounds.map_or(0, |r| r.begin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::learner::{learning_rate, unsupervised_weight};
    use crate::learn::plan::Fingerprint;
    use crate::learn::settings::TrainSettings;

    fn plan(steps: u64) -> Plan {
        let f = Fingerprint { extents: vec![[16; 3]], classes: vec![0, 1], ..Fingerprint::default() };
        Plan::new(&f, &TrainSettings { steps: Some(steps), ..TrainSettings::default() })
    }

    #[test]
    fn a_round_is_a_quarter_of_the_first_length_within_limits_and_stays_that_long() {
        for (first, length) in [(4_000, 1_000), (400, 200), (50, 50)] {
            let mut plan = plan(first);
            plan.begin_round(first);
            assert_eq!(plan.total_steps, first + length);
            plan.begin_round(first + length);
            assert_eq!(plan.total_steps, first + 2 * length);
            plan.begin_round(first + length + 1);
            assert_eq!(plan.total_steps, first + 2 * length + 1, "a round that begins early ends early");
        }
    }

    #[test]
    fn the_unlabelled_terms_begin_a_round_with_half_their_weight_and_come_back_to_it() {
        let mut plan = plan(4_000);
        let before = unsupervised_weight(&plan, 4_000);
        plan.begin_round(4_000);
        let at = |plan: &Plan, step| unsupervised_weight(plan, step) / before;
        assert!((at(&plan, 4_000) - 0.5).abs() < 0.01 && at(&plan, 4_500) == 1.0);
        assert!((4_000..4_500).all(|step| at(&plan, step) <= at(&plan, step + 1)));
        // In the middle of the ramp, half of what it has come to.
        let present = at(&plan, 4_250);
        plan.begin_round(4_250);
        assert!((at(&plan, 4_250) - present / 2.0).abs() < 0.01);
        assert!(learning_rate(&plan, 4_250) > plan.learning_rate * 0.1, "there is something left to learn with");
    }

    #[test]
    fn a_plan_from_before_there_were_rounds_is_read_and_one_with_them_comes_back() {
        let mut plan = plan(100);
        let text = plan.to_commented_toml().unwrap();
        assert!(!text.contains("rounds"));
        plan.begin_round(100);
        let restored: Plan = toml::from_str(&plan.to_commented_toml().unwrap()).unwrap();
        assert_eq!(restored, plan);
    }
}
