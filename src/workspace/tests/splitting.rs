//! Two results beside each other in the views.

use super::*;
use crate::workspace::SplitSide::{Labels, Newest, Older};

const SWIPE: SplitAction = SplitAction::Show(Some(SplitForm::Swipe));
const SIDE_BY_SIDE: SplitAction = SplitAction::Show(Some(SplitForm::SideBySide));
const ONE: SplitAction = SplitAction::Show(None);

/// A study in training; the newest pseudo-labels of its first case are of step 10.
fn predicted() -> Workspace {
    let mut ws = study(&["a", "b"]);
    paint(&mut ws);
    start_training(&mut ws);
    absorb(&mut ws, Event::Prediction(prediction("a", RUN, 10, 1)));
    ws
}

fn split(ws: &mut Workspace, action: SplitAction) -> Vec<Effect> {
    apply(ws, Action::Split(action))
}

fn round(ws: &mut Workspace, action: RoundAction) -> Vec<Effect> {
    apply(ws, Action::Train(TrainAction::Round(action)))
}

/// Round 3 is looked at; what it says is of step 5.
fn look_at_round_3(ws: &mut Workspace) {
    round(ws, RoundAction::Compare(3));
    trainer(ws, TrainerEvent::OlderPrediction { round: 3, prediction: prediction("a", RUN, 5, 1) });
}

fn look(ws: &mut Workspace, action: ViewAction) {
    apply(ws, Action::View(action));
}

fn sides(ws: &Workspace) -> Option<[SplitSide; 2]> {
    ws.split().map(Split::sides)
}

/// Steps of the predictions that are drawn.
fn drawn(ws: &Workspace) -> [Option<u64>; 2] {
    ws.drawn_predictions().map(|prediction| prediction.map(|prediction| prediction.provenance.step))
}

fn uploads(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::UploadPrediction))
}

#[test]
fn labels_share_the_views_with_the_newest_pseudo_labels_until_there_is_one_picture_again() {
    let mut ws = predicted();
    assert!(uploads(&split(&mut ws, SWIPE)));
    assert_eq!((sides(&ws), drawn(&ws)), (Some([Labels, Newest]), [Some(10), None]));
    assert_eq!([Labels, Newest].map(|side| ws.caption_of(side)), ["Labels", "Newest"]);
    assert!(split(&mut ws, SplitAction::MoveDivider(0.2)).is_empty(), "nothing is uploaded for it");
    split(&mut ws, SplitAction::ChooseLeft(Newest));
    split(&mut ws, SIDE_BY_SIDE);
    let now = ws.split().unwrap();
    assert_eq!((now.form, now.sides(), now.divider()), (SplitForm::SideBySide, [Newest, Labels], 0.2));
    split(&mut ws, ONE);
    assert_eq!((ws.split(), drawn(&ws)), (None, [Some(10), None]));
    assert!(split(&mut ws, ONE).is_empty());
}

#[test]
fn an_older_round_is_shown_against_the_newest_and_leaves_the_card_with_its_side() {
    let mut ws = predicted();
    look_at_round_3(&mut ws);
    assert_eq!(drawn(&ws), [Some(5), None], "alone, in place of the newest");
    split(&mut ws, SWIPE);
    assert_eq!((sides(&ws), drawn(&ws)), (Some([Older, Newest]), [Some(10), Some(5)]));
    assert_eq!(ws.caption_of(Older), "Round 3");
    split(&mut ws, SplitAction::ChooseLeft(Labels));
    assert_eq!((sides(&ws), drawn(&ws)), (Some([Labels, Newest]), [Some(10), None]));
    split(&mut ws, SplitAction::ChooseRight(Older));
    assert_eq!((sides(&ws), drawn(&ws)), (Some([Labels, Older]), [Some(5), None]));
}

#[test]
fn what_is_not_there_is_not_compared() {
    let mut ws = study(&["a"]);
    let refused = split(&mut ws, SWIPE);
    assert!(notices(&refused)[0].contains("no pseudo-label") && ws.split().is_none());
    let mut ws = predicted();
    split(&mut ws, SWIPE);
    assert!(split(&mut ws, SplitAction::ChooseLeft(Older)).is_empty(), "no round is looked at");
    assert_eq!(sides(&ws), Some([Labels, Newest]));
    let said = split(&mut ws, SplitAction::ExplainUnseenLabels);
    assert!(notices(&said)[0].starts_with("No labels are shown here"));
}

#[test]
fn a_round_that_is_looked_at_takes_a_side_and_gives_it_back() {
    let mut ws = predicted();
    split(&mut ws, SWIPE);
    look_at_round_3(&mut ws);
    assert_eq!(sides(&ws), Some([Older, Newest]));
    round(&mut ws, RoundAction::Show(RoundView::Difference));
    assert_eq!((sides(&ws), ws.older().unwrap().view), (None, RoundView::Difference), "one picture was asked for");
    split(&mut ws, SWIPE);
    round(&mut ws, RoundAction::Close);
    assert!(ws.split().is_none() && ws.older().is_none());

    split(&mut ws, SWIPE);
    look_at_round_3(&mut ws);
    split(&mut ws, SplitAction::ChooseLeft(Labels));
    round(&mut ws, RoundAction::Restore(3));
    assert_eq!((sides(&ws), drawn(&ws)), (Some([Labels, Newest]), [Some(10), None]), "it had no side");
}

#[test]
fn nothing_is_accepted_while_a_side_shows_an_older_round() {
    for (form, right) in [(SWIPE, Newest), (SIDE_BY_SIDE, Newest), (SWIPE, Labels)] {
        let mut ws = predicted();
        look_at_round_3(&mut ws);
        split(&mut ws, form);
        split(&mut ws, SplitAction::ChooseRight(right));
        let known = labels(&ws).known_count();
        let refused = apply(&mut ws, Action::Pseudo(PseudoAction::AcceptCase));
        assert!(notices(&refused)[0].starts_with("An older round was shown"));
        assert_eq!((labels(&ws).known_count(), ws.split(), drawn(&ws)), (known, None, [Some(10), None]));
        apply(&mut ws, Action::Pseudo(PseudoAction::AcceptCase));
        assert!(labels(&ws).known_count() > known, "now they are seen");
    }
}

#[test]
fn the_newest_is_accepted_while_it_is_seen_beside_the_labels() {
    let mut ws = predicted();
    split(&mut ws, SWIPE);
    let known = labels(&ws).known_count();
    apply(&mut ws, Action::Pseudo(PseudoAction::AcceptCase));
    assert!(labels(&ws).known_count() > known && ws.split().is_some());
}

#[test]
fn both_sides_follow_the_case_and_end_with_the_project() {
    let mut ws = predicted();
    look_at_round_3(&mut ws);
    split(&mut ws, SIDE_BY_SIDE);
    absorb(&mut ws, Event::Prediction(prediction("a", RUN, 11, 1)));
    assert_eq!(drawn(&ws), [Some(11), Some(5)], "a newer one takes the place of the newest");

    apply(&mut ws, Action::Case(CaseAction::Show("b".into())));
    assert_eq!((sides(&ws), drawn(&ws)), (Some([Older, Newest]), [None, None]));
    read(&mut ws, "b");
    let captions = [Older, Newest].map(|side| ws.caption_of(side));
    assert_eq!(captions, ["Round 3: none yet", "Newest: none yet"]);
    trainer(&mut ws, TrainerEvent::OlderPrediction { round: 3, prediction: prediction("b", RUN, 6, 0) });
    assert_eq!(drawn(&ws), [None, Some(6)]);
    absorb(&mut ws, Event::Prediction(prediction("b", RUN, 12, 0)));
    assert_eq!(drawn(&ws), [Some(12), Some(6)]);

    opened(&mut ws, summary(&["a"]));
    assert!(ws.split().is_none() && ws.older().is_none());
}

#[test]
fn figures_are_those_of_the_side_under_the_pointer() {
    let mut ws = predicted();
    look_at_round_3(&mut ws);
    split(&mut ws, SIDE_BY_SIDE);
    let read = |ws: &mut Workspace, side| {
        look(ws, ViewAction::Hover(Some(Hover { view: Plane::Axial, position: [1.0; 3], side })));
        ws.displayed_prediction().unwrap().provenance.step
    };
    assert_eq!([Some(Older), Some(Newest), None].map(|side| read(&mut ws, side)), [5, 10, 10]);
    split(&mut ws, SplitAction::ChooseRight(Labels));
    assert_eq!([Some(Older), Some(Labels), None].map(|side| read(&mut ws, side)), [5, 5, 5]);
    split(&mut ws, SplitAction::ChooseLeft(Newest));
    assert_eq!(read(&mut ws, Some(Labels)), 10);
}

#[test]
fn halves_are_fitted_again_unless_somebody_has_looked_closer() {
    let mut ws = predicted();
    let fit = |ws: &mut Workspace, view, size| look(ws, ViewAction::Fit { view, size });
    for view in [Plane::Axial, Plane::Coronal] {
        fit(&mut ws, view, [300.0, 200.0]);
    }
    let closer = ViewAction::Zoom { view: Plane::Coronal, factor: 2.0, pointer: [9.0, 9.0], size: [300.0, 200.0] };
    look(&mut ws, closer);
    let fitted = |ws: &Workspace| [Plane::Axial, Plane::Coronal].map(|view| ws.case().unwrap().is_fitted(view));
    split(&mut ws, SWIPE);
    assert_eq!(fitted(&ws), [true, true], "as wide as before");
    split(&mut ws, SIDE_BY_SIDE);
    assert_eq!(fitted(&ws), [false, true]);
    fit(&mut ws, Plane::Axial, [150.0, 200.0]);
    split(&mut ws, ONE);
    assert_eq!(fitted(&ws), [false, true]);
}
