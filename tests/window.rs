//! The window without a screen: controls are found by their accessible names, worked with pointer and keys.
#![allow(clippy::panic, clippy::unwrap_used)]

#[path = "common/window_harness.rs"]
mod window_harness;
#[path = "common/window_predictions.rs"]
mod window_predictions;

use chiaro::edit::BrushSize;
use chiaro::geometry::Plane;
use chiaro::label::{LabelValue, Origin, ProbabilityKind};
use chiaro::learn::{Calibration, Check, Method, Sign};
use chiaro::metrics::Reliability;
use chiaro::project::CaseState;
use chiaro::rounds::Round;
use chiaro::ui::Start;
use chiaro::volume::Grid;
use chiaro::worker::protocol::{TrainerCommand, TrainerEvent, TrainerState};
use chiaro::workspace::{CaseFilter, RoundView, Tool};
use eframe::egui::accesskit::Role;
use eframe::egui::{Event, Key, Modifiers, MouseWheelSource, MouseWheelUnit, PointerButton, Pos2, TouchPhase, vec2};
use egui_kittest::kittest::Queryable as _;

use window_harness::Window;

impl Window {
    fn wheel(&mut self, at: Pos2, lines: f32, modifiers: Modifiers) {
        self.harness.hover_at(at);
        self.steps(2);
        let event = Event::MouseWheel {
            unit: MouseWheelUnit::Line,
            delta: vec2(0.0, lines),
            phase: TouchPhase::Move,
            modifiers,
            source: MouseWheelSource::Wheel,
        };
        self.harness.event_modifiers(event, modifiers);
        self.steps(2);
    }
}

#[test]
fn the_demo_study_is_made_from_the_start_page_with_a_typed_path() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("demo");
    let mut window = Window::open(Start::Welcome);
    window.steps(3);
    for name in ["Open study", "New from folder"] {
        window.harness.get_by_label(name);
    }
    window.click("Demo study");
    // The field has the keyboard and its suggestion is chosen, so that typing replaces it.
    let text = target.display().to_string();
    window.harness.event(Event::Text(text.clone()));
    window.steps(3);
    let field = window.harness.get_by_role_and_label(Role::TextInput, "Folder");
    assert_eq!(field.value(), Some(text));
    window.click("Make demo study");
    window.wait_for("the demo study", |app| app.workspace().case().is_some());
    assert_eq!(window.harness.state().workspace().study().unwrap().dir, target);
}

#[test]
fn tools_are_chosen_by_button_and_by_key() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    window.click("Brush");
    assert_eq!(window.tool(), Tool::Brush);
    for (key, tool) in
        [(Key::Num1, Tool::Cursor), (Key::Num2, Tool::PanZoom), (Key::Num5, Tool::Fill), (Key::E, Tool::Eraser)]
    {
        window.key(Modifiers::NONE, key);
        assert_eq!(window.tool(), tool, "{key:?}");
    }
}

#[test]
fn a_stroke_paints_the_chosen_class_and_undo_takes_it_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    window.show_unlabelled();
    let before = window.labels();
    window.key(Modifiers::NONE, Key::Num4);
    let view = window.view(Plane::Axial);
    window.drag(view.center(), view.center() + vec2(60.0, 20.0), PointerButton::Primary);

    let painted = window.labels();
    let class = window.harness.state().workspace().tools().class;
    let under = window.voxel_at(Plane::Axial, view.center() + vec2(30.0, 10.0));
    assert_eq!((painted.value(under).class, painted.value(under).origin), (class, Origin::Manual));

    window.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(window.labels().class(), before.class());
    assert_eq!(window.labels().origin(), before.origin());
    window.key(Modifiers::COMMAND, Key::Y);
    assert_eq!(window.labels().class(), painted.class());
}

#[test]
fn the_right_button_erases_what_the_left_one_painted() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    window.show_unlabelled();
    window.key(Modifiers::NONE, Key::Num4);
    let at = window.view(Plane::Coronal).center();
    window.drag(at, at + vec2(30.0, 0.0), PointerButton::Primary);
    assert!(window.labels().known_count() > 0);
    window.drag(at - vec2(4.0, 0.0), at + vec2(34.0, 0.0), PointerButton::Secondary);
    assert_eq!(window.labels().known_count(), 0);
}

#[test]
fn the_wheel_walks_slices_zooms_with_ctrl_and_sizes_the_brush_with_shift() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    let at = window.view(Plane::Axial).center();
    let before = window.case().camera(Plane::Axial).straight().slice_number();
    window.wheel(at, 3.0, Modifiers::NONE);
    assert_eq!(window.case().camera(Plane::Axial).straight().slice_number(), before + 3);

    let zoom = window.case().camera(Plane::Axial).zoom();
    window.wheel(at, 1.0, Modifiers::COMMAND);
    assert!(window.case().camera(Plane::Axial).zoom() > 1.1 * zoom);

    let size = window.harness.state().workspace().tools().brush.size;
    window.wheel(at, 1.0, Modifiers::SHIFT);
    let (BrushSize::Mm(before), BrushSize::Mm(after)) = (size, window.harness.state().workspace().tools().brush.size)
    else {
        panic!("the unit of the brush changed");
    };
    assert!(after > before);
}

#[test]
fn page_up_walks_the_active_view_and_the_strip_jumps() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    let before = window.case().camera(Plane::Axial).straight().slice_number();
    window.key(Modifiers::NONE, Key::PageUp);
    assert_eq!(window.case().camera(Plane::Axial).straight().slice_number(), before + 1);

    let strip = window.harness.get_by_label("Sagittal slice").rect();
    window.drag(strip.center_top() + vec2(0.0, 2.0), strip.center_top(), PointerButton::Primary);
    let camera = window.case().camera(Plane::Sagittal).straight();
    assert_eq!(camera.slice_number(), camera.slice_count());
}

#[test]
fn shift_and_moving_the_pointer_moves_the_crosshair_of_all_views() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    let at = window.view(Plane::Axial).center() + vec2(40.0, -30.0);
    window.harness.hover_at(at - vec2(5.0, 0.0));
    window.steps(2);
    window.harness.event_modifiers(Event::PointerMoved(at), Modifiers::SHIFT);
    window.steps(2);
    assert_eq!(window.case().cursor, window.voxel_at(Plane::Axial, at));
}

#[test]
fn a_double_click_maximises_a_view_and_brings_the_grid_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    for maximised in [Some(Plane::Sagittal), None] {
        let at = window.view(Plane::Sagittal).center();
        window.harness.hover_at(at);
        window.steps(1);
        for pressed in [true, false, true, false] {
            window.button(at, PointerButton::Primary, pressed);
        }
        window.steps(2);
        assert_eq!(window.harness.state().workspace().views().maximised, maximised);
        // Apart from the next pair, so that four clicks are not one.
        window.steps(40);
    }
}

#[test]
fn typing_a_class_name_adds_the_class_and_works_no_shortcut() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    let tool = window.tool();
    let count = window.harness.state().workspace().study().unwrap().classes.all().len();
    window.click("Add class");
    window.harness.get_by_label("Class name").type_text("Edema 4");
    window.steps(2);
    // Would choose the brush if it were a shortcut.
    window.key(Modifiers::NONE, Key::Num4);
    window.key(Modifiers::NONE, Key::Enter);
    let study = window.harness.state().workspace().study().unwrap();
    assert_eq!(study.classes.all().len(), count + 1);
    assert!(study.classes.all().iter().any(|class| class.name == "Edema 4"));
    assert_eq!(window.tool(), tool);
}

#[test]
fn a_class_is_locked_hidden_and_chosen_from_its_row() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    let class = window.harness.state().workspace().study().unwrap().classes.foreground().nth(1).unwrap().clone();
    window.click(&format!("Lock {}", class.name));
    window.click(&format!("Hide {}", class.name));
    window.click(&format!("Class {}", class.name));
    let workspace = window.harness.state().workspace();
    let now = workspace.study().unwrap().classes.get(class.id).unwrap();
    assert!(now.locked && !now.visible);
    assert_eq!(workspace.tools().class, class.id);
    window.key(Modifiers::COMMAND, Key::Num1);
    assert_eq!(window.harness.state().workspace().tools().class, 1);
}

#[test]
fn a_slice_of_the_pseudo_label_is_accepted_with_one_click_and_undone_with_one_key() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    window.show_unlabelled();
    // Pseudo-labels are taken only from a run that was started here.
    window.click("Train");
    window.send_prediction(1, 255);
    window.click("Accept slice");
    let slice = window.case().extent().voxel_count() / window.case().camera(Plane::Axial).straight().slice_count();
    assert_eq!(window.labels().known_count(), slice);
    assert!(window.labels().origin().as_slice().contains(&Origin::Accepted));
    window.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(window.labels().known_count(), 0);
}

#[test]
fn enter_accepts_the_region_the_pointer_reaches_in_the_same_frame() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    window.show_unlabelled();
    window.click("Train");
    let cursor = window.case().cursor;
    let at = window.view(Plane::Axial).center() + vec2(60.0, 0.0);
    let pointed = window.voxel_at(Plane::Axial, at);
    assert_ne!(pointed.x, cursor.x);
    // Two regions: the crosshair is in the one, the pointer comes to the other.
    let is_pointed_side = |x: usize| (x < cursor.x) == (pointed.x < cursor.x) && x != cursor.x;
    let classes = Grid::from_fn(window.case().extent(), |v| if is_pointed_side(v.x) { 1 } else { 2 });
    window.send_classes(classes, 255);
    let enter = |pressed| Event::Key {
        key: Key::Enter,
        physical_key: None,
        pressed,
        repeat: false,
        modifiers: Modifiers::NONE,
    };
    window.harness.input_mut().events.extend([Event::PointerMoved(at), enter(true), enter(false)]);
    window.steps(3);
    assert_eq!(window.labels().value(pointed), LabelValue::new(1, Origin::Accepted));
    assert_eq!(window.labels().value(cursor), LabelValue::UNKNOWN);
}

#[test]
fn training_is_started_paused_and_stopped_from_the_strip() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    window.click("Train");
    assert!(window.commands.try_iter().any(|c| matches!(c, TrainerCommand::Start(_))));
    window.events.send(TrainerEvent::State(TrainerState::Running)).unwrap();
    window.steps(2);
    window.click("Pause learning");
    assert!(window.commands.try_iter().any(|c| matches!(c, TrainerCommand::Pause)));
    window.events.send(TrainerEvent::State(TrainerState::Paused)).unwrap();
    window.steps(2);
    window.key(Modifiers::NONE, Key::L);
    assert!(window.commands.try_iter().any(|c| matches!(c, TrainerCommand::Resume)));
    window.click("Stop learning");
    assert!(window.commands.try_iter().any(|c| matches!(c, TrainerCommand::Stop)));
}

fn round(number: u32, dice: [f64; 2]) -> Round {
    Round {
        number,
        started_unix_s: 0,
        ended_unix_s: 1,
        model: "run-1".into(),
        step: 10,
        checkpoint: Some("rounds".into()),
        held_out: [("h".into(), dice[0]), ("i".into(), dice[1])].into(),
        known: Default::default(),
        labelled_voxels: 0,
        labelled_cases: 0,
        corrections: Default::default(),
    }
}

#[test]
fn rounds_are_judged_looked_back_at_and_gone_back_to() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    window.click("Train");
    let mut tell = vec![TrainerEvent::Run("run-1".into()), TrainerEvent::State(TrainerState::Running)];
    for (number, dice) in [(1, [0.5, 0.6]), (2, [0.7, 0.8]), (3, [0.4, 0.5])] {
        tell.push(TrainerEvent::RoundEnded { round: Box::new(round(number, dice)), displaced: vec![] });
    }
    tell.into_iter().for_each(|event| window.events.send(event).unwrap());
    window.steps(3);
    assert!(window.shows("Worse since round 3: go back to round 2?"));
    window.click("Rounds of learning");
    window.click("Compare round 2");
    let asked = window.commands.try_iter().any(|c| matches!(c, TrainerCommand::PredictWith { round: 2, .. }));
    assert!(asked);
    assert_eq!(window.workspace().older().map(|older| (older.round, older.view)), Some((2, RoundView::Older)));
    window.click("Difference");
    assert_eq!(window.workspace().older().map(|older| older.view), Some(RoundView::Difference));
    window.click("Go back to round 2");
    assert!(window.workspace().older().is_none());
    let restored = |c: &TrainerCommand| matches!(c, TrainerCommand::Restore { checkpoint_round: 2 });
    assert!(window.commands.try_iter().any(|c| restored(&c)));
    window.click("Freeze the pseudo-labels");
    assert!(window.workspace().training().is_overlay_frozen);
}

#[test]
fn counts_below_the_list_of_cases_show_only_those_and_numbers_hide_names() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    let all = window.workspace().study().unwrap().cases.len();
    let done = window.workspace().study().unwrap().count(CaseFilter::State(CaseState::Done));
    assert!(done > 0 && done < all);
    window.click(&format!("{done} done"));
    assert_eq!(window.workspace().study().unwrap().row_count(), done);
    window.click(&format!("{done} done"));
    assert_eq!(window.workspace().study().unwrap().row_count(), all);
    let name = window.case().id.as_str().to_owned();
    assert!(window.shows(&name));
    window.key(Modifiers::COMMAND, Key::K);
    window.harness.get_by_role_and_label(Role::TextInput, "Find any action").type_text("numbers only");
    window.steps(2);
    window.key(Modifiers::NONE, Key::Enter);
    window.steps(2);
    assert!(window.workspace().preferences().settings.hides_names);
    let number = window.workspace().study().unwrap().position(&window.case().id).unwrap() + 1;
    assert!(!window.shows(&name) && window.shows(&format!("Case {number}")));
}

#[test]
fn closing_a_message_does_not_paint_what_lies_below_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    window.show_unlabelled();
    window.key(Modifiers::NONE, Key::Num4);
    window.key(Modifiers::NONE, Key::M);
    window.click("Train");
    let failure =
        TrainerEvent::Fatal { headline: "The graphics card ran out of memory.".to_owned(), detail: String::new() };
    window.events.send(failure).unwrap();
    window.steps(4);
    let close = window.harness.get_by_label("Close message").rect();
    assert!(window.view(Plane::Axial).contains(close.center()));
    window.click("Close message");
    assert!(window.harness.query_by_label("Close message").is_none());
    assert_eq!(window.labels().known_count(), 0);
}

#[test]
fn the_question_mark_lists_the_keys_and_escape_closes_the_list() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    window.key(Modifiers::SHIFT, Key::Questionmark);
    window.harness.get_by_label("Keys and mouse");
    window.key(Modifiers::NONE, Key::Escape);
    window.steps(2);
    assert!(window.harness.query_by_label("Keys and mouse").is_none());
}

#[test]
fn any_action_is_found_by_a_part_of_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    window.key(Modifiers::COMMAND, Key::K);
    window.harness.get_by_role_and_label(Role::TextInput, "Find any action").type_text("doubt colours");
    window.steps(2);
    let before = window.harness.state().workspace().views().layers.doubt;
    window.key(Modifiers::NONE, Key::Enter);
    window.steps(2);
    assert_eq!(window.harness.state().workspace().views().layers.doubt, !before);
}

fn calibration() -> Calibration {
    let check = |kind, said: f64| {
        let mut reliability = Reliability::default();
        (0..100).for_each(|i| reliability.record(said - f64::from(i % 5) / 10.0, i % 4 != 0));
        Check {
            kind,
            ece: reliability.ece().unwrap(),
            brier: reliability.brier().unwrap(),
            nll: reliability.nll().unwrap(),
            truth_nll: 0.2,
            bins: reliability.bins(),
        }
    };
    let signs = [("dual_confidence", 0.81), ("np_probability", 0.93)];
    Calibration {
        step: 400,
        voxels: 12_345,
        temperature: 1.43,
        shown: ProbabilityKind::Scaled,
        checks: vec![
            check(ProbabilityKind::Mean, 0.99),
            check(ProbabilityKind::Scaled, 0.91),
            check(ProbabilityKind::NeuralProcess, 0.7),
        ],
        signs: signs.map(|(name, auroc)| Sign { name: name.to_owned(), auroc }).into(),
        pair: None,
    }
}

#[test]
fn whether_the_numbers_can_be_trusted_is_told_before_and_after_a_check() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    window.key(Modifiers::SHIFT, Key::T);
    assert!(window.shows("Model beliefs, not error probabilities, until checked: no labels are reserved."));
    assert!(!window.shows("Reliability diagram"));
    window.key(Modifiers::NONE, Key::Escape);
    window.steps(2);
    assert!(!window.shows("Close") && window.shows("not checked"));

    window.click("Train");
    window.key(Modifiers::SHIFT, Key::T);
    assert!(window.shows("Model beliefs, not error probabilities, until checked: this run has not done that yet."));
    window.click("Close");
    window.events.send(TrainerEvent::Calibrated(Box::new(calibration()))).unwrap();
    window.steps(3);
    window.click("Can these numbers be trusted?");
    for label in ["Reliability diagram", "displayed", "Unlike your labels", "0.930"] {
        assert!(window.shows(label), "{label}");
    }
    let page = "Checked after step 400 on 12345 reserved voxels near surfaces, which learning never saw. The displayed \
                probability is the one that fits them best: temperature-scaled (temperature 1.43).";
    assert!(window.shows(page));
    window.click("Close");
    assert!(!window.shows("Reliability diagram"));
}

#[test]
fn a_way_of_learning_is_chosen_by_its_words() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    assert_eq!(window.harness.state().workspace().training().settings.method, Method::DualConfidenceNp);
    window.click("Method");
    window.click("Your labels only");
    assert_eq!(window.harness.state().workspace().training().settings.method, Method::Supervised);
}
