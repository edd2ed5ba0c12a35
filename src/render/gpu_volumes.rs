//! The volumes of the shown case as 3-D textures.

use super::coarse_image::CoarseImage;
use super::gpu_overlay::GpuOverlay;
use super::intensity_code::IntensityCode;
use super::textures::{longest_side, volume_texture, within_memory, write_box};
use super::{Fold, PredictionSlot, RenderError, wgpu};
use crate::geometry::{Affine, Extent, VoxelBox};
use crate::label::{LabelMap, Origin, Prediction};
use crate::view::{ColourBy, ColourPlanes};
use crate::volume::{Grid, Image};

/// Image (half floats), class and origin.
const BYTES_PER_VOXEL: u64 = 2 + 1 + 1;
/// Class, the value that colours it and the class of each network.
const PREDICTION_BYTES_PER_VOXEL: u64 = 4;

/// Textures of one case. Making them may take long for a large volume and may happen on any thread.
pub struct GpuVolumes {
    /// Where the voxels lie in every texture but those of the overlay and the coarse image.
    fold: Fold,
    code: IntensityCode,
    image: wgpu::Texture,
    /// What the 3-D view draws in place of a folded image.
    coarse: Option<CoarseImage>,
    class: wgpu::Texture,
    origin: wgpu::Texture,
    /// In the order of [`PredictionSlot::ALL`].
    predictions: [Option<PredictionTextures>; 2],
    overlay: Option<GpuOverlay>,
    /// Bound where there is no prediction; the shader does not read it.
    nothing: wgpu::Texture,
}

struct PredictionTextures {
    fold: Fold,
    class: wgpu::Texture,
    /// What colours it; the second one only where the colours need two.
    first_value: wgpu::Texture,
    second_value: Option<wgpu::Texture>,
    class_a: wgpu::Texture,
    class_b: wgpu::Texture,
}

impl GpuVolumes {
    /// Uploads image and labels; what is longer than the device's textures is folded ([`Fold`]). Refused if there are more
    /// voxels than the largest texture has texels, if memory does not suffice, or if the grids differ.
    pub fn new(
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        image: &Image,
        labels: &LabelMap,
    ) -> Result<Self, RenderError> {
        let extent = image.extent();
        if labels.extent() != extent {
            return Err(RenderError::GridMismatch { what: "labels" });
        }
        let fold = Fold::new(extent, longest_side(device))?;
        let (size, bytes) = (fold.texture_size(), BYTES_PER_VOXEL.saturating_mul(fold.texel_count()));
        let mut volumes = within_memory(device, bytes, || {
            let plane = |label, size| volume_texture(device, label, size, wgpu::TextureFormat::R8Uint);
            Self {
                fold,
                code: IntensityCode::of(image),
                coarse: None,
                image: volume_texture(device, "image", size, wgpu::TextureFormat::R16Float),
                class: plane("label class", size),
                origin: plane("label origin", size),
                predictions: [None, None],
                overlay: None,
                nothing: plane("no prediction", wgpu::Extent3d::default()),
            }
        })?;
        write_box(queue, &volumes.image, &fold, &extent.full_box(), |slab| volumes.code.half_floats(image, slab));
        if fold.is_folded() {
            volumes.coarse = Some(CoarseImage::new(device, queue, image, &volumes.code)?);
        }
        volumes.upload_box(queue, labels, &extent.full_box());
        Ok(volumes)
    }

    pub fn extent(&self) -> Extent {
        self.fold.extent()
    }

    pub(super) fn fold(&self) -> &Fold {
        &self.fold
    }

    pub fn has_prediction(&self, slot: PredictionSlot) -> bool {
        self.predictions[slot as usize].is_some()
    }

    pub(super) fn has_second_value(&self, slot: PredictionSlot) -> bool {
        self.predictions[slot as usize].as_ref().is_some_and(|p| p.second_value.is_some())
    }

    /// Writes the labels inside a box (clipped to the volume) and nothing else; labels of another grid are ignored.
    pub fn upload_box(&self, queue: &wgpu::Queue, labels: &LabelMap, dirty: &VoxelBox) {
        if labels.extent() != self.extent() {
            return;
        }
        write_box(queue, &self.class, &self.fold, dirty, |slab| labels.class().copy_box(slab));
        write_box(queue, &self.origin, &self.fold, dirty, |slab| {
            labels.origin().copy_box(slab).into_iter().map(Origin::code).collect()
        });
    }

    /// Replaces or removes the prediction planes of a slot, whose memory is free then; [`super::SliceRenderer::set_prediction`] also binds them.
    pub fn set_prediction(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        slot: PredictionSlot,
        prediction: Option<&Prediction>,
        by: ColourBy,
    ) -> Result<(), RenderError> {
        let extent = self.extent();
        let place = &mut self.predictions[slot as usize];
        let Some(prediction) = prediction else {
            *place = None;
            return Ok(());
        };
        if prediction.extent() != extent {
            return Err(RenderError::GridMismatch { what: "pseudo-labels" });
        }
        let textures = match place.take() {
            Some(textures) => textures,
            None => PredictionTextures::new(device, self.fold)?,
        };
        textures.upload(queue, prediction);
        place.insert(textures).colour_by(device, queue, by.planes(prediction))
    }

    /// Uploads the planes that colour the prediction which is set in a slot; [`super::SliceRenderer::colour_by`] also binds them.
    pub fn colour_by(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        slot: PredictionSlot,
        prediction: &Prediction,
        by: ColourBy,
    ) -> Result<(), RenderError> {
        let extent = self.extent();
        match &mut self.predictions[slot as usize] {
            Some(textures) if prediction.extent() == extent => textures.colour_by(device, queue, by.planes(prediction)),
            _ => Ok(()),
        }
    }

    /// Replaces or removes the image over the first one, which it need not share the grid with;
    /// [`super::SliceRenderer::set_overlay`] also binds it. `base` is world from voxel of the first image. After an error
    /// there is none.
    pub fn set_overlay(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        overlay: Option<&Image>,
        base: &Affine,
    ) -> Result<(), RenderError> {
        // Both at once may not fit.
        self.overlay = None;
        self.overlay = overlay.map(|image| GpuOverlay::new(device, queue, image, base)).transpose()?;
        Ok(())
    }

    pub(super) fn overlay(&self) -> Option<&GpuOverlay> {
        self.overlay.as_ref()
    }

    pub(super) fn code(&self) -> &IntensityCode {
        &self.code
    }

    /// The image for filtered reads, and how many voxels its texture spans along each axis.
    pub(super) fn filtered_image(&self) -> (&wgpu::Texture, [usize; 3]) {
        match &self.coarse {
            Some(coarse) => (&coarse.texture, coarse.voxels),
            None => (&self.image, self.extent().to_array()),
        }
    }

    /// In the order of the shader's bindings, for views that show the prediction of a slot.
    pub(super) fn textures(&self, slot: PredictionSlot) -> [&wgpu::Texture; 9] {
        let [class, first, second, a, b] = match &self.predictions[slot as usize] {
            Some(p) => {
                let second = p.second_value.as_ref().unwrap_or(&self.nothing);
                [&p.class, &p.first_value, second, &p.class_a, &p.class_b]
            }
            None => [&self.nothing; 5],
        };
        // Where there is no overlay the shader does not read it.
        let overlay = self.overlay.as_ref().map_or(&self.image, |o| &o.texture);
        [&self.image, &self.class, &self.origin, class, first, second, a, b, overlay]
    }
}

impl PredictionTextures {
    fn new(device: &wgpu::Device, fold: Fold) -> Result<Self, RenderError> {
        let bytes = PREDICTION_BYTES_PER_VOXEL.saturating_mul(fold.texel_count());
        let plane = |label| volume_texture(device, label, fold.texture_size(), wgpu::TextureFormat::R8Uint);
        within_memory(device, bytes, || Self {
            fold,
            class: plane("pseudo-label class"),
            first_value: plane("first value"),
            second_value: None,
            class_a: plane("class of network A"),
            class_b: plane("class of network B"),
        })
    }

    fn upload(&self, queue: &wgpu::Queue, prediction: &Prediction) {
        for (texture, grid) in [
            (&self.class, &prediction.class),
            (&self.class_a, &prediction.class_a),
            (&self.class_b, &prediction.class_b),
        ] {
            self.write(queue, texture, grid);
        }
    }

    fn colour_by(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        planes: ColourPlanes<'_>,
    ) -> Result<(), RenderError> {
        self.write(queue, &self.first_value, planes.first);
        let Some(second) = planes.second else {
            self.second_value = None;
            return Ok(());
        };
        let texture = match self.second_value.take() {
            Some(texture) => texture,
            None => {
                let size = self.fold.texture_size();
                let make = || volume_texture(device, "second value", size, wgpu::TextureFormat::R8Uint);
                within_memory(device, self.fold.texel_count(), make)?
            }
        };
        let all = planes.first.extent().full_box();
        write_box(queue, &texture, &self.fold, &all, |slab| second.copy_box(slab));
        self.second_value = Some(texture);
        Ok(())
    }

    fn write(&self, queue: &wgpu::Queue, texture: &wgpu::Texture, plane: &Grid<u8>) {
        write_box(queue, texture, &self.fold, &plane.extent().full_box(), |slab| plane.copy_box(slab));
    }
}
