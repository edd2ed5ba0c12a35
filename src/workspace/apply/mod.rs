//! Actions to new state and effects, one file per topic.

mod accept;
mod app;
mod case;
mod class;
mod edit;
mod file;
mod publish;
mod save;
mod stroke;
mod tool;
mod train;
mod view;

pub(super) use stroke::Stroke;

use crate::workspace::{Action, AppAction, EditAction, Effect, Notice, Workspace};

/// Changes the state and says what the window must do, in order.
pub fn apply(workspace: &mut Workspace, action: Action) -> Vec<Effect> {
    let mut effects = Vec::new();
    if ends_stroke(&action) {
        workspace.end_stroke(&mut effects);
    }
    match action {
        Action::App(action) => workspace.apply_app(action, &mut effects),
        Action::File(action) => workspace.apply_file(action, &mut effects),
        Action::Case(action) => workspace.apply_case(action, &mut effects),
        Action::View(action) => workspace.apply_view(action),
        Action::Tool(action) => workspace.apply_tool(action),
        Action::Class(action) => workspace.apply_class(action, &mut effects),
        Action::Edit(action) => workspace.apply_edit(action, &mut effects),
        Action::Pseudo(action) => workspace.apply_pseudo(action, &mut effects),
        Action::Train(action) => workspace.apply_train(action, &mut effects),
    }
    effects
}

/// Looking around and the clock leave a stroke open; everything else acts on finished labels.
fn ends_stroke(action: &Action) -> bool {
    !matches!(
        action,
        Action::View(_)
            | Action::Edit(EditAction::StrokeMove { .. })
            | Action::App(AppAction::Tick(_) | AppAction::Started)
    )
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
