//! The end of a run.

/// What a run still looks at when its steps are done, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The labels that were kept from training.
    Calibration,
    /// The last point of the held-out curve.
    HeldOut,
    /// The overlay of the shown case.
    Overlay,
}

impl Ending {
    pub const FIRST: Self = Self::Calibration;

    pub fn next(self) -> Option<Self> {
        match self {
            Self::Calibration => Some(Self::HeldOut),
            Self::HeldOut => Some(Self::Overlay),
            Self::Overlay => None,
        }
    }
}
