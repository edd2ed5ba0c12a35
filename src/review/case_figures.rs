//! What a prediction says about its case as a whole.

use rayon::prelude::*;

use super::pieces::{RowIndex, row_steps};
use super::scale::Scale;
use super::spans::keyed_spans;
use crate::geometry::Affine;
use crate::label::Span;
use crate::label::{ClassId, FINE_STEPS, Prediction};
use crate::metrics::{LabelComparison, MeasureError, Overlap};
use crate::review::{Beliefs, ReviewError, SurfaceBand};

/// Dual confidence of at least one half, in steps of 1/255.
const TRUSTED: u8 = 128;
const MM3_PER_ML: f64 = 1000.0;

/// The numbers by which cases are ranked; all of the prediction, none of the labels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CaseFigures {
    /// Mean over the classes that A or B sees of the Dice of their maps; 1 if neither sees any. A cheap proxy for the Dice to
    /// expect.
    pub networks_dice: f64,
    /// Share of the voxels in the band around the surfaces with a dual confidence below one half.
    pub doubtful_band_share: f64,
    /// Mean standard deviation of the neural process in that band, 0..=0.1.
    pub np_std: Option<f64>,
    /// Sum over classes of how much the volumes differ that A and B see.
    pub volume_difference_ml: f64,
    /// The same as a share of all that either sees, 0..=1.
    pub volume_difference_share: f64,
    /// Connected components of the fused map, class by class, and the number of classes in it.
    pub components: usize,
    pub classes: usize,
    /// How unlike the labelled cases it is, nats.
    pub np_divergence: Option<f64>,
}

/// Sums over voxels.
#[derive(Clone)]
struct Counts {
    overlaps: Vec<Overlap>,
    band: u64,
    doubtful: u64,
    std_sum: u64,
}

impl CaseFigures {
    /// # Errors
    /// When the planes or the band lie on different grids.
    pub fn of(prediction: &Prediction, band: &SurfaceBand, spacing_mm: [f64; 3]) -> Result<Self, ReviewError> {
        let beliefs = Beliefs::of(prediction)?;
        if band.extent() != beliefs.extent {
            return Err(ReviewError::Planes);
        }
        let scale = Scale::new(spacing_mm);
        let counts = Counts::of(&beliefs, band);
        let (components, classes) = components(&beliefs, &scale);
        let per_band = |sum: u64| sum as f64 / counts.band.max(1) as f64;
        let (differing, larger) = counts.volume_difference();
        Ok(Self {
            networks_dice: counts.dice(),
            doubtful_band_share: per_band(counts.doubtful),
            np_std: beliefs.np_std.map(|_| per_band(counts.std_sum) / f64::from(FINE_STEPS)),
            volume_difference_ml: differing as f64 * scale.voxel_mm3() / MM3_PER_ML,
            volume_difference_share: differing as f64 / larger.max(1) as f64,
            components,
            classes,
            np_divergence: prediction.probabilities.np_divergence.map(f64::from).filter(|d| d.is_finite()),
        })
    }

    /// The largest HD95 between A and B of all classes that both see, mm; `None` where they see none. It costs distance
    /// transforms and is no part of the ranking: ask for it when somebody looks.
    pub fn networks_hd95_mm(
        prediction: &Prediction,
        affine: &Affine,
        cancelled: impl Fn() -> bool,
    ) -> Result<Option<f64>, MeasureError> {
        let (a, b) = (&prediction.class_a, &prediction.class_b);
        let classes = LabelComparison::foreground_of(a, b);
        let compared = LabelComparison::between(a, b, affine, &classes, cancelled)?;
        let hd95 = compared.classes.iter().filter_map(|c| c.distances_mm.map(|d| d.hd95));
        Ok(hd95.max_by(f64::total_cmp))
    }
}

impl Counts {
    fn none() -> Self {
        Self { overlaps: vec![Overlap::default(); 256], band: 0, doubtful: 0, std_sum: 0 }
    }

    fn of(beliefs: &Beliefs<'_>, band: &SurfaceBand) -> Self {
        let [nx, ny, nz] = beliefs.extent.to_array();
        let of_slice = |mut counts: Self, z: usize| {
            for row in z * ny..(z + 1) * ny {
                counts.add_classes(beliefs, row * nx..(row + 1) * nx);
                for (word, first) in band.row(row).iter().zip((row * nx..).step_by(64)) {
                    counts.add_band(beliefs, *word, first);
                }
            }
            counts
        };
        (0..nz).into_par_iter().fold(Self::none, of_slice).reduce(Self::none, Self::with)
    }

    fn add_classes(&mut self, beliefs: &Beliefs<'_>, row: Span) {
        let (a, b) = (&beliefs.class_a[row.clone()], &beliefs.class_b[row]);
        let background = |row: &[ClassId]| row.iter().all(|class| *class == 0);
        if background(a) && background(b) {
            return;
        }
        for (a, b) in a.iter().zip(b) {
            self.overlaps[usize::from(*a)].prediction += 1;
            self.overlaps[usize::from(*b)].truth += 1;
            self.overlaps[usize::from(*a)].both += usize::from(a == b);
        }
    }

    fn add_band(&mut self, beliefs: &Beliefs<'_>, mut word: u64, first: usize) {
        while word != 0 {
            let index = first + word.trailing_zeros() as usize;
            word &= word - 1;
            self.band += 1;
            self.doubtful += u64::from(beliefs.dual_confidence[index] < TRUSTED);
            self.std_sum += beliefs.np_std.map_or(0, |std| u64::from(std[index]));
        }
    }

    fn with(mut self, other: Self) -> Self {
        for (sum, more) in self.overlaps.iter_mut().zip(other.overlaps) {
            sum.prediction += more.prediction;
            sum.truth += more.truth;
            sum.both += more.both;
        }
        self.band += other.band;
        self.doubtful += other.doubtful;
        self.std_sum += other.std_sum;
        self
    }

    fn foreground(&self) -> impl Iterator<Item = &Overlap> {
        self.overlaps.iter().skip(1).filter(|o| o.prediction + o.truth > 0)
    }

    fn dice(&self) -> f64 {
        let seen = self.foreground().count();
        if seen == 0 { 1.0 } else { self.foreground().map(Overlap::dice).sum::<f64>() / seen as f64 }
    }

    /// Voxels by which the volumes differ, and those of the larger volume, summed over classes.
    fn volume_difference(&self) -> (usize, usize) {
        self.foreground().fold((0, 0), |(differing, larger), o| {
            (differing + o.prediction.abs_diff(o.truth), larger + o.prediction.max(o.truth))
        })
    }
}

/// Components of 6-neighbours of one class, and how many classes there are.
fn components(beliefs: &Beliefs<'_>, scale: &Scale) -> (usize, usize) {
    let keyed = keyed_spans(beliefs.extent, beliefs.class, &beliefs.extent.full_box(), |class| class);
    let mut seen = [false; 256];
    keyed.iter().for_each(|(_, class)| seen[usize::from(*class)] = true);
    let (spans, classes): (Vec<Span>, Vec<ClassId>) = keyed.into_iter().unzip();
    let touching = row_steps(0.0, 1, scale);
    let numbers = RowIndex::new(beliefs.extent, &spans).numbered(&touching, |a, b| classes.get(a) == classes.get(b));
    let count = numbers.iter().max().map_or(0, |most| most + 1);
    (count, seen.iter().filter(|seen| **seen).count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::{boundary_band, component_sizes, components as numbered};
    use crate::review::fixture::{Scene, any_scene, cube};
    use proptest::prelude::*;

    fn figures(scene: &Scene) -> CaseFigures {
        let band = SurfaceBand::of(&scene.prediction, SurfaceBand::VOXELS).unwrap();
        CaseFigures::of(&scene.prediction, &band, scene.spacing_mm).unwrap()
    }

    proptest! {
        #[test]
        fn figures_equal_their_plain_definitions(scene in any_scene()) {
            let (p, found) = (&scene.prediction, figures(&scene));
            let of_class = |c| Overlap::of_class(p.class_a.as_slice(), p.class_b.as_slice(), c);
            let seen: Vec<Overlap> = (1..3).map(of_class).filter(|o| o.prediction + o.truth > 0).collect();
            let dice = seen.iter().map(Overlap::dice).sum::<f64>() / seen.len().max(1) as f64;
            let dice = if seen.is_empty() { 1.0 } else { dice };
            prop_assert!((found.networks_dice - dice).abs() < 1e-12);
            let voxel: f64 = scene.spacing_mm.iter().product();
            let ml: f64 = seen.iter().map(|o| o.prediction.abs_diff(o.truth) as f64 * voxel / 1000.0).sum();
            prop_assert!((found.volume_difference_ml - ml).abs() < 1e-9 * ml.max(1.0));
            let band = boundary_band(&[&p.class, &p.class_a, &p.class_b], p.extent(), 5.0);
            let inside: Vec<usize> = (0..band.as_slice().len()).filter(|i| band.as_slice()[*i]).collect();
            let low = inside.iter().filter(|i| p.dual_confidence.as_slice()[**i] < 128).count();
            prop_assert!((found.doubtful_band_share - low as f64 / inside.len().max(1) as f64).abs() < 1e-12);
            let components: usize = (1..3u8)
                .map(|c| component_sizes(&numbered(|i| p.class.as_slice()[i] == c, p.extent())).len() - 1)
                .sum();
            prop_assert_eq!(found.components, components);
            prop_assert_eq!(found.np_std.is_some(), p.probabilities.np_std.is_some());
        }
    }

    #[test]
    fn nothing_seen_is_full_agreement() {
        let found = figures(&Scene::new([3, 3, 3]));
        assert_eq!((found.networks_dice, found.doubtful_band_share, found.volume_difference_share), (1.0, 0.0, 0.0));
        assert_eq!((found.components, found.classes, found.np_std, found.np_divergence), (0, 0, None, None));
    }

    #[test]
    fn the_largest_distance_between_the_networks_is_there_for_who_asks() {
        let mut scene = Scene::new([30, 8, 8]);
        scene.agree(cube([2, 2, 2], [4, 4, 4]), 1, 255);
        scene.disagree(cube([20, 2, 2], [4, 4, 4]), 1, 0);
        let affine = Affine::from_spacing([1.0; 3]);
        let hd95 = |scene: &Scene| CaseFigures::networks_hd95_mm(&scene.prediction, &affine, || false);
        assert!(hd95(&scene).unwrap().is_some_and(|mm| mm > 10.0));
        assert_eq!(hd95(&Scene::new([3, 3, 3])), Ok(None));
        let cancelled = CaseFigures::networks_hd95_mm(&scene.prediction, &affine, || true);
        assert_eq!(cancelled, Err(MeasureError::Cancelled));
    }
}
