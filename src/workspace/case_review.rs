//! Review of an opened case: the queue of doubtful regions, where its slices are doubtful, what was rejected.

use std::sync::Arc;

use crate::geometry::VoxelBox;
use crate::label::{DoubtThresholds, LabelMap, Prediction, Rejections};
use crate::review::{QueueKey, QueuedRegion, Region, RegionId, RegionState, ReviewQueue, SliceDoubt};
use crate::worker::protocol_review::{ReviewFindings, ReviewJob};

#[derive(Debug, Default)]
pub struct CaseReview {
    queue: Option<ReviewQueue>,
    slices: Option<SliceDoubt>,
    rejections: Arc<Rejections>,
    rejected: Vec<Rejected>,
    /// What was asked of the review thread last.
    asked: Option<(QueueKey, DoubtThresholds)>,
    /// What the queue was made with.
    thresholds: DoubtThresholds,
}

/// A rejection that an undo can take back as long as no label has changed since.
#[derive(Debug)]
struct Rejected {
    region: Box<Region>,
    /// Of the labels after it.
    revision: u64,
    /// Accepted voxels of the region became unknown again: one step of the labels' history.
    cleared: bool,
}

/// What taking a rejection back leaves to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TakenBack {
    pub cleared: bool,
}

impl CaseReview {
    pub(super) fn with_rejections(rejections: Rejections) -> Self {
        Self { rejections: Arc::new(rejections), ..Self::default() }
    }

    /// `None` until the regions of a prediction have been found.
    pub fn queue(&self) -> Option<&ReviewQueue> {
        self.queue.as_ref()
    }

    /// The region that is looked at.
    pub fn current(&self) -> Option<&QueuedRegion> {
        self.queue.as_ref()?.current()
    }

    /// Doubtful area, mm², of every slice along an axis (0 = x); empty until it is known.
    pub fn areas_mm2(&self, axis: usize) -> Vec<f64> {
        self.slices.as_ref().map_or_else(Vec::new, |slices| slices.areas_mm2(axis))
    }

    pub fn rejections(&self) -> &Arc<Rejections> {
        &self.rejections
    }

    /// What to ask of the review thread, if it has not been asked already.
    pub(super) fn job(
        &mut self,
        labels: &Arc<LabelMap>,
        prediction: &Arc<Prediction>,
        spacing_mm: [f64; 3],
        thresholds: DoubtThresholds,
    ) -> Option<ReviewJob> {
        let wanted = Some((QueueKey::new(&prediction.provenance, labels.revision()), thresholds));
        if self.asked == wanted {
            return None;
        }
        self.asked = wanted;
        let (labels, prediction) = (Arc::clone(labels), Arc::clone(prediction));
        Some(ReviewJob { labels, prediction, rejections: Arc::clone(&self.rejections), spacing_mm, thresholds })
    }

    /// The rejections changed: what was asked has another answer now.
    fn ask_again(&mut self) {
        self.asked = None;
    }

    /// Findings of the same prediction and thresholds only say where doubt is left: the order of the queue stays while somebody works.
    pub(super) fn take(&mut self, found: ReviewFindings, labels: &LabelMap, spacing_mm: [f64; 3]) {
        let ReviewFindings { key, thresholds, regions, shares, slices, .. } = found;
        let extent = labels.extent();
        self.slices = Some(slices);
        let same_rule = std::mem::replace(&mut self.thresholds, thresholds) == thresholds;
        match &mut self.queue {
            Some(queue) if same_rule && (&queue.key().model, queue.key().step) == (&key.model, key.step) => {}
            Some(queue) => queue.refresh(key, regions, &shares),
            None => self.queue = Some(ReviewQueue::new(key, extent, spacing_mm, regions, &shares)),
        }
        // An edit may have come while they were looked for.
        self.labels_changed(labels, &extent.full_box());
    }

    pub(super) fn labels_changed(&mut self, labels: &LabelMap, dirty: &VoxelBox) {
        if let Some(queue) = &mut self.queue {
            queue.labels_changed(labels, dirty);
        }
    }

    pub(super) fn next(&mut self) -> Option<&Region> {
        self.queue.as_mut()?.next_region().map(|queued| &queued.region)
    }

    pub(super) fn previous(&mut self) -> Option<&Region> {
        self.queue.as_mut()?.previous().map(|queued| &queued.region)
    }

    pub(super) fn go_to(&mut self, id: RegionId) -> Option<&Region> {
        self.queue.as_mut()?.go_to(id).map(|queued| &queued.region)
    }

    pub(super) fn set_state(&mut self, id: RegionId, state: RegionState) {
        if let Some(queue) = &mut self.queue {
            queue.set_state(id, state);
        }
    }

    /// `revision` of the labels after it; `cleared`: accepted voxels became unknown with it.
    pub(super) fn reject(&mut self, region: Region, prediction: &Prediction, revision: u64, cleared: bool) {
        Arc::make_mut(&mut self.rejections).reject(&region.spans, region.class, &prediction.class);
        self.set_state(region.id, RegionState::Rejected);
        self.rejected.push(Rejected { region: Box::new(region), revision, cleared });
        self.ask_again();
    }

    /// Takes the newest rejection back if no label has changed since.
    pub(super) fn take_back(&mut self, revision: u64) -> Option<TakenBack> {
        let Rejected { region, cleared, .. } = self.rejected.pop_if(|newest| newest.revision == revision)?;
        Arc::make_mut(&mut self.rejections).withdraw(&region.spans);
        self.set_state(region.id, RegionState::Open);
        self.ask_again();
        Some(TakenBack { cleared })
    }
}
