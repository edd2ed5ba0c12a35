//! When a live run begins another round: enough was corrected, and the hand rests.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::edit::Delta;
use crate::label::{Rejections, Span, span_voxels, united, without};
use crate::volume::CaseId;

/// A stroke or two; fewer would cost minutes of learning for a touch.
const FEWEST_VOXELS: usize = 100;
/// Of the labelled foreground: where much is known, more has to change to be noticed...
const SHARE_OF_KNOWN: f64 = 0.01;
/// ...but a region or two of a large organ are worth a round wherever they are.
const ENOUGH_VOXELS: usize = 5_000;
/// A hand that has rested so long has ended its correction, not only a stroke.
const QUIET: Duration = Duration::from_secs(3);
/// Corrected voxels that crops are centred on; more would not make the choice more random.
const MOST_CENTRES: usize = 512;

pub struct Rounds {
    number: u32,
    /// Since the present round began.
    pending: Changes,
    /// What it began with.
    taken: Changes,
    last_touch: Option<Instant>,
    /// Training time at which it began, seconds.
    pub begun_secs: f64,
    /// Up to date: its steps and looks are done.
    pub is_waiting: bool,
}

/// Each voxel counts once, however often it was touched.
#[derive(Default)]
struct Changes {
    corrected: BTreeMap<CaseId, Vec<Span>>,
    rejected: usize,
}

impl Changes {
    fn corrected_voxels(&self) -> usize {
        self.corrected.values().map(|spans| span_voxels(spans)).sum()
    }
}

impl Rounds {
    /// `number` is that of the round a run begins or goes on with.
    pub fn new(number: u32) -> Self {
        Self {
            number,
            pending: Changes::default(),
            taken: Changes::default(),
            last_touch: None,
            begun_secs: 0.0,
            is_waiting: false,
        }
    }

    pub fn number(&self) -> u32 {
        self.number
    }

    /// Voxels that the present round began with: corrected and rejected.
    pub fn taken(&self) -> (usize, usize) {
        (self.taken.corrected_voxels(), self.taken.rejected)
    }

    /// Labels of a case that training learns from have changed.
    pub fn corrected(&mut self, case: &CaseId, delta: &Delta, now: Instant) {
        self.last_touch = Some(now);
        let spans = self.pending.corrected.entry(case.clone()).or_default();
        *spans = united(spans.drain(..).chain(delta.runs().iter().map(|run| run.range())));
    }

    /// What counts is rejected anew; a rejection taken back has nothing to teach.
    pub fn rejected(&mut self, before: &Rejections, after: &Rejections, now: Instant) {
        self.last_touch = Some(now);
        self.pending.rejected += newly_rejected(before, after);
    }

    /// Time until another round is to begin, if nobody touches anything meanwhile; `None` while too little has changed.
    pub fn due_in(&self, known_foreground: usize, now: Instant) -> Option<Duration> {
        // A cast of a float saturates.
        let share = (known_foreground as f64 * SHARE_OF_KNOWN) as usize;
        let changed = self.pending.corrected_voxels() + self.pending.rejected;
        let is_enough = changed >= share.clamp(FEWEST_VOXELS, ENOUGH_VOXELS);
        let touched = self.last_touch.filter(|_| is_enough)?;
        Some(QUIET.saturating_sub(now.saturating_duration_since(touched)))
    }

    /// The next round takes what was corrected; returns an evenly spread part of it, as linear indices.
    pub fn begin(&mut self, elapsed_secs: f64) -> Vec<(CaseId, usize)> {
        self.number = self.number.saturating_add(1);
        self.taken = std::mem::take(&mut self.pending);
        self.begun_secs = elapsed_secs;
        self.is_waiting = false;
        let every = self.taken.corrected_voxels().div_ceil(MOST_CENTRES).max(1);
        let voxels = self
            .taken
            .corrected
            .iter()
            .flat_map(|(case, spans)| spans.iter().flat_map(Clone::clone).map(move |index| (case.clone(), index)));
        voxels.step_by(every).collect()
    }
}

fn newly_rejected(before: &Rejections, after: &Rejections) -> usize {
    let old = |class| before.hints().find(|(c, _)| *c == class).map_or(&[][..], |(_, spans)| spans);
    after.hints().map(|(class, spans)| span_voxels(&without(spans, old(class)))).sum()
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
        assert_eq!((rounds.number(), rounds.taken(), rounds.begun_secs), (5, (2_000, 0), 7.0));
        assert!(centres.len() <= MOST_CENTRES && centres.len() > MOST_CENTRES / 2);
        assert!(centres.iter().any(|c| c.0.as_str() == "a") && centres.contains(&("b".into(), 500)));
        assert_eq!(rounds.due_in(0, now + 2 * QUIET), None);
        assert!(rounds.begin(8.0).is_empty() && rounds.taken() == (0, 0));
    }

    #[test]
    fn rejections_count_where_they_are_new_and_not_when_they_are_taken_back() {
        let (mut rounds, now) = (Rounds::new(1), Instant::now());
        let predicted = Grid::filled(Extent::new(10, 10, 10).unwrap(), 2);
        let (none, mut some) = (Rejections::default(), Rejections::default());
        some.reject(std::slice::from_ref(&(0..80)), 2, &predicted);
        let mut more = some.clone();
        more.reject(std::slice::from_ref(&(40..110)), 2, &predicted);
        rounds.rejected(&none, &some, now);
        assert_eq!(rounds.due_in(0, now + QUIET), None);
        rounds.rejected(&some, &more, now);
        rounds.rejected(&more, &none, now);
        assert_eq!(rounds.due_in(0, now + QUIET), Some(Duration::ZERO));
        rounds.begin(0.0);
        assert_eq!(rounds.taken(), (0, 110));
    }
}
