//! The cases and the batch of the next step, which is cut on another thread while the networks learn.

use super::batch::BatchPlanes;
use super::case::TrainCase;
use super::crop::Crop;
use super::sampler::Sampler;
use crate::learn::plan::Plan;
use crate::volume::CaseId;

pub struct Feed {
    /// Sorted by id, so that a run does not depend on the order they arrived in.
    cases: Vec<TrainCase>,
    /// As it was before the batch in `ahead` was drawn: what a checkpoint holds.
    sampler: Sampler,
    ahead: Option<Ahead>,
    /// The memory of the batch before.
    spare: Buffers,
}

/// A batch, and the crops it was made from for the sake of their memory: two of these take turns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Buffers {
    pub planes: BatchPlanes,
    crops: Vec<Crop>,
}

/// A batch cut in advance, and the sampler after it.
pub struct Ahead {
    buffers: Buffers,
    sampler: Sampler,
}

impl Feed {
    pub fn new(mut cases: Vec<TrainCase>, sampler: Sampler) -> Self {
        cases.sort_by(|a, b| a.id.cmp(&b.id));
        Self { cases, sampler, ahead: None, spare: Buffers::default() }
    }

    pub fn cases(&self) -> &[TrainCase] {
        &self.cases
    }

    /// A case to change. What was cut in advance is cut again, so that the very next step sees the change.
    pub fn case_mut(&mut self, id: &CaseId) -> Option<&mut TrainCase> {
        self.ahead = None;
        self.cases.iter_mut().find(|c| c.id == *id)
    }

    /// A case that came after the start. What nobody labelled in it is drawn next.
    pub fn add(&mut self, case: TrainCase) {
        self.ahead = None;
        if !case.held_out {
            self.sampler.welcome(&case.id);
        }
        let place = self.cases.partition_point(|there| there.id < case.id);
        self.cases.insert(place, case);
    }

    pub fn sampler(&self) -> &Sampler {
        &self.sampler
    }

    pub fn set_sampler(&mut self, sampler: Sampler) {
        self.ahead = None;
        self.sampler = sampler;
    }

    /// Corrected voxels that half of the labelled crops show from now on.
    pub fn focus_on(&mut self, corrected: Vec<(CaseId, usize)>) {
        self.ahead = None;
        self.sampler.focus_on(corrected);
    }

    /// The plan has changed: what was cut in advance is of no use.
    pub fn forget_ahead(&mut self) {
        self.ahead = None;
    }

    /// The batch of this step: the one cut in advance, or one cut now.
    pub fn next(&mut self, plan: &Plan) -> Buffers {
        let Ahead { buffers, sampler } = match self.ahead.take() {
            Some(ahead) => ahead,
            None => {
                let spare = self.take_spare();
                self.cut_ahead(plan, spare)
            }
        };
        self.sampler = sampler;
        buffers
    }

    pub fn take_spare(&mut self) -> Buffers {
        std::mem::take(&mut self.spare)
    }

    /// Cuts the batch after the present one into `memory`; changes nothing, so it can run beside a step.
    pub fn cut_ahead(&self, plan: &Plan, memory: Buffers) -> Ahead {
        let (mut buffers, mut sampler) = (memory, self.sampler.clone());
        sampler.draw(&self.cases, plan, &mut buffers.crops);
        buffers.planes.fill(&buffers.crops, &plan.classes);
        if plan.neural_process.is_some() {
            buffers.planes.draw_sample(&buffers.crops, &plan.classes, sampler.rng());
        }
        Ahead { buffers, sampler }
    }

    /// `used` is the batch of the step that has ended.
    pub fn keep_ahead(&mut self, ahead: Ahead, used: Buffers) {
        self.ahead = Some(ahead);
        self.spare = used;
    }
}

#[cfg(test)]
#[path = "leak_tests.rs"]
mod leak_tests;
#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::geometry::{Affine, Extent};
    use crate::label::LabelMap;
    use crate::learn::plan::Fingerprint;
    use crate::learn::settings::TrainSettings;
    use crate::volume::{Grid, Image, Voxels};

    fn case(class: u8) -> TrainCase {
        let extent = Extent::new(8, 8, 8).unwrap();
        let voxels = Voxels::U8(Grid::from_fn(extent, |v| (v.x * 20 + v.y) as u8));
        let image = Arc::new(Image::new(voxels, 1.0, 0.0, Affine::identity()));
        TrainCase::new("a".into(), image, LabelMap::imported(Grid::filled(extent, class)), false)
    }

    fn plan() -> Plan {
        let f = Fingerprint { extents: vec![[8; 3]], classes: vec![0, 1], ..Fingerprint::default() };
        Plan { patch: [8; 3], ..Plan::new(&f, &TrainSettings::default()) }
    }

    #[test]
    fn a_batch_cut_in_advance_is_the_batch_that_would_have_been_cut_later() {
        let (plan, mut now, mut later) = (plan(), feed(), feed());
        for _ in 0..3 {
            let before = now.sampler().clone();
            now.keep_ahead(now.cut_ahead(&plan, Buffers::default()), Buffers::default());
            assert_eq!(now.sampler(), &before, "a checkpoint must not skip the batch in advance");
            assert_eq!(now.next(&plan), later.next(&plan));
        }
        assert_eq!(now.sampler(), later.sampler());
    }

    #[test]
    fn the_very_next_batch_shows_an_edit_although_one_was_cut_before_it() {
        let (plan, mut edited, mut fresh) = (plan(), feed(), Feed::new(vec![case(1)], Sampler::new(3)));
        edited.keep_ahead(edited.cut_ahead(&plan, Buffers::default()), Buffers::default());
        *edited.case_mut(&"a".into()).unwrap() = case(1);
        assert_eq!(edited.next(&plan), fresh.next(&plan));
    }

    fn feed() -> Feed {
        Feed::new(vec![case(0)], Sampler::new(3))
    }
}
