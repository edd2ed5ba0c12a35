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
    fn hard_one_hot_has_one_class_per_voxel_and_shares_ties() {
        let p = tensor(&[0.7, 0.5, 0.3, 0.5], [1, 2, 1, 1, 2]);
        let hot: Vec<f32> = hard_one_hot(&p).into_data().try_to_vec().unwrap();
        assert_eq!(hot, [1.0, 0.5, 0.0, 0.5]);
    }
}
