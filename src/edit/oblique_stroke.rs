//! The voxels under one segment of a disc's stroke on a plane at any angle.

use std::ops::RangeInclusive;

use super::VoxelSet;
use super::brush::FARTHEST_VOXEL;
use crate::geometry::vector::{add, dot, minus, scaled, unit, without};
use crate::geometry::{Affine, Extent, Voxel};

/// Keeps voxels exactly on the rim or the border of the plane's reach in spite of rounding.
const MARGIN: f64 = 1.0 + 1e-9;
/// Larger than any volume, mm.
const LARGEST_RADIUS: f64 = 1e9;
/// Between two positions of a pointer the line is looked at in so many places at most.
const MOST_PLACES: f64 = 4096.0;

/// A straight piece of a stroke between two continuous voxel positions. It lies in the plane through `to`; from elsewhere,
/// `from` is projected into it.
///
/// A disc on a slice along the voxel axes snaps to voxels or the middle between two; this one is centred exactly at the
/// pointer. Where both are centred at the same place in an untilted plane, they cover the same voxels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ObliqueStroke {
    pub diameter_mm: f64,
    /// Of the plane, in world space; of any length.
    pub normal: [f64; 3],
    pub world_from_voxel: Affine,
    pub from: [f64; 3],
    pub to: [f64; 3],
}

impl ObliqueStroke {
    /// Every voxel of the extent that the plane cuts and whose centre, projected into the plane, is at most the radius from
    /// the segment; also the voxels the segment itself passes through, so that the smallest disc paints where it points.
    ///
    /// The plane cuts a voxel whose centre is at most half the voxel's width along the normal away, which is half the sum of
    /// its edges' shares along the normal. None if a position is NaN, the normal has no direction or the affine is not usable.
    pub fn voxels(&self, extent: Extent) -> VoxelSet {
        let Some(disc) = SweptDisc::new(self) else { return VoxelSet::from_spans(extent, []) };
        let [x, y, z] = disc.bounds(extent);
        let mut spans = Vec::new();
        for (z, y) in z.flat_map(|z| y.clone().map(move |y| (z, y))) {
            for x in disc.cut_columns(x.clone(), y, z).filter(|&x| disc.holds(Voxel::new(x, y, z))) {
                let index = extent.index(Voxel::new(x, y, z));
                spans.push(index..index + 1);
            }
        }
        let under_line = disc.places().filter_map(|place| extent.nearest_voxel(place));
        spans.extend(under_line.map(|voxel| extent.index(voxel)).map(|index| index..index + 1));
        VoxelSet::from_spans(extent, spans)
    }
}

/// A disc moved along a line in its plane; lengths in mm.
struct SweptDisc {
    world_from_voxel: Affine,
    voxel_from_world: Affine,
    normal: [f64; 3],
    /// Where the line ends, and how it leads back to its beginning.
    to: [f64; 3],
    back: [f64; 3],
    radius: f64,
    half_width: f64,
}

impl SweptDisc {
    fn new(stroke: &ObliqueStroke) -> Option<Self> {
        let world_from_voxel = stroke.world_from_voxel;
        let (voxel_from_world, normal) = (world_from_voxel.inverse()?, unit(stroke.normal)?);
        let [from, to] = [stroke.from, stroke.to].map(|p| p.map(|c| c.clamp(-FARTHEST_VOXEL, FARTHEST_VOXEL)));
        if from.iter().chain(&to).any(|c| c.is_nan()) {
            return None;
        }
        let [from, to] = [from, to].map(|p| world_from_voxel.world_from_voxel(p));
        let half_width = (0..3).map(|a| dot(world_from_voxel.column(a), normal).abs()).sum::<f64>() / 2.0;
        let radius = if stroke.diameter_mm > 0.0 { (stroke.diameter_mm / 2.0).min(LARGEST_RADIUS) } else { 0.0 };
        let back = without(minus(from, to), normal);
        Some(Self { world_from_voxel, voxel_from_world, normal, to, back, radius, half_width })
    }

    /// Voxel indices along each axis beyond which nothing is held, inside the extent.
    fn bounds(&self, extent: Extent) -> [RangeInclusive<usize>; 3] {
        let [start, end] = [add(self.to, self.back), self.to].map(|p| self.voxel_from_world.world_from_voxel(p));
        let n = extent.to_array();
        std::array::from_fn(|axis| {
            let [a, b, c, _] = self.voxel_from_world.rows[axis];
            let per_mm = [a, b, c];
            let in_plane = without(per_mm, self.normal);
            let reach = MARGIN
                * (self.radius * dot(in_plane, in_plane).sqrt() + self.half_width * dot(per_mm, self.normal).abs());
            whole_within(start[axis].min(end[axis]) - reach, start[axis].max(end[axis]) + reach, n[axis] - 1)
        })
    }

    /// Those of the columns of a row that the plane may cut: the height over it grows evenly along the row.
    fn cut_columns(&self, columns: RangeInclusive<usize>, y: usize, z: usize) -> RangeInclusive<usize> {
        let first = self.height(Voxel::new(0, y, z));
        let per_column = dot(self.world_from_voxel.column(0), self.normal);
        let [a, b] = [-1.0, 1.0].map(|side| (side * MARGIN * self.half_width - first) / per_column);
        // A row along the plane is cut everywhere or nowhere: without a number, or beyond all columns.
        if a.is_nan() || b.is_nan() {
            return columns;
        }
        let cut = whole_within(a.min(b) - 1.0, a.max(b) + 1.0, *columns.end());
        *columns.start().max(cut.start())..=*cut.end()
    }

    fn height(&self, voxel: Voxel) -> f64 {
        dot(minus(self.world_from_voxel.world_from_voxel(voxel.to_f64()), self.to), self.normal)
    }

    fn holds(&self, voxel: Voxel) -> bool {
        if self.height(voxel).abs() > MARGIN * self.half_width {
            return false;
        }
        let away = without(minus(self.world_from_voxel.world_from_voxel(voxel.to_f64()), self.to), self.normal);
        let length_squared = dot(self.back, self.back);
        let share = if length_squared > 0.0 { (dot(away, self.back) / length_squared).clamp(0.0, 1.0) } else { 0.0 };
        let aside = minus(away, scaled(self.back, share));
        dot(aside, aside) <= MARGIN * self.radius.powi(2)
    }

    /// Voxel positions along the line, at most half a voxel apart unless it is very long.
    fn places(&self) -> impl Iterator<Item = [f64; 3]> {
        let [start, end] = [add(self.to, self.back), self.to].map(|p| self.voxel_from_world.world_from_voxel(p));
        let way = minus(end, start);
        let longest = way.iter().fold(0.0f64, |longest, c| longest.max(c.abs()));
        // Between 1 and the bound.
        let steps = (2.0 * longest).ceil().clamp(1.0, MOST_PLACES) as u32;
        (0..=steps).map(move |k| add(start, scaled(way, f64::from(k) / f64::from(steps))))
    }
}

/// Whole numbers from `low` to `high` that are in `0..=last`; an empty range if there is none.
fn whole_within(low: f64, high: f64, last: usize) -> RangeInclusive<usize> {
    if !(high >= 0.0 && low <= last as f64) {
        return RangeInclusive::new(1, 0);
    }
    // Clamped: the casts are exact.
    low.ceil().max(0.0) as usize..=high.floor().min(last as f64) as usize
}

#[cfg(test)]
mod tests;
