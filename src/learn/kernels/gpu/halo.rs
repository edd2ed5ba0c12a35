//! A box of voxels with a halo of 1 around it, staged in shared memory for a 3x3x3 neighbourhood.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

use super::buffers::Dims;

/// Extents of a staged box, halo included, of some channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Halo {
    pub channels: usize,
    pub z: usize,
    pub y: usize,
    pub x: usize,
    /// Numbers from one channel to the next.
    pub pitch: usize,
}

impl Halo {
    /// Around a box of `[z, y, x]` voxels.
    pub fn around(channels: usize, [z, y, x]: [usize; 3]) -> Self {
        let (z, y, x) = (z + 2, y + 2, x + 2);
        Self { channels, z, y, x, pitch: z * y * x }
    }

    pub fn numbers(&self) -> usize {
        self.channels * self.pitch
    }

    fn of_a_channel(&self) -> usize {
        self.z * self.y * self.x
    }
}

/// The first voxel of a box, without its halo.
#[derive(CubeType, Clone, Copy)]
pub struct Place {
    pub batch: usize,
    pub z: usize,
    pub y: usize,
    pub x: usize,
}

/// Copies the box of the channels from `first` on; zero outside the volume and for channels that do not exist.
#[cube]
pub fn stage<F: Float>(
    x: &[F],
    staged: &mut Shared<[f32]>,
    dims: &Dims,
    place: &Place,
    first: usize,
    #[comptime] halo: Halo,
    #[comptime] units: usize,
) {
    let count = comptime!(halo.channels * halo.of_a_channel());
    for i in range_stepped(UNIT_POS as usize, count, units) {
        let (channel, at) = (i / comptime!(halo.of_a_channel()), i % comptime!(halo.of_a_channel()));
        // One more than the voxel's index: the halo begins at -1.
        let z = place.z + at / comptime!(halo.y * halo.x);
        let y = place.y + at / halo.x % halo.y;
        let x_from = place.x + at % halo.x;
        let inside_z = z > 0 && z <= dims.z;
        let inside_y = y > 0 && y <= dims.y;
        let inside_x = x_from > 0 && x_from <= dims.x;
        let mut value = 0.0f32;
        if inside_x && inside_y && inside_z && first + channel < dims.channels {
            let plane = (place.batch * dims.channels + first + channel) * dims.z + z - 1;
            value = f32::cast_from(x[(plane * dims.y + y - 1) * dims.x + x_from - 1]);
        }
        staged[channel * halo.pitch + at] = value;
    }
}
