//! Dual-confidence pseudo supervision (methods 5.2): a label counts as far as its giver *and* its learner believe it.
//!
//! Labels that the two hardly believe together are left out of the cross-entropy and of Dice, not only weighed lightly:
//! Dice has no weights, and where nothing is labelled near, it lets two networks talk each other into a structure that is
//! not there (measured: `docs/results.md`, sparse labels).

use burn::tensor::Tensor;

use super::confidence::Proposal;
use super::{Confidence, LossKind, PseudoTarget, Regulariser, StepContext, Strategy};
use crate::learn::loss::hard_one_hot;
use crate::learn::np::NpPlan;
use crate::learn::plan::{Plan, Reserve};

/// Steps of the published 15,000 in which the neural process learns from labelled voxels only (methods 4.4).
const WARM_UP_STEPS: f64 = 1_000.0;

/// The presets of methods 5.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DualConfidence {
    Alone,
    /// `m1_default`.
    WithNeuralProcess,
    /// `m1_literal`: raw products, every pseudo-label, the published weight, no label kept for calibration.
    Literal,
}

impl Strategy for DualConfidence {
    fn regulariser(&self) -> Option<Regulariser> {
        (*self != Self::Alone).then_some(Regulariser::NeuralProcess)
    }

    fn configure(&self, plan: &mut Plan, steps: &dyn Fn(f64) -> u64) {
        match self {
            Self::Alone => {}
            Self::WithNeuralProcess => plan.neural_process = Some(NpPlan::new(steps(WARM_UP_STEPS))),
            Self::Literal => {
                plan.neural_process = Some(NpPlan::literal(steps(WARM_UP_STEPS)));
                plan.confidence = Confidence::RawProduct;
                plan.least_confidence = 0.0;
                plan.calibration = Reserve::Off;
            }
        }
    }

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
    use burn::tensor::{Device, Distribution, Tensor, TensorData};

    use super::*;
    use crate::learn::plan::{Fingerprint, Plan};
    use crate::learn::settings::{Method, TrainSettings};

    fn plan(method: Method, has_complete: bool) -> Plan {
        let f = Fingerprint {
            extents: vec![[16; 3]],
            classes: vec![0, 1],
            has_unlabelled: true,
            has_complete,
            ..Fingerprint::default()
        };
        Plan::new(&f, &TrainSettings { method, ..TrainSettings::default() })
    }

    /// What B's labels of three voxels weigh for A: two of class 1, which B believes with 0.6 and 0.9 and A with 0.48 and
    /// 0.25, and one of class 0.
    fn weights(plan: &Plan, step: u64) -> Vec<f32> {
        let tensor = |values: &[f32], k: usize| {
            Tensor::<5>::from_data(TensorData::new(values.to_vec(), [1, k, 1, 1, 3]), &Device::flex())
        };
        let p_a = tensor(&[0.52, 0.75, 0.6, 0.48, 0.25, 0.4], 2);
        let p_b = tensor(&[0.4, 0.1, 0.7, 0.6, 0.9, 0.3], 2);
        let context = StepContext {
            p_a: &p_a,
            p_b: &p_b,
            features: [&p_a, &p_b],
            unknown: &tensor(&[1.0; 3], 1),
            known: &p_a.zeros_like(),
            step,
            plan,
        };
        let [for_a, _] = DualConfidence::Alone.pseudo_targets(&context);
        for_a.unwrap().weight.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn a_label_counts_by_its_givers_belief_at_first_and_by_the_product_of_both_after_the_ramp() {
        let plan = Plan { gamma_ramp_steps: 200, ..plan(Method::DualConfidence, true) };
        for (step, gamma) in [(0, 0.0f32), (100, 0.5), (200, 1.0), (5_000, 1.0)] {
            let [first, second] = [(0.6f32, 0.48f32), (0.9, 0.25)].map(|(c1, c2)| c1 * c2.powf(gamma));
            let mean = (first + second) / 2.0;
            let weights = weights(&plan, step);
            for (found, expected) in weights.iter().zip([first / mean, second / mean, 1.0]) {
                assert!((found - expected).abs() < 1e-4, "step {step}: {weights:?}");
            }
        }
    }

    #[test]
    fn the_presets_with_a_neural_process_have_their_rates() {
        let both = [Method::DualConfidenceNp, Method::DualConfidenceNpLiteral].map(|method| plan(method, false));
        let of = |plan: &Plan| {
            let np = plan.neural_process.clone().unwrap();
            assert_eq!((np.kl_weight, np.gradient_clip, np.samples, np.samples_shown), (0.005, 5.0, 5, 10));
            (plan.confidence, plan.least_confidence, np.weight, plan.calibration)
        };
        let [default, literal] = both.each_ref().map(of);
        assert_eq!(default, (Confidence::Product, 0.95, 0.1, Reserve::On));
        assert_eq!(literal, (Confidence::RawProduct, 0.0, 0.5, Reserve::Off));
        assert!(plan(Method::DualConfidence, false).neural_process.is_none());
    }

    #[test]
    fn neither_target_nor_weight_carries_a_gradient() {
        let device = Device::flex().autodiff();
        let dims = [2, 3, 4, 4, 4];
        let logits = Tensor::<5>::random(dims, Distribution::Default, &device).require_grad();
        let p = softmax(logits.clone(), 1);
        let known = p.zeros_like();
        let unknown = Tensor::<5>::ones([2, 1, 4, 4, 4], &device);
        let plan = plan(Method::DualConfidence, true);
        let context = StepContext {
            p_a: &p,
            p_b: &p,
            features: [&p, &p],
            unknown: &unknown,
            known: &known,
            step: 10_000,
            plan: &plan,
        };
        let [for_a, _] = DualConfidence::Alone.pseudo_targets(&context);
        let for_a = for_a.unwrap();
        let gradients = (p.sum() + (for_a.weight * for_a.target).sum()).backward();
        let g = logits.grad(&gradients).unwrap();
        // The sum of a softmax is constant, so any gradient here would come through the weight.
        assert!(g.abs().max().into_scalar::<f32>() < 1e-6);
    }
}
