//! All that decides how one slice view looks, apart from the voxels.

use std::ops::Range;
use std::sync::Arc;

use crate::geometry::vector::scaled;
use crate::view::{ColourTables, LayerSettings, OverlayLook, SlabProjection, ViewCamera, WindowLevel};

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

/// Which of the predictions on the graphics card a view shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PredictionSlot {
    #[default]
    First,
    /// Another one beside it, while two are compared.
    Second,
}

impl PredictionSlot {
    pub const ALL: [Self; 2] = [Self::First, Self::Second];
}

/// One slice view.
#[derive(Clone, Debug)]
pub struct SliceScene {
    /// Plane, slice or angle, zoom; also extent and spacing of the volume.
    pub camera: ViewCamera,
    /// Width and height of the view in the camera's screen unit; independent of the number of pixels drawn.
    pub view_size: [f64; 2],
    pub window: WindowLevel,
    pub layers: LayerSettings,
    pub colours: Arc<ColourTables>,
    pub prediction: PredictionState,
    /// The prediction that `prediction` speaks of.
    pub slot: PredictionSlot,
    /// How the second image looks, if there is one and it is to be seen: above the first one and below everything else.
    pub overlay: Option<OverlayLook>,
}

impl SliceScene {
    /// Contour thickness of a straight slice in voxels along the right and the down axis, at most 1.
    pub(super) fn contour_voxels(&self) -> [f64; 2] {
        self.camera.straight().units_per_voxel().map(|units| (CONTOUR_WIDTH / units.abs()).min(1.0))
    }

    /// The way across a contour of a turned plane, to the right and down: shares of the view's width and height. At most a
    /// voxel long, measured along the voxel axis it leads farthest on.
    pub(super) fn contour_shares(&self) -> [f64; 2] {
        let voxel = |place| self.camera.voxel_from_screen(place, self.view_size);
        let corner = voxel([0.0; 2]);
        let steps = [voxel([CONTOUR_WIDTH, 0.0]), voxel([0.0, CONTOUR_WIDTH])];
        std::array::from_fn(|i| {
            let longest = (0..3).map(|axis| (steps[i][axis] - corner[axis]).abs()).fold(0.0, f64::max);
            CONTOUR_WIDTH / self.view_size[i] / longest.max(1.0)
        })
    }

    /// How what is looked through becomes one picture; `None` for a thin slice.
    pub(super) fn projection(&self) -> Option<SlabProjection> {
        match self.camera.turned() {
            Some(_) => self.turned_slab().and(self.layers.slab).map(|slab| slab.projection),
            None => self.slab().map(|(projection, _)| projection),
        }
    }

    /// How many samples of the image lie on either side of a turned plane, and the way from one to the next in voxels;
    /// `None` if it is thin or the view straight.
    pub(super) fn turned_slab(&self) -> Option<(usize, [f64; 3])> {
        let (slab, turned) = (self.layers.slab?, self.camera.turned()?);
        let offsets_mm = slab.offsets_mm(turned.spacing_mm());
        let per_side = offsets_mm.len() / 2;
        let reach_mm = offsets_mm.last().filter(|_| per_side > 0)?;
        Some((per_side, scaled(turned.voxels_per_mm_along_normal(), reach_mm / per_side as f64)))
    }

    /// The slices of the image that are shown as one; `None` if it is the camera's alone.
    pub(super) fn slab(&self) -> Option<(SlabProjection, Range<usize>)> {
        let (slab, camera) = (self.layers.slab?, self.camera.straight());
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
