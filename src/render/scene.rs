//! All that decides how one slice view looks, apart from the voxels.

use std::sync::Arc;

use crate::view::{ColourTables, LayerSettings, SliceCamera, WindowLevel};

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
