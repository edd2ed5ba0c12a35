use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::geometry::Affine;
use crate::learn::kernels::gpu_device;
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
