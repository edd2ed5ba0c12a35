//! Cheapest paths from one pixel to all others (Dijkstra 1959).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// For every pixel of a picture of `size` (columns, rows) the pixel before it on its cheapest 8-connected path from
/// `start` (which is its own). A step costs its length times the mean of the costs at its ends; `spacing` is the
/// distance of columns and of rows. Costs must not be negative and `start` must be inside.
pub(super) fn cheapest_paths(costs: &[f32], size: [usize; 2], spacing: [f32; 2], start: usize) -> Vec<usize> {
    let diagonal = spacing[0].hypot(spacing[1]);
    let mut previous = vec![start; costs.len()];
    let mut totals = vec![f32::INFINITY; costs.len()];
    totals[start] = 0.0;
    // The bits of floats that are not negative are in the order of the floats.
    let mut queue = BinaryHeap::from([Reverse((0f32.to_bits(), start))]);
    while let Some(Reverse((total_bits, at))) = queue.pop() {
        let total = totals[at];
        if total.to_bits() != total_bits {
            // A cheaper way was found after this entry was made.
            continue;
        }
        let (column, row) = (at % size[0], at / size[0]);
        for y in row.saturating_sub(1)..(row + 2).min(size[1]) {
            for x in column.saturating_sub(1)..(column + 2).min(size[0]) {
                let length = match (x == column, y == row) {
                    (true, true) => continue,
                    (false, true) => spacing[0],
                    (true, false) => spacing[1],
                    (false, false) => diagonal,
                };
                let neighbour = x + size[0] * y;
                let further = total + length * 0.5 * (costs[at] + costs[neighbour]);
                if further < totals[neighbour] {
                    totals[neighbour] = further;
                    previous[neighbour] = at;
                    queue.push(Reverse((further.to_bits(), neighbour)));
                }
            }
        }
    }
    previous
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path_cost(costs: &[f32], size: [usize; 2], spacing: [f32; 2], previous: &[usize], mut at: usize) -> f32 {
        let mut sum = 0.0;
        while previous[at] != at {
            let before = previous[at];
            let apart = [(at % size[0]).abs_diff(before % size[0]), (at / size[0]).abs_diff(before / size[0])];
            assert!(apart[0] <= 1 && apart[1] <= 1, "steps go to neighbours");
            let length = (apart[0] as f32 * spacing[0]).hypot(apart[1] as f32 * spacing[1]);
            sum += length * 0.5 * (costs[at] + costs[before]);
            at = before;
        }
        sum
    }

    /// The plain definition: relax every step until nothing gets cheaper (Bellman & Ford).
    fn cheapest_totals(costs: &[f32], size: [usize; 2], spacing: [f32; 2], start: usize) -> Vec<f32> {
        let mut totals = vec![f32::INFINITY; costs.len()];
        totals[start] = 0.0;
        for _ in 0..costs.len() {
            for at in 0..costs.len() {
                for other in 0..costs.len() {
                    let apart = [(at % size[0]).abs_diff(other % size[0]), (at / size[0]).abs_diff(other / size[0])];
                    if apart[0] <= 1 && apart[1] <= 1 {
                        let length = (apart[0] as f32 * spacing[0]).hypot(apart[1] as f32 * spacing[1]);
                        totals[at] = totals[at].min(totals[other] + length * 0.5 * (costs[at] + costs[other]));
                    }
                }
            }
        }
        totals
    }

    proptest! {
        #[test]
        fn no_path_is_cheaper(
            (size, costs) in (1usize..7, 1usize..6).prop_flat_map(|(x, y)| {
                prop::collection::vec(0.0f32..1.0, x * y).prop_map(move |costs| ([x, y], costs))
            }),
            spacing in prop::array::uniform2(0.3f32..3.0), start in 0usize..30,
        ) {
            let start = start % costs.len();
            let previous = cheapest_paths(&costs, size, spacing, start);
            let expected = cheapest_totals(&costs, size, spacing, start);
            for (at, total) in expected.iter().enumerate() {
                prop_assert!((path_cost(&costs, size, spacing, &previous, at) - total).abs() < 1e-4);
            }
        }
    }
}
