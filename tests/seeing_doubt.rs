//! Seeing doubt in the window: colours, figures, thresholds and contours of pseudo-labels.
#![allow(clippy::panic, clippy::unwrap_used)]

#[path = "common/window_harness.rs"]
mod window_harness;
#[path = "common/window_predictions.rs"]
mod window_predictions;

use chiaro::geometry::Plane;
use chiaro::label::DoubtThresholds;
use chiaro::view::{ColourBy, Contours, LayerSettings};
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
