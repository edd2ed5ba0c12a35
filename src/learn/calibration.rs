//! How far the beliefs can be taken at their word: fitted and checked on labels that no step has learnt from (methods 5.4).

use serde::{Deserialize, Serialize};

use super::data::TrainCase;
use super::error::LearnError;
use super::predict::Predictor;
use crate::geometry::Voxel;
use crate::label::{Prediction, ProbabilityKind, Provenance, boundary_band};
use crate::metrics::{LogisticPair, Reliability, ReliabilityBin, Temperature, VoxelLogits, auroc};

/// Voxels around a surface that are judged: far away nearly everything is certain and right.
const BAND_VOXELS: f32 = 5.0;
/// Voxels taken from each reserved part, evenly spread: more would not make a temperature more certain.
const MOST_VOXELS: usize = 20_000;
/// Of a case that judges a finished run.
const MOST_OF_CASE: usize = 200_000;

/// What the reserved labels say of a run's beliefs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    pub step: u64,
    /// Reserved voxels it rests on.
    pub voxels: usize,
    /// Of the mean of both networks: what their logits are divided by.
    pub temperature: f64,
    /// The probability that is displayed: of those below the one with the smallest ECE.
    pub shown: ProbabilityKind,
    pub checks: Vec<Check>,
    /// How well each sign of doubt finds wrong voxels here.
    pub signs: Vec<Sign>,
    /// Wrong or right from dual confidence and the neural process together, fitted here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair: Option<LogisticPair>,
}

/// What a probability of 0 would cost is finite.
const LEAST_PROBABILITY: f64 = 1e-12;

impl Calibration {
    /// How surprised the networks' mean and the neural process are by the truth, as columns of a run's metrics.
    pub fn surprises(&self) -> impl Iterator<Item = (&'static str, f32)> {
        self.checks.iter().filter_map(|check| {
            let name = match check.kind {
                ProbabilityKind::Mean => "reserved_nll",
                ProbabilityKind::NeuralProcess => "reserved_np_nll",
                ProbabilityKind::Scaled => return None,
            };
            // A curve for eyes.
            Some((name, check.truth_nll as f32))
        })
    }
}

/// One kind of probability of the displayed class on the reserved voxels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    pub kind: ProbabilityKind,
    pub ece: f64,
    pub brier: f64,
    /// Mean of `-ln` of what was said about the displayed label being right.
    pub nll: f64,
    /// Mean of `-ln` of what the true class was given; 0 in files of older programs.
    #[serde(default)]
    pub truth_nll: f64,
    pub bins: Vec<ReliabilityBin>,
}

/// AUROC of "this voxel is wrong".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sign {
    pub name: String,
    pub auroc: f64,
}

/// Beliefs about voxels whose truth is known, in the order of the predictor's maps.
#[derive(Clone, Debug, Default)]
pub struct JudgedVoxels {
    classes: usize,
    has_np: bool,
    rows: Vec<Vec<f32>>,
    /// True class channel of each row.
    truth: Vec<u8>,
    /// Number of the volume each row is of.
    volume: Vec<usize>,
}

/// What is fitted on some of the voxels.
struct Fit {
    temperature: Temperature,
    pair: Option<LogisticPair>,
}

impl JudgedVoxels {
    /// The reserved voxels near the true surfaces; false positives far from any of them are not among them. `None` if
    /// interrupted.
    pub fn reserved(
        cases: &[TrainCase],
        predictor: &Predictor,
        interrupted: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Self>, LearnError> {
        let mut all = Self::new(predictor);
        for case in cases.iter().filter(|c| !c.held_out && c.reserved().is_some()) {
            let band = boundary_band(&[case.labels().class()], case.image.extent(), BAND_VOXELS);
            let near: Vec<(Voxel, u8)> = case.reserved_voxels().filter(|(v, _)| band.at(*v)).collect();
            let kept = near.iter().copied().step_by(near.len().div_ceil(MOST_VOXELS).max(1)).collect();
            if !all.add(case, kept, predictor, interrupted)? {
                return Ok(None);
            }
        }
        Ok(Some(all))
    }

    /// All drawn or imported voxels of a case near the true and the predicted surfaces, and the prediction. The case's labels are the
    /// truth; nothing is learnt from them. `None` if interrupted.
    pub fn of_truth(
        case: &TrainCase,
        predictor: &Predictor,
        interrupted: &mut dyn FnMut() -> bool,
    ) -> Result<Option<(Self, Prediction)>, LearnError> {
        let provenance = Provenance { case: case.id.clone(), label_revision: 0, model: String::new(), step: 0 };
        let Some(prediction) = predictor.predict(&predictor.subject_without_labels(case), provenance, interrupted)?
        else {
            return Ok(None);
        };
        let extent = case.image.extent();
        let band = boundary_band(&[case.labels().class(), &prediction.class], extent, BAND_VOXELS);
        let known = |v: &Voxel| band.at(*v) && case.labels().value(*v).origin.is_gold();
        let near: Vec<(Voxel, u8)> =
            extent.full_box().voxels().filter(known).map(|v| (v, case.labels().value(v).class)).collect();
        let near = near.iter().copied().step_by(near.len().div_ceil(MOST_OF_CASE).max(1)).collect();
        let mut voxels = Self::new(predictor);
        Ok(voxels.add(case, near, predictor, interrupted)?.then_some((voxels, prediction)))
    }

    /// The voxels of several cases together.
    pub fn pooled(all: Vec<Self>) -> Self {
        let mut all = all.into_iter();
        let first = all.next().unwrap_or_default();
        all.fold(first, |mut sum, next| {
            let volumes = sum.volumes();
            sum.rows.extend(next.rows);
            sum.truth.extend(next.truth);
            sum.volume.extend(next.volume.into_iter().map(|volume| volumes + volume));
            sum
        })
    }

    fn new(predictor: &Predictor) -> Self {
        let reading = predictor.reading();
        Self { classes: reading.classes, has_np: reading.has_np, ..Self::default() }
    }

    /// False if interrupted.
    fn add(
        &mut self,
        case: &TrainCase,
        known: Vec<(Voxel, u8)>,
        predictor: &Predictor,
        interrupted: &mut dyn FnMut() -> bool,
    ) -> Result<bool, LearnError> {
        let voxels: Vec<Voxel> = known.iter().map(|(v, _)| *v).collect();
        let subject = predictor.subject_without_labels(case);
        let Some(rows) = predictor.beliefs_at(&subject, &voxels, interrupted)? else { return Ok(false) };
        let volume = self.volumes();
        for (row, (_, class)) in rows.into_iter().zip(known) {
            if let Some(channel) = predictor.channel_of(class)
                && !row.is_empty()
                && row.iter().all(|p| p.is_finite())
            {
                self.rows.push(row);
                self.truth.push(channel);
                self.volume.push(volume);
            }
        }
        Ok(true)
    }

    fn volumes(&self) -> usize {
        self.volume.last().map_or(0, |last| last + 1)
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn network(&self, row: usize, network: usize) -> &[f32] {
        &self.rows[row][network * self.classes..(network + 1) * self.classes]
    }

    /// Channel of the displayed class.
    fn shown(&self, row: usize) -> usize {
        let sum = |k: usize| self.network(row, 0)[k] + self.network(row, 1)[k];
        // Of equal classes the first, as in the planes.
        (1..self.classes).fold(0, |best, k| if sum(k) > sum(best) { k } else { best })
    }

    fn is_wrong(&self, row: usize) -> bool {
        self.shown(row) != usize::from(self.truth[row])
    }

    fn np_probability(&self, row: usize) -> Option<f32> {
        self.has_np.then(|| self.rows[row][2 * self.classes + self.shown(row)])
    }

    fn dual_confidence(&self, row: usize) -> f32 {
        let [a, b] = [self.network(row, 0), self.network(row, 1)];
        let best = |p: &[f32]| (1..p.len()).fold(0, |best, k| if p[k] > p[best] { k } else { best });
        let (of_a, of_b) = (best(a), best(b));
        (a[of_a] * b[of_a] + a[of_b] * b[of_b]) / 2.0
    }

    /// Logarithms of both networks' probabilities, class fastest.
    fn logits(&self) -> [Vec<f32>; 2] {
        [0, 1].map(|n| (0..self.len()).flat_map(|row| self.network(row, n).iter().map(|p| p.max(1e-12).ln())).collect())
    }

    /// Signs of doubt by name, larger where there is more.
    fn signs(&self) -> Vec<(&'static str, Vec<f32>)> {
        let all = |f: &dyn Fn(usize) -> f32| -> Vec<f32> { (0..self.len()).map(f).collect() };
        let entropy = |row: usize| -> f32 {
            let p = |k: usize| (self.network(row, 0)[k] + self.network(row, 1)[k]) / 2.0;
            (0..self.classes).map(|k| -p(k) * (p(k) + 1e-10).ln()).sum()
        };
        // KL(p_B || p_A), probabilities not below 1e-6 (methods 0).
        let discrepancy = |row: usize| -> f32 {
            let pairs = self.network(row, 1).iter().zip(self.network(row, 0));
            pairs.map(|(b, a)| b.max(1e-6) * (b.max(1e-6) / a.max(1e-6)).ln()).sum()
        };
        let mut signs = vec![
            ("entropy", all(&entropy)),
            ("dual_confidence", all(&|row| -self.dual_confidence(row))),
            ("discrepancy", all(&discrepancy)),
        ];
        if self.has_np {
            let sd = |row: usize| self.rows[row][3 * self.classes + self.shown(row)];
            let information = |row: usize| self.rows[row][4 * self.classes];
            signs.push(("np_probability", all(&|row| -self.np_probability(row).unwrap_or(0.0))));
            signs.push(("np_std", all(&sd)));
            signs.push(("np_information", all(&information)));
        }
        signs
    }

    fn pair_features(&self) -> Option<Vec<[f32; 2]>> {
        (0..self.len()).map(|row| Some([self.dual_confidence(row), self.np_probability(row)?].map(log_odds))).collect()
    }

    fn wrong(&self) -> Vec<bool> {
        (0..self.len()).map(|row| self.is_wrong(row)).collect()
    }

    /// `probability` of a class in a row.
    fn check(&self, kind: ProbabilityKind, probability: impl Fn(usize, usize) -> f64) -> Option<Check> {
        let (mut reliability, mut truth_nll) = (Reliability::default(), 0.0);
        for row in 0..self.len() {
            reliability.record(probability(row, self.shown(row)), !self.is_wrong(row));
            truth_nll -= probability(row, usize::from(self.truth[row])).max(LEAST_PROBABILITY).ln();
        }
        Some(Check {
            truth_nll: truth_nll / self.len() as f64,
            kind,
            ece: reliability.ece()?,
            brier: reliability.brier()?,
            nll: reliability.nll()?,
            bins: reliability.bins(),
        })
    }

    /// Fits on these voxels; `None` without any. Where they are of several volumes, each is judged by what was fitted on the
    /// others: a temperature looks good on the voxels it was fitted to.
    pub fn fitted(&self, step: u64) -> Option<Calibration> {
        let [a, b] = self.logits();
        let all = self.fit([&a, &b], |_| true);
        let volumes = if self.volumes() > 1 { self.volumes() } else { 0 };
        let without: Vec<Fit> = (0..volumes).map(|one| self.fit([&a, &b], |volume| volume != one)).collect();
        self.judged_by(step, &all, |row| without.get(self.volume[row]).unwrap_or(&all), [&a, &b])
    }

    fn fit(&self, networks: [&[f32]; 2], takes: impl Fn(usize) -> bool) -> Fit {
        let taken: Vec<bool> = self.volume.iter().map(|&volume| takes(volume)).collect();
        let weights: Vec<f32> = taken.iter().map(|&taken| f32::from(u8::from(taken))).collect();
        let logits =
            VoxelLogits { networks, classes: self.classes, truth: &self.truth, weights: Some(weights.as_slice()) };
        let rows = |row: &usize| taken[*row];
        let pair = self.pair_features().and_then(|features| {
            let features: Vec<[f32; 2]> = (0..self.len()).filter(rows).map(|row| features[row]).collect();
            let wrong: Vec<bool> = (0..self.len()).filter(rows).map(|row| self.is_wrong(row)).collect();
            LogisticPair::fit(&features, &wrong)
        });
        Fit { temperature: Temperature::fit(&logits), pair }
    }

    /// What a calibration that was fitted elsewhere is worth on these voxels.
    pub fn checked(&self, fitted: &Calibration) -> Option<Calibration> {
        let [a, b] = self.logits();
        let fit = Fit { temperature: Temperature::new(fitted.temperature), pair: fitted.pair.clone() };
        let judged = self.judged_by(fitted.step, &fit, |_| &fit, [&a, &b])?;
        Some(Calibration { shown: fitted.shown, ..judged })
    }

    /// `kept` is what the predictions use, `of_row` what a row is judged by.
    fn judged_by<'a>(
        &self,
        step: u64,
        kept: &'a Fit,
        of_row: impl Fn(usize) -> &'a Fit,
        logits: [&[f32]; 2],
    ) -> Option<Calibration> {
        let mean = |row: usize, k: usize| f64::from(self.network(row, 0)[k] + self.network(row, 1)[k]) / 2.0;
        let scaled = |row: usize, k: usize| {
            let own = logits.map(|all| &all[row * self.classes..(row + 1) * self.classes]);
            of_row(row).temperature.probability(own, k)
        };
        let mut checks = vec![self.check(ProbabilityKind::Mean, mean)?];
        checks.extend(self.check(ProbabilityKind::Scaled, scaled));
        if self.has_np {
            let np = |row: usize, k: usize| f64::from(self.rows[row][2 * self.classes + k]);
            checks.extend(self.check(ProbabilityKind::NeuralProcess, np));
        }
        let shown = checks.iter().min_by(|a, b| a.ece.total_cmp(&b.ece))?.kind;
        let wrong = self.wrong();
        let mut signs = self.signs();
        if let Some(features) = self.pair_features() {
            let score = |(row, f): (usize, &[f32; 2])| of_row(row).pair.as_ref().map(|pair| pair.score(f));
            let scores: Option<Vec<f32>> = features.iter().enumerate().map(score).collect();
            signs.extend(scores.map(|scores| ("pair", scores)));
        }
        let signs = signs
            .into_iter()
            .filter_map(|(name, values)| Some(Sign { name: name.to_owned(), auroc: auroc(&values, &wrong)? }))
            .collect();
        let (temperature, pair) = (kept.temperature.value(), kept.pair.clone());
        Some(Calibration { step, voxels: self.len(), temperature, shown, checks, signs, pair })
    }
}

/// `ln(p / (1 - p))`, finite.
fn log_odds(p: f32) -> f32 {
    let p = p.clamp(1e-4, 1.0 - 1e-4);
    (p / (1.0 - p)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two classes, with a neural process. Overconfident networks: they say 0.99 and are right in 3 of 4.
    fn overconfident() -> JudgedVoxels {
        let row = |np: f32| vec![0.01, 0.99, 0.01, 0.99, 1.0 - np, np, 0.0, 0.02, 0.01];
        let mut voxels = JudgedVoxels { classes: 2, has_np: true, ..JudgedVoxels::default() };
        for i in 0..400 {
            let is_wrong = i % 4 == 0;
            voxels.rows.push(row(if is_wrong { 0.6 } else { 0.8 }));
            voxels.truth.push(u8::from(!is_wrong));
            voxels.volume.push(0);
        }
        voxels
    }

    #[test]
    fn a_volume_is_judged_by_the_temperature_of_the_others() {
        // The networks are right in 3 of 4 voxels of one volume and in all of the other: each one's temperature is wrong for
        // the other, and only the one that is kept fits both.
        let mut honest = overconfident();
        honest.truth.fill(1);
        let both = JudgedVoxels::pooled(vec![overconfident(), honest.clone()]);
        let alone = overconfident().fitted(1).unwrap();
        let c = both.fitted(1).unwrap();
        let ece = |c: &Calibration| c.checks.iter().find(|k| k.kind == ProbabilityKind::Scaled).unwrap().ece;
        assert!(ece(&alone) < 0.01 && ece(&c) > 0.1, "{} {}", ece(&alone), ece(&c));
        assert!((1.0..alone.temperature).contains(&c.temperature), "{}", c.temperature);
    }

    #[test]
    fn the_temperature_makes_overconfident_networks_honest_and_the_best_probability_is_shown() {
        let c = overconfident().fitted(7).unwrap();
        assert_eq!((c.step, c.voxels), (7, 400));
        assert!(c.temperature > 3.0, "{}", c.temperature);
        let ece = |kind| c.checks.iter().find(|check| check.kind == kind).unwrap().ece;
        assert!((ece(ProbabilityKind::Mean) - 0.24).abs() < 1e-3);
        let surprise: Vec<_> = c.surprises().collect();
        let mean = -(0.25 * 0.01f64.ln() + 0.75 * 0.99f64.ln());
        assert!(surprise[0].0 == "reserved_nll" && (f64::from(surprise[0].1) - mean).abs() < 1e-3, "{surprise:?}");
        let np = -(0.25 * 0.4f64.ln() + 0.75 * 0.8f64.ln());
        assert!(surprise[1].0 == "reserved_np_nll" && (f64::from(surprise[1].1) - np).abs() < 1e-3, "{surprise:?}");
        assert!(ece(ProbabilityKind::Scaled) < 0.01 && c.shown == ProbabilityKind::Scaled);
    }

    #[test]
    fn a_sign_that_is_the_same_everywhere_finds_nothing_and_one_that_knows_finds_all() {
        let c = overconfident().fitted(7).unwrap();
        let auroc = |name: &str| c.signs.iter().find(|s| s.name == name).unwrap().auroc;
        assert_eq!((auroc("dual_confidence"), auroc("np_probability"), auroc("pair")), (0.5, 1.0, 1.0));
    }

    #[test]
    fn without_voxels_there_is_no_calibration() {
        assert!(JudgedVoxels { classes: 2, ..JudgedVoxels::default() }.fitted(1).is_none());
    }
}
