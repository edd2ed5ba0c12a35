//! A volume on its way: which windows, what goes in, and what comes out of one.

use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData};

use super::judged::{Judges, WindowBeliefs};
use super::windows::Window;
use super::{Pass, Predictor};
use crate::geometry::{Tile, Voxel};
use crate::learn::np::NO_CHANNEL;

/// How far around a correction even voxels that the networks are sure of are asked again.
const TOUCH_MM: f64 = 5.0;

/// Window weights kept on the device; short strides make more kinds of windows than there is room for.
const WEIGHTS_BYTES: usize = 256 << 20;

/// Corrections in one window: their numbers, and where they lie in the patch (x fastest).
type Members = Vec<(usize, usize)>;

impl Pass<'_> {
    pub fn may_hold_body(&self, window: &Window) -> bool {
        self.subject.body.as_ref().is_none_or(|body| body.touches(&window.tile))
    }

    pub fn is_asked_for(&self, window: &Window) -> bool {
        self.region.is_none_or(|region| {
            let Tile { start, size } = window.tile;
            let (start, lo, hi) = (start.to_array(), region.lo.to_array(), region.hi.to_array());
            (0..3).all(|a| start[a] < hi[a] && start[a] + size[a] > lo[a])
        })
    }

    pub fn weights(&mut self, window: &Window, device: &Device) -> Tensor<5> {
        let Self { windows, weights, .. } = self;
        let [x, y, z] = window.tile.size;
        if (weights.len() + 1) * x * y * z * size_of::<f32>() > WEIGHTS_BYTES && !weights.contains_key(&window.weights)
        {
            weights.clear();
        }
        let of_window = || Tensor::from_data(TensorData::new(windows.weights(window), [1, 1, z, y, x]), device);
        weights.entry(window.weights).or_insert_with(of_window).clone()
    }

    /// The normalised voxels of windows, `[window, 1, z, y, x]`; zero where a short axis is padded on both sides.
    pub fn input(&self, windows: &[Window], [px, py, pz]: [usize; 3], device: &Device) -> Tensor<5> {
        let mut values = vec![0.0f32; windows.len() * px * py * pz];
        let image = self.subject.image;
        let extent = image.extent();
        let pad = self.windows.padding();
        for (window, values) in windows.iter().zip(values.chunks_exact_mut(px * py * pz)) {
            let Tile { start, size } = window.tile;
            for z in 0..size[2] {
                for y in 0..size[1] {
                    let to = ((z + pad[2]) * py + y + pad[1]) * px + pad[0];
                    let from = extent.index([start.x, start.y + y, start.z + z].into());
                    for (x, value) in values[to..to + size[0]].iter_mut().enumerate() {
                        *value = self.subject.normaliser.apply(image.intensity_at(from + x));
                    }
                }
            }
        }
        Tensor::from_data(TensorData::new(values, [windows.len(), 1, pz, py, px]), device)
    }

    /// One window's maps without the padding, `[1, channel, z, y, x]`, judged where there is doubt.
    ///
    /// # Errors
    /// The device's reason if it is lost.
    pub fn judged(&mut self, window: &Window, beliefs: &WindowBeliefs, by: &Predictor) -> Result<Tensor<5>, String> {
        let judges = Judges { np: by.np.as_ref(), evidence: self.evidence.as_ref() };
        let Tile { start, size } = window.tile;
        let pad = self.windows.padding();
        let [_, _, _, height, width] = beliefs.probabilities[0].dims();
        let affine = &self.subject.image.affine;
        let first = [start.x, start.y, start.z];
        let world_mm = |i: usize| {
            let inside = [i % width, i / width % height, i / (width * height)];
            affine.world_from_voxel(std::array::from_fn(|a| (first[a] + inside[a]) as f64 - pad[a] as f64))
        };
        let touched = self.touched(window, [width, height, beliefs.probabilities[0].dims()[2]]);
        let mut judged = beliefs.judged(&judges, &touched, world_mm)?;
        let is_its_own = self.stripe.contains(&start.y);
        if let (Some(set), Some(np), true) = (&mut self.pseudo_set, &by.np, is_its_own) {
            for (i, channel) in judged.channels.iter_mut().enumerate() {
                let inside = [i % width, i / width % height, i / (width * height)];
                if !(0..3).all(|a| (pad[a]..pad[a] + size[a]).contains(&inside[a])) {
                    *channel = NO_CHANNEL;
                }
            }
            set.add(np, beliefs, &judged.channels, self.subject.image.extent().index(start));
        }
        let channels = judged.maps.dims()[1];
        let [x, y, z]: [Range<usize>; 3] = std::array::from_fn(|a| pad[a]..pad[a] + size[a]);
        Ok(judged.maps.slice([0..1, 0..channels, z, y, x]))
    }

    /// Voxels of a window's patch (x, y, z) around corrections; empty without any.
    fn touched(&self, window: &Window, patch: [usize; 3]) -> Vec<bool> {
        let Some(evidence) = &self.evidence else { return Vec::new() };
        let image = self.subject.image;
        let (start, pad, mm) = (window.tile.start.to_f64(), self.windows.padding(), image.spacing_mm());
        let mut touched = Vec::new();
        for position in evidence.world_mm().iter().filter_map(|world| image.affine.voxel_from_world(*world)) {
            let middle: [f64; 3] = std::array::from_fn(|a| position[a] - start[a] + pad[a] as f64);
            // A cast of a float saturates: what lies before the patch begins at 0.
            let [x, y, z]: [Range<usize>; 3] = std::array::from_fn(|a| {
                let reach = TOUCH_MM / mm[a];
                ((middle[a] - reach).ceil() as usize)..((middle[a] + reach + 1.0).floor() as usize).min(patch[a])
            });
            if x.is_empty() || y.is_empty() || z.is_empty() {
                continue;
            }
            touched.resize(patch.iter().product(), false);
            for z in z {
                for y in y.clone() {
                    let row = (z * patch[1] + y) * patch[0];
                    touched[row + x.start..row + x.end].fill(true);
                }
            }
        }
        touched
    }

    /// For each correction the window in whose middle it lies most, by window.
    pub fn windows_of_corrections(&self, [px, py, _]: [usize; 3]) -> Vec<(Window, Members)> {
        let image = self.subject.image;
        let extent = image.extent().to_array();
        let windows: Vec<Window> =
            (0..self.windows.layer_count()).flat_map(|layer| self.windows.of_layer(layer, &(0..extent[1]))).collect();
        let pad = self.windows.padding();
        let mut grouped: Vec<(Window, Members)> = Vec::new();
        for (number, world) in self.subject.corrections.world_mm().iter().enumerate() {
            let Some(position) = image.affine.voxel_from_world(*world) else { continue };
            // On a coarser grid the outermost voxels may end a little before those of the volume.
            let voxel = image.extent().clamped_voxel(position);
            let Some(window) = windows.iter().min_by_key(|w| distance_from_middle(w, voxel)) else { continue };
            let start = window.tile.start.to_array();
            let v = voxel.to_array();
            let [x, y, z]: [usize; 3] = std::array::from_fn(|a| v[a] - start[a] + pad[a]);
            let member = (number, (z * py + y) * px + x);
            match grouped.iter_mut().find(|(w, _)| w == window) {
                Some((_, members)) => members.push(member),
                None => grouped.push((*window, vec![member])),
            }
        }
        grouped
    }
}

/// The largest distance along an axis as a share of the window's size, in thousandths; windows without the voxel are far.
fn distance_from_middle(window: &Window, voxel: Voxel) -> usize {
    let Tile { start, size } = window.tile;
    let along = |(voxel, (start, size)): (usize, (usize, usize))| {
        if voxel < start || voxel >= start + size {
            return usize::MAX;
        }
        (2 * (voxel - start) + 1).abs_diff(size) * 1000 / size.max(1)
    };
    voxel.to_array().into_iter().zip(start.to_array().into_iter().zip(size)).map(along).max().unwrap_or(0)
}
