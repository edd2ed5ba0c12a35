//! A case under simulated review: what is labelled and predicted of it, and what the truth answers.

use std::sync::Arc;

use super::time_model::Effort;
use crate::edit::{Acceptance, ClassFlags, Delta, Paint, PaintRule, VoxelSet, accept, paint_voxels};
use crate::label::{ClassId, DoubtThresholds, LabelMap, Prediction, Rejections};
use crate::metrics::Overlap;
use crate::review::{CaseFigures, Region, RegionState, ReviewError, ReviewQueue, ReviewState};
use crate::volume::{CaseId, Grid};
use crate::worker::look_for_doubt;
use crate::worker::protocol_review::{ReviewFindings, ReviewJob};

/// A region that is right to this share is taken as it is: nobody sees the odd voxel.
const RIGHT_SHARE: f64 = 0.95;
/// A region that is wrong to this share, and in so many voxels, is rejected: painting it would be drawing it anew.
const HOPELESS_SHARE: f64 = 0.5;
const HOPELESS_VOXELS: usize = 600;
const UNLOCKED: ClassFlags = [false; 256];

/// What the reviewer looks at.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    Region(Region),
    /// The slice of this number.
    Slice(usize),
}

/// What is done about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Painted with what is true.
    wrong: VoxelSet,
    /// Taken as it is shown.
    rest: VoxelSet,
    /// The region that was asked about, and how it ends.
    settles: Option<(Region, RegionState)>,
    pub effort: Effort,
}

/// Nothing but [`Self::write`] takes anything over from the truth.
pub struct SimulatedCase {
    pub id: CaseId,
    pub state: ReviewState,
    truth: Grid<ClassId>,
    spacing_mm: [f64; 3],
    labels: Arc<LabelMap>,
    rejections: Arc<Rejections>,
    prediction: Option<Arc<Prediction>>,
    queue: Option<ReviewQueue>,
    figures: Option<CaseFigures>,
}

impl SimulatedCase {
    /// Nobody has said anything of it yet.
    pub fn new(id: CaseId, truth: Grid<ClassId>, spacing_mm: [f64; 3]) -> Self {
        let labels = Arc::new(LabelMap::unknown(truth.extent()));
        Self {
            id,
            state: ReviewState::New,
            truth,
            spacing_mm,
            labels,
            rejections: Arc::default(),
            prediction: None,
            queue: None,
            figures: None,
        }
    }

    pub fn labels(&self) -> &LabelMap {
        &self.labels
    }

    pub fn rejections(&self) -> &Arc<Rejections> {
        &self.rejections
    }

    pub fn figures(&self) -> Option<CaseFigures> {
        self.figures
    }

    /// The regions of a new prediction join the queue, as in the window.
    pub fn take_prediction(&mut self, prediction: Prediction) -> Result<(), ReviewError> {
        let prediction = Arc::new(prediction);
        let job = ReviewJob {
            labels: Arc::clone(&self.labels),
            prediction: Arc::clone(&prediction),
            rejections: Arc::clone(&self.rejections),
            spacing_mm: self.spacing_mm,
            thresholds: DoubtThresholds::default(),
        };
        let ReviewFindings { key, regions, shares, figures, .. } = look_for_doubt(&job)?;
        match &mut self.queue {
            Some(queue) => queue.refresh(key, regions, &shares),
            None => self.queue = Some(ReviewQueue::new(key, self.truth.extent(), self.spacing_mm, regions, &shares)),
        }
        self.figures = Some(figures);
        self.prediction = Some(prediction);
        Ok(())
    }

    /// Whether a region that is no collection of scattered specks waits for an answer.
    pub fn has_open_regions(&self) -> bool {
        let regions = self.queue.iter().flat_map(ReviewQueue::regions);
        regions.into_iter().any(|r| !r.state.is_settled() && !r.region.is_scattered)
    }

    /// The next region of the queue; scattered specks only if they are asked for.
    pub fn next_region(&mut self, also_scattered: bool) -> Option<Question> {
        let wanted = |region: &Region| also_scattered || !region.is_scattered;
        let queued = self.queue.as_mut()?.next_where(wanted)?;
        Some(Question::Region(queued.region.clone()))
    }

    /// The axis with the thickest slices; of equal ones the last.
    fn slice_axis(&self) -> usize {
        let thickest = |a: &usize, b: &usize| self.spacing_mm[*a].total_cmp(&self.spacing_mm[*b]);
        (0..3).max_by(thickest).unwrap_or(2)
    }

    fn slice(&self, index: usize) -> VoxelSet {
        VoxelSet::of_slice(self.truth.extent(), self.slice_axis(), index)
    }

    /// Numbers of the slices of which something is unknown, ascending.
    pub fn open_slices(&self) -> Vec<usize> {
        let axis = self.slice_axis();
        let mut open = vec![false; self.truth.extent().to_array()[axis]];
        for (index, origin) in self.labels.origin().as_slice().iter().enumerate() {
            open[self.truth.extent().voxel(index).to_array()[axis]] |= !origin.is_known();
        }
        (0..open.len()).filter(|slice| open[*slice]).collect()
    }

    /// The slices at a quarter, half and three quarters of the structures' height.
    pub fn first_slices(&self) -> Vec<usize> {
        let axis = self.slice_axis();
        let foreground = (0..self.truth.extent().voxel_count()).filter(|i| self.truth.as_slice()[*i] != 0);
        let heights = foreground.map(|i| self.truth.extent().voxel(i).to_array()[axis]);
        let (first, last) = heights.fold((usize::MAX, 0), |(first, last), h| (first.min(h), last.max(h)));
        let mut slices: Vec<usize> = (1..4).map(|quarter| first + last.saturating_sub(first) * quarter / 4).collect();
        slices.dedup();
        if first > last { Vec::new() } else { slices }
    }

    /// What an export would write now: the label, else the pseudo-label, else background.
    fn shown(&self, index: usize) -> ClassId {
        let value = self.labels.value_at(index);
        match &self.prediction {
            Some(prediction) if !value.origin.is_known() => prediction.class.as_slice()[index],
            _ => value.class,
        }
    }

    /// Mean over the classes of the Dice of what would be exported now; 1 for a class that neither has.
    pub fn dice(&self, classes: &[ClassId]) -> f64 {
        let shown: Vec<ClassId> = (0..self.truth.extent().voxel_count()).map(|i| self.shown(i)).collect();
        let dice = |class: &ClassId| Overlap::of_class(&shown, self.truth.as_slice(), *class).dice();
        classes.iter().map(dice).sum::<f64>() / classes.len().max(1) as f64
    }

    /// What the reviewer does about it; nothing is written yet.
    pub fn answer(&self, question: Question) -> Answer {
        let is_wrong = |i: usize| self.shown(i) != self.truth.as_slice()[i];
        let once = Effort { navigations: 1, accepts: 1, brushed_voxels: 0 };
        let region = match question {
            Question::Region(region) => region,
            Question::Slice(index) => {
                let slice = self.slice(index);
                let wrong = slice.filtered(is_wrong);
                let effort = Effort { brushed_voxels: wrong.voxel_count(), ..once };
                return Answer { wrong, rest: slice, settles: None, effort };
            }
        };
        let none = VoxelSet::from_spans(self.truth.extent(), []);
        let unknown = |i: usize| !self.labels.value_at(i).origin.is_known();
        let asked = VoxelSet::from_spans(self.truth.extent(), region.spans.iter().cloned()).filtered(unknown);
        let wrong = asked.filtered(is_wrong);
        let (count, all) = (wrong.voxel_count(), asked.voxel_count() as f64);
        let settled = |wrong, rest, state, effort| Answer { wrong, rest, settles: Some((region, state)), effort };
        if count as f64 <= (1.0 - RIGHT_SHARE) * all {
            return settled(none, asked, RegionState::Accepted, once);
        }
        if count as f64 >= HOPELESS_SHARE * all && count >= HOPELESS_VOXELS {
            return settled(none.clone(), none, RegionState::Rejected, once);
        }
        settled(wrong, asked, RegionState::Repaired, Effort { brushed_voxels: count, ..once })
    }

    /// Paints what was wrong and accepts what was right, through the same door as the window. What was wrong has then the
    /// origin of the brush, what was right that of an accepted pseudo-label or, without one, of a completed slice.
    pub fn write(&mut self, answer: Answer) -> Option<Delta> {
        let Answer { wrong, rest, settles, .. } = answer;
        let labels = Arc::make_mut(&mut self.labels);
        let mut deltas = Vec::new();
        for class in 0..=ClassId::MAX {
            let of_class = wrong.filtered(|i| self.truth.as_slice()[i] == class);
            if !of_class.is_empty() {
                deltas.extend(paint_voxels(labels, &of_class, &Paint::with_class(class)));
            }
        }
        deltas.extend(match &self.prediction {
            Some(prediction) => accept(labels, &prediction.class, &Acceptance::Brush(rest), |_| true, &UNLOCKED),
            None => paint_voxels(labels, &rest, &Paint { rule: PaintRule::UnknownOnly, ..Paint::with_class(0) }),
        });
        if let Some((region, state)) = settles {
            self.settle(&region, state);
        }
        deltas.into_iter().reduce(|all, next| all.merge(&next))
    }

    fn settle(&mut self, region: &Region, state: RegionState) {
        let Some((queue, prediction)) = self.queue.as_mut().zip(self.prediction.as_ref()) else { return };
        queue.set_state(region.id, state);
        queue.labels_changed(&self.labels, &region.bounds);
        if state == RegionState::Rejected {
            Arc::make_mut(&mut self.rejections).reject(&region.spans, region.class, &prediction.class);
        }
    }
}
