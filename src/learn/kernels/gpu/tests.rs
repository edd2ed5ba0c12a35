//! The operations on a GPU (or llvmpipe) against those on the CPU, which are tested against burn's operators.

use burn::tensor::{Device, Tensor, TensorData, Tolerance};

use crate::learn::kernels::convolution::same_size;
use crate::learn::kernels::testing::{gpu_device, random};
use crate::learn::kernels::{Skip, Spatial, normed, pointwise};

/// Tensors of the same numbers on any device, which record gradients.
struct Numbers<'a> {
    device: &'a Device,
    seed: u64,
}

impl Numbers<'_> {
    fn tensor<const D: usize>(&mut self, dims: [usize; D]) -> Tensor<D> {
        self.seed += 1;
        let values = random(dims.iter().product(), self.seed);
        Tensor::<D>::from_data(TensorData::new(values, dims), self.device).require_grad()
    }
}

/// The output, and the gradients of the operands when it is multiplied with random numbers.
fn results(numbers: &mut Numbers, y: Tensor<5>, fives: &[&Tensor<5>], ones: &[&Tensor<1>]) -> Vec<TensorData> {
    let gradients = (y.clone() * numbers.tensor(y.dims())).sum().backward();
    let fives = fives.iter().map(|t| t.grad(&gradients).unwrap().into_data());
    let ones = ones.iter().map(|t| t.grad(&gradients).unwrap().into_data());
    [y.into_data()].into_iter().chain(fives).chain(ones).collect()
}

#[track_caller]
fn assert_same_on_both(name: &str, run: impl Fn(&mut Numbers) -> Vec<TensorData>) {
    let Some(gpu) = gpu_device() else { return };
    let [on_cpu, on_gpu] =
        [Device::flex(), gpu].map(|device| run(&mut Numbers { device: &device.autodiff(), seed: 1 }));
    for (i, (theirs, ours)) in on_cpu.iter().zip(&on_gpu).enumerate() {
        println!("{name}, result {i}");
        ours.assert_approx_eq::<f32>(theirs, Tolerance::rel_abs(1e-3, 1e-3));
    }
}

/// `[batch, in, out]` and `[z, y, x]`: one voxel, odd sizes, no multiples of the tiles, more than one tile.
const SHAPES: [([usize; 3], [usize; 3]); 8] = [
    ([1, 1, 1], [1, 1, 1]),
    ([2, 3, 5], [4, 3, 18]),
    ([1, 17, 9], [5, 7, 33]),
    ([2, 5, 17], [3, 9, 40]),
    ([1, 1, 16], [6, 6, 6]),
    ([1, 64, 20], [4, 4, 4]),
    ([1, 9, 64], [7, 7, 7]),
    ([1, 2, 3], [20, 20, 20]),
];

#[test]
fn the_convolution_alone_and_its_gradients_equal_the_cpus() {
    for ([b, c, out], [z, y, x]) in SHAPES {
        assert_same_on_both(&format!("{c}->{out}, {z}x{y}x{x}"), |numbers| {
            let (x, weight) = (numbers.tensor([b, c, z, y, x]), numbers.tensor([out, c, 3, 3, 3]));
            let y = same_size(x.clone(), weight.clone());
            results(numbers, y, &[&x, &weight], &[])
        });
    }
}

#[test]
fn the_head_and_its_gradients_equal_the_cpus() {
    for ([b, c, out], [z, y, x]) in SHAPES {
        assert_same_on_both(&format!("{c}->{out}, {z}x{y}x{x}"), |numbers| {
            let (x, weight) = (numbers.tensor([b, c, z, y, x]), numbers.tensor([out, c, 1, 1, 1]));
            let bias = numbers.tensor([out]);
            let y = pointwise(x.clone(), weight.clone(), bias.clone());
            results(numbers, y, &[&x, &weight], &[&bias])
        });
    }
}

#[test]
fn more_weights_than_one_line_of_cubes_can_sum_have_the_cpus_gradients() {
    // 65,535 cubes of 32 results end at 2,097,120.
    assert_same_on_both("1500->1400", |numbers| {
        let (x, weight) = (numbers.tensor([1, 1500, 1, 1, 2]), numbers.tensor([1400, 1500, 1, 1, 1]));
        let bias = numbers.tensor([1400]);
        let y = pointwise(x.clone(), weight.clone(), bias.clone());
        results(numbers, y, &[&x, &weight], &[&bias])
    });
}

#[test]
fn every_convolution_with_norm_and_every_skip_equals_the_cpus() {
    for (index, ([b, c, out], [z, y, x])) in SHAPES.into_iter().enumerate() {
        let down = (Spatial::Down, [out, c, 2, 2, 2], [2 * z, 2 * y, 2 * x]);
        for (spatial, weight, [z, y, x]) in
            [(Spatial::Conv3, [out, c, 3, 3, 3], [z, y, x]), down, (Spatial::Up, [8 * out, c, 1, 1, 1], [z, y, x])]
        {
            // Every skip with some shape: all with all would take a software adapter minutes.
            let kind = [|_| Skip::None, Skip::BeforeRelu, Skip::AfterRelu][(index + weight[0]) % 3];
            assert_same_on_both(&format!("{spatial:?}, {c}->{out}, {z}x{y}x{x}"), |numbers| {
                let (x, weight) = (numbers.tensor([b, c, z, y, x]), numbers.tensor(weight));
                let (gamma, beta) = (numbers.tensor([out]), numbers.tensor([out]));
                let skip = numbers.tensor(spatial.output_dims(x.dims(), weight.dims()));
                let kind = kind(skip.clone());
                let mut fives = vec![&x, &weight];
                fives.extend(kind.tensor().map(|_| &skip));
                let y = normed(spatial, x.clone(), weight.clone(), gamma.clone(), beta.clone(), kind.clone());
                results(numbers, y, &fives, &[&gamma, &beta])
            });
        }
    }
}

#[test]
fn a_channel_with_a_large_mean_keeps_its_statistics() {
    assert_same_on_both("mean 1000", |numbers| {
        let x = numbers.tensor([2, 1, 17, 18, 19]) + 1000.0;
        let weight = Tensor::from_data(TensorData::new(vec![1.0f32; 8], [8, 1, 1, 1, 1]), numbers.device);
        let ones = Tensor::ones([1], numbers.device);
        vec![normed(Spatial::Up, x, weight, ones.clone(), ones, Skip::None).into_data()]
    });
}
