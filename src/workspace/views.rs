//! What the viewers share, whatever case they show.

use serde::{Deserialize, Serialize};

use crate::geometry::{PatientSide, Plane};
use crate::view::{LayerSettings, TransferPreset};
use crate::workspace::Hover;

#[derive(Clone, Debug, PartialEq)]
pub struct Views {
    pub layout: Layout,
    /// This view alone, until it is let go.
    pub maximised: Option<Plane>,
    pub active: Plane,
    pub side: PatientSide,
    pub layers: LayerSettings,
    /// How the image is seen in 3-D; `None`: surfaces alone.
    pub volume: Option<TransferPreset>,
    /// Measurements are drawn.
    pub measurements: bool,
    pub hover: Option<Hover>,
}

/// How the views are arranged before the user drags their borders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// Two by two.
    #[default]
    Grid,
    /// A large axial view, the rest in a column beside it.
    OnePlusThree,
    /// Three columns, for wide screens.
    Columns,
    /// A large 3-D view, the slices in a column beside it.
    SceneLarge,
}

impl Layout {
    pub const ALL: [Self; 4] = [Self::Grid, Self::OnePlusThree, Self::Columns, Self::SceneLarge];

    pub fn name(self) -> &'static str {
        match self {
            Self::Grid => "Two by two",
            Self::OnePlusThree => "One large, three small",
            Self::Columns => "Columns",
            Self::SceneLarge => "Large 3-D view",
        }
    }

    /// The next one, round and round.
    pub fn next(self) -> Self {
        let place = Self::ALL.iter().position(|layout| *layout == self).unwrap_or(0);
        Self::ALL[(place + 1) % Self::ALL.len()]
    }
}

impl Default for Views {
    fn default() -> Self {
        Self {
            layout: Layout::default(),
            maximised: None,
            active: Plane::Axial,
            side: PatientSide::default(),
            layers: LayerSettings::default(),
            volume: None,
            measurements: true,
            hover: None,
        }
    }
}
