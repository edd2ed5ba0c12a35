//! Voxel counts of two masks and what follows from them.

use crate::label::ClassId;

/// Voxels of a predicted mask, of the true mask, and of both together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overlap {
    pub prediction: usize,
    pub truth: usize,
    pub both: usize,
}

impl Overlap {
    /// Counts of one class in two label volumes of equal length.
    pub fn of_class(prediction: &[ClassId], truth: &[ClassId], class: ClassId) -> Self {
        let mut counts = Self::default();
        for (&p, &t) in prediction.iter().zip(truth) {
            counts.prediction += usize::from(p == class);
            counts.truth += usize::from(t == class);
            counts.both += usize::from(p == class && t == class);
        }
        counts
    }

    /// `2 |P n T| / (|P| + |T|)`; 1 if both are empty, for then they agree everywhere.
    pub fn dice(&self) -> f64 {
        ratio(2 * self.both, self.prediction + self.truth)
    }

    /// `|P n T| / |P u T|`; 1 if both are empty.
    pub fn jaccard(&self) -> f64 {
        ratio(self.both, self.prediction + self.truth - self.both)
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn half_overlapping_masks() {
        let o = Overlap::of_class(&[1, 1, 1, 2, 0], &[0, 1, 1, 1, 2], 1);
        assert_eq!(o, Overlap { prediction: 3, truth: 3, both: 2 });
        assert_eq!((o.dice(), o.jaccard()), (4.0 / 6.0, 2.0 / 4.0));
    }

    #[test]
    fn two_empty_masks_agree_and_one_empty_mask_scores_zero() {
        assert_eq!(Overlap::default().dice(), 1.0);
        assert_eq!(Overlap::default().jaccard(), 1.0);
        assert_eq!(Overlap::of_class(&[0, 0], &[0, 1], 1).dice(), 0.0);
    }

    proptest! {
        #[test]
        fn dice_and_jaccard_are_linked_and_symmetric(
            pairs in prop::collection::vec((0u8..3, 0u8..3), 1..200),
        ) {
            let (p, t): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
            let (there, back) = (Overlap::of_class(&p, &t, 1), Overlap::of_class(&t, &p, 1));
            prop_assert_eq!(there.dice(), back.dice());
            prop_assert!((there.dice() - 2.0 * there.jaccard() / (1.0 + there.jaccard())).abs() < 1e-12);
        }
    }
}
