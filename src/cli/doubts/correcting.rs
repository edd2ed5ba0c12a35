//! A reviewer who corrects a few wrong voxels of a case, and what the networks make of the rest then.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::geometry::Voxel;
use crate::label::{ClassId, LabelMap, Origin, Prediction, Provenance};
use crate::learn::data::TrainCase;
use crate::learn::{LearnError, Predictor};
use crate::volume::Grid;

/// Around a correction, mm.
const NEAR_MM: f64 = 5.0;
/// The same voxels are corrected whatever the run.
const SEED: u64 = 20;

/// Counts over all cases; corrected voxels themselves are not counted as wrong or right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Corrected {
    pub corrected: usize,
    pub wrong_before: usize,
    pub wrong_after: usize,
    pub near_before: usize,
    pub near_after: usize,
}

/// Corrects up to `count` wrong voxels, drawn at random, and returns the classes predicted with them.
pub fn correct_some(
    case: &TrainCase,
    before: &Prediction,
    predictor: &Predictor,
    count: usize,
    sum: &mut Corrected,
) -> Result<Grid<ClassId>, LearnError> {
    let truth = case.labels().class();
    let extent = truth.extent();
    let is_wrong = |class: &Grid<ClassId>, v: Voxel| class.at(v) != truth.at(v);
    let mut wrong: Vec<Voxel> = extent.full_box().voxels().filter(|v| is_wrong(&before.class, *v)).collect();
    wrong.shuffle(&mut ChaCha8Rng::seed_from_u64(SEED));
    wrong.truncate(count);
    let mut origin = Grid::filled(extent, Origin::Unknown);
    wrong.iter().for_each(|v| origin.set(*v, Origin::Manual));
    let labels = LabelMap::from_planes(truth.clone(), origin).unwrap_or_else(|| LabelMap::unknown(extent));
    let provenance = Provenance { label_revision: 1, ..before.provenance.clone() };
    let subject = predictor.subject(&case.image, &labels, case.annotated(), |_| false);
    let after =
        predictor.predict(&subject, provenance, &mut || false)?.map_or_else(|| before.class.clone(), |p| p.class);

    let mm = case.image.spacing_mm();
    let is_near = |v: Voxel| wrong.iter().any(|w| distance_mm(*w, v, mm) <= NEAR_MM);
    sum.corrected += wrong.len();
    for v in extent.full_box().voxels().filter(|v| !wrong.contains(v)) {
        let (was, is) = (is_wrong(&before.class, v), is_wrong(&after, v));
        sum.wrong_before += usize::from(was);
        sum.wrong_after += usize::from(is);
        if (was || is) && is_near(v) {
            sum.near_before += usize::from(was);
            sum.near_after += usize::from(is);
        }
    }
    Ok(after)
}

fn distance_mm(a: Voxel, b: Voxel, spacing_mm: [f64; 3]) -> f64 {
    let (a, b) = (a.to_f64(), b.to_f64());
    (0..3).map(|i| ((a[i] - b[i]) * spacing_mm[i]).powi(2)).sum::<f64>().sqrt()
}
