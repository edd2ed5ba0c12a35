//! Why something is doubtful, in words.

use serde::{Deserialize, Serialize};

use crate::label::{ClassId, ClassTable};
use crate::review::VoxelBelief;

/// Doubt from which an axis is named: one half, as everywhere (in steps of 1/255).
const DOUBTED: u8 = 128;
/// Confidence from which a network is sure: the root of one half, for two networks this sure of one class have a dual
/// confidence of one half.
const SURE: u8 = 181;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Network A says one class, network B another.
    Disagreement {
        a: ClassId,
        b: ClassId,
    },
    /// Both networks are sure.
    UnlikeLabels,
    UnsureAndUnlikeLabels,
    OneUnsure,
    NeitherSure,
    /// The networks are not sure of something up to two voxels thick.
    ThinAndUnsure,
    /// Less than one half on either axis, but more on both together.
    LittleOfBoth,
    /// No doubt at all.
    Sure,
    /// Somebody said what it is.
    Known,
}

impl Reason {
    /// For the voxel under the pointer.
    pub fn of_voxel(belief: &VoxelBelief, is_known: bool) -> Self {
        if is_known {
            return Self::Known;
        }
        let sure = |confidence: u8| confidence >= SURE;
        match (belief.networks_doubt >= DOUBTED, belief.unlike_labels >= DOUBTED) {
            _ if belief.networks_disagree() => Self::Disagreement { a: belief.class_a, b: belief.class_b },
            (true, true) => Self::UnsureAndUnlikeLabels,
            (false, true) => Self::UnlikeLabels,
            (true, false) if sure(belief.confidence_a) || sure(belief.confidence_b) => Self::OneUnsure,
            (true, false) => Self::NeitherSure,
            (false, false) if belief.doubt() >= DOUBTED => Self::LittleOfBoth,
            (false, false) => Self::Sure,
        }
    }

    /// From the means of a region, all of whose voxels are doubtful.
    pub(super) fn of_region(mean: &VoxelBelief, is_thin: bool) -> Self {
        match Self::of_voxel(mean, false) {
            Self::OneUnsure | Self::NeitherSure if is_thin => Self::ThinAndUnsure,
            Self::Sure => Self::LittleOfBoth,
            reason => reason,
        }
    }

    /// One short sentence.
    pub fn sentence(&self, classes: &ClassTable) -> String {
        let name = |class: ClassId| match class {
            0 => classes.name(0).to_lowercase(),
            class => classes.name(class).to_owned(),
        };
        match *self {
            Self::Disagreement { a, b } => {
                format!("The networks disagree: one says {}, the other {}.", name(a), name(b))
            }
            Self::UnlikeLabels => "Both networks are sure, but it looks unlike your labels.".into(),
            Self::UnsureAndUnlikeLabels => "The networks are not sure, and it looks unlike your labels.".into(),
            Self::OneUnsure => "One network is sure, the other is not.".into(),
            Self::NeitherSure => "Neither network is sure.".into(),
            Self::ThinAndUnsure => "Thin, and the networks are not sure of it.".into(),
            Self::LittleOfBoth => "A little unsure, and a little unlike your labels.".into(),
            Self::Sure => "Both networks are sure.".into(),
            Self::Known => "Already labelled.".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SURE_VOXEL: VoxelBelief = VoxelBelief {
        class: 1,
        class_a: 1,
        class_b: 1,
        confidence_a: 250,
        confidence_b: 250,
        networks_doubt: 10,
        unlike_labels: 10,
    };

    fn of(change: impl FnOnce(&mut VoxelBelief)) -> Reason {
        let mut belief = SURE_VOXEL;
        change(&mut belief);
        Reason::of_voxel(&belief, false)
    }

    #[test]
    fn every_kind_of_doubt_has_its_own_reason() {
        assert_eq!(of(|_| ()), Reason::Sure);
        assert_eq!(of(|b| (b.class_b, b.networks_doubt) = (0, 200)), Reason::Disagreement { a: 1, b: 0 });
        assert_eq!(of(|b| b.unlike_labels = 200), Reason::UnlikeLabels);
        assert_eq!(of(|b| (b.unlike_labels, b.networks_doubt) = (200, 200)), Reason::UnsureAndUnlikeLabels);
        assert_eq!(of(|b| (b.confidence_b, b.networks_doubt) = (130, 140)), Reason::OneUnsure);
        assert_eq!(of(|b| (b.confidence_a, b.confidence_b, b.networks_doubt) = (150, 130, 170)), Reason::NeitherSure);
        assert_eq!(of(|b| (b.unlike_labels, b.networks_doubt) = (100, 100)), Reason::LittleOfBoth);
        assert_eq!(Reason::of_voxel(&SURE_VOXEL, true), Reason::Known);
    }

    #[test]
    fn thinness_is_named_where_the_networks_are_unsure_and_a_region_is_never_sure() {
        let unsure = VoxelBelief { networks_doubt: 160, confidence_a: 150, confidence_b: 150, ..SURE_VOXEL };
        assert_eq!(Reason::of_region(&unsure, true), Reason::ThinAndUnsure);
        assert_eq!(Reason::of_region(&unsure, false), Reason::NeitherSure);
        assert_eq!(Reason::of_region(&VoxelBelief { unlike_labels: 200, ..SURE_VOXEL }, true), Reason::UnlikeLabels);
        assert_eq!(Reason::of_region(&SURE_VOXEL, true), Reason::LittleOfBoth);
    }

    #[test]
    fn a_disagreement_is_told_with_the_names_of_both_classes() {
        let classes = ClassTable::from_names(&["Liver"]).unwrap();
        let sentence = Reason::Disagreement { a: 1, b: 0 }.sentence(&classes);
        assert_eq!(sentence, "The networks disagree: one says Liver, the other background.");
    }

    #[test]
    fn every_reason_is_one_short_sentence_of_its_own() {
        let classes = ClassTable::from_names(&["Liver"]).unwrap();
        let all = [
            Reason::Disagreement { a: 1, b: 9 },
            Reason::UnlikeLabels,
            Reason::UnsureAndUnlikeLabels,
            Reason::OneUnsure,
            Reason::NeitherSure,
            Reason::ThinAndUnsure,
            Reason::LittleOfBoth,
            Reason::Sure,
            Reason::Known,
        ];
        let sentences: std::collections::BTreeSet<String> = all.iter().map(|r| r.sentence(&classes)).collect();
        assert_eq!(sentences.len(), all.len());
        assert!(sentences.iter().all(|s| s.ends_with('.') && s.matches('.').count() == 1 && s.len() < 100));
    }
}
