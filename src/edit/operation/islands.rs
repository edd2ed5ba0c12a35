//! Operations on connected pieces of a class.

use std::cmp::Reverse;

use super::draft::Draft;
use super::gate::Gate;
use super::shape::above_zero;
use super::task::{Task, is_known, relative};
use super::watch::Stage;
use super::{OperationError, OperationRequest};
use crate::edit::Delta;
use crate::geometry::{Voxel, VoxelBox};
use crate::label::{ClassId, component_sizes, components};
use crate::volume::Grid;

/// The islands of the class in scope, numbered from 1 in the order of their first voxel.
struct Islands<'a> {
    task: &'a Task<'a>,
    bounds: VoxelBox,
    /// Of the voxels within the bounds; 0 is no island.
    numbers: Grid<u32>,
    /// Entry 0 is the voxels of no island.
    voxel_counts: Vec<usize>,
}

pub(super) fn keep_largest(task: &Task) -> Result<Delta, OperationError> {
    let islands = Islands::find(task)?;
    let largest = islands.by_size().first().copied();
    islands.give(|island| (Some(island) != largest).then_some(0))
}

pub(super) fn remove_small(task: &Task, smaller_than_mm3: f64) -> Result<Delta, OperationError> {
    let limit = above_zero("smallest volume", smaller_than_mm3)?;
    let islands = Islands::find(task)?;
    let voxel_mm3: f64 = task.spacing_mm.iter().product();
    islands.give(|island| ((islands.voxel_counts[island] as f64) * voxel_mm3 < limit).then_some(0))
}

pub(super) fn remove_at(task: &Task, at: Voxel) -> Result<Delta, OperationError> {
    let islands = Islands::find(task)?;
    let chosen = islands.at(at)?;
    islands.give(|island| (island == chosen).then_some(0))
}

pub(super) fn keep_at(task: &Task, at: Voxel) -> Result<Delta, OperationError> {
    let islands = Islands::find(task)?;
    let chosen = islands.at(at)?;
    islands.give(|island| (island != chosen).then_some(0))
}

pub(super) fn split(task: &Task, into: &[ClassId]) -> Result<Delta, OperationError> {
    require_free(task, into)?;
    let islands = Islands::find(task)?;
    let mut classes = vec![None; islands.voxel_counts.len()];
    for (&island, &class) in islands.by_size().iter().skip(1).zip(into) {
        classes[island] = Some(class);
    }
    islands.give(|island| classes[island])
}

/// Classes that may be given to islands: none is background, locked, listed twice or has a voxel anywhere.
fn require_free(task: &Task, classes: &[ClassId]) -> Result<(), OperationError> {
    let OperationRequest { class: own, .. } = task.request;
    let mut wanted = [false; 256];
    for &class in classes {
        if class == 0 {
            return Err(OperationError::BackgroundChosen);
        }
        if task.request.is_locked(class) {
            return Err(OperationError::ClassLocked(class));
        }
        if class == *own || wanted[usize::from(class)] {
            return Err(OperationError::ClassTaken(class));
        }
        wanted[usize::from(class)] = true;
    }
    if classes.is_empty() {
        return Err(OperationError::NoClassChosen);
    }
    for slice in task.labels.class().as_slice().chunks(task.labels.extent().x() * task.labels.extent().y()) {
        task.watch.check()?;
        if let Some(&taken) = slice.iter().find(|&&class| wanted[usize::from(class)]) {
            return Err(OperationError::ClassTaken(taken));
        }
    }
    Ok(())
}

impl<'a> Islands<'a> {
    fn find(task: &'a Task<'a>) -> Result<Self, OperationError> {
        let class = task.request.class;
        let bounds = task.bounds_of(class)?;
        let mask = task.read(bounds, |value| is_known(value, class)).ok_or(OperationError::Empty(class))?;
        let inside = mask.as_slice();
        // A cancelled search sees an empty mask, which takes it no time.
        let numbers = components(|i| inside[i] && !task.watch.is_cancelled(), mask.extent());
        task.watch.step(Stage::WORK, 1, 1)?;
        let voxel_counts = component_sizes(&numbers);
        Ok(Self { task, bounds, numbers, voxel_counts })
    }

    /// Largest first; equally large ones in the order of their first voxel.
    fn by_size(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (1..self.voxel_counts.len()).collect();
        order.sort_by_key(|&island| Reverse(self.voxel_counts[island]));
        order
    }

    /// The island that holds a voxel.
    fn at(&self, v: Voxel) -> Result<usize, OperationError> {
        let number = self.bounds.contains(v).then(|| self.numbers.at(relative(v, self.bounds)));
        match number {
            Some(number) if number > 0 => Ok(number as usize),
            _ => Err(OperationError::NotOnClass(self.task.request.class)),
        }
    }

    /// The change that gives every island the class wished for it.
    fn give(&self, wish: impl Fn(usize) -> Option<ClassId>) -> Result<Delta, OperationError> {
        let wishes: Vec<Option<ClassId>> = (1..self.voxel_counts.len()).map(wish).collect();
        let of_number = |&number: &u32| wishes.get((number as usize).checked_sub(1)?).copied().flatten();
        let draft = Draft::from_wishes(self.bounds, self.numbers.as_slice().iter().map(of_number));
        self.task.write(&draft, Gate::new(self.task.request))
    }
}
