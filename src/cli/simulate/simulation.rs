//! A simulated review from the first slices to the end of the simulated time.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::SimulateError;
use super::case::{Answer, Question, SimulatedCase};
use super::live_run::LiveRun;
use super::reviewer::{Policy, Reviewer};
use super::time_model::{Effort, TimeModel};
use crate::label::ClassId;
use crate::learn::Trainer;

/// Cases of which slices are labelled before training begins.
pub const FIRST_CASES: usize = 3;

/// What is the same for all policies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Course {
    pub seconds: f64,
    pub refresh_seconds: f64,
    pub steps_per_second: f64,
    pub seed: u64,
    #[serde(flatten)]
    pub model: TimeModel,
}

/// How things stand after an answer or a new prediction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    pub seconds: f64,
    /// Mean over all cases of the mean over the classes, of what would be exported.
    pub dice: f64,
    /// The same over the cases of which nobody has labelled anything: of the pseudo-labels alone.
    pub untouched_dice: Option<f64>,
    pub steps: u64,
    #[serde(flatten)]
    pub effort: Effort,
    /// Regions and slices that were answered.
    pub regions: usize,
    /// Part of the seconds in which there was nothing to answer.
    pub waited_seconds: f64,
}

impl Point {
    /// The time at which it would stand with other seconds per deed.
    pub fn seconds_with(&self, model: &TimeModel) -> f64 {
        model.seconds(&self.effort) + self.waited_seconds
    }
}

pub struct Simulation<'a> {
    course: &'a Course,
    cases: Vec<SimulatedCase>,
    classes: Vec<ClassId>,
    /// Of each case, of what would be exported.
    dice: Vec<f64>,
    /// Place of the case that was answered last.
    at: Option<usize>,
    now: Point,
    points: Vec<Point>,
}

impl<'a> Simulation<'a> {
    /// `classes`: those that are scored.
    pub fn new(course: &'a Course, cases: Vec<SimulatedCase>, classes: Vec<ClassId>) -> Self {
        let now = Point {
            seconds: 0.0,
            dice: 0.0,
            untouched_dice: None,
            steps: 0,
            effort: Effort::default(),
            regions: 0,
            waited_seconds: 0.0,
        };
        let dice = cases.iter().map(|case| case.dice(&classes)).collect();
        Self { course, cases, classes, dice, at: None, now, points: Vec::new() }
    }

    pub fn cases(&self) -> &[SimulatedCase] {
        &self.cases
    }

    pub fn into_points(self) -> Vec<Point> {
        self.points
    }

    /// Draws the first slices of the first cases, which are spread over all of them.
    pub fn label_first_slices(&mut self) {
        let mut rng = self.rng();
        let count = self.cases.len();
        for nth in 0..FIRST_CASES.min(count) {
            let part = count * nth / FIRST_CASES..count * (nth + 1) / FIRST_CASES;
            let place = if part.is_empty() { nth } else { rng.random_range(part) };
            for slice in self.cases[place].first_slices() {
                let answer = self.look(place, Question::Slice(slice));
                self.take_time(&answer);
                self.cases[place].write(answer);
                self.answered(place);
            }
        }
    }

    /// The same for everything that is drawn by lot, whatever the policy.
    fn rng(&self) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(self.course.seed)
    }

    /// Reviews until the time is over; `trainer` has the labels as they are now. `tell` gets every new prediction.
    pub fn review(&mut self, policy: Policy, trainer: Trainer, tell: impl Fn(&Point)) -> Result<(), SimulateError> {
        let mut run = LiveRun::new(trainer, self.course.steps_per_second, self.now.seconds);
        let mut reviewer = Reviewer::new(policy, self.rng());
        let mut refresh = self.now.seconds + self.course.refresh_seconds;
        // Whatever the policy, the first prediction is worth waiting for: to correct is cheaper than to draw.
        while self.now.seconds < self.course.seconds {
            let is_predicted = self.cases.iter().any(|case| case.figures().is_some());
            let next = if is_predicted { reviewer.next(&mut self.cases) } else { None };
            match next {
                Some((place, question)) => {
                    let answer = self.look(place, question);
                    if !self.take_time(&answer) {
                        break;
                    }
                    run.advance_to(self.now.seconds)?;
                    self.write(place, answer, &mut run);
                }
                None => {
                    self.wait_until(refresh.min(self.course.seconds));
                    run.advance_to(self.now.seconds)?;
                }
            }
            if self.now.seconds >= refresh {
                self.refresh(&mut run)?;
                tell(&self.now);
                refresh = self.now.seconds + self.course.refresh_seconds;
            }
        }
        Ok(())
    }

    /// What is to be done about a question, with the way to its case.
    fn look(&self, place: usize, question: Question) -> Answer {
        let mut answer = self.cases[place].answer(question);
        answer.effort.navigations += usize::from(self.at != Some(place));
        answer
    }

    /// False, and no time passes, if it would last beyond the end.
    fn take_time(&mut self, answer: &Answer) -> bool {
        let mut effort = self.now.effort;
        effort += answer.effort;
        let after = Point { effort, ..self.now };
        let seconds = after.seconds_with(&self.course.model);
        let is_in_time = seconds <= self.course.seconds;
        if is_in_time {
            self.now = Point { seconds, regions: self.now.regions + 1, ..after };
        }
        is_in_time
    }

    fn wait_until(&mut self, seconds: f64) {
        self.now.waited_seconds += (seconds - self.now.seconds).max(0.0);
        self.now.seconds = self.now.seconds.max(seconds);
    }

    fn write(&mut self, place: usize, answer: Answer, run: &mut LiveRun) {
        let case = &mut self.cases[place];
        let delta = case.write(answer);
        if let Some(delta) = delta {
            run.edit(&case.id, &delta, case.labels().revision(), self.now.seconds);
        }
        run.reject(&case.id, case.rejections(), self.now.seconds);
        self.now.steps = run.steps_done();
        self.answered(place);
    }

    fn answered(&mut self, place: usize) {
        self.at = Some(place);
        self.dice[place] = self.cases[place].dice(&self.classes);
        self.note();
    }

    /// New predictions of all cases.
    fn refresh(&mut self, run: &mut LiveRun) -> Result<(), SimulateError> {
        for prediction in run.predict()? {
            let id = prediction.provenance.case.clone();
            if let Some(case) = self.cases.iter_mut().find(|case| case.id == id) {
                case.take_prediction(prediction)?;
            }
        }
        self.dice = self.cases.iter().map(|case| case.dice(&self.classes)).collect();
        self.now.steps = run.steps_done();
        self.note();
        Ok(())
    }

    fn note(&mut self) {
        let is_untouched = |place: &usize| self.cases[*place].labels().known_count() == 0;
        let untouched: Vec<f64> = (0..self.cases.len()).filter(is_untouched).map(|place| self.dice[place]).collect();
        self.now.dice = mean(&self.dice).unwrap_or(0.0);
        self.now.untouched_dice = mean(&untouched);
        self.points.push(self.now);
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
