//! What a region's voxels add up to.

use crate::geometry::Voxel;
use crate::label::ClassId;
use crate::label::Span;
use crate::review::{AxisDoubt, Beliefs, DoubtMap, VoxelBelief};

/// A region is thin if no more than this share of its voxels has doubt on all six sides: sheets of up to two voxels, with some
/// corners.
const INNER_SHARE_OF_THIN: f64 = 0.05;

/// What is summed over a region's voxels.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    count: usize,
    /// Sum and peak, in steps of 1/255.
    networks: [u64; 2],
    unlike: [u64; 2],
    classes: [usize; 256],
    disagreements: Vec<([ClassId; 2], usize)>,
    disagreeing: usize,
    /// With doubt on all six sides.
    inner: usize,
    positions: [f64; 3],
    /// Sums of the confidences of A and B.
    confidences: [u64; 2],
}

impl Tally {
    pub(super) fn of(spans: &[Span], beliefs: &Beliefs<'_>, doubt: &DoubtMap) -> Self {
        let mut tally = Self {
            count: 0,
            networks: [0; 2],
            unlike: [0; 2],
            classes: [0; 256],
            disagreements: Vec::new(),
            disagreeing: 0,
            inner: 0,
            positions: [0.0; 3],
            confidences: [0; 2],
        };
        let extent = doubt.extent();
        for span in spans {
            let first = extent.voxel(span.start);
            for index in span.clone() {
                let v = Voxel::new(first.x + (index - span.start), first.y, first.z);
                if let Some(belief) = beliefs.at(index) {
                    tally.add(&belief, v, is_inner(doubt, index, v));
                }
            }
        }
        tally
    }

    fn add(&mut self, belief: &VoxelBelief, v: Voxel, is_inner: bool) {
        let record = |[sum, peak]: &mut [u64; 2], value: u8| {
            *sum += u64::from(value);
            *peak = u64::from(value).max(*peak);
        };
        self.count += 1;
        record(&mut self.networks, belief.networks_doubt);
        record(&mut self.unlike, belief.unlike_labels);
        self.confidences[0] += u64::from(belief.confidence_a);
        self.confidences[1] += u64::from(belief.confidence_b);
        self.classes[usize::from(belief.class)] += 1;
        self.inner += usize::from(is_inner);
        self.positions.iter_mut().zip(v.to_f64()).for_each(|(sum, c)| *sum += c);
        if belief.networks_disagree() {
            self.disagreeing += 1;
            let pair = [belief.class_a, belief.class_b];
            match self.disagreements.iter_mut().find(|(known, _)| *known == pair) {
                Some((_, count)) => *count += 1,
                None => self.disagreements.push((pair, 1)),
            }
        }
    }

    pub(super) fn networks(&self) -> AxisDoubt {
        self.axis(self.networks)
    }

    pub(super) fn unlike_labels(&self) -> AxisDoubt {
        self.axis(self.unlike)
    }

    /// Centre of mass, voxels.
    pub(super) fn middle(&self) -> [f64; 3] {
        self.positions.map(|sum| sum / self.count.max(1) as f64)
    }

    pub(super) fn disagreement_share(&self) -> f64 {
        self.disagreeing as f64 / self.count.max(1) as f64
    }

    pub(super) fn is_thin(&self) -> bool {
        self.inner as f64 <= INNER_SHARE_OF_THIN * self.count as f64
    }

    fn axis(&self, [sum, peak]: [u64; 2]) -> AxisDoubt {
        AxisDoubt { mean: (sum as f64 / self.count.max(1) as f64 / 255.0) as f32, peak: peak as f32 / 255.0 }
    }

    /// Of equally frequent classes the lowest.
    pub(super) fn class(&self) -> ClassId {
        (1..=ClassId::MAX)
            .filter(|class| self.classes[usize::from(*class)] > 0)
            .min_by_key(|class| std::cmp::Reverse(self.classes[usize::from(*class)]))
            .unwrap_or(0)
    }

    /// The most frequent pair; of equally frequent ones the lowest.
    pub(super) fn disagreement(&self) -> Option<[ClassId; 2]> {
        self.disagreements.iter().min_by_key(|(pair, count)| (std::cmp::Reverse(*count), *pair)).map(|(pair, _)| *pair)
    }

    /// What a voxel in the middle of it all would look like.
    pub(super) fn mean_belief(&self, disagreement: Option<[ClassId; 2]>) -> VoxelBelief {
        let count = self.count.max(1) as u64;
        // The mean of bytes is one.
        let mean = |sum: u64| ((sum + count / 2) / count).min(255) as u8;
        let class = self.class();
        let [class_a, class_b] = disagreement.unwrap_or([class; 2]);
        VoxelBelief {
            class,
            class_a,
            class_b,
            confidence_a: mean(self.confidences[0]),
            confidence_b: mean(self.confidences[1]),
            networks_doubt: mean(self.networks[0]),
            unlike_labels: mean(self.unlike[0]),
        }
    }
}

/// Whether all six neighbours are doubtful too. Beyond the border nothing is.
fn is_inner(doubt: &DoubtMap, index: usize, v: Voxel) -> bool {
    let [nx, ny, nz] = doubt.extent().to_array();
    let inside = v.x > 0 && v.y > 0 && v.z > 0 && v.x + 1 < nx && v.y + 1 < ny && v.z + 1 < nz;
    inside
        && [1, nx, nx * ny].into_iter().all(|step| doubt.is_doubtful(index - step) && doubt.is_doubtful(index + step))
}
