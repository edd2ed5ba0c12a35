//! Two results in every view: the divider between them is dragged, halves show the same place, both are chosen by name.
#![allow(clippy::panic, clippy::unwrap_used)]

#[path = "common/window_harness.rs"]
mod window_harness;
#[path = "common/window_predictions.rs"]
mod window_predictions;

use chiaro::geometry::{Plane, Voxel};
use chiaro::rounds::Round;
use chiaro::worker::protocol::{TrainerEvent, TrainerState};
use chiaro::workspace::{Split, SplitForm, SplitSide};
use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, PointerButton, Pos2, Vec2, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use window_harness::Window;

const DIVIDER: &str = "Divider in the axial view";
const UNSEEN: &str = "No labels are shown here";
const BODY: u8 = 1;

impl Window {
    /// A case without labels, of which there are pseudo-labels.
    fn predicted(dir: &std::path::Path) -> Self {
        let mut window = Self::with_unlabelled(dir);
        window.click("Train");
        window.send_prediction(BODY, 200);
        window
    }

    fn split(&self) -> Split {
        *self.workspace().split().unwrap()
    }

    fn divider(&self) -> Pos2 {
        self.harness.get_by_role_and_label(Role::Slider, DIVIDER).rect().center()
    }

    fn percent(&self) -> f64 {
        self.harness.get_by_role_and_label(Role::Slider, DIVIDER).accesskit_node().numeric_value().unwrap()
    }

    /// Width and height of one of two halves.
    fn half(&self, view: Plane) -> Vec2 {
        let rect = self.view(view);
        vec2(rect.width() / 2.0, rect.height())
    }

    /// The voxel so far from the upper left corner of a half.
    fn voxel_in_half(&self, view: Plane, from_corner: Vec2) -> Voxel {
        let half = self.half(view);
        let [at, size] = [from_corner, half].map(|v| [f64::from(v.x), f64::from(v.y)]);
        let position = self.case().camera(view).voxel_from_screen(at, size);
        self.case().extent().nearest_voxel(position).unwrap()
    }

    fn find(&mut self, action: &str) {
        self.key(Modifiers::COMMAND, Key::K);
        self.harness.get_by_role_and_label(Role::TextInput, "Find any action").type_text(action);
        self.steps(2);
        self.key(Modifiers::NONE, Key::Enter);
        self.steps(3);
    }

    fn says(&self, sentence: &str) -> bool {
        self.workspace().notices().iter().any(|notice| notice.text.starts_with(sentence))
    }
}

#[test]
fn the_divider_between_labels_and_pseudo_labels_is_dragged_and_moved_by_keys() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::predicted(dir.path());
    assert!(!window.shows(DIVIDER));
    window.key(Modifiers::SHIFT, Key::W);
    assert_eq!(
        (window.split().form, window.split().sides()),
        (SplitForm::Swipe, [SplitSide::Labels, SplitSide::Newest])
    );
    assert!(window.shows("Left side of the axial view: Labels"));
    assert!(window.shows("Right side of the axial view: Newest"));
    let (view, cursor) = (window.view(Plane::Axial), window.case().cursor);
    let divider = window.divider();
    assert!((divider.x - view.center().x).abs() < 1.0 && window.percent() == 50.0);

    window.drag(divider, divider - vec2(80.0, 0.0), PointerButton::Primary);
    let expected = (divider.x - 80.0 - view.left()) / view.width();
    assert!((window.split().divider() - expected).abs() < 0.01, "{:?}", window.split());
    assert!((window.divider().x - divider.x + 80.0).abs() < 2.0);
    assert!((window.percent() - f64::from(100.0 * expected)).abs() < 1.5);
    assert_eq!(window.case().cursor, cursor, "the picture below was not touched");

    let share = window.split().divider();
    window.key(Modifiers::COMMAND, Key::ArrowRight);
    assert!((window.split().divider() - share - Split::DIVIDER_STEP).abs() < 1e-5);
    window.harness.get_by_role_and_label(Role::Slider, DIVIDER).focus();
    window.steps(2);
    window.key(Modifiers::NONE, Key::ArrowLeft);
    window.key(Modifiers::NONE, Key::ArrowLeft);
    assert!((window.split().divider() - share + Split::DIVIDER_STEP).abs() < 1e-5);
    assert_eq!(window.case().cursor, cursor, "the keys belong to the divider");
    window.key(Modifiers::SHIFT, Key::W);
    assert!(window.workspace().split().is_none() && !window.shows(DIVIDER));
}

#[test]
fn painting_is_refused_where_no_labels_are_seen() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::predicted(dir.path());
    window.key(Modifiers::SHIFT, Key::W);
    let [left, right] = [-40.0, 40.0].map(|by| window.view(Plane::Axial).center() + vec2(by, 30.0));
    let voxel = window.voxel_at(Plane::Axial, left);
    window.dab(Key::Num1, left);
    let painted = window.voxels_of(BODY);
    assert!(painted.contains(&window.case().extent().index(voxel)) && !window.says(UNSEEN));
    window.dab(Key::Num1, right);
    assert!(window.voxels_of(BODY) == painted && window.says(UNSEEN));
}

#[test]
fn both_halves_show_the_same_place_and_take_the_pointer() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::predicted(dir.path());
    window.find("two results side");
    assert_eq!(window.split().form, SplitForm::SideBySide);
    assert!(!window.shows(DIVIDER));
    let (view, half) = (window.view(Plane::Axial), window.half(Plane::Axial));
    let places = [vec2(half.x * 0.5 + 17.0, half.y * 0.5 - 11.0), vec2(half.x * 0.5 - 14.0, half.y * 0.5 + 13.0)];
    let [first, second] = places.map(|from_corner| window.voxel_in_half(Plane::Axial, from_corner));
    assert_ne!(first, second);
    let right = vec2(half.x, 0.0);
    for (corner, from_corner, expected) in [
        (view.min, places[0], first),
        (view.min + right, places[1], second),
        (view.min + right, places[0], first),
        (view.min, places[1], second),
    ] {
        window.click_at(corner + from_corner, PointerButton::Primary);
        assert_eq!(window.case().cursor, expected);
    }

    // What is painted on the half of the pseudo-labels is seen in the other one.
    window.dab(Key::Num1, view.min + right + places[0]);
    assert!(!window.says(UNSEEN));
    assert!(window.voxels_of(BODY).contains(&window.case().extent().index(first)));
}

#[test]
fn an_older_round_stands_beside_the_newest_or_the_labels_and_is_not_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::predicted(dir.path());
    for event in [TrainerEvent::Run("run-1".into()), TrainerEvent::State(TrainerState::Running)] {
        window.events.send(event).unwrap();
    }
    let ended = TrainerEvent::RoundEnded { round: Box::new(round(2)), displaced: vec![] };
    window.events.send(ended).unwrap();
    window.steps(3);
    window.click("Rounds of learning");
    window.click("Compare round 2");
    let prediction = window.case().prediction.clone().unwrap();
    window.events.send(TrainerEvent::OlderPrediction { round: 2, prediction }).unwrap();
    window.steps(3);
    window.click("Side by side");
    assert_eq!(window.split().sides(), [SplitSide::Older, SplitSide::Newest]);
    assert!(window.shows("Left side of the axial view: Round 2"));
    let left = window.harness.get_by_role_and_label(Role::ComboBox, "Left side").value();
    assert_eq!(left.as_deref(), Some("Round 2"));
    window.click_role(Role::ComboBox, "Right side");
    window.click_role(Role::Button, "Labels");
    assert_eq!(window.split().sides(), [SplitSide::Older, SplitSide::Labels]);

    window.click("Accept case");
    assert!(window.says("An older round was shown") && window.labels().known_count() == 0);
    assert!(window.workspace().split().is_none());
}

#[test]
fn escape_closes_the_window_of_rounds() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = Window::predicted(dir.path());
    window.find("Rounds of learning: compare");
    assert!(window.shows("Side by side"));
    window.key(Modifiers::NONE, Key::Escape);
    window.steps(2);
    assert!(!window.shows("Side by side"));
}

fn round(number: u32) -> Round {
    Round {
        number,
        started_unix_s: 0,
        ended_unix_s: 1,
        model: "run-1".into(),
        step: 10,
        checkpoint: Some("rounds".into()),
        held_out: [("h".into(), 0.5), ("i".into(), 0.6)].into(),
        known: Default::default(),
        labelled_voxels: 0,
        labelled_cases: 0,
        corrections: Default::default(),
    }
}
