//! Draws slice views into a render pass of the window or of [`super::Offscreen`].

use std::collections::HashMap;
use std::sync::Arc;

use super::slice_pipelines::SlicePipelines;
use super::uniforms::ViewUniforms;
use super::variant::Variant;
use super::{GpuVolumes, PredictionSlot, RenderError, SliceScene, wgpu};
use crate::geometry::{Affine, VoxelBox};
use crate::label::{LabelMap, Prediction};
use crate::view::{ColourBy, ColourTables, OverlayColourMap};
use crate::volume::Image;

/// Rows of the colour texture that hold colours of a view: one per class for pseudo-labels, one for labels, one per class
/// for those unlike labels, one that says which are faded. A row per overlay colour map follows.
pub(super) const COLOUR_ROWS: u32 = 514;
const FADED_ROW: u32 = 513;
const COLOUR_COLUMNS: u32 = 256;

/// Names one of several views that share a renderer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ViewId(pub u32);

/// Draws any number of slice views of one case. Call every [`Self::prepare`] of a frame before any [`Self::paint`].
pub struct SliceRenderer {
    pipelines: SlicePipelines,
    loaded: Option<Loaded>,
    views: HashMap<ViewId, View>,
    /// Longest side of a viewport the device takes.
    max_side: f32,
}

struct Loaded {
    volumes: GpuVolumes,
    /// Of views that show the first prediction and of those that show the second.
    bindings: [wgpu::BindGroup; 2],
}

struct View {
    uniforms: wgpu::Buffer,
    colours: wgpu::Texture,
    uploaded: Option<Arc<ColourTables>>,
    bindings: wgpu::BindGroup,
    slot: PredictionSlot,
    /// Absent while the scene does not belong to the loaded volumes.
    pipeline: Option<wgpu::RenderPipeline>,
}

impl SliceRenderer {
    /// For render passes with one colour target of `format`, one sample and no depth buffer.
    pub fn new(device: &wgpu::Device, format: wgpu::TextureFormat) -> Self {
        let max_side = device.limits().max_texture_dimension_2d as f32;
        Self { pipelines: SlicePipelines::new(device, format), loaded: None, views: HashMap::new(), max_side }
    }

    /// Shows another case, or none.
    pub fn set_volumes(&mut self, device: &wgpu::Device, volumes: Option<GpuVolumes>) {
        self.loaded = volumes.map(|volumes| {
            let bindings = both_bindings(device, &self.pipelines.volume_layout, &volumes);
            Loaded { volumes, bindings }
        });
        for view in self.views.values_mut() {
            view.pipeline = None;
        }
    }

    pub fn volumes(&self) -> Option<&GpuVolumes> {
        self.loaded.as_ref().map(|l| &l.volumes)
    }

    /// Uploads the labels inside a box. Does nothing while no volumes are set.
    pub fn upload_box(&self, queue: &wgpu::Queue, labels: &LabelMap, dirty: &VoxelBox) {
        if let Some(loaded) = &self.loaded {
            loaded.volumes.upload_box(queue, labels, dirty);
        }
    }

    /// Replaces or removes a prediction of the shown case. Does nothing while no volumes are set.
    pub fn set_prediction(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        slot: PredictionSlot,
        prediction: Option<&Prediction>,
        by: ColourBy,
    ) -> Result<(), RenderError> {
        self.change_volumes(device, |volumes| volumes.set_prediction(device, queue, slot, prediction, by))
    }

    /// Colours the prediction that is set in a slot by something else: only the planes that this needs are uploaded.
    pub fn colour_by(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        slot: PredictionSlot,
        prediction: &Prediction,
        by: ColourBy,
    ) -> Result<(), RenderError> {
        self.change_volumes(device, |volumes| volumes.colour_by(device, queue, slot, prediction, by))
    }

    /// Lays another image over the shown one, or none. It has a grid of its own; `base` is world from voxel of the shown
    /// image. Does nothing while no volumes are set; other volumes come without an overlay. After an error there is none.
    pub fn set_overlay(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        overlay: Option<&Image>,
        base: &Affine,
    ) -> Result<(), RenderError> {
        self.change_volumes(device, |volumes| volumes.set_overlay(device, queue, overlay, base))
    }

    fn change_volumes(
        &mut self,
        device: &wgpu::Device,
        change: impl FnOnce(&mut GpuVolumes) -> Result<(), RenderError>,
    ) -> Result<(), RenderError> {
        let Some(loaded) = &mut self.loaded else {
            return Ok(());
        };
        let outcome = change(&mut loaded.volumes);
        // Also after an error: the old textures may be gone.
        loaded.bindings = both_bindings(device, &self.pipelines.volume_layout, &loaded.volumes);
        outcome
    }

    /// Uploads what one view needs. A scene of another grid than the volumes' is not drawn.
    pub fn prepare(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, id: ViewId, scene: &SliceScene) {
        let view = self.views.entry(id).or_insert_with(|| View::new(device, &self.pipelines.view_layout));
        view.pipeline = None;
        let Some(volumes) = self.loaded.as_ref().map(|l| &l.volumes) else {
            return;
        };
        if volumes.extent() != scene.camera.extent() {
            return;
        }
        view.slot = scene.slot;
        view.upload_colours(queue, &scene.colours);
        let uniforms = ViewUniforms::new(scene, volumes);
        queue.write_buffer(&view.uniforms, 0, bytemuck::bytes_of(&uniforms));
        view.pipeline = Some(self.pipelines.get(device, Variant::new(scene, volumes)));
    }

    /// Draws a prepared view into `[left, top, width, height]` of the target in pixels.
    ///
    /// The rectangle is that of the whole view and may reach beyond the target or the scissor rectangle: what is
    /// cut off is not drawn, the rest is not distorted. Changes the pass's viewport, pipeline and bind groups.
    pub fn paint(&self, pass: &mut wgpu::RenderPass<'_>, id: ViewId, [left, top, width, height]: [f32; 4]) {
        let (Some(view), Some(loaded)) = (self.views.get(&id), &self.loaded) else {
            return;
        };
        let Some(pipeline) = &view.pipeline else {
            return;
        };
        let sides_fit = [width, height].into_iter().all(|s| s > 0.0 && s <= self.max_side);
        let place_fits = [left, top].into_iter().all(|p| p.abs() < self.max_side);
        if !(sides_fit && place_fits) {
            return;
        }
        pass.set_viewport(left, top, width, height, 0.0, 1.0);
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, &view.bindings, &[]);
        pass.set_bind_group(1, &loaded.bindings[view.slot as usize], &[]);
        pass.draw(0..3, 0..1);
    }
}

impl View {
    fn new(device: &wgpu::Device, layout: &wgpu::BindGroupLayout) -> Self {
        let uniforms = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("slice view"),
            size: ViewUniforms::SIZE,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let colours = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("colours"),
            size: wgpu::Extent3d {
                width: COLOUR_COLUMNS,
                height: COLOUR_ROWS + OverlayColourMap::ALL.len() as u32,
                depth_or_array_layers: 1,
            },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::Rgba8Unorm,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        });
        let colour_view = colours.create_view(&wgpu::TextureViewDescriptor::default());
        let bindings = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("slice view"),
            layout,
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: uniforms.as_entire_binding() },
                wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::TextureView(&colour_view) },
            ],
        });
        Self { uniforms, colours, uploaded: None, bindings, slot: PredictionSlot::First, pipeline: None }
    }

    fn upload_colours(&mut self, queue: &wgpu::Queue, tables: &Arc<ColourTables>) {
        if self.uploaded.as_ref().is_some_and(|old| Arc::ptr_eq(old, tables)) {
            return;
        }
        if self.uploaded.is_none() {
            let maps = OverlayColourMap::ALL.map(OverlayColourMap::table);
            write_rows(queue, &self.colours, COLOUR_ROWS, maps.as_flattened());
        }
        let unlike = tables.unlike_pseudo_labels().unwrap_or_default();
        let texels = [tables.pseudo_labels(), tables.labels(), unlike].concat();
        // A map with one axis leaves the rows of the second unread.
        write_rows(queue, &self.colours, 0, &texels);
        write_rows(queue, &self.colours, FADED_ROW, &tables.faded());
        self.uploaded = Some(Arc::clone(tables));
    }
}

/// Writes whole rows of the colour texture, beginning with `first`.
fn write_rows(queue: &wgpu::Queue, colours: &wgpu::Texture, first: u32, texels: &[[u8; 4]]) {
    // A few hundred rows.
    let rows = texels.len() as u32 / COLOUR_COLUMNS;
    queue.write_texture(
        wgpu::TexelCopyTextureInfo { origin: wgpu::Origin3d { x: 0, y: first, z: 0 }, ..colours.as_image_copy() },
        bytemuck::cast_slice(texels),
        wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(4 * COLOUR_COLUMNS), rows_per_image: Some(rows) },
        wgpu::Extent3d { width: COLOUR_COLUMNS, height: rows, depth_or_array_layers: 1 },
    );
}

fn both_bindings(device: &wgpu::Device, layout: &wgpu::BindGroupLayout, volumes: &GpuVolumes) -> [wgpu::BindGroup; 2] {
    PredictionSlot::ALL.map(|slot| volume_bindings(device, layout, volumes, slot))
}

fn volume_bindings(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    volumes: &GpuVolumes,
    slot: PredictionSlot,
) -> wgpu::BindGroup {
    let views = volumes.textures(slot).map(|t| t.create_view(&wgpu::TextureViewDescriptor::default()));
    let entries: Vec<_> = (0u32..)
        .zip(&views)
        .map(|(binding, view)| wgpu::BindGroupEntry { binding, resource: wgpu::BindingResource::TextureView(view) })
        .collect();
    device.create_bind_group(&wgpu::BindGroupDescriptor { label: Some("volumes"), layout, entries: &entries })
}
