//! The policies and a whole simulation on small made cases.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::case::{Question, SimulatedCase};
use super::reviewer::{Policy, Reviewer};
use super::simulation::{Course, FIRST_CASES, Point, Simulation};
use super::study::Study;
use super::time_model::{Effort, TimeModel};
use crate::geometry::{Affine, Extent, Voxel};
use crate::io::{NiftiGeometry, write_image, write_mask};
use crate::label::{ClassId, ClassTable, LabelMap, Origin, Prediction, Probabilities, Provenance};
use crate::learn::{DeviceChoice, Method, TrainSettings};
use crate::project::{CaseEntry, Project};
use crate::review::ReviewState;
use crate::volume::{CaseId, Grid, Image, VoxelType, Voxels};

const SIDE: usize = 16;

fn extent() -> Extent {
    Extent::new(SIDE, SIDE, SIDE).unwrap()
}

/// A cube of class 1 from voxel 4 to voxel `end`.
fn truth(end: usize) -> Grid<ClassId> {
    Grid::from_fn(extent(), |v| u8::from(v.to_array().iter().all(|c| (4..end).contains(c))))
}

fn case(name: &str) -> SimulatedCase {
    SimulatedCase::new(name.into(), truth(12), [1.0; 3])
}

/// Both networks see `class`, and are sure of it everywhere but where `doubtful` says.
fn prediction(name: &str, class: Grid<ClassId>, doubtful: impl Fn(Voxel) -> bool) -> Prediction {
    let extent = class.extent();
    let sure = Grid::filled(extent, 255);
    Prediction {
        provenance: Provenance { case: name.into(), label_revision: 0, model: "run".into(), step: 1 },
        class_a: class.clone(),
        class_b: class.clone(),
        class,
        confidence_a: sure.clone(),
        confidence_b: sure,
        dual_confidence: Grid::from_fn(extent, |v| if doubtful(v) { 20 } else { 255 }),
        probabilities: Probabilities::default(),
    }
}

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(1)
}

/// The first column of the cube, 64 voxels in a corner of the surface.
fn corner(v: Voxel) -> bool {
    v.x < 8 && v.y < 8 && v.z < 8
}

#[test]
fn the_queue_goes_to_the_most_doubtful_case_first_and_to_nothing_that_is_sure() {
    let mut cases = vec![case("a"), case("b"), case("c")];
    let mut queue = Reviewer::new(Policy::Queue, rng());
    assert_eq!(queue.next(&mut cases), None, "nothing is predicted yet");
    cases[0].take_prediction(prediction("a", truth(12), |_| false)).unwrap();
    cases[1].take_prediction(prediction("b", truth(12), |v| v.x < 12 && v.z < 8)).unwrap();
    cases[2].take_prediction(prediction("c", truth(12), corner)).unwrap();
    let mut visited = Vec::new();
    while let Some((place, question)) = queue.next(&mut cases) {
        let Question::Region(_) = &question else { panic!("the queue asks for regions") };
        let answer = cases[place].answer(question);
        assert_eq!(answer.effort, Effort { navigations: 1, accepts: 1, brushed_voxels: 0 }, "right as it is");
        cases[place].write(answer);
        visited.push(place);
    }
    visited.dedup();
    assert_eq!(visited, [1, 2], "case a has no doubtful region");
    assert_eq!(cases[1].state, ReviewState::Reviewed);
    let origins = cases[1].labels().origin().as_slice();
    assert!(origins.contains(&Origin::Accepted) && !origins.contains(&Origin::Manual));
}

#[test]
fn case_order_goes_slice_by_slice_and_skips_what_is_labelled() {
    let mut cases = vec![case("a"), case("b")];
    let done = cases[0].answer(Question::Slice(1));
    cases[0].write(done);
    let mut reviewer = Reviewer::new(Policy::CaseOrder, rng());
    let mut order = Vec::new();
    while let Some((place, Question::Slice(slice))) = reviewer.next(&mut cases) {
        order.push((place, slice));
        let answer = cases[place].answer(Question::Slice(slice));
        cases[place].write(answer);
    }
    let expected = (0..SIDE).filter(|slice| *slice != 1).map(|slice| (0, slice)).chain((0..SIDE).map(|s| (1, s)));
    assert_eq!(order, expected.collect::<Vec<_>>());
    assert_eq!(cases[0].dice(&[1]), 1.0);
}

#[test]
fn random_slices_come_once_each_in_another_order() {
    let mut cases = vec![case("a"), case("b")];
    let mut reviewer = Reviewer::new(Policy::RandomSlices, rng());
    let mut order = Vec::new();
    while let Some((place, Question::Slice(slice))) = reviewer.next(&mut cases) {
        order.push((place, slice));
        let answer = cases[place].answer(Question::Slice(slice));
        cases[place].write(answer);
    }
    assert!(!order.is_sorted());
    order.sort_unstable();
    order.dedup();
    assert_eq!(order.len(), 2 * SIDE);
}

#[test]
fn a_wrong_region_is_repaired_by_hand_and_a_slice_is_corrected_and_then_accepted() {
    let mut cases = vec![case("a")];
    // The lowest slice of the cube is missing.
    let seen = Grid::from_fn(extent(), |v| if v.z == 4 { 0 } else { truth(12).at(v) });
    cases[0].take_prediction(prediction("a", seen, |v| (3..5).contains(&v.z))).unwrap();
    let (place, question) = Reviewer::new(Policy::Queue, rng()).next(&mut cases).unwrap();
    let answer = cases[place].answer(question);
    let brushed = answer.effort.brushed_voxels;
    assert!(brushed > 0 && answer.effort.accepts == 1);
    let before = cases[0].dice(&[1]);
    cases[0].write(answer);
    let by_hand = |case: &SimulatedCase| case.labels().origin().as_slice().iter().filter(|o| o.is_gold()).count();
    assert_eq!(by_hand(&cases[0]), brushed);
    assert!(cases[0].dice(&[1]) > before);
    let rest = cases[0].answer(Question::Slice(4));
    assert_eq!(rest.effort.brushed_voxels, 64 - brushed);
    cases[0].write(rest);
    assert_eq!((by_hand(&cases[0]), cases[0].dice(&[1])), (64, 1.0));
}

#[test]
fn a_hopeless_region_is_rejected_and_not_asked_about_again() {
    let extent = Extent::new(32, 32, 32).unwrap();
    let nothing = Grid::filled(extent, 0);
    let seen = Grid::from_fn(extent, |v| u8::from(v.to_array().iter().all(|c| (10..20).contains(c))));
    let differing = || Prediction { class_b: nothing.clone(), ..prediction("a", seen.clone(), |_| false) };
    let mut cases = vec![SimulatedCase::new("a".into(), nothing.clone(), [1.0; 3])];
    cases[0].take_prediction(differing()).unwrap();
    let (place, question) = Reviewer::new(Policy::Queue, rng()).next(&mut cases).unwrap();
    let answer = cases[place].answer(question);
    assert_eq!(answer.effort.brushed_voxels, 0);
    cases[place].write(answer);
    assert_eq!(cases[0].labels().known_count(), 0);
    assert!(!cases[0].rejections().is_empty());
    cases[0].take_prediction(differing()).unwrap();
    assert!(!cases[0].has_open_regions());
}

/// A project of five cases, their true masks, and the settings of networks too small to learn much.
struct Made {
    folder: tempfile::TempDir,
}

impl Made {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["study", "study/images", "truth"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let geometry = |voxel_type| NiftiGeometry::from_affine(extent(), Affine::from_spacing([1.0; 3]), voxel_type);
        let mut entries = Vec::new();
        for (number, name) in ["a", "b", "c", "d", "e"].into_iter().enumerate() {
            let truth = truth(10 + number % 3);
            let file = format!("images/{name}.nii.gz");
            let bright = truth.map(|class| 10 + 100 * class);
            let image = Image::new(Voxels::U8(bright), 1.0, 0.0, Affine::from_spacing([1.0; 3]));
            write_image(&folder.path().join("study").join(&file), &image, &geometry(VoxelType::U8)).unwrap();
            let mask = folder.path().join(format!("truth/{name}.nii.gz"));
            write_mask(&mask, &truth, &geometry(VoxelType::U8)).unwrap();
            entries.push(CaseEntry::new(CaseId::from(name), file.into()));
        }
        Project::create(&folder.path().join("study"), ClassTable::from_names(&["cube"]).unwrap(), entries).unwrap();
        Self { folder }
    }

    fn study(&self) -> Study {
        let settings = TrainSettings {
            method: Method::Cps,
            device: DeviceChoice::Cpu,
            steps: Some(4),
            changes: vec!["base_width=2".into()],
            ..TrainSettings::default()
        };
        Study::load(&self.folder.path().join("study"), &self.folder.path().join("truth"), settings).unwrap()
    }

    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        fn read(folder: &Path, all: &mut BTreeMap<String, Vec<u8>>) {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                if entry.path().is_dir() {
                    read(&entry.path(), all);
                } else {
                    all.insert(entry.path().display().to_string(), fs::read(entry.path()).unwrap());
                }
            }
        }
        let mut all = BTreeMap::new();
        read(self.folder.path(), &mut all);
        all
    }
}

fn course() -> Course {
    Course { seconds: 240.0, refresh_seconds: 60.0, steps_per_second: 0.1, seed: 3, model: TimeModel::default() }
}

/// The labels in the end and all points.
fn simulated(study: &Study, policy: Policy) -> (Vec<LabelMap>, Vec<Point>) {
    let course = course();
    let mut simulation = Simulation::new(&course, study.unlabelled(), study.classes());
    simulation.label_first_slices();
    let trainer = study.trainer(simulation.cases()).unwrap();
    for case in simulation.cases() {
        // What training knows is what was answered.
        let learnt = trainer.cases().iter().find(|c| c.id == case.id).unwrap().labels();
        assert_eq!((learnt.class(), learnt.origin()), (case.labels().class(), case.labels().origin()));
    }
    let touched = simulation.cases().iter().filter(|case| case.labels().known_count() > 0);
    assert_eq!(touched.map(|c| c.labels().known_count()).collect::<Vec<_>>(), [3 * SIDE * SIDE; FIRST_CASES]);
    simulation.review(policy, trainer, |_| {}).unwrap();
    (simulation.cases().iter().map(|case| case.labels().clone()).collect(), simulation.into_points())
}

#[test]
fn a_simulation_takes_the_time_it_says_and_only_reads_the_study() {
    let made = Made::new();
    let before = made.files();
    let study = made.study();
    for policy in [Policy::Queue, Policy::RandomSlices, Policy::CaseOrder] {
        let (labels, points) = simulated(&study, policy);
        assert!(points.is_sorted_by_key(|p| p.seconds) && points.iter().all(|p| p.seconds <= 240.0));
        for point in &points {
            assert!((point.seconds - point.seconds_with(&course().model)).abs() < 1e-6, "{point:?}");
        }
        let (first, end) = (points[0], points[points.len() - 1]);
        assert!(end.steps >= 4 && end.dice > first.dice, "{policy:?} {end:?}");
        // Networks that have learnt next to nothing may doubt nothing.
        assert!(policy == Policy::Queue || end.regions > 9, "{policy:?} {end:?}");
        // Painted voxels are as many as were paid for, but for the background of the nine completed slices.
        let by_hand: usize =
            labels.iter().map(|l| l.origin().as_slice().iter().filter(|o| **o == Origin::Manual).count()).sum();
        assert!(by_hand <= end.effort.brushed_voxels + 9 * SIDE * SIDE, "{policy:?}");
    }
    assert_eq!(made.files(), before);
}

#[test]
fn the_same_seed_gives_the_same_points() {
    let study = Made::new().study();
    assert_eq!(simulated(&study, Policy::Queue).1, simulated(&study, Policy::Queue).1);
}
