//! The plan of a run: plain data chosen from the volumes and the device, written to `plan.toml`, readable and editable.

mod augmentation;
mod check;
mod file;
mod fingerprint;
mod memory;
mod patch;
mod protocol;
mod rounds;
mod spacing;
mod strides;
mod window_layout;

use serde::{Deserialize, Serialize};

pub use self::augmentation::{Anatomy, Augmentation, MirrorAxes, PatientAxis};
pub use self::fingerprint::Fingerprint;
use self::patch::PatchChoice;
pub use self::protocol::Protocol;
pub use self::rounds::RoundSchedule;
pub use self::spacing::grid_mm;
pub use self::window_layout::{WindowLayout, WindowWeighting};
use super::data::{Intensities, ReservedCase, TrainCase, choose_reserve, set_aside};
use super::method::{Confidence, strategy};
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
/// Dual confidence from which pseudo-labels are learnt where no case shows a whole volume: with three labelled slices per
/// case, two networks without it talk each other into structures beyond them. Where one does, doubtful borders are worth
/// learning too (`docs/results.md`).
const LEAST_CONFIDENCE: f64 = 0.95;
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
    /// Least dual confidence of a pseudo-label that is learnt at all; 0 learns them all, lightly or not.
    #[serde(default)]
    pub least_confidence: f64,
    /// Steps in which the learner's own belief comes to count in the dual confidence.
    pub gamma_ramp_steps: u64,
    pub augmentation: Augmentation,
    /// How volumes are normalised.
    #[serde(default)]
    pub intensities: Intensities,
    /// Windows that hold no body within 10 mm are background without asking the networks.
    #[serde(default)]
    pub predict_body_only: bool,
    /// Voxels from one window to the next at prediction, (x, y, z); half a patch if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_stride: Option<[usize; 3]>,
    #[serde(default)]
    pub window_weighting: WindowWeighting,
    /// Held-out cases are measured every so many steps; if missing, as often as the time allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluate_every: Option<u64>,
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
    /// Where a run that goes on in rounds stands; missing in its first one, and in runs without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounds: Option<RoundSchedule>,
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
        let mut plan = Self {
            method: settings.method,
            classes: fingerprint.classes.clone(),
            spacing_mm: fingerprint.target_spacing_mm(),
            patch,
            base_width,
            levels,
            strides,
            network_a: Architecture::VNet,
            network_b: Architecture::ResVNet,
            storage: settings.storage,
            normalisation: Normalisation::Instance,
            batch_labelled: 2,
            batch_unlabelled: if fingerprint.has_unlabelled { 2 } else { 0 },
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
            unsupervised_weight: if unlabelled_view == UnlabelledView::CutMix { 2.0 } else { 1.0 },
            ramp_up_steps: share(if unlabelled_view == UnlabelledView::CutMix { 2_250.0 } else { 6_000.0 }),
            ramp_stair_steps: every_step(),
            confidence: Confidence::Product,
            least_confidence: if fingerprint.has_complete { 0.0 } else { LEAST_CONFIDENCE },
            gamma_ramp_steps: share(2_000.0),
            unlabelled_view,
            augmentation: settings.anatomy.augmentation(),
            intensities: settings.intensities.unwrap_or_default(),
            predict_body_only: fingerprint.air_share >= MUCH_AIR,
            window_stride: None,
            window_weighting: WindowWeighting::default(),
            evaluate_every: None,
            seed: settings.seed,
            neural_process: None,
            calibration: Reserve::On,
            reserved: None,
            rounds: None,
        };
        strategy(plan.method).configure(&mut plan, &share);
        plan
    }

    /// The same run in another number of steps: the ramps keep their shares of it.
    pub fn stretch(&mut self, total_steps: u64) {
        let share = total_steps.max(1) as f64 / self.total_steps.max(1) as f64;
        let warm_up = self.neural_process.as_mut().map(|np| &mut np.warm_up_steps);
        for ramp in [&mut self.ramp_up_steps, &mut self.gamma_ramp_steps].into_iter().chain(warm_up) {
            *ramp = (*ramp as f64 * share).round().max(1.0) as u64;
        }
        for interval in [&mut self.ramp_stair_steps].into_iter().chain(&mut self.evaluate_every) {
            *interval = (*interval as f64 * share).round().max(1.0) as u64;
        }
        self.total_steps = total_steps.max(1);
    }

    /// Makes the cases what the plan wants to learn from: forgets labels beyond its number, normalises, and sets aside what
    /// it reserves, after choosing that if nobody has yet.
    pub fn prepare(&mut self, cases: &mut [TrainCase]) {
        let labelled = cases.iter_mut().filter(|case| !case.held_out && case.is_labelled());
        labelled.skip(self.labelled_cases.unwrap_or(usize::MAX)).for_each(TrainCase::forget_labels);
        if self.intensities != Intensities::Clipped {
            cases.iter_mut().for_each(|case| case.normalise(self.intensities));
        }
        self.reserve(cases);
    }

    /// The same for a case that comes after the start: nothing of it is set aside, and where the number of labelled cases is
    /// limited it is none of them.
    pub fn prepare_late(&self, case: &mut TrainCase) {
        if self.labelled_cases.is_some() && !case.held_out {
            case.forget_labels();
        }
        if self.intensities != Intensities::Clipped {
            case.normalise(self.intensities);
        }
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
mod tests;
