//! The windows of a volume, with weights that add up to 1 at every voxel.

use std::ops::Range;

use crate::geometry::{Extent, Tile, Voxel, tile_starts};
use crate::learn::plan::{WindowLayout, WindowWeighting};

/// Width of the Gaussian window as a share of the patch (nnU-Net's value).
const SIGMA_PER_PATCH: f64 = 0.125;
/// Smallest weight along an axis, so that no voxel is without one.
const SMALLEST_WEIGHT: f64 = 1e-4;

/// A grid of overlapping windows.
pub struct Windows {
    patch: [usize; 3],
    axes: [Axis; 3],
}

/// The windows along one axis.
struct Axis {
    starts: Vec<usize>,
    /// Voxels of a window inside the volume.
    size: usize,
    /// For each start, which of `weights` is its own.
    weights_of: Vec<usize>,
    /// Distinct rows of `size` weights; those of all windows over a voxel add up to 1.
    weights: Vec<Vec<f32>>,
}

/// A window of a [`Windows`] grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub tile: Tile,
    /// Which weights are its own along (x, y, z): windows with equal keys have equal weights.
    pub weights: [usize; 3],
}

impl Windows {
    pub fn new(extent: Extent, layout: &WindowLayout) -> Self {
        let WindowLayout { patch, stride, weighting } = *layout;
        let n = extent.to_array();
        Self { patch, axes: std::array::from_fn(|a| Axis::new(n[a], patch[a], stride[a], weighting)) }
    }

    /// Number of layers of windows along z.
    pub fn layer_count(&self) -> usize {
        self.axes[2].starts.len()
    }

    /// The slices that are complete once `layer` and all layers before it are summed.
    pub fn slices_completed_by(&self, layer: usize, slices: usize) -> Range<usize> {
        let starts = &self.axes[2].starts;
        let begin = if layer == 0 { 0 } else { starts[layer] };
        begin..starts.get(layer + 1).copied().unwrap_or(slices)
    }

    /// Windows of a layer that reach into `rows` (along y), row by row.
    pub fn of_layer(&self, layer: usize, rows: &Range<usize>) -> Vec<Window> {
        let [x, y, z] = &self.axes;
        let size = [x.size, y.size, z.size];
        let reaching = (0..y.starts.len()).filter(|&j| y.starts[j] < rows.end && y.starts[j] + y.size > rows.start);
        reaching
            .flat_map(|j| {
                (0..x.starts.len()).map(move |i| Window {
                    tile: Tile { start: Voxel::new(x.starts[i], y.starts[j], z.starts[layer]), size },
                    weights: [x.weights_of[i], y.weights_of[j], z.weights_of[layer]],
                })
            })
            .collect()
    }

    /// Weights of the window's voxels inside the volume, x fastest.
    pub fn weights(&self, window: &Window) -> Vec<f32> {
        let [wx, wy, wz]: [&Vec<f32>; 3] = std::array::from_fn(|a| &self.axes[a].weights[window.weights[a]]);
        let mut weights = Vec::with_capacity(wx.len() * wy.len() * wz.len());
        for z in wz {
            for y in wy {
                weights.extend(wx.iter().map(|x| x * y * z));
            }
        }
        weights
    }

    /// Voxels before and after a short axis that fill the patch up.
    pub fn padding(&self) -> [usize; 3] {
        std::array::from_fn(|a| (self.patch[a] - self.axes[a].size) / 2)
    }
}

impl Axis {
    fn new(n: usize, patch: usize, stride: usize, weighting: WindowWeighting) -> Self {
        let starts = tile_starts(n, patch, stride);
        let size = patch.min(n);
        let window = match weighting {
            WindowWeighting::Gaussian => gaussian(size, patch),
            WindowWeighting::Mean => vec![1.0; size],
        };
        let mut total = vec![0.0f64; n];
        for &start in &starts {
            total[start..start + size].iter_mut().zip(&window).for_each(|(t, w)| *t += w);
        }
        let mut weights: Vec<Vec<f32>> = Vec::new();
        let weights_of = starts
            .iter()
            .map(|&start| {
                let own: Vec<f32> = window.iter().zip(&total[start..]).map(|(w, t)| (w / t) as f32).collect();
                weights.iter().position(|w| *w == own).unwrap_or_else(|| {
                    weights.push(own);
                    weights.len() - 1
                })
            })
            .collect();
        Self { starts, size, weights_of, weights }
    }
}

/// A Gaussian centred in `size` voxels, 1 in the middle, never 0.
fn gaussian(size: usize, patch: usize) -> Vec<f64> {
    let (centre, sigma) = ((size as f64 - 1.0) / 2.0, (patch as f64 * SIGMA_PER_PATCH).max(0.5));
    (0..size).map(|i| (-0.5 * ((i as f64 - centre) / sigma).powi(2)).exp().max(SMALLEST_WEIGHT)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn by_half(patch: [usize; 3]) -> WindowLayout {
        WindowLayout::new(patch, None, WindowWeighting::Gaussian)
    }

    proptest! {
        #[test]
        fn weights_add_up_to_one_at_every_voxel_and_slices_leave_in_order(
            n in prop::array::uniform3(1usize..24), patch in prop::array::uniform3(1usize..12),
            stride in prop::option::of(prop::array::uniform3(1usize..14)), is_mean: bool,
        ) {
            let extent = Extent::from_array(n).unwrap();
            let weighting = if is_mean { WindowWeighting::Mean } else { WindowWeighting::Gaussian };
            let windows = Windows::new(extent, &WindowLayout::new(patch, stride, weighting));
            let mut sums = vec![0.0f32; extent.voxel_count()];
            let mut next = 0;
            for layer in 0..windows.layer_count() {
                for window in windows.of_layer(layer, &(0..n[1])) {
                    let weights = windows.weights(&window);
                    let [sx, sy, _] = window.tile.size;
                    for (i, w) in weights.iter().enumerate() {
                        let start = window.tile.start;
                        let v = Voxel::new(start.x + i % sx, start.y + i / sx % sy, start.z + i / (sx * sy));
                        // No window may touch a slice that has left.
                        prop_assert!(v.z >= next);
                        sums[extent.index(v)] += w;
                    }
                }
                let done = windows.slices_completed_by(layer, n[2]);
                prop_assert_eq!(done.start, next);
                next = done.end;
            }
            prop_assert_eq!(next, n[2]);
            prop_assert!(sums.iter().all(|s| (s - 1.0).abs() < 1e-4));
        }

        #[test]
        fn the_windows_of_two_stripes_are_those_of_the_whole(rows in 2usize..40, at in 1usize..39) {
            prop_assume!(at < rows);
            let windows = Windows::new(Extent::new(5, rows, 4).unwrap(), &by_half([4, 8, 4]));
            let mut both = windows.of_layer(0, &(0..at));
            let second = windows.of_layer(0, &(at..rows));
            both.extend(second.into_iter().filter(|w| !both.contains(w)).collect::<Vec<_>>());
            prop_assert_eq!(both, windows.of_layer(0, &(0..rows)));
        }
    }

    #[test]
    fn a_window_counts_most_in_its_middle() {
        let windows = Windows::new(Extent::new(32, 8, 8).unwrap(), &by_half([8, 8, 8]));
        let inner = windows.of_layer(0, &(0..8))[2];
        let row = &windows.weights(&inner)[..8];
        assert!(row[3] > 0.9 && row[0] < 0.1, "{row:?}");
    }

    #[test]
    fn with_the_strides_of_a_protocol_every_window_over_a_voxel_counts_the_same() {
        let layout = WindowLayout::new([8, 8, 8], Some([2, 8, 8]), WindowWeighting::Mean);
        let windows = Windows::new(Extent::new(13, 8, 8).unwrap(), &layout);
        let row = windows.of_layer(0, &(0..8));
        let starts: Vec<usize> = row.iter().map(|w| w.tile.start.x).collect();
        assert_eq!(starts, [0, 2, 4, 5], "min(i * stride, size - patch)");
        let first: Vec<f32> = windows.weights(&row[0])[..8].to_vec();
        let over = [1.0f32, 1.0, 2.0, 2.0, 3.0, 4.0, 4.0, 4.0];
        assert!(first.iter().zip(over).all(|(weight, count)| (weight - 1.0 / count).abs() < 1e-6), "{first:?}");
    }
}
