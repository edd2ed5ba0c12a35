//! How common every class is.

use rayon::prelude::*;

use crate::label::ClassId;
use crate::volume::Grid;

/// Voxels handed to a thread at once.
const SHARE: usize = 1 << 18;

/// Voxels of every class, of one case or of a whole study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassShares {
    counts: [u64; 256],
}

impl ClassShares {
    pub fn of(class: &Grid<ClassId>) -> Self {
        let count = |voxels: &[ClassId]| {
            let mut counts = [0u64; 256];
            for same in voxels.chunk_by(|a, b| a == b) {
                counts[usize::from(same.first().copied().unwrap_or(0))] += same.len() as u64;
            }
            Self { counts }
        };
        let none = || Self { counts: [0; 256] };
        class.as_slice().par_chunks(SHARE).map(count).reduce(none, Self::with)
    }

    /// Of several cases together.
    pub fn with(mut self, other: Self) -> Self {
        self.counts.iter_mut().zip(other.counts).for_each(|(a, b)| *a = a.saturating_add(b));
        self
    }

    /// Share of a class in all but background, 0..=1; 1 for background and where there is nothing else.
    pub fn of_class(&self, class: ClassId) -> f64 {
        let foreground: u64 = self.counts.iter().skip(1).fold(0, |sum, n| sum.saturating_add(*n));
        if class == 0 || foreground == 0 {
            return 1.0;
        }
        self.counts[usize::from(class)] as f64 / foreground as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Extent;

    #[test]
    fn shares_leave_background_out_and_add_up_over_cases() {
        let e = Extent::new(10, 1, 1).unwrap();
        let one = ClassShares::of(&Grid::from_fn(e, |v| [0, 0, 1, 1, 1, 2, 0, 0, 0, 0][v.x]));
        assert_eq!([0, 1, 2, 3].map(|c| one.of_class(c)), [1.0, 0.75, 0.25, 0.0]);
        let both = one.with(ClassShares::of(&Grid::filled(e, 2)));
        assert_eq!(both.of_class(2), 11.0 / 14.0);
        assert_eq!(ClassShares::of(&Grid::filled(e, 0)).of_class(3), 1.0);
    }
}
