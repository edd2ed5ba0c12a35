//! The cases and the batch of the next step, which is cut on another thread while the networks learn.

use super::batch::BatchPlanes;
use super::case::TrainCase;
use super::sampler::Sampler;
use crate::learn::plan::Plan;
use crate::volume::CaseId;

pub struct Feed {
    /// Sorted by id, so that a run does not depend on the order they arrived in.
    cases: Vec<TrainCase>,
    /// As it was before the batch in `ahead` was drawn: what a checkpoint holds.
    sampler: Sampler,
    ahead: Option<Ahead>,
}

/// A batch cut in advance, and the sampler after it.
pub struct Ahead {
    planes: BatchPlanes,
    sampler: Sampler,
}

impl Feed {
    pub fn new(mut cases: Vec<TrainCase>, sampler: Sampler) -> Self {
        cases.sort_by(|a, b| a.id.cmp(&b.id));
        Self { cases, sampler, ahead: None }
    }

    pub fn cases(&self) -> &[TrainCase] {
        &self.cases
    }

    /// A case to change. What was cut in advance is cut again, so that the very next step sees the change.
    pub fn case_mut(&mut self, id: &CaseId) -> Option<&mut TrainCase> {
        self.ahead = None;
        self.cases.iter_mut().find(|c| c.id == *id)
    }

    pub fn sampler(&self) -> &Sampler {
        &self.sampler
    }

    pub fn set_sampler(&mut self, sampler: Sampler) {
        self.ahead = None;
        self.sampler = sampler;
    }

    /// The plan has changed: what was cut in advance is of no use.
    pub fn forget_ahead(&mut self) {
        self.ahead = None;
    }

    /// The batch of this step: the one cut in advance, or one cut now.
    pub fn next(&mut self, plan: &Plan) -> BatchPlanes {
        let Ahead { planes, sampler } = self.ahead.take().unwrap_or_else(|| self.cut_ahead(plan));
        self.sampler = sampler;
        planes
    }

    /// Cuts the batch after the present one; changes nothing, so it can run beside a step.
    pub fn cut_ahead(&self, plan: &Plan) -> Ahead {
        let mut sampler = self.sampler.clone();
        let crops = sampler.draw(&self.cases, plan);
        Ahead { planes: BatchPlanes::new(&crops, &plan.classes), sampler }
    }

    pub fn keep_ahead(&mut self, ahead: Ahead) {
        self.ahead = Some(ahead);
    }
}
