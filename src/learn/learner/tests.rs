use super::*;
use crate::learn::data::{BatchPlanes, Crop, PlainImage, VoxelStatus};
use crate::learn::kernels::{gpu_device, with_burn_operators};
use crate::learn::method::Regulariser;
use crate::learn::nn::Storage;
use crate::learn::plan::Fingerprint;
use crate::learn::random::normal;
use crate::learn::settings::{Method, TrainSettings};

/// A ball in noise.
fn crop(rng: &mut ChaCha8Rng, status: VoxelStatus) -> Crop {
    let size = [16usize; 3];
    let inside = |i: usize| {
        let [x, y, z] = [i % 16, i / 16 % 16, i / 256].map(|c| c as f64 - 7.5);
        x * x + y * y + z * z < 25.0
    };
    let class: Vec<u8> = (0..4096).map(|i| u8::from(inside(i))).collect();
    let image: Vec<f32> = class.iter().map(|c| f32::from(*c) + 0.5 * normal(rng) as f32).collect();
    let plain = (status == VoxelStatus::Unknown).then(|| PlainImage { image: image.clone(), swapped: None });
    Crop { size, image, plain, class, status: vec![status; 4096], ..Crop::default() }
}

fn losses(method: Method, steps: u64) -> Vec<f32> {
    losses_on(&Device::flex(), method, steps, Storage::F32)
}

fn losses_on(device: &Device, method: Method, steps: u64, storage: Storage) -> Vec<f32> {
    let (_, losses) = learnt_on(device, method, steps, storage);
    let values = |parts: LossParts| [Some(parts.supervised), parts.unlabelled].into_iter().flatten();
    losses.into_iter().flat_map(values).map(|loss| loss.into_scalar::<f32>()).collect()
}

fn learnt(method: Method, steps: u64) -> (Learner, Vec<LossParts>) {
    learnt_on(&Device::flex(), method, steps, Storage::F32)
}

fn learnt_on(device: &Device, method: Method, steps: u64, storage: Storage) -> (Learner, Vec<LossParts>) {
    let f =
        Fingerprint { extents: vec![[16; 3]; 4], classes: vec![0, 1], has_unlabelled: true, ..Fingerprint::default() };
    let settings = TrainSettings { method, steps: Some(steps), ..TrainSettings::default() };
    let plan = Plan {
        base_width: 4,
        levels: 3,
        strides: Vec::new(),
        learning_rate: 0.01,
        storage,
        ..Plan::new(&f, &settings)
    };
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let device = device.clone().autodiff();
    let networks = DualNetwork::new(&plan.networks(), &mut rng, &device);
    let mut learner = Learner::new(&plan, networks, NpLearner::new(&plan, &device), device.clone());
    let mut losses = Vec::new();
    for step in 0..steps {
        let crops = [VoxelStatus::Dense, VoxelStatus::Unknown].map(|status| crop(&mut rng, status));
        let mut planes = BatchPlanes::new(&crops, &plan.classes);
        planes.draw_sample(&crops, &plan.classes, &rng);
        losses.push(learner.learn(&planes.to_device(&device), &plan, step));
    }
    (learner, losses)
}

#[test]
fn fifty_steps_have_the_same_losses_with_our_kernels_and_with_burns_operators() {
    let ours = losses(Method::Supervised, 50);
    let theirs = with_burn_operators(|| losses(Method::Supervised, 50));
    assert!(ours[49] < 0.6 * ours[0], "nothing was learnt: {ours:?}");
    for (a, b) in ours.iter().zip(&theirs) {
        assert!((a - b).abs() < 1e-4, "{a} {b}");
    }
}

#[test]
fn steps_with_pseudo_labels_have_the_same_losses_until_a_voxel_at_the_border_changes_its_class() {
    // A hard label turns a difference in the last digit into a whole voxel: the first twenty steps.
    let ours = losses(Method::DualConfidence, 50);
    let theirs = with_burn_operators(|| losses(Method::DualConfidence, 50));
    assert_eq!(ours.len(), 100);
    for (i, (a, b)) in ours.iter().zip(&theirs).enumerate() {
        let tolerance = if i < 40 { 1e-4 } else { 1e-3 };
        assert!((a - b).abs() < tolerance, "{i}: {a} {b}");
    }
}

#[test]
fn twenty_steps_on_a_gpu_have_the_losses_of_the_cpu() {
    let Some(gpu) = gpu_device() else { return };
    let on_gpu = losses_on(&gpu, Method::Supervised, 20, Storage::F32);
    for (i, (a, b)) in on_gpu.iter().zip(losses(Method::Supervised, 20)).enumerate() {
        assert!((a - b).abs() < 1e-3, "{i}: {a} {b}");
    }
}

#[test]
fn with_f16_activations_the_losses_stay_close() {
    let Some(gpu) = gpu_device() else { return };
    // f16 has 11 bits: differences of 5e-4 per value, which twenty steps of learning carry on.
    let half = losses_on(&gpu, Method::Supervised, 20, Storage::F16);
    let single = losses_on(&gpu, Method::Supervised, 20, Storage::F32);
    assert_ne!(half, single, "f16 was not used");
    for (i, (a, b)) in half.iter().zip(single).enumerate() {
        assert!((a - b).abs() < 2e-2, "{i}: {a} {b}");
    }
}

#[test]
fn every_method_learns_the_labels_and_what_it_says_of_unlabelled_voxels_is_finite() {
    for method in Method::ALL {
        let (learner, losses) = learnt(method, 30);
        let supervised: Vec<f32> = losses.iter().map(|parts| parts.supervised.clone().into_scalar::<f32>()).collect();
        assert!(supervised[29] < 0.8 * supervised[0], "{method}: {supervised:?}");
        let last = losses.last().unwrap();
        assert_eq!(last.unlabelled.is_some(), method != Method::Supervised, "{method}");
        assert!(last.unlabelled.iter().all(|u| u.clone().into_scalar::<f32>().is_finite()), "{method}");
        assert_eq!(
            learner.np.is_some(),
            strategy(method).regulariser() == Some(Regulariser::NeuralProcess),
            "{method}"
        );
        assert_eq!(last.named.iter().any(|(name, _)| *name == "np_kl_flipped"), learner.np.is_some(), "{method}");
    }
}

#[test]
fn the_neural_process_learns_and_remembers_both_classes() {
    let (learner, losses) = learnt(Method::DualConfidenceNp, 40);
    let nll = |parts: &LossParts| parts.named[0].1.clone().into_scalar::<f32>();
    assert_eq!(losses[0].named[0].0, "np_nll");
    assert!(nll(&losses[39]) < 0.7 * nll(&losses[0]), "{} {}", nll(&losses[0]), nll(&losses[39]));
    assert!(learner.np.unwrap().bank.rows().iter().all(Option::is_some));
}

#[test]
fn a_teacher_begins_as_its_student_and_follows_it() {
    let (learner, _) = learnt(Method::MeanTeacher, 1);
    let weights = |net: &Network| net.first_weight().into_scalar::<f32>();
    assert_eq!(weights(&learner.networks.a), weights(&learner.networks.b), "after one step the decay is 0");
    let (learner, _) = learnt(Method::MeanTeacher, 20);
    let [a, b] = [weights(&learner.networks.a), weights(&learner.networks.b)];
    assert!(a != b && (a - b).abs() < 0.1, "{a} {b}");
}

#[test]
fn the_same_step_drops_the_same_channels_in_every_run() {
    let draw = |step| {
        let f = Fingerprint {
            extents: vec![[16; 3]],
            classes: vec![0, 1],
            has_unlabelled: true,
            is_gpu: true,
            ..Fingerprint::default()
        };
        let plan = Plan { base_width: 4, levels: 3, ..Plan::new(&f, &TrainSettings::default()) };
        assert!(plan.channel_dropout > 0.0);
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let device = Device::flex().autodiff();
        let networks = DualNetwork::new(&plan.networks(), &mut rng, &device);
        let learner = Learner::new(&plan, networks, None, device.clone());
        let crops = [crop(&mut rng, VoxelStatus::Dense)];
        let batch = BatchPlanes::new(&crops, &plan.classes).to_device(&device);
        learner.losses(&batch, &plan, step).parts.supervised.into_scalar::<f32>()
    };
    assert_eq!(draw(3), draw(3));
    assert_ne!(draw(3), draw(4));
}

#[test]
fn what_the_networks_hardly_believe_together_changes_no_loss_of_any_kind() {
    let device = Device::flex();
    // Three voxels; the last is left out by the mask.
    let tensor = |values: &[f32], k: usize| {
        Tensor::<5>::from_data(burn::tensor::TensorData::new(values.to_vec(), [1, k, 1, 1, 3]), &device)
    };
    for loss in [LossKind::WeightedMean, LossKind::PlainMean] {
        let pseudo = PseudoTarget {
            target: tensor(&[1.0, 0.0, 0.0, 0.0, 1.0, 1.0], 2),
            weight: tensor(&[1.0, 0.7, 0.0], 1),
            mask: tensor(&[1.0, 1.0, 0.0], 1),
            loss,
        };
        let of = |last: f32| {
            let p = tensor(&[0.8, 0.3, 1.0 - last, 0.2, 0.7, last], 2);
            pseudo_loss(&p.log(), &pseudo).into_scalar::<f32>()
        };
        assert!((of(0.1) - of(0.9)).abs() < 1e-6, "{loss:?}");
    }
}

/// Two-class logits of a network are pushed away from what was rejected; without a hint nothing changes.
#[test]
fn a_hint_adds_its_named_part_and_without_one_there_is_none() {
    let parts = |rejected: Vec<(usize, u8)>| {
        let f = Fingerprint { extents: vec![[16; 3]], classes: vec![0, 1], ..Fingerprint::default() };
        let settings = TrainSettings { method: Method::Supervised, ..TrainSettings::default() };
        let plan = Plan { base_width: 2, levels: 2, strides: Vec::new(), ..Plan::new(&f, &settings) };
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let device = Device::flex().autodiff();
        let networks = DualNetwork::new(&plan.networks(), &mut rng, &device);
        let learner = Learner::new(&plan, networks, None, device.clone());
        let crops = [crop(&mut rng, VoxelStatus::Dense), Crop { rejected, ..crop(&mut rng, VoxelStatus::Unknown) }];
        let crops = crops.map(|crop| Crop { plain: None, ..crop });
        let batch = BatchPlanes::new(&crops, &plan.classes).to_device(&device);
        let StepLoss { total, parts, .. } = learner.losses(&batch, &plan, 0);
        let named: Vec<(&str, f32)> =
            parts.named.into_iter().map(|(name, loss)| (name, loss.into_scalar::<f32>())).collect();
        (total.into_scalar::<f32>(), parts.supervised.into_scalar::<f32>(), named)
    };
    let (total, supervised, named) = parts(Vec::new());
    assert!(named.is_empty() && total == supervised);
    let (with_hints, same, named) = parts((0..100).map(|i| (i, 1)).collect());
    let [(name, rejected)] = named[..] else { panic!("{named:?}") };
    assert_eq!((name, same), (REJECTED, supervised));
    assert!(rejected > 0.0 && (with_hints - total - 0.5 * rejected).abs() < 1e-5);
}

#[test]
fn a_pseudo_label_never_teaches_what_was_rejected() {
    let tensor = |values: &[f32], k: usize| {
        let data = burn::tensor::TensorData::new(values.to_vec(), [1, k, 1, 1, 3]);
        Tensor::<5>::from_data(data, &Device::flex())
    };
    let pseudo = PseudoTarget {
        target: tensor(&[0.0, 0.4, 1.0, 1.0, 0.6, 0.0], 2),
        weight: tensor(&[2.0, 2.0, 2.0], 1),
        mask: tensor(&[1.0; 3], 1),
        loss: LossKind::WeightedMean,
    };
    // Class 1 is rejected everywhere but in the last voxel, which nothing is said of.
    let kept = pseudo.without(&tensor(&[0.0, 0.0, 0.0, 1.0, 1.0, 0.0], 2));
    let values = |t: Tensor<5>| -> Vec<f32> { t.into_data().try_to_vec().unwrap() };
    for (found, expected) in values(kept.weight).iter().zip([0.0, 0.8, 2.0]) {
        assert!((found - expected).abs() < 1e-6);
    }
    for (found, expected) in values(kept.mask).iter().zip([0.0, 0.4, 1.0]) {
        assert!((found - expected).abs() < 1e-6);
    }
}
