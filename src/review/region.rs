//! One region of doubt: what it is, how large, how doubtful, and where to look at it.

use serde::{Deserialize, Serialize};

use super::scale::Scale;
use super::slice_doubt::voxels_by_slice;
use super::tally::Tally;
use crate::geometry::{Extent, Voxel, VoxelBox};
use crate::label::{ClassId, LabelMap, Origin};
use crate::label::{Span, overlapping, span_voxels};
use crate::review::{Beliefs, DoubtMap, Reason};

/// Share of disagreeing voxels from which disagreement is what a region is about. A patch on which the networks disagree has
/// a rim of doubt around it, which in a patch few voxels wide outnumbers the patch.
const DISAGREEMENT_SHARE: f64 = 0.25;
/// Given by the queue; stays with a region over new predictions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RegionId(pub u64);

/// Doubt on one axis, 0..=1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AxisDoubt {
    pub mean: f32,
    pub peak: f32,
}

/// The slice on which a region is cut with the largest area.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BestSlice {
    /// Across which voxel axis: 0 = x, 1 = y, 2 = z.
    pub axis: usize,
    pub index: usize,
    pub area_mm2: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    pub id: RegionId,
    /// The fused class that most voxels are predicted to be; background only where no voxel is of another class.
    pub class: ClassId,
    /// What A and B say, where disagreement is what the region is about.
    pub disagreement: Option<[ClassId; 2]>,
    /// Linear indices, ascending; each span lies in one row.
    pub spans: Vec<Span>,
    pub bounds: VoxelBox,
    pub voxel_count: usize,
    pub size_mm3: f64,
    /// `1 - dual confidence`.
    pub networks: AxisDoubt,
    /// How unlike the labels; all 0 where no neural process was asked.
    pub unlike_labels: AxisDoubt,
    /// Share of voxels that the networks name differently.
    pub disagreement_share: f64,
    /// The voxel on the best slice that is nearest to the region's centre of mass.
    pub centre: Voxel,
    pub best_slice: BestSlice,
    /// Too small to be looked at by itself: specks of one neighbourhood, gathered.
    pub is_scattered: bool,
    pub reason: Reason,
}

impl Region {
    /// `None` without voxels. Spans must lie in rows of the planes' extent.
    pub(super) fn of(
        spans: Vec<Span>,
        beliefs: &Beliefs<'_>,
        doubt: &DoubtMap,
        scale: &Scale,
        is_scattered: bool,
    ) -> Option<Self> {
        let extent = doubt.extent();
        let bounds = bounds_of(extent, &spans);
        let tally = Tally::of(&spans, beliefs, doubt);
        let count = span_voxels(&spans);
        let middle = tally.middle();
        let best_slice = best_slice(extent, &spans, middle, scale);
        let centre = nearest(extent, &spans, &best_slice, middle, scale)?;
        let disagreement_share = tally.disagreement_share();
        let disagreement = tally.disagreement().filter(|_| disagreement_share >= DISAGREEMENT_SHARE);
        let reason = Reason::of_region(&tally.mean_belief(disagreement), tally.is_thin());
        Some(Self {
            id: RegionId::default(),
            class: tally.class(),
            disagreement,
            bounds,
            voxel_count: count,
            size_mm3: count as f64 * scale.voxel_mm3(),
            networks: tally.networks(),
            unlike_labels: tally.unlike_labels(),
            disagreement_share,
            centre,
            best_slice,
            is_scattered,
            reason,
            spans,
        })
    }

    /// Both mean axes in one: `1 - (1 - networks) (1 - unlike labels)`.
    pub fn mean_doubt(&self) -> f64 {
        1.0 - (1.0 - f64::from(self.networks.mean)) * (1.0 - f64::from(self.unlike_labels.mean))
    }

    /// Whether it is predicted to be of a class, by anybody.
    pub fn concerns(&self, class: ClassId) -> bool {
        self.class == class || self.disagreement.is_some_and(|pair| pair.contains(&class))
    }

    /// Whether a slice across an axis cuts its box.
    pub fn is_in_slice(&self, axis: usize, index: usize) -> bool {
        let (lo, hi) = (self.bounds.lo.to_array(), self.bounds.hi.to_array());
        lo.get(axis).zip(hi.get(axis)).is_some_and(|(lo, hi)| (*lo..*hi).contains(&index))
    }

    pub fn holds(&self, index: usize) -> bool {
        overlapping(&self.spans, &(index..index + 1)).next().is_some()
    }

    /// Voxels that somebody said something about. Beyond the labels nothing is known.
    pub fn known_count(&self, labels: &LabelMap) -> usize {
        self.origins(labels).filter(|origin| origin.is_known()).count()
    }

    /// Whether all of it was taken over from pseudo-labels.
    pub fn is_accepted(&self, labels: &LabelMap) -> bool {
        self.origins(labels).all(|origin| origin == Origin::Accepted)
    }

    fn origins(&self, labels: &LabelMap) -> impl Iterator<Item = Origin> {
        let origin = labels.origin().as_slice();
        self.spans.iter().flat_map(|span| origin.get(span.clone()).unwrap_or(&[])).copied()
    }
}

pub(super) fn bounds_of(extent: Extent, spans: &[Span]) -> VoxelBox {
    let of_span = |span: &Span| {
        let lo = extent.voxel(span.start);
        VoxelBox { lo, hi: Voxel::new(lo.x + span.len(), lo.y + 1, lo.z + 1) }
    };
    let none = VoxelBox { lo: Voxel::default(), hi: Voxel::default() };
    spans.iter().map(of_span).fold(none, |all, one| all.union(&one))
}

/// Of equal areas the one across z, then y; of equal slices along that axis the one nearest the middle.
fn best_slice(extent: Extent, spans: &[Span], middle: [f64; 3], scale: &Scale) -> BestSlice {
    let mut best = BestSlice::default();
    for (axis, counts) in voxels_by_slice(extent, spans).into_iter().enumerate().rev() {
        let away = |index: usize| (index as f64 - middle[axis]).abs();
        for (index, count) in counts.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            let area_mm2 = count as f64 * scale.pixel_mm2(axis);
            let nearer = best.axis == axis && area_mm2 == best.area_mm2 && away(index) < away(best.index);
            if area_mm2 > best.area_mm2 || nearer {
                best = BestSlice { axis, index, area_mm2 };
            }
        }
    }
    best
}

fn nearest(extent: Extent, spans: &[Span], slice: &BestSlice, middle: [f64; 3], scale: &Scale) -> Option<Voxel> {
    let voxels = spans.iter().cloned().flatten().map(|index| extent.voxel(index));
    let on_slice = voxels.filter(|v| v.to_array().get(slice.axis) == Some(&slice.index));
    let away_mm2 = |v: &Voxel| {
        let at = v.to_f64();
        scale.squared_mm2(std::array::from_fn(|a| at[a] - middle[a]))
    };
    on_slice.min_by(|a, b| away_mm2(a).total_cmp(&away_mm2(b)))
}
