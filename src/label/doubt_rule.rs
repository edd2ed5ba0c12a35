//! Which voxels count as doubtful, by the two axes of doubt. The window's colours, acceptance and review all follow it.

use serde::{Deserialize, Serialize};

/// Doubt, 0..=1, beyond which an axis alone makes a voxel doubtful; 1: the axis is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DoubtThresholds {
    /// Of `1 - dual confidence`.
    pub networks: f32,
    /// Of `1 - likeness` (see [`likeness`]).
    pub unlike_labels: f32,
}

impl Default for DoubtThresholds {
    /// One half each. Where the networks name different classes dual confidence is never above one half, as neither gives
    /// the other's class more.
    fn default() -> Self {
        Self { networks: 0.5, unlike_labels: 0.5 }
    }
}

impl DoubtThresholds {
    /// In 0..=1 whatever was set; what is no number is one half.
    pub fn clamped(self) -> Self {
        let clamped = |threshold: f32| if threshold.is_nan() { 0.5 } else { threshold.clamp(0.0, 1.0) };
        Self { networks: clamped(self.networks), unlike_labels: clamped(self.unlike_labels) }
    }
}

/// How much a voxel looks like the labels: the neural process's probability of the fused class, but at most
/// `1 - std / 0.2`. A spread at the end of its fixed scale (0.1) is thus as bad as a probability of one half: unsettled, not
/// wrong. The shift (`np - mean`) is no part of it: what it adds to `1 - np` is the networks' own doubt, the other axis.
///
/// All in steps of 1/255; `np_std` in those of its plane (255 is 0.1 and more).
pub fn likeness(np: u8, np_std: u8) -> u8 {
    np.min(u8::MAX - np_std / 2)
}

/// `1 - dual confidence * likeness`, in steps of 1/255: doubt on either axis is doubt, and some on both adds up, as of two
/// independent witnesses. Without a neural process (likeness 1) it is `1 - dual confidence`.
pub fn combined_doubt(dual_confidence: u8, likeness: u8) -> u8 {
    // At most 255 * 255 + 127, which fits; the quotient is a byte.
    let sure = (u16::from(dual_confidence) * u16::from(likeness) + 127) / 255;
    u8::MAX - sure as u8
}

/// The thresholds made ready for whole volumes.
///
/// Each axis is stretched so that its threshold comes to lie at one half; then both are combined (see [`combined_doubt`]),
/// and a voxel is doubtful from one half on. So each threshold holds where the other axis has no doubt, and some doubt on
/// both adds up. Thresholds of one half change nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoubtRule {
    /// What is left of belief after stretching, by stored dual confidence and likeness.
    confidence: [u8; 256],
    likeness: [u8; 256],
}

impl DoubtRule {
    /// Combined doubt from which a voxel is doubtful.
    pub const DOUBTFUL: u8 = 128;

    pub fn new(thresholds: DoubtThresholds) -> Self {
        let DoubtThresholds { networks, unlike_labels } = thresholds.clamped();
        Self { confidence: stretched(networks), likeness: stretched(unlike_labels) }
    }

    /// Both axes in one, in steps of 1/255.
    pub fn doubt(&self, dual_confidence: u8, likeness: u8) -> u8 {
        combined_doubt(self.confidence[usize::from(dual_confidence)], self.likeness[usize::from(likeness)])
    }

    pub fn is_doubtful(&self, dual_confidence: u8, likeness: u8) -> bool {
        self.doubt(dual_confidence, likeness) >= Self::DOUBTFUL
    }

    /// By stored dual confidence the least likeness of a voxel that is trusted; `None` where none is enough.
    pub fn least_likeness(&self) -> [Option<u8>; 256] {
        std::array::from_fn(|confidence| {
            let confidence = u8::try_from(confidence).unwrap_or(u8::MAX);
            (0..=u8::MAX).find(|likeness| !self.is_doubtful(confidence, *likeness))
        })
    }
}

/// Belief (255 - doubt) after the first doubtful value, `floor(255 threshold) + 1`, was brought to [`DoubtRule::DOUBTFUL`].
fn stretched(threshold: f32) -> [u8; 256] {
    // 1..=256, because the threshold is in 0..=1.
    let first = (255.0 * threshold).floor() as u16 + 1;
    let half = u16::from(DoubtRule::DOUBTFUL);
    std::array::from_fn(|belief| {
        // The index is a byte.
        let doubt = 255 - belief as u16;
        let stretched = match first {
            256.. => 0,
            _ if doubt < first => doubt * half / first,
            255 => 255,
            _ => half + (doubt - first) * (255 - half) / (255 - first),
        };
        // 0..=255 in each case.
        255 - stretched as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(networks: f32, unlike_labels: f32) -> DoubtRule {
        DoubtRule::new(DoubtThresholds { networks, unlike_labels })
    }

    #[test]
    fn combined_doubt_is_the_rounded_formula_for_every_pair() {
        for dual in 0..=u8::MAX {
            for like in 0..=u8::MAX {
                let exact = 255.0 * (1.0 - f64::from(dual) / 255.0 * (f64::from(like) / 255.0));
                assert_eq!(f64::from(combined_doubt(dual, like)), exact.round(), "{dual} {like}");
            }
        }
    }

    #[test]
    fn a_full_spread_is_as_bad_as_a_probability_of_one_half_and_never_makes_it_more_alike() {
        assert_eq!((likeness(255, 255), likeness(255, 0), likeness(100, 0), likeness(100, 255)), (128, 255, 100, 100));
    }

    #[test]
    fn thresholds_of_one_half_leave_the_combined_doubt_as_it_is() {
        let rule = DoubtRule::new(DoubtThresholds::default());
        let bytes = || 0..=u8::MAX;
        assert!(bytes().all(|dual| bytes().all(|like| rule.doubt(dual, like) == combined_doubt(dual, like))));
    }

    #[test]
    fn each_threshold_holds_where_the_other_axis_has_no_doubt() {
        for threshold in [0.0f32, 0.1, 0.25, 0.5, 0.9, 0.999] {
            let (networks, unlike) = (rule(threshold, 0.5), rule(0.5, threshold));
            for belief in 0..=u8::MAX {
                let beyond = f32::from(255 - belief) > 255.0 * threshold;
                assert_eq!(networks.is_doubtful(belief, 255), beyond, "{threshold} {belief}");
                assert_eq!(unlike.is_doubtful(255, belief), beyond, "{threshold} {belief}");
            }
        }
    }

    #[test]
    fn a_threshold_of_one_leaves_the_axis_out_and_what_is_no_number_is_one_half() {
        let (networks_only, nothing) = (rule(0.5, 1.0), rule(1.0, 7.0));
        assert!(
            (0..=u8::MAX).all(|like| !networks_only.is_doubtful(200, like) && networks_only.is_doubtful(100, like))
        );
        assert!((0..=u8::MAX).all(|belief| !nothing.is_doubtful(belief, 0)));
        assert_eq!(rule(f32::NAN, -3.0), rule(0.5, 0.0));
    }

    #[test]
    fn more_belief_on_either_axis_never_makes_a_voxel_doubtful() {
        for rule in [rule(0.25, 0.6), rule(0.0, 0.5), rule(0.99, 0.01)] {
            let least = rule.least_likeness();
            assert!(least.windows(2).all(|pair| match (pair[0], pair[1]) {
                (Some(less), Some(more)) => more <= less,
                (None, _) => true,
                (Some(_), None) => false,
            }));
            for dual in 0..=u8::MAX {
                let trusted = |like: u8| least[usize::from(dual)].is_some_and(|least| like >= least);
                assert!((0..=u8::MAX).all(|like| rule.is_doubtful(dual, like) != trusted(like)));
            }
        }
    }
}
