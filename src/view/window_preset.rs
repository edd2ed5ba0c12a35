//! Windows for CT, by organ.

use super::WindowLevel;

/// A named window for CT, in Hounsfield units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowPreset {
    pub name: &'static str,
    pub window: WindowLevel,
}

impl WindowPreset {
    const fn new(name: &'static str, width: f64, level: f64) -> Self {
        Self { name, window: WindowLevel::new(level, width) }
    }

    /// In the order of their keys, which stay as they are: new ones go to the end. The first five are OHIF's; the wide brain
    /// window, the abdomen, the narrow bone window and air are 3D Slicer's; heart, kidney, spleen and fat are MITK's;
    /// the others are in common use in radiology departments.
    pub const ALL: [Self; 19] = [
        Self::new("Soft tissue", 400.0, 40.0),
        Self::new("Lung", 1500.0, -600.0),
        Self::new("Liver", 150.0, 90.0),
        Self::new("Bone", 2500.0, 480.0),
        Self::new("Brain", 80.0, 40.0),
        Self::new("Brain, wide", 100.0, 50.0),
        Self::new("Abdomen", 350.0, 40.0),
        Self::new("Mediastinum", 350.0, 50.0),
        Self::new("Angiography", 600.0, 300.0),
        Self::new("Bone, narrow", 1000.0, 400.0),
        Self::new("Stroke", 40.0, 40.0),
        Self::new("Subdural", 215.0, 75.0),
        Self::new("Temporal bone", 2800.0, 600.0),
        Self::new("Spine", 250.0, 50.0),
        Self::new("Heart", 600.0, 200.0),
        Self::new("Kidney", 300.0, 40.0),
        Self::new("Spleen", 50.0, 40.0),
        Self::new("Fat", 200.0, -130.0),
        Self::new("Air", 1000.0, -426.0),
    ];
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn soft_tissue_shows_water_in_mid_grey_and_air_black() {
        let soft = WindowPreset::ALL[0].window;
        assert_eq!((soft.low(), soft.high()), (-160.0, 240.0));
        assert_eq!(soft.grey(-1000.0), 0.0);
        assert!((soft.grey(0.0) - 0.4).abs() < 1e-12);
    }

    #[test]
    fn the_keys_of_the_first_presets_never_change() {
        let first = WindowPreset::ALL.map(|p| p.name);
        assert_eq!(first[..6], ["Soft tissue", "Lung", "Liver", "Bone", "Brain", "Brain, wide"]);
    }

    #[test]
    fn no_two_presets_share_a_name_or_a_window() {
        let names: HashSet<_> = WindowPreset::ALL.iter().map(|p| p.name).collect();
        let windows: HashSet<_> =
            WindowPreset::ALL.iter().map(|p| (p.window.level().to_bits(), p.window.width().to_bits())).collect();
        assert_eq!((names.len(), windows.len()), (WindowPreset::ALL.len(), WindowPreset::ALL.len()));
    }
}
