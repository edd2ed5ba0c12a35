use burn::tensor::{Device, Distribution};
use rand::SeedableRng;

use super::*;

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
        let random =
            |c: usize| Tensor::<5>::random([2, c, 4, 4, 4], Distribution::Normal(0.0, 1.0), &device).require_grad();
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        Self {
            head: NeuralProcess::new(2 * CHANNELS, CLASSES, &mut rng, &device),
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
