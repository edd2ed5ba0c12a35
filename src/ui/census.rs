//! How many voxels of the shown case have which class and origin. Counted when an edit has ended, not while it goes on.

use crate::label::{ClassId, Origin};
use crate::volume::CaseId;
use crate::workspace::OpenCase;

#[derive(Debug, Default)]
pub struct Census {
    counted: Option<Key>,
    counts: Counts,
}

/// Voxel counts.
#[derive(Clone, Debug)]
pub struct Counts {
    /// Known voxels per class.
    pub known: [usize; 256],
    /// Voxels per origin code.
    pub origin: [usize; 4],
    /// Voxels per class of the pseudo-label.
    pub predicted: [usize; 256],
}

#[derive(Clone, Debug, PartialEq)]
struct Key {
    case: CaseId,
    revision: u64,
    prediction: Option<(String, u64)>,
}

impl Default for Counts {
    fn default() -> Self {
        Self { known: [0; 256], origin: [0; 4], predicted: [0; 256] }
    }
}

impl Census {
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Counts again if the case, its labels or its pseudo-labels are others than last time.
    pub fn update(&mut self, case: &OpenCase) {
        let key = Key {
            case: case.id.clone(),
            revision: case.labels().revision(),
            prediction: case.prediction.as_ref().map(|p| (p.provenance.model.clone(), p.provenance.step)),
        };
        if self.counted.as_ref() != Some(&key) {
            self.counts = Counts::of(case);
            self.counted = Some(key);
        }
    }
}

impl Counts {
    fn of(case: &OpenCase) -> Self {
        let mut counts = Self::default();
        let labels = case.labels();
        for (&class, &origin) in labels.class().as_slice().iter().zip(labels.origin().as_slice()) {
            counts.origin[usize::from(origin.code())] += 1;
            if origin.is_known() {
                counts.known[usize::from(class)] += 1;
            }
        }
        if let Some(prediction) = &case.prediction {
            for &class in prediction.class.as_slice() {
                counts.predicted[usize::from(class)] += 1;
            }
        }
        counts
    }

    /// Share (0 to 1) of the voxels with an origin.
    pub fn share(&self, origin: Origin) -> f64 {
        let all: usize = self.origin.iter().sum();
        self.origin[usize::from(origin.code())] as f64 / all.max(1) as f64
    }

    pub fn known_of(&self, class: ClassId) -> usize {
        self.known[usize::from(class)]
    }

    pub fn predicted_of(&self, class: ClassId) -> usize {
        self.predicted[usize::from(class)]
    }
}
