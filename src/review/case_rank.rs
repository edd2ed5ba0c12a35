//! Which case to review next, and why.

use serde::{Deserialize, Serialize};

use crate::review::CaseFigures;
use crate::volume::CaseId;

/// Weights of the terms of [`CaseFigures::score`]. Agreement and doubt near surfaces are the two signs that were checked
/// against errors; the others tell of rarer failures and only tip the balance.
const DICE_WEIGHT: f64 = 3.0;
const BAND_WEIGHT: f64 = 3.0;
const OTHER_WEIGHT: f64 = 1.0;
/// The fixed end of the scale of the neural process's spread.
const FULL_STD: f64 = 0.1;
/// Surplus components and nats of divergence at which these terms reach one half.
const HALF_COMPONENTS: f64 = 3.0;
const HALF_DIVERGENCE: f64 = 1.0;
/// A term below this is no reason.
const WORTH_SAYING: f64 = 0.15;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReviewState {
    #[default]
    New,
    InWork,
    Reviewed,
    Done,
    /// Put aside for another look.
    Flagged,
}

/// A case and what its newest prediction says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedCase {
    pub case: CaseId,
    pub state: ReviewState,
    /// `None` as long as nothing was predicted.
    pub figures: Option<CaseFigures>,
}

/// Cases by how much they need a review: those to be reviewed first, then the reviewed, then the done; within these by score,
/// cases without a prediction last, ties by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CaseRank {
    cases: Vec<RankedCase>,
}

/// One part of the score, 0..=1.
struct Term {
    weight: f64,
    size: f64,
    reason: String,
}

impl ReviewState {
    pub const ALL: [Self; 5] = [Self::New, Self::InWork, Self::Flagged, Self::Reviewed, Self::Done];

    /// Whether somebody should still look at it.
    pub fn needs_review(self) -> bool {
        matches!(self, Self::New | Self::InWork | Self::Flagged)
    }

    fn group(self) -> u8 {
        match self {
            Self::New | Self::InWork | Self::Flagged => 0,
            Self::Reviewed => 1,
            Self::Done => 2,
        }
    }
}

impl CaseFigures {
    /// How much the case needs a review, 0..=1: the weighted mean of the terms that are known.
    ///
    /// Weight 3 each: `1 - Dice` between the networks; doubtful share of the band. Weight 1 each: NP std / 0.1; volume
    /// difference as a share; `e / (e + 3)` of the `e` components beyond one per class; `d / (d + 1)` of the divergence `d`.
    pub fn score(&self) -> f64 {
        let (sum, weights) = self.terms().iter().fold((0.0, 0.0), |(s, w), t| (s + t.weight * t.size, w + t.weight));
        sum / weights
    }

    /// Short sentences, the weightiest first; one that says so if nothing stands out.
    pub fn reasons(&self) -> Vec<String> {
        let mut terms = self.terms();
        terms.retain(|t| t.size >= WORTH_SAYING);
        terms.sort_by(|a, b| (b.weight * b.size).total_cmp(&(a.weight * a.size)));
        if terms.is_empty() {
            return vec!["Nothing stands out.".into()];
        }
        terms.into_iter().map(|t| t.reason).collect()
    }

    fn terms(&self) -> Vec<Term> {
        let term = |weight: f64, size: f64, reason: String| Term { weight, size: size.clamp(0.0, 1.0), reason };
        let percent = |share: f64| 100.0 * share;
        let surplus = self.components.saturating_sub(self.classes);
        let extra = surplus as f64;
        let mut terms = vec![
            term(
                DICE_WEIGHT,
                1.0 - self.networks_dice,
                format!("The networks agree little: Dice {:.2}.", self.networks_dice),
            ),
            term(
                BAND_WEIGHT,
                self.doubtful_band_share,
                format!("Near the surfaces {:.0} % is doubtful.", percent(self.doubtful_band_share)),
            ),
            term(
                OTHER_WEIGHT,
                self.volume_difference_share,
                format!(
                    "The networks' volumes differ by {:.1} ml ({:.0} %).",
                    self.volume_difference_ml,
                    percent(self.volume_difference_share)
                ),
            ),
            term(
                OTHER_WEIGHT,
                extra / (extra + HALF_COMPONENTS),
                format!("It is in {} pieces, {surplus} more than classes.", self.components),
            ),
        ];
        if let Some(std) = self.np_std {
            let reason = format!("Likeness to your labels is unsettled: spread {std:.3}.");
            terms.push(term(OTHER_WEIGHT, std / FULL_STD, reason));
        }
        if let Some(divergence) = self.np_divergence {
            let d = divergence.max(0.0);
            let reason = format!("It is unlike the labelled cases: divergence {d:.2}.");
            terms.push(term(OTHER_WEIGHT, d / (d + HALF_DIVERGENCE), reason));
        }
        terms
    }
}

impl RankedCase {
    /// `None` as long as nothing was predicted.
    pub fn score(&self) -> Option<f64> {
        self.figures.as_ref().map(CaseFigures::score)
    }
}

impl CaseRank {
    pub fn new(mut cases: Vec<RankedCase>) -> Self {
        cases.sort_by(|a, b| {
            let score = |c: &RankedCase| c.score().unwrap_or(f64::NEG_INFINITY);
            let group = a.state.group().cmp(&b.state.group());
            group.then(score(b).total_cmp(&score(a))).then_with(|| a.case.cmp(&b.case))
        });
        Self { cases }
    }

    pub fn cases(&self) -> &[RankedCase] {
        &self.cases
    }

    /// Those in one state, in their order.
    pub fn in_state(&self, state: ReviewState) -> impl Iterator<Item = &RankedCase> {
        self.cases.iter().filter(move |c| c.state == state)
    }

    /// The case that needs a review most, other than the open one; as long as nothing was predicted, the next by name.
    pub fn next_suggested(&self, open: Option<&CaseId>) -> Option<&RankedCase> {
        let most = self.suggested(open).next();
        // Where nothing tells the cases apart, the first two would take turns for ever.
        most.filter(|case| case.figures.is_some()).or_else(|| self.next_unreviewed(open))
    }

    /// All that somebody should still look at, in their order, other than the open one.
    pub fn suggested(&self, open: Option<&CaseId>) -> impl Iterator<Item = &RankedCase> {
        self.cases.iter().filter(move |c| c.state.needs_review() && Some(&c.case) != open)
    }

    /// The next case by name after the open one that nobody has reviewed, from the beginning again after the last.
    pub fn next_unreviewed(&self, open: Option<&CaseId>) -> Option<&RankedCase> {
        let unreviewed = self.cases.iter().filter(|c| c.state.needs_review() && Some(&c.case) != open);
        unreviewed.min_by_key(|c| (open.is_some_and(|open| c.case <= *open), &c.case))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SURE: CaseFigures = CaseFigures {
        networks_dice: 1.0,
        doubtful_band_share: 0.0,
        np_std: Some(0.0),
        volume_difference_ml: 0.0,
        volume_difference_share: 0.0,
        components: 2,
        classes: 2,
        np_divergence: Some(0.0),
    };

    fn case(name: &str, state: ReviewState, figures: Option<CaseFigures>) -> RankedCase {
        RankedCase { case: CaseId::from(name), state, figures }
    }

    fn names(rank: &CaseRank) -> Vec<&str> {
        rank.cases().iter().map(|c| c.case.as_str()).collect()
    }

    #[test]
    fn each_figure_by_itself_raises_the_score_and_gives_its_reason() {
        assert_eq!((SURE.score(), SURE.reasons()), (0.0, vec!["Nothing stands out.".to_owned()]));
        let worse = [
            (CaseFigures { networks_dice: 0.5, ..SURE }, 3.0 * 0.5, "agree little"),
            (CaseFigures { doubtful_band_share: 0.5, ..SURE }, 3.0 * 0.5, "50 % is doubtful"),
            (CaseFigures { np_std: Some(0.05), ..SURE }, 0.5, "unsettled"),
            (CaseFigures { volume_difference_ml: 2.0, volume_difference_share: 0.5, ..SURE }, 0.5, "2.0 ml (50 %)"),
            (CaseFigures { components: 5, ..SURE }, 0.5, "5 pieces, 3 more"),
            (CaseFigures { np_divergence: Some(1.0), ..SURE }, 0.5, "divergence 1.00"),
        ];
        for (figures, weighted, words) in worse {
            assert!((figures.score() - weighted / 10.0).abs() < 1e-12, "{words}");
            let reasons = figures.reasons();
            assert!(reasons.len() == 1 && reasons[0].contains(words), "{reasons:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_left_out_of_the_mean() {
        let plain = CaseFigures { np_std: None, np_divergence: None, networks_dice: 0.5, ..SURE };
        assert!((plain.score() - 3.0 * 0.5 / 8.0).abs() < 1e-12);
    }

    #[test]
    fn the_weightiest_reason_comes_first_and_odd_numbers_stay_in_range() {
        let both = CaseFigures { np_std: Some(0.1), doubtful_band_share: 0.5, ..SURE };
        assert!(both.reasons()[0].contains("doubtful"));
        let odd = CaseFigures { np_std: Some(9.0), components: usize::MAX, np_divergence: Some(-3.0), ..SURE };
        assert!((0.0..=1.0).contains(&odd.score()));
    }

    #[test]
    fn cases_come_by_need_then_by_name_and_done_ones_last() {
        use ReviewState::*;
        let bad = Some(CaseFigures { networks_dice: 0.5, ..SURE });
        let rank = CaseRank::new(vec![
            case("done", Done, bad),
            case("b", New, Some(SURE)),
            case("a", InWork, Some(SURE)),
            case("new", New, None),
            case("reviewed", Reviewed, Some(SURE)),
            case("worst", Flagged, bad),
        ]);
        assert_eq!(names(&rank), ["worst", "a", "b", "new", "reviewed", "done"]);
        assert_eq!(rank.in_state(New).count(), 2);
        let suggested = |open: &str| rank.next_suggested(Some(&CaseId::from(open))).map(|c| c.case.as_str());
        assert_eq!((suggested("a"), suggested("worst")), (Some("worst"), Some("a")));
        let unreviewed = |open: &str| rank.next_unreviewed(Some(&CaseId::from(open))).map(|c| c.case.as_str());
        assert_eq!(
            (unreviewed("a"), unreviewed("reviewed"), unreviewed("worst")),
            (Some("b"), Some("worst"), Some("a"))
        );
        assert_eq!(CaseRank::default().next_suggested(None), None);
    }

    #[test]
    fn without_predictions_the_suggestion_goes_through_all_cases_by_name() {
        let rank = CaseRank::new(["a", "b", "c"].map(|name| case(name, ReviewState::New, None)).into());
        let suggested = |open: &str| rank.next_suggested(Some(&CaseId::from(open))).map(|c| c.case.as_str());
        assert_eq!([suggested("a"), suggested("b"), suggested("c")], [Some("b"), Some("c"), Some("a")]);
    }
}
