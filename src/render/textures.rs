//! 3-D textures: making them without running out of memory, and writing boxes into them.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytemuck::Pod;

use super::{RenderError, wgpu};
use crate::geometry::{Extent, Voxel, VoxelBox};

/// Bytes per write: below every adapter's staging limit, and little enough to keep no second copy of a volume.
const WRITE_BYTES: usize = 16 << 20;

/// Refused if an axis is longer than the device allows.
pub(super) fn texture_size(device: &wgpu::Device, extent: Extent) -> Result<wgpu::Extent3d, RenderError> {
    let limit = device.limits().max_texture_dimension_3d;
    let side = |n: usize| {
        let n = u32::try_from(n).ok().filter(|n| *n <= limit);
        n.ok_or(RenderError::VolumeTooLarge { extent, limit })
    };
    Ok(wgpu::Extent3d { width: side(extent.x())?, height: side(extent.y())?, depth_or_array_layers: side(extent.z())? })
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

/// Writes `texels(slab)`, x fastest, for slabs of z that make up `area`. The area must lie inside the texture.
pub(super) fn write_box<T: Pod>(
    queue: &wgpu::Queue,
    texture: &wgpu::Texture,
    area: &VoxelBox,
    texels: impl Fn(&VoxelBox) -> Vec<T>,
) {
    if area.is_empty() {
        return;
    }
    let [width, height, _] = area.size();
    let layers = (WRITE_BYTES / (width * height * size_of::<T>())).max(1);
    for z in (area.lo.z..area.hi.z).step_by(layers) {
        let hi = Voxel { z: area.hi.z.min(z + layers), ..area.hi };
        let slab = VoxelBox { lo: Voxel { z, ..area.lo }, hi };
        write_slab(queue, texture, &slab, &texels(&slab));
    }
}

fn write_slab<T: Pod>(queue: &wgpu::Queue, texture: &wgpu::Texture, slab: &VoxelBox, texels: &[T]) {
    // Inside a texture every position fits u32.
    let [x, y, z] = slab.lo.to_array().map(|c| c as u32);
    let [width, height, depth_or_array_layers] = slab.size().map(|c| c as u32);
    let texel_bytes = size_of::<T>() as u32;
    queue.write_texture(
        wgpu::TexelCopyTextureInfo {
            texture,
            mip_level: 0,
            origin: wgpu::Origin3d { x, y, z },
            aspect: wgpu::TextureAspect::All,
        },
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
