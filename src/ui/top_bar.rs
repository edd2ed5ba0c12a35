//! Name, study, menus, window presets, export.

use eframe::egui::containers::menu::{MenuButton, MenuConfig};
use eframe::egui::{self, Align, Button, Layout, PopupCloseBehavior, RichText, ScrollArea, Ui};

use super::actions::Actions;
use super::shortcuts::{self, WindowRequest};
use super::{theme, widgets, window_menu, words};
use crate::geometry::{PatientSide, Plane};
use crate::project::{CaseState, Source};
use crate::view::{
    IntensityHistogram, KeyAction, Keymap, OverlayColourMap, Slab, SlabProjection, WindowLevel, WindowPreset,
};
use crate::workspace::{
    Action, AppAction, CaseAction, EditAction, FileAction, FilePurpose, FolderPurpose, Layout as ViewLayout,
    PseudoAction, ViewAction, Workspace,
};

pub struct TopBar<'a> {
    pub workspace: &'a Workspace,
    pub keymap: &'a Keymap,
    /// Of the shown image, once it has been counted.
    pub histogram: Option<&'a IntensityHistogram>,
}

/// A thick slice: the brightest, darkest or mean intensity along the view.
fn slab_ui(ui: &mut Ui, slab: &mut Option<Slab>) {
    ui.horizontal(|ui| {
        ui.label("Thick slice");
        if ui.selectable_label(slab.is_none(), "off").clicked() {
            *slab = None;
        }
        let thickness_mm = slab.map_or(10.0, |slab| slab.thickness_mm);
        for (projection, name) in
            [(SlabProjection::Max, "brightest"), (SlabProjection::Min, "darkest"), (SlabProjection::Mean, "mean")]
        {
            if ui.selectable_label(slab.is_some_and(|slab| slab.projection == projection), name).clicked() {
                *slab = Some(Slab { thickness_mm, projection });
            }
        }
    });
    if let Some(slab) = slab {
        ui.horizontal(|ui| {
            let slider = egui::Slider::new(&mut slab.thickness_mm, 1.0..=100.0).logarithmic(true).suffix(" mm");
            ui.add(slider.max_decimals(0)).accessible_name("Thickness of the slice");
        });
    }
}

impl TopBar<'_> {
    pub fn ui(&self, ui: &mut Ui, actions: &mut Actions) -> Option<WindowRequest> {
        let p = theme::palette(ui);
        let mut request = None;
        ui.horizontal_centered(|ui| {
            ui.label(RichText::new("Chiaro").heading().strong().color(p.text_strong));
            if let Some(study) = self.workspace.study() {
                ui.label(RichText::new(&study.name).color(p.text_weak));
            }
            ui.add_space(theme::GAP);
            self.menus_ui(ui, actions, &mut request);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| self.right_ui(ui, actions, &mut request));
        });
        request
    }

    fn menus_ui(&self, ui: &mut Ui, actions: &mut Actions, request: &mut Option<WindowRequest>) {
        ui.menu_button("File", |ui| self.file_ui(ui, actions));
        if self.workspace.study().is_some() {
            // Sliders, check boxes and colour maps are tried; only what is chosen closes the menu.
            let stays = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
            MenuButton::new("View").config(stays).ui(ui, |ui| {
                // It is longer than a small window is high.
                let room = ui.ctx().content_rect().height() - theme::TOP_BAR_HEIGHT - 2.0 * theme::WIDE;
                let scroll = ScrollArea::vertical().max_height(room).min_scrolled_height(room);
                // Beside the keys, not over them: there is room for both.
                ui.set_min_width(280.0);
                ui.spacing_mut().scroll = egui::style::ScrollStyle::thin();
                scroll.show(ui, |ui| self.view_ui(ui, actions, request));
            });
            ui.menu_button("Label", |ui| self.label_ui(ui, actions, request));
        }
        ui.menu_button("Help", |ui| {
            if self.item_ui(ui, "Keys", Some(KeyAction::ShowKeys), true) {
                *request = Some(WindowRequest::ShowKeys);
            }
            if self.item_ui(ui, "Show the tour", Some(KeyAction::ToggleTour), self.workspace.study().is_some()) {
                actions.extend(shortcuts::action_of(KeyAction::ToggleTour, self.workspace));
            }
            if self.item_ui(ui, "Settings…", Some(KeyAction::ShowSettings), true) {
                *request = Some(WindowRequest::ShowSettings);
            }
        });
    }

    fn right_ui(&self, ui: &mut Ui, actions: &mut Actions, request: &mut Option<WindowRequest>) {
        let Some(study) = self.workspace.study() else { return };
        let ready = !study.cases.is_empty() && !self.workspace.is_exporting();
        ui.add_enabled_ui(ready, |ui| {
            let text = if self.workspace.is_exporting() { "Exporting…" } else { "Export masks" };
            if widgets::accent_button_ui(ui, text)
                .on_hover_text(self.keymap.with_keys("Writes masks as NIfTI and checks them", KeyAction::Export))
                .clicked()
            {
                actions.push(FileAction::PickFolder(FolderPurpose::Export(Source::Labels)).into());
            }
        });
        if let Some(case) = self.workspace.case() {
            let text = format!("Window {:.0} / {:.0}", case.window.level(), case.window.width());
            // Dragging in the histogram is no choice that closes the menu.
            let stays = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
            let (response, _) =
                MenuButton::new(text).config(stays).ui(ui, |ui| self.window_ui(ui, case.window, actions));
            response.on_hover_text("Level / width, brightness and contrast");
        }
        // In a narrow window the menus need the room.
        if ui.available_width() < 160.0 {
            return;
        }
        let key = self.keymap.chords_of(KeyAction::FindAction).next().map(|chord| format!("{chord}  "));
        let text = format!("{}find any action", key.unwrap_or_default());
        let find = RichText::new(text).color(theme::palette(ui).text_weak);
        let find = ui.add(Button::new(find).frame_when_inactive(false));
        if find.accessible_name("Find any action").clicked() {
            *request = Some(WindowRequest::FindAction);
        }
    }

    fn file_ui(&self, ui: &mut Ui, actions: &mut Actions) {
        let study = self.workspace.study();
        let open = study.is_some();
        for (name, key, enabled, action) in [
            ("New study…", Some(KeyAction::NewStudy), true, FileAction::BeginNewProject),
            ("Open study…", Some(KeyAction::OpenStudy), true, FileAction::PickFolder(FolderPurpose::OpenProject)),
            ("Demo study…", None, true, FileAction::PickFolder(FolderPurpose::CreateDemo)),
            ("Save", Some(KeyAction::Save), open, FileAction::Save),
        ] {
            self.action_ui(ui, name, key, enabled, action, actions);
        }
        ui.separator();
        let export = |source| FileAction::PickFolder(FolderPurpose::Export(source));
        self.action_ui(ui, "Export masks…", Some(KeyAction::Export), open, export(Source::Labels), actions);
        self.action_ui(
            ui,
            "Export pseudo-labels…",
            Some(KeyAction::ExportPseudoLabels),
            open,
            export(Source::Pseudo),
            actions,
        );
        ui.separator();
        for (name, key, held_out) in [
            ("Add volumes…", KeyAction::AddVolumes, false),
            ("Add held-out volumes…", KeyAction::AddHeldOutVolumes, true),
        ] {
            let purpose = FolderPurpose::AddVolumes { held_out };
            self.action_ui(ui, name, Some(key), open, FileAction::PickFolder(purpose), actions);
        }
        ui.separator();
        self.action_ui(ui, "Close study", Some(KeyAction::CloseStudy), open, FileAction::CloseProject, actions);
        self.action_ui(ui, "Quit", Some(KeyAction::Quit), true, AppAction::CloseRequested, actions);
    }

    fn view_ui(&self, ui: &mut Ui, actions: &mut Actions, request: &mut Option<WindowRequest>) {
        for view in Plane::ALL {
            self.action_ui(ui, view.name(), None, true, ViewAction::ToggleMaximised(view), actions);
        }
        ui.separator();
        let current = self.workspace.views().layout;
        for layout in ViewLayout::ALL {
            if ui.radio(layout == current, layout.name()).clicked() {
                ui.close();
                actions.push(ViewAction::SetLayout(layout).into());
            }
        }
        if self.item_ui(ui, "Put the panes back", None, true) {
            *request = Some(WindowRequest::ResetPanes);
        }
        ui.separator();
        self.action_ui(ui, "Fit", Some(KeyAction::FitView), true, ViewAction::FitAll, actions);
        self.action_ui(
            ui,
            "Centre on the crosshair",
            Some(KeyAction::CentreOnCursor),
            true,
            ViewAction::CentreOnCursor,
            actions,
        );
        ui.separator();
        let mut layers = self.workspace.views().layers;
        for (value, name) in [
            (&mut layers.labels, "Labels"),
            (&mut layers.pseudo, "Pseudo-labels"),
            (&mut layers.crosshair, "Crosshair"),
            (&mut layers.interpolation, "Smooth picture"),
        ] {
            ui.checkbox(value, name);
        }
        slab_ui(ui, &mut layers.slab);
        let slider = egui::Slider::new(&mut layers.label_opacity, 0.0..=1.0).show_value(false);
        ui.horizontal(|ui| {
            ui.label("Label opacity");
            ui.add(slider).accessible_name("Label opacity");
        });
        if layers != self.workspace.views().layers {
            actions.push(ViewAction::SetLayers(layers).into());
        }
        ui.separator();
        self.second_image_ui(ui, actions);
        ui.separator();
        widgets::caption_ui(ui, "Patient's right is shown");
        let side = self.workspace.views().side;
        for (choice, name) in [
            (PatientSide::Radiological, "on the left (radiology)"),
            (PatientSide::Neurological, "on the right (surgery)"),
        ] {
            if ui.radio(side == choice, name).clicked() {
                ui.close();
                actions.push(ViewAction::SetPatientSide(choice).into());
            }
        }
        ui.separator();
        if self.item_ui(ui, words::TRUST_QUESTION, Some(KeyAction::ShowTrust), true) {
            *request = Some(WindowRequest::ShowTrust);
        }
        let dark = ui.visuals().dark_mode;
        let theme = if dark { "Light theme" } else { "Dark theme" };
        for (name, key) in [
            ("Save a picture of the view", KeyAction::SaveScreenshot),
            ("Copy a picture of the view", KeyAction::CopyScreenshot),
            ("Save pictures of all slices…", KeyAction::SaveSliceSeries),
        ] {
            if self.item_ui(ui, name, Some(key), true) {
                *request = shortcuts::request_of(key);
            }
        }
        for (name, key) in [
            (theme, KeyAction::ToggleTheme),
            ("Larger text and buttons", KeyAction::UiLarger),
            ("Smaller text and buttons", KeyAction::UiSmaller),
            ("Swipe between two results", KeyAction::ToggleSwipe),
            ("Two results side by side", KeyAction::ToggleSideBySide),
        ] {
            if self.item_ui(ui, name, Some(key), true) {
                actions.extend(shortcuts::action_of(key, self.workspace));
            }
        }
    }

    /// A second image over the first: how it is coloured, and how much of it is seen.
    fn second_image_ui(&self, ui: &mut Ui, actions: &mut Actions) {
        let Some(case) = self.workspace.case() else { return };
        self.action_ui(
            ui,
            "Lay another image over…",
            Some(KeyAction::OverlayImage),
            true,
            FileAction::PickFile(FilePurpose::SecondImage),
            actions,
        );
        let Some(second) = &case.second else { return };
        let mut look = second.look;
        ui.horizontal(|ui| {
            for map in OverlayColourMap::ALL {
                ui.selectable_value(&mut look.map, map, map.name());
            }
        });
        let statistics = second.image.statistics();
        let (mut low, mut high) = (look.window.low(), look.window.high());
        for (label, name, value, range) in [
            ("Opacity", "Opacity of the second image", None, 0.0..=1.0),
            ("From", "Lowest intensity of the second image", Some(&mut low), statistics.min..=statistics.max),
            ("To", "Highest intensity of the second image", Some(&mut high), statistics.min..=statistics.max),
        ] {
            ui.horizontal(|ui| {
                ui.label(label);
                let slider = match value {
                    Some(value) => egui::Slider::new(value, range).max_decimals(2),
                    None => egui::Slider::new(&mut look.opacity, 0.0..=1.0).show_value(false),
                };
                ui.add(slider).accessible_name(name);
            });
        }
        if (low, high) != (look.window.low(), look.window.high()) {
            look.window = WindowLevel::between(low, high);
        }
        if look != second.look {
            actions.push(ViewAction::SetSecondImageLook(look).into());
        }
        self.action_ui(ui, "Take the other image away", None, true, ViewAction::RemoveSecondImage, actions);
    }

    fn label_ui(&self, ui: &mut Ui, actions: &mut Actions, request: &mut Option<WindowRequest>) {
        let case = self.workspace.case();
        let view = self.workspace.views().active;
        let predicted = case.is_some_and(|c| c.prediction.is_some());
        let ready = case.is_some();
        for (name, key, enabled, action) in [
            ("Undo", Some(KeyAction::Undo), case.is_some_and(|c| c.history.undo_name().is_some()), EditAction::Undo),
            ("Redo", Some(KeyAction::Redo), case.is_some_and(|c| c.history.redo_name().is_some()), EditAction::Redo),
            ("Copy this slice to the next", Some(KeyAction::CopySliceToNext), ready, EditAction::CopySliceToNext(view)),
            ("Complete this slice", Some(KeyAction::CompleteSlice), ready, EditAction::CompleteSlice(view)),
            ("Complete this case", Some(KeyAction::CompleteCase), ready, EditAction::CompleteCase),
        ] {
            self.action_ui(ui, name, key, enabled, action, actions);
        }
        widgets::caption_ui(ui, "Completing turns unlabelled voxels into background");
        ui.separator();
        for (name, key) in [
            ("List of edits…", KeyAction::UndoList),
            ("Fill between slices…", KeyAction::InterpolateSlices),
            ("Smooth…", KeyAction::SmoothClass),
            ("Islands…", KeyAction::KeepLargestIsland),
            ("Fill holes…", KeyAction::FillHoles),
            ("Grow or shrink…", KeyAction::GrowMargin),
            ("Replace by a class…", KeyAction::ReplaceClass),
        ] {
            if self.item_ui(ui, name, Some(key), ready) {
                *request = shortcuts::request_of(key);
            }
        }
        ui.separator();
        for (name, key, action) in [
            ("Accept this slice", KeyAction::AcceptSlice, PseudoAction::AcceptSlice(view)),
            ("Accept this case", KeyAction::AcceptCase, PseudoAction::AcceptCase),
            (
                "Accept the chosen class",
                KeyAction::AcceptClass,
                PseudoAction::AcceptClass(self.workspace.tools().class),
            ),
        ] {
            self.action_ui(ui, name, Some(key), predicted, action, actions);
        }
        ui.separator();
        for (name, key, enabled) in [
            ("Compare with another label map…", KeyAction::CompareLabels, ready),
            ("Compare with the pseudo-labels", KeyAction::ComparePseudoLabels, predicted),
        ] {
            if self.item_ui(ui, name, Some(key), enabled) {
                actions.extend(shortcuts::action_of(key, self.workspace));
            }
        }
        ui.separator();
        let shown = self.workspace.shown_id().zip(self.workspace.study());
        if let Some(line) = shown.and_then(|(case, study)| study.case(case)) {
            let (name, state) = match line.state {
                CaseState::Done => ("Mark this case as in progress", CaseState::InProgress),
                _ => ("Mark this case as done", CaseState::Done),
            };
            let mark = CaseAction::SetState { case: line.id.clone(), state };
            self.action_ui(ui, name, None, true, mark, actions);
        }
        let suggested = CaseAction::NextSuggested;
        self.action_ui(ui, "Next suggested case", Some(KeyAction::NextCase), true, suggested, actions);
        self.action_ui(ui, "Next case not done", None, true, CaseAction::NextOpen, actions);
    }

    fn window_ui(&self, ui: &mut Ui, window: WindowLevel, actions: &mut Actions) {
        window_menu::histogram_ui(ui, self.histogram, window, actions);
        if self.button_ui(ui, "Automatic", Some(KeyAction::WindowAuto), true) {
            actions.push(ViewAction::AutoWindow.into());
        }
        widgets::caption_ui(ui, "Ctrl and a drag with the tool: what the rectangle holds");
        ui.separator();
        widgets::caption_ui(ui, "CT presets");
        for (index, preset) in (0u8..).zip(WindowPreset::ALL) {
            let name = format!("{}  {:.0} / {:.0}", preset.name, preset.window.level(), preset.window.width());
            if self.button_ui(ui, &name, Some(KeyAction::WindowPreset(index)), true) {
                actions.push(ViewAction::SetWindow(preset.window).into());
            }
        }
    }

    fn action_ui(
        &self,
        ui: &mut Ui,
        name: &str,
        key: Option<KeyAction>,
        enabled: bool,
        action: impl Into<Action>,
        actions: &mut Actions,
    ) {
        if self.item_ui(ui, name, key, enabled) {
            actions.push(action.into());
        }
    }

    /// A click also closes the menu.
    fn item_ui(&self, ui: &mut Ui, name: &str, key: Option<KeyAction>, enabled: bool) -> bool {
        let clicked = self.button_ui(ui, name, key, enabled);
        if clicked {
            ui.close();
        }
        clicked
    }

    fn button_ui(&self, ui: &mut Ui, name: &str, key: Option<KeyAction>, enabled: bool) -> bool {
        let chords = key.map(|key| self.keymap.chords(key)).unwrap_or_default();
        // One chord is enough in a menu; the help page has all.
        let chord = chords.split("  ").next().unwrap_or_default();
        let button = Button::new(name).shortcut_text(chord);
        ui.add_enabled(enabled, button).accessible_name(name).clicked()
    }
}
