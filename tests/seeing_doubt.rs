//! Seeing doubt in the window: colours, figures, thresholds and contours of pseudo-labels; and questions about it.
#![allow(clippy::panic, clippy::unwrap_used)]

#[path = "common/window_harness.rs"]
mod window_harness;
#[path = "common/window_predictions.rs"]
mod window_predictions;

use chiaro::geometry::Plane;
use chiaro::io::read_image;
use chiaro::label::{DoubtThresholds, Prediction, Probabilities, Provenance};
use chiaro::project::Project;
use chiaro::view::{ColourBy, Contours, LayerSettings};
use chiaro::volume::Grid;
use chiaro::worker::protocol::TrainerEvent;
use chiaro::workspace::QuestionStage;
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, PointerButton, vec2};
use egui_kittest::kittest::Queryable as _;

use window_harness::Window;

impl Window {
    fn layers(&self) -> LayerSettings {
        self.harness.state().workspace().views().layers
    }

    /// Clicks what may lie further down in the panel.
    fn reach(&mut self, label: &str) {
        self.harness.get_by_label(label).scroll_to_me();
        self.steps(20);
        self.click(label);
    }

    fn thresholds(&self) -> DoubtThresholds {
        self.layers().thresholds
    }

    fn coloured_by(&self) -> Option<ColourBy> {
        self.harness.state().workspace().views().layers.coloured_by()
    }

    fn choose_colours(&mut self, name: &str) {
        self.harness.get_by_role_and_label(Role::ComboBox, "Colour by").click();
        self.steps(3);
        self.harness.get_by_role_and_label(Role::Button, name).click();
        self.steps(3);
    }
}

#[test]
fn what_colours_the_pseudo_labels_is_chosen_by_name_and_switched_by_key() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    window.show_unlabelled();
    window.click("Train");
    window.send_beliefs();
    let class = window.harness.state().workspace().study().unwrap().classes.name(1).to_owned();
    assert_eq!(window.coloured_by(), Some(ColourBy::BothAxes));
    let others = ColourBy::ALL.into_iter().filter(|by| !matches!(by, ColourBy::BothAxes | ColourBy::DualConfidence));
    for by in others.chain([ColourBy::DualConfidence]) {
        window.choose_colours(by.name());
        assert_eq!(window.coloured_by(), Some(by));
        assert!(!window.shows(&format!("Colour map of {class}")));
        assert_eq!(window.shows("Colour: they name different classes"), by == ColourBy::Agreement);
        assert_eq!(window.shows("Colour: FI \u{b7} differ, ambiguous"), by == ColourBy::RegionCodes);
    }
    window.choose_colours("Class");
    assert_eq!(window.coloured_by(), None);
    window.key(Modifiers::NONE, Key::U);
    assert_eq!(window.coloured_by(), Some(ColourBy::DualConfidence));
    window.choose_colours(ColourBy::BothAxes.name());
    assert!(window.shows(&format!("Colour map of {class}")) && window.shows("like your labels"));
}

#[test]
fn without_a_neural_process_the_legend_has_one_axis_and_its_colours_cannot_be_chosen() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    window.show_unlabelled();
    window.click("Train");
    window.send_prediction(1, 200);
    let class = window.harness.state().workspace().study().unwrap().classes.name(1).to_owned();
    assert!(window.shows(&format!("Colours of {class}")) && !window.shows("like your labels"));
    window.choose_colours(ColourBy::Shift.name());
    assert_eq!(window.coloured_by(), Some(ColourBy::BothAxes));
}

#[test]
fn the_voxel_under_the_pointer_is_read_in_words_and_figures() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    window.show_unlabelled();
    window.click("Train");
    window.send_beliefs();
    assert!(!window.shows("0.71") && window.shows("temperature-scaled"));
    let at = window.view(Plane::Axial).center();
    window.harness.hover_at(at);
    window.steps(3);
    for figure in ["0.71", "0.42", "0.40", " 0.013", "-0.20", " 0.012"] {
        assert!(window.harness.query_all_by_label(figure).next().is_some(), "{figure}");
    }
    assert!(window.shows("Unlike your labelled cases"));
    // Entropy is one of those that are folded away.
    assert!(!window.shows("entropy"));
    window.reach("All figures");
    assert!(window.shows("entropy") && window.shows("region code"));
    window.harness.hover_at(at);
    window.steps(3);
    assert!(window.shows("0.50") && window.shows("AI") && window.shows("0 to 13.8"));
}

#[test]
fn what_counts_as_doubtful_is_dragged_in_the_map_and_moved_by_arrow_keys() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    window.show_unlabelled();
    window.click("Train");
    window.send_beliefs();
    let at = |window: &Window, name| window.harness.get_by_role_and_label(Role::Slider, name).rect().center();
    let networks = at(&window, "Doubt of the networks");
    window.drag(networks, networks + vec2(20.0, 0.0), PointerButton::Primary);
    window.steps(2);
    let dragged = window.thresholds();
    assert!((dragged.networks - 0.25).abs() < 0.06 && dragged.unlike_labels == 0.5, "{dragged:?}");
    let moved = at(&window, "Doubt of the networks");
    assert!((moved.x - networks.x - 20.0).abs() < 6.0 && moved.y == networks.y);

    let slice = window.case().cursor;
    window.harness.get_by_role_and_label(Role::Slider, "Doubt of likeness").focus();
    window.steps(2);
    window.key(Modifiers::NONE, Key::ArrowDown);
    window.key(Modifiers::NONE, Key::ArrowDown);
    assert!((window.thresholds().unlike_labels - 0.54).abs() < 1e-4, "{:?}", window.thresholds());
    window.key(Modifiers::NONE, Key::ArrowUp);
    assert!((window.thresholds().unlike_labels - 0.52).abs() < 1e-4, "{:?}", window.thresholds());
    assert_eq!(window.case().cursor, slice, "the keys belong to the handle");
}

#[test]
fn outlines_of_either_network_and_of_both_are_chosen_one_by_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    window.show_unlabelled();
    window.click("Train");
    window.send_beliefs();
    assert!(!window.shows("Outline of network A"));
    window.reach("Outlines");
    assert_eq!(window.layers().shown_contours(), Contours::ALL);
    window.reach("Outline of network A");
    window.reach("Outline of both together");
    assert_eq!(window.layers().shown_contours(), Contours { network_b: true, ..Contours::NONE });
    window.reach("Outlines");
    assert_eq!(window.layers().shown_contours(), Contours::NONE);
}

#[test]
fn opacity_by_confidence_is_a_switch_that_also_holds_for_plain_classes() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    window.show_unlabelled();
    window.click("Train");
    window.send_beliefs();
    window.choose_colours("Class");
    assert_eq!(window.layers().planes_by(), ColourBy::BothAxes);
    window.reach("Opacity by confidence");
    assert!(window.layers().opacity_by_confidence);
    assert_eq!(window.layers().planes_by(), ColourBy::DualConfidence);
}

#[test]
fn a_known_question_hides_the_labels_until_it_is_answered_and_is_left_by_key() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::with_demo(dir.path());
    // The networks say of a held-out case what its labels say.
    let project = Project::load(dir.path()).unwrap();
    let held_out = project.cases().iter().find(|case| case.held_out).unwrap().id.clone();
    let image = read_image(&project.image_path(&held_out).unwrap()).unwrap();
    let extent = image.image.extent();
    let truth = project.load_labels(&held_out, extent).unwrap();
    let sure = || Grid::filled(extent, 255);
    let provenance = Provenance { case: held_out.clone(), label_revision: 0, model: "run-1".into(), step: 10 };
    let prediction = Prediction {
        provenance,
        class: truth.class().clone(),
        class_a: truth.class().clone(),
        class_b: truth.class().clone(),
        confidence_a: sure(),
        confidence_b: sure(),
        dual_confidence: sure(),
        probabilities: Probabilities::default(),
    };
    project.save_prediction(&prediction, &image.header).unwrap();
    window.click("Train");
    let saved = TrainerEvent::PredictionSaved { case: held_out.clone(), step: 10, done: 1, total: 1 };
    window.events.send(saved).unwrap();
    window.wait_for("a case that can be asked about", |app| {
        let line = app.workspace().study().unwrap().case(&held_out).unwrap();
        line.has_prediction && line.known_share.is_some_and(|share| share > 0.0)
    });
    window.key(Modifiers::COMMAND, Key::K);
    window.harness.get_by_role_and_label(Role::TextInput, "Find any action").type_text("known questions");
    window.steps(2);
    window.key(Modifiers::NONE, Key::Enter);
    window.steps(2);
    assert!(window.workspace().preferences().settings.asks_known);

    for _ in 0..5 {
        window.key(Modifiers::COMMAND, Key::N);
        window.wait_for("the next case", |app| app.workspace().case().is_some());
    }
    window.wait_for("a question", |app| {
        matches!(app.workspace().known_questions().open().map(|open| &open.stage), Some(QuestionStage::Asked(_)))
    });
    window.steps(3);
    assert_eq!((&window.case().id, window.labels().known_count()), (&held_out, 0));
    assert!(window.shows("KNOWN QUESTION") && window.shows("Skip"));
    window.key(Modifiers::NONE, Key::Enter);
    window.steps(3);
    assert_eq!((window.labels().class(), window.labels().origin()), (truth.class(), truth.origin()));
    assert!(window.shows("Agreed with 1 of 1 known answers") && window.shows("Next case"));
    window.key(Modifiers::NONE, Key::Escape);
    window.wait_for("an ordinary case", |app| app.workspace().case().is_some_and(|case| case.id != held_out));
    window.wait_for("the answer on the disk", |_| project.load_known_answers().unwrap().len() == 1);
    assert_eq!(project.load_labels(&held_out, extent).unwrap(), truth);
}
