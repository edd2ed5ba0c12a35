//! The panes of the centre as tiles: presets, borders that can be dragged, panes that can be moved and stacked as tabs.

use eframe::egui::{self, Color32, CursorIcon, Rect, Sense, Stroke, Ui, Visuals, WidgetText, pos2, vec2};
use egui_tiles::{
    Behavior, EditAction, Linear, LinearDir, ResizeState, SimplificationOptions, TabState, Tabs, Tile, TileId, Tiles,
    Tree, UiResponse,
};
use serde::{Deserialize, Serialize};

use crate::geometry::Plane;
use crate::ui::theme;
use crate::workspace::Layout;

/// What a tile shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pane {
    Slice(Plane),
    Scene,
    Facts,
}

impl Pane {
    const ALL: [Self; 5] = [
        Self::Slice(Plane::Axial),
        Self::Slice(Plane::Coronal),
        Self::Slice(Plane::Sagittal),
        Self::Scene,
        Self::Facts,
    ];
}

/// Where the panes are.
#[derive(Debug)]
pub struct Arrangement {
    layout: Layout,
    tree: Tree<Pane>,
    /// What it was made from or told to keep last.
    kept: Option<String>,
    /// It is to be kept as it is now, or forgotten, once no button is down.
    change: Option<Change>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Keep,
    Forget,
}

/// Share of the width that the large view of `OnePlusThree` takes.
const LARGE_SHARE: f32 = 0.68;
/// Side of the grip that moves a pane.
const GRIP: f32 = 16.0;
const SMALLEST_PANE: f32 = 120.0;

impl Default for Arrangement {
    fn default() -> Self {
        Self::new(Layout::default())
    }
}

impl Arrangement {
    pub fn new(layout: Layout) -> Self {
        Self { layout, tree: tree(layout), kept: None, change: None }
    }

    /// Changes to another preset, or to what was kept of it; the same one stays as the user has dragged it.
    pub fn follow(&mut self, layout: Layout, kept: Option<&str>) {
        if layout == self.layout && kept == self.kept.as_deref() {
            return;
        }
        let tree = kept.and_then(restored).unwrap_or_else(|| tree(layout));
        *self = Self { layout, tree, kept: kept.map(str::to_owned), change: None };
    }

    /// The preset as it was made.
    pub fn reset(&mut self) {
        (self.tree, self.change) = (tree(self.layout), Some(Change::Forget));
    }

    /// Draws every pane into its place with `show`. Answers with what is to be kept once that has changed.
    pub fn ui(&mut self, ui: &mut Ui, show: &mut dyn FnMut(&mut Ui, Rect, Pane)) -> Option<Option<String>> {
        let mut panes = Panes { show, is_edited: false };
        self.tree.ui(&mut panes, ui);
        if panes.is_edited {
            self.change = Some(Change::Keep);
        }
        // A border that is being dragged is not written in every frame.
        if ui.input(|i| i.pointer.any_down()) {
            return None;
        }
        let kept = match self.change.take()? {
            Change::Keep => serde_json::to_string(&self.tree).ok(),
            Change::Forget => None,
        };
        self.kept = kept.clone();
        Some(kept)
    }
}

/// `None` if it is not an arrangement that holds every pane once.
fn restored(kept: &str) -> Option<Tree<Pane>> {
    let kept: Tree<Pane> = serde_json::from_str(kept).ok()?;
    let mut panes = Vec::new();
    let mut seen = Vec::new();
    let mut ahead = vec![kept.root?];
    while let Some(id) = ahead.pop() {
        if seen.contains(&id) {
            return None;
        }
        seen.push(id);
        match kept.tiles.get(id)? {
            Tile::Pane(pane) => panes.push(*pane),
            Tile::Container(container) => ahead.extend(container.children()),
        }
    }
    let is_once = |pane: &Pane| panes.iter().filter(|other| *other == pane).count() == 1;
    let whole = panes.len() == Pane::ALL.len() && Pane::ALL.iter().all(is_once);
    // A tree of its own making: ids and sizes of the one before belong to another window.
    if whole { Some(Tree::new(egui::Id::unique("viewers"), kept.root?, kept.tiles)) } else { None }
}

fn tree(layout: Layout) -> Tree<Pane> {
    let mut tiles = Tiles::default();
    let [axial, coronal, sagittal] = Plane::ALL.map(|plane| tiles.insert_pane(Pane::Slice(plane)));
    let (scene, facts) = (tiles.insert_pane(Pane::Scene), tiles.insert_pane(Pane::Facts));
    // The facts lie on top: the 3-D view costs nothing until it is looked at.
    let tabs = tiles.insert_container(Tabs { active: Some(facts), ..Tabs::new(vec![scene, facts]) });
    let root = match layout {
        Layout::Grid => {
            let upper = tiles.insert_horizontal_tile(vec![axial, coronal]);
            let lower = tiles.insert_horizontal_tile(vec![sagittal, tabs]);
            tiles.insert_vertical_tile(vec![upper, lower])
        }
        Layout::OnePlusThree => {
            let column = tiles.insert_vertical_tile(vec![coronal, sagittal, tabs]);
            tiles.insert_container(Linear::new_binary(LinearDir::Horizontal, [axial, column], LARGE_SHARE))
        }
        Layout::Columns => {
            let last = tiles.insert_vertical_tile(vec![sagittal, tabs]);
            tiles.insert_horizontal_tile(vec![axial, coronal, last])
        }
        Layout::SceneLarge => {
            tiles.insert(tabs, Tile::Container(Tabs { active: Some(scene), ..Tabs::new(vec![scene, facts]) }.into()));
            let column = tiles.insert_vertical_tile(vec![axial, coronal, sagittal]);
            tiles.insert_container(Linear::new_binary(LinearDir::Horizontal, [tabs, column], LARGE_SHARE))
        }
    };
    Tree::new(egui::Id::unique("viewers"), root, tiles)
}

struct Panes<'a> {
    show: &'a mut dyn FnMut(&mut Ui, Rect, Pane),
    is_edited: bool,
}

impl Behavior<Pane> for Panes<'_> {
    fn pane_ui(&mut self, ui: &mut Ui, _: TileId, pane: &mut Pane) -> UiResponse {
        let rect = ui.max_rect();
        (self.show)(ui, rect, *pane);
        // What lies in tabs is moved by its tab.
        let is_tab = matches!(pane, Pane::Scene | Pane::Facts);
        if !is_tab && grip_ui(ui, rect, *pane) { UiResponse::DragStarted } else { UiResponse::None }
    }

    fn tab_title_for_pane(&mut self, pane: &Pane) -> WidgetText {
        title(*pane).into()
    }

    /// The chosen tab has the colour of the panes: what is white on the accent colour would be white on white there.
    fn tab_text_color(&self, visuals: &Visuals, _: &Tiles<Pane>, _: TileId, state: &TabState) -> Color32 {
        let widgets = &visuals.widgets;
        if state.active { widgets.hovered.text_color() } else { widgets.noninteractive.text_color() }
    }

    fn on_edit(&mut self, edit: EditAction) {
        self.is_edited |= edit != EditAction::TileDragged;
    }

    fn simplification_options(&self) -> SimplificationOptions {
        SimplificationOptions { all_panes_must_have_tabs: false, ..SimplificationOptions::default() }
    }

    fn gap_width(&self, _: &egui::Style) -> f32 {
        theme::VIEWER_GAP
    }

    fn min_size(&self) -> f32 {
        SMALLEST_PANE
    }

    fn resize_stroke(&self, style: &egui::Style, state: ResizeState) -> Stroke {
        match state {
            ResizeState::Idle => Stroke::NONE,
            ResizeState::Hovering | ResizeState::Dragging => {
                Stroke::new(theme::VIEWER_GAP, style.visuals.selection.bg_fill)
            }
        }
    }
}

fn title(pane: Pane) -> &'static str {
    match pane {
        Pane::Slice(plane) => plane.name(),
        Pane::Scene => "3-D",
        Pane::Facts => "Facts",
    }
}

/// Six dots in the upper right corner, seen while the pointer is near; dragged, they take the pane along.
fn grip_ui(ui: &Ui, pane_rect: Rect, pane: Pane) -> bool {
    let corner = pane_rect.right_top() + vec2(-GRIP - 6.0, 6.0);
    let rect = Rect::from_min_size(corner, vec2(GRIP, GRIP));
    let response = ui.interact(rect, ui.scope_id().with("grip"), Sense::drag()).on_hover_cursor(CursorIcon::Grab);
    let name = format!("Move the {} pane", title(pane).to_lowercase());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name.clone()));
    let near = ui.input(|i| i.pointer.hover_pos()).is_some_and(|at| rect.expand(24.0).contains(at));
    if near || response.dragged() {
        let colour =
            if response.hovered() { theme::OVER_PICTURE_TEXT } else { theme::OVER_PICTURE_TEXT.gamma_multiply(0.5) };
        for (column, row) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.0, 2.0), (1.0, 2.0)] {
            let at = pos2(rect.left() + 5.0 + 6.0 * column, rect.top() + 3.0 + 5.0 * row);
            ui.painter().circle_filled(at, 1.3, colour);
        }
    }
    response.on_hover_text(name).drag_started()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panes(layout: Layout) -> Vec<Pane> {
        let arrangement = Arrangement::new(layout);
        let mut panes: Vec<Pane> = Vec::new();
        for (_, tile) in arrangement.tree.tiles.iter() {
            if let Tile::Pane(pane) = tile {
                panes.push(*pane);
            }
        }
        panes
    }

    #[test]
    fn every_layout_has_each_pane_once() {
        for layout in Layout::ALL {
            let found = panes(layout);
            assert_eq!(found.len(), 5);
            for wanted in Plane::ALL.map(Pane::Slice).into_iter().chain([Pane::Scene, Pane::Facts]) {
                assert!(found.contains(&wanted), "{layout:?} lacks {wanted:?}");
            }
        }
    }

    #[test]
    fn what_is_kept_comes_back_and_anything_else_falls_back_to_the_layout() {
        let mut arrangement = Arrangement::new(Layout::Columns);
        let kept = serde_json::to_string(&tree(Layout::OnePlusThree)).unwrap();
        arrangement.follow(Layout::Columns, Some(&kept));
        assert_eq!(arrangement.tree, tree(Layout::OnePlusThree));
        let doubled = kept.replace("\"Scene\"", "\"Facts\"");
        assert_ne!(doubled, kept);
        for damaged in ["", "{}", "null", &kept[..kept.len() / 2], &doubled] {
            arrangement.follow(Layout::Columns, Some(damaged));
            assert_eq!(arrangement.tree, tree(Layout::Columns), "{damaged}");
        }
        arrangement.follow(Layout::Grid, None);
        assert_eq!(arrangement.tree, tree(Layout::Grid));
    }
}
