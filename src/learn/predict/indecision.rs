//! How undecided both networks are between classes, class by class.

use burn::tensor::Tensor;

/// Smallest probability in a divergence (methods 0).
const LEAST: f32 = 1e-6;

/// Sums over the classes so far, of every voxel.
pub struct Undecided {
    /// `sum p ln p` of the mean, of A and of B.
    mean: Tensor<1>,
    alone: [Tensor<1>; 2],
    /// `sum p_B ln(p_B / p_A)`.
    divergence: Tensor<1>,
    best: [TwoBest; 2],
}

/// The two largest probabilities of a network.
struct TwoBest {
    first: Tensor<1>,
    second: Tensor<1>,
}

impl Undecided {
    pub fn first(p_a: &Tensor<1>, p_b: &Tensor<1>) -> Self {
        let zeros = || p_a.zeros_like();
        let best = || TwoBest { first: zeros(), second: zeros() };
        let mut of = Self { mean: zeros(), alone: [zeros(), zeros()], divergence: zeros(), best: [best(), best()] };
        of.add(p_a, p_b);
        of
    }

    /// Another class, with the probabilities that A and B give to it.
    pub fn add(&mut self, p_a: &Tensor<1>, p_b: &Tensor<1>) {
        let log = |p: &Tensor<1>| p.clone().clamp_min(LEAST).log();
        let mean = (p_a.clone() + p_b.clone()).mul_scalar(0.5);
        self.mean.inplace(|sum| sum + mean.clone() * log(&mean));
        let [log_a, log_b] = [log(p_a), log(p_b)];
        let apart = log_b.clone() - log_a.clone();
        self.divergence.inplace(|sum| sum + p_b.clone().clamp_min(LEAST) * apart);
        for ((sum, best), (p, log)) in self.alone.iter_mut().zip(&mut self.best).zip([(p_a, log_a), (p_b, log_b)]) {
            sum.inplace(|sum| sum + p.clone() * log);
            best.add(p);
        }
    }

    /// The values of [`crate::label::Indecision`] in its order, 0..=1 up to rounding.
    pub fn values(self, classes: usize) -> [Tensor<1>; 4] {
        let Self { mean, alone: [a, b], divergence, best } = self;
        let jensen_shannon = ((a + b).mul_scalar(0.5) - mean.clone()).div_scalar(std::f32::consts::LN_2);
        // One class alone is always decided.
        let most = (classes.max(2) as f32).ln();
        let [margin_a, margin_b] = best.map(|best| best.first - best.second);
        let margin = margin_a.min_pair(margin_b);
        [mean.neg().div_scalar(most), divergence.neg().exp(), jensen_shannon, margin]
    }
}

impl TwoBest {
    fn add(&mut self, p: &Tensor<1>) {
        let loser = self.first.clone().min_pair(p.clone());
        self.second.inplace(|second| second.max_pair(loser));
        self.first.inplace(|first| first.max_pair(p.clone()));
    }
}
