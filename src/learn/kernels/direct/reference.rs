//! Plain sums in f64, to test against.

use super::Direct;

/// `f(output voxel, input voxel, tap)` for all that meet in a volume.
fn for_each_tap(shape: &Direct, mut f: impl FnMut(usize, usize, usize)) {
    let ([depth, height, width], k, padding) = (shape.dims.size, shape.kernel, shape.kernel / 2);
    let inside = |at: usize, size: usize| (padding..size + padding).contains(&at);
    for voxel in 0..shape.dims.volume() {
        let (z, y, x) = (voxel / width / height, voxel / width % height, voxel % width);
        for tap in 0..k * k * k {
            let (a, b, c) = (z + tap / k / k, y + tap / k % k, x + tap % k);
            if inside(a, depth) && inside(b, height) && inside(c, width) {
                f(voxel, ((a - padding) * height + b - padding) * width + c - padding, tap);
            }
        }
    }
}

/// `f(item, output channel, input channel)`: where each begins in the output, the input and the weights.
fn for_each_pair(shape: &Direct, mut f: impl FnMut(usize, usize, usize)) {
    let (volume, channels, out) = (shape.dims.volume(), shape.dims.channels, shape.out_channels);
    for b in 0..shape.dims.batch {
        for o in 0..out {
            for c in 0..channels {
                f((b * out + o) * volume, (b * channels + c) * volume, (o * channels + c) * shape.kernel.pow(3));
            }
        }
    }
}

/// See [`Direct::forward`].
pub fn forward(shape: &Direct, x: &[f32], weight: &[f32]) -> Vec<f64> {
    let mut y = vec![0.0; shape.dims.batch * shape.out_channels * shape.dims.volume()];
    for_each_pair(shape, |to, from, w| {
        for_each_tap(shape, |i, j, tap| y[to + i] += f64::from(x[from + j]) * f64::from(weight[w + tap]));
    });
    y
}

/// See [`Direct::data_gradient`].
pub fn data_gradient(shape: &Direct, gradient: &[f32], weight: &[f32]) -> Vec<f64> {
    let mut dx = vec![0.0; shape.dims.len()];
    for_each_pair(shape, |from, to, w| {
        for_each_tap(shape, |i, j, tap| dx[to + j] += f64::from(gradient[from + i]) * f64::from(weight[w + tap]));
    });
    dx
}

/// See [`Direct::weight_gradient`].
pub fn weight_gradient(shape: &Direct, x: &[f32], gradient: &[f32]) -> Vec<f64> {
    let mut dw = vec![0.0; shape.out_channels * shape.dims.channels * shape.kernel.pow(3)];
    for_each_pair(shape, |g, from, w| {
        for_each_tap(shape, |i, j, tap| dw[w + tap] += f64::from(x[from + j]) * f64::from(gradient[g + i]));
    });
    dw
}
