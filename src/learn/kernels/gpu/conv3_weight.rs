//! Weight gradient of the 3x3x3 convolution: for every pair of channels and every tap the sum over all voxels of the
//! output's gradient times the input one tap away.
//!
//! A cube owns some output and some input channels and goes through its share of the volume box by box: the gradient's box
//! and the input's box with a halo of 1 are staged in shared memory. A unit owns one input channel and one plane of taps,
//! `outputs` output channels and the nine taps of the plane: 9 x 8 registers. It reads three rows of the input and then, for
//! every voxel of the row, the gradient as vectors of four channels: 12 multiply-adds per read. Units with the same channels
//! ("lanes") take different rows, which keeps a cube busy where there are few channels.

use burn::tensor::DType;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::ir::ElemType;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::buffers::{Dims, SHARED_NUMBERS, contiguous, cubes, elem, empty, units};
use super::conv3::least_waste;
use super::halo::{Halo, Place, stage};
use super::splits::{split_count, sum_parts};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Tile {
    /// The box of voxels.
    z: usize,
    y: usize,
    x: usize,
    /// Input channels of a cube.
    channels: usize,
    /// Groups of output channels of a cube, and channels of a group, a multiple of 4.
    groups: usize,
    outputs: usize,
    /// Units with the same channels.
    lanes: usize,
}

impl Tile {
    /// As many channels as fit in shared memory, because every pair of them uses what was staged.
    fn choose(dims: Dims, outputs: usize) -> Self {
        let x = least_waste(dims.x, &[8, 4]);
        let per_unit = if outputs <= 4 { 4 } else { 8 };
        let groups = outputs.div_ceil(per_unit).clamp(1, 4);
        let largest = [8, 4, 2, 1].into_iter().find(|c| *c <= dims.channels).unwrap_or(1);
        let mut tile = Self { z: 1, y: 1, x, channels: largest, groups, outputs: per_unit, lanes: 1 };
        for (z, y) in [(1, 2), (2, 2), (2, 4), (4, 4), (4, 8)] {
            let larger = Self { z, y, ..tile };
            if z < 2 * dims.z && y < 2 * dims.y && larger.shared_numbers() <= SHARED_NUMBERS {
                tile = larger;
            }
        }
        while 2 * tile.units() <= 128 && (tile.z * tile.y).is_multiple_of(2 * tile.lanes) {
            tile.lanes *= 2;
        }
        tile
    }

    fn units(&self) -> usize {
        self.lanes * self.groups * self.channels * 3
    }

    /// An odd pitch: units with consecutive channels read different banks.
    fn halo(&self) -> Halo {
        let halo = Halo::around(self.channels, [self.z, self.y, self.x]);
        Halo { pitch: halo.pitch | 1, ..halo }
    }

    fn voxels(&self) -> usize {
        self.z * self.y * self.x
    }

    fn shared_numbers(&self) -> usize {
        self.halo().numbers() + self.voxels() * self.groups * self.outputs
    }

    fn boxes(&self, dims: Dims) -> usize {
        dims.batch * dims.z.div_ceil(self.z) * dims.y.div_ceil(self.y) * dims.x.div_ceil(self.x)
    }
}

/// `x` `[b, c, z, y, x]` and `dy` `[b, out, z, y, x]` to `[out, c, 3, 3, 3]` in f32.
pub fn conv3_weight_gradient(x: CubeTensor, dy: CubeTensor) -> CubeTensor {
    let (x, dy) = (contiguous(x), contiguous(dy));
    let dims = Dims::of(&x);
    let outputs = Dims::of(&dy).channels;
    let tile = Tile::choose(dims, outputs);
    let cubes_x = dims.channels.div_ceil(tile.channels);
    let cubes_y = outputs.div_ceil(tile.groups * tile.outputs);
    let numbers = outputs * dims.channels * 27;
    let splits = split_count(tile.boxes(dims), cubes_x * cubes_y, numbers * tile.lanes);
    let parts = empty(&x, [splits * tile.lanes, numbers], DType::F32);
    let (client, dtype) = (x.client.clone(), elem(&x));
    weight_kernel::launch(
        &client,
        cubes(cubes_x, cubes_y, splits),
        units(tile.units()),
        x.into_buffer_arg(),
        dy.into_buffer_arg(),
        parts.clone().into_buffer_arg(),
        dims.argument(),
        outputs,
        tile,
        dtype,
    );
    sum_parts(parts, [outputs, dims.channels, 3, 3, 3])
}

#[cube(launch)]
fn weight_kernel<F: Float>(
    x: &[F],
    dy: &[F],
    parts: &mut [f32],
    dims: Dims,
    outputs: usize,
    #[comptime] tile: Tile,
    #[define(F)] _dtype: ElemType,
) {
    let fours = comptime!(tile.outputs / 4);
    let halo = comptime!(tile.halo());
    let unit = UNIT_POS as usize;
    let channel = unit % tile.channels;
    let tap_z = unit / tile.channels % 3;
    let group = unit / comptime!(3 * tile.channels) % tile.groups;
    let lane = unit / comptime!(3 * tile.channels * tile.groups);
    let first_output = CUBE_POS_Y as usize * comptime!(tile.groups * tile.outputs);
    let first_channel = CUBE_POS_X as usize * tile.channels;

    let mut inputs = Shared::<[f32]>::new_slice(comptime!(halo.numbers()));
    let mut slopes =
        Shared::<[Vector<f32, Const<4>>]>::new_slice(comptime!(tile.voxels() * tile.groups * tile.outputs / 4));
    let mut sums = Array::<Vector<f32, Const<4>>>::new(comptime!(9 * fours));
    #[unroll]
    for i in 0..comptime!(9 * fours) {
        sums[i] = Vector::new(0.0f32);
    }

    let boxes_x = dims.x.div_ceil(tile.x);
    let boxes_y = dims.y.div_ceil(tile.y);
    let boxes_z = dims.z.div_ceil(tile.z);
    let boxes = dims.batch * boxes_z * boxes_y * boxes_x;
    for index in range_stepped(CUBE_POS_Z as usize, boxes, CUBE_COUNT_Z as usize) {
        let place = Place {
            batch: index / (boxes_x * boxes_y * boxes_z),
            z: index / (boxes_x * boxes_y) % boxes_z * tile.z,
            y: index / boxes_x % boxes_y * tile.y,
            x: index % boxes_x * tile.x,
        };
        sync_cube();
        stage::<F>(x, &mut inputs, &dims, &place, first_channel, halo, comptime!(tile.units()));
        stage_slopes::<F>(dy, &mut slopes, &dims, &place, first_output, outputs, tile);
        sync_cube();
        for row in range_stepped(lane, comptime!(tile.z * tile.y), tile.lanes) {
            let (z, y) = (row / tile.y, row % tile.y);
            let from = channel * halo.pitch + ((z + tap_z) * halo.y + y) * halo.x;
            let at = (row * tile.x * tile.groups + group) * fours;
            add_row(&inputs, &slopes, &mut sums, from, at, tile);
        }
    }

    let to_channel = first_channel + channel;
    let part = CUBE_POS_Z as usize * tile.lanes + lane;
    if to_channel < dims.channels {
        #[unroll]
        for i in 0..tile.outputs {
            let output = first_output + group * tile.outputs + i;
            if output < outputs {
                let to = ((part * outputs + output) * dims.channels + to_channel) * 27 + tap_z * 9;
                #[unroll]
                for tap in 0..9usize {
                    parts[to + tap] = sums[comptime!(tap * fours + i / 4)].extract(comptime!(i % 4));
                }
            }
        }
    }
}

/// `[voxels, channels / 4]` vectors of the output's gradient; zero outside, so that the input there does not count.
#[cube]
fn stage_slopes<F: Float>(
    dy: &[F],
    slopes: &mut Shared<[Vector<f32, Const<4>>]>,
    dims: &Dims,
    place: &Place,
    first: usize,
    outputs: usize,
    #[comptime] tile: Tile,
) {
    let fours = comptime!(tile.groups * tile.outputs / 4);
    let count = comptime!(tile.voxels() * fours);
    for i in range_stepped(UNIT_POS as usize, count, comptime!(tile.units())) {
        let (voxel, four) = (i % comptime!(tile.voxels()), i / comptime!(tile.voxels()));
        let z = place.z + voxel / comptime!(tile.y * tile.x);
        let y = place.y + voxel / tile.x % tile.y;
        let x = place.x + voxel % tile.x;
        let mut values = Vector::<f32, Const<4>>::new(0.0f32);
        if x < dims.x && y < dims.y && z < dims.z {
            #[unroll]
            for lane in 0..4usize {
                let output = first + 4 * four + lane;
                if output < outputs {
                    let plane = (place.batch * outputs + output) * dims.z + z;
                    values.insert(lane, f32::cast_from(dy[(plane * dims.y + y) * dims.x + x]));
                }
            }
        }
        slopes[voxel * fours + four] = values;
    }
}

/// Adds a row of voxels; `from` is the input's first value of the first tap, `at` the gradient's first vector.
#[cube]
fn add_row(
    inputs: &Shared<[f32]>,
    slopes: &Shared<[Vector<f32, Const<4>>]>,
    sums: &mut Array<Vector<f32, Const<4>>>,
    from: usize,
    at: usize,
    #[comptime] tile: Tile,
) {
    let fours = comptime!(tile.outputs / 4);
    let length = comptime!(tile.x + 2);
    let mut rows = Array::<f32>::new(comptime!(3 * length));
    #[unroll]
    for i in 0..comptime!(3 * length) {
        rows[i] = inputs[from + i];
    }
    #[unroll]
    for x in 0..tile.x {
        #[unroll]
        for four in 0..fours {
            let slope = slopes[at + comptime!(x * tile.groups * fours + four)];
            #[unroll]
            for tap in 0..9usize {
                let sum = comptime!(tap * fours + four);
                let value = rows[comptime!(tap / 3 * length + tap % 3 + x)];
                sums[sum] = fma(slope, Vector::new(value), sums[sum]);
            }
        }
    }
}
