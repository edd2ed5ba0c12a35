//! 3x3x3 convolution, stride 1, padding 1, and its data gradient, which is the same convolution with the taps mirrored and
//! the two channel axes swapped.
//!
//! A cube (workgroup) owns a box of voxels and some output channels. It stages the box with a halo of 1, and the weights of
//! a few input channels, in shared memory; every unit adds up `steps` voxels along y times `outputs` channels in registers.
//! Units are consecutive along x: their reads fall into different banks and their writes are one run of memory. Weights
//! are the same for all units of a group and are read as vectors of four channels. With 8 x 8 registers that is 12
//! multiply-adds per read of shared memory.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::ir::ElemType;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::buffers::{Dims, SHARED_NUMBERS, contiguous, cubes, elem, empty, units};
use super::halo::{Halo, Place, stage};

/// How the work is cut into cubes and units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Tile {
    /// Units along x, one voxel each.
    x: usize,
    /// Units along y, and voxels along y of each.
    y: usize,
    steps: usize,
    /// Units along z, one voxel each.
    z: usize,
    /// Groups of units for the same voxels, and output channels of each, a multiple of 4.
    groups: usize,
    outputs: usize,
    /// Input channels staged at a time.
    chunk: usize,
}

impl Tile {
    /// Full resolution has many voxels and few channels, the deepest level the reverse: boxes shrink with the volume, and
    /// from 8 x 8 x 8 voxels down a unit does a quarter of the work so that there are enough units.
    fn choose(dims: Dims, outputs: usize) -> Self {
        let x = least_waste(dims.x, &[32, 16, 8, 4]);
        let deep = dims.volume() <= 512;
        let steps = if deep { 4 } else { least_waste(dims.y, &[8, 4]) };
        let per_unit = if deep || outputs <= 4 { 4 } else { 8 };
        let groups = outputs.div_ceil(per_unit).clamp(1, if per_unit == 4 { 4 } else { 2 });
        let mut tile = Self { x, y: 1, steps, z: 1, groups, outputs: per_unit, chunk: 1 };
        let fits = |tile: &Self| tile.units() <= 256 && tile.shared_numbers() <= SHARED_NUMBERS;
        for (z, y) in [(2, 1), (4, 1), (4, 2), (8, 2)] {
            let larger = Self { z, y, ..tile };
            if z < 2 * dims.z && (y - 1) * steps < dims.y && fits(&larger) {
                tile = larger;
            }
        }
        while fits(&Self { chunk: 2 * tile.chunk, ..tile }) && tile.chunk < 4 {
            tile.chunk *= 2;
        }
        tile
    }

    fn units(&self) -> usize {
        self.x * self.y * self.z * self.groups
    }

    fn halo(&self) -> Halo {
        Halo::around(self.chunk, [self.z, self.y * self.steps, self.x])
    }

    fn channels(&self) -> usize {
        self.groups * self.outputs
    }

    fn shared_numbers(&self) -> usize {
        self.halo().numbers() + self.chunk * 27 * self.channels()
    }
}

/// The candidate with the least padding; of equals the first.
pub fn least_waste(extent: usize, candidates: &[usize]) -> usize {
    candidates.iter().copied().min_by_key(|c| extent.next_multiple_of(*c)).unwrap_or(1)
}

/// `x` `[b, c, z, y, x]`, weights `[out, c, 3, 3, 3]` in f32.
pub fn conv3(x: CubeTensor, weight: CubeTensor) -> CubeTensor {
    let outputs = weight.meta.shape()[0];
    launch(x, weight, outputs, false)
}

/// Gradient of the input from that of the output, `dy` `[b, out, z, y, x]`.
pub fn conv3_data_gradient(dy: CubeTensor, weight: CubeTensor) -> CubeTensor {
    let channels = weight.meta.shape()[1];
    launch(dy, weight, channels, true)
}

fn launch(x: CubeTensor, weight: CubeTensor, outputs: usize, mirrored: bool) -> CubeTensor {
    let (x, weight) = (contiguous(x), contiguous(weight));
    let dims = Dims::of(&x);
    let tile = Tile::choose(dims, outputs);
    let y = empty(&x, [dims.batch, outputs, dims.z, dims.y, dims.x], x.dtype);
    let boxes = dims.x.div_ceil(tile.x) * dims.y.div_ceil(tile.y * tile.steps) * dims.z.div_ceil(tile.z);
    let (client, dtype) = (x.client.clone(), elem(&x));
    conv3_kernel::launch(
        &client,
        cubes(boxes, outputs.div_ceil(tile.channels()), dims.batch),
        units(tile.units()),
        x.into_buffer_arg(),
        weight.into_buffer_arg(),
        y.clone().into_buffer_arg(),
        dims.argument(),
        outputs,
        mirrored,
        tile,
        dtype,
    );
    y
}

#[cube(launch)]
#[allow(clippy::too_many_arguments, reason = "a kernel's arguments are its buffers, its sizes and its tile")]
fn conv3_kernel<F: Float>(
    x: &[F],
    weight: &[f32],
    y: &mut [F],
    dims: Dims,
    outputs: usize,
    #[comptime] mirrored: bool,
    #[comptime] tile: Tile,
    #[define(F)] _dtype: ElemType,
) {
    let halo = comptime!(tile.halo());
    let fours = comptime!(tile.outputs / 4);
    let unit = UNIT_POS as usize;
    let lane_x = unit % tile.x;
    let lane_y = unit / tile.x % tile.y;
    let lane_z = unit / comptime!(tile.x * tile.y) % tile.z;
    let group = unit / comptime!(tile.x * tile.y * tile.z);
    let place = place(&dims, tile);

    let mut inputs = Shared::<[f32]>::new_slice(comptime!(halo.numbers()));
    let mut weights = Shared::<[Vector<f32, Const<4>>]>::new_slice(comptime!(tile.chunk * 27 * tile.channels() / 4));
    let mut sums = Array::<Vector<f32, Const<4>>>::new(comptime!(fours * tile.steps));
    #[unroll]
    for i in 0..comptime!(fours * tile.steps) {
        sums[i] = Vector::new(0.0f32);
    }

    let chunks = dims.channels.div_ceil(tile.chunk);
    for chunk in 0..chunks {
        let first = chunk * tile.chunk;
        sync_cube();
        stage::<F>(x, &mut inputs, &dims, &place, first, halo, comptime!(tile.units()));
        stage_weights(weight, &mut weights, dims.channels, outputs, first, mirrored, tile);
        sync_cube();
        for channel in 0..tile.chunk {
            let corner = channel * halo.pitch + lane_z * comptime!(halo.y * halo.x) + lane_x;
            let corner = corner + lane_y * comptime!(tile.steps * halo.x);
            add_channel(&inputs, &weights, &mut sums, corner, channel * 27, group, tile);
        }
    }

    let volume = dims.z * dims.y * dims.x;
    let to_x = place.x + lane_x;
    let to_z = place.z + lane_z;
    #[unroll]
    for step in 0..tile.steps {
        let to_y = place.y + lane_y * tile.steps + step;
        if to_x < dims.x && to_y < dims.y && to_z < dims.z {
            #[unroll]
            for i in 0..tile.outputs {
                let output = CUBE_POS_Y as usize * comptime!(tile.channels()) + group * tile.outputs + i;
                if output < outputs {
                    let to = (place.batch * outputs + output) * volume + (to_z * dims.y + to_y) * dims.x + to_x;
                    y[to] = F::cast_from(sums[comptime!(i / 4 * tile.steps + step)].extract(comptime!(i % 4)));
                }
            }
        }
    }
}

/// Where the cube's box begins.
#[cube]
fn place(dims: &Dims, #[comptime] tile: Tile) -> Place {
    let cube = CUBE_POS_X as usize;
    let boxes_x = dims.x.div_ceil(tile.x);
    let boxes_y = dims.y.div_ceil(comptime!(tile.y * tile.steps));
    Place {
        batch: CUBE_POS_Z as usize,
        z: cube / (boxes_x * boxes_y) * tile.z,
        y: cube / boxes_x % boxes_y * comptime!(tile.y * tile.steps),
        x: cube % boxes_x * tile.x,
    }
}

/// `[chunk, 27, channels / 4]` vectors; zero for channels that do not exist.
#[cube]
fn stage_weights(
    weight: &[f32],
    weights: &mut Shared<[Vector<f32, Const<4>>]>,
    channels: usize,
    outputs: usize,
    first: usize,
    #[comptime] mirrored: bool,
    #[comptime] tile: Tile,
) {
    let count = comptime!(tile.chunk * 27 * tile.channels() / 4);
    for round in 0..comptime!(count.div_ceil(tile.units())) {
        let i = round * comptime!(tile.units()) + UNIT_POS as usize;
        if i < count {
            let tap = i % 27;
            let channel = i / 27 % tile.chunk;
            let four = i / comptime!(27 * tile.chunk);
            let output = CUBE_POS_Y as usize * comptime!(tile.channels()) + 4 * four;
            let mut values = Vector::<f32, Const<4>>::new(0.0f32);
            #[unroll]
            for lane in 0..4usize {
                if first + channel < channels && output + lane < outputs {
                    let from = if mirrored {
                        ((first + channel) * outputs + output + lane) * 27 + 26 - tap
                    } else {
                        ((output + lane) * channels + first + channel) * 27 + tap
                    };
                    values.insert(lane, weight[from]);
                }
            }
            weights[(channel * 27 + tap) * comptime!(tile.channels() / 4) + four] = values;
        }
    }
}

/// Adds one input channel to the sums. The loops over z and x stay loops: unrolled too, the code would not fit the
/// instruction cache.
#[cube]
fn add_channel(
    inputs: &Shared<[f32]>,
    weights: &Shared<[Vector<f32, Const<4>>]>,
    sums: &mut Array<Vector<f32, Const<4>>>,
    corner: usize,
    first_tap: usize,
    group: usize,
    #[comptime] tile: Tile,
) {
    let fours = comptime!(tile.outputs / 4);
    let row = comptime!(tile.halo().x);
    for tap in 0..9usize {
        let (tap_z, tap_x) = (tap / 3, tap % 3);
        let from = corner + tap_z * comptime!(tile.halo().y * row) + tap_x;
        let mut column = Array::<f32>::new(comptime!(tile.steps + 2));
        #[unroll]
        for i in 0..comptime!(tile.steps + 2) {
            column[i] = inputs[from + i * row];
        }
        #[unroll]
        for tap_y in 0..3usize {
            let at = first_tap + tap_z * 9 + tap_y * 3 + tap_x;
            let at = at * comptime!(tile.channels() / 4) + group * fours;
            #[unroll]
            for four in 0..fours {
                let w = weights[at + four];
                #[unroll]
                for step in 0..tile.steps {
                    let sum = comptime!(four * tile.steps + step);
                    sums[sum] = fma(w, Vector::new(column[comptime!(step + tap_y)]), sums[sum]);
                }
            }
        }
    }
}
