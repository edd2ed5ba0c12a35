//! Short messages in the corner: what happened and what to do. They lie over the viewers and swallow clicks, so that
//! closing one never paints.

use std::time::Duration;

use eframe::egui::{self, Align2, Area, Color32, Frame, Id, Label, Margin, Order, RichText, Stroke, Ui, vec2};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons::{ICON_CHECK_CIRCLE, ICON_CLOSE, ICON_ERROR, ICON_INFO, ICON_WARNING};

use super::theme::{self, Palette};
use super::widgets;
use crate::workspace::{Notice, NoticeKind};

/// More at once would hide the pictures; the oldest go first.
const MOST: usize = 4;
const WIDTH: f32 = 340.0;
const BELOW_VIEWERS: f32 = theme::LEARNING_HEIGHT + theme::STATUS_BAR_HEIGHT;
/// Of somebody who reads beside other work.
const LETTERS_PER_SECOND: usize = 12;

#[derive(Debug, Default)]
pub struct Notices {
    shown: Vec<Shown>,
    /// For ids that stay when an older message goes.
    count: u64,
}

#[derive(Debug)]
struct Shown {
    id: u64,
    notice: Notice,
    left: Duration,
}

impl Notices {
    pub fn show(&mut self, notice: &Notice) {
        // The same sentence twice says no more.
        self.shown.retain(|shown| shown.notice != *notice);
        if self.shown.len() == MOST {
            self.shown.remove(0);
        }
        self.count += 1;
        self.shown.push(Shown { id: self.count, notice: notice.clone(), left: lifetime(notice) });
    }

    /// In the corner of the viewers, or of the whole window where there are none.
    pub fn ui(&mut self, ctx: &egui::Context, over_study: bool) {
        if self.shown.is_empty() {
            return;
        }
        let passed = ctx.input(|i| Duration::try_from_secs_f32(i.unstable_dt).unwrap_or_default());
        let panels = if over_study { vec2(theme::RIGHT_PANEL_WIDTH, BELOW_VIEWERS) } else { vec2(0.0, 0.0) };
        let offset = -panels - vec2(theme::WIDE, theme::WIDE);
        let area = Area::new(Id::unique("notices")).order(Order::Foreground).anchor(Align2::RIGHT_BOTTOM, offset);
        let response = area.show(ctx, |ui| {
            ui.set_width(WIDTH);
            self.shown.retain(|shown| !shown.ui(ui));
        });
        // Being read, a message stays.
        if !response.response.contains_pointer() {
            for shown in &mut self.shown {
                shown.left = shown.left.saturating_sub(passed);
            }
            self.shown.retain(|shown| !shown.left.is_zero());
        }
        if let Some(next) = self.shown.iter().map(|shown| shown.left).min() {
            ctx.request_repaint_after(next.min(Duration::from_millis(500)));
        }
    }
}

impl Shown {
    /// True if it was closed.
    fn ui(&self, ui: &mut Ui) -> bool {
        let p = theme::palette(ui);
        let (icon, colour) = mark(self.notice.kind, p);
        let frame = Frame::new()
            .fill(p.button)
            .stroke(Stroke::new(1.0, colour.gamma_multiply(0.5)))
            .corner_radius(6.0)
            .inner_margin(Margin::symmetric(10, 8));
        let closed = frame.show(ui, |ui| {
            ui.push_id(self.id, |ui| {
                ui.horizontal_top(|ui| {
                    ui.label(icon.rich_text().size(theme::ICON_SIZE).color(colour));
                    let width = ui.available_width() - 30.0;
                    ui.scope(|ui| {
                        ui.set_width(width);
                        ui.add(Label::new(RichText::new(&self.notice.text)).wrap());
                    });
                    widgets::small_icon_ui(ui, ICON_CLOSE, "Close message", p.text_weak).clicked()
                })
                .inner
            })
            .inner
        });
        closed.inner
    }
}

fn mark(kind: NoticeKind, p: &Palette) -> (MaterialIcon, Color32) {
    match kind {
        NoticeKind::Info => (ICON_INFO, p.held_out),
        NoticeKind::Success => (ICON_CHECK_CIRCLE, p.accent),
        NoticeKind::Warning => (ICON_WARNING, p.warning),
        NoticeKind::Error => (ICON_ERROR, p.error),
    }
}

/// An error asks for something to be done; it waits to be closed for a minute.
fn lifetime(notice: &Notice) -> Duration {
    let least = match notice.kind {
        NoticeKind::Info | NoticeKind::Success => 6,
        NoticeKind::Warning => 12,
        NoticeKind::Error => 60,
    };
    let seconds_to_read = notice.text.chars().count() / LETTERS_PER_SECOND;
    Duration::from_secs(least.max(u64::try_from(seconds_to_read).unwrap_or(least)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_stays_until_it_can_have_been_read() {
        let long = Notice::info("word ".repeat(40));
        assert_eq!((lifetime(&Notice::info("Saved.")).as_secs(), lifetime(&long).as_secs()), (6, 16));
    }

    #[test]
    fn the_newest_messages_stay_and_none_is_said_twice() {
        let mut notices = Notices::default();
        for text in ["a", "b", "c", "d", "b", "e"] {
            notices.show(&Notice::info(text));
        }
        let texts: Vec<_> = notices.shown.iter().map(|shown| shown.notice.text.as_str()).collect();
        assert_eq!(texts, ["c", "d", "b", "e"]);
    }
}
