//! The classes: colour, name, lock, visibility; which one is painted.

use eframe::egui::{
    self, Align, Key, Layout, Rect, RichText, Role, ScrollArea, Sense, TextEdit, TextStyle, Ui, UiBuilder, WidgetInfo,
    vec2,
};
use egui_material_icons::icons::{ICON_ADD, ICON_LOCK, ICON_LOCK_OPEN_RIGHT, ICON_VISIBILITY, ICON_VISIBILITY_OFF};

use super::actions::Actions;
use super::{class_menu, theme, widgets};
use crate::label::{Class, ClassId};
use crate::workspace::{ClassAction, Workspace};

const ROW: f32 = 26.0;
/// A search field is worth its room from so many classes.
const SEARCHED_FROM: usize = 9;
/// Of the list, points: nine rows.
const LIST_HEIGHT: f32 = 9.0 * (ROW + 1.0);

/// A name being typed.
#[derive(Debug, Default)]
pub struct ClassPanel {
    typing: Option<Typing>,
    search: String,
}

#[derive(Debug)]
struct Typing {
    /// `None`: the name of a new class.
    class: Option<ClassId>,
    name: String,
}

impl ClassPanel {
    pub fn ui(&mut self, ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
        let Some(study) = workspace.study() else { return };
        class_menu::heading_ui(ui, actions);
        ui.spacing_mut().item_spacing.y = 1.0;
        let classes = &study.classes;
        let is_long = classes.all().len() > SEARCHED_FROM;
        if is_long {
            let field = TextEdit::singleline(&mut self.search).hint_text("Search").desired_width(f32::INFINITY);
            ui.add(field.margin(egui::Margin::symmetric(8, 4))).accessible_name("Search classes");
            ui.add_space(theme::TIGHT);
        } else {
            self.search.clear();
        }
        let found = (!self.search.trim().is_empty()).then(|| classes.search(&self.search));
        let is_shown = |class: &&Class| found.as_ref().is_none_or(|found| found.contains(&class.id));
        let mut pointed = None;
        // A long list scrolls by itself, so that the tools and the pseudo-labels stay in reach.
        ScrollArea::vertical().id_salt("classes").max_height(LIST_HEIGHT).auto_shrink([false, true]).show(ui, |ui| {
            for (place, class) in classes.in_order().enumerate().filter(|(_, class)| is_shown(class)) {
                if self.typing.as_ref().is_some_and(|t| t.class == Some(class.id)) {
                    self.typing_ui(ui, actions);
                } else {
                    let is_painted = workspace.tools().class == class.id;
                    let hovered = self.row_ui(ui, (class, place), is_painted, actions);
                    // Pointing at background would fade everything.
                    pointed = pointed.or((hovered && class.id != 0).then_some(class.id));
                }
            }
        });
        if pointed != workspace.views().layers.highlight {
            actions.push(ClassAction::Highlight(pointed).into());
        }
        match &self.typing {
            Some(Typing { class: None, .. }) => self.typing_ui(ui, actions),
            _ => self.add_ui(ui),
        }
    }

    fn add_ui(&mut self, ui: &mut Ui) {
        let weak = theme::palette(ui).text_weak;
        ui.horizontal(|ui| {
            ui.label(ICON_ADD.rich_text().size(14.0).color(weak));
            let button = egui::Button::new(RichText::new("Add class").color(weak)).frame_when_inactive(false);
            if ui.add(button).clicked() {
                self.begin_adding();
            }
        });
    }

    /// Asks for the name of a new class.
    pub fn begin_adding(&mut self) {
        self.typing = Some(Typing { class: None, name: String::new() });
    }

    /// Whether the pointer is over the row.
    fn row_ui(&mut self, ui: &mut Ui, (class, place): (&Class, usize), painting: bool, actions: &mut Actions) -> bool {
        let p = theme::palette(ui);
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
        let name = format!("Class {}", class.name);
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, painting, &name));
        if painting {
            ui.painter().rect_filled(rect, 5.0, p.chosen);
        } else if response.hovered() || response.has_focus() {
            ui.painter().rect_filled(rect, 5.0, p.button);
        }
        if response.clicked() {
            actions.push(ClassAction::Select(class.id).into());
        }
        response.context_menu(|ui| {
            if class_menu::row_menu_ui(ui, class, place, actions) {
                self.typing = Some(Typing { class: Some(class.id), name: class.name.clone() });
            }
        });
        row_contents_ui(ui, rect.shrink2(vec2(6.0, 0.0)), class, painting, actions);
        response.contains_pointer()
    }

    fn typing_ui(&mut self, ui: &mut Ui, actions: &mut Actions) {
        let Some(typing) = &mut self.typing else { return };
        let edit = TextEdit::singleline(&mut typing.name)
            .hint_text("Name, e.g. Lateral ventricles")
            .desired_width(f32::INFINITY)
            .margin(egui::Margin::symmetric(8, 5));
        let response = ui.add(edit).accessible_name("Class name");
        if !response.has_focus() && !response.lost_focus() {
            response.request_focus();
        }
        let entered = response.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
        let name = typing.name.trim().to_owned();
        if entered && !name.is_empty() {
            actions.push(match typing.class {
                Some(class) => ClassAction::Rename { class, name }.into(),
                None => ClassAction::Add { name }.into(),
            });
        }
        if response.lost_focus() {
            self.typing = None;
        }
    }
}

fn row_contents_ui(ui: &mut Ui, rect: Rect, class: &Class, painting: bool, actions: &mut Actions) {
    let p = theme::palette(ui);
    let mut row = ui.new_child(UiBuilder::new().max_rect(rect).layout(Layout::right_to_left(Align::Center)));
    row.spacing_mut().item_spacing.x = 2.0;
    widgets::key_cap_ui(&mut row, &class.id.to_string()).on_hover_text("The number of the class in masks");
    visible_ui(&mut row, class, actions);
    lock_ui(&mut row, class, actions);
    class_menu::status_ui(&mut row, class);
    row.with_layout(Layout::left_to_right(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = theme::GAP;
        colour_ui(ui, class, actions);
        let colour = match (class.visible, painting) {
            (false, _) => p.text_weak,
            (true, true) => p.text_strong,
            (true, false) => p.text,
        };
        let text = RichText::new(&class.name).text_style(TextStyle::Body).color(colour);
        ui.add(egui::Label::new(text).truncate().sense(Sense::empty()));
    });
}

fn visible_ui(ui: &mut Ui, class: &Class, actions: &mut Actions) {
    let p = theme::palette(ui);
    let (icon, verb, colour) =
        if class.visible { (ICON_VISIBILITY, "Hide", p.text_weak) } else { (ICON_VISIBILITY_OFF, "Show", p.text) };
    if widgets::small_icon_ui(ui, icon, &format!("{verb} {}", class.name), colour).clicked() {
        actions.push(ClassAction::SetVisible { class: class.id, visible: !class.visible }.into());
    }
}

fn lock_ui(ui: &mut Ui, class: &Class, actions: &mut Actions) {
    let p = theme::palette(ui);
    let (icon, verb, colour) =
        if class.locked { (ICON_LOCK, "Unlock", p.accent) } else { (ICON_LOCK_OPEN_RIGHT, "Lock", p.idle) };
    if widgets::small_icon_ui(ui, icon, &format!("{verb} {}", class.name), colour).clicked() {
        actions.push(ClassAction::SetLocked { class: class.id, locked: !class.locked }.into());
    }
}

fn colour_ui(ui: &mut Ui, class: &Class, actions: &mut Actions) {
    let mut colour = class.colour;
    ui.spacing_mut().interact_size = vec2(14.0, 14.0);
    let response = ui.color_edit_button_srgb(&mut colour).accessible_name(format!("Colour of {}", class.name));
    if response.changed() {
        actions.push(ClassAction::SetColour { class: class.id, colour }.into());
    }
}
