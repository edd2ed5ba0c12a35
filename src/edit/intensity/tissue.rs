//! What the tissue around a voxel looks like.

use super::IntensityRange;
use crate::geometry::{Voxel, VoxelBox};
use crate::volume::Image;

/// Voxels at most this far from the pointer are looked at, in steps of the finest axis: about 30 in a slice and 120 in
/// a volume, enough for a spread and few enough to lie in one organ.
const RADIUS: f64 = 3.0;

/// How often the centre is moved to the middle of the third of the voxels nearest to it. It settles by then, also from
/// a pointer on an odd voxel.
const CENTRE_STEPS: usize = 3;

/// A quarter of a normal distribution lies within this many standard deviations of its centre.
const QUARTER_WITHIN: f64 = 0.3186;

/// Half of the differences of two normally distributed values are within this many of their standard deviations.
const HALF_OF_DIFFERENCES_WITHIN: f64 = 0.9539;

/// Share of the band that is left on an edge: two of the usual three spreads still hold 95 in 100 voxels of the tissue.
const BAND_ON_EDGES: f64 = 2.0 / 3.0;

/// The spread is never less than this share of the image's range of intensities, so that a flat neighbourhood does not
/// stop at the first rounding step.
const SMALLEST_SPREAD: f64 = 0.005;

/// An edge is where the intensity (Sobel's smoothed difference) changes by more than this many spreads from one voxel
/// to the next: noise alone does so once in 400 voxels of a slice, and far more rarely in a volume.
const EDGE_SPREADS: f64 = 1.5;

pub(super) struct Tissue<'a> {
    image: &'a Image,
    axes: [bool; 3],
    /// Steps of the finest axis that make up one step of each axis.
    steps: [f64; 3],
    centre: f64,
    spread: f64,
}

impl<'a> Tissue<'a> {
    /// Judged along the given axes only. `None` if the seed, which must be inside, is not finite.
    ///
    /// The centre is the mode of the neighbourhood that the seed belongs to. The spread comes from the quarter of the
    /// voxels nearest to it and from the differences of neighbours, of which few cross an edge. So neither is drawn to
    /// another tissue unless that makes up more than two thirds.
    pub(super) fn around(image: &'a Image, seed: Voxel, axes: [bool; 3], spacing_mm: [f64; 3]) -> Option<Self> {
        let steps = relative_steps(axes, spacing_mm);
        let at_seed = Some(image.intensity(seed)).filter(|v| v.is_finite())?;
        let near = Neighbourhood { image, seed, axes, steps };
        let mut samples = near.intensities();
        let (third, quarter) = (samples.len() / 3, samples.len() / 4);
        let mut centre = at_seed;
        for _ in 0..CENTRE_STEPS {
            sort_by_distance(&mut samples, centre);
            let nearest = samples.get_mut(..=third)?;
            nearest.sort_unstable_by(f64::total_cmp);
            centre = *nearest.get(nearest.len() / 2)?;
        }
        sort_by_distance(&mut samples, centre);
        let spread = (samples.get(quarter)? - centre).abs() / QUARTER_WITHIN;
        let noise = median(near.differences()) / HALF_OF_DIFFERENCES_WITHIN;
        let statistics = image.statistics();
        let smallest = SMALLEST_SPREAD * (statistics.percentile(99.0) - statistics.percentile(1.0));
        Some(Self { image, axes, steps, centre, spread: spread.max(noise).max(smallest) })
    }

    /// Whether a voxel is at most `multiplier` spreads from the centre, or less where it lies on an edge: what is
    /// unusual there is already part of the other side. Thin structures are all edge, so an edge alone is no reason to
    /// stop.
    pub(super) fn is_similar(&self, index: usize, multiplier: f64) -> bool {
        let within = |reach: f64| IntensityRange::around(self.centre, reach * self.spread);
        let intensity = self.image.intensity_at(index);
        within(multiplier * BAND_ON_EDGES).contains(intensity)
            || (within(multiplier).contains(intensity) && !self.is_edge(index))
    }

    /// Voxels that are no numbers make an edge.
    fn is_edge(&self, index: usize) -> bool {
        let slope: f64 = self.gradient(index).iter().map(|g| g * g).sum::<f64>().sqrt();
        let is_flat = slope <= EDGE_SPREADS * self.spread;
        !is_flat
    }

    /// Sobel's gradient per step of the finest axis; what lies beyond the border is as the border.
    fn gradient(&self, index: usize) -> [f64; 3] {
        let at = self.image.extent().voxel(index);
        let [xs, ys, zs] = self.axes.map(|along| if along { -1..=1 } else { 0..=0 });
        let (mut sums, mut weight_sum) = ([0.0; 3], 0.0);
        for z in zs {
            for y in ys.clone() {
                for x in xs.clone() {
                    let step = [x, y, z];
                    let weight: f64 = step.iter().map(|s: &i8| f64::from(2 - s.abs())).product();
                    let intensity = self.beside(at, step);
                    weight_sum += weight;
                    for (sum, s) in sums.iter_mut().zip(step) {
                        *sum += f64::from(s) * weight * intensity;
                    }
                }
            }
        }
        // Weights of 1, 2, 1 along each axis; a difference over two voxels has 1, 0, 1 along its own.
        std::array::from_fn(|a| sums[a] / (weight_sum / 2.0) / self.steps[a])
    }

    fn beside(&self, at: Voxel, step: [i8; 3]) -> f64 {
        let (at, lengths) = (at.to_array(), self.image.extent().to_array());
        let moved = std::array::from_fn(|a| at[a].saturating_add_signed(isize::from(step[a])).min(lengths[a] - 1));
        self.image.intensity(Voxel::from(moved))
    }
}

/// Steps of the finest of the given axes that make up one step of each axis; 1 for the other axes.
fn relative_steps(axes: [bool; 3], spacing_mm: [f64; 3]) -> [f64; 3] {
    let spacing = spacing_mm.map(|s| if s.is_finite() && s > 0.0 { s } else { 1.0 });
    let finest = (0..3).filter(|&a| axes[a]).map(|a| spacing[a]).fold(f64::INFINITY, f64::min);
    std::array::from_fn(|a| if axes[a] { spacing[a] / finest } else { 1.0 })
}

fn sort_by_distance(values: &mut [f64], centre: f64) {
    values.sort_unstable_by(|a, b| (a - centre).abs().total_cmp(&(b - centre).abs()));
}

/// 0 for no values.
fn median(mut values: Vec<f64>) -> f64 {
    let middle = values.len() / 2;
    if values.is_empty() { 0.0 } else { *values.select_nth_unstable_by(middle, f64::total_cmp).1 }
}

/// The voxels within reach of the seed along the given axes.
struct Neighbourhood<'a> {
    image: &'a Image,
    seed: Voxel,
    axes: [bool; 3],
    steps: [f64; 3],
}

impl Neighbourhood<'_> {
    fn voxels(&self) -> impl Iterator<Item = Voxel> {
        let mut around = VoxelBox::of_voxel(self.seed);
        for (axis, centre) in self.seed.to_array().into_iter().enumerate().filter(|(axis, _)| self.axes[*axis]) {
            // At most the radius: the cast is exact.
            let reach = (RADIUS / self.steps[axis]) as usize;
            around.lo = around.lo.with_axis(axis, centre.saturating_sub(reach));
            around.hi = around.hi.with_axis(axis, centre + reach + 1);
        }
        around.intersect(&self.image.extent().full_box()).voxels().filter(|v| self.contains(*v))
    }

    fn contains(&self, v: Voxel) -> bool {
        let (at, centre) = (v.to_array(), self.seed.to_array());
        let offset = |a: usize| at[a].abs_diff(centre[a]) as f64 * self.steps[a];
        (0..3).map(|a| offset(a).powi(2)).sum::<f64>() <= RADIUS * RADIUS
    }

    /// Of the finite voxels.
    fn intensities(&self) -> Vec<f64> {
        self.voxels().map(|v| self.image.intensity(v)).filter(|v| v.is_finite()).collect()
    }

    /// Sizes of the finite differences of face neighbours.
    fn differences(&self) -> Vec<f64> {
        let extent = self.image.extent();
        let next = |v: Voxel, axis: usize| v.with_axis(axis, v.to_array()[axis] + 1);
        let axes = (0..3).filter(|&axis| self.axes[axis]);
        let pairs = axes.flat_map(|axis| self.voxels().map(move |v| (v, next(v, axis))));
        let inside = pairs.filter(|(_, next)| extent.contains(*next) && self.contains(*next));
        inside
            .map(|(v, next)| (self.image.intensity(v) - self.image.intensity(next)).abs())
            .filter(|d| d.is_finite())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Affine, Extent};
    use crate::volume::{Grid, Voxels};

    const IN_SLICE: [bool; 3] = [true, true, false];

    /// Two tissues 100 apart, so the smallest spread is 0.5; a patch and a rim are a little brighter than the left.
    fn two_tissues(rim: f64) -> Image {
        let grid = Grid::from_fn(Extent::new(40, 20, 1).unwrap(), |v| match (v.x, v.y) {
            (8..=12, 8..=12) => 1.25,
            (20, _) => rim,
            (21.., _) => 100.0,
            _ => 0.0,
        });
        Image::new(Voxels::F64(grid), 1.0, 0.0, Affine::identity())
    }

    #[test]
    fn what_is_unusual_counts_as_similar_where_it_is_flat_but_not_on_an_edge() {
        let similar = |rim: f64, at: Voxel, spacing_mm: [f64; 3]| {
            let image = two_tissues(rim);
            let tissue = Tissue::around(&image, Voxel::new(3, 3, 0), IN_SLICE, spacing_mm).unwrap();
            tissue.is_similar(image.extent().index(at), 3.0)
        };
        let (patch, rim) = (Voxel::new(10, 10, 0), Voxel::new(20, 10, 0));
        assert!(similar(1.25, patch, [1.0; 3]));
        assert!(!similar(1.25, rim, [1.0; 3]));
        assert!(similar(0.75, rim, [1.0; 3]), "thin structures are all edge");
        assert!(similar(1.25, rim, [100.0, 1.0, 1.0]), "a rise over a long way is no edge");
        assert!(!similar(1.75, rim, [100.0, 1.0, 1.0]), "out of the band it is another tissue anyway");
    }

    #[test]
    fn a_pointer_in_the_corner_of_a_tissue_judges_that_tissue() {
        let extent = Extent::new(20, 20, 1).unwrap();
        let noise = |v: Voxel| f64::from((v.x * 31 + v.y * 17) as u8 % 11) - 5.0;
        let grid = Grid::from_fn(extent, |v| noise(v) + if v.x >= 10 && v.y >= 10 { 500.0 } else { 0.0 });
        let image = Image::new(Voxels::F64(grid), 1.0, 0.0, Affine::identity());
        let tissue = Tissue::around(&image, Voxel::new(10, 10, 0), IN_SLICE, [1.0; 3]).unwrap();
        assert!((tissue.centre - 500.0).abs() < 4.0, "{}", tissue.centre);
        assert!((1.0..15.0).contains(&tissue.spread), "{}", tissue.spread);
    }
}
