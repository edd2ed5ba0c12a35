//! Schedules of the common protocol: ramp-up of the unsupervised weight and polynomial learning-rate decay.

/// `exp(-5 (1 - min(t, length) / length)^2)`: the sigmoid-shaped ramp of Laine & Aila 2017, from 0.0067 to 1.
pub fn ramp_up(t: f64, length: f64) -> f64 {
    if length <= 0.0 {
        return 1.0;
    }
    let phase = 1.0 - (t / length).clamp(0.0, 1.0);
    (-5.0 * phase * phase).exp()
}

/// The step at which the present stair of `length` steps began: `floor(step / length)` in the protocol's counting.
pub fn stair(step: u64, length: u64) -> u64 {
    step - step % length.max(1)
}

/// `(1 - step / total)^0.9`, never below a hundredth, so that a run that goes on still learns.
pub fn poly_decay(step: u64, total: u64) -> f64 {
    let done = (step as f64 / total.max(1) as f64).min(1.0);
    (1.0 - done).powf(0.9).max(0.01)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ramp_has_the_published_values() {
        for (e, expected) in [(0.0, 0.0067), (5.0, 0.022), (10.0, 0.060), (20.0, 0.287), (30.0, 0.732), (40.0, 1.0)] {
            assert!((ramp_up(e, 40.0) - expected).abs() < 6e-4, "{e}: {}", ramp_up(e, 40.0));
        }
        assert_eq!(ramp_up(100.0, 40.0), 1.0);
    }

    #[test]
    fn a_stair_is_as_long_as_it_says() {
        assert_eq!([0, 149, 150, 301].map(|step| stair(step, 150)), [0, 0, 150, 300]);
        assert_eq!([0, 1, 7].map(|step| stair(step, 1)), [0, 1, 7]);
    }

    #[test]
    fn poly_decay_falls_from_one_and_keeps_a_floor() {
        assert_eq!(poly_decay(0, 1000), 1.0);
        assert!((poly_decay(500, 1000) - 0.5f64.powf(0.9)).abs() < 1e-12);
        assert_eq!(poly_decay(5000, 1000), 0.01);
    }
}
