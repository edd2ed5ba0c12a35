//! Behaviour that all networks share.

use burn::tensor::{Distribution, TensorData, Tolerance};
use rand::SeedableRng;

use super::*;
use crate::learn::kernels::{gpu_device, with_burn_operators};
use crate::learn::nn::Normalisation;
use crate::learn::nn::testing::{ARCHITECTURES, config, network, variants};

#[test]
fn the_published_networks_have_their_published_numbers_of_parameters() {
    for (architecture, published) in
        [(Architecture::VNet, 9_448_866), (Architecture::ResVNet, 9_448_866), (Architecture::ResNet34V, 17_930_354)]
    {
        let config = NetworkConfig { classes: 2, base_width: 16, ..config(architecture, 5) };
        assert_eq!(config.unset(&Device::flex()).num_params(), published, "{architecture}");
    }
}

#[test]
fn output_has_one_logit_per_class_and_voxel_and_base_width_features() {
    let device = Device::flex();
    for config in variants() {
        let [x, y, z] = config.patch_step();
        let image = Tensor::zeros([2, 1, 2 * z, y, 3 * x], &device);
        let out = network(&config, &device).forward(image, &DropoutDraw::default());
        assert_eq!(out.logits.dims(), [2, 3, 2 * z, y, 3 * x], "{config:?}");
        assert_eq!(out.features.dims(), [2, 4, 2 * z, y, 3 * x], "{config:?}");
    }
}

/// Logits of a crop and the gradient of their mean square in it.
fn passes(config: &NetworkConfig, device: &Device) -> [TensorData; 2] {
    let device = device.clone().autodiff();
    let image = (0..1024).map(|i| ((i * 37 % 101) as f32 - 50.0) / 30.0).collect();
    let image = Tensor::<5>::from_data(TensorData::new(image, [2, 1, 8, 8, 8]), &device).require_grad();
    let logits = network(config, &device).forward(image.clone(), &DropoutDraw::default()).logits;
    let scale = config.storage.loss_scale();
    let gradients = logits.clone().square().mean().mul_scalar(scale).backward();
    [logits.into_data(), image.grad(&gradients).unwrap().div_scalar(scale).into_data()]
}

#[test]
fn our_kernels_give_the_output_and_the_gradients_of_burns_operators() {
    for config in variants() {
        let run = || passes(&config, &Device::flex());
        for (ours, theirs) in run().iter().zip(with_burn_operators(run)) {
            ours.assert_approx_eq::<f32>(&theirs, Tolerance::rel_abs(1e-2, 1e-2));
        }
    }
}

#[test]
fn on_a_gpu_the_output_is_that_of_the_cpu_and_close_to_it_with_f16_activations() {
    let Some(gpu) = gpu_device() else { return };
    let strides = vec![[2, 2, 1]];
    let batch = Normalisation::Batch;
    for config in [
        config(Architecture::ResNet34V, 2),
        NetworkConfig { strides: strides.clone(), ..config(Architecture::VNet, 2) },
        NetworkConfig { strides, normalisation: batch, ..config(Architecture::ResNet34V, 2) },
    ] {
        let values = |data: TensorData| data.try_to_vec::<f32>().unwrap();
        let expected = passes(&config, &Device::flex()).map(values);
        // Rounded to 11 bits, some values change sides at a ReLU, which the gradient feels more than the output.
        for (storage, largest) in [(Storage::F32, [1e-3, 1e-3]), (Storage::F16, [3e-2, 1e-1])] {
            let on_gpu = passes(&NetworkConfig { storage, ..config.clone() }, &gpu).map(values);
            for ((ours, expected), largest) in on_gpu.iter().zip(&expected).zip(largest) {
                let size: f32 = expected.iter().map(|v| v.abs()).sum();
                let difference: f32 = ours.iter().zip(expected).map(|(a, b)| (a - b).abs()).sum();
                assert!(difference < largest * size, "{config:?} {storage:?}: {difference} of {size}");
            }
        }
    }
}

#[test]
fn every_weight_of_every_network_learns_but_the_biases_before_a_norm() {
    let device = Device::flex().autodiff();
    for config in variants() {
        let network = network(&config, &device);
        let image = Tensor::<5>::random([2, 1, 8, 8, 8], Distribution::Normal(0.0, 1.0), &device);
        let logits = network.forward(image, &DropoutDraw::default()).logits;
        let factor = Tensor::random(logits.dims(), Distribution::Normal(0.0, 1.0), &device);
        let mut learning = Learning { gradients: (logits * factor).sum().backward(), idle: Vec::new() };
        network.visit(&mut learning);
        assert!(learning.idle.iter().all(|&rank| rank == 1), "{config:?}: {:?}", learning.idle);
    }
}

/// Ranks of the parameters whose gradient is missing or 0.
struct Learning {
    gradients: burn::tensor::Gradients,
    idle: Vec<usize>,
}

impl burn::module::ModuleVisitor for Learning {
    fn visit_float<const D: usize>(&mut self, param: &burn::module::Param<Tensor<D>>) {
        let learns = param.val().grad(&self.gradients).is_some_and(|g| g.abs().max().into_scalar::<f32>() > 0.0);
        if !learns {
            self.idle.push(D);
        }
    }
}

#[test]
fn the_two_networks_start_different_and_the_same_seed_gives_the_same_pair() {
    let device = Device::flex();
    for architecture in ARCHITECTURES {
        let configs = [config(architecture, 3), config(architecture, 3)];
        let pair = |seed| DualNetwork::new(&configs, &mut ChaCha8Rng::seed_from_u64(seed), &device);
        let x = Tensor::<5>::random([1, 1, 4, 4, 4], Distribution::Normal(0.0, 1.0), &device);
        let run = |net: &Network| net.forward(x.clone(), &DropoutDraw::default()).logits.into_data();
        let (p, q) = (pair(5), pair(5));
        assert_eq!(run(&p.a), run(&q.a));
        assert_eq!(run(&p.b), run(&q.b));
        assert_ne!(run(&p.a), run(&p.b));
    }
}

#[test]
fn instance_norm_sees_one_crop_and_batch_norm_sees_the_batch_while_learning_only() {
    let device = Device::flex().autodiff();
    let x = Tensor::<5>::random([2, 1, 4, 4, 4], Distribution::Normal(0.0, 1.0), &device);
    let depends_on_the_other_crop = |network: &Network, x: Tensor<5>| {
        let of = |x: Tensor<5>| network.forward(x, &DropoutDraw::default()).logits.narrow(0, 0, 1).into_data();
        of(x.clone()) != of(x.clone().narrow(0, 0, 1).repeat_dim(0, 2))
    };
    for architecture in ARCHITECTURES {
        let instance = network(&config(architecture, 3), &device);
        let batch = NetworkConfig { normalisation: Normalisation::Batch, ..config(architecture, 3) };
        let batch = network(&batch, &device);
        assert!(!depends_on_the_other_crop(&instance, x.clone()));
        assert!(depends_on_the_other_crop(&batch, x.clone()));
        assert!(!depends_on_the_other_crop(&batch.valid(), x.clone().inner()));
    }
}

/// Logits and features of a network of two levels, layer by layer.
fn composed(network: &Network, image: Tensor<5>, draw: &DropoutDraw) -> [Tensor<5>; 2] {
    let above = network.encoder[0].forward(image);
    let down = match network.downs.first() {
        Some(down) => down.forward(above.clone()),
        None => above.clone(),
    };
    let deepest = draw.bottleneck.as_ref().unwrap().apply(network.encoder[1].forward(down));
    let features = network.decoder[0].forward(network.ups[0].forward(deepest, above));
    let read = draw.output.as_ref().unwrap().apply(features.clone());
    let bias = network.head.bias.as_ref().unwrap().val();
    [pointwise(read, network.head.weight.val(), bias), features]
}

#[test]
fn dropout_takes_channels_from_the_bottleneck_and_from_what_the_last_convolution_reads() {
    let device = Device::flex();
    for architecture in ARCHITECTURES {
        let config = config(architecture, 2);
        let network = network(&config, &device);
        let draw = config.draw_dropout(0.5, 2, &mut ChaCha8Rng::seed_from_u64(2), &device);
        let image = Tensor::<5>::random([2, 1, 4, 4, 4], Distribution::Normal(0.0, 1.0), &device);
        let ours = network.forward(image.clone(), &draw);
        let both = ours.logits.clone().into_data();
        for (ours, expected) in [ours.logits, ours.features].into_iter().zip(composed(&network, image.clone(), &draw)) {
            ours.into_data().assert_approx_eq::<f32>(&expected.into_data(), Tolerance::rel_abs(1e-4, 1e-4));
        }
        for one in [DropoutDraw { output: None, ..draw.clone() }, DropoutDraw { bottleneck: None, ..draw }] {
            assert_ne!(network.forward(image.clone(), &one).logits.into_data(), both, "{architecture}");
        }
    }
}

#[test]
fn with_the_weights_of_a_v_net_a_resv_net_says_something_else() {
    let device = Device::flex();
    let [plain, residual] = [Architecture::VNet, Architecture::ResVNet].map(|a| network(&config(a, 3), &device));
    // Drawn last: all before it are the same.
    let head = |net: &Network| net.head.weight.val().into_data();
    assert_eq!(head(&plain), head(&residual));
    let image = Tensor::<5>::random([1, 1, 8, 8, 8], Distribution::Normal(0.0, 1.0), &device);
    let run = |net: &Network| net.forward(image.clone(), &DropoutDraw::default()).logits.into_data();
    assert_ne!(run(&plain), run(&residual));
}

#[test]
fn network_a_starts_with_the_variances_of_kaiming_and_network_b_with_those_of_xavier() {
    let configs = [config(Architecture::VNet, 3), config(Architecture::ResVNet, 3)];
    let pair = DualNetwork::new(&configs, &mut ChaCha8Rng::seed_from_u64(5), &Device::flex());
    let spread = |net: &Network| {
        let mut sums = Spread::default();
        net.visit(&mut sums);
        [sums.kaiming / sums.count, sums.xavier / sums.count]
    };
    let ([kaiming, not_xavier], [not_kaiming, xavier]) = (spread(&pair.a), spread(&pair.b));
    assert!((kaiming - 1.0).abs() < 0.1 && not_xavier > 1.5, "{kaiming} {not_xavier}");
    assert!((xavier - 1.0).abs() < 0.1 && not_kaiming < 0.7, "{xavier} {not_kaiming}");
}

/// Sums over the weights of all convolutions: squares by the variance of each scheme, and their number.
#[derive(Default)]
struct Spread {
    kaiming: f64,
    xavier: f64,
    count: f64,
}

impl burn::module::ModuleVisitor for Spread {
    fn visit_float<const D: usize>(&mut self, param: &burn::module::Param<Tensor<D>>) {
        let dims = param.val().dims();
        let [out, channels_in, z, y, x] = dims.as_slice() else { return };
        let (fan_in, fan_out) = ((channels_in * z * y * x) as f64, (out * z * y * x) as f64);
        let squares = f64::from(param.val().square().sum().into_scalar::<f32>());
        self.kaiming += squares * fan_in / 2.0;
        self.xavier += squares * (fan_in + fan_out) / 2.0;
        self.count += *out as f64 * fan_in;
    }
}
