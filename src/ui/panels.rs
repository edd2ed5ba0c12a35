//! Where everything is in the window.

use eframe::egui::{self, CentralPanel, Frame, Margin, Panel, ScrollArea, Ui};

use super::actions::Actions;
use super::classes::ClassPanel;
use super::find_action::FindAction;
use super::new_study::NewStudy;
use super::notices::Notices;
use super::operations::{OperationKind, Operations};
use super::path_prompt::PathPrompt;
use super::pseudo_labels::{PseudoPanel, accept_ui};
use super::regions::RegionsPanel;
use super::screenshot::{PictureOfView, ScreenshotTarget};
use super::settings_window::SettingsWindow;
use super::shortcuts::{self, WindowRequest};
use super::slice_series::SliceSeries;
use super::top_bar::TopBar;
use super::undo_list::UndoList;
use super::viewer::{Pictures, Viewers};
use super::{
    case_list, comparison, help_page, learning, rounds, save_dialog, start_page, status_bar, theme, tools, tour, trust,
};
use crate::workspace::{AppAction, CompareAction, TourAction, Workspace};

/// The state of the panels themselves: open dialogs, half-typed names.
pub struct Panels {
    pub viewers: Viewers,
    pub path_prompt: PathPrompt,
    pub notices: Notices,
    new_study: NewStudy,
    classes: ClassPanel,
    pseudo: PseudoPanel,
    regions: RegionsPanel,
    find_action: FindAction,
    help_open: bool,
    trust_open: bool,
    rounds_open: bool,
    settings: SettingsWindow,
    operations: Operations,
    undo_list: UndoList,
    slice_series: SliceSeries,
    picture: PictureOfView,
    /// A text field had the keyboard at the end of the last frame: Escape is its own.
    was_typing: bool,
    accepts_under_pointer: bool,
}

impl Panels {
    pub fn new(pictures: Pictures) -> Self {
        Self {
            viewers: Viewers::new(pictures),
            path_prompt: PathPrompt::default(),
            notices: Notices::default(),
            new_study: NewStudy::default(),
            classes: ClassPanel::default(),
            pseudo: PseudoPanel::default(),
            regions: RegionsPanel::default(),
            find_action: FindAction::default(),
            help_open: false,
            trust_open: false,
            rounds_open: false,
            settings: SettingsWindow::default(),
            operations: Operations::default(),
            undo_list: UndoList::default(),
            slice_series: SliceSeries::default(),
            picture: PictureOfView::default(),
            was_typing: false,
            accepts_under_pointer: false,
        }
    }

    /// Draws the whole window; what was asked for comes back.
    pub fn ui(&mut self, ui: &mut Ui, workspace: &Workspace) -> Actions {
        let mut actions = Actions::new();
        self.top_ui(ui, workspace, &mut actions);
        if workspace.study().is_some() {
            self.study_ui(ui, workspace, &mut actions);
        } else {
            let frame = Frame::new().fill(theme::palette(ui).panel);
            CentralPanel::default().frame(frame).show(ui, |ui| start_page::ui(ui, workspace, &mut actions));
        }
        self.dialogs_ui(ui, workspace, &mut actions);
        self.was_typing = ui.ctx().text_edit_focused();
        actions
    }

    /// What the keys of this frame ask for; to be done before the window is drawn, because a key and the click after
    /// it may come in one frame.
    pub fn keys(&mut self, ctx: &egui::Context, workspace: &Workspace) -> Actions {
        let mut actions = Actions::new();
        // A dialog keeps the keys to itself.
        if ctx.memory(|memory| memory.top_modal_layer().is_some()) {
            return actions;
        }
        actions.extend(shortcuts::dropped(ctx));
        if shortcuts::escapes(ctx, workspace, self.was_typing) {
            self.close_window(workspace, &mut actions);
        }
        for request in shortcuts::pressed(ctx, workspace, self.was_typing, &mut actions) {
            self.perform(ctx, request, workspace);
        }
        actions
    }

    fn perform(&mut self, ctx: &egui::Context, request: WindowRequest, workspace: &Workspace) {
        match request {
            WindowRequest::ShowKeys => self.help_open = true,
            WindowRequest::ShowTrust => self.trust_open = true,
            WindowRequest::ShowRounds => self.rounds_open ^= true,
            WindowRequest::FindAction => self.find_action.open(),
            WindowRequest::ShowSettings => self.settings.open(),
            WindowRequest::ResetPanes => self.viewers.reset_arrangement(),
            WindowRequest::UndoList => self.undo_list.toggle(),
            WindowRequest::NewClass => self.classes.begin_adding(),
            WindowRequest::Operation(kind) => self.operations.open(kind),
            WindowRequest::Screenshot(target) => self.take_picture(ctx, target, workspace),
            WindowRequest::SliceSeries => self.slice_series.open(workspace),
            WindowRequest::AcceptUnderPointer => self.accepts_under_pointer = true,
        }
    }

    /// The window that lies over the views, if there is one.
    fn close_window(&mut self, workspace: &Workspace, actions: &mut Actions) {
        if workspace.tour().is_some() {
            actions.push(AppAction::Tour(TourAction::End).into());
        } else if workspace.comparison().is_some() {
            actions.push(CompareAction::Close.into());
        } else if !self.operations.close(actions) && !self.undo_list.close() && self.rounds_open {
            self.rounds_open = false;
            actions.extend(rounds::closed(workspace));
        }
    }

    fn take_picture(&mut self, ctx: &egui::Context, target: ScreenshotTarget, workspace: &Workspace) {
        let view = workspace.views().active;
        let (Some(rect), Some(study)) = (self.viewers.rect_of(view), workspace.study()) else { return };
        self.picture.take(ctx, rect, target, study.dir.join("pictures"));
    }

    /// What a key of this frame asked for at the pointer; to be done once the views have said where it is.
    pub fn keys_at_pointer(&mut self, workspace: &Workspace) -> Actions {
        let asked = std::mem::take(&mut self.accepts_under_pointer);
        let action = if asked { shortcuts::accept_under_pointer(workspace) } else { None };
        action.into_iter().collect()
    }

    fn top_ui(&mut self, ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
        let histogram = self.viewers.histogram();
        let bar = TopBar { workspace, keymap: &workspace.preferences().keymap, histogram: histogram.as_deref() };
        let panel = Panel::top("top bar").exact_size(theme::TOP_BAR_HEIGHT).frame(frame(ui, Margin::symmetric(12, 0)));
        if let Some(request) = panel.show(ui, |ui| bar.ui(ui, actions)).inner {
            self.perform(ui.ctx(), request, workspace);
        }
    }

    fn study_ui(&mut self, ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
        let line = frame(ui, Margin::symmetric(12, 0));
        let side = frame(ui, theme::PANEL_MARGIN);
        let strip = frame(ui, Margin { left: 12, right: 12, top: 8, bottom: 6 });
        Panel::bottom("status bar")
            .exact_size(theme::STATUS_BAR_HEIGHT)
            .frame(line)
            .show(ui, |ui| status_bar::ui(ui, workspace));
        Panel::bottom("learning").exact_size(theme::LEARNING_HEIGHT).frame(strip).show(ui, |ui| {
            if let Some(request) = learning::ui(ui, workspace, actions) {
                self.perform(ui.ctx(), request, workspace);
            }
        });
        Panel::left("cases")
            .default_size(theme::LEFT_PANEL_WIDTH)
            .frame(side)
            .show(ui, |ui| self.left_ui(ui, workspace, actions));
        Panel::right("tools")
            .exact_size(theme::RIGHT_PANEL_WIDTH)
            .resizable(false)
            .frame(side)
            .show(ui, |ui| self.right_ui(ui, workspace, actions));
        CentralPanel::default()
            .frame(Frame::new())
            .show(ui, |ui| self.viewers.ui(ui, workspace, &workspace.preferences().keymap, actions));
    }

    fn left_ui(&mut self, ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
        if RegionsPanel::is_wanted(workspace) {
            let line = Frame::new().inner_margin(Margin { top: 6, ..Margin::ZERO });
            // Two panels: a sentence would leave the list as low as itself.
            let is_list = RegionsPanel::is_list(workspace);
            let panel = if is_list {
                let panel = Panel::bottom("regions").resizable(true).default_size(theme::REGIONS_HEIGHT);
                panel.min_size(theme::LEAST_REGIONS_HEIGHT)
            } else {
                Panel::bottom("regions in words").resizable(false)
            };
            panel.frame(line).show(ui, |ui| {
                if is_list {
                    // A panel becomes as high as what it holds: a short list would leave little room for a long one.
                    ui.take_available_height();
                }
                self.regions.ui(ui, workspace, actions);
            });
        }
        case_list::ui(ui, workspace, actions);
    }

    fn right_ui(&mut self, ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
        if workspace.case().is_some_and(|case| case.prediction.is_some()) {
            let line = Frame::new().inner_margin(Margin { top: 6, ..Margin::ZERO });
            Panel::bottom("accept").resizable(false).frame(line).show(ui, |ui| accept_ui(ui, workspace, actions));
        }
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            if tools::ui(ui, workspace, &workspace.preferences().keymap, actions) {
                self.operations.open(OperationKind::Smooth);
            }
            ui.add_space(theme::GAP + theme::TIGHT);
            ui.scope(|ui| self.classes.ui(ui, workspace, actions));
            ui.add_space(theme::GAP + theme::TIGHT);
            self.pseudo.ui(ui, workspace, actions);
        });
    }

    fn dialogs_ui(&mut self, ui: &Ui, workspace: &Workspace, actions: &mut Actions) {
        let ctx = ui.ctx();
        self.path_prompt.ui(ctx, actions);
        self.new_study.ui(ctx, workspace, actions);
        if let Some(key) = self.find_action.ui(ctx, &workspace.preferences().keymap) {
            match shortcuts::request_of(key) {
                Some(request) => self.perform(ctx, request, workspace),
                None => actions.extend(shortcuts::action_of(key, workspace)),
            }
        }
        if self.help_open {
            self.help_open = help_page::ui(ctx, &workspace.preferences().keymap);
        }
        self.operations.ui(ctx, workspace, actions);
        self.undo_list.ui(ctx, workspace, actions);
        comparison::ui(ctx, workspace, actions);
        self.settings.ui(ctx, workspace.preferences(), actions);
        tour::ui(ctx, workspace, &workspace.preferences().keymap, actions);
        if self.rounds_open {
            self.rounds_open = rounds::ui(ctx, workspace, actions);
        }
        if self.trust_open {
            self.trust_open = trust::ui(ctx, workspace.training());
        }
        save_dialog::ui(ctx, workspace, actions);
        let said = self.slice_series.ui(ctx, workspace).into_iter().chain(self.picture.outcome());
        said.for_each(|notice| self.notices.show(&notice));
        // A picture of a view shows no messages.
        if !self.picture.is_being_taken() {
            self.notices.ui(ctx, workspace.study().is_some());
        }
    }
}

fn frame(ui: &Ui, margin: Margin) -> Frame {
    Frame::new().fill(theme::palette(ui).panel).inner_margin(margin)
}
