//! How the work is divided among threads: always in the same pieces, so that results do not depend on their number.

use std::ops::Range;

use rayon::prelude::*;

use crate::learn::kernels::matrix::product::PANEL;

/// Tasks worth having: enough for the threads of a workstation to finish at the same time.
const TASKS: usize = 32;
/// Output rows that repay reading the inputs once more for them.
pub const ROWS_WORTH_A_TASK: usize = 4 * PANEL;
/// Floats of inputs that a task keeps at hand: 96 KiB, less than half of a small second-level cache.
pub const SCRATCH: usize = 24 << 10;
/// The same for weight gradients: 256 KiB. There long rows matter more, for at their ends the registers are summed up.
pub const GRADIENT_SCRATCH: usize = 64 << 10;

/// Rows per task when there are `others` other divisions of the work: a multiple of [`PANEL`], or all rows.
pub fn rows_per_task(rows: usize, others: usize) -> usize {
    let groups = TASKS.div_ceil(others.max(1)).min(rows / ROWS_WORTH_A_TASK).max(1);
    rows.div_ceil(groups).next_multiple_of(PANEL).min(rows.max(1))
}

/// The first `count` values of `rest`, which keeps the others.
pub fn split_off<'a>(rest: &mut &'a mut [f32], count: usize) -> &'a mut [f32] {
    rest.split_off_mut(..count).unwrap_or_default()
}

/// The sum over all pieces of `add(piece, rows, sums)`, which adds to the rows `rows` of a matrix of `rows`
/// times `columns`; at most `most_rows` at once.
///
/// Pieces are summed in groups that do not depend on the number of threads, then the groups in their order.
pub fn summed(
    pieces: usize,
    [rows, columns]: [usize; 2],
    most_rows: usize,
    add: impl Fn(usize, Range<usize>, &mut [f32]) + Sync,
) -> Vec<f32> {
    let per_group = pieces.div_ceil(TASKS).max(1);
    let groups = pieces.div_ceil(per_group).max(1);
    let per_task = rows_per_task(rows, groups).min(most_rows).max(1);
    let partial = |task: usize| {
        let (part, group) = (task / groups, task % groups);
        let rows = part * per_task..rows.min((part + 1) * per_task);
        let mut sums = vec![0.0; rows.len() * columns];
        for piece in group * per_group..pieces.min((group + 1) * per_group) {
            add(piece, rows.clone(), &mut sums);
        }
        sums
    };
    let tasks = rows.div_ceil(per_task) * groups;
    let partials: Vec<Vec<f32>> = (0..tasks).into_par_iter().map(partial).collect();
    let mut total = vec![0.0; rows * columns];
    total.par_chunks_mut((per_task * columns).max(1)).zip(partials.par_chunks(groups)).for_each(|(total, groups)| {
        for sums in groups {
            for (total, sum) in total.iter_mut().zip(sums) {
                *total += sum;
            }
        }
    });
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_other_tasks_divide_the_rows_in_panels() {
        assert_eq!(rows_per_task(128, 1), 32);
        assert_eq!(rows_per_task(128, 1000), 128);
        assert_eq!(rows_per_task(3, 1), 3);
        assert_eq!(rows_per_task(100, 1) % PANEL, 0);
    }

    #[test]
    fn every_piece_is_added_to_every_row_once() {
        for pieces in [0, 1, 31, 33, 100] {
            let sums = summed(pieces, [100, 2], 24, |piece, rows, sums| {
                for (row, sums) in rows.zip(sums.chunks_mut(2)) {
                    sums[0] += piece as f32;
                    sums[1] += row as f32;
                }
            });
            for (row, sums) in sums.chunks(2).enumerate() {
                assert_eq!(sums, [(pieces * pieces.saturating_sub(1) / 2) as f32, (row * pieces) as f32]);
            }
        }
    }
}
