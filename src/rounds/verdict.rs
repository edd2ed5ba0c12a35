//! Is it getting better? A sentence that does not take noise for progress.
//!
//! A round is compared with an earlier one by the gains `d_i` in Dice of the held-out cases that both measured, which
//! must be two or more. With `n` such cases, mean gain `m` and standard deviation `s`, the round is *better* if
//!
//! `m >= SMALLEST_CHANGE` and `m - t s / sqrt(n) > 0`,
//!
//! *worse* if the same holds of `-m`, else *alike*. `t` is Student's quantile with `n - 1` degrees of freedom for a
//! two-sided error of `0.05 / k`, where `k` is the number of earlier rounds looked at (Bonferroni): the best of many
//! equal rounds looks better than the next one by luck alone.
//!
//! - Worse: the newest round is worse than the best earlier one (`k`: all earlier ones). *Since* the first of the rounds
//!   at the end that are all worse than it.
//! - Improving: the newest round is better than one of the three before it (`k` = 3 at most). *Since* the round that a chain
//!   of such steps leads back to.
//! - Flat otherwise.

use std::fmt;

use super::estimate::{Estimate, OUTSIDE};
use super::round::Round;

/// In Dice. Two readings by one person differ by more; a smaller change is not worth a word, however sure it is.
const SMALLEST_CHANGE: f64 = 0.005;
/// How far back an improvement counts as going on.
const RECENT: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Improving {
        /// Number of the round with which the climb began.
        since: u32,
    },
    Flat {
        /// Rounds before the newest, counted back without a gap, that it is like.
        rounds: usize,
    },
    WorseSince {
        /// Number of the first round that was worse.
        round: u32,
        /// Number of the best round, which to go back to.
        best: u32,
    },
    NotEnough(Missing),
}

/// What is missing for a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Two held-out cases that were measured in this round.
    HeldOutCases,
    /// An earlier round that measured two of the same cases.
    Rounds,
}

impl fmt::Display for Verdict {
    /// One plain sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Improving { since } => write!(f, "Getting better since round {since}."),
            Self::Flat { rounds: 1 } => write!(f, "No change since the round before."),
            Self::Flat { rounds } => write!(f, "No change for {rounds} rounds."),
            Self::WorseSince { round, best } => write!(f, "Worse since round {round}: go back to round {best}?"),
            Self::NotEnough(Missing::HeldOutCases) => {
                write!(f, "Mark at least two cases as held out to see whether it gets better.")
            }
            Self::NotEnough(Missing::Rounds) => write!(f, "The next round will show whether it gets better."),
        }
    }
}

/// Of rounds in the order of their numbers.
pub fn verdict(rounds: &[Round]) -> Verdict {
    let Some((newest, earlier)) = rounds.split_last() else { return Verdict::NotEnough(Missing::HeldOutCases) };
    if newest.mean_dice().is_none_or(|mean| mean.cases < 2) {
        return Verdict::NotEnough(Missing::HeldOutCases);
    }
    let earlier: Vec<&Round> = earlier.iter().filter(|r| is_comparable(newest, r)).collect();
    if earlier.is_empty() {
        return Verdict::NotEnough(Missing::Rounds);
    }
    if let Some(worse) = worse(newest, &earlier) {
        return worse;
    }
    let all: Vec<&Round> = earlier.iter().copied().chain([newest]).collect();
    match start_of_climb(&all) {
        Some(start) => Verdict::Improving { since: start.number },
        None => Verdict::Flat { rounds: alike_before(newest, &earlier) },
    }
}

/// Number of the round with the highest Dice on the cases it shares with the newest one, two or more; of equals the first.
pub fn best_round(rounds: &[Round]) -> Option<u32> {
    let newest = rounds.last()?;
    let comparable: Vec<&Round> = rounds.iter().filter(|r| is_comparable(newest, r)).collect();
    best_for(newest, &comparable).map(|best| best.number)
}

fn is_comparable(newest: &Round, earlier: &Round) -> bool {
    newest.change_since(earlier).is_some_and(|change| change.cases > 1)
}

/// The one over which `newest` gained least.
fn best_for<'a>(newest: &Round, rounds: &[&'a Round]) -> Option<&'a Round> {
    let gain = |round: &Round| newest.change_since(round).map_or(f64::INFINITY, |change| change.mean);
    rounds.iter().copied().min_by(|a, b| gain(a).total_cmp(&gain(b)))
}

fn worse(newest: &Round, earlier: &[&Round]) -> Option<Verdict> {
    let best = best_for(newest, earlier)?;
    let is_worse = |round: &Round| is_better(best, round, earlier.len());
    if !is_worse(newest) {
        return None;
    }
    let after_best = earlier.iter().rev().take_while(|round| round.number > best.number && is_worse(round));
    let first = after_best.last().copied().unwrap_or(newest);
    Some(Verdict::WorseSince { round: first.number, best: best.number })
}

/// The round that steps of at most [`RECENT`] rounds, each an improvement, lead back to from the last one.
fn start_of_climb<'a>(rounds: &[&'a Round]) -> Option<&'a Round> {
    let step_back = |at: usize| {
        let first = at.saturating_sub(RECENT);
        (first..at).find(|&before| is_better(rounds[at], rounds[before], at - first))
    };
    let mut start = step_back(rounds.len().checked_sub(1)?)?;
    while let Some(before) = step_back(start) {
        start = before;
    }
    rounds.get(start).copied()
}

fn alike_before(newest: &Round, earlier: &[&Round]) -> usize {
    let is_alike = |round: &Round| !is_better(newest, round, earlier.len());
    earlier.iter().rev().take_while(|round| is_alike(round)).count()
}

/// Whether the gain of `later` is real when it is one of `looks` that are tried.
fn is_better(later: &Round, earlier: &Round, looks: usize) -> bool {
    let change = Estimate::with_outside(later.gains_over(earlier), OUTSIDE / looks.max(1) as f64);
    change.is_some_and(|change| change.mean >= SMALLEST_CHANGE && change.is_above_zero())
}
