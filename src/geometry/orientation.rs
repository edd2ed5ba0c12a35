//! Which anatomical direction each voxel axis points to.

use super::Affine;

/// Where a step along an axis leads, in the patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnatomicalDirection {
    Right,
    Left,
    Anterior,
    Posterior,
    Superior,
    Inferior,
}

/// A voxel axis (0 = x, 1 = y, 2 = z) walked forwards or backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedAxis {
    pub axis: usize,
    pub reversed: bool,
}

/// For each voxel axis the closest anatomical direction; the three are always different world axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Orientation {
    pub directions: [AnatomicalDirection; 3],
}

impl AnatomicalDirection {
    pub const ALL: [Self; 6] =
        [Self::Right, Self::Left, Self::Anterior, Self::Posterior, Self::Superior, Self::Inferior];

    /// The unit vector that leads there, RAS.
    pub fn unit(self) -> [f64; 3] {
        let mut unit = [0.0; 3];
        let negative = self != Self::from_world_axis(self.world_axis(), false);
        unit[self.world_axis()] = if negative { -1.0 } else { 1.0 };
        unit
    }

    /// Along a world axis (0 = right-left, 1 = anterior-posterior, 2 = superior-inferior).
    pub fn from_world_axis(world_axis: usize, negative: bool) -> Self {
        use AnatomicalDirection::*;
        match (world_axis, negative) {
            (0, false) => Right,
            (0, true) => Left,
            (1, false) => Anterior,
            (1, true) => Posterior,
            (_, false) => Superior,
            (_, true) => Inferior,
        }
    }

    /// World axis: 0 = right-left, 1 = anterior-posterior, 2 = superior-inferior.
    pub fn world_axis(self) -> usize {
        use AnatomicalDirection::*;
        match self {
            Right | Left => 0,
            Anterior | Posterior => 1,
            Superior | Inferior => 2,
        }
    }

    pub fn opposite(self) -> Self {
        use AnatomicalDirection::*;
        match self {
            Right => Left,
            Left => Right,
            Anterior => Posterior,
            Posterior => Anterior,
            Superior => Inferior,
            Inferior => Superior,
        }
    }

    pub fn letter(self) -> char {
        use AnatomicalDirection::*;
        match self {
            Right => 'R',
            Left => 'L',
            Anterior => 'A',
            Posterior => 'P',
            Superior => 'S',
            Inferior => 'I',
        }
    }
}

impl Orientation {
    /// The assignment of voxel axes to world axes with the largest sum of |direction cosines|.
    pub fn from_affine(affine: &Affine) -> Self {
        const PERMUTATIONS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        let cosine: [[f64; 3]; 3] = std::array::from_fn(|axis| {
            let column = affine.column(axis);
            let length = affine.spacing_mm()[axis].max(f64::MIN_POSITIVE);
            column.map(|c| c / length)
        });
        let score = |p: &[usize; 3]| (0..3).map(|axis| cosine[axis][p[axis]].abs()).sum::<f64>();
        let mut best = PERMUTATIONS[0];
        for p in PERMUTATIONS {
            if score(&p) > score(&best) + 1e-9 {
                best = p;
            }
        }
        Self {
            directions: std::array::from_fn(|axis| {
                AnatomicalDirection::from_world_axis(best[axis], cosine[axis][best[axis]] < 0.0)
            }),
        }
    }

    /// Three letters, e.g. `RAS`: the directions in which x, y and z increase.
    pub fn code(&self) -> String {
        self.directions.iter().map(|d| d.letter()).collect()
    }

    /// The voxel axis that leads towards `direction`.
    pub fn axis_towards(&self, direction: AnatomicalDirection) -> SignedAxis {
        let axis = self.directions.iter().position(|d| d.world_axis() == direction.world_axis()).unwrap_or(0);
        SignedAxis { axis, reversed: self.directions[axis] != direction }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_flipped_and_permuted_grids() {
        assert_eq!(Orientation::from_affine(&Affine::identity()).code(), "RAS");
        let lps = Affine::from_spacing([-1.0, -2.0, 3.0]);
        assert_eq!(Orientation::from_affine(&lps).code(), "LPS");
        let mut rows = [[0.0; 4]; 3];
        rows[1][0] = -1.0;
        rows[2][1] = 1.0;
        rows[0][2] = 1.0;
        assert_eq!(Orientation::from_affine(&Affine { rows }).code(), "PSR");
    }

    #[test]
    fn unit_vectors_are_ras_and_opposite_for_opposite_directions() {
        assert_eq!(AnatomicalDirection::Left.unit(), [-1.0, 0.0, 0.0]);
        assert_eq!(AnatomicalDirection::Superior.unit(), [0.0, 0.0, 1.0]);
        for direction in AnatomicalDirection::ALL {
            assert_eq!(direction.opposite().unit(), direction.unit().map(|c| 0.0 - c));
        }
    }

    #[test]
    fn an_axis_tilted_by_less_than_45_degrees_keeps_its_letter() {
        let (s, c) = 40f64.to_radians().sin_cos();
        let mut rows = [[0.0; 4]; 3];
        rows[0][0] = c;
        rows[1][0] = s;
        rows[0][1] = -s;
        rows[1][1] = c;
        rows[2][2] = 1.0;
        assert_eq!(Orientation::from_affine(&Affine { rows }).code(), "RAS");
    }

    #[test]
    fn axis_towards_the_opposite_side_is_reversed() {
        let o = Orientation::from_affine(&Affine::identity());
        assert_eq!(o.axis_towards(AnatomicalDirection::Left), SignedAxis { axis: 0, reversed: true });
        assert_eq!(o.axis_towards(AnatomicalDirection::Superior), SignedAxis { axis: 2, reversed: false });
    }
}
