//! All that decides how one slice view looks, apart from the voxels.

use std::ops::Range;
use std::sync::Arc;

use crate::view::{ColourTables, LayerSettings, OverlayLook, SlabProjection, SliceCamera, WindowLevel};

/// Width of a contour in screen units; never wider than a voxel.
const CONTOUR_WIDTH: f64 = 1.5;
/// What is left of the opacity of a stale prediction.
const FADED: f32 = 0.4;

/// Whether there is a prediction to show and whether it still fits the labels and the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PredictionState {
    #[default]
    Absent,
    Fresh,
    /// Shown faded.
    Stale,
}

/// One slice view.
#[derive(Clone, Debug)]
pub struct SliceScene {
    /// Plane, slice, zoom; also extent and spacing of the volume.
    pub camera: SliceCamera,
    /// Width and height of the view in the camera's screen unit; independent of the number of pixels drawn.
    pub view_size: [f64; 2],
    pub window: WindowLevel,
    pub layers: LayerSettings,
    pub colours: Arc<ColourTables>,
    pub prediction: PredictionState,
    /// How the second image looks, if there is one and it is to be seen: above the first one and below everything else.
    pub overlay: Option<OverlayLook>,
}

impl SliceScene {
    /// Contour thickness in voxels along the right and the down axis, at most 1.
    pub(super) fn contour_voxels(&self) -> [f64; 2] {
        self.camera.units_per_voxel().map(|units| (CONTOUR_WIDTH / units.abs()).min(1.0))
    }

    /// The slices of the image that are shown as one; `None` if it is the camera's alone.
    pub(super) fn slab(&self) -> Option<(SlabProjection, Range<usize>)> {
        let (slab, camera) = (self.layers.slab?, &self.camera);
        let spacing_mm = camera.spacing_mm()[camera.axes().normal.axis];
        let slices = slab.slices(camera.slice(), camera.slice_count(), spacing_mm);
        (slices.len() > 1).then_some((slab.projection, slices))
    }

    /// Opacity of everything that comes from the prediction: 1 if fresh.
    pub(super) fn prediction_opacity(&self) -> f32 {
        match self.prediction {
            PredictionState::Absent => 0.0,
            PredictionState::Fresh => 1.0,
            PredictionState::Stale => FADED,
        }
    }
}
