//! Even-odd fill of a polygon, row by row.

use std::ops::Range;

use super::edges;
use crate::edit::slice_plane::PixelRun;

/// Pixels of a picture of `size` (columns, rows) whose centre is inside a closed polygon, row by row.
///
/// An edge covers the rows from its lower end (included) to its upper end (not included), and a run of pixels begins at
/// a crossing (included) and ends before the next.
pub(super) fn even_odd_runs(points: &[[f64; 2]], size: [usize; 2]) -> Vec<PixelRun> {
    let mut crossings: Vec<(usize, f64)> = Vec::new();
    for (a, b) in edges(points) {
        // Both polygons of a shared edge must work out the same crossing, whichever way they walk along it.
        let (low, high) = if (a[1], a[0]) <= (b[1], b[0]) { (a, b) } else { (b, a) };
        for row in whole_numbers(low[1], high[1], size[1]) {
            let way = (row as f64 - low[1]) * (high[0] - low[0]) / (high[1] - low[1]);
            crossings.push((row, low[0] + way));
        }
    }
    crossings.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    // A closed line crosses every row an even number of times.
    let pairs = crossings.chunks_exact(2);
    let runs = pairs.map(|p| PixelRun { row: p[0].0, columns: whole_numbers(p[0].1, p[1].1, size[0]) });
    runs.filter(|run| !run.columns.is_empty()).collect()
}

/// Whole numbers from `from` (included) to `to` (not included), of those below `count`.
fn whole_numbers(from: f64, to: f64, count: usize) -> Range<usize> {
    // Clamped: the cast is exact.
    let first_from = |position: f64| position.ceil().clamp(0.0, count as f64) as usize;
    first_from(from)..first_from(to)
}
