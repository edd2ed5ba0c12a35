//! Every colour, size and distance of the window, for the dark and the light theme.

use crate::workspace::{Settings, ThemeChoice};
use eframe::egui::{
    self, Color32, CornerRadius, FontFamily, FontId, Margin, Shadow, Stroke, Style, TextStyle, Theme, Visuals, vec2,
};

/// The spacing grid: inside a control, between controls, between groups.
pub const TIGHT: f32 = 4.0;
pub const GAP: f32 = 8.0;
pub const WIDE: f32 = 16.0;

/// Inner margin of the side panels.
pub const PANEL_MARGIN: Margin = Margin { left: 12, right: 12, top: 12, bottom: 8 };
pub const LEFT_PANEL_WIDTH: f32 = 216.0;
pub const RIGHT_PANEL_WIDTH: f32 = 248.0;
pub const TOP_BAR_HEIGHT: f32 = 40.0;
pub const LEARNING_HEIGHT: f32 = 116.0;
/// Of the list of doubtful regions below the cases, before the user drags it.
pub const REGIONS_HEIGHT: f32 = 252.0;
/// Heading, one region and the buttons.
pub const LEAST_REGIONS_HEIGHT: f32 = 140.0;
pub const STATUS_BAR_HEIGHT: f32 = 24.0;
/// Between the four quadrants of the centre.
pub const VIEWER_GAP: f32 = 2.0;
/// Side of a square tool button.
pub const TOOL_BUTTON: f32 = 32.0;
pub const ICON_SIZE: f32 = 18.0;
/// Height of one row in a list.
pub const ROW_HEIGHT: f32 = 28.0;
/// Height of one row of mere text.
pub const TEXT_ROW_HEIGHT: f32 = 18.0;

const BODY: f32 = 13.0;
const HEADING: f32 = 15.0;
const CAPTION: f32 = 11.0;
const CORNER: CornerRadius = CornerRadius::same(5);

/// The viewers stay black in both themes: pictures are judged against black.
pub const VIEWER_BACKGROUND: Color32 = Color32::BLACK;
/// Orientation letters and marks over the pictures.
pub const OVER_PICTURE: Color32 = Color32::from_rgb(240, 190, 70);
/// Doubt on the slice strips: the amber of the doubt colours.
pub const DOUBT: Color32 = Color32::from_rgb(251, 191, 36);
pub const OVER_PICTURE_TEXT: Color32 = Color32::from_rgb(198, 204, 212);
pub const CROSSHAIR: Color32 = Color32::from_rgb(45, 212, 191);

/// The colours of one theme.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    pub panel: Color32,
    /// Wells: text fields, plot backgrounds, slider rails.
    pub well: Color32,
    pub button: Color32,
    pub button_hovered: Color32,
    pub line: Color32,
    pub text: Color32,
    pub text_strong: Color32,
    pub text_weak: Color32,
    pub accent: Color32,
    /// Fill of accent buttons and chosen tools; white text is readable on it.
    pub accent_fill: Color32,
    pub accent_fill_hovered: Color32,
    /// Background of the chosen row of a list.
    pub chosen: Color32,
    pub warning: Color32,
    pub error: Color32,
    /// The dots and bars of the case list.
    pub in_progress: Color32,
    pub held_out: Color32,
    pub idle: Color32,
}

const DARK: Palette = Palette {
    panel: Color32::from_rgb(21, 24, 28),
    well: Color32::from_rgb(13, 15, 18),
    button: Color32::from_rgb(33, 37, 43),
    button_hovered: Color32::from_rgb(44, 49, 57),
    line: Color32::from_rgb(36, 40, 46),
    text: Color32::from_rgb(208, 213, 220),
    text_strong: Color32::from_rgb(240, 243, 246),
    text_weak: Color32::from_rgb(138, 146, 156),
    accent: Color32::from_rgb(45, 212, 191),
    accent_fill: Color32::from_rgb(15, 118, 110),
    accent_fill_hovered: Color32::from_rgb(19, 138, 128),
    chosen: Color32::from_rgb(30, 48, 47),
    warning: Color32::from_rgb(240, 180, 41),
    error: Color32::from_rgb(240, 113, 103),
    in_progress: Color32::from_rgb(240, 180, 41),
    held_out: Color32::from_rgb(96, 165, 250),
    idle: Color32::from_rgb(72, 79, 88),
};

const LIGHT: Palette = Palette {
    panel: Color32::from_rgb(244, 246, 248),
    well: Color32::from_rgb(255, 255, 255),
    button: Color32::from_rgb(226, 230, 234),
    button_hovered: Color32::from_rgb(213, 219, 225),
    line: Color32::from_rgb(196, 203, 211),
    text: Color32::from_rgb(45, 52, 60),
    text_strong: Color32::from_rgb(17, 22, 28),
    text_weak: Color32::from_rgb(96, 105, 116),
    accent: Color32::from_rgb(13, 128, 117),
    accent_fill: Color32::from_rgb(15, 118, 110),
    accent_fill_hovered: Color32::from_rgb(19, 138, 128),
    chosen: Color32::from_rgb(209, 233, 230),
    warning: Color32::from_rgb(168, 107, 0),
    error: Color32::from_rgb(190, 50, 43),
    in_progress: Color32::from_rgb(200, 140, 10),
    held_out: Color32::from_rgb(37, 110, 210),
    idle: Color32::from_rgb(168, 176, 186),
};

/// The palette of the theme a piece of the window is drawn in.
pub fn palette(ui: &egui::Ui) -> &'static Palette {
    if ui.visuals().dark_mode { &DARK } else { &LIGHT }
}

/// Fonts, icons and both styles; called once when the window is made.
pub fn install(ctx: &egui::Context) {
    egui_material_icons::initialize(ctx);
    // Ctrl+plus and Ctrl+minus belong to the keymap.
    ctx.options_mut(|options| options.zoom_with_keyboard = false);
    ctx.set_style_of(Theme::Dark, style(Visuals::dark(), &DARK));
    ctx.set_style_of(Theme::Light, style(Visuals::light(), &LIGHT));
}

/// Brings the window to what the user has set; called in every frame.
pub fn follow(ctx: &egui::Context, settings: &Settings) {
    let wanted = match settings.theme {
        ThemeChoice::Dark => Theme::Dark,
        ThemeChoice::Light => Theme::Light,
    };
    if ctx.theme() != wanted {
        ctx.set_theme(wanted);
    }
    if ctx.zoom_factor() != settings.zoom {
        ctx.set_zoom_factor(settings.zoom);
    }
}

fn style(mut visuals: Visuals, p: &Palette) -> Style {
    colour(&mut visuals, p);
    let mut style = Style { visuals, ..Style::default() };
    style.text_styles = [
        (TextStyle::Small, FontId::new(CAPTION, FontFamily::Proportional)),
        (TextStyle::Body, FontId::new(BODY, FontFamily::Proportional)),
        (TextStyle::Button, FontId::new(BODY, FontFamily::Proportional)),
        (TextStyle::Heading, FontId::new(HEADING, FontFamily::Proportional)),
        // Hack runs wider and taller than the text face; one point less sits level with it.
        (TextStyle::Monospace, FontId::new(BODY - 1.0, FontFamily::Monospace)),
    ]
    .into();
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(GAP, TIGHT);
    spacing.button_padding = vec2(10.0, TIGHT);
    spacing.interact_size = vec2(TOOL_BUTTON, 24.0);
    spacing.menu_margin = Margin::same(6);
    spacing.window_margin = Margin::same(16);
    spacing.slider_rail_height = 4.0;
    spacing.icon_width = 16.0;
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.4;
    style
}

fn colour(v: &mut Visuals, p: &Palette) {
    v.panel_fill = p.panel;
    v.window_fill = p.panel;
    v.extreme_bg_color = p.well;
    v.faint_bg_color = p.button;
    v.code_bg_color = p.button;
    v.window_stroke = Stroke::new(1.0, p.line);
    v.window_corner_radius = CornerRadius::same(8);
    v.menu_corner_radius = CornerRadius::same(6);
    v.window_shadow = Shadow { offset: [0, 8], blur: 24, spread: 0, color: Color32::from_black_alpha(120) };
    v.popup_shadow = Shadow { offset: [0, 4], blur: 12, spread: 0, color: Color32::from_black_alpha(100) };
    v.hyperlink_color = p.accent;
    v.warn_fg_color = p.warning;
    v.error_fg_color = p.error;
    v.weak_text_color = Some(p.text_weak);
    v.selection.bg_fill = p.accent_fill;
    v.selection.stroke = Stroke::new(1.0, Color32::WHITE);
    v.slider_trailing_fill = true;
    v.handle_shape = egui::style::HandleShape::Circle;

    let w = &mut v.widgets;
    for (state, fill, text) in [
        (&mut w.noninteractive, p.panel, p.text),
        (&mut w.inactive, p.button, p.text),
        (&mut w.hovered, p.button_hovered, p.text_strong),
        (&mut w.active, p.accent_fill, Color32::WHITE),
        (&mut w.open, p.button_hovered, p.text_strong),
    ] {
        state.bg_fill = fill;
        state.weak_bg_fill = fill;
        state.bg_stroke = Stroke::NONE;
        state.fg_stroke = Stroke::new(1.0, text);
        state.corner_radius = CORNER;
        state.expansion = 0.0;
    }
    w.noninteractive.bg_stroke = Stroke::new(1.0, p.line);
    // Handles of sliders take the text colour in every state, so that they stand out from their rail.
    w.inactive.bg_fill = p.line;
}
