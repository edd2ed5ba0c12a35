//! Which wishes come true: the paint rule, locked classes, and what is already so.

use super::OperationRequest;
use crate::edit::{Paint, PaintRule};
use crate::label::{ClassId, LabelValue};

/// Decides on every voxel that an operation writes.
pub(super) struct Gate {
    paint: Paint,
    spares_classes: bool,
}

impl Gate {
    /// As for a brush.
    pub(super) fn new(request: &OperationRequest) -> Self {
        let paint = Paint { class: None, rule: request.rule, locked: request.locked };
        Self { paint, spares_classes: false }
    }

    /// For operations that fill room: where the rule allows everything, only what is unknown or background is
    /// written. Another class is overwritten if the rule names it.
    pub(super) fn for_filling(request: &OperationRequest) -> Self {
        Self { spares_classes: request.rule == PaintRule::Everything, ..Self::new(request) }
    }

    /// A known voxel that is the class already keeps its origin.
    pub(super) fn value(&mut self, old: LabelValue, class: ClassId) -> LabelValue {
        let known = old.origin.is_known();
        if known && (old.class == class || (self.spares_classes && old.class != 0)) {
            return old;
        }
        self.paint.class = Some(class);
        self.paint.over(old)
    }
}
