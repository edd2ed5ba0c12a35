//! Log-softmax and the region loss as operations with hand-written gradients.

use burn::backend::Flex;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::tensor::activation::log_softmax as burn_log_softmax;
use burn::tensor::{Float, Tensor};

use super::region_loss::{Region, RegionSums};
use super::softmax::LogSoftmax;
use super::stopwatch::Part;
use super::{AutodiffFlex, dims_of, flex_tensor, plain, slice, tracked, values};

/// Log-probabilities over the classes of `[b, k, z, y, x]` logits.
pub fn log_softmax(logits: Tensor<5>) -> Tensor<5> {
    if let Some(x) = tracked(&logits) {
        let y = log_softmax_forward(x.primitive());
        let y = match LogSoftmaxBackward.prepare::<NoCheckpointing>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(y.clone(), y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        };
        return Tensor::<5, Float>::from_primitive::<AutodiffFlex>(y);
    }
    if let Some(x) = plain(&logits) {
        return Tensor::<5, Float>::from_primitive::<Flex>(log_softmax_forward(&x));
    }
    burn_log_softmax(logits, 1)
}

fn softmax_shape(x: &FlexTensor) -> LogSoftmax {
    let [_, classes, z, y, x] = dims_of(x);
    LogSoftmax { classes, volume: z * y * x }
}

fn log_softmax_forward(x: &FlexTensor) -> FlexTensor {
    let x = values(x);
    let mut log_p = vec![0.0; slice(&x).len()];
    Part::Losses.timed(|| softmax_shape(&x).forward(slice(&x), &mut log_p));
    flex_tensor(log_p, &dims_of(&x))
}

#[derive(Debug)]
struct LogSoftmaxBackward;

impl Backward<Flex, 1> for LogSoftmaxBackward {
    /// The log-probabilities.
    type State = FlexTensor;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [node] = ops.parents;
        let gradient = values(&grads.consume::<Flex>(&ops.node));
        let log_p = ops.state;
        if let Some(node) = node {
            let mut dx = vec![0.0; slice(&gradient).len()];
            Part::Losses.timed(|| softmax_shape(&log_p).backward(slice(&log_p), slice(&gradient), &mut dx));
            grads.register::<Flex>(node.id, flex_tensor(dx, &dims_of(&log_p)));
        }
    }
}

/// `1/2 (weighted cross-entropy + masked Dice)` where we have a kernel for it, `None` on other devices.
///
/// `target` `[b, k, z, y, x]`, `weight` and `mask` `[b, 1, z, y, x]` are constants: no gradient reaches them.
pub fn region_loss(log_p: &Tensor<5>, target: &Tensor<5>, weight: &Tensor<5>, mask: &Tensor<5>) -> Option<Tensor<1>> {
    let log_p = tracked(log_p)?;
    let constant = |t: &Tensor<5>| Some(values(tracked(t)?.primitive()));
    let saved = Saved {
        log_p: values(log_p.primitive()),
        target: constant(target)?,
        weight: constant(weight)?,
        mask: constant(mask)?,
    };
    let sums = Part::Losses.timed(|| RegionSums::of(&saved.region(), slice(&saved.log_p)));
    let loss = flex_tensor(vec![sums.loss()], &[1]);
    let loss = match RegionLossBackward.prepare::<NoCheckpointing>([log_p.node()]).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish((saved, sums), loss),
        OpsKind::UnTracked(prep) => prep.finish(loss),
    };
    Some(Tensor::<1, Float>::from_primitive::<AutodiffFlex>(loss))
}

#[derive(Clone, Debug)]
struct Saved {
    log_p: FlexTensor,
    target: FlexTensor,
    weight: FlexTensor,
    mask: FlexTensor,
}

impl Saved {
    fn region(&self) -> Region<'_> {
        let LogSoftmax { classes, volume } = softmax_shape(&self.log_p);
        Region { classes, volume, target: slice(&self.target), weight: slice(&self.weight), mask: slice(&self.mask) }
    }
}

#[derive(Debug)]
struct RegionLossBackward;

impl Backward<Flex, 1> for RegionLossBackward {
    type State = (Saved, RegionSums);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [node] = ops.parents;
        let gradient = values(&grads.consume::<Flex>(&ops.node));
        let (saved, sums) = ops.state;
        if let (Some(node), Some(scale)) = (node, slice(&gradient).first()) {
            let dx = Part::Losses.timed(|| sums.gradient(&saved.region(), slice(&saved.log_p), *scale));
            grads.register::<Flex>(node.id, flex_tensor(dx, &dims_of(&saved.log_p)));
        }
    }
}
