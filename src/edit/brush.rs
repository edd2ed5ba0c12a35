//! Brush shape and size, and the voxels one stamp of a brush covers.

/// Voxels are counted along the finest axis the brush lies in; the brush is round (or square) in millimetres either
/// way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Brush {
    pub shape: BrushShape,
    /// Diameter, or side of a square.
    pub size: BrushSize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrushShape {
    /// One voxel thick, in a slice.
    Disc,
    Ball,
    /// One voxel thick, in a slice; its edges run along the voxel axes.
    Square,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BrushSize {
    Mm(f64),
    Voxels(f64),
}

/// The voxels of a brush around an anchor voxel: one x interval per row, symmetric about the stamp's centre.
///
/// Where the diameter is nearest to an even number of voxels the centre lies half a voxel beyond the anchor.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    rows: Vec<StampRow>,
    half_offset: [bool; 3],
}

/// Voxels `x_first..=x_last` in row `(y, z)`, all relative to the anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StampRow {
    pub(super) y: i64,
    pub(super) z: i64,
    pub(super) x_first: i64,
    pub(super) x_last: i64,
}

/// Positions further out than this are clamped; no volume is that large.
pub(super) const FARTHEST_VOXEL: f64 = 1e6;

impl BrushShape {
    /// Whether the brush lies in a slice, one voxel thick.
    pub fn is_flat(self) -> bool {
        matches!(self, Self::Disc | Self::Square)
    }
}

impl Brush {
    /// Diameter (side of a square) in mm on a grid of this spacing; `normal_axis` (0 = x, 1 = y, 2 = z) is that of a
    /// flat brush, `None` on a plane at an angle.
    pub fn diameter_mm(&self, normal_axis: Option<usize>, spacing_mm: [f64; 3]) -> f64 {
        let in_brush = |axis: &usize| !self.shape.is_flat() || Some(*axis) != normal_axis;
        match self.size {
            BrushSize::Mm(mm) => mm,
            BrushSize::Voxels(count) => {
                count * (0..3).filter(in_brush).map(|a| spacing_mm[a]).fold(f64::INFINITY, f64::min)
            }
        }
    }
}

impl Stamp {
    /// `extent` bounds the work for a brush larger than the volume. A useless size or spacing gives a single voxel.
    pub(super) fn new(brush: &Brush, normal_axis: usize, spacing_mm: [f64; 3], extent: [usize; 3]) -> Self {
        let spacing = spacing_mm.map(|s| if s.is_finite() && s > 0.0 { s } else { 1.0 });
        let largest = (0..3).map(|a| 2.0 * extent[a] as f64 * spacing[a]).sum::<f64>();
        // `max` also turns NaN into 0.
        let diameter = brush.diameter_mm(Some(normal_axis), spacing).max(0.0).min(largest);
        let flat = |axis| brush.shape.is_flat() && axis == normal_axis;
        let count: [f64; 3] = std::array::from_fn(|a| if flat(a) { 1.0 } else { (diameter / spacing[a]).round() });
        let half_offset = count.map(|n| n >= 2.0 && n % 2.0 == 0.0);
        // No further than the volume, also where one spacing is a millionth of another.
        let bounded = |reach: f64, axis: usize| if flat(axis) { 0.0 } else { reach.min(2.0 * extent[axis] as f64) };
        let rows = if brush.shape == BrushShape::Square {
            // Bounded: the cast is exact.
            block_rows(std::array::from_fn(|a| bounded((count[a] / 2.0).floor(), a) as i64), half_offset)
        } else {
            let ball = Ellipsoid::new(diameter / 2.0, spacing, half_offset);
            ball.rows(std::array::from_fn(|a| bounded(ball.reach(a), a) as i64))
        };
        Self { rows, half_offset }
    }

    pub(super) fn rows(&self) -> &[StampRow] {
        &self.rows
    }

    /// The anchor voxel of the stamp whose centre is nearest to a continuous voxel position; `None` for NaN.
    pub(super) fn anchor(&self, position: [f64; 3]) -> Option<[i64; 3]> {
        if position.iter().any(|p| p.is_nan()) {
            return None;
        }
        Some(std::array::from_fn(|a| {
            let centre = position[a].clamp(-FARTHEST_VOXEL, FARTHEST_VOXEL);
            // A stamp centred at n + 1/2 has its anchor at n. Finite and clamped: the cast is exact.
            (if self.half_offset[a] { centre.floor() } else { (centre + 0.5).floor() }) as i64
        }))
    }
}

/// Rows of a block that ends at voxel `last` on each axis.
fn block_rows(last: [i64; 3], half_offset: [bool; 3]) -> Vec<StampRow> {
    let first = |axis: usize| mirrored(last[axis], half_offset[axis]);
    let row = |y, z| StampRow { y, z, x_first: first(0), x_last: last[0] };
    (first(2)..=last[2]).flat_map(|z| (first(1)..=last[1]).map(move |y| row(y, z))).collect()
}

/// Mirror image of a voxel about the centre of a stamp.
fn mirrored(voxel: i64, half_offset: bool) -> i64 {
    i64::from(half_offset) - voxel
}

/// Membership of voxels in a round stamp, in mm.
struct Ellipsoid {
    radius_squared: f64,
    spacing: [f64; 3],
    half_offset: [bool; 3],
}

impl Ellipsoid {
    /// The radius is never less than the distance from the centre to the nearest voxel, so a stamp is never empty.
    fn new(radius: f64, spacing: [f64; 3], half_offset: [bool; 3]) -> Self {
        let nearest: f64 = (0..3).filter(|&a| half_offset[a]).map(|a| (0.5 * spacing[a]).powi(2)).sum();
        // The margin keeps voxels exactly on the rim in spite of rounding.
        let radius_squared = radius.powi(2).max(nearest) * (1.0 + 1e-9);
        Self { radius_squared, spacing, half_offset }
    }

    /// Rows of the voxels inside that are at most `reach` from the anchor.
    fn rows(&self, reach: [i64; 3]) -> Vec<StampRow> {
        let mut rows = Vec::new();
        for z in self.first(2, reach[2])..=reach[2] {
            for y in self.first(1, reach[1])..=reach[1] {
                if let Some(x_last) = self.last_x(y, z, reach[0]) {
                    rows.push(StampRow { y, z, x_first: self.first(0, x_last), x_last });
                }
            }
        }
        rows
    }

    fn offset_squared(&self, axis: usize, voxel: i64) -> f64 {
        let shift = if self.half_offset[axis] { 0.5 } else { 0.0 };
        ((voxel as f64 - shift) * self.spacing[axis]).powi(2)
    }

    /// Last voxel along an axis, a whole number.
    fn reach(&self, axis: usize) -> f64 {
        let shift = if self.half_offset[axis] { 0.5 } else { 0.0 };
        (self.radius_squared.sqrt() / self.spacing[axis] + shift).floor()
    }

    /// Mirror image of `last` about the centre.
    fn first(&self, axis: usize, last: i64) -> i64 {
        mirrored(last, self.half_offset[axis])
    }

    fn last_x(&self, y: i64, z: i64, reach_x: i64) -> Option<i64> {
        let left = self.radius_squared - self.offset_squared(1, y) - self.offset_squared(2, z);
        let last = (0..=reach_x).rev().find(|&x| self.offset_squared(0, x) <= left)?;
        (last >= self.first(0, last)).then_some(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPES: [BrushShape; 3] = [BrushShape::Disc, BrushShape::Ball, BrushShape::Square];

    fn stamp(shape: BrushShape, size: BrushSize, spacing_mm: [f64; 3]) -> Stamp {
        Stamp::new(&Brush { shape, size }, 2, spacing_mm, [64; 3])
    }

    /// The stamp's rows at z = 0 as `#` pictures.
    fn picture(stamp: &Stamp) -> Vec<String> {
        let rows: Vec<_> = stamp.rows().iter().filter(|r| r.z == 0).collect();
        let first = rows.iter().map(|r| r.x_first).min().unwrap();
        let last = rows.iter().map(|r| r.x_last).max().unwrap();
        let line = |r: &&StampRow| {
            (first..=last).map(|x| if (r.x_first..=r.x_last).contains(&x) { '#' } else { '.' }).collect()
        };
        rows.iter().map(line).collect()
    }

    #[test]
    fn discs_of_one_to_five_voxels_look_round() {
        let disc = |n| picture(&stamp(BrushShape::Disc, BrushSize::Voxels(n), [1.0; 3]));
        assert_eq!(disc(1.0), ["#"]);
        assert_eq!(disc(2.0), ["##", "##"]);
        assert_eq!(disc(3.0), ["###", "###", "###"]);
        assert_eq!(disc(4.0), [".##.", "####", "####", ".##."]);
        assert_eq!(disc(5.0), [".###.", "#####", "#####", "#####", ".###."]);
    }

    #[test]
    fn a_disc_is_round_in_millimetres_and_one_voxel_thick() {
        let s = stamp(BrushShape::Disc, BrushSize::Mm(6.0), [1.0, 3.0, 0.5]);
        assert_eq!(picture(&s), ["######", "######"]);
        assert!(s.rows().iter().all(|r| r.z == 0));
        assert_eq!(picture(&stamp(BrushShape::Disc, BrushSize::Mm(9.0), [1.0, 3.0, 0.5])).len(), 3);
    }

    #[test]
    fn voxels_count_along_the_finest_axis_of_the_brush() {
        let brush = |shape| Brush { shape, size: BrushSize::Voxels(4.0) };
        assert_eq!(brush(BrushShape::Ball).diameter_mm(Some(2), [1.0, 3.0, 0.5]), 2.0);
        assert_eq!(brush(BrushShape::Disc).diameter_mm(Some(2), [1.0, 3.0, 0.5]), 4.0);
        assert_eq!(brush(BrushShape::Disc).diameter_mm(None, [1.0, 3.0, 0.5]), 2.0);
    }

    #[test]
    fn a_brush_smaller_than_a_voxel_or_of_useless_size_covers_one_voxel() {
        for size in [0.2, 1.0, 0.0, -3.0, f64::NAN] {
            for shape in SHAPES {
                for spacing in [[1.0, 1.0, 1.0], [2.0, 1.0, 5.0], [0.0, f64::NAN, 1.0]] {
                    let s = stamp(shape, BrushSize::Mm(size), spacing);
                    assert_eq!(s.rows(), [StampRow { y: 0, z: 0, x_first: 0, x_last: 0 }]);
                    assert_eq!(s.anchor([3.4, 3.6, 0.0]), Some([3, 4, 0]));
                }
            }
        }
    }

    #[test]
    fn no_size_gives_an_empty_stamp_or_one_that_is_not_symmetric() {
        for (tenth, shape) in (1..120).flat_map(|tenth| SHAPES.map(|shape| (tenth, shape))) {
            for spacing in [[1.0, 1.0, 1.0], [0.7, 0.9, 2.5]] {
                let s = stamp(shape, BrushSize::Mm(f64::from(tenth) / 10.0), spacing);
                assert!(!s.rows().is_empty());
                for row in s.rows() {
                    let mirrored = StampRow {
                        y: i64::from(s.half_offset[1]) - row.y,
                        z: i64::from(s.half_offset[2]) - row.z,
                        ..*row
                    };
                    assert!(s.rows().contains(&mirrored), "{tenth}: {row:?}");
                    assert_eq!(row.x_first, i64::from(s.half_offset[0]) - row.x_last);
                }
            }
        }
    }

    #[test]
    fn a_square_has_its_side_in_both_directions_of_its_slice_and_is_one_voxel_thick() {
        let square = |n| picture(&stamp(BrushShape::Square, BrushSize::Voxels(n), [1.0; 3]));
        assert_eq!(square(1.0), ["#"]);
        assert_eq!(square(3.0), ["###", "###", "###"]);
        assert_eq!(square(4.0), ["####", "####", "####", "####"]);
        for normal_axis in 0..3 {
            let brush = Brush { shape: BrushShape::Square, size: BrushSize::Mm(6.0) };
            let s = Stamp::new(&brush, normal_axis, [1.0, 3.0, 0.5], [64; 3]);
            let mut expected = [6, 2, 12];
            expected[normal_axis] = 1;
            let count =
                |of: fn(&StampRow) -> i64| s.rows().iter().map(of).collect::<std::collections::BTreeSet<_>>().len();
            assert!(s.rows().iter().all(|r| r.x_last - r.x_first + 1 == expected[0]));
            assert_eq!([count(|r| r.y), count(|r| r.z)], [expected[1] as usize, expected[2] as usize]);
            assert_eq!(s.rows().len() as i64, expected[1] * expected[2]);
        }
    }

    #[test]
    fn a_ball_has_the_volume_of_a_ball() {
        let s = stamp(BrushShape::Ball, BrushSize::Mm(30.0), [1.0, 1.0, 2.0]);
        let voxels: i64 = s.rows().iter().map(|r| r.x_last - r.x_first + 1).sum();
        let expected = std::f64::consts::PI / 6.0 * 30f64.powi(3) / 2.0;
        assert!((voxels as f64 / expected - 1.0).abs() < 0.03, "{voxels} {expected}");
    }

    #[test]
    fn an_endless_brush_is_bounded_by_the_volume() {
        let s = Stamp::new(&Brush { shape: BrushShape::Ball, size: BrushSize::Mm(1e300) }, 2, [1.0; 3], [4, 4, 4]);
        assert!(s.rows().len() < 3000);
        assert!(s.rows().iter().any(|r| r.y == 0 && r.z == 0 && r.x_last >= 4));
        let s = Stamp::new(&Brush { shape: BrushShape::Square, size: BrushSize::Mm(1e300) }, 2, [1.0; 3], [4, 4, 4]);
        assert!(s.rows().len() < 60 && s.rows().iter().all(|r| r.x_first <= -4 && r.x_last >= 4));
        for shape in SHAPES {
            let s = Stamp::new(&Brush { shape, size: BrushSize::Mm(1e300) }, 2, [1.0, 1e-9, 1e9], [4, 4, 4]);
            assert!(s.rows().len() < 3000);
        }
    }
}
