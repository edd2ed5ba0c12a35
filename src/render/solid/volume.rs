//! Image and transfer function as the shader reads them.

use std::sync::Arc;

use crate::render::wgpu;
use crate::view::TransferFunction;

const TABLE_LENGTH: u32 = 256;

/// The volume bindings of one view.
pub struct VolumeBinding {
    table: wgpu::Texture,
    uploaded: Option<Arc<TransferFunction>>,
    sampler: wgpu::Sampler,
    /// Bound where there is no volume; the shader does not read it.
    nothing: wgpu::Texture,
}

impl VolumeBinding {
    pub fn new(device: &wgpu::Device) -> Self {
        let texture = |dimension, format, width| {
            device.create_texture(&wgpu::TextureDescriptor {
                label: Some("transfer function"),
                size: wgpu::Extent3d { width, height: 1, depth_or_array_layers: 1 },
                mip_level_count: 1,
                sample_count: 1,
                dimension,
                format,
                usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
                view_formats: &[],
            })
        };
        Self {
            table: texture(wgpu::TextureDimension::D2, wgpu::TextureFormat::Rgba8Unorm, TABLE_LENGTH),
            uploaded: None,
            sampler: linear_sampler(device),
            nothing: texture(wgpu::TextureDimension::D3, wgpu::TextureFormat::R16Float, 1),
        }
    }

    pub fn upload(&mut self, queue: &wgpu::Queue, transfer: &Arc<TransferFunction>) {
        if self.uploaded.as_ref().is_some_and(|old| Arc::ptr_eq(old, transfer)) {
            return;
        }
        queue.write_texture(
            self.table.as_image_copy(),
            bytemuck::cast_slice(&transfer.table()),
            wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(4 * TABLE_LENGTH), rows_per_image: None },
            self.table.size(),
        );
        self.uploaded = Some(Arc::clone(transfer));
    }

    pub fn bind(
        &self,
        device: &wgpu::Device,
        layout: &wgpu::BindGroupLayout,
        image: Option<&wgpu::Texture>,
    ) -> wgpu::BindGroup {
        let view = |texture: &wgpu::Texture| texture.create_view(&wgpu::TextureViewDescriptor::default());
        let (image, table) = (view(image.unwrap_or(&self.nothing)), view(&self.table));
        device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("volume"),
            layout,
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::TextureView(&image) },
                wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::TextureView(&table) },
                wgpu::BindGroupEntry { binding: 2, resource: wgpu::BindingResource::Sampler(&self.sampler) },
            ],
        })
    }
}

/// Between texels linear, beyond the edge the edge.
pub fn linear_sampler(device: &wgpu::Device) -> wgpu::Sampler {
    device.create_sampler(&wgpu::SamplerDescriptor {
        label: Some("linear"),
        mag_filter: wgpu::FilterMode::Linear,
        min_filter: wgpu::FilterMode::Linear,
        ..Default::default()
    })
}
