//! Ready-made outlines, and turning a freehand line into a polygon with few corners and back into a curve.

use super::Outline;
use crate::edit::brush::FARTHEST_VOXEL;

/// How far, in voxels, the polygon of an ellipse may run inside the true curve: too little to see or to matter.
const ELLIPSE_SAGITTA: f64 = 0.02;

/// Corners of an ellipse: enough for a small one, and an end for an endless one.
const ELLIPSE_CORNERS: [f64; 2] = [24.0, 720.0];

/// No curve needs more points between two corners than this.
const MOST_POINTS_PER_EDGE: usize = 64;

impl Outline {
    /// The rectangle between two opposite corners; its edges run along the voxel axes.
    pub fn rectangle(axis: usize, slice: usize, corner: [f64; 2], opposite: [f64; 2]) -> Self {
        let points = vec![corner, [opposite[0], corner[1]], opposite, [corner[0], opposite[1]]];
        Self { axis, slice, points }
    }

    /// The ellipse that touches the four sides of the rectangle between two opposite corners.
    pub fn ellipse(axis: usize, slice: usize, corner: [f64; 2], opposite: [f64; 2]) -> Self {
        let bounded = |c: f64| c.clamp(-FARTHEST_VOXEL, FARTHEST_VOXEL);
        let (corner, opposite) = (corner.map(bounded), opposite.map(bounded));
        let centre: [f64; 2] = std::array::from_fn(|a| (corner[a] + opposite[a]) / 2.0);
        let radius: [f64; 2] = std::array::from_fn(|a| (opposite[a] - corner[a]).abs() / 2.0);
        // A chord that spans the angle 2 pi / n runs r (1 - cos(pi / n)), about r (pi / n)^2 / 2, inside the circle.
        let needed = std::f64::consts::PI * (radius[0].max(radius[1]) / (2.0 * ELLIPSE_SAGITTA)).sqrt();
        // A multiple of 4 keeps all four extremes; clamped, so the cast is exact.
        let count = 4 * (needed.clamp(ELLIPSE_CORNERS[0], ELLIPSE_CORNERS[1]) / 4.0).ceil() as usize;
        let at = |k: usize| {
            let (sine, cosine) = (std::f64::consts::TAU * k as f64 / count as f64).sin_cos();
            [centre[0] + radius[0] * cosine, centre[1] + radius[1] * sine]
        };
        Self { axis, slice, points: (0..count).map(at).collect() }
    }

    /// A polygon of some of the corners that none of the others is further from than `tolerance` voxels.
    ///
    /// Douglas & Peucker 1973, begun at the first corner and the one farthest from it. A tolerance of 0 (or one that is
    /// no number) drops only what lies on a straight line.
    pub fn simplified(&self, tolerance: f64) -> Self {
        let mut points = self.usable_points();
        points.dedup();
        let Some(&first) = points.first() else {
            return self.with_points(points);
        };
        let distance = |p: &[f64; 2]| distance_squared(*p, first);
        let farthest = (0..points.len()).max_by(|&a, &b| distance(&points[a]).total_cmp(&distance(&points[b])));
        let farthest = farthest.unwrap_or(0);
        let count = points.len();
        points.push(first);
        let mut kept = vec![false; points.len()];
        kept[0] = true;
        kept[farthest] = true;
        // `max` also turns NaN into 0.
        let tolerance_squared = tolerance.max(0.0).powi(2);
        let mut chains = vec![(0, farthest), (farthest, count)];
        while let Some((from, to)) = chains.pop() {
            let off = |k: &usize| segment_distance_squared(points[*k], points[from], points[to]);
            let worst = (from + 1..to).max_by(|a, b| off(a).total_cmp(&off(b)));
            if let Some(worst) = worst.filter(|k| off(k) > tolerance_squared) {
                kept[worst] = true;
                chains.extend([(from, worst), (worst, to)]);
            }
        }
        let kept_points = points.iter().zip(&kept).take(count).filter(|(_, kept)| **kept);
        self.with_points(kept_points.map(|(p, _)| *p).collect())
    }

    /// The closed curve through all corners, as a polygon with `points_per_edge` (1 to 64) points from each corner to
    /// the next (uniform Catmull-Rom spline, Catmull & Rom 1974). Fewer than three corners stay as they are.
    pub fn smoothed(&self, points_per_edge: usize) -> Self {
        let points = self.usable_points();
        let (count, steps) = (points.len(), points_per_edge.clamp(1, MOST_POINTS_PER_EDGE));
        if count < 3 {
            return self.with_points(points);
        }
        let mut curve = Vec::with_capacity(count * steps);
        for k in 0..count {
            let near: [[f64; 2]; 4] = std::array::from_fn(|i| points[(k + count + i - 1) % count]);
            curve.extend((0..steps).map(|step| catmull_rom(&near, step as f64 / steps as f64)));
        }
        self.with_points(curve)
    }
}

/// The curve from the second to the third of four points, at `t` from 0 to 1.
fn catmull_rom(points: &[[f64; 2]; 4], t: f64) -> [f64; 2] {
    std::array::from_fn(|a| {
        let [before, from, to, after] = points.map(|p| p[a]);
        let linear = to - before;
        let square = 2.0 * before - 5.0 * from + 4.0 * to - after;
        let cube = 3.0 * (from - to) + after - before;
        from + 0.5 * t * (linear + t * (square + t * cube))
    })
}

fn distance_squared(p: [f64; 2], q: [f64; 2]) -> f64 {
    (p[0] - q[0]).powi(2) + (p[1] - q[1]).powi(2)
}

/// The point of a segment nearest to `p`; its first end where both ends are one.
pub(super) fn nearest_on_segment(p: [f64; 2], from: [f64; 2], to: [f64; 2]) -> [f64; 2] {
    let way = [to[0] - from[0], to[1] - from[1]];
    let length_squared = distance_squared(from, to);
    if length_squared <= 0.0 {
        return from;
    }
    let along = (p[0] - from[0]) * way[0] + (p[1] - from[1]) * way[1];
    let t = (along / length_squared).clamp(0.0, 1.0);
    [from[0] + t * way[0], from[1] + t * way[1]]
}

pub(super) fn segment_distance_squared(p: [f64; 2], from: [f64; 2], to: [f64; 2]) -> f64 {
    distance_squared(p, nearest_on_segment(p, from, to))
}
