//! All that decides how one slice view looks, apart from the voxels.

use std::sync::Arc;

use crate::view::{ColourTables, LayerSettings, SliceCamera, WindowLevel};

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
}

impl SliceScene {
    /// Contour thickness in voxels along the right and the down axis, at most 1.
    pub(super) fn contour_voxels(&self) -> [f64; 2] {
        self.camera.units_per_voxel().map(|units| (CONTOUR_WIDTH / units.abs()).min(1.0))
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
