//! Which slices hold which classes, and the gaps between them.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::OperationError;
use super::super::task::Task;
use super::super::watch::Stage;
use super::frame::Frame;
use crate::geometry::{Voxel, VoxelBox};
use crate::label::{ClassId, Origin};

/// What every slice along an axis holds.
pub(super) struct Survey {
    frame: Frame,
    /// Each class once.
    classes: Vec<ClassId>,
    slices: Vec<SliceSurvey>,
}

#[derive(Clone)]
struct SliceSurvey {
    known_count: usize,
    any_imported: bool,
    /// Where in the plane each of the classes lies.
    drawn: Vec<Option<VoxelBox>>,
}

/// The slices strictly between two drawn ones, and the classes to be continued through them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GapPlan {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) classes: Vec<ClassId>,
    /// Holds the classes in both drawn slices.
    pub(super) bounds: VoxelBox,
    /// Every voxel of both drawn slices is known.
    pub(super) between_complete: bool,
}

impl Survey {
    pub(super) fn new(task: &Task, frame: Frame, classes: &[ClassId]) -> Result<Self, OperationError> {
        let mut slots = [None; 256];
        let mut own = Vec::new();
        for &class in classes {
            slots[usize::from(class)].get_or_insert_with(|| {
                own.push(class);
                own.len() - 1
            });
        }
        let empty = SliceSurvey { known_count: 0, any_imported: false, drawn: vec![None; own.len()] };
        let mut survey = Self { frame, classes: own, slices: vec![empty; frame.slice_count()] };
        let [width, height, depth] = task.labels.extent().to_array();
        for row in 0..height * depth {
            task.watch.step(Stage::LOOK, row, height * depth)?;
            for x in 0..width {
                survey.look_at(task, Voxel::new(x, row % height, row / height), &slots);
            }
        }
        Ok(survey)
    }

    fn look_at(&mut self, task: &Task, v: Voxel, slots: &[Option<usize>; 256]) {
        let value = task.labels.value(v);
        if !value.origin.is_known() {
            return;
        }
        let (slice, at) = self.frame.split(v);
        let slice = &mut self.slices[slice];
        slice.known_count += 1;
        slice.any_imported |= value.origin == Origin::Imported;
        if let Some(slot) = slots[usize::from(value.class)] {
            let here = VoxelBox::of_voxel(at);
            slice.drawn[slot] = Some(slice.drawn[slot].map_or(here, |bounds| bounds.union(&here)));
        }
    }

    /// In ascending order of their first slice.
    pub(super) fn gaps(&self) -> Vec<GapPlan> {
        let mut gaps: BTreeMap<(usize, usize), GapPlan> = BTreeMap::new();
        for (slot, &class) in self.classes.iter().enumerate() {
            for (from, to, bounds) in self.gaps_of(slot) {
                let plan = gaps.entry((from, to)).or_insert_with(|| GapPlan {
                    from,
                    to,
                    classes: Vec::new(),
                    bounds,
                    between_complete: self.is_complete(from) && self.is_complete(to),
                });
                plan.classes.push(class);
                plan.bounds = plan.bounds.union(&bounds);
            }
        }
        gaps.into_values().collect()
    }

    /// Pairs of neighbouring drawn slices with others between them.
    fn gaps_of(&self, slot: usize) -> Vec<(usize, usize, VoxelBox)> {
        let says_something = |&slice: &usize| self.slices[slice].drawn[slot].is_some() || self.ends_classes(slice);
        let telling: Vec<usize> = (0..self.slices.len()).filter(says_something).collect();
        let pairs = telling.iter().zip(telling.iter().skip(1)).filter(|(from, to)| *to - *from > 1);
        pairs
            .filter_map(|(&from, &to)| {
                let (start, end) = (self.slices[from].drawn[slot]?, self.slices[to].drawn[slot]?);
                Some((from, to, start.union(&end)))
            })
            .collect()
    }

    fn is_complete(&self, slice: usize) -> bool {
        self.slices[slice].known_count == self.frame.plane().voxel_count()
    }

    /// Whether somebody has completed the slice, so that a class missing there is truly absent. Files of sparsely
    /// drawn masks say background wherever nothing was drawn: what is imported ends nothing.
    fn ends_classes(&self, slice: usize) -> bool {
        self.is_complete(slice) && !self.slices[slice].any_imported
    }
}

impl GapPlan {
    /// The slices to be filled.
    pub(super) fn slices(&self) -> Range<usize> {
        self.from + 1..self.to
    }
}
