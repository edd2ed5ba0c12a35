//! Pieces of a shape that have moved so far from one slice to the next that they hardly overlap.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::field::Field;
use crate::geometry::{Extent, Voxel, VoxelBox};
use crate::label::components;
use crate::volume::Grid;

/// A thin structure may run so many mm sideways for each mm from slice to slice (63 degrees from straight); more is
/// rather two structures than one.
const STEEPEST_TILT: f64 = 2.0;
/// Speckles beyond so many largest pieces in a slice are not paired.
const MOST_PIECES: usize = 64;

/// Two pieces, one in each drawn slice, taken for the same structure.
pub(super) struct Pair {
    pub(super) from: Piece,
    pub(super) to: Piece,
}

/// A 4-connected piece by itself.
pub(super) struct Piece {
    field: Field,
    /// Of the field's position `(0, 0)`.
    origin_mm: [f64; 2],
    pub(super) centre_mm: [f64; 2],
    /// All of it lies this near to its centre.
    pub(super) radius_mm: f64,
}

/// What is known of a piece before it gets a field.
#[derive(Clone, Copy)]
struct Sketch {
    number: u32,
    count: usize,
    sum: [f64; 2],
    bounds: VoxelBox,
    /// Overlaps a piece of the other slice well enough for their distances to be blended as they are.
    carried: bool,
}

/// The pairs between two masks of one extent, `gap_mm` apart: nearest first, each piece at most once.
pub(super) fn pairs(from: &Grid<bool>, to: &Grid<bool>, spacing_mm: [f64; 2], gap_mm: f64) -> Vec<Pair> {
    let numbers = [from, to].map(|mask| components(|i| mask.as_slice()[i], mask.extent()));
    let mut sketches = [sketches(&numbers[0]), sketches(&numbers[1])];
    mark_carried(&numbers, &mut sketches);
    let [starts, ends] = sketches.map(loose);
    let mut candidates = Vec::new();
    for (a, start) in starts.iter().enumerate() {
        for (b, end) in ends.iter().enumerate() {
            let (p, q) = (start.centre_mm(spacing_mm), end.centre_mm(spacing_mm));
            let apart = (p[0] - q[0]).hypot(p[1] - q[1]);
            let sizes = start.round_radius_mm(spacing_mm) + end.round_radius_mm(spacing_mm);
            if apart <= STEEPEST_TILT * gap_mm + sizes {
                candidates.push((apart, a, b));
            }
        }
    }
    candidates.sort_by(|p, q| p.0.total_cmp(&q.0));
    let (mut start_free, mut end_free) = (vec![true; starts.len()], vec![true; ends.len()]);
    let mut pairs = Vec::new();
    for (_, a, b) in candidates {
        if start_free[a] && end_free[b] {
            (start_free[a], end_free[b]) = (false, false);
            let from = starts[a].piece(&numbers[0], spacing_mm);
            let to = ends[b].piece(&numbers[1], spacing_mm);
            pairs.extend(from.zip(to).map(|(from, to)| Pair { from, to }));
        }
    }
    pairs
}

/// Pieces in the order of their numbers, from 1.
fn sketches(numbers: &Grid<u32>) -> Vec<Sketch> {
    let mut found: Vec<Sketch> = Vec::new();
    for (v, &number) in numbers.extent().full_box().voxels().zip(numbers.as_slice()) {
        let bounds = VoxelBox::of_voxel(v);
        if number as usize > found.len() {
            found.push(Sketch { number, count: 0, sum: [0.0; 2], bounds, carried: false });
        }
        let Some(sketch) = (number as usize).checked_sub(1).and_then(|slot| found.get_mut(slot)) else { continue };
        sketch.count += 1;
        sketch.sum = [sketch.sum[0] + v.x as f64, sketch.sum[1] + v.y as f64];
        sketch.bounds = sketch.bounds.union(&bounds);
    }
    found
}

/// Carried are two pieces that share at least half of the smaller one.
fn mark_carried(numbers: &[Grid<u32>; 2], sketches: &mut [Vec<Sketch>; 2]) {
    let mut shared: BTreeMap<(u32, u32), usize> = BTreeMap::new();
    for (&a, &b) in numbers[0].as_slice().iter().zip(numbers[1].as_slice()) {
        if a > 0 && b > 0 {
            *shared.entry((a, b)).or_default() += 1;
        }
    }
    let [starts, ends] = sketches;
    for ((a, b), count) in shared {
        let (start, end) = (&mut starts[a as usize - 1], &mut ends[b as usize - 1]);
        if 2 * count >= start.count.min(end.count) {
            (start.carried, end.carried) = (true, true);
        }
    }
}

/// The largest pieces that are not carried.
fn loose(mut sketches: Vec<Sketch>) -> Vec<Sketch> {
    sketches.retain(|sketch| !sketch.carried);
    sketches.sort_by_key(|sketch| Reverse(sketch.count));
    sketches.truncate(MOST_PIECES);
    sketches
}

impl Sketch {
    fn centre_mm(&self, spacing_mm: [f64; 2]) -> [f64; 2] {
        std::array::from_fn(|a| self.sum[a] / self.count as f64 * spacing_mm[a])
    }

    /// Radius of a disc of the same area.
    fn round_radius_mm(&self, spacing_mm: [f64; 2]) -> f64 {
        (self.count as f64 * spacing_mm[0] * spacing_mm[1] / std::f64::consts::PI).sqrt()
    }

    /// A rim of one position around it lets the field see its outside.
    fn piece(&self, numbers: &Grid<u32>, spacing_mm: [f64; 2]) -> Option<Piece> {
        let bounds = self.bounds.grown(1, numbers.extent());
        let extent = Extent::from_array(bounds.size())?;
        let mask = Grid::from_vec(extent, bounds.voxels().map(|v| numbers.at(v) == self.number).collect())?;
        let centre_mm = self.centre_mm(spacing_mm);
        let mm = |v: Voxel| [v.x as f64 * spacing_mm[0], v.y as f64 * spacing_mm[1]];
        let (lo, hi) = (mm(bounds.lo), mm(bounds.hi));
        let reach: [f64; 2] = std::array::from_fn(|a| (centre_mm[a] - lo[a]).max(hi[a] - centre_mm[a]));
        let radius_mm = reach[0].hypot(reach[1]);
        Some(Piece { field: Field::new(&mask, spacing_mm), origin_mm: lo, centre_mm, radius_mm })
    }
}

impl Piece {
    /// Signed distance at a place relative to the centre.
    pub(super) fn around_centre(&self, offset_mm: [f64; 2]) -> f32 {
        self.field.sample(std::array::from_fn(|a| self.centre_mm[a] + offset_mm[a] - self.origin_mm[a]))
    }
}
