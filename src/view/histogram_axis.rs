//! Where an intensity lies along a histogram, and how its handles set the window.

use super::{IntensityHistogram, WindowLevel};

/// The narrowest window that handles can make, as a share of the histogram's range: two steps of a screen's grey.
const NARROWEST: f64 = 1.0 / 512.0;

/// A histogram drawn from x = 0 to `width`, in any screen unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HistogramAxis {
    low: f64,
    high: f64,
    width: f64,
}

/// What a pointer can drag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowHandle {
    /// The intensity that is black.
    Low,
    /// The intensity that is white.
    High,
    /// Everything between: moves the level.
    Level,
}

impl HistogramAxis {
    /// A width that is not a positive number is taken as 1.
    pub fn new(histogram: &IntensityHistogram, width: f64) -> Self {
        let [low, high] = histogram.range();
        Self { low, high, width: if width > 0.0 && width.is_finite() { width } else { 1.0 } }
    }

    /// May lie outside the histogram.
    pub fn x_from_intensity(&self, intensity: f64) -> f64 {
        (intensity - self.low) / (self.high - self.low) * self.width
    }

    pub fn intensity_from_x(&self, x: f64) -> f64 {
        self.low + x / self.width * (self.high - self.low)
    }

    /// The handle under a pointer: the nearer end within `radius`, else the level if the pointer is between the ends. An end
    /// that lies outside the histogram is grabbed at its border.
    pub fn handle_at(&self, window: &WindowLevel, x: f64, radius: f64) -> Option<WindowHandle> {
        let [low, high] = [window.low(), window.high()].map(|v| self.x_from_intensity(v).clamp(0.0, self.width));
        let (to_low, to_high) = ((x - low).abs(), (x - high).abs());
        // Where both ends lie in one place the pointer's side decides.
        let low_is_nearer = to_low < to_high || to_low == to_high && x < low;
        match low_is_nearer {
            true if to_low <= radius => Some(WindowHandle::Low),
            false if to_high <= radius => Some(WindowHandle::High),
            _ => (low < x && x < high).then_some(WindowHandle::Level),
        }
    }

    /// The window after a drag from `from_x` to `to_x`; `window` is the one where the drag began. An end stops short of the other.
    pub fn dragged(&self, window: &WindowLevel, handle: WindowHandle, from_x: f64, to_x: f64) -> WindowLevel {
        let by = self.intensity_from_x(to_x) - self.intensity_from_x(from_x);
        if !by.is_finite() {
            return *window;
        }
        let narrowest = NARROWEST * (self.high - self.low);
        // A window that is narrower already may stay so.
        let narrowest = narrowest.min(window.width());
        match handle {
            WindowHandle::Low => {
                WindowLevel::between((window.low() + by).min(window.high() - narrowest), window.high())
            }
            WindowHandle::High => {
                WindowLevel::between(window.low(), (window.high() + by).max(window.low() + narrowest))
            }
            WindowHandle::Level => WindowLevel::new(window.level() + by, window.width()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Affine, Extent};
    use crate::volume::{Grid, Image, Voxels};
    use proptest::prelude::*;

    fn axis(width: f64) -> HistogramAxis {
        let values = Grid::from_fn(Extent::new(1000, 1, 1).unwrap(), |v| v.x as f32);
        let image = Image::new(Voxels::F32(values), 1.0, -500.0, Affine::identity());
        HistogramAxis::new(&IntensityHistogram::of(&image, || false).unwrap(), width)
    }

    proptest! {
        #[test]
        fn x_and_intensity_are_inverse(x in -50.0..350.0f64, width in 10.0..2000.0f64) {
            let axis = axis(width);
            prop_assert!((axis.x_from_intensity(axis.intensity_from_x(x)) - x).abs() < 1e-9);
        }

        #[test]
        fn a_dragged_end_follows_the_pointer_the_other_stays_and_they_never_cross(
            level in -300.0..300.0f64, width in 10.0..500.0f64, drag in -400.0..400.0f64, high in any::<bool>(),
        ) {
            let (axis, window) = (axis(300.0), WindowLevel::new(level, width));
            let handle = if high { WindowHandle::High } else { WindowHandle::Low };
            let after = axis.dragged(&window, handle, 100.0, 100.0 + drag);
            let by = drag / 300.0 * (axis.high - axis.low);
            let (kept, moved, wanted) = if high {
                (after.low() - window.low(), after.high(), window.high() + by)
            } else {
                (after.high() - window.high(), after.low(), window.low() + by)
            };
            prop_assert!(kept.abs() < 1e-9 && after.width() > 0.5);
            let free = if high { wanted > window.low() + 3.0 } else { wanted < window.high() - 3.0 };
            prop_assert!(!free || (moved - wanted).abs() < 1e-9);
        }

        #[test]
        fn dragging_between_the_ends_moves_the_level_alone(level in -300.0..300.0f64, width in 1.0..500.0f64, drag in -400.0..400.0f64) {
            let (axis, window) = (axis(300.0), WindowLevel::new(level, width));
            let after = axis.dragged(&window, WindowHandle::Level, 20.0, 20.0 + drag);
            prop_assert!((after.width() - width).abs() < 1e-9);
            let moved = axis.x_from_intensity(after.level()) - axis.x_from_intensity(level);
            prop_assert!((moved - drag).abs() < 1e-9);
        }
    }

    #[test]
    fn the_nearest_end_is_grabbed_and_the_level_between_them() {
        let axis = axis(200.0);
        let at = |x| axis.intensity_from_x(x);
        let window = WindowLevel::between(at(50.0), at(150.0));
        let grabbed = |x| axis.handle_at(&window, x, 5.0);
        assert_eq!([47.0, 53.0].map(grabbed), [Some(WindowHandle::Low); 2]);
        assert_eq!([146.0, 154.0].map(grabbed), [Some(WindowHandle::High); 2]);
        assert_eq!([60.0, 20.0, 170.0, f64::NAN].map(grabbed), [Some(WindowHandle::Level), None, None, None]);
        let wide = WindowLevel::between(at(-900.0), at(900.0));
        assert_eq!(axis.handle_at(&wide, 198.0, 5.0), Some(WindowHandle::High));
        assert_eq!(axis.handle_at(&wide, 3.0, 5.0), Some(WindowHandle::Low));
        let narrow = WindowLevel::between(at(100.0), at(100.0));
        assert_eq!(axis.handle_at(&narrow, 97.0, 5.0), Some(WindowHandle::Low));
        assert_eq!(axis.handle_at(&narrow, 103.0, 5.0), Some(WindowHandle::High));
    }

    #[test]
    fn nonsense_leaves_the_window_as_it_is() {
        let window = WindowLevel::new(40.0, 400.0);
        for (axis, to) in [(axis(300.0), f64::NAN), (axis(300.0), f64::INFINITY), (axis(f64::NAN), f64::NAN)] {
            assert_eq!(axis.dragged(&window, WindowHandle::Level, 0.0, to), window);
        }
        assert!(axis(0.0).x_from_intensity(0.0).is_finite());
    }
}
