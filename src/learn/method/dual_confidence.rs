//! Dual-confidence pseudo supervision (methods 5.2): a label counts as far as its giver *and* its learner believe it.

use burn::tensor::Tensor;

use super::{PseudoTarget, StepContext, Strategy};
use crate::learn::loss::hard_one_hot;

/// A trickle for every voxel, so that a rare class cannot be frozen out (methods 5.2).
const SMALLEST_WEIGHT: f64 = 0.05;

pub struct DualConfidence;

impl Strategy for DualConfidence {
    fn pseudo_targets(&self, context: &StepContext<'_>) -> [PseudoTarget; 2] {
        // The learner's belief comes in slowly, lest early background predictions lock themselves in.
        let gamma = (context.step as f64 / context.plan.gamma_ramp_steps.max(1) as f64).min(1.0);
        let target = |learner: &Tensor<5>, giver: &Tensor<5>| {
            let label = hard_one_hot(giver);
            let raw = raw_weight(learner, giver, &label, gamma);
            PseudoTarget { weight: class_normalised(raw, &label, context.unknown), target: label }
        };
        [target(context.p_a, context.p_b), target(context.p_b, context.p_a)]
    }
}

/// `max(w_min, c1 c2^gamma)`: giver's confidence times the learner's belief in the giver's label, `[b, 1, z, y, x]`.
fn raw_weight(learner: &Tensor<5>, giver: &Tensor<5>, label: &Tensor<5>, gamma: f64) -> Tensor<5> {
    let c1 = giver.clone().detach().max_dim(1);
    let c2 = (learner.clone().detach() * label.clone()).sum_dim(1);
    (c1 * c2.powf_scalar(gamma)).clamp_min(SMALLEST_WEIGHT)
}

/// Each weight divided by the mean weight of its pseudo-class over the unknown voxels, 0 on known ones.
///
/// The mean is 1 inside every pseudo-class, so the balance of classes is untouched (raw weights starve rare classes).
fn class_normalised(raw: Tensor<5>, label: &Tensor<5>, unknown: &Tensor<5>) -> Tensor<5> {
    let per_class = |t: Tensor<5>| t.sum_dims(&[0usize, 2, 3, 4]);
    let counted = label.clone() * unknown.clone();
    let mean = per_class(counted.clone() * raw.clone()) / per_class(counted).clamp_min(1e-6);
    // A class nobody proposes has mean 0 and no voxel to divide.
    let scale = (label.clone() / mean.clamp_min(1e-6)).sum_dim(1);
    raw * scale * unknown.clone()
}

#[cfg(test)]
mod tests {
    use burn::tensor::activation::softmax;
    use burn::tensor::{Device, Distribution, TensorData};

    use super::*;
    use crate::learn::plan::{Fingerprint, Plan};
    use crate::learn::settings::TrainSettings;

    const DIMS: [usize; 5] = [2, 3, 4, 4, 4];

    fn random_probabilities(device: &Device) -> Tensor<5> {
        softmax(Tensor::random(DIMS, Distribution::Normal(0.0, 2.0), device), 1)
    }

    fn values(t: Tensor<5>) -> Vec<f32> {
        t.into_data().try_to_vec().unwrap()
    }

    fn plan() -> Plan {
        let f = Fingerprint {
            extents: vec![[16; 3]],
            classes: vec![0, 1, 2],
            has_unlabelled: true,
            ..Fingerprint::default()
        };
        Plan::new(&f, &TrainSettings::default())
    }

    #[test]
    fn weights_have_mean_one_in_every_pseudo_class_and_are_zero_on_known_voxels() {
        let device = Device::flex();
        let (p_a, p_b) = (random_probabilities(&device), random_probabilities(&device));
        let unknown = Tensor::<5>::random([2, 1, 4, 4, 4], Distribution::Bernoulli(0.7), &device);
        let plan = plan();
        let context = StepContext { p_a: &p_a, p_b: &p_b, unknown: &unknown, step: 10_000, plan: &plan };
        let [for_a, _] = DualConfidence.pseudo_targets(&context);
        let (w, u) = (values(for_a.weight), values(unknown));
        let label = values(for_a.target);
        assert!(w.iter().zip(&u).all(|(w, u)| *u > 0.0 || *w == 0.0));
        for class in 0..3 {
            let of_class: Vec<f32> = (0..128)
                .filter(|&v| u[v] > 0.0 && label[(v / 64 * 3 + class) * 64 + v % 64] > 0.5)
                .map(|v| w[v])
                .collect();
            assert!(of_class.len() > 3);
            let mean = of_class.iter().sum::<f32>() / of_class.len() as f32;
            assert!((mean - 1.0).abs() < 1e-3, "class {class}: {mean}");
        }
    }

    #[test]
    fn a_confident_label_the_learner_does_not_believe_counts_little() {
        let device = Device::flex();
        let tensor = |v: [f32; 4]| Tensor::<5>::from_data(TensorData::new(v.to_vec(), [1, 2, 1, 1, 2]), &device);
        // Both voxels: the giver is sure of class 1. The learner believes it in the second voxel only.
        let giver = tensor([0.02, 0.02, 0.98, 0.98]);
        let learner = tensor([0.9, 0.1, 0.1, 0.9]);
        let raw = values(raw_weight(&learner, &giver, &hard_one_hot(&giver), 1.0));
        assert!((raw[0] - 0.98 * 0.1).abs() < 1e-5 && (raw[1] - 0.98 * 0.9).abs() < 1e-5, "{raw:?}");
        let early = values(raw_weight(&learner, &giver, &hard_one_hot(&giver), 0.0));
        assert_eq!(early[0], early[1]);
    }

    #[test]
    fn the_weight_carries_no_gradient() {
        let device = Device::flex().autodiff();
        let logits = Tensor::<5>::random(DIMS, Distribution::Default, &device).require_grad();
        let p = softmax(logits.clone(), 1);
        let unknown = Tensor::<5>::ones([2, 1, 4, 4, 4], &device);
        let plan = plan();
        let context = StepContext { p_a: &p, p_b: &p, unknown: &unknown, step: 10_000, plan: &plan };
        let [for_a, _] = DualConfidence.pseudo_targets(&context);
        assert!(!for_a.weight.is_require_grad() && !for_a.target.is_require_grad());
        let gradients = (p.sum() + for_a.weight.sum()).backward();
        let g = logits.grad(&gradients).unwrap();
        // The sum of a softmax is constant, so any gradient here would come through the weight.
        assert!(g.abs().max().into_scalar::<f32>() < 1e-6);
    }
}
