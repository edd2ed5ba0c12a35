//! `exp` and `log` of whole registers, in the ranges that a softmax needs.

use pulp::Simd;

/// Below this `exp` would be subnormal; here it stays at the smallest normal number.
const LOWEST: f32 = -87.336_54;
/// Added to a number below 2^22 it leaves the nearest integer in the lowest bits.
const ROUNDER: f32 = 12_582_912.0;
/// `ln 2` in two parts: the first has few digits, so that its products with exponents are exact.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;
/// `(exp r - 1 - r) / r^2` for `|r| <= ln 2 / 2` (Cephes' `expf`), highest power first.
const EXP: [f32; 6] = [1.987_569_2e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 5e-1];
/// `(log(1 + f) - f + f^2 / 2) / f^3` for `1 + f` from `sqrt(1/2)` to `sqrt 2` (Cephes' `logf`), highest power first.
const LOG: [f32; 9] = [
    7.037_683_6e-2,
    -1.151_461e-1,
    1.167_699_9e-1,
    -1.242_014_1e-1,
    1.424_932_3e-1,
    -1.666_805_8e-1,
    2.000_071_5e-1,
    -2.499_999_4e-1,
    3.333_333e-1,
];
const EXPONENT_BITS: u32 = 23;
const EXPONENT_BIAS: u32 = 127;
/// The bits of `sqrt(1/2)`.
const SQRT_HALF: u32 = 0x3f35_04f3;
/// The bits of 2^23: with an integer in the lowest bits, the number `2^23 + integer`.
const TWO_TO_23: u32 = 0x4b00_0000;

/// `exp x` for `x` up to about 1, with a relative error below 2e-7. Numbers below [`LOWEST`] give 1e-38.
#[inline(always)]
pub fn exp_below_one<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let x = simd.max_f32s(x, simd.splat_f32s(LOWEST));
    let rounded = simd.mul_add_e_f32s(x, simd.splat_f32s(std::f32::consts::LOG2_E), simd.splat_f32s(ROUNDER));
    let n = simd.sub_f32s(rounded, simd.splat_f32s(ROUNDER));
    let r = simd.mul_add_e_f32s(n, simd.splat_f32s(-LN2_HIGH), x);
    let r = simd.mul_add_e_f32s(n, simd.splat_f32s(-LN2_LOW), r);
    let tail = polynomial(simd, r, &EXP);
    let value = simd.add_f32s(simd.mul_add_e_f32s(tail, simd.mul_f32s(r, r), r), simd.splat_f32s(1.0));
    // 2^n: the integer in the lowest bits of `rounded` becomes the exponent.
    let biased = simd.add_u32s(simd.transmute_u32s_f32s(rounded), simd.splat_u32s(EXPONENT_BIAS));
    let power = simd.wrapping_dyn_shl_u32s(biased, simd.splat_u32s(EXPONENT_BITS));
    simd.mul_f32s(value, simd.transmute_f32s_u32s(power))
}

/// `log x` for finite `x` from 1 on, with a relative error below 2e-7.
#[inline(always)]
pub fn log_above_one<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let offset = simd.sub_u32s(simd.transmute_u32s_f32s(x), simd.splat_u32s(SQRT_HALF));
    let exponent = simd.wrapping_dyn_shr_u32s(offset, simd.splat_u32s(EXPONENT_BITS));
    let mantissa = simd.and_u32s(offset, simd.splat_u32s((1 << EXPONENT_BITS) - 1));
    let mantissa = simd.transmute_f32s_u32s(simd.add_u32s(mantissa, simd.splat_u32s(SQRT_HALF)));
    let exponent = simd.transmute_f32s_u32s(simd.or_u32s(exponent, simd.splat_u32s(TWO_TO_23)));
    let e = simd.sub_f32s(exponent, simd.transmute_f32s_u32s(simd.splat_u32s(TWO_TO_23)));
    let f = simd.sub_f32s(mantissa, simd.splat_f32s(1.0));
    let square = simd.mul_f32s(f, f);
    let y = simd.mul_f32s(simd.mul_f32s(polynomial(simd, f, &LOG), f), square);
    let y = simd.mul_add_e_f32s(e, simd.splat_f32s(LN2_LOW), y);
    let y = simd.mul_add_e_f32s(square, simd.splat_f32s(-0.5), y);
    simd.mul_add_e_f32s(e, simd.splat_f32s(LN2_HIGH), simd.add_f32s(f, y))
}

/// Horner's scheme, highest power first.
#[inline(always)]
fn polynomial<S: Simd>(simd: S, x: S::f32s, coefficients: &[f32]) -> S::f32s {
    let mut value = simd.splat_f32s(0.0);
    for coefficient in coefficients {
        value = simd.mul_add_e_f32s(value, x, simd.splat_f32s(*coefficient));
    }
    value
}

#[cfg(test)]
mod tests {
    use pulp::{Arch, WithSimd};

    use super::*;
    use crate::learn::kernels::vectors::map;

    struct Both<'a>(&'a [f32]);

    impl WithSimd for Both<'_> {
        type Output = [Vec<f32>; 2];

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
            let mut results = [vec![0.0; self.0.len()], vec![0.0; self.0.len()]];
            let [exp, log] = &mut results;
            map(simd, exp, [self.0], |[x]| exp_below_one(simd, simd.sub_f32s(simd.splat_f32s(0.0), x)));
            map(simd, log, [self.0], |[x]| log_above_one(simd, simd.add_f32s(simd.splat_f32s(1.0), x)));
            results
        }
    }

    #[test]
    fn relative_errors_stay_below_2e_7() {
        let x: Vec<f32> = (0..870_001).map(|i| i as f32 * 1e-4).collect();
        let arches = [Arch::new().dispatch(Both(&x)), Arch::Scalar.dispatch(Both(&x))].into_iter();
        #[cfg(target_arch = "x86_64")]
        let arches = arches.chain(pulp::x86::V3::try_new().map(|simd| Simd::vectorize(simd, Both(&x))));
        for [exp, log] in arches {
            for ((x, exp), log) in x.iter().zip(exp).zip(log) {
                let expected = (-f64::from(*x)).exp();
                assert!((f64::from(exp) / expected - 1.0).abs() < 2e-7, "exp -{x}: {exp}");
                let expected = f64::from(1.0 + x).ln();
                assert!((f64::from(log) - expected).abs() <= 2e-7 * expected, "log 1 + {x}: {log}");
            }
        }
    }

    #[test]
    fn far_below_zero_exp_is_next_to_nothing() {
        let [exp, _] = Arch::new().dispatch(Both(&[100.0, 1e30, f32::INFINITY]));
        assert!(exp.iter().all(|v| (0.0..2e-38).contains(v)), "{exp:?}");
    }
}
