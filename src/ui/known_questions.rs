//! Known questions in the panel of doubtful regions, and how the answers went so far.

use eframe::egui::{Button, Ui};

use super::actions::Actions;
use super::{theme, widgets};
use crate::view::{KeyAction, Keymap};
use crate::workspace::{KnownQuestions, OpenQuestion, QuestionStage, ReviewAction};

/// What is asked, and the three ways to go on.
pub fn question_ui(ui: &mut Ui, question: &OpenQuestion, keymap: &Keymap, actions: &mut Actions) {
    widgets::section_ui(ui, "Known question", None);
    let text = match question.stage {
        QuestionStage::Opening | QuestionStage::Sought => "Looking for a place to ask about.",
        QuestionStage::Asked(_) => {
            "Its labels are hidden. Is the pseudo-label in the middle of the views to be accepted? No label changes."
        }
        QuestionStage::Answered { agreed: true } => "Your answer agrees with the known labels.",
        QuestionStage::Answered { agreed: false } => "Your answer differs from the known labels.",
    };
    ui.label(text);
    ui.add_space(theme::TIGHT);
    let can_answer = matches!(question.stage, QuestionStage::Asked(_));
    let is_answered = matches!(question.stage, QuestionStage::Answered { .. });
    let leave = if is_answered { "Next case" } else { "Skip" };
    let buttons = [
        ("Accept", KeyAction::AcceptComponent, ReviewAction::Accept { trusted_only: false }, can_answer, "It is right"),
        ("Reject", KeyAction::RejectRegion, ReviewAction::Reject, can_answer, "It is not right"),
        (
            leave,
            KeyAction::NextRegion,
            ReviewAction::Next,
            true,
            "On to the suggested case; what is skipped is not counted",
        ),
    ];
    // The last one is below the others where the panel is narrow.
    ui.horizontal_wrapped(|ui| {
        for (name, key, action, enabled, explanation) in buttons {
            let button = ui.add_enabled(enabled, Button::new(name));
            if button.on_hover_text(keymap.with_keys(explanation, key)).clicked() {
                actions.push(action.into());
            }
        }
    });
}

/// Nothing until something was answered.
pub fn score_ui(ui: &mut Ui, known: &KnownQuestions) {
    let (agreed, answers) = known.agreed();
    if answers == 0 {
        return;
    }
    widgets::caption_ui(ui, &format!("Agreed with {agreed} of {answers} known answers"));
    if let Some(warning) = known.warning() {
        ui.colored_label(theme::palette(ui).warning, warning);
    }
}
