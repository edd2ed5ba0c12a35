//! The times of a run: what it has taken, and what is due.

use std::time::{Duration, Instant};

/// Share of the time that predictions for the screen and for the held-out curve may take.
const LOOK_SHARE: f64 = 0.2;

/// Times of a run; pauses do not count.
pub struct Clock {
    running_since: Option<Instant>,
    before: Duration,
    pub first_step: u64,
    pub last_checkpoint: Instant,
    pub last_report: Instant,
    pub shown_prediction: Look,
    pub held_out: Look,
    pub calibration: Look,
    pub held_out_step: u64,
}

/// Something done now and then that may take only its share of the time.
pub struct Look {
    pub last_end: Option<Instant>,
    cost: Duration,
}

impl Look {
    pub fn is_due(&self, every: Duration) -> bool {
        self.due_in(every).is_zero()
    }

    pub fn due_in(&self, every: Duration) -> Duration {
        let pause = every.max(self.cost.div_f64(LOOK_SHARE));
        self.last_end.map_or(Duration::ZERO, |end| pause.saturating_sub(end.elapsed()))
    }

    pub fn done(&mut self, since: Instant) {
        self.cost = since.elapsed();
        self.last_end = Some(Instant::now());
    }
}

impl Clock {
    pub fn new(first_step: u64) -> Self {
        let now = Instant::now();
        let look = || Look { last_end: None, cost: Duration::ZERO };
        Self {
            running_since: Some(now),
            before: Duration::ZERO,
            first_step,
            last_checkpoint: now,
            last_report: now,
            shown_prediction: look(),
            held_out: look(),
            // Networks that know nothing yet are not worth asking.
            calibration: Look { last_end: Some(now), cost: Duration::ZERO },
            held_out_step: first_step,
        }
    }

    pub fn elapsed(&self) -> Duration {
        self.before + self.running_since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    pub fn pause(&mut self, pause: bool) {
        if pause {
            self.before = self.elapsed();
            self.running_since = None;
        } else if self.running_since.is_none() {
            self.running_since = Some(Instant::now());
        }
    }
}
