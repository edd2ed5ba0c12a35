//! A volume on the plan's grid, and its planes on the volume's own.

use crate::label::{Indecision, Prediction, Probabilities, probability_to_u8};
use crate::learn::data::Normaliser;
use crate::volume::{Grid, Image, Regridding, Voxels};

/// Normalised before it is interpolated, as crops are: one voxel that is not a number spoils no other.
pub fn normalised(image: &Image, normaliser: &Normaliser, regridding: &Regridding) -> Image {
    let values = regridding.linear(|i| normaliser.apply(image.intensity_at(i)));
    Image::new(Voxels::F32(values), 1.0, 0.0, regridding.affine(&image.affine))
}

/// Classes by the heaviest of their neighbours; a probability is that of the class which is there now: a neighbour of another
/// class counts with what it leaves to others.
pub fn brought_back(prediction: &Prediction, regridding: &Regridding) -> Prediction {
    let share = |plane: &Grid<u8>, i: usize| f32::from(plane.as_slice()[i]) / 255.0;
    let linear = |plane: &Grid<u8>| regridding.linear(|i| share(plane, i)).map(|p| probability_to_u8(*p));
    let believed = |plane: &Grid<u8>, from: &Grid<u8>, to: &Grid<u8>| {
        let value = |i: usize, j: usize| {
            let p = share(plane, i);
            if from.as_slice()[i] == to.as_slice()[j] { p } else { 1.0 - p }
        };
        regridding.linear_between(value).map(|p| probability_to_u8(*p))
    };
    let Prediction { class, class_a, class_b, probabilities: of, .. } = prediction;
    let [on_class, on_a, on_b] = [class, class_a, class_b].map(|c| regridding.classes(c));
    let of_class = |plane: &Option<Grid<u8>>| plane.as_ref().map(|p| believed(p, class, &on_class));
    Prediction {
        provenance: prediction.provenance.clone(),
        confidence_a: believed(&prediction.confidence_a, class_a, &on_a),
        confidence_b: believed(&prediction.confidence_b, class_b, &on_b),
        dual_confidence: linear(&prediction.dual_confidence),
        probabilities: Probabilities {
            mean: of_class(&of.mean),
            scaled: of_class(&of.scaled),
            np: of_class(&of.np),
            np_std: of.np_std.as_ref().map(linear),
            np_information: of.np_information.as_ref().map(linear),
            np_divergence: of.np_divergence,
            indecision: of.indecision.as_ref().map(|i| Indecision {
                entropy: linear(&i.entropy),
                belief_agreement: linear(&i.belief_agreement),
                jensen_shannon: linear(&i.jensen_shannon),
                margin: linear(&i.margin),
            }),
            shown: of.shown,
        },
        class: on_class,
        class_a: on_a,
        class_b: on_b,
    }
}
