//! The measurements of a case, with what stands beside each.

use crate::view::{HandleHit, Measurement};
use crate::volume::Image;

#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    pub measurement: Measurement,
    /// `12.4 mm`, `mean 41 ± 12, 3.2 cm²`; worked out when the measurement changes, not in every frame.
    pub text: String,
}

#[derive(Debug, Default)]
pub struct Measurements {
    all: Vec<Measured>,
    held: Option<HandleHit>,
}

impl Measurements {
    pub fn all(&self) -> &[Measured] {
        &self.all
    }

    /// Those that the study kept.
    pub(super) fn restore(&mut self, kept: Vec<Measurement>, image: &Image) {
        let measured = |measurement: Measurement| Measured { text: measurement.label_text(image), measurement };
        self.all = kept.into_iter().map(measured).collect();
    }

    /// Adds one and holds its handle `handle`.
    pub(super) fn begin(&mut self, measurement: Measurement, handle: usize, image: &Image) {
        let text = measurement.label_text(image);
        self.all.push(Measured { measurement, text });
        self.held = Some(HandleHit { measurement: self.all.len() - 1, handle });
    }

    pub(super) fn grab(&mut self, hit: HandleHit) {
        self.held = Some(hit);
    }

    pub(super) fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// The held one is changed by `change`, given its handle.
    pub(super) fn change_held(&mut self, image: &Image, change: impl FnOnce(&mut Measurement, usize)) {
        let Some(HandleHit { measurement, handle }) = self.held else { return };
        if let Some(measured) = self.all.get_mut(measurement) {
            change(&mut measured.measurement, handle);
            measured.text = measured.measurement.label_text(image);
        }
    }

    /// A measurement of less than `least_mm`, a mere click, is none.
    pub(super) fn release(&mut self, least_mm: f64) {
        if let Some(held) = self.held.take()
            && self.all.get(held.measurement).is_some_and(|m| reach_mm(&m.measurement) < least_mm)
        {
            self.all.remove(held.measurement);
        }
    }

    /// The words of all of them, for another image on the same grid.
    pub(super) fn retext(&mut self, image: &Image) {
        for measured in &mut self.all {
            measured.text = measured.measurement.label_text(image);
        }
    }

    pub(super) fn remove_newest(&mut self) {
        self.held = None;
        self.all.pop();
    }

    pub(super) fn clear(&mut self) {
        self.held = None;
        self.all.clear();
    }
}

/// The longest way from the first handle to another one.
fn reach_mm(measurement: &Measurement) -> f64 {
    let handles = measurement.handles();
    let Some(first) = handles.first() else { return 0.0 };
    let away = |h: &[f64; 3]| (0..3).map(|a| (h[a] - first[a]).powi(2)).sum::<f64>().sqrt();
    handles.iter().map(away).fold(0.0, f64::max)
}
