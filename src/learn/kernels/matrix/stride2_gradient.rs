//! Weight gradients of the 2x2x2 convolution with stride 2 and of its transposed form.

use pulp::{Simd, WithSimd};

use crate::learn::kernels::instructions::instructions;
use crate::learn::kernels::matrix::bands::{GRADIENT_SCRATCH, ROWS_WORTH_A_TASK, summed};
use crate::learn::kernels::matrix::product::{Rows, Transposed, add_transposed_product, padded_stride, whole_tiles};
use crate::learn::kernels::matrix::stride2::{Band, NEIGHBOURS, Stride2, gather_neighbours};
use crate::learn::kernels::scratch::with_scratch;

/// Columns between two sums over the lanes of a register: then these take little of the time.
const LONG: usize = 512;

impl Stride2 {
    /// `[coarse_channels][fine_channels][2][2][2]`.
    pub fn down_weight_gradient(&self, fine: &[f32], d_coarse: &[f32]) -> Vec<f32> {
        let sums = self.correlate(fine, d_coarse);
        let rows = self.fine_channels * NEIGHBOURS;
        let mut transposed = vec![0.0; sums.len()];
        for (row, sums) in sums.chunks_exact(self.coarse_channels.max(1)).enumerate() {
            for (o, sum) in sums.iter().enumerate() {
                transposed[o * rows + row] = *sum;
            }
        }
        transposed
    }

    /// `[fine_channels][2][2][2][coarse_channels]`.
    pub fn up_weight_gradient(&self, coarse: &[f32], d_fine: &[f32]) -> Vec<f32> {
        self.correlate(d_fine, coarse)
    }

    /// `[8 fine_channels][coarse_channels]`: `sum neighbours(fine)[row] coarse[o]` over items and voxels.
    fn correlate(&self, fine: &[f32], coarse: &[f32]) -> Vec<f32> {
        let rows = self.fine_channels * NEIGHBOURS;
        // So many fine channels at once that the columns can be long.
        let most_rows = (GRADIENT_SCRATCH / LONG).saturating_sub(self.coarse_channels) / NEIGHBOURS * NEIGHBOURS;
        let parts = rows.div_ceil(most_rows.max(ROWS_WORTH_A_TASK)).max(1);
        let most_rows = rows.div_ceil(parts).next_multiple_of(NEIGHBOURS);
        let voxels = whole_tiles(GRADIENT_SCRATCH, most_rows + self.coarse_channels);
        let bands = self.bands(voxels);
        let places: Vec<(usize, &Band)> =
            (0..self.batch).flat_map(|item| bands.iter().map(move |band| (item, band))).collect();
        let longest = bands.iter().map(|band| band.voxels(self.coarse_size[2])).max().unwrap_or(1).max(1);
        let pieces: Vec<_> = places.chunks((voxels.max(LONG) / longest).max(1)).collect();
        summed(pieces.len(), [rows, self.coarse_channels], most_rows, |piece, rows, sums| {
            let channels = [rows.start / NEIGHBOURS, rows.len() / NEIGHBOURS];
            let (places, arrays) = (pieces[piece], [fine, coarse]);
            let columns = places.iter().map(|(_, band)| band.voxels(self.coarse_size[2])).sum();
            with_scratch((rows.len() + self.coarse_channels) * padded_stride(columns), |scratch| {
                let kernel = CorrelateKernel { shape: self, places, columns, channels, arrays, scratch, sums };
                instructions().dispatch(kernel);
            });
        })
    }
}

/// Bands of items, side by side in the scratch; rows of the neighbours of some fine channels.
struct CorrelateKernel<'a> {
    shape: &'a Stride2,
    /// Items and bands.
    places: &'a [(usize, &'a Band)],
    /// Voxels of all places.
    columns: usize,
    /// The first fine channel and their number.
    channels: [usize; 2],
    /// Fine and coarse.
    arrays: [&'a [f32]; 2],
    scratch: &'a mut [f32],
    sums: &'a mut [f32],
}

impl WithSimd for CorrelateKernel<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { shape, places, columns, channels: [first, count], arrays: [fine, coarse], scratch, sums } = self;
        let (volume, width) = (shape.coarse_volume(), shape.coarse_size[2]);
        let stride = padded_stride(columns);
        let counts = [count * NEIGHBOURS, shape.coarse_channels];
        let (c, b) = scratch.split_at_mut(counts[0] * stride);
        let mut column = 0;
        for (item, band) in places {
            let channels = &fine[(item * shape.fine_channels + first) * shape.fine_volume()..];
            gather_neighbours(shape.coarse_size, channels, band, stride, &mut c[column..]);
            let (start, voxels) = (band.start(shape.coarse_size), band.voxels(width));
            let channels = coarse[item * shape.coarse_channels * volume..].chunks_exact(volume);
            for (to, from) in b.chunks_exact_mut(stride).zip(channels) {
                to[column..column + voxels].copy_from_slice(&from[start..start + voxels]);
            }
            column += voxels;
        }
        for row in c.chunks_exact_mut(stride).chain(b.chunks_exact_mut(stride)) {
            row[columns..].fill(0.0);
        }
        let (c, b) = (Rows { values: c, stride }, Rows { values: b, stride });
        add_transposed_product(simd, Transposed { c, b, counts, columns }, sums);
    }
}

#[cfg(test)]
mod tests {
    use crate::learn::kernels::matrix::stride2::Stride2;
    use crate::learn::kernels::testing::{assert_close, assert_same_bits_for_any_thread_count, dot, random};

    const SHAPES: [Stride2; 6] = [
        Stride2 { batch: 1, fine_channels: 1, coarse_channels: 1, coarse_size: [1, 1, 1] },
        Stride2 { batch: 2, fine_channels: 3, coarse_channels: 5, coarse_size: [2, 3, 7] },
        Stride2 { batch: 1, fine_channels: 8, coarse_channels: 16, coarse_size: [3, 5, 24] },
        // Bands of some rows of a plane.
        Stride2 { batch: 1, fine_channels: 16, coarse_channels: 9, coarse_size: [2, 33, 17] },
        // Bands of several planes, and few bands: channels are divided, too.
        Stride2 { batch: 2, fine_channels: 16, coarse_channels: 72, coarse_size: [7, 4, 3] },
        Stride2 { batch: 1, fine_channels: 2, coarse_channels: 3, coarse_size: [1, 2, 100] },
    ];

    fn fine_of(shape: &Stride2, seed: u64) -> Vec<f32> {
        random(shape.batch * shape.fine_channels * shape.fine_volume(), seed)
    }

    fn coarse_of(shape: &Stride2, seed: u64) -> Vec<f32> {
        random(shape.batch * shape.coarse_channels * shape.coarse_volume(), seed)
    }

    fn weight_of(shape: &Stride2) -> Vec<f32> {
        random(8 * shape.fine_channels * shape.coarse_channels, 3)
    }

    /// Calls `f(fine index, coarse index, row 8 c + 4 i + 2 j + k, coarse channel)` for every product of the map.
    fn each_product(shape: &Stride2, mut f: impl FnMut(usize, usize, usize, usize)) {
        let [d, h, w] = shape.coarse_size;
        for item in 0..shape.batch {
            for o in 0..shape.coarse_channels {
                for voxel in 0..d * h * w {
                    let (z, y, x) = (voxel / (h * w), voxel / w % h, voxel % w);
                    let coarse = (item * shape.coarse_channels + o) * d * h * w + voxel;
                    for row in 0..8 * shape.fine_channels {
                        let (c, i, j, k) = (row / 8, row / 4 % 2, row / 2 % 2, row % 2);
                        let plane = (item * shape.fine_channels + c) * 2 * d + 2 * z + i;
                        f((plane * 2 * h + 2 * y + j) * 2 * w + 2 * x + k, coarse, row, o);
                    }
                }
            }
        }
    }

    #[test]
    fn outputs_equal_plain_sums() {
        for shape in &SHAPES {
            let (fine, coarse, weight) = (fine_of(shape, 1), coarse_of(shape, 2), weight_of(shape));
            let (mut down, mut up) = (vec![0.0; coarse.len()], vec![0.0; fine.len()]);
            let rows = 8 * shape.fine_channels;
            each_product(shape, |f, c, row, o| {
                down[c] += f64::from(fine[f]) * f64::from(weight[o * rows + row]);
                up[f] += f64::from(coarse[c]) * f64::from(weight[row * shape.coarse_channels + o]);
            });
            let mut ours = vec![f32::NAN; coarse.len()];
            shape.down_forward(&fine, &weight, &mut ours);
            assert_close(&ours, &down, 1e-5);
            let mut ours = vec![f32::NAN; fine.len()];
            shape.up_forward(&coarse, &weight, &mut ours);
            assert_close(&ours, &up, 1e-5);
        }
    }

    /// `<f(x), g> = <x, f^T(g)>`, and the same for the weights, in which the maps are linear, too.
    #[test]
    fn gradients_are_the_adjoint_maps() {
        for shape in &SHAPES {
            let (fine, coarse, weight) = (fine_of(shape, 1), coarse_of(shape, 2), weight_of(shape));
            let (mut to_coarse, mut to_fine) = (vec![0.0; coarse.len()], vec![0.0; fine.len()]);
            let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-5 * (coarse.len() as f64).max(100.0), "{a} {b}");

            shape.down_forward(&fine, &weight, &mut to_coarse);
            shape.down_data_gradient(&coarse, &weight, &mut to_fine);
            near(dot(&to_coarse, &coarse), dot(&fine, &to_fine));
            near(dot(&to_coarse, &coarse), dot(&weight, &shape.down_weight_gradient(&fine, &coarse)));

            shape.up_forward(&coarse, &weight, &mut to_fine);
            shape.up_data_gradient(&fine, &weight, &mut to_coarse);
            near(dot(&to_fine, &fine), dot(&coarse, &to_coarse));
            near(dot(&to_fine, &fine), dot(&weight, &shape.up_weight_gradient(&coarse, &fine)));
        }
    }

    #[test]
    fn weight_gradients_equal_plain_sums() {
        for shape in &SHAPES {
            let (fine, coarse) = (fine_of(shape, 1), coarse_of(shape, 2));
            let rows = 8 * shape.fine_channels;
            let (mut down, mut up) = (vec![0.0; rows * shape.coarse_channels], vec![0.0; rows * shape.coarse_channels]);
            each_product(shape, |f, c, row, o| {
                let product = f64::from(fine[f]) * f64::from(coarse[c]);
                down[o * rows + row] += product;
                up[row * shape.coarse_channels + o] += product;
            });
            assert_close(&shape.down_weight_gradient(&fine, &coarse), &down, 1e-4);
            assert_close(&shape.up_weight_gradient(&coarse, &fine), &up, 1e-4);
        }
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        for shape in &SHAPES {
            let (fine, coarse, weight) = (fine_of(shape, 1), coarse_of(shape, 2), weight_of(shape));
            assert_same_bits_for_any_thread_count(|| {
                let mut down = vec![0.0; coarse.len()];
                shape.down_forward(&fine, &weight, &mut down);
                let mut up = vec![0.0; fine.len()];
                shape.up_forward(&coarse, &weight, &mut up);
                down.extend(up);
                down.extend(shape.down_weight_gradient(&fine, &coarse));
                down
            });
        }
    }
}
