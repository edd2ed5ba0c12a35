//! A case as the trainer holds it: image, labels and where the known voxels are.

use std::sync::{Arc, OnceLock};

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::annotated::Annotated;
use super::normalise::Normaliser;
use crate::edit::{Delta, DeltaError, Direction};
use crate::geometry::Voxel;
use crate::label::{ClassId, LabelMap};
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
    normaliser: Normaliser,
    body: OnceLock<BodyMask>,
    centres: Vec<(ClassId, Vec<usize>)>,
    has_unknown: bool,
    /// For each axis, which slices are completely known.
    dense_slices: [Vec<bool>; 3],
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
            normaliser,
            body: OnceLock::new(),
            centres: Vec::new(),
            has_unknown: true,
            dense_slices: Default::default(),
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
        delta.apply(&mut self.labels, Direction::Forward)?;
        self.index_labels();
        Ok(())
    }

    pub fn is_labelled(&self) -> bool {
        !self.centres.is_empty()
    }

    pub fn has_unknown(&self) -> bool {
        self.has_unknown
    }

    /// Whether a voxel lies in a slice (along any axis) without unknown voxels.
    pub fn is_dense(&self, v: Voxel) -> bool {
        v.to_array().iter().zip(&self.dense_slices).any(|(&c, dense)| dense.get(c).copied().unwrap_or(false))
    }

    /// Classes with a known voxel, ascending.
    pub fn known_classes(&self) -> impl Iterator<Item = ClassId> {
        self.centres.iter().map(|(class, _)| *class)
    }

    /// An evenly spread sample of the known foreground voxels.
    pub fn labelled_foreground(&self) -> impl Iterator<Item = Voxel> {
        let extent = self.labels.extent();
        self.centres.iter().filter(|(c, _)| *c != 0).flat_map(move |(_, v)| v.iter().map(move |&i| extent.voxel(i)))
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
        let known = |i: &usize| self.labels.value_at(*i).origin.is_known();
        let n = self.labels.extent().voxel_count();
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
        self.centres = centres;
        self.dense_slices = self.find_dense_slices();
    }

    fn find_dense_slices(&self) -> [Vec<bool>; 3] {
        let extent = self.labels.extent();
        let mut dense = extent.to_array().map(|n| vec![true; n]);
        for (i, origin) in self.labels.origin().as_slice().iter().enumerate() {
            if !origin.is_known() {
                for (slices, c) in dense.iter_mut().zip(extent.voxel(i).to_array()) {
                    slices[c] = false;
                }
            }
        }
        dense
    }
}
