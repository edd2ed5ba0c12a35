//! How far a pseudo-label counts: the ways to weigh its giver's and its learner's belief (methods 5.2).

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::learn::loss::entropy;

/// A trickle for every voxel, so that a rare class cannot be frozen out (methods 5.2).
const SMALLEST_WEIGHT: f64 = 0.05;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// `c1 c2^gamma`, divided by its mean over the pseudo-class: the balance of classes is untouched.
    #[default]
    Product,
    /// `c1 c2^gamma` as it is: the literal reading, which starves rare classes.
    RawProduct,
    /// `min(c1, c2)`, divided by its mean over the pseudo-class.
    Min,
    /// `sqrt(c1 c2)`, divided by its mean over the pseudo-class.
    GeometricMean,
    /// 1 where the giver's entropy is lower than the learner's, else 0 (MLRPL).
    PeerEntropyGate,
    /// `1 - (cos - c1)^2` with the cosine between the giver's features and the mean features of the labelled voxels of the
    /// proposed class (MLRPL), divided by its mean over the pseudo-class.
    PrototypeSimilarity,
    /// `c1` alone, divided by its mean over the pseudo-class: what single-confidence methods do.
    Single,
    /// 1 everywhere: cross pseudo supervision.
    Off,
}

/// One direction of a step, without gradient: what `giver` proposes to `learner`.
pub struct Proposal<'a> {
    /// Probabilities `[b, k, z, y, x]`.
    pub learner: &'a Tensor<5>,
    pub giver: &'a Tensor<5>,
    /// One-hot of the giver's class.
    pub label: &'a Tensor<5>,
    /// The giver's decoder features, `[b, c, z, y, x]`.
    pub features: &'a Tensor<5>,
    /// One-hot classes of the labelled voxels.
    pub known: &'a Tensor<5>,
    /// 1 on voxels whose label is proposed: those nobody labelled, or some of them, `[b, 1, z, y, x]`.
    pub unknown: &'a Tensor<5>,
    /// How far the learner's belief counts yet, 0 to 1.
    pub gamma: f64,
}

impl Confidence {
    /// Whether the cross-entropy is divided by the number of voxels and not by the sum of their weights.
    pub fn is_plain_mean(self) -> bool {
        self == Self::RawProduct
    }

    /// Weights `[b, 1, z, y, x]`, 0 on known voxels.
    pub fn weight(self, proposal: &Proposal<'_>) -> Tensor<5> {
        let normalised = |raw: Tensor<5>| class_normalised(raw.clamp_min(SMALLEST_WEIGHT), proposal);
        let masked = |raw: Tensor<5>| raw * proposal.unknown.clone();
        match self {
            Self::Product => normalised(proposal.product()),
            Self::RawProduct => masked(proposal.product().clamp_min(SMALLEST_WEIGHT)),
            Self::Min => normalised(proposal.giver_belief().min_pair(proposal.learner_belief())),
            Self::GeometricMean => normalised((proposal.giver_belief() * proposal.learner_belief()).sqrt()),
            Self::PeerEntropyGate => masked(entropy(proposal.giver, 1).lower(entropy(proposal.learner, 1)).float()),
            Self::PrototypeSimilarity => normalised(proposal.prototype_similarity()),
            Self::Single => normalised(proposal.giver_belief()),
            Self::Off => proposal.unknown.clone(),
        }
    }
}

impl Proposal<'_> {
    /// 1 on the proposed voxels with `c1 c2 >= least`, `[b, 1, z, y, x]`.
    pub fn believed(&self, least: f64) -> Tensor<5> {
        if least <= 0.0 {
            return self.unknown.clone();
        }
        (self.giver_belief() * self.learner_belief()).greater_equal_elem(least).float() * self.unknown.clone()
    }

    /// c1, `[b, 1, z, y, x]`.
    fn giver_belief(&self) -> Tensor<5> {
        self.giver.clone().max_dim(1)
    }

    /// c2: the learner's belief in the giver's label.
    fn learner_belief(&self) -> Tensor<5> {
        (self.learner.clone() * self.label.clone()).sum_dim(1)
    }

    fn product(&self) -> Tensor<5> {
        self.giver_belief() * self.learner_belief().powf_scalar(self.gamma)
    }

    fn prototype_similarity(&self) -> Tensor<5> {
        let classes = self.label.dims()[1];
        let mut cosine = self.giver_belief().zeros_like();
        for class in 0..classes {
            let members = self.known.clone().narrow(1, class, 1);
            let sum = (self.features.clone() * members).sum_dims(&[0usize, 2, 3, 4]);
            let length = |t: Tensor<5>| t.square().sum_dim(1).sqrt().clamp_min(1e-6);
            // A class without a labelled voxel in the batch has no prototype and cosine 0.
            let along = (self.features.clone() * sum.clone()).sum_dim(1);
            let similarity = along / (length(self.features.clone()) * length(sum));
            cosine = cosine + similarity * self.label.clone().narrow(1, class, 1);
        }
        (cosine - self.giver_belief()).square().neg() + 1.0
    }
}

/// Each weight divided by the mean weight of its pseudo-class over the unknown voxels, 0 on known ones.
///
/// The mean is 1 inside every pseudo-class, so the balance of classes is untouched (raw weights starve rare classes).
fn class_normalised(raw: Tensor<5>, Proposal { label, unknown, .. }: &Proposal<'_>) -> Tensor<5> {
    let (label, unknown) = ((*label).clone(), (*unknown).clone());
    let per_class = |t: Tensor<5>| t.sum_dims(&[0usize, 2, 3, 4]);
    let counted = label.clone() * unknown.clone();
    let mean = per_class(counted.clone() * raw.clone()) / per_class(counted).clamp_min(1e-6);
    // A class nobody proposes has mean 0 and no voxel to divide.
    let scale = (label / mean.clamp_min(1e-6)).sum_dim(1);
    raw * scale * unknown
}

#[cfg(test)]
mod tests {
    use burn::tensor::activation::softmax;
    use burn::tensor::{Device, Distribution, TensorData};

    use super::*;
    use crate::learn::loss::hard_one_hot;

    const DIMS: [usize; 5] = [2, 3, 4, 4, 4];

    fn values(t: Tensor<5>) -> Vec<f32> {
        t.into_data().try_to_vec().unwrap()
    }

    /// Weights for random beliefs, features and labels: weight, unknown mask, label.
    fn random_weights(confidence: Confidence) -> [Vec<f32>; 3] {
        let device = Device::flex();
        let random = || softmax(Tensor::<5>::random(DIMS, Distribution::Normal(0.0, 2.0), &device), 1);
        let (learner, giver, features) = (random(), random(), random());
        let unknown = Tensor::<5>::random([2, 1, 4, 4, 4], Distribution::Bernoulli(0.7), &device);
        let label = hard_one_hot(&giver);
        let known = hard_one_hot(&random()) * (unknown.clone().neg() + 1.0);
        let (l, g, f, k, u) = (&learner, &giver, &features, &known, &unknown);
        let proposal = Proposal { learner: l, giver: g, label: &label, features: f, known: k, unknown: u, gamma: 1.0 };
        [confidence.weight(&proposal), unknown.clone(), label.clone()].map(values)
    }

    #[test]
    fn normalised_weights_have_mean_one_in_every_pseudo_class_and_are_zero_on_known_voxels() {
        use Confidence::{GeometricMean, Min, Off, Product, PrototypeSimilarity, Single};
        for confidence in [Product, Min, GeometricMean, PrototypeSimilarity, Single, Off] {
            let [w, u, label] = random_weights(confidence);
            assert!(w.iter().zip(&u).all(|(w, u)| *u > 0.0 || *w == 0.0));
            for class in 0..3 {
                let belongs = |v: &usize| u[*v] > 0.0 && label[(v / 64 * 3 + class) * 64 + v % 64] > 0.5;
                let of_class: Vec<f32> = (0..128).filter(belongs).map(|v| w[v]).collect();
                assert!(of_class.len() > 3);
                let mean = of_class.iter().sum::<f32>() / of_class.len() as f32;
                assert!((mean - 1.0).abs() < 1e-3, "{confidence:?}, class {class}: {mean}");
            }
        }
    }

    fn two_voxels(confidence: Confidence, gamma: f64) -> Vec<f32> {
        of_two_voxels(gamma, |proposal| confidence.weight(proposal))
    }

    /// Two voxels for which the giver is sure of class 1; the learner believes it in the second only.
    fn of_two_voxels(gamma: f64, plane: impl Fn(&Proposal<'_>) -> Tensor<5>) -> Vec<f32> {
        let device = Device::flex();
        let tensor = |v: Vec<f32>| Tensor::<5>::from_data(TensorData::new(v, [1, 2, 1, 1, 2]), &device);
        let giver = tensor(vec![0.02, 0.02, 0.98, 0.98]);
        let learner = tensor(vec![0.9, 0.1, 0.1, 0.9]);
        // Features of the first voxel point where the labelled voxels of class 1 point, those of the second do not.
        let features = tensor(vec![1.0, 0.0, 0.0, 1.0]);
        let known = tensor(vec![0.0, 0.0, 1.0, 0.0]);
        let (label, unknown) = (hard_one_hot(&giver), Tensor::<5>::ones([1, 1, 1, 1, 2], &device));
        let (l, g, f, k, u) = (&learner, &giver, &features, &known, &unknown);
        values(plane(&Proposal { learner: l, giver: g, label: &label, features: f, known: k, unknown: u, gamma }))
    }

    #[test]
    fn a_label_is_believed_from_the_least_product_of_both_beliefs_whatever_the_ramp() {
        // 0.98 x 0.1 and 0.98 x 0.9.
        for gamma in [0.0, 1.0] {
            assert_eq!(of_two_voxels(gamma, |p| p.believed(0.0)), [1.0, 1.0]);
            assert_eq!(of_two_voxels(gamma, |p| p.believed(0.88)), [0.0, 1.0]);
            assert_eq!(of_two_voxels(gamma, |p| p.believed(0.89)), [0.0, 0.0]);
        }
    }

    #[test]
    fn a_confident_label_the_learner_does_not_believe_counts_little() {
        let raw = two_voxels(Confidence::RawProduct, 1.0);
        assert!((raw[0] - 0.98 * 0.1).abs() < 1e-5 && (raw[1] - 0.98 * 0.9).abs() < 1e-5, "{raw:?}");
        let early = two_voxels(Confidence::RawProduct, 0.0);
        assert_eq!(early[0], early[1]);
    }

    #[test]
    fn the_other_forms_follow_their_formulas() {
        let ratio = |c| {
            let w = two_voxels(c, 1.0);
            w[0] / w[1]
        };
        assert!((ratio(Confidence::Product) - 0.1 / 0.9).abs() < 1e-4);
        assert!((ratio(Confidence::Min) - 0.1 / 0.9).abs() < 1e-4);
        assert!((ratio(Confidence::GeometricMean) - (0.1f32 / 0.9).sqrt()).abs() < 1e-4);
        assert!((ratio(Confidence::Single) - 1.0).abs() < 1e-5);
        let similar = |cosine: f32| 1.0 - (cosine - 0.98f32).powi(2);
        // 1 - 0.98^2 = 0.04 is below the smallest weight.
        assert!((ratio(Confidence::PrototypeSimilarity) - similar(1.0) / 0.05).abs() < 1e-2);
        assert_eq!(two_voxels(Confidence::PeerEntropyGate, 1.0), [1.0, 1.0]);
        assert_eq!(two_voxels(Confidence::Off, 1.0), [1.0, 1.0]);
    }
}
