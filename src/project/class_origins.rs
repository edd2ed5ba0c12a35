//! Who said what the voxels of each class are.

use crate::label::{ClassId, LabelMap, Origin};

const ORIGINS: usize = 4;

/// Voxels of a label map by class and origin.
pub(super) struct ClassOrigins {
    counts: Vec<[u64; ORIGINS]>,
}

impl ClassOrigins {
    pub fn of(labels: &LabelMap) -> Self {
        let mut counts = vec![[0; ORIGINS]; usize::from(ClassId::MAX) + 1];
        for (class, origin) in labels.class().as_slice().iter().zip(labels.origin().as_slice()) {
            counts[usize::from(*class)][place(*origin)] += 1;
        }
        Self { counts }
    }

    /// Voxels of one class that somebody said something about, in this way.
    pub fn voxels(&self, class: ClassId, origin: Origin) -> u64 {
        self.counts[usize::from(class)][place(origin)]
    }

    /// Voxels nobody said anything about.
    pub fn unknown(&self) -> u64 {
        self.voxels(0, Origin::Unknown)
    }

    /// Classes that occur among the known voxels, ascending.
    pub fn classes(&self) -> impl Iterator<Item = ClassId> + '_ {
        (0..=ClassId::MAX).filter(|class| KNOWN.iter().any(|origin| self.voxels(*class, *origin) > 0))
    }
}

pub(super) const KNOWN: [Origin; 3] = [Origin::Manual, Origin::Accepted, Origin::Imported];

fn place(origin: Origin) -> usize {
    match origin {
        Origin::Unknown => 0,
        Origin::Manual => 1,
        Origin::Accepted => 2,
        Origin::Imported => 3,
    }
}
