use proptest::prelude::*;

use super::*;
use crate::edit::{BrushShape, BrushSize, PaintRule};
use crate::geometry::Voxel;
use crate::label::Origin;

fn journal(effects: &[Effect]) -> Vec<(u64, &crate::edit::Delta)> {
    io_commands(effects)
        .filter_map(|command| match command {
            IoCommand::AppendJournal { delta, revision, .. } => Some((*revision, delta.as_ref())),
            _ => None,
        })
        .collect()
}

fn trained(effects: &[Effect]) -> Vec<(u64, &crate::edit::Delta)> {
    trainer_commands(effects)
        .filter_map(|command| match command {
            TrainerCommand::Label { delta, revision, .. } => Some((*revision, delta.as_ref())),
            _ => None,
        })
        .collect()
}

#[test]
fn a_stroke_writes_while_it_is_drawn_and_is_one_named_step_at_the_end() {
    let mut ws = study(&["a"]);
    apply(&mut ws, Action::Tool(ToolAction::Select(Tool::Brush)));
    apply(&mut ws, Action::Tool(ToolAction::SetBrushSize(BrushSize::Voxels(1.0))));
    let begin = EditAction::StrokeBegin { view: Plane::Axial, position: [2.0, 4.0, 4.0], inverted: false };
    let first = edit(&mut ws, begin);
    assert!(matches!(first.as_slice(), [Effect::UploadLabels(_)]), "{first:?}");
    assert_eq!(labels(&ws).known_count(), 1);
    let second = edit(&mut ws, EditAction::StrokeMove { position: [5.0, 4.0, 4.0] });
    assert!(matches!(second.as_slice(), [Effect::UploadLabels(_)]), "{second:?}");
    assert_eq!(labels(&ws).known_count(), 4);
    let end = edit(&mut ws, EditAction::StrokeEnd);
    assert_eq!(ws.case().unwrap().history.undo_name(), Some("Paint Anterior, 4 voxels"));
    let revision = labels(&ws).revision();
    assert_eq!(journal(&end).iter().map(|(r, d)| (*r, d.voxel_count())).collect::<Vec<_>>(), [(revision, 4)]);
    assert_eq!(journal(&end), trained(&end), "journal and trainer get the same change");
}

#[test]
fn the_dirty_box_of_a_segment_holds_every_voxel_it_changed() {
    let mut ws = study(&["a"]);
    let effects = paint(&mut ws);
    let boxes: Vec<_> =
        effects.iter().filter_map(|e| if let Effect::UploadLabels(b) = e { Some(*b) } else { None }).collect();
    let known = |v: &Voxel| labels(&ws).value(*v).origin.is_known();
    assert!(extent().full_box().voxels().filter(known).all(|v| boxes.iter().any(|b| b.contains(v))));
}

#[test]
fn a_stroke_that_changes_nothing_leaves_no_step_and_no_journal_entry() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    let again = paint(&mut ws);
    assert!(journal(&again).is_empty());
    assert_eq!(ws.case().unwrap().history.undo_count(), 1);
}

#[test]
fn the_inverted_brush_and_the_eraser_erase_and_the_inverted_eraser_paints() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    stroke(&mut ws, Tool::Eraser, [2.0, 4.0, 4.0], [9.0, 4.0, 4.0]);
    assert_eq!(labels(&ws).known_count(), 0);
    let position = [5.0, 5.0, 4.0];
    let inverted = |ws: &mut Workspace| {
        edit(ws, EditAction::StrokeBegin { view: Plane::Axial, position, inverted: true });
        edit(ws, EditAction::StrokeEnd);
    };
    inverted(&mut ws);
    assert!(labels(&ws).known_count() > 0);
    apply(&mut ws, Action::Tool(ToolAction::Select(Tool::Brush)));
    inverted(&mut ws);
    assert_eq!(labels(&ws).known_count(), 0);
}

#[test]
fn erasing_works_also_when_only_unknown_voxels_may_be_painted() {
    let mut ws = study(&["a"]);
    apply(&mut ws, Action::Tool(ToolAction::SetPaintRule(PaintRule::UnknownOnly)));
    paint(&mut ws);
    stroke(&mut ws, Tool::Eraser, [2.0, 4.0, 4.0], [9.0, 4.0, 4.0]);
    assert_eq!(labels(&ws).known_count(), 0);
}

#[test]
fn a_locked_class_is_not_painted_over() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    let before = labels(&ws).class().clone();
    apply(&mut ws, Action::Class(ClassAction::SetLocked { class: 1, locked: true }));
    apply(&mut ws, Action::Class(ClassAction::Select(2)));
    paint(&mut ws);
    assert_eq!(*labels(&ws).class(), before);
}

#[test]
fn another_action_ends_an_open_stroke_first() {
    let mut ws = study(&["a"]);
    apply(&mut ws, Action::Tool(ToolAction::Select(Tool::Brush)));
    edit(&mut ws, EditAction::StrokeBegin { view: Plane::Axial, position: [4.0; 3], inverted: false });
    tick(&mut ws, 1);
    apply(&mut ws, Action::View(ViewAction::Hover(None)));
    assert_eq!(ws.case().unwrap().history.undo_count(), 0, "looking around does not end it");
    let effects = edit(&mut ws, EditAction::Undo);
    assert_eq!(journal(&effects).len(), 2, "the stroke, then its undo");
    assert_eq!(labels(&ws).known_count(), 0);
}

#[test]
fn undo_and_redo_send_forward_changes_so_that_a_replay_stays_in_step() {
    let mut ws = study(&["a"]);
    let mut effects = paint(&mut ws);
    effects.extend(stroke(&mut ws, Tool::Eraser, [3.0, 4.0, 4.0], [4.0, 4.0, 4.0]));
    for action in [EditAction::Undo, EditAction::Undo, EditAction::Redo] {
        effects.extend(edit(&mut ws, action));
    }
    let mut replayed = LabelMap::unknown(extent());
    for (_, delta) in journal(&effects) {
        delta.apply(&mut replayed, crate::edit::Direction::Forward).unwrap();
    }
    assert_eq!(replayed.class(), labels(&ws).class());
    assert_eq!(replayed.origin(), labels(&ws).origin());
    assert!(journal(&effects).is_sorted_by(|a, b| a.0 < b.0), "revisions grow");
}

#[test]
fn undo_moves_the_cross_to_where_it_happened() {
    let mut ws = study(&["a"]);
    stroke(&mut ws, Tool::Brush, [2.0, 2.0, 7.0], [3.0, 2.0, 7.0]);
    apply(&mut ws, Action::View(ViewAction::MoveCursor([9.0, 9.0, 0.0])));
    edit(&mut ws, EditAction::Undo);
    assert_eq!(ws.case().unwrap().cursor.z, 7);
    assert_eq!(ws.case().unwrap().camera(Plane::Axial).straight().slice(), 7);
}

#[test]
fn completing_the_slice_of_a_view_makes_only_its_unknown_voxels_background() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    apply(&mut ws, Action::View(ViewAction::MoveCursor([0.0, 0.0, 4.0])));
    edit(&mut ws, EditAction::CompleteSlice(Plane::Axial));
    assert_eq!(labels(&ws).known_count(), 12 * 10);
    assert_eq!(labels(&ws).class().at(Voxel::new(5, 4, 4)), 1, "painted voxels stay");
    edit(&mut ws, EditAction::CompleteCase);
    assert_eq!(labels(&ws).known_count(), extent().voxel_count());
    assert_eq!(ws.study().unwrap().case(&"a".into()).unwrap().known_share, Some(1.0));
    let nothing = edit(&mut ws, EditAction::CompleteCase);
    assert_eq!(notices(&nothing), ["Nothing in this case is unlabelled."]);
}

#[test]
fn filling_paints_the_region_in_the_slice_of_the_view() {
    let mut ws = study(&["a"]);
    let effects = edit(&mut ws, EditAction::Fill { view: Plane::Coronal, position: [1.0, 3.0, 1.0], inverted: false });
    assert_eq!(journal(&effects).len(), 1);
    assert_eq!(labels(&ws).known_count(), 12 * 8);
    assert_eq!(labels(&ws).value(Voxel::new(11, 3, 7)).class, 1);
}

#[test]
fn a_first_edit_puts_the_case_in_progress_and_marks_it_unsaved() {
    let mut ws = study(&["a"]);
    let effects = paint(&mut ws);
    let line = ws.study().unwrap().case(&"a".into()).unwrap();
    assert_eq!((line.state, line.unsaved), (CaseState::InProgress, true));
    assert!(io_commands(&effects).any(|c| matches!(c, IoCommand::SaveProject { .. })));
}

#[test]
fn nothing_is_painted_without_a_case_or_while_another_project_is_opened() {
    let mut ws = Workspace::new();
    assert!(paint(&mut ws).is_empty());
    let mut ws = study(&["a"]);
    apply(&mut ws, Action::File(FileAction::OpenProject("other".into())));
    assert!(paint(&mut ws).is_empty());
    assert_eq!(labels(&ws).known_count(), 0);
}

#[test]
fn painting_goes_on_while_the_labels_are_being_saved() {
    let mut ws = study(&["a"]);
    paint(&mut ws);
    let effects = apply(&mut ws, Action::File(FileAction::Save));
    let (written, known) = io_commands(&effects)
        .find_map(|c| match c {
            IoCommand::SaveLabels { labels, .. } => Some((Arc::clone(labels), labels.known_count())),
            _ => None,
        })
        .unwrap();
    edit(&mut ws, EditAction::CompleteCase);
    assert_eq!(written.known_count(), known, "the labels under the io thread's hands do not change");
    assert_eq!(labels(&ws).known_count(), extent().voxel_count());
}

#[derive(Clone, Debug)]
enum Step {
    Stroke { tool: Tool, from: [f64; 3], to: [f64; 3], inverted: bool },
    Class(ClassId),
    Shape(BrushShape),
    Undo,
    Redo,
    CompleteSlice,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let position = || [-2.0..14.0f64, -2.0..12.0f64, -1.0..9.0f64];
    let tool = prop_oneof![Just(Tool::Brush), Just(Tool::Eraser)];
    let step = prop_oneof![
        4 => (tool, position(), position(), any::<bool>())
            .prop_map(|(tool, from, to, inverted)| Step::Stroke { tool, from, to, inverted }),
        1 => (0u8..3).prop_map(Step::Class),
        1 => prop_oneof![Just(BrushShape::Disc), Just(BrushShape::Ball)].prop_map(Step::Shape),
        2 => Just(Step::Undo),
        1 => Just(Step::Redo),
        1 => Just(Step::CompleteSlice),
    ];
    prop::collection::vec(step, 1..30)
}

fn play(ws: &mut Workspace, step: Step) -> Vec<Effect> {
    match step {
        Step::Stroke { tool, from, to, inverted } => {
            apply(ws, Action::Tool(ToolAction::Select(tool)));
            let mut effects = edit(ws, EditAction::StrokeBegin { view: Plane::Sagittal, position: from, inverted });
            effects.extend(edit(ws, EditAction::StrokeMove { position: to }));
            effects.extend(edit(ws, EditAction::StrokeEnd));
            effects
        }
        Step::Class(class) => apply(ws, Action::Class(ClassAction::Select(class))),
        Step::Shape(shape) => apply(ws, Action::Tool(ToolAction::SetBrushShape(shape))),
        Step::Undo => edit(ws, EditAction::Undo),
        Step::Redo => edit(ws, EditAction::Redo),
        Step::CompleteSlice => edit(ws, EditAction::CompleteSlice(Plane::Axial)),
    }
}

proptest! {
    #[test]
    fn any_day_can_be_replayed_from_the_journal_and_undone_to_the_start(steps in steps()) {
        let mut ws = study(&["a"]);
        let mut replayed = LabelMap::unknown(extent());
        for step in steps {
            let effects = play(&mut ws, step);
            for (_, delta) in journal(&effects) {
                prop_assert!(delta.apply(&mut replayed, crate::edit::Direction::Forward).is_ok());
            }
            let case = ws.case().unwrap();
            prop_assert_eq!(case.known_share(), labels(&ws).known_count() as f32 / extent().voxel_count() as f32);
        }
        prop_assert_eq!(replayed.class(), labels(&ws).class());
        prop_assert_eq!(replayed.origin(), labels(&ws).origin());
        while ws.case().unwrap().history.undo_count() > 0 {
            edit(&mut ws, EditAction::Undo);
        }
        prop_assert!(labels(&ws).origin().as_slice().iter().all(|&o| o == Origin::Unknown));
    }
}

#[test]
fn a_pen_pressed_lightly_paints_a_thinner_line_unless_that_is_switched_off() {
    let painted = |pressure: Option<f32>, sets_size: bool| {
        let mut ws = study(&["a"]);
        let tool = |ws: &mut Workspace, action| drop(apply(ws, Action::Tool(action)));
        tool(&mut ws, ToolAction::Select(Tool::Brush));
        tool(&mut ws, ToolAction::SetPenSetsSize(sets_size));
        tool(&mut ws, ToolAction::PressPen(pressure));
        let position = [2.0, 4.0, 4.0];
        edit(&mut ws, EditAction::StrokeBegin { view: Plane::Axial, position, inverted: false });
        // Said in the middle of a stroke, it ends none.
        tool(&mut ws, ToolAction::PressPen(pressure));
        edit(&mut ws, EditAction::StrokeMove { position: [9.0, 4.0, 4.0] });
        edit(&mut ws, EditAction::StrokeEnd);
        assert_eq!(ws.case().unwrap().history.undo_count(), 1);
        labels(&ws).known_count()
    };
    let full = painted(None, true);
    assert!(painted(Some(0.0), true) < painted(Some(0.6), true));
    assert_eq!([painted(Some(1.0), true), painted(Some(0.0), false), painted(Some(f32::NAN), true)], [full; 3]);
}
