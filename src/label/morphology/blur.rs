//! Gaussian blur of masks, slice by slice.

use crate::geometry::VoxelBox;
use crate::label::distance::usable_spacing;
use crate::volume::Grid;

/// Where the bell curve is cut off, in standard deviations: 0.3 % of its area lie beyond.
const CUT_OFF: f64 = 3.0;
/// Largest standard deviation in voxels: more would blur any organ away, and work grows with it.
const LARGEST_SIGMA_VOXELS: f64 = 64.0;

/// Weights that sum to 1, along each axis from the farthest voxel before to the farthest after.
pub(super) struct Blur {
    weights: [Vec<f32>; 3],
}

/// Room for the sums of one slice.
#[derive(Default)]
pub(super) struct BlurRoom {
    plane: Vec<f32>,
    row: Vec<f32>,
    blurred: Vec<f32>,
}

impl Blur {
    /// `None` if `sigma_mm` is not above 0. More than 64 voxels count as 64.
    pub(super) fn new(sigma_mm: f64, spacing_mm: [f64; 3]) -> Option<Self> {
        let sigmas = usable_spacing(spacing_mm).map(|s| (sigma_mm / s).min(LARGEST_SIGMA_VOXELS));
        (sigma_mm > 0.0).then(|| Self { weights: sigmas.map(bell_curve) })
    }

    /// Voxels along each axis that a voxel is blurred over on either side.
    pub(super) fn reach(&self) -> [usize; 3] {
        std::array::from_fn(|a| self.weights[a].len() / 2)
    }

    /// Gives the share of wanted voxels (0 to 1) around the voxels of slice `z` of a box, row by row (with its y). Beyond the
    /// border of the grid its outermost voxels go on.
    pub(super) fn slice<T: Copy>(
        &self,
        grid: &Grid<T>,
        wanted: impl Fn(T) -> bool,
        (b, z): (&VoxelBox, usize),
        room: &mut BlurRoom,
        mut give: impl FnMut(usize, &[f32]),
    ) {
        let extent = grid.extent();
        let reach = self.reach();
        let around = super::bounds::grown_by(b, [reach[0], reach[1], 0], extent);
        let [nx, ny, _] = around.size();
        room.plane.clear();
        room.plane.resize(nx * ny, 0.0);
        for (place, weight) in self.weights[2].iter().enumerate() {
            let z = clamped(z + place, reach[2], extent.z());
            for (y, sums) in (around.lo.y..).zip(room.plane.chunks_exact_mut(nx)) {
                let voxels = &grid.as_slice()[grid.row_range(&around, y, z)];
                let share = |voxel| if wanted(voxel) { *weight } else { 0.0 };
                sums.iter_mut().zip(voxels).for_each(|(sum, voxel)| *sum += share(*voxel));
            }
        }
        // Along x the outermost values are repeated where the border cuts the reach off.
        let before = reach[0] - (b.lo.x - around.lo.x);
        let len = b.size()[0];
        room.row.resize(len + 2 * reach[0], 0.0);
        for y in b.lo.y..b.hi.y {
            let sums = &mut room.row[before..before + nx];
            sums.fill(0.0);
            for (place, weight) in self.weights[1].iter().enumerate() {
                let y = clamped(y + place, reach[1], extent.y()) - around.lo.y;
                add_weighted(sums, &room.plane[y * nx..(y + 1) * nx], *weight);
            }
            let (first, last) = (sums[0], sums[nx - 1]);
            room.row[..before].fill(first);
            room.row[before + nx..].fill(last);
            room.blurred.clear();
            room.blurred.resize(len, 0.0);
            for (place, weight) in self.weights[0].iter().enumerate() {
                add_weighted(&mut room.blurred, &room.row[place..place + len], *weight);
            }
            give(y, &room.blurred);
        }
    }
}

/// Weights of a bell curve of this standard deviation in voxels.
fn bell_curve(sigma: f64) -> Vec<f32> {
    let reach = (CUT_OFF * sigma).ceil() as i32;
    let weights: Vec<f64> = (-reach..=reach).map(|k| (-0.5 * (f64::from(k) / sigma).powi(2)).exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|w| (w / sum) as f32).collect()
}

/// The position `at - reach` in `0..len` or the nearest to it.
fn clamped(at: usize, reach: usize, len: usize) -> usize {
    at.saturating_sub(reach).min(len - 1)
}

fn add_weighted(sums: &mut [f32], values: &[f32], weight: f32) {
    sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += weight * value);
}
