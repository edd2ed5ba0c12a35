//! Mean and spread of what a kernel stored.

use pulp::Simd;

/// Registers summed side by side, so that additions do not wait for each other.
const CHAINS: usize = 4;

/// Count, mean and sum of squared deviations of some values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    pub count: f64,
    pub mean: f64,
    /// Sum of squared deviations from the mean.
    pub m2: f64,
}

impl Moments {
    /// Of two sets of values together (Chan).
    pub fn merge(self, other: Self) -> Self {
        let count = self.count + other.count;
        if count == 0.0 {
            return self;
        }
        let delta = other.mean - self.mean;
        Self {
            count,
            mean: self.mean + delta * other.count / count,
            m2: self.m2 + other.m2 + delta * delta * self.count * other.count / count,
        }
    }

    /// Of the values of all slices, which should fit the nearest caches: they are read twice.
    #[inline(always)]
    pub(crate) fn of<S: Simd>(simd: S, slices: &[&mut [f32]]) -> Self {
        let count: usize = slices.iter().map(|slice| slice.len()).sum();
        if count == 0 {
            return Self::default();
        }
        let count = count as f64;
        let first = Deviations::around(simd, slices, 0.0);
        let centre = (first.sum / count) as f32;
        // The centre is a rounded mean: what the deviations sum to corrects both.
        let Deviations { sum, squares } = Deviations::around(simd, slices, centre);
        Self { count, mean: f64::from(centre) + sum / count, m2: (squares - sum * sum / count).max(0.0) }
    }
}

/// Sums of `x - centre` and of its square.
struct Deviations {
    sum: f64,
    squares: f64,
}

impl Deviations {
    #[inline(always)]
    fn around<S: Simd>(simd: S, slices: &[&mut [f32]], centre: f32) -> Self {
        let mut of = Self { sum: 0.0, squares: 0.0 };
        let splat = simd.splat_f32s(centre);
        for slice in slices {
            let (mut sums, mut squares) = ([simd.splat_f32s(0.0); CHAINS], [simd.splat_f32s(0.0); CHAINS]);
            let (registers, rest) = S::as_simd_f32s(slice);
            for chunk in registers.chunks(CHAINS) {
                for (chain, &x) in chunk.iter().enumerate() {
                    let deviation = simd.sub_f32s(x, splat);
                    sums[chain] = simd.add_f32s(sums[chain], deviation);
                    squares[chain] = simd.mul_add_e_f32s(deviation, deviation, squares[chain]);
                }
            }
            for chain in 0..CHAINS {
                of.sum += f64::from(simd.reduce_sum_f32s(sums[chain]));
                of.squares += f64::from(simd.reduce_sum_f32s(squares[chain]));
            }
            for &x in rest {
                let deviation = x - centre;
                of.sum += f64::from(deviation);
                of.squares += f64::from(deviation) * f64::from(deviation);
            }
        }
        of
    }
}
