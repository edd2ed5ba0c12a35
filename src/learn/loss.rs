//! Loss primitives on `[batch, class, z, y, x]` tensors with per-voxel masks. One implementation each.

use burn::tensor::Tensor;

use super::kernels;

/// Smoothing of the Dice quotient (UA-MT / SSL4MIS value).
const DICE_SMOOTHING: f64 = 1e-5;

/// Log-probabilities over classes, computed once per network and step.
pub fn log_probabilities(logits: Tensor<5>) -> Tensor<5> {
    kernels::log_softmax(logits)
}

/// Weighted cross-entropy `sum_v w(v) (-ln p_{y(v)}(v)) / sum_v w(v)`; 0 where no voxel has weight.
///
/// `target` is one-hot `[b, k, z, y, x]`, `weight` is `[b, 1, z, y, x]`. Voxels of weight 0 change nothing.
pub fn weighted_cross_entropy(log_p: Tensor<5>, target: Tensor<5>, weight: Tensor<5>) -> Tensor<1> {
    let total = weight.clone().sum().clamp_min(1e-6);
    (log_p * target * weight).sum().neg() / total
}

/// `1 - mean_k (2 sum m p g + s) / (sum m p^2 + sum m g^2 + s)` over the classes that occur in `target` inside the mask.
///
/// Sums run over batch and space. Classes without a masked target voxel are left out; without any class the loss is 0.
pub fn masked_dice(p: Tensor<5>, target: Tensor<5>, mask: Tensor<5>) -> Tensor<1> {
    let per_class = |t: Tensor<5>| -> Tensor<1> { t.sum_dims_squeeze::<1, usize>(&[0, 2, 3, 4]) };
    let (p, target) = (p * mask.clone(), target * mask);
    let intersection = per_class(p.clone() * target.clone());
    let size = per_class(target.clone());
    let denominator = per_class(p.square()) + size.clone();
    let dice = (intersection * 2.0 + DICE_SMOOTHING) / (denominator + DICE_SMOOTHING);
    let present = size.greater_scalar(0.5).float();
    let count = present.clone().sum();
    ((dice.neg() + 1.0) * present).sum() / count.clamp_min(1.0)
}

/// `1/2 (weighted cross-entropy + masked Dice)`: the loss of every term of the training.
pub fn region_loss(log_p: &Tensor<5>, target: &Tensor<5>, weight: &Tensor<5>, mask: &Tensor<5>) -> Tensor<1> {
    kernels::region_loss(log_p, target, weight, mask).unwrap_or_else(|| {
        let ce = weighted_cross_entropy(log_p.clone(), target.clone(), weight.clone());
        let dice = masked_dice(log_p.clone().exp(), target.clone(), mask.clone());
        (ce + dice).mul_scalar(0.5)
    })
}

/// `sum_v w(v) sum_k (p_k(v) - q_k(v))^2 / (K sum_v w(v))`: the consistency loss of mean teachers; 0 where no voxel has weight.
pub fn mean_squared_error(p: Tensor<5>, target: Tensor<5>, weight: Tensor<5>) -> Tensor<1> {
    let classes = p.dims()[1] as f64;
    let total = weight.clone().sum().clamp_min(1e-6).mul_scalar(classes);
    ((p - target).square() * weight).sum() / total
}

/// Log-probability of a class that has been counted as background; finite, so that 0 times it is 0.
const NEVER: f64 = -100.0;

/// Log-probabilities in which background has the probability of all classes that may hide in it (marginal cross-entropy,
/// Fidon et al. 2021; methods 9). `hidden` is `[b, k, 1, 1, 1]`; of hidden classes nothing is left, so that Dice skips them.
pub fn with_hidden_classes_as_background(log_p: &Tensor<5>, hidden: &Tensor<5>) -> Tensor<5> {
    let classes = log_p.dims()[1];
    let others = hidden.clone().narrow(1, 1, classes - 1);
    let background = hidden.clone().narrow(1, 0, 1).ones_like();
    let counted = Tensor::cat(vec![background, others.clone()], 1);
    let log_p_counted = log_p.clone() + (counted - 1.0) * -10.0 * NEVER;
    let largest = log_p_counted.clone().detach().max_dim(1);
    let background = (log_p_counted - largest.clone()).exp().sum_dim(1).log() + largest;
    let shown = (others.clone().neg() + 1.0) * log_p.clone().narrow(1, 1, classes - 1) + others * NEVER;
    Tensor::cat(vec![background, shown], 1)
}

/// `-sum_v ln(sum of p over the classes that v was not said not to be) / number of such voxels`: complementary labels
/// (Ishida et al. 2017), learnt as in NLNL (Kim et al. 2019). With one rejected class it is `-ln(1 - p)`.
///
/// `rejected` is 1 for rejected classes, `[b, k, z, y, x]`. A log-sum-exp of the others instead of a clamped `1 - p`, which would
/// have no gradient where the network is surest of what was rejected. A voxel that is said to be nothing at all is left out.
pub fn rejection_loss(log_p: &Tensor<5>, rejected: &Tensor<5>) -> Tensor<1> {
    let left = log_p.clone() + rejected.clone() * 10.0 * NEVER;
    let largest = left.clone().detach().max_dim(1);
    let log_left = (left - largest.clone()).exp().sum_dim(1).log() + largest;
    let counted = rejected_voxels(rejected);
    (log_left * counted.clone()).sum().neg() / counted.sum().clamp_min(1.0)
}

/// What rejections weigh beside labels, 0 to 1: rejected voxels over these and the labelled voxels of structures, so that
/// one weighs about as much as the other. As a mean of their own a hundred rejected voxels would pull as hard as all labels
/// of the batch together. `target` is the one-hot of known voxels, `[b, k, z, y, x]`, background first.
pub fn rejected_share(rejected: &Tensor<5>, target: &Tensor<5>) -> Tensor<1> {
    let structures = target.dims()[1] - 1;
    let labelled = target.clone().narrow(1, 1, structures).sum();
    let rejected = rejected_voxels(rejected).sum();
    rejected.clone() / (rejected + labelled).clamp_min(1.0)
}

/// 1 where some classes are rejected and others are not, `[b, 1, z, y, x]`.
fn rejected_voxels(rejected: &Tensor<5>) -> Tensor<5> {
    rejected.clone().max_dim(1) - rejected.clone().min_dim(1)
}

/// `-sum_k p_k ln p_k` over the dimension of the classes, which keeps length 1. Finite where a probability is 0.
pub fn entropy<const D: usize>(p: &Tensor<D>, classes: usize) -> Tensor<D> {
    (p.clone() * p.clone().add_scalar(1e-10).log()).sum_dim(classes).neg()
}

/// One-hot of the most probable class, without gradient. Exact ties go to all tied classes in equal parts.
pub fn hard_one_hot(p: &Tensor<5>) -> Tensor<5> {
    let p = p.clone().detach();
    let best = p.clone().max_dim(1);
    let hot = p.greater_equal(best).float();
    let ties = hot.clone().sum_dim(1);
    hot / ties
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution, TensorData};

    use super::*;

    fn tensor(values: &[f32], dims: [usize; 5]) -> Tensor<5> {
        Tensor::from_data(TensorData::new(values.to_vec(), dims), &Device::flex())
    }

    fn value(t: Tensor<1>) -> f32 {
        t.into_scalar::<f32>()
    }

    #[test]
    fn cross_entropy_divides_by_the_weight_of_valid_voxels_only() {
        // Two voxels, two classes; the second voxel is ignored.
        let log_p = tensor(&[0.8f32.ln(), 0.1f32.ln(), 0.2f32.ln(), 0.9f32.ln()], [1, 2, 1, 1, 2]);
        let target = tensor(&[1.0, 1.0, 0.0, 0.0], [1, 2, 1, 1, 2]);
        let weight = tensor(&[1.0, 0.0], [1, 1, 1, 1, 2]);
        assert!((value(weighted_cross_entropy(log_p, target, weight)) + 0.8f32.ln()).abs() < 1e-6);
    }

    #[test]
    fn the_squared_error_is_a_mean_over_the_weighted_voxels_and_the_classes() {
        let p = tensor(&[0.8, 0.1, 0.2, 0.9], [1, 2, 1, 1, 2]);
        let q = tensor(&[0.5, 0.0, 0.5, 1.0], [1, 2, 1, 1, 2]);
        let weight = tensor(&[1.0, 0.0], [1, 1, 1, 1, 2]);
        assert!((value(mean_squared_error(p.clone(), q.clone(), weight)) - 0.09).abs() < 1e-6);
        assert_eq!(value(mean_squared_error(p, q, tensor(&[0.0; 2], [1, 1, 1, 1, 2]))), 0.0);
    }

    #[test]
    fn the_kernel_gives_the_loss_and_the_gradient_of_the_operators() {
        let device = Device::flex().autodiff();
        let dims = [2, 3, 3, 5, 7];
        let logits = Tensor::<5>::random(dims, Distribution::Normal(0.0, 2.0), &device).require_grad();
        let target = hard_one_hot(&Tensor::<5>::random(dims, Distribution::Normal(0.0, 1.0), &device));
        // The third class occurs nowhere: its Dice is left out.
        let some = Tensor::<5>::from_data(TensorData::new(vec![1.0f32, 1.0, 0.0], [1, 3, 1, 1, 1]), &device);
        let mask = Tensor::<5>::random([2, 1, 3, 5, 7], Distribution::Bernoulli(0.6), &device);
        let weight = Tensor::<5>::random([2, 1, 3, 5, 7], Distribution::Uniform(0.0, 3.0), &device) * mask.clone();
        for (target, weight, mask) in [
            (target.clone(), weight.clone(), mask.clone()),
            (target.clone() * some, weight, mask.clone()),
            (target, mask.zeros_like(), mask.zeros_like()),
        ] {
            let run = || {
                let loss = region_loss(&log_probabilities(logits.clone()), &target, &weight, &mask).mul_scalar(1.7);
                let gradients = loss.backward();
                (value(loss), logits.grad(&gradients).unwrap().into_data())
            };
            let (ours, theirs) = (run(), kernels::with_burn_operators(run));
            assert!((ours.0 - theirs.0).abs() < 1e-5, "{} {}", ours.0, theirs.0);
            ours.1.assert_approx_eq::<f32>(&theirs.1, burn::tensor::Tolerance::rel_abs(1e-4, 1e-6));
        }
    }

    #[test]
    fn no_valid_voxel_gives_zero_loss_and_no_nan() {
        let zero = tensor(&[0.0; 2], [1, 1, 1, 1, 2]);
        let p = tensor(&[0.5; 4], [1, 2, 1, 1, 2]);
        assert_eq!(value(weighted_cross_entropy(p.clone().log(), p.clone(), zero.clone())), 0.0);
        assert_eq!(value(masked_dice(p.clone(), p, zero)), 0.0);
    }

    #[test]
    fn dice_of_a_perfect_prediction_is_zero_and_of_a_disjoint_one_is_one() {
        let g = tensor(&[1.0, 0.0, 0.0, 1.0], [1, 2, 1, 1, 2]);
        let mask = tensor(&[1.0; 2], [1, 1, 1, 1, 2]);
        assert!(value(masked_dice(g.clone(), g.clone(), mask.clone())) < 1e-5);
        let wrong = g.clone().neg() + 1.0;
        assert!((value(masked_dice(wrong, g, mask)) - 1.0).abs() < 1e-4);
    }

    #[test]
    fn dice_skips_a_class_without_a_valid_voxel_however_sure_the_network_is_of_it() {
        let p = tensor(&[0.6, 0.3, 0.2, 0.1, 0.2, 0.6], [1, 3, 1, 1, 2]);
        // Class 2 occurs in the second voxel only.
        let target = tensor(&[1.0, 0.0, 0.0, 0.0, 0.0, 1.0], [1, 3, 1, 1, 2]);
        let first = tensor(&[1.0, 0.0], [1, 1, 1, 1, 2]);
        let alone = 1.0 - 2.0 * 0.6 / (0.36 + 1.0);
        assert!((value(masked_dice(p.clone(), target.clone(), first)) - alone).abs() < 1e-4);
        let both = value(masked_dice(p, target, tensor(&[1.0; 2], [1, 1, 1, 1, 2])));
        let background = 1.0 - 2.0 * 0.6 / (0.36 + 0.09 + 1.0);
        let second = 1.0 - 2.0 * 0.6 / (0.04 + 0.36 + 1.0);
        assert!((both - (background + second) / 2.0).abs() < 1e-4, "{both}");
    }

    #[test]
    fn masked_voxels_change_no_loss() {
        let device = Device::flex();
        let dims = [2, 3, 2, 2, 2];
        let logits = Tensor::<5>::random(dims, Distribution::Normal(0.0, 1.0), &device);
        let target = hard_one_hot(&Tensor::<5>::random(dims, Distribution::Normal(0.0, 1.0), &device));
        let mask = Tensor::<5>::random([2, 1, 2, 2, 2], Distribution::Bernoulli(0.5), &device);
        let noise = Tensor::<5>::random(dims, Distribution::Normal(0.0, 5.0), &device) * (mask.clone().neg() + 1.0);
        let both = |l: Tensor<5>| {
            let log_p = log_probabilities(l);
            let ce = value(weighted_cross_entropy(log_p.clone(), target.clone(), mask.clone()));
            (ce, value(masked_dice(log_p.exp(), target.clone(), mask.clone())))
        };
        let (a, b) = (both(logits.clone()), both(logits + noise));
        assert!((a.0 - b.0).abs() < 1e-5 && (a.1 - b.1).abs() < 1e-5, "{a:?} {b:?}");
    }

    #[test]
    fn a_hidden_class_adds_its_probability_to_background_and_leaves_dice() {
        // Voxels of two crops, three classes; the second crop was never annotated for class 2.
        let p = [0.2f32, 0.5, 0.3, 0.2, 0.5, 0.3];
        let log_p = tensor(&p.map(f32::ln), [2, 3, 1, 1, 1]);
        let hidden = tensor(&[0.0, 0.0, 0.0, 0.0, 0.0, 1.0], [2, 3, 1, 1, 1]);
        let merged = with_hidden_classes_as_background(&log_p, &hidden);
        let seen: Vec<f32> = merged.clone().exp().into_data().try_to_vec().unwrap();
        for (seen, expected) in seen.iter().zip([0.2, 0.5, 0.3, 0.5, 0.5, 0.0]) {
            assert!((seen - expected).abs() < 1e-6, "{seen} {expected}");
        }
        let target = tensor(&[0.0, 0.0, 1.0, 1.0, 0.0, 0.0], [2, 3, 1, 1, 1]);
        let one = tensor(&[1.0; 2], [2, 1, 1, 1, 1]);
        let ce = value(weighted_cross_entropy(merged.clone(), target.clone(), one.clone()));
        assert!((ce + (0.3f32.ln() + 0.5f32.ln()) / 2.0).abs() < 1e-6);
        let both = value(region_loss(&merged, &target, &one, &one));
        let dice = |p: f32, others: f32| 2.0 * p / (p * p + others + 1.0);
        // Background: 0.2 and 0.5 against the second voxel; class 2: the first voxel alone.
        let expected = 1.0 - (dice(0.5, 0.04) + dice(0.3, 0.0)) / 2.0;
        assert!((both - (ce + expected) / 2.0).abs() < 1e-5, "{both}");
    }

    #[test]
    fn what_a_network_says_of_a_hidden_class_does_not_matter_as_long_as_the_sum_with_background_stays() {
        let device = Device::flex().autodiff();
        let loss = |background: f32, hidden: f32| {
            let p = Tensor::<5>::from_data(TensorData::new(vec![background, 0.4, hidden], [1, 3, 1, 1, 1]), &device);
            let p = p.require_grad();
            let mask = Tensor::<5>::from_data(TensorData::new(vec![0.0f32, 0.0, 1.0], [1, 3, 1, 1, 1]), &device);
            let target = Tensor::<5>::from_data(TensorData::new(vec![1.0f32, 0.0, 0.0], [1, 3, 1, 1, 1]), &device);
            let one = Tensor::<5>::ones([1, 1, 1, 1, 1], &device);
            let loss = region_loss(&with_hidden_classes_as_background(&p.clone().log(), &mask), &target, &one, &one);
            let gradient: Vec<f32> = p.grad(&loss.backward()).unwrap().into_data().try_to_vec().unwrap();
            (value(loss), gradient)
        };
        let (a, b) = (loss(0.5, 0.1), loss(0.2, 0.4));
        assert!((a.0 - b.0).abs() < 1e-5);
        assert!((a.1[0] - a.1[2]).abs() < 1e-4 && a.1[0] < 0.0, "{:?}", a.1);
        assert!(a.1.iter().zip(&b.1).all(|(a, b)| (a - b).abs() < 1e-4));
    }

    /// Loss and gradient with respect to the logits, `[class][voxel]`.
    fn rejection(p: &[f32], rejected: &[f32], voxels: usize) -> (f32, Vec<f32>) {
        let device = Device::flex().autodiff();
        let dims = [1, p.len() / voxels, 1, 1, voxels];
        let tensor = |values: &[f32]| Tensor::<5>::from_data(TensorData::new(values.to_vec(), dims), &device);
        let logits = tensor(p).log().require_grad();
        let loss = rejection_loss(&log_probabilities(logits.clone()), &tensor(rejected));
        let gradient = logits.grad(&loss.backward()).unwrap().into_data().try_to_vec().unwrap();
        (value(loss.inner()), gradient)
    }

    #[test]
    fn a_rejected_class_is_pushed_down_by_its_own_probability_and_the_others_up_by_theirs() {
        // Two voxels, three classes; nothing is said of the second voxel.
        let (loss, gradient) = rejection(&[0.7, 0.2, 0.2, 0.5, 0.1, 0.3], &[1.0, 0.0, 0.0, 0.0, 0.0, 0.0], 2);
        assert!((loss + 0.3f32.ln()).abs() < 1e-5, "{loss}");
        // Of -ln(1 - p_0): p_0 for the class itself, -p_j p_0 / (1 - p_0) for another.
        for (found, expected) in gradient.iter().zip([0.7, 0.0, -0.2 * 0.7 / 0.3, 0.0, -0.1 * 0.7 / 0.3, 0.0]) {
            assert!((found - expected).abs() < 1e-5, "{gradient:?}");
        }
    }

    #[test]
    fn rejected_voxels_weigh_as_much_as_labelled_structure_and_all_where_there_is_none() {
        // Three classes, four voxels, [class][voxel].
        let share = |rejected: [f32; 12], target: [f32; 12]| {
            value(rejected_share(&tensor(&rejected, [1, 3, 1, 1, 4]), &tensor(&target, [1, 3, 1, 1, 4])))
        };
        let one = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0];
        let labelled = [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        let two_labelled = [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0];
        assert_eq!((share(one, [0.0; 12]), share(one, labelled), share([0.0; 12], labelled)), (1.0, 0.5, 0.0));
        assert!((share(one, two_labelled) - 1.0 / 3.0).abs() < 1e-6);
    }

    #[test]
    fn a_voxel_may_be_rejected_for_several_classes_and_for_all_it_says_nothing() {
        let (loss, _) = rejection(&[0.7, 0.2, 0.1], &[1.0, 1.0, 0.0], 1);
        assert!((loss + 0.1f32.ln()).abs() < 1e-5, "{loss}");
        let (loss, gradient) = rejection(&[0.7, 0.2, 0.1], &[1.0; 3], 1);
        assert!(loss == 0.0 && gradient.iter().all(|g| g.abs() < 1e-6), "{loss} {gradient:?}");
    }

    #[test]
    fn what_a_network_is_sure_of_although_it_was_rejected_has_a_finite_loss_and_the_largest_gradient() {
        let (loss, gradient) = rejection(&[1.0, 1e-12], &[1.0, 0.0], 1);
        assert!(loss > 20.0 && loss.is_finite());
        assert!((gradient[0] - 1.0).abs() < 1e-3 && (gradient[1] + 1.0).abs() < 1e-3, "{gradient:?}");
    }

    #[test]
    fn hard_one_hot_has_one_class_per_voxel_and_shares_ties() {
        let p = tensor(&[0.7, 0.5, 0.3, 0.5], [1, 2, 1, 1, 2]);
        let hot: Vec<f32> = hard_one_hot(&p).into_data().try_to_vec().unwrap();
        assert_eq!(hot, [1.0, 0.5, 0.0, 0.5]);
    }
}
