//! How well a score finds wrong voxels.

/// Area under the ROC curve: the chance that a wrong voxel scores higher than a right one, a tie counting half.
///
/// Exact, from average ranks (Mann-Whitney): `(sum of the wrong ones' ranks - w (w + 1) / 2) / (w r)` with `w` wrong
/// and `r` right voxels. `None` if one of the two is missing, the lengths differ or a score is not a number.
pub fn auroc(scores: &[f32], is_wrong: &[bool]) -> Option<f64> {
    if scores.len() != is_wrong.len() || scores.iter().any(|s| s.is_nan()) {
        return None;
    }
    let mut voxels: Vec<(f32, bool)> = scores.iter().copied().zip(is_wrong.iter().copied()).collect();
    voxels.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut wrong, mut rank_sum) = (0usize, 0usize, 0.0);
    // `==` and not the order's equality, so that -0 ties with 0.
    for tied in voxels.chunk_by(|a, b| a.0 == b.0) {
        let tied_wrong = tied.iter().filter(|v| v.1).count();
        let average_rank = below as f64 + (tied.len() + 1) as f64 / 2.0;
        rank_sum += tied_wrong as f64 * average_rank;
        wrong += tied_wrong;
        below += tied.len();
    }
    let (wrong, right) = (wrong as f64, (voxels.len() - wrong) as f64);
    (wrong > 0.0 && right > 0.0).then(|| (rank_sum - wrong * (wrong + 1.0) / 2.0) / (wrong * right))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn brute_force(scores: &[f32], is_wrong: &[bool]) -> Option<f64> {
        let of = |wanted: bool| scores.iter().zip(is_wrong).filter(move |(_, w)| **w == wanted).map(|(s, _)| *s);
        let (mut sum, mut pairs) = (0.0, 0.0);
        for wrong in of(true) {
            for right in of(false) {
                sum += if wrong > right {
                    1.0
                } else if wrong == right {
                    0.5
                } else {
                    0.0
                };
                pairs += 1.0;
            }
        }
        (pairs > 0.0).then(|| sum / pairs)
    }

    #[test]
    fn a_perfect_a_reversed_and_a_constant_score() {
        let is_wrong = [true, true, false, false, false];
        assert_eq!(auroc(&[0.9, 0.8, 0.3, 0.2, 0.1], &is_wrong), Some(1.0));
        assert_eq!(auroc(&[0.1, 0.2, 0.3, 0.4, 0.5], &is_wrong), Some(0.0));
        assert_eq!(auroc(&[0.0, -0.0, 0.0, 0.0, -0.0], &is_wrong), Some(0.5));
    }

    #[test]
    fn without_both_kinds_or_with_a_score_that_is_no_number_there_is_no_area() {
        assert_eq!(auroc(&[0.1, 0.2], &[true, true]), None);
        assert_eq!(auroc(&[0.1, 0.2], &[false, false]), None);
        assert_eq!(auroc(&[0.1, f32::NAN], &[true, false]), None);
        assert_eq!(auroc(&[0.1], &[true, false]), None);
        assert_eq!(auroc(&[], &[]), None);
    }

    proptest! {
        #[test]
        fn ranks_equal_counting_all_pairs(voxels in prop::collection::vec((0u8..12, any::<bool>()), 0..60)) {
            let (scores, is_wrong): (Vec<f32>, Vec<bool>) = voxels.iter().map(|v| (f32::from(v.0), v.1)).unzip();
            match (auroc(&scores, &is_wrong), brute_force(&scores, &is_wrong)) {
                (Some(ranks), Some(pairs)) => prop_assert!((ranks - pairs).abs() < 1e-12),
                (ranks, pairs) => prop_assert_eq!(ranks, pairs),
            }
        }
    }
}
