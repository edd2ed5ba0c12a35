//! The connected component of 6-neighbours around one voxel, found by spreading over spans along x.

use std::ops::Range;

use crate::geometry::{Extent, Voxel, VoxelBox};

/// Linear indices of the component that holds `seed`, ascending; empty if the seed is outside the mask or the extent.
pub fn component_at(mask: impl Fn(usize) -> bool, extent: Extent, seed: Voxel) -> Vec<usize> {
    component_spans_at(mask, extent, seed).into_iter().flatten().collect()
}

/// Like [`component_at`], as ascending spans that each lie in one row. Visits the component and its rim only.
pub fn component_spans_at(mask: impl Fn(usize) -> bool, extent: Extent, seed: Voxel) -> Vec<Range<usize>> {
    component_spans_in(mask, extent, extent.full_box(), seed, |_| true).unwrap_or_default()
}

/// Like [`component_spans_at`], but never leaves a box.
///
/// `go_on` hears after every span how many voxels were found so far; `None` as soon as it says no.
pub fn component_spans_in(
    mask: impl Fn(usize) -> bool,
    extent: Extent,
    bounds: VoxelBox,
    seed: Voxel,
    mut go_on: impl FnMut(usize) -> bool,
) -> Option<Vec<Range<usize>>> {
    let bounds = bounds.intersect(&extent.full_box());
    if !bounds.contains(seed) {
        return Some(Vec::new());
    }
    let mut visited = BitSet::new(extent.voxel_count());
    let mut spans = Vec::new();
    let mut found = 0;
    let mut stack = vec![extent.index(seed)];
    while let Some(index) = stack.pop() {
        if visited.contains(index) || !mask(index) {
            continue;
        }
        let row = index - index % extent.x();
        let start = (row + bounds.lo.x..index).rev().take_while(|&i| mask(i)).last().unwrap_or(index);
        let end = (index..row + bounds.hi.x).take_while(|&i| mask(i)).last().map_or(index, |i| i + 1);
        visited.insert(start..end);
        for neighbour in neighbour_rows(extent, &bounds, start..end).into_iter().flatten() {
            let mut inside = false;
            for i in neighbour {
                let open = mask(i) && !visited.contains(i);
                if open && !inside {
                    stack.push(i);
                }
                inside = open;
            }
        }
        spans.push(start..end);
        found += end - start;
        if !go_on(found) {
            return None;
        }
    }
    spans.sort_unstable_by_key(|s| s.start);
    Some(spans)
}

/// The span moved to the rows before and behind it along y and z, where the box has such rows.
fn neighbour_rows(extent: Extent, bounds: &VoxelBox, span: Range<usize>) -> [Option<Range<usize>>; 4] {
    let at = extent.voxel(span.start);
    let slice = extent.x() * extent.y();
    let back = |step: usize, there: bool| there.then(|| span.start - step..span.end - step);
    let ahead = |step: usize, there: bool| there.then(|| span.start + step..span.end + step);
    [
        back(extent.x(), at.y > bounds.lo.y),
        ahead(extent.x(), at.y + 1 < bounds.hi.y),
        back(slice, at.z > bounds.lo.z),
        ahead(slice, at.z + 1 < bounds.hi.z),
    ]
}

/// One bit per voxel; the allocator hands out zeroed pages, so untouched parts cost nothing.
struct BitSet(Vec<u64>);

impl BitSet {
    fn new(len: usize) -> Self {
        Self(vec![0; len.div_ceil(64)])
    }

    fn contains(&self, i: usize) -> bool {
        self.0[i / 64] >> (i % 64) & 1 == 1
    }

    fn insert(&mut self, range: Range<usize>) {
        for i in range {
            self.0[i / 64] |= 1 << (i % 64);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The plain definition: spread from voxel to voxel.
    pub fn spread(mask: &[bool], extent: Extent, seed: usize) -> Vec<usize> {
        let mut found = vec![false; mask.len()];
        let mut stack = vec![seed];
        while let Some(i) = stack.pop() {
            if mask[i] && !found[i] {
                found[i] = true;
                let at = extent.voxel(i);
                for axis in 0..3 {
                    let c = at.to_array()[axis];
                    stack.extend(c.checked_sub(1).map(|c| extent.index(at.with_axis(axis, c))));
                    stack.extend((c + 1 < extent.to_array()[axis]).then(|| extent.index(at.with_axis(axis, c + 1))));
                }
            }
        }
        (0..mask.len()).filter(|&i| found[i]).collect()
    }

    pub fn any_mask() -> impl Strategy<Value = (Extent, Vec<bool>)> {
        (1usize..9, 1usize..7, 1usize..6, 1u8..10).prop_flat_map(|(x, y, z, density)| {
            let voxel = (0u8..10).prop_map(move |v| v < density);
            prop::collection::vec(voxel, x * y * z).prop_map(move |m| (Extent::new(x, y, z).unwrap(), m))
        })
    }

    #[test]
    fn a_seed_beside_the_mask_or_outside_finds_nothing() {
        let e = Extent::new(3, 1, 1).unwrap();
        assert!(component_at(|i| i == 0, e, Voxel::new(2, 0, 0)).is_empty());
        assert!(component_at(|_| true, e, Voxel::new(3, 0, 0)).is_empty());
    }

    proptest! {
        #[test]
        fn a_box_hides_what_lies_outside_it(
            (extent, mask) in any_mask(),
            corners in prop::array::uniform2(prop::array::uniform3(0usize..9)),
            seed in 0usize..500,
        ) {
            let bounds = VoxelBox { lo: corners[0].into(), hi: corners[1].into() };
            let seed = seed % mask.len();
            let masked: Vec<bool> = (0..mask.len()).map(|i| mask[i] && bounds.contains(extent.voxel(i))).collect();
            let found = component_spans_in(|i| mask[i], extent, bounds, extent.voxel(seed), |_| true).unwrap();
            prop_assert_eq!(found.into_iter().flatten().collect::<Vec<_>>(), spread(&masked, extent, seed));
        }
    }

    #[test]
    fn the_work_ends_when_it_is_told_to() {
        let e = Extent::new(10, 10, 10).unwrap();
        let mut heard = Vec::new();
        let go_on = |found| {
            heard.push(found);
            found < 30
        };
        assert_eq!(component_spans_in(|_| true, e, e.full_box(), Voxel::new(3, 3, 3), go_on), None);
        assert_eq!(heard, [10, 20, 30]);
    }
}
