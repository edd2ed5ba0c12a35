//! Surfaces as STL, OBJ and PLY, in millimetres.
//!
//! No file names a patient: headers are fixed words, and only OBJ holds names, those of the classes. Every header says
//! `SPACE=RAS` or `SPACE=LPS`, by which 3D Slicer puts the surface where it belongs.

mod frame;
mod obj;
mod part;
mod ply;
mod stl;
mod stl_check;

pub use frame::MeshFrame;
pub use obj::write_obj;
pub use part::MeshPart;
pub use ply::write_ply;
pub use stl::write_stl;
pub use stl_check::{StlMismatch, check_stl};

#[cfg(test)]
mod testing;
