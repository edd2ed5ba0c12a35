//! Log-softmax over few classes: `log p[k] = x[k] - log sum_j exp x[j]`, and its gradient.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::learn::kernels::instructions::instructions;
use crate::learn::kernels::softmax::exp_log::{exp_below_one, log_above_one};
use crate::learn::kernels::vectors::map;

/// Positions whose values of all classes stay in the first-level cache between the passes (with up to 8 classes).
const BLOCK: usize = 1 << 9;
/// Positions per task: enough to make a task worth its start.
const TASK: usize = 16 * BLOCK;

/// `[batch, classes, volume]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogSoftmax {
    pub classes: usize,
    pub volume: usize,
}

impl LogSoftmax {
    /// Writes the logarithms of the probabilities.
    pub fn forward(&self, logits: &[f32], log_p: &mut [f32]) {
        self.in_tasks(log_p, |item, start, to| {
            let from = self.rows(logits, item, start, to);
            instructions().dispatch(Forward { logits: &from, to });
        });
    }

    /// `dx[k] = g[k] - exp(log_p[k]) sum_j g[j]`.
    pub fn backward(&self, log_p: &[f32], g: &[f32], dx: &mut [f32]) {
        self.in_tasks(dx, |item, start, to| {
            let (log_p, g) = (self.rows(log_p, item, start, to), self.rows(g, item, start, to));
            instructions().dispatch(Backward { log_p: &log_p, g: &g, to });
        });
    }

    /// `f(item, first position, rows of all classes)` for pieces of the array.
    fn in_tasks(&self, array: &mut [f32], f: impl Fn(usize, usize, &mut [&mut [f32]]) + Sync) {
        let mut tasks = Vec::new();
        for (item, array) in array.chunks_mut((self.classes * self.volume).max(1)).enumerate() {
            let mut rows: Vec<_> = array.chunks_mut(self.volume).map(|row| row.chunks_mut(TASK)).collect();
            for start in (0..self.volume).step_by(TASK) {
                let rows: Vec<&mut [f32]> = rows.iter_mut().filter_map(Iterator::next).collect();
                tasks.push((item, start, rows));
            }
        }
        tasks.into_par_iter().for_each(|(item, start, mut rows)| f(item, start, &mut rows));
    }

    /// The same piece of another array.
    fn rows<'a>(&self, array: &'a [f32], item: usize, start: usize, like: &[&mut [f32]]) -> Vec<&'a [f32]> {
        let count = like.first().map_or(0, |row| row.len());
        let of_class = |class: usize| &array[(item * self.classes + class) * self.volume + start..][..count];
        (0..self.classes).map(of_class).collect()
    }
}

struct Forward<'a, 'b> {
    logits: &'a [&'a [f32]],
    to: &'a mut [&'b mut [f32]],
}

impl WithSimd for Forward<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { logits, to } = self;
        let length = logits.first().map_or(0, |row| row.len());
        let [mut largest, mut total, mut logs] = [[0.0f32; BLOCK]; 3];
        for start in (0..length).step_by(BLOCK) {
            let count = BLOCK.min(length - start);
            let (largest, total) = (&mut largest[..count], &mut total[..count]);
            largest.fill(f32::NEG_INFINITY);
            total.fill(0.0);
            for row in logits {
                combine(
                    simd,
                    largest,
                    &row[start..start + count],
                    #[inline(always)]
                    |largest, x| simd.max_f32s(x, largest),
                );
            }
            for row in logits {
                add_exponentials(simd, total, [&row[start..start + count], largest]);
            }
            let logs = &mut logs[..count];
            map(
                simd,
                logs,
                [total],
                #[inline(always)]
                |[total]| log_above_one(simd, total),
            );
            for (to, row) in to.iter_mut().zip(logits) {
                // The difference of the logits first: added to the largest, the logarithm would lose its digits.
                map(
                    simd,
                    &mut to[start..start + count],
                    [&row[start..start + count], largest, logs],
                    #[inline(always)]
                    |[x, largest, log]| simd.sub_f32s(simd.sub_f32s(x, largest), log),
                );
            }
        }
    }
}

struct Backward<'a, 'b> {
    log_p: &'a [&'a [f32]],
    g: &'a [&'a [f32]],
    to: &'a mut [&'b mut [f32]],
}

impl WithSimd for Backward<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { log_p, g, to } = self;
        let length = g.first().map_or(0, |row| row.len());
        let mut total = [0.0f32; BLOCK];
        for start in (0..length).step_by(BLOCK) {
            let end = length.min(start + BLOCK);
            let total = &mut total[..end - start];
            total.fill(0.0);
            for row in g {
                combine(
                    simd,
                    total,
                    &row[start..end],
                    #[inline(always)]
                    |total, g| simd.add_f32s(total, g),
                );
            }
            for ((to, log_p), g) in to.iter_mut().zip(log_p).zip(g) {
                map(
                    simd,
                    &mut to[start..end],
                    [&log_p[start..end], &g[start..end], total],
                    #[inline(always)]
                    |[log_p, g, total]| simd.sub_f32s(g, simd.mul_f32s(exp_below_one(simd, log_p), total)),
                );
            }
        }
    }
}

/// `to[i] = f(to[i], values[i])`.
#[inline(always)]
fn combine<S: Simd>(simd: S, to: &mut [f32], values: &[f32], f: impl Fn(S::f32s, S::f32s) -> S::f32s) {
    let (head, tail) = S::as_mut_simd_f32s(to);
    let (value_head, value_tail) = S::as_simd_f32s(values);
    for (to, value) in head.iter_mut().zip(value_head) {
        *to = f(*to, *value);
    }
    if !tail.is_empty() {
        let last = f(simd.partial_load_f32s(tail), simd.partial_load_f32s(value_tail));
        simd.partial_store_f32s(tail, last);
    }
}

/// `total += exp(x - largest)`.
#[inline(always)]
fn add_exponentials<S: Simd>(simd: S, total: &mut [f32], [x, largest]: [&[f32]; 2]) {
    let (head, tail) = S::as_mut_simd_f32s(total);
    let (x, x_tail) = S::as_simd_f32s(x);
    let (largest, largest_tail) = S::as_simd_f32s(largest);
    for ((total, x), largest) in head.iter_mut().zip(x).zip(largest) {
        *total = simd.add_f32s(*total, exp_below_one(simd, simd.sub_f32s(*x, *largest)));
    }
    if !tail.is_empty() {
        let x = simd.sub_f32s(simd.partial_load_f32s(x_tail), simd.partial_load_f32s(largest_tail));
        let last = simd.add_f32s(simd.partial_load_f32s(tail), exp_below_one(simd, x));
        simd.partial_store_f32s(tail, last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::kernels::testing::{assert_close, assert_same_bits_for_any_thread_count, random};

    const SHAPES: [(usize, usize, usize); 6] =
        [(1, 2, 1), (2, 3, 17), (1, 5, 513), (3, 2, 8191), (1, 3, 20_000), (1, 20, 100)];

    fn logits(count: usize) -> Vec<f32> {
        random(count, 1).iter().map(|v| v * v * v * 20.0).collect()
    }

    #[test]
    fn both_directions_equal_plain_sums() {
        for (batch, classes, volume) in SHAPES {
            let shape = LogSoftmax { classes, volume };
            let x = logits(batch * classes * volume);
            let g = random(x.len(), 2);
            let (mut log_p, mut dx) = (vec![f32::NAN; x.len()], vec![f32::NAN; x.len()]);
            shape.forward(&x, &mut log_p);
            shape.backward(&log_p, &g, &mut dx);
            let (mut expected, mut d_expected) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            for position in 0..batch * volume {
                let at = |k: usize| (position / volume * classes + k) * volume + position % volume;
                let log_total = (0..classes).map(|k| f64::from(x[at(k)]).exp()).sum::<f64>().ln();
                let g_total: f64 = (0..classes).map(|k| f64::from(g[at(k)])).sum();
                for k in 0..classes {
                    expected[at(k)] = f64::from(x[at(k)]) - log_total;
                    d_expected[at(k)] = f64::from(g[at(k)]) - expected[at(k)].exp() * g_total;
                }
            }
            assert_close(&log_p, &expected, 1e-6);
            assert_close(&dx, &d_expected, 5e-6);
        }
    }

    #[test]
    fn large_and_infinite_logits_stay_meaningful() {
        let shape = LogSoftmax { classes: 3, volume: 1 };
        let mut log_p = [f32::NAN; 3];
        shape.forward(&[1e30, -1e30, 0.0], &mut log_p);
        assert_eq!(log_p, [0.0, -2e30, -1e30]);
        shape.forward(&[0.0, f32::NEG_INFINITY, 0.0], &mut log_p);
        assert_eq!(log_p[1], f32::NEG_INFINITY);
        assert!((log_p[0] + std::f32::consts::LN_2).abs() < 1e-6);
        let mut dx = [f32::NAN; 3];
        shape.backward(&log_p, &[1.0, 2.0, 3.0], &mut dx);
        assert!((dx[1] - 2.0).abs() < 1e-6);
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        for (batch, classes, volume) in SHAPES {
            let shape = LogSoftmax { classes, volume };
            let x = logits(batch * classes * volume);
            assert_same_bits_for_any_thread_count(|| {
                let (mut log_p, mut dx) = (vec![0.0; x.len()], vec![0.0; x.len()]);
                shape.forward(&x, &mut log_p);
                shape.backward(&log_p, &x, &mut dx);
                [log_p, dx].concat()
            });
        }
    }
}
