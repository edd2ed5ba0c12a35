//! How long a simulated reviewer takes: counted deeds times stated seconds (`docs/simulated-review.md`).

use std::ops::AddAssign;

use clap::Args;
use serde::Serialize;

/// Seconds per deed.
#[derive(Args, Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TimeModel {
    /// Seconds of going to a region, a slice or another case, and of judging what is seen there
    #[arg(long, default_value_t = Self::default().navigation_seconds, value_parser = super::seconds)]
    pub navigation_seconds: f64,
    /// Seconds of accepting or rejecting what is seen
    #[arg(long, default_value_t = Self::default().accept_seconds, value_parser = super::seconds)]
    pub accept_seconds: f64,
    /// Seconds per voxel that the brush changes
    #[arg(long, default_value_t = Self::default().voxel_seconds, value_parser = super::seconds)]
    pub voxel_seconds: f64,
}

/// What was done, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Effort {
    pub navigations: usize,
    /// Accepted or rejected regions and slices.
    pub accepts: usize,
    /// Voxels that were wrong and that the brush changed.
    pub brushed_voxels: usize,
}

impl Default for TimeModel {
    /// A look of three seconds, a key in one, and a small brush: ten voxels in a second.
    fn default() -> Self {
        Self { navigation_seconds: 3.0, accept_seconds: 1.0, voxel_seconds: 0.1 }
    }
}

impl TimeModel {
    pub fn seconds(&self, effort: &Effort) -> f64 {
        let Effort { navigations, accepts, brushed_voxels } = *effort;
        self.navigation_seconds * navigations as f64
            + self.accept_seconds * accepts as f64
            + self.voxel_seconds * brushed_voxels as f64
    }

    /// The model with one constant halved or doubled, and what was done to it in words.
    pub fn variants(&self) -> Vec<(String, Self)> {
        let factors = [("half", 0.5), ("twice", 2.0)];
        let of_factor = |(word, factor): (&str, f64)| {
            let Self { navigation_seconds, accept_seconds, voxel_seconds } = *self;
            [
                (format!("{word} the navigation"), Self { navigation_seconds: factor * navigation_seconds, ..*self }),
                (format!("{word} the accept"), Self { accept_seconds: factor * accept_seconds, ..*self }),
                (format!("{word} the brushed voxel"), Self { voxel_seconds: factor * voxel_seconds, ..*self }),
            ]
        };
        factors.into_iter().flat_map(of_factor).collect()
    }
}

impl AddAssign for Effort {
    fn add_assign(&mut self, other: Self) {
        self.navigations += other.navigations;
        self.accepts += other.accepts;
        self.brushed_voxels += other.brushed_voxels;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EFFORT: Effort = Effort { navigations: 2, accepts: 3, brushed_voxels: 50 };

    #[test]
    fn time_is_the_sum_of_what_was_done() {
        assert_eq!(TimeModel::default().seconds(&EFFORT), 6.0 + 3.0 + 5.0);
        assert_eq!(TimeModel::default().seconds(&Effort::default()), 0.0);
        let mut sum = EFFORT;
        sum += EFFORT;
        assert_eq!(sum, Effort { navigations: 4, accepts: 6, brushed_voxels: 100 });
    }

    #[test]
    fn halving_or_doubling_a_constant_changes_its_part_of_the_time_alone() {
        let seconds = TimeModel::default().variants().into_iter().map(|(name, m)| (name, m.seconds(&EFFORT)));
        let expected = [
            ("half the navigation", 11.0),
            ("half the accept", 12.5),
            ("half the brushed voxel", 11.5),
            ("twice the navigation", 20.0),
            ("twice the accept", 17.0),
            ("twice the brushed voxel", 19.0),
        ];
        assert_eq!(seconds.collect::<Vec<_>>(), expected.map(|(name, s)| (name.to_owned(), s)));
    }
}
