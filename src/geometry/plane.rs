//! Anatomical planes and how a slice lies on the screen.

use serde::{Deserialize, Serialize};

use super::{AnatomicalDirection, Orientation, SignedAxis};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Plane {
    Axial,
    Coronal,
    Sagittal,
}

/// Which side of the screen shows the patient's right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PatientSide {
    /// Patient's right on the screen's left, as radiologists look.
    #[default]
    Radiological,
    /// Patient's right on the screen's right, as neurologists and surgeons look.
    Neurological,
}

/// The voxel axes of a slice view: what runs right, what runs down, and what the wheel walks through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SliceAxes {
    pub plane: Plane,
    pub right: SignedAxis,
    pub down: SignedAxis,
    /// Points towards superior, anterior or right: the direction in which the slice number grows.
    pub normal: SignedAxis,
    /// Anatomical letters at the screen's left, right, top and bottom edge.
    pub edge_directions: [AnatomicalDirection; 4],
}

impl Plane {
    pub const ALL: [Plane; 3] = [Plane::Axial, Plane::Coronal, Plane::Sagittal];

    pub fn name(self) -> &'static str {
        match self {
            Plane::Axial => "Axial",
            Plane::Coronal => "Coronal",
            Plane::Sagittal => "Sagittal",
        }
    }

    /// The planes that are seen as lines in this one: first the level line, then the upright one.
    pub fn others(self) -> [Plane; 2] {
        match self {
            Plane::Axial => [Plane::Coronal, Plane::Sagittal],
            Plane::Coronal => [Plane::Axial, Plane::Sagittal],
            Plane::Sagittal => [Plane::Axial, Plane::Coronal],
        }
    }
}

impl SliceAxes {
    /// Axial and coronal follow `side`; sagittal always shows anterior on the left, as DICOM viewers do.
    pub fn new(plane: Plane, orientation: &Orientation, side: PatientSide) -> Self {
        use AnatomicalDirection::*;
        let patient_right_side = match side {
            PatientSide::Radiological => Left,
            PatientSide::Neurological => Right,
        };
        let (right, down, normal) = match plane {
            Plane::Axial => (patient_right_side, Posterior, Superior),
            Plane::Coronal => (patient_right_side, Inferior, Anterior),
            Plane::Sagittal => (Posterior, Inferior, Right),
        };
        Self {
            plane,
            right: orientation.axis_towards(right),
            down: orientation.axis_towards(down),
            normal: orientation.axis_towards(normal),
            edge_directions: [right.opposite(), right, down.opposite(), down],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Affine;

    #[test]
    fn the_three_axes_of_a_view_are_different_for_every_plane_and_storage_order() {
        for spacing in [[1.0, 1.0, 1.0], [-1.0, 1.0, -2.0], [-1.0, -1.0, -1.0]] {
            let o = Orientation::from_affine(&Affine::from_spacing(spacing));
            for plane in Plane::ALL {
                let a = SliceAxes::new(plane, &o, PatientSide::Radiological);
                let mut axes = [a.right.axis, a.down.axis, a.normal.axis];
                axes.sort_unstable();
                assert_eq!(axes, [0, 1, 2]);
            }
        }
    }

    #[test]
    fn radiological_axial_puts_the_patients_left_on_the_right() {
        let o = Orientation::from_affine(&Affine::identity());
        let a = SliceAxes::new(Plane::Axial, &o, PatientSide::Radiological);
        assert!(a.right.reversed);
        assert_eq!(a.edge_directions.map(|d| d.letter()), ['R', 'L', 'A', 'P']);
        let n = SliceAxes::new(Plane::Axial, &o, PatientSide::Neurological);
        assert!(!n.right.reversed);
    }
}
