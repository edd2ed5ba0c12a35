//! Starting, pausing and stopping the trainer.

use crate::label::LabelMap;
use crate::worker::protocol::{CheckpointChoice, TrainRequest, TrainerCommand, TrainerState};
use crate::workspace::{Effect, Notice, Study, TrainAction, Workspace};

impl Workspace {
    pub(super) fn apply_train(&mut self, action: TrainAction, effects: &mut Vec<Effect>) {
        match action {
            TrainAction::Toggle => self.toggle_training(effects),
            TrainAction::Start { resume } => self.start_training(resume, effects),
            TrainAction::Pause if self.training.is_active() => effects.push(Effect::Trainer(TrainerCommand::Pause)),
            TrainAction::Resume if self.training.is_active() => effects.push(Effect::Trainer(TrainerCommand::Resume)),
            TrainAction::Stop if self.training.is_active() => effects.push(Effect::Trainer(TrainerCommand::Stop)),
            TrainAction::Pause | TrainAction::Resume | TrainAction::Stop => {}
            TrainAction::SetMethod(method) => self.training.settings.method = method,
            TrainAction::SetDevice(device) => self.training.settings.device = device,
            TrainAction::SetMinutes(minutes) => self.training.settings.minutes = minutes,
            TrainAction::PredictAll => self.predict_all(effects),
            TrainAction::FreezeOverlay => self.freeze_overlay(effects),
            TrainAction::Round(action) => self.apply_round(action, effects),
        }
    }

    fn toggle_training(&mut self, effects: &mut Vec<Effect>) {
        match self.training.state {
            TrainerState::Running | TrainerState::Waiting => effects.push(Effect::Trainer(TrainerCommand::Pause)),
            TrainerState::Paused => effects.push(Effect::Trainer(TrainerCommand::Resume)),
            TrainerState::Preparing => {}
            // What has been learned is gone on with; only "Train anew" lets go of it.
            TrainerState::Idle | TrainerState::Finished | TrainerState::Failed => {
                self.start_training(self.training.last_checkpoint.is_some(), effects);
            }
        }
    }

    fn start_training(&mut self, resume: bool, effects: &mut Vec<Effect>) {
        let Some(study) = &mut self.study else { return };
        if self.training.is_active() || self.opening.is_some() {
            return;
        }
        if !may_have_labels(study) {
            let text = "There is nothing to learn from yet. Label at least a part of one case that is not held out.";
            return self.notify(Notice::warning(text), effects);
        }
        study.mark_trained();
        let project_dir = study.dir.clone();
        self.training.begin(resume);
        let mut settings = self.training.settings.clone();
        settings.resume = resume;
        // Labels that are safe on disk are read from there; the shown case's are wanted at once.
        let shown = self.shown_id().cloned();
        let as_they_are = self.opened().filter(|case| case.is_unsaved() || Some(&case.id) == shown.as_ref());
        let snapshots = as_they_are.map(|case| (case.id.clone(), LabelMap::clone(&case.labels))).collect();
        let request = TrainRequest { project_dir, settings, snapshots, shown };
        effects.push(Effect::Trainer(TrainerCommand::Start(Box::new(request))));
    }

    fn predict_all(&mut self, effects: &mut Vec<Effect>) {
        let Some(study) = &self.study else { return };
        let cases: Vec<_> = study.cases.iter().map(|line| line.id.clone()).collect();
        let command =
            TrainerCommand::Predict { project_dir: study.dir.clone(), cases, checkpoint: CheckpointChoice::Last };
        self.training.engaged = true;
        self.training.predicting = Some((0, study.cases.len()));
        effects.push(Effect::Trainer(command));
    }
}

/// Cases that have not been counted yet may have labels.
fn may_have_labels(study: &Study) -> bool {
    study.cases.iter().any(|line| !line.held_out && line.known_share != Some(0.0))
}
