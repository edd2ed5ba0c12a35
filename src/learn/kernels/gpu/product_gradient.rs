//! Weight gradient of the products of `product`: `dW[m, k] = sum_{b, v} dy[b, m, v] x[b, k, v]`.
//!
//! A cube stages 32 voxels of up to 32 rows of each side; a unit adds up 4 x 4 pairs. Units with the same pairs ("lanes")
//! take different voxels, and cubes different parts of the volume.

use burn::tensor::DType;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::ir::ElemType;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::buffers::{Dims, contiguous, cubes, elem, empty, units};
use super::product::{Layout, offset};
use super::splits::{split_count, sum_parts};

/// Voxels staged at a time.
const VOXELS: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Tile {
    /// Groups of four rows of `dy` and of `x`.
    groups: [usize; 2],
    lanes: usize,
    layouts: [Layout; 2],
}

impl Tile {
    fn units(&self) -> usize {
        self.groups[0] * self.groups[1] * self.lanes
    }
}

/// `dy` and `x`, each with its layout, to `[m, k]` in f32, as a tensor of `dims`.
pub fn product_gradient(dy: (CubeTensor, Layout), x: (CubeTensor, Layout), dims: [usize; 5]) -> CubeTensor {
    let layouts = [dy.1, x.1];
    let (dy, x) = (contiguous(dy.0), contiguous(x.0));
    let (left, right) = (layouts[0].rows(&dy), layouts[1].rows(&x));
    let groups = [left.channels, right.channels].map(|rows| rows.div_ceil(4).clamp(1, 8));
    let mut tile = Tile { groups, lanes: 1, layouts };
    while 2 * tile.units() <= 128 && tile.lanes < VOXELS {
        tile.lanes *= 2;
    }
    let [cubes_m, cubes_k] = [left.channels.div_ceil(4 * groups[0]), right.channels.div_ceil(4 * groups[1])];
    let numbers = left.channels * right.channels;
    let tiles = left.batch * left.volume().div_ceil(VOXELS);
    let splits = split_count(tiles, cubes_m * cubes_k, numbers * tile.lanes);
    let parts = empty(&x, [splits * tile.lanes, numbers], DType::F32);
    let (client, dtype) = (x.client.clone(), elem(&x));
    gradient_kernel::launch(
        &client,
        cubes(cubes_k, cubes_m, splits),
        units(tile.units()),
        dy.into_buffer_arg(),
        x.into_buffer_arg(),
        parts.clone().into_buffer_arg(),
        left.argument(),
        right.channels,
        tile,
        dtype,
    );
    sum_parts(parts, dims)
}

#[cube(launch)]
fn gradient_kernel<F: Float>(
    dy: &[F],
    x: &[F],
    parts: &mut [f32],
    dims: Dims,
    inputs: usize,
    #[comptime] tile: Tile,
    #[define(F)] _dtype: ElemType,
) {
    let unit = UNIT_POS as usize;
    let right_group = unit % tile.groups[1];
    let left_group = unit / tile.groups[1] % tile.groups[0];
    let lane = unit / comptime!(tile.groups[0] * tile.groups[1]);
    let first_left = CUBE_POS_Y as usize * comptime!(4 * tile.groups[0]);
    let first_right = CUBE_POS_X as usize * comptime!(4 * tile.groups[1]);
    let mut left = Shared::<[Vector<f32, Const<4>>]>::new_slice(comptime!(VOXELS * tile.groups[0]));
    let mut right = Shared::<[Vector<f32, Const<4>>]>::new_slice(comptime!(VOXELS * tile.groups[1]));
    let mut sums = Array::<Vector<f32, Const<4>>>::new(4usize);
    #[unroll]
    for i in 0..4usize {
        sums[i] = Vector::new(0.0f32);
    }

    let tiles = (dims.z * dims.y * dims.x).div_ceil(VOXELS);
    for index in range_stepped(CUBE_POS_Z as usize, dims.batch * tiles, CUBE_COUNT_Z as usize) {
        let batch = index / tiles;
        let first = index % tiles * VOXELS;
        sync_cube();
        stage_rows::<F>(dy, &mut left, &dims, batch, dims.channels, first_left, first, 0usize, tile);
        stage_rows::<F>(x, &mut right, &dims, batch, inputs, first_right, first, 1usize, tile);
        sync_cube();
        for voxel in range_stepped(lane, VOXELS, tile.lanes) {
            let slope = left[voxel * tile.groups[0] + left_group];
            let values = right[voxel * tile.groups[1] + right_group];
            #[unroll]
            for i in 0..4usize {
                sums[i] = fma(slope, Vector::new(values.extract(i)), sums[i]);
            }
        }
    }

    let part = CUBE_POS_Z as usize * tile.lanes + lane;
    #[unroll]
    for i in 0..4usize {
        let k = first_right + 4 * right_group + i;
        #[unroll]
        for j in 0..4usize {
            let m = first_left + 4 * left_group + j;
            if m < dims.channels && k < inputs {
                parts[(part * dims.channels + m) * inputs + k] = sums[i].extract(j);
            }
        }
    }
}

/// `[VOXELS, rows / 4]` vectors of one side; zero outside.
#[cube]
#[allow(clippy::too_many_arguments, reason = "places in two index spaces")]
fn stage_rows<F: Float>(
    from: &[F],
    staged: &mut Shared<[Vector<f32, Const<4>>]>,
    dims: &Dims,
    batch: usize,
    rows: usize,
    first_row: usize,
    first_voxel: usize,
    #[comptime] side: usize,
    #[comptime] tile: Tile,
) {
    let groups = comptime!(tile.groups[side]);
    let layout = comptime!(tile.layouts[side]);
    for i in range_stepped(UNIT_POS as usize, comptime!(VOXELS * groups), comptime!(tile.units())) {
        let voxel = first_voxel + i % VOXELS;
        let row = first_row + i / VOXELS * 4;
        let mut values = Vector::<f32, Const<4>>::new(0.0f32);
        #[unroll]
        for lane in 0..4usize {
            if row + lane < rows && voxel < dims.z * dims.y * dims.x {
                values.insert(lane, f32::cast_from(from[offset(dims, batch, rows, row + lane, voxel, layout)]));
            }
        }
        staged[i % VOXELS * groups + i / VOXELS] = values;
    }
}
