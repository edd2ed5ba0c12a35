//! Where the structures of a case lie and how bright they are.

use super::draw::{Draw, rotation, smooth_step};
use super::value_noise::ValueNoise;

pub(super) const BODY: u8 = 1;
pub(super) const CAP: u8 = 2;

/// Half-axes at scale 1, mm. The body is long in x; the cap sits on its positive end.
const BODY_AXES_MM: [f64; 3] = [18.5, 9.5, 9.0];
const CAP_AXES_MM: [f64; 3] = [9.5, 10.5, 10.0];

/// The two structures and the look-alikes, in mm around the centre of the grid.
pub(super) struct Anatomy {
    centre_mm: [f64; 3],
    /// Rows take a position to the structure's own axes.
    turn: [[f64; 3]; 3],
    scale: f64,
    body_axes: [f64; 3],
    cap_axes: [f64; 3],
    /// Where the cap's centre lies on the body's long axis, and where body ends and cap begins.
    cap_x: f64,
    border_x: f64,
    /// The long axis is the parabola `y = bend x^2`.
    bend: f64,
    wobble: ValueNoise,
    distractors: Vec<Distractor>,
    brightness: Brightness,
    /// How much of the contrast is lost around the tail (the negative end), 0 to 1.
    tail_fade: f64,
}

struct Brightness {
    tissue: f64,
    body: f64,
    cap: f64,
}

struct Distractor {
    centre_mm: [f64; 3],
    radius_mm: f64,
    intensity: f64,
}

/// What is at a point: the class and the mean intensity there.
pub(super) struct Point {
    pub class: u8,
    pub intensity: f64,
}

impl Anatomy {
    /// `scale` 1 fits a grid of 64 mm.
    pub fn draw(draw: &mut Draw, scale: f64, distractor_count: usize) -> Self {
        let size = draw.between(0.84, 1.04);
        let mut vary = |axes: [f64; 3]| axes.map(|a| a * size * draw.between(0.9, 1.1));
        let (body_axes, cap_axes) = (vary(BODY_AXES_MM), vary(CAP_AXES_MM));
        let cap_x = body_axes[0] * draw.between(0.72, 0.9);
        let tissue = draw.between(92.0, 108.0);
        let body = tissue + draw.between(40.0, 170.0);
        let cap = body + draw.between(25.0, 140.0);
        let centre_mm = draw.around_zero([2.5, 4.0, 5.0]).map(|c| c * scale);
        let mut anatomy = Self {
            centre_mm,
            turn: rotation(draw.around_zero([0.14, 0.14, 0.2])),
            scale,
            body_axes,
            cap_axes,
            cap_x,
            border_x: cap_x - cap_axes[0] * draw.between(0.35, 0.65),
            bend: draw.between(0.004, 0.016),
            wobble: ValueNoise::draw(draw, 36.0, 8.0),
            distractors: Vec::new(),
            brightness: Brightness { tissue, body, cap },
            tail_fade: draw.between(0.0, 0.2),
        };
        anatomy.distractors = (0..distractor_count).map(|_| anatomy.draw_distractor(draw)).collect();
        anatomy
    }

    /// A ball about as bright as the structures, or a dark one. It may touch them; where both are, the structure wins.
    fn draw_distractor(&self, draw: &mut Draw) -> Distractor {
        let Brightness { tissue, cap, .. } = self.brightness;
        let is_dark = draw.between(0.0, 1.0) < 0.4;
        Distractor {
            centre_mm: draw.around_zero([27.0; 3]).map(|c| c * self.scale),
            radius_mm: draw.between(3.0, 5.0) * self.scale,
            intensity: if is_dark { tissue * 0.4 } else { tissue + (cap - tissue) * draw.between(0.4, 0.9) },
        }
    }

    pub fn at(&self, position_mm: [f64; 3]) -> Point {
        let Brightness { tissue, body, cap } = self.brightness;
        let own = self.own_position(position_mm);
        let is_cap_side = own[0] > self.border_x;
        let outside_body = self.outside(own, [0.0; 3], self.body_axes);
        let outside_cap = self.outside(own, [self.cap_x, 0.0, 0.0], self.cap_axes);
        let distance_out = if is_cap_side { outside_body.min(outside_cap) } else { outside_body };
        let class = match (distance_out <= 0.0, is_cap_side) {
            (false, _) => 0,
            (true, false) => BODY,
            (true, true) => CAP,
        };
        let mut surroundings = tissue;
        for d in &self.distractors {
            let inside = 1.0 - smooth_step(-0.8, 0.8, distance(position_mm, d.centre_mm) - d.radius_mm);
            surroundings += (d.intensity - surroundings) * inside;
        }
        // Voxels at a surface hold a bit of both sides.
        let share = 1.0 - smooth_step(-0.8, 0.8, distance_out);
        let tail = 1.0 - smooth_step(-self.body_axes[0], -0.3 * self.body_axes[0], own[0]);
        let structure = body + (cap - body) * smooth_step(-0.8, 0.8, own[0] - self.border_x);
        let structure = structure + (tissue - structure) * self.tail_fade * tail;
        Point { class, intensity: surroundings + (structure - surroundings) * share }
    }

    /// Turned, unscaled and unbent.
    fn own_position(&self, p: [f64; 3]) -> [f64; 3] {
        let d: [f64; 3] = std::array::from_fn(|a| (p[a] - self.centre_mm[a]) / self.scale);
        let [x, y, z] = self.turn.map(|row| row[0] * d[0] + row[1] * d[1] + row[2] * d[2]);
        // Moved so that body and cap together lie around their centre.
        let x = x + 4.5;
        [x, y - self.bend * (x * x - 180.0), z]
    }

    /// About the distance in mm from the wobbling surface of an ellipsoid, negative inside.
    fn outside(&self, own: [f64; 3], centre: [f64; 3], axes: [f64; 3]) -> f64 {
        let relative: [f64; 3] = std::array::from_fn(|a| (own[a] - centre[a]) / axes[a]);
        (length(relative) - 1.0) * axes[2] + 1.3 * self.wobble.at(own)
    }
}

fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    length(std::array::from_fn(|i| a[i] - b[i]))
}

fn length([x, y, z]: [f64; 3]) -> f64 {
    // Not `powi`, whose rounding differs between platforms.
    (x * x + y * y + z * z).sqrt()
}
