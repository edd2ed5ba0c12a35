//! Small building blocks that every panel uses: headings, icon buttons, figures, key caps, bars.

use eframe::egui::{self, Align2, Button, Color32, Response, RichText, Sense, StrokeKind, TextStyle, Ui, vec2};
use egui_material_icons::MaterialIcon;
use egui_plot::Plot;

use super::theme;

/// A group heading in small capitals, with an optional weak remark at the right.
pub fn section_ui(ui: &mut Ui, title: &str, remark: Option<&str>) {
    let p = theme::palette(ui);
    let height = ui.spacing().interact_size.y;
    ui.spacing_mut().interact_size.y = theme::TEXT_ROW_HEIGHT;
    ui.horizontal(|ui| {
        let text = RichText::new(title.to_uppercase()).small().strong().extra_letter_spacing(0.8).color(p.text_weak);
        ui.label(text);
        if let Some(remark) = remark {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| caption_ui(ui, remark));
        }
    });
    ui.spacing_mut().interact_size.y = height;
    ui.add_space(2.0);
}

/// A plot to look at: the pointer neither moves nor reads it.
pub fn still_plot(name: &str) -> Plot<'static> {
    Plot::new(name)
        .allow_zoom(false)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_double_click_reset(false)
        .show_x(false)
        .show_y(false)
}

/// Weak small text.
pub fn caption_ui(ui: &mut Ui, text: &str) -> Response {
    ui.label(RichText::new(text).small().color(theme::palette(ui).text_weak))
}

/// A number that changes while you look: fixed-width figures, so that nothing jumps.
pub fn figures(text: impl Into<String>) -> RichText {
    RichText::new(text).text_style(TextStyle::Monospace)
}

/// Rows of text without controls: closer together than rows that are clicked.
pub fn compact(ui: &mut Ui) {
    ui.spacing_mut().interact_size.y = theme::TEXT_ROW_HEIGHT;
    ui.spacing_mut().item_spacing.y = 2.0;
}

/// A square button with an icon; `name` is its accessible name and, with the key, its tooltip.
pub fn icon_button_ui(ui: &mut Ui, icon: MaterialIcon, name: &str, key: Option<&str>, chosen: bool) -> Response {
    sized_icon_button_ui(ui, icon, name, key, chosen, theme::TOOL_BUTTON)
}

/// The same, small and without a frame until it is hovered: for rows of lists.
pub fn small_icon_ui(ui: &mut Ui, icon: MaterialIcon, name: &str, colour: Color32) -> Response {
    let button = Button::new(icon.rich_text().size(15.0).color(colour))
        .frame_when_inactive(false)
        .min_size(vec2(22.0, 22.0))
        .corner_radius(4.0);
    let response = ui.scope(|ui| {
        ui.spacing_mut().button_padding = vec2(2.0, 2.0);
        ui.add(button)
    });
    named(response.inner, name, None)
}

/// The same in another size.
pub fn sized_icon_button_ui(
    ui: &mut Ui,
    icon: MaterialIcon,
    name: &str,
    key: Option<&str>,
    chosen: bool,
    side: f32,
) -> Response {
    let p = theme::palette(ui);
    let text = icon.rich_text().size(theme::ICON_SIZE).color(if chosen { Color32::WHITE } else { p.text });
    let response = ui.scope(|ui| {
        ui.spacing_mut().button_padding = vec2(2.0, 2.0);
        ui.add(Button::selectable(chosen, text).frame_when_inactive(true).min_size(vec2(side, side)))
    });
    named(response.inner, name, key)
}

/// Gives a control its accessible name and a tooltip of name and key.
pub fn named(response: Response, name: &str, key: Option<&str>) -> Response {
    let tooltip = match key {
        Some(key) => format!("{name}  ({key})"),
        None => name.to_owned(),
    };
    response.on_hover_text(tooltip).accessible_name(name)
}

/// The button of the one thing to do next.
pub fn accent_button_ui(ui: &mut Ui, text: &str) -> Response {
    let p = theme::palette(ui);
    ui.scope(|ui| {
        let widgets = &mut ui.visuals_mut().widgets;
        widgets.inactive.weak_bg_fill = p.accent_fill;
        widgets.hovered.weak_bg_fill = p.accent_fill_hovered;
        for state in [&mut widgets.inactive, &mut widgets.hovered] {
            state.fg_stroke.color = Color32::WHITE;
        }
        ui.button(text)
    })
    .inner
}

/// A row of exclusive choices; returns the newly chosen value.
pub fn choices_ui<T: Copy + PartialEq>(ui: &mut Ui, current: T, choices: &[(T, &str)]) -> Option<T> {
    let mut chosen = None;
    for &(value, name) in choices {
        let button = Button::selectable(value == current, name).frame_when_inactive(true);
        if ui.add(button).clicked() && value != current {
            chosen = Some(value);
        }
    }
    chosen
}

/// A key as printed on a keyboard.
pub fn key_cap_ui(ui: &mut Ui, key: &str) -> Response {
    let p = theme::palette(ui);
    let font = TextStyle::Small.resolve(ui.style());
    let galley = ui.painter().layout_no_wrap(key.to_owned(), font, p.text_weak);
    let size = vec2((galley.size().x + 8.0).max(18.0), 17.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    ui.painter().rect_filled(rect, 3.0, p.button);
    ui.painter().galley(Align2::CENTER_CENTER.anchor_size(rect.center(), galley.size()).min, galley, p.text_weak);
    response
}

/// A round mark of a state.
pub fn dot_ui(ui: &mut Ui, colour: Color32) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(8.0, 8.0), Sense::hover());
    ui.painter().circle_filled(rect.center(), 3.5, colour);
    response
}

/// A square of a class's colour, struck through while the class is hidden.
pub fn swatch_ui(ui: &mut Ui, colour: Color32, visible: bool) {
    let (rect, _) = ui.allocate_exact_size(vec2(12.0, 12.0), Sense::hover());
    if visible {
        ui.painter().rect_filled(rect, 3.0, colour);
    } else {
        ui.painter().rect_stroke(rect.shrink(0.5), 3.0, (1.0, colour), StrokeKind::Inside);
    }
}

/// A colour of three sRGB bytes.
pub fn rgb([r, g, b]: [u8; 3]) -> Color32 {
    Color32::from_rgb(r, g, b)
}
