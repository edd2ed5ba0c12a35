//! One temperature for two networks.

/// What a temperature is fitted to: voxels of a case that no network learnt from, voxel after voxel.
#[derive(Clone, Copy, Debug)]
pub struct VoxelLogits<'a> {
    /// K logits per voxel of network A and of network B, class fastest.
    pub networks: [&'a [f32]; 2],
    /// K, at least 1.
    pub classes: usize,
    /// True channel per voxel, 0 to K - 1; voxels with another value are left out.
    pub truth: &'a [u8],
    /// How much each voxel counts, 0 or more; all the same if absent.
    pub weights: Option<&'a [f32]>,
}

/// What logits are divided by before the softmax: above 1 makes sure networks modest, below 1 modest ones sure.
///
/// Guo et al. 2017, for the mean of both networks: `p = mean_m softmax(s_m / T)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Temperature(f64);

/// Fewer voxels say nothing about a temperature.
const FEWEST_VOXELS: usize = 20;
const LOWEST: f64 = 0.05;
const HIGHEST: f64 = 20.0;
/// Points of the scan before the golden section: the NLL of a mean of two softmax need not have one minimum only.
const SCAN_POINTS: usize = 13;
const GOLDEN_STEPS: usize = 24;

/// One usable voxel.
struct Sample<'a> {
    logits: [&'a [f32]; 2],
    truth: usize,
    weight: f64,
}

impl Temperature {
    /// Leaves the probabilities as the networks gave them.
    pub const NEUTRAL: Self = Self(1.0);

    /// The temperature with the lowest weighted mean of `-ln p_truth`, 0.05 to 20. Neutral where the voxels cannot
    /// tell one: fewer than 20 usable, or all displayed labels right, or all wrong.
    pub fn fit(voxels: &VoxelLogits) -> Self {
        let samples = voxels.samples();
        let right = samples.iter().filter(|s| s.is_right()).count();
        if samples.len() < FEWEST_VOXELS || right == 0 || right == samples.len() {
            return Self::NEUTRAL;
        }
        let nll = |ln_t: f64| nll(&samples, Self(ln_t.exp()));
        let (low, step) = (LOWEST.ln(), (HIGHEST / LOWEST).ln() / (SCAN_POINTS - 1) as f64);
        let scanned = (0..SCAN_POINTS).map(|i| low + i as f64 * step);
        let best = scanned.min_by(|a, b| nll(*a).total_cmp(&nll(*b))).unwrap_or_default();
        let ln_t = golden_section(nll, (best - step).max(low), (best + step).min(HIGHEST.ln()));
        Self(ln_t.exp())
    }

    /// A temperature fitted before; neutral if it is none.
    pub fn new(value: f64) -> Self {
        if value.is_finite() && value > 0.0 { Self(value) } else { Self::NEUTRAL }
    }

    pub fn value(self) -> f64 {
        self.0
    }

    /// Probability of `channel` in the mean of both networks; each slice holds the K logits of one voxel.
    pub fn probability(self, logits: [&[f32]; 2], channel: usize) -> f64 {
        logits.iter().map(|s| softmax_at(s, channel, self.0)).sum::<f64>() / 2.0
    }
}

impl<'a> VoxelLogits<'a> {
    fn samples(&self) -> Vec<Sample<'a>> {
        let [a, b] = self.networks.map(|s| s.chunks_exact(self.classes.max(1)));
        let weight_of = |at: usize| self.weights.map_or(Some(1.0), |w| w.get(at).copied()).map_or(0.0, f64::from);
        let voxels = a.zip(b).zip(self.truth).enumerate();
        let samples = voxels.map(|(at, ((a, b), &truth))| {
            let weight = weight_of(at);
            Sample { logits: [a, b], truth: usize::from(truth), weight }
        });
        samples.filter(|s| s.is_usable(self.classes)).collect()
    }
}

impl Sample<'_> {
    fn is_usable(&self, classes: usize) -> bool {
        let is_finite = self.logits.iter().all(|s| s.iter().all(|v| v.is_finite()));
        self.truth < classes && is_finite && self.weight > 0.0 && self.weight.is_finite()
    }

    /// Whether the most probable class of the mean is the true one.
    fn is_right(&self) -> bool {
        let p = |channel| Temperature::NEUTRAL.probability(self.logits, channel);
        let truth = p(self.truth);
        (0..self.logits[0].len()).all(|channel| p(channel) <= truth)
    }
}

/// Weighted mean of `-ln p_truth`.
fn nll(samples: &[Sample], temperature: Temperature) -> f64 {
    let (mut sum, mut weights) = (0.0, 0.0);
    for s in samples {
        sum -= s.weight * temperature.probability(s.logits, s.truth).max(f64::MIN_POSITIVE).ln();
        weights += s.weight;
    }
    sum / weights
}

/// `softmax(logits / t)` of one channel.
fn softmax_at(logits: &[f32], channel: usize, t: f64) -> f64 {
    let Some(&own) = logits.get(channel) else { return 0.0 };
    let over_own = |s: &f32| ((f64::from(*s) - f64::from(own)) / t).exp();
    1.0 / logits.iter().map(over_own).sum::<f64>()
}

/// The minimum of a function with one minimum between `low` and `high` (Kiefer 1953).
fn golden_section(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let ratio = (5f64.sqrt() - 1.0) / 2.0;
    let (mut left, mut right) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut at_left, mut at_right) = (f(left), f(right));
    for _ in 0..GOLDEN_STEPS {
        if at_left <= at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - ratio * (high - low);
            at_left = f(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + ratio * (high - low);
            at_right = f(right);
        }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    const CLASSES: usize = 3;

    /// Logits of two networks and truths drawn from `mean_m softmax(s_m / t)`.
    fn drawn(count: usize, t: f64, seed: u64) -> (Vec<f32>, Vec<f32>, Vec<u8>) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (mut a, mut b, mut truth) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..count {
            let voxel: [[f32; CLASSES]; 2] = [(); 2].map(|()| [(); CLASSES].map(|()| rng.random_range(-6.0..6.0)));
            let (mut left, mut channel) = (rng.random_range(0.0..1.0f64), 0);
            while channel + 1 < CLASSES {
                left -= Temperature(t).probability([&voxel[0], &voxel[1]], channel);
                if left < 0.0 {
                    break;
                }
                channel += 1;
            }
            a.extend(voxel[0]);
            b.extend(voxel[1]);
            truth.push(u8::try_from(channel).unwrap());
        }
        (a, b, truth)
    }

    fn fitted(a: &[f32], b: &[f32], truth: &[u8], weights: Option<&[f32]>) -> f64 {
        Temperature::fit(&VoxelLogits { networks: [a, b], classes: CLASSES, truth, weights }).value()
    }

    #[test]
    fn a_known_temperature_is_found_again() {
        for (t, seed) in [(0.4, 1), (1.0, 2), (3.0, 3), (8.0, 4)] {
            let (a, b, truth) = drawn(6000, t, seed);
            let found = fitted(&a, &b, &truth, None);
            assert!((found / t - 1.0).abs() < 0.12, "{found} for {t}");
        }
    }

    #[test]
    fn the_fit_is_the_lowest_of_a_fine_scan() {
        let (a, b, truth) = drawn(300, 2.5, 5);
        let voxels = VoxelLogits { networks: [&a, &b], classes: CLASSES, truth: &truth, weights: None };
        let (samples, fit) = (voxels.samples(), Temperature::fit(&voxels));
        let lowest = (0..2000).map(|i| nll(&samples, Temperature(0.05 * 400f64.powf(f64::from(i) / 1999.0))));
        assert!(nll(&samples, fit) <= lowest.fold(f64::INFINITY, f64::min) + 1e-9);
    }

    #[test]
    fn voxels_of_no_weight_and_voxels_without_a_true_channel_change_nothing() {
        let (mut a, mut b, mut truth) = drawn(500, 2.0, 6);
        let alone = fitted(&a, &b, &truth, None);
        let (more_a, more_b, more_truth) = drawn(500, 0.3, 7);
        a.extend(more_a);
        b.extend(more_b);
        truth.extend(more_truth);
        let weights: Vec<f32> = (0..1000).map(|i| if i < 500 { 2.0 } else { 0.0 }).collect();
        assert!((fitted(&a, &b, &truth, Some(&weights)) - alone).abs() < 1e-9);
        truth[500..].fill(255);
        assert_eq!(fitted(&a, &b, &truth, None), alone);
        a[1500..].fill(f32::NAN);
        truth[500..].fill(0);
        assert_eq!(fitted(&a, &b, &truth, None), alone);
    }

    #[test]
    fn voxels_that_cannot_tell_leave_the_probabilities_alone() {
        let (a, b, truth) = drawn(19, 5.0, 8);
        assert_eq!(fitted(&a, &b, &truth, None), 1.0);
        let (sure, rightly, wrongly) = ([4.0, 0.0, 0.0].repeat(50), [0; 50], [1; 50]);
        assert_eq!(fitted(&sure, &sure, &rightly, None), 1.0);
        assert_eq!(fitted(&sure, &sure, &wrongly, None), 1.0);
        assert_eq!(fitted(&[], &[], &[], None), 1.0);
    }

    #[test]
    fn the_mean_of_both_networks_is_taken_after_the_softmax() {
        let t = Temperature(2.0);
        let p = t.probability([&[2.0, 0.0], &[0.0, 2.0]], 0);
        let one = 1.0 / (1.0 + (-1f64).exp());
        assert!((p - (one + (1.0 - one)) / 2.0).abs() < 1e-12);
        let sure = t.probability([&[2000.0, 0.0], &[0.0, 0.0]], 0);
        assert!((sure - 0.75).abs() < 1e-12);
    }
}
