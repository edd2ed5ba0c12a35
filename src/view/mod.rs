//! What a viewer shows, without drawing it: slice cameras, window/level, layers, colours, keymaps.

mod belief_colours;
mod camera;
mod clip_box;
mod colour_by;
mod colour_planes;
mod colour_space;
mod colour_tables;
mod doubt_colours;
mod first_look;
mod histogram_axis;
mod intensity_histogram;
mod keymap;
mod layers;
mod measure;
mod measure_colours;
mod oblique;
mod orbit_camera;
mod overlay_colour_map;
mod overlay_look;
mod pick;
mod scale_bar;
mod transfer_function;
mod transfer_preset;
mod view_camera;
mod window_level;
mod window_preset;

pub use belief_colours::BeliefColours;
pub use camera::SliceCamera;
pub use clip_box::{ClipBox, ClipFace, voxels_of_drag};
pub use colour_by::{ColourAxes, ColourBy};
pub use colour_planes::{ColourPlanes, SecondPlane};
pub use colour_tables::ColourTables;
pub use doubt_colours::DoubtColours;
pub use first_look::FirstLook;
pub use histogram_axis::{HistogramAxis, WindowHandle};
pub use intensity_histogram::IntensityHistogram;
pub use keymap::{
    Chord, DragAction, Key, KeyAction, KeyChange, KeyGroup, KeyHelp, KeyTextError, Keymap, KeymapPreset, KeymapWarning,
    MousePreset, ToolKey, WheelAction,
};
pub use layers::{Contours, LabelStyle, LayerSettings};
pub use measure::{Angle, Distance, HandleHit, Measurement, Region, RegionShape, RegionStatistics};
pub(crate) use oblique::trilinear;
pub use oblique::{LinkedPlanes, ObliqueCamera, ObliquePlane, Slab, SlabProjection, SlabSampler};
pub use orbit_camera::OrbitCamera;
pub use overlay_colour_map::OverlayColourMap;
pub use overlay_look::OverlayLook;
pub use pick::pick;
pub use scale_bar::ScaleBar;
pub use transfer_function::{ControlPoint, TransferFunction, VolumeMode};
pub use transfer_preset::TransferPreset;
pub use view_camera::ViewCamera;
pub use window_level::WindowLevel;
pub use window_preset::WindowPreset;
