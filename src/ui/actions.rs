//! `.into()` from every topic's action to [`Action`], so that widgets stay short.

use crate::workspace::{
    Action, AppAction, CaseAction, ClassAction, CompareAction, EditAction, FileAction, MeasureAction, PseudoAction,
    ReviewAction, SplitAction, ToolAction, TrainAction, ViewAction,
};

/// What the widgets of one frame ask for, in order.
pub type Actions = Vec<Action>;

macro_rules! from_topics {
    ($($topic:ident: $action:ident),* $(,)?) => {
        $(impl From<$action> for Action {
            fn from(action: $action) -> Self {
                Self::$topic(action)
            }
        })*
    };
}

from_topics! {
    App: AppAction,
    File: FileAction,
    Case: CaseAction,
    View: ViewAction,
    Tool: ToolAction,
    Class: ClassAction,
    Edit: EditAction,
    Measure: MeasureAction,
    Pseudo: PseudoAction,
    Review: ReviewAction,
    Compare: CompareAction,
    Split: SplitAction,
    Train: TrainAction,
}
