//! Draws 3-D views into textures of its own, and these into the window.

use std::collections::HashMap;

use super::marched_volume::MarchedVolume;
use super::passes::{layer_pass, picture_pass, surface_bindings, surface_pass};
use super::pipelines::SolidPipelines;
use super::surfaces::Surfaces;
use super::targets::Targets;
use super::uniforms::SolidUniforms;
use super::volume::{VolumeBinding, linear_sampler};
use super::{SolidScene, SurfaceLook};
use crate::label::{ClassId, SurfaceMesh};
use crate::render::{GpuVolumes, RenderError, ViewId, wgpu};
use crate::view::VolumeMode;

/// Draws any number of 3-D views of one case.
pub struct SolidRenderer {
    pipelines: SolidPipelines,
    sampler: wgpu::Sampler,
    surfaces: Surfaces,
    /// Counts changes of the surfaces.
    surface_state: u64,
    views: HashMap<ViewId, View>,
    /// Longest side of a texture or viewport the device takes.
    max_side: u32,
}

struct View {
    uniforms: wgpu::Buffer,
    bindings: wgpu::BindGroup,
    volume: VolumeBinding,
    targets: Option<Targets>,
    /// The picture as the window's pass reads it.
    picture: Option<wgpu::BindGroup>,
    drawn: Option<Drawn>,
}

/// What a picture shows.
#[derive(PartialEq)]
struct Drawn {
    scene: SolidScene,
    surface_state: u64,
    image: Option<wgpu::Texture>,
}

impl SolidRenderer {
    /// For render passes with one colour target of `format`, one sample and no depth buffer.
    pub fn new(device: &wgpu::Device, format: wgpu::TextureFormat) -> Self {
        Self {
            pipelines: SolidPipelines::new(device, format),
            sampler: linear_sampler(device),
            surfaces: Surfaces::default(),
            surface_state: 0,
            views: HashMap::new(),
            max_side: device.limits().max_texture_dimension_2d,
        }
    }

    /// Replaces or removes one brick of the surface of a class. A mesh that is not whole (indices, normals or positions
    /// that are missing or not finite) is not drawn.
    pub fn set_surface(&mut self, device: &wgpu::Device, class: ClassId, brick: usize, mesh: Option<&SurfaceMesh>) {
        self.surfaces.set(device, class, brick, mesh);
        self.surface_state += 1;
    }

    /// Removes the surface of one class.
    pub fn remove_surface(&mut self, class: ClassId) {
        self.surfaces.remove_class(class);
        self.surface_state += 1;
    }

    /// Removes all surfaces, for instance for another case.
    pub fn clear_surfaces(&mut self) {
        self.surfaces = Surfaces::default();
        self.surface_state += 1;
    }

    /// Draws the picture of one view, unless it is the last one still. Without `volumes` there are only surfaces; a picture
    /// without area is not drawn. Returns whether something was drawn.
    ///
    /// # Errors
    /// [`RenderError::OutOfMemory`]; the view then shows nothing.
    pub fn prepare(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        id: ViewId,
        scene: &SolidScene,
        volumes: Option<&GpuVolumes>,
    ) -> Result<bool, RenderError> {
        let view = self.views.entry(id).or_insert_with(|| View::new(device, &self.pipelines.view_layout));
        let image = volumes.filter(|_| scene.volume.is_some()).map(|v| v.filtered_image().0.clone());
        let wanted = Drawn { scene: scene.clone(), surface_state: self.surface_state, image };
        if view.drawn.as_ref() == Some(&wanted) {
            return Ok(false);
        }
        view.drawn = None;
        let size_px = scene.size_px.map(|side| side.min(self.max_side));
        if size_px.contains(&0) {
            view.picture = None;
            return Ok(false);
        }
        view.resize(device, size_px, &self.pipelines.picture_layout, &self.sampler)?;
        let scene = SolidScene { size_px, ..scene.clone() };
        view.draw(device, queue, &self.pipelines, &self.surfaces, &scene, volumes);
        view.drawn = Some(wanted);
        Ok(true)
    }

    /// Draws the prepared picture into `[left, top, width, height]` of the target in pixels.
    ///
    /// The rectangle is that of the whole view and may reach beyond the target or the scissor rectangle. Changes the pass's
    /// viewport, pipeline and first bind group.
    pub fn paint(&self, pass: &mut wgpu::RenderPass<'_>, id: ViewId, [left, top, width, height]: [f32; 4]) {
        let Some(picture) = self.views.get(&id).and_then(|view| view.picture.as_ref()) else {
            return;
        };
        let max_side = self.max_side as f32;
        let sides_fit = [width, height].into_iter().all(|s| s > 0.0 && s <= max_side);
        let place_fits = [left, top].into_iter().all(|p| p.abs() < max_side);
        if !(sides_fit && place_fits) {
            return;
        }
        pass.set_viewport(left, top, width, height, 0.0, 1.0);
        pass.set_pipeline(&self.pipelines.show);
        pass.set_bind_group(0, picture, &[]);
        pass.draw(0..3, 0..1);
    }
}

impl View {
    fn new(device: &wgpu::Device, layout: &wgpu::BindGroupLayout) -> Self {
        let uniforms = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("3-D view"),
            size: SolidUniforms::SIZE,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let bindings = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("3-D view"),
            layout,
            entries: &[wgpu::BindGroupEntry { binding: 0, resource: uniforms.as_entire_binding() }],
        });
        Self { uniforms, bindings, volume: VolumeBinding::new(device), targets: None, picture: None, drawn: None }
    }

    fn resize(
        &mut self,
        device: &wgpu::Device,
        size_px: [u32; 2],
        layout: &wgpu::BindGroupLayout,
        sampler: &wgpu::Sampler,
    ) -> Result<(), RenderError> {
        if self.picture.is_some() && self.targets.as_ref().is_some_and(|t| t.size_px == size_px) {
            return Ok(());
        }
        // The old ones first: there may not be memory for both.
        (self.targets, self.picture) = (None, None);
        let targets = self.targets.insert(Targets::new(device, size_px)?);
        self.picture = Some(device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("3-D picture"),
            layout,
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::TextureView(&targets.picture) },
                wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::Sampler(sampler) },
            ],
        }));
        Ok(())
    }

    fn draw(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        pipelines: &SolidPipelines,
        surfaces: &Surfaces,
        scene: &SolidScene,
        volumes: Option<&GpuVolumes>,
    ) {
        let Some(targets) = &self.targets else {
            return;
        };
        let shown = scene.volume.as_ref().zip(volumes);
        let marched = shown.and_then(|(look, volumes)| MarchedVolume::new(look, volumes));
        let is = |class, test: fn(&SurfaceLook) -> bool| {
            // The last of a class decides, as it does for its colour.
            scene
                .surfaces
                .iter()
                .rev()
                .find(|look| look.class == class)
                .is_some_and(|look| look.is_drawn() && test(look))
        };
        let bounds_mm = surfaces.bounds_mm(|class| is(class, |_| true));
        let uniforms = SolidUniforms::new(scene, marched.as_ref(), bounds_mm);
        queue.write_buffer(&self.uniforms, 0, bytemuck::bytes_of(&uniforms));

        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut pass = surface_pass(&mut encoder, targets, scene.background);
        pass.set_pipeline(&pipelines.opaque);
        pass.set_bind_group(0, &self.bindings, &[]);
        surfaces.draw(&mut pass, |class| is(class, SurfaceLook::is_opaque));
        drop(pass);

        let mut pass = layer_pass(&mut encoder, targets);
        pass.set_pipeline(&pipelines.translucent);
        pass.set_bind_group(0, &self.bindings, &[]);
        surfaces.draw(&mut pass, |class| is(class, |look| !look.is_opaque()));
        drop(pass);

        let (image, variant) = match &marched {
            Some(volume) => {
                self.volume.upload(queue, &volume.look.transfer);
                let variant = if volume.look.transfer.mode() == VolumeMode::Brightest { 2 } else { 1 };
                (Some(volume.image), variant)
            }
            None => (None, 0),
        };
        let mut pass = picture_pass(&mut encoder, targets);
        pass.set_pipeline(&pipelines.compose[variant]);
        pass.set_bind_group(0, &self.bindings, &[]);
        pass.set_bind_group(1, &surface_bindings(device, &pipelines.surface_layout, targets), &[]);
        pass.set_bind_group(2, &self.volume.bind(device, &pipelines.volume_layout, image), &[]);
        pass.draw(0..3, 0..1);
        drop(pass);
        queue.submit([encoder.finish()]);
    }
}
