//! Reads a written STL again.

use std::io::{self, Read};

use thiserror::Error;

use super::frame::MeshFrame;
use super::stl::{HEADER_BYTES, TRIANGLE_BYTES};
use crate::label::SurfaceMesh;

/// Smallest and largest coordinates, mm.
type Bounds = [[f32; 3]; 2];

/// Bytes of the normal, before the corners of a triangle.
const NORMAL_BYTES: usize = 12;
/// Bytes of a triangle with its normal, without the unused field.
const USED_BYTES: usize = 48;

/// How a written STL differs from the surface.
#[derive(Debug, Error)]
pub enum StlMismatch {
    #[error("the STL file cannot be read again")]
    Read(#[from] io::Error),
    #[error("the STL file says {found} triangles, the surface has {expected}")]
    Triangles { expected: usize, found: u32 },
    #[error("the STL file ends before its last triangle")]
    TooShort,
    #[error("the STL file goes on after its last triangle")]
    TooLong,
    #[error("the triangles of the STL file span {found:?} mm, those of the surface {expected:?}")]
    Bounds { expected: Option<Bounds>, found: Option<Bounds> },
}

/// Reads a binary STL and compares the number and the bounds of its triangles with the surface it was written from.
///
/// # Errors
/// The first difference found.
pub fn check_stl(file: &mut dyn Read, mesh: &SurfaceMesh, frame: MeshFrame) -> Result<(), StlMismatch> {
    let mut head = [0; HEADER_BYTES + 4];
    fill(file, &mut head)?;
    let [.., a, b, c, d] = head;
    let count = u32::from_le_bytes([a, b, c, d]);
    if usize::try_from(count).ok() != Some(mesh.triangles.len()) {
        return Err(StlMismatch::Triangles { expected: mesh.triangles.len(), found: count });
    }
    let mut found = None;
    let mut record = [0; TRIANGLE_BYTES];
    for _ in 0..count {
        fill(file, &mut record)?;
        let value = |at: usize| f32::from_le_bytes(std::array::from_fn(|i| record[at + i]));
        for corner in (NORMAL_BYTES..USED_BYTES).step_by(12) {
            include(&mut found, std::array::from_fn(|axis| value(corner + 4 * axis)));
        }
    }
    if file.read(&mut [0])? != 0 {
        return Err(StlMismatch::TooLong);
    }
    let mut expected = None;
    for corner in mesh.corners().flatten() {
        include(&mut expected, frame.from_ras(corner.map(|c| c as f32)));
    }
    if found == expected { Ok(()) } else { Err(StlMismatch::Bounds { expected, found }) }
}

fn fill(file: &mut dyn Read, bytes: &mut [u8]) -> Result<(), StlMismatch> {
    file.read_exact(bytes).map_err(|e| match e.kind() {
        io::ErrorKind::UnexpectedEof => StlMismatch::TooShort,
        _ => StlMismatch::Read(e),
    })
}

fn include(bounds: &mut Option<Bounds>, p: [f32; 3]) {
    let [lo, hi] = bounds.unwrap_or([p; 2]);
    // A coordinate that is not a number must show, which `min` and `max` would hide.
    let lower = |a: f32, b: f32| if b >= a || a.is_nan() { a } else { b };
    let upper = |a: f32, b: f32| if b <= a || a.is_nan() { a } else { b };
    *bounds = Some([std::array::from_fn(|i| lower(lo[i], p[i])), std::array::from_fn(|i| upper(hi[i], p[i]))]);
}

#[cfg(test)]
mod tests {
    use super::super::stl::write_stl;
    use super::super::testing::tetrahedron;
    use super::*;

    fn written(frame: MeshFrame) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_stl(&tetrahedron(), frame, &mut bytes).unwrap();
        bytes
    }

    fn check(bytes: &[u8], mesh: &SurfaceMesh, frame: MeshFrame) -> Result<(), StlMismatch> {
        check_stl(&mut &*bytes, mesh, frame)
    }

    #[test]
    fn what_was_written_passes_in_its_frame_alone() {
        let mesh = tetrahedron();
        for frame in [MeshFrame::Ras, MeshFrame::Lps] {
            assert!(check(&written(frame), &mesh, frame).is_ok());
        }
        assert!(matches!(check(&written(MeshFrame::Ras), &mesh, MeshFrame::Lps), Err(StlMismatch::Bounds { .. })));
    }

    #[test]
    fn an_empty_surface_passes() {
        let mut bytes = Vec::new();
        write_stl(&SurfaceMesh::default(), MeshFrame::Ras, &mut bytes).unwrap();
        assert_eq!(bytes.len(), 84);
        assert!(check(&bytes, &SurfaceMesh::default(), MeshFrame::Ras).is_ok());
    }

    #[test]
    fn damaged_files_are_told_apart() {
        let (bytes, mesh, frame) = (written(MeshFrame::Ras), tetrahedron(), MeshFrame::Ras);
        for len in [0, 83, 84, bytes.len() - 1] {
            assert!(matches!(check(&bytes[..len], &mesh, frame), Err(StlMismatch::TooShort)), "{len}");
        }
        assert!(matches!(check(&[&bytes[..], &[0]].concat(), &mesh, frame), Err(StlMismatch::TooLong)));
        let mut other = bytes.clone();
        other[80..84].fill(0xff);
        assert!(matches!(check(&other, &mesh, frame), Err(StlMismatch::Triangles { expected: 4, found: u32::MAX })));
        for value in [99.0, f32::NAN] {
            let mut other = bytes.clone();
            other[96..100].copy_from_slice(&f32::to_le_bytes(value));
            assert!(matches!(check(&other, &mesh, frame), Err(StlMismatch::Bounds { .. })), "{value}");
        }
    }
}
