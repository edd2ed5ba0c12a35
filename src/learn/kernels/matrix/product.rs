//! Products of a small matrix with long rows: `C[m][n] = sum_k A[m][k] B[k][n]`, and `D[m][k] += sum_n C[m][n] B[k][n]`.
//!
//! A tile of sums stays in registers over the whole inner axis; the order of additions does not depend on threads.

use pulp::Simd;

/// Rows of `A` that are packed together: with [`VECTORS`] this fills the 32 registers of AVX-512. Smaller register
/// files take a panel as two halves.
pub const PANEL: usize = 8;
/// Rows of `A` per tile with 16 registers, and for panels with few rows.
const HALF: usize = PANEL / 2;
/// Registers of neighbouring columns per tile.
const VECTORS: usize = 3;
/// The same with 16 registers: with 3 the compiler runs out of them, and one sum goes through memory.
const FEW_VECTORS: usize = 2;
/// A multiple of the columns of a tile in every instruction set (3 times 16, or 2 times 8, 4, 2 or 1 lanes).
pub const COLUMNS: usize = VECTORS * CACHE_LINE;
/// Floats in a cache line.
const CACHE_LINE: usize = 16;
/// An instruction set with this many registers holds a tile of [`PANEL`] rows.
const MANY_REGISTERS: usize = 32;

/// A matrix `[rows][depth]` as `[panel][depth][PANEL]`, zero beyond the last row.
#[derive(Clone, Debug, PartialEq)]
pub struct Panels {
    depth: usize,
    values: Vec<[f32; PANEL]>,
}

impl Panels {
    /// `at(row, k)` is the matrix.
    pub fn new(rows: usize, depth: usize, at: impl Fn(usize, usize) -> f32) -> Self {
        let mut values = vec![[0.0; PANEL]; rows.div_ceil(PANEL) * depth];
        for row in 0..rows {
            for k in 0..depth {
                values[row / PANEL * depth + k][row % PANEL] = at(row, k);
            }
        }
        Self { depth, values }
    }

    /// `[depth][PANEL]` of the rows from `index * PANEL` on.
    #[inline(always)]
    pub fn panel(&self, index: usize) -> &[[f32; PANEL]] {
        &self.values[index * self.depth..][..self.depth]
    }
}

/// Rows of equal distance in one slice. What lies between the rows is read, but does not reach a result.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    pub values: &'a [f32],
    pub stride: usize,
}

/// A distance of rows of `columns` values that leaves room for whole tiles. It is an odd number of cache lines: rows at
/// a power of two would compete for the same few lines of the cache.
pub fn padded_stride(columns: usize) -> usize {
    let lines = columns.next_multiple_of(COLUMNS) / CACHE_LINE;
    (lines | 1) * CACHE_LINE
}

/// The largest multiple of a tile's columns of which `depth` rows have at most `floats` values; at least one tile.
pub fn whole_tiles(floats: usize, depth: usize) -> usize {
    (floats / depth.max(1) / COLUMNS).max(1) * COLUMNS
}

/// `to[r][n] = bias[r] + sum_k panel[k][r] b[k][n]` for up to [`PANEL`] rows `to` of equal length.
///
/// The rows of `b` must go on to the end of the last tile, see [`padded_stride`].
#[inline(always)]
pub fn multiply<S: Simd>(
    simd: S,
    panel: &[[f32; PANEL]],
    bias: &[f32; PANEL],
    b: Rows<'_>,
    start: usize,
    to: &mut [&mut [f32]],
) {
    if S::REGISTER_COUNT >= MANY_REGISTERS && to.len() > HALF {
        multiply_rows::<S, PANEL, VECTORS>(simd, panel, 0, bias, b, start, to);
    } else if S::REGISTER_COUNT >= MANY_REGISTERS {
        multiply_rows::<S, HALF, VECTORS>(simd, panel, 0, bias, b, start, to);
    } else {
        for (half, to) in to.chunks_mut(HALF).enumerate() {
            multiply_rows::<S, HALF, FEW_VECTORS>(simd, panel, half * HALF, bias, b, start, to);
        }
    }
}

/// [`multiply`] for the `R` rows of the panel from `first` on.
#[inline(always)]
fn multiply_rows<S: Simd, const R: usize, const V: usize>(
    simd: S,
    panel: &[[f32; PANEL]],
    first: usize,
    bias: &[f32; PANEL],
    b: Rows<'_>,
    from: usize,
    to: &mut [&mut [f32]],
) {
    let columns = to.first().map_or(0, |row| row.len());
    for start in (from..columns).step_by(V * S::F32_LANES) {
        let sums = tile::<S, R, V>(simd, panel, first, bias, b, start);
        for (row, sums) in to.iter_mut().zip(sums) {
            store(simd, &mut row[start..columns], sums);
        }
    }
}

#[inline(always)]
fn tile<S: Simd, const R: usize, const V: usize>(
    simd: S,
    panel: &[[f32; PANEL]],
    first: usize,
    bias: &[f32; PANEL],
    b: Rows<'_>,
    start: usize,
) -> [[S::f32s; V]; R] {
    let width = V * S::F32_LANES;
    let mut sums = [[simd.splat_f32s(0.0); V]; R];
    for (sums, bias) in sums.iter_mut().zip(&bias[first..]) {
        *sums = [simd.splat_f32s(*bias); V];
    }
    for (weights, row) in panel.iter().zip(b.values.get(start..).unwrap_or(&[]).chunks(b.stride)) {
        let weights = &weights[first..first + R];
        let x = S::as_simd_f32s(&row[..width]).0;
        for r in 0..R {
            let w = simd.splat_f32s(weights[r]);
            for v in 0..V {
                sums[r][v] = simd.mul_add_e_f32s(w, x[v], sums[r][v]);
            }
        }
    }
    sums
}

/// As much of the registers as `to` has room for.
#[inline(always)]
pub fn store<S: Simd, const V: usize>(simd: S, to: &mut [f32], sums: [S::f32s; V]) {
    if let Some(to) = to.get_mut(..V * S::F32_LANES) {
        S::as_mut_simd_f32s(to).0.copy_from_slice(&sums);
    } else {
        for (to, sum) in to.chunks_mut(S::F32_LANES).zip(sums) {
            simd.partial_store_f32s(to, sum);
        }
    }
}

/// The first `counts` rows of two matrices with rows of `columns` values, both zero from there to the end of the
/// last register.
#[derive(Clone, Copy, Debug)]
pub struct Transposed<'a> {
    pub c: Rows<'a>,
    pub b: Rows<'a>,
    pub counts: [usize; 2],
    pub columns: usize,
}

/// `d[m][k] += sum_n c[m][n] b[k][n]`; `d` has `counts[0]` rows of `counts[1]` values.
#[inline(always)]
pub fn add_transposed_product<S: Simd>(simd: S, rows: Transposed<'_>, d: &mut [f32]) {
    // 24 of 32 or 12 of 16 registers hold sums; the others hold what they are multiplied with.
    if S::REGISTER_COUNT >= MANY_REGISTERS {
        add_transposed::<S, 4, 6>(simd, rows, d);
    } else {
        add_transposed::<S, 3, 4>(simd, rows, d);
    }
}

#[inline(always)]
fn add_transposed<S: Simd, const M: usize, const K: usize>(simd: S, rows: Transposed<'_>, d: &mut [f32]) {
    let Transposed { c, b, counts: [count_m, count_k], columns } = rows;
    let whole = columns.next_multiple_of(S::F32_LANES);
    for first_k in (0..count_k).step_by(K) {
        let b_rows = rows_of::<K>(b, first_k, count_k, whole);
        for first_m in (0..count_m).step_by(M) {
            let c_rows = rows_of::<M>(c, first_m, count_m, whole);
            let sums = dot_tile::<S, M, K>(simd, c_rows, b_rows);
            for (m, sums) in sums.iter().enumerate().take(count_m - first_m) {
                for (k, sum) in sums.iter().enumerate().take(count_k - first_k) {
                    d[(first_m + m) * count_k + first_k + k] += simd.reduce_sum_f32s(*sum);
                }
            }
        }
    }
}

/// The `N` rows from `first` on. Rows beyond the last repeat it; their sums are not used.
#[inline(always)]
fn rows_of<const N: usize>(rows: Rows<'_>, first: usize, count: usize, columns: usize) -> [&[f32]; N] {
    let mut these: [&[f32]; N] = [&[]; N];
    for (i, row) in these.iter_mut().enumerate() {
        *row = &rows.values[(first + i).min(count - 1) * rows.stride..][..columns];
    }
    these
}

/// `sum_n c(n) b(n)` for all pairs of rows, one sum per lane.
#[inline(always)]
pub fn dot_tile<S: Simd, const M: usize, const K: usize>(simd: S, c: [&[f32]; M], b: [&[f32]; K]) -> [[S::f32s; K]; M] {
    let registers = c[0].len() / S::F32_LANES;
    let (c, b) = (registers_of::<S, M>(c, registers), registers_of::<S, K>(b, registers));
    let mut sums = [[simd.splat_f32s(0.0); K]; M];
    for n in 0..registers {
        let mut values = [simd.splat_f32s(0.0); M];
        for m in 0..M {
            values[m] = c[m][n];
        }
        for k in 0..K {
            let b = b[k][n];
            for m in 0..M {
                sums[m][k] = simd.mul_add_e_f32s(values[m], b, sums[m][k]);
            }
        }
    }
    sums
}

/// Equal lengths that the compiler can see, so that nothing is checked inside a loop. (`array::map` is not always
/// inlined and would hide them; the panics of the checks then cost more than the products.)
#[inline(always)]
pub fn registers_of<S: Simd, const N: usize>(rows: [&[f32]; N], registers: usize) -> [&[S::f32s]; N] {
    let mut these: [&[S::f32s]; N] = [&[]; N];
    for (to, row) in these.iter_mut().zip(rows) {
        *to = &S::as_simd_f32s(row).0[..registers];
    }
    these
}

#[cfg(test)]
mod tests {
    use pulp::{Arch, WithSimd};

    use super::*;
    use crate::learn::kernels::testing::{assert_close, random};

    struct Multiply<'a> {
        a: &'a Panels,
        rows: usize,
        b: Rows<'a>,
        columns: usize,
    }

    impl WithSimd for Multiply<'_> {
        type Output = Vec<f32>;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
            let mut c = vec![0.0; self.rows * self.columns];
            for (index, c) in c.chunks_mut(PANEL * self.columns).enumerate() {
                let mut rows: Vec<_> = c.chunks_mut(self.columns).collect();
                multiply(simd, self.a.panel(index), &[0.5; PANEL], self.b, 0, &mut rows);
            }
            c
        }
    }

    struct AddTransposed<'a>(Transposed<'a>);

    impl WithSimd for AddTransposed<'_> {
        type Output = Vec<f32>;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
            let mut d = vec![1.0; self.0.counts[0] * self.0.counts[1]];
            add_transposed_product(simd, self.0, &mut d);
            d
        }
    }

    /// The kernel in every instruction set that this computer has.
    fn everywhere<K: WithSimd<Output = Vec<f32>>>(kernel: impl Fn() -> K) -> Vec<Vec<f32>> {
        let all = [Arch::new().dispatch(kernel()), Arch::Scalar.dispatch(kernel())].into_iter();
        #[cfg(target_arch = "x86_64")]
        let all = all.chain(pulp::x86::V3::try_new().map(|simd| Simd::vectorize(simd, kernel())));
        all.collect()
    }

    #[test]
    fn products_equal_plain_sums() {
        for (rows, depth, columns) in [(1, 1, 1), (3, 5, 47), (8, 16, 48), (13, 7, 100), (16, 33, 95), (5, 0, 9)] {
            let (a, stride) = (random(rows * depth, 1), padded_stride(columns));
            let b = random(depth * stride, 2);
            let panels = Panels::new(rows, depth, |row, k| a[row * depth + k]);
            let expected: Vec<f64> = (0..rows * columns)
                .map(|i| {
                    let (row, n) = (i / columns, i % columns);
                    0.5 + (0..depth).map(|k| f64::from(a[row * depth + k]) * f64::from(b[k * stride + n])).sum::<f64>()
                })
                .collect();
            for ours in everywhere(|| Multiply { a: &panels, rows, b: Rows { values: &b, stride }, columns }) {
                assert_close(&ours, &expected, 1e-5);
            }
        }
    }

    #[test]
    fn transposed_products_equal_plain_sums() {
        for (m, k, columns) in [(1, 1, 1), (4, 6, 48), (3, 16, 50), (9, 13, 33), (17, 8, 160)] {
            let stride = padded_stride(columns);
            let zero_padded = |rows: usize, seed: u64| {
                let mut values = random(rows * stride, seed);
                for row in values.chunks_mut(stride) {
                    row[columns..].fill(0.0);
                }
                values
            };
            let (c, b) = (zero_padded(m, 3), zero_padded(k, 4));
            let expected: Vec<f64> = (0..m * k)
                .map(|i| {
                    1.0 + crate::learn::kernels::testing::dot(
                        &c[i / k * stride..][..columns],
                        &b[i % k * stride..][..columns],
                    )
                })
                .collect();
            let (c, b) = (Rows { values: &c, stride }, Rows { values: &b, stride });
            for ours in everywhere(|| AddTransposed(Transposed { c, b, counts: [m, k], columns })) {
                assert_close(&ours, &expected, 1e-5);
            }
        }
    }

    #[test]
    fn strides_are_odd_numbers_of_cache_lines() {
        for columns in [1, 48, 96, 512, 1000] {
            let stride = padded_stride(columns);
            assert!(stride >= columns.next_multiple_of(COLUMNS) && stride / CACHE_LINE % 2 == 1);
        }
    }
}
