//! What each pixel costs a path: little on the ridge of a strong edge, much where nothing changes.

/// Standard deviation of the smoothing, in steps of the finer axis: quiets the noise and keeps thin walls apart.
const SMOOTHING: f64 = 1.0;

/// Beyond this many standard deviations the smoothing kernel is nothing.
const KERNEL_REACH: f64 = 3.0;

/// Share of the pixels whose gradient is taken for no more than usual in this picture; half of that gradient is worth
/// half the way to a perfect edge.
const USUAL_SHARE: f64 = 0.98;

/// Darkest and brightest share of the pixels that do not decide about the scale.
const TAIL_SHARE: f64 = 0.005;

/// Worth of a gradient alone; the rest needs a zero crossing of the Laplacian, which is on the ridge only.
const GRADIENT_WEIGHT: f32 = 0.5;

/// A perfect edge still costs something, or a path would make any detour to stay on it.
const CHEAPEST: f32 = 0.02;

/// Costs from just above 0 to 1 for a picture of `size` (columns, rows); `steps` is the distance of columns and of rows
/// as multiples of the lesser.
///
/// After Mortensen & Barrett 1995 (gradient magnitude and zero crossing of the Laplacian), with two changes: the
/// gradient counts as `g^2 / (g^2 + k^2)` against a usual gradient `k`, so that one metal clip does not make all other
/// edges vanish; and a zero crossing counts only as much as the gradient it lies on, so that noise has none.
pub(super) fn pixel_costs(intensities: &[f64], size: [usize; 2], steps: [f64; 2]) -> Vec<f32> {
    let mut smooth = unit_range(intensities);
    for (axis, step) in steps.into_iter().enumerate() {
        smooth = smoothed(&smooth, size, axis, &kernel(SMOOTHING / step));
    }
    let [gradient, laplacian] = derivatives(&smooth, size, steps.map(|s| s as f32));
    let usual_squared = usual_gradient_squared(&gradient);
    let cost = |at: usize| {
        let strength = gradient[at] / (gradient[at] + usual_squared);
        let ridge = if crosses_zero(&laplacian, size, at) { 1.0 } else { GRADIENT_WEIGHT };
        (1.0 - strength * ridge).max(CHEAPEST)
    };
    if usual_squared > 0.0 { (0..gradient.len()).map(cost).collect() } else { vec![1.0; gradient.len()] }
}

/// Intensities scaled so that nearly all lie between 0 and 1; what is far out is brought near, no number is 0.
fn unit_range(intensities: &[f64]) -> Vec<f32> {
    let mut finite: Vec<f64> = intensities.iter().copied().filter(|v| v.is_finite()).collect();
    let tail = (TAIL_SHARE * finite.len() as f64) as usize;
    // Where the tails are all there is to see, they decide after all.
    let range = [tail, 0].into_iter().find_map(|tail| {
        let (low, high) = (smallest(&mut finite, tail)?, largest(&mut finite, tail)?);
        (high > low && (high - low).is_finite()).then_some((low, high))
    });
    let scaled = |v: f64, (low, high): (f64, f64)| ((v - low) / (high - low)).clamp(-1.0, 2.0) as f32;
    intensities.iter().map(|&v| range.filter(|_| v.is_finite()).map_or(0.0, |range| scaled(v, range))).collect()
}

/// The value that `rank` others come before.
fn smallest(values: &mut [f64], rank: usize) -> Option<f64> {
    (rank < values.len()).then(|| *values.select_nth_unstable_by(rank, f64::total_cmp).1)
}

fn largest(values: &mut [f64], rank: usize) -> Option<f64> {
    let rank = values.len().checked_sub(rank + 1)?;
    smallest(values, rank)
}

/// Weights of a Gaussian, of sum 1, from its far left to its far right.
fn kernel(deviation: f64) -> Vec<f32> {
    let reach = (KERNEL_REACH * deviation).ceil();
    // The deviation is at most that of the finer axis: the cast is exact.
    let count = 2 * reach as usize + 1;
    let weight = |k: usize| (-0.5 * ((k as f64 - reach) / deviation).powi(2)).exp();
    let sum: f64 = (0..count).map(weight).sum();
    (0..count).map(|k| (weight(k) / sum) as f32).collect()
}

/// Convolved along one axis; the border goes on outside.
fn smoothed(values: &[f32], size: [usize; 2], axis: usize, kernel: &[f32]) -> Vec<f32> {
    let (length, reach) = (size[axis], kernel.len() / 2);
    let (stride, line_step) = if axis == 0 { (1, size[0]) } else { (size[0], 1) };
    let mut result = vec![0.0; values.len()];
    let mut line = vec![0.0; length + 2 * reach];
    for first in (0..size[1 - axis]).map(|k| k * line_step) {
        for (k, value) in line.iter_mut().enumerate() {
            *value = values[first + k.saturating_sub(reach).min(length - 1) * stride];
        }
        for (k, window) in line.windows(kernel.len()).enumerate() {
            result[first + k * stride] = window.iter().zip(kernel).map(|(v, w)| v * w).sum();
        }
    }
    result
}

/// Squared gradient magnitude and Laplacian by differences of neighbours, per step of the finer axis.
fn derivatives(values: &[f32], [columns, rows]: [usize; 2], steps: [f32; 2]) -> [Vec<f32>; 2] {
    let (mut gradient, mut laplacian) = (Vec::with_capacity(values.len()), Vec::with_capacity(values.len()));
    for row in 0..rows {
        let line = |row: usize| &values[row * columns..(row + 1) * columns];
        let (above, here, below) = (line(row.saturating_sub(1)), line(row), line((row + 1).min(rows - 1)));
        for column in 0..columns {
            let (left, right) = (here[column.saturating_sub(1)], here[(column + 1).min(columns - 1)]);
            let slope = [(right - left) / (2.0 * steps[0]), (below[column] - above[column]) / (2.0 * steps[1])];
            gradient.push(slope[0] * slope[0] + slope[1] * slope[1]);
            let bend = |before: f32, after: f32, step: f32| (before + after - 2.0 * here[column]) / (step * step);
            laplacian.push(bend(left, right, steps[0]) + bend(above[column], below[column], steps[1]));
        }
    }
    [gradient, laplacian]
}

/// Half of a gradient that few pixels of those with any exceed, squared; 0 for a flat picture.
fn usual_gradient_squared(gradient_squared: &[f32]) -> f32 {
    let mut some: Vec<f32> = gradient_squared.iter().copied().filter(|g| *g > 0.0).collect();
    if some.is_empty() {
        return 0.0;
    }
    let rank = (USUAL_SHARE * (some.len() - 1) as f64) as usize;
    *some.select_nth_unstable_by(rank, f32::total_cmp).1 / 4.0
}

/// Whether the Laplacian changes its sign between a pixel and one of its four neighbours and the pixel is nearer to
/// zero.
fn crosses_zero(laplacian: &[f32], [columns, rows]: [usize; 2], at: usize) -> bool {
    let own = laplacian[at];
    let (column, row) = (at % columns, at / columns);
    let neighbours = [
        (column > 0).then(|| at - 1),
        (column + 1 < columns).then(|| at + 1),
        (row > 0).then(|| at - columns),
        (row + 1 < rows).then(|| at + columns),
    ];
    let opposite = |other: f32| (own > 0.0) != (other > 0.0) && own.abs() <= other.abs();
    neighbours.into_iter().flatten().any(|n| opposite(laplacian[n]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: [usize; 2] = [24, 20];

    fn picture(of: impl Fn(usize, usize) -> f64) -> Vec<f64> {
        (0..SIZE[0] * SIZE[1]).map(|i| of(i % SIZE[0], i / SIZE[0])).collect()
    }

    fn cheapest_column(costs: &[f32], row: usize) -> usize {
        let row = &costs[row * SIZE[0]..(row + 1) * SIZE[0]];
        (0..SIZE[0]).min_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap()
    }

    #[test]
    fn the_edge_of_a_step_is_cheap_and_what_is_flat_is_not() {
        let costs = pixel_costs(&picture(|x, _| if x < 9 { 50.0 } else { 300.0 }), SIZE, [1.0; 2]);
        for row in 0..SIZE[1] {
            assert!((8..=9).contains(&cheapest_column(&costs, row)));
            assert!(costs[row * SIZE[0] + 8] < 0.3 && costs[row * SIZE[0] + 2] > 0.9);
        }
    }

    #[test]
    fn neither_a_scale_nor_an_absurd_pixel_nor_one_without_a_number_changes_where_the_edge_is() {
        let step = |x: usize, y: usize| if x < 9 { 0.0 } else { 1.0 } + 0.05 * ((x * 7 + y * 13) % 5) as f64;
        let plain = pixel_costs(&picture(step), SIZE, [1.0; 2]);
        let scaled = pixel_costs(&picture(|x, y| 1e5 + 3000.0 * step(x, y)), SIZE, [1.0; 2]);
        assert!(plain.iter().zip(&scaled).all(|(a, b)| (a - b).abs() < 1e-3));
        for odd in [1e30, f64::NAN, f64::NEG_INFINITY] {
            let costs = pixel_costs(&picture(|x, y| if (x, y) == (20, 3) { odd } else { step(x, y) }), SIZE, [1.0; 2]);
            assert!(costs.iter().all(|c| (CHEAPEST..=1.0).contains(c)));
            assert!((8..=9).contains(&cheapest_column(&costs, 15)));
        }
    }

    #[test]
    fn flat_and_useless_pictures_cost_the_same_everywhere() {
        for value in [3.0, f64::NAN, f64::MAX] {
            assert!(pixel_costs(&picture(|_, _| value), SIZE, [1.0, 1e3]).iter().all(|c| *c == 1.0));
        }
        assert_eq!(pixel_costs(&[5.0], [1, 1], [1.0; 2]), [1.0]);
    }

    #[test]
    fn a_gradient_is_measured_by_length() {
        // Rows five times as far apart: the same rise over one row is a fifth of the gradient.
        let costs = |spacing| pixel_costs(&picture(|x, y| if x < 12 && y < 10 { 0.0 } else { 1.0 }), SIZE, spacing);
        let (upright, level) = (2 * SIZE[0] + 11, 9 * SIZE[0] + 3);
        let square = costs([1.0, 1.0]);
        assert!((square[upright] - square[level]).abs() < 1e-3);
        let tall = costs([1.0, 5.0]);
        assert!(tall[upright] < 0.5 * tall[level]);
    }
}
