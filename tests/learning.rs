//! Learning on tiny volumes on the CPU: losses fall, runs resume exactly, broken checkpoints are refused.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use chiaro::geometry::{Affine, Extent};
use chiaro::label::{LabelMap, Provenance};
use chiaro::learn::data::TrainCase;
use chiaro::learn::{
    Architecture, DeviceChoice, Fingerprint, Method, Normalisation, Plan, StepReport, TrainSettings, Trainer,
    choose_device,
};
use chiaro::learn::{Predictor, Subject, load_predictor, newest_checkpoint};
use chiaro::volume::{Grid, Image, Voxels};

const N: usize = 20;

/// A bright ball on a textured ground, its centre depending on `index`.
fn image_and_truth(index: usize) -> (Arc<Image>, Grid<u8>) {
    let extent = Extent::new(N, N, N).unwrap();
    let centre = [8.0 + (index % 3) as f64, 9.0, 8.0 + (index % 5) as f64];
    let truth = Grid::from_fn(extent, |v| {
        let d2: f64 = v.to_f64().iter().zip(centre).map(|(p, c)| (p - c).powi(2)).sum();
        u8::from(d2 < 25.0)
    });
    let voxels = Grid::from_fn(extent, |v| {
        let texture = ((v.x * 7 + v.y * 13 + v.z * 29 + index * 31) % 11) as i16;
        i16::from(truth.at(v)) * 40 + texture
    });
    (Arc::new(Image::new(Voxels::I16(voxels), 1.0, 0.0, Affine::identity())), truth)
}

fn case(index: usize, labelled: bool) -> TrainCase {
    let (image, truth) = image_and_truth(index);
    let labels = if labelled { LabelMap::imported(truth) } else { LabelMap::unknown(image.extent()) };
    TrainCase::new(format!("case-{index}").as_str().into(), image, labels, false)
}

fn cases() -> Vec<TrainCase> {
    vec![case(0, true), case(1, true), case(2, false), case(3, false)]
}

fn provenance(step: u64) -> Provenance {
    Provenance { case: "c".into(), label_revision: 0, model: "m".into(), step }
}

fn plan(method: Method, steps: u64) -> Plan {
    let settings = TrainSettings { method, steps: Some(steps), seed: 5, ..TrainSettings::default() };
    let fingerprint =
        Fingerprint { extents: vec![[N; 3]], classes: vec![0, 1], has_unlabelled: true, ..Fingerprint::default() };
    Plan { patch: [16; 3], levels: 3, base_width: 4, ..Plan::new(&fingerprint, &settings) }
}

fn trainer(method: Method, steps: u64) -> Trainer {
    trainer_of(plan(method, steps))
}

fn trainer_of(plan: Plan) -> Trainer {
    let (device, _) = choose_device(&DeviceChoice::Cpu).unwrap();
    Trainer::new(plan, cases(), &device).unwrap()
}

/// ResNet34-V beside V-Net with batch norm, strides that differ by axis.
fn unusual_plan(steps: u64) -> Plan {
    Plan {
        network_b: Architecture::ResNet34V,
        normalisation: Normalisation::Batch,
        strides: vec![[2, 2, 1], [2, 2, 2]],
        ..plan(Method::Cps, steps)
    }
}

fn run(trainer: &mut Trainer, steps: u64) -> Vec<StepReport> {
    (0..steps).filter_map(|_| trainer.step().unwrap()).collect()
}

#[test]
fn the_loss_falls_with_every_method_and_the_ball_is_found_in_an_unseen_case() {
    for method in Method::ALL {
        let mut trainer = trainer(method, 60);
        let reports = run(&mut trainer, 60);
        let (first, last) = (&reports[0], &reports[reports.len() - 1]);
        assert!(last.supervised < 0.6 * first.supervised, "{method}: {first:?} -> {last:?}");
        assert_eq!(last.unlabelled > 0.0, method != Method::Supervised, "{method}: {last:?}");

        let (image, truth) = image_and_truth(7);
        let prediction =
            trainer.predictor().predict(&Subject::of(&image), provenance(60), &mut || false).unwrap().unwrap();
        let (mut both, mut sum) = (0, 0);
        for (p, t) in prediction.class.as_slice().iter().zip(truth.as_slice()) {
            both += usize::from(*p == 1 && *t == 1);
            sum += usize::from(*p) + usize::from(*t);
        }
        let dice = 2.0 * both as f64 / sum as f64;
        assert!(dice > 0.8, "{method}: Dice {dice}");
    }
}

#[test]
fn a_resumed_run_equals_an_uninterrupted_one_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    for (name, plan) in [("usual", plan(Method::DualConfidence, 20)), ("unusual", unusual_plan(20))] {
        let folder = folder.path().join(name);
        let mut whole = trainer_of(plan.clone());
        run(&mut whole, 20);
        whole.save(&folder.join("whole")).unwrap();

        let mut half = trainer_of(plan);
        run(&mut half, 10);
        let checkpoint = half.save(&folder.join("half")).unwrap();
        let (device, _) = choose_device(&DeviceChoice::Cpu).unwrap();
        let mut resumed = Trainer::resume(&checkpoint, cases(), &device).unwrap();
        run(&mut resumed, 10);
        resumed.save(&folder.join("resumed")).unwrap();

        let bytes = |run: &str| {
            let newest = newest_checkpoint(&folder.join(run)).unwrap();
            std::fs::read(newest.join("weights.safetensors")).unwrap()
        };
        assert!(bytes("whole") == bytes("resumed"), "{name}: the weights differ");
    }
}

#[test]
fn the_loss_falls_with_a_resnet_batch_norm_and_strides_that_differ_by_axis() {
    let reports = run(&mut trainer_of(unusual_plan(60)), 60);
    let (first, last) = (&reports[0], &reports[reports.len() - 1]);
    assert!(last.supervised < 0.7 * first.supervised, "{first:?} -> {last:?}");
}

#[test]
fn a_stored_predictor_gives_the_prediction_of_the_live_networks() {
    let folder = tempfile::tempdir().unwrap();
    for (name, plan) in [("usual", plan(Method::Cps, 10)), ("unusual", unusual_plan(10))] {
        let mut trainer = trainer_of(plan);
        run(&mut trainer, 10);
        let checkpoint = trainer.save(&folder.path().join(name)).unwrap();
        let (device, _) = choose_device(&DeviceChoice::Cpu).unwrap();
        let (stored, _, step) = load_predictor(&checkpoint, &device).unwrap();
        let (image, _) = image_and_truth(4);
        let predict =
            |predictor: &Predictor| predictor.predict(&Subject::of(&image), provenance(step), &mut || false).unwrap();
        assert_eq!(predict(&trainer.predictor()), predict(&stored), "{name}");
    }
}

#[test]
fn only_the_two_newest_checkpoints_stay_and_a_half_written_one_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let mut trainer = trainer(Method::Supervised, 10);
    for _ in 0..3 {
        trainer.step().unwrap();
        trainer.save(folder.path()).unwrap();
    }
    let half_written = folder.path().join("step-99999999");
    std::fs::create_dir(&half_written).unwrap();
    std::fs::write(half_written.join("weights.safetensors"), b"torn").unwrap();
    let newest = newest_checkpoint(folder.path()).unwrap();
    assert!(newest.ends_with("step-00000003"), "{newest:?}");
    assert!(!folder.path().join("step-00000001").exists());
}

#[test]
fn damaged_newer_and_foreign_checkpoints_are_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = trainer(Method::Supervised, 10).save(folder.path()).unwrap();
    let (device, _) = choose_device(&DeviceChoice::Cpu).unwrap();
    let load = || load_predictor(&checkpoint, &device).err().map(|e| e.to_string());
    assert_eq!(load(), None);

    let weights = checkpoint.join("weights.safetensors");
    let good = std::fs::read(&weights).unwrap();
    std::fs::write(&weights, &good[..good.len() / 2]).unwrap();
    assert!(load().unwrap().contains("could not be understood"));
    std::fs::write(&weights, &good).unwrap();

    let meta = checkpoint.join("meta.json");
    let text = std::fs::read_to_string(&meta).unwrap();
    std::fs::write(&meta, text.replace("\"base_width\": 4", "\"base_width\": 6")).unwrap();
    assert!(load().unwrap().contains("another network shape"));
    std::fs::write(&meta, text.replace("\"format\": 1", "\"format\": 2")).unwrap();
    assert!(load().unwrap().contains("newer"));
}

#[test]
fn a_study_without_labels_or_with_unlisted_classes_is_refused() {
    let settings = TrainSettings::default();
    let f = |classes| Fingerprint { extents: vec![[N; 3]], classes, has_unlabelled: true, ..Fingerprint::default() };
    let (device, _) = choose_device(&DeviceChoice::Cpu).unwrap();
    let error = |classes: Vec<u8>, cases: Vec<TrainCase>| {
        Trainer::new(Plan::new(&f(classes), &settings), cases, &device).err().unwrap().to_string()
    };
    assert!(error(vec![0, 1], vec![case(2, false)]).contains("nothing to learn from"));
    assert!(error(vec![0, 5], vec![case(0, true)]).contains("not in the class table"));
    assert!(error(vec![0], vec![case(0, true)]).contains("add a class"));
}

#[test]
fn an_interrupted_prediction_returns_nothing() {
    let trainer = trainer(Method::Supervised, 10);
    let (image, _) = image_and_truth(1);
    assert_eq!(trainer.predictor().predict(&Subject::of(&image), provenance(0), &mut || true).unwrap(), None);
}

/// A bright rod through all slices of a thin volume.
fn thin_case(index: usize, extent: [usize; 3], spacing_mm: [f64; 3], labelled: bool) -> TrainCase {
    let e = Extent::from_array(extent).unwrap();
    let truth = Grid::from_fn(e, |v| {
        let d = [v.x as f64 / extent[0] as f64 - 0.5, v.y as f64 / extent[1] as f64 - 0.5];
        u8::from(d[0] * d[0] + d[1] * d[1] < 0.04)
    });
    let voxels = Grid::from_fn(e, |v| i16::from(truth.at(v)) * 40 + ((v.x * 7 + v.y * 13 + index) % 11) as i16);
    let image = Arc::new(Image::new(Voxels::I16(voxels), 1.0, 0.0, Affine::from_spacing(spacing_mm)));
    let labels = if labelled { LabelMap::imported(truth) } else { LabelMap::unknown(e) };
    TrainCase::new(format!("thin-{index}").as_str().into(), image, labels, false)
}

/// Trains for a few steps with the plan that the program chooses, and predicts every case.
fn train_and_predict(cases: Vec<TrainCase>) -> Plan {
    let fingerprint = Fingerprint::of(&cases, vec![0, 1], false);
    let settings = TrainSettings { steps: Some(4), ..TrainSettings::default() };
    let plan = Plan { base_width: 4, ..Plan::new(&fingerprint, &settings) };
    let (device, _) = choose_device(&DeviceChoice::Cpu).unwrap();
    let mut trainer = Trainer::new(plan, cases, &device).unwrap();
    run(&mut trainer, 4);
    let predictor = trainer.predictor();
    for case in trainer.cases() {
        let prediction = predictor.predict_case(case, provenance(4), &mut || false).unwrap().unwrap();
        assert_eq!(prediction.extent(), case.image.extent());
    }
    trainer.plan().clone()
}

#[test]
fn six_thick_slices_and_volumes_smaller_than_a_patch_train_and_are_predicted() {
    let thick = |index, labelled| thin_case(index, [40, 40, 6], [1.5, 1.5, 10.0], labelled);
    assert_eq!(train_and_predict(vec![thick(0, true), thick(1, false)]).spacing_mm, None);
    let small = |index, labelled| thin_case(index, [5, 7, 1], [1.0; 3], labelled);
    let plan = train_and_predict(vec![small(0, true), small(1, false)]);
    assert!(plan.patch.iter().zip([5, 7, 1]).any(|(patch, n)| *patch > n), "{:?}", plan.patch);
}

#[test]
fn volumes_with_other_voxels_train_on_one_grid_and_are_predicted_on_their_own() {
    let plan = train_and_predict(vec![
        thin_case(0, [24, 24, 24], [1.0, 1.0, 1.0], true),
        thin_case(1, [24, 24, 12], [1.0, 1.0, 2.0], true),
        thin_case(2, [24, 24, 8], [1.0, 1.0, 3.0], false),
    ]);
    assert_eq!(plan.spacing_mm, Some([1.0, 1.0, 2.0]));
}

#[test]
fn a_resumed_run_keeps_what_was_set_aside_for_calibration() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = trainer(Method::Supervised, 4);
    run(&mut first, 2);
    let checkpoint = first.save(folder.path()).unwrap();
    let reserved = first.plan().reserved.clone().unwrap();
    assert!(!reserved.is_empty());
    // More labels than before would change a new choice.
    let more = vec![case(0, true), case(1, true), case(2, true), case(3, true)];
    let (device, _) = choose_device(&DeviceChoice::Cpu).unwrap();
    let resumed = Trainer::resume(&checkpoint, more, &device).unwrap();
    assert_eq!(resumed.plan().reserved.as_ref(), Some(&reserved));
    let set_aside: Vec<_> = resumed.cases().iter().filter(|c| c.reserved().is_some()).map(|c| c.id.clone()).collect();
    assert_eq!(set_aside.len(), reserved.len());
    assert!(reserved.iter().all(|r| set_aside.contains(&r.case)));
}
