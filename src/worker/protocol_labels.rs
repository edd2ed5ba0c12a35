//! Jobs for the thread that works on labels as a whole, and its answers. Every answer carries the ticket of its job.

use std::sync::Arc;

use crate::edit::{OperationRequest, Paint, Proposal, Selection, Watch};
use crate::label::{ClassId, LabelMap, Prediction};
use crate::metrics::LabelComparison;
use crate::volume::{Grid, Image};

#[derive(Debug)]
pub struct LabelJob {
    pub ticket: u64,
    pub labels: Arc<LabelMap>,
    pub image: Arc<Image>,
    pub work: LabelWork,
    /// Shared with whoever shows the progress and may cancel.
    pub watch: Arc<Watch>,
}

#[derive(Clone, Debug)]
pub enum LabelWork {
    Operation(Box<OperationRequest>),
    /// Paints what grows from a click.
    Select {
        selection: Selection,
        paint: Box<Paint>,
    },
    /// Both side by side; nothing changes.
    Compare(OtherLabels),
    /// Where two rounds of learning say different things of the case.
    Difference {
        newest: Arc<Prediction>,
        older: Arc<Prediction>,
    },
}

/// What the labels are compared with, on their grid.
#[derive(Clone, Debug)]
pub enum OtherLabels {
    Mask(Arc<Grid<ClassId>>),
    Prediction(Arc<Prediction>),
}

impl OtherLabels {
    pub fn class(&self) -> &Grid<ClassId> {
        match self {
            Self::Mask(mask) => mask,
            Self::Prediction(prediction) => &prediction.class,
        }
    }
}

/// A cancelled job has no answer.
#[derive(Debug)]
pub enum LabelEvent {
    Proposed {
        ticket: u64,
        proposal: Box<Proposal>,
        /// The labels as they would be.
        preview: Arc<LabelMap>,
    },
    NothingToDo {
        ticket: u64,
    },
    Compared {
        ticket: u64,
        comparison: LabelComparison,
    },
    Differs {
        ticket: u64,
        difference: Arc<Prediction>,
    },
    /// One sentence.
    Refused {
        ticket: u64,
        sentence: String,
    },
}

impl LabelEvent {
    pub fn ticket(&self) -> u64 {
        match self {
            Self::Proposed { ticket, .. }
            | Self::NothingToDo { ticket }
            | Self::Compared { ticket, .. }
            | Self::Differs { ticket, .. }
            | Self::Refused { ticket, .. } => *ticket,
        }
    }
}
