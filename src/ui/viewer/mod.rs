//! The centre of the window: three linked slice views and the facts of the case.

mod decoration;
mod picture;
mod pointer;
mod slice_strip;
mod slice_view;

use eframe::egui::{Frame, Margin, Rect, Ui, UiBuilder, pos2, vec2};

pub use picture::{Pictures, Upload};

use self::pointer::Pointer;
use super::actions::Actions;
use super::census::Census;
use super::{facts_pane, theme};
use crate::geometry::Plane;
use crate::workspace::{Layout, Workspace};

/// What the views keep between frames: the drag in progress, the pictures on the graphics card, the counts.
#[derive(Debug)]
pub struct Viewers {
    pointer: Pointer,
    pub pictures: Pictures,
    census: Census,
}

impl Viewers {
    pub fn new(pictures: Pictures) -> Self {
        Self { pointer: Pointer::default(), pictures, census: Census::default() }
    }

    pub fn ui(&mut self, ui: &mut Ui, workspace: &Workspace, actions: &mut Actions) {
        let area = ui.available_rect_before_wrap();
        ui.painter().rect_filled(area, 0.0, theme::palette(ui).line);
        self.count(ui, workspace);
        match workspace.views().layout {
            Layout::Maximised(view) => self.slice_ui(ui, area, view, workspace, actions),
            Layout::Grid => {
                let [top_left, top_right, bottom_left, bottom_right] = quadrants(area);
                for (rect, view) in
                    [(top_left, Plane::Axial), (top_right, Plane::Coronal), (bottom_left, Plane::Sagittal)]
                {
                    self.slice_ui(ui, rect, view, workspace, actions);
                }
                self.facts_ui(ui, bottom_right, workspace);
            }
        }
    }

    /// Not while a button is down: a stroke must not wait for it.
    fn count(&mut self, ui: &Ui, workspace: &Workspace) {
        if let Some(case) = workspace.case()
            && !ui.input(|i| i.pointer.any_down())
        {
            self.census.update(case);
        }
    }

    fn slice_ui(&mut self, ui: &mut Ui, rect: Rect, view: Plane, workspace: &Workspace, actions: &mut Actions) {
        match workspace.case() {
            Some(case) => {
                let Self { pointer, pictures, .. } = self;
                slice_view::ui(ui, rect, view, (workspace, case), pointer, pictures, actions);
            }
            None => {
                ui.painter().rect_filled(rect, 0.0, theme::VIEWER_BACKGROUND);
            }
        }
    }

    fn facts_ui(&self, ui: &mut Ui, rect: Rect, workspace: &Workspace) {
        let mut pane = ui.new_child(UiBuilder::new().max_rect(rect).id_salt("facts"));
        pane.set_clip_rect(rect.intersect(ui.clip_rect()));
        let fill = theme::palette(ui).panel;
        Frame::new().fill(fill).inner_margin(Margin::same(16)).show(&mut pane, |ui| {
            ui.set_min_size(ui.available_size());
            facts_pane::ui(ui, workspace, self.census.counts());
        });
    }
}

/// Top left, top right, bottom left, bottom right, with a line of space between them.
fn quadrants(area: Rect) -> [Rect; 4] {
    let half = theme::VIEWER_GAP / 2.0;
    let middle = pos2(area.center().x.round(), area.center().y.round());
    let left = Rect::from_min_max(area.min, pos2(middle.x - half, area.bottom()));
    let right = Rect::from_min_max(pos2(middle.x + half, area.top()), area.max);
    let upper = |r: Rect| Rect::from_min_size(r.min, vec2(r.width(), middle.y - half - r.top()));
    let lower = |r: Rect| Rect::from_min_max(pos2(r.left(), middle.y + half), r.max);
    [upper(left), upper(right), lower(left), lower(right)]
}
