//! What the simulated reviewer looks at next.

use clap::ValueEnum;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::case::{Question, SimulatedCase};
use crate::review::{CaseRank, RankedCase, ReviewState};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// The doubtful regions of the case that needs a review most, then those of the next
    Queue,
    /// Any slice of any case
    RandomSlices,
    /// Every slice of every case, in their order
    CaseOrder,
}

pub struct Reviewer {
    policy: Policy,
    rng: ChaCha8Rng,
    /// Place of the case that is open.
    open: Option<usize>,
}

impl Policy {
    pub fn name(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::RandomSlices => "random-slices",
            Self::CaseOrder => "case-order",
        }
    }
}

impl Reviewer {
    pub fn new(policy: Policy, rng: ChaCha8Rng) -> Self {
        Self { policy, rng, open: None }
    }

    /// The place of a case and what to look at there; `None` if there is nothing to do until the next prediction.
    pub fn next(&mut self, cases: &mut [SimulatedCase]) -> Option<(usize, Question)> {
        match self.policy {
            Policy::Queue => self.next_region(cases),
            Policy::RandomSlices => self.random_slice(cases),
            Policy::CaseOrder => in_order(cases),
        }
    }

    /// The queue of the open case, then the case that the ranking suggests, as the window's "next region" and "next case" do.
    /// Cases that were reviewed before are opened again for regions of a newer prediction, and scattered specks are looked
    /// at when nothing else is left.
    fn next_region(&mut self, cases: &mut [SimulatedCase]) -> Option<(usize, Question)> {
        loop {
            if let Some((place, case)) = self.open.and_then(|place| Some((place, cases.get_mut(place)?))) {
                if let Some(question) = case.next_region(false) {
                    return Some((place, question));
                }
                case.state = ReviewState::Reviewed;
            }
            self.open = suggested(cases);
            if self.open.is_none() {
                let again = |case: &&mut SimulatedCase| case.has_open_regions();
                cases.iter_mut().filter(again).for_each(|case| case.state = ReviewState::InWork);
                self.open = suggested(cases);
            }
            if self.open.is_none() {
                return cases.iter_mut().enumerate().find_map(|(place, case)| Some((place, case.next_region(true)?)));
            }
        }
    }

    fn random_slice(&mut self, cases: &[SimulatedCase]) -> Option<(usize, Question)> {
        let open: Vec<(usize, Vec<usize>)> = cases.iter().map(SimulatedCase::open_slices).enumerate().collect();
        let open: Vec<_> = open.into_iter().filter(|(_, slices)| !slices.is_empty()).collect();
        let (place, slices) = open.choose(&mut self.rng)?;
        Some((*place, Question::Slice(*slices.choose(&mut self.rng)?)))
    }
}

fn in_order(cases: &[SimulatedCase]) -> Option<(usize, Question)> {
    let first = |(place, case): (usize, &SimulatedCase)| Some((place, Question::Slice(*case.open_slices().first()?)));
    cases.iter().enumerate().find_map(first)
}

/// The predicted case that needs a review most.
fn suggested(cases: &[SimulatedCase]) -> Option<usize> {
    let predicted = cases.iter().filter(|case| case.figures().is_some());
    let rank = predicted
        .map(|case| RankedCase { case: case.id.clone(), state: case.state, figures: case.figures() })
        .collect();
    let id = CaseRank::new(rank).next_suggested(None)?.case.clone();
    cases.iter().position(|case| case.id == id)
}
