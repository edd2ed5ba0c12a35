//! Linear filters along one axis of a crop: blur, and the loss of resolution.

/// For each place along an axis the places it is made from: the first of them, and their weights (sum 1).
#[derive(Clone, Debug, PartialEq)]
pub struct LineFilter {
    taps: Vec<(usize, Vec<f32>)>,
}

impl LineFilter {
    /// Gaussian of `sigma` places, cut at 3 sigma and at the ends of the line.
    pub fn gaussian(n: usize, sigma: f64) -> Self {
        let radius = (3.0 * sigma).ceil() as usize;
        let weight = |distance: usize| (-0.5 * (distance as f64 / sigma).powi(2)).exp();
        let tap = |i: usize| {
            let (first, last) = (i.saturating_sub(radius), (i + radius).min(n - 1));
            let weights: Vec<f64> = (first..=last).map(|j| weight(i.abs_diff(j))).collect();
            let sum: f64 = weights.iter().sum();
            (first, weights.into_iter().map(|w| (w / sum) as f32).collect())
        };
        Self { taps: (0..n).map(tap).collect() }
    }

    /// The line as `zoom * n` samples (nearest neighbour) would show it, linear between them.
    pub fn low_resolution(n: usize, zoom: f64) -> Self {
        let samples = ((n as f64 * zoom).round() as usize).clamp(1, n);
        let step = n as f64 / samples as f64;
        // Place of a sample; the cast is the floor of a number that is not negative.
        let place = |sample: usize| (((sample as f64 + 0.5) * step) as usize).min(n - 1);
        let tap = |i: usize| {
            let position = ((i as f64 + 0.5) / step - 0.5).clamp(0.0, (samples - 1) as f64);
            let sample = position as usize;
            let (from, to) = (place(sample), place((sample + 1).min(samples - 1)));
            let mut weights = vec![0.0; to - from + 1];
            let share = (position - sample as f64) as f32;
            weights[0] = 1.0 - share;
            weights[to - from] += share;
            (from, weights)
        };
        Self { taps: (0..n).map(tap).collect() }
    }

    /// Filters `values` (x fastest) along `axis`; the axis has as many places as the filter.
    pub fn apply(&self, values: &mut [f32], size: [usize; 3], axis: usize) {
        // Places along the axis are `inner` apart: whole rows are added where the axis is not x.
        let inner: usize = size[..axis].iter().product();
        let line = inner * size[axis];
        let mut before = vec![0.0; line];
        for block in values.chunks_exact_mut(line) {
            before.copy_from_slice(block);
            for (row, (first, weights)) in block.chunks_exact_mut(inner).zip(&self.taps) {
                row.fill(0.0);
                for (source, weight) in before[first * inner..].chunks_exact(inner).zip(weights) {
                    row.iter_mut().zip(source).for_each(|(to, from)| *to += weight * from);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filtered(filter: &LineFilter, values: &[f32], size: [usize; 3], axis: usize) -> Vec<f32> {
        let mut values = values.to_vec();
        filter.apply(&mut values, size, axis);
        values
    }

    #[test]
    fn a_constant_line_stays_and_a_step_becomes_a_slope_along_its_axis_only() {
        for axis in 0..3 {
            let mut size = [2, 2, 2];
            size[axis] = 9;
            let n: usize = size.iter().product();
            let stride: usize = size[..axis].iter().product();
            let place = |i: usize| i / stride % 9;
            let step: Vec<f32> = (0..n).map(|i| f32::from(u8::from(place(i) >= 4))).collect();
            for filter in [LineFilter::gaussian(9, 1.0), LineFilter::low_resolution(9, 0.5)] {
                assert!(filtered(&filter, &vec![3.0; n], size, axis).iter().all(|v| (v - 3.0).abs() < 1e-5));
                let slope = filtered(&filter, &step, size, axis);
                assert!(slope.iter().any(|v| (0.05..0.95).contains(v)));
                for i in 0..n {
                    let same_place = (0..n).find(|&j| place(j) == place(i)).unwrap();
                    assert_eq!(slope[i], slope[same_place], "axis {axis}");
                    assert!(place(i) == 0 || slope[i] >= slope[i - stride] - 1e-6);
                }
            }
        }
    }

    #[test]
    fn blur_spreads_a_point_by_its_sigma() {
        let mut point = vec![0.0; 41];
        point[20] = 1.0;
        let spread = filtered(&LineFilter::gaussian(41, 2.0), &point, [41, 1, 1], 0);
        let variance: f32 = spread.iter().enumerate().map(|(i, v)| v * (i as f32 - 20.0).powi(2)).sum();
        assert!((variance - 4.0).abs() < 0.2, "{variance}");
    }

    #[test]
    fn half_the_resolution_keeps_no_pattern_of_single_places_and_full_resolution_keeps_all() {
        let pattern: Vec<f32> = (0..16).map(|i| (i % 2) as f32).collect();
        let half = filtered(&LineFilter::low_resolution(16, 0.5), &pattern, [16, 1, 1], 0);
        assert!(half.iter().all(|v| *v == half[0]), "{half:?}");
        assert_eq!(filtered(&LineFilter::low_resolution(16, 1.0), &pattern, [16, 1, 1], 0), pattern);
    }

    #[test]
    fn lines_of_one_place_and_zooms_to_nothing_are_harmless() {
        for filter in [LineFilter::gaussian(1, 1.0), LineFilter::low_resolution(1, 0.01)] {
            assert_eq!(filtered(&filter, &[5.0], [1, 1, 1], 2), [5.0]);
        }
        assert!(filtered(&LineFilter::low_resolution(4, 0.0), &[1.0; 4], [4, 1, 1], 0).iter().all(|v| *v == 1.0));
    }
}
