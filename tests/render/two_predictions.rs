//! Two results in one view: it is drawn twice, each time within its own part.

use chiaro::geometry::{Affine, Plane};
use chiaro::label::Prediction;
use chiaro::render::{Offscreen, PredictionSlot, PredictionState, SliceRenderer, SliceScene, ViewId, reference};
use chiaro::view::{ColourBy, LayerSettings};
use image::RgbaImage;

use super::case::{Case, SIZE, assert_rich, offscreen, whole};

const VIEWS: [ViewId; 2] = [ViewId(0), ViewId(7)];
/// The first scene is drawn left of this column of pixels, the second from it on.
const DIVIDER: u32 = 61;
/// What colours the second prediction: other planes than those of the first.
const BY: ColourBy = ColourBy::DualConfidence;

/// Another prediction of the same case.
fn other(case: &Case) -> Prediction {
    Prediction { class: case.prediction.class.map(|c| (c + 1) % 3), ..case.prediction.clone() }
}

fn only_labels(layers: &mut LayerSettings) {
    (layers.labels, layers.pseudo) = (true, false);
}

fn only_prediction(layers: &mut LayerSettings) {
    (layers.labels, layers.pseudo, layers.network_contours) = (false, true, true);
}

/// A scene of the second prediction.
fn second(case: &Case) -> SliceScene {
    let scene = case.scene(Plane::Axial, |layers| {
        only_prediction(layers);
        layers.doubt_by = BY;
    });
    SliceScene { slot: PredictionSlot::Second, ..scene }
}

fn swiped(gpu: &Offscreen, renderer: &mut SliceRenderer, scenes: &[SliceScene; 2]) -> RgbaImage {
    for (id, scene) in VIEWS.iter().zip(scenes) {
        renderer.prepare(&gpu.device, &gpu.queue, *id, scene);
    }
    let canvas = gpu.canvas(SIZE);
    let painted = gpu.paint(&canvas, |pass| {
        for (id, [left, right]) in VIEWS.iter().zip([[0, DIVIDER], [DIVIDER, SIZE[0]]]) {
            pass.set_scissor_rect(left, 0, right - left, SIZE[1]);
            renderer.paint(pass, *id, whole());
        }
    });
    painted.unwrap();
    gpu.read(&canvas).unwrap()
}

/// Left of the divider the picture is the first one, right of it the second.
fn assert_sides(picture: &RgbaImage, sides: &[RgbaImage; 2], what: &str) {
    assert_ne!(sides[0], sides[1], "{what}: they could not be told apart");
    for (x, y, pixel) in picture.enumerate_pixels() {
        let expected = sides[usize::from(x >= DIVIDER)].get_pixel(x, y);
        let difference = pixel.0.iter().zip(expected.0).map(|(a, b)| a.abs_diff(b)).max();
        assert!(difference <= Some(1), "{what}: pixel {x}, {y} is {pixel:?}, should be {expected:?}");
    }
}

fn drawn_on_the_processor(case: &Case, scene: &SliceScene, prediction: &Prediction) -> RgbaImage {
    let picture = reference::compose(scene, &case.image, &case.labels, Some(prediction), None, SIZE);
    assert_rich(&picture);
    picture
}

#[test]
fn labels_are_left_of_the_divider_and_pseudo_labels_right_of_it() {
    let Some(gpu) = offscreen() else { return };
    let case = Case::new(Affine::from_spacing([0.9, 1.1, 2.0]));
    let mut renderer = gpu.slice_renderer();
    renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
    for plane in Plane::ALL {
        let scenes = [case.scene(plane, only_labels), case.scene(plane, only_prediction)];
        let sides = scenes.each_ref().map(|scene| drawn_on_the_processor(&case, scene, &case.prediction));
        assert_sides(&swiped(&gpu, &mut renderer, &scenes), &sides, plane.name());
    }
}

#[test]
fn two_predictions_are_on_the_card_beside_each_other_until_one_is_taken_away() {
    let Some(gpu) = offscreen() else { return };
    let (case, slot) = (Case::new(Affine::identity()), PredictionSlot::Second);
    let (other, mut renderer) = (other(&case), gpu.slice_renderer());
    renderer.set_volumes(&gpu.device, Some(case.volumes(&gpu)));
    let mut scenes = [case.scene(Plane::Axial, only_prediction), second(&case)];
    let left = drawn_on_the_processor(&case, &scenes[0], &case.prediction);

    renderer.set_prediction(&gpu.device, &gpu.queue, slot, Some(&other), BY).unwrap();
    let sides = [left.clone(), drawn_on_the_processor(&case, &scenes[1], &other)];
    assert_sides(&swiped(&gpu, &mut renderer, &scenes), &sides, "two predictions");

    renderer.set_prediction(&gpu.device, &gpu.queue, slot, None, BY).unwrap();
    let has = |slot| renderer.volumes().unwrap().has_prediction(slot);
    assert_eq!(PredictionSlot::ALL.map(has), [true, false], "its memory is free");
    let without = swiped(&gpu, &mut renderer, &scenes);
    scenes[1].prediction = PredictionState::Absent;
    let sides = [left, drawn_on_the_processor(&case, &scenes[1], &other)];
    assert_sides(&without, &sides, "one taken away");
}
