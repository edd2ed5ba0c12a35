//! Editing an outline by its anchors: find, move, add and take away corners.

use super::shape::nearest_on_segment;
use super::{Outline, edges};
use crate::edit::slice_plane::in_plane;

/// The point of an outline nearest to the pointer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EdgePoint {
    /// The edge from this anchor to the next.
    pub edge: usize,
    /// In-plane position in voxels.
    pub at: [f64; 2],
    pub distance_mm: f64,
}

impl Outline {
    /// The anchor nearest to an in-plane position in voxels, and its distance in mm. `spacing_mm` is that of the
    /// volume. `None` without an anchor at a finite distance.
    pub fn nearest_anchor(&self, at: [f64; 2], spacing_mm: [f64; 3]) -> Option<(usize, f64)> {
        let ruler = Ruler::new(self.axis, spacing_mm);
        let distances = self.points.iter().map(|p| ruler.distance_mm(*p, at)).enumerate();
        distances.filter(|(_, mm)| mm.is_finite()).min_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// The point of the closed line nearest to an in-plane position in voxels. `spacing_mm` is that of the volume.
    /// `None` without an edge at a finite distance.
    pub fn nearest_edge(&self, at: [f64; 2], spacing_mm: [f64; 3]) -> Option<EdgePoint> {
        let ruler = Ruler::new(self.axis, spacing_mm);
        let nearest = edges(&self.points).enumerate().map(|(edge, (from, to))| {
            let on_edge = nearest_on_segment(ruler.mm(at), ruler.mm(from), ruler.mm(to));
            let on_edge = ruler.voxels(on_edge);
            EdgePoint { edge, at: on_edge, distance_mm: ruler.distance_mm(on_edge, at) }
        });
        nearest.filter(|p| p.distance_mm.is_finite()).min_by(|a, b| a.distance_mm.total_cmp(&b.distance_mm))
    }

    /// Puts a new anchor between the ends of an edge and gives its number. `None` (and no change) if there is no such
    /// edge or the position is not finite.
    pub fn insert_anchor(&mut self, edge: usize, at: [f64; 2]) -> Option<usize> {
        if edge >= self.points.len() || !is_finite(at) {
            return None;
        }
        self.points.insert(edge + 1, at);
        Some(edge + 1)
    }

    /// Whether the anchor was moved: not if there is none of this number or the position is not finite.
    pub fn move_anchor(&mut self, anchor: usize, to: [f64; 2]) -> bool {
        match self.points.get_mut(anchor) {
            Some(point) if is_finite(to) => {
                *point = to;
                true
            }
            _ => false,
        }
    }

    /// Whether the anchor was taken away: not if there is none of this number.
    pub fn remove_anchor(&mut self, anchor: usize) -> bool {
        let there = anchor < self.points.len();
        if there {
            self.points.remove(anchor);
        }
        there
    }
}

fn is_finite(position: [f64; 2]) -> bool {
    position.iter().all(|c| c.is_finite())
}

/// Measures in-plane distances as the screen shows them.
struct Ruler([f64; 2]);

impl Ruler {
    fn new(axis: usize, spacing_mm: [f64; 3]) -> Self {
        Self(in_plane(axis, spacing_mm).map(|s| if s.is_finite() && s > 0.0 { s } else { 1.0 }))
    }

    fn mm(&self, p: [f64; 2]) -> [f64; 2] {
        [p[0] * self.0[0], p[1] * self.0[1]]
    }

    fn voxels(&self, mm: [f64; 2]) -> [f64; 2] {
        [mm[0] / self.0[0], mm[1] / self.0[1]]
    }

    fn distance_mm(&self, p: [f64; 2], q: [f64; 2]) -> f64 {
        let (p, q) = (self.mm(p), self.mm(q));
        (p[0] - q[0]).hypot(p[1] - q[1])
    }
}
