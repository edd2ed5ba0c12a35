//! Random numbers that are the same on every platform and for every version of the `rand` crates' distributions.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The stream of one case.
pub(super) struct Draw(ChaCha8Rng);

impl Draw {
    pub fn new(seed: u64, index: usize) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let mut rng = ChaCha8Rng::from_seed(bytes);
        rng.set_stream(index as u64);
        Self(rng)
    }

    /// Uniform in `[lo, hi)`.
    pub fn between(&mut self, lo: f64, hi: f64) -> f64 {
        // 53 random bits: exact in an f64.
        let unit = (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        lo + (hi - lo) * unit
    }

    /// Each coordinate uniform in `[-reach, reach)`.
    pub fn around_zero(&mut self, reach: [f64; 3]) -> [f64; 3] {
        reach.map(|r| self.between(-r, r))
    }

    /// Mean 0, standard deviation 1, nearly normal: the sum of four uniform numbers.
    pub fn noise(&mut self) -> f64 {
        let bits = self.0.next_u64();
        let sum: u64 = (0..4).map(|part| (bits >> (16 * part)) & 0xffff).sum();
        // Four uniform numbers on 0..1 have mean 2 and variance 1/3.
        (sum as f64 / 65_535.0 - 2.0) * 1.732_050_807_568_877_2
    }
}

/// Rotation matrix of the quaternion `(1, q)`: about `2 |q|` radians around `q` for small `q`.
pub(super) fn rotation(q: [f64; 3]) -> [[f64; 3]; 3] {
    let n = 1.0 + q[0] * q[0] + q[1] * q[1] + q[2] * q[2];
    let (x, y, z) = (q[0], q[1], q[2]);
    [
        [1.0 - 2.0 * (y * y + z * z) / n, 2.0 * (x * y - z) / n, 2.0 * (x * z + y) / n],
        [2.0 * (x * y + z) / n, 1.0 - 2.0 * (x * x + z * z) / n, 2.0 * (y * z - x) / n],
        [2.0 * (x * z - y) / n, 2.0 * (y * z + x) / n, 1.0 - 2.0 * (x * x + y * y) / n],
    ]
}

/// 0 up to `from`, 1 beyond `to`, smooth between (`from < to`).
pub(super) fn smooth_step(from: f64, to: f64, x: f64) -> f64 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_has_mean_zero_and_standard_deviation_one() {
        let mut draw = Draw::new(7, 0);
        let all: Vec<f64> = (0..20_000).map(|_| draw.noise()).collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        let variance = all.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / all.len() as f64;
        assert!(mean.abs() < 0.03 && (variance.sqrt() - 1.0).abs() < 0.03, "{mean} {variance}");
    }

    #[test]
    fn a_rotation_keeps_lengths_and_right_angles() {
        let r = rotation([0.3, -0.2, 0.5]);
        let dot = |a: [f64; 3], b: [f64; 3]| (0..3).map(|i| a[i] * b[i]).sum::<f64>();
        for i in 0..3 {
            for j in 0..3 {
                assert!((dot(r[i], r[j]) - f64::from(u8::from(i == j))).abs() < 1e-12);
            }
        }
    }
}
