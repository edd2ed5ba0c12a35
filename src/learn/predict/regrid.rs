//! A volume on the plan's grid, and its planes on the volume's own.

use crate::label::{Prediction, Probabilities, probability_to_u8};
use crate::learn::data::Normaliser;
use crate::volume::{Grid, Image, Regridding, Voxels};

/// Normalised before it is interpolated, as crops are: one voxel that is not a number spoils no other.
pub fn normalised(image: &Image, normaliser: &Normaliser, regridding: &Regridding) -> Image {
    let values = regridding.linear(|i| normaliser.apply(image.intensity_at(i)));
    Image::new(Voxels::F32(values), 1.0, 0.0, regridding.affine(&image.affine))
}

/// Classes by the heaviest of their neighbours, probabilities trilinear.
pub fn brought_back(prediction: &Prediction, regridding: &Regridding) -> Prediction {
    let linear = |plane: &Grid<u8>| {
        let values = plane.as_slice();
        regridding.linear(|i| f32::from(values[i]) / 255.0).map(|p| probability_to_u8(*p))
    };
    let of = &prediction.probabilities;
    Prediction {
        provenance: prediction.provenance.clone(),
        class: regridding.classes(&prediction.class),
        confidence_a: linear(&prediction.confidence_a),
        confidence_b: linear(&prediction.confidence_b),
        class_a: regridding.classes(&prediction.class_a),
        class_b: regridding.classes(&prediction.class_b),
        dual_confidence: linear(&prediction.dual_confidence),
        probabilities: Probabilities {
            mean: of.mean.as_ref().map(linear),
            scaled: of.scaled.as_ref().map(linear),
            np: of.np.as_ref().map(linear),
            np_std: of.np_std.as_ref().map(linear),
            np_information: of.np_information.as_ref().map(linear),
            ..of.clone()
        },
    }
}
