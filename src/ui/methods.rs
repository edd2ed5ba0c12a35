//! The ways of learning, in words.

use eframe::egui::{ComboBox, RichText, Ui};

use super::actions::Actions;
use super::{theme, widgets};
use crate::learn::Method;
use crate::workspace::TrainAction;

const WIDTH: f32 = 132.0;
const LIST_WIDTH: f32 = 300.0;

pub fn ui(ui: &mut Ui, current: Method, actions: &mut Actions) {
    let combo = ComboBox::from_id_salt("method").selected_text(name(current)).width(WIDTH).truncate();
    let response = combo.show_ui(ui, |ui| {
        ui.set_min_width(LIST_WIDTH);
        for method in Method::ALL {
            let chosen = ui.selectable_label(method == current, name(method)).on_hover_text(explanation(method));
            if chosen.clicked() {
                actions.push(TrainAction::SetMethod(method).into());
            }
            ui.label(RichText::new(format!("      {method}")).small().color(theme::palette(ui).text_weak));
        }
    });
    widgets::named(response.response, "Method", None).on_hover_text(explanation(current));
}

fn name(method: Method) -> &'static str {
    match method {
        Method::Supervised => "Your labels only",
        Method::MeanTeacher => "Steady teacher",
        Method::Cps => "Two networks",
        Method::DualConfidence => "Two careful networks",
        Method::DualConfidenceNp => "Careful, and like your labels",
        Method::DualConfidenceNpLiteral => "As first published",
    }
}

fn explanation(method: Method) -> &'static str {
    match method {
        Method::Supervised => "Two networks learn from what is labelled and from nothing else.",
        Method::MeanTeacher => {
            "A network learns from your labels, and to agree with the slow average of itself where nobody labelled."
        }
        Method::Cps => "Two networks learn from your labels and from each other; each takes the other at its word.",
        Method::DualConfidence => {
            "Two networks learn from your labels and from each other, but only as far as both believe a pseudo-label."
        }
        Method::DualConfidenceNp => {
            "Two careful networks, and beside them a neural process that knows only labelled voxels and says how much \
             each place looks like your labels. The usual choice."
        }
        Method::DualConfidenceNpLiteral => {
            "The same with every weight and mean as the first publication words it. For comparison."
        }
    }
}
