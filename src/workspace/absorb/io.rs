//! Answers of the io thread.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::io::FirstSlice;
use crate::label::Prediction;
use crate::project::ExportReport;
use crate::view::FirstLook;
use crate::volume::{CaseId, Image};
use crate::worker::protocol::TrainerCommand;
use crate::worker::protocol_io::{CaseSummary, IoCommand, IoEvent, LoadedCase, ProjectSummary};
use crate::worker::protocol_labels::OtherLabels;
use crate::workspace::{
    Action, ClassAction, Effect, KnownQuestions, Notice, OpenCase, Preferences, SecondImage, Shown, Study, Workspace,
    apply,
};

impl Workspace {
    pub(super) fn absorb_io(&mut self, event: IoEvent, effects: &mut Vec<Effect>) {
        match event {
            IoEvent::Recent(dirs) => self.recent = dirs,
            IoEvent::Warning(sentence) => self.notify(Notice::warning(sentence), effects),
            IoEvent::ProjectOpened(summary) => self.enter_project(*summary, effects),
            IoEvent::ProjectFailed { sentence, .. } => {
                self.opening = None;
                self.notify(Notice::error(sentence), effects);
            }
            IoEvent::CasesAdded { cases, notices } => self.cases_added(cases, notices, effects),
            IoEvent::FirstSlice { case, slice } => self.first_slice_read(case, &slice),
            IoEvent::CaseLoaded(loaded) => self.case_loaded(*loaded, effects),
            IoEvent::CaseFailed { case, sentence } => self.case_failed(case, sentence),
            IoEvent::CaseSurveyed { case, known_share } => self.case_surveyed(&case, known_share),
            IoEvent::CaseRanked { case, figures } => self.rank_case(&case, *figures, effects),
            IoEvent::PredictionLoaded { case, prediction } => {
                if let Some(prediction) = prediction {
                    self.take_prediction(&case, prediction, effects);
                }
            }
            IoEvent::PredictionFailed { sentence, .. } => self.notify(Notice::warning(sentence), effects),
            IoEvent::LabelsSaved { case, revision } => self.labels_saved(&case, revision, effects),
            IoEvent::LabelsNotSaved { case, revision, sentence } => {
                self.labels_not_saved(&case, revision, &sentence, effects);
            }
            IoEvent::JournalAppended { case, revision } => {
                if let Some(case) = self.opened_case_mut(&case) {
                    case.journalled_revision = case.journalled_revision.max(revision);
                }
            }
            IoEvent::JournalFailed { case, sentence, .. } => {
                self.journal_has_gap(&case);
                self.notify(Notice::error(sentence), effects);
            }
            IoEvent::ProjectSaved => {
                if let Some(study) = &mut self.study {
                    study.unsaved = false;
                }
                self.continue_after_save(effects);
            }
            IoEvent::ProjectNotSaved { sentence } => {
                self.fail_save_first(&sentence);
                self.notify(Notice::error(sentence), effects);
            }
            IoEvent::Exported { folder, report } => self.exported(&folder, &report, effects),
            IoEvent::ExportFailed { sentence } => {
                self.exporting = false;
                self.notify(Notice::error(sentence), effects);
            }
            IoEvent::ClassesRead { classes, warnings } => {
                for warning in warnings {
                    self.notify(Notice::warning(warning), effects);
                }
                effects.extend(apply(self, Action::Class(ClassAction::Adopt(classes))));
            }
            IoEvent::Preferences(file) => {
                let (preferences, warnings) = Preferences::read(&file);
                self.preferences_damaged = !warnings.is_empty();
                for warning in warnings {
                    self.notify(Notice::warning(warning), effects);
                }
                self.views.layout = preferences.settings.layout;
                self.views.layers.thresholds = preferences.settings.doubt;
                self.preferences = preferences;
                self.preferences_known = true;
            }
            IoEvent::SecondImageLoaded { case, path, image } => self.second_image_loaded(&case, path, image, effects),
            IoEvent::MaskRead { ticket, mask } => {
                if self.comparison.as_ref().is_some_and(|comparison| comparison.ticket == ticket) {
                    self.compare_labels(OtherLabels::Mask(mask), effects);
                }
            }
            IoEvent::MaskFailed { ticket, sentence } => self.comparison_refused(ticket, sentence),
            IoEvent::FrameLoaded { case, frame, image } => {
                let shown = self.case_mut().filter(|shown| shown.id == case && image.extent() == shown.extent());
                if let Some(shown) = shown.filter(|shown| shown.wanted_frame == frame) {
                    shown.measurements.retext(&image);
                    (shown.frame, shown.image) = (frame, image);
                    effects.push(Effect::UploadImage);
                }
            }
            IoEvent::FrameFailed { case, frame, sentence } => {
                self.keep_frame(&case, frame);
                self.notify(Notice::error(sentence), effects);
            }
            IoEvent::ClassesWritten(path) => {
                let text = format!("The class list was written to '{}'.", path.display());
                self.notify(Notice::success(text), effects);
            }
        }
    }

    /// The disk cannot keep up, or the thread is gone: the labels stay unsaved and are tried again by the clock.
    pub(super) fn absorb_refusal(&mut self, command: &IoCommand, effects: &mut Vec<Effect>) {
        let sentence = "The disk is too slow to keep up. Your work is still in memory; wait a moment and save again.";
        match command {
            IoCommand::SaveLabels { case, labels, .. } => {
                return self.labels_not_saved(case, labels.revision(), sentence, effects);
            }
            IoCommand::LoadCase(case) => self.case_failed(case.clone(), sentence.to_owned()),
            IoCommand::OpenProject(_) | IoCommand::CreateDemo { .. } | IoCommand::InitProject { .. } => {
                self.opening = None;
            }
            IoCommand::Export { .. } => self.exporting = false,
            IoCommand::SaveProject { .. } => self.fail_save_first(sentence),
            IoCommand::AppendJournal { case, .. } => self.journal_has_gap(case),
            IoCommand::LoadFrame { case, frame } => self.keep_frame(case, *frame),
            IoCommand::ReadMask { ticket, .. } => return self.comparison_refused(*ticket, sentence.to_owned()),
            IoCommand::LoadPrediction(_)
            | IoCommand::ListRecent
            | IoCommand::CloseProject
            | IoCommand::LoadSecondImage { .. }
            | IoCommand::SaveReview { .. }
            | IoCommand::KeepKnownAnswer(_)
            | IoCommand::RankCase(_)
            | IoCommand::AddImages { .. }
            | IoCommand::KeepView { .. }
            | IoCommand::LoadPreferences
            | IoCommand::SavePreferences(_)
            | IoCommand::ReadClasses(_)
            | IoCommand::WriteClasses { .. } => {}
        }
        self.notify(Notice::error(sentence), effects);
    }

    fn enter_project(&mut self, mut summary: ProjectSummary, effects: &mut Vec<Effect>) {
        self.leave_project(effects);
        self.opening = None;
        self.new_project = None;
        // One message each would push the first ones out of the window.
        if !summary.notices.is_empty() {
            self.notify(Notice::warning(summary.notices.join("\n")), effects);
        }
        let past_run = summary.past_run.take();
        self.known = KnownQuestions::new(std::mem::take(&mut summary.known_answers));
        let study = Study::new(summary);
        self.tools.class = study.classes.in_order().find(|class| class.id != 0).map_or(0, |class| class.id);
        let open = study.cases.iter().find(|line| line.state.needs_work());
        let first = open.or(study.cases.first()).map(|line| line.id.clone());
        self.study = Some(study);
        // Where settings are not kept (nobody told that the tour was seen) it would come again and again.
        if std::mem::take(&mut self.offers_tour) && self.preferences_known {
            self.tour = Some(0);
        }
        if let Some(past_run) = past_run {
            self.training.recall(past_run);
        }
        if let Some(first) = first {
            self.show_case(first, effects);
        }
        effects.push(Effect::Io(IoCommand::ListRecent));
    }

    fn first_slice_read(&mut self, case: CaseId, FirstSlice { image, index, extent }: &FirstSlice) {
        self.first_look = Some((case, Arc::new(FirstLook::new(image, *extent, *index))));
    }

    /// A run that is under way takes them in.
    fn cases_added(&mut self, cases: Vec<CaseSummary>, mut notices: Vec<String>, effects: &mut Vec<Effect>) {
        let Some(study) = &mut self.study else { return };
        let ids: Vec<CaseId> = cases.iter().map(|case| case.mark.id.clone()).collect();
        study.add(cases);
        let all_are_new = notices.is_empty();
        notices.insert(
            0,
            match ids.len() {
                0 => "No case was added: every image is in the study already.".to_owned(),
                1 => "1 case was added to the study.".to_owned(),
                n => format!("{n} cases were added to the study."),
            },
        );
        let notice = if all_are_new { Notice::info } else { Notice::warning };
        self.notify(notice(notices.join("\n")), effects);
        if self.training.is_active() && !ids.is_empty() {
            effects.push(Effect::Trainer(TrainerCommand::AddCases(ids)));
        }
        self.tell_upcoming(effects);
    }

    fn case_loaded(&mut self, loaded: LoadedCase, effects: &mut Vec<Effect>) {
        if !matches!(&self.shown, Shown::Loading(wanted) if *wanted == loaded.case) {
            return;
        }
        // They are read when another case may be open already.
        for sentence in &loaded.notices {
            self.notify(Notice::warning(format!("{}: {sentence}", loaded.case)), effects);
        }
        let mut case = OpenCase::new(loaded, self.views.side, self.now);
        if self.known.hides(&case.id) {
            case.hide_labels();
        }
        if let Some(line) = self.study.as_mut().and_then(|study| study.case_mut(&case.id)) {
            line.failure = None;
            line.known_share = Some(case.known_share());
            line.has_prediction |= case.prediction.is_some();
        }
        let second = case.kept_second.as_ref().map(|kept| kept.path.clone());
        let id = case.id.clone();
        self.shown = Shown::Ready(Box::new(case));
        self.first_look = None;
        effects.push(Effect::UploadCase);
        if let (Some(path), Some(study)) = (second, &self.study) {
            effects.push(Effect::Io(IoCommand::LoadSecondImage { case: id, path: study.dir.join(path) }));
        }
    }

    /// One that the study kept has its look again.
    fn second_image_loaded(&mut self, id: &CaseId, path: PathBuf, image: Arc<Image>, effects: &mut Vec<Effect>) {
        let Some(dir) = self.study.as_ref().map(|study| study.dir.clone()) else { return };
        let Some(shown) = self.case_mut().filter(|shown| shown.id == *id) else { return };
        let mut second = SecondImage::new(path, image);
        if let Some(kept) = shown.kept_second.take().filter(|kept| dir.join(&kept.path) == second.path) {
            second.look = kept.look();
        }
        shown.second = Some(second);
        effects.push(Effect::UploadSecondImage);
        self.keep_view(effects);
    }

    fn case_failed(&mut self, id: CaseId, sentence: String) {
        if let Some(line) = self.study.as_mut().and_then(|study| study.case_mut(&id)) {
            line.failure = Some(sentence.clone());
        }
        if matches!(&self.shown, Shown::Loading(wanted) if *wanted == id) {
            self.shown = Shown::Failed { case: id, sentence };
            self.first_look = None;
        }
    }

    /// What is in memory is newer than what was counted on disk.
    fn case_surveyed(&mut self, id: &CaseId, known_share: f32) {
        if self.opened().any(|case| &case.id == id) {
            return;
        }
        if let Some(line) = self.study.as_mut().and_then(|study| study.case_mut(id)) {
            line.known_share = Some(known_share);
        }
    }

    fn labels_saved(&mut self, id: &CaseId, revision: u64, effects: &mut Vec<Effect>) {
        let now = self.now;
        let Some(case) = self.opened_case_mut(id) else { return };
        case.saved_revision = revision;
        case.last_save = Some(now);
        case.save_failure = None;
        if case.saving == Some(revision) {
            case.saving = None;
        }
        let unsaved = case.is_unsaved();
        case.journal_has_gap &= unsaved;
        if let Some(line) = self.study.as_mut().and_then(|study| study.case_mut(id)) {
            line.unsaved = unsaved;
        }
        self.trim_parked();
        self.continue_after_save(effects);
    }

    fn labels_not_saved(&mut self, id: &CaseId, revision: u64, sentence: &str, effects: &mut Vec<Effect>) {
        let now = self.now;
        if let Some(case) = self.opened_case_mut(id) {
            case.save_failure = Some(sentence.to_owned());
            // Tried again by the clock, not at once: a full disk stays full for a while.
            case.last_edit = now;
            if case.saving == Some(revision) {
                case.saving = None;
            }
        }
        self.fail_save_first(sentence);
        self.notify(Notice::error(sentence), effects);
    }

    /// A frame that could not be had is no longer waited for: the slider goes back to the picture, and may ask again.
    fn keep_frame(&mut self, id: &CaseId, frame: usize) {
        if let Some(case) = self.case_mut().filter(|case| &case.id == id && case.wanted_frame == frame) {
            case.wanted_frame = case.frame;
        }
    }

    fn journal_has_gap(&mut self, id: &CaseId) {
        if let Some(case) = self.opened_case_mut(id) {
            case.save_soon = true;
            case.journal_has_gap = true;
        }
    }

    fn exported(&mut self, folder: &Path, report: &ExportReport, effects: &mut Vec<Effect>) {
        self.exporting = false;
        let (written, skipped) = (report.written.len(), report.skipped.len());
        let masks = if written == 1 { "mask" } else { "masks" };
        let mut text = format!("{written} {masks} written to '{}' and checked.", folder.display());
        match skipped {
            0 => {}
            1 => text += " 1 case had nothing to export.",
            n => text += &format!(" {n} cases had nothing to export."),
        }
        for (case, reason) in &report.unreadable {
            text += &format!(" '{case}' was left out: {reason}");
        }
        let notice = if report.unreadable.is_empty() { Notice::success } else { Notice::warning };
        self.notify(notice(text), effects);
    }

    /// Keeps a prediction of an opened case, unless it does not fit or a newer one of the same run is there.
    pub(in crate::workspace) fn take_prediction(
        &mut self,
        id: &CaseId,
        prediction: Arc<Prediction>,
        effects: &mut Vec<Effect>,
    ) {
        let shown = self.case().is_some_and(|case| &case.id == id);
        // What is asked about stays until it is answered.
        if self.known.hides(id) {
            return;
        }
        let Some(case) = self.opened_case_mut(id) else { return };
        let new = &prediction.provenance;
        let newer_is_there = case.prediction.as_ref().is_some_and(|there| {
            let there = &there.provenance;
            there.model == new.model && (there.step, there.label_revision) > (new.step, new.label_revision)
        });
        if new.case != *id || prediction.extent() != case.extent() || newer_is_there {
            return;
        }
        case.prediction = Some(prediction);
        if let Some(line) = self.study.as_mut().and_then(|study| study.case_mut(id)) {
            line.has_prediction = true;
        }
        if shown {
            effects.push(Effect::UploadPrediction);
            self.work_out_difference(effects);
        }
    }
}
