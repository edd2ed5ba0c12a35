//! How doubtful every voxel is.

use std::ops::Range;

use rayon::prelude::*;

use super::spans::keyed_spans;
use crate::geometry::{Extent, VoxelBox};
use crate::label::{DoubtRule, DoubtThresholds, LabelMap, Origin, Prediction, Rejections, Span, likeness};
use crate::review::{Beliefs, ReviewError, SurfaceBand};
use crate::volume::Grid;

/// Voxels of a word of the band.
const WORD: usize = 64;

/// What is known and believed of one case.
#[derive(Clone, Copy, Debug)]
pub struct ReviewedCase<'a> {
    pub prediction: &'a Prediction,
    pub labels: &'a LabelMap,
    pub rejections: &'a Rejections,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DoubtSettings {
    /// Width of the band around the predicted surfaces within which doubt counts.
    pub band_voxels: f64,
    pub thresholds: DoubtThresholds,
}

impl Default for DoubtSettings {
    fn default() -> Self {
        Self { band_voxels: SurfaceBand::VOXELS, thresholds: DoubtThresholds::default() }
    }
}

/// Doubt of every voxel, `round(255 doubt)`: both axes in one (see [`DoubtRule`]) within the band
/// around the predicted surfaces, and wherever the networks name different classes (there at least one half). It is 0
/// elsewhere, where somebody said what the voxel is, and where the predicted class was rejected before.
#[derive(Clone, Debug, PartialEq)]
pub struct DoubtMap {
    doubt: Grid<u8>,
    rule: DoubtRule,
    band: SurfaceBand,
}

impl DoubtMap {
    /// # Errors
    /// When the planes or the labels lie on different grids.
    pub fn of(case: &ReviewedCase<'_>, settings: &DoubtSettings) -> Result<Self, ReviewError> {
        let band = SurfaceBand::of(case.prediction, settings.band_voxels)?;
        let extent = band.extent();
        let rule = DoubtRule::new(settings.thresholds);
        let mut map = Self { doubt: Grid::filled(extent, 0), rule, band };
        map.update(case, &extent.full_box())?;
        Ok(map)
    }

    /// Works out the rows of a box again, in which labels or rejections changed. The prediction must be the same.
    ///
    /// # Errors
    /// When the planes or the labels lie on other grids than this map; nothing is changed then.
    pub fn update(&mut self, case: &ReviewedCase<'_>, dirty: &VoxelBox) -> Result<(), ReviewError> {
        let beliefs = Beliefs::of(case.prediction)?;
        let extent = self.extent();
        if beliefs.extent != extent {
            return Err(ReviewError::Planes);
        }
        if case.labels.extent() != extent {
            return Err(ReviewError::Labels);
        }
        let rows = RowsOfBox::new(dirty, extent);
        let work = RowWork { beliefs, origin: case.labels.origin().as_slice(), rule: &self.rule };
        let band = &self.band;
        let doubt = self.doubt.as_mut_slice().par_chunks_mut(extent.x()).enumerate();
        doubt.skip(rows.all.start).take(rows.all.len()).filter(|(row, _)| rows.hold(*row)).for_each(|(row, doubt)| {
            let start = row * extent.x();
            work.write(start, band.row(row), doubt);
            for (class, span) in case.rejections.settled_in(start..start + extent.x()) {
                for index in span.filter(|i| beliefs.class.get(*i) == Some(&class)) {
                    doubt[index - start] = 0;
                }
            }
        });
        Ok(())
    }

    pub fn extent(&self) -> Extent {
        self.doubt.extent()
    }

    /// `round(255 doubt)`.
    pub fn plane(&self) -> &Grid<u8> {
        &self.doubt
    }

    pub fn band(&self) -> &SurfaceBand {
        &self.band
    }

    /// 0..=1; 0 beyond the extent.
    pub fn at(&self, index: usize) -> f32 {
        self.doubt.as_slice().get(index).map_or(0.0, |d| f32::from(*d) / 255.0)
    }

    /// False beyond the extent.
    pub fn is_doubtful(&self, index: usize) -> bool {
        self.doubt.as_slice().get(index).is_some_and(|d| *d >= DoubtRule::DOUBTFUL)
    }

    /// Doubtful voxels of a box as ascending spans, each in one row.
    pub(super) fn doubtful_spans(&self, bounds: &VoxelBox) -> Vec<Span> {
        let is_doubtful = |d: u8| u8::from(d >= DoubtRule::DOUBTFUL);
        let spans = keyed_spans(self.extent(), self.doubt.as_slice(), bounds, is_doubtful);
        spans.into_iter().map(|(span, _)| span).collect()
    }
}

/// The numbers (`y + ny * z`) of the rows that a box touches.
struct RowsOfBox {
    bounds: VoxelBox,
    ny: usize,
    all: Range<usize>,
}

impl RowsOfBox {
    fn new(bounds: &VoxelBox, extent: Extent) -> Self {
        let (bounds, ny) = (bounds.intersect(&extent.full_box()), extent.y());
        let number = |y: usize, z: usize| y + ny * z;
        let all = if bounds.is_empty() {
            0..0
        } else {
            number(bounds.lo.y, bounds.lo.z)..number(bounds.hi.y - 1, bounds.hi.z - 1) + 1
        };
        Self { bounds, ny, all }
    }

    fn hold(&self, row: usize) -> bool {
        (self.bounds.lo.y..self.bounds.hi.y).contains(&(row % self.ny))
    }
}

struct RowWork<'a> {
    beliefs: Beliefs<'a>,
    origin: &'a [Origin],
    rule: &'a DoubtRule,
}

impl RowWork<'_> {
    /// Doubt of the row that begins at a linear index. All planes cover that row.
    fn write(&self, start: usize, band: &[u64], doubt: &mut [u8]) {
        let Beliefs { class_a, class_b, .. } = self.beliefs;
        for ((part, word), first) in doubt.chunks_mut(WORD).zip(band).zip((start..).step_by(WORD)) {
            let range = first..first + part.len();
            // Most of a volume is far from all surfaces.
            if *word == 0 && class_a[range.clone()] == class_b[range.clone()] {
                part.fill(0);
            } else {
                self.write_part(range, *word, part);
            }
        }
    }

    fn write_part(&self, range: Span, band: u64, doubt: &mut [u8]) {
        let b = &self.beliefs;
        for ((place, index), doubt) in range.enumerate().zip(doubt) {
            let differ = b.class_a[index] != b.class_b[index];
            let in_band = band >> place & 1 == 1;
            *doubt = if self.origin[index].is_known() || !(differ || in_band) {
                0
            } else {
                let like = likeness(b.np.map_or(u8::MAX, |np| np[index]), b.np_std.map_or(0, |std| std[index]));
                let both = self.rule.doubt(b.dual_confidence[index], like);
                if differ { both.max(DoubtRule::DOUBTFUL) } else { both }
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Voxel;
    use crate::label::boundary_band;
    use crate::review::fixture::{Scene, any_scene, cube};
    use proptest::prelude::*;

    /// The definition, voxel by voxel.
    fn plain_doubt(scene: &Scene, index: usize, rule: &DoubtRule) -> u8 {
        let p = &scene.prediction;
        let at = |grid: &Grid<u8>| grid.as_slice()[index];
        let class = p.class.as_slice()[index];
        if scene.labels.origin().as_slice()[index].is_known() || scene.rejections.is_settled(index, class) {
            return 0;
        }
        let np = p.probabilities.np.as_ref().map_or(255, at);
        let std = p.probabilities.np_std.as_ref().map_or(0, at);
        let doubt = rule.doubt(at(&p.dual_confidence), np.min(255 - std / 2));
        let differ = p.class_a.as_slice()[index] != p.class_b.as_slice()[index];
        let band = boundary_band(&[&p.class, &p.class_a, &p.class_b], p.extent(), 5.0);
        match (differ, band.as_slice()[index]) {
            (true, _) => doubt.max(128),
            (false, true) => doubt,
            (false, false) => 0,
        }
    }

    proptest! {
        #[test]
        fn doubt_is_its_definition_and_nothing_known_is_doubtful(scene in any_scene(), thresholds in prop::array::uniform2(0.0f32..=1.0)) {
            let [networks, unlike_labels] = thresholds;
            let thresholds = DoubtThresholds { networks, unlike_labels };
            let rule = DoubtRule::new(thresholds);
            let map = DoubtMap::of(&scene.case(), &DoubtSettings { thresholds, ..DoubtSettings::default() }).unwrap();
            for index in 0..scene.extent().voxel_count() {
                let expected = plain_doubt(&scene, index, &rule);
                prop_assert_eq!(map.plane().as_slice()[index], expected);
                prop_assert_eq!(map.is_doubtful(index), expected >= 128);
                let known = scene.labels.origin().as_slice()[index].is_known();
                prop_assert!(!(known && map.is_doubtful(index)));
            }
        }

        #[test]
        fn an_update_inside_a_box_equals_working_all_out_again(
            scene in any_scene(),
            lo in prop::array::uniform3(0usize..20),
            size in prop::array::uniform3(0usize..12),
            forget in any::<bool>(),
        ) {
            let mut scene = scene;
            let mut map = scene.doubt();
            let b = cube(lo, size);
            if forget { scene.forget(b) } else { scene.know(b) }
            map.update(&scene.case(), &b).unwrap();
            prop_assert_eq!(map, scene.doubt());
        }
    }

    #[test]
    fn far_from_all_surfaces_only_disagreement_is_doubtful() {
        let mut scene = Scene::new([80, 3, 3]);
        scene.agree(cube([0, 0, 0], [10, 3, 3]), 1, 255);
        scene.agree(cube([10, 0, 0], [70, 3, 3]), 0, 20);
        scene.prediction.class_a.set(Voxel::new(70, 1, 1), 0);
        let doubtful = |scene: &Scene| -> Vec<usize> {
            let map = scene.doubt();
            (0..80).filter(|x| map.is_doubtful(scene.extent().index(Voxel::new(*x, 1, 1)))).collect()
        };
        assert_eq!(doubtful(&scene), (10..15).collect::<Vec<_>>());
        // A network that sees something there brings its own surface along.
        scene.prediction.class_a.set(Voxel::new(70, 1, 1), 1);
        assert_eq!(doubtful(&scene), (10..15).chain(65..=75).collect::<Vec<_>>());
    }

    #[test]
    fn odd_thresholds_and_foreign_grids_are_handled() {
        let mut scene = Scene::new([6, 5, 4]);
        scene.disagree(cube([1, 1, 1], [2, 2, 2]), 1, 0);
        for threshold in [f32::NAN, -1.0, 0.0, 7.0, f32::INFINITY] {
            let thresholds = DoubtThresholds { networks: threshold, unlike_labels: threshold };
            let settings = DoubtSettings { thresholds, band_voxels: f64::NAN };
            let map = DoubtMap::of(&scene.case(), &settings).unwrap();
            let count = (0..120).filter(|i| map.is_doubtful(*i)).count();
            assert_eq!(count, 8, "{threshold}");
        }
        scene.labels = LabelMap::unknown(Extent::new(6, 5, 5).unwrap());
        let refused = DoubtMap::of(&scene.case(), &DoubtSettings::default());
        assert_eq!(refused.err(), Some(ReviewError::Labels));
    }
}
