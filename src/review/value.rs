//! What correcting a region is expected to be worth.

use super::scale::Scale;
use crate::geometry::VoxelBox;
use crate::label::ClassId;
use crate::review::{ClassShares, Region};

/// Going to a region and judging it is taken to last as long as brushing this much, a cube of 6 mm. The gain per second of a
/// region of size `s` is then proportional to `s / (s + this)`.
const JUMP_MM3: f64 = 200.0;
/// What lies beside a reviewed region is worth this share of what lies far from all: the next round learns it from there.
const WORTH_BESIDE_REVIEWED: f64 = 0.5;
/// How far what was reviewed says something about its surroundings: somewhat less than a region that fills a view.
const NOVELTY_MM: f64 = 20.0;

/// The factors of a region's value; each can only be compared with its own kind.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ValueFactors {
    /// `size / (size + 200 mm³)`, 0..1.
    pub size: f64,
    /// `1 - (1 - networks) (1 - unlike labels)` of the means, 0..=1: how many of its voxels are expected to be wrong.
    pub doubt: f64,
    /// `1 - 0.5 exp(-d / 20 mm)` with `d` from box to box of the nearest reviewed region; 1 where there is none.
    pub novelty: f64,
    /// `2 - share` of its rarest class among all foreground voxels, 1..=2; 1 for background.
    pub rarity: f64,
}

impl ValueFactors {
    pub fn of(region: &Region, reviewed: &[VoxelBox], shares: &ClassShares, spacing_mm: [f64; 3]) -> Self {
        let scale = Scale::new(spacing_mm);
        Self {
            size: region.size_mm3 / (region.size_mm3 + JUMP_MM3),
            doubt: region.mean_doubt(),
            novelty: novelty(&region.bounds, reviewed, &scale),
            rarity: rarity(region, shares),
        }
    }

    /// The expected value: the product of all factors.
    pub fn value(&self) -> f64 {
        self.size * self.doubt * self.novelty * self.rarity
    }
}

fn novelty(bounds: &VoxelBox, reviewed: &[VoxelBox], scale: &Scale) -> f64 {
    let nearest_mm2 = reviewed.iter().map(|other| away_mm2(bounds, other, scale)).fold(f64::INFINITY, f64::min);
    1.0 - (1.0 - WORTH_BESIDE_REVIEWED) * (-nearest_mm2.sqrt() / NOVELTY_MM).exp()
}

/// Squared distance of two boxes; 0 where they touch or overlap.
fn away_mm2(a: &VoxelBox, b: &VoxelBox, scale: &Scale) -> f64 {
    let [a_lo, a_hi, b_lo, b_hi] = [a.lo, a.hi, b.lo, b.hi].map(|v| v.to_array());
    scale.squared_mm2(std::array::from_fn(|i| {
        b_lo[i].saturating_sub(a_hi[i]).max(a_lo[i].saturating_sub(b_hi[i])) as f64
    }))
}

fn rarity(region: &Region, shares: &ClassShares) -> f64 {
    let [a, b] = region.disagreement.unwrap_or([region.class; 2]);
    let share = |class: ClassId| shares.of_class(class);
    2.0 - share(region.class).min(share(a)).min(share(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Extent;
    use crate::review::AxisDoubt;
    use crate::review::fixture::{Scene, cube};
    use crate::volume::Grid;

    fn region() -> Region {
        let mut scene = Scene::new([40, 20, 20]);
        scene.agree(cube([10, 5, 5], [5, 5, 5]), 1, 60);
        scene.regions().remove(0)
    }

    fn shares(classes: [ClassId; 4]) -> ClassShares {
        ClassShares::of(&Grid::from_vec(Extent::new(4, 1, 1).unwrap(), classes.to_vec()).unwrap())
    }

    fn factors(region: &Region, reviewed: &[VoxelBox]) -> ValueFactors {
        ValueFactors::of(region, reviewed, &shares([0, 1, 1, 1]), [1.0; 3])
    }

    #[test]
    fn larger_regions_are_worth_more_but_ever_less_so() {
        let of = |size_mm3: f64| factors(&Region { size_mm3, ..region() }, &[]).size;
        assert_eq!((of(0.0), of(200.0)), (0.0, 0.5));
        assert!(of(100.0) < of(200.0) && of(300.0) - of(200.0) < of(200.0) - of(100.0) && of(1e12) <= 1.0);
    }

    #[test]
    fn doubt_on_either_axis_and_most_of_all_on_both_makes_a_region_worth_more() {
        let axis = |mean: f32| AxisDoubt { mean, peak: mean };
        let of = |a: f32, b: f32| factors(&Region { networks: axis(a), unlike_labels: axis(b), ..region() }, &[]).doubt;
        assert_eq!((of(0.5, 0.0), of(0.0, 0.5), of(0.5, 0.5), of(0.0, 0.0)), (0.5, 0.5, 0.75, 0.0));
    }

    #[test]
    fn what_lies_beside_a_reviewed_region_is_worth_half_and_what_lies_far_away_all() {
        let of = |reviewed: &[VoxelBox]| factors(&region(), reviewed).novelty;
        assert_eq!((of(&[]), of(&[cube([15, 5, 5], [2, 2, 2])])), (1.0, 0.5));
        let near = of(&[cube([20, 5, 5], [2, 2, 2])]);
        let farther = of(&[cube([30, 5, 5], [2, 2, 2])]);
        assert!(0.5 < near && near < farther && farther < 1.0);
        assert_eq!(of(&[cube([30, 5, 5], [2, 2, 2]), cube([20, 5, 5], [2, 2, 2])]), near);
    }

    #[test]
    fn rare_classes_are_worth_up_to_twice_as_much_also_where_only_one_network_sees_them() {
        let of = |region: &Region, classes| ValueFactors::of(region, &[], &shares(classes), [1.0; 3]).rarity;
        let region = region();
        assert_eq!((of(&region, [1; 4]), of(&region, [1, 2, 2, 2]), of(&region, [2; 4])), (1.0, 1.75, 2.0));
        let seen_by_one = Region { class: 0, disagreement: Some([1, 0]), ..region.clone() };
        assert_eq!(of(&seen_by_one, [1, 2, 2, 2]), 1.75);
        assert_eq!(of(&Region { class: 0, ..region }, [1, 2, 2, 2]), 1.0);
    }

    #[test]
    fn the_value_is_the_product_of_all_factors() {
        let factors = ValueFactors { size: 0.5, doubt: 0.5, novelty: 0.5, rarity: 2.0 };
        assert_eq!(factors.value(), 0.25);
    }
}
