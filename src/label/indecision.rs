//! How undecided the two networks are between classes: what cannot be told from the most probable class alone.

use crate::volume::Grid;

/// Planes of u8, `round(255 x)` of values in 0..=1, on scales that are the same for every case (methods 12).
#[derive(Clone, Debug, PartialEq)]
pub struct Indecision {
    /// `H(p) / ln K` of the mean of both networks: 0 is decided, 1 is anything.
    pub entropy: Grid<u8>,
    /// `exp(-KL(p_B || p_A))` with probabilities of at least 1e-6: 1 is one belief, 0 another one each.
    pub belief_agreement: Grid<u8>,
    /// `(H(mean) - mean of H) / ln 2`: 0 is one belief, 1 is sure of different classes.
    pub jensen_shannon: Grid<u8>,
    /// Most probable minus second most probable class, of the network where that is less.
    pub margin: Grid<u8>,
}

impl Indecision {
    /// A network is ambiguous with a margin below this (methods 7.2: background between 0.425 and 0.575 with two classes).
    pub const AMBIGUOUS_MARGIN: f32 = 0.15;

    /// First stored margin that is not ambiguous.
    pub const CLEAR_MARGIN: u8 = 39;

    /// `KL(p_B || p_A)`, nats, of a stored value; `None` beyond what a byte tells (5.5 and more).
    pub fn divergence_nats(stored: u8) -> Option<f32> {
        // Without the addition, no divergence would be -0.
        (stored > 0).then(|| 0.0 - (f32::from(stored) / 255.0).ln())
    }
}

/// The regions of SGRS-Net (methods 7.2), with the two networks as the two views.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegionCode {
    AgreeSure,
    AgreeAmbiguous,
    DifferSure,
    DifferAmbiguous,
}

impl RegionCode {
    pub const ALL: [Self; 4] = [Self::AgreeSure, Self::AgreeAmbiguous, Self::DifferSure, Self::DifferAmbiguous];

    /// Of a stored margin.
    pub fn new(agree: bool, margin: u8) -> Self {
        match (agree, margin >= Indecision::CLEAR_MARGIN) {
            (true, true) => Self::AgreeSure,
            (true, false) => Self::AgreeAmbiguous,
            (false, true) => Self::DifferSure,
            (false, false) => Self::DifferAmbiguous,
        }
    }

    /// As the publication names it.
    pub fn code(self) -> &'static str {
        match self {
            Self::AgreeSure => "AS",
            Self::AgreeAmbiguous => "AI",
            Self::DifferSure => "FS",
            Self::DifferAmbiguous => "FI",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::AgreeSure => "agree, sure",
            Self::AgreeAmbiguous => "agree, ambiguous",
            Self::DifferSure => "differ, sure",
            Self::DifferAmbiguous => "differ, ambiguous",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::probability_to_u8;

    #[test]
    fn a_stored_margin_is_ambiguous_below_the_published_one() {
        let exact = |stored: u8| f32::from(stored) / 255.0 >= Indecision::AMBIGUOUS_MARGIN;
        let first = (0..=u8::MAX).find(|stored| exact(*stored));
        assert_eq!(first, Some(Indecision::CLEAR_MARGIN));
        // The published rule for two classes: background between 0.425 and 0.575.
        for (background, code) in [(0.42, "AS"), (0.43, "AI"), (0.57, "AI"), (0.58, "AS")] {
            let margin = probability_to_u8((2.0 * background - 1.0f32).abs());
            assert_eq!(RegionCode::new(true, margin).code(), code, "{background}");
        }
        assert_eq!(RegionCode::ALL.map(RegionCode::code), ["AS", "AI", "FS", "FI"]);
        assert_eq!(RegionCode::new(false, 0), RegionCode::DifferAmbiguous);
    }

    #[test]
    fn a_divergence_is_read_back_from_its_byte() {
        assert_eq!((Indecision::divergence_nats(255), Indecision::divergence_nats(0)), (Some(0.0), None));
        let stored = probability_to_u8((-0.5f32).exp());
        assert!((Indecision::divergence_nats(stored).unwrap() - 0.5).abs() < 0.005);
    }
}
