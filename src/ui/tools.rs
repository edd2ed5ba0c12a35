//! The tools, and how the brush paints.

use eframe::egui::{Button, ComboBox, DragValue, RichText, Slider, Ui};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons::{
    ICON_APPROVAL, ICON_BRUSH, ICON_BUBBLE_CHART, ICON_CIRCLE, ICON_COLORIZE, ICON_COLORS, ICON_CONTENT_CUT,
    ICON_CONTRAST, ICON_CROP_SQUARE, ICON_DRAG_PAN, ICON_ELEVATION, ICON_FORMAT_COLOR_FILL, ICON_INK_ERASER,
    ICON_LASSO_SELECT, ICON_PENTAGON, ICON_POINT_SCAN, ICON_REDO, ICON_ROUTE, ICON_SCATTER_PLOT, ICON_SQUARE_FOOT,
    ICON_STRAIGHTEN, ICON_TASK_ALT, ICON_TUNE, ICON_UNDO,
};

use super::actions::Actions;
use super::widgets::{self, figures};
use super::{shortcuts, theme};
use crate::edit::{BrushShape, BrushSize, IntensityRange, PaintRule};
use crate::view::{KeyAction, Keymap, ToolKey};
use crate::workspace::{Action, EditAction, MeasureAction, Ruler, Tool, ToolAction, Workspace};

/// Between the buttons of the grid: eight of them fill the panel.
const GRID_GAP: f32 = 2.0;
const BUTTONS_PER_ROW: usize = 8;
const BUTTON: f32 = 26.0;
/// Width of the words before the controls.
pub const LABEL_WIDTH: f32 = 60.0;

struct ToolButton {
    icon: MaterialIcon,
    name: String,
    key: KeyAction,
    chosen: bool,
    enabled: bool,
    does: Does,
}

enum Does {
    Action(Action),
    /// Opens the window of operations on labels.
    OpenOperations,
}

/// True: the window of operations is wanted.
pub fn ui(ui: &mut Ui, workspace: &Workspace, keymap: &Keymap, actions: &mut Actions) -> bool {
    widgets::section_ui(ui, "Tools", None);
    let buttons = buttons(workspace);
    let mut opens_operations = false;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing = [GRID_GAP, GRID_GAP].into();
        for row in buttons.chunks(BUTTONS_PER_ROW) {
            ui.horizontal(|ui| row.iter().for_each(|b| opens_operations |= button_ui(ui, b, keymap, actions)));
        }
    });
    ui.add_space(theme::GAP);
    options_ui(ui, workspace, actions);
    opens_operations
}

/// Looking and measuring, drawing, then filling and accepting: a row each.
pub fn tool_buttons() -> [(Tool, MaterialIcon, ToolKey); 21] {
    [
        (Tool::Cursor, ICON_POINT_SCAN, ToolKey::Cursor),
        (Tool::PanZoom, ICON_DRAG_PAN, ToolKey::PanZoom),
        (Tool::WindowLevel, ICON_CONTRAST, ToolKey::Window),
        (Tool::Pick, ICON_COLORIZE, ToolKey::Pick),
        (Tool::Measure(Ruler::Distance), ICON_STRAIGHTEN, ToolKey::MeasureDistance),
        (Tool::Measure(Ruler::Angle), ICON_SQUARE_FOOT, ToolKey::MeasureAngle),
        (Tool::Measure(Ruler::Rectangle), ICON_CROP_SQUARE, ToolKey::MeasureRectangle),
        (Tool::Measure(Ruler::Ellipse), ICON_CIRCLE, ToolKey::MeasureEllipse),
        (Tool::Brush, ICON_BRUSH, ToolKey::Brush),
        (Tool::Eraser, ICON_INK_ERASER, ToolKey::Eraser),
        (Tool::Polygon, ICON_PENTAGON, ToolKey::Polygon),
        (Tool::Lasso, ICON_LASSO_SELECT, ToolKey::Lasso),
        (Tool::LiveWire, ICON_ROUTE, ToolKey::Livewire),
        (Tool::LevelTrace, ICON_ELEVATION, ToolKey::LevelTrace),
        (Tool::Scissors, ICON_CONTENT_CUT, ToolKey::Scissors),
        (Tool::Island, ICON_SCATTER_PLOT, ToolKey::Island),
        (Tool::Fill, ICON_FORMAT_COLOR_FILL, ToolKey::Fill),
        (Tool::FillSimilar, ICON_COLORS, ToolKey::FillSimilar),
        (Tool::GrowRegion, ICON_BUBBLE_CHART, ToolKey::GrowRegion),
        (Tool::AcceptBrush, ICON_APPROVAL, ToolKey::AcceptBrush),
        (Tool::AcceptComponent, ICON_TASK_ALT, ToolKey::AcceptComponent),
    ]
}

fn buttons(workspace: &Workspace) -> Vec<ToolButton> {
    let current = workspace.tools().tool;
    let mut buttons: Vec<_> = tool_buttons()
        .into_iter()
        .map(|(tool, icon, key)| ToolButton {
            icon,
            name: key.name().to_owned(),
            key: KeyAction::Tool(key),
            chosen: tool == current,
            enabled: true,
            does: Does::Action(ToolAction::Select(tool).into()),
        })
        .collect();
    let history = workspace.case().map(|case| &case.history);
    buttons.push(ToolButton {
        icon: ICON_TUNE,
        name: "Change a class".to_owned(),
        key: KeyAction::SmoothClass,
        chosen: false,
        enabled: history.is_some(),
        does: Does::OpenOperations,
    });
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
            does: Does::Action(action.into()),
        });
    }
    buttons
}

fn button_ui(ui: &mut Ui, button: &ToolButton, keymap: &Keymap, actions: &mut Actions) -> bool {
    let chords = keymap.chords(button.key);
    let key = (!chords.is_empty()).then_some(chords.as_str());
    let clicked = ui.add_enabled_ui(button.enabled, |ui| {
        widgets::sized_icon_button_ui(ui, button.icon, &button.name, key, button.chosen, BUTTON).clicked()
    });
    match &button.does {
        Does::Action(action) if clicked.inner => actions.push(action.clone()),
        Does::Action(_) => {}
        Does::OpenOperations => return clicked.inner,
    }
    false
}

/// What the chosen tool can be set to: always as many rows, so that nothing below them jumps.
fn options_ui(ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
    let tools = workspace.tools();
    match tools.tool {
        Tool::FillSimilar | Tool::GrowRegion | Tool::Island => fill_ui(ui, workspace, actions),
        Tool::Measure(_) => measure_ui(ui, workspace, actions),
        _ => {
            size_ui(ui, tools.brush.size, actions);
            labelled_ui(ui, "Shape", |ui| {
                ui.spacing_mut().button_padding.x = 7.0;
                let shapes = [(BrushShape::Disc, "Disc"), (BrushShape::Ball, "Ball"), (BrushShape::Square, "Square")];
                if let Some(shape) = widgets::choices_ui(ui, tools.brush.shape, &shapes) {
                    actions.push(ToolAction::SetBrushShape(shape).into());
                }
            });
        }
    }
    labelled_ui(ui, "Paint on", |ui| rule_ui(ui, workspace, actions));
    limits_ui(ui, workspace, actions);
    // Who has no pen is not asked.
    if tools.pen_seen {
        let mut sets_size = tools.pen_sets_size;
        let pen = ui.checkbox(&mut sets_size, "Pen pressure sets the size");
        if pen.on_hover_text("From a quarter of the brush's size to all of it").changed() {
            actions.push(ToolAction::SetPenSetsSize(sets_size).into());
        }
    }
}

fn fill_ui(ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
    let tools = workspace.tools();
    labelled_ui(ui, "Where", |ui| {
        if let Some(in_volume) = widgets::choices_ui(ui, tools.in_volume, &[(false, "This slice"), (true, "Volume")]) {
            actions.push(ToolAction::SetInVolume(in_volume).into());
        }
    });
    let mut tolerance = workspace.tolerance();
    labelled_ui(ui, "Differs by", |ui| {
        let speed = (tolerance / 100.0).max(0.01);
        let drag = DragValue::new(&mut tolerance).range(0.0..=f64::MAX).speed(speed).max_decimals(2);
        let response = ui.add_enabled(tools.tool == Tool::FillSimilar, drag).accessible_name("Tolerance");
        let hint = "How far the intensities of the filled region may be from the clicked one";
        if response.on_hover_text(hint).changed() {
            actions.push(ToolAction::SetTolerance(tolerance).into());
        }
    });
}

fn measure_ui(ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
    widgets::caption_ui(ui, "Drag in a view; the ends can be moved.");
    let count = workspace.case().map_or(0, |case| case.measurements.all().len());
    ui.horizontal(|ui| {
        ui.add_enabled_ui(count > 0, |ui| {
            for (name, action) in
                [("Remove the last", MeasureAction::RemoveNewest), ("Remove all", MeasureAction::Clear)]
            {
                if ui.button(name).clicked() {
                    actions.push(action.into());
                }
            }
        });
    });
}

/// Follow edges; paint only certain intensities, and which.
fn limits_ui(ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
    let tools = workspace.tools();
    ui.horizontal(|ui| {
        let mut adaptive = tools.adaptive;
        let edges = ui.checkbox(&mut adaptive, "Follow edges");
        if edges.on_hover_text("The brush paints only the tissue under its middle").changed() {
            actions.push(ToolAction::SetAdaptive(adaptive).into());
        }
        let mut limited = tools.intensity_limit.is_some();
        let limit = ui.checkbox(&mut limited, "Intensities");
        if limit.on_hover_text("Only voxels of certain intensities are painted").changed() {
            actions.extend(shortcuts::action_of(KeyAction::ToggleIntensityLimit, workspace));
        }
    });
    let Some(IntensityRange { mut low, mut high }) = tools.intensity_limit else { return };
    let speed = ((high - low).abs() / 100.0).max(0.01);
    labelled_ui(ui, "From, to", |ui| {
        let before = (low, high);
        for (name, value) in [("Lowest intensity painted", &mut low), ("Highest intensity painted", &mut high)] {
            ui.add(DragValue::new(value).speed(speed).max_decimals(2)).accessible_name(name);
        }
        if before != (low, high) {
            actions.push(ToolAction::SetIntensityLimit(Some(IntensityRange { low, high })).into());
        }
    });
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
