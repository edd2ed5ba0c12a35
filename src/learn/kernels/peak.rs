//! What the processor can do at most: a loop of multiply-adds on registers, on all threads.

use std::hint::black_box;
use std::time::Instant;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::instructions::instructions;

/// Independent sums, more than the latency of a multiply-add times the units that a core has.
const SUMS: usize = 12;
const ROUNDS: usize = 4_000_000;

struct MultiplyAdds;

impl WithSimd for MultiplyAdds {
    /// Floating-point operations done.
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let (factor, term) = (simd.splat_f32s(black_box(0.999)), simd.splat_f32s(black_box(0.001)));
        let mut sums = [simd.splat_f32s(black_box(1.0)); SUMS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = simd.mul_add_f32s(*sum, factor, term);
            }
        }
        let total = sums.into_iter().fold(term, |total, sum| simd.add_f32s(total, sum));
        black_box(simd.reduce_sum_f32s(total));
        2.0 * (SUMS * ROUNDS * S::F32_LANES) as f64
    }
}

/// GFLOP/s of all threads together, the best of three tries.
pub fn peak_gflops() -> f64 {
    let once = || {
        let begin = Instant::now();
        let flop: f64 =
            (0..rayon::current_num_threads()).into_par_iter().map(|_| instructions().dispatch(MultiplyAdds)).sum();
        flop / begin.elapsed().as_secs_f64() / 1e9
    };
    (0..3).map(|_| once()).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use pulp::Arch;

    use super::*;

    #[test]
    fn every_operation_is_counted() {
        let lanes = Arch::Scalar.dispatch(MultiplyAdds) / (2 * SUMS * ROUNDS) as f64;
        assert_eq!(lanes, 1.0);
        assert!(peak_gflops() > 0.1);
    }
}
