//! Loops over whole registers and the rest.

use pulp::{Simd, WithSimd};

use crate::learn::kernels::instructions::instructions;
use crate::learn::kernels::matrix::product::registers_of;

/// Independent sums, so that an addition need not wait for the one before.
const SUMS: usize = 4;

/// The sum of the values, in a fixed order.
pub fn sum(values: &[f32]) -> f32 {
    /// Values whose sum loses little in `f32`; the sums of blocks are added in `f64`.
    const BLOCK: usize = 1 << 12;
    values.chunks(BLOCK).map(|block| f64::from(instructions().dispatch(Sum(block)))).sum::<f64>() as f32
}

struct Sum<'a>(&'a [f32]);

impl WithSimd for Sum<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let [sum] = sums(
            simd,
            [self.0],
            #[inline(always)]
            |[v]| [v],
        );
        sum
    }
}

/// The sums of the `M` results of `f` for the values of `N` slices of equal length.
///
/// Unless the length is a number of whole registers `f` must be 0 for zeros: they fill the last register.
#[inline(always)]
pub fn sums<S: Simd, const N: usize, const M: usize>(
    simd: S,
    values: [&[f32]; N],
    f: impl Fn([S::f32s; N]) -> [S::f32s; M],
) -> [f32; M] {
    let length = values[0].len();
    let whole = length / S::F32_LANES;
    let heads = registers_of::<S, N>(values, whole);
    let mut sums = [[simd.splat_f32s(0.0); M]; SUMS];
    let blocks = whole / SUMS * SUMS;
    for first in (0..blocks).step_by(SUMS) {
        for (i, sums) in sums.iter_mut().enumerate() {
            let results = f(at(simd, &heads, first + i));
            for m in 0..M {
                sums[m] = simd.add_f32s(sums[m], results[m]);
            }
        }
    }
    let [mut total, others @ ..] = sums;
    for i in blocks..whole {
        let results = f(at(simd, &heads, i));
        for m in 0..M {
            total[m] = simd.add_f32s(total[m], results[m]);
        }
    }
    if whole * S::F32_LANES < length {
        let results = f(rest(simd, &values, whole * S::F32_LANES, length));
        for m in 0..M {
            total[m] = simd.add_f32s(total[m], results[m]);
        }
    }
    for other in &others {
        for m in 0..M {
            total[m] = simd.add_f32s(total[m], other[m]);
        }
    }
    let mut reduced = [0.0; M];
    for m in 0..M {
        reduced[m] = simd.reduce_sum_f32s(total[m]);
    }
    reduced
}

/// `to[i] = f(values[0][i], ..)` for slices of equal length.
#[inline(always)]
pub fn map<S: Simd, const N: usize>(simd: S, to: &mut [f32], values: [&[f32]; N], f: impl Fn([S::f32s; N]) -> S::f32s) {
    let length = to.len();
    let (head, tail) = S::as_mut_simd_f32s(to);
    let whole = head.len();
    let heads = registers_of::<S, N>(values, whole);
    for (i, to) in head.iter_mut().enumerate() {
        *to = f(at(simd, &heads, i));
    }
    if !tail.is_empty() {
        let last = f(rest(simd, &values, whole * S::F32_LANES, length));
        simd.partial_store_f32s(tail, last);
    }
}

/// Register `index` of every slice. (Loops instead of `array::map`, which is not always inlined: registers would then
/// travel through memory.)
#[inline(always)]
fn at<S: Simd, const N: usize>(simd: S, heads: &[&[S::f32s]; N], index: usize) -> [S::f32s; N] {
    let mut values = [simd.splat_f32s(0.0); N];
    for i in 0..N {
        values[i] = heads[i][index];
    }
    values
}

/// The values from `start` to `end`, fewer than a register, then zeros.
#[inline(always)]
fn rest<S: Simd, const N: usize>(simd: S, slices: &[&[f32]; N], start: usize, end: usize) -> [S::f32s; N] {
    let mut values = [simd.splat_f32s(0.0); N];
    for i in 0..N {
        values[i] = simd.partial_load_f32s(&slices[i][start..end]);
    }
    values
}

/// Writes the first of the `M` results of `f` to `to` and returns the sums of all, as [`sums`] does.
#[inline(always)]
pub fn map_and_sums<S: Simd, const N: usize, const M: usize>(
    simd: S,
    to: &mut [f32],
    values: [&[f32]; N],
    f: impl Fn([S::f32s; N]) -> [S::f32s; M],
) -> [f32; M] {
    let length = to.len();
    let (head, tail) = S::as_mut_simd_f32s(to);
    let whole = head.len();
    let heads = registers_of::<S, N>(values, whole);
    let mut total = [[simd.splat_f32s(0.0); M]; 2];
    for (i, to) in head.iter_mut().enumerate() {
        let results = f(at(simd, &heads, i));
        *to = results[0];
        for m in 0..M {
            total[0][m] = simd.add_f32s(total[0][m], results[m]);
        }
        total.swap(0, 1);
    }
    if !tail.is_empty() {
        let results = f(rest(simd, &values, whole * S::F32_LANES, length));
        simd.partial_store_f32s(tail, results[0]);
        for m in 0..M {
            total[0][m] = simd.add_f32s(total[0][m], results[m]);
        }
    }
    let mut reduced = [0.0; M];
    for m in 0..M {
        reduced[m] = simd.reduce_sum_f32s(simd.add_f32s(total[0][m], total[1][m]));
    }
    reduced
}

#[cfg(test)]
mod tests {
    use pulp::Arch;

    use super::*;
    use crate::learn::kernels::testing::{assert_close, dot, random};

    const LENGTHS: [usize; 8] = [0, 1, 3, 16, 17, 64, 130, 1001];

    /// `a + b` where it is written, then the sums that [`sums`] and [`map_and_sums`] make of `[a b, a]` and `[a + b, a]`.
    struct All<'a>([&'a [f32]; 2]);

    impl WithSimd for All<'_> {
        type Output = [Vec<f32>; 3];

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
            let (mut mapped, mut also) = (vec![f32::NAN; self.0[0].len()], vec![f32::NAN; self.0[0].len()]);
            map(simd, &mut mapped, self.0, |[a, b]| simd.add_f32s(a, b));
            let mut totals = sums(simd, self.0, |[a, b]| [simd.mul_f32s(a, b), a]).to_vec();
            totals.extend(map_and_sums(simd, &mut also, self.0, |[a, b]| [simd.add_f32s(a, b), a]));
            [mapped, also, totals]
        }
    }

    #[test]
    fn loops_reach_every_value_once_in_every_instruction_set() {
        for length in LENGTHS {
            let (a, b) = (random(length, 1), random(length, 2));
            let added: Vec<f64> = a.iter().zip(&b).map(|(a, b)| f64::from(*a) + f64::from(*b)).collect();
            let of_a = dot(&a, &vec![1.0; length]);
            let expected = [dot(&a, &b), of_a, added.iter().sum(), of_a];
            let arches = [Arch::new().dispatch(All([&a, &b])), Arch::Scalar.dispatch(All([&a, &b]))].into_iter();
            #[cfg(target_arch = "x86_64")]
            let arches = arches.chain(pulp::x86::V3::try_new().map(|simd| Simd::vectorize(simd, All([&a, &b]))));
            for [mapped, also, totals] in arches {
                assert_close(&mapped, &added, 1e-6);
                assert_close(&also, &added, 1e-6);
                assert_close(&totals, &expected, 2e-5);
            }
        }
    }

    #[test]
    fn sums_of_many_values_keep_their_digits() {
        let values: Vec<f32> = random(1 << 20, 3).iter().map(|v| v + 100.0).collect();
        let expected: f64 = values.iter().map(|v| f64::from(*v)).sum();
        assert!((f64::from(sum(&values)) / expected - 1.0).abs() < 1e-6);
        assert_eq!(sum(&[]), 0.0);
    }
}
