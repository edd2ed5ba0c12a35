//! What goes into a mesh file.

use std::io;

use crate::label::SurfaceMesh;

/// The surface of one class of a file that holds several.
#[derive(Clone, Copy, Debug)]
pub struct MeshPart<'a> {
    /// Name of the class.
    pub name: &'a str,
    /// sRGB.
    pub colour: [u8; 3],
    pub mesh: &'a SurfaceMesh,
}

/// Refuses meshes that no reader could use: positions that are not finite, normals that are not one per vertex, and
/// triangles of vertices that are not there.
pub fn check_writable(mesh: &SurfaceMesh) -> io::Result<()> {
    let refused = |reason| Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    if mesh.positions_mm.iter().chain(&mesh.normals).flatten().any(|c| !c.is_finite()) {
        return refused("the surface has coordinates that are not finite numbers");
    }
    if mesh.normals.len() != mesh.positions_mm.len() {
        return refused("the surface has not one normal per vertex");
    }
    let is_there = |v: &u32| usize::try_from(*v).is_ok_and(|v| v < mesh.positions_mm.len());
    if !mesh.triangles.iter().flatten().all(is_there) {
        return refused("the surface has triangles of vertices that are not there");
    }
    Ok(())
}

/// A count for a field of 32 bits.
pub fn count_u32(count: usize) -> io::Result<u32> {
    let too_many = |_| io::Error::new(io::ErrorKind::InvalidInput, "the surface is too large for the format");
    u32::try_from(count).map_err(too_many)
}
