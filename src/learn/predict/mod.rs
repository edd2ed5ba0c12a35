//! Sliding-window prediction with both networks, and the planes a reviewer looks at.

mod beliefs;
mod corrections;
mod indecision;
mod judged;
mod pass;
mod pseudo_set;
mod regrid;
mod sums;
mod windows;

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use burn::tensor::{Device, Tensor};

use self::beliefs::{Planes, Reading};
pub use self::corrections::Corrections;
use self::corrections::Evidence;
use self::judged::{WindowBeliefs, channel_count};
use self::pseudo_set::PseudoSet;
use self::sums::SliceSums;
use self::windows::{Window, Windows};
use super::calibration::Calibration;
use super::data::{Annotated, Intensities, Normaliser, TrainCase};
use super::error::LearnError;
use super::kernels::log_softmax;
use super::nn::{DropoutDraw, DualNetwork, Network, Storage};
use super::np::{Conditioned, feature_rows, rows_of, selected};
use super::plan::{Plan, WindowLayout, grid_mm};
use crate::geometry::{Extent, Voxel, VoxelBox};
use crate::label::{ClassId, LabelMap, Prediction, ProbabilityKind, Provenance};
use crate::volume::{BodyMask, Image, Regridding};

/// Largest size of the sums of slices that are not complete; a wider volume is predicted in stripes.
const SUMS_BYTES: usize = 512 << 20;
/// Voxels of one pass on a GPU: enough to fill it, short enough to be interrupted.
const GPU_PASS_VOXELS: usize = 1 << 20;
/// On a CPU: two of its usual windows, a tenth faster than one, and a cancel is heard within 50 ms (docs/performance.md).
const CPU_PASS_VOXELS: usize = 100_000;

/// Both networks and the neural process without gradients, frozen at one step.
pub struct Predictor {
    networks: DualNetwork,
    np: Option<Conditioned>,
    layout: WindowLayout,
    spacing_mm: Option<[f64; 3]>,
    classes: Vec<u8>,
    intensities: Intensities,
    body_only: bool,
    calibration: Option<Calibration>,
    device: Device,
    sums_bytes: usize,
    windows_per_pass: usize,
}

/// A volume to predict.
#[derive(Clone)]
pub struct Subject<'a> {
    pub image: &'a Image,
    pub normaliser: Cow<'a, Normaliser>,
    /// Windows that hold none of it are background.
    pub body: Option<Cow<'a, BodyMask>>,
    pub corrections: Corrections,
}

impl<'a> Subject<'a> {
    /// A volume nobody has said anything about.
    pub fn of(image: &'a Image) -> Self {
        let normaliser = Cow::Owned(Normaliser::of(image));
        Self { image, normaliser, body: None, corrections: Corrections::default() }
    }

    /// The same on another grid, where the image is normalised already.
    fn on_grid<'b>(&self, image: &'b Image) -> Subject<'b> {
        Subject {
            image,
            normaliser: Cow::Owned(Normaliser::identity()),
            body: self.body.as_ref().map(|_| Cow::Owned(BodyMask::of(image))),
            corrections: self.corrections.clone(),
        }
    }
}

/// A volume on its way through the networks.
struct Pass<'a> {
    subject: &'a Subject<'a>,
    windows: Windows,
    evidence: Option<Evidence>,
    /// Windows that hold none of it are left out, and what they would say is missing from the sums.
    region: Option<VoxelBox>,
    reading: Reading,
    pseudo_set: Option<PseudoSet>,
    /// The rows that are summed now; a window that reaches into two stripes belongs to the one it begins in.
    stripe: Range<usize>,
    /// Window weights on the device by their key, `[1, 1, z, y, x]`.
    weights: HashMap<[usize; 3], Tensor<5>>,
}

/// Slices and rows of which the maps `[1, channel, z, y, x]` are complete.
struct Complete {
    maps: Tensor<5>,
    slices: Range<usize>,
    rows: Range<usize>,
}

type Interrupted<'a> = &'a mut dyn FnMut() -> bool;

impl Predictor {
    pub(super) fn new(networks: DualNetwork, np: Option<Conditioned>, plan: &Plan, device: Device) -> Self {
        let voxels: usize = plan.patch.iter().product();
        let pass_voxels = if device == Device::flex() { CPU_PASS_VOXELS } else { GPU_PASS_VOXELS };
        let windows_per_pass = pass_voxels / voxels.max(1);
        Self {
            networks,
            np,
            layout: plan.window_layout(),
            intensities: plan.intensities,
            spacing_mm: plan.spacing_mm,
            classes: plan.classes.clone(),
            body_only: plan.predict_body_only,
            calibration: None,
            device,
            sums_bytes: SUMS_BYTES,
            windows_per_pass: windows_per_pass.max(1),
        }
    }

    pub(super) fn with_calibration(self, calibration: Option<Calibration>) -> Self {
        Self { calibration, ..self }
    }

    /// A volume that no trainer holds.
    pub fn subject<'a>(
        &self,
        image: &'a Image,
        labels: &LabelMap,
        annotated: &Annotated,
        judges: impl Fn(Voxel) -> bool,
    ) -> Subject<'a> {
        Subject {
            image,
            normaliser: Cow::Owned(self.intensities.normaliser(image)),
            body: self.body_only.then(|| Cow::Owned(BodyMask::of(image))),
            corrections: Corrections::of(labels, annotated, image, &self.classes, judges),
        }
    }

    /// A case as if nobody had said anything of it.
    pub fn subject_without_labels<'a>(&self, case: &'a TrainCase) -> Subject<'a> {
        Subject { corrections: Corrections::default(), ..self.subject_of(case) }
    }

    /// What a run says of its own beliefs, if labels were kept from it.
    pub fn calibration(&self) -> Option<&Calibration> {
        self.calibration.as_ref()
    }

    fn subject_of<'a>(&self, case: &'a TrainCase) -> Subject<'a> {
        // What is held out or set aside judges the networks, and must not help them.
        let reserved = case.reserved();
        let judges = |v| reserved.is_some_and(|part| part.contains(v));
        Subject {
            image: &case.image,
            normaliser: Cow::Borrowed(case.normaliser()),
            body: self.body_only.then(|| Cow::Borrowed(case.body())),
            corrections: if case.held_out {
                Corrections::default()
            } else {
                Corrections::of(case.labels(), case.annotated(), &case.image, &self.classes, judges)
            },
        }
    }

    /// `predict` with what the trainer knows of its case.
    pub fn predict_case(
        &self,
        case: &TrainCase,
        provenance: Provenance,
        interrupted: Interrupted,
    ) -> Result<Option<Prediction>, LearnError> {
        self.predict(&self.subject_of(case), provenance, interrupted)
    }

    /// Predicts a whole volume. `interrupted` is asked before each pass of a network; if it says yes the result is `None`.
    /// A volume that is not on the plan's grid is brought there, and the planes back.
    pub fn predict(
        &self,
        subject: &Subject,
        provenance: Provenance,
        interrupted: Interrupted,
    ) -> Result<Option<Prediction>, LearnError> {
        let Some(regridding) = self.regridding(subject.image)? else {
            return self.predict_on_grid(subject, provenance, interrupted);
        };
        let on_grid = regrid::normalised(subject.image, &subject.normaliser, &regridding);
        let prediction = self.predict_on_grid(&subject.on_grid(&on_grid), provenance, interrupted)?;
        Ok(prediction.map(|p| regrid::brought_back(&p, &regridding.reversed())))
    }

    /// `None` for a volume that is on the plan's grid as it is.
    fn regridding(&self, image: &Image) -> Result<Option<Regridding>, LearnError> {
        let native = image.spacing_mm();
        let grid = grid_mm(self.spacing_mm, native);
        if grid == native {
            return Ok(None);
        }
        let on_grid = Regridding::onto_spacing(image.extent(), native, grid);
        on_grid.map(Some).ok_or(LearnError::TooFine { native_mm: native, grid_mm: grid })
    }

    /// Held at a time: the image, twelve to fifteen bytes per voxel of planes, and the sums of as many slices as a window is
    /// deep.
    fn predict_on_grid(
        &self,
        subject: &Subject,
        provenance: Provenance,
        interrupted: Interrupted,
    ) -> Result<Option<Prediction>, LearnError> {
        let reading = self.reading();
        let step = provenance.step;
        let mut planes = Planes::new(subject.image.extent(), &reading);
        let mut write = |Complete { maps, slices, rows }: Complete| {
            let packed = reading.packed(maps).try_into_vec_as::<f32>();
            let packed = packed.map_err(|e| LearnError::DeviceLost { step, reason: e.to_string() })?;
            planes.write(&packed, slices.start, rows.start, rows.len());
            Ok(())
        };
        let Some(mut pass) = self.pass(subject, None, step, interrupted)? else { return Ok(None) };
        pass.pseudo_set = self.np.is_some().then(|| PseudoSet::new(self.classes.len()));
        if !self.predict_all(&mut pass, step, &mut write, interrupted)? {
            return Ok(None);
        }
        let mut prediction = planes.into_prediction(provenance, &self.classes, &reading);
        prediction.probabilities.np_divergence =
            pass.pseudo_set.zip(self.np.as_ref()).and_then(|(set, np)| set.divergence(np));
        Ok(Some(prediction))
    }

    /// What the networks and the neural process believe of a volume's voxels: one row of maps each ([`channel_count`]). Of a
    /// volume that is not on the plan's grid, of the nearest voxels there. `None` if interrupted.
    pub(super) fn beliefs_at(
        &self,
        subject: &Subject,
        voxels: &[Voxel],
        interrupted: Interrupted,
    ) -> Result<Option<Vec<Vec<f32>>>, LearnError> {
        let Some(regridding) = self.regridding(subject.image)? else {
            return self.beliefs_on_grid(subject, voxels, interrupted);
        };
        let on_grid = regrid::normalised(subject.image, &subject.normaliser, &regridding);
        let nearest = |v: &Voxel| {
            let position = on_grid.affine.voxel_from_world(subject.image.affine.world_from_voxel(v.to_f64()));
            on_grid.extent().clamped_voxel(position.unwrap_or_default())
        };
        let voxels: Vec<Voxel> = voxels.iter().map(nearest).collect();
        self.beliefs_on_grid(&subject.on_grid(&on_grid), &voxels, interrupted)
    }

    fn beliefs_on_grid(
        &self,
        subject: &Subject,
        voxels: &[Voxel],
        interrupted: Interrupted,
    ) -> Result<Option<Vec<Vec<f32>>>, LearnError> {
        let mut beliefs = vec![Vec::new(); voxels.len()];
        let Some(region) = voxels.iter().copied().map(VoxelBox::of_voxel).reduce(|a, b| a.union(&b)) else {
            return Ok(Some(beliefs));
        };
        let mut gather = |Complete { maps, slices, rows }: Complete| {
            let [_, _, _, height, width] = maps.dims();
            let here = |v: &Voxel| slices.contains(&v.z) && rows.contains(&v.y);
            let numbers: Vec<usize> = (0..voxels.len()).filter(|&i| here(&voxels[i])).collect();
            if numbers.is_empty() {
                return Ok(());
            }
            let place = |v: Voxel| ((v.z - slices.start) * height + v.y - rows.start) * width + v.x;
            let places: Vec<usize> = numbers.iter().map(|&i| place(voxels[i])).collect();
            let channels = maps.dims()[1];
            let values = rows_of(&maps, &places).try_into_vec_as::<f32>();
            let values = values.map_err(|e| LearnError::DeviceLost { step: 0, reason: e.to_string() })?;
            for (number, row) in numbers.into_iter().zip(values.chunks_exact(channels)) {
                beliefs[number] = row.to_vec();
            }
            Ok(())
        };
        let Some(mut pass) = self.pass(subject, Some(region), 0, interrupted)? else { return Ok(None) };
        Ok(self.predict_all(&mut pass, 0, &mut gather, interrupted)?.then_some(beliefs))
    }

    /// Channel of a class, if the networks know it.
    pub(super) fn channel_of(&self, class: ClassId) -> Option<u8> {
        (0..).zip(&self.classes).find(|(_, c)| **c == class).map(|(channel, _)| channel)
    }

    pub(super) fn reading(&self) -> Reading {
        let shown = self.calibration.as_ref().map(|c| c.shown);
        Reading {
            classes: self.classes.len(),
            has_np: self.np.is_some(),
            temperature: self.calibration.as_ref().map(|c| c.temperature),
            shown: shown
                .filter(|kind| *kind != ProbabilityKind::NeuralProcess || self.np.is_some())
                .unwrap_or_default(),
        }
    }

    /// With the corrections' features, for which their windows pass the networks first. `None` if interrupted.
    fn pass<'a>(
        &self,
        subject: &'a Subject<'a>,
        region: Option<VoxelBox>,
        step: u64,
        interrupted: Interrupted,
    ) -> Result<Option<Pass<'a>>, LearnError> {
        let mut pass = Pass {
            subject,
            windows: Windows::new(subject.image.extent(), &self.layout),
            evidence: None,
            region,
            reading: self.reading(),
            pseudo_set: None,
            stripe: 0..0,
            weights: HashMap::new(),
        };
        let corrections = &subject.corrections;
        if corrections.is_empty() {
            return Ok(Some(pass));
        }
        let (mut expected, mut features) = (Vec::new(), Vec::new());
        let lost = |e: &dyn ToString| LearnError::DeviceLost { step, reason: e.to_string() };
        for (window, members) in pass.windows_of_corrections(self.layout.patch) {
            let Some(mut beliefs) = self.run(&pass, &[window], step, interrupted)? else { return Ok(None) };
            let Some(beliefs) = beliefs.pop() else { continue };
            let [f_a, f_b] = &beliefs.features;
            let places: Vec<usize> = members.iter().map(|(_, place)| *place).collect();
            features.push(feature_rows([f_a, f_b], &places));
            let [p_a, p_b] = &beliefs.probabilities;
            let p = rows_of(&(p_a.clone() + p_b.clone()), &places).try_into_vec_as::<f32>().map_err(|e| lost(&e))?;
            let of_truth = |(number, row): (usize, &[f32])| (number, row[corrections.channel(number)]);
            let numbers = members.into_iter().map(|(number, _)| number);
            expected.extend(numbers.zip(p.chunks_exact(self.classes.len())).map(of_truth));
        }
        if !features.is_empty() {
            let asked = corrections.least_expected(&expected, self.classes.len());
            let numbers: Vec<usize> = asked.iter().map(|&i| expected[i].0).collect();
            let features = selected(&Tensor::cat(features, 0), &asked);
            pass.evidence = Some(Evidence::new(&corrections.part(&numbers), features, self.classes.len()));
        }
        Ok(Some(pass))
    }

    /// Calls `done` with every stripe and layer as it is complete. False if interrupted.
    fn predict_all(
        &self,
        pass: &mut Pass,
        step: u64,
        done: &mut dyn FnMut(Complete) -> Result<(), LearnError>,
        interrupted: Interrupted,
    ) -> Result<bool, LearnError> {
        for rows in self.stripes(pass.subject.image.extent()) {
            if !self.predict_rows(pass, rows, step, done, interrupted)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Rows (along y) whose sums fit into memory together. Windows that reach into two stripes are computed for both.
    fn stripes(&self, extent: Extent) -> Vec<Range<usize>> {
        let [width, rows, slices] = extent.to_array();
        // While slices leave, old, new and leaving sums are there together.
        let channels = channel_count(self.classes.len(), self.np.is_some());
        let row_bytes = 5 * channels.div_ceil(2) * self.layout.patch[2].min(slices) * width * size_of::<f32>();
        // Thinner than a window, most of the work would be done twice.
        let height = (self.sums_bytes / row_bytes.max(1)).max(self.layout.patch[1]);
        (0..rows).step_by(height).map(|y| y..(y + height).min(rows)).collect()
    }

    /// All slices of a stripe. False if interrupted.
    fn predict_rows(
        &self,
        pass: &mut Pass,
        rows: Range<usize>,
        step: u64,
        done: &mut dyn FnMut(Complete) -> Result<(), LearnError>,
        interrupted: Interrupted,
    ) -> Result<bool, LearnError> {
        let [width, _, slices] = pass.subject.image.extent().to_array();
        let depth = self.layout.patch[2].min(slices);
        let channels = channel_count(self.classes.len(), self.np.is_some());
        let mut sums = SliceSums::new(channels, depth, rows.clone(), width, &self.device);
        let air = pass.reading.background(&self.device);
        pass.stripe = rows.clone();
        for layer in 0..pass.windows.layer_count() {
            let wanted = pass.windows.of_layer(layer, &rows).into_iter().filter(|w| pass.is_asked_for(w));
            let (near, far): (Vec<Window>, Vec<Window>) = wanted.partition(|w| pass.may_hold_body(w));
            for window in far {
                if interrupted() {
                    return Ok(false);
                }
                sums.add(&window.tile, air.clone() * pass.weights(&window, &self.device));
            }
            for windows in near.chunks(self.windows_per_pass) {
                let Some(beliefs) = self.run(pass, windows, step, interrupted)? else { return Ok(false) };
                for (window, beliefs) in windows.iter().zip(&beliefs) {
                    let inside = pass.judged(window, beliefs, self);
                    let inside = inside.map_err(|reason| LearnError::DeviceLost { step, reason })?;
                    sums.add(&window.tile, inside * pass.weights(window, &self.device));
                }
            }
            let slices = pass.windows.slices_completed_by(layer, slices);
            done(Complete { maps: sums.take(slices.len()), slices, rows: rows.clone() })?;
        }
        Ok(true)
    }

    /// What both networks make of some windows; `None` if interrupted.
    fn run(
        &self,
        pass: &Pass,
        windows: &[Window],
        step: u64,
        interrupted: Interrupted,
    ) -> Result<Option<Vec<WindowBeliefs>>, LearnError> {
        let input = pass.input(windows, self.layout.patch, &self.device);
        let mut of = |network: &Network| -> Result<Option<[Tensor<5>; 2]>, LearnError> {
            if interrupted() {
                return Ok(None);
            }
            let output = network.forward(input.clone(), &DropoutDraw::default());
            let p = log_softmax(output.logits).exp();
            // A GPU takes orders faster than it works: unheard, a whole layer would queue up before the window's frames.
            self.device.sync().map_err(|e| LearnError::DeviceLost { step, reason: e.to_string() })?;
            Ok(Some([p, Storage::restored(output.features)]))
        };
        let Some([p_a, f_a]) = of(&self.networks.a)? else { return Ok(None) };
        let Some([p_b, f_b]) = of(&self.networks.b)? else { return Ok(None) };
        let item = |t: &Tensor<5>, i: usize| t.clone().narrow(0, i, 1);
        let of_window = |i: usize| WindowBeliefs {
            probabilities: [item(&p_a, i), item(&p_b, i)],
            features: [item(&f_a, i), item(&f_b, i)],
        };
        Ok(Some((0..windows.len()).map(of_window).collect()))
    }
}

#[cfg(test)]
mod tests;
