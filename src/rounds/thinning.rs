//! Which rounds keep their networks on the disk.

/// How many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepRounds {
    /// So many of the newest, without a gap.
    pub newest: usize,
    /// In all; the newest and the best round are kept even beyond it.
    pub total: usize,
}

impl Default for KeepRounds {
    /// A checkpoint has some tens of megabytes; twelve are below a gigabyte and still reach back to the first day.
    fn default() -> Self {
        Self { newest: 4, total: 12 }
    }
}

/// The rounds to keep of those that are there, ascending: the newest, the best, the newest few, and older ones, the
/// sparser the older they are. `best` counts only if it is there.
///
/// Of two older rounds the one with the smaller `age >> z` stays (the younger of equals), where `age` is the distance of
/// its number from the newest and `z` says how often two divides its number less one: the spacing doubles with age, and
/// round 1 stays. Numbers, not positions, decide, so that thinning after every round still leaves old ones.
pub fn kept_rounds(numbers: &[u32], best: Option<u32>, keep: KeepRounds) -> Vec<u32> {
    let mut by_age = numbers.to_vec();
    by_age.sort_unstable_by(|a, b| b.cmp(a));
    by_age.dedup();
    let Some(&newest) = by_age.first() else { return Vec::new() };
    let mut ranked: Vec<(usize, u32)> = by_age.into_iter().enumerate().collect();
    // The sort is stable: of equals the younger stays.
    ranked.sort_by_key(|&(position, number)| {
        let is_kept_anyway = position == 0 || Some(number) == best;
        let is_recent = position < keep.newest;
        let spread_age = (newest - number).checked_shr(number.wrapping_sub(1).trailing_zeros()).unwrap_or(0);
        (!is_kept_anyway, !is_recent, if is_recent { 0 } else { spread_age })
    });
    let always = ranked.iter().filter(|&&(position, number)| position == 0 || Some(number) == best).count();
    let mut kept: Vec<u32> = ranked.into_iter().take(keep.total.max(always)).map(|(_, number)| number).collect();
    kept.sort_unstable();
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Rounds 1 to `last`, thinned after each of them.
    fn thinned_one_by_one(last: u32, best: Option<u32>, keep: KeepRounds) -> Vec<u32> {
        let mut there = Vec::new();
        for number in 1..=last {
            there.push(number);
            there = kept_rounds(&there, best.filter(|b| *b <= number), keep);
        }
        there
    }

    #[test]
    fn old_rounds_are_kept_the_sparser_the_older_they_are() {
        let keep = KeepRounds { newest: 3, total: 9 };
        let kept = kept_rounds(&(1..=100).collect::<Vec<_>>(), Some(37), keep);
        assert_eq!(kept, [1, 37, 65, 89, 93, 97, 98, 99, 100]);
        assert!(kept_rounds(&[], Some(1), keep).is_empty());
        assert_eq!(kept_rounds(&[7], Some(1), KeepRounds { newest: 0, total: 0 }), [7]);
        assert_eq!(kept_rounds(&[0, u32::MAX], None, keep), [0, u32::MAX]);
    }

    #[test]
    fn thinning_one_by_one_still_reaches_far_back() {
        for last in 50..400 {
            let kept = thinned_one_by_one(last, None, KeepRounds::default());
            assert!(kept.len() <= 12 && kept[0] == 1 && kept[1] <= last * 2 / 3, "{kept:?}");
            // The gap before a round is never wider than three times the way from its end to the newest.
            assert!(kept.windows(2).all(|pair| pair[1] - pair[0] <= 3 * (last - pair[1]).max(1)), "{last}: {kept:?}");
        }
    }

    proptest! {
        #[test]
        fn the_newest_few_and_the_best_are_always_kept_and_the_number_is_bounded(
            numbers in prop::collection::vec(0u32..500, 0..80),
            best in prop::option::of(0u32..500),
            (newest, total) in (0usize..20, 0usize..20),
        ) {
            let keep = KeepRounds { newest, total };
            let kept = kept_rounds(&numbers, best, keep);
            let mut there = numbers.clone();
            there.sort_unstable();
            there.dedup();
            let best = best.filter(|b| there.contains(b));
            prop_assert!(kept.is_sorted_by(|a, b| a < b) && kept.iter().all(|k| there.contains(k)));
            prop_assert!(kept.len() <= total.max(2) && kept.len() >= total.min(there.len()));
            prop_assert!(best.is_none_or(|b| kept.contains(&b)));
            prop_assert_eq!(kept.last(), there.last());
            let few = newest.min(total.saturating_sub(1));
            prop_assert!(there.iter().rev().take(few).all(|n| kept.contains(n)));
            let mut shuffled = numbers;
            shuffled.reverse();
            prop_assert_eq!(&kept_rounds(&shuffled, best, keep), &kept);
            prop_assert_eq!(&kept_rounds(&kept, best, keep), &kept, "thinning again changes nothing");
        }
    }
}
