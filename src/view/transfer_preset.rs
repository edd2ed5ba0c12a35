//! Ready-made transfer functions.

use super::{ControlPoint, TransferFunction, VolumeMode, WindowLevel};

/// A transfer function by name. Those for CT are in Hounsfield units, the others follow the window of the slices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TransferPreset {
    CtBone,
    CtSoftTissue,
    CtLung,
    CtVessels,
    Mr,
    Brightest,
    #[default]
    Window,
}

/// Intensity, sRGB colour, opacity of a layer as thick as a voxel.
type Row = (f64, [u8; 3], f64);

/// Cancellous bone begins at about 150 HU, cortical bone at about 500.
const BONE: [Row; 4] = [
    (130.0, [150, 95, 70], 0.0),
    (250.0, [205, 165, 125], 0.12),
    (500.0, [240, 225, 195], 0.55),
    (1200.0, [255, 252, 240], 0.95),
];
/// Fat lies at -120 to -60 HU, muscle and organs at 20 to 80; bone behind them stays visible.
const SOFT_TISSUE: [Row; 6] = [
    (-180.0, [190, 140, 90], 0.0),
    (-80.0, [225, 185, 120], 0.02),
    (10.0, [185, 90, 75], 0.08),
    (80.0, [215, 115, 95], 0.35),
    (220.0, [235, 190, 160], 0.45),
    (600.0, [255, 248, 235], 0.9),
];
/// Air in the lung is below -900 HU and stays transparent outside the body as well; the walls of airways and vessels show.
const LUNG: [Row; 5] = [
    (-950.0, [110, 150, 190], 0.0),
    (-850.0, [120, 165, 205], 0.012),
    (-600.0, [170, 190, 215], 0.05),
    (-350.0, [230, 160, 150], 0.02),
    (-250.0, [230, 160, 150], 0.0),
];
/// Contrast medium in vessels is at 150 to 500 HU; bone overlaps and is paler.
const VESSELS: [Row; 5] = [
    (120.0, [120, 20, 20], 0.0),
    (180.0, [190, 35, 30], 0.15),
    (320.0, [230, 75, 50], 0.6),
    (550.0, [245, 205, 160], 0.75),
    (1200.0, [255, 250, 240], 0.9),
];
/// In shares of the window. Noise around the head lies in the lowest tenth.
const MR: [Row; 5] = [
    (0.12, [60, 40, 40], 0.0),
    (0.30, [150, 105, 90], 0.04),
    (0.55, [215, 175, 145], 0.16),
    (0.80, [245, 225, 200], 0.45),
    (1.0, [255, 250, 240], 0.7),
];
/// In shares of the window: as grey as the slices.
const GREYS: [Row; 3] = [(0.0, [0; 3], 0.0), (0.5, [128; 3], 0.1), (1.0, [255; 3], 0.8)];
/// In shares of the window: what is black hides nothing.
const BRIGHTEST: [Row; 2] = [(0.0, [255; 3], 0.0), (1.0, [255; 3], 1.0)];

impl TransferPreset {
    pub const ALL: [Self; 7] =
        [Self::Window, Self::Mr, Self::Brightest, Self::CtBone, Self::CtSoftTissue, Self::CtLung, Self::CtVessels];

    pub fn name(self) -> &'static str {
        match self {
            Self::CtBone => "CT bone",
            Self::CtSoftTissue => "CT soft tissue",
            Self::CtLung => "CT lung",
            Self::CtVessels => "CT vessels",
            Self::Mr => "MR",
            Self::Brightest => "Brightest (MIP)",
            Self::Window => "Like the slices",
        }
    }

    /// Whether the function depends on the window that is given.
    pub fn follows_window(self) -> bool {
        matches!(self, Self::Mr | Self::Brightest | Self::Window)
    }

    pub fn function(self, window: &WindowLevel) -> TransferFunction {
        let (rows, mode): (&[Row], _) = match self {
            Self::CtBone => (&BONE, VolumeMode::Tissue),
            Self::CtSoftTissue => (&SOFT_TISSUE, VolumeMode::Tissue),
            Self::CtLung => (&LUNG, VolumeMode::Tissue),
            Self::CtVessels => (&VESSELS, VolumeMode::Tissue),
            Self::Mr => (&MR, VolumeMode::Tissue),
            Self::Brightest => (&BRIGHTEST, VolumeMode::Brightest),
            Self::Window => (&GREYS, VolumeMode::Tissue),
        };
        let intensity = |at: f64| if self.follows_window() { window.low() + at * window.width() } else { at };
        let points: Vec<_> = rows
            .iter()
            .map(|&(at, colour, opacity)| ControlPoint { intensity: intensity(at), colour, opacity })
            .collect();
        TransferFunction::new(&points, mode)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_preset_has_its_own_name_and_hides_the_darkest() {
        let names: HashSet<_> = TransferPreset::ALL.map(TransferPreset::name).into();
        assert_eq!(names.len(), TransferPreset::ALL.len());
        for preset in TransferPreset::ALL {
            let table = preset.function(&WindowLevel::new(40.0, 400.0)).table();
            assert_eq!(table[0][3], 0, "{}", preset.name());
            assert!(table.iter().any(|entry| entry[3] > 0), "{}", preset.name());
        }
    }

    #[test]
    fn only_the_lung_turns_transparent_again_for_denser_tissue() {
        for preset in TransferPreset::ALL {
            let table = preset.function(&WindowLevel::new(40.0, 400.0)).table();
            let rises = table.windows(2).all(|pair| pair[0][3] <= pair[1][3]);
            assert_eq!(rises, preset != TransferPreset::CtLung, "{}", preset.name());
        }
    }

    #[test]
    fn like_the_slices_is_transparent_at_black_and_as_grey_as_the_window_between() {
        let window = WindowLevel::new(-100.0, 800.0);
        let function = TransferPreset::Window.function(&window);
        assert_eq!((function.window().low(), function.window().high()), (window.low(), window.high()));
        for (i, entry) in function.table().iter().enumerate() {
            assert!(entry[..3].iter().all(|c| c.abs_diff(i as u8) <= 1), "{i}: {entry:?}");
        }
    }

    #[test]
    fn presets_for_ct_do_not_follow_the_window() {
        let [a, b] = [WindowLevel::new(0.0, 1.0), WindowLevel::new(500.0, 90.0)];
        for preset in TransferPreset::ALL {
            assert_eq!(preset.function(&a) == preset.function(&b), !preset.follows_window(), "{}", preset.name());
        }
    }
}
