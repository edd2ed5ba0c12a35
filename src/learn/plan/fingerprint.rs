//! What a plan is made from: the volumes and the machine.

use sysinfo::System;

use super::spacing::{choose_spacing, grid_mm};
use crate::learn::data::TrainCase;

/// Facts about a study and the device it will be trained on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fingerprint {
    /// Extents of all training cases, (x, y, z).
    pub extents: Vec<[usize; 3]>,
    /// And their voxel sizes, mm; 1 mm if none are given.
    pub spacings_mm: Vec<[f64; 3]>,
    /// Class numbers, background first.
    pub classes: Vec<u8>,
    pub has_unlabelled: bool,
    /// Whether some training case is labelled everywhere and for all classes: it shows where nothing is.
    pub has_complete: bool,
    /// Median share of a training volume that is air far from the body; 0 if anything labelled lies there.
    pub air_share: f64,
    pub is_gpu: bool,
    /// Memory that a step on the CPU can take without pushing others out; `None` where nobody tells, and on a GPU.
    pub free_bytes: Option<u64>,
}

impl Fingerprint {
    /// Of the cases that are not held out.
    pub fn of(cases: &[TrainCase], classes: Vec<u8>, is_gpu: bool) -> Self {
        let training = || cases.iter().filter(|c| !c.held_out);
        Self {
            extents: training().map(|c| c.image.extent().to_array()).collect(),
            spacings_mm: training().map(|c| c.image.spacing_mm()).collect(),
            classes,
            has_unlabelled: training().any(TrainCase::has_unknown),
            has_complete: training().any(TrainCase::is_complete),
            air_share: air_share(training()),
            is_gpu,
            free_bytes: (!is_gpu).then(free_bytes).flatten(),
        }
    }

    /// The common grid of the study, if its volumes need one.
    pub(super) fn target_spacing_mm(&self) -> Option<[f64; 3]> {
        choose_spacing(&self.spacings_mm, &self.extents)
    }

    /// Voxel size of that grid; where every volume keeps its own, the first one's, which they share within a tenth.
    pub(super) fn grid_spacing_mm(&self) -> [f64; 3] {
        self.target_spacing_mm().or_else(|| self.spacings_mm.first().copied()).unwrap_or([1.0; 3])
    }

    /// The extents on the grid that crops are cut on.
    pub(super) fn grid_extents(&self) -> Vec<[usize; 3]> {
        let target = self.target_spacing_mm();
        let spacings = self.spacings_mm.iter().copied().chain(std::iter::repeat([1.0; 3]));
        let on_grid = |(n, native): (&[usize; 3], [f64; 3])| {
            let grid = grid_mm(target, native);
            std::array::from_fn(|a| ((n[a] as f64 * native[a] / grid[a]).round() as usize).max(1))
        };
        self.extents.iter().zip(spacings).map(on_grid).collect()
    }
}

pub(super) fn free_bytes() -> Option<u64> {
    let mut system = System::new();
    system.refresh_memory();
    Some(system.available_memory()).filter(|bytes| *bytes > 0)
}

fn air_share<'a>(cases: impl Iterator<Item = &'a TrainCase>) -> f64 {
    let mut shares = Vec::new();
    for case in cases {
        if case.has_labels_in_the_air() {
            return 0.0;
        }
        shares.push(case.body().outside_share());
    }
    shares.sort_unstable_by(f64::total_cmp);
    shares.get(shares.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::geometry::{Affine, Extent};
    use crate::label::{LabelMap, LabelValue, Origin};
    use crate::learn::data::Annotated;
    use crate::volume::{Grid, Image, Voxels};

    #[test]
    fn a_study_has_a_complete_case_only_if_one_that_trains_is_labelled_everywhere_for_all_classes() {
        let e = Extent::new(4, 4, 4).unwrap();
        let case = |labels, held_out, classes: &[u8]| {
            let image = Image::new(Voxels::U8(Grid::filled(e, 7)), 1.0, 0.0, Affine::identity());
            TrainCase::new("a".into(), Arc::new(image), labels, held_out).annotated_for(Annotated::only(classes))
        };
        let whole = || LabelMap::imported(Grid::from_fn(e, |v| u8::from(v.x > 1)));
        let mut slice = LabelMap::unknown(e);
        slice.write_run(0, 16, LabelValue::new(1, Origin::Manual));
        let has_complete = |case| Fingerprint::of(&[case], vec![0, 1, 2], false).has_complete;
        assert!(has_complete(case(whole(), false, &[])));
        assert!(!has_complete(case(whole(), true, &[])), "held out");
        assert!(!has_complete(case(whole(), false, &[1])), "another class may hide in it");
        assert!(!has_complete(case(slice, false, &[])));
        assert!(!has_complete(case(LabelMap::unknown(e), false, &[])));
    }
}
