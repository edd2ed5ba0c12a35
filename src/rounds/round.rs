//! One round of training: from the moment enough had changed to the networks that came of it.

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::Estimate;
use crate::volume::CaseId;

/// What correcting pseudo-labels took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectionEffort {
    /// Labelled otherwise, or rejected.
    pub voxels_changed: u64,
    /// Seconds of work, pauses left out.
    pub seconds: u64,
    /// Places: corrections that lie beside or over the one before belong to its place.
    pub regions_touched: u64,
}

impl AddAssign for CorrectionEffort {
    fn add_assign(&mut self, other: Self) {
        self.voxels_changed = self.voxels_changed.saturating_add(other.voxels_changed);
        self.seconds = self.seconds.saturating_add(other.seconds);
        self.regions_touched = self.regions_touched.saturating_add(other.regions_touched);
    }
}

/// A finished round of training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// From 1, ascending over the whole life of a project; a number is never used again.
    pub number: u32,
    /// Seconds since 1970-01-01 UTC.
    pub started_unix_s: u64,
    pub ended_unix_s: u64,
    /// Name of the training run.
    pub model: String,
    /// Steps of that run at the end of the round.
    pub step: u64,
    /// Folder of the round's networks inside the run's; `None` once it was thinned or if none was written.
    #[serde(default)]
    pub checkpoint: Option<String>,
    /// Mean Dice over the foreground classes of each held-out case, 0 to 1, measured with the round's networks.
    #[serde(default)]
    pub held_out: BTreeMap<CaseId, f64>,
    /// The same on what was labelled in some of the cases that the networks learn from.
    #[serde(default)]
    pub known: BTreeMap<CaseId, f64>,
    /// What training could learn from.
    #[serde(default)]
    pub labelled_voxels: u64,
    #[serde(default)]
    pub labelled_cases: u64,
    /// What was corrected since the round before.
    #[serde(default)]
    pub corrections: BTreeMap<CaseId, CorrectionEffort>,
}

impl Round {
    /// Mean held-out Dice over the round's own cases. Rounds with other cases do not compare: see [`Self::change_since`].
    pub fn mean_dice(&self) -> Option<Estimate> {
        Estimate::of(self.held_out.values().copied())
    }

    /// Whether other held-out cases were measured than in `earlier`: their means do not compare.
    pub fn measures_others_than(&self, earlier: &Self) -> bool {
        !self.held_out.keys().eq(earlier.held_out.keys())
    }

    /// How much the Dice of the cases that both rounds measured grew since `earlier`, paired by case: how hard a case is
    /// drops out. `None` without a common case.
    pub fn change_since(&self, earlier: &Self) -> Option<Estimate> {
        Estimate::of(self.gains_over(earlier))
    }

    /// Dice now minus Dice then of every case that both measured.
    pub(super) fn gains_over<'a>(&'a self, earlier: &'a Self) -> impl Iterator<Item = f64> + 'a {
        self.held_out.iter().filter_map(|(case, dice)| Some(dice - earlier.held_out.get(case)?))
    }

    /// Of all cases together.
    pub fn effort(&self) -> CorrectionEffort {
        let mut sum = CorrectionEffort::default();
        self.corrections.values().for_each(|effort| sum += *effort);
        sum
    }
}

/// Since 1970-01-01 UTC; a clock before that counts as 1970.
pub fn unix_seconds() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs())
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// A round with these Dice values of cases `0`, `1`, and so on.
    pub fn round(number: u32, dice: &[f64]) -> Round {
        Round {
            number,
            started_unix_s: u64::from(number) * 100,
            ended_unix_s: u64::from(number) * 100 + 60,
            model: "001-cps".into(),
            step: u64::from(number) * 50,
            checkpoint: None,
            held_out: dice.iter().enumerate().map(|(i, d)| (i.to_string().into(), *d)).collect(),
            known: BTreeMap::new(),
            labelled_voxels: 0,
            labelled_cases: 0,
            corrections: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::round;
    use super::*;

    #[test]
    fn a_change_is_paired_over_the_cases_that_both_rounds_measured() {
        let (before, mut after) = (round(1, &[0.2, 0.9]), round(2, &[0.3, 1.0]));
        after.held_out.insert("new and easy".into(), 1.0);
        let change = after.change_since(&before).unwrap();
        assert!((change.mean - 0.1).abs() < 1e-12 && change.cases == 2);
        assert!(change.half_width.unwrap() < 1e-9, "the hard and the easy case gained the same");
        assert_eq!(after.mean_dice().unwrap().cases, 3);
        assert!(after.measures_others_than(&before) && !before.measures_others_than(&round(7, &[0.5, 0.5])));
        assert_eq!(round(1, &[]).change_since(&before), None);
    }

    #[test]
    fn effort_is_added_over_cases_without_overflow() {
        let mut round = round(1, &[]);
        let effort = CorrectionEffort { voxels_changed: u64::MAX, seconds: 20, regions_touched: 2 };
        round.corrections = BTreeMap::from([("a".into(), effort), ("b".into(), effort)]);
        let sum = CorrectionEffort { voxels_changed: u64::MAX, seconds: 40, regions_touched: 4 };
        assert_eq!(round.effort(), sum);
    }
}
