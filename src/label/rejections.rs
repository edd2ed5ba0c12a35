//! What a reviewer said no to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::spans::{Span, overlapping, span_voxels, united, without};
use crate::label::ClassId;
use crate::volume::Grid;

/// Rejected voxels of one case, by class. Spans of linear indices, ascending and disjoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Rejections {
    /// "Not this class": hints for training.
    hints: BTreeMap<ClassId, Vec<Span>>,
    /// All voxels of rejected regions by the class they were predicted to be. As long as they still are, nobody is asked
    /// again.
    settled: BTreeMap<ClassId, Vec<Span>>,
}

/// Start and length of the spans.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Stored {
    hints: BTreeMap<ClassId, Vec<[usize; 2]>>,
    settled: BTreeMap<ClassId, Vec<[usize; 2]>>,
}

impl Rejections {
    /// The voxels of a region that are predicted to be of its class are not; the others are settled with them.
    pub fn reject(&mut self, region: &[Span], class_of_region: ClassId, predicted: &Grid<ClassId>) {
        for (class, spans) in by_class(region, predicted) {
            if class == class_of_region {
                insert(&mut self.hints, class, spans.iter().cloned());
            }
            insert(&mut self.settled, class, spans);
        }
    }

    /// Takes [`Self::reject`] back.
    pub fn withdraw(&mut self, region: &[Span]) {
        for spans in self.hints.values_mut().chain(self.settled.values_mut()) {
            *spans = without(spans, &united(region.iter().cloned()));
        }
        self.hints.retain(|_, spans| !spans.is_empty());
        self.settled.retain(|_, spans| !spans.is_empty());
    }

    /// Nobody is to be asked about these voxels while they are predicted to be `class`.
    pub fn settle(&mut self, class: ClassId, spans: impl IntoIterator<Item = Span>) {
        insert(&mut self.settled, class, spans);
    }

    /// "Not this class", class by class: what training may use.
    pub fn hints(&self) -> impl Iterator<Item = (ClassId, &[Span])> {
        self.hints.iter().map(|(class, spans)| (*class, spans.as_slice()))
    }

    /// How many voxels are said not to be of a class here and not in `before`.
    pub fn count_beyond(&self, before: &Self) -> usize {
        let old = |class| before.hints.get(&class).map_or(&[][..], Vec::as_slice);
        self.hints().map(|(class, spans)| span_voxels(&without(spans, old(class)))).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.settled.is_empty()
    }

    /// Whether a voxel that is predicted to be `class` was rejected as such.
    pub fn is_settled(&self, index: usize, class: ClassId) -> bool {
        self.settled.get(&class).is_some_and(|spans| overlapping(spans, &(index..index + 1)).next().is_some())
    }

    /// Classes and the parts of their settled spans inside a range.
    pub fn settled_in(&self, range: Span) -> impl Iterator<Item = (ClassId, Span)> {
        self.settled.iter().flat_map(move |(class, spans)| {
            let (start, end) = (range.start, range.end);
            overlapping(spans, &range).map(move |s| (*class, s.start.max(start)..s.end.min(end)))
        })
    }
}

/// The spans of a region parted by predicted class; what lies beyond the plane is left out.
fn by_class(region: &[Span], predicted: &Grid<ClassId>) -> BTreeMap<ClassId, Vec<Span>> {
    let mut parts: BTreeMap<ClassId, Vec<Span>> = BTreeMap::new();
    for span in region {
        let mut start = span.start;
        for same in predicted.as_slice().get(span.clone()).unwrap_or(&[]).chunk_by(|a, b| a == b) {
            let end = start + same.len();
            parts.entry(same.first().copied().unwrap_or(0)).or_default().push(start..end);
            start = end;
        }
    }
    parts
}

fn insert(all: &mut BTreeMap<ClassId, Vec<Span>>, class: ClassId, more: impl IntoIterator<Item = Span>) {
    let spans = all.entry(class).or_default();
    *spans = united(std::mem::take(spans).into_iter().chain(more));
}

impl From<Stored> for Rejections {
    fn from(stored: Stored) -> Self {
        let restored = |stored: BTreeMap<ClassId, Vec<[usize; 2]>>| {
            let mut all = BTreeMap::new();
            for (class, spans) in stored {
                insert(&mut all, class, spans.into_iter().map(|[start, len]| start..start.saturating_add(len)));
            }
            all
        };
        Self { hints: restored(stored.hints), settled: restored(stored.settled) }
    }
}

impl From<Rejections> for Stored {
    fn from(rejections: Rejections) -> Self {
        let stored = |all: BTreeMap<ClassId, Vec<Span>>| {
            let pairs = |spans: Vec<Span>| spans.into_iter().map(|s| [s.start, s.len()]).collect();
            all.into_iter().map(|(class, spans)| (class, pairs(spans))).collect()
        };
        Self { hints: stored(rejections.hints), settled: stored(rejections.settled) }
    }
}
