//! The parts of a view: one picture, or two results that share it.

use eframe::egui::{Align2, Color32, Painter, Pos2, Rect, Role, Sense, Stroke, Ui, Vec2, WidgetInfo, pos2, vec2};

use super::decoration::{CAPTION, LETTER, MARGIN, shadowed_text};
use super::pointer::Surface;
use crate::ui::theme;
use crate::workspace::{Split, SplitForm, SplitSide, Workspace};

/// Of a caption, as a screen reader has it.
const ROOM: Vec2 = vec2(60.0, 14.0);
/// From the middle line to a caption.
const BESIDE_LINE: f32 = 8.0;
/// Below the letter in the middle of the upper edge.
pub const BELOW_LETTER: f32 = MARGIN + LETTER + 6.0;
/// Arms of the mark that follows the pointer in the other half.
const MARK: f32 = 5.0;

/// A part of a view, in window points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Of the picture, as the camera sees it; may reach beyond the part.
    pub rect: Rect,
    /// What of it is drawn and takes the pointer.
    pub clip: Rect,
    pub side: Option<SplitSide>,
}

/// From left to right; never none.
pub fn parts(view: Rect, split: Option<&Split>) -> Vec<Part> {
    let Some(split) = split else { return vec![Part { rect: view, clip: view, side: None }] };
    let [left, right] = split.sides().map(Some);
    match split.form {
        SplitForm::Swipe => {
            let x = divider_x(view, split);
            let part = |clip, side| Part { rect: view, clip, side };
            vec![part(view.with_max_x(x), left), part(view.with_min_x(x), right)]
        }
        SplitForm::SideBySide => {
            let half = vec2(view.width() / 2.0, view.height());
            let part = |min, side| {
                let rect = Rect::from_min_size(min, half);
                Part { rect, clip: rect, side }
            };
            vec![part(view.min, left), part(view.min + vec2(half.x, 0.0), right)]
        }
    }
}

/// Where the divider of a view stands, window points.
pub fn divider_x(view: Rect, split: &Split) -> f32 {
    view.left() + split.divider() * view.width()
}

/// The line between two results, what each of them is, and where the pointer of one half is in the other. `pointer` counts
/// from the upper left corner of the part it is in.
pub fn paint(ui: &Ui, surfaces: &[Surface<'_>], workspace: &Workspace, pointer: Option<Vec2>) {
    let [left, right] = surfaces else { return };
    let line = right.clip.left();
    for (surface, name, align, x) in
        [(left, "Left", Align2::RIGHT_TOP, line - BESIDE_LINE), (right, "Right", Align2::LEFT_TOP, line + BESIDE_LINE)]
    {
        let at = pos2(x, surface.clip.top() + BELOW_LETTER);
        if let Some(side) = surface.side {
            caption_ui(ui, surface, (name, &workspace.caption_of(side)), (at, align));
        }
    }
    if left.rect == right.rect {
        return;
    }
    let stroke = Stroke::new(1.0, theme::OVER_PICTURE_TEXT.gamma_multiply(0.6));
    ui.painter().vline(line, right.clip.y_range(), stroke);
    let hovered = ui.input(|input| input.pointer.hover_pos());
    let other = [left, right].into_iter().find(|surface| hovered.is_some_and(|at| !surface.clip.contains(at)));
    if let (Some(other), Some(pointer)) = (other, pointer) {
        mark(&ui.painter_at(other.clip), other.rect.min + pointer);
    }
}

/// `name` is the side's.
fn caption_ui(ui: &Ui, surface: &Surface<'_>, (name, caption): (&str, &str), (at, align): (Pos2, Align2)) {
    shadowed_text(&ui.painter_at(surface.clip), at, align, caption, CAPTION, theme::OVER_PICTURE_TEXT);
    let view = surface.view.name();
    let response = ui.interact(align.anchor_size(at, ROOM), ui.scope_id().with(("side", name, view)), Sense::hover());
    let text = format!("{name} side of the {} view: {caption}", view.to_lowercase());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &text));
}

fn mark(painter: &Painter, at: Pos2) {
    for (width, colour) in [(3.0, Color32::from_black_alpha(150)), (1.0, Color32::WHITE)] {
        for arm in [vec2(MARK, 0.0), vec2(0.0, MARK)] {
            painter.line_segment([at - arm, at + arm], Stroke::new(width, colour));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_parts(view: Rect, form: SplitForm) -> [Part; 2] {
        let split = Split::new(form, [SplitSide::Labels, SplitSide::Newest]);
        let parts: [Part; 2] = parts(view, Some(&split)).try_into().unwrap();
        assert_eq!(parts.map(|part| part.side), [Some(SplitSide::Labels), Some(SplitSide::Newest)]);
        parts
    }

    #[test]
    fn a_swiped_picture_is_cut_at_the_divider_and_halves_have_a_picture_each() {
        let view = Rect::from_min_size(pos2(10.0, 20.0), vec2(200.0, 100.0));
        assert_eq!(parts(view, None), [Part { rect: view, clip: view, side: None }]);
        let [left, right] = two_parts(view, SplitForm::Swipe);
        assert_eq!((left.rect, right.rect), (view, view));
        assert_eq!((left.clip, right.clip), (view.with_max_x(110.0), view.with_min_x(110.0)));
        let [left, right] = two_parts(view, SplitForm::SideBySide);
        assert_eq!((left.rect, right.rect), (view.with_max_x(110.0), view.with_min_x(110.0)));
        assert_eq!((left.clip, right.clip), (left.rect, right.rect));
    }
}
