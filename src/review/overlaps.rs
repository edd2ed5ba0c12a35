//! Which regions of a new prediction are those of the old one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::label::Span;
use crate::review::Region;

/// A new region is an old one if they share at least this part of the smaller of the two: regions grow and shrink from round to
/// round, but do not wander.
const SHARED: f64 = 0.5;

/// Places of old and new regions that are the same. Regions that share most find each other first; of equal ones the earlier.
/// `first` finds its own before all others. New regions are disjoint.
pub(super) fn matched(old: &[&Region], first: Option<usize>, new: &[Region]) -> Vec<(usize, usize)> {
    let owned = new.iter().enumerate().flat_map(|(place, region)| region.spans.iter().map(move |s| (s.clone(), place)));
    let mut owned: Vec<(Span, usize)> = owned.collect();
    owned.sort_by_key(|(span, _)| span.start);
    let mut pairs = Vec::new();
    for (place, region) in old.iter().enumerate() {
        for (other, shared) in shared_with(region, &owned) {
            let smaller = new.get(other).map_or(0, |r| r.voxel_count).min(region.voxel_count);
            if shared as f64 >= SHARED * smaller as f64 {
                pairs.push((Some(place) != first, Reverse(shared), place, other));
            }
        }
    }
    pairs.sort_unstable();
    let (mut old_taken, mut new_taken) = (vec![false; old.len()], vec![false; new.len()]);
    pairs.retain(|&(.., a, b)| {
        let free = !old_taken[a] && !new_taken[b];
        if free {
            (old_taken[a], new_taken[b]) = (true, true);
        }
        free
    });
    pairs.into_iter().map(|(.., a, b)| (a, b)).collect()
}

/// Voxels shared with every owner of spans, which are ascending and disjoint.
fn shared_with(region: &Region, owned: &[(Span, usize)]) -> BTreeMap<usize, usize> {
    let mut shared = BTreeMap::new();
    for span in &region.spans {
        let start = owned.partition_point(|(s, _)| s.end <= span.start);
        for (other, owner) in owned.get(start..).unwrap_or(&[]).iter().take_while(|(s, _)| s.start < span.end) {
            *shared.entry(*owner).or_insert(0) += span.end.min(other.end) - span.start.max(other.start);
        }
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::VoxelBox;
    use crate::review::fixture::{Scene, cube};

    fn regions(boxes: &[VoxelBox]) -> Vec<Region> {
        let mut scene = Scene::new([80, 20, 20]);
        boxes.iter().for_each(|b| scene.disagree(*b, 1, 0));
        scene.regions()
    }

    fn pairs(old: &[Region], first: Option<usize>, new: &[Region]) -> Vec<(usize, usize)> {
        matched(&old.iter().collect::<Vec<_>>(), first, new)
    }

    #[test]
    fn regions_that_moved_a_little_are_found_and_new_ones_are_not() {
        let old = regions(&[cube([5, 5, 5], [4, 4, 4]), cube([40, 5, 5], [4, 4, 4])]);
        let new = regions(&[cube([6, 5, 5], [4, 4, 4]), cube([20, 5, 5], [4, 4, 4]), cube([43, 5, 5], [4, 4, 4])]);
        assert_eq!(pairs(&old, None, &new), [(0, 0)]);
    }

    #[test]
    fn a_region_that_fell_apart_goes_on_in_its_largest_part() {
        let old = regions(&[cube([5, 5, 5], [20, 4, 4])]);
        let new = regions(&[cube([5, 5, 5], [5, 4, 4]), cube([15, 5, 5], [10, 4, 4])]);
        assert_eq!(pairs(&old, None, &new), [(0, 1)]);
    }

    #[test]
    fn of_regions_that_grew_together_the_preferred_one_goes_on() {
        let old = regions(&[cube([5, 5, 5], [4, 4, 4]), cube([15, 5, 5], [4, 4, 4])]);
        let new = regions(&[cube([5, 5, 5], [14, 4, 4])]);
        assert_eq!(pairs(&old, None, &new), [(0, 0)]);
        assert_eq!(pairs(&old, Some(1), &new), [(1, 0)]);
    }
}
