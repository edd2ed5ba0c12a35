//! What the study keeps of how a case is looked at: measurements and the second image.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::view::{Measurement, OverlayColourMap, OverlayLook, WindowLevel};
use crate::workspace::OpenCase;

/// Of the file; a higher one is left alone.
const VERSION: u32 = 1;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptView {
    version: u32,
    /// World mm.
    #[serde(default)]
    pub measurements: Vec<Measurement>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_image: Option<KeptSecondImage>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct KeptSecondImage {
    /// Inside the study's folder from there on, else whole.
    pub path: PathBuf,
    opacity: f32,
    map: OverlayColourMap,
    /// Lower and upper edge of the window.
    window: [f64; 2],
}

impl KeptView {
    pub fn of(case: &OpenCase, study_dir: &Path) -> Self {
        let second = case.second.as_ref().map(|second| KeptSecondImage::new(&second.path, second.look, study_dir));
        Self {
            version: VERSION,
            measurements: case.measurements.all().iter().map(|measured| measured.measurement).collect(),
            // One that was not found is looked for again at the next start.
            second_image: second.or_else(|| case.kept_second.clone()),
        }
    }

    /// # Errors
    /// One sentence: it is damaged or of a newer version.
    pub fn read(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let damaged =
            |e| format!("The measurements kept of this case cannot be read ({e}); they are left as they are.");
        let Versioned { version } = serde_json::from_str(text).map_err(damaged)?;
        if version > VERSION {
            return Err(
                "The measurements of this case were kept by a newer Chiaro; they are left as they are.".to_owned()
            );
        }
        let mut kept: Self = serde_json::from_str(text).map_err(damaged)?;
        kept.measurements.retain(|measurement| measurement.handles().iter().flatten().all(|c| c.is_finite()));
        Ok(kept)
    }

    pub fn text(&self) -> String {
        // Plain numbers, words and paths; one that is no text is not kept.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl KeptSecondImage {
    fn new(path: &Path, look: OverlayLook, study_dir: &Path) -> Self {
        let path = path.strip_prefix(study_dir).unwrap_or(path).to_owned();
        let OverlayLook { window, map, opacity } = look;
        Self { path, opacity, map, window: [window.low(), window.high()] }
    }

    pub fn look(&self) -> OverlayLook {
        let [low, high] = self.window;
        OverlayLook { window: WindowLevel::between(low, high), map: self.map, opacity: self.opacity }
    }
}
