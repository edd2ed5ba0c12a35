//! What a viewer shows, without drawing it: slice cameras, window/level, layers, colours, keymaps.

mod belief_colours;
mod camera;
mod colour_by;
mod colour_space;
mod colour_tables;
mod doubt_colours;
mod keymap;
mod layers;
mod measure_colours;
mod scale_bar;
mod window_level;

pub use belief_colours::BeliefColours;
pub use camera::SliceCamera;
pub use colour_by::{ColourAxes, ColourBy, ColourPlanes};
pub use colour_tables::ColourTables;
pub use doubt_colours::DoubtColours;
pub use keymap::{Chord, Key, KeyAction, KeyGroup, KeyHelp, Keymap, ToolKey};
pub use layers::{LabelStyle, LayerSettings};
pub use scale_bar::ScaleBar;
pub use window_level::{WindowLevel, WindowPreset};
