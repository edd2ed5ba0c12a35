//! Smooth random fields: random values on a coarse lattice, interpolated.

use super::draw::{Draw, smooth_step};

/// A field with values within -1..1 over a box around the origin.
pub(super) struct ValueNoise {
    cell_mm: f64,
    /// Lattice points per axis.
    count: usize,
    values: Vec<f64>,
}

impl ValueNoise {
    /// Covers `-reach_mm..reach_mm` on every axis; beyond it the field is constant.
    pub fn draw(draw: &mut Draw, reach_mm: f64, cell_mm: f64) -> Self {
        // Small positive by construction: the cast is exact.
        let count = (2.0 * reach_mm / cell_mm).ceil() as usize + 2;
        let values = (0..count * count * count).map(|_| draw.between(-1.0, 1.0)).collect();
        Self { cell_mm, count, values }
    }

    pub fn at(&self, position_mm: [f64; 3]) -> f64 {
        let middle = (self.count - 1) as f64 / 2.0;
        let (mut cell, mut weight) = ([0usize; 3], [0.0; 3]);
        for a in 0..3 {
            let p = (position_mm[a] / self.cell_mm + middle).clamp(0.0, (self.count - 1) as f64);
            // In range after the clamp; the last lattice point belongs to the cell before it.
            cell[a] = (p as usize).min(self.count - 2);
            weight[a] = smooth_step(0.0, 1.0, p - cell[a] as f64);
        }
        let value = |dx, dy, dz| self.values[cell[0] + dx + self.count * (cell[1] + dy + self.count * (cell[2] + dz))];
        let mix = |a: f64, b: f64, t: f64| a + (b - a) * t;
        let along_x = |dy, dz| mix(value(0, dy, dz), value(1, dy, dz), weight[0]);
        let along_y = |dz| mix(along_x(0, dz), along_x(1, dz), weight[1]);
        mix(along_y(0), along_y(1), weight[2])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_bounded_continuous_and_not_constant() {
        let field = ValueNoise::draw(&mut Draw::new(3, 1), 20.0, 5.0);
        let line: Vec<f64> = (-2500..2500).map(|i| field.at([f64::from(i) * 0.01, 1.3, -4.2])).collect();
        assert!(line.iter().all(|v| v.abs() <= 1.0));
        // At most 2 per cell with a slope of at most 1.5.
        assert!(line.windows(2).all(|w| (w[1] - w[0]).abs() <= 0.01 / 5.0 * 3.0 + 1e-12));
        assert!(line.iter().any(|v| (v - line[0]).abs() > 0.1));
    }
}
