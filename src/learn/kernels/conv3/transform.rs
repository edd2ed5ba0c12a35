//! The minimal filtering algorithm F(2, 3) of Winograd, over z and y.
//!
//! Two outputs of a 3-tap filter take four products instead of six: with `d` the four inputs and `g` the taps,
//! `m = [(d0 - d2) g0, (d1 + d2) (g0 + g1 + g2) / 2, (d2 - d1) (g0 - g1 + g2) / 2, (d3 - d1) g2]` and the outputs are
//! `[m0 + m1 + m2, m1 - m2 + m3]`. Nested over z and y, a tile of 2x2 rows takes 16 instead of 36. The factors are 1
//! and 1/2, so the rounding errors stay those of a direct sum. x stays direct: it lies along the registers.

use std::ops::Range;

use pulp::Simd;

use super::tile::{LongRow, Rows, Tile};

/// `[first, second, sign]`: input `i` of the algorithm is `d[first] + sign * d[second]`.
pub(crate) const INPUT: [(usize, usize, f32); 4] = [(0, 2, -1.0), (1, 2, 1.0), (2, 1, -1.0), (3, 1, -1.0)];

/// Writes the inputs with the given indices in z of all tiles: `[index in z][index in y][channel][long row]`.
#[inline(always)]
pub(crate) fn transform_inputs<S: Simd>(
    simd: S,
    from: Rows<'_>,
    tiles: &[Tile],
    row: LongRow,
    indices: Range<usize>,
    to: &mut [f32],
) {
    let per_index = 4 * from.dims.channels * row.stride;
    // Channel by channel, so that its rows stay in the first-level cache for all indices.
    for channel in 0..from.dims.channels {
        for (to, iz) in to.chunks_exact_mut(per_index).zip(indices.clone()) {
            let (first, second, sign) = INPUT[iz];
            let mut to = long_rows(to, channel, row);
            for (t, tile) in tiles.iter().enumerate() {
                let values = from.channel(tile, channel);
                let (mut a, mut b) = ([from.zeros(); 4], [from.zeros(); 4]);
                for dy in 0..4 {
                    (a[dy], b[dy]) = (from.row(values, tile, first, dy), from.row(values, tile, second, dy));
                }
                for to in &mut to {
                    to[row.at(t)] = 0.0;
                }
                input_rows(simd, sign, a, b, rows_at(&mut to, row.at(t) + 1, row.padded));
            }
            end_rows(to, row);
        }
    }
}

/// The long rows of a channel in `[index in y][channel][long row]`.
#[inline(always)]
fn long_rows(values: &mut [f32], channel: usize, row: LongRow) -> [&mut [f32]; 4] {
    let [a, b, c, d] = quarters(values);
    let at = channel * row.stride..(channel + 1) * row.stride;
    [&mut a[at.clone()], &mut b[at.clone()], &mut c[at.clone()], &mut d[at]]
}

/// Zeros after the last tile.
#[inline(always)]
fn end_rows(rows: [&mut [f32]; 4], row: LongRow) {
    for values in rows {
        values[row.at(row.tiles)..].fill(0.0);
    }
}

#[inline(always)]
fn quarters(values: &mut [f32]) -> [&mut [f32]; 4] {
    let (a, b) = values.split_at_mut(values.len() / 2);
    let half = a.len() / 2;
    let ((a, b), (c, d)) = (a.split_at_mut(half), b.split_at_mut(half));
    [a, b, c, d]
}

#[inline(always)]
fn rows_at<'a>([a, b, c, d]: &'a mut [&mut [f32]; 4], at: usize, len: usize) -> [&'a mut [f32]; 4] {
    let row = at..at + len;
    [&mut a[row.clone()], &mut b[row.clone()], &mut c[row.clone()], &mut d[row]]
}

/// One tile of one channel: `d = a + sign * b` in z, then all four combinations in y. Whole registers: what lies beyond
/// the rows is overwritten by the next tile.
#[inline(always)]
fn input_rows<S: Simd>(simd: S, sign: f32, a: [&[f32]; 4], b: [&[f32]; 4], to: [&mut [f32]; 4]) {
    let sign = simd.splat_f32s(sign);
    let [to0, to1, to2, to3] = to;
    let count = to0.len() / S::F32_LANES;
    let (to0, to1) = (registers_mut::<S>(to0, count), registers_mut::<S>(to1, count));
    let (to2, to3) = (registers_mut::<S>(to2, count), registers_mut::<S>(to3, count));
    let (a0, a1) = (registers::<S>(a[0], count), registers::<S>(a[1], count));
    let (a2, a3) = (registers::<S>(a[2], count), registers::<S>(a[3], count));
    let (b0, b1) = (registers::<S>(b[0], count), registers::<S>(b[1], count));
    let (b2, b3) = (registers::<S>(b[2], count), registers::<S>(b[3], count));
    for i in 0..count {
        let (d0, d1) = (combine(simd, a0[i], sign, b0[i]), combine(simd, a1[i], sign, b1[i]));
        let (d2, d3) = (combine(simd, a2[i], sign, b2[i]), combine(simd, a3[i], sign, b3[i]));
        to0[i] = simd.sub_f32s(d0, d2);
        to1[i] = simd.add_f32s(d1, d2);
        to2[i] = simd.sub_f32s(d2, d1);
        to3[i] = simd.sub_f32s(d3, d1);
    }
}

#[inline(always)]
fn registers<S: Simd>(row: &[f32], count: usize) -> &[S::f32s] {
    &S::as_simd_f32s(row).0[..count]
}

#[inline(always)]
fn registers_mut<S: Simd>(row: &mut [f32], count: usize) -> &mut [S::f32s] {
    &mut S::as_mut_simd_f32s(row).0[..count]
}

/// `a + sign * b`; exact like an addition because the sign is 1 or -1.
#[inline(always)]
fn combine<S: Simd>(simd: S, a: S::f32s, sign: S::f32s, b: S::f32s) -> S::f32s {
    simd.mul_add_e_f32s(sign, b, a)
}

/// The transpose of the output step, for the weight gradient: of `[g0, g1]` it makes `[g0, g0 + g1, g0 - g1, g1]`.
/// Writes those with index `iz` in z of all tiles, from `first_channel` on: `[index in y][channel][long row]`. Channels
/// beyond the last are zero.
#[inline(always)]
pub(crate) fn transform_gradients<S: Simd>(
    simd: S,
    from: Rows<'_>,
    tiles: &[Tile],
    row: LongRow,
    iz: usize,
    first_channel: usize,
    to: &mut [f32],
) {
    // `[first plane, sign of the second]`; plane 0 is the one before the tile.
    let (first, sign) = [(1, 0.0), (1, 1.0), (1, -1.0), (2, 0.0)][iz];
    for channel in 0..to.len() / (4 * row.stride) {
        let mut to = long_rows(to, channel, row);
        let channel = first_channel + channel;
        for (t, tile) in tiles.iter().enumerate() {
            let (mut a, mut b) = ([from.zeros(); 2], [from.zeros(); 2]);
            if channel < from.dims.channels {
                let values = from.channel(tile, channel);
                a = [from.row(values, tile, first, 1), from.row(values, tile, first, 2)];
                if sign != 0.0 {
                    b = [from.row(values, tile, 2, 1), from.row(values, tile, 2, 2)];
                }
            }
            gradient_rows(simd, sign, a, b, rows_at(&mut to, row.at(t), row.padded));
            for to in &mut to {
                to[row.at(t) + row.width] = 0.0;
            }
        }
        end_rows(to, row);
    }
}

#[inline(always)]
fn gradient_rows<S: Simd>(simd: S, sign: f32, a: [&[f32]; 2], b: [&[f32]; 2], to: [&mut [f32]; 4]) {
    let sign = simd.splat_f32s(sign);
    let [to0, to1, to2, to3] = to;
    let count = to0.len() / S::F32_LANES;
    let (to0, to1) = (registers_mut::<S>(to0, count), registers_mut::<S>(to1, count));
    let (to2, to3) = (registers_mut::<S>(to2, count), registers_mut::<S>(to3, count));
    let (a0, a1) = (registers::<S>(a[0], count), registers::<S>(a[1], count));
    let (b0, b1) = (registers::<S>(b[0], count), registers::<S>(b[1], count));
    for i in 0..count {
        let (g0, g1) = (combine(simd, a0[i], sign, b0[i]), combine(simd, a1[i], sign, b1[i]));
        to0[i] = g0;
        to1[i] = simd.add_f32s(g0, g1);
        to2[i] = simd.sub_f32s(g0, g1);
        to3[i] = g1;
    }
}

/// Outputs `[z][y]` of a tile from its products `[index in z][index in y]`.
#[inline(always)]
pub(crate) fn outputs<S: Simd>(simd: S, m: [[S::f32s; 4]; 4]) -> [S::f32s; 4] {
    let mut z = [[m[0][0]; 4]; 2];
    for y in 0..4 {
        [z[0][y], z[1][y]] = output_pair(simd, [m[0][y], m[1][y], m[2][y], m[3][y]]);
    }
    let ([a, b], [c, d]) = (output_pair(simd, z[0]), output_pair(simd, z[1]));
    [a, b, c, d]
}

#[inline(always)]
fn output_pair<S: Simd>(simd: S, m: [S::f32s; 4]) -> [S::f32s; 2] {
    let (sum, difference) = (simd.add_f32s(m[1], m[2]), simd.sub_f32s(m[1], m[2]));
    [simd.add_f32s(m[0], sum), simd.add_f32s(difference, m[3])]
}
