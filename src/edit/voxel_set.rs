//! A set of voxels as ascending spans of linear indices.

use std::iter;
use std::ops::Range;

use crate::geometry::{Extent, VoxelBox};

/// Disjoint spans in ascending order, all inside `extent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoxelSet {
    extent: Extent,
    spans: Vec<Range<usize>>,
}

impl VoxelSet {
    pub fn all(extent: Extent) -> Self {
        Self::from_spans(extent, iter::once(0..extent.voxel_count()))
    }

    /// The part of a box inside the extent.
    pub fn of_box(extent: Extent, bounds: VoxelBox) -> Self {
        let b = bounds.intersect(&extent.full_box());
        let mut spans = Vec::new();
        if !b.is_empty() {
            for z in b.lo.z..b.hi.z {
                for y in b.lo.y..b.hi.y {
                    let row = extent.x() * (y + extent.y() * z);
                    spans.push(row + b.lo.x..row + b.hi.x);
                }
            }
        }
        Self::from_spans(extent, spans)
    }

    /// All voxels whose coordinate along `axis` (0 = x, 1 = y, 2 = z) is `index`; empty if there is no such slice.
    pub fn of_slice(extent: Extent, axis: usize, index: usize) -> Self {
        let full = extent.full_box();
        if axis > 2 || index >= extent.to_array()[axis] {
            return Self::from_spans(extent, iter::empty());
        }
        let slice = VoxelBox { lo: full.lo.with_axis(axis, index), hi: full.hi.with_axis(axis, index + 1) };
        Self::of_box(extent, slice)
    }

    /// From spans in any order, overlapping or not; what lies beyond the extent is cut off.
    pub fn from_spans(extent: Extent, spans: impl IntoIterator<Item = Range<usize>>) -> Self {
        let end = extent.voxel_count();
        let mut spans: Vec<Range<usize>> = spans.into_iter().filter(|s| s.start < s.end.min(end)).collect();
        // Stable: the spans mostly come in ascending order, which this sort takes in one pass.
        spans.sort_by_key(|s| s.start);
        spans.dedup_by(|span, last| {
            let joins = span.start <= last.end;
            if joins {
                last.end = last.end.max(span.end);
            }
            joins
        });
        if let Some(last) = spans.last_mut() {
            last.end = last.end.min(end);
        }
        Self { extent, spans }
    }

    pub fn extent(&self) -> Extent {
        self.extent
    }

    pub fn spans(&self) -> &[Range<usize>] {
        &self.spans
    }

    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    pub fn voxel_count(&self) -> usize {
        self.spans.iter().map(ExactSizeIterator::len).sum()
    }

    /// The voxels whose linear index passes `keep`.
    pub fn filtered(&self, keep: impl Fn(usize) -> bool) -> Self {
        let mut spans: Vec<Range<usize>> = Vec::new();
        for index in self.indices().filter(|&i| keep(i)) {
            match spans.last_mut() {
                Some(last) if last.end == index => last.end += 1,
                _ => spans.push(index..index + 1),
            }
        }
        Self { extent: self.extent, spans }
    }

    /// The spans, parted where one row ends and the next begins.
    pub fn row_spans(&self) -> impl Iterator<Item = Range<usize>> {
        let row_length = self.extent.x();
        self.spans.iter().flat_map(move |span| {
            (span.start / row_length..span.end.div_ceil(row_length)).map(move |row| {
                let row = row * row_length;
                span.start.max(row)..span.end.min(row + row_length)
            })
        })
    }

    /// Linear indices in ascending order.
    pub fn indices(&self) -> impl Iterator<Item = usize> {
        self.spans.iter().cloned().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Voxel;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn spans_in_any_order_become_the_set_of_their_indices_inside(
            spans in prop::collection::vec((0usize..70, 0usize..12), 0..12),
        ) {
            let extent = Extent::new(4, 5, 3).unwrap();
            let set = VoxelSet::from_spans(extent, spans.iter().map(|&(s, n)| s..s + n));
            let inside = |i: &usize| spans.iter().any(|&(s, n)| (s..s + n).contains(i));
            let expected: Vec<usize> = (0..60).filter(inside).collect();
            prop_assert_eq!(set.indices().collect::<Vec<_>>(), expected);
            prop_assert!(set.spans().windows(2).all(|w| w[0].end < w[1].start));
        }
    }

    proptest! {
        #[test]
        fn filtering_keeps_what_passes_and_rows_part_the_spans(
            spans in prop::collection::vec((0usize..60, 0usize..30), 0..6), modulus in 1usize..5,
        ) {
            let extent = Extent::new(4, 5, 3).unwrap();
            let set = VoxelSet::from_spans(extent, spans.iter().map(|&(s, n)| s..s + n));
            let kept = set.filtered(|i| i % modulus > 0 || modulus == 1);
            let expected: Vec<usize> = set.indices().filter(|i| i % modulus > 0 || modulus == 1).collect();
            prop_assert_eq!(&kept, &VoxelSet::from_spans(extent, expected.into_iter().map(|i| i..i + 1)));
            let rows: Vec<Range<usize>> = set.row_spans().collect();
            prop_assert!(rows.iter().all(|r| !r.is_empty() && r.start / 4 == (r.end - 1) / 4));
            prop_assert!(rows.into_iter().flatten().eq(set.indices()));
        }
    }

    #[test]
    fn a_slice_holds_every_voxel_of_its_level_and_a_missing_one_none() {
        let e = Extent::new(3, 4, 5).unwrap();
        for axis in 0..3 {
            let found: Vec<Voxel> = VoxelSet::of_slice(e, axis, 2).indices().map(|i| e.voxel(i)).collect();
            let expected: Vec<Voxel> = e.full_box().voxels().filter(|v| v.to_array()[axis] == 2).collect();
            assert_eq!(found, expected);
            assert!(VoxelSet::of_slice(e, axis, e.to_array()[axis]).is_empty());
        }
        assert!(VoxelSet::of_slice(e, 3, 0).is_empty());
        assert_eq!(VoxelSet::all(e).voxel_count(), 60);
    }
}
