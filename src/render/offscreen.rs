//! Pictures without a window: tests, screenshots, measurements.

use std::sync::mpsc;
use std::time::Duration;

use image::RgbaImage;

use super::textures::ready;
use super::{RenderError, SliceRenderer, SolidRenderer, ViewId, wgpu};

/// Long enough for a software adapter under load; a lost device would otherwise be waited for forever.
const PATIENCE: Duration = Duration::from_secs(30);

/// A graphics device of its own.
pub struct Offscreen {
    pub device: wgpu::Device,
    pub queue: wgpu::Queue,
    adapter: wgpu::AdapterInfo,
    format: wgpu::TextureFormat,
}

/// A picture on that device.
pub struct Canvas {
    texture: wgpu::Texture,
    size: [u32; 2],
}

impl Offscreen {
    /// Opens any adapter, a software one if there is no other.
    pub fn new() -> Result<Self, RenderError> {
        Self::with_format(wgpu::TextureFormat::Rgba8Unorm)
    }

    /// Like [`Self::new`] with a device whose 3-D textures have at most `limit` texels along each axis, as on a weaker
    /// adapter.
    pub fn with_volume_limit(limit: u32) -> Result<Self, RenderError> {
        Self::open(wgpu::TextureFormat::Rgba8Unorm, limit)
    }

    /// Like [`Self::new`] with canvases of `format`, which must have four channels of 8 bits in the order RGBA.
    pub fn with_format(format: wgpu::TextureFormat) -> Result<Self, RenderError> {
        Self::open(format, u32::MAX)
    }

    fn open(format: wgpu::TextureFormat, volume_limit: u32) -> Result<Self, RenderError> {
        let adapter = any_adapter(wgpu::Backends::PRIMARY)
            .or_else(|_| any_adapter(wgpu::Backends::all()))
            .map_err(RenderError::NoAdapter)?;
        let info = adapter.get_info();
        let mut required_limits = adapter.limits();
        required_limits.max_texture_dimension_3d = required_limits.max_texture_dimension_3d.min(volume_limit);
        let descriptor = wgpu::DeviceDescriptor { required_limits, ..Default::default() };
        let (device, queue) = ready(adapter.request_device(&descriptor))
            .map_err(|source| RenderError::DeviceRefused { adapter: info.name.clone(), source })?;
        Ok(Self { device, queue, adapter: info, format })
    }

    pub fn adapter(&self) -> &wgpu::AdapterInfo {
        &self.adapter
    }

    /// The adapter is the processor itself.
    pub fn is_software(&self) -> bool {
        self.adapter.device_type == wgpu::DeviceType::Cpu
    }

    /// A renderer for canvases of this device.
    pub fn slice_renderer(&self) -> SliceRenderer {
        SliceRenderer::new(&self.device, self.format)
    }

    /// A renderer of 3-D views for canvases of this device.
    pub fn solid_renderer(&self) -> SolidRenderer {
        SolidRenderer::new(&self.device, self.format)
    }

    /// A canvas of at least one pixel.
    pub fn canvas(&self, size: [u32; 2]) -> Canvas {
        let size = size.map(|s| s.clamp(1, self.device.limits().max_texture_dimension_2d));
        let texture = self.device.create_texture(&wgpu::TextureDescriptor {
            label: Some("canvas"),
            size: wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: self.format,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        Canvas { texture, size }
    }

    /// Clears the canvas to black, paints prepared views into rectangles `[left, top, width, height]` and waits for
    /// the device to finish.
    pub fn draw(
        &self,
        canvas: &Canvas,
        renderer: &SliceRenderer,
        views: &[(ViewId, [f32; 4])],
    ) -> Result<(), RenderError> {
        self.paint(canvas, |pass| {
            for (id, rectangle) in views {
                renderer.paint(pass, *id, *rectangle);
            }
        })
    }

    /// Clears the canvas to black, lets `paint` draw and waits for the device to finish.
    pub fn paint(&self, canvas: &Canvas, paint: impl FnOnce(&mut wgpu::RenderPass<'_>)) -> Result<(), RenderError> {
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let target = canvas.texture.create_view(&wgpu::TextureViewDescriptor::default());
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &target,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations { load: wgpu::LoadOp::Clear(wgpu::Color::BLACK), store: wgpu::StoreOp::Store },
            })],
            ..Default::default()
        });
        paint(&mut pass);
        drop(pass);
        self.finish(encoder)
    }

    /// The canvas as a picture.
    pub fn read(&self, canvas: &Canvas) -> Result<RgbaImage, RenderError> {
        let [width, height] = canvas.size;
        let row_bytes = (4 * width).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
        let buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("read back"),
            size: u64::from(row_bytes) * u64::from(height),
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_texture_to_buffer(
            canvas.texture.as_image_copy(),
            wgpu::TexelCopyBufferInfo {
                buffer: &buffer,
                layout: wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(row_bytes), rows_per_image: None },
            },
            canvas.texture.size(),
        );
        self.finish(encoder)?;
        let rows = self.mapped(&buffer)?;
        let pixels = rows.chunks(row_bytes as usize).flat_map(|row| &row[..4 * width as usize]).copied().collect();
        RgbaImage::from_raw(width, height, pixels).ok_or(RenderError::ReadBack(None))
    }

    fn finish(&self, encoder: wgpu::CommandEncoder) -> Result<(), RenderError> {
        self.queue.submit([encoder.finish()]);
        self.wait()
    }

    fn wait(&self) -> Result<(), RenderError> {
        let all = wgpu::PollType::Wait { submission_index: None, timeout: Some(PATIENCE) };
        self.device.poll(all).map(drop).map_err(|e| RenderError::ReadBack(Some(Box::new(e))))
    }

    fn mapped(&self, buffer: &wgpu::Buffer) -> Result<Vec<u8>, RenderError> {
        let (sender, receiver) = mpsc::channel();
        buffer.map_async(wgpu::MapMode::Read, .., move |outcome| {
            // Without a receiver nobody waits for the answer.
            drop(sender.send(outcome));
        });
        self.wait()?;
        let outcome = receiver.recv().map_err(|e| RenderError::ReadBack(Some(Box::new(e))))?;
        outcome.map_err(|e| RenderError::ReadBack(Some(Box::new(e))))?;
        let range = buffer.get_mapped_range(..).map_err(|e| RenderError::ReadBack(Some(Box::new(e))))?;
        Ok(range.to_vec())
    }
}

fn any_adapter(backends: wgpu::Backends) -> Result<wgpu::Adapter, wgpu::RequestAdapterError> {
    let descriptor = wgpu::InstanceDescriptor { backends, ..wgpu::InstanceDescriptor::new_without_display_handle() };
    ready(wgpu::Instance::new(descriptor).request_adapter(&wgpu::RequestAdapterOptions::default()))
}
