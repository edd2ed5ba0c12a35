//! The labels of the shown case beside another label map of it.

use std::sync::Arc;

use crate::worker::protocol_io::IoCommand;
use crate::worker::protocol_labels::{LabelJob, LabelWork, OtherLabels};
use crate::workspace::{CompareAction, ComparedWith, Comparison, Effect, Workspace};

impl Workspace {
    pub(super) fn apply_compare(&mut self, action: CompareAction, effects: &mut Vec<Effect>) {
        match action {
            CompareAction::With(with) => self.compare(with, effects),
            CompareAction::Again => {
                if let Some(with) = self.comparison.as_ref().map(|comparison| comparison.with.clone()) {
                    self.compare(with, effects);
                }
            }
            CompareAction::Close => self.comparison = None,
        }
    }

    /// What was compared before is given up.
    pub(super) fn compare(&mut self, with: ComparedWith, effects: &mut Vec<Effect>) {
        let Some(case) = self.case() else { return };
        let (geometry, prediction) = (Arc::clone(&case.geometry), case.prediction.clone());
        self.tickets += 1;
        let ticket = self.tickets;
        match &with {
            ComparedWith::File(path) => {
                self.comparison = Some(Comparison::new(ticket, with.clone()));
                effects.push(Effect::Io(IoCommand::ReadMask { ticket, path: path.clone(), geometry }));
            }
            ComparedWith::PseudoLabels => {
                let Some(prediction) = prediction else { return };
                self.comparison = Some(Comparison::new(ticket, with));
                self.compare_labels(OtherLabels::Prediction(prediction), effects);
            }
        }
    }

    /// The other map is there: the labels as they are now are compared with it.
    pub(in crate::workspace) fn compare_labels(&mut self, other: OtherLabels, effects: &mut Vec<Effect>) {
        let Some(case) = self.case() else { return };
        let (labels, image) = (Arc::clone(&case.labels), Arc::clone(&case.image));
        let Some(comparison) = &mut self.comparison else { return };
        comparison.revision = Some(labels.revision());
        let (ticket, watch) = (comparison.ticket, Arc::clone(&comparison.watch));
        effects.push(Effect::Labels(LabelJob { ticket, labels, image, work: LabelWork::Compare(other), watch }));
    }
}
