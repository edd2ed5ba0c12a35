//! A mean with its confidence interval.

use std::fmt;

use super::student::two_sided_quantile;

/// How often an interval misses: 5 %.
pub(super) const OUTSIDE: f64 = 0.05;

/// Mean over cases with the half width of its confidence interval, `t s / sqrt(n)` with `n - 1` degrees of freedom.
///
/// Held-out sets have two to twenty cases; there the percentile bootstrap is far too narrow (of two cases it can only
/// draw three means), whereas Student's interval keeps what it promises for roughly normal differences of any number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    pub mean: f64,
    /// `None` of a single case: one value says nothing about its spread.
    pub half_width: Option<f64>,
    pub cases: usize,
}

impl Estimate {
    /// With an interval that holds the true mean in 95 of 100 times. `None` without a finite value.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        Self::with_outside(values, OUTSIDE)
    }

    /// With an interval that misses the true mean with probability `outside`.
    pub(super) fn with_outside(values: impl IntoIterator<Item = f64>, outside: f64) -> Option<Self> {
        let values: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        if !mean.is_finite() {
            return None;
        }
        let half_width = (values.len() > 1).then(|| {
            let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
            two_sided_quantile(outside, values.len() - 1) * (variance / n).sqrt()
        });
        Some(Self { mean, half_width, cases: values.len() })
    }

    /// The whole interval lies above 0.
    pub(super) fn is_above_zero(&self) -> bool {
        self.half_width.is_some_and(|half| self.mean - half > 0.0)
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.half_width {
            Some(half) => write!(f, "{:.3} ± {half:.3} ({} cases)", self.mean, self.cases),
            None => write!(f, "{:.3} (one case, so its interval is unknown)", self.mean),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_students() {
        let e = Estimate::of([0.7, 0.8, 0.9]).unwrap();
        // s = 0.1, t(2) = 4.303.
        assert!((e.mean - 0.8).abs() < 1e-12 && (e.half_width.unwrap() - 4.3027 * 0.1 / 3f64.sqrt()).abs() < 1e-4);
        assert_eq!(e.to_string(), "0.800 ± 0.248 (3 cases)");
        assert!(e.is_above_zero());
    }

    #[test]
    fn one_case_has_no_interval_and_says_so() {
        let e = Estimate::of([0.5, f64::NAN]).unwrap();
        assert_eq!((e.half_width, e.cases), (None, 1));
        assert!(e.to_string().contains("one case") && !e.is_above_zero());
        assert_eq!(Estimate::of([]), None);
        assert_eq!(Estimate::of([f64::INFINITY]), None);
        assert_eq!(Estimate::of([f64::MAX, f64::MAX]), None);
    }
}
