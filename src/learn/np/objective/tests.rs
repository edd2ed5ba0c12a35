use std::collections::BTreeSet;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Distribution};
use rand::SeedableRng;

use super::*;
use crate::learn::np::step_random;

const CHANNELS: usize = 3;
const CLASSES: usize = 3;

struct Fixture {
    head: NeuralProcess,
    bank: Bank,
    plan: NpPlan,
    features: [Tensor<5>; 2],
    logits: [Tensor<5>; 2],
}

impl Fixture {
    fn new() -> Self {
        let device = Device::flex().autodiff();
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let head = NeuralProcess::new(2 * CHANNELS, CLASSES, &mut rng, &device);
        let mut random = |c: usize| {
            let values: Vec<f32> = (0..2 * c * 64).map(|_| normal(&mut rng) as f32).collect();
            Tensor::<5>::from_data(TensorData::new(values, [2, c, 4, 4, 4]), &device).require_grad()
        };
        Self {
            head,
            bank: Bank::new(CLASSES),
            plan: NpPlan::new(10),
            features: [random(CHANNELS), random(CHANNELS)],
            logits: [random(CLASSES), random(CLASSES)],
        }
    }

    fn objective(&self) -> Objective<'_> {
        Objective { head: &self.head, bank: &self.bank, plan: &self.plan }
    }

    fn loss(&self, labelled: &VoxelSample, pseudo: Option<&VoxelSample>) -> Option<NpLoss> {
        let log_p = self.logits.each_ref().map(|l| log_softmax(l.clone(), 1));
        let weight = Tensor::<5>::ones([2, 1, 4, 4, 4], &Device::flex().autodiff());
        let inputs = NpInputs {
            features: [&self.features[0], &self.features[1]],
            log_p: [&log_p[0], &log_p[1]],
            labelled,
            pseudo: pseudo.map(|sample| (sample, &weight)),
            classes: CLASSES,
        };
        self.objective().loss(&inputs, &mut ChaCha8Rng::seed_from_u64(7))
    }

    /// The head's two encodings of rows with random features.
    fn encoded(&self, channels: &[u8]) -> EncodedSet {
        let device = Device::flex().autodiff();
        let scaled = Tensor::<2>::random([channels.len(), 2 * CHANNELS], Distribution::Default, &device);
        let rows = self.head.encoded(&scaled, one_hot(channels, CLASSES, &scaled));
        EncodedSet::new(rows, channels.to_vec())
    }

    /// Latent encodings of voxels by their class, as numbers.
    fn latent_rows(&self, sample: &VoxelSample, beliefs: Tensor<2>) -> Vec<(u8, Vec<f32>)> {
        let scaled = self.head.scaled(feature_rows([&self.features[0], &self.features[1]], &sample.index));
        let latent = self.head.encoded(&scaled, beliefs).narrow(1, 0, WIDTH);
        let values: Vec<f32> = latent.into_data().try_to_vec().unwrap();
        sample.channel.iter().copied().zip(values.chunks(WIDTH).map(<[f32]>::to_vec)).collect()
    }

    /// Means and standard deviations of the latent given the mean over classes of the mean row of each.
    fn latent_given(&self, rows: &[(u8, Vec<f32>)]) -> [Vec<f32>; 2] {
        let mut aggregate = vec![0.0f32; WIDTH];
        for class in [0, 1, 2] {
            let of_class: Vec<&Vec<f32>> = rows.iter().filter(|(c, _)| *c == class).map(|(_, row)| row).collect();
            for (d, mean) in aggregate.iter_mut().enumerate() {
                *mean += of_class.iter().map(|row| row[d]).sum::<f32>() / (of_class.len() * CLASSES) as f32;
            }
        }
        let aggregate = Tensor::from_data(TensorData::new(aggregate, [1, WIDTH]), &Device::flex().autodiff());
        let Gaussian { mean, sd } = self.head.latent_given(aggregate);
        [mean, sd].map(|t| t.into_data().try_to_vec::<f32>().unwrap())
    }

    fn divergence(&self, context: &EncodedSet, others: &EncodedSet) -> f32 {
        let sides = self.objective().sides(context, others).unwrap();
        sides.target.divergence_from(&sides.context).into_scalar::<f32>()
    }
}

fn sample(channels: &[u8]) -> VoxelSample {
    VoxelSample {
        index: (0..channels.len()).map(|i| 3 * i).collect(),
        channel: channels.to_vec(),
        weight: vec![1.0; channels.len()],
    }
}

fn part(loss: &NpLoss, name: &str) -> f32 {
    let (_, value) = loss.parts.iter().find(|(n, _)| *n == name).unwrap();
    value.clone().into_scalar::<f32>()
}

/// Half as much again of every parameter, so that what sets say differs by much.
struct Enlarged;

impl ModuleMapper for Enlarged {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let enlarged = Tensor::from_inner(tensor.inner().mul_scalar(1.5)).require_grad();
        Param::from_mapped_value(id, enlarged, mapper)
    }
}

/// Of two Gaussians, means and standard deviations each.
fn kl_by_hand([m1, s1]: &[Vec<f32>; 2], [m2, s2]: &[Vec<f32>; 2]) -> f32 {
    let of_dimension = |d: usize| {
        let [m1, s1, m2, s2] = [m1, s1, m2, s2].map(|v| f64::from(v[d]));
        (s2 / s1).ln() + (s1.powi(2) + (m1 - m2).powi(2)) / (2.0 * s2.powi(2)) - 0.5
    };
    (0..WIDTH).map(of_dimension).sum::<f64>() as f32
}

fn largest(t: Option<Tensor<5>>) -> f32 {
    t.map_or(0.0, |g| g.abs().max().into_scalar::<f32>())
}

#[test]
fn without_a_labelled_voxel_there_is_no_loss() {
    assert!(Fixture::new().loss(&VoxelSample::default(), None).is_none());
}

#[test]
fn sets_that_say_the_same_have_no_divergence_however_often_they_say_it() {
    let f = Fixture::new();
    let set = f.encoded(&[0, 0, 1, 2]);
    assert!(f.divergence(&set, &set).abs() < 1e-6);
    assert!(f.divergence(&set, &set.clone().joined(set.clone())).abs() < 1e-6);
    assert!(f.divergence(&set, &f.encoded(&[0, 1, 2, 2])) > 1e-4);
}

#[test]
fn a_class_that_one_set_lacks_makes_no_divergence_by_itself() {
    let mut f = Fixture::new();
    let context = f.encoded(&[0, 1]);
    let others = context.clone().joined(f.encoded(&[2, 2]));
    assert!(f.divergence(&context, &others).abs() < 1e-6, "without a memory the class is left out of both");
    f.bank.push(&f.encoded(&[2, 2, 2]), &mut ChaCha8Rng::seed_from_u64(1));
    assert!(f.divergence(&context, &others).abs() < 1e-6, "with one its centre stands in both");
}

#[test]
fn the_likelihood_reaches_the_networks_features_and_the_divergence_their_pseudo_labels() {
    let f = Fixture::new();
    let loss = f.loss(&sample(&[0, 0, 1, 1, 2]), Some(&sample(&[0, 1, 2, 2]))).unwrap();
    let gradients = loss.total.backward();
    assert!(f.features.iter().all(|h| largest(h.grad(&gradients)) > 0.0));
    assert!(f.logits.iter().all(|l| largest(l.grad(&gradients)) > 0.0));
}

#[test]
fn divergence_and_distillation_each_change_what_pseudo_labels_are_told() {
    let gradient = |kl_weight: f64, calibration_weight: f64| {
        let mut f = Fixture::new();
        f.logits = f.logits.map(|l| Tensor::from_inner(l.ones_like().inner()).require_grad());
        f.features = f.features.map(|h| Tensor::from_inner(h.ones_like().inner()).require_grad());
        (f.plan.kl_weight, f.plan.calibration_weight) = (kl_weight, calibration_weight);
        let gradients = f.loss(&sample(&[0, 1, 2]), Some(&sample(&[0, 1, 1]))).unwrap().total.backward();
        f.logits[0].grad(&gradients).unwrap().into_data()
    };
    // Without both, the latents of the likelihood still see what the networks believe.
    let [neither, divergence, both] = [gradient(0.0, 0.0), gradient(0.5, 0.0), gradient(0.5, 0.1)];
    assert!(neither != divergence && divergence != both);
}

#[test]
fn encoder_inputs_are_constants_of_the_networks() {
    let f = Fixture::new();
    let rows = feature_rows([&f.features[0], &f.features[1]], &[0, 5]);
    let encoded = f.head.encoded(&f.head.scaled(rows), one_hot(&[0, 1], CLASSES, &f.features[0]));
    assert_eq!(largest(f.features[0].grad(&encoded.sum().backward())), 0.0);
}

#[test]
fn all_parts_are_logged_once_pseudo_labels_take_part() {
    let mut f = Fixture::new();
    let names = |loss: NpLoss| loss.parts.iter().map(|(name, _)| *name).collect::<Vec<_>>();
    let labelled = sample(&[0, 1, 2]);
    assert_eq!(names(f.loss(&labelled, None).unwrap()), ["np_nll", "np_std", "np_kl"]);
    (f.plan.pseudo_weight, f.plan.calibration_weight) = (1.0, 0.1);
    let all = ["np_nll", "np_std", "np_kl", "np_nll_pseudo", "np_calibration", "np_kl_flipped"];
    assert_eq!(names(f.loss(&labelled, Some(&sample(&[0, 2]))).unwrap()), all);
}

#[test]
fn the_divergence_is_that_of_all_voxels_from_the_labelled_ones_and_joins_the_likelihood_by_its_weight() {
    let mut f = Fixture::new();
    f.head = f.head.map(&mut Enlarged);
    f.plan.kl_weight = 0.5;
    let (labelled, pseudo) = (sample(&[0, 1, 2]), sample(&[2, 0, 1, 2, 2, 1, 0]));
    let loss = f.loss(&labelled, Some(&pseudo)).unwrap();
    let [nll, kl] = ["np_nll", "np_kl"].map(|name| part(&loss, name));
    let total = loss.total.into_scalar::<f32>();
    assert!((total - (nll + 0.5 * kl)).abs() < 1e-4 * (1.0 + total), "{total}: {nll} {kl}");

    let mut rows = f.latent_rows(&labelled, one_hot(&labelled.channel, CLASSES, &f.features[0]));
    let context = f.latent_given(&rows);
    let [a, b] = f.logits.each_ref().map(|l| rows_of(&log_softmax(l.clone(), 1), &pseudo.index).exp());
    rows.extend(f.latent_rows(&pseudo, (a + b).mul_scalar(0.5)));
    let target = f.latent_given(&rows);
    let [expected, reverse] = [kl_by_hand(&target, &context), kl_by_hand(&context, &target)];
    assert!((kl - expected).abs() < 1e-3 * expected, "{kl} instead of {expected}");
    assert!((kl - reverse).abs() > 2e-3 * expected, "{kl} is as far the other way: {reverse}");
}

#[test]
fn a_voxel_that_stands_for_twice_as_many_draws_the_likelihood_towards_its_own() {
    let f = Fixture::new();
    let nll = |weight: [f32; 5]| {
        let labelled = VoxelSample { weight: weight.to_vec(), ..sample(&[0, 0, 1, 1, 2]) };
        part(&f.loss(&labelled, None).unwrap(), "np_nll")
    };
    // Weights have mean 1.
    let weights = |voxel: usize, own: f32, others: f32| {
        let mut weights = [others; 5];
        weights[voxel] = own;
        weights
    };
    let all = nll([1.0; 5]);
    let alone: [f32; 5] = std::array::from_fn(|voxel| nll(weights(voxel, 5.0, 0.0)));
    assert!(alone.iter().any(|own| *own > all + 0.01) && alone.iter().any(|own| *own < all - 0.01), "{alone:?}");
    for (voxel, own) in alone.into_iter().enumerate() {
        let doubled = nll(weights(voxel, 10.0 / 6.0, 5.0 / 6.0));
        assert!((doubled - (5.0 * all + own) / 6.0).abs() < 1e-4, "{voxel}: {all} {own} {doubled}");
    }
}

#[test]
fn context_is_another_part_of_each_class_in_every_warm_up_step_and_at_least_64_voxels_or_all() {
    let f = Fixture::new();
    let labelled = sample(&[vec![0u8; 200], vec![1; 64], vec![2; 10]].concat());
    let inputs = NpInputs {
        features: [&f.features[0], &f.features[1]],
        log_p: [&f.logits[0], &f.logits[1]],
        labelled: &labelled,
        pseudo: None,
        classes: CLASSES,
    };
    let mut counts = BTreeSet::new();
    for step in 0..50 {
        let chosen = choose_context(&inputs, &mut step_random(1337, step));
        assert_eq!(chosen.iter().collect::<BTreeSet<_>>().len(), chosen.len(), "a voxel was chosen twice");
        let count = |class: u8| chosen.iter().filter(|&&i| labelled.channel[i] == class).count();
        assert_eq!([count(1), count(2)], [64, 10]);
        counts.insert(count(0));
    }
    assert!(counts.iter().all(|count| (64..=200).contains(count)), "{counts:?}");
    assert!(counts.len() > 10 && counts.first() < Some(&100) && counts.last() > Some(&160), "{counts:?}");
}

#[test]
fn with_pseudo_labels_every_labelled_voxel_is_context() {
    let f = Fixture::new();
    let (labelled, pseudo) = (sample(&[0; 200]), sample(&[1]));
    let weight = Tensor::<5>::ones([2, 1, 4, 4, 4], &Device::flex().autodiff());
    let inputs = NpInputs {
        features: [&f.features[0], &f.features[1]],
        log_p: [&f.logits[0], &f.logits[1]],
        labelled: &labelled,
        pseudo: Some((&pseudo, &weight)),
        classes: CLASSES,
    };
    assert_eq!(choose_context(&inputs, &mut step_random(1337, 3)), (0..200).collect::<Vec<usize>>());
}
