//! Places at which the right decision of a review is known: regions of a case that somebody labelled.

use std::cmp::Reverse;

use super::pieces::{RowIndex, grouped, row_steps};
use super::scale::Scale;
use super::spans::keyed_spans;
use crate::label::{ClassId, DoubtThresholds, LabelMap, Prediction, Rejections, Span};
use crate::review::{
    Beliefs, ClassShares, DoubtMap, DoubtSettings, QueueKey, Region, ReviewError, ReviewQueue, ReviewedCase,
    find_regions,
};

/// Share of a region that must be drawn or imported: what is right is to be known of most of it.
const FEWEST_KNOWN: f64 = 0.75;
/// Agreement from which accepting is right: the rest is the rim, about which two readers differ as well.
const RIGHT_FROM: f64 = 0.8;
/// Agreement up to which rejecting is right: half of what would be accepted is wrong. In between careful reviewers decide
/// both ways, so nobody is asked.
const WRONG_UP_TO: f64 = 0.5;
/// A smaller piece is not recognised as a structure: a cube of about 2 mm.
const SMALLEST_STRUCTURE_MM3: f64 = 10.0;
/// More of one case would not make the choice better.
const MOST: usize = 64;

/// A region to be accepted or rejected, of which is known what is right.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownQuestion {
    pub region: Region,
    /// Share (0 to 1) of its labelled voxels that are predicted to be what they are.
    pub agreement: f64,
}

impl KnownQuestion {
    /// `None` where too little is known, or where neither decision is clearly right.
    fn of(region: Region, prediction: &Prediction, labels: &LabelMap) -> Option<Self> {
        let (mut known, mut agreeing) = (0usize, 0usize);
        for index in region.spans.iter().cloned().flatten() {
            let label = labels.value_at(index);
            if label.origin.is_gold() {
                known += 1;
                agreeing += usize::from(prediction.class.as_slice().get(index) == Some(&label.class));
            }
        }
        let is_known = known > 0 && known as f64 >= FEWEST_KNOWN * region.voxel_count as f64;
        let agreement = agreeing as f64 / known.max(1) as f64;
        let is_clear = agreement <= WRONG_UP_TO || agreement >= RIGHT_FROM;
        (is_known && is_clear).then_some(Self { region, agreement })
    }

    /// Else rejecting is.
    pub fn accept_is_right(&self) -> bool {
        self.agreement >= RIGHT_FROM
    }
}

/// Questions about a prediction that labels can answer: its regions of doubt as if nothing were labelled, those worth most
/// first; where none of them can be asked, its structures, the largest first.
///
/// # Errors
/// When the planes or the labels lie on different grids.
pub fn known_questions(
    prediction: &Prediction,
    labels: &LabelMap,
    spacing_mm: [f64; 3],
    thresholds: DoubtThresholds,
) -> Result<Vec<KnownQuestion>, ReviewError> {
    let beliefs = Beliefs::of(prediction)?;
    let extent = beliefs.extent;
    if labels.extent() != extent {
        return Err(ReviewError::Labels);
    }
    let (unlabelled, none) = (LabelMap::unknown(extent), Rejections::default());
    let case = ReviewedCase { prediction, labels: &unlabelled, rejections: &none };
    let doubt = DoubtMap::of(&case, &DoubtSettings { thresholds, ..DoubtSettings::default() })?;
    let question = |region: Region| KnownQuestion::of(region, prediction, labels);

    let key = QueueKey::new(&prediction.provenance, unlabelled.revision());
    let regions = find_regions(prediction, &doubt, spacing_mm)?;
    let queue = ReviewQueue::new(key, extent, spacing_mm, regions, &ClassShares::of(&prediction.class));
    let doubtful = queue.regions().iter().map(|queued| &queued.region).filter(|region| !region.is_scattered);
    let questions: Vec<KnownQuestion> = doubtful.cloned().filter_map(question).take(MOST).collect();
    if !questions.is_empty() {
        return Ok(questions);
    }
    let structures = structures(&beliefs, &doubt, &Scale::new(spacing_mm));
    Ok(structures.into_iter().filter_map(question).take(MOST).collect())
}

/// Connected pieces of one predicted class, the largest first.
fn structures(beliefs: &Beliefs<'_>, doubt: &DoubtMap, scale: &Scale) -> Vec<Region> {
    let extent = beliefs.extent;
    let keyed = keyed_spans(extent, beliefs.class, &extent.full_box(), |class| class);
    let (spans, classes): (Vec<Span>, Vec<ClassId>) = keyed.into_iter().unzip();
    let touching = row_steps(0.0, 1, scale);
    let numbers = RowIndex::new(extent, &spans).numbered(&touching, |a, b| classes.get(a) == classes.get(b));
    let pieces = grouped(&spans, &numbers).into_iter();
    let regions = pieces.filter_map(|spans| Region::of(spans, beliefs, doubt, scale, false));
    let mut large: Vec<Region> = regions.filter(|region| region.size_mm3 >= SMALLEST_STRUCTURE_MM3).collect();
    large.sort_by_key(|region| Reverse(region.voxel_count));
    large
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::VoxelBox;
    use crate::label::Origin;
    use crate::review::fixture::{Scene, cube};
    use crate::volume::Grid;

    /// Gold of class 1 in a box and background elsewhere, known where `known` says.
    fn gold(scene: &Scene, truth: VoxelBox, known: impl Fn(usize) -> bool) -> LabelMap {
        let extent = scene.extent();
        let class = Grid::from_fn(extent, |v| u8::from(truth.contains(v) && known(v.x)));
        let origin = Grid::from_fn(extent, |v| if known(v.x) { Origin::Manual } else { Origin::Unknown });
        LabelMap::from_planes(class, origin).unwrap()
    }

    fn asked(scene: &Scene, labels: &LabelMap) -> Vec<KnownQuestion> {
        known_questions(&scene.prediction, labels, scene.spacing_mm, DoubtThresholds::default()).unwrap()
    }

    /// The networks disagree in a block of 6^3 voxels, in which class 1 is predicted.
    fn disputed() -> (Scene, VoxelBox) {
        let (mut scene, block) = (Scene::new([24, 20, 16]), cube([4, 4, 4], [6, 6, 6]));
        scene.disagree(block, 1, 1);
        (scene, block)
    }

    #[test]
    fn a_region_that_the_labels_confirm_is_to_be_accepted_and_one_they_deny_is_not() {
        let (scene, block) = disputed();
        let confirmed = asked(&scene, &gold(&scene, block, |_| true));
        assert!(!confirmed.is_empty() && confirmed.iter().all(KnownQuestion::accept_is_right));
        let denied = asked(&scene, &gold(&scene, cube([15, 4, 4], [6, 6, 6]), |_| true));
        assert_eq!(denied.len(), confirmed.len(), "labels do not move the regions of doubt");
        assert!(denied.iter().all(|question| !question.accept_is_right() && question.agreement == 0.0));
    }

    #[test]
    fn what_careful_reviewers_decide_both_ways_is_not_asked() {
        let (scene, _) = disputed();
        // Four of the six layers of the block are right.
        assert!(asked(&scene, &gold(&scene, cube([4, 4, 4], [4, 6, 6]), |_| true)).is_empty());
    }

    #[test]
    fn what_is_hardly_labelled_or_only_accepted_is_not_asked() {
        let (scene, block) = disputed();
        assert!(asked(&scene, &gold(&scene, block, |x| x < 6)).is_empty(), "a third is known");
        let labels = gold(&scene, block, |_| true);
        let accepted = Grid::filled(scene.extent(), Origin::Accepted);
        assert!(asked(&scene, &LabelMap::from_planes(labels.class().clone(), accepted).unwrap()).is_empty());
    }

    #[test]
    fn without_doubt_whole_structures_are_asked_about_the_largest_first() {
        let mut scene = Scene::new([24, 20, 16]);
        let (small, large) = (cube([2, 2, 2], [3, 3, 3]), cube([10, 8, 6], [6, 6, 6]));
        scene.agree(small, 1, 255);
        scene.agree(large, 1, 255);
        scene.agree(cube([20, 1, 1], [1, 1, 1]), 1, 255);
        let questions = asked(&scene, &gold(&scene, large, |_| true));
        let facts: Vec<_> = questions.iter().map(|q| (q.region.voxel_count, q.accept_is_right())).collect();
        assert_eq!(facts, [(216, true), (27, false)], "a speck is no structure");
    }

    #[test]
    fn labels_on_another_grid_are_refused() {
        let (scene, _) = disputed();
        let other = Scene::new([3, 3, 3]).labels;
        let refused = known_questions(&scene.prediction, &other, [1.0; 3], DoubtThresholds::default());
        assert!(matches!(refused, Err(ReviewError::Labels)));
    }
}
