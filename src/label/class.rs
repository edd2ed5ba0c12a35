//! One class of a study.

use serde::{Deserialize, Serialize};

use super::class_colours::default_colour;

/// Number of a class as stored in masks. 0 is background.
pub type ClassId = u8;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Class {
    pub id: ClassId,
    pub name: String,
    /// sRGB.
    pub colour: [u8; 3],
    /// A locked class is neither painted over nor erased.
    #[serde(default)]
    pub locked: bool,
    #[serde(default = "default_visible")]
    pub visible: bool,
    /// 0 to 1, multiplied into the opacity of the layer that shows the class.
    #[serde(default = "default_opacity", skip_serializing_if = "is_default_opacity")]
    pub opacity: f32,
    #[serde(default, skip_serializing_if = "ClassStatus::is_not_started")]
    pub status: ClassStatus,
}

/// How far the work on a class has come, as its user says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassStatus {
    #[default]
    NotStarted,
    InWork,
    Done,
    /// Somebody should look at it again.
    Flagged,
}

impl Class {
    /// A visible, opaque, unlocked class in its palette colour.
    pub fn new(id: ClassId, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            colour: default_colour(id),
            locked: false,
            visible: true,
            opacity: default_opacity(),
            status: ClassStatus::default(),
        }
    }

    /// Clamps to 0..=1; NaN is opaque.
    pub fn set_opacity(&mut self, opacity: f32) {
        self.opacity = if opacity.is_nan() { default_opacity() } else { opacity.clamp(0.0, 1.0) };
    }

    /// What the layer's opacity is multiplied by, in 255ths: 0 for a hidden class.
    pub fn weight(&self) -> u8 {
        // `as` saturates and maps NaN to 0.
        if self.visible { (self.opacity * 255.0).round() as u8 } else { 0 }
    }
}

impl ClassStatus {
    pub const ALL: [Self; 4] = [Self::NotStarted, Self::InWork, Self::Done, Self::Flagged];

    pub fn name(self) -> &'static str {
        match self {
            Self::NotStarted => "Not started",
            Self::InWork => "In work",
            Self::Done => "Done",
            Self::Flagged => "Flagged",
        }
    }

    fn is_not_started(&self) -> bool {
        *self == Self::NotStarted
    }
}

fn default_visible() -> bool {
    true
}

fn default_opacity() -> f32 {
    1.0
}

fn is_default_opacity(opacity: &f32) -> bool {
    *opacity == default_opacity()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_opacity_is_brought_between_clear_and_opaque() {
        let mut class = Class::new(1, "a");
        let cases = [(-1.0, 0.0), (0.25, 0.25), (9.0, 1.0), (f32::INFINITY, 1.0), (f32::NAN, 1.0)];
        for (given, kept) in cases {
            class.set_opacity(given);
            assert_eq!(class.opacity, kept, "{given}");
        }
    }

    #[test]
    fn the_weight_follows_opacity_and_is_nothing_for_a_hidden_class() {
        let mut class = Class::new(1, "a");
        assert_eq!(class.weight(), 255);
        class.opacity = 0.5;
        assert_eq!(class.weight(), 128);
        class.opacity = f32::NAN;
        assert_eq!(class.weight(), 0);
        class.opacity = 1.0;
        class.visible = false;
        assert_eq!(class.weight(), 0);
    }
}
