//! What the window must do after an action or event; the reducer itself touches no file, thread or texture.

use std::sync::Arc;

use crate::geometry::VoxelBox;
use crate::label::Prediction;
use crate::worker::protocol::{TrainerCommand, TrainerEvent};
use crate::worker::protocol_io::{IoCommand, IoEvent};
use crate::worker::protocol_labels::{LabelEvent, LabelJob};
use crate::worker::protocol_review::{FoundQuestions, QuestionJob, ReviewFindings, ReviewJob};
use crate::workspace::{FilePurpose, FolderPurpose, Notice};

#[derive(Debug)]
pub enum Effect {
    /// To the io thread; a command it refuses comes back as `Event::IoRefused`.
    Io(IoCommand),
    Trainer(TrainerCommand),
    /// To the thread that works on labels.
    Labels(LabelJob),
    /// To the thread that looks for doubtful regions.
    Review(ReviewJob),
    /// To the same thread: what a known question can be about.
    SeekQuestions(QuestionJob),
    /// The shown case is another one (or none): all its textures.
    UploadCase,
    /// The image of the shown case is another frame of the same file.
    UploadImage,
    /// A second image is laid over the shown case's, or none any more.
    UploadSecondImage,
    /// These voxels of the shown case's labels changed.
    UploadLabels(VoxelBox),
    /// The shown case's prediction is another one (or none).
    UploadPrediction,
    /// Also kept in `Workspace::notices`.
    Notify(Notice),
    /// Show a folder dialog; answer with `FileAction::FolderPicked`.
    PickFolder(FolderPurpose),
    /// Show a file dialog; answer with `FileAction::FilePicked`.
    PickFile(FilePurpose),
    Quit,
}

/// What comes back from the threads.
#[derive(Debug)]
pub enum Event {
    Io(IoEvent),
    /// The io thread's queue is full or the thread is gone.
    IoRefused(IoCommand),
    Trainer(TrainerEvent),
    Labels(LabelEvent),
    Review(Box<ReviewFindings>),
    KnownQuestions(FoundQuestions),
    /// The newest value of the prediction slot.
    Prediction(Arc<Prediction>),
}
