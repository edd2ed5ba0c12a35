//! A small surface for the tests of the writers.

use crate::label::SurfaceMesh;

/// Edges of 2, 3 and 4 mm along x, y and z from the corner (10, 20, 30); its triangles face outward.
pub fn tetrahedron() -> SurfaceMesh {
    SurfaceMesh {
        positions_mm: vec![[10.0, 20.0, 30.0], [12.0, 20.0, 30.0], [10.0, 23.0, 30.0], [10.0, 20.0, 34.0]],
        normals: vec![[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        triangles: vec![[1, 2, 3], [0, 3, 2], [0, 1, 3], [0, 2, 1]],
    }
}

/// Little-endian numbers of 32 bits.
pub fn numbers(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}
