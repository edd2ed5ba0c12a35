//! How much of a volume a crop shows.

use super::strides::{choose_strides, patch_step};

/// A crop's size and what the networks halve of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchChoice {
    /// Voxels, (x, y, z).
    pub patch: [usize; 3],
    pub strides: Vec<[usize; 3]>,
}

impl PatchChoice {
    /// The median volume, each axis rounded to what the network can halve, the longest axis shortened to the voxel
    /// budget.
    pub fn of(extents: &[[usize; 3]], spacing_mm: [f64; 3], budget: usize) -> Self {
        let median: [usize; 3] = std::array::from_fn(|axis| {
            let mut sizes: Vec<usize> = extents.iter().map(|e| e[axis]).collect();
            sizes.sort_unstable();
            sizes.get(sizes.len() / 2).copied().unwrap_or(1)
        });
        Self::with_strides(choose_strides(spacing_mm, median), median, budget)
    }

    fn with_strides(strides: Vec<[usize; 3]>, median: [usize; 3], budget: usize) -> Self {
        let step = patch_step(&strides);
        let mut patch: [usize; 3] = std::array::from_fn(|a| (median[a] / step[a]).max(1) * step[a]);
        while patch.iter().product::<usize>() > budget {
            let Some(longest) = (0..3).filter(|&a| patch[a] > step[a]).max_by_key(|&a| patch[a]) else { break };
            patch[longest] -= step[longest];
        }
        Self { patch, strides }
    }

    pub fn levels(&self) -> usize {
        self.strides.len() + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_of_thin_volumes_keeps_their_slices_and_is_a_multiple_along_the_others() {
        for (spacing, median) in [([1.5, 1.5, 10.0], [160, 160, 6]), ([0.4, 3.0, 0.4], [300, 13, 300])] {
            let choice = PatchChoice::with_strides(choose_strides(spacing, median), median, 50_000);
            let step = patch_step(&choice.strides);
            assert!((0..3).all(|a| choice.patch[a].is_multiple_of(step[a])), "{choice:?}");
            assert!(choice.patch.iter().product::<usize>() <= 50_000);
            let thin = (0..3).min_by_key(|&a| median[a]).unwrap();
            assert!(choice.patch[thin] > median[thin] / 2, "{choice:?}");
        }
    }

    #[test]
    fn a_budget_smaller_than_the_networks_step_ends_at_the_step() {
        assert_eq!(PatchChoice::of(&[[64; 3]], [1.0; 3], 1).patch, [8; 3]);
    }
}
