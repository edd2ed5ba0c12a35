//! The pipelines of the 3-D shader.

use super::surfaces::Surfaces;
use super::targets::{COLOUR, DEPTH, LAYERS, SAMPLES};
use super::uniforms::SolidUniforms;
use crate::render::wgpu;

pub struct SolidPipelines {
    pub opaque: wgpu::RenderPipeline,
    pub translucent: wgpu::RenderPipeline,
    /// Surfaces alone, with tissue, with the brightest.
    pub compose: [wgpu::RenderPipeline; 3],
    pub show: wgpu::RenderPipeline,
    pub view_layout: wgpu::BindGroupLayout,
    pub surface_layout: wgpu::BindGroupLayout,
    pub volume_layout: wgpu::BindGroupLayout,
    pub picture_layout: wgpu::BindGroupLayout,
}

/// What a pipeline has of its own.
struct Stage<'a> {
    vertex: &'a str,
    buffers: &'a [Option<wgpu::VertexBufferLayout<'static>>],
    fragment: &'a str,
    constants: &'a [(&'a str, f64)],
    targets: &'a [Option<wgpu::ColorTargetState>],
    depth: Option<wgpu::DepthStencilState>,
}

const WHOLE_VIEW: Stage<'static> =
    Stage { vertex: "whole_view", buffers: &[], fragment: "", constants: &[], targets: &[], depth: None };

impl SolidPipelines {
    /// `format` is that of the window.
    pub fn new(device: &wgpu::Device, format: wgpu::TextureFormat) -> Self {
        let shader = device.create_shader_module(wgpu::include_wgsl!("../../../shaders/scene.wgsl"));
        let view_layout = layout(device, "3-D view", &[uniforms()]);
        let (float, float_3d) = (texture(wgpu::TextureViewDimension::D2), texture(wgpu::TextureViewDimension::D3));
        let surface_layout = layout(device, "surfaces", &[float, multisampled_depth(), float, float, float]);
        let volume_layout = layout(device, "volume", &[float_3d, float, sampler()]);
        let picture_layout = layout(device, "3-D picture", &[float, sampler()]);
        let make = |layouts: &[&wgpu::BindGroupLayout], stage: Stage<'_>| pipeline(device, &shader, layouts, stage);
        let surface = |fragment, targets, depth| {
            let stage =
                Stage { vertex: "surface", buffers: &Surfaces::LAYOUT, fragment, constants: &[], targets, depth };
            make(&[&view_layout], stage)
        };
        let compose = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]].map(|[volume, brightest]| {
            let constants = &[("VOLUME", volume), ("BRIGHTEST", brightest)];
            let stage = Stage { fragment: "compose", constants, targets: &[Some(COLOUR.into())], ..WHOLE_VIEW };
            make(&[&view_layout, &surface_layout, &volume_layout], stage)
        });
        let constants = &[("SRGB_TARGET", f64::from(u8::from(format.is_srgb())))];
        let show = Stage { fragment: "show", constants, targets: &[Some(format.into())], ..WHOLE_VIEW };
        Self {
            opaque: surface("opaque_surface", &[Some(COLOUR.into())], depth_test(true)),
            translucent: surface("translucent_surface", &layer_targets(), depth_test(false)),
            compose,
            show: make(&[&picture_layout], show),
            view_layout,
            surface_layout,
            volume_layout,
            picture_layout,
        }
    }
}

fn pipeline(
    device: &wgpu::Device,
    module: &wgpu::ShaderModule,
    layouts: &[&wgpu::BindGroupLayout],
    stage: Stage<'_>,
) -> wgpu::RenderPipeline {
    let layouts: Vec<_> = layouts.iter().map(|layout| Some(*layout)).collect();
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(stage.fragment),
        bind_group_layouts: &layouts,
        immediate_size: 0,
    });
    let compilation_options = wgpu::PipelineCompilationOptions { constants: stage.constants, ..Default::default() };
    let count = if stage.depth.is_some() { SAMPLES } else { 1 };
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some(stage.fragment),
        layout: Some(&layout),
        vertex: wgpu::VertexState {
            module,
            entry_point: Some(stage.vertex),
            compilation_options: compilation_options.clone(),
            buffers: stage.buffers,
        },
        // Both sides are drawn: a clipped or open surface shows its inside.
        primitive: wgpu::PrimitiveState::default(),
        depth_stencil: stage.depth,
        multisample: wgpu::MultisampleState { count, ..Default::default() },
        fragment: Some(wgpu::FragmentState {
            module,
            entry_point: Some(stage.fragment),
            compilation_options,
            targets: stage.targets,
        }),
        multiview_mask: None,
        cache: None,
    })
}

fn depth_test(write: bool) -> Option<wgpu::DepthStencilState> {
    Some(wgpu::DepthStencilState {
        format: DEPTH,
        depth_write_enabled: Some(write),
        depth_compare: Some(wgpu::CompareFunction::Less),
        stencil: wgpu::StencilState::default(),
        bias: wgpu::DepthBiasState::default(),
    })
}

/// Sums, products of what is let through, and minima.
fn layer_targets() -> [Option<wgpu::ColorTargetState>; 3] {
    use wgpu::BlendFactor::{One, OneMinusSrc, Zero};
    use wgpu::BlendOperation::{Add, Min};
    let [sum, through, nearest] = LAYERS;
    let blended = |format, src_factor, dst_factor, operation| {
        let component = wgpu::BlendComponent { src_factor, dst_factor, operation };
        let blend = Some(wgpu::BlendState { color: component, alpha: component });
        Some(wgpu::ColorTargetState { format, blend, write_mask: wgpu::ColorWrites::ALL })
    };
    [blended(sum, One, One, Add), blended(through, Zero, OneMinusSrc, Add), blended(nearest, One, One, Min)]
}

fn layout(device: &wgpu::Device, label: &str, bindings: &[wgpu::BindingType]) -> wgpu::BindGroupLayout {
    let entries: Vec<_> = (0u32..)
        .zip(bindings)
        .map(|(binding, ty)| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::VERTEX_FRAGMENT,
            ty: *ty,
            count: None,
        })
        .collect();
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(label), entries: &entries })
}

fn uniforms() -> wgpu::BindingType {
    wgpu::BindingType::Buffer {
        ty: wgpu::BufferBindingType::Uniform,
        has_dynamic_offset: false,
        min_binding_size: std::num::NonZeroU64::new(SolidUniforms::SIZE),
    }
}

fn texture(view_dimension: wgpu::TextureViewDimension) -> wgpu::BindingType {
    let sample_type = wgpu::TextureSampleType::Float { filterable: true };
    wgpu::BindingType::Texture { sample_type, view_dimension, multisampled: false }
}

fn multisampled_depth() -> wgpu::BindingType {
    wgpu::BindingType::Texture {
        sample_type: wgpu::TextureSampleType::Depth,
        view_dimension: wgpu::TextureViewDimension::D2,
        multisampled: true,
    }
}

fn sampler() -> wgpu::BindingType {
    wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering)
}
