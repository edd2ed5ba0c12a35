//! Sliding-window prediction with both networks, and the planes a reviewer looks at.

mod beliefs;
mod regrid;
mod sums;
mod windows;

use std::collections::HashMap;
use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData};

use self::beliefs::{Planes, background, packed_beliefs};
use self::sums::SliceSums;
use self::windows::{Window, Windows};
use super::data::{Normaliser, TrainCase};
use super::error::LearnError;
use super::kernels::log_softmax;
use super::nn::{DropoutDraw, DualNetwork, Network};
use super::plan::{Plan, grid_mm};
use crate::geometry::{Extent, Tile};
use crate::label::{Prediction, Provenance};
use crate::volume::{BodyMask, Image, Regridding};

/// Largest size of the sums of slices that are not complete; a wider volume is predicted in stripes.
const SUMS_BYTES: usize = 512 << 20;
/// Voxels of one pass on a GPU: enough to fill it, short enough to be interrupted.
const GPU_PASS_VOXELS: usize = 1 << 20;
/// On a CPU: two of its usual windows, a tenth faster than one, and a cancel is heard within 50 ms (docs/performance.md).
const CPU_PASS_VOXELS: usize = 100_000;

/// Both networks without gradients, frozen at one step.
pub struct Predictor {
    networks: DualNetwork,
    patch: [usize; 3],
    spacing_mm: Option<[f64; 3]>,
    classes: Vec<u8>,
    body_only: bool,
    device: Device,
    sums_bytes: usize,
    windows_per_pass: usize,
}

/// A volume on its way through the networks.
struct Pass<'a> {
    image: &'a Image,
    normaliser: &'a Normaliser,
    windows: Windows,
    body: Option<&'a BodyMask>,
    /// Window weights on the device by their key, `[1, 1, z, y, x]`.
    weights: HashMap<[usize; 3], Tensor<5>>,
}

impl Predictor {
    pub(super) fn new(networks: DualNetwork, plan: &Plan, device: Device) -> Self {
        let voxels: usize = plan.patch.iter().product();
        let pass_voxels = if device == Device::flex() { CPU_PASS_VOXELS } else { GPU_PASS_VOXELS };
        let windows_per_pass = pass_voxels / voxels.max(1);
        Self {
            networks,
            patch: plan.patch,
            spacing_mm: plan.spacing_mm,
            classes: plan.classes.clone(),
            body_only: plan.predict_body_only,
            device,
            sums_bytes: SUMS_BYTES,
            windows_per_pass: windows_per_pass.max(1),
        }
    }

    /// Whether `predict` wants to know where the body is.
    pub fn is_body_only(&self) -> bool {
        self.body_only
    }

    /// `predict` with what the trainer knows of its case.
    pub fn predict_case(
        &self,
        case: &TrainCase,
        provenance: Provenance,
        interrupted: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Prediction>, LearnError> {
        let body = self.body_only.then(|| case.body());
        self.predict(&case.image, case.normaliser(), body, provenance, interrupted)
    }

    /// Predicts a whole volume; with `body`, windows that hold none of it are background. `interrupted` is asked before
    /// each pass of a network; if it says yes the result is `None`. A volume that is not on the plan's grid is brought
    /// there, and the planes back.
    pub fn predict(
        &self,
        image: &Image,
        normaliser: &Normaliser,
        body: Option<&BodyMask>,
        provenance: Provenance,
        interrupted: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Prediction>, LearnError> {
        let Some(regridding) = self.regridding(image) else {
            return self.predict_on_grid(image, normaliser, body, provenance, interrupted);
        };
        let on_grid = regrid::normalised(image, normaliser, &regridding);
        let body = body.map(|_| BodyMask::of(&on_grid));
        let prediction =
            self.predict_on_grid(&on_grid, &Normaliser::identity(), body.as_ref(), provenance, interrupted)?;
        Ok(prediction.map(|p| regrid::brought_back(&p, &regridding.reversed())))
    }

    /// `None` for a volume that is on the plan's grid as it is.
    fn regridding(&self, image: &Image) -> Option<Regridding> {
        let native = image.spacing_mm();
        let grid = grid_mm(self.spacing_mm, native);
        if grid == native { None } else { Regridding::onto_spacing(image.extent(), native, grid) }
    }

    /// Held at a time: the image, six bytes per voxel of planes, and the sums of as many slices as a window is deep.
    fn predict_on_grid(
        &self,
        image: &Image,
        normaliser: &Normaliser,
        body: Option<&BodyMask>,
        provenance: Provenance,
        interrupted: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Prediction>, LearnError> {
        let extent = image.extent();
        let mut pass =
            Pass { image, normaliser, windows: Windows::new(extent, self.patch), body, weights: HashMap::new() };
        let mut planes = Planes::new(extent);
        for rows in self.stripes(extent) {
            if !self.predict_rows(&mut pass, rows, provenance.step, &mut planes, interrupted)? {
                return Ok(None);
            }
        }
        Ok(Some(planes.into_prediction(provenance, &self.classes)))
    }

    /// Rows (along y) whose sums fit into memory together. Windows that reach into two stripes are computed for both.
    fn stripes(&self, extent: Extent) -> Vec<Range<usize>> {
        let [width, rows, slices] = extent.to_array();
        // While slices leave, old, new and leaving sums are there together.
        let row_bytes = 5 * self.classes.len() * self.patch[2].min(slices) * width * size_of::<f32>();
        // Thinner than a window, most of the work would be done twice.
        let height = (self.sums_bytes / row_bytes.max(1)).max(self.patch[1]);
        (0..rows).step_by(height).map(|y| y..(y + height).min(rows)).collect()
    }

    /// All slices of a stripe. False if interrupted.
    fn predict_rows(
        &self,
        pass: &mut Pass,
        rows: Range<usize>,
        step: u64,
        planes: &mut Planes,
        interrupted: &mut dyn FnMut() -> bool,
    ) -> Result<bool, LearnError> {
        let [width, _, slices] = pass.image.extent().to_array();
        let depth = self.patch[2].min(slices);
        let mut sums = SliceSums::new(self.classes.len(), depth, rows.clone(), width, &self.device);
        for layer in 0..pass.windows.layer_count() {
            let (near, far): (Vec<Window>, Vec<Window>) =
                pass.windows.of_layer(layer, &rows).into_iter().partition(|w| pass.may_hold_body(w));
            let air = background(self.classes.len(), &self.device);
            for window in far {
                sums.add(&window.tile, air.clone() * pass.weights(&window, &self.device));
            }
            for windows in near.chunks(self.windows_per_pass) {
                let Some(probabilities) = self.run(pass, windows, step, interrupted)? else { return Ok(false) };
                for (item, window) in windows.iter().enumerate() {
                    let inside = pass.inside(&window.tile, &probabilities, item);
                    sums.add(&window.tile, inside * pass.weights(window, &self.device));
                }
            }
            let done = pass.windows.slices_completed_by(layer, slices);
            let packed = packed_beliefs(sums.take(done.len()))
                .try_into_vec_as::<f32>()
                .map_err(|e| LearnError::DeviceLost { step, reason: e.to_string() })?;
            planes.write(&packed, done.start, rows.start, rows.len());
        }
        Ok(true)
    }

    /// Both networks' probabilities of some windows, `[window, class, z, y, x]` each; `None` if interrupted.
    fn run(
        &self,
        pass: &Pass,
        windows: &[Window],
        step: u64,
        interrupted: &mut dyn FnMut() -> bool,
    ) -> Result<Option<[Tensor<5>; 2]>, LearnError> {
        let input = pass.input(windows, self.patch, &self.device);
        let mut of = |network: &Network| -> Result<Option<Tensor<5>>, LearnError> {
            if interrupted() {
                return Ok(None);
            }
            let p = log_softmax(network.forward(input.clone(), &DropoutDraw::default()).logits).exp();
            // A GPU takes orders faster than it works: unheard, a whole layer would queue up before the window's frames.
            self.device.sync().map_err(|e| LearnError::DeviceLost { step, reason: e.to_string() })?;
            Ok(Some(p))
        };
        let Some(a) = of(&self.networks.a)? else { return Ok(None) };
        Ok(of(&self.networks.b)?.map(|b| [a, b]))
    }
}

impl Pass<'_> {
    fn may_hold_body(&self, window: &Window) -> bool {
        self.body.is_none_or(|body| body.touches(&window.tile))
    }

    fn weights(&mut self, window: &Window, device: &Device) -> Tensor<5> {
        let Self { windows, weights, .. } = self;
        let [x, y, z] = window.tile.size;
        let of_window = || Tensor::from_data(TensorData::new(windows.weights(window), [1, 1, z, y, x]), device);
        weights.entry(window.weights).or_insert_with(of_window).clone()
    }

    /// The normalised voxels of windows, `[window, 1, z, y, x]`; zero where a short axis is padded on both sides.
    fn input(&self, windows: &[Window], [px, py, pz]: [usize; 3], device: &Device) -> Tensor<5> {
        let mut values = vec![0.0f32; windows.len() * px * py * pz];
        let extent = self.image.extent();
        let pad = self.windows.padding();
        for (window, values) in windows.iter().zip(values.chunks_exact_mut(px * py * pz)) {
            let Tile { start, size } = window.tile;
            for z in 0..size[2] {
                for y in 0..size[1] {
                    let to = ((z + pad[2]) * py + y + pad[1]) * px + pad[0];
                    let from = extent.index([start.x, start.y + y, start.z + z].into());
                    for (x, value) in values[to..to + size[0]].iter_mut().enumerate() {
                        *value = self.normaliser.apply(self.image.intensity_at(from + x));
                    }
                }
            }
        }
        Tensor::from_data(TensorData::new(values, [windows.len(), 1, pz, py, px]), device)
    }

    /// One window's probabilities without the padding, `[2, class, z, y, x]`.
    fn inside(&self, tile: &Tile, [a, b]: &[Tensor<5>; 2], item: usize) -> Tensor<5> {
        let classes = a.dims()[1];
        let [x, y, z]: [Range<usize>; 3] = {
            let pad = self.windows.padding();
            std::array::from_fn(|axis| pad[axis]..pad[axis] + tile.size[axis])
        };
        let of = |p: &Tensor<5>| p.clone().slice([item..item + 1, 0..classes, z.clone(), y.clone(), x.clone()]);
        Tensor::cat(vec![of(a), of(b)], 0)
    }
}

#[cfg(test)]
mod tests {
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
        Predictor::new(networks, &plan, device.clone())
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
        predictor.predict(image, &Normaliser::of(image), None, provenance, &mut || false).unwrap().unwrap()
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
        let coarse =
            predictor(patch).predict(&scanned, &n, None, own.provenance.clone(), &mut || false).unwrap().unwrap();
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
        let result =
            predictor([8, 8, 8]).predict(&image, &Normaliser::of(&image), None, provenance, &mut third).unwrap();
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
            .predict(&image, &Normaliser::of(&image), Some(&body), provenance, &mut count)
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
}
