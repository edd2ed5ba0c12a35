//! A case as the trainer holds it: image, labels and where the known voxels are.

use std::sync::{Arc, OnceLock};

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::annotated::Annotated;
use super::crop::VoxelStatus;
use super::normalise::{Intensities, Normaliser};
use super::reserve::Reserved;
use crate::edit::{Delta, DeltaError};
use crate::geometry::Voxel;
use crate::label::{ClassId, LabelMap, Origin, Rejections, overlapping};
use crate::volume::{BodyMask, CaseId, Image};

/// Known voxels remembered per class for choosing crop centres; more would not make the choice more random.
const CENTRES_PER_CLASS: usize = 4096;

#[derive(Clone, Debug)]
pub struct TrainCase {
    pub id: CaseId,
    pub image: Arc<Image>,
    labels: LabelMap,
    pub held_out: bool,
    annotated: Annotated,
    reserved: Option<Reserved>,
    normaliser: Normaliser,
    body: OnceLock<BodyMask>,
    centres: Vec<(ClassId, Vec<usize>)>,
    has_unknown: bool,
    known_foreground: usize,
    /// For each axis, which slices are completely known.
    dense_slices: [Vec<bool>; 3],
    /// For each axis, which slices are known without any accepted pseudo-label.
    gold_slices: [Vec<bool>; 3],
    rejections: Arc<Rejections>,
}

impl TrainCase {
    /// `labels` must be on the image's grid.
    pub fn new(id: CaseId, image: Arc<Image>, labels: LabelMap, held_out: bool) -> Self {
        let normaliser = Normaliser::of(&image);
        let mut case = Self {
            id,
            image,
            labels,
            held_out,
            annotated: Annotated::default(),
            reserved: None,
            normaliser,
            body: OnceLock::new(),
            centres: Vec::new(),
            has_unknown: true,
            known_foreground: 0,
            dense_slices: Default::default(),
            gold_slices: Default::default(),
            rejections: Arc::default(),
        };
        case.index_labels();
        case
    }

    /// The classes that somebody looked for in this case; all of them if nothing else is said.
    pub fn annotated_for(mut self, annotated: Annotated) -> Self {
        self.annotated = annotated;
        self
    }

    pub fn annotated(&self) -> &Annotated {
        &self.annotated
    }

    /// Trains as if nobody had labelled the case.
    pub(in crate::learn) fn forget_labels(&mut self) {
        self.labels = LabelMap::unknown(self.labels.extent());
        self.index_labels();
    }

    /// In another way than with clipped tails, which a case is born with.
    pub(in crate::learn) fn normalise(&mut self, how: Intensities) {
        self.normaliser = how.normaliser(&self.image);
    }

    /// Sets a part aside, or nothing.
    pub(super) fn reserve(&mut self, part: Option<Reserved>) {
        if self.reserved != part {
            self.reserved = part;
            self.index_labels();
        }
    }

    /// What is set aside for calibration: its labels are known to nobody who trains.
    pub fn reserved(&self) -> Option<Reserved> {
        self.reserved
    }

    /// The voxels that are set aside and that somebody drew or brought along.
    pub fn reserved_voxels(&self) -> impl Iterator<Item = (Voxel, ClassId)> {
        let voxels = self.reserved.map(|part| part.voxels(self.labels.extent()).voxels());
        let with_value = voxels.into_iter().flatten().map(|v| (v, self.labels.value(v)));
        with_value.filter(|(_, value)| value.origin.is_gold()).map(|(v, value)| (v, value.class))
    }

    /// What training may do with a voxel.
    pub fn status(&self, v: Voxel) -> VoxelStatus {
        if self.is_reserved(v) || !self.labels.value(v).origin.is_known() {
            VoxelStatus::Unknown
        } else if self.is_dense(v) {
            VoxelStatus::Dense
        } else {
            VoxelStatus::Sparse
        }
    }

    /// What a reviewer said no to, in place of what was said before.
    pub fn reject(&mut self, rejections: Arc<Rejections>) {
        self.rejections = rejections;
    }

    pub fn rejections(&self) -> &Arc<Rejections> {
        &self.rejections
    }

    /// What a voxel that nobody labelled was said not to be. Of what is set aside nothing is said.
    pub fn rejected_classes(&self, v: Voxel) -> impl Iterator<Item = ClassId> {
        let is_open = !self.rejections.is_empty() && !self.is_reserved(v) && !self.labels.value(v).origin.is_known();
        let index = if is_open { Some(self.labels.extent().index(v)) } else { None };
        index.into_iter().flat_map(|i| {
            let here = move |spans| overlapping(spans, &(i..i + 1)).next().is_some();
            self.rejections.hints().filter(move |(_, spans)| here(spans)).map(|(class, _)| class)
        })
    }

    fn is_reserved(&self, v: Voxel) -> bool {
        self.reserved.is_some_and(|part| part.contains(v))
    }

    pub fn labels(&self) -> &LabelMap {
        &self.labels
    }

    pub fn normaliser(&self) -> &Normaliser {
        &self.normaliser
    }

    /// Where the body is; found when it is first asked for.
    pub fn body(&self) -> &BodyMask {
        self.body.get_or_init(|| BodyMask::of(&self.image))
    }

    /// Whether something labelled lies where the body mask sees only air.
    pub fn has_labels_in_the_air(&self) -> bool {
        self.labelled_foreground().any(|v| !self.body().contains(v))
    }

    /// Applies an edit made elsewhere. `revision` is the label revision after it; older ones are already known.
    pub fn apply(&mut self, delta: &Delta, revision: u64) -> Result<(), DeltaError> {
        if revision <= self.labels.revision() {
            return Ok(());
        }
        delta.repeat(&mut self.labels, revision)?;
        self.index_labels();
        Ok(())
    }

    /// Whether training has labels of it.
    pub fn is_labelled(&self) -> bool {
        !self.centres.is_empty()
    }

    /// Whether training has voxels nobody labelled.
    pub fn has_unknown(&self) -> bool {
        self.has_unknown
    }

    /// Whether training has every voxel's label, for all classes.
    pub fn is_complete(&self) -> bool {
        self.is_labelled() && !self.has_unknown && self.annotated.is_all()
    }

    /// Whether a voxel lies in a slice (along any axis) without unknown voxels.
    fn is_dense(&self, v: Voxel) -> bool {
        (0..3).zip(v.to_array()).any(|(axis, slice)| self.is_slice_known(axis, slice))
    }

    /// Whether a slice has no unknown voxels.
    pub fn is_slice_known(&self, axis: usize, slice: usize) -> bool {
        self.dense_slices.get(axis).and_then(|slices| slices.get(slice)).copied().unwrap_or(false)
    }

    /// Whether a slice is completely known without any accepted pseudo-label: good enough to judge by.
    pub fn is_slice_gold(&self, axis: usize, slice: usize) -> bool {
        self.gold_slices.get(axis).and_then(|slices| slices.get(slice)).copied().unwrap_or(false)
    }

    /// Whether every voxel was drawn or brought along.
    pub fn is_all_gold(&self) -> bool {
        self.gold_slices[0].iter().all(|slice| *slice)
    }

    /// Foreground voxels that training has the labels of.
    pub fn known_foreground(&self) -> usize {
        self.known_foreground
    }

    /// Classes with a known voxel, ascending.
    pub fn known_classes(&self) -> impl Iterator<Item = ClassId> {
        self.centres.iter().map(|(class, _)| *class)
    }

    /// An evenly spread sample of the known foreground voxels.
    pub fn labelled_foreground(&self) -> impl Iterator<Item = Voxel> {
        self.labelled_sample().filter(|(class, _)| *class != 0).map(|(_, voxel)| voxel)
    }

    /// An evenly spread sample of the known voxels of each class.
    pub fn labelled_sample(&self) -> impl Iterator<Item = (ClassId, Voxel)> {
        let extent = self.labels.extent();
        self.centres.iter().flat_map(move |(class, v)| v.iter().map(move |&i| (*class, extent.voxel(i))))
    }

    /// A known voxel: half of the time of a foreground class (each equally often), else of any known class.
    pub fn random_labelled_voxel(&self, rng: &mut ChaCha8Rng) -> Option<Voxel> {
        let foreground = self.centres.iter().filter(|(class, _)| *class != 0).count();
        let first_foreground = self.centres.len() - foreground;
        let pick = if foreground > 0 && rng.random_bool(0.5) {
            first_foreground + rng.random_range(0..foreground)
        } else if self.centres.is_empty() {
            return None;
        } else {
            rng.random_range(0..self.centres.len())
        };
        let voxels = &self.centres[pick].1;
        Some(self.labels.extent().voxel(voxels[rng.random_range(0..voxels.len())]))
    }

    /// One pass over the labels: an evenly spread sample of the known voxels of each class.
    fn index_labels(&mut self) {
        let extent = self.labels.extent();
        let n = extent.voxel_count();
        let is_free = |i: &usize| self.reserved.is_none() || !self.is_reserved(extent.voxel(*i));
        let known = |i: &usize| self.labels.value_at(*i).origin.is_known() && is_free(i);
        let mut counts = [0usize; 256];
        for i in (0..n).filter(known) {
            counts[usize::from(self.labels.value_at(i).class)] += 1;
        }
        let mut seen = [0usize; 256];
        let mut centres: Vec<(ClassId, Vec<usize>)> =
            (0..=ClassId::MAX).filter(|&c| counts[usize::from(c)] > 0).map(|c| (c, Vec::new())).collect();
        for i in (0..n).filter(known) {
            let class = self.labels.value_at(i).class;
            let every = counts[usize::from(class)].div_ceil(CENTRES_PER_CLASS);
            if seen[usize::from(class)] % every == 0
                && let Some((_, voxels)) = centres.iter_mut().find(|(c, _)| *c == class)
            {
                voxels.push(i);
            }
            seen[usize::from(class)] += 1;
        }
        self.has_unknown = counts.iter().sum::<usize>() < n;
        self.known_foreground = counts.iter().skip(1).sum();
        self.centres = centres;
        self.dense_slices = self.slices_of(Origin::is_known);
        self.gold_slices = self.slices_of(Origin::is_gold);
    }

    /// For each axis, the slices in which every voxel's origin will do.
    fn slices_of(&self, will_do: impl Fn(Origin) -> bool) -> [Vec<bool>; 3] {
        let extent = self.labels.extent();
        let mut whole = extent.to_array().map(|n| vec![true; n]);
        for (i, origin) in self.labels.origin().as_slice().iter().enumerate() {
            if !will_do(*origin) {
                for (slices, c) in whole.iter_mut().zip(extent.voxel(i).to_array()) {
                    slices[c] = false;
                }
            }
        }
        whole
    }
}
