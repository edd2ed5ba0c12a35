use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::round::testing::round;
use super::*;

/// Cases of a different difficulty, the same in every round.
const CASES: [f64; 5] = [0.55, 0.8, 0.7, 0.9, 0.62];

/// One round per level: every case at its own Dice plus the level, with small fixed differences.
fn at_levels(levels: &[f64]) -> Vec<Round> {
    let wobble = |round: usize, case: usize| 0.001 * (((round * 7 + case * 3) % 5) as f64 - 2.0);
    let dice = |r: usize, level: f64| CASES.iter().enumerate().map(|(c, d)| d + level + wobble(r, c)).collect();
    (1..).zip(levels).map(|(n, &level)| round(n, &dice(n as usize, level) as &Vec<f64>)).collect()
}

fn noise(rng: &mut ChaCha8Rng) -> f64 {
    // The sum of twelve uniform numbers is nearly normal, with standard deviation 1.
    (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0
}

#[test]
fn sentences_are_plain() {
    let sentence = |levels: &[f64]| verdict(&at_levels(levels)).to_string();
    assert_eq!(sentence(&[0.0, 0.0, 0.0, 0.05, 0.08]), "Getting better since round 2.");
    assert_eq!(sentence(&[0.0, 0.1, 0.11, 0.02]), "Worse since round 4: go back to round 3?");
    assert_eq!(sentence(&[0.0, 0.1, 0.02, 0.03, 0.02]), "Worse since round 3: go back to round 2?");
    assert_eq!(sentence(&[0.0, 0.1, 0.1, 0.1, 0.1, 0.1]), "No change for 4 rounds.");
    assert_eq!(sentence(&[0.0, 0.0]), "No change since the round before.");
    assert_eq!(sentence(&[0.0]), "The next round will show whether it gets better.");
    assert_eq!(sentence(&[]), "Mark at least two cases as held out to see whether it gets better.");
}

#[test]
fn fewer_than_two_shared_held_out_cases_give_no_verdict() {
    let one = [round(1, &[0.5]), round(2, &[0.9])];
    assert_eq!(verdict(&one), Verdict::NotEnough(Missing::HeldOutCases));
    let newly_marked = [round(1, &[0.5]), round(2, &[0.9, 0.8])];
    assert_eq!(verdict(&newly_marked), Verdict::NotEnough(Missing::Rounds));
    let not_numbers = [round(1, &[0.5, f64::NAN]), round(2, &[f64::NAN, 0.8])];
    assert_eq!(verdict(&not_numbers), Verdict::NotEnough(Missing::HeldOutCases));
}

#[test]
fn a_sure_but_tiny_change_is_no_change() {
    assert_eq!(verdict(&[round(1, &[0.5, 0.6, 0.7]), round(2, &[0.501, 0.601, 0.701])]), Verdict::Flat { rounds: 1 });
}

#[test]
fn slow_steady_progress_is_seen_though_no_single_step_is_sure() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let level = |n: u32| f64::from(n) * 0.02;
    let rounds: Vec<Round> = (1..=8)
        .map(|n| {
            round(
                n,
                &(0..8).map(|c| 0.5 + 0.03 * f64::from(c) + level(n) + 0.008 * noise(&mut rng)).collect::<Vec<_>>(),
            )
        })
        .collect();
    assert!(matches!(verdict(&rounds), Verdict::Improving { since: 1..=3 }), "{:?}", verdict(&rounds));
}

#[test]
fn the_best_round_is_judged_on_the_cases_the_newest_has_measured() {
    let mut rounds = at_levels(&[0.0, 0.2, 0.1]);
    assert_eq!(best_round(&rounds), Some(2));
    // Only easy cases, none of them measured later.
    let mut easy = round(4, &[]);
    easy.held_out = [("x".into(), 0.99), ("y".into(), 0.98)].into();
    rounds.insert(0, Round { number: 0, ..easy });
    assert_eq!(best_round(&rounds), Some(2));
    assert_eq!(best_round(&at_levels(&[0.0])), Some(1));
    assert_eq!(best_round(&[round(1, &[0.9])]), None);
}

/// Share of studies whose newest round is called better or worse although every round has the same distribution.
fn false_alarms(rounds: u32, cases: usize, sd: f64, trials: u64) -> f64 {
    let alarms = (0..trials).filter(|&seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let difficulty: Vec<f64> = (0..cases).map(|_| rng.random_range(0.4..0.9)).collect();
        let mut dice = || difficulty.iter().map(|d| d + sd * noise(&mut rng)).collect::<Vec<_>>();
        let study: Vec<Round> = (1..=rounds).map(|n| round(n, &dice())).collect();
        !matches!(verdict(&study), Verdict::Flat { .. })
    });
    alarms.count() as f64 / trials as f64
}

#[test]
fn noise_is_called_a_change_in_at_most_one_of_twenty_studies() {
    for (rounds, cases) in [(2, 2), (2, 5), (4, 3), (6, 12), (12, 2), (12, 6), (30, 8)] {
        for sd in [0.005, 0.05] {
            let rate = false_alarms(rounds, cases, sd, 600);
            // Three standard deviations of 600 draws above 0.05.
            assert!(rate <= 0.077, "{rounds} rounds, {cases} cases, sd {sd}: {rate}");
        }
    }
}

proptest! {
    #[test]
    fn never_improving_without_a_gain_nor_worse_without_a_loss_on_the_shared_cases(
        dice in prop::collection::vec(prop::collection::vec(0.0f64..1.0, 0..6), 0..8),
    ) {
        let rounds: Vec<Round> = (1..).zip(&dice).map(|(n, d)| round(n, d)).collect();
        let gain = |earlier: &Round| rounds.last().and_then(|last| last.change_since(earlier)).map_or(0.0, |c| c.mean);
        match verdict(&rounds) {
            Verdict::Improving { since } => {
                prop_assert!(rounds.iter().rev().skip(1).any(|r| gain(r) > 0.0));
                prop_assert!(since < rounds.last().unwrap().number);
            }
            Verdict::WorseSince { round, best } => {
                prop_assert!(best < round && round <= rounds.last().unwrap().number);
                prop_assert_eq!(best_round(&rounds), Some(best));
                prop_assert!(gain(&rounds[best as usize - 1]) < 0.0);
            }
            Verdict::Flat { rounds: alike } => prop_assert!(alike > 0 && alike < rounds.len()),
            Verdict::NotEnough(_) => {}
        }
    }

    #[test]
    fn the_order_of_good_and_bad_decides_and_repeating_a_round_changes_nothing(step in 0.05f64..0.3) {
        prop_assert_eq!(verdict(&at_levels(&[0.0, step])), Verdict::Improving { since: 1 });
        prop_assert_eq!(verdict(&at_levels(&[step, 0.0])), Verdict::WorseSince { round: 2, best: 1 });
        let same = at_levels(&[step])[0].clone();
        let repeated: Vec<Round> = (1..6).map(|number| Round { number, ..same.clone() }).collect();
        prop_assert_eq!(verdict(&repeated), Verdict::Flat { rounds: 4 });
    }
}
