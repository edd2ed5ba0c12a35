use super::review::disputed;
use super::*;
use crate::geometry::Voxel;
use crate::label::Origin;
use crate::project::{Decision, KnownAnswer};
use crate::worker::look_for_questions;

/// The prediction of `disputed` is right in its far block and wrong in its near one.
fn gold() -> LabelMap {
    LabelMap::imported(Grid::from_fn(extent(), |v: Voxel| if v.x >= 9 && v.y < 4 && v.z < 4 { 2 } else { 0 }))
}

/// Cases a, b, c, and the held-out case h, which is labelled and predicted.
fn with_held_out(known_answers: Vec<KnownAnswer>) -> Workspace {
    let mut summary = ProjectSummary { known_answers, ..summary(&["a", "b", "c", "h"]) };
    let last = &mut summary.cases[3];
    (last.mark.held_out, last.known_share, last.has_prediction) = (true, Some(1.0), true);
    let mut ws = Workspace::new();
    opened(&mut ws, summary);
    read(&mut ws, "a");
    ws
}

fn switch(ws: &mut Workspace, asks_known: bool) {
    let mut preferences = ws.preferences().clone();
    preferences.settings.asks_known = asks_known;
    apply(ws, Action::App(AppAction::SetPreferences(Box::new(preferences))));
}

/// The next suggested case; one of the ordinary cases is read if it must be.
fn suggest(ws: &mut Workspace) -> Vec<Effect> {
    let effects = apply(ws, Action::Case(CaseAction::NextSuggested));
    loads(&effects).into_iter().filter(|id| *id != "h").for_each(|id| drop(read(ws, id)));
    effects
}

fn shown(ws: &Workspace) -> &str {
    ws.shown_id().unwrap().as_str()
}

/// What the review thread answers.
fn seek(ws: &mut Workspace) -> Vec<Effect> {
    let effects = tick(ws, 10);
    let [Effect::SeekQuestions(job)] = effects.as_slice() else { panic!("{effects:?}") };
    absorb(ws, Event::KnownQuestions(look_for_questions(job).unwrap()))
}

/// Case h is opened for a question; it was to be case c.
fn opened_for_question(labels: LabelMap, known_answers: Vec<KnownAnswer>) -> Workspace {
    let mut ws = with_held_out(known_answers);
    switch(&mut ws, true);
    let ordinary: Vec<String> = (0..4)
        .map(|_| {
            suggest(&mut ws);
            shown(&ws).to_owned()
        })
        .collect();
    assert_eq!(ordinary, ["b", "c", "a", "b"]);
    assert_eq!(loads(&suggest(&mut ws)), ["h"]);
    let case = LoadedCase { labels, prediction: Some(disputed("h", 7)), ..loaded("h") };
    io(&mut ws, IoEvent::CaseLoaded(Box::new(case)));
    ws
}

fn asked(known_answers: Vec<KnownAnswer>) -> Workspace {
    let mut ws = opened_for_question(gold(), known_answers);
    let effects = seek(&mut ws);
    assert!(notices(&effects)[0].starts_with("Known question: its labels are hidden"));
    ws
}

fn answer(ws: &mut Workspace, decision: Decision) -> Vec<Effect> {
    let action = match decision {
        Decision::Accept => ReviewAction::Accept { trusted_only: false },
        Decision::Reject => ReviewAction::Reject,
    };
    apply(ws, Action::Review(action))
}

fn earlier(case: &str, given: Decision, right: Decision) -> KnownAnswer {
    KnownAnswer { case: case.into(), place: [0; 3], model: RUN.into(), step: 1, agreement: 0.0, given, right }
}

fn kept(effects: &[Effect]) -> Vec<&KnownAnswer> {
    let answers = io_commands(effects).filter_map(|c| match c {
        IoCommand::KeepKnownAnswer(answer) => Some(answer),
        _ => None,
    });
    answers.collect()
}

fn changes_labels(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Io(IoCommand::AppendJournal { .. } | IoCommand::SaveLabels { .. } | IoCommand::SaveReview { .. })
            | Effect::Trainer(TrainerCommand::Label { .. } | TrainerCommand::Reject { .. })
    )
}

#[test]
fn nothing_is_asked_unless_it_is_wanted() {
    let mut ws = with_held_out(Vec::new());
    for _ in 0..12 {
        suggest(&mut ws);
        assert!(shown(&ws) != "h" && ws.known_questions().open().is_none());
    }
}

#[test]
fn the_labels_of_a_known_question_are_not_seen_until_it_is_answered() {
    let mut ws = opened_for_question(gold(), Vec::new());
    let sees_labels = |ws: &Workspace| {
        let case = ws.case().unwrap();
        let seen = [case.labels().known_count(), case.shown_labels().known_count(), case.shared_labels().known_count()];
        assert!(seen.iter().all(|known| *known == seen[0]) && case.hides_labels() == (seen[0] == 0));
        seen[0] > 0
    };
    assert!(!sees_labels(&ws), "also before there is anything to ask");
    seek(&mut ws);
    assert!(!sees_labels(&ws));
    // Another prediction must not change what is asked about.
    io(&mut ws, IoEvent::PredictionLoaded { case: "h".into(), prediction: Some(disputed("h", 9)) });
    assert_eq!(ws.case().unwrap().prediction.as_ref().unwrap().provenance.step, 7);
    let effects = answer(&mut ws, Decision::Reject);
    assert!(sees_labels(&ws));
    assert!(io_commands(&effects).any(|c| matches!(c, IoCommand::LoadPrediction(case) if case.as_str() == "h")));
}

#[test]
fn answers_are_right_or_wrong_in_both_directions_and_change_no_label() {
    use Decision::*;
    // As many are to be rejected as to be accepted, beginning with the former.
    let before = |right| if right == Accept { vec![earlier("b", Reject, Reject)] } else { Vec::new() };
    for (given, right) in [(Accept, Accept), (Accept, Reject), (Reject, Accept), (Reject, Reject)] {
        let mut ws = asked(before(right));
        let (agreed, answers) = ws.known_questions().agreed();
        let effects = answer(&mut ws, given);
        let [answer_kept] = kept(&effects)[..] else { panic!("{effects:?}") };
        assert_eq!((answer_kept.given, answer_kept.right, answer_kept.case.as_str()), (given, right, "h"));
        assert_eq!(answer_kept.agreement, if right == Accept { 1.0 } else { 0.0 });
        assert_eq!(ws.known_questions().agreed(), (agreed + usize::from(given == right), answers + 1));
        let says_right = notices(&effects)[0].starts_with("Right: ");
        assert_eq!(says_right, given == right, "{:?}", notices(&effects));
        assert!(!effects.iter().any(changes_labels));
        let case = ws.case().unwrap();
        assert_eq!((&*case.labels, case.review.rejections().is_empty()), (&gold(), true));

        // The same key once more goes on, and changes nothing either.
        assert!(!answer(&mut ws, given).iter().any(changes_labels));
        assert_eq!((shown(&ws), ws.known_questions().open().is_none()), ("c", true));
        assert_eq!(ws.known_questions().agreed().1, answers + 1);
    }
}

#[test]
fn nothing_can_be_labelled_or_compared_while_a_question_is_open() {
    let mut ws = asked(Vec::new());
    let position = [1.0, 7.0, 1.0];
    let actions: Vec<Action> = vec![
        EditAction::StrokeBegin { view: Plane::Axial, position, inverted: false }.into(),
        EditAction::CompleteCase.into(),
        EditAction::Undo.into(),
        PseudoAction::AcceptCase.into(),
        PseudoAction::AcceptSlice(Plane::Axial).into(),
        PseudoAction::AcceptComponent(Voxel::new(1, 7, 1)).into(),
        CompareAction::With(ComparedWith::PseudoLabels).into(),
    ];
    for action in actions {
        let effects = apply(&mut ws, action.clone());
        assert_eq!(notices(&effects).len(), 1, "{action:?} is refused with a sentence");
        assert!(!effects.iter().any(changes_labels), "{action:?}");
        let case = ws.case().unwrap();
        assert!(*case.labels == gold() && ws.comparison().is_none() && case.hides_labels(), "{action:?}");
    }
    edit(&mut ws, EditAction::StrokeMove { position: [3.0, 7.0, 1.0] });
    edit(&mut ws, EditAction::StrokeEnd);
    assert!(*ws.case().unwrap().labels == gold());
}

#[test]
fn a_question_that_is_left_is_not_counted_and_the_suggested_case_comes() {
    let ways: [(Action, &str); 3] = [
        (Action::Review(ReviewAction::Next), "c"),
        (Action::Case(CaseAction::NextSuggested), "c"),
        (Action::Case(CaseAction::Show("a".into())), "a"),
    ];
    for (way, leads_to) in ways {
        let mut ws = asked(Vec::new());
        let effects = apply(&mut ws, way);
        assert_eq!((shown(&ws), kept(&effects).len(), ws.known_questions().agreed()), (leads_to, 0, (0, 0)));
        apply(&mut ws, Action::Case(CaseAction::Show("h".into())));
        assert_eq!(*ws.case().unwrap().labels(), gold(), "its labels can be seen again");
        paint(&mut ws);
        assert_ne!(*ws.case().unwrap().labels, gold(), "and it can be edited again");
    }
}

#[test]
fn a_held_out_case_with_too_few_known_voxels_is_not_asked_about_until_its_pseudo_label_is_another() {
    // One slice far from both blocks.
    let origin = Grid::from_fn(extent(), |v: Voxel| if v.z == 7 { Origin::Manual } else { Origin::Unknown });
    let labels = LabelMap::from_planes(Grid::filled(extent(), 0), origin).unwrap();
    let mut ws = opened_for_question(labels, Vec::new());
    seek(&mut ws);
    assert_eq!((shown(&ws), ws.known_questions().open().is_none()), ("c", true));
    for _ in 0..7 {
        suggest(&mut ws);
        assert_ne!(shown(&ws), "h");
    }
    paint(&mut ws);
    start_training(&mut ws);
    trainer(&mut ws, TrainerEvent::PredictionSaved { case: "h".into(), step: 8, done: 1, total: 1 });
    suggest(&mut ws);
    assert_eq!(shown(&ws), "h");
}

#[test]
fn a_case_that_cannot_be_read_gives_way_to_the_suggested_one() {
    let mut ws = with_held_out(Vec::new());
    switch(&mut ws, true);
    (0..5).for_each(|_| drop(suggest(&mut ws)));
    assert!(tick(&mut ws, 5).is_empty(), "it is being read");
    io(&mut ws, IoEvent::CaseFailed { case: "h".into(), sentence: "The file is damaged.".into() });
    tick(&mut ws, 6);
    assert_eq!((shown(&ws), ws.known_questions().open().is_none()), ("c", true));
}

#[test]
fn late_findings_ask_nothing() {
    let mut ws = opened_for_question(gold(), Vec::new());
    let effects = tick(&mut ws, 10);
    let [Effect::SeekQuestions(job)] = effects.as_slice() else { panic!("{effects:?}") };
    let found = look_for_questions(job).unwrap();
    apply(&mut ws, Action::Review(ReviewAction::Next));
    assert!(absorb(&mut ws, Event::KnownQuestions(found)).is_empty());
    assert_eq!((shown(&ws), ws.known_questions().open().is_none()), ("c", true));
}

#[test]
fn what_was_asked_before_comes_after_what_was_not() {
    // The near block is to be rejected and its turn would be now, but it has been asked about.
    let near = KnownAnswer { place: [1, 7, 1], ..earlier("h", Decision::Reject, Decision::Reject) };
    let to_accept = earlier("b", Decision::Accept, Decision::Accept);
    let mut ws = asked(vec![near, to_accept]);
    let effects = answer(&mut ws, Decision::Accept);
    assert_eq!(kept(&effects)[0].right, Decision::Accept);
}

#[test]
fn accepting_whatever_is_shown_is_noticed_and_honest_errors_are_not() {
    use Decision::*;
    let wrong = || earlier("h", Accept, Reject);
    let right = || earlier("h", Reject, Reject);
    let timid = || earlier("h", Reject, Accept);
    let warned = |answers: Vec<KnownAnswer>| with_held_out(answers).known_questions().warning();
    assert_eq!(warned(vec![wrong(), wrong(), timid(), timid(), timid()]), None);
    let sentence = warned(vec![wrong(), right(), wrong(), wrong()]).unwrap();
    assert!(sentence.starts_with("3 of the last 4 known questions were accepted"), "{sentence}");
    let long_ago = [vec![wrong(), wrong(), wrong()], vec![right(); 10]].concat();
    assert_eq!(warned(long_ago), None);

    let mut ws = asked(vec![wrong(), wrong(), timid(), timid()]);
    assert_eq!(ws.known_questions().agreed(), (0, 4), "answers come with the study");
    let effects = answer(&mut ws, Accept);
    assert!(notices(&effects)[1].starts_with("3 of the last 5"), "{:?}", notices(&effects));
}

#[test]
fn a_run_predicts_the_case_that_will_be_asked_about_with_the_suggested_ones() {
    let mut ws = with_held_out(Vec::new());
    paint(&mut ws);
    apply(&mut ws, Action::Train(TrainAction::Toggle));
    let told = |effects: &[Effect]| {
        let told = trainer_commands(effects).find_map(|c| match c {
            TrainerCommand::Upcoming(cases) => Some(cases.iter().map(|case| case.as_str().to_owned()).collect()),
            _ => None,
        });
        told.unwrap_or_else(Vec::new)
    };
    assert_eq!(told(&trainer(&mut ws, TrainerEvent::State(TrainerState::Running))), ["b", "c"]);
    switch(&mut ws, true);
    assert_eq!(told(&trainer(&mut ws, TrainerEvent::State(TrainerState::Waiting))), ["b", "c", "h"]);
}
