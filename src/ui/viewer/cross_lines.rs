//! The lines of the other two planes through the linked cross of a view.

use eframe::egui::{Pos2, Rect, Vec2, vec2};

use super::decoration::{LETTER, MARGIN};
use super::pointer::Surface;
use crate::geometry::Plane;
use crate::workspace::OpenCase;

/// A line through the cross, as far as it is drawn; all in window points.
#[derive(Clone, Copy, Debug)]
pub struct CrossLine {
    /// The plane that is seen as this line.
    pub other: Plane,
    pub cross: Pos2,
    /// Of length 1.
    pub direction: Vec2,
    /// Where it begins and ends, from the cross along the direction.
    reach: [f32; 2],
}

/// The two lines of a view; `None` for one that does not cross the part of the view in which lines are drawn.
pub fn cross_lines(surface: &Surface<'_>, case: &OpenCase) -> [Option<CrossLine>; 2] {
    let rect = surface.rect;
    let [x, y] = surface.camera.screen_from_voxel(case.cross(), surface.size());
    // Screen positions are far below the range in which f32 loses a pixel.
    let cross = rect.min + vec2(x as f32, y as f32);
    // The letters at the edges stay free, unless the cross itself is there.
    let area = rect.shrink(MARGIN + LETTER + 4.0).union(Rect::from_min_max(cross, cross)).intersect(rect);
    case.lines(surface.view).map(|(other, [right, down])| {
        let direction = vec2(right as f32, down as f32);
        Some(CrossLine { other, cross, direction, reach: reach(area, cross, direction)? })
    })
}

impl CrossLine {
    /// The line without the room around the cross.
    pub fn arms(&self, gap: f32) -> impl Iterator<Item = [Pos2; 2]> {
        let [begin, end] = self.reach;
        let arms = [[begin, end.min(-gap)], [begin.max(gap), end]];
        arms.into_iter().filter(|[from, to]| from < to).map(|arm| arm.map(|along| self.at(along)))
    }

    /// Where the line begins and ends, as far from the cross as this.
    pub fn ends(&self) -> [f32; 2] {
        self.reach
    }

    /// The point so far from the cross.
    pub fn at(&self, along: f32) -> Pos2 {
        self.cross + self.direction * along
    }
}

/// From where to where along a direction the way from `from` is inside an area.
fn reach(area: Rect, from: Pos2, direction: Vec2) -> Option<[f32; 2]> {
    let mut reach = [f32::NEG_INFINITY, f32::INFINITY];
    for (low, high, along) in [
        (area.left() - from.x, area.right() - from.x, direction.x),
        (area.top() - from.y, area.bottom() - from.y, direction.y),
    ] {
        // A line that hardly leads this way never gets there.
        if along.abs() < 1e-6 {
            if !(low <= 0.0 && high >= 0.0) {
                return None;
            }
            continue;
        }
        let (a, b) = (low / along, high / along);
        reach = [reach[0].max(a.min(b)), reach[1].min(a.max(b))];
    }
    (reach[0] < reach[1] && reach.iter().all(|along| along.is_finite())).then_some(reach)
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::pos2;

    #[test]
    fn a_line_reaches_from_border_to_border_at_any_angle() {
        let area = Rect::from_min_max(pos2(0.0, 0.0), pos2(100.0, 60.0));
        assert_eq!(reach(area, pos2(30.0, 20.0), vec2(1.0, 0.0)), Some([-30.0, 70.0]));
        assert_eq!(reach(area, pos2(30.0, 20.0), vec2(0.0, -1.0)), Some([-40.0, 20.0]));
        assert_eq!(reach(area, pos2(30.0, 20.0), vec2(0.6, 0.8)), Some([-25.0, 50.0]));
        assert_eq!(reach(area, pos2(30.0, 70.0), vec2(1.0, 0.0)), None);
        assert_eq!(reach(area, pos2(30.0, 20.0), vec2(f32::NAN, 0.0)), None);
    }
}
