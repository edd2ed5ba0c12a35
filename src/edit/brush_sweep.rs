//! One brush on its way over a volume: which voxels it covers that it has not just covered.

use std::ops::Range;

use super::brush::Stamp;
use super::stroke::digital_line;
use super::{StrokeSegment, VoxelSet};
use crate::geometry::Extent;

/// Leaves out what lay under the brush where the last segment ended: between two places of a hand most of a large
/// brush overlaps, and painting twice changes nothing.
#[derive(Clone, Debug, Default)]
pub struct BrushSweep {
    last: Option<LastStamp>,
}

#[derive(Clone, Debug)]
struct LastStamp {
    /// Of the segment that the stamp is of; its places do not count.
    segment: StrokeSegment,
    extent: Extent,
    stamp: Stamp,
    anchor: [i64; 3],
}

impl BrushSweep {
    /// The voxels under the brush along a segment, clipped to the extent, without those under the last stamp of the
    /// segment before if it was of the same brush; none if a position is NaN.
    ///
    /// Consecutive stamps are at most one voxel apart along each axis, so the stroke has no gaps. The work grows
    /// with the brush and the length of the segment, not with the volume.
    pub fn advance(&mut self, segment: &StrokeSegment, extent: Extent) -> VoxelSet {
        let (stamp, covered) = match self.last.take().filter(|last| last.is_of(segment, extent)) {
            Some(last) => (last.stamp, Some(last.anchor)),
            None => (segment.stamp(extent), None),
        };
        let (Some(from), Some(to)) = (stamp.anchor(segment.from), stamp.anchor(segment.to)) else {
            return VoxelSet::from_spans(extent, []);
        };
        let mut rows = SweptRows::new(extent, &stamp, from, to);
        for anchor in digital_line(from, to).skip(usize::from(covered == Some(from))) {
            rows.add(&stamp, anchor);
        }
        let voxels = match covered {
            Some(anchor) => {
                let mut behind = rows.emptied();
                behind.add(&stamp, anchor);
                rows.into_set_without(&behind.open)
            }
            None => rows.into_set(),
        };
        self.last = Some(LastStamp { segment: *segment, extent, stamp, anchor: to });
        voxels
    }
}

impl LastStamp {
    fn is_of(&self, segment: &StrokeSegment, extent: Extent) -> bool {
        let StrokeSegment { from, to, .. } = self.segment;
        self.extent == extent && self.segment == StrokeSegment { from, to, ..*segment }
    }
}

/// One x interval per row of the swept box. The intervals of consecutive stamps nearly always touch; one that does
/// not sends its predecessor to `closed`.
struct SweptRows {
    extent: Extent,
    y: Range<i64>,
    z: Range<i64>,
    open: Vec<Range<i64>>,
    /// With their rows' places in `open`.
    closed: Vec<(usize, Range<i64>)>,
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

    /// The same box with nothing in it.
    fn emptied(&self) -> Self {
        let (y, z) = (self.y.clone(), self.z.clone());
        Self { extent: self.extent, y, z, open: vec![0..0; self.open.len()], closed: Vec::new() }
    }

    fn add(&mut self, stamp: &Stamp, anchor: [i64; 3]) {
        let nx = signed(self.extent)[0];
        for row in stamp.rows() {
            let (y, z) = (anchor[1] + row.y, anchor[2] + row.z);
            let x = (anchor[0] + row.x_first).max(0)..(anchor[0] + row.x_last + 1).min(nx);
            if x.is_empty() || !self.y.contains(&y) || !self.z.contains(&z) {
                continue;
            }
            let place = (y - self.y.start) + (z - self.z.start) * (self.y.end - self.y.start);
            let Ok(place) = usize::try_from(place) else { continue };
            let Some(open) = self.open.get_mut(place) else { continue };
            if open.is_empty() {
                *open = x;
            } else if x.start <= open.end && open.start <= x.end {
                *open = open.start.min(x.start)..open.end.max(x.end);
            } else {
                self.closed.push((place, std::mem::replace(open, x)));
            }
        }
    }

    fn into_set(self) -> VoxelSet {
        self.into_set_without(&[])
    }

    /// Without one interval of each row, in the order of `open`; rows beyond the last of them are kept whole.
    fn into_set_without(self, covered: &[Range<i64>]) -> VoxelSet {
        let mut spans = Vec::with_capacity(self.open.len() + self.closed.len());
        let width = (self.y.end - self.y.start).max(1);
        for (place, x) in self.open.into_iter().enumerate().chain(self.closed) {
            let Ok(row) = i64::try_from(place) else { continue };
            let (y, z) = (self.y.start + row % width, self.z.start + row / width);
            let parts = match covered.get(place) {
                Some(covered) => [x.start..x.end.min(covered.start), x.start.max(covered.end)..x.end],
                None => [x, 0..0],
            };
            for part in parts {
                if !part.is_empty()
                    && let Some(span) = linear_span(self.extent, y, z, part)
                {
                    spans.push(span);
                }
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::{Brush, BrushShape, BrushSize};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn extent() -> Extent {
        Extent::new(24, 20, 16).unwrap()
    }

    fn any_place() -> impl Strategy<Value = [f64; 3]> {
        (-6.0f64..30.0, -6.0f64..26.0, -6.0f64..22.0).prop_map(|(x, y, z)| [x, y, z])
    }

    fn any_brush() -> impl Strategy<Value = Brush> {
        let shape = prop_oneof![Just(BrushShape::Disc), Just(BrushShape::Ball), Just(BrushShape::Square)];
        (shape, 0.1f64..12.0).prop_map(|(shape, size)| Brush { shape, size: BrushSize::Voxels(size) })
    }

    fn segment(brush: Brush, from: [f64; 3], to: [f64; 3]) -> StrokeSegment {
        StrokeSegment { brush, plane_normal_axis: 2, from, to, spacing_mm: [1.0, 0.8, 2.0] }
    }

    fn indices(set: &VoxelSet) -> BTreeSet<usize> {
        set.indices().collect()
    }

    proptest! {
        #[test]
        fn a_sweep_covers_what_its_segments_cover_and_skips_only_the_last_stamp(
            brush in any_brush(), places in prop::collection::vec(any_place(), 2..6), joined in any::<bool>(),
        ) {
            let mut sweep = BrushSweep::default();
            let (mut swept, mut whole, mut behind) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
            for pair in places.windows(2) {
                // As a hand draws, each from where the last ended, or stamps far apart.
                let from = if joined { pair[0] } else { pair[1] };
                let part = segment(brush, from, pair[1]);
                let new = indices(&sweep.advance(&part, extent()));
                let all = indices(&part.voxels(extent()));
                prop_assert_eq!(&new, &all.difference(&behind).copied().collect::<BTreeSet<_>>());
                swept.extend(new);
                whole.extend(all);
                behind = indices(&segment(brush, pair[1], pair[1]).voxels(extent()));
            }
            prop_assert_eq!(swept, whole);
        }
    }

    #[test]
    fn another_brush_grid_or_place_without_number_starts_anew() {
        let ball = |size| Brush { shape: BrushShape::Ball, size: BrushSize::Voxels(size) };
        let at = [9.0, 9.0, 8.0];
        let (small, large) = (segment(ball(5.0), at, at), segment(ball(7.0), at, at));
        let mut sweep = BrushSweep::default();
        assert_eq!(sweep.advance(&small, extent()), small.voxels(extent()));
        assert!(sweep.advance(&small, extent()).is_empty());
        assert_eq!(sweep.advance(&large, extent()), large.voxels(extent()));
        let other = Extent::new(30, 20, 16).unwrap();
        assert_eq!(sweep.advance(&large, other), large.voxels(other));
        assert!(sweep.advance(&segment(ball(7.0), at, [f64::NAN; 3]), other).is_empty());
        assert_eq!(sweep.advance(&large, other), large.voxels(other));
    }
}
