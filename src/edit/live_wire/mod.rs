//! The live wire: a path along edges from an anchor to wherever the pointer goes.

mod costs;
mod paths;
#[cfg(test)]
mod tests;

use super::slice_plane::{SlicePlane, in_plane};
use crate::volume::Image;

/// Paths reach this many pixels from the anchor along each axis: more than a hand draws at one go, and few enough to be
/// worked out at a click.
const REACH: usize = 128;

/// Voxels are taken for no longer than this many times their width: it makes no difference by then, and sums of
/// lengths keep their digits.
const MOST_ANISOTROPIC: f64 = 1e3;

/// Intelligent scissors (Mortensen & Barrett 1995) from one anchor.
///
/// All cheapest paths from the anchor to the pixels around it are worked out once, so following the pointer costs no
/// more than reading its path. Positions are in voxels along the two in-plane axes of the slice, ascending.
#[derive(Clone, Debug)]
pub struct LiveWire {
    plane: SlicePlane,
    anchor: [usize; 2],
    /// First pixel and size of the part of the slice that is within reach.
    window_start: [usize; 2],
    window_size: [usize; 2],
    /// For each pixel of the window the one before it on its path.
    previous: Vec<usize>,
}

impl LiveWire {
    /// A wire from the pixel nearest to `anchor` (clamped into the slice). `None` if there is no such slice or the
    /// anchor is no number.
    pub fn new(image: &Image, axis: usize, slice: usize, anchor: [f64; 2]) -> Option<Self> {
        let plane = SlicePlane::new(image.extent(), axis, slice)?;
        let anchor = plane.clamped_pixel(anchor)?;
        let size = plane.size();
        let window_start = anchor.map(|c| c.saturating_sub(REACH));
        let window_end: [usize; 2] = std::array::from_fn(|a| (anchor[a] + REACH + 1).min(size[a]));
        let window_size: [usize; 2] = std::array::from_fn(|a| window_end[a] - window_start[a]);
        let steps = relative_steps(in_plane(axis, image.spacing_mm()));
        let [columns, rows] = [0, 1].map(|a| window_start[a]..window_end[a]);
        let costs = costs::pixel_costs(&plane.intensities(image, columns, rows), window_size, steps);
        let start = anchor[0] - window_start[0] + window_size[0] * (anchor[1] - window_start[1]);
        let previous = paths::cheapest_paths(&costs, window_size, steps.map(|s| s as f32), start);
        Some(Self { plane, anchor, window_start, window_size, previous })
    }

    /// The pixel the wire begins at.
    pub fn anchor(&self) -> [f64; 2] {
        self.anchor.map(|c| c as f64)
    }

    /// Pixels from the anchor to the one nearest to the pointer (clamped into the slice), both included, each a
    /// neighbour of the last. A pointer out of reach is joined by a straight line. Empty if the pointer is no number.
    pub fn path_to(&self, pointer: [f64; 2]) -> Vec<[f64; 2]> {
        let Some(target) = self.plane.clamped_pixel(pointer) else {
            return Vec::new();
        };
        let in_window: [usize; 2] =
            std::array::from_fn(|a| target[a].saturating_sub(self.window_start[a]).min(self.window_size[a] - 1));
        let mut at = in_window[0] + self.window_size[0] * in_window[1];
        let pixel = |at: usize| {
            let [column, row] = [at % self.window_size[0], at / self.window_size[0]];
            [(column + self.window_start[0]) as f64, (row + self.window_start[1]) as f64]
        };
        let mut path = vec![pixel(at)];
        while self.previous[at] != at {
            at = self.previous[at];
            path.push(pixel(at));
        }
        path.reverse();
        let target = target.map(|c| c as f64);
        path.extend((path.last() != Some(&target)).then_some(target));
        path
    }
}

/// Spacing as multiples of the finer one.
fn relative_steps(spacing_mm: [f64; 2]) -> [f64; 2] {
    let finest = spacing_mm[0].min(spacing_mm[1]);
    spacing_mm.map(|s| (s / finest).clamp(1.0, MOST_ANISOTROPIC))
}
