//! Labelled voxels set aside for calibration (methods 5.4): training takes them as unknown. No gradient ever sees their
//! labels, and like the volumes that a reviewer looks at they may carry pseudo-labels: temperatures fitted on them are
//! honest about those.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::case::TrainCase;
use crate::geometry::{Extent, Voxel, VoxelBox};
use crate::volume::CaseId;

/// Completely labelled cases from which one, and from which two, are set aside whole.
const CASES_FOR_ONE: usize = 8;
const CASES_FOR_TWO: usize = 16;
/// With fewer, the share of the slices of so many cases.
const SLAB_SHARE: f64 = 0.15;
const SLABS: usize = 2;
/// Of a thinner volume a slab would be too much.
const FEWEST_SLICES: usize = 8;
/// Axes whose spacings differ less than this have slices of the same thickness.
const SAME_SPACING: f64 = 1.01;

/// Part of a case that no training step learns from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserved {
    Whole,
    Slab(VoxelBox),
}

/// A reserved part as `plan.toml` and checkpoints keep it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReservedCase {
    pub case: CaseId,
    /// `None`: the whole case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slab: Option<Slab>,
}

/// Slices `first..end` along a voxel axis (0 = x).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slab {
    pub axis: usize,
    pub first: usize,
    pub end: usize,
}

impl Reserved {
    pub fn contains(&self, v: Voxel) -> bool {
        match self {
            Self::Whole => true,
            Self::Slab(voxels) => voxels.contains(v),
        }
    }

    pub(super) fn voxels(&self, extent: Extent) -> VoxelBox {
        match self {
            Self::Whole => extent.full_box(),
            Self::Slab(voxels) => *voxels,
        }
    }
}

impl ReservedCase {
    /// Whether a voxel of the case is set aside.
    pub fn holds(&self, voxel: Voxel) -> bool {
        self.slab.as_ref().is_none_or(|slab| (slab.first..slab.end).contains(&voxel.to_array()[slab.axis.min(2)]))
    }

    fn part(&self, extent: Extent) -> Reserved {
        self.slab.as_ref().map_or(Reserved::Whole, |slab| Reserved::Slab(slab.voxels(extent)))
    }
}

impl Slab {
    /// Clipped to the volume; empty along an axis that it does not have.
    fn voxels(&self, extent: Extent) -> VoxelBox {
        let full = extent.full_box();
        let axis = self.axis.min(2);
        let (lo, hi) = (full.lo.with_axis(axis, self.first), full.hi.with_axis(axis, self.end));
        VoxelBox { lo, hi }.intersect(&full)
    }
}

/// Sets the parts of a list aside, and nothing else.
pub fn set_aside(cases: &mut [TrainCase], reserved: &[ReservedCase]) {
    for case in cases {
        let part = reserved.iter().find(|r| r.case == case.id).map(|r| r.part(case.image.extent()));
        case.reserve(part);
    }
}

/// What to set aside: a whole case where there are eight completely labelled ones, two from sixteen on, else slabs
/// through the labelled structures of two cases. Held-out and partially annotated cases are left alone.
pub fn choose_reserve(cases: &[TrainCase], seed: u64) -> Vec<ReservedCase> {
    let has_foreground = |c: &TrainCase| c.known_classes().any(|class| class != 0);
    let mut able: Vec<&TrainCase> =
        cases.iter().filter(|c| !c.held_out && c.annotated().is_all() && has_foreground(c)).collect();
    // Not the order they arrived in.
    able.sort_by(|a, b| a.id.cmp(&b.id));
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    able.shuffle(&mut rng);
    let complete = able.iter().filter(|c| c.is_all_gold());
    let whole = match complete.clone().count() {
        CASES_FOR_TWO.. => 2,
        CASES_FOR_ONE.. => 1,
        _ => 0,
    };
    // Whole cases only where no class is lost to training with them.
    let others_have = |case: &TrainCase| {
        let has = |c: &&TrainCase, class| c.id != case.id && c.known_classes().any(|k| k == class);
        case.known_classes().all(|class| able.iter().filter(|c| has(c, class)).count() >= whole)
    };
    let complete: Vec<&&TrainCase> = complete.filter(|c| others_have(c)).collect();
    if whole > 0 && complete.len() >= whole {
        return complete.into_iter().take(whole).map(|c| ReservedCase { case: c.id.clone(), slab: None }).collect();
    }
    let slabs = able.into_iter().filter_map(|case| Some((case, choose_slab(case, &mut rng)?)));
    slabs.take(SLABS).map(|(case, slab)| ReservedCase { case: case.id.clone(), slab: Some(slab) }).collect()
}

/// The thickest slab that leaves enough of every class, up to the share of the slices and a third of the structure's.
fn choose_slab(case: &TrainCase, rng: &mut ChaCha8Rng) -> Option<Slab> {
    let axis = slice_axis(case.image.spacing_mm());
    let n = case.image.extent().to_array()[axis];
    if n < FEWEST_SLICES {
        return None;
    }
    let mut slices: Vec<usize> = case.labelled_foreground().map(|v| v.to_array()[axis]).collect();
    slices.sort_unstable();
    let structure = slices.last()? - slices.first()? + 1;
    let (lo, hi) = (*slices.get(slices.len() / 3)?, *slices.get(2 * slices.len() / 3)?);
    let mut middles: Vec<usize> = (lo..=hi).collect();
    middles.shuffle(rng);
    let thickest = ((n as f64 * SLAB_SHARE).round() as usize).min(structure / 3).max(1);
    let slabs = (1..=thickest).rev().flat_map(|thickness| {
        middles.iter().map(move |middle| {
            let first = middle.saturating_sub(thickness / 2).min(n - thickness);
            Slab { axis, first, end: first + thickness }
        })
    });
    let mut complete = slabs.filter(|slab| (slab.first..slab.end).all(|slice| case.is_slice_gold(axis, slice)));
    complete.find(|slab| leaves_half_of_every_class(case, slab))
}

/// The axis with the thickest slices, else z.
fn slice_axis(spacing_mm: [f64; 3]) -> usize {
    let thickest = (0..2).fold(2, |best, a| if spacing_mm[a] > SAME_SPACING * spacing_mm[best] { a } else { best });
    if spacing_mm[thickest] > SAME_SPACING * spacing_mm[2] { thickest } else { 2 }
}

/// A structure of few slices would otherwise be gone from training.
fn leaves_half_of_every_class(case: &TrainCase, slab: &Slab) -> bool {
    let voxels = slab.voxels(case.image.extent());
    let mut counts = [[0usize; 2]; 256];
    for (class, voxel) in case.labelled_sample() {
        counts[usize::from(class)][usize::from(voxels.contains(voxel))] += 1;
    }
    counts.iter().all(|[left, taken]| taken <= left)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::geometry::Affine;
    use crate::label::{LabelMap, LabelValue, Origin};
    use crate::learn::data::{Annotated, Crop, CropPose, VoxelStatus};
    use crate::volume::{Grid, Image, Voxels};

    /// A ball in the middle.
    fn ball(v: Voxel, n: usize) -> u8 {
        let d = v.to_f64().map(|c| c - (n as f64 - 1.0) / 2.0);
        u8::from(d.iter().map(|d| d * d).sum::<f64>() < (n * n) as f64 / 9.0)
    }

    fn image(n: [usize; 3], spacing: [f64; 3]) -> Arc<Image> {
        let extent = Extent::from_array(n).unwrap();
        let voxels = Voxels::U8(Grid::from_fn(extent, |v| (v.x * 7 + v.y) as u8));
        Arc::new(Image::new(voxels, 1.0, 0.0, Affine::from_spacing(spacing)))
    }

    fn case_of(id: &str, n: [usize; 3], spacing: [f64; 3]) -> TrainCase {
        let labels = LabelMap::imported(Grid::from_fn(Extent::from_array(n).unwrap(), |v| ball(v, n[0])));
        TrainCase::new(id.into(), image(n, spacing), labels, false)
    }

    fn cases(count: usize) -> Vec<TrainCase> {
        (0..count).map(|i| case_of(&format!("case-{i:02}"), [20; 3], [1.0; 3])).collect()
    }

    #[test]
    fn of_eight_complete_cases_one_is_set_aside_and_of_sixteen_two() {
        for (count, whole) in [(8, 1), (15, 1), (16, 2), (30, 2)] {
            let reserved = choose_reserve(&cases(count), 1);
            assert_eq!(reserved.len(), whole, "{count} cases");
            assert!(reserved.iter().all(|r| r.slab.is_none()));
        }
    }

    #[test]
    fn of_fewer_two_give_a_seventh_of_their_slices_through_the_structure() {
        for (count, slabs) in [(1, 1), (2, 2), (7, 2)] {
            let mut cases = cases(count);
            let reserved = choose_reserve(&cases, 5);
            assert_eq!(reserved.len(), slabs, "{count} cases");
            set_aside(&mut cases, &reserved);
            for r in reserved {
                let case = cases.iter().find(|c| c.id == r.case).unwrap();
                let slab = r.slab.unwrap();
                assert_eq!((slab.axis, slab.end - slab.first), (2, 3));
                assert!(case.reserved_voxels().any(|(_, class)| class == 1));
                assert_eq!(case.reserved_voxels().count(), 3 * 400);
            }
        }
    }

    #[test]
    fn the_choice_is_the_seeds_and_not_the_orders() {
        let (forwards, mut backwards) = (cases(5), cases(5));
        backwards.reverse();
        assert_eq!(choose_reserve(&forwards, 3), choose_reserve(&backwards, 3));
        let of_seeds: Vec<_> = (0..10).map(|seed| choose_reserve(&forwards, seed)).collect();
        assert!(of_seeds.iter().any(|r| *r != of_seeds[0]));
    }

    #[test]
    fn slabs_follow_the_thick_slices_and_thin_sparse_partial_and_held_out_cases_give_none() {
        let thick = case_of("a", [20, 20, 20], [1.0, 4.0, 1.0]);
        assert_eq!(choose_reserve(&[thick], 1)[0].slab.unwrap().axis, 1);
        let none = |case: TrainCase| assert_eq!(choose_reserve(&[case], 1), []);
        none(case_of("a", [20, 20, 7], [1.0, 1.0, 5.0]));
        none(case_of("a", [20; 3], [1.0; 3]).annotated_for(Annotated::only(&[1])));
        let mut held_out = case_of("a", [20; 3], [1.0; 3]);
        held_out.held_out = true;
        none(held_out);
        let e = Extent::new(20, 20, 20).unwrap();
        let mut scribble = LabelMap::unknown(e);
        scribble.write_run(e.index(Voxel::new(5, 10, 10)), 10, LabelValue::new(1, Origin::Manual));
        none(TrainCase::new("a".into(), image([20; 3], [1.0; 3]), scribble, false));
    }

    #[test]
    fn a_structure_of_few_slices_stays_in_training() {
        let e = Extent::new(20, 20, 20).unwrap();
        let labels = LabelMap::imported(Grid::from_fn(e, |v| u8::from((9..12).contains(&v.z))));
        let case = TrainCase::new("a".into(), image([20; 3], [1.0; 3]), labels, false);
        let slab = choose_reserve(&[case], 1)[0].slab.unwrap();
        assert_eq!((9..12).filter(|z| (slab.first..slab.end).contains(z)).count(), 1);
    }

    #[test]
    fn reserved_voxels_are_unknown_to_training_and_no_centres_of_crops() {
        let mut cases = cases(1);
        let slab = Slab { axis: 2, first: 8, end: 11 };
        set_aside(&mut cases, &[ReservedCase { case: "case-00".into(), slab: Some(slab) }]);
        let case = &cases[0];
        assert!(case.has_unknown() && case.labelled_sample().all(|(_, v)| !(8..11).contains(&v.z)));
        let mut crop = Crop::default();
        crop.cut(case, &CropPose::plain([9.5; 3]), [20; 3]);
        for (i, status) in crop.status.iter().enumerate() {
            let expected = if (8..11).contains(&(i / 400)) { VoxelStatus::Unknown } else { VoxelStatus::Dense };
            assert_eq!(*status, expected);
        }
    }

    #[test]
    fn accepted_pseudo_labels_are_not_set_aside_and_judge_nothing() {
        let e = Extent::new(20, 20, 20).unwrap();
        let classes = Grid::from_fn(e, |v| ball(v, 20));
        let with = |origin: Grid<Origin>| {
            let labels = LabelMap::from_planes(classes.clone(), origin).unwrap();
            TrainCase::new("a".into(), image([20; 3], [1.0; 3]), labels, false)
        };
        assert_eq!(choose_reserve(&[with(Grid::filled(e, Origin::Accepted))], 1), []);
        let half = |v: Voxel| if v.x < 10 { Origin::Manual } else { Origin::Accepted };
        let mut cases = [with(Grid::from_fn(e, half))];
        assert_eq!(choose_reserve(&cases, 1), [], "no slice is free of them");
        set_aside(&mut cases, &[ReservedCase { case: "a".into(), slab: None }]);
        assert!(cases[0].reserved_voxels().all(|(v, _)| v.x < 10));
    }

    #[test]
    fn a_case_set_aside_whole_is_unlabelled_until_it_is_given_back() {
        let mut cases = cases(1);
        set_aside(&mut cases, &[ReservedCase { case: "case-00".into(), slab: None }]);
        assert!(!cases[0].is_labelled() && cases[0].has_unknown());
        assert_eq!(cases[0].reserved_voxels().count(), 8000);
        set_aside(&mut cases, &[]);
        assert!(cases[0].is_labelled() && cases[0].reserved_voxels().count() == 0);
    }

    #[test]
    fn a_slab_of_another_volume_is_clipped() {
        let slab = Slab { axis: 9, first: 5, end: 500 };
        assert_eq!(slab.voxels(Extent::new(4, 4, 8).unwrap()).size(), [4, 4, 3]);
    }
}
