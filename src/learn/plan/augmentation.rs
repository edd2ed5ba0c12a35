//! Random changes of a crop, and what a patient's anatomy allows of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::geometry::Orientation;

/// Random changes of a crop; a field of 0 is off.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Augmentation {
    /// Largest rotation about each axis, degrees.
    pub rotation_deg: f64,
    /// Largest relative change of size.
    pub scale: f64,
    #[serde(default)]
    pub mirror_axes: MirrorAxes,
    /// A random number of quarter turns in the plane of the first two voxel axes, then always a flip along one of them.
    #[serde(default)]
    pub quarter_turns: bool,
    /// Standard deviation of added noise, in units of the normalised image.
    pub noise: f64,
    /// Standard deviation of noise on crops whose pseudo-labels are made without it; clipped at twice that.
    #[serde(default)]
    pub perturbation: f64,
    /// Largest standard deviation of the Gaussian blur, in voxels of the finest axis.
    #[serde(default)]
    pub blur: f64,
    /// Largest share of the resolution lost along an axis, below 1.
    #[serde(default)]
    pub low_resolution: f64,
    /// Largest relative change of contrast and shift of brightness.
    pub contrast: f64,
    pub brightness: f64,
    /// Largest |ln gamma|.
    pub gamma: f64,
}

impl Default for Augmentation {
    fn default() -> Self {
        Self {
            rotation_deg: 15.0,
            scale: 0.15,
            mirror_axes: MirrorAxes::default(),
            quarter_turns: false,
            noise: 0.1,
            perturbation: 0.0,
            // nnU-Net's ranges: sigma 0.5 to 1, zoom 0.5 to 1 (Isensee et al. 2021, supplement 4).
            blur: 1.0,
            low_resolution: 0.5,
            contrast: 0.25,
            brightness: 0.2,
            gamma: 0.3,
        }
    }
}

/// What a project says about its anatomy: `[settings.anatomy]` of `chiaro.toml`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Anatomy {
    pub mirror: MirrorAxes,
    /// Largest rotation about each axis, degrees; 0 forbids it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotation_deg: Option<f64>,
}

impl Anatomy {
    /// The usual changes, as far as this anatomy allows them.
    pub fn augmentation(&self) -> Augmentation {
        let usual = Augmentation::default();
        // Beyond half a turn nothing new comes.
        let rotation_deg =
            self.rotation_deg.filter(|d| d.is_finite()).map_or(usual.rotation_deg, |d| d.clamp(0.0, 180.0));
        Augmentation { rotation_deg, mirror_axes: self.mirror, ..usual }
    }
}

/// An axis of the patient, whichever way the scanner stored it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PatientAxis {
    LeftRight,
    AnteriorPosterior,
    HeadFeet,
}

/// Along which axes of the patient a mirror image is as likely as the image. None by default: left and right differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Vec<PatientAxis>", from = "Vec<PatientAxis>")]
pub struct MirrorAxes([bool; 3]);

impl MirrorAxes {
    /// For each voxel axis of a volume, whether it may be mirrored.
    pub fn of_voxels(&self, orientation: &Orientation) -> [bool; 3] {
        orientation.directions.map(|direction| self.0[direction.world_axis()])
    }
}

impl PatientAxis {
    /// In the order of the world axes.
    pub const ALL: [Self; 3] = [Self::LeftRight, Self::AnteriorPosterior, Self::HeadFeet];

    pub fn name(self) -> &'static str {
        match self {
            Self::LeftRight => "left-right",
            Self::AnteriorPosterior => "anterior-posterior",
            Self::HeadFeet => "head-feet",
        }
    }
}

impl fmt::Display for PatientAxis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for PatientAxis {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|axis| axis.name() == s);
        found.ok_or_else(|| format!("unknown axis '{s}'; use some of {}", Self::ALL.map(Self::name).join(", ")))
    }
}

impl From<Vec<PatientAxis>> for MirrorAxes {
    fn from(axes: Vec<PatientAxis>) -> Self {
        Self(PatientAxis::ALL.map(|axis| axes.contains(&axis)))
    }
}

impl From<MirrorAxes> for Vec<PatientAxis> {
    fn from(axes: MirrorAxes) -> Self {
        PatientAxis::ALL.into_iter().zip(axes.0).filter_map(|(axis, on)| on.then_some(axis)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Affine;

    #[test]
    fn nothing_is_mirrored_unless_somebody_says_so() {
        let mirrored = |a: Augmentation| a.mirror_axes.of_voxels(&Orientation::from_affine(&Affine::identity()));
        assert_eq!(mirrored(Augmentation::default()), [false; 3]);
        assert_eq!(mirrored(Anatomy::default().augmentation()), [false; 3]);
    }

    #[test]
    fn left_and_right_are_found_in_a_volume_that_stores_its_axes_in_another_order() {
        // Voxel x runs to the feet, y to the left, z to the front.
        let affine = Affine { rows: [[0.0, -2.0, 0.0, 0.0], [0.0, 0.0, 3.0, 0.0], [-1.0, 0.0, 0.0, 0.0]] };
        let of = |axis| MirrorAxes::from(vec![axis]).of_voxels(&Orientation::from_affine(&affine));
        assert_eq!(of(PatientAxis::LeftRight), [false, true, false]);
        assert_eq!(of(PatientAxis::AnteriorPosterior), [false, false, true]);
        assert_eq!(of(PatientAxis::HeadFeet), [true, false, false]);
    }

    #[test]
    fn a_projects_words_become_the_plans_limits() {
        let anatomy: Anatomy = toml::from_str("mirror = ['left-right', 'head-feet']\nrotation_deg = 0").unwrap();
        let how = anatomy.augmentation();
        assert_eq!(how.mirror_axes, MirrorAxes([true, false, true]));
        assert_eq!((how.rotation_deg, how.scale), (0.0, Augmentation::default().scale));
        assert_eq!(toml::from_str::<Anatomy>(&toml::to_string(&anatomy).unwrap()).unwrap(), anatomy);
        assert!(toml::from_str::<Anatomy>("mirror = ['sideways']").is_err());
    }

    #[test]
    fn a_plan_from_before_blur_and_patient_axes_still_opens_and_has_them_off() {
        let old = "rotation_deg = 15.0\nscale = 0.15\nmirror = [false, false, false]\nnoise = 0.1\ncontrast = 0.25\n\
                   brightness = 0.2\ngamma = 0.3";
        let how: Augmentation = toml::from_str(old).unwrap();
        assert_eq!((how.blur, how.low_resolution, how.mirror_axes), (0.0, 0.0, MirrorAxes::default()));
    }
}
