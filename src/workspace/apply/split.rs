//! Two results beside each other: on and off, what each side shows.

use crate::workspace::{Effect, Notice, Split, SplitAction, SplitForm, SplitSide, Workspace};

impl Workspace {
    pub(super) fn apply_split(&mut self, action: SplitAction, effects: &mut Vec<Effect>) {
        match action {
            SplitAction::Show(Some(form)) => self.show_split(form, effects),
            SplitAction::Show(None) => self.end_split(effects),
            SplitAction::ChooseLeft(side) => self.choose_side(0, side, effects),
            SplitAction::ChooseRight(side) => self.choose_side(1, side, effects),
            SplitAction::MoveDivider(share) => {
                if let Some(split) = &mut self.split {
                    split.move_divider(share);
                }
            }
            SplitAction::ExplainUnseenLabels => {
                let text = "No labels are shown here: paint where they are, or go back to one picture.";
                self.notify(Notice::info(text), effects);
            }
        }
    }

    /// Nothing is compared with a pseudo-label that is not there.
    fn show_split(&mut self, form: SplitForm, effects: &mut Vec<Effect>) {
        let Some(case) = self.case() else { return };
        let before = self.split;
        if before.is_none() && self.older.is_none() && case.prediction.is_none() {
            return self.notify_no_prediction(effects);
        }
        let mut split = before.unwrap_or_else(|| Split::new(form, self.usual_sides()));
        split.form = form;
        self.split = Some(split);
        self.split_changed(before, effects);
    }

    pub(super) fn end_split(&mut self, effects: &mut Vec<Effect>) {
        let before = self.split.take();
        self.split_changed(before, effects);
    }

    fn choose_side(&mut self, place: usize, side: SplitSide, effects: &mut Vec<Effect>) {
        let before = self.split;
        let is_there = side != SplitSide::Older || self.older.is_some();
        if let Some(split) = self.split.as_mut().filter(|_| is_there) {
            split.choose(place, side);
        }
        self.split_changed(before, effects);
    }

    /// An older round is looked at from now on: one of the sides is its.
    pub(super) fn split_shows_older(&mut self) {
        let sides = self.usual_sides();
        if let Some(split) = self.split.as_mut().filter(|split| !split.shows(SplitSide::Older)) {
            let [left, right] = sides;
            split.choose(0, left);
            split.choose(1, right);
        }
    }

    /// Labels against the newest, or what an older round says against it.
    fn usual_sides(&self) -> [SplitSide; 2] {
        [if self.older.is_some() { SplitSide::Older } else { SplitSide::Labels }, SplitSide::Newest]
    }

    fn split_changed(&mut self, before: Option<Split>, effects: &mut Vec<Effect>) {
        if self.split == before {
            return;
        }
        let has_halves = |split: Option<Split>| split.is_some_and(|split| split.form == SplitForm::SideBySide);
        if has_halves(before) != has_halves(self.split) {
            self.opened_mut().for_each(|case| case.fit_untouched());
        }
        effects.push(Effect::UploadPrediction);
    }
}
