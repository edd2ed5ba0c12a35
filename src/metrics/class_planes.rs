//! Which voxels are to be measured as which class.

use std::ops::Range;

use crate::geometry::Extent;
use crate::label::{ClassId, LabelMap, Origin};
use crate::volume::Grid;

/// The class of every voxel, from labels or from a plain mask such as a pseudo-label. Of labels only known voxels count.
#[derive(Clone, Copy, Debug)]
pub struct ClassPlanes<'a> {
    class: &'a Grid<ClassId>,
    origin: Option<&'a Grid<Origin>>,
}

impl<'a> From<&'a LabelMap> for ClassPlanes<'a> {
    fn from(labels: &'a LabelMap) -> Self {
        Self { class: labels.class(), origin: Some(labels.origin()) }
    }
}

impl<'a> From<&'a Grid<ClassId>> for ClassPlanes<'a> {
    fn from(class: &'a Grid<ClassId>) -> Self {
        Self { class, origin: None }
    }
}

impl<'a> ClassPlanes<'a> {
    pub(super) fn extent(self) -> Extent {
        self.class.extent()
    }

    /// Stretches of one class among consecutive linear indices, which must be inside; unknown voxels are left out.
    pub(super) fn runs(self, indices: Range<usize>) -> impl Iterator<Item = (ClassId, Range<usize>)> + use<'a> {
        let mut at = indices.start;
        let next = move || {
            let class = (at < indices.end).then(|| self.class_at(at))?;
            let run = at..(at..indices.end).find(|&i| self.class_at(i) != class).unwrap_or(indices.end);
            at = run.end;
            Some((class, run))
        };
        std::iter::from_fn(next).filter_map(|(class, run)| Some((class?, run)))
    }

    fn class_at(self, index: usize) -> Option<ClassId> {
        let known = self.origin.is_none_or(|origin| origin.as_slice()[index].is_known());
        known.then(|| self.class.as_slice()[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_of_one_class_and_leave_out_what_nobody_said() {
        let e = Extent::new(8, 1, 1).unwrap();
        let class = Grid::from_vec(e, vec![1, 1, 0, 0, 0, 2, 2, 1]).unwrap();
        let plain: Vec<_> = ClassPlanes::from(&class).runs(1..8).collect();
        assert_eq!(plain, [(1, 1..2), (0, 2..5), (2, 5..7), (1, 7..8)]);
        let origin = Grid::from_fn(e, |v| if v.x == 3 || v.x == 7 { Origin::Unknown } else { Origin::Manual });
        let labels = LabelMap::from_planes(class, origin).unwrap();
        let known: Vec<_> = ClassPlanes::from(&labels).runs(0..8).collect();
        assert_eq!(known, [(1, 0..2), (0, 2..3), (0, 4..5), (2, 5..7)]);
        assert_eq!(ClassPlanes::from(&labels).runs(3..3).count(), 0);
    }
}
