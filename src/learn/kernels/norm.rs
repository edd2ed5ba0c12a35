//! Passes over one channel: statistics, normalisation, and the sums its gradient needs.

/// Partial sums, so that the compiler may use vector registers without changing the order of additions.
const LANES: usize = 16;

/// Mean and `1 / sqrt(variance + epsilon)` of a channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChannelStatistics {
    pub mean: f32,
    pub per_sd: f32,
}

impl ChannelStatistics {
    /// Two passes: the textbook one-pass variance cancels for channels with a large mean.
    #[inline(always)]
    pub fn of(channel: &[f32], epsilon: f32) -> Self {
        let n = channel.len() as f32;
        let mean = sum(channel, |v| v) / n;
        let variance = sum(channel, |v| (v - mean) * (v - mean)) / n;
        Self { mean, per_sd: (variance + epsilon).sqrt().recip() }
    }
}

/// `sum f(v)` in a fixed order.
#[inline(always)]
fn sum(values: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let (blocks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [0.0f32; LANES];
    for block in blocks {
        for (lane, v) in lanes.iter_mut().zip(block) {
            *lane += f(*v);
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().map(|v| f(*v)).sum::<f32>()
}

/// `sum g` and `sum g h` in a fixed order.
#[inline(always)]
pub fn sum_and_product(g: &[f32], h: impl Fn(usize) -> f32) -> (f32, f32) {
    let mut sums = [0.0f32; LANES];
    let mut products = [0.0f32; LANES];
    let whole = g.len() / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        let block = &g[start..start + LANES];
        for lane in 0..LANES {
            sums[lane] += block[lane];
            products[lane] += block[lane] * h(start + lane);
        }
    }
    let (mut sum, mut product) = (sums.iter().sum::<f32>(), products.iter().sum::<f32>());
    for (i, g) in g.iter().enumerate().skip(whole) {
        sum += g;
        product += g * h(i);
    }
    (sum, product)
}
