//! Dual-confidence pseudo supervision (methods 5.2): a label counts as far as its giver *and* its learner believe it.
//!
//! Labels that the two hardly believe together are left out of the cross-entropy and of Dice, not only weighed lightly:
//! Dice has no weights, and where nothing is labelled near, it lets two networks talk each other into a structure that is
//! not there (measured: `docs/results.md`, sparse labels).

use burn::tensor::Tensor;

use super::confidence::Proposal;
use super::{LossKind, PseudoTarget, StepContext, Strategy};
use crate::learn::loss::hard_one_hot;

pub struct DualConfidence;

impl Strategy for DualConfidence {
    fn pseudo_targets(&self, context: &StepContext<'_>) -> [Option<PseudoTarget>; 2] {
        let StepContext { p_a, p_b, features: [h_a, h_b], unknown, known, step, plan } = *context;
        // The learner's belief comes in slowly, lest early background predictions lock themselves in.
        let gamma = (step as f64 / plan.gamma_ramp_steps.max(1) as f64).min(1.0);
        let loss = if plan.confidence.is_plain_mean() { LossKind::PlainMean } else { LossKind::WeightedMean };
        let target = |learner: &Tensor<5>, giver: &Tensor<5>, features: &Tensor<5>| {
            let label = hard_one_hot(giver);
            let constant = |t: &Tensor<5>| t.clone().detach();
            let (learner, giver, features) = (&constant(learner), &constant(giver), &constant(features));
            let all = Proposal { learner, giver, label: &label, features, known, unknown, gamma };
            let mask = all.believed(plan.least_confidence);
            let weight = plan.confidence.weight(&Proposal { unknown: &mask, ..all });
            Some(PseudoTarget { weight, mask, target: label, loss })
        };
        [target(p_a, p_b, h_b), target(p_b, p_a, h_a)]
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::activation::softmax;
    use burn::tensor::{Device, Distribution, Tensor};

    use super::*;
    use crate::learn::plan::{Fingerprint, Plan};
    use crate::learn::settings::TrainSettings;

    #[test]
    fn neither_target_nor_weight_carries_a_gradient() {
        let device = Device::flex().autodiff();
        let dims = [2, 3, 4, 4, 4];
        let logits = Tensor::<5>::random(dims, Distribution::Default, &device).require_grad();
        let p = softmax(logits.clone(), 1);
        let known = p.zeros_like();
        let unknown = Tensor::<5>::ones([2, 1, 4, 4, 4], &device);
        let f = Fingerprint {
            extents: vec![[16; 3]],
            classes: vec![0, 1, 2],
            has_unlabelled: true,
            ..Fingerprint::default()
        };
        let plan = Plan::new(&f, &TrainSettings::default());
        let context = StepContext {
            p_a: &p,
            p_b: &p,
            features: [&p, &p],
            unknown: &unknown,
            known: &known,
            step: 10_000,
            plan: &plan,
        };
        let [for_a, _] = DualConfidence.pseudo_targets(&context);
        let for_a = for_a.unwrap();
        let gradients = (p.sum() + (for_a.weight * for_a.target).sum()).backward();
        let g = logits.grad(&gradients).unwrap();
        // The sum of a softmax is constant, so any gradient here would come through the weight.
        assert!(g.abs().max().into_scalar::<f32>() < 1e-6);
    }
}
