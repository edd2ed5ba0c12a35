//! A case in memory: image, labels, history, prediction, and how it is looked at.

use std::sync::Arc;
use std::time::Duration;

use crate::edit::History;
use crate::geometry::{Extent, PatientSide, Plane, Voxel};
use crate::io::NiftiGeometry;
use crate::label::{LabelMap, LabelValue, Prediction};
use crate::view::{ClipBox, LinkedPlanes, SliceCamera, ViewCamera, WindowLevel};
use crate::volume::{CaseId, Image};
use crate::worker::protocol_io::LoadedCase;
use crate::workspace::kept_view::{KeptSecondImage, KeptView};
use crate::workspace::{CaseReview, Measurements, SecondImage};

#[derive(Debug)]
pub struct OpenCase {
    pub id: CaseId,
    pub image: Arc<Image>,
    /// Which of the file's volumes is shown, and which was asked for last.
    pub frame: usize,
    pub(super) wanted_frame: usize,
    /// Geometry of the image file: masks are written on it.
    pub geometry: Arc<NiftiGeometry>,
    /// Shared with a save that is under way; an edit meanwhile copies them once.
    pub(super) labels: Arc<LabelMap>,
    pub history: History,
    pub prediction: Option<Arc<Prediction>>,
    /// The labels as a proposal would make them; shown instead while it is looked at.
    pub(super) preview: Option<Arc<LabelMap>>,
    /// Empty labels, shown instead while a known question is open.
    hidden_by: Option<Arc<LabelMap>>,
    /// Laid over the image.
    pub second: Option<SecondImage>,
    /// The one that the study keeps, until it has been read.
    pub(super) kept_second: Option<KeptSecondImage>,
    /// What the study keeps of how the case is looked at could be read, so that it may be written over.
    pub(super) keeps_view: bool,
    /// What the 3-D view shows of it, where not all.
    pub clip: Option<ClipBox>,
    pub measurements: Measurements,
    pub review: CaseReview,
    /// The view in which the newest measurement was begun.
    pub(super) measuring_in: Option<Plane>,
    /// The linked cross, or the voxel nearest to it while the planes are turned.
    pub cursor: Voxel,
    pub window: WindowLevel,
    /// Sentences about the files of this case.
    pub notices: Vec<String>,
    pub(super) cameras: [ViewCamera; 3],
    /// The planes of the views while they do not lie along the voxel axes.
    pub(super) turned: Option<LinkedPlanes>,
    pub(super) fitted: [bool; 3],
    /// Of each view when it was fitted last, in its camera's unit.
    pub(super) view_sizes: [Option<[f64; 2]>; 3],
    pub(super) known_count: usize,
    pub(super) saved_revision: u64,
    pub(super) journalled_revision: u64,
    /// Revision of the save that is under way.
    pub(super) saving: Option<u64>,
    pub(super) save_failure: Option<String>,
    /// The journal has a gap: only a save makes later edits safe.
    pub(super) save_soon: bool,
    /// Since when is not known: only labels that are saved as they are make the journal whole again.
    pub(super) journal_has_gap: bool,
    pub(super) last_edit: Duration,
    pub(super) last_save: Option<Duration>,
}

impl OpenCase {
    pub(super) fn new(loaded: LoadedCase, side: PatientSide, now: Duration) -> Self {
        let LoadedCase { case, image, geometry, labels, history, prediction, rejections, notices, kept_view } = loaded;
        let extent = labels.extent();
        let cursor = extent.clamped_voxel(extent.to_array().map(|n| (n / 2) as f64));
        let camera = |view| ViewCamera::from(SliceCamera::new(&image.affine, extent, view, side));
        let mut opened = Self {
            cameras: Plane::ALL.map(camera),
            turned: None,
            fitted: [false; 3],
            view_sizes: [None; 3],
            window: WindowLevel::auto(&image),
            known_count: labels.known_count(),
            saved_revision: labels.revision(),
            journalled_revision: labels.revision(),
            id: case,
            frame: 0,
            wanted_frame: 0,
            image,
            geometry,
            labels: Arc::new(labels),
            history: History::restore(history, History::DEFAULT_BYTE_BUDGET),
            prediction,
            preview: None,
            hidden_by: None,
            second: None,
            kept_second: None,
            keeps_view: true,
            clip: None,
            measurements: Measurements::default(),
            review: CaseReview::with_rejections(rejections),
            measuring_in: None,
            cursor,
            notices,
            saving: None,
            save_failure: None,
            save_soon: false,
            journal_has_gap: false,
            last_edit: now,
            last_save: None,
        };
        opened.move_cursor(cursor);
        opened.restore(kept_view.as_deref());
        opened
    }

    fn restore(&mut self, kept: Option<&str>) {
        match kept.map(KeptView::read) {
            None => {}
            Some(Ok(kept)) => {
                self.measurements.restore(kept.measurements, &self.image);
                self.kept_second = kept.second_image;
            }
            Some(Err(sentence)) => {
                self.notices.push(sentence);
                self.keeps_view = false;
            }
        }
    }

    /// As they may be seen: none while a known question hides them.
    pub fn labels(&self) -> &LabelMap {
        self.hidden_by.as_ref().unwrap_or(&self.labels)
    }

    /// [`Self::labels`] to be read beside the window; an edit meanwhile copies them once.
    pub fn shared_labels(&self) -> Arc<LabelMap> {
        Arc::clone(self.hidden_by.as_ref().unwrap_or(&self.labels))
    }

    /// What the views show: the labels, or a proposal of other ones.
    pub fn shown_labels(&self) -> &Arc<LabelMap> {
        self.hidden_by.as_ref().or(self.preview.as_ref()).unwrap_or(&self.labels)
    }

    /// A known question hides the labels.
    pub fn hides_labels(&self) -> bool {
        self.hidden_by.is_some()
    }

    pub(super) fn hide_labels(&mut self) {
        self.hidden_by = Some(Arc::new(LabelMap::unknown(self.extent())));
    }

    /// False if they were not hidden.
    pub(super) fn show_labels(&mut self) -> bool {
        self.hidden_by.take().is_some()
    }

    pub fn extent(&self) -> Extent {
        self.labels.extent()
    }

    pub fn camera(&self, view: Plane) -> &ViewCamera {
        &self.cameras[view_index(view)]
    }

    /// False until the camera of a view has been fitted to the view's size.
    pub fn is_fitted(&self, view: Plane) -> bool {
        self.fitted[view_index(view)]
    }

    /// Voxel axis (0 = x) a view looks along unless it is turned.
    pub fn normal_axis(&self, view: Plane) -> usize {
        self.camera(view).straight().axes().normal.axis
    }

    /// Share (0 to 1) of voxels somebody has labelled.
    pub fn known_share(&self) -> f32 {
        self.known_count as f32 / self.extent().voxel_count() as f32
    }

    /// Intensity and label of the voxel nearest to a position, `None` outside the volume.
    pub fn probe(&self, position: [f64; 3]) -> Option<(Voxel, f64, LabelValue)> {
        let voxel = self.extent().nearest_voxel(position)?;
        Some((voxel, self.image.intensity(voxel), self.labels().value(voxel)))
    }

    /// Intensity of the second image in its voxel nearest to a position (voxels of the first), `None` outside of it.
    pub fn second_intensity(&self, position: [f64; 3]) -> Option<f64> {
        let second = &self.second.as_ref()?.image;
        let there = second.affine.voxel_from_world(self.image.affine.world_from_voxel(position))?;
        Some(second.intensity(second.extent().nearest_voxel(there)?))
    }

    pub fn is_unsaved(&self) -> bool {
        self.saved_revision != self.labels.revision()
    }

    /// Every edit that is not saved yet comes back from the journal when the case is read again.
    pub(super) fn is_journalled(&self) -> bool {
        !self.journal_has_gap && self.journalled_revision >= self.labels.revision()
    }

    /// Made from other labels, or by another run than `run` (the newest, if known).
    pub fn prediction_is_stale(&self, run: Option<&str>) -> bool {
        self.prediction.as_ref().is_some_and(|prediction| {
            let made_from = &prediction.provenance;
            made_from.label_revision != self.labels.revision() || run.is_some_and(|run| made_from.model != run)
        })
    }

    pub(super) fn view_size(&self, view: Plane) -> Option<[f64; 2]> {
        self.view_sizes[view_index(view)]
    }

    pub(super) fn set_view_size(&mut self, view: Plane, size: [f64; 2]) {
        self.view_sizes[view_index(view)] = Some(size);
    }

    pub(super) fn camera_mut(&mut self, view: Plane) -> &mut ViewCamera {
        &mut self.cameras[view_index(view)]
    }

    pub(super) fn set_fitted(&mut self, view: Plane, fitted: bool) {
        self.fitted[view_index(view)] = fitted;
    }

    /// Views that were neither moved nor zoomed since they were fitted are to be fitted again: their width is another one.
    pub(super) fn fit_untouched(&mut self) {
        for view in Plane::ALL {
            let is_as_fitted = self.view_size(view).is_some_and(|size| {
                let mut fitted = self.camera(view).clone();
                fitted.fit(size);
                fitted == *self.camera(view)
            });
            if is_as_fitted {
                self.set_fitted(view, false);
            }
        }
    }

    /// Every view shows the slice of the linked cross, or its turned plane through the middle of that voxel.
    pub(super) fn move_cursor(&mut self, cursor: Voxel) {
        if self.is_turned() {
            return self.move_cross(cursor.to_f64());
        }
        self.cursor = self.extent().clamped_voxel(cursor.to_f64());
        self.show_cursor_slices();
    }

    pub(super) fn show_cursor_slices(&mut self) {
        for camera in &mut self.cameras {
            let straight = camera.straight_mut();
            straight.set_slice(self.cursor.to_array()[straight.axes().normal.axis]);
        }
    }
}

/// Place in [`Plane::ALL`].
fn view_index(view: Plane) -> usize {
    match view {
        Plane::Axial => 0,
        Plane::Coronal => 1,
        Plane::Sagittal => 2,
    }
}
