//! Actions to new state and effects, one file per topic.

mod accept;
mod app;
mod case;
mod class;
mod compare;
mod edit;
mod file;
mod known_questions;
mod measure;
mod outline;
mod proposal;
mod publish;
mod review;
mod rounds;
mod save;
mod save_first;
mod split;
mod stroke;
mod tool;
mod train;
mod view;

pub(super) use stroke::Stroke;

use crate::workspace::{
    Action, AppAction, CaseAction, ClassAction, EditAction, Effect, FileAction, Notice, PseudoAction, ToolAction,
    Workspace,
};

/// Changes the state and says what the window must do, in order.
pub fn apply(workspace: &mut Workspace, action: Action) -> Vec<Effect> {
    let mut effects = Vec::new();
    if ends_stroke(&action) {
        workspace.end_stroke(&mut effects);
    }
    if ends_proposal(&action) {
        let was_undo = matches!(action, Action::Edit(EditAction::Undo)) && workspace.pending.is_some();
        workspace.cancel_proposal(&mut effects);
        // Taking back what is only shown is what an undo means then.
        if was_undo {
            return effects;
        }
    }
    if workspace.opening.is_some() && changes_project(&action) {
        return effects;
    }
    if workspace.question_forbids(&action, &mut effects) {
        return effects;
    }
    match action {
        Action::App(action) => workspace.apply_app(action, &mut effects),
        Action::File(action) => workspace.apply_file(action, &mut effects),
        Action::Case(action) => workspace.apply_case(action, &mut effects),
        Action::View(action) => workspace.apply_view(action, &mut effects),
        Action::Tool(action) => workspace.apply_tool(action),
        Action::Class(action) => workspace.apply_class(action, &mut effects),
        Action::Edit(action) => workspace.apply_edit(action, &mut effects),
        Action::Measure(action) => workspace.apply_measure(action, &mut effects),
        Action::Pseudo(action) => workspace.apply_pseudo(action, &mut effects),
        Action::Review(action) => workspace.apply_review(action, &mut effects),
        Action::Compare(action) => workspace.apply_compare(action, &mut effects),
        Action::Split(action) => workspace.apply_split(action, &mut effects),
        Action::Train(action) => workspace.apply_train(action, &mut effects),
    }
    effects
}

/// Looking around and the clock leave a stroke open; everything else acts on finished labels.
fn ends_stroke(action: &Action) -> bool {
    !matches!(
        action,
        Action::View(_)
            | Action::Measure(_)
            | Action::Tool(ToolAction::PressPen(_))
            | Action::Edit(EditAction::StrokeMove { .. })
            | Action::App(AppAction::Tick(_) | AppAction::Started)
    )
}

/// While another project is being opened, nothing more may be written: it would go into the new one.
fn changes_project(action: &Action) -> bool {
    match action {
        Action::Class(action) => {
            !matches!(action, ClassAction::Select(_) | ClassAction::SelectNext(_) | ClassAction::Highlight(_))
        }
        Action::Case(action) => matches!(action, CaseAction::SetState { .. } | CaseAction::SetHeldOut { .. }),
        _ => false,
    }
}

/// A proposal belongs to the labels it was made for.
fn ends_proposal(action: &Action) -> bool {
    match action {
        Action::Edit(EditAction::Propose { .. } | EditAction::ApplyProposal | EditAction::Outline(_)) => false,
        Action::Edit(_) | Action::Case(_) | Action::Review(_) => true,
        Action::Pseudo(action) => !matches!(action, PseudoAction::SetDoubtThresholds(_)),
        Action::Class(ClassAction::SetLocked { .. }) | Action::Tool(ToolAction::SetPaintRule(_)) => true,
        Action::App(AppAction::CloseRequested) | Action::File(FileAction::CloseProject) => true,
        _ => false,
    }
}

impl Workspace {
    pub(super) fn notify(&mut self, notice: Notice, effects: &mut Vec<Effect>) {
        if self.notices.len() >= Notice::KEPT {
            self.notices.remove(0);
        }
        self.notices.push(notice.clone());
        effects.push(Effect::Notify(notice));
    }
}
