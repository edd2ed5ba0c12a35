//! The tools, and how the brush paints.

use eframe::egui::{Button, ComboBox, RichText, Slider, Ui};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons::{
    ICON_APPROVAL, ICON_BRUSH, ICON_CONTRAST, ICON_DRAG_PAN, ICON_FORMAT_COLOR_FILL, ICON_INK_ERASER, ICON_POINT_SCAN,
    ICON_REDO, ICON_TASK_ALT, ICON_UNDO,
};

use super::actions::Actions;
use super::theme;
use super::widgets::{self, figures};
use crate::edit::{BrushShape, BrushSize, PaintRule};
use crate::view::{KeyAction, Keymap};
use crate::workspace::{Action, EditAction, Tool, ToolAction, Workspace};

/// Between the buttons of the grid: six of them fill the panel.
const GRID_GAP: f32 = 6.0;
const BUTTONS_PER_ROW: usize = 6;
/// Width of the words before the controls.
pub const LABEL_WIDTH: f32 = 60.0;

struct ToolButton {
    icon: MaterialIcon,
    name: String,
    key: KeyAction,
    chosen: bool,
    enabled: bool,
    action: Action,
}

pub fn ui(ui: &mut Ui, workspace: &Workspace, keymap: &Keymap, actions: &mut Actions) {
    widgets::section_ui(ui, "Tools", None);
    let buttons = buttons(workspace);
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing = [GRID_GAP, GRID_GAP].into();
        for row in buttons.chunks(BUTTONS_PER_ROW) {
            ui.horizontal(|ui| row.iter().for_each(|button| button_ui(ui, button, keymap, actions)));
        }
    });
    ui.add_space(theme::GAP);
    brush_ui(ui, workspace, actions);
}

/// What each tool is called; its key is in the keymap.
pub fn tool_buttons() -> [(Tool, MaterialIcon, &'static str, KeyAction); 8] {
    use crate::view::ToolKey;
    let key = KeyAction::Tool;
    [
        (Tool::Cursor, ICON_POINT_SCAN, "Cursor", key(ToolKey::Cursor)),
        (Tool::PanZoom, ICON_DRAG_PAN, "Pan and zoom", key(ToolKey::PanZoom)),
        (Tool::WindowLevel, ICON_CONTRAST, "Brightness and contrast", key(ToolKey::Window)),
        (Tool::Brush, ICON_BRUSH, "Brush", key(ToolKey::Brush)),
        (Tool::Eraser, ICON_INK_ERASER, "Eraser", key(ToolKey::Eraser)),
        (Tool::Fill, ICON_FORMAT_COLOR_FILL, "Fill", key(ToolKey::Fill)),
        (Tool::AcceptBrush, ICON_APPROVAL, "Accept with the brush", key(ToolKey::AcceptBrush)),
        (Tool::AcceptComponent, ICON_TASK_ALT, "Accept a region", key(ToolKey::AcceptComponent)),
    ]
}

fn buttons(workspace: &Workspace) -> Vec<ToolButton> {
    let current = workspace.tools().tool;
    let mut buttons: Vec<_> = tool_buttons()
        .into_iter()
        .map(|(tool, icon, name, key)| ToolButton {
            icon,
            name: name.to_owned(),
            key,
            chosen: tool == current,
            enabled: true,
            action: ToolAction::Select(tool).into(),
        })
        .collect();
    let history = workspace.case().map(|case| &case.history);
    for (icon, verb, name, key, action) in [
        (ICON_UNDO, "Undo", history.and_then(|h| h.undo_name()), KeyAction::Undo, EditAction::Undo),
        (ICON_REDO, "Redo", history.and_then(|h| h.redo_name()), KeyAction::Redo, EditAction::Redo),
    ] {
        buttons.push(ToolButton {
            icon,
            name: name.map_or(verb.to_owned(), |name| format!("{verb} {name}")),
            key,
            chosen: false,
            enabled: name.is_some(),
            action: action.into(),
        });
    }
    buttons
}

fn button_ui(ui: &mut Ui, button: &ToolButton, keymap: &Keymap, actions: &mut Actions) {
    let chords = keymap.chords(button.key);
    let key = (!chords.is_empty()).then_some(chords.as_str());
    ui.add_enabled_ui(button.enabled, |ui| {
        if widgets::icon_button_ui(ui, button.icon, &button.name, key, button.chosen).clicked() {
            actions.push(button.action.clone());
        }
    });
}

fn brush_ui(ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
    let brush = workspace.tools().brush;
    size_ui(ui, brush.size, actions);
    labelled_ui(ui, "Shape", |ui| {
        let shapes = [(BrushShape::Disc, "Disc"), (BrushShape::Ball, "Ball")];
        if let Some(shape) = widgets::choices_ui(ui, brush.shape, &shapes) {
            actions.push(ToolAction::SetBrushShape(shape).into());
        }
    });
    labelled_ui(ui, "Paint on", |ui| rule_ui(ui, workspace, actions));
}

/// A weak word before a control.
pub fn labelled_ui(ui: &mut Ui, label: &str, control: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        let text = RichText::new(label).color(theme::palette(ui).text_weak);
        let start = ui.cursor().left();
        ui.label(text);
        ui.add_space((LABEL_WIDTH - (ui.cursor().left() - start)).max(0.0));
        control(ui);
    });
}

/// A slider with fixed-width figures behind it.
pub struct SliderRow<'a> {
    pub label: &'a str,
    /// Accessible name.
    pub name: &'a str,
    pub range: std::ops::RangeInclusive<f64>,
    pub logarithmic: bool,
    /// What remains free behind the figures.
    pub room: f32,
}

impl SliderRow<'_> {
    /// The new value, if it was changed. `after` draws into the room at the end.
    pub fn ui(
        self,
        ui: &mut Ui,
        mut value: f64,
        shown: impl Fn(f64) -> String,
        after: impl FnOnce(&mut Ui),
    ) -> Option<f64> {
        const FIGURES_WIDTH: f32 = 38.0;
        let before = value;
        labelled_ui(ui, self.label, |ui| {
            ui.scope(|ui| {
                // The handle is as large as a row is high.
                ui.spacing_mut().interact_size.y = theme::TEXT_ROW_HEIGHT;
                ui.spacing_mut().slider_width =
                    (ui.available_width() - FIGURES_WIDTH - theme::GAP - self.room).max(40.0);
                let slider = Slider::new(&mut value, self.range).logarithmic(self.logarithmic).show_value(false);
                ui.add(slider).accessible_name(self.name);
            });
            ui.label(figures(format!("{:>5}", shown(value))));
            after(ui);
        });
        (value != before).then_some(value)
    }
}

fn size_ui(ui: &mut Ui, size: BrushSize, actions: &mut Actions) {
    const UNIT_WIDTH: f32 = 42.0;
    let (value, unit, other_unit) = match size {
        BrushSize::Mm(mm) => (mm, "mm", "voxels"),
        BrushSize::Voxels(voxels) => (voxels, "vox", "millimetres"),
    };
    let row = SliderRow {
        label: "Size",
        name: "Brush size",
        range: 0.5..=60.0,
        logarithmic: true,
        room: UNIT_WIDTH + theme::GAP,
    };
    let mut other = false;
    let changed = row.ui(
        ui,
        value,
        |v| format!("{v:.1}"),
        |ui| {
            let button = ui.add(Button::new(unit).min_size([UNIT_WIDTH, 0.0].into()));
            other = widgets::named(button, &format!("Measure the brush in {other_unit}"), None).clicked();
        },
    );
    let in_mm = matches!(size, BrushSize::Mm(_));
    if changed.is_some() || other {
        let value = changed.unwrap_or(value);
        let size = if in_mm != other { BrushSize::Mm(value) } else { BrushSize::Voxels(value) };
        actions.push(ToolAction::SetBrushSize(size).into());
    }
}

fn rule_ui(ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
    let Some(study) = workspace.study() else { return };
    let rule = workspace.tools().rule;
    let name = |rule: PaintRule| match rule {
        PaintRule::Everything => "everything".to_owned(),
        PaintRule::UnknownOnly => "unlabelled only".to_owned(),
        PaintRule::OnlyClass(class) => format!("only {}", study.classes.name(class)),
    };
    let rules = [PaintRule::Everything, PaintRule::UnknownOnly]
        .into_iter()
        .chain(study.classes.in_order().map(|class| PaintRule::OnlyClass(class.id)));
    let combo = ComboBox::from_id_salt("paint on").selected_text(name(rule)).width(ui.available_width()).truncate();
    let response = combo.show_ui(ui, |ui| {
        for other in rules {
            if ui.selectable_label(other == rule, name(other)).clicked() {
                actions.push(ToolAction::SetPaintRule(other).into());
            }
        }
    });
    response.response.accessible_name("Paint on");
}
