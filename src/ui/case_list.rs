//! The cases of the study: state, name, share that is labelled; below them what the study amounts to.

use eframe::egui::{
    Align2, Button, Color32, FontId, Pos2, Rect, Response, RichText, Role, ScrollArea, Sense, TextStyle, Ui,
    WidgetInfo, pos2, vec2,
};

use super::actions::Actions;
use super::theme::{self, Palette};
use super::widgets;
use crate::project::CaseState;
use crate::workspace::{CaseAction, CaseFilter, CaseLine, Study, Workspace};

/// Room for the counts below the list.
const COUNTS_HEIGHT: f32 = 68.0;
/// Room for the choice of the order.
const ORDER_HEIGHT: f32 = 30.0;
const BAR_WIDTH: f32 = 32.0;

pub fn ui(ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
    let Some(study) = workspace.study() else { return };
    widgets::section_ui(ui, "Cases", Some(&listed_of(study)));
    let height = (ui.available_height() - COUNTS_HEIGHT - ORDER_HEIGHT).max(3.0 * theme::ROW_HEIGHT);
    ScrollArea::vertical().auto_shrink([false, true]).max_height(height).show_rows(
        ui,
        theme::ROW_HEIGHT,
        study.row_count(),
        |ui, rows| {
            for line in rows.filter_map(|row| study.listed(row)) {
                row_ui(ui, line, workspace, actions);
            }
        },
    );
    // Below the list: it comes with the first pseudo-label, and no row may move then.
    order_ui(ui, study, actions);
    ui.add_space(theme::GAP);
    counts_ui(ui, study, actions);
}

/// How many cases there are, or how many of them are listed.
fn listed_of(study: &Study) -> String {
    match (study.row_count(), study.cases.len()) {
        (listed, all) if listed == all => all.to_string(),
        (listed, all) => format!("{listed} of {all}"),
    }
}

fn order_ui(ui: &mut Ui, study: &Study, actions: &mut Actions) {
    // Before anything was predicted there is nothing to order by.
    if study.cases.iter().all(|line| line.figures.is_none()) {
        return;
    }
    let choices = [(false, "By name"), (true, "By need of review")];
    ui.horizontal(|ui| {
        // As wide as they are elsewhere they would widen the panel when they come.
        ui.spacing_mut().button_padding.x = 6.0;
        ui.spacing_mut().item_spacing.x = theme::TIGHT;
        if let Some(by_rank) = widgets::choices_ui(ui, study.is_by_rank(), &choices) {
            actions.push(CaseAction::ListByRank(by_rank).into());
        }
    });
}

fn row_ui(ui: &mut Ui, line: &CaseLine, workspace: &Workspace, actions: &mut Actions) {
    let p = theme::palette(ui);
    let (shown, name) = (workspace.shown_id() == Some(&line.id), workspace.case_name(&line.id));
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), theme::ROW_HEIGHT), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, shown, accessible_text(line, &name)));
    if shown {
        ui.painter().rect_filled(rect, 5.0, p.chosen);
    } else if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 5.0, p.button);
    }
    ui.painter().circle_filled(pos2(rect.left() + 12.0, rect.center().y), 3.5, state_colour(line, p));
    let right = tail_ui(ui, rect, line, p);
    let colour = if shown { p.text_strong } else { p.text };
    name_ui(
        ui,
        Rect::from_min_max(pos2(rect.left() + 24.0, rect.top()), pos2(right - 6.0, rect.bottom())),
        &name,
        colour,
    );

    let response = response.on_hover_text(tooltip(line, &name));
    if response.clicked() {
        actions.push(CaseAction::Show(line.id.clone()).into());
    }
    menu_ui(&response, line, actions);
}

/// The right end of a row; returns where it begins.
fn tail_ui(ui: &Ui, rect: Rect, line: &CaseLine, p: &Palette) -> f32 {
    let right = rect.right() - 8.0;
    let font = TextStyle::Small.resolve(ui.style());
    let word = |text: &str, colour: Color32| {
        ui.painter().text(pos2(right, rect.center().y), Align2::RIGHT_CENTER, text, font.clone(), colour).left()
    };
    let left = match line {
        CaseLine { failure: Some(_), .. } => word("not readable", p.error),
        CaseLine { held_out: true, .. } => word("held out", p.text_weak),
        CaseLine { state: state @ (CaseState::Done | CaseState::Reviewed), .. } => {
            word(state_word(*state), p.text_weak)
        }
        CaseLine { state: CaseState::Flagged, .. } => word("flagged", p.warning),
        CaseLine { known_share, .. } => {
            let bar = Rect::from_min_size(pos2(right - BAR_WIDTH, rect.center().y - 2.0), vec2(BAR_WIDTH, 4.0));
            ui.painter().rect_filled(bar, 2.0, p.line);
            let share = known_share.unwrap_or(0.0).clamp(0.0, 1.0);
            if share > 0.0 {
                // Even a few strokes of a large volume are to be seen.
                let width = (BAR_WIDTH * share).max(3.0);
                ui.painter().rect_filled(bar.with_max_x(bar.left() + width), 2.0, p.in_progress);
            }
            bar.left()
        }
    };
    if line.unsaved {
        ui.painter().circle_filled(pos2(left - 8.0, rect.center().y), 2.5, p.accent);
        return left - 12.0;
    }
    left
}

fn name_ui(ui: &Ui, rect: Rect, name: &str, colour: Color32) {
    let galley = truncated(ui, name, rect.width(), colour);
    let at: Pos2 = Align2::LEFT_CENTER.align_size_within_rect(galley.size(), rect).min;
    ui.painter().galley(at, galley, colour);
}

fn truncated(ui: &Ui, text: &str, width: f32, colour: Color32) -> std::sync::Arc<eframe::egui::Galley> {
    use eframe::egui::text::{LayoutJob, TextWrapping};
    let font: FontId = TextStyle::Body.resolve(ui.style());
    let mut job = LayoutJob::simple_singleline(text.to_owned(), font, colour);
    job.wrap = TextWrapping::truncate_at_width(width);
    ui.painter().layout_job(job)
}

fn state_colour(line: &CaseLine, p: &Palette) -> Color32 {
    match (line.failure.is_some(), line.held_out, line.state) {
        (true, ..) => p.error,
        (_, true, _) => p.held_out,
        (_, _, CaseState::Done | CaseState::Reviewed) => p.accent,
        (_, _, CaseState::Flagged) => p.warning,
        (_, _, CaseState::InProgress) => p.in_progress,
        (_, _, CaseState::Open) => p.idle,
    }
}

fn state_word(state: CaseState) -> &'static str {
    match state {
        CaseState::Open => "new",
        CaseState::InProgress => "in work",
        CaseState::Reviewed => "reviewed",
        CaseState::Done => "done",
        CaseState::Flagged => "flagged",
    }
}

fn accessible_text(line: &CaseLine, name: &str) -> String {
    let held_out = if line.held_out { ", held out" } else { "" };
    let unsaved = if line.unsaved { ", not saved yet" } else { "" };
    // A number already says that it is one of a case.
    let what = if name == line.id.as_str() { "Case " } else { "" };
    format!("{what}{name}, {}{held_out}{unsaved}", state_word(line.state))
}

fn tooltip(line: &CaseLine, name: &str) -> String {
    if let Some(sentence) = &line.failure {
        return sentence.clone();
    }
    let mut text = format!("{name}\n{}", state_word(line.state));
    if let Some(share) = line.known_share {
        text.push_str(&format!(", {:.1} % labelled", 100.0 * share));
    }
    if line.held_out {
        text.push_str("\nHeld out: never used for learning, only to measure it");
    }
    if let Some(figures) = line.figures.filter(|_| line.state.needs_work()) {
        for reason in figures.reasons() {
            text.push_str(&format!("\n{reason}"));
        }
    } else if line.has_prediction {
        text.push_str("\nHas pseudo-labels");
    }
    if line.unsaved {
        text.push_str("\nNot saved yet");
    }
    text
}

fn menu_ui(response: &Response, line: &CaseLine, actions: &mut Actions) {
    response.context_menu(|ui| {
        for state in CaseState::ALL {
            let text = format!("Mark as {}", state_word(state));
            if ui.radio(line.state == state, text).clicked() {
                actions.push(CaseAction::SetState { case: line.id.clone(), state }.into());
                ui.close();
            }
        }
        ui.separator();
        let mut held_out = line.held_out;
        if ui.checkbox(&mut held_out, "Hold out from learning").clicked() {
            actions.push(CaseAction::SetHeldOut { case: line.id.clone(), held_out }.into());
            ui.close();
        }
        if line.failure.is_some() && ui.button("Try to read again").clicked() {
            actions.push(CaseAction::Show(line.id.clone()).into());
            ui.close();
        }
    });
}

/// What the study amounts to; each count lists only those cases, and the one that is on lists all again.
fn counts_ui(ui: &mut Ui, study: &Study, actions: &mut Actions) {
    let states = CaseState::ALL.map(|state| (CaseFilter::State(state), state_word(state)));
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(theme::TIGHT, theme::TIGHT);
        ui.spacing_mut().button_padding = vec2(5.0, 1.0);
        for (filter, word) in states.into_iter().chain([(CaseFilter::HeldOut, "held out")]) {
            let (count, is_on) = (study.count(filter), study.filter() == filter);
            if count == 0 && !is_on {
                continue;
            }
            let text = RichText::new(format!("{count} {word}")).small();
            let chip = ui.add(Button::selectable(is_on, text).frame_when_inactive(true));
            let explanation = if is_on { "List all cases again" } else { "List only these" };
            if chip.on_hover_text(explanation).clicked() {
                actions.push(CaseAction::Filter(if is_on { CaseFilter::All } else { filter }).into());
            }
        }
    });
}
