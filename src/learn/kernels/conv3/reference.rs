//! Plain sums in f64, to test against.

use super::TAPS;
use super::dims::Dims;

fn for_each_tap(dims: Dims, mut f: impl FnMut(usize, usize, usize)) {
    let [depth, height, width] = dims.size;
    for z in 0..depth {
        for y in 0..height {
            for x in 0..width {
                for tap in 0..TAPS {
                    let (a, b, c) = (z + tap / 9, y + tap / 3 % 3, x + tap % 3);
                    if (1..=depth).contains(&a) && (1..=height).contains(&b) && (1..=width).contains(&c) {
                        f((z * height + y) * width + x, ((a - 1) * height + b - 1) * width + c - 1, tap);
                    }
                }
            }
        }
    }
}

/// See [`super::conv3_forward`].
pub fn forward(x: &[f32], dims: Dims, weight: &[f32], out_channels: usize) -> Vec<f64> {
    let volume = dims.volume();
    let mut output = vec![0.0; dims.batch * out_channels * volume];
    for b in 0..dims.batch {
        for o in 0..out_channels {
            for c in 0..dims.channels {
                let w = &weight[(o * dims.channels + c) * TAPS..][..TAPS];
                let (to, from) = ((b * out_channels + o) * volume, (b * dims.channels + c) * volume);
                for_each_tap(dims, |i, j, tap| output[to + i] += f64::from(x[from + j]) * f64::from(w[tap]));
            }
        }
    }
    output
}

/// See [`super::conv3_weight_gradient`].
pub fn weight_gradient(x: &[f32], dims: Dims, gradient: &[f32], out_channels: usize) -> Vec<f64> {
    let volume = dims.volume();
    let mut dw = vec![0.0; out_channels * dims.channels * TAPS];
    for b in 0..dims.batch {
        for o in 0..out_channels {
            for c in 0..dims.channels {
                let w = &mut dw[(o * dims.channels + c) * TAPS..][..TAPS];
                let (to, from) = ((b * out_channels + o) * volume, (b * dims.channels + c) * volume);
                for_each_tap(dims, |i, j, tap| w[tap] += f64::from(x[from + j]) * f64::from(gradient[to + i]));
            }
        }
    }
    dw
}

/// Weights of the data gradient: channels exchanged, taps reversed.
pub fn flipped(weight: &[f32], out_channels: usize, in_channels: usize) -> Vec<f32> {
    let mut flipped = vec![0.0; weight.len()];
    for o in 0..out_channels {
        for c in 0..in_channels {
            for tap in 0..TAPS {
                flipped[(c * out_channels + o) * TAPS + TAPS - 1 - tap] = weight[(o * in_channels + c) * TAPS + tap];
            }
        }
    }
    flipped
}
