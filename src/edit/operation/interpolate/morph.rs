//! A shape on its way from one drawn slice to the next.

use super::field::Field;
use super::pairing::{Pair, pairs};
use crate::geometry::Voxel;
use crate::volume::Grid;

/// Shape-based interpolation: signed distances in the plane are blended linearly and the result is where the blend is
/// not above zero (Raya & Udupa 1990). It branches and merges by itself.
///
/// A piece that moves by more than its own width would vanish on the way. Pieces that hardly overlap are paired, and
/// their distances blended about the centre, which moves in a straight line.
pub(super) struct Morph {
    from: Field,
    to: Field,
    pairs: Vec<Pair>,
    spacing_mm: [f64; 2],
}

impl Morph {
    /// From two masks of one extent `(u, v, 1)` in slices `gap_mm` apart.
    pub(super) fn new(from: &Grid<bool>, to: &Grid<bool>, spacing_mm: [f64; 2], gap_mm: f64) -> Self {
        Self { pairs: pairs(from, to, spacing_mm, gap_mm), ..Self::without_pairs(from, to, spacing_mm) }
    }

    pub(super) fn without_pairs(from: &Grid<bool>, to: &Grid<bool>, spacing_mm: [f64; 2]) -> Self {
        Self { from: Field::new(from, spacing_mm), to: Field::new(to, spacing_mm), pairs: Vec::new(), spacing_mm }
    }

    /// Signed distance in mm at a position of the masks, `share` (0 to 1) of the way.
    pub(super) fn distance_mm(&self, at: Voxel, share: f32) -> f32 {
        let straight = blend(self.from.at(at), self.to.at(at), share);
        let place = [at.x as f64 * self.spacing_mm[0], at.y as f64 * self.spacing_mm[1]];
        self.pairs.iter().filter_map(|pair| moving(pair, place, share)).fold(straight, f32::min)
    }
}

/// `None` far from both pieces.
fn moving(pair: &Pair, place_mm: [f64; 2], share: f32) -> Option<f32> {
    let (from, to) = (pair.from.centre_mm, pair.to.centre_mm);
    let t = f64::from(share);
    let offset: [f64; 2] = std::array::from_fn(|a| place_mm[a] - (from[a] + t * (to[a] - from[a])));
    let near = offset[0].hypot(offset[1]) <= pair.from.radius_mm.max(pair.to.radius_mm);
    near.then(|| blend(pair.from.around_centre(offset), pair.to.around_centre(offset), share))
}

fn blend(from: f32, to: f32, share: f32) -> f32 {
    from + share * (to - from)
}
