//! How many steps fit into the minutes: measured on the run's own steps, anew whenever their number has doubled.

use std::time::Duration;

use crate::learn::{LearnError, TrainSettings, Trainer};

/// The first steps make buffers and compile kernels.
const WARM_UP: u64 = 2;
/// Steps of the first measurement; every later one is twice as long and more exact.
const MEASURED: u64 = 3;
/// With fewer steps a run learns more from smaller crops.
const FEWEST_STEPS: u64 = 150;
/// Halved more often, crops would show too little.
const MOST_SHRINKS: u32 = 3;
/// One part in so many more or fewer steps is worth a word.
const NEWS: u64 = 20;

/// Fields of a plan that are not changed once the user has named them.
const NAMED: [&str; 6] = [
    "total_steps=",
    "ramp_up_steps=",
    "ramp_stair_steps=",
    "gamma_ramp_steps=",
    "neural_process.warm_up_steps=",
    "patch=",
];

/// Fits the length of a run to its minutes, so that its schedules end when they do.
#[derive(Clone, Debug, PartialEq)]
pub struct Pace {
    budget: Duration,
    /// Step and time after the warm-up.
    begin: Option<(u64, Duration)>,
    next: u64,
    /// How often the patch may still be made smaller; 0 once the run is under way.
    shrinks: u32,
}

impl Pace {
    /// `None` where the user named no minutes, or the number of steps as well, or a plan or protocol that has one. A
    /// continued run keeps the length it began with, whoever named that; minutes only stop it.
    pub fn new(settings: &TrainSettings, step: u64) -> Option<Self> {
        let is_named = |field: &str| settings.changes.iter().any(|c| c.starts_with(field));
        let has_length = settings.resume
            || settings.steps.is_some()
            || settings.plan.is_some()
            || settings.protocol.is_some()
            || NAMED.iter().any(|field| is_named(field));
        let minutes = settings.minutes.filter(|_| !has_length)?;
        // Beyond what a duration holds a run ends by its steps.
        let budget = Duration::try_from_secs_f64(60.0 * minutes).ok()?;
        Some(Self { budget, begin: None, next: step + WARM_UP, shrinks: MOST_SHRINKS })
    }

    /// Whether the length of the run is known.
    pub fn is_measured(&self, step: u64) -> bool {
        self.begin.is_some_and(|(first, _)| self.next > first + MEASURED && step >= first + MEASURED)
    }

    /// To be called after every step with the time the run has taken. True if the plan is another one now.
    pub fn adjust(&mut self, trainer: &mut Trainer, elapsed: impl FnOnce() -> Duration) -> Result<bool, LearnError> {
        let step = trainer.steps_done();
        if step < self.next {
            return Ok(false);
        }
        // A GPU takes its orders faster than it works.
        trainer.wait_for_device()?;
        let Some(total) = self.measure(step, elapsed()) else { return Ok(false) };
        let before = trainer.plan().total_steps;
        let smaller = trainer.plan().with_smaller_patch().filter(|_| total < FEWEST_STEPS && self.shrinks > 0);
        match smaller {
            Some(plan) => {
                trainer.set_patch(plan.patch);
                *self = Self { begin: None, next: step + WARM_UP, shrinks: self.shrinks - 1, ..*self };
                Ok(true)
            }
            None => {
                self.shrinks = 0;
                trainer.pace(total);
                Ok(NEWS * trainer.plan().total_steps.abs_diff(before) > before)
            }
        }
    }

    /// All steps of the run; `None` at the end of the warm-up.
    fn measure(&mut self, step: u64, elapsed: Duration) -> Option<u64> {
        let Some((first, since)) = self.begin else {
            self.begin = Some((step, elapsed));
            self.next = step + MEASURED;
            return None;
        };
        let done = (step - first).max(1);
        self.next = step + done;
        let per_step = elapsed.saturating_sub(since).as_secs_f64() / done as f64;
        let left = self.budget.saturating_sub(elapsed).as_secs_f64();
        // A cast of a float saturates.
        Some(step.saturating_add((left / per_step.max(1e-6)) as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::Protocol;

    fn settings() -> TrainSettings {
        TrainSettings { minutes: Some(1.0), ..TrainSettings::default() }
    }

    fn seconds(s: f64) -> Duration {
        Duration::from_secs_f64(s)
    }

    #[test]
    fn steps_or_a_plan_that_the_user_named_are_not_changed() {
        assert!(Pace::new(&settings(), 0).is_some());
        assert!(Pace::new(&TrainSettings::default(), 0).is_none());
        assert!(Pace::new(&TrainSettings { steps: Some(5), ..settings() }, 0).is_none());
        assert!(Pace::new(&TrainSettings { protocol: Some(Protocol::La), ..settings() }, 0).is_none());
        assert!(Pace::new(&TrainSettings { plan: Some("plan.toml".into()), ..settings() }, 0).is_none());
        let changes = vec!["ramp_stair_steps=150".to_owned()];
        assert!(Pace::new(&TrainSettings { changes, ..settings() }, 0).is_none());
    }

    #[test]
    fn minutes_only_stop_a_run_that_is_continued() {
        assert!(Pace::new(&TrainSettings { resume: true, ..settings() }, 5_000).is_none());
    }

    #[test]
    fn the_run_gets_the_steps_that_fit_into_the_minutes_after_the_warm_up() {
        let mut pace = Pace::new(&settings(), 0).unwrap();
        // The first two steps take five seconds each, all others half a second.
        assert_eq!(pace.measure(2, seconds(10.0)), None);
        assert!(!pace.is_measured(2));
        assert_eq!(pace.next, 5);
        assert_eq!(pace.measure(5, seconds(11.5)), Some(5 + 97));
        assert!(pace.is_measured(5));
    }

    #[test]
    fn it_is_measured_again_at_every_doubling_and_follows_a_run_that_slows_down() {
        let mut pace = Pace::new(&settings(), 0).unwrap();
        pace.measure(2, seconds(1.0));
        let mut totals = Vec::new();
        let mut at = Vec::new();
        for step in 3..200 {
            if step >= pace.next {
                at.push(step);
                totals
                    .extend(pace.measure(step, seconds(1.0 + 0.1 * step as f64 + if step > 50 { 20.0 } else { 0.0 })));
            }
        }
        assert_eq!(at, [5, 8, 14, 26, 50, 98, 194]);
        assert!(totals[4] > 550 && totals[5] < 300, "{totals:?}");
    }

    #[test]
    fn when_the_minutes_are_over_no_step_is_left() {
        let mut pace = Pace::new(&settings(), 100).unwrap();
        pace.measure(102, seconds(1.0));
        assert_eq!(pace.measure(105, seconds(61.0)), Some(105));
    }
}
