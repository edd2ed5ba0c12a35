//! Review by regions: next, accept, reject; the views follow.

use std::sync::Arc;
use std::time::Duration;

use crate::edit::{Acceptance, VoxelSet, withdraw_accepted};
use crate::geometry::{Plane, VoxelBox};
use crate::review::{Region, RegionState};
use crate::worker::protocol::TrainerCommand;
use crate::worker::protocol_io::{EditKind, IoCommand};
use crate::workspace::{Effect, Notice, OpenCase, ReviewAction, Workspace};

use super::stroke::voxels;

/// Share of a view's shorter side that a region fills when it is brought into view: enough around it to judge it by.
const REGION_SHARE: f64 = 0.35;
/// Time without an edit after which doubt is looked for again.
const REST: Duration = Duration::from_millis(700);

impl Workspace {
    pub(super) fn apply_review(&mut self, action: ReviewAction, effects: &mut Vec<Effect>) {
        if self.known.open().is_some() {
            return self.review_question(action, effects);
        }
        let Some(case) = self.case_mut() else { return };
        if case.review.queue().is_none() {
            let text = no_queue(case.prediction.is_some());
            return self.notify(Notice::info(text), effects);
        }
        match action {
            ReviewAction::Next => self.go_on_reviewing(effects),
            ReviewAction::Previous => {
                let region = case.review.previous().cloned();
                self.look_at(region);
            }
            ReviewAction::GoTo(id) => {
                let region = case.review.go_to(id).cloned();
                self.look_at(region);
            }
            ReviewAction::Accept { trusted_only } => self.accept_region(trusted_only, effects),
            ReviewAction::Reject => self.reject_region(effects),
        }
    }

    /// The region under review, if it still waits for a decision.
    fn region_to_decide(&mut self, effects: &mut Vec<Effect>) -> Option<Region> {
        if !self.can_edit() || self.must_see_newest(effects) {
            return None;
        }
        let current = self.case()?.review.current().filter(|queued| !queued.state.is_settled());
        let region = current.map(|queued| queued.region.clone());
        if region.is_none() {
            self.notify(Notice::info("Go to a doubtful region first."), effects);
        }
        region
    }

    fn accept_region(&mut self, trusted_only: bool, effects: &mut Vec<Effect>) {
        let Some(region) = self.region_to_decide(effects) else { return };
        let rule = trusted_only.then(|| self.doubt_rule());
        let Some(extent) = self.case().map(OpenCase::extent) else { return };
        let what = Acceptance::Brush(VoxelSet::from_spans(extent, region.spans.iter().cloned()));
        let Some(delta) = self.take_in(&what, rule.as_ref()) else {
            let text = "Nothing to accept here: every voxel is labelled already, locked or too doubtful.";
            return self.notify(Notice::info(text), effects);
        };
        if let Some(case) = self.case_mut() {
            case.review.set_state(region.id, RegionState::Accepted);
        }
        let name = format!("Accept region, {}", voxels(delta.voxel_count()));
        let kind = self.accepted_kind();
        self.record(name, kind, delta, effects);
        self.go_on_reviewing(effects);
    }

    /// The voxels become unknown and are remembered as not being what was predicted.
    fn reject_region(&mut self, effects: &mut Vec<Effect>) {
        let Some(region) = self.region_to_decide(effects) else { return };
        let locked = self.locked();
        let Some(case) = self.case_mut() else { return };
        let Some(prediction) = case.prediction.clone() else { return };
        let accepted = VoxelSet::from_spans(case.extent(), region.spans.iter().cloned());
        let cleared = withdraw_accepted(Arc::make_mut(&mut case.labels), &accepted, &locked);
        let was_cleared = cleared.is_some();
        if let Some(delta) = cleared {
            let name = format!("Reject region, {}", voxels(delta.voxel_count()));
            self.record(name, EditKind::Painted { tool: "Reject" }, delta, effects);
        }
        let Some(case) = self.case_mut() else { return };
        let revision = case.labels.revision();
        case.review.reject(region, &prediction, revision, was_cleared);
        self.keep_rejections(effects);
        self.go_on_reviewing(effects);
    }

    /// True if the newest thing to undo was a rejection.
    pub(super) fn take_rejection_back(&mut self, effects: &mut Vec<Effect>) -> bool {
        if !self.can_edit() {
            return false;
        }
        let taken = self.case_mut().and_then(|case| case.review.take_back(case.labels.revision()));
        let Some(taken) = taken else { return false };
        self.keep_rejections(effects);
        // What was cleared with it is one step of the labels' history, which comes back next.
        !taken.cleared
    }

    fn keep_rejections(&mut self, effects: &mut Vec<Effect>) {
        let Some(case) = self.case() else { return };
        let rejections = Arc::clone(case.review.rejections());
        let (id, extent) = (case.id.clone(), case.extent());
        effects.push(Effect::Trainer(TrainerCommand::Reject { case: id.clone(), rejections: Arc::clone(&rejections) }));
        effects.push(Effect::Io(IoCommand::SaveReview { case: id, extent, rejections }));
    }

    fn go_on_reviewing(&mut self, effects: &mut Vec<Effect>) {
        let Some(case) = self.case_mut() else { return };
        match case.review.next().cloned() {
            Some(region) => self.look_at(Some(region)),
            None => self.notify(Notice::info("No doubtful region is left in this case."), effects),
        }
    }

    /// All views on a region; the view that cuts it best becomes the active one.
    pub(super) fn look_at(&mut self, region: Option<Region>) {
        let Some(region) = region else { return };
        let Some(case) = self.case_mut() else { return };
        case.frame_region(&region);
        let best = Plane::ALL.into_iter().find(|view| case.normal_axis(*view) == region.best_slice.axis);
        if let Some(best) = best {
            self.views.active = best;
            self.views.maximised = self.views.maximised.map(|_| best);
        }
    }

    /// Asks for the regions of the shown case's prediction where they are not known, while the hand rests: labels that are
    /// read beside the window are copied by the next edit.
    pub(super) fn review_at_rest(&mut self, effects: &mut Vec<Effect>) {
        let (now, thresholds) = (self.now, self.views.layers.thresholds);
        if self.stroke.is_some() || now.saturating_sub(self.thresholds_set) < REST {
            return;
        }
        self.keep_thresholds(effects);
        // Its own search must not be displaced.
        if self.known.open().is_some() {
            return;
        }
        let rests = |case: &&mut OpenCase| now.saturating_sub(case.last_edit) >= REST;
        if let Some(case) = self.case_mut().filter(rests)
            && let Some(prediction) = case.prediction.clone()
            && let Some(job) = case.review.job(&case.labels, &prediction, case.image.spacing_mm(), thresholds)
        {
            effects.push(Effect::Review(job));
        }
    }
}

impl OpenCase {
    /// The cross in the middle of a region and of every view, zoomed so that the region and what lies around it are seen.
    fn frame_region(&mut self, region: &Region) {
        let at = region.centre.to_f64();
        self.move_cross(at);
        for view in Plane::ALL {
            let Some(size) = self.view_size(view) else { continue };
            let length_mm = self.side_mm(&region.bounds);
            let camera = self.camera_mut(view);
            let wanted = REGION_SHARE * size[0].min(size[1]) / length_mm.max(f64::MIN_POSITIVE);
            camera.zoom_at([size[0] / 2.0, size[1] / 2.0], size, wanted / camera.zoom());
            camera.centre_on(at);
        }
    }

    /// The longest side of a box, mm.
    fn side_mm(&self, bounds: &VoxelBox) -> f64 {
        let spacing_mm = self.image.spacing_mm();
        let (lo, hi) = (bounds.lo.to_array(), bounds.hi.to_array());
        (0..3).map(|axis| (hi[axis] - lo[axis]) as f64 * spacing_mm[axis]).fold(0.0, f64::max)
    }
}

fn no_queue(has_prediction: bool) -> &'static str {
    if has_prediction {
        "Doubtful regions are still being looked for."
    } else {
        "There is no pseudo-label of this case yet. Start training, or predict all cases."
    }
}
