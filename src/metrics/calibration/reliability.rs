//! Reliability of one probability per voxel: how often the displayed label is right where it says so.

use serde::{Deserialize, Serialize};

/// Equal-width bins of the probability.
const BIN_COUNT: usize = 10;

/// Farthest a probability may be from 1 in the logarithms and from 0; a sure voxel that is wrong costs at most 13.8.
const CLAMP: f64 = 1e-6;

/// The event "the displayed label is right" against its displayed probability, over any number of voxels and cases.
///
/// ECE: Guo et al. 2017, equation 3. Brier score and NLL are those of the two-sided event, not of all K classes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reliability {
    bins: [Tally; BIN_COUNT],
    squares: f64,
    /// Sum of -ln of what was said about the outcome.
    nll: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Tally {
    count: u64,
    right: u64,
    probability: f64,
}

/// One bin, `[from, to)`; the last one holds 1 too. The two means are absent where no voxel fell in.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReliabilityBin {
    pub from: f64,
    pub to: f64,
    pub count: u64,
    pub mean_probability: Option<f64>,
    /// Share of the voxels whose label is right.
    pub accuracy: Option<f64>,
}

impl Reliability {
    /// Adds one voxel. A probability outside 0 to 1 is clamped; one that is not a number is left out.
    pub fn record(&mut self, probability: f64, is_right: bool) {
        if probability.is_nan() {
            return;
        }
        let p = probability.clamp(CLAMP, 1.0 - CLAMP);
        // 0 <= p < 1, so the cast keeps it within 0..BIN_COUNT.
        let bin = &mut self.bins[(p * BIN_COUNT as f64) as usize];
        bin.count += 1;
        bin.right += u64::from(is_right);
        bin.probability += p;
        self.squares += (p - f64::from(u8::from(is_right))).powi(2);
        self.nll -= if is_right { p.ln() } else { (1.0 - p).ln() };
    }

    /// Adds the voxels of another part or case.
    pub fn accumulate(&mut self, other: &Self) {
        for (bin, other) in self.bins.iter_mut().zip(&other.bins) {
            bin.count += other.count;
            bin.right += other.right;
            bin.probability += other.probability;
        }
        self.squares += other.squares;
        self.nll += other.nll;
    }

    /// Voxels so far.
    pub fn count(&self) -> u64 {
        self.bins.iter().map(|b| b.count).sum()
    }

    /// `sum_b n_b / n |accuracy_b - mean probability_b|`, 0 to 1; `None` without a voxel, as all scores.
    pub fn ece(&self) -> Option<f64> {
        self.mean(self.bins.iter().map(|b| (b.right as f64 - b.probability).abs()).sum())
    }

    /// Mean of `(p - [right])^2`, 0 to 1.
    pub fn brier(&self) -> Option<f64> {
        self.mean(self.squares)
    }

    /// Mean of `-ln p` where the label is right and `-ln(1 - p)` where it is wrong, 0 to 13.8 nats.
    pub fn nll(&self) -> Option<f64> {
        self.mean(self.nll)
    }

    /// The table of a reliability diagram, lowest probabilities first.
    pub fn bins(&self) -> Vec<ReliabilityBin> {
        let edge = |at: usize| at as f64 / BIN_COUNT as f64;
        let of = |(at, tally): (usize, &Tally)| ReliabilityBin {
            from: edge(at),
            to: edge(at + 1),
            count: tally.count,
            mean_probability: share(tally.probability, tally.count),
            accuracy: share(tally.right as f64, tally.count),
        };
        self.bins.iter().enumerate().map(of).collect()
    }

    fn mean(&self, sum: f64) -> Option<f64> {
        share(sum, self.count())
    }
}

fn share(sum: f64, count: u64) -> Option<f64> {
    (count > 0).then(|| sum / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(voxels: &[(f64, bool)]) -> Reliability {
        let mut reliability = Reliability::default();
        voxels.iter().for_each(|&(p, right)| reliability.record(p, right));
        reliability
    }

    #[test]
    fn hand_computed_scores_of_four_voxels() {
        let r = of(&[(0.92, true), (0.98, false), (0.6, true), (0.64, true)]);
        // Bin 9: two voxels, mean 0.95, one right. Bin 6: two voxels, mean 0.62, both right.
        assert!((r.ece().unwrap() - (0.5 * 0.45 + 0.5 * 0.38)).abs() < 1e-12);
        let squares = 0.08f64.powi(2) + 0.98f64.powi(2) + 0.4f64.powi(2) + 0.36f64.powi(2);
        assert!((r.brier().unwrap() - squares / 4.0).abs() < 1e-12);
        let nll = -(0.92f64.ln() + 0.02f64.ln() + 0.6f64.ln() + 0.64f64.ln()) / 4.0;
        assert!((r.nll().unwrap() - nll).abs() < 1e-9);
        let bin = r.bins()[9];
        assert_eq!((bin.from, bin.to, bin.count, bin.accuracy), (0.9, 1.0, 2, Some(0.5)));
        assert!((bin.mean_probability.unwrap() - 0.95).abs() < 1e-12);
        assert_eq!((r.bins()[0].count, r.bins()[0].accuracy), (0, None));
    }

    #[test]
    fn edges_belong_to_the_upper_bin_and_a_sure_voxel_that_is_wrong_costs_a_finite_amount() {
        let r = of(&[(0.5, true), (1.0, true), (0.0, false), (f64::NAN, true), (7.0, false)]);
        let counts: Vec<u64> = r.bins().iter().map(|b| b.count).collect();
        assert_eq!(counts, [1, 0, 0, 0, 0, 1, 0, 0, 0, 2]);
        assert!((of(&[(1.0, false)]).nll().unwrap() - 1e6f64.ln()).abs() < 1e-6);
    }

    #[test]
    fn nothing_recorded_has_no_scores() {
        let r = Reliability::default();
        assert_eq!((r.count(), r.ece(), r.brier(), r.nll()), (0, None, None, None));
    }

    proptest! {
        #[test]
        fn parts_added_up_equal_the_whole(
            voxels in prop::collection::vec((0.0f64..=1.0, any::<bool>()), 2..80), cut in 0usize..80,
        ) {
            let (one, other) = voxels.split_at(cut.min(voxels.len()));
            let mut sum = of(one);
            sum.accumulate(&of(other));
            let whole = of(&voxels);
            prop_assert_eq!(sum.count(), whole.count());
            for (a, b) in [(sum.ece(), whole.ece()), (sum.brier(), whole.brier()), (sum.nll(), whole.nll())] {
                prop_assert!((a.unwrap() - b.unwrap()).abs() < 1e-9);
            }
        }
    }
}
