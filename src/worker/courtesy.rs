//! How much of the machine the trainer leaves to the window: the window reports its frames, the trainer rests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Select};

/// Slower frames than 40 per second are felt while painting; the trainer then works less.
const SLOW_FRAME: Duration = Duration::from_millis(25);
/// Where even the fastest frames are slow (remote screens, software drawing), only what is slower by this factor counts.
const SLOWER_THAN_FASTEST: f64 = 1.5;
/// A hand that has been still for so long, and for two frames, does not mind training.
const STILL_AFTER: Duration = Duration::from_millis(700);
/// The trainer's share of the time falls quickly and comes back slowly, down to a tenth: training never quite stops.
const FALL: f64 = 0.7;
const RISE: f64 = 0.05;
const RISE_WHEN_STILL: f64 = 0.25;
const LEAST_SHARE: f64 = 0.1;
/// One rest is never longer, whatever a step has taken.
const LONGEST_REST: Duration = Duration::from_millis(500);

/// The window's end. Cheap to clone, never waits.
#[derive(Clone, Debug)]
pub struct FrameReports(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    started: Instant,
    /// Microseconds from the start to the last frame with a hand at work; 0 before the first.
    last_us: AtomicU64,
    /// What that frame took.
    took_us: AtomicU64,
    /// The slowest such frame since the trainer looked; 0 without any.
    slowest_us: AtomicU64,
    /// The fastest of all.
    fastest_us: AtomicU64,
}

impl Default for FrameReports {
    fn default() -> Self {
        let zero = || AtomicU64::new(0);
        let fastest_us = AtomicU64::new(u64::MAX);
        let shared =
            Shared { started: Instant::now(), last_us: zero(), took_us: zero(), slowest_us: zero(), fastest_us };
        Self(Arc::new(shared))
    }
}

impl FrameReports {
    /// A frame in which the user's hand was at work (a button held, a wheel turned) has come `took` after the one before.
    pub fn frame(&self, took: Duration) {
        self.0.last_us.store(micros(self.0.started.elapsed()).max(1), Ordering::Relaxed);
        let took = micros(took).max(1);
        self.0.took_us.store(took, Ordering::Relaxed);
        self.0.slowest_us.fetch_max(took, Ordering::Relaxed);
        self.0.fastest_us.fetch_min(took, Ordering::Relaxed);
    }

    fn is_hand_at_work(&self) -> bool {
        let last = self.0.last_us.load(Ordering::Relaxed);
        let still_after =
            micros(STILL_AFTER).saturating_add(2 * self.0.took_us.load(Ordering::Relaxed).min(LONGEST_US));
        last > 0 && micros(self.0.started.elapsed()).saturating_sub(last) < still_after
    }

    /// Whether a frame since the last call was slow; `None` without a frame.
    fn take_was_slow(&self) -> Option<bool> {
        let slowest = self.0.slowest_us.swap(0, Ordering::Relaxed);
        let fastest = Duration::from_micros(self.0.fastest_us.load(Ordering::Relaxed).min(LONGEST_US));
        let slow = SLOW_FRAME.max(fastest.mul_f64(SLOWER_THAN_FASTEST));
        (slowest > 0).then(|| Duration::from_micros(slowest) > slow)
    }
}

/// Longer frames than ten seconds are not told apart.
const LONGEST_US: u64 = 10_000_000;

fn micros(duration: Duration) -> u64 {
    duration.as_micros().try_into().unwrap_or(u64::MAX)
}

/// The trainer's end: its share of the time, and what it has rested.
#[derive(Debug)]
pub struct Duty {
    frames: FrameReports,
    share: f64,
    working_since: Instant,
    worked: Duration,
    rested: Duration,
}

impl Duty {
    pub fn new(frames: FrameReports) -> Self {
        let none = Duration::ZERO;
        Self { frames, share: 1.0, working_since: Instant::now(), worked: none, rested: none }
    }

    pub fn is_hand_at_work(&self) -> bool {
        self.frames.is_hand_at_work()
    }

    /// Work begins, after a time that is not to be counted.
    pub fn begin(&mut self) {
        self.working_since = Instant::now();
    }

    /// Ends a piece of work and rests as long as the window needs; a command ends the rest.
    pub fn rest<T>(&mut self, inbox: &Receiver<T>) {
        let work = self.working_since.elapsed();
        let rest = self.rest_after(work);
        let begin = Instant::now();
        if !rest.is_zero() {
            let mut select = Select::new();
            select.recv(inbox);
            // Neither outcome matters: the time is over or a command is there.
            let _ = select.ready_timeout(rest);
        }
        self.worked += work;
        self.rested += begin.elapsed();
        self.begin();
    }

    /// For work in pieces that begins now: asked after each, it rests and says whether a command waits.
    pub fn interruption<T>(&mut self, inbox: &Receiver<T>) -> impl FnMut() -> bool {
        self.begin();
        move || {
            self.rest(inbox);
            !inbox.is_empty()
        }
    }

    fn rest_after(&mut self, work: Duration) -> Duration {
        let was_slow = self.frames.take_was_slow();
        self.share = match (self.is_hand_at_work(), was_slow) {
            (false, _) => self.share + RISE_WHEN_STILL,
            (true, Some(true)) => self.share * FALL,
            (true, Some(false)) => self.share + RISE,
            // Looked more often than frames come: nothing new.
            (true, None) => self.share,
        };
        self.share = self.share.clamp(LEAST_SHARE, 1.0);
        work.mul_f64(1.0 / self.share - 1.0).min(LONGEST_REST)
    }

    /// Share of the time since the last call that was left to the window, 0 to 1.
    pub fn take_rested_share(&mut self) -> f32 {
        let (worked, rested) = (std::mem::take(&mut self.worked), std::mem::take(&mut self.rested));
        let whole = (worked + rested).as_secs_f32();
        if whole > 0.0 { rested.as_secs_f32() / whole } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_millis(100);

    fn duty() -> (FrameReports, Duty) {
        let frames = FrameReports::default();
        (frames.clone(), Duty::new(frames))
    }

    #[test]
    fn nobody_at_the_window_costs_training_nothing() {
        let (_, mut duty) = duty();
        assert!(!duty.is_hand_at_work());
        assert_eq!(duty.rest_after(STEP), Duration::ZERO);
    }

    #[test]
    fn looks_between_two_frames_change_nothing_and_slow_screens_are_not_held_against_training() {
        let (frames, mut duty) = duty();
        frames.frame(Duration::from_millis(10));
        frames.frame(Duration::from_millis(200));
        duty.rest_after(STEP);
        let share = duty.share;
        assert!(share < 1.0);
        duty.rest_after(STEP);
        assert_eq!(duty.share, share);
        let (remote, mut duty) = (FrameReports::default(), Duty::new(FrameReports::default()));
        duty.frames = remote.clone();
        for _ in 0..5 {
            remote.frame(Duration::from_millis(34));
            assert_eq!(duty.rest_after(STEP), Duration::ZERO, "30 frames per second is all this screen has");
        }
    }

    #[test]
    fn slow_frames_under_a_hand_make_the_trainer_rest_more_and_more_but_never_stop() {
        let (frames, mut duty) = duty();
        let mut rests = Vec::new();
        frames.frame(Duration::from_millis(10));
        for _ in 0..20 {
            frames.frame(Duration::from_millis(60));
            rests.push(duty.rest_after(STEP));
        }
        assert!(rests[0] > Duration::ZERO);
        assert!(rests.is_sorted());
        assert_eq!(rests[19], LONGEST_REST);
        assert_eq!(duty.share, LEAST_SHARE);
    }

    #[test]
    fn fast_frames_give_the_time_back_little_by_little() {
        let (frames, mut duty) = duty();
        duty.share = 0.5;
        frames.frame(Duration::from_millis(10));
        let first = duty.rest_after(STEP);
        assert!(first < STEP);
        for _ in 0..10 {
            frames.frame(Duration::from_millis(10));
            duty.rest_after(STEP);
        }
        assert_eq!(duty.rest_after(STEP), Duration::ZERO);
    }

    #[test]
    fn a_command_ends_a_rest_and_the_cost_is_told_once() {
        let (frames, mut duty) = duty();
        duty.share = LEAST_SHARE;
        let (commands, inbox) = crossbeam_channel::unbounded();
        commands.send(1).unwrap();
        frames.frame(Duration::from_millis(10));
        frames.frame(Duration::from_millis(60));
        duty.working_since -= Duration::from_secs(3600);
        let begin = Instant::now();
        duty.rest(&inbox);
        // Not the 500 ms that an hour of work would ask for; the command is still there.
        assert!(begin.elapsed() < LONGEST_REST);
        assert_eq!(inbox.len(), 1);
        duty.working_since -= Duration::from_millis(5);
        let _ = inbox.recv();
        frames.frame(Duration::from_millis(60));
        duty.rest(&inbox);
        assert!(duty.take_rested_share() > 0.0);
        assert_eq!(duty.take_rested_share(), 0.0);
    }
}
