//! Operations, outlines, clicks by intensity and measurements: asked for, shown, made or given up.

use super::*;
use crate::edit::{BrushShape, BrushSize, IntensityRange, Operation, Proposal, propose};
use crate::geometry::Voxel;
use crate::view::HandleHit;
use crate::worker::protocol_labels::{LabelEvent, LabelJob, LabelWork};

fn outline(ws: &mut Workspace, action: OutlineAction) -> Vec<Effect> {
    edit(ws, EditAction::Outline(action))
}

fn press(ws: &mut Workspace, [x, y]: [f64; 2]) {
    outline(ws, OutlineAction::Press { view: Plane::Axial, position: [x, y, 4.0], inverted: false });
    outline(ws, OutlineAction::Release);
}

fn choose(ws: &mut Workspace, tool: Tool) {
    apply(ws, Action::Tool(ToolAction::Select(tool)));
}

fn job(effects: Vec<Effect>) -> LabelJob {
    let jobs = effects.into_iter().filter_map(|effect| match effect {
        Effect::Labels(job) => Some(job),
        _ => None,
    });
    jobs.last().unwrap()
}

/// Does what the thread does.
fn answer(ws: &mut Workspace, job: &LabelJob) -> Vec<Effect> {
    let proposal = match &job.work {
        LabelWork::Operation(request) => propose(&job.labels, Some(&job.image), request, &job.watch).unwrap(),
        LabelWork::Select { selection, paint } => {
            Proposal::painting(&job.labels, &selection.voxels(&job.image, &job.watch).unwrap(), paint)
        }
        LabelWork::Compare(_) | LabelWork::Difference { .. } => unreachable!("nothing here compares"),
    };
    let event = match proposal {
        Some(proposal) => {
            let mut preview = LabelMap::clone(&job.labels);
            proposal.clone().apply(&mut preview).unwrap();
            LabelEvent::Proposed { ticket: job.ticket, proposal: Box::new(proposal), preview: Arc::new(preview) }
        }
        None => LabelEvent::NothingToDo { ticket: job.ticket },
    };
    absorb(ws, Event::Labels(event))
}

fn grow(ws: &mut Workspace) -> LabelJob {
    let operation = Box::new(Operation::Margin { mm: 1.0 });
    job(edit(ws, EditAction::Propose { operation, slice_of: None }))
}

#[test]
fn a_proposal_is_shown_and_changes_nothing_until_it_is_applied_as_one_step() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    let (before, steps) = (labels(&ws).clone(), ws.case().unwrap().history.undo_count());
    let asked = grow(&mut ws);
    let shown = answer(&mut ws, &asked);
    assert!(matches!(shown.as_slice(), [Effect::UploadLabels(_)]));
    assert_eq!(*labels(&ws), before);
    assert_ne!(ws.case().unwrap().shown_labels().class(), before.class());
    let applied = edit(&mut ws, EditAction::ApplyProposal);
    assert!(applied.iter().any(|e| matches!(e, Effect::Io(IoCommand::AppendJournal { .. }))));
    assert!(labels(&ws).known_count() > before.known_count());
    assert_eq!(ws.case().unwrap().history.undo_count(), steps + 1);
    assert!(ws.case().unwrap().history.undo_name().unwrap().starts_with("Grow, Anterior"));
    edit(&mut ws, EditAction::Undo);
    assert_eq!(labels(&ws).class(), before.class());
}

#[test]
fn escape_undo_a_stroke_and_another_case_give_a_proposal_up() {
    let give_up: [fn(&mut Workspace); 4] = [
        |ws| drop(edit(ws, EditAction::CancelProposal)),
        |ws| drop(edit(ws, EditAction::Undo)),
        |ws| drop(stroke(ws, Tool::Brush, [1.0; 3], [1.0; 3])),
        |ws| drop(apply(ws, Action::Case(CaseAction::Show("b".into())))),
    ];
    for give_up in give_up {
        let mut ws = study(&["a", "b"]);
        paint(&mut ws);
        let known = labels(&ws).known_count();
        let asked = grow(&mut ws);
        answer(&mut ws, &asked);
        give_up(&mut ws);
        assert!(ws.pending().is_none() && asked.watch.is_cancelled());
        if let Some(case) = ws.case() {
            assert_eq!(case.shown_labels().class(), case.labels().class());
            assert!(case.labels().known_count() >= known, "undo took back the proposal, not the stroke before it");
        }
    }
}

#[test]
fn a_late_answer_to_an_older_question_is_dropped() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    let first = grow(&mut ws);
    let second = grow(&mut ws);
    assert!(first.watch.is_cancelled() && !second.watch.is_cancelled());
    assert!(answer(&mut ws, &LabelJob { watch: Arc::default(), ..first }).is_empty());
    assert!(ws.pending().unwrap().is_working());
}

#[test]
fn applied_before_it_is_ready_it_is_made_as_soon_as_it_is() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    let known = labels(&ws).known_count();
    let asked = grow(&mut ws);
    edit(&mut ws, EditAction::ApplyProposal);
    answer(&mut ws, &asked);
    assert!(labels(&ws).known_count() > known && ws.pending().is_none());
}

#[test]
fn a_polygon_paints_what_it_encloses_as_one_step_and_its_corners_can_be_moved_before() {
    let mut ws = study(&["a"]);
    choose(&mut ws, Tool::Polygon);
    for corner in [[1.5, 1.5], [5.5, 1.5], [5.5, 4.5], [1.5, 2.0]] {
        press(&mut ws, corner);
    }
    outline(&mut ws, OutlineAction::Hold(3));
    outline(&mut ws, OutlineAction::Move([1.5, 4.5, 4.0]));
    outline(&mut ws, OutlineAction::Release);
    assert_eq!(labels(&ws).known_count(), 0);
    outline(&mut ws, OutlineAction::Apply);
    assert_eq!(labels(&ws).known_count(), 12);
    assert!(ws.drawing().is_none());
    edit(&mut ws, EditAction::Undo);
    assert_eq!(labels(&ws).known_count(), 0);
}

#[test]
fn corners_are_taken_back_one_by_one_and_escape_gives_the_outline_up() {
    let mut ws = study(&["a"]);
    choose(&mut ws, Tool::Polygon);
    press(&mut ws, [1.0, 1.0]);
    press(&mut ws, [4.0, 1.0]);
    outline(&mut ws, OutlineAction::Back);
    assert_eq!(ws.drawing().unwrap().anchors.len(), 1);
    outline(&mut ws, OutlineAction::Back);
    assert!(ws.drawing().is_none());
    press(&mut ws, [1.0, 1.0]);
    outline(&mut ws, OutlineAction::Cancel);
    assert!(ws.drawing().is_none());
    assert_eq!(labels(&ws).known_count(), 0);
}

#[test]
fn another_slice_does_not_swallow_an_open_outline() {
    let mut ws = study(&["a"]);
    choose(&mut ws, Tool::Polygon);
    press(&mut ws, [1.0, 1.0]);
    apply(&mut ws, Action::View(ViewAction::StepSlice { view: Plane::Axial, steps: 1 }));
    press(&mut ws, [4.0, 4.0]);
    assert_eq!(ws.drawing().unwrap().anchors.len(), 1);
    assert!(ws.notices().last().unwrap().text.contains("open in another slice"));
}

fn draw_freehand(ws: &mut Workspace, tool: Tool) {
    choose(ws, tool);
    outline(ws, OutlineAction::Press { view: Plane::Axial, position: [2.5, 2.5, 4.0], inverted: false });
    for [x, y] in [[6.5, 2.5], [6.5, 6.5], [2.5, 6.5]] {
        outline(ws, OutlineAction::Move([x, y, 4.0]));
    }
    outline(ws, OutlineAction::Release);
}

#[test]
fn a_lasso_stays_open_with_corners_to_move_and_is_then_filled() {
    let mut ws = study(&["a"]);
    draw_freehand(&mut ws, Tool::Lasso);
    assert_eq!(ws.drawing().unwrap().anchors.len(), 4);
    outline(&mut ws, OutlineAction::Apply);
    assert_eq!(labels(&ws).known_count(), 16);
}

#[test]
fn scissors_cut_the_chosen_class_through_all_slices_and_no_other() {
    let mut ws = study(&["a"]);
    edit(&mut ws, EditAction::CompleteCase);
    let all = labels(&ws).known_count();
    apply(&mut ws, Action::Tool(ToolAction::SetBrushShape(BrushShape::Ball)));
    apply(&mut ws, Action::Tool(ToolAction::SetBrushSize(BrushSize::Voxels(30.0))));
    apply(&mut ws, Action::Class(ClassAction::Select(2)));
    stroke(&mut ws, Tool::Brush, [5.0; 3], [5.0; 3]);
    draw_freehand(&mut ws, Tool::Scissors);
    assert_eq!(labels(&ws).known_count(), all - 16 * extent().z());
    apply(&mut ws, Action::Class(ClassAction::Select(1)));
    draw_freehand(&mut ws, Tool::Scissors);
    assert_eq!(labels(&ws).known_count(), all - 16 * extent().z());
}

#[test]
fn outside_the_intensity_limits_neither_brush_nor_outline_paints() {
    let mut ws = study(&["a"]);
    // Intensities are 10 x + y: columns 4 and 5 only.
    let limit = IntensityRange { low: 40.0, high: 59.0 };
    apply(&mut ws, Action::Tool(ToolAction::SetIntensityLimit(Some(limit))));
    draw_freehand(&mut ws, Tool::Lasso);
    outline(&mut ws, OutlineAction::Apply);
    assert_eq!(labels(&ws).known_count(), 8);
    paint(&mut ws);
    let outside = (0..labels(&ws).extent().voxel_count())
        .any(|i| labels(&ws).value_at(i).origin.is_known() && ![4, 5].contains(&labels(&ws).extent().voxel(i).x));
    assert!(!outside);
}

#[test]
fn a_click_fills_what_is_alike_at_once_and_says_when_there_is_nothing() {
    let mut ws = study(&["a"]);
    choose(&mut ws, Tool::FillSimilar);
    apply(&mut ws, Action::Tool(ToolAction::SetTolerance(0.5)));
    let click = EditAction::Click { view: Plane::Axial, position: [3.0, 3.0, 4.0], inverted: false };
    let asked = job(edit(&mut ws, click.clone()));
    answer(&mut ws, &asked);
    assert_eq!((labels(&ws).known_count(), ws.pending().is_none()), (1, true));
    let again = job(edit(&mut ws, click));
    answer(&mut ws, &again);
    assert!(ws.notices().last().unwrap().text.starts_with("Nothing changes"));
}

#[test]
fn the_picked_class_is_the_one_under_the_pointer() {
    let mut ws = study(&["a"]);
    apply(&mut ws, Action::Class(ClassAction::Select(2)));
    paint(&mut ws);
    apply(&mut ws, Action::Class(ClassAction::Select(1)));
    choose(&mut ws, Tool::Pick);
    edit(&mut ws, EditAction::Click { view: Plane::Axial, position: [4.0, 4.0, 4.0], inverted: false });
    assert_eq!(ws.tools().class, 2);
    edit(&mut ws, EditAction::Click { view: Plane::Axial, position: [0.0, 0.0, 0.0], inverted: false });
    assert_eq!(ws.tools().class, 2, "nobody said what is there");
}

#[test]
fn a_clicked_island_goes_and_the_other_stays_or_the_other_way_round() {
    for (inverted, left) in [(false, 1), (true, 0)] {
        let mut ws = study(&["a"]);
        apply(&mut ws, Action::Tool(ToolAction::SetBrushSize(BrushSize::Voxels(1.0))));
        stroke(&mut ws, Tool::Brush, [1.0, 1.0, 4.0], [1.0, 1.0, 4.0]);
        stroke(&mut ws, Tool::Brush, [8.0, 8.0, 4.0], [8.0, 8.0, 4.0]);
        choose(&mut ws, Tool::Island);
        let click = EditAction::Click { view: Plane::Axial, position: [1.0, 1.0, 4.0], inverted };
        let asked = job(edit(&mut ws, click));
        answer(&mut ws, &asked);
        let class = |at| usize::from(labels(&ws).value(at).class);
        assert_eq!((class(Voxel::new(1, 1, 4)), class(Voxel::new(8, 8, 4))), (1 - left, left));
    }
}

#[test]
fn the_labels_of_a_slice_are_copied_to_the_next_which_is_shown_then() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    let slice = ws.case().unwrap().camera(Plane::Axial).straight().slice();
    let asked = job(edit(&mut ws, EditAction::CopySliceToNext(Plane::Axial)));
    answer(&mut ws, &asked);
    let shown = ws.case().unwrap().camera(Plane::Axial).straight().slice();
    assert_eq!(shown, slice + 1);
    let class = |z| labels(&ws).value(Voxel::new(5, 4, z)).class;
    assert_eq!((class(slice), class(shown)), (1, 1));
}

#[test]
fn the_list_of_edits_jumps_back_and_forth_over_many_steps() {
    let mut ws = study(&["a"]);
    let mut states = vec![labels(&ws).class().clone()];
    for x in 0..4 {
        let at = [f64::from(x) * 3.0, 2.0, 2.0];
        stroke(&mut ws, Tool::Brush, at, at);
        states.push(labels(&ws).class().clone());
    }
    edit(&mut ws, EditAction::StepHistory(-3));
    assert_eq!(*labels(&ws).class(), states[1]);
    edit(&mut ws, EditAction::StepHistory(2));
    assert_eq!(*labels(&ws).class(), states[3]);
    assert_eq!(ws.case().unwrap().history.names().count(), 4);
}

#[test]
fn a_dragged_distance_is_measured_in_mm_its_end_can_be_moved_and_a_mere_click_is_none() {
    let mut ws = study(&["a"]);
    let measure = |ws: &mut Workspace, action| apply(ws, Action::Measure(action));
    let begin = MeasureAction::Begin { view: Plane::Axial, position: [1.0, 2.0, 4.0], ruler: Ruler::Distance };
    measure(&mut ws, begin);
    measure(&mut ws, MeasureAction::Move([4.0, 6.0, 4.0]));
    measure(&mut ws, MeasureAction::Release);
    let text =
        |ws: &Workspace| ws.case().unwrap().measurements.all().iter().map(|m| m.text.clone()).collect::<Vec<_>>();
    assert_eq!(text(&ws), ["5.0 mm"]);
    measure(&mut ws, MeasureAction::Grab(HandleHit { measurement: 0, handle: 1 }));
    measure(&mut ws, MeasureAction::Move([1.0, 9.0, 4.0]));
    measure(&mut ws, MeasureAction::Release);
    assert_eq!(text(&ws), ["7.0 mm"]);
    measure(&mut ws, begin);
    measure(&mut ws, MeasureAction::Release);
    assert_eq!(text(&ws).len(), 1);
    let angle = MeasureAction::Begin { view: Plane::Axial, position: [1.0, 2.0, 4.0], ruler: Ruler::Angle };
    measure(&mut ws, angle);
    measure(&mut ws, MeasureAction::Move([4.0, 6.0, 4.0]));
    measure(&mut ws, MeasureAction::Release);
    assert_eq!(text(&ws)[1], "90.0°");
    measure(&mut ws, MeasureAction::RemoveNewest);
    measure(&mut ws, MeasureAction::Clear);
    assert!(text(&ws).is_empty());
}

#[test]
fn a_refusal_names_the_class_and_is_shown_where_the_operation_was_chosen() {
    let mut ws = study(&["a"]);
    let asked = grow(&mut ws);
    let sentence = "class 1 has no voxels here".to_owned();
    absorb(&mut ws, Event::Labels(LabelEvent::Refused { ticket: asked.ticket, sentence }));
    assert!(matches!(&ws.pending().unwrap().state, PendingState::Refused(s) if s == "'Anterior' has no voxels here."));
}

#[test]
fn an_open_outline_does_not_follow_into_another_case_or_study() {
    let mut ws = study(&["a", "b"]);
    choose(&mut ws, Tool::Polygon);
    for corner in [[1.5, 1.5], [5.5, 1.5], [5.5, 4.5]] {
        press(&mut ws, corner);
    }
    apply(&mut ws, Action::Case(CaseAction::Show("b".into())));
    read(&mut ws, "b");
    outline(&mut ws, OutlineAction::Apply);
    assert_eq!((labels(&ws).known_count(), ws.drawing().is_none()), (0, true));
    press(&mut ws, [1.5, 1.5]);
    opened(&mut ws, summary(&["c"]));
    assert!(ws.drawing().is_none());
}

#[test]
fn an_outline_finished_under_a_proposal_gives_the_proposal_up() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    draw_freehand(&mut ws, Tool::Lasso);
    let asked = grow(&mut ws);
    answer(&mut ws, &asked);
    outline(&mut ws, OutlineAction::Apply);
    let case = ws.case().unwrap();
    assert!(ws.pending().is_none());
    assert_eq!(case.shown_labels().class(), case.labels().class());
}

#[test]
fn a_lock_set_while_a_proposal_is_shown_gives_it_up() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    let asked = grow(&mut ws);
    answer(&mut ws, &asked);
    apply(&mut ws, Action::Class(ClassAction::SetLocked { class: 2, locked: true }));
    assert!(ws.pending().is_none());
}

#[test]
fn while_another_study_is_opened_nothing_is_written_into_it() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    let saving = apply(&mut ws, Action::File(FileAction::OpenProject("other".into())));
    everything_saved(&mut ws, &saving);
    assert!(ws.opening().is_some());
    let changes = [
        Action::Class(ClassAction::SetVisible { class: 1, visible: false }),
        Action::Case(CaseAction::SetState { case: "a".into(), state: CaseState::Done }),
        Action::File(FileAction::Save),
        Action::App(AppAction::Tick(Duration::from_secs(500))),
    ];
    for action in changes {
        assert!(apply(&mut ws, action.clone()).is_empty(), "{action:?}");
    }
}
