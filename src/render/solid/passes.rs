//! The passes of a picture: what they clear, draw into and keep.

use super::targets::Targets;
use crate::render::wgpu;

/// Opaque surfaces before the background.
pub fn surface_pass<'a>(
    encoder: &'a mut wgpu::CommandEncoder,
    targets: &Targets,
    background: [u8; 3],
) -> wgpu::RenderPass<'a> {
    let [r, g, b] = background.map(|c| f64::from(c) / 255.0);
    let depth_ops = wgpu::Operations { load: wgpu::LoadOp::Clear(1.0), store: wgpu::StoreOp::Store };
    encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
        label: Some("opaque surfaces"),
        color_attachments: &[targets.opaque.attachment(wgpu::Color { r, g, b, a: 1.0 })],
        depth_stencil_attachment: Some(wgpu::RenderPassDepthStencilAttachment {
            view: &targets.depth,
            depth_ops: Some(depth_ops),
            stencil_ops: None,
        }),
        ..Default::default()
    })
}

/// Translucent surfaces that no opaque one hides.
pub fn layer_pass<'a>(encoder: &'a mut wgpu::CommandEncoder, targets: &Targets) -> wgpu::RenderPass<'a> {
    let [sum, through, nearest] = &targets.layers;
    encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
        label: Some("translucent surfaces"),
        color_attachments: &[
            sum.attachment(wgpu::Color::TRANSPARENT),
            through.attachment(wgpu::Color::WHITE),
            nearest.attachment(wgpu::Color::WHITE),
        ],
        depth_stencil_attachment: Some(wgpu::RenderPassDepthStencilAttachment {
            view: &targets.depth,
            // Only read.
            depth_ops: None,
            stencil_ops: None,
        }),
        ..Default::default()
    })
}

/// All together.
pub fn picture_pass<'a>(encoder: &'a mut wgpu::CommandEncoder, targets: &Targets) -> wgpu::RenderPass<'a> {
    encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
        label: Some("3-D picture"),
        color_attachments: &[Some(wgpu::RenderPassColorAttachment {
            view: &targets.picture,
            depth_slice: None,
            resolve_target: None,
            ops: wgpu::Operations { load: wgpu::LoadOp::Clear(wgpu::Color::BLACK), store: wgpu::StoreOp::Store },
        })],
        ..Default::default()
    })
}

/// What the first two passes leave to the third.
pub fn surface_bindings(device: &wgpu::Device, layout: &wgpu::BindGroupLayout, targets: &Targets) -> wgpu::BindGroup {
    let [sum, through, nearest] = &targets.layers;
    let views = [&targets.opaque.mean, &targets.depth, &sum.mean, &through.mean, &nearest.mean];
    let entries: Vec<_> = (0u32..)
        .zip(views)
        .map(|(binding, view)| wgpu::BindGroupEntry { binding, resource: wgpu::BindingResource::TextureView(view) })
        .collect();
    device.create_bind_group(&wgpu::BindGroupDescriptor { label: Some("surfaces"), layout, entries: &entries })
}
