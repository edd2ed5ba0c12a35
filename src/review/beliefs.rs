//! What is believed of single voxels, on the two axes of doubt.

use crate::geometry::Extent;
use crate::label::{ClassId, Prediction, combined_doubt, likeness};
use crate::review::ReviewError;
use crate::volume::Grid;

/// The planes of a prediction that doubt is made of; all of one length.
#[derive(Clone, Copy, Debug)]
pub struct Beliefs<'a> {
    pub(super) extent: Extent,
    pub(super) class: &'a [ClassId],
    pub(super) class_a: &'a [ClassId],
    pub(super) class_b: &'a [ClassId],
    confidence_a: &'a [u8],
    confidence_b: &'a [u8],
    pub(super) dual_confidence: &'a [u8],
    pub(super) np: Option<&'a [u8]>,
    pub(super) np_std: Option<&'a [u8]>,
}

/// What is believed of one voxel. Numbers are `round(255 p)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VoxelBelief {
    /// Fused, of A and of B.
    pub class: ClassId,
    pub class_a: ClassId,
    pub class_b: ClassId,
    pub confidence_a: u8,
    pub confidence_b: u8,
    /// First axis: `1 - dual confidence`.
    pub networks_doubt: u8,
    /// Second axis: how unlike the labels; see `likeness`. 0 where no neural process was asked.
    pub unlike_labels: u8,
}

impl<'a> Beliefs<'a> {
    /// # Errors
    /// When the planes lie on different grids.
    pub fn of(prediction: &'a Prediction) -> Result<Self, ReviewError> {
        let p = prediction;
        let extent = p.class.extent();
        let plane =
            |grid: &'a Grid<u8>| if grid.extent() == extent { Ok(grid.as_slice()) } else { Err(ReviewError::Planes) };
        Ok(Self {
            extent,
            class: plane(&p.class)?,
            class_a: plane(&p.class_a)?,
            class_b: plane(&p.class_b)?,
            confidence_a: plane(&p.confidence_a)?,
            confidence_b: plane(&p.confidence_b)?,
            dual_confidence: plane(&p.dual_confidence)?,
            np: p.probabilities.np.as_ref().map(plane).transpose()?,
            np_std: p.probabilities.np_std.as_ref().map(plane).transpose()?,
        })
    }

    /// `None` beyond the planes.
    pub fn at(&self, index: usize) -> Option<VoxelBelief> {
        let (class, class_a, class_b) = (*self.class.get(index)?, *self.class_a.get(index)?, *self.class_b.get(index)?);
        Some(VoxelBelief {
            class,
            class_a,
            class_b,
            confidence_a: *self.confidence_a.get(index)?,
            confidence_b: *self.confidence_b.get(index)?,
            networks_doubt: u8::MAX - *self.dual_confidence.get(index)?,
            unlike_labels: u8::MAX - self.likeness_at(index),
        })
    }

    /// Whether there is a second axis.
    pub fn knows_likeness(&self) -> bool {
        self.np.is_some() || self.np_std.is_some()
    }

    fn likeness_at(&self, index: usize) -> u8 {
        let np = self.np.and_then(|np| np.get(index)).copied().unwrap_or(u8::MAX);
        likeness(np, self.np_std.and_then(|std| std.get(index)).copied().unwrap_or(0))
    }
}

impl VoxelBelief {
    pub fn networks_disagree(&self) -> bool {
        self.class_a != self.class_b
    }

    /// Both axes in one, `round(255 doubt)`: `1 - (1 - networks_doubt) (1 - unlike_labels)`.
    pub fn doubt(&self) -> u8 {
        combined_doubt(u8::MAX - self.networks_doubt, u8::MAX - self.unlike_labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Voxel;
    use crate::review::fixture::Scene;

    #[test]
    fn without_a_neural_process_there_is_one_axis() {
        let mut scene = Scene::new([2, 1, 1]);
        scene.prediction.dual_confidence.set(Voxel::new(1, 0, 0), 55);
        let beliefs = Beliefs::of(&scene.prediction).unwrap();
        assert!(!beliefs.knows_likeness());
        let at = beliefs.at(1).unwrap();
        assert_eq!((at.networks_doubt, at.unlike_labels, at.doubt()), (200, 0, 200));
        assert_eq!(beliefs.at(2), None);
    }

    #[test]
    fn planes_on_different_grids_are_refused() {
        let mut scene = Scene::new([2, 1, 1]);
        scene.prediction.class_b = Grid::filled(Extent::new(1, 2, 1).unwrap(), 0);
        assert_eq!(Beliefs::of(&scene.prediction).err(), Some(ReviewError::Planes));
    }
}
