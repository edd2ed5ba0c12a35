//! The pipelines of the slice shader, one per variant, made when first needed.

use std::collections::HashMap;

use super::uniforms::ViewUniforms;
use super::variant::Variant;
use super::wgpu;

/// Integer volumes that follow the image in the shader's bindings; after them comes the overlay.
const INTEGER_VOLUMES: u32 = 7;

pub(super) struct SlicePipelines {
    shader: wgpu::ShaderModule,
    layout: wgpu::PipelineLayout,
    pub view_layout: wgpu::BindGroupLayout,
    pub volume_layout: wgpu::BindGroupLayout,
    format: wgpu::TextureFormat,
    made: HashMap<Variant, wgpu::RenderPipeline>,
}

impl SlicePipelines {
    pub fn new(device: &wgpu::Device, format: wgpu::TextureFormat) -> Self {
        let view_layout = view_layout(device);
        let volume_layout = volume_layout(device);
        let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("slice"),
            bind_group_layouts: &[Some(&view_layout), Some(&volume_layout)],
            immediate_size: 0,
        });
        let shader = device.create_shader_module(wgpu::include_wgsl!("../../shaders/slice.wgsl"));
        Self { shader, layout, view_layout, volume_layout, format, made: HashMap::new() }
    }

    /// A handle; cheap to copy once the pipeline was made.
    pub fn get(&mut self, device: &wgpu::Device, variant: Variant) -> wgpu::RenderPipeline {
        if let Some(pipeline) = self.made.get(&variant) {
            return pipeline.clone();
        }
        let pipeline = self.make(device, variant);
        self.made.insert(variant, pipeline.clone());
        pipeline
    }

    fn make(&self, device: &wgpu::Device, variant: Variant) -> wgpu::RenderPipeline {
        // The pictures are made as encoded values; an sRGB target would encode them once more.
        let fragment = if self.format.is_srgb() { "linear" } else { "encoded" };
        let constants = variant.constants();
        device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("slice"),
            layout: Some(&self.layout),
            vertex: wgpu::VertexState {
                module: &self.shader,
                entry_point: Some("vertex"),
                compilation_options: wgpu::PipelineCompilationOptions { constants: &constants, ..Default::default() },
                buffers: &[],
            },
            primitive: wgpu::PrimitiveState::default(),
            depth_stencil: None,
            multisample: wgpu::MultisampleState::default(),
            fragment: Some(wgpu::FragmentState {
                module: &self.shader,
                entry_point: Some(fragment),
                compilation_options: wgpu::PipelineCompilationOptions { constants: &constants, ..Default::default() },
                targets: &[Some(self.format.into())],
            }),
            multiview_mask: None,
            cache: None,
        })
    }
}

fn view_layout(device: &wgpu::Device) -> wgpu::BindGroupLayout {
    let uniforms = wgpu::BindingType::Buffer {
        ty: wgpu::BufferBindingType::Uniform,
        has_dynamic_offset: false,
        min_binding_size: std::num::NonZeroU64::new(ViewUniforms::SIZE),
    };
    let colours = texture_type(wgpu::TextureSampleType::Float { filterable: false }, wgpu::TextureViewDimension::D2);
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("slice view"),
        entries: &[layout_entry(0, uniforms), layout_entry(1, colours)],
    })
}

fn volume_layout(device: &wgpu::Device) -> wgpu::BindGroupLayout {
    let image = texture_type(wgpu::TextureSampleType::Float { filterable: false }, wgpu::TextureViewDimension::D3);
    let integers = texture_type(wgpu::TextureSampleType::Uint, wgpu::TextureViewDimension::D3);
    let mut entries = vec![layout_entry(0, image)];
    entries.extend((1..=INTEGER_VOLUMES).map(|binding| layout_entry(binding, integers)));
    entries.push(layout_entry(INTEGER_VOLUMES + 1, image));
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some("volumes"), entries: &entries })
}

fn texture_type(sample_type: wgpu::TextureSampleType, view_dimension: wgpu::TextureViewDimension) -> wgpu::BindingType {
    wgpu::BindingType::Texture { sample_type, view_dimension, multisampled: false }
}

fn layout_entry(binding: u32, ty: wgpu::BindingType) -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry { binding, visibility: wgpu::ShaderStages::FRAGMENT, ty, count: None }
}
