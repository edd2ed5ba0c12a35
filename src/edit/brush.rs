//! Brush shape and size, and the voxels one stamp of a brush covers.

/// Voxels are counted along the finest axis the brush lies in; the brush is round in millimetres either way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Brush {
    pub shape: BrushShape,
    /// Diameter.
    pub size: BrushSize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrushShape {
    /// One voxel thick, in a slice.
    Disc,
    Ball,
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
const FARTHEST_VOXEL: f64 = 1e6;

impl Brush {
    /// Diameter in mm on a grid of this spacing; `normal_axis` (0 = x, 1 = y, 2 = z) is that of a disc.
    pub fn diameter_mm(&self, normal_axis: usize, spacing_mm: [f64; 3]) -> f64 {
        let in_brush = |axis: &usize| self.shape == BrushShape::Ball || *axis != normal_axis;
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
        let diameter = brush.diameter_mm(normal_axis, spacing).max(0.0).min(largest);
        let flat = |axis| brush.shape == BrushShape::Disc && axis == normal_axis;
        let count: [f64; 3] = std::array::from_fn(|a| if flat(a) { 1.0 } else { (diameter / spacing[a]).round() });
        let half_offset = count.map(|n| n >= 2.0 && n % 2.0 == 0.0);
        let ball = Ellipsoid::new(diameter / 2.0, spacing, half_offset);
        let reach = |axis| if flat(axis) { 0 } else { ball.reach(axis) };
        let mut rows = Vec::new();
        for z in ball.first(2, reach(2))..=reach(2) {
            for y in ball.first(1, reach(1))..=reach(1) {
                if let Some(x_last) = ball.last_x(y, z, reach(0)) {
                    rows.push(StampRow { y, z, x_first: ball.first(0, x_last), x_last });
                }
            }
        }
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

/// Membership of voxels in a stamp, in mm.
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

    fn offset_squared(&self, axis: usize, voxel: i64) -> f64 {
        let shift = if self.half_offset[axis] { 0.5 } else { 0.0 };
        ((voxel as f64 - shift) * self.spacing[axis]).powi(2)
    }

    /// Last voxel along an axis; the radius is bounded by the extent, so the cast is exact.
    fn reach(&self, axis: usize) -> i64 {
        let shift = if self.half_offset[axis] { 0.5 } else { 0.0 };
        (self.radius_squared.sqrt() / self.spacing[axis] + shift).floor() as i64
    }

    /// Mirror image of `last` about the centre.
    fn first(&self, axis: usize, last: i64) -> i64 {
        i64::from(self.half_offset[axis]) - last
    }

    fn last_x(&self, y: i64, z: i64, reach_x: i64) -> Option<i64> {
        let left = self.radius_squared - self.offset_squared(1, y) - self.offset_squared(2, z);
        let last = (0..=reach_x).rev().find(|&x| self.offset_squared(0, x) <= left)?;
        (last >= self.first(0, last)).then_some(last)
    }
}
