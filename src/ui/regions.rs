//! The doubtful regions of the shown case, in the order in which a correction is worth most.

use eframe::egui::{
    Align, Align2, Layout, Rect, Response, Role, ScrollArea, Sense, TextStyle, Ui, WidgetInfo, pos2, vec2,
};

use super::actions::Actions;
use super::{known_questions, theme, widgets};
use crate::label::ClassTable;
use crate::review::{QueuedRegion, RegionId, RegionState, ReviewQueue};
use crate::view::{KeyAction, Keymap};
use crate::workspace::{ReviewAction, Workspace};

/// A title and two lines of reason.
const ROW_HEIGHT: f32 = 58.0;

#[derive(Debug, Default)]
pub struct RegionsPanel {
    /// The region that was scrolled to.
    seen: Option<RegionId>,
}

impl RegionsPanel {
    /// Whether there is anything to show.
    pub fn is_wanted(workspace: &Workspace) -> bool {
        let is_asked = workspace.known_questions().open().is_some();
        is_asked || workspace.case().is_some_and(|case| case.review.queue().is_some())
    }

    /// Whether there is a list, which takes whatever height it is given; a question or a sentence has its own height.
    pub fn is_list(workspace: &Workspace) -> bool {
        let is_asked = workspace.known_questions().open().is_some();
        let queue = workspace.case().and_then(|case| case.review.queue());
        !is_asked && queue.is_some_and(|queue| !queue.regions().is_empty())
    }

    pub fn ui(&mut self, ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
        let (keymap, known) = (&workspace.preferences().keymap, workspace.known_questions());
        if let Some(question) = known.open() {
            known_questions::question_ui(ui, question, keymap, actions);
            return known_questions::score_ui(ui, known);
        }
        let Some((study, case)) = workspace.study().zip(workspace.case()) else { return };
        let Some(queue) = case.review.queue() else { return };
        widgets::section_ui(ui, "Doubtful regions", Some(&format!("{} open", queue.open_count())));
        if queue.regions().is_empty() {
            widgets::caption_ui(ui, "None: both networks believe what they say everywhere near the surfaces.");
            return;
        }
        ui.with_layout(Layout::bottom_up(Align::Min), |ui| {
            keys_ui(ui, keymap, queue, actions);
            known_questions::score_ui(ui, known);
            ui.add_space(theme::TIGHT);
            ui.with_layout(Layout::top_down(Align::Min), |ui| self.list_ui(ui, queue, &study.classes, actions));
        });
    }

    fn list_ui(&mut self, ui: &mut Ui, queue: &ReviewQueue, classes: &ClassTable, actions: &mut Actions) {
        let current = queue.current().map(|queued| queued.region.id);
        let mut area = ScrollArea::vertical().auto_shrink(false).id_salt("doubtful regions");
        if current != self.seen {
            self.seen = current;
            let place = queue.regions().iter().position(|queued| Some(queued.region.id) == current).unwrap_or(0);
            let row = ROW_HEIGHT + ui.spacing().item_spacing.y;
            // A few thousand rows at most; the one before stays in sight.
            area = area.vertical_scroll_offset((place as f32 - 1.0).max(0.0) * row);
        }
        area.show_rows(ui, ROW_HEIGHT, queue.regions().len(), |ui, rows| {
            for place in rows {
                let Some(queued) = queue.regions().get(place) else { continue };
                let is_current = Some(queued.region.id) == current;
                if row_ui(ui, place + 1, queued, is_current, classes).clicked() {
                    actions.push(ReviewAction::GoTo(queued.region.id).into());
                }
            }
        });
    }
}

fn row_ui(ui: &mut Ui, number: usize, queued: &QueuedRegion, current: bool, classes: &ClassTable) -> Response {
    let p = theme::palette(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_HEIGHT), Sense::click());
    let title = classes.name(queued.region.class);
    let reason = queued.region.reason.sentence(classes);
    let words = format!("Region {number}, {title}, {}, {}", size(queued), state_word(queued.state));
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, current, &words));
    let fill = match (current, response.hovered() || response.has_focus()) {
        (true, _) => p.chosen,
        (false, true) => p.button,
        (false, false) => p.well,
    };
    ui.painter().rect_filled(rect, 5.0, fill);
    let settled = queued.state.is_settled();
    let colour = match (settled, current) {
        (true, _) => p.text_weak,
        (false, true) => p.text_strong,
        (false, false) => p.text,
    };
    let inner = rect.shrink2(vec2(8.0, 6.0));
    let body = TextStyle::Body.resolve(ui.style());
    let small = TextStyle::Small.resolve(ui.style());
    ui.painter().text(inner.left_top(), Align2::LEFT_TOP, format!("{number}  {title}"), body, colour);
    let tail = if settled { state_word(queued.state).to_owned() } else { size(queued) };
    ui.painter().text(inner.right_top(), Align2::RIGHT_TOP, tail, small.clone(), p.text_weak);
    let galley = ui.painter().layout(reason.clone(), small, p.text_weak, inner.width());
    let below = Rect::from_min_max(pos2(inner.left(), inner.top() + 18.0), inner.max);
    ui.painter().with_clip_rect(below.intersect(ui.clip_rect())).galley(below.min, galley, p.text_weak);
    response.on_hover_text(format!("{reason}\n{}, {:.0} % doubtful", size(queued), 100.0 * queued.region.mean_doubt()))
}

fn size(queued: &QueuedRegion) -> String {
    let mm3 = queued.region.size_mm3;
    if mm3 >= 10_000.0 { format!("{:.1} ml", mm3 / 1000.0) } else { format!("{mm3:.0} mm³") }
}

fn state_word(state: RegionState) -> &'static str {
    match state {
        RegionState::Open => "open",
        RegionState::Skipped => "skipped",
        RegionState::Accepted => "accepted",
        RegionState::Rejected => "rejected",
        RegionState::Repaired => "repaired",
    }
}

/// What can be done with the region under review, with its keys.
fn keys_ui(ui: &mut Ui, keymap: &Keymap, queue: &ReviewQueue, actions: &mut Actions) {
    let decides = queue.current().is_some_and(|queued| !queued.state.is_settled());
    let buttons = [
        ("Next", KeyAction::NextRegion, ReviewAction::Next, true, "The doubtful region worth most"),
        (
            "Accept",
            KeyAction::AcceptComponent,
            ReviewAction::Accept { trusted_only: false },
            decides,
            "Takes the region into the labels and goes on",
        ),
        (
            "Reject",
            KeyAction::RejectRegion,
            ReviewAction::Reject,
            decides,
            "It is not what was predicted: stays unlabelled, and training learns so",
        ),
    ];
    ui.horizontal(|ui| {
        for (name, key, action, enabled, explanation) in buttons {
            let button = ui.add_enabled(enabled, eframe::egui::Button::new(name));
            if button.on_hover_text(keymap.with_keys(explanation, key)).clicked() {
                actions.push(action.into());
            }
        }
    });
}
