//! What the trainer would predict for the shown case.
#![allow(dead_code, clippy::unwrap_used)]

use std::sync::Arc;

use chiaro::label::{Indecision, Prediction, Probabilities, ProbabilityKind, Provenance};
use chiaro::volume::Grid;

use super::window_harness::Window;

impl Window {
    /// The trainer predicts one class everywhere.
    pub fn send_prediction(&mut self, class: u8, confidence: u8) {
        self.send_classes(Grid::filled(self.case().extent(), class), confidence);
    }

    /// The trainer predicts these classes.
    pub fn send_classes(&mut self, class: Grid<u8>, confidence: u8) {
        self.send(class, confidence, Probabilities::default());
    }

    /// The trainer predicts class 1 everywhere, with everything that a neural process says.
    pub fn send_beliefs(&mut self) {
        let extent = self.case().extent();
        let plane = |value| Some(Grid::filled(extent, value));
        let probabilities = Probabilities {
            mean: plane(153),
            scaled: plane(181),
            np: plane(102),
            np_std: plane(33),
            np_information: plane(30),
            np_divergence: Some(0.42),
            indecision: Some(Indecision {
                entropy: Grid::filled(extent, 128),
                belief_agreement: Grid::filled(extent, 230),
                jensen_shannon: Grid::filled(extent, 26),
                margin: Grid::filled(extent, 20),
            }),
            shown: ProbabilityKind::Scaled,
        };
        self.send(Grid::filled(extent, 1), 107, probabilities);
    }

    pub fn send(&mut self, class: Grid<u8>, confidence: u8, probabilities: Probabilities) {
        let case = self.case();
        let plane = |value| Grid::filled(case.extent(), value);
        let provenance = Provenance {
            case: case.id.clone(),
            label_revision: case.labels().revision(),
            model: "run-1".to_owned(),
            step: 10,
        };
        let prediction = Prediction {
            provenance,
            class_a: class.clone(),
            class_b: class.clone(),
            class,
            confidence_a: plane(confidence),
            confidence_b: plane(confidence),
            dual_confidence: plane(confidence),
            probabilities,
        };
        self.predictions.put(Arc::new(prediction));
        self.steps(3);
    }
}
