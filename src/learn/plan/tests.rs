use std::sync::Arc;

use super::*;
use crate::geometry::{Affine, Extent};
use crate::label::LabelMap;
use crate::learn::data::Normaliser;
use crate::volume::{Grid, Image, Voxels};

fn fingerprint(extent: [usize; 3]) -> Fingerprint {
    Fingerprint { extents: vec![extent; 3], classes: vec![0, 1], has_unlabelled: true, ..Fingerprint::default() }
}

fn patch_of(extent: [usize; 3]) -> ([usize; 3], usize) {
    let p = Plan::new(&fingerprint(extent), &TrainSettings::default());
    (p.patch, p.levels)
}

#[test]
fn the_patch_is_divisible_and_within_budget_for_thin_small_and_large_volumes() {
    for extent in [[35, 50, 36], [256, 256, 6], [512, 512, 300], [3, 3, 3], [64, 64, 64], [400, 400, 1]] {
        let plan = Plan::new(&fingerprint(extent), &TrainSettings::default());
        let (patch, step) = (plan.patch, plan.patch_step());
        assert!((0..3).all(|a| patch[a] % step[a] == 0 && patch[a] > 0), "{extent:?} -> {patch:?}");
        assert!(patch.iter().product::<usize>() <= CPU_PATCH_VOXELS, "{extent:?} -> {patch:?}");
    }
    assert_eq!(patch_of([35, 50, 36]), ([32, 48, 32], 4));
}

#[test]
fn smaller_patches_end_at_the_networks_smallest_patch() {
    let mut plan = Plan::new(&fingerprint([64, 64, 64]), &TrainSettings::default());
    let mut voxels = usize::MAX;
    while let Some(smaller) = plan.with_smaller_patch() {
        assert!(smaller.patch.iter().product::<usize>() < voxels);
        voxels = smaller.patch.iter().product();
        plan = smaller;
    }
    assert_eq!(plan.patch, [8; 3]);
}

#[test]
fn volumes_with_other_voxels_get_a_common_grid_and_the_patch_is_measured_on_it() {
    let spacings_mm = vec![[1.0; 3], [1.0, 1.0, 2.0], [1.0, 1.0, 4.0]];
    let extents = vec![[40, 40, 128], [40, 40, 64], [40, 40, 32]];
    let f = Fingerprint { extents, spacings_mm, ..fingerprint([1; 3]) };
    let plan = Plan::new(&f, &TrainSettings::default());
    assert_eq!(plan.spacing_mm, Some([1.0, 1.0, 2.0]));
    assert_eq!(f.grid_extents(), [[40, 40, 64]; 3]);
    let same = Fingerprint { spacings_mm: vec![[0.5, 0.5, 3.0]; 3], ..fingerprint([64; 3]) };
    let plan = Plan::new(&same, &TrainSettings::default());
    assert_eq!((plan.spacing_mm, plan.strides[0]), (None, [2, 2, 1]), "thick slices are not halved at once");
}

#[test]
fn a_run_stretched_to_its_minutes_keeps_the_shares_of_its_ramps() {
    let mut plan = Plan::new(&fingerprint([64; 3]), &TrainSettings::default());
    plan.stretch(600);
    let settings = TrainSettings { steps: Some(600), ..TrainSettings::default() };
    let chosen = Plan::new(&fingerprint([64; 3]), &settings);
    assert_eq!(plan.total_steps, 600);
    assert!(plan.ramp_up_steps.abs_diff(chosen.ramp_up_steps) <= 1);
    assert!(plan.gamma_ramp_steps.abs_diff(chosen.gamma_ramp_steps) <= 1);
}

#[test]
fn the_schedule_keeps_its_published_shares_of_the_run() {
    let settings = TrainSettings { steps: Some(1000), ..TrainSettings::default() };
    let plan = Plan::new(&fingerprint([64; 3]), &settings);
    assert_eq!((plan.ramp_up_steps, plan.gamma_ramp_steps), (150, 134));
    let small = Plan::new(&fingerprint([35, 50, 36]), &settings);
    assert_eq!((small.ramp_up_steps, small.unsupervised_weight), (400, 1.0));
}

#[test]
fn supervised_runs_and_studies_without_unlabelled_voxels_take_no_unlabelled_crops() {
    let supervised = TrainSettings { method: Method::Supervised, ..TrainSettings::default() };
    assert_eq!(Plan::new(&fingerprint([64; 3]), &supervised).batch_unlabelled, 0);
    let all_labelled = Fingerprint { has_unlabelled: false, ..fingerprint([64; 3]) };
    assert_eq!(Plan::new(&all_labelled, &TrainSettings::default()).batch_unlabelled, 0);
}

#[test]
fn where_memory_is_short_convolutions_are_computed_again_and_then_the_patch_shrinks() {
    let plan = |free_bytes| Plan::new(&Fingerprint { free_bytes, ..fingerprint([64; 3]) }, &TrainSettings::default());
    let usual = plan(None);
    let needed = usual.step_bytes() as u64;
    assert!(!usual.recompute && plan(Some(3 * needed)) == usual);
    let tight = plan(Some(2 * needed - 1000));
    assert!(tight.recompute && tight.patch == usual.patch);
    let tighter = plan(Some(needed / 2));
    assert!(tighter.recompute && tighter.patch != usual.patch);
    assert!(tighter.step_bytes() as u64 <= needed / 4);
    assert_eq!(plan(Some(0)).patch, [8; 3], "the smallest patch is tried all the same");
}

#[test]
fn f16_and_recomputing_are_taken_from_the_settings() {
    let settings = TrainSettings { storage: Storage::F16, recompute: true, ..TrainSettings::default() };
    let plan = Plan::new(&fingerprint([64; 3]), &settings);
    assert!(plan.recompute && plan.storage == Storage::F16);
    assert!(!Plan::new(&fingerprint([64; 3]), &TrainSettings::default()).recompute);
}

#[test]
fn windows_in_the_air_are_left_out_only_where_there_is_much_air() {
    let body_only = |air_share| {
        Plan::new(&Fingerprint { air_share, ..fingerprint([64; 3]) }, &TrainSettings::default()).predict_body_only
    };
    assert!(body_only(0.5) && !body_only(0.1));
}

#[test]
fn boxes_are_swapped_only_where_a_patch_shows_less_than_half_of_a_volume() {
    let view = |extent| Plan::new(&fingerprint(extent), &TrainSettings::default()).unlabelled_view;
    assert_eq!(view([64, 64, 64]), UnlabelledView::CutMix);
    assert_eq!(view([35, 50, 36]), UnlabelledView::Same);
}

#[test]
fn a_plan_from_before_the_reserve_and_common_grids_still_opens_and_has_neither() {
    let plan = Plan::new(&fingerprint([64; 3]), &TrainSettings::default());
    let text = toml::to_string(&plan).unwrap();
    let old: Vec<&str> = text.lines().filter(|line| !line.starts_with("calibration =")).collect();
    let old: Plan = toml::from_str(&old.join("\n")).unwrap();
    assert_eq!((old.calibration, old.reserved, old.spacing_mm), (Reserve::Off, None, None));
}

#[test]
fn only_the_first_labelled_cases_that_train_keep_their_labels_and_held_out_ones_all() {
    let e = Extent::new(4, 4, 4).unwrap();
    let image = Arc::new(Image::new(Voxels::U8(Grid::from_fn(e, |v| v.x as u8)), 1.0, 0.0, Affine::identity()));
    let case = |(id, held_out): (&str, bool)| {
        TrainCase::new(id.into(), image.clone(), LabelMap::imported(Grid::filled(e, 1)), held_out)
    };
    let mut cases = [("test", true), ("c", false), ("a", false), ("b", false)].map(case);
    let usual = Plan::new(&fingerprint([64; 3]), &TrainSettings::default());
    let mut plan =
        Plan { labelled_cases: Some(2), intensities: Intensities::ZScore, calibration: Reserve::Off, ..usual };
    // A resumed run prepares its cases as well.
    for _ in 0..2 {
        plan.prepare(&mut cases);
        assert_eq!(cases.each_ref().map(TrainCase::is_labelled), [true, true, true, false]);
    }
    assert_eq!(*cases[0].normaliser(), Normaliser::unclipped(&image));
}

#[test]
fn a_plan_survives_its_toml_file() {
    let plan = Plan::new(&fingerprint([64; 3]), &TrainSettings::default());
    let text = toml::to_string(&plan).unwrap();
    assert_eq!(toml::from_str::<Plan>(&text).unwrap(), plan);
    let older = |line: &&str| !["strides", "network_a", "network_b"].iter().any(|field| line.starts_with(field));
    let text = text.lines().filter(older).collect::<Vec<_>>().join("\n");
    let read = toml::from_str::<Plan>(&text).unwrap();
    assert_eq!((read.networks()[1].architecture, read.patch_step()), (Architecture::ResVNet, [8; 3]));
}

#[test]
fn smaller_patches_stay_divisible_by_the_strides_of_their_axis() {
    let usual = Plan::new(&fingerprint([64; 3]), &TrainSettings::default());
    let mut plan = Plan { patch: [40, 48, 5], levels: 3, strides: vec![[2, 2, 1]; 2], ..usual };
    while let Some(smaller) = plan.with_smaller_patch() {
        plan = smaller;
        assert!(plan.patch[..2].iter().all(|n| n.is_multiple_of(4)), "{:?}", plan.patch);
    }
    assert_eq!(plan.patch, [4, 4, 1]);
}

#[test]
fn doubtful_pseudo_labels_are_left_out_where_no_case_shows_a_whole_volume() {
    let least = |has_complete, method| {
        let settings = TrainSettings { method, ..TrainSettings::default() };
        Plan::new(&Fingerprint { has_complete, ..fingerprint([64; 3]) }, &settings).least_confidence
    };
    for method in [Method::DualConfidence, Method::DualConfidenceNp] {
        assert_eq!(least(false, method), 0.95);
        assert_eq!(least(true, method), 0.0);
    }
    assert_eq!(least(false, Method::DualConfidenceNpLiteral), 0.0);
}

#[test]
fn an_edited_plan_that_asks_for_more_memory_than_there_is_is_told_of() {
    let plan = Plan { patch: [512; 3], ..Plan::new(&fingerprint([64; 3]), &TrainSettings::default()) };
    let told = plan.warning_with(1_000_000_000).unwrap();
    assert!(told.contains("1000 MB are free"), "{told}");
    assert_eq!(Plan { patch: [16; 3], ..plan }.warning_with(1_000_000_000), None);
}
