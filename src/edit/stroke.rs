//! The voxels under one segment of a brush stroke: the union of stamps along a digital line.

use std::ops::Range;

use super::brush::Stamp;
use super::{Brush, Delta, Paint, VoxelSet, paint_voxels};
use crate::geometry::Extent;
use crate::label::LabelMap;

/// A straight piece of a stroke between two continuous voxel positions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StrokeSegment {
    pub brush: Brush,
    /// Voxel axis (0 = x, 1 = y, 2 = z) a disc is perpendicular to; without meaning for a ball.
    pub plane_normal_axis: usize,
    pub from: [f64; 3],
    pub to: [f64; 3],
    pub spacing_mm: [f64; 3],
}

impl StrokeSegment {
    /// Every voxel under the brush, clipped to the extent; none if a position is NaN.
    ///
    /// Consecutive stamps are at most one voxel apart along each axis, so the stroke has no gaps. The work grows
    /// with the brush and the length of the segment, not with the volume.
    pub fn voxels(&self, extent: Extent) -> VoxelSet {
        let stamp = Stamp::new(&self.brush, self.plane_normal_axis, self.spacing_mm, extent.to_array());
        let (Some(from), Some(to)) = (stamp.anchor(self.from), stamp.anchor(self.to)) else {
            return VoxelSet::from_spans(extent, Vec::new());
        };
        let mut rows = SweptRows::new(extent, &stamp, from, to);
        for anchor in digital_line(from, to) {
            rows.add(&stamp, anchor);
        }
        rows.into_set()
    }
}

/// Paints one segment of a stroke; `from` and `to` are continuous voxel positions. `None` if nothing changes.
pub fn stroke_segment(
    labels: &mut LabelMap,
    brush: Brush,
    plane_normal_axis: usize,
    from: [f64; 3],
    to: [f64; 3],
    spacing_mm: [f64; 3],
    paint: &Paint,
) -> Option<Delta> {
    let segment = StrokeSegment { brush, plane_normal_axis, from, to, spacing_mm };
    let voxels = segment.voxels(labels.extent());
    paint_voxels(labels, &voxels, paint)
}

/// Lattice points from one to the other, both included, neighbours at most one apart along each axis.
fn digital_line(from: [i64; 3], to: [i64; 3]) -> impl Iterator<Item = [i64; 3]> {
    let way: [i64; 3] = std::array::from_fn(|a| to[a] - from[a]);
    let steps = way.iter().fold(0, |n, d| d.abs().max(n));
    (0..=steps).map(move |k| {
        let rounded = |d: i64| if steps == 0 { 0 } else { (2 * d * k + steps).div_euclid(2 * steps) };
        std::array::from_fn(|a| from[a] + rounded(way[a]))
    })
}

/// One x interval per row of the swept box. The intervals of consecutive stamps nearly always touch; one that does
/// not sends its predecessor to `closed`.
struct SweptRows {
    extent: Extent,
    y: Range<i64>,
    z: Range<i64>,
    open: Vec<Range<i64>>,
    closed: Vec<Range<usize>>,
}

impl SweptRows {
    fn new(extent: Extent, stamp: &Stamp, from: [i64; 3], to: [i64; 3]) -> Self {
        let [_, ny, nz] = signed(extent);
        let (mut y, mut z) = (ny..0, nz..0);
        for row in stamp.rows() {
            for anchor in [from, to] {
                y = y.start.min(anchor[1] + row.y)..y.end.max(anchor[1] + row.y + 1);
                z = z.start.min(anchor[2] + row.z)..z.end.max(anchor[2] + row.z + 1);
            }
        }
        let (y, z) = (y.start.max(0)..y.end.min(ny), z.start.max(0)..z.end.min(nz));
        let row_count = (y.end - y.start).max(0) * (z.end - z.start).max(0);
        // At most the rows of the extent: the conversion cannot fail.
        let open = vec![0..0; usize::try_from(row_count).unwrap_or(0)];
        Self { extent, y, z, open, closed: Vec::new() }
    }

    fn add(&mut self, stamp: &Stamp, anchor: [i64; 3]) {
        let nx = signed(self.extent)[0];
        for row in stamp.rows() {
            let (y, z) = (anchor[1] + row.y, anchor[2] + row.z);
            let x = (anchor[0] + row.x_first).max(0)..(anchor[0] + row.x_last + 1).min(nx);
            if x.is_empty() || !self.y.contains(&y) || !self.z.contains(&z) {
                continue;
            }
            let slot = (y - self.y.start) + (z - self.z.start) * (self.y.end - self.y.start);
            let Some(open) = usize::try_from(slot).ok().and_then(|slot| self.open.get_mut(slot)) else { continue };
            if open.is_empty() {
                *open = x;
            } else if x.start <= open.end && open.start <= x.end {
                *open = open.start.min(x.start)..open.end.max(x.end);
            } else {
                let earlier = std::mem::replace(open, x);
                self.closed.extend(linear_span(self.extent, y, z, earlier));
            }
        }
    }

    fn into_set(self) -> VoxelSet {
        let mut spans = Vec::with_capacity(self.open.len() + self.closed.len());
        let rows = self.z.clone().flat_map(|z| self.y.clone().map(move |y| (y, z)));
        for ((y, z), x) in rows.zip(self.open) {
            spans.extend(linear_span(self.extent, y, z, x));
        }
        spans.extend(self.closed);
        VoxelSet::from_spans(self.extent, spans)
    }
}

/// Axis lengths as signed numbers; an axis never exceeds `isize`.
fn signed(extent: Extent) -> [i64; 3] {
    extent.to_array().map(|n| i64::try_from(n).unwrap_or(i64::MAX))
}

/// Linear indices of an x interval that is inside the extent.
fn linear_span(extent: Extent, y: i64, z: i64, x: Range<i64>) -> Option<Range<usize>> {
    let row = extent.x() * (usize::try_from(y).ok()? + extent.y() * usize::try_from(z).ok()?);
    Some(row + usize::try_from(x.start).ok()?..row + usize::try_from(x.end).ok()?)
}
