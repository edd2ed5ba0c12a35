//! The plan of a run: plain data chosen from the volumes and the device, written to `plan.toml`, readable and editable.

mod augmentation;
mod check;
mod file;
mod fingerprint;
mod memory;
mod patch;
mod protocol;
mod spacing;
mod strides;
mod window_layout;

use serde::{Deserialize, Serialize};

pub use self::augmentation::{Anatomy, Augmentation, MirrorAxes, PatientAxis};
pub use self::fingerprint::Fingerprint;
use self::patch::PatchChoice;
pub use self::protocol::Protocol;
pub use self::spacing::grid_mm;
pub use self::window_layout::{WindowLayout, WindowWeighting};
use super::data::{ReservedCase, TrainCase, choose_reserve, set_aside};
use super::method::Confidence;
pub use super::nn::{Architecture, Normalisation};
use super::nn::{NetworkConfig, Storage};
use super::np::NpPlan;
use super::settings::{Method, PlanSummary, TrainSettings};

/// Patch voxels that keep a step of two narrow networks near half a second on two cores.
const CPU_PATCH_VOXELS: usize = 50_000;
/// Patch voxels for a GPU with a few GiB (the 64^3 to 72^3 patches of the published CPU-size runs).
const GPU_PATCH_VOXELS: usize = 300_000;
/// Steps when the user names no number: where the small networks have levelled off on the real test study.
const DEFAULT_STEPS: u64 = 1_500;
/// Share of the free memory that a step may take: the rest is for volumes, predictions and other programs.
const MEMORY_SHARE: f64 = 0.5;
/// Share of air from which leaving it out is worth the difference between cases.
const MUCH_AIR: f64 = 0.2;
/// Rates below were published for 15,000 steps; a shorter run keeps their share of the run.
const PUBLISHED_STEPS: f64 = 15_000.0;

/// Everything that shapes a run besides the data and the seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub method: Method,
    /// Class numbers in channel order; background first.
    pub classes: Vec<u8>,
    /// Voxel size of the grid that crops are cut on and volumes predicted on, mm along x, y, z; `None`: each volume's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spacing_mm: Option<[f64; 3]>,
    /// Patch in voxels, (x, y, z); divisible by the product of the strides.
    pub patch: [usize; 3],
    pub base_width: usize,
    pub levels: usize,
    /// What each step to the next level divides the grid by along (x, y, z), 1 or 2; 2 where none is given.
    #[serde(default)]
    pub strides: Vec<[usize; 3]>,
    #[serde(default)]
    pub network_a: Architecture,
    #[serde(default = "res_v_net")]
    pub network_b: Architecture,
    /// How activations are kept on a GPU; `f16` is a choice of the user's.
    #[serde(default)]
    pub storage: Storage,
    /// InstanceNorm unless chosen otherwise: with 2 + 2 crops per step batch statistics are noisy.
    pub normalisation: Normalisation,
    pub batch_labelled: usize,
    pub batch_unlabelled: usize,
    #[serde(default)]
    pub labelled_crops: LabelledCrops,
    /// Only so many of the labelled cases, the first in the project's order, are learnt from as such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labelled_cases: Option<usize>,
    /// Gradient checkpointing: convolutions are computed again for their gradient, for half of the memory.
    #[serde(default)]
    pub recompute: bool,
    pub total_steps: u64,
    pub learning_rate: f64,
    pub momentum: f64,
    pub weight_decay: f64,
    /// Largest global gradient norm of one network.
    pub gradient_clip: f64,
    pub channel_dropout: f64,
    /// Largest weight of the unlabelled terms and the steps it takes to reach it.
    pub unsupervised_weight: f64,
    pub ramp_up_steps: u64,
    /// The weight rises every so many steps.
    #[serde(default = "every_step")]
    pub ramp_stair_steps: u64,
    /// What pseudo-labels are made from.
    #[serde(default)]
    pub unlabelled_view: UnlabelledView,
    /// How far a pseudo-label counts.
    #[serde(default)]
    pub confidence: Confidence,
    /// Steps in which the learner's own belief comes to count in the dual confidence.
    pub gamma_ramp_steps: u64,
    pub augmentation: Augmentation,
    /// The darkest and brightest half percent of a volume's voxels are cut before it is normalised.
    #[serde(default = "yes")]
    pub clip_intensities: bool,
    /// Windows that hold no body within 10 mm are background without asking the networks.
    #[serde(default)]
    pub predict_body_only: bool,
    /// Voxels from one window to the next at prediction, (x, y, z); half a patch if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_stride: Option<[usize; 3]>,
    #[serde(default)]
    pub window_weighting: WindowWeighting,
    pub seed: u64,
    /// The neural process beside the networks; none if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub neural_process: Option<NpPlan>,
    /// Whether some labels are kept for calibration instead of training.
    #[serde(default)]
    pub calibration: Reserve,
    /// Which; chosen by the seed when a run starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved: Option<Vec<ReservedCase>>,
}

/// Labels set aside for calibration. Runs from before there was a reserve go on without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reserve {
    On,
    #[default]
    Off,
}

fn res_v_net() -> Architecture {
    Architecture::ResVNet
}

fn every_step() -> u64 {
    1
}

fn yes() -> bool {
    true
}

/// Where labelled crops lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabelledCrops {
    /// Around labelled voxels, half of them foreground: few labels are seen often.
    #[default]
    AroundLabels,
    /// Anywhere, like the unlabelled ones.
    Anywhere,
}

/// What the pseudo-labels of an unlabelled crop are made from, and what they are learnt on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnlabelledView {
    /// One pass over the changed crop for both.
    #[default]
    Same,
    /// Made from the crop before its intensities change.
    Plain,
    /// The same, and neighbouring crops swap a box before they are learnt on (CutMix).
    CutMix,
}

impl UnlabelledView {
    /// CutMix where a patch shows a small part of a volume. Where it shows most of it, the place in the patch tells
    /// classes apart, and swapped boxes destroy that (measured: `docs/results.md`).
    fn choose(extents: &[[usize; 3]], patch: [usize; 3]) -> Self {
        let patch: usize = patch.iter().product();
        let mut volumes: Vec<usize> = extents.iter().map(|e| e.iter().product()).collect();
        volumes.sort_unstable();
        let median = volumes.get(volumes.len() / 2).copied().unwrap_or(0);
        if 2 * patch < median { Self::CutMix } else { Self::Same }
    }
}

impl Plan {
    /// The protocol's if the settings name one. Else the largest patch that is quick enough and fits into memory; where memory
    /// is short, convolutions are computed again before the patch shrinks.
    pub fn new(fingerprint: &Fingerprint, settings: &TrainSettings) -> Self {
        let chosen = Self::chosen(fingerprint, settings);
        match settings.protocol {
            Some(protocol) => protocol.applied_to(chosen, settings),
            None => chosen,
        }
    }

    fn chosen(fingerprint: &Fingerprint, settings: &TrainSettings) -> Self {
        let budget = if fingerprint.is_gpu { GPU_PATCH_VOXELS } else { CPU_PATCH_VOXELS };
        let choice = PatchChoice::of(&fingerprint.grid_extents(), fingerprint.grid_spacing_mm(), budget);
        let mut plan = Self::with_patch(choice.clone(), fingerprint, settings);
        let room = fingerprint.free_bytes.map_or(usize::MAX, |free| (free as f64 * MEMORY_SHARE) as usize);
        while plan.step_bytes() > room {
            let Some(Self { patch, recompute, .. }) = plan.with_less_memory() else { break };
            let smaller = PatchChoice { patch, ..choice.clone() };
            plan = Self { recompute, ..Self::with_patch(smaller, fingerprint, settings) };
        }
        plan
    }

    fn with_patch(choice: PatchChoice, fingerprint: &Fingerprint, settings: &TrainSettings) -> Self {
        let (levels, PatchChoice { patch, strides }) = (choice.levels(), choice);
        let total_steps = settings.steps.unwrap_or(DEFAULT_STEPS).max(1);
        let share = |published: f64| (published / PUBLISHED_STEPS * total_steps as f64).ceil() as u64;
        let base_width = if fingerprint.is_gpu { 16 } else { 8 };
        let unlabelled_view = UnlabelledView::choose(&fingerprint.grid_extents(), patch);
        let method = settings.method;
        let is_literal = method == Method::DualConfidenceNpLiteral;
        let uses_unlabelled = method != Method::Supervised && fingerprint.has_unlabelled;
        // A teacher has the student's shape, and its consistency a tenth of the weight of hard labels (UA-MT).
        let has_teacher = method == Method::MeanTeacher;
        let unlabelled_view = if has_teacher && unlabelled_view == UnlabelledView::Same {
            UnlabelledView::Plain
        } else {
            unlabelled_view
        };
        let weight = if has_teacher { 0.1 } else { 1.0 };
        Self {
            method,
            classes: fingerprint.classes.clone(),
            spacing_mm: fingerprint.target_spacing_mm(),
            patch,
            base_width,
            levels,
            strides,
            network_a: Architecture::VNet,
            network_b: if has_teacher { Architecture::VNet } else { Architecture::ResVNet },
            storage: settings.storage,
            normalisation: Normalisation::Instance,
            batch_labelled: 2,
            batch_unlabelled: if uses_unlabelled { 2 } else { 0 },
            labelled_crops: LabelledCrops::default(),
            labelled_cases: None,
            recompute: settings.recompute,
            total_steps,
            // Five times the published 0.01 (TraCoCo's value): InstanceNorm bears it, and a clinician waits minutes, not hours.
            learning_rate: 0.05,
            momentum: 0.9,
            weight_decay: 1e-4,
            // nnU-Net's value: only runaway steps are cut.
            gradient_clip: 12.0,
            // Half of 8 channels is too few to segment with; the published 0.5 belongs to 16 and more.
            channel_dropout: if base_width >= 16 { 0.5 } else { 0.0 },
            // Labels found again after CutMix are worth more, and sooner, than those of the same view (docs/results.md).
            unsupervised_weight: weight * if unlabelled_view == UnlabelledView::CutMix { 2.0 } else { 1.0 },
            ramp_up_steps: share(if unlabelled_view == UnlabelledView::CutMix { 2_250.0 } else { 6_000.0 }),
            ramp_stair_steps: every_step(),
            confidence: if is_literal { Confidence::RawProduct } else { Confidence::Product },
            gamma_ramp_steps: share(2_000.0),
            unlabelled_view,
            augmentation: settings.anatomy.augmentation(),
            clip_intensities: true,
            predict_body_only: fingerprint.air_share >= MUCH_AIR,
            window_stride: None,
            window_weighting: WindowWeighting::default(),
            seed: settings.seed,
            neural_process: method.has_neural_process().then(|| NpPlan::new(share(1_000.0))),
            calibration: if is_literal { Reserve::Off } else { Reserve::On },
            reserved: None,
        }
    }

    /// The same run in another number of steps: the ramps keep their shares of it.
    pub fn stretch(&mut self, total_steps: u64) {
        let share = total_steps.max(1) as f64 / self.total_steps.max(1) as f64;
        let warm_up = self.neural_process.as_mut().map(|np| &mut np.warm_up_steps);
        for ramp in [&mut self.ramp_up_steps, &mut self.gamma_ramp_steps].into_iter().chain(warm_up) {
            *ramp = (*ramp as f64 * share).round().max(1.0) as u64;
        }
        self.ramp_stair_steps = (self.ramp_stair_steps as f64 * share).round().max(1.0) as u64;
        self.total_steps = total_steps.max(1);
    }

    /// Makes the cases what the plan wants to learn from: forgets labels beyond its number, normalises, and sets aside what
    /// it reserves, after choosing that if nobody has yet.
    pub fn prepare(&mut self, cases: &mut [TrainCase]) {
        let labelled = cases.iter_mut().filter(|case| !case.held_out && case.is_labelled());
        labelled.skip(self.labelled_cases.unwrap_or(usize::MAX)).for_each(TrainCase::forget_labels);
        if !self.clip_intensities {
            cases.iter_mut().for_each(TrainCase::normalise_unclipped);
        }
        self.reserve(cases);
    }

    fn reserve(&mut self, cases: &mut [TrainCase]) {
        if self.calibration == Reserve::Off {
            return set_aside(cases, &[]);
        }
        let seed = self.seed;
        let reserved = self.reserved.get_or_insert_with(|| choose_reserve(cases, seed));
        set_aside(cases, reserved);
    }

    /// Windows of a prediction.
    pub fn window_layout(&self) -> WindowLayout {
        WindowLayout::new(self.patch, self.window_stride, self.window_weighting)
    }

    /// Networks A and B.
    pub fn networks(&self) -> [NetworkConfig; 2] {
        [self.network_a, self.network_b].map(|architecture| NetworkConfig {
            architecture,
            classes: self.classes.len(),
            base_width: self.base_width,
            levels: self.levels,
            strides: self.strides.clone(),
            normalisation: self.normalisation,
            storage: self.storage,
        })
    }

    /// What the network halves along each axis: the patch is a multiple of it.
    fn patch_step(&self) -> [usize; 3] {
        let [network, _] = self.networks();
        network.patch_step()
    }

    /// The plan with a patch of about half the voxels, `None` if it is as small as the network allows.
    pub fn with_smaller_patch(&self) -> Option<Self> {
        let step = self.patch_step();
        let shorter = |axis: usize| (self.patch[axis] / 2).div_ceil(step[axis]).max(1) * step[axis];
        let longest = (0..3).filter(|&a| shorter(a) < self.patch[a]).max_by_key(|&a| self.patch[a])?;
        let mut plan = self.clone();
        plan.patch[longest] = shorter(longest);
        Some(plan)
    }

    /// The plan for less memory: convolutions computed again, then smaller patches; `None` if nothing is left.
    pub fn with_less_memory(&self) -> Option<Self> {
        if self.recompute { self.with_smaller_patch() } else { Some(Self { recompute: true, ..self.clone() }) }
    }

    pub fn summary(&self) -> PlanSummary {
        let [x, y, z] = self.patch;
        let storage = match self.storage {
            Storage::F32 => "",
            Storage::F16 => " Activations are kept as f16 on a GPU that has it, elsewhere as f32.",
        };
        let norm = match self.normalisation {
            Normalisation::Instance => "InstanceNorm because the batch is small",
            Normalisation::Batch => "BatchNorm",
        };
        PlanSummary {
            patch: self.patch,
            base_width: self.base_width,
            levels: self.levels,
            batch_labelled: self.batch_labelled,
            batch_unlabelled: self.batch_unlabelled,
            total_steps: Some(self.total_steps),
            sentence: format!(
                "{} steps of {}: {} labelled and {} unlabelled crops of {x}x{y}x{z} voxels through {} and {} \
                 ({} channels, {} levels, {norm}).{storage}",
                self.total_steps,
                self.method,
                self.batch_labelled,
                self.batch_unlabelled,
                self.network_a,
                self.network_b,
                self.base_width,
                self.levels
            ),
        }
    }
}

#[cfg(test)]
mod tests {
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
        let plan =
            |free_bytes| Plan::new(&Fingerprint { free_bytes, ..fingerprint([64; 3]) }, &TrainSettings::default());
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
        let mut plan = Plan { labelled_cases: Some(2), clip_intensities: false, calibration: Reserve::Off, ..usual };
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
}
