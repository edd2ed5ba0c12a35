//! Two results beside each other in every slice view.

use std::sync::Arc;

use crate::label::Prediction;
use crate::view::LayerSettings;
use crate::workspace::{OlderRound, Workspace};

/// How two results share a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitForm {
    /// One picture, and a divider between the one result and the other that can be dragged.
    Swipe,
    /// Two halves that show the same plane around the same place.
    SideBySide,
}

/// What one side shows over the image, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitSide {
    Labels,
    /// The newest pseudo-labels.
    Newest,
    /// What the older round says that is looked at.
    Older,
}

impl SplitSide {
    pub const ALL: [Self; 3] = [Self::Labels, Self::Newest, Self::Older];

    /// The layers of a side, whatever the user hides otherwise.
    pub fn layers(self, layers: LayerSettings) -> LayerSettings {
        match self {
            Self::Labels => LayerSettings { labels: true, pseudo: false, network_contours: false, ..layers },
            Self::Newest | Self::Older => LayerSettings { labels: false, pseudo: true, ..layers },
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SplitAction {
    /// `None`: one picture again.
    Show(Option<SplitForm>),
    /// What the other side shows already changes places.
    ChooseLeft(SplitSide),
    ChooseRight(SplitSide),
    /// Share of a view's width that lies left of the divider; clamped to 0..=1.
    MoveDivider(f32),
    /// A tool that writes labels was used on a side that shows none: says so.
    ExplainUnseenLabels,
}

/// Two results, never the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    pub form: SplitForm,
    sides: [SplitSide; 2],
    divider: f32,
}

impl Split {
    /// One press of the keys that move the divider, a share of a view's width.
    pub const DIVIDER_STEP: f32 = 0.05;

    /// Left and right side; the divider is in the middle.
    pub fn new(form: SplitForm, sides: [SplitSide; 2]) -> Self {
        Self { form, sides, divider: 0.5 }
    }

    /// Left and right.
    pub fn sides(&self) -> [SplitSide; 2] {
        self.sides
    }

    pub fn shows(&self, side: SplitSide) -> bool {
        self.sides.contains(&side)
    }

    /// What changes of the labels on a side is seen: there, or in the half beside it.
    pub fn shows_labels_for(&self, side: SplitSide) -> bool {
        side == SplitSide::Labels || (self.form == SplitForm::SideBySide && self.shows(SplitSide::Labels))
    }

    /// Share of a view's width that lies left of the divider, 0..=1.
    pub fn divider(&self) -> f32 {
        self.divider
    }

    /// `place` is 0 for the left side and 1 for the right one.
    pub(super) fn choose(&mut self, place: usize, side: SplitSide) {
        if self.sides[place] == side {
            return;
        }
        if self.shows(side) {
            self.sides.reverse();
        } else {
            self.sides[place] = side;
        }
    }

    pub(super) fn move_divider(&mut self, share: f32) {
        // A NaN would survive a clamp.
        self.divider = if share.is_finite() { share.clamp(0.0, 1.0) } else { self.divider };
    }
}

impl Workspace {
    /// The two results that share every slice view, while there are two.
    pub fn split(&self) -> Option<&Split> {
        self.split.as_ref()
    }

    /// The prediction that a side shows; `None` for the labels, and while there is none yet.
    pub fn prediction_of(&self, side: SplitSide) -> Option<&Arc<Prediction>> {
        match side {
            SplitSide::Labels => None,
            SplitSide::Newest => self.case()?.prediction.as_ref(),
            SplitSide::Older => self.older_of_case()?.prediction(),
        }
    }

    /// What stands over a side.
    pub fn caption_of(&self, side: SplitSide) -> String {
        let name = match (side, &self.older) {
            (SplitSide::Labels, _) => return "Labels".to_owned(),
            (SplitSide::Older, Some(older)) => format!("Round {}", older.round),
            (SplitSide::Newest | SplitSide::Older, _) => "Newest".to_owned(),
        };
        if self.prediction_of(side).is_some() { name } else { format!("{name}: none yet") }
    }

    /// The predictions that the views draw. The second one only while two predictions share them; it is the older one then.
    pub fn drawn_predictions(&self) -> [Option<&Arc<Prediction>>; 2] {
        let Some(split) = &self.split else { return [self.displayed_prediction(), None] };
        let of = |side| self.prediction_of(side).filter(|_| split.shows(side));
        match split.shows(SplitSide::Newest) {
            true => [of(SplitSide::Newest), of(SplitSide::Older)],
            false => [of(SplitSide::Older), None],
        }
    }

    /// What figures are read from: the newest prediction of the case on the screen, or an older round's where that is seen
    /// in its place or under the pointer.
    pub fn displayed_prediction(&self) -> Option<&Arc<Prediction>> {
        let case = self.case()?;
        let older = self.older_of_case();
        let older = match &self.split {
            None => older.and_then(OlderRound::shown),
            Some(split) => older.filter(|_| self.reads_older(split)).and_then(OlderRound::prediction),
        };
        older.or(case.prediction.as_ref())
    }

    fn reads_older(&self, split: &Split) -> bool {
        match self.views.hover.and_then(|hover| hover.side) {
            Some(SplitSide::Older) => true,
            Some(SplitSide::Newest) => false,
            Some(SplitSide::Labels) | None => !split.shows(SplitSide::Newest) && split.shows(SplitSide::Older),
        }
    }

    /// Somewhere in the views an older round is seen, or where it differs from the newest.
    pub(super) fn shows_older(&self) -> bool {
        match &self.split {
            None => self.older.as_ref().is_some_and(|older| older.shown().is_some()),
            Some(split) => split.shows(SplitSide::Older) && self.prediction_of(SplitSide::Older).is_some(),
        }
    }

    fn older_of_case(&self) -> Option<&OlderRound> {
        let case = self.case()?;
        self.older.as_ref().filter(|older| older.case == case.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_never_show_the_same() {
        let mut split = Split::new(SplitForm::Swipe, [SplitSide::Labels, SplitSide::Newest]);
        split.choose(1, SplitSide::Labels);
        assert_eq!(split.sides(), [SplitSide::Newest, SplitSide::Labels]);
        split.choose(1, SplitSide::Labels);
        assert_eq!(split.sides(), [SplitSide::Newest, SplitSide::Labels], "it was there already");
        split.choose(0, SplitSide::Older);
        assert_eq!(split.sides(), [SplitSide::Older, SplitSide::Labels]);
        assert!(split.shows(SplitSide::Older) && !split.shows(SplitSide::Newest));
    }

    #[test]
    fn the_divider_stays_within_the_view() {
        let mut split = Split::new(SplitForm::Swipe, [SplitSide::Labels, SplitSide::Newest]);
        for (share, expected) in [(0.25, 0.25), (1.5, 1.0), (f32::NAN, 1.0), (-3.0, 0.0)] {
            split.move_divider(share);
            assert_eq!(split.divider(), expected);
        }
    }

    #[test]
    fn a_side_shows_its_own_layer_alone_whatever_is_hidden_elsewhere() {
        let hidden = LayerSettings { labels: false, pseudo: false, network_contours: true, ..LayerSettings::default() };
        let shown = |side: SplitSide| {
            let layers = side.layers(hidden);
            (layers.labels, layers.pseudo, layers.network_contours)
        };
        assert_eq!(SplitSide::ALL.map(shown), [(true, false, false), (false, true, true), (false, true, true)]);
    }
}
