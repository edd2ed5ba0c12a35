//! The textures one 3-D view is drawn into.

use crate::render::textures::within_memory;
use crate::render::{RenderError, wgpu};

/// Samples per pixel of surfaces: what every adapter has.
pub const SAMPLES: u32 = 4;

pub const COLOUR: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;
pub const DEPTH: wgpu::TextureFormat = wgpu::TextureFormat::Depth32Float;
/// Sum, light let through and nearest depth of translucent layers.
pub const LAYERS: [wgpu::TextureFormat; 3] =
    [wgpu::TextureFormat::Rgba16Float, wgpu::TextureFormat::R8Unorm, wgpu::TextureFormat::R16Float];

/// Bytes of a sample of everything that has several of them.
const SAMPLE_BYTES: u64 = 4 + 4 + 8 + 1 + 2;
/// Bytes of a pixel of what they are resolved to, and of the picture.
const PIXEL_BYTES: u64 = 4 + 8 + 1 + 2 + 4;

/// Textures of one size.
pub struct Targets {
    pub size_px: [u32; 2],
    pub opaque: Resolved,
    pub depth: wgpu::TextureView,
    pub layers: [Resolved; 3],
    pub picture: wgpu::TextureView,
}

/// What is drawn into, and its mean over the samples of a pixel.
pub struct Resolved {
    pub samples: wgpu::TextureView,
    pub mean: wgpu::TextureView,
}

impl Targets {
    /// Sizes must be within the device's.
    ///
    /// # Errors
    /// [`RenderError::OutOfMemory`].
    pub fn new(device: &wgpu::Device, size_px: [u32; 2]) -> Result<Self, RenderError> {
        let pixels = u64::from(size_px[0]) * u64::from(size_px[1]);
        let [sum, through, nearest] = LAYERS;
        let wanted = [COLOUR, sum, through, nearest].map(|format| [(format, SAMPLES), (format, 1)]);
        let make = |(format, samples)| texture(device, size_px, format, samples);
        let bytes = pixels * (u64::from(SAMPLES) * SAMPLE_BYTES + PIXEL_BYTES);
        // Views follow outside: of a texture that there was no memory for, there is none.
        let (pairs, depth, picture) = within_memory(device, bytes, || {
            (wanted.map(|pair| pair.map(make)), make((DEPTH, SAMPLES)), make((COLOUR, 1)))
        })?;
        let view = |texture: wgpu::Texture| texture.create_view(&wgpu::TextureViewDescriptor::default());
        let [opaque, sum, through, nearest] = pairs.map(|pair| {
            let [samples, mean] = pair.map(view);
            Resolved { samples, mean }
        });
        Ok(Self { size_px, opaque, depth: view(depth), layers: [sum, through, nearest], picture: view(picture) })
    }
}

impl Resolved {
    /// Cleared first; only the mean is kept.
    pub fn attachment(&self, clear: wgpu::Color) -> Option<wgpu::RenderPassColorAttachment<'_>> {
        Some(wgpu::RenderPassColorAttachment {
            view: &self.samples,
            depth_slice: None,
            resolve_target: Some(&self.mean),
            ops: wgpu::Operations { load: wgpu::LoadOp::Clear(clear), store: wgpu::StoreOp::Discard },
        })
    }
}

fn texture(
    device: &wgpu::Device,
    [width, height]: [u32; 2],
    format: wgpu::TextureFormat,
    sample_count: u32,
) -> wgpu::Texture {
    device.create_texture(&wgpu::TextureDescriptor {
        label: Some("3-D view"),
        size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::TEXTURE_BINDING,
        view_formats: &[],
    })
}
