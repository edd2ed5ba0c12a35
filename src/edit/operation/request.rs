//! What is to be done to labels, as plain data.

use super::OperationError;
use crate::edit::{ClassFlags, PaintRule};
use crate::geometry::Voxel;
use crate::label::{ClassId, LabelMap, Wall};

/// One thing done to the labels as a whole. "The class" is that of the [`OperationRequest`].
///
/// Islands are 6-connected, in one slice 4-connected. Sizes and distances are in mm, in one slice within the slice.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// Of several equally large ones the first in memory stays.
    KeepLargestIsland,
    RemoveSmallIslands {
        smaller_than_mm3: f64,
    },
    RemoveIsland {
        at: Voxel,
    },
    KeepIsland {
        at: Voxel,
    },
    /// The largest island keeps its class, the 2nd, 3rd, ... largest get these free ones; any further ones stay.
    SplitIslands {
        into: Vec<ClassId>,
    },
    /// What the class encloses becomes the class, unless another class lies there.
    FillHoles {
        /// Looks for holes slice by slice along this axis (0 = x, 1 = y, 2 = z) instead of in the volume.
        slices_along: Option<usize>,
    },
    Smooth(Smoothing),
    /// Grows the class by a ball, or shrinks it if negative.
    Margin {
        mm: f64,
    },
    Hollow {
        thickness_mm: f64,
        wall: Wall,
    },
    /// Classes never overlap, so `with` is first grown (or shrunk, if negative) by a margin: only then can
    /// subtracting or intersecting keep a distance.
    Combine {
        with: ClassId,
        grown_mm: f64,
        how: Combination,
    },
    /// The class becomes background, everything else the class.
    Invert,
    Clear,
    ReplaceClass {
        by: ClassId,
    },
    /// Fills the gaps between the drawn slices along `axis` (0 = x, 1 = y, 2 = z) of each of the listed classes, so
    /// that none opens between classes that touch. The request's own class has no part in it.
    ///
    /// A slice is drawn if it holds a known voxel of the class. Where the rule allows everything, only unknown and
    /// background voxels are written. A class is not continued across a slice that was completed by hand without it.
    /// Locked classes keep their room but are not continued.
    Interpolate {
        axis: usize,
        classes: Vec<ClassId>,
        /// Where both neighbouring drawn slices are complete, the slices between them are completed with background.
        complete: bool,
    },
    /// What one slice along `axis` (0 = x, 1 = y, 2 = z) holds of the listed classes (0: known background) is put
    /// into another. The request's own class has no part in it.
    CopySlice {
        axis: usize,
        from: usize,
        to: usize,
        classes: Vec<ClassId>,
    },
    /// Every voxel whose intensity lies in the range, limits included, becomes the class.
    Threshold {
        low: f64,
        high: f64,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Smoothing {
    /// Majority within a window of this half width along each axis.
    Median {
        radius_mm: f64,
    },
    /// Removes what is thinner than the ball.
    Opening {
        radius_mm: f64,
    },
    /// Fills gaps thinner than the ball.
    Closing {
        radius_mm: f64,
    },
    Gaussian {
        sigma_mm: f64,
    },
    /// All listed classes at once, so that no gap opens between them. Locked ones stay; the request's own class has
    /// no part in it.
    Joint {
        sigma_mm: f64,
        classes: Vec<ClassId>,
    },
}

/// How the class is combined with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combination {
    /// The class becomes what the other is.
    Copy,
    Add,
    Subtract,
    Intersect,
}

/// Where an operation reads and writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    #[default]
    Volume,
    /// One slice along a voxel axis (0 = x, 1 = y, 2 = z), as if there were no others; [`Operation::Interpolate`] and
    /// [`Operation::CopySlice`] read others but write here only.
    Slice { axis: usize, index: usize },
}

#[derive(Clone, Debug, PartialEq)]
pub struct OperationRequest {
    pub operation: Operation,
    pub class: ClassId,
    pub scope: Scope,
    pub spacing_mm: [f64; 3],
    /// Which voxels may be written, as for a brush.
    pub rule: PaintRule,
    pub locked: ClassFlags,
}

impl Operation {
    /// Name of the step in the history.
    pub fn name(&self) -> &'static str {
        match self {
            Self::KeepLargestIsland => "Keep largest island",
            Self::RemoveSmallIslands { .. } => "Remove small islands",
            Self::RemoveIsland { .. } => "Remove island",
            Self::KeepIsland { .. } => "Keep island",
            Self::SplitIslands { .. } => "Split islands",
            Self::FillHoles { .. } => "Fill holes",
            Self::Smooth(_) => "Smooth",
            Self::Margin { mm } if *mm < 0.0 => "Shrink",
            Self::Margin { .. } => "Grow",
            Self::Hollow { .. } => "Hollow",
            Self::Combine { how, .. } => how.name(),
            Self::Invert => "Invert",
            Self::Clear => "Clear",
            Self::ReplaceClass { .. } => "Replace class",
            Self::Interpolate { .. } => "Interpolate",
            Self::CopySlice { .. } => "Copy slice",
            Self::Threshold { .. } => "Threshold",
        }
    }

    /// Whether voxels of known background can be what it works on or makes more of.
    fn suits_background(&self) -> bool {
        matches!(self, Self::Threshold { .. })
    }

    /// The classes it has by itself, if the request's class has no part in it.
    fn own_classes(&self) -> Option<&[ClassId]> {
        match self {
            Self::Smooth(Smoothing::Joint { classes, .. })
            | Self::Interpolate { classes, .. }
            | Self::CopySlice { classes, .. } => Some(classes),
            _ => None,
        }
    }
}

impl Combination {
    pub fn name(self) -> &'static str {
        match self {
            Self::Copy => "Copy class",
            Self::Add => "Add class",
            Self::Subtract => "Subtract class",
            Self::Intersect => "Intersect classes",
        }
    }
}

impl OperationRequest {
    /// Of the classes that islands may be given, leaves those that can be: not locked, and without a voxel so far.
    pub fn keep_free_classes(&mut self, labels: &LabelMap) {
        let (own, locked) = (self.class, self.locked);
        let Operation::SplitIslands { into } = &mut self.operation else { return };
        let mut used = locked;
        for &class in labels.class().as_slice() {
            used[usize::from(class)] = true;
        }
        into.retain(|&class| class != own && !used[usize::from(class)]);
    }

    pub(super) fn is_locked(&self, class: ClassId) -> bool {
        self.locked[usize::from(class)]
    }

    /// Whether the classes it would change may be changed at all.
    pub(super) fn check_classes(&self) -> Result<(), OperationError> {
        match self.operation.own_classes() {
            Some(classes) => self.require_one_unlocked(classes),
            None if self.is_locked(self.class) => Err(OperationError::ClassLocked(self.class)),
            None if self.class == 0 && !self.operation.suits_background() => Err(OperationError::BackgroundChosen),
            None => Ok(()),
        }
    }

    fn require_one_unlocked(&self, classes: &[ClassId]) -> Result<(), OperationError> {
        let first = *classes.first().ok_or(OperationError::NoClassChosen)?;
        if classes.iter().all(|&class| self.is_locked(class)) {
            return Err(OperationError::ClassLocked(first));
        }
        Ok(())
    }
}
