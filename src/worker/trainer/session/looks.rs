//! What a run looks at beside its steps: the overlay of the shown case, the held-out cases, the labels kept for calibration.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use super::{Session, SessionError, Turn};
use crate::volume::CaseId;
use crate::worker::protocol::{TrainerCommand, TrainerEvent};
use crate::worker::trainer::Outlet;
use crate::worker::trainer::best::Best;
use crate::worker::trainer::ending::Ending;
use crate::worker::trainer::held_out::{HeldOut, held_out_dice};

/// The overlay of the shown case follows training this closely, unless predicting takes long.
const PREDICT_EVERY: Duration = Duration::from_secs(8);
/// Without a step to follow, the overlay follows the user's corrections this closely, unless predicting takes long.
const RECALIBRATE_EVERY: Duration = Duration::from_millis(300);
/// How far beliefs can be trusted changes slowly; at the end of a run it is asked in any case.
const CALIBRATE_EVERY: Duration = Duration::from_secs(60);
/// Steps between two points of the held-out curve, at least.
const HELD_OUT_STEPS: u64 = 50;
/// Cases of the held-out curve beside a window, where looks take time from the overlay. Headless all are measured.
const HELD_OUT_BESIDE_A_WINDOW: usize = 4;

impl Session {
    /// The overlay of the shown case and the held-out curve, when they are due.
    pub(super) fn look(&mut self, inbox: &Receiver<TrainerCommand>, outlet: &Outlet) -> Result<(), SessionError> {
        if self.shown.is_some() && self.clock.shown_prediction.is_due(PREDICT_EVERY) {
            self.refresh_shown(inbox, outlet)?;
        }
        if self.is_held_out_due() {
            self.measure_held_out(inbox, outlet)?;
        }
        if self.clock.calibration.is_due(CALIBRATE_EVERY) {
            self.calibrate(inbox, outlet)?;
        }
        Ok(())
    }

    /// After the steps that the plan names, or as often as the time allows.
    fn is_held_out_due(&self) -> bool {
        let steps = self.trainer.steps_done().saturating_sub(self.clock.held_out_step);
        match self.trainer.plan().evaluate_every {
            Some(every) => steps >= every,
            None => steps >= HELD_OUT_STEPS && self.clock.held_out.is_due(PREDICT_EVERY),
        }
    }

    /// Time until the shown overlay, which no longer fits its labels or its case, is to be made without a step; `None`
    /// while it fits.
    pub fn overlay_due_in(&self) -> Option<Duration> {
        self.is_overlay_stale.then(|| self.clock.shown_prediction.due_in(RECALIBRATE_EVERY))
    }

    /// False if there is nothing to show or a command interrupts.
    pub fn refresh_shown(&mut self, inbox: &Receiver<TrainerCommand>, outlet: &Outlet) -> Result<bool, SessionError> {
        let Some(shown) = self.shown.clone() else { return Ok(false) };
        let begin = Instant::now();
        let prediction = self.predict(&shown, inbox)?;
        // An interrupted one has taken its time too.
        self.clock.shown_prediction.done(begin);
        let is_done = prediction.is_some();
        self.is_overlay_stale &= !is_done;
        if let Some(prediction) = prediction {
            outlet.publish(Arc::new(prediction));
        }
        Ok(is_done)
    }

    /// False if there is nothing to measure or a command interrupts.
    fn measure_held_out(&mut self, inbox: &Receiver<TrainerCommand>, outlet: &Outlet) -> Result<bool, SessionError> {
        let begin = Instant::now();
        let predictor = self.trainer.predictor();
        let most = if self.host.frames.is_some() { HELD_OUT_BESIDE_A_WINDOW } else { usize::MAX };
        let Self { trainer, duty, crew, .. } = self;
        let measured = {
            let interrupted = &mut duty.interruption(inbox);
            let classes = &trainer.plan().classes;
            crew.run(false, || held_out_dice(trainer.cases(), most, classes, &predictor, interrupted))?
        };
        let was_measured = measured.is_some();
        if let Some(measured) = measured {
            let cases = measured.cases();
            let HeldOut { dice, by_case } = measured;
            self.dice_held_out = Some(dice);
            if self.membership.measures_others(&cases) {
                outlet.send(TrainerEvent::HeldOutChanged);
            }
            if let Some(live) = &mut self.live {
                live.measured(by_case);
            }
            outlet.send(TrainerEvent::HeldOutDice { step: self.trainer.steps_done(), dice });
            self.keep_if_best(dice, cases, inbox, outlet)?;
        }
        self.clock.held_out.done(begin);
        self.clock.held_out_step = self.trainer.steps_done();
        Ok(was_measured)
    }

    /// Of equals the first stays.
    fn keep_if_best(
        &mut self,
        dice: f32,
        cases: Vec<CaseId>,
        inbox: &Receiver<TrainerCommand>,
        outlet: &Outlet,
    ) -> Result<(), SessionError> {
        if self.best.as_ref().is_some_and(|best| best.is_as_good_as(dice, &cases)) {
            return Ok(());
        }
        // Its own temperature: the one of a minute ago belongs to other weights.
        self.calibrate(inbox, outlet)?;
        let best = Best::save(&self.trainer, dice, cases, &self.run.dir)?;
        outlet.send(TrainerEvent::BestHeldOut { step: best.step, dice });
        self.best = Some(best);
        Ok(())
    }

    /// Asks the labels that are kept from training. Interrupted, the older answer stands and this is false.
    fn calibrate(&mut self, inbox: &Receiver<TrainerCommand>, outlet: &Outlet) -> Result<bool, SessionError> {
        let begin = Instant::now();
        let Self { trainer, duty, crew, .. } = self;
        let interrupted = &mut duty.interruption(inbox);
        let is_done = crew.run(false, || trainer.calibrate(interrupted))?;
        self.clock.calibration.done(begin);
        if let Some(calibration) = self.trainer.calibration().filter(|_| is_done).cloned() {
            self.run
                .write_calibration(&calibration)
                .map_err(|source| SessionError::RunFolder { run: self.run.name.clone(), source })?;
            outlet.send(TrainerEvent::Calibrated(Box::new(calibration)));
        }
        Ok(is_done)
    }

    /// The end of the held-out curve, which is measured after the last report.
    fn write_last_point(&self) -> Result<(), SessionError> {
        self.last_report.as_ref().map_or(Ok(()), |report| self.write_metrics(report))
    }

    /// One look of the end. A command that waits is heeded first, and an interrupted look is taken again.
    pub(super) fn end(
        &mut self,
        ending: Ending,
        inbox: &Receiver<TrainerCommand>,
        outlet: &Outlet,
    ) -> Result<Turn, SessionError> {
        let was_taken = match ending {
            Ending::Calibration => self.calibrate(inbox, outlet)?,
            Ending::HeldOut => self.measure_held_out(inbox, outlet)?,
            Ending::Overlay => self.refresh_shown(inbox, outlet)?,
            Ending::Upcoming => self.predict_upcoming(inbox, outlet)?,
            Ending::Known => self.measure_known(inbox)?,
            Ending::Round => true,
        };
        if !was_taken && !inbox.is_empty() {
            return Ok(Turn::GoOn);
        }
        match ending {
            // Once more, with the calibration.
            Ending::Calibration => self.checkpoint(outlet)?,
            Ending::HeldOut => self.write_last_point()?,
            Ending::Round => self.close_round(outlet)?,
            Ending::Overlay | Ending::Upcoming | Ending::Known => {}
        }
        self.ending = ending.next(self.live.is_some());
        if self.ending.is_some() {
            return Ok(Turn::GoOn);
        }
        if self.live.is_some() {
            return self.after_round(outlet);
        }
        self.training = false;
        self.report(outlet);
        Ok(Turn::Finished)
    }
}
