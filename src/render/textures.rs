//! 3-D textures: making them without running out of memory, and writing boxes into them.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytemuck::Pod;

use super::{Fold, RenderError, wgpu};
use crate::geometry::{Voxel, VoxelBox};

/// Bytes per write: below every adapter's staging limit, and little enough to keep no second copy of a volume.
const WRITE_BYTES: usize = 16 << 20;

/// Longest side of a 3-D texture.
pub(super) fn longest_side(device: &wgpu::Device) -> u32 {
    device.limits().max_texture_dimension_3d
}

pub(super) fn volume_texture(
    device: &wgpu::Device,
    label: &str,
    size: wgpu::Extent3d,
    format: wgpu::TextureFormat,
) -> wgpu::Texture {
    device.create_texture(&wgpu::TextureDescriptor {
        label: Some(label),
        size,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D3,
        format,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    })
}

/// Runs `make`, which allocates about `bytes`; an allocation that fails becomes an error instead of the end of the
/// program.
pub(super) fn within_memory<T>(device: &wgpu::Device, bytes: u64, make: impl FnOnce() -> T) -> Result<T, RenderError> {
    let scope = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
    let made = make();
    match ready(scope.pop()) {
        None => Ok(made),
        Some(_) => Err(RenderError::OutOfMemory { mebibytes: bytes.div_ceil(1 << 20) }),
    }
}

/// Writes `texels(slab)`, x fastest, for slabs that make up `area` (clipped to the volume) into the fold's texture.
pub(super) fn write_box<T: Pod>(
    queue: &wgpu::Queue,
    texture: &wgpu::Texture,
    fold: &Fold,
    area: &VoxelBox,
    texels: impl Fn(&VoxelBox) -> Vec<T>,
) {
    let mut waiting = 0;
    for slab in fold.parts(area).flat_map(|part| slabs(part, WRITE_BYTES / size_of::<T>())) {
        let texels = texels(&slab);
        write_slab(queue, texture, fold.texel(slab.lo), slab.size(), &texels);
        waiting += staged_bytes(slab.size(), size_of::<T>());
        if waiting >= WRITE_BYTES {
            // The queue keeps a copy of what is written until something is submitted.
            queue.submit([]);
            waiting = 0;
        }
    }
}

/// The queue's copy begins each row at a multiple of an alignment.
fn staged_bytes([width, height, depth]: [usize; 3], texel_bytes: usize) -> usize {
    (width * texel_bytes).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT as usize) * height * depth
}

/// Makes up a box of slabs of about `most` voxels at most: of whole slices, or of rows of one slice.
fn slabs(area: VoxelBox, most: usize) -> impl Iterator<Item = VoxelBox> {
    let [width, height, _] = area.size();
    let rows = (most / width.max(1)).max(1);
    let layers = (rows / height.max(1)).max(1);
    (area.lo.z..area.hi.z).step_by(layers).flat_map(move |z| {
        (area.lo.y..area.hi.y).step_by(rows).map(move |y| {
            let hi = Voxel { y: area.hi.y.min(y.saturating_add(rows)), z: area.hi.z.min(z + layers), ..area.hi };
            VoxelBox { lo: Voxel { y, z, ..area.lo }, hi }
        })
    })
}

fn write_slab<T: Pod>(
    queue: &wgpu::Queue,
    texture: &wgpu::Texture,
    origin: wgpu::Origin3d,
    size: [usize; 3],
    texels: &[T],
) {
    // Inside a texture every size fits u32.
    let [width, height, depth_or_array_layers] = size.map(|n| n as u32);
    let texel_bytes = size_of::<T>() as u32;
    queue.write_texture(
        wgpu::TexelCopyTextureInfo { texture, mip_level: 0, origin, aspect: wgpu::TextureAspect::All },
        bytemuck::cast_slice(texels),
        wgpu::TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some(width * texel_bytes),
            rows_per_image: Some(height),
        },
        wgpu::Extent3d { width, height, depth_or_array_layers },
    );
}

/// The value of one of wgpu's futures; outside a browser they are ready at the first poll.
pub(super) fn ready<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
        std::thread::yield_now();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn slabs_cover_a_box_once_and_hold_no_more_voxels_than_allowed_or_a_row(
            lo in [0..5usize, 0..5, 0..5], size in [0..9usize, 0..9, 0..9], most in 0..99usize,
        ) {
            let hi = std::array::from_fn(|a| lo[a] + size[a]);
            let area = VoxelBox { lo: Voxel::from(lo), hi: Voxel::from(hi) };
            let slabs: Vec<_> = slabs(area, most).collect();
            prop_assert!(slabs.iter().all(|slab| slab.voxel_count() <= most.max(size[0])));
            prop_assert_eq!(slabs.into_iter().flat_map(VoxelBox::voxels).collect::<Vec<_>>(), area.voxels().collect::<Vec<_>>());
        }
    }
}
