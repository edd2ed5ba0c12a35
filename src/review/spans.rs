//! Voxels as spans of linear indices along x.

use rayon::prelude::*;

use crate::geometry::{Extent, VoxelBox};
use crate::label::Span;

/// The longest spans of one key in the rows of a box, ascending; key 0 is left out. The plane covers the extent.
pub(super) fn keyed_spans<T: Copy + Sync>(
    extent: Extent,
    plane: &[T],
    bounds: &VoxelBox,
    key: impl Fn(T) -> u8 + Sync,
) -> Vec<(Span, u8)> {
    let b = bounds.intersect(&extent.full_box());
    if b.is_empty() {
        return Vec::new();
    }
    let of_slice = |z: usize| {
        let mut spans = Vec::new();
        for y in b.lo.y..b.hi.y {
            let start = extent.x() * (y + extent.y() * z) + b.lo.x;
            let row = plane.get(start..start + b.hi.x - b.lo.x).unwrap_or(&[]);
            push_spans(row, start, &key, &mut spans);
        }
        spans
    };
    let slices: Vec<Vec<_>> = (b.lo.z..b.hi.z).into_par_iter().map(of_slice).collect();
    slices.concat()
}

fn push_spans<T: Copy>(row: &[T], first: usize, key: &impl Fn(T) -> u8, spans: &mut Vec<(Span, u8)>) {
    let mut at = 0;
    while let Some(next) = row.get(at..).and_then(|rest| rest.iter().position(|v| key(*v) != 0)) {
        let start = at + next;
        let rest = row.get(start..).unwrap_or(&[]);
        let own = rest.first().map_or(0, |v| key(*v));
        let len = rest.iter().position(|v| key(*v) != own).unwrap_or(rest.len());
        spans.push((first + start..first + start + len, own));
        at = start + len;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn spans_of_a_box_hold_each_keyed_voxel_once_and_never_leave_their_row(
            plane in prop::collection::vec(0u8..3, 60),
            corners in prop::array::uniform2(prop::array::uniform3(0usize..7)),
        ) {
            let extent = Extent::new(5, 4, 3).unwrap();
            let b = VoxelBox { lo: corners[0].into(), hi: corners[1].into() };
            let spans = keyed_spans(extent, &plane, &b, |v| v);
            prop_assert!(spans.iter().all(|(s, _)| !s.is_empty() && s.start / 5 == (s.end - 1) / 5));
            let found: Vec<(usize, u8)> = spans.into_iter().flat_map(|(s, key)| s.map(move |i| (i, key))).collect();
            let wanted = |i: &usize| plane[*i] != 0 && b.contains(extent.voxel(*i));
            let expected: Vec<(usize, u8)> = (0..60).filter(wanted).map(|i| (i, plane[i])).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
