//! Operations that change the shape of a class: smoothing, margins, walls, holes, and combining with another class.

use super::draft::Draft;
use super::gate::Gate;
use super::task::{Task, is_known, slice_box};
use super::tiles::LocalWork;
use super::watch::Stage;
use super::{Combination, OperationError, Smoothing};
use crate::edit::Delta;
use crate::geometry::VoxelBox;
use crate::label::{self, ClassId, LabelValue, Wall};
use crate::volume::Grid;

/// A Gaussian's weight beyond so many sigma (less than 0.01 % of the whole) is not looked at.
const SIGMAS: f64 = 4.0;

pub(super) fn smooth(task: &Task, smoothing: &Smoothing) -> Result<Delta, OperationError> {
    let spacing = task.spacing_mm;
    match *smoothing {
        Smoothing::Median { radius_mm } => {
            let radius = median_radius(task, above_zero("radius", radius_mm)?);
            let size = radius.map(|r| 2 * r + 1);
            reshape(task, Growth::Within, radius, |mask| label::median(mask, size))
        }
        Smoothing::Opening { radius_mm } => {
            let mm = above_zero("radius", radius_mm)?;
            reshape(task, Growth::Within, task.reach(2.0 * mm), |mask| label::open_mm(mask, mm, spacing))
        }
        Smoothing::Closing { radius_mm } => {
            let mm = above_zero("radius", radius_mm)?;
            reshape(task, Growth::Within, task.reach(2.0 * mm), |mask| label::close_mm(mask, mm, spacing))
        }
        Smoothing::Gaussian { sigma_mm } => {
            let mm = above_zero("width", sigma_mm)?;
            reshape(task, Growth::Within, task.reach(SIGMAS * mm), |mask| label::gaussian(mask, mm, spacing))
        }
        Smoothing::Joint { sigma_mm, ref classes } => smooth_jointly(task, above_zero("width", sigma_mm)?, classes),
    }
}

pub(super) fn margin(task: &Task, mm: f64) -> Result<Delta, OperationError> {
    let reach = task.reach(above_zero("margin", mm.abs())?);
    let growth = if mm > 0.0 { Growth::Around } else { Growth::Within };
    reshape(task, growth, reach, |mask| with_margin(mask, mm, task.spacing_mm))
}

pub(super) fn hollow(task: &Task, thickness_mm: f64, wall: Wall) -> Result<Delta, OperationError> {
    let mm = above_zero("thickness", thickness_mm)?;
    let growth = if wall == Wall::Inside { Growth::Within } else { Growth::Around };
    reshape(task, growth, task.reach(mm), |mask| label::hollow_mm(mask, mm, wall, task.spacing_mm))
}

pub(super) fn combine(task: &Task, with: ClassId, grown_mm: f64, how: Combination) -> Result<Delta, OperationError> {
    // All that could become the class is what must not change.
    if task.request.is_locked(with) && grown_mm <= 0.0 && matches!(how, Combination::Copy | Combination::Add) {
        return Err(OperationError::ClassLocked(with));
    }
    // Zero is no margin and needs none of the work.
    let reach = if grown_mm == 0.0 { [0; 3] } else { task.reach(above_zero("margin", grown_mm.abs())?) };
    let class = task.request.class;
    let other = task.grown(task.bounds_of(with)?, reach);
    let region = match how {
        Combination::Add => other,
        Combination::Copy => task.bounds_where(|value| is_known(value, class))?.map_or(other, |own| own.union(&other)),
        Combination::Subtract | Combination::Intersect => task.bounds_of(class)?,
    };
    let wish = |old, in_other| {
        let own = is_known(old, class);
        match how {
            Combination::Copy | Combination::Add if in_other => Some(class),
            Combination::Copy if own => Some(0),
            Combination::Subtract if own && in_other => Some(0),
            Combination::Intersect if own && !in_other => Some(0),
            _ => None,
        }
    };
    let read = |value| is_known(value, with);
    let work = |mask: &Grid<bool>| with_margin(mask, grown_mm, task.spacing_mm);
    let draft = LocalWork { region, reach, read, work, wish }.draft(task)?;
    task.write(&draft, Gate::new(task.request))
}

/// Another class within a hole stays: what a class encloses is not always missing from it.
pub(super) fn fill_holes(task: &Task, slices_along: Option<usize>) -> Result<Delta, OperationError> {
    // A rim around the class: where the box is only one voxel wide, its border would not count as a way out.
    let bounds = task.grown(task.bounds_of(task.request.class)?, [1; 3]);
    let draft = match task.slice_axis().or(slices_along) {
        Some(axis) => holes_in_slices(task, bounds, axis)?,
        None => Draft::from_wishes(bounds, holes(task, bounds, label::fill_holes).into_iter()),
    };
    task.watch.step(Stage::WORK, 1, 1)?;
    task.write(&draft, Gate::for_filling(task.request))
}

fn holes_in_slices(task: &Task, bounds: VoxelBox, axis: usize) -> Result<Draft, OperationError> {
    let lo = *bounds.lo.to_array().get(axis).ok_or(OperationError::NoSuchSlice { axis, index: 0 })?;
    let count = bounds.size()[axis];
    let mut draft = Draft::new(bounds);
    for done in 0..count {
        task.watch.step(Stage::WORK, done, count)?;
        let slice = slice_box(task.labels.extent(), axis, lo + done)?.intersect(&bounds);
        let wishes = holes(task, slice, |mask| label::fill_holes_in_slices(mask, axis));
        slice.voxels().zip(wishes).for_each(|(v, wish)| draft.set(v, wish));
    }
    Ok(draft)
}

/// The class for every voxel of a box that lies in a hole.
fn holes(task: &Task, part: VoxelBox, fill: impl Fn(&Grid<bool>) -> Grid<bool>) -> Vec<Option<ClassId>> {
    let class = task.request.class;
    let Some(mask) = task.read(part, |value| is_known(value, class)) else { return Vec::new() };
    let filled = fill(&mask);
    let both = mask.as_slice().iter().zip(filled.as_slice());
    both.map(|(&before, &after)| (after && !before).then_some(class)).collect()
}

/// A finite number above zero.
pub(super) fn above_zero(what: &'static str, number: f64) -> Result<f64, OperationError> {
    if number.is_finite() && number > 0.0 { Ok(number) } else { Err(OperationError::UselessNumber(what)) }
}

/// How far the result can lie from the class.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Growth {
    /// Within the class's bounding box: a half-space stays as it is under these operations, and what lies within
    /// one stays within it.
    Within,
    /// As far as the operation reaches.
    Around,
}

/// The change that turns the class into the result of local work on its mask; what it loses becomes background.
fn reshape(
    task: &Task,
    growth: Growth,
    reach: [usize; 3],
    work: impl Fn(&Grid<bool>) -> Grid<bool>,
) -> Result<Delta, OperationError> {
    let class = task.request.class;
    let bounds = task.bounds_of(class)?;
    let region = if growth == Growth::Around { task.grown(bounds, reach) } else { bounds };
    let read = |value| is_known(value, class);
    let wish = |old, inside| match inside {
        true => Some(class),
        false => is_known(old, class).then_some(0),
    };
    let draft = LocalWork { region, reach, read, work, wish }.draft(task)?;
    task.write(&draft, Gate::new(task.request))
}

/// Classes that take no part stay whatever the result says of their voxels.
fn smooth_jointly(task: &Task, sigma_mm: f64, classes: &[ClassId]) -> Result<Delta, OperationError> {
    let mut takes_part = [false; 256];
    for &class in classes.iter().filter(|&&class| class != 0 && !task.request.is_locked(class)) {
        takes_part[usize::from(class)] = true;
    }
    let which: Vec<ClassId> = (1..=ClassId::MAX).filter(|&class| takes_part[usize::from(class)]).collect();
    let first = *which.first().ok_or(OperationError::BackgroundChosen)?;
    let takes_part = |class: ClassId| takes_part[usize::from(class)];
    let region = task.bounds_where(|value| takes_part(value.class))?.ok_or(OperationError::Empty(first))?;
    let wish = |old: LabelValue, class| {
        let is_free = |class| class == 0 || takes_part(class);
        (old.class != class && is_free(old.class) && is_free(class)).then_some(class)
    };
    let read = |value: LabelValue| value.class;
    let work = |all: &Grid<ClassId>| label::smooth_jointly(all, &which, sigma_mm, task.spacing_mm);
    let draft = LocalWork { region, reach: task.reach(SIGMAS * sigma_mm), read, work, wish }.draft(task)?;
    task.write(&draft, Gate::new(task.request))
}

fn with_margin(mask: &Grid<bool>, mm: f64, spacing_mm: [f64; 3]) -> Grid<bool> {
    if mm > 0.0 {
        label::dilate_mm(mask, mm, spacing_mm)
    } else if mm < 0.0 {
        label::erode_mm(mask, -mm, spacing_mm)
    } else {
        mask.clone()
    }
}

/// Half the window in voxels, at most the size of the scope; none across a slice.
fn median_radius(task: &Task, mm: f64) -> [usize; 3] {
    let size = task.scope.size();
    // Bounded by `min`: the cast is exact.
    std::array::from_fn(|a| (mm / task.spacing_mm[a]).round().min((size[a] - 1) as f64) as usize)
}
