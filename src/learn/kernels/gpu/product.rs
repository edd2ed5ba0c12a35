//! Matrix products over voxels: `out[b, m, v] = sum_k W[m, k] in[b, k, v]`, which is the 1x1x1 convolution, and with eight
//! sub-voxels as channels the 2x2x2 convolutions with stride 2, forward and back.
//!
//! A cube stages some `k` of 64 to 256 voxels and of its weights; a unit adds up `voxels` voxels, 64 apart, times 8 rows.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::ir::ElemType;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::buffers::{Dims, contiguous, cubes, elem, empty, units};

/// Units along the voxels, consecutive in memory.
const LANES: usize = 64;
/// `k` staged at a time.
const CHUNK: usize = 8;

/// How a `[b, rows, z, y, x]` matrix of coarse voxels lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// As it is.
    Coarse,
    /// Row `8 c + 4 i + 2 j + k` is channel `c` of a volume twice as fine, at offset `(i, j, k)` in `(z, y, x)`.
    Fine,
}

impl Layout {
    /// The shape of the tensor that holds `rows` rows.
    fn dims(self, coarse: Dims, rows: usize) -> [usize; 5] {
        let Dims { batch, z, y, x, .. } = coarse;
        match self {
            Self::Coarse => [batch, rows, z, y, x],
            Self::Fine => [batch, rows / 8, 2 * z, 2 * y, 2 * x],
        }
    }

    /// Rows of a tensor and the coarse volume.
    pub fn rows(self, tensor: &CubeTensor) -> Dims {
        let dims = Dims::of(tensor);
        match self {
            Self::Coarse => dims,
            Self::Fine => Dims { channels: 8 * dims.channels, z: dims.z / 2, y: dims.y / 2, x: dims.x / 2, ..dims },
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Tile {
    voxels: usize,
    groups: usize,
    from: Layout,
    to: Layout,
    /// `W` is stored as `[k, m]`.
    transposed: bool,
    bias: bool,
}

/// What is multiplied: `weight` is `[m, k]`, or `[k, m]` if `transposed`.
pub struct Product {
    pub input: CubeTensor,
    pub from: Layout,
    pub to: Layout,
    pub weight: CubeTensor,
    pub rows: usize,
    pub transposed: bool,
}

impl Product {
    /// In the type of the input. `bias` `[m]`.
    pub fn run(self, bias: Option<CubeTensor>) -> CubeTensor {
        let Self { from, to, rows, transposed, .. } = self;
        let (input, weight) = (contiguous(self.input), contiguous(self.weight));
        let dims = from.rows(&input);
        let output = empty(&input, to.dims(dims, rows), input.dtype);
        let voxels = [4, 2, 1].into_iter().find(|n| dims.volume() >= n * LANES).unwrap_or(1);
        let groups = rows.div_ceil(8).clamp(1, 4);
        let tile = Tile { voxels, groups, from, to, transposed, bias: bias.is_some() };
        // Without a bias any buffer can stand in its place: it is not read.
        let bias = bias.map_or_else(|| weight.clone(), contiguous);
        let (client, dtype) = (input.client.clone(), elem(&input));
        product_kernel::launch(
            &client,
            cubes(dims.volume().div_ceil(voxels * LANES), rows.div_ceil(8 * groups), dims.batch),
            units(LANES * groups),
            input.into_buffer_arg(),
            weight.into_buffer_arg(),
            bias.into_buffer_arg(),
            output.clone().into_buffer_arg(),
            dims.argument(),
            rows,
            tile,
            dtype,
        );
        output
    }
}

/// Where row `row` of coarse voxel `voxel` lies.
#[cube]
pub fn offset(dims: &Dims, batch: usize, rows: usize, row: usize, voxel: usize, #[comptime] layout: Layout) -> usize {
    if comptime!(layout == Layout::Coarse) {
        (batch * rows + row) * (dims.z * dims.y * dims.x) + voxel
    } else {
        let z = 2 * (voxel / (dims.y * dims.x)) + row / 4 % 2;
        let y = 2 * (voxel / dims.x % dims.y) + row / 2 % 2;
        let x = 2 * (voxel % dims.x) + row % 2;
        let plane = (batch * (rows / 8) + row / 8) * (2 * dims.z) + z;
        (plane * (2 * dims.y) + y) * (2 * dims.x) + x
    }
}

#[cube(launch)]
fn product_kernel<F: Float>(
    input: &[F],
    weight: &[f32],
    bias: &[f32],
    output: &mut [F],
    dims: Dims,
    rows: usize,
    #[comptime] tile: Tile,
    #[define(F)] _dtype: ElemType,
) {
    let unit = UNIT_POS as usize;
    let (lane, group) = (unit % LANES, unit / LANES);
    let volume = dims.z * dims.y * dims.x;
    let first_voxel = CUBE_POS_X as usize * comptime!(tile.voxels * LANES);
    let first_row = CUBE_POS_Y as usize * comptime!(tile.groups * 8);
    let batch = CUBE_POS_Z as usize;
    let mut values = Shared::<[f32]>::new_slice(comptime!(CHUNK * tile.voxels * LANES));
    let mut weights = Shared::<[Vector<f32, Const<4>>]>::new_slice(comptime!(CHUNK * tile.groups * 2));
    let mut sums = Array::<Vector<f32, Const<4>>>::new(comptime!(2 * tile.voxels));
    #[unroll]
    for i in 0..comptime!(2 * tile.voxels) {
        sums[i] = Vector::new(0.0f32);
    }

    for chunk in 0..dims.channels.div_ceil(CHUNK) {
        let first = chunk * CHUNK;
        sync_cube();
        for i in range_stepped(unit, comptime!(CHUNK * tile.voxels * LANES), comptime!(LANES * tile.groups)) {
            let k = first + i / comptime!(tile.voxels * LANES);
            let voxel = first_voxel + i % comptime!(tile.voxels * LANES);
            let mut value = 0.0f32;
            if k < dims.channels && voxel < volume {
                value = f32::cast_from(input[offset(&dims, batch, dims.channels, k, voxel, tile.from)]);
            }
            values[i] = value;
        }
        stage_weights(weight, &mut weights, dims.channels, rows, first, first_row, tile);
        sync_cube();
        #[unroll]
        for k in 0..CHUNK {
            let low = weights[comptime!(k * tile.groups * 2) + 2 * group];
            let high = weights[comptime!(k * tile.groups * 2) + 2 * group + 1];
            #[unroll]
            for i in 0..tile.voxels {
                let value = Vector::new(values[comptime!((k * tile.voxels + i) * LANES) + lane]);
                sums[2 * i] = fma(low, value, sums[2 * i]);
                sums[2 * i + 1] = fma(high, value, sums[2 * i + 1]);
            }
        }
    }

    #[unroll]
    for i in 0..tile.voxels {
        let voxel = first_voxel + i * LANES + lane;
        #[unroll]
        for j in 0..8usize {
            let row = first_row + group * 8 + j;
            if voxel < volume && row < rows {
                let mut sum = sums[comptime!(2 * i + j / 4)].extract(comptime!(j % 4));
                if tile.bias {
                    sum += bias[row];
                }
                output[offset(&dims, batch, rows, row, voxel, tile.to)] = F::cast_from(sum);
            }
        }
    }
}

/// `[CHUNK, rows / 4]` vectors; zero for rows and `k` that do not exist.
#[cube]
fn stage_weights(
    weight: &[f32],
    weights: &mut Shared<[Vector<f32, Const<4>>]>,
    count: usize,
    rows: usize,
    first: usize,
    first_row: usize,
    #[comptime] tile: Tile,
) {
    for i in range_stepped(UNIT_POS as usize, comptime!(CHUNK * tile.groups * 2), comptime!(LANES * tile.groups)) {
        let k = first + i / comptime!(tile.groups * 2);
        let row = first_row + i % comptime!(tile.groups * 2) * 4;
        let mut values = Vector::<f32, Const<4>>::new(0.0f32);
        #[unroll]
        for lane in 0..4usize {
            if k < count && row + lane < rows {
                let from = if tile.transposed { k * rows + row + lane } else { (row + lane) * count + k };
                values.insert(lane, weight[from]);
            }
        }
        weights[i] = values;
    }
}
