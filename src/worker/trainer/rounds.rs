//! When a live run begins another round: enough was corrected, and the hand rests.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::edit::Delta;
use crate::geometry::{Voxel, VoxelBox};
use crate::label::{Rejections, Span, span_voxels, united};
use crate::learn::Plan;
use crate::rounds::CorrectionEffort;
use crate::volume::CaseId;

/// A stroke or two; fewer would cost minutes of learning for a touch.
const FEWEST_VOXELS: usize = 100;
/// Of the labelled foreground: where much is known, more has to change to be noticed...
const SHARE_OF_KNOWN: f64 = 0.01;
/// ...but a region or two of a large organ are worth a round wherever they are.
const ENOUGH_VOXELS: usize = 5_000;
/// A hand that has rested so long has ended its correction, not only a stroke.
const QUIET: Duration = Duration::from_secs(3);
/// A round gives way to the next one after one part in so many of its steps: cut off earlier it has nothing to show.
const LEAST_SHARE: u64 = 2;
/// Corrected voxels that crops are centred on; more would not make the choice more random.
const MOST_CENTRES: usize = 512;
/// A longer time between two corrections is a pause, of which so much counts as work: looking and deciding.
const LONGEST_LOOK: Duration = Duration::from_secs(20);

/// Whether a round of a plan is far enough to give way to the next one; `steps_done` are those of the whole run.
pub fn may_be_cut_off(plan: &Plan, steps_done: u64) -> bool {
    let begin = plan.round_begin();
    LEAST_SHARE * steps_done.saturating_sub(begin) >= plan.total_steps.saturating_sub(begin)
}

pub struct Rounds {
    number: u32,
    /// Since the present round began.
    pending: Changes,
    /// What it began with.
    taken: Changes,
    /// Labelled voxels of cases that training may learn from now, and that nobody corrected.
    brought: BTreeMap<CaseId, usize>,
    last_touch: Option<Instant>,
    /// Training time at which it began, seconds.
    pub begun_secs: f64,
    /// Up to date: its steps and looks are done.
    pub is_waiting: bool,
}

/// By case.
#[derive(Default)]
struct Changes(BTreeMap<CaseId, CaseChanges>);

#[derive(Default)]
struct CaseChanges {
    /// Each voxel counts once, however often it was touched.
    corrected: Vec<Span>,
    rejected: usize,
    work: Duration,
    regions: u64,
    last_place: Option<VoxelBox>,
}

impl Changes {
    fn corrected_voxels(&self) -> usize {
        self.0.values().map(|case| span_voxels(&case.corrected)).sum()
    }

    fn voxels(&self) -> usize {
        self.corrected_voxels() + self.0.values().map(|case| case.rejected).sum::<usize>()
    }
}

impl CaseChanges {
    fn effort(&self) -> CorrectionEffort {
        CorrectionEffort {
            voxels_changed: (span_voxels(&self.corrected) + self.rejected) as u64,
            seconds: self.work.as_secs(),
            regions_touched: self.regions,
        }
    }
}

impl Rounds {
    /// `number` is that of the round a run begins or goes on with.
    pub fn new(number: u32) -> Self {
        Self {
            number,
            pending: Changes::default(),
            taken: Changes::default(),
            brought: BTreeMap::new(),
            last_touch: None,
            begun_secs: 0.0,
            is_waiting: false,
        }
    }

    pub fn number(&self) -> u32 {
        self.number
    }

    /// What the present round began with.
    pub fn taken(&self) -> BTreeMap<CaseId, CorrectionEffort> {
        self.taken.0.iter().map(|(case, changes)| (case.clone(), changes.effort())).collect()
    }

    /// Labels of a case that training learns from have changed.
    pub fn corrected(&mut self, case: &CaseId, delta: &Delta, now: Instant) {
        let changes = self.touched(case, now);
        changes.corrected = united(changes.corrected.drain(..).chain(delta.runs().iter().map(|run| run.range())));
        let place = delta.bounds();
        let goes_on = changes.last_place.is_some_and(|last| meets(&last, &place));
        changes.regions += u64::from(!goes_on);
        changes.last_place = Some(place);
    }

    /// What counts is rejected anew; a rejection taken back has nothing to teach.
    pub fn rejected(&mut self, case: &CaseId, before: &Rejections, after: &Rejections, now: Instant) {
        let voxels = after.count_beyond(before);
        let changes = self.touched(case, now);
        changes.rejected += voxels;
        changes.regions += u64::from(voxels > 0);
    }

    /// A case with so many labelled voxels may be learnt from, beginning with the next round.
    pub fn brought(&mut self, case: &CaseId, labelled_voxels: usize, now: Instant) {
        self.brought.insert(case.clone(), labelled_voxels);
        self.last_touch = Some(now);
    }

    /// A case is not learnt from any more: what changed in it is no reason for a round.
    pub fn forget(&mut self, case: &CaseId) {
        self.pending.0.remove(case);
        self.brought.remove(case);
    }

    /// The time since the touch before, wherever that was, is work on this case.
    fn touched(&mut self, case: &CaseId, now: Instant) -> &mut CaseChanges {
        let since = self.last_touch.map(|last| now.saturating_duration_since(last));
        self.last_touch = Some(now);
        let changes = self.pending.0.entry(case.clone()).or_default();
        changes.work += since.unwrap_or_default().min(LONGEST_LOOK);
        changes
    }

    /// Time until another round is to begin, if nobody touches anything meanwhile; `None` while too little has changed.
    pub fn due_in(&self, known_foreground: usize, now: Instant) -> Option<Duration> {
        // A cast of a float saturates.
        let share = (known_foreground as f64 * SHARE_OF_KNOWN) as usize;
        let news = self.pending.voxels() + self.brought.values().sum::<usize>();
        let is_enough = news >= share.clamp(FEWEST_VOXELS, ENOUGH_VOXELS);
        let touched = self.last_touch.filter(|_| is_enough)?;
        Some(QUIET.saturating_sub(now.saturating_duration_since(touched)))
    }

    /// The next round takes what was corrected; returns an evenly spread part of it, as linear indices.
    pub fn begin(&mut self, elapsed_secs: f64) -> Vec<(CaseId, usize)> {
        self.number = self.number.saturating_add(1);
        self.taken = std::mem::take(&mut self.pending);
        self.brought.clear();
        self.begun_secs = elapsed_secs;
        self.is_waiting = false;
        let every = self.taken.corrected_voxels().div_ceil(MOST_CENTRES).max(1);
        let voxels = self.taken.0.iter().flat_map(|(case, changes)| {
            changes.corrected.iter().flat_map(Clone::clone).map(move |i| (case.clone(), i))
        });
        voxels.step_by(every).collect()
    }
}

/// Whether they overlap or lie side by side.
fn meets(a: &VoxelBox, b: &VoxelBox) -> bool {
    let [a_lo, a_hi, b_lo, b_hi] = [a.lo, a.hi, b.lo, b.hi].map(Voxel::to_array);
    (0..3).all(|axis| a_lo[axis] <= b_hi[axis] && b_lo[axis] <= a_hi[axis])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::Run;
    use crate::geometry::Extent;
    use crate::label::{LabelValue, Origin};
    use crate::volume::Grid;

    fn delta(range: Span) -> Delta {
        let new = LabelValue::new(1, Origin::Manual);
        let run = Run { start: range.start, len: range.len(), old: LabelValue::UNKNOWN, new };
        Delta::new(vec![run], Extent::new(100, 100, 100).unwrap()).unwrap()
    }

    fn voxels(rounds: &Rounds) -> u64 {
        rounds.taken().values().map(|effort| effort.voxels_changed).sum()
    }

    #[test]
    fn a_round_is_due_after_enough_corrections_and_a_rest_and_not_before() {
        let (mut rounds, start, case) = (Rounds::new(1), Instant::now(), CaseId::from("a"));
        let after = |seconds: u64| start + Duration::from_secs(seconds);
        rounds.corrected(&case, &delta(0..60), start);
        rounds.corrected(&case, &delta(20..60), start);
        assert_eq!(rounds.due_in(0, after(100)), None, "60 voxels, touched twice");
        rounds.corrected(&case, &delta(60..100), after(10));
        assert_eq!(rounds.due_in(0, after(11)), Some(Duration::from_secs(2)));
        assert_eq!(rounds.due_in(0, after(13)), Some(Duration::ZERO));
        assert_eq!(rounds.due_in(20_000, after(13)), None, "1 % of what is known");
        rounds.corrected(&case, &delta(0..5_000), after(20));
        assert_eq!(rounds.due_in(9_000_000, after(23)), Some(Duration::ZERO), "never more than a large region");
    }

    #[test]
    fn a_round_takes_what_was_corrected_once_and_spreads_its_centres_over_all_of_it() {
        let (mut rounds, now) = (Rounds::new(4), Instant::now());
        rounds.corrected(&"a".into(), &delta(0..1_000), now);
        rounds.corrected(&"b".into(), &delta(500..1_500), now);
        let centres = rounds.begin(7.0);
        assert_eq!((rounds.number(), voxels(&rounds), rounds.begun_secs), (5, 2_000, 7.0));
        assert!(centres.len() <= MOST_CENTRES && centres.len() > MOST_CENTRES / 2);
        assert!(centres.iter().any(|c| c.0.as_str() == "a") && centres.contains(&("b".into(), 500)));
        assert_eq!(rounds.due_in(0, now + 2 * QUIET), None);
        assert!(rounds.begin(8.0).is_empty() && rounds.taken().is_empty());
    }

    #[test]
    fn rejections_count_where_they_are_new_and_not_when_they_are_taken_back() {
        let (mut rounds, now) = (Rounds::new(1), Instant::now());
        let predicted = Grid::filled(Extent::new(10, 10, 10).unwrap(), 2);
        let (none, mut some) = (Rejections::default(), Rejections::default());
        some.reject(std::slice::from_ref(&(0..80)), 2, &predicted);
        let mut more = some.clone();
        more.reject(std::slice::from_ref(&(40..110)), 2, &predicted);
        let case = CaseId::from("a");
        rounds.rejected(&case, &none, &some, now);
        assert_eq!(rounds.due_in(0, now + QUIET), None);
        rounds.rejected(&case, &some, &more, now);
        rounds.rejected(&case, &more, &none, now);
        assert_eq!(rounds.due_in(0, now + QUIET), Some(Duration::ZERO));
        rounds.begin(0.0);
        assert_eq!((voxels(&rounds), rounds.taken()[&case].regions_touched), (110, 2));
    }

    #[test]
    fn labels_of_a_case_that_may_be_learnt_from_now_are_worth_a_round_and_are_no_effort() {
        let (mut rounds, now) = (Rounds::new(1), Instant::now());
        let [a, b] = ["a", "b"].map(CaseId::from);
        rounds.brought(&a, 4_000, now);
        rounds.corrected(&b, &delta(0..500), now);
        assert_eq!(rounds.due_in(0, now + QUIET), Some(Duration::ZERO));
        rounds.forget(&a);
        rounds.forget(&b);
        assert_eq!(rounds.due_in(0, now + QUIET), None, "neither is learnt from any more");
        rounds.brought(&a, 4_000, now);
        assert_eq!(rounds.due_in(0, now + QUIET), Some(Duration::ZERO));
        assert!(rounds.begin(0.0).is_empty() && rounds.taken().is_empty());
        assert_eq!(rounds.due_in(0, now + 2 * QUIET), None);
    }

    #[test]
    fn effort_counts_places_and_the_time_between_touches_without_the_pauses() {
        let (mut rounds, start) = (Rounds::new(1), Instant::now());
        let [a, b] = ["a", "b"].map(CaseId::from);
        let after = |seconds: u64| start + Duration::from_secs(seconds);
        rounds.corrected(&a, &delta(0..10), start);
        rounds.corrected(&a, &delta(105..110), after(5));
        rounds.corrected(&a, &delta(50_000..50_010), after(8));
        // Lunch, then another case.
        rounds.corrected(&b, &delta(0..10), after(3_600));
        rounds.corrected(&b, &delta(0..10), after(3_602));
        rounds.begin(0.0);
        let effort =
            |voxels_changed, seconds, regions_touched| CorrectionEffort { voxels_changed, seconds, regions_touched };
        assert_eq!(rounds.taken(), BTreeMap::from([(a, effort(25, 8, 2)), (b, effort(10, 22, 1))]));
    }
}
