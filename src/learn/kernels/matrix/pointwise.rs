//! 1x1x1 convolution, optionally with a bias: forward, data gradient, weight and bias gradient.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::learn::kernels::instructions::instructions;
use crate::learn::kernels::matrix::bands::{GRADIENT_SCRATCH, SCRATCH, rows_per_task, split_off, summed};
use crate::learn::kernels::matrix::product::{
    COLUMNS, PANEL, Panels, Rows, Transposed, add_transposed_product, multiply, padded_stride, whole_tiles,
};
use crate::learn::kernels::scratch::with_scratch;
use crate::learn::kernels::vectors::sum;

/// `x [batch, inputs, volume]`, `y [batch, outputs, volume]`, weights `[outputs][inputs]`, biases `[outputs]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointwise {
    pub batch: usize,
    pub inputs: usize,
    pub outputs: usize,
    pub volume: usize,
}

impl Pointwise {
    /// `y[o] = bias[o] + sum_i weight[o][i] x[i]`.
    pub fn forward(&self, x: &[f32], weight: &[f32], bias: Option<&[f32]>, y: &mut [f32]) {
        let a = Panels::new(self.outputs, self.inputs, |o, i| weight[o * self.inputs + i]);
        self.multiply(x, &a, bias.unwrap_or(&[]), y);
    }

    /// `dx[i] = sum_o weight[o][i] dy[o]`.
    pub fn data_gradient(&self, dy: &[f32], weight: &[f32], dx: &mut [f32]) {
        let a = Panels::new(self.inputs, self.outputs, |i, o| weight[o * self.inputs + i]);
        Self { inputs: self.outputs, outputs: self.inputs, ..*self }.multiply(dy, &a, &[], dx);
    }

    /// `dw[o][i] = sum dy[o] x[i]` over items and positions.
    pub fn weight_gradient(&self, x: &[f32], dy: &[f32]) -> Vec<f32> {
        if self.volume == 0 {
            return vec![0.0; self.outputs * self.inputs];
        }
        let band = whole_tiles(GRADIENT_SCRATCH, self.inputs + self.outputs).min(self.volume);
        let per_item = self.volume.div_ceil(band);
        summed(self.batch * per_item, [self.outputs, self.inputs], self.outputs, |index, outputs, dw| {
            let (item, start) = (index / per_item, index % per_item * band);
            let columns = band.min(self.volume - start);
            let dy = &dy[(item * self.outputs + outputs.start) * self.volume..][..outputs.len() * self.volume];
            let x = &x[item * self.inputs * self.volume..][..self.inputs * self.volume];
            with_scratch((self.inputs + outputs.len()) * padded_stride(columns), |scratch| {
                instructions().dispatch(WeightKernel { c: dy, b: x, volume: self.volume, start, columns, scratch, dw });
            });
        })
    }

    /// `db[o] = sum dy[o]` over items and positions.
    pub fn bias_gradient(&self, dy: &[f32]) -> Vec<f32> {
        let mut db = vec![0.0; self.outputs];
        if self.volume == 0 {
            return db;
        }
        let sums: Vec<f32> = dy.par_chunks_exact(self.volume).map(sum).collect();
        for (index, sum) in sums.iter().enumerate() {
            db[index % self.outputs] += sum;
        }
        db
    }

    fn multiply(&self, x: &[f32], a: &Panels, bias: &[f32], y: &mut [f32]) {
        let band = whole_tiles(SCRATCH, self.inputs).min(self.volume.max(1));
        let bands = self.batch * self.volume.div_ceil(band);
        let rows = rows_per_task(self.outputs, bands);
        let mut tasks = Vec::with_capacity(bands);
        for (item, y) in y.chunks_mut((self.outputs * self.volume).max(1)).enumerate() {
            for (part, y) in y.chunks_mut(rows * self.volume).enumerate() {
                let mut channels: Vec<&mut [f32]> = y.chunks_mut(self.volume).collect();
                for start in (0..self.volume).step_by(band) {
                    let count = band.min(self.volume - start);
                    let to = channels.iter_mut().map(|rest| split_off(rest, count)).collect();
                    tasks.push(Task { item, first: part * rows, start, to });
                }
            }
        }
        tasks.into_par_iter().for_each(|task| {
            let x = &x[task.item * self.inputs * self.volume..][..self.inputs * self.volume];
            with_scratch(self.inputs * padded_stride(band), |scratch| {
                instructions().dispatch(Kernel { task, x, shape: *self, a, bias, scratch });
            });
        });
    }
}

/// The positions from `start` on of the output channels from `first` on.
struct Task<'a> {
    item: usize,
    first: usize,
    start: usize,
    to: Vec<&'a mut [f32]>,
}

struct Kernel<'a> {
    task: Task<'a>,
    x: &'a [f32],
    shape: Pointwise,
    a: &'a Panels,
    bias: &'a [f32],
    scratch: &'a mut [f32],
}

impl WithSimd for Kernel<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { task: Task { first, start, mut to, .. }, x, shape, a, bias, scratch } = self;
        let columns = to.first().map_or(0, |row| row.len());
        let from = Rows { values: x, stride: shape.volume };
        // With one panel every input is read once: no copy, except where the last tile would leave the array.
        let b = if to.len() <= PANEL && start + columns.next_multiple_of(COLUMNS) <= shape.volume {
            Rows { values: &x[start..], stride: shape.volume }
        } else {
            copied(from, start, columns, scratch)
        };
        for (index, to) in to.chunks_mut(PANEL).enumerate() {
            let channel = first + index * PANEL;
            let mut biases = [0.0; PANEL];
            for (to, from) in biases.iter_mut().zip(bias.get(channel..).unwrap_or(&[])) {
                *to = *from;
            }
            multiply(simd, a.panel(channel / PANEL), &biases, b, 0, to);
        }
    }
}

/// The columns from `start` on, next to each other and with zeros to the end of the last tile.
#[inline(always)]
pub fn copied<'a>(from: Rows<'_>, start: usize, columns: usize, scratch: &'a mut [f32]) -> Rows<'a> {
    let stride = padded_stride(columns);
    for (to, from) in scratch.chunks_exact_mut(stride).zip(from.values.chunks(from.stride)) {
        to[..columns].copy_from_slice(&from[start..start + columns]);
        to[columns..].fill(0.0);
    }
    Rows { values: scratch, stride }
}

struct WeightKernel<'a> {
    c: &'a [f32],
    b: &'a [f32],
    volume: usize,
    start: usize,
    columns: usize,
    scratch: &'a mut [f32],
    dw: &'a mut [f32],
}

impl WithSimd for WeightKernel<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { c, b, volume, start, columns, scratch, dw } = self;
        let counts = [c.len() / volume, b.len() / volume];
        // As in the forward pass; only whole tiles, for what follows them in the array is not zero.
        if counts[0] <= PANEL && columns.is_multiple_of(COLUMNS) {
            let (c, b) = (Rows { values: &c[start..], stride: volume }, Rows { values: &b[start..], stride: volume });
            add_transposed_product(simd, Transposed { c, b, counts, columns }, dw);
            return;
        }
        let stride = padded_stride(columns);
        let rows = c.chunks_exact(volume).chain(b.chunks_exact(volume));
        for (to, from) in scratch.chunks_exact_mut(stride).zip(rows) {
            to[..columns].copy_from_slice(&from[start..start + columns]);
            to[columns..].fill(0.0);
        }
        let (c, b) = scratch.split_at(counts[0] * stride);
        let (c, b) = (Rows { values: c, stride }, Rows { values: b, stride });
        add_transposed_product(simd, Transposed { c, b, counts, columns }, dw);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::kernels::testing::{assert_close, assert_same_bits_for_any_thread_count, dot, random};

    /// Few and many channels, several bands, volumes that are no multiple of a register.
    const SHAPES: [(usize, usize, usize, usize); 8] = [
        (1, 1, 1, 1),
        (2, 16, 3, 47),
        (2, 5, 9, 100),
        (1, 16, 2, 5000),
        (1, 16, 5, 4800),
        (3, 33, 70, 48),
        (1, 16, 17, 3001),
        (2, 3, 20, 96),
    ];

    fn each(mut f: impl FnMut(Pointwise, [Vec<f32>; 4])) {
        for (batch, inputs, outputs, volume) in SHAPES {
            let shape = Pointwise { batch, inputs, outputs, volume };
            let x = random(batch * inputs * volume, 1);
            let dy = random(batch * outputs * volume, 2);
            f(shape, [x, dy, random(inputs * outputs, 3), random(outputs, 4)]);
        }
    }

    #[test]
    fn outputs_equal_plain_sums_with_and_without_bias() {
        each(|shape, [x, dy, weight, bias]| {
            let Pointwise { inputs, outputs, volume, .. } = shape;
            for bias in [None, Some(bias.as_slice())] {
                let expected: Vec<f64> = (0..dy.len())
                    .map(|index| {
                        let (item, o, n) = (index / volume / outputs, index / volume % outputs, index % volume);
                        let product = |i: usize| {
                            f64::from(weight[o * inputs + i]) * f64::from(x[(item * inputs + i) * volume + n])
                        };
                        bias.map_or(0.0, |b| f64::from(b[o])) + (0..inputs).map(product).sum::<f64>()
                    })
                    .collect();
                let mut y = vec![f32::NAN; dy.len()];
                shape.forward(&x, &weight, bias, &mut y);
                assert_close(&y, &expected, 1e-5);
            }
        });
    }

    #[test]
    fn weight_and_bias_gradients_equal_plain_sums() {
        each(|shape, [x, dy, _, _]| {
            let Pointwise { batch, inputs, outputs, volume } = shape;
            let row = |values: &'_ [f32], row: usize| values[row * volume..][..volume].to_vec();
            let (mut dw, mut db) = (vec![0.0; inputs * outputs], vec![0.0; outputs]);
            for item in 0..batch {
                for o in 0..outputs {
                    let dy = row(&dy, item * outputs + o);
                    db[o] += dy.iter().map(|v| f64::from(*v)).sum::<f64>();
                    for i in 0..inputs {
                        dw[o * inputs + i] += dot(&dy, &row(&x, item * inputs + i));
                    }
                }
            }
            assert_close(&shape.weight_gradient(&x, &dy), &dw, 1e-4);
            assert_close(&shape.bias_gradient(&dy), &db, 1e-4);
        });
    }

    /// `<f(x), g> = <x, f^T(g)>`.
    #[test]
    fn the_data_gradient_is_the_adjoint_map() {
        each(|shape, [x, dy, weight, _]| {
            let (mut y, mut dx) = (vec![f32::NAN; dy.len()], vec![f32::NAN; x.len()]);
            shape.forward(&x, &weight, None, &mut y);
            shape.data_gradient(&dy, &weight, &mut dx);
            let (a, b) = (dot(&y, &dy), dot(&x, &dx));
            assert!((a - b).abs() < 1e-5 * (dy.len() as f64).max(100.0), "{a} {b}");
        });
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        each(|shape, [x, dy, weight, bias]| {
            assert_same_bits_for_any_thread_count(|| {
                let (mut y, mut dx) = (vec![0.0; dy.len()], vec![0.0; x.len()]);
                shape.forward(&x, &weight, Some(&bias), &mut y);
                shape.data_gradient(&dy, &weight, &mut dx);
                [y, dx, shape.weight_gradient(&x, &dy), shape.bias_gradient(&dy)].concat()
            });
        });
    }
}
