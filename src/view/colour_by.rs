//! What colours the pseudo-labels, on scales that are the same for every case.

use super::{ColourPlanes, SecondPlane};
use crate::label::{FINE_STEPS, Indecision, Prediction};
use crate::volume::Grid;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ColourBy {
    /// What both networks believe, and how much it looks like the labels.
    #[default]
    BothAxes,
    DualConfidence,
    /// The neural process's probability of the displayed class.
    LikeLabels,
    /// The displayed probability, whichever that is.
    Probability,
    /// Whether both networks name the same class.
    Agreement,
    /// Entropy of the mean of both networks, 0 to 1.
    Entropy,
    /// `exp(-KL)` of the two networks' beliefs, 0 to 1.
    Discrepancy,
    /// Agree or differ, sure or ambiguous (methods 7.2).
    RegionCodes,
    /// Standard deviation of the neural process, 0 to 0.1.
    Spread,
    /// The neural process's probability minus the networks' mean, -1 to 1.
    Shift,
}

/// How the values of a voxel choose its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColourAxes {
    One,
    Two,
    /// The second value minus the first.
    Difference,
}

impl ColourBy {
    pub const ALL: [Self; 10] = [
        Self::BothAxes,
        Self::DualConfidence,
        Self::LikeLabels,
        Self::Probability,
        Self::Agreement,
        Self::Entropy,
        Self::Discrepancy,
        Self::RegionCodes,
        Self::Spread,
        Self::Shift,
    ];

    /// The end of the scale of [`Self::Spread`].
    pub const LARGEST_SPREAD: f32 = 255.0 / FINE_STEPS;

    pub fn name(self) -> &'static str {
        match self {
            Self::BothAxes => "Both axes",
            Self::DualConfidence => "Both believe it",
            Self::LikeLabels => "Like your labels",
            Self::Probability => "Probability",
            Self::Agreement => "Agreement",
            Self::Entropy => "Undecided",
            Self::Discrepancy => "Discrepancy",
            Self::RegionCodes => "Region codes",
            Self::Spread => "Spread",
            Self::Shift => "Shift",
        }
    }

    /// One sentence for whoever wonders what the name means.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::BothAxes => "How far both networks believe the class, and how much it looks like your labels",
            Self::DualConfidence => "Dual confidence: each network's class, and how far the other believes it",
            Self::LikeLabels => "Probability of the class given nothing but labelled voxels (neural process)",
            Self::Probability => "The displayed probability of the class",
            Self::Agreement => "Whether both networks name the same class",
            Self::Entropy => "How undecided both are between all classes: entropy of their mean, 0 to 1",
            Self::Discrepancy => {
                "How far the beliefs of both are apart: exp(\u{2212}KL) of B from A, 1 (not at all) to 0"
            }
            Self::RegionCodes => "The networks agree or differ, both sure or one ambiguous: AS, AI, FS, FI",
            Self::Spread => "How far the neural process is from being sure: standard deviation, 0 to 0.1",
            Self::Shift => "Neural process minus the mean of both networks, −1 to 1",
        }
    }

    pub fn axes(self) -> ColourAxes {
        match self {
            Self::BothAxes | Self::Agreement | Self::RegionCodes => ColourAxes::Two,
            Self::Shift => ColourAxes::Difference,
            Self::DualConfidence
            | Self::LikeLabels
            | Self::Probability
            | Self::Entropy
            | Self::Discrepancy
            | Self::Spread => ColourAxes::One,
        }
    }

    /// Whether a prediction has what this needs.
    pub fn is_known(self, prediction: &Prediction) -> bool {
        self.own_planes(prediction).is_some()
    }

    /// This, or dual confidence, which every prediction has.
    pub fn or_known(self, prediction: &Prediction) -> Self {
        if self.is_known(prediction) { self } else { Self::DualConfidence }
    }

    /// The planes of a prediction; those of dual confidence where it has none for this.
    pub fn planes(self, prediction: &Prediction) -> ColourPlanes<'_> {
        let dual = ColourPlanes { first: &prediction.dual_confidence, second: None };
        self.own_planes(prediction).unwrap_or(dual)
    }

    fn own_planes(self, prediction: &Prediction) -> Option<ColourPlanes<'_>> {
        let p = &prediction.probabilities;
        let dual = &prediction.dual_confidence;
        let undecided = |plane: fn(&Indecision) -> &Grid<u8>| p.indecision.as_ref().map(plane);
        let agreement = SecondPlane::Agreement([&prediction.class_a, &prediction.class_b]);
        let (first, second) = match self {
            Self::BothAxes => {
                let np = p.np.as_ref()?;
                (dual, Some(p.np_std.as_ref().map_or(SecondPlane::Stored(np), |std| SecondPlane::Likeness([np, std]))))
            }
            Self::DualConfidence => (dual, None),
            Self::LikeLabels => (p.np.as_ref()?, None),
            Self::Probability => (p.displayed()?, None),
            Self::Agreement => (dual, Some(agreement)),
            Self::Entropy => (undecided(|i| &i.entropy)?, None),
            Self::Discrepancy => (undecided(|i| &i.belief_agreement)?, None),
            Self::RegionCodes => (undecided(|i| &i.margin)?, Some(agreement)),
            Self::Spread => (p.np_std.as_ref()?, None),
            Self::Shift => (p.mean.as_ref()?, Some(SecondPlane::Stored(p.np.as_ref()?))),
        };
        Some(ColourPlanes { first, second })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Extent, Voxel};
    use crate::label::{Probabilities, ProbabilityKind, Provenance};
    use crate::volume::CaseId;

    fn prediction(probabilities: Probabilities) -> Prediction {
        let plane = |value: u8| Grid::filled(Extent::new(1, 1, 1).unwrap(), value);
        Prediction {
            provenance: Provenance { case: CaseId::from("a"), label_revision: 0, model: "m".into(), step: 1 },
            class: plane(1),
            confidence_a: plane(1),
            confidence_b: plane(2),
            class_a: plane(1),
            class_b: plane(1),
            dual_confidence: plane(3),
            probabilities,
        }
    }

    #[test]
    fn without_a_neural_process_the_map_has_one_axis() {
        let plain = prediction(Probabilities::default());
        assert_eq!(ColourBy::BothAxes.or_known(&plain), ColourBy::DualConfidence);
        for by in ColourBy::ALL.into_iter().filter(|by| *by != ColourBy::Agreement) {
            let planes = by.planes(&plain);
            assert_eq!((planes.first.as_slice(), planes.second.is_none()), ([3].as_slice(), true), "{by:?}");
        }
    }

    #[test]
    fn agreement_is_known_of_every_prediction_and_region_codes_need_the_margin() {
        let mut plain = prediction(Probabilities::default());
        plain.class_b = Grid::filled(Extent::new(1, 1, 1).unwrap(), 2);
        let agree = |p: &Prediction| ColourBy::Agreement.planes(p).second.unwrap().at(Voxel::new(0, 0, 0));
        assert_eq!((agree(&plain), agree(&prediction(Probabilities::default()))), (0, 255));
        assert!(!ColourBy::RegionCodes.is_known(&plain));
    }

    #[test]
    fn the_displayed_probability_is_the_one_that_is_shown() {
        let plane = |value: u8| Some(Grid::filled(Extent::new(1, 1, 1).unwrap(), value));
        let both = Probabilities { mean: plane(10), np: plane(20), ..Probabilities::default() };
        let first = |by: ColourBy, p: &Probabilities| by.planes(&prediction(p.clone())).first.as_slice()[0];
        assert_eq!(first(ColourBy::Probability, &both), 10);
        let by_np = Probabilities { shown: ProbabilityKind::NeuralProcess, ..both.clone() };
        assert_eq!(first(ColourBy::Probability, &by_np), 20);
        // Shown, but not there.
        let by_scaled = Probabilities { shown: ProbabilityKind::Scaled, ..both };
        assert!(!ColourBy::Probability.is_known(&prediction(by_scaled)));
    }
}
