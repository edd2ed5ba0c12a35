//! Five steps through the window, on the demo study at the first start and whenever asked for.

use eframe::egui::{self, Align2, Id, LayerId, Order, Pos2, Rect, RichText, Stroke, StrokeKind, pos2, vec2};

use super::actions::Actions;
use super::{theme, widgets};
use crate::view::{KeyAction, Keymap, ToolKey};
use crate::workspace::{AppAction, TourAction, Workspace};

/// `{}` in a text stands for the keys of the next action on the list.
struct Step {
    title: &'static str,
    text: &'static str,
    keys: &'static [KeyAction],
    place: Place,
}

/// Which part of the window a step is about.
#[derive(Clone, Copy)]
enum Place {
    Cases,
    Views,
    Tools,
    Learning,
    Accept,
}

const STEPS: [Step; TourAction::STEPS] = [
    Step {
        title: "Your cases",
        text: "Every volume of the study. Click one to open it. The bar shows how much of it is labelled. {} goes to \
               the next.",
        keys: &[KeyAction::NextCase],
        place: Place::Cases,
    },
    Step {
        title: "Three linked slices",
        text: "The middle button moves the picture. A double click on a view's title makes it large, {} too. {} shows \
               every key and what the mouse does.",
        keys: &[KeyAction::MaximiseView, KeyAction::ShowKeys],
        place: Place::Views,
    },
    Step {
        title: "Label a few slices",
        text: "Choose the brush ({}), a class, and paint; the eraser ({}) takes away. {} says that the rest of a slice \
               is background. A few slices of a few cases are enough to begin.",
        keys: &[KeyAction::Tool(ToolKey::Brush), KeyAction::Tool(ToolKey::Eraser), KeyAction::CompleteSlice],
        place: Place::Tools,
    },
    Step {
        title: "Let it learn while you work",
        text: "{} starts learning from your labels and from all the volumes you have not labelled. Go on painting: it \
               picks your work up.",
        keys: &[KeyAction::ToggleTraining],
        place: Place::Learning,
    },
    Step {
        title: "Accept, repair, export",
        text: "Pseudo-labels appear over the views; colours show where both networks believe them and where they look \
               like your labels. {} accepts a region, the brush repairs it, {} writes the masks.",
        keys: &[KeyAction::AcceptComponent, KeyAction::Export],
        place: Place::Accept,
    },
];

pub fn ui(ctx: &egui::Context, workspace: &Workspace, keymap: &Keymap, actions: &mut Actions) {
    let Some((number, step)) = workspace.tour().and_then(|number| Some((number, STEPS.get(number)?))) else { return };
    let frame = step.place.rect(ctx);
    let painter = ctx.layer_painter(LayerId::new(Order::Foreground, Id::unique("tour frame")));
    painter.rect_stroke(frame.shrink(2.0), 6.0, Stroke::new(2.5, theme::OVER_PICTURE), StrokeKind::Inside);
    let (pivot, at) = step.place.window(frame);
    egui::Window::new(step.title)
        .id(Id::unique("tour"))
        .pivot(pivot)
        .fixed_pos(at)
        .resizable(false)
        .collapsible(false)
        .show(ctx, |ui| {
            ui.set_width(320.0);
            ui.add(egui::Label::new(RichText::new(step.words(keymap))).wrap());
            ui.add_space(theme::GAP);
            ui.horizontal(|ui| {
                let is_last = number + 1 == STEPS.len();
                if widgets::accent_button_ui(ui, if is_last { "Begin" } else { "Next" }).clicked() {
                    actions.push(AppAction::Tour(TourAction::Next).into());
                }
                if !is_last && ui.button("Skip the tour").clicked() {
                    actions.push(AppAction::Tour(TourAction::End).into());
                }
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    widgets::caption_ui(ui, &format!("{} of {}", number + 1, STEPS.len()));
                });
            });
        });
}

impl Step {
    /// With the keys as they are now; an action without one is found by its name.
    fn words(&self, keymap: &Keymap) -> String {
        let name = |key: KeyAction| match keymap.chords_of(key).next() {
            Some(chord) => chord.to_string(),
            None => format!("“{}”", key.description()),
        };
        self.keys.iter().fold(self.text.to_owned(), |text, key| text.replacen("{}", &name(*key), 1))
    }
}

impl Place {
    /// Of the panel, in window points.
    fn rect(self, ctx: &egui::Context) -> Rect {
        let all = ctx.content_rect();
        let (top, bottom) = (all.top() + theme::TOP_BAR_HEIGHT, all.bottom() - theme::STATUS_BAR_HEIGHT);
        let learning = bottom - theme::LEARNING_HEIGHT;
        let (left, right) = (all.left() + theme::LEFT_PANEL_WIDTH, all.right() - theme::RIGHT_PANEL_WIDTH);
        let between = |x0, y0, x1, y1| Rect::from_min_max(pos2(x0, y0), pos2(x1, y1));
        match self {
            Self::Cases => between(all.left(), top, left, learning),
            Self::Views => between(left, top, right, learning),
            Self::Tools => between(right, top, all.right(), top + 400.0),
            Self::Learning => between(all.left(), learning, all.right(), bottom),
            Self::Accept => between(right, top + 400.0, all.right(), learning),
        }
    }

    /// Beside the panel, where it hides nothing of it.
    fn window(self, frame: Rect) -> (Align2, Pos2) {
        match self {
            Self::Cases => (Align2::LEFT_TOP, frame.right_top() + vec2(16.0, 60.0)),
            Self::Views => (Align2::CENTER_CENTER, frame.center()),
            Self::Tools => (Align2::RIGHT_TOP, frame.left_top() + vec2(-16.0, 40.0)),
            Self::Learning => (Align2::LEFT_BOTTOM, frame.left_top() + vec2(240.0, -16.0)),
            Self::Accept => (Align2::RIGHT_BOTTOM, frame.left_bottom() + vec2(-16.0, -16.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::KeymapPreset;

    #[test]
    fn every_step_names_the_keys_of_the_chosen_preset() {
        for preset in KeymapPreset::ALL {
            let keymap = Keymap::with_changes(preset, []);
            for step in &STEPS {
                assert_eq!(step.text.matches("{}").count(), step.keys.len(), "{}", step.title);
                assert!(!step.words(&keymap).contains("{}"), "{}", step.title);
            }
        }
        let mut keymap = Keymap::with_changes(KeymapPreset::Chiaro, []);
        let export = keymap.chords_of(KeyAction::Export).next().unwrap();
        keymap.unbind(export);
        assert!(STEPS[4].words(&keymap).contains("“Export masks”"), "an action without a key is named");
    }
}
