//! The list of keys, made from the keymap; and the mouse, which has no keymap.

use eframe::egui::{self, Grid, RichText, ScrollArea, Ui};

use super::{dialog, theme, widgets};
use crate::view::{KeyHelp, Keymap};

/// What every preset of the mouse has.
const MOUSE: [(&str, &str); 4] = [
    ("Middle drag", "Move the picture"),
    ("Double click", "One view or all views (with a brush: on its title)"),
    ("Drag near a line's end", "Turn the planes about the crosshair"),
    ("Drag the divider", "More of one of the two results that are swiped"),
];

/// Returns false once the page is to be closed.
pub fn ui(ctx: &egui::Context, keymap: &Keymap) -> bool {
    let modal = dialog::show(ctx, "Keys and mouse", 820.0, |ui| {
        widgets::compact(ui);
        let height = ui.ctx().content_rect().height() - 160.0;
        ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]).show(
            ui,
            |ui| {
                ui.columns_const(|[left, right]| columns_ui(left, right, keymap));
            },
        );
        ui.add_space(theme::GAP);
        ui.button("Close").clicked()
    });
    !(modal.inner || modal.should_close())
}

fn columns_ui(left: &mut Ui, right: &mut Ui, keymap: &Keymap) {
    let lines = keymap.help();
    let groups: Vec<&[KeyHelp]> = lines.chunk_by(|a, b| a.group == b.group).collect();
    let half = lines.len() / 2;
    let mut shown = 0;
    for group in groups {
        let column = if shown < half { &mut *left } else { &mut *right };
        shown += group.len();
        let name = group.first().map_or("", |line| line.group.name());
        group_ui(column, name, group.iter().map(|line| (line.chords.as_str(), line.description.as_str())));
    }
    let mouse = keymap.mouse().help();
    let gestures = mouse.iter().map(|(gesture, what)| (*gesture, what.as_str()));
    group_ui(right, "Mouse", gestures.chain(MOUSE));
}

fn group_ui<'a>(ui: &mut Ui, name: &str, lines: impl IntoIterator<Item = (&'a str, &'a str)>) {
    widgets::section_ui(ui, name, None);
    Grid::new(name)
        .num_columns(2)
        .min_row_height(theme::TEXT_ROW_HEIGHT)
        .min_col_width(120.0)
        .spacing([theme::WIDE, 2.0])
        .show(ui, |ui| {
            for (keys, what) in lines {
                ui.horizontal(|ui| keys.split("  ").for_each(|key| drop(widgets::key_cap_ui(ui, key))));
                ui.label(RichText::new(what));
                ui.end_row();
            }
        });
    ui.add_space(theme::GAP + theme::TIGHT);
}
