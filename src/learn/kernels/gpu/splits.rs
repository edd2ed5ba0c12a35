//! Sums over all voxels, cut into parts that different cubes add up, and the sum of the parts. The order of every addition
//! is fixed: the same input gives the same bits.

use burn::tensor::DType;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::buffers::{cubes, empty, units};

/// Enough cubes for a large GPU to be busy with.
const WANTED_CUBES: usize = 512;
/// Numbers that all parts may have together, unless one has more: 16 MiB.
const MAX_NUMBERS: usize = 1 << 22;
/// Results, and parts of each, that a cube of the final sum works on at a time.
const RESULTS: usize = 32;
const LANES: usize = 8;
/// Cubes along x of the final sum; adapters take no more than 65,535.
const LINE: usize = 32_768;

/// Parts that a sum over `tiles` pieces of work is cut into, when `cubes` cubes are needed for each part and `numbers`
/// results come from it.
pub fn split_count(tiles: usize, cubes: usize, numbers: usize) -> usize {
    let wanted = WANTED_CUBES.div_ceil(cubes.max(1));
    wanted.min(tiles).min(MAX_NUMBERS / numbers.max(1)).max(1)
}

/// `[parts, numbers]` in f32 to a tensor of `dims` with `numbers` values.
pub fn sum_parts<const D: usize>(parts: CubeTensor, dims: [usize; D]) -> CubeTensor {
    let numbers: usize = dims.iter().product();
    let count = parts.meta.shape()[0];
    let sum = empty(&parts, dims, DType::F32);
    let client = parts.client.clone();
    let blocks = numbers.div_ceil(RESULTS);
    sum_kernel::launch(
        &client,
        cubes(blocks.min(LINE), blocks.div_ceil(LINE), 1),
        units(RESULTS * LANES),
        parts.into_buffer_arg(),
        sum.clone().into_buffer_arg(),
        count,
        numbers,
    );
    sum
}

#[cube(launch)]
fn sum_kernel(parts: &[f32], sums: &mut [f32], count: usize, numbers: usize) {
    let unit = UNIT_POS as usize;
    let (column, lane) = (unit % RESULTS, unit / RESULTS);
    let block = CUBE_POS_Y as usize * LINE + CUBE_POS_X as usize;
    let number = block * RESULTS + column;
    let mut shared = Shared::<[f32]>::new_slice(comptime!(RESULTS * LANES));
    let mut sum = 0.0f32;
    if number < numbers {
        for part in range_stepped(lane, count, LANES) {
            sum += parts[part * numbers + number];
        }
    }
    shared[unit] = sum;
    sync_cube();
    if lane == 0 && number < numbers {
        let mut sum = 0.0f32;
        #[unroll]
        for other in 0..LANES {
            sum += shared[other * RESULTS + column];
        }
        sums[number] = sum;
    }
}
