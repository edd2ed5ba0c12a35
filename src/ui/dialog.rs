//! The frame that every dialog has.

use eframe::egui::{self, Frame, Id, Margin, Modal, ModalResponse, Ui};

use super::theme;

/// Shows `contents` below a heading, over the dimmed window.
pub fn show<R>(ctx: &egui::Context, title: &str, width: f32, contents: impl FnOnce(&mut Ui) -> R) -> ModalResponse<R> {
    // One frame without it must follow the one that closes it: only then do keys and clicks reach the window again.
    if ctx.input(|input| !input.events.is_empty()) {
        ctx.request_repaint();
    }
    let style = ctx.global_style();
    let frame = Frame::window(&style).inner_margin(Margin::same(20));
    Modal::new(Id::unique(title)).frame(frame).show(ctx, |ui| {
        ui.set_width(width);
        ui.heading(title);
        ui.add_space(theme::GAP);
        contents(ui)
    })
}
