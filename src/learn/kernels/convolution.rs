//! 3-D convolutions alone, with burn's signature: by our kernels where there is one for the shape and the device, else by
//! burn's operator. In the networks a norm follows all but the last one (see `normed`).

use std::marker::PhantomData;

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Cube, DispatchKindConversion, DispatchTensor, Flex};
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Float, Tensor, module};

use super::backend::{Kernels, plain, tracked};
use super::spatial::Spatial;
use super::unfused;

/// A convolution that there are kernels for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convolution {
    /// 1x1x1.
    Pointwise,
    /// 3x3x3, and 2x2x2 with stride 2.
    Spatial(Spatial),
    /// Another odd cubic kernel with stride 1 that keeps the size, such as the 7x7x7 stem of a ResNet.
    Direct { kernel: usize },
}

/// Larger ones do not occur, and their padded rows would not fit into fast memory.
const LARGEST_KERNEL: usize = 7;

impl Convolution {
    /// `None` for what only burn's operator can do.
    fn of(x: [usize; 5], weight: [usize; 5], options: &ConvOptions<3>) -> Option<Self> {
        let [_, channels, size @ ..] = x;
        let [_, inputs, kernel @ ..] = weight;
        let k = kernel[0];
        let plain = options.dilation == [1; 3] && options.groups == 1 && kernel == [k; 3] && inputs == channels;
        let keeps_size = options.stride == [1; 3] && options.padding == [(k / 2, k / 2); 3];
        match k {
            _ if !plain => None,
            1 if keeps_size => Some(Self::Pointwise),
            2 if options.stride == [2; 3] && options.padding == [(0, 0); 3] && size.iter().all(|n| n % 2 == 0) => {
                Some(Self::Spatial(Spatial::Down))
            }
            3 if keeps_size => Some(Self::Spatial(Spatial::Conv3)),
            5..=LARGEST_KERNEL if keeps_size && k % 2 == 1 => Some(Self::Direct { kernel: k }),
            _ => None,
        }
    }

    fn apply(self, x: Tensor<5>, weight: Tensor<5>, bias: Option<Tensor<1>>) -> Tensor<5> {
        by_kernels::<Flex>(self, &x, &weight, bias.as_ref())
            .or_else(|| by_kernels::<Cube>(self, &x, &weight, bias.as_ref()))
            .unwrap_or_else(|| self.unfused(x, weight, bias))
    }

    /// The same from burn's operators. Products need no transposed convolution for their gradients, which is slow.
    fn unfused(self, x: Tensor<5>, weight: Tensor<5>, bias: Option<Tensor<1>>) -> Tensor<5> {
        let y = match self {
            Self::Pointwise => unfused::pointwise(x, weight),
            Self::Spatial(spatial) => spatial.unfused(x, weight),
            Self::Direct { kernel } => {
                return module::conv3d(x, weight, bias, ConvOptions::new([1; 3], [kernel / 2; 3], [1; 3], 1));
            }
        };
        match bias {
            Some(bias) => y + bias.reshape([1, -1, 1, 1, 1]),
            None => y,
        }
    }
}

/// `[b, c, z, y, x]` with weights `[out, c / groups, k, k, k]` and biases `[out]`: burn's `conv3d`.
pub fn conv3d(x: Tensor<5>, weight: Tensor<5>, bias: Option<Tensor<1>>, options: ConvOptions<3>) -> Tensor<5> {
    let Some(convolution) = Convolution::of(x.dims(), weight.dims(), &options) else {
        return module::conv3d(x, weight, bias, options);
    };
    convolution.apply(x, weight, bias)
}

/// One of the networks' convolutions without a norm behind it; weights as [`Spatial`] says.
pub fn convolve(spatial: Spatial, x: Tensor<5>, weight: Tensor<5>) -> Tensor<5> {
    Convolution::Spatial(spatial).apply(x, weight, None)
}

/// The 1x1x1 convolution with bias: a network's head.
pub fn pointwise(x: Tensor<5>, weight: Tensor<5>, bias: Tensor<1>) -> Tensor<5> {
    conv3d(x, weight, Some(bias), ConvOptions::new([1; 3], [0; 3], [1; 3], 1))
}

/// The convolution with an odd cubic kernel, stride 1 and as much padding as keeps the size, without bias.
pub fn same_size(x: Tensor<5>, weight: Tensor<5>) -> Tensor<5> {
    let kernel = weight.dims()[4];
    conv3d(x, weight, None, ConvOptions::new([1; 3], [kernel / 2; 3], [1; 3], 1))
}

fn by_kernels<B: Kernels>(
    convolution: Convolution,
    x: &Tensor<5>,
    weight: &Tensor<5>,
    bias: Option<&Tensor<1>>,
) -> Option<Tensor<5>>
where
    DispatchTensor: DispatchKindConversion<B> + DispatchKindConversion<Autodiff<B>>,
{
    if let (Some(x), Some(weight)) = (tracked::<B, 5>(x), tracked::<B, 5>(weight)) {
        let bias = match bias {
            Some(bias) => Some(tracked::<B, 1>(bias)?),
            None => None,
        };
        let saved = (x.primitive().clone(), weight.primitive().clone());
        let y = B::convolved(convolution, &saved.0, &saved.1, bias.as_ref().map(|b| b.primitive()))?;
        // Without a bias the third parent is x again and gets no second gradient.
        let bias_node = bias.as_ref().map_or_else(|| x.node(), |bias| bias.node());
        let parents = [x.node(), weight.node(), bias_node];
        let backward = ConvolutionBackward::<B> { convolution, has_bias: bias.is_some(), backend: PhantomData };
        let y = match backward.prepare::<NoCheckpointing>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(saved, y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        };
        return Some(Tensor::<5, Float>::from_primitive::<Autodiff<B>>(y));
    }
    let bias = match bias {
        Some(bias) => Some(plain::<B, 1>(bias)?),
        None => None,
    };
    let y = B::convolved(convolution, &plain::<B, 5>(x)?, &plain::<B, 5>(weight)?, bias.as_ref())?;
    Some(Tensor::<5, Float>::from_primitive::<B>(y))
}

#[derive(Debug)]
struct ConvolutionBackward<B> {
    convolution: Convolution,
    has_bias: bool,
    backend: PhantomData<B>,
}

impl<B: Kernels> Backward<B, 3> for ConvolutionBackward<B> {
    /// Input and weights.
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let dy = grads.consume::<B>(&ops.node);
        let (x, weight) = ops.state;
        let [of_x, of_weight, of_bias] = ops.parents.each_ref().map(|node| node.is_some());
        let wanted = [of_x, of_weight, of_bias && self.has_bias];
        let gradients = B::convolved_gradients(self.convolution, &x, &weight, dy, wanted);
        for (node, gradient) in ops.parents.into_iter().zip(gradients) {
            if let (Some(node), Some(gradient)) = (node, gradient) {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution, TensorData, Tolerance};

    use super::*;
    use crate::learn::kernels::{gpu_device, with_burn_operators};

    /// Output and all gradients of a weighted sum of it.
    fn results(
        inputs: &(Tensor<5>, Tensor<5>, Option<Tensor<1>>),
        options: &ConvOptions<3>,
        by: impl Fn(Tensor<5>, Tensor<5>, Option<Tensor<1>>, ConvOptions<3>) -> Tensor<5>,
    ) -> Vec<TensorData> {
        let (x, weight, bias) = inputs;
        let y = by(x.clone(), weight.clone(), bias.clone(), options.clone());
        let n = y.dims().iter().product::<usize>();
        let factor: Vec<f32> = (0..n).map(|i| ((i * 37 % 101) as f32 - 50.0) / 50.0).collect();
        let factor = Tensor::from_data(TensorData::new(factor, y.dims()), &y.device());
        let gradients = (y.clone() * factor).sum().backward();
        let mut all = vec![y.into_data(), x.grad(&gradients).unwrap().into_data()];
        all.push(weight.grad(&gradients).unwrap().into_data());
        all.extend(bias.as_ref().map(|b| b.grad(&gradients).unwrap().into_data()));
        all
    }

    #[test]
    fn every_kernel_and_every_fallback_equals_burns_convolution_with_and_without_bias() {
        let devices = [Some(Device::flex()), gpu_device()];
        for device in devices.into_iter().flatten().map(Device::autodiff) {
            let random =
                |dims: [usize; 5]| Tensor::<5>::random(dims, Distribution::Normal(0.2, 1.0), &device).require_grad();
            for (kernel, stride, padding, groups, size) in [
                (1, 1, 0, 1, [3, 4, 5]),
                (2, 2, 0, 1, [4, 2, 6]),
                (3, 1, 1, 1, [3, 5, 9]),
                (7, 1, 3, 1, [4, 3, 10]),
                // No kernels: an odd size halved, a stride of 2, no padding, two groups.
                (2, 2, 0, 1, [5, 4, 4]),
                (3, 2, 1, 1, [4, 4, 6]),
                (3, 1, 0, 1, [4, 5, 6]),
                (3, 1, 1, 2, [3, 4, 5]),
            ] {
                let options = ConvOptions::new([stride; 3], [padding; 3], [1; 3], groups);
                let weight = [6, 4 / groups, kernel, kernel, kernel];
                let bias = Tensor::<1>::random([6], Distribution::Default, &device).require_grad();
                for bias in [None, Some(bias)] {
                    let inputs = (random([2, 4, size[0], size[1], size[2]]), random(weight), bias);
                    let ours = results(&inputs, &options, conv3d);
                    let theirs = with_burn_operators(|| results(&inputs, &options, module::conv3d));
                    for (ours, theirs) in ours.iter().zip(theirs) {
                        ours.assert_approx_eq::<f32>(&theirs, Tolerance::rel_abs(2e-3, 2e-3));
                    }
                }
            }
        }
    }

    #[test]
    fn the_kernels_are_chosen_for_the_networks_shapes_and_only_for_them() {
        let of = |kernel, stride, padding, size| {
            let options = ConvOptions::new([stride; 3], [padding; 3], [1; 3], 1);
            Convolution::of([1, 4, size, size, size], [6, 4, kernel, kernel, kernel], &options)
        };
        assert_eq!(of(1, 1, 0, 5), Some(Convolution::Pointwise));
        assert_eq!(of(2, 2, 0, 4), Some(Convolution::Spatial(Spatial::Down)));
        assert_eq!(of(3, 1, 1, 5), Some(Convolution::Spatial(Spatial::Conv3)));
        assert_eq!(of(7, 1, 3, 5), Some(Convolution::Direct { kernel: 7 }));
        for other in [of(2, 2, 0, 5), of(3, 1, 0, 5), of(3, 2, 1, 4), of(9, 1, 4, 5), of(1, 2, 0, 4), of(4, 1, 2, 4)] {
            assert_eq!(other, None);
        }
    }

    #[test]
    fn inputs_that_are_not_contiguous_give_the_same_results() {
        let device = Device::flex().autodiff();
        let x = Tensor::<5>::random([2, 5, 6, 7, 3], Distribution::Normal(0.0, 1.0), &device);
        for kernel in [1, 3, 7] {
            let options = ConvOptions::new([1; 3], [kernel / 2; 3], [1; 3], 1);
            let weight = Tensor::<5>::random([kernel, kernel, kernel, 3, 4], Distribution::Normal(0.0, 1.0), &device);
            let turned = (x.clone().permute([0, 4, 3, 1, 2]), weight.permute([4, 3, 0, 1, 2]));
            let copied = (turned.0.clone() * 1.0, turned.1.clone() * 1.0);
            let [a, b] = [turned, copied].map(|(x, w)| conv3d(x, w, None, options.clone()).into_data());
            a.assert_approx_eq::<f32>(&b, Tolerance::rel_abs(1e-6, 1e-6));
        }
    }
}
