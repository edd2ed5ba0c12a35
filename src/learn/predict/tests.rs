use burn::tensor::Distribution;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::geometry::Affine;
use crate::label::Origin;
use crate::learn::kernels::gpu_device;
use crate::learn::np::{EncodedSet, NpLearner};
use crate::learn::plan::Fingerprint;
use crate::learn::settings::TrainSettings;
use crate::volume::{Grid, Voxels};

fn predictor(patch: [usize; 3]) -> Predictor {
    predictor_on(&Device::flex(), patch)
}

fn predictor_on(device: &Device, patch: [usize; 3]) -> Predictor {
    let fingerprint = Fingerprint { extents: vec![[16; 3]], classes: vec![0, 3, 7], ..Fingerprint::default() };
    let plan = Plan { patch, base_width: 2, levels: 3, ..Plan::new(&fingerprint, &TrainSettings::default()) };
    let networks = DualNetwork::new(&plan.networks(), &mut ChaCha8Rng::seed_from_u64(3), device);
    Predictor::new(networks, None, &plan, device.clone())
}

fn image(n: [usize; 3], f: impl FnMut(crate::geometry::Voxel) -> f32) -> Image {
    let extent = Extent::from_array(n).unwrap();
    Image::new(Voxels::F32(Grid::from_fn(extent, f)), 1.0, 0.0, Affine::identity())
}

fn noise(v: crate::geometry::Voxel) -> f32 {
    ((v.x * 31 + v.y * 17 + v.z * 7 + v.x * v.y) % 41) as f32
}

fn predict(predictor: &Predictor, image: &Image) -> Prediction {
    let provenance = Provenance { case: "c".into(), label_revision: 0, model: "m".into(), step: 1 };
    predictor.predict(&Subject::of(image), provenance, &mut || false).unwrap().unwrap()
}

/// The same with a neural process that has seen all three classes.
fn predictor_with_np(patch: [usize; 3]) -> Predictor {
    let fingerprint = Fingerprint { extents: vec![[16; 3]], classes: vec![0, 3, 7], ..Fingerprint::default() };
    let plan = Plan { base_width: 2, ..Plan::new(&fingerprint, &TrainSettings::default()) };
    let mut np = NpLearner::new(&plan, &Device::flex()).unwrap();
    let rows = Tensor::random([30, 64], Distribution::Normal(0.0, 1.0), &Device::flex().autodiff());
    let channels = (0..30).map(|i| i / 10).collect();
    np.bank.push(&EncodedSet::new(rows, channels), &mut ChaCha8Rng::seed_from_u64(1));
    Predictor { np: Conditioned::new(&np.head, &np.bank, &plan), ..predictor(patch) }
}

/// Three voxels are known to be of class 7.
fn with_corrections<'a>(predictor: &Predictor, image: &'a Image) -> Subject<'a> {
    let mut origin = Grid::filled(image.extent(), Origin::Unknown);
    for x in 3..6 {
        origin.set([x, 5, 4].into(), Origin::Manual);
    }
    let labels = LabelMap::from_planes(Grid::filled(image.extent(), 7), origin).unwrap();
    predictor.subject(image, &labels, &Annotated::default(), |_| false)
}

fn predict_subject(predictor: &Predictor, subject: &Subject) -> Prediction {
    let provenance = Provenance { case: "c".into(), label_revision: 0, model: "m".into(), step: 1 };
    predictor.predict(subject, provenance, &mut || false).unwrap().unwrap()
}

#[test]
fn stripes_change_nothing_of_what_the_neural_process_and_corrections_say() {
    let image = image([20, 37, 13], noise);
    let predictor = predictor_with_np([8, 8, 8]);
    let whole = predict_subject(&predictor, &with_corrections(&predictor, &image));
    let stripes = Predictor { sums_bytes: 1, ..predictor };
    let divergence = |p: &Prediction| p.probabilities.np_divergence.unwrap();
    let mut striped = predict_subject(&stripes, &with_corrections(&stripes, &image));
    assert!((divergence(&whole) - divergence(&striped)).abs() < 1e-3 * divergence(&whole).max(1e-3));
    striped.probabilities.np_divergence = whole.probabilities.np_divergence;
    assert_eq!(striped, whole);
    assert!(whole.probabilities.np.is_some() && whole.probabilities.np_std.is_some());
}

#[test]
fn a_correction_changes_its_own_surroundings_and_nothing_far_away() {
    let image = image([40, 16, 16], noise);
    let predictor = predictor_with_np([8, 8, 8]);
    let (before, after) = (
        predict_subject(&predictor, &Subject::of(&image)),
        predict_subject(&predictor, &with_corrections(&predictor, &image)),
    );
    assert_eq!(after.class.at([4, 5, 4].into()), 7, "three observations outweigh the networks");
    for v in image.extent().full_box().voxels().filter(|v| v.x > 15) {
        assert_eq!(before.class.at(v), after.class.at(v));
    }
}

#[test]
fn beliefs_at_single_voxels_are_those_of_the_planes_also_off_the_grid() {
    let image = image([20, 18, 16], noise);
    let predictor = predictor_with_np([8, 8, 8]);
    let voxels: Vec<Voxel> = [[0, 0, 0], [7, 11, 3], [8, 12, 6]].map(Into::into).to_vec();
    let subject = Subject::of(&image);
    let planes = predict_subject(&predictor, &subject);
    let beliefs = predictor.beliefs_at(&subject, &voxels, &mut || false).unwrap().unwrap();
    for (v, row) in voxels.iter().zip(&beliefs) {
        assert_eq!(row.len(), 13);
        let largest = row[..3].iter().fold(0.0f32, |a, b| a.max(*b));
        assert!((largest * 255.0 - f32::from(planes.confidence_a.at(*v))).abs() < 1.0);
    }
    let coarse = Predictor { spacing_mm: Some([1.0, 1.0, 2.0]), ..predictor };
    let beliefs = coarse.beliefs_at(&subject, &voxels, &mut || false).unwrap().unwrap();
    assert!(beliefs.iter().all(|row| row.len() == 13));
}

#[test]
fn stripes_and_batches_of_windows_change_nothing() {
    let image = image([20, 37, 13], noise);
    let whole = predict(&predictor([8, 8, 8]), &image);
    let stripes = Predictor { sums_bytes: 1, ..predictor([8, 8, 8]) };
    assert!(stripes.stripes(image.extent()).len() > 3);
    assert_eq!(predict(&stripes, &image), whole);
    assert_eq!(predict(&Predictor { windows_per_pass: 3, ..predictor([8, 8, 8]) }, &image), whole);
}

#[test]
fn a_gpu_makes_the_planes_of_the_cpu() {
    let Some(gpu) = gpu_device() else { return };
    let image = image([20, 18, 11], noise);
    let (theirs, ours) = (predict(&predictor_on(&gpu, [8, 8, 8]), &image), predict(&predictor([8, 8, 8]), &image));
    let planes = |p: &Prediction| [p.confidence_a.clone(), p.confidence_b.clone(), p.dual_confidence.clone()];
    for (a, b) in planes(&ours).iter().zip(planes(&theirs)) {
        assert!(a.as_slice().iter().zip(b.as_slice()).all(|(a, b)| a.abs_diff(*b) <= 2));
    }
    // Where two classes are as likely, the last digit decides.
    let other = ours.class.as_slice().iter().zip(theirs.class.as_slice()).filter(|(a, b)| a != b).count();
    assert!(other * 100 < ours.class.as_slice().len(), "{other}");
}

#[test]
fn a_volume_off_the_plans_grid_is_predicted_there_and_comes_back_on_its_own() {
    let patch = [8, 8, 8];
    let at = |spacing_mm| Predictor { spacing_mm: Some(spacing_mm), ..predictor(patch) };
    let fine = image([20, 20, 24], |v| (v.z / 2) as f32 + noise([v.x, v.y, 0].into()));
    let own = predict(&predictor(patch), &fine);
    assert_eq!(predict(&at([1.0; 3]), &fine), own, "the same spacing changes nothing");
    // On a grid of half the slices the volume looks like one that was scanned so.
    let back = predict(&at([1.0, 1.0, 2.0]), &fine);
    assert_eq!(back.extent(), fine.extent());
    let scanned = image([20, 20, 12], |v| v.z as f32 + noise([v.x, v.y, 0].into()));
    let n = Normaliser::of(&fine);
    let coarse = predictor(patch)
        .predict(&Subject { normaliser: Cow::Owned(n), ..Subject::of(&scanned) }, own.provenance.clone(), &mut || false)
        .unwrap()
        .unwrap();
    let same = (0..20 * 20 * 24).filter(|i| {
        let (inside, z) = (i % 400, i / 400);
        back.class.as_slice()[*i] == coarse.class.as_slice()[z / 2 * 400 + inside]
    });
    assert!(same.count() * 10 > 20 * 20 * 24 * 9);
}

#[test]
fn a_volume_smaller_than_a_window_is_predicted_from_its_padded_middle() {
    let small = image([5, 8, 3], noise);
    let prediction = predict(&predictor([8, 8, 8]), &small);
    assert_eq!(prediction.extent(), small.extent());
    assert!(prediction.class.as_slice().iter().all(|c| [0, 3, 7].contains(c)));
    assert!(prediction.confidence_a.as_slice().iter().all(|&c| c > 80));
}

#[test]
fn an_interruption_is_noticed_between_the_networks_and_gives_no_prediction() {
    let image = image([20, 20, 20], noise);
    let provenance = Provenance { case: "c".into(), label_revision: 0, model: "m".into(), step: 1 };
    let mut asked = 0;
    let mut third = || {
        asked += 1;
        asked == 3
    };
    let result = predictor([8, 8, 8]).predict(&Subject::of(&image), provenance, &mut third).unwrap();
    assert!(result.is_none());
    assert_eq!(asked, 3);
}

#[test]
fn air_far_from_the_body_is_background_without_a_network_and_the_body_is_predicted_as_before() {
    let body = |v: crate::geometry::Voxel| v.x >= 56;
    let image = image([80, 16, 16], |v| if body(v) { 100.0 + noise(v) } else { noise(v) });
    let everywhere = predict(&predictor([8, 8, 8]), &image);
    let mut passes = 0;
    let provenance = everywhere.provenance.clone();
    let body = BodyMask::of(&image);
    let mut count = || {
        passes += 1;
        false
    };
    let near = predictor([8, 8, 8])
        .predict(&Subject { body: Some(Cow::Borrowed(&body)), ..Subject::of(&image) }, provenance, &mut count)
        .unwrap()
        .unwrap();
    let all = 2 * 19 * 3 * 3;
    assert!(passes < all * 2 / 3, "{passes} of {all}");
    for (i, (a, b)) in everywhere.class.as_slice().iter().zip(near.class.as_slice()).enumerate() {
        match i % 80 {
            0..32 => assert_eq!((*b, near.confidence_a.as_slice()[i]), (0, 255)),
            50.. => assert_eq!(a, b),
            _ => {}
        }
    }
}
