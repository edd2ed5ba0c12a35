//! The rounds of learning: how good each was, what it took, a look back and a way back.

use eframe::egui::{self, ComboBox, Grid, RichText, ScrollArea, Ui};

use super::actions::Actions;
use super::widgets::{self, figures};
use super::{known_questions, theme};
use crate::rounds::{CorrectionEffort, Round, Verdict, unix_seconds};
use crate::view::KeyAction;
use crate::workspace::{
    Action, OlderRound, RoundAction, RoundView, Split, SplitAction, SplitForm, SplitSide, TrainAction, Workspace,
};

const HEADINGS: [(&str, &str); 6] = [
    ("Round", "Counted over the whole study"),
    ("Ended", ""),
    ("Held-out Dice", "Mean of the held-out cases, with the interval that holds the true mean in 95 of 100 times"),
    ("Corrected", "Voxels labelled otherwise or rejected before the round, in how many places"),
    ("Work", "Time of these corrections without the pauses"),
    ("", ""),
];
/// None of them while two results share the views.
const VIEWS: [(Option<RoundView>, &str); 3] = [
    (Some(RoundView::Older), "This round"),
    (Some(RoundView::Newest), "Newest"),
    (Some(RoundView::Difference), "Difference"),
];
const FORMS: [(Option<SplitForm>, &str); 3] =
    [(None, "One picture"), (Some(SplitForm::Swipe), "Swipe"), (Some(SplitForm::SideBySide), "Side by side")];

/// Returns false once the window is to be closed.
pub fn ui(ctx: &egui::Context, workspace: &Workspace, actions: &mut Actions) -> bool {
    let training = workspace.training();
    let rounds = &training.rounds;
    let mut stays = true;
    egui::Window::new("Rounds of learning")
        .open(&mut stays)
        .default_pos([theme::LEFT_PANEL_WIDTH + 40.0, theme::TOP_BAR_HEIGHT + 40.0])
        .resizable(false)
        .collapsible(false)
        .show(ctx, |ui| {
            known_questions::score_ui(ui, workspace.known_questions());
            if rounds.all().is_empty() {
                ui.set_max_width(420.0);
                ui.label(
                    "A round ends when learning is up to date with your corrections. Its networks are kept, so that you can \
                     compare them with newer ones and go back to them.",
                );
                split_ui(ui, workspace, actions);
                return;
            }
            ui.label(RichText::new(rounds.verdict().to_string()).strong());
            ui.add_space(theme::TIGHT);
            if let Some(older) = workspace.older() {
                compared_ui(ui, older, workspace.split(), actions);
            }
            split_ui(ui, workspace, actions);
            ScrollArea::vertical().max_height(320.0).show(ui, |ui| table_ui(ui, workspace, actions));
            if !training.can_look_back() {
                widgets::caption_ui(ui, "Continue learning to compare a round with the newest or to go back to it.");
            }
        });
    if !stays {
        actions.extend(closed(workspace));
    }
    stays
}

/// What follows when the window is closed: the views go back to the newest round.
pub fn closed(workspace: &Workspace) -> Option<Action> {
    workspace.older().is_some().then(|| action(RoundAction::Close))
}

fn action(action: RoundAction) -> Action {
    TrainAction::Round(action).into()
}

/// What the views show, as a blink comparator does.
fn compared_ui(ui: &mut Ui, older: &OlderRound, split: Option<&Split>, actions: &mut Actions) {
    ui.horizontal(|ui| {
        ui.label(format!("Round {} in the views:", older.round));
        let view = split.is_none().then_some(older.view);
        if let Some(view) = widgets::choices_ui(ui, view, &VIEWS).flatten() {
            actions.push(action(RoundAction::Show(view)));
        }
        if ui.button("Done").on_hover_text("Show the newest pseudo-labels only").clicked() {
            actions.push(action(RoundAction::Close));
        }
        let is_awaited = match split {
            Some(split) => split.shows(SplitSide::Older) && older.prediction().is_none(),
            None => older.is_awaited(),
        };
        if is_awaited {
            ui.spinner();
        }
    });
    ui.add_space(theme::TIGHT);
}

/// Two results that share every view: how, and which.
fn split_ui(ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
    let keymap = &workspace.preferences().keymap;
    let split = workspace.split();
    let tooltip = keymap.with_keys("Labels and pseudo-labels, or two rounds", KeyAction::ToggleSwipe);
    let tooltip = keymap.with_keys(&tooltip, KeyAction::ToggleSideBySide);
    ui.horizontal(|ui| {
        ui.label("In each view:").on_hover_text(tooltip);
        let chosen = ui.add_enabled_ui(workspace.case().is_some(), |ui| {
            widgets::choices_ui(ui, split.map(|split| split.form), &FORMS)
        });
        if let Some(form) = chosen.inner {
            actions.push(SplitAction::Show(form).into());
        }
    });
    if let Some(split) = split {
        ui.horizontal(|ui| {
            let [left, right] = split.sides();
            ui.label("Left");
            actions.extend(side_ui(ui, "Left side", left, workspace).map(|side| SplitAction::ChooseLeft(side).into()));
            ui.label("Right");
            let chosen = side_ui(ui, "Right side", right, workspace);
            actions.extend(chosen.map(|side| SplitAction::ChooseRight(side).into()));
        });
    }
    ui.add_space(theme::TIGHT);
}

/// What one side shows; the newly chosen one.
fn side_ui(ui: &mut Ui, name: &str, current: SplitSide, workspace: &Workspace) -> Option<SplitSide> {
    let mut chosen = None;
    let combo = ComboBox::from_id_salt(name).selected_text(workspace.caption_of(current));
    let combo = combo.show_ui(ui, |ui| {
        for side in SplitSide::ALL {
            let is_there = side != SplitSide::Older || workspace.older().is_some();
            let choice = egui::Button::selectable(side == current, workspace.caption_of(side));
            if is_there && ui.add(choice).clicked() {
                chosen = Some(side);
            }
        }
    });
    combo.response.accessible_name(name);
    chosen
}

/// The newest comes first.
fn table_ui(ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
    let p = theme::palette(ui);
    let best = match workspace.training().rounds.verdict() {
        Verdict::WorseSince { best, .. } => Some(best),
        _ => None,
    };
    Grid::new("rounds").num_columns(HEADINGS.len()).spacing([theme::WIDE, theme::TIGHT]).show(ui, |ui| {
        for (heading, explanation) in HEADINGS {
            let label = ui.label(RichText::new(heading).small().color(p.text_weak));
            if !explanation.is_empty() {
                label.on_hover_text(explanation);
            }
        }
        ui.end_row();
        let rounds = workspace.training().rounds.all();
        for (place, round) in rounds.iter().enumerate().rev() {
            let before = rounds[..place].iter().rev().find(|before| !before.held_out.is_empty());
            let has_other_cases = before.is_some_and(|before| round.measures_others_than(before));
            facts_ui(ui, round, best == Some(round.number), has_other_cases);
            ui.horizontal(|ui| ways_ui(ui, round, workspace, actions));
            ui.end_row();
        }
    });
}

/// `has_other_cases`: it was measured on others than the round before.
fn facts_ui(ui: &mut Ui, round: &Round, is_best: bool, has_other_cases: bool) {
    let p = theme::palette(ui);
    let number = figures(round.number.to_string());
    ui.label(if is_best { number.color(p.accent).strong() } else { number });
    ui.label(ago(unix_seconds().saturating_sub(round.ended_unix_s)));
    match round.mean_dice() {
        Some(dice) => {
            let interval = dice.half_width.map(|half| format!(" ± {half:.3}")).unwrap_or_default();
            let by_case = round.held_out.iter().map(|(case, dice)| format!("{case}  {dice:.3}"));
            let by_case: Vec<String> = by_case.collect();
            let others = if has_other_cases { ", other cases" } else { "" };
            let label = ui.label(figures(format!("{:.3}{interval}{others}", dice.mean)));
            let label = label.on_hover_text(RichText::new(by_case.join("\n")).monospace());
            if has_other_cases {
                label.on_hover_text(
                    "The held-out cases are others than in the round before: these means do not compare",
                );
            }
        }
        None => drop(ui.label("–")),
    }
    let effort = round.effort();
    let corrected = ui.label(corrected(&effort));
    if !round.corrections.is_empty() {
        let of =
            |(case, effort): (_, &CorrectionEffort)| format!("{case}  {}, {}", self::corrected(effort), work(effort));
        corrected.on_hover_text(round.corrections.iter().map(of).collect::<Vec<_>>().join("\n"));
    }
    ui.label(work(&effort));
}

fn ways_ui(ui: &mut Ui, round: &Round, workspace: &Workspace, actions: &mut Actions) {
    let training = workspace.training();
    if round.checkpoint.is_none() || training.run.as_ref() != Some(&round.model) {
        let why = "Its networks are not kept any more, or belong to an earlier run";
        widgets::caption_ui(ui, "numbers only").on_hover_text(why);
        return;
    }
    ui.add_enabled_ui(training.can_look_back(), |ui| {
        let is_shown = workspace.older().is_some_and(|older| older.round == round.number);
        let compare = ui.add_enabled(!is_shown && workspace.case().is_some(), egui::Button::new("Compare"));
        let compare = widgets::named(compare, &format!("Compare round {}", round.number), None);
        if compare.on_hover_text("Its pseudo-labels of this case beside the newest").clicked() {
            actions.push(action(RoundAction::Compare(round.number)));
        }
        let back = widgets::named(ui.button("Go back to it"), &format!("Go back to round {}", round.number), None);
        if back.on_hover_text("Its networks learn on in place of the present ones; no label changes").clicked() {
            actions.push(action(RoundAction::Restore(round.number)));
        }
    });
}

fn corrected(effort: &CorrectionEffort) -> String {
    match (effort.voxels_changed, effort.regions_touched) {
        (0, _) => "–".to_owned(),
        (voxels, 1) => format!("{voxels} voxels in 1 place"),
        (voxels, places) => format!("{voxels} voxels in {places} places"),
    }
}

fn work(effort: &CorrectionEffort) -> String {
    match effort.seconds {
        0 => "–".to_owned(),
        s @ 1..60 => format!("{s} s"),
        s => format!("{} min {:02} s", s / 60, s % 60),
    }
}

fn ago(secs: u64) -> String {
    match secs {
        0..60 => "just now".to_owned(),
        60..3_600 => format!("{} min ago", secs / 60),
        3_600..86_400 => format!("{} h ago", secs / 3_600),
        86_400..172_800 => "yesterday".to_owned(),
        _ => format!("{} days ago", secs / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_round_took_is_said_in_words() {
        let effort = CorrectionEffort { voxels_changed: 120, seconds: 75, regions_touched: 3 };
        assert_eq!((corrected(&effort).as_str(), work(&effort).as_str()), ("120 voxels in 3 places", "1 min 15 s"));
        assert_eq!((corrected(&CorrectionEffort::default()).as_str(), ago(90_000).as_str()), ("–", "yesterday"));
    }
}
