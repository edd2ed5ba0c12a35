//! The end of a run, or of a round.

/// What is still looked at when the steps are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The labels that were kept from training.
    Calibration,
    /// The last point of the held-out curve.
    HeldOut,
    /// The overlay of the shown case.
    Overlay,
    /// The cases that come next in the review.
    Upcoming,
    /// What the networks still know of the first labelled cases.
    Known,
    /// The round is kept and reported.
    Round,
}

impl Ending {
    pub const FIRST: Self = Self::Calibration;

    /// In a live run somebody waits for the predictions: they come before the measurements.
    pub fn next(self, live: bool) -> Option<Self> {
        match (self, live) {
            (Self::Calibration, false) => Some(Self::HeldOut),
            (Self::HeldOut, false) => Some(Self::Overlay),
            (Self::Calibration, true) => Some(Self::Overlay),
            (Self::Overlay, true) => Some(Self::Upcoming),
            (Self::Upcoming, true) => Some(Self::HeldOut),
            (Self::HeldOut, true) => Some(Self::Known),
            (Self::Known, true) => Some(Self::Round),
            (Self::Overlay | Self::Upcoming | Self::Known | Self::Round, _) => None,
        }
    }
}
