//! The bindings of each preset, as tables of normalised chords.

mod chiaro;
mod itk_snap;
mod mitk;
mod napari;
mod slicer;

pub use chiaro::chiaro;
pub use itk_snap::ITK_SNAP;
pub use mitk::MITK;
pub use napari::NAPARI;
pub use slicer::SLICER;
