//! The backward pass of [`NormAct`].

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::learn::kernels::instructions::instructions;
use crate::learn::kernels::norm::forward::{Affine, NormAct};
use crate::learn::kernels::norm::statistics::{CHUNK, ChannelStatistics, chunks_are_shared};
use crate::learn::kernels::vectors::{map, map_and_sums, sums};

/// How the backward pass knows where the ReLU was open.
#[derive(Debug)]
pub enum Gate<'a> {
    /// No skip, or one after the ReLU (its gradient is `dy`): where `scale x + shift` is positive, computed again.
    Input,
    /// A skip before the ReLU: where the output is positive. Writes the gradient of the skip, `dy` where it was open.
    Output { y: &'a [f32], d_skip: &'a mut [f32] },
}

/// A chunk of a channel.
struct Piece<'a> {
    /// Its place in the arrays.
    start: usize,
    dx: &'a mut [f32],
    gate: Gate<'a>,
}

/// `sum g` and `sum g xhat`, where `g` is the gradient behind the ReLU.
type Sums = [f32; 2];

impl NormAct<'_> {
    /// Writes `dx = gamma / sd (g - mean(g) - xhat mean(g xhat))`; returns the gradients of `gamma` and `beta`.
    pub fn backward(
        &self,
        statistics: &[ChannelStatistics],
        dy: &[f32],
        gate: Gate<'_>,
        dx: &mut [f32],
    ) -> [Vec<f32>; 2] {
        let volume = self.volume.max(1);
        let mut channels: Vec<Channel> = pieces(dx, gate, volume)
            .into_iter()
            .zip(statistics)
            .enumerate()
            .map(|(index, (pieces, statistics))| Channel {
                norm: self,
                dy,
                statistics: *statistics,
                affine: self.affine(index, *statistics),
                pieces,
            })
            .collect();
        let shared = chunks_are_shared(channels.len(), volume);
        let sums: Vec<Sums> = if shared {
            channels.par_iter_mut().map(Channel::shared).collect()
        } else {
            channels.par_iter_mut().map(Channel::alone).collect()
        };
        let count = self.gamma.len();
        let (mut d_gamma, mut d_beta) = (vec![0.0; count], vec![0.0; count]);
        for (index, [sum, product]) in sums.into_iter().enumerate() {
            d_gamma[index % count] += product;
            d_beta[index % count] += sum;
        }
        [d_gamma, d_beta]
    }
}

/// The chunks of every channel.
fn pieces<'a>(dx: &'a mut [f32], gate: Gate<'a>, volume: usize) -> Vec<Vec<Piece<'a>>> {
    let mut gates: Box<dyn Iterator<Item = Gate<'a>>> = match gate {
        Gate::Input => Box::new(std::iter::repeat_with(|| Gate::Input)),
        Gate::Output { y, d_skip } => {
            let channels = y.chunks_exact(volume).zip(d_skip.chunks_exact_mut(volume));
            let chunks = channels.flat_map(|(y, d_skip)| y.chunks(CHUNK).zip(d_skip.chunks_mut(CHUNK)));
            Box::new(chunks.map(|(y, d_skip)| Gate::Output { y, d_skip }))
        }
    };
    let of_channel = |(index, dx): (usize, &'a mut [f32])| {
        let chunks = dx.chunks_mut(CHUNK).zip(gates.by_ref()).enumerate();
        chunks.map(|(chunk, (dx, gate))| Piece { start: index * volume + chunk * CHUNK, dx, gate }).collect()
    };
    dx.chunks_exact_mut(volume).enumerate().map(of_channel).collect()
}

struct Channel<'a> {
    norm: &'a NormAct<'a>,
    dy: &'a [f32],
    statistics: ChannelStatistics,
    affine: Affine,
    pieces: Vec<Piece<'a>>,
}

impl Channel<'_> {
    /// By one thread.
    fn alone(&mut self) -> Sums {
        let Self { norm, dy, statistics, affine, pieces } = self;
        let values = |piece: &Piece| of_piece(norm.x, dy, piece);
        let sums = total(pieces.iter_mut().map(|piece| first_pass(values(piece), piece, *statistics, *affine)));
        let slopes = Slopes::new(sums, *statistics, *affine, norm.volume);
        pieces.iter_mut().for_each(|piece| second_pass(values(piece), piece, slopes));
        sums
    }

    /// By several threads.
    fn shared(&mut self) -> Sums {
        let Self { norm, dy, statistics, affine, pieces } = self;
        let values = |piece: &Piece| of_piece(norm.x, dy, piece);
        let sums: Vec<Sums> =
            pieces.par_iter_mut().map(|piece| first_pass(values(piece), piece, *statistics, *affine)).collect();
        let sums = total(sums.into_iter());
        let slopes = Slopes::new(sums, *statistics, *affine, norm.volume);
        pieces.par_iter_mut().for_each(|piece| second_pass(values(piece), piece, slopes));
        sums
    }
}

/// `x` and `dy` of a piece.
fn of_piece<'a>(x: &'a [f32], dy: &'a [f32], piece: &Piece) -> [&'a [f32]; 2] {
    let range = piece.start..piece.start + piece.dx.len();
    [&x[range.clone()], &dy[range]]
}

fn total(sums: impl Iterator<Item = Sums>) -> Sums {
    let mut totals = [0.0f64; 2];
    for sums in sums {
        for (total, sum) in totals.iter_mut().zip(sums) {
            *total += f64::from(sum);
        }
    }
    totals.map(|total| total as f32)
}

fn first_pass(values: [&[f32]; 2], piece: &mut Piece, statistics: ChannelStatistics, affine: Affine) -> Sums {
    let gate = match &mut piece.gate {
        Gate::Input => Gate::Input,
        Gate::Output { y, d_skip } => Gate::Output { y, d_skip },
    };
    let [sum, product] = instructions().dispatch(FirstPass { values, gate, affine, mean: statistics.mean });
    [sum, product * statistics.per_sd]
}

fn second_pass([x, dy]: [&[f32]; 2], piece: &mut Piece, slopes: Slopes) {
    let (g, gated) = match &piece.gate {
        Gate::Input => (dy, false),
        Gate::Output { d_skip, .. } => (&**d_skip, true),
    };
    instructions().dispatch(SecondPass { x, g, gated, slopes, dx: piece.dx });
}

struct FirstPass<'a> {
    /// `x` and `dy`.
    values: [&'a [f32]; 2],
    gate: Gate<'a>,
    affine: Affine,
    mean: f32,
}

impl WithSimd for FirstPass<'_> {
    type Output = Sums;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Sums {
        let Self { values: [x, dy], gate, affine, mean } = self;
        let (mean, zero) = (simd.splat_f32s(mean), simd.splat_f32s(0.0));
        let (scale, shift) = (simd.splat_f32s(affine.scale), simd.splat_f32s(affine.shift));
        match gate {
            Gate::Input => sums(
                simd,
                [x, dy],
                #[inline(always)]
                |[x, g]| {
                    let open = simd.greater_than_f32s(simd.mul_add_e_f32s(x, scale, shift), zero);
                    let g = simd.select_f32s(open, g, zero);
                    [g, simd.mul_f32s(g, simd.sub_f32s(x, mean))]
                },
            ),
            Gate::Output { y, d_skip } => map_and_sums(
                simd,
                d_skip,
                [x, y, dy],
                #[inline(always)]
                |[x, y, g]| {
                    let g = simd.select_f32s(simd.greater_than_f32s(y, zero), g, zero);
                    [g, simd.mul_f32s(g, simd.sub_f32s(x, mean))]
                },
            ),
        }
    }
}

/// `dx = of_g g + of_x (x - mean) + constant`.
#[derive(Clone, Copy)]
struct Slopes {
    of_g: f32,
    of_x: f32,
    mean: f32,
    constant: f32,
    affine: Affine,
}

impl Slopes {
    fn new([sum, product]: Sums, statistics: ChannelStatistics, affine: Affine, volume: usize) -> Self {
        let n = volume as f32;
        let of_g = affine.scale;
        let of_x = -of_g * statistics.per_sd * (product / n);
        Self { of_g, of_x, mean: statistics.mean, constant: -of_g * (sum / n), affine }
    }
}

struct SecondPass<'a> {
    x: &'a [f32],
    g: &'a [f32],
    /// Whether `g` is already zero where the ReLU was closed.
    gated: bool,
    slopes: Slopes,
    dx: &'a mut [f32],
}

impl WithSimd for SecondPass<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { x, g, gated, slopes: Slopes { of_g, of_x, mean, constant, affine }, dx } = self;
        let (of_g, of_x, mean) = (simd.splat_f32s(of_g), simd.splat_f32s(of_x), simd.splat_f32s(mean));
        let (constant, zero) = (simd.splat_f32s(constant), simd.splat_f32s(0.0));
        let (scale, shift) = (simd.splat_f32s(affine.scale), simd.splat_f32s(affine.shift));
        if gated {
            map(
                simd,
                dx,
                [x, g],
                #[inline(always)]
                |[x, g]| {
                    let from_x = simd.mul_add_e_f32s(simd.sub_f32s(x, mean), of_x, constant);
                    simd.mul_add_e_f32s(g, of_g, from_x)
                },
            );
        } else {
            map(
                simd,
                dx,
                [x, g],
                #[inline(always)]
                |[x, g]| {
                    let open = simd.greater_than_f32s(simd.mul_add_e_f32s(x, scale, shift), zero);
                    let from_x = simd.mul_add_e_f32s(simd.sub_f32s(x, mean), of_x, constant);
                    simd.mul_add_e_f32s(simd.select_f32s(open, g, zero), of_g, from_x)
                },
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::kernels::norm::forward::{EPSILON, Skip};
    use crate::learn::kernels::testing::{assert_close, assert_same_bits_for_any_thread_count, random};

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Place {
        Nowhere,
        Before,
        After,
    }

    struct Case {
        batch: usize,
        channels: usize,
        volume: usize,
        place: Place,
    }

    impl Case {
        fn all() -> Vec<Self> {
            let shapes = [(1, 1, 2), (2, 3, 7), (1, 2, 48), (2, 2, 4097), (1, 1, 20_000), (2, 5, 333)];
            let places = [Place::Nowhere, Place::Before, Place::After];
            let with = |place| shapes.map(|(batch, channels, volume)| Self { batch, channels, volume, place });
            places.into_iter().flat_map(with).collect()
        }

        fn random(&self, seed: u64) -> Vec<f32> {
            random(self.batch * self.channels * self.volume, seed)
        }

        /// `y`, `dx`, `d_skip`, `d_gamma`, `d_beta` one after the other.
        fn ours(&self) -> Vec<f32> {
            let (x, skip, dy) = (self.random(1), self.random(2), self.random(3));
            let (gamma, beta) = (random(self.channels, 4), random(self.channels, 5));
            let norm = NormAct { x: &x, gamma: &gamma, beta: &beta, volume: self.volume };
            let (mut y, mut dx, mut d_skip) = (vec![f32::NAN; x.len()], vec![f32::NAN; x.len()], dy.clone());
            let place = match self.place {
                Place::Nowhere => Skip::None,
                Place::Before => Skip::BeforeRelu(&skip),
                Place::After => Skip::AfterRelu(&skip),
            };
            let statistics = norm.forward(place, &mut y);
            let mut again = vec![f32::NAN; x.len()];
            norm.forward_with(&statistics, place, &mut again);
            assert_eq!(y, again);
            let gate = match self.place {
                Place::Before => Gate::Output { y: &y, d_skip: &mut d_skip },
                Place::Nowhere | Place::After => Gate::Input,
            };
            let [d_gamma, d_beta] = norm.backward(&statistics, &dy, gate, &mut dx);
            [y, dx, d_skip, d_gamma, d_beta].concat()
        }

        fn reference(&self) -> Vec<f64> {
            let (x, skip, dy) = (self.random(1), self.random(2), self.random(3));
            let (gamma, beta) = (random(self.channels, 4), random(self.channels, 5));
            let n = self.volume as f64;
            let (mut y, mut dx, mut d_skip) = (vec![0.0; x.len()], vec![0.0; x.len()], vec![0.0; x.len()]);
            let (mut d_gamma, mut d_beta) = (vec![0.0; self.channels], vec![0.0; self.channels]);
            for index in 0..self.batch * self.channels {
                let (c, range) = (index % self.channels, index * self.volume..(index + 1) * self.volume);
                let (gamma, beta) = (f64::from(gamma[c]), f64::from(beta[c]));
                let mean = x[range.clone()].iter().map(|v| f64::from(*v)).sum::<f64>() / n;
                let variance = x[range.clone()].iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / n;
                let per_sd = (variance + f64::from(EPSILON)).sqrt().recip();
                let xhat = |i: usize| (f64::from(x[i]) - mean) * per_sd;
                let skip = |i: usize, place| if self.place == place { f64::from(skip[i]) } else { 0.0 };
                let (mut sum, mut product) = (0.0, 0.0);
                for i in range.clone() {
                    let inner = gamma * xhat(i) + beta + skip(i, Place::Before);
                    y[i] = inner.max(0.0) + skip(i, Place::After);
                    let g = if inner > 0.0 { f64::from(dy[i]) } else { 0.0 };
                    d_skip[i] = if self.place == Place::Before { g } else { f64::from(dy[i]) };
                    dx[i] = g;
                    sum += g;
                    product += g * xhat(i);
                }
                for i in range {
                    dx[i] = gamma * per_sd * (dx[i] - sum / n - xhat(i) * product / n);
                }
                d_gamma[c] += product;
                d_beta[c] += sum;
            }
            [y, dx, d_skip, d_gamma, d_beta].concat()
        }
    }

    #[test]
    fn output_and_all_gradients_equal_plain_sums() {
        for case in Case::all() {
            assert_close(&case.ours(), &case.reference(), 2e-4);
        }
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        for case in Case::all() {
            assert_same_bits_for_any_thread_count(|| case.ours());
        }
    }

    #[test]
    fn a_constant_channel_becomes_beta_and_its_gradient_stays_finite() {
        let x = [7.0f32; 40];
        let norm = NormAct { x: &x, gamma: &[2.0], beta: &[0.5], volume: 40 };
        let (mut y, mut dx) = ([f32::NAN; 40], [f32::NAN; 40]);
        let statistics = norm.forward(Skip::None, &mut y);
        assert!(y.iter().all(|v| (v - 0.5).abs() < 1e-3));
        norm.backward(&statistics, &random(40, 1), Gate::Input, &mut dx);
        assert!(dx.iter().all(|v| v.is_finite()));
    }
}
